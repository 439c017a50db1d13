"""Puts an evidence file beside a model, and what it says into the model's card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.bundle import Bundle
from engine.evidence.file import EVIDENCE, EvidenceFile
from engine.imported import ImportedBundle
from engine.safe_write import write_json, write_text
from engine.side_files import put_beside

CARD = "MODEL_CARD.md"
_HEADING = "## Evidence"
_BEFORE = ("## Input check", "## What it can't do", "## What was not run")


def write_beside(package: Bundle | ImportedBundle, made: EvidenceFile) -> None:
    """Write the file and the card's section, and list both in the manifest; raise DataError where that can't be."""

    def write_card(path: Path) -> None:
        card = (package.folder / CARD).read_text(encoding="utf-8")
        write_text(path, with_section(card, section(made)))

    put_beside(package, {EVIDENCE: lambda path: write_json(path, made.to_json()), CARD: write_card})


def with_section(card: str, words: str) -> str:
    """Put the section into a card, in place of the one it has, else before the limits, else at its end."""
    start = card.find(f"\n{_HEADING}\n") + 1
    if start:
        stop = card.find("\n## ", start + len(_HEADING))
        return card[:start] + words + ("" if stop < 0 else "\n" + card[stop + 1 :])
    at = next((card.index(f"\n{heading}") + 1 for heading in _BEFORE if f"\n{heading}" in card), None)
    return f"{card.rstrip()}\n\n{words}" if at is None else f"{card[:at]}{words}\n{card[at:]}"


def section(made: EvidenceFile) -> str:
    """Say what was measured of confidence, maps and round trip, and what wasn't."""
    return "\n\n".join([_HEADING, _confidence(made), _maps(made), _round_trip(made)]) + "\n"


def _confidence(made: EvidenceFile) -> str:
    entry = made.confidence
    if entry is None:
        return "How sure a single sentence is was not measured: sentences bear no confidence."
    seen = entry.measured
    return (
        "Each sentence of a draft bears a confidence: the model's probability of its first word and the share of "
        f"{entry.samples} samples that say the same, by a line fitted on {seen['sentences']} sentences of "
        f"{seen['films']} validation films, those that the thresholds of drafts were set on. On patients left out "
        f"of the fitting: calibration error {_interval(seen['ece'])}, AUROC for a true sentence "
        f"{_interval(seen['auroc'])}. Below {entry.weak:g} a sentence is marked weak ({seen['share_weak']:.0%} of "
        f"them); a draft whose likeliest sentence lies below {entry.withheld:g} is withheld "
        f"({seen['share_withheld']:.1%} of drafts). The figures of drafts above are of all drafts, withheld ones "
        "included."
    )


def _maps(made: EvidenceFile) -> str:
    entry = made.maps
    if entry is None:
        return "Whether the maps of sentences are faithful was not measured."
    told = []
    for kind in ("says a finding", "says that nothing is there"):
        for by, found in (entry.measured.get(kind) or {}).items():
            told.append(
                f"- A sentence that {kind}, put out with {by}: map minus random {_interval(found['minus random'])}, "
                f"map minus centre first {_interval(found['minus centre first'])}."
            )
    return (
        f"A map says where a sentence's log-probability falls when blocks of {entry.side} x {entry.side} tokens are "
        "put out. It shows what the words depend on, not where a disease lies. Deletion test on "
        f"{entry.measured['films']} validation films, area between the curves in nats:\n\n" + "\n".join(told)
    )


def _round_trip(made: EvidenceFile) -> str:
    entry = made.round_trip
    if entry is None:
        return (
            "The round trip (a film drawn from the draft, held against the film) was not measured and is off."
        )
    state = "It is on, as advice alone." if entry.is_on else "It is off."
    return (
        f"The round trip tells drafts of a film from drafts of others of its source and view with an AUROC of "
        f"{entry.auroc:.3f} [{entry.low:.3f}, {entry.high:.3f}] ({entry.measured['n']} validation films). {state}"
    )


def _interval(found: Mapping[str, Any]) -> str:
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"
