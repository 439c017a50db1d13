"""What a peer takes: whether it answers, and which SOP classes in which transfer syntaxes it accepts.

One association proposes every service and every kind of document that can leave, each storage class in each transfer
syntax by itself (PS3.8 9.3.2.2), and is released without a word more. What the output matrix sends there and the peer
refuses is said first. Whether the peer then stores what it accepted isn't asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from pydicom.uid import UID

from dicom_node import sop_classes, ways
from dicom_node.association import (
    MAX_CONTEXTS,
    Context,
    LocalEntity,
    ServiceNotOffered,
    Timeouts,
    describe,
    open_association,
)
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer, SiteConfig

_SERVICES: Final[tuple[tuple[str, str], ...]] = (
    (sop_classes.VERIFICATION, "answers C-ECHO"),
    (sop_classes.STORAGE_COMMITMENT, "confirms what it stores"),
    (sop_classes.STUDY_ROOT_FIND, "can be asked for studies and identities"),
    (sop_classes.STUDY_ROOT_MOVE, "can be asked to send studies"),
    (sop_classes.STUDY_ROOT_GET, "can hand studies over on the same association"),
)
_IMAGES: Final = sop_classes.IMAGE_CLASSES[:4]
_DOCUMENTS: Final = tuple(
    dict.fromkeys(
        kind for kind in (*sop_classes.SENT.values(), sop_classes.WITHDRAWAL) if kind not in _IMAGES
    )
)
_DOCUMENT_SYNTAXES: Final = (
    sop_classes.EXPLICIT_LITTLE,
    sop_classes.IMPLICIT_LITTLE,
    "1.2.840.10008.1.2.1.99",
)
_IMAGE_SYNTAXES: Final = (
    sop_classes.EXPLICIT_LITTLE,
    sop_classes.IMPLICIT_LITTLE,
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
)
_SYNTAX_NOT_SUPPORTED: Final = 4


@dataclass(frozen=True, kw_only=True)
class Ability:
    """One SOP class: whether the peer takes it, and in which transfer syntaxes, by name.

    `sent` are the kinds of the output matrix that go there as this class; "rejection" is a note of withdrawal.
    """

    sop_class_uid: str
    name: str
    use: str
    taken: bool
    syntaxes: tuple[str, ...]
    note: str
    sent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What an echo or a probe found out; `sentence` says it in words."""

    reached: bool
    sentence: str
    what_to_do: str = ""
    seconds: float = 0.0
    implementation: str = ""
    abilities: tuple[Ability, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


def hurried(local: LocalEntity) -> LocalEntity:
    """The same entity with little patience: somebody sits and waits, and only a few looks go on at a time."""
    own = local.timeouts
    return replace(
        local,
        timeouts=Timeouts(
            connect_s=min(own.connect_s, 5.0), negotiation_s=5.0, response_s=5.0, silence_s=5.0
        ),
    )


def echo(local: LocalEntity, peer: Peer) -> Probe:
    """Ask the peer to answer."""
    try:
        seconds = ways.echo(hurried(local), peer)
    except DicomError as error:
        return Probe(reached=False, sentence=error.message, what_to_do=error.what_to_do)
    return Probe(
        reached=True,
        seconds=round(seconds, 4),
        sentence=f"Peer {_named(peer)} answered in {seconds * 1000:.0f} ms.",
    )


def sent_to(site: SiteConfig, name: str) -> dict[str, tuple[str, ...]]:
    """What the output matrix sends to a peer: kinds of document by SOP class UID."""
    kinds: dict[str, list[str]] = {}
    for rule in site.outputs:
        if rule.to == name and rule.document in sop_classes.SENT:
            kinds.setdefault(sop_classes.SENT[rule.document], []).append(rule.document)
    if kinds:
        kinds.setdefault(sop_classes.WITHDRAWAL, []).append("rejection")
    return {kind: tuple(dict.fromkeys(documents)) for kind, documents in kinds.items()}


def is_asked(site: SiteConfig, peer: Peer) -> bool:
    """Whether the node ever calls the peer: something is sent there, or it is asked something.

    A modality that only sends to us has no need to answer, and most don't.
    """
    asked = peer.identity or peer.priors or peer.worklist or peer.dicomweb or peer.workitems
    receivers = {rule.to for rule in site.outputs} | {other.count_from for other in site.peers}
    for rule in site.rules:
        receivers |= {*rule.forward_to, *rule.deidentify_to}
    return bool(asked or not peer.sends or peer.name in receivers)


def probe(local: LocalEntity, peer: Peer, sent: Mapping[str, tuple[str, ...]] | None = None) -> Probe:
    """Find out what the peer takes; by DICOMweb nothing is negotiated, and only whether it answers is asked.

    Parameters
    ----------
    sent : mapping, optional
        What the output matrix sends there, as of :func:`sent_to`.
    """
    if peer.dicomweb:
        return echo(local, peer)
    sent = sent or {}
    started = time.monotonic()
    contexts = _contexts()
    try:
        with open_association(hurried(local), peer, contexts) as association:
            seconds = time.monotonic() - started
            raw = association.raw
            taken = [(str(c.abstract_syntax), str(c.transfer_syntax[0])) for c in raw.accepted_contexts]
            refused = {str(c.abstract_syntax): int(c.result) for c in raw.rejected_contexts}
            implementation = _implementation(raw.acceptor)
    except ServiceNotOffered as error:
        return Probe(
            reached=True,
            seconds=round(time.monotonic() - started, 4),
            sentence=error.message,
            what_to_do=error.what_to_do,
            abilities=_abilities((), {}, sent),
        )
    except DicomError as error:
        return Probe(reached=False, sentence=error.message, what_to_do=error.what_to_do)
    abilities = _abilities(taken, refused, sent)
    count = sum(ability.taken for ability in abilities)
    missing = refused_of(abilities)
    return Probe(
        reached=True,
        seconds=round(seconds, 4),
        sentence=f"Peer {describe(peer)} takes {count} of the {len(abilities)} services and kinds asked for."
        + (f" It refuses what the output matrix sends there: {missing}." if missing else ""),
        what_to_do="Have the PACS allow it, or take it out of the outputs." if missing else "",
        implementation=implementation,
        abilities=abilities,
    )


def _named(peer: Peer) -> str:
    return f"{peer.name} ({peer.where})" if peer.dicomweb else describe(peer)


def refused_of(abilities: Iterable[Ability]) -> str:
    """Name what is sent to the peer and refused there; empty where it takes all."""
    return "; ".join(f"{one.name} ({', '.join(one.sent)})" for one in abilities if one.sent and not one.taken)


def _contexts() -> list[Context]:
    made: list[Context] = [
        (service, (sop_classes.EXPLICIT_LITTLE, sop_classes.IMPLICIT_LITTLE)) for service, _ in _SERVICES
    ]
    made += [(kind, (syntax,)) for kind in _DOCUMENTS for syntax in _DOCUMENT_SYNTAXES]
    made += [(kind, (syntax,)) for kind in _IMAGES for syntax in _IMAGE_SYNTAXES]
    return made[:MAX_CONTEXTS]


def _abilities(
    taken: Iterable[tuple[str, str]], refused: dict[str, int], sent: Mapping[str, tuple[str, ...]]
) -> tuple[Ability, ...]:
    syntaxes: dict[str, list[str]] = {}
    for kind, syntax in taken:
        syntaxes.setdefault(kind, []).append(UID(syntax).name)
    return tuple(
        Ability(
            sop_class_uid=kind,
            name=UID(kind).name,
            use=use,
            taken=kind in syntaxes,
            syntaxes=tuple(syntaxes.get(kind, ())),
            note=_note(kind, syntaxes, refused),
            sent=sent.get(kind, ()),
        )
        for kind, use in _asked()
    )


def _asked() -> Sequence[tuple[str, str]]:
    return (
        *_SERVICES,
        *((kind, "a document that it can store") for kind in _DOCUMENTS),
        *((kind, "an image that it can store") for kind in _IMAGES),
    )


def _note(kind: str, taken: dict[str, list[str]], refused: dict[str, int]) -> str:
    if kind in taken or kind not in refused:
        return ""
    if refused[kind] == _SYNTAX_NOT_SUPPORTED:
        return "It knows the class, but none of the transfer syntaxes."
    return "It doesn't know the class, or doesn't allow it to us."


def _implementation(acceptor: Any) -> str:
    version = acceptor.implementation_version_name or ""
    uid = acceptor.implementation_class_uid or ""
    return " ".join(str(part) for part in (version, f"({uid})" if uid else "") if part)
