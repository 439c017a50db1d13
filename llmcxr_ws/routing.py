"""Which of the site's rules hold for an instance, and what they say of it.

Rules are asked in their order. One that passes adds where the instance is forwarded to and how urgent its draft is;
the first that decides about the draft is the last: the film is drafted, drafted although a fixed exclusion speaks
against it, or left alone. Where none decides, the fixed exclusions hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.films import Exclusion, exclusion
from llmcxr_ws.rules import PRIORITIES, RoutingRule
from llmcxr_ws.site import SiteConfig

SITE_RULE = "site_rule"
"""The code of a study that a rule keeps from being drafted."""


@dataclass(frozen=True)
class Forward:
    """An instance is sent on to a peer, de-identified or as it was received, because a rule says so."""

    peer: str
    deidentify: bool
    rule: str


@dataclass(frozen=True)
class Route:
    """What the rules say of one instance.

    `refusal` is the sentence that keeps it from being drafted, `lifted` the codes set aside, `rule` the one that
    decided.
    """

    refusal: str = ""
    lifted: frozenset[str] = frozenset()
    rule: str = ""
    forwards: tuple[Forward, ...] = ()
    priority: int = 0


def route(rules: Sequence[RoutingRule], source: str, facts: HeaderFacts) -> Route:
    """Return what the rules say of an instance.

    Parameters
    ----------
    source : str
        Name of the peer that sent it; empty where it isn't known.
    """
    forwards: dict[str, Forward] = {}
    priority = ""
    found: RoutingRule | None = None
    for rule in rules:
        if not fits(rule, source, facts):
            continue
        priority = priority or rule.priority
        for peers, deidentify in ((rule.forward_to, False), (rule.deidentify_to, True)):
            for peer in peers:
                # What one rule wants without its patient, no other one gives away with it.
                if deidentify or peer not in forwards:
                    forwards[peer] = Forward(peer, deidentify, rule.name)
        if rule.decision != "pass":
            found = rule
            break
    refusal = ""
    if found is not None and found.decision == "skip":
        refusal = (
            f"The site's rule '{found.name}' keeps this film from being drafted. Read it without a draft, "
            "or have the rule changed under Administration, Rules."
        )
    return Route(
        refusal=refusal,
        lifted=frozenset(found.lifts) if found is not None else frozenset(),
        rule=found.name if found is not None else "",
        forwards=tuple(forwards.values()),
        priority=PRIORITIES[priority],
    )


def leads_back(site: SiteConfig, source: str, to: str) -> bool:
    """Whether a peer is the one that an instance came from, under this name or another one at the same address."""
    peers = {peer.name: (peer.host, peer.port) for peer in site.peers}
    return to == source or (to in peers and peers.get(source) == peers[to])


def judge_of(rules: Sequence[RoutingRule], source: str) -> Callable[[HeaderFacts], Exclusion | None]:
    """Return what :func:`llmcxr_ws.films.choose_film` asks of each film of a source under a site's rules."""

    def judge(facts: HeaderFacts) -> Exclusion | None:
        found = route(rules, source, facts)
        fixed = exclusion(facts, lifted=found.lifted)
        # What can't be drafted anyway says so itself; a rule is named where it alone decides.
        return fixed or (Exclusion(SITE_RULE, found.refusal) if found.refusal else None)

    return judge


def fits(rule: RoutingRule, source: str, facts: HeaderFacts) -> bool:
    """Whether all conditions of a rule fit an instance; an empty one fits every one."""
    asked = (
        (rule.view, facts.view),
        (rule.modality, facts.Modality),
        (rule.body_part, facts.body_part),
        (rule.study_description, facts.StudyDescription),
        (rule.series_description, facts.SeriesDescription),
        (rule.station, facts.StationName),
        (rule.institution, facts.InstitutionName),
        (rule.device, f"{facts.Manufacturer} {facts.ManufacturerModelName}"),
    )
    return (
        rule.source in ("", source)
        and rule.sop_class_uid in ("", facts.SOPClassUID)
        and rule.fits_age(facts)
        and all(fnmatchcase(value.strip().casefold(), wanted.casefold()) for wanted, value in asked if wanted)
    )
