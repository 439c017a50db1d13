"""Two models on the same films, from a shadow's drafts: where their texts affirm the same findings, and where not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from llmcxr_ws.quality import Share, affirmed, share
from llmcxr_ws.store.modelling import DraftSpeed, ShadowRow
from llmcxr_ws.throughput import quantile


@dataclass(frozen=True)
class FindingPair:
    """How two models speak of one finding, in films; `signed` counts those whose signed report affirms it."""

    name: str
    both: int
    only_first: int
    only_second: int
    neither: int
    agree: Share
    first_right: Share
    second_right: Share


@dataclass(frozen=True)
class Comparison:
    """Two models side by side, by name and by device UID, which follows from their weights."""

    first: str
    second: str
    first_uid: str
    second_uid: str
    films: int
    same_findings: Share
    same_text: Share
    withheld_first: int
    withheld_second: int
    second_seconds: float | None
    findings: tuple[FindingPair, ...]


@dataclass(frozen=True)
class Speed:
    """How long drafts took by one model in one runtime on one machine: seconds."""

    model: str
    model_device_uid: str
    runtime: str
    machine: str
    drafts: int
    median: float
    slowest_tenth: float


def compare(rows: Sequence[ShadowRow]) -> Comparison | None:
    """Compare the two models of some rows, which are the same in all of them; None for no rows.

    Films that either model withheld count in `films` and nowhere else; those whose texts weren't labelled, in none
    of the findings.
    """
    if not rows:
        return None
    spoke = [row for row in rows if not row.withheld and not row.shadow_withheld]
    told = [row for row in spoke if row.labels and row.shadow_labels]
    names = sorted({name for row in told for name in (*row.labels, *row.shadow_labels)})
    pairs = [_pair(name, told) for name in names]
    seconds = [row.shadow_seconds for row in rows if not row.shadow_withheld]
    return Comparison(
        first=rows[0].model,
        second=rows[0].shadow_model,
        first_uid=rows[0].model_device_uid,
        second_uid=rows[0].shadow_device_uid,
        films=len(rows),
        same_findings=share(sum(not differences(row) for row in told), len(told)),
        same_text=share(sum(row.text.split() == row.shadow_text.split() for row in spoke), len(spoke)),
        withheld_first=sum(bool(row.withheld) for row in rows),
        withheld_second=sum(bool(row.shadow_withheld) for row in rows),
        second_seconds=median(seconds) if seconds else None,
        findings=tuple(
            sorted(
                (pair for pair in pairs if pair.both or pair.only_first or pair.only_second),
                key=lambda pair: (-(pair.only_first + pair.only_second), pair.name),
            )
        ),
    )


def differences(row: ShadowRow) -> tuple[str, ...]:
    """The findings that only one of the two texts affirms; none where one of them wasn't labelled."""
    if not row.labels or not row.shadow_labels:
        return ()
    names = sorted({*row.labels, *row.shadow_labels})
    return tuple(
        name for name in names if affirmed(row.labels.get(name)) != affirmed(row.shadow_labels.get(name))
    )


def _pair(name: str, rows: Sequence[ShadowRow]) -> FindingPair:
    said = [(affirmed(row.labels.get(name)), affirmed(row.shadow_labels.get(name))) for row in rows]
    signed = [
        (*pair, affirmed(row.signed_labels.get(name)))
        for pair, row in zip(said, rows, strict=True)
        if row.signed_labels
    ]
    both, neither = said.count((True, True)), said.count((False, False))
    return FindingPair(
        name=name,
        both=both,
        only_first=said.count((True, False)),
        only_second=said.count((False, True)),
        neither=neither,
        agree=share(both + neither, len(said)),
        first_right=share(sum(first == truth for first, _, truth in signed), len(signed)),
        second_right=share(sum(second == truth for _, second, truth in signed), len(signed)),
    )


def speeds(rows: Iterable[DraftSpeed]) -> tuple[Speed, ...]:
    """Sum speeds up by model, runtime and machine, those with the most drafts first."""
    found: dict[tuple[str, str, str, str], list[float]] = {}
    for row in rows:
        runtime = " ".join(part for part in (row.runtime, row.precision) if part)
        key = (f"{row.model_name} {row.model_version}".strip(), row.model_device_uid, runtime, row.machine)
        found.setdefault(key, []).append(row.seconds)
    made = [
        Speed(model, uid, runtime, machine, len(taken), median(taken), quantile(taken, 0.9))
        for (model, uid, runtime, machine), taken in found.items()
    ]
    return tuple(sorted(made, key=lambda speed: (-speed.drafts, speed.model)))
