"""What a site document would do with the studies that came lately, without doing it.

The same functions decide as in the node: :func:`llmcxr_ws.films.choose_film` for the film, the document's own outputs
for the peers. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.films import Choice, choose_film
from llmcxr_ws.routing import judge_of, leads_back, route
from llmcxr_ws.rules import PRIORITIES
from llmcxr_ws.site import RoutingRule, SiteConfig

_WORDS = {value: word for word, value in PRIORITIES.items() if word}


@dataclass(frozen=True)
class SampleInstance:
    """One instance of a study to rehearse with."""

    sop_instance_uid: str
    facts: dict[str, Any]
    defect: str


@dataclass(frozen=True)
class SampleStudy:
    """A study that came lately, as the rehearsal needs it; no patient in it but the accession number.

    `has_film` says whether a film of it was chosen to be drafted: a reader signs an excluded study, too.
    """

    id: int
    accession_number: str
    source_peer: str
    state: str
    has_film: bool
    instances: tuple[SampleInstance, ...]


@dataclass(frozen=True)
class Sending:
    """A kind of document that would go to a peer, or to an HL7 or FHIR destination; `where` is its address."""

    document: str
    peer: str
    required: bool
    when: str
    where: str


@dataclass(frozen=True)
class Forwarding:
    """A peer to which so many instances of a study would be forwarded, because of these rules."""

    peer: str
    where: str
    instances: int
    deidentify: bool
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Rehearsed:
    """What would become of one study: `decision` is ``drafted``, ``excluded``, ``failed`` or ``not_taken``."""

    study_id: int
    accession_number: str
    source: str
    decision: str
    film: str
    reason: str
    quiet_s: float
    sends: tuple[Sending, ...]
    now: str
    has_film: bool
    forwards: tuple[Forwarding, ...] = ()
    priority: str = ""

    @property
    def differs(self) -> bool:
        """Whether the study stands otherwise today than it would."""
        today = "failed" if self.now == "failed" else "drafted" if self.has_film else "excluded"
        return self.now != "receiving" and self.decision != today


def rehearse(
    site: SiteConfig, samples: Iterable[SampleStudy], *, in_force: SiteConfig | None = None
) -> tuple[Rehearsed, ...]:
    """Walk studies through a document, in their order.

    Parameters
    ----------
    in_force : SiteConfig
        The document under which they came: a peer that is called otherwise in the other one is known again by its
        AE title, as the listener knows it.
    """
    titles = {peer.name: peer.ae_title for peer in in_force.peers} if in_force is not None else {}
    return tuple(_one(site, sample, titles.get(sample.source_peer, "")) for sample in samples)


def _one(site: SiteConfig, sample: SampleStudy, ae_title: str) -> Rehearsed:
    named = next((peer for peer in site.peers if peer.name == sample.source_peer), None)
    peer = site.peer_of(ae_title) if ae_title else named
    quiet_s = peer.quiet_s if peer is not None and peer.quiet_s is not None else site.quiet_s
    if peer is None:
        decision, film, reason, priority = (
            "not_taken",
            "",
            (
                f"No peer of this document has the AE title '{ae_title}' of '{sample.source_peer}': its association "
                "would be rejected."
                if ae_title
                else f"No peer of this document is called '{sample.source_peer}': its association would be rejected."
            ),
            "",
        )
    elif not peer.sends:
        decision, film, reason, priority = (
            "not_taken",
            "",
            f"Peer '{peer.name}' isn't configured to send: its films would be refused.",
            "",
        )
    else:
        decision, film, reason, priority = _decision(sample.instances, site.rules, peer.name)
    return Rehearsed(
        study_id=sample.id,
        accession_number=sample.accession_number,
        source=sample.source_peer,
        decision=decision,
        film=film,
        reason=reason,
        quiet_s=quiet_s,
        sends=_sends(site, decision),
        now=sample.state,
        has_film=sample.has_film,
        forwards=_forwards(site, sample.instances, peer.name) if peer is not None and peer.sends else (),
        priority=priority,
    )


def _decision(
    instances: Sequence[SampleInstance], rules: Sequence[RoutingRule], source: str
) -> tuple[str, str, str, str]:
    """What becomes of a study, with its film, the reason, and the priority of its draft."""
    broken = [row.defect for row in instances if row.defect]
    try:
        sound = _sound(instances)
    except KeyError:
        return "failed", "", "Its header was read by an older version: the node would read it again.", ""
    chosen = choose_film(sound, judge=judge_of(rules, source)) if sound else None
    if isinstance(chosen, Choice):
        facts = dict(sound)[chosen.sop_instance_uid]
        return "drafted", f"{facts.Modality} {facts.view}", "", _WORDS[route(rules, source, facts).priority]
    if broken:
        return "failed", "", f"An image arrived damaged: {broken[0]}", ""
    if chosen is None:
        return "failed", "", "The study holds no instance.", ""
    return "excluded", "", chosen.sentence, ""


def _sound(instances: Sequence[SampleInstance]) -> list[tuple[str, HeaderFacts]]:
    return [(row.sop_instance_uid, HeaderFacts.from_dict(row.facts)) for row in instances if not row.defect]


def _forwards(site: SiteConfig, instances: Sequence[SampleInstance], source: str) -> tuple[Forwarding, ...]:
    """Where its instances would go on to; nothing goes back to where it came from."""
    at = {peer.name: peer.where for peer in site.peers}
    found: dict[tuple[str, bool], list[str]] = {}
    try:
        sound = _sound(instances)
    except KeyError:
        return ()
    for _, facts in sound:
        for one in route(site.rules, source, facts).forwards:
            if not leads_back(site, source, one.peer):
                found.setdefault((one.peer, one.deidentify), []).append(one.rule)
    return tuple(
        Forwarding(peer, at[peer], len(rules), deidentify, tuple(dict.fromkeys(rules)))
        for (peer, deidentify), rules in found.items()
    )


def _sends(site: SiteConfig, decision: str) -> tuple[Sending, ...]:
    """What would leave once there is a draft and a signature; a reader signs an excluded study, too."""
    if decision == "not_taken":
        return ()
    at = {one.name: one.where for one in site.destinations}
    return tuple(
        Sending(rule.document, rule.to, rule.required, rule.moment, at[rule.to])
        for rule in site.outputs
        if rule.moment != "draft" or decision == "drafted"
    )
