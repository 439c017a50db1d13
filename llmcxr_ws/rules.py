"""A site's routing rules as its document writes them: which films they are about, and what becomes of those.

The grammar and its faults; which rule holds for a film is :mod:`llmcxr_ws.routing`'s to say.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field, FiniteFloat
from pydicom import uid

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.films import LIFTABLE
from llmcxr_ws.outputs import Part

PRIORITIES: Final[dict[str, int]] = {"": 0, "low": -4, "normal": 0, "high": 4}
"""A draft's place among the work of engines: below questions (10), `high` above other drafts, `low` above labels."""

_CLASSES: Final[dict[str, str]] = {
    name: str(value) for name, value in vars(uid).items() if isinstance(value, uid.UID) and "Storage" in name
}
_LETTERS: Final = "`*` stands for any letters."


class RoutingRule(Part):
    """What becomes of instances that fit; an empty condition fits every one.

    Rules are asked in their order. One that says `pass` adds what it does, and the next is asked; the first that says
    `skip` or `draft` is the last.
    """

    name: str = Field(min_length=1, max_length=64, description="What it is called in the reason of a study.")
    source: str = Field(default="", description="Name of the peer that sent the film.")
    view: Literal["", "PA", "AP", "frontal", "lateral", "oblique", "unknown"] = Field(
        default="", description="The film's view, as read from its header."
    )
    modality: str = Field(default="", max_length=16, description=f"Its Modality (0008,0060); {_LETTERS}")
    sop_class: str = Field(
        default="",
        max_length=64,
        description="Its SOP class, as UID or by its keyword, such as ComputedRadiographyImageStorage.",
    )
    body_part: str = Field(
        default="", max_length=64, description=f"Its Body Part Examined (0018,0015), or region; {_LETTERS}"
    )
    min_age: FiniteFloat | None = Field(
        default=None, ge=0, description="Least age in completed years; one that isn't known doesn't fit."
    )
    max_age: FiniteFloat | None = Field(
        default=None, ge=0, description="Highest age in completed years; one that isn't known doesn't fit."
    )
    study_description: str = Field(
        default="", max_length=64, description=f"Its Study Description (0008,1030); {_LETTERS}"
    )
    series_description: str = Field(
        default="", max_length=64, description=f"Its Series Description (0008,103E); {_LETTERS}"
    )
    station: str = Field(default="", max_length=64, description=f"Its Station Name (0008,1010); {_LETTERS}")
    institution: str = Field(
        default="", max_length=64, description=f"Its Institution Name (0008,0080); {_LETTERS}"
    )
    device: str = Field(
        default="",
        max_length=128,
        description=f"Manufacturer and model (0008,0070) (0008,1090), a space between; {_LETTERS}",
    )
    then: Literal["", "skip", "draft", "pass"] = Field(
        default="",
        description="Whether such a film gets no draft (`skip`: it is kept), is drafted, or the next rule is asked "
        "(`pass`). Empty: `pass` where the rule does something else, `skip` where it doesn't.",
    )
    lifts: tuple[str, ...] = Field(
        default=(), description='Codes of fixed exclusions that don\'t count for it (with `then = "draft"`).'
    )
    forward_to: tuple[str, ...] = Field(
        default=(), description="Names of peers to which such an instance is forwarded as it was received."
    )
    deidentify_to: tuple[str, ...] = Field(
        default=(), description="Names of peers to which a de-identified copy of such an instance is sent."
    )
    priority: Literal["", "low", "normal", "high"] = Field(
        default="",
        description="Priority of its draft among the work of engines; empty: a later rule's, or normal.",
    )

    @property
    def decision(self) -> Literal["skip", "draft", "pass"]:
        """What it says of the draft."""
        if self.then:
            return self.then
        return "pass" if self.forward_to or self.deidentify_to or self.priority else "skip"

    @property
    def sop_class_uid(self) -> str:
        """The UID of its SOP class; empty where it names none."""
        return _CLASSES.get(self.sop_class, self.sop_class)

    def fits_age(self, facts: HeaderFacts) -> bool:
        """Whether the patient's age, in completed years, lies within its limits."""
        if self.min_age is None and self.max_age is None:
            return True
        if facts.patient_age_years is None:
            return False
        years = math.floor(facts.patient_age_years)
        return (self.min_age is None or years >= self.min_age) and (
            self.max_age is None or years <= self.max_age
        )


def check_rules(rules: Sequence[RoutingRule], peers: Mapping[str, bool]) -> None:
    """Refuse rules that contradict themselves, or name what isn't there.

    Parameters
    ----------
    peers : mapping
        Names of the configured peers, each with whether what goes to it is de-identified.

    Raises
    ------
    ConfigError
        Names the rule and the value.
    """
    names: set[str] = set()
    for rule in rules:
        for peer in ([rule.source] if rule.source else []) + [*rule.forward_to, *rule.deidentify_to]:
            if peer not in peers:
                raise ConfigError(
                    f"There is no peer '{peer}', which the routing rule '{rule.name}' names.",
                    what_to_do=f"Configured are: {', '.join(peers) or 'none'}.",
                )
        if rule.name in names:
            raise ConfigError(
                f"Two routing rules are called '{rule.name}'.", what_to_do="Give each its own name."
            )
        names.add(rule.name)
        _check_decision(rule)
        _check_conditions(rule)
        _check_targets(rule, peers)


def _check_decision(rule: RoutingRule) -> None:
    if rule.lifts and rule.decision != "draft":
        does = "skips films" if rule.decision == "skip" else "leaves the draft to other rules"
        raise ConfigError(
            f"The routing rule '{rule.name}' {does} and lifts exclusions.", what_to_do="Leave one of both."
        )
    for code in rule.lifts:
        if code not in LIFTABLE:
            raise ConfigError(
                f"The routing rule '{rule.name}' lifts '{code}', which no rule can.",
                what_to_do=f"It can lift: {', '.join(LIFTABLE)}.",
            )
    if rule.decision == "pass" and not (rule.forward_to or rule.deidentify_to or rule.priority):
        raise ConfigError(
            f"The routing rule '{rule.name}' passes films on and does nothing.",
            what_to_do="Give it forward_to, deidentify_to or priority, or leave it out.",
        )
    if rule.priority and rule.decision == "skip":
        raise ConfigError(
            f"The routing rule '{rule.name}' skips films and gives their draft a priority.",
            what_to_do="Leave one of both.",
        )


def _check_conditions(rule: RoutingRule) -> None:
    if rule.min_age is not None and rule.max_age is not None and rule.min_age > rule.max_age:
        raise ConfigError(
            f"The routing rule '{rule.name}' fits no age: {rule.min_age:g} is above {rule.max_age:g}.",
            what_to_do="Exchange min_age and max_age.",
        )
    if rule.sop_class and rule.sop_class not in _CLASSES and not re.fullmatch(r"[0-9.]+", rule.sop_class):
        near = difflib.get_close_matches(rule.sop_class, _CLASSES, n=1)
        raise ConfigError(
            f"The routing rule '{rule.name}' names the SOP class '{rule.sop_class}', which is unknown.",
            what_to_do=f"Did you mean '{near[0]}'?" if near else "Write its UID.",
        )


def _check_targets(rule: RoutingRule, peers: Mapping[str, bool]) -> None:
    both = set(rule.forward_to) & set(rule.deidentify_to)
    if both:
        raise ConfigError(
            f"The routing rule '{rule.name}' sends '{min(both)}' the film itself and a copy without its patient.",
            what_to_do="Leave one of both.",
        )
    if rule.source and rule.source in (*rule.forward_to, *rule.deidentify_to):
        raise ConfigError(
            f"The routing rule '{rule.name}' sends films back to '{rule.source}', where they came from.",
            what_to_do="Name another peer.",
        )
    for peer in rule.deidentify_to:
        if not peers[peer]:
            raise ConfigError(
                f"The routing rule '{rule.name}' sends '{peer}' copies without their patient, and nothing is "
                "de-identified for that peer.",
                what_to_do="Give the peer deidentify = 'basic', or leave the rule out.",
            )
