"""Which of the site's rules holds for a film, and what it says of it.

Rules are asked in their order and the first whose conditions all fit decides: the film is drafted, drafted although a
fixed exclusion speaks against it, or left alone. Without a fitting rule the fixed exclusions hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.films import Exclusion, exclusion
from llmcxr_ws.site import RoutingRule

SITE_RULE = "site_rule"
"""The code of a study that a rule keeps from being drafted."""


@dataclass(frozen=True)
class Route:
    """What the rules say of one film: the sentence that keeps it from being drafted, and the codes set aside."""

    refusal: str = ""
    lifted: frozenset[str] = frozenset()
    rule: str = ""


def route(rules: Sequence[RoutingRule], source: str, facts: HeaderFacts) -> Route:
    """Return what the rules say of a film.

    Parameters
    ----------
    source : str
        Name of the peer that sent it; empty where it isn't known.
    """
    found = next((rule for rule in rules if fits(rule, source, facts)), None)
    if found is None:
        return Route()
    if found.then == "skip":
        return Route(
            refusal=f"The site's rule '{found.name}' keeps this film from being drafted. Read it without a draft, "
            "or have the rule changed under Administration, Rules.",
            rule=found.name,
        )
    return Route(lifted=frozenset(found.lifts), rule=found.name)


def judge_of(rules: Sequence[RoutingRule], source: str) -> Callable[[HeaderFacts], Exclusion | None]:
    """Return what :func:`llmcxr_ws.films.choose_film` asks of each film of a source under a site's rules."""

    def judge(facts: HeaderFacts) -> Exclusion | None:
        found = route(rules, source, facts)
        fixed = exclusion(facts, lifted=found.lifted)
        # What can't be drafted anyway says so itself; a rule is named where it alone decides.
        return fixed or (Exclusion(SITE_RULE, found.refusal) if found.refusal else None)

    return judge


def fits(rule: RoutingRule, source: str, facts: HeaderFacts) -> bool:
    """Whether all conditions of a rule fit a film; an empty one fits every film."""
    asked = (
        (rule.view, facts.view),
        (rule.station, facts.StationName),
        (rule.institution, facts.InstitutionName),
        (rule.device, f"{facts.Manufacturer} {facts.ManufacturerModelName}"),
    )
    return rule.source in ("", source) and all(
        fnmatchcase(value.strip().casefold(), wanted.casefold()) for wanted, value in asked if wanted
    )
