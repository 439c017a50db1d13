"""How long what a site keeps stays: rules of the site document, and what they may never touch.

A rule says what goes, after how many days, and of which studies. What is unsent, not confirmed, unsigned, held, dead
or not reviewed stays, whatever a rule says: :mod:`llmcxr_ws.store.retention` decides that, here is only what can be
asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field, FiniteFloat

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import Part
from llmcxr_ws.wording import mark

What = Literal["films", "priors", "documents", "drafts", "drawings", "maps", "quarantine", "spool", "logs"]
SettledState = Literal["confirmed", "excluded", "failed", "retracted"]

OF_STUDIES: Final = frozenset({"films", "priors", "documents", "drafts", "drawings", "maps"})
SHORTEST_DAYS: Final[dict[str, float]] = {"spool": 1.0}
"""A spool file younger than this may still be on its way in."""
_OF_PRIORS: Final[tuple[SettledState, ...]] = ("excluded", "failed")
"""How studies end that were fetched to compare with: nobody drafts them."""


class RetentionRule(Part):
    """One kind of thing is purged after some days."""

    what: What = Field(
        description="`films`: pixels of received images, their headers stay; `priors`: the same of studies that were "
        "fetched to compare with; `documents`: files of results; "
        "`drafts`: files of drafts and their withdrawals; `drawings`, `maps`; `quarantine`: reviewed files; "
        "`spool`; `logs`."
    )
    after_days: FiniteFloat = Field(
        gt=0, description=mark("Days after the study was settled (of files: after they were written).")
    )
    at_least_days: FiniteFloat | None = Field(
        default=None,
        ge=0,
        description=mark(
            "Days after which it may go earlier while the disk is short (`purge_below_gb`); empty: never."
        ),
    )
    states: tuple[SettledState, ...] = Field(
        default=("confirmed",),
        min_length=1,
        description="Only of studies in one of these states; priors have none to choose.",
    )

    @property
    def of_states(self) -> tuple[SettledState, ...]:
        """The states of the studies that it is about."""
        return _OF_PRIORS if self.what == "priors" else self.states

    def days(self, *, short: bool) -> float:
        """After how many days it may go now; `short`: the disk is short."""
        return self.at_least_days if short and self.at_least_days is not None else self.after_days


def check_retention(rules: Sequence[RetentionRule]) -> None:
    """Refuse rules that contradict each other.

    Raises
    ------
    ConfigError
        Names what it is about.
    """
    seen: set[str] = set()
    for at, rule in enumerate(rules):
        if rule.what in seen:
            raise ConfigError(
                f"Two retention rules are about '{rule.what}'.",
                what_to_do="Leave one of them.",
                place=("retention", at, "what"),
            )
        seen.add(rule.what)
        if rule.what == "priors" and "states" in rule.model_fields_set:
            raise ConfigError(
                "The retention rule of 'priors' names states.",
                what_to_do="Leave them out: no prior is drafted or signed.",
                place=("retention", at, "states"),
            )
        if rule.at_least_days is not None and rule.at_least_days > rule.after_days:
            raise ConfigError(
                f"The retention rule of '{rule.what}' keeps it longer when the disk is short.",
                what_to_do="Make at_least_days the smaller number.",
                place=("retention", at, "at_least_days"),
            )
        shortest = SHORTEST_DAYS.get(rule.what, 0.0)
        if min(rule.after_days, rule.days(short=True)) < shortest:
            raise ConfigError(
                f"The retention rule of '{rule.what}' is too short.",
                what_to_do=f"Keep it for at least {shortest:g} days.",
                place=("retention", at, "after_days"),
            )
