"""How well drafts serve: decisions over time, words changed, agreement with what was signed, drift of the films.

Pure functions on the rows of :mod:`llmcxr_ws.store.statistics`. A finding counts as affirmed when a text says it is
there or may be (positive or uncertain); silence and denial count alike. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from llmcxr_ws.identity import canonical_text
from llmcxr_ws.store.statistics import DraftCodes, DraftFate

Z: Final = 1.959964
AFFIRMED: Final = ("positive", "uncertain")
REFERENCE_FILMS: Final = 200
MIN_REFERENCE: Final = 20
WINDOW_FILMS: Final = 50
MIN_WINDOW: Final = 10
PERMUTATIONS: Final = 200
MIN_BOOTSTRAP: Final = 10
DRAWS: Final = 1000


@dataclass(frozen=True)
class Share:
    """`hits` of `of`, with its Wilson interval at 95 %; an empty one knows nothing, from 0 to 1."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.hits / self.of if self.of else None


@dataclass(frozen=True)
class PeriodOfDrafts:
    """What became of the drafts that were decided in one day, week or month.

    `words_changed` is a mean over the `signed` ones, accepted or edited; `low` and `high` are its 95 % interval, by
    bootstrap over reports, where there are at least :data:`MIN_BOOTSTRAP`.
    """

    start: date
    accepted: int
    edited: int
    rejected: int
    words_changed: float | None
    signed: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def decided(self) -> int:
        """How many."""
        return self.accepted + self.edited + self.rejected


@dataclass(frozen=True)
class Concordance:
    """How far drafts and signed reports agree on a finding, or by whole report for a scanner or a site.

    `kept` is the share of affirmations of the draft that were signed, `found` the share of signed ones that the draft
    had; both are empty for whole reports.
    """

    name: str
    reports: int
    agree: Share
    kept: Share
    found: Share


@dataclass(frozen=True)
class DriftPoint:
    """How far the image tokens of a run of films are from the reference.

    `distance` is the Jensen-Shannon distance (base 2, from 0 to 1); `usual` is what 95 % of equally large runs of the
    same mixed films stay below, by permutation of whole films.
    """

    first_at: datetime
    last_at: datetime
    films: int
    distance: float
    usual: float

    @property
    def is_unusual(self) -> bool:
        """Whether the films differ by more than chance would explain in 19 of 20 runs."""
        return self.distance > self.usual


@dataclass(frozen=True)
class Drift:
    """The drift of one model's films, and the size of its reference."""

    reference_films: int
    points: tuple[DriftPoint, ...]


def share(hits: int, of: int) -> Share:
    """A share with its interval (Wilson 1927), which holds up near 0 and 1 and for few cases."""
    if not of:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = hits / of, Z * Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return Share(hits, of, max(middle - half, 0.0), min(middle + half, 1.0))


def words_changed(before: str, after: str) -> float:
    """Words inserted, deleted or replaced (Levenshtein), as a share of the longer text: 0 the same, 1 all new."""
    a, b = canonical_text(before).split(), canonical_text(after).split()
    longer = max(len(a), len(b))
    # What both begin and end with changes nothing about the distance; most readers change a sentence.
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    end = next(
        (n for n, (x, y) in enumerate(zip(reversed(a), reversed(b), strict=False)) if x != y),
        min(len(a), len(b)),
    )
    a, b = a[: len(a) - end], b[: len(b) - end]
    if not a or not b:
        return max(len(a), len(b)) / longer if longer else 0.0
    row = list(range(len(b) + 1))
    for number, word in enumerate(a, start=1):
        left, row[0] = row[0], number
        for at, other in enumerate(b, start=1):
            left, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, left + (word != other))
    return row[-1] / longer


def decision(fate: DraftFate) -> str:
    """``accepted`` (word for word), ``edited``, ``rejected``, or empty while there is none to count."""
    if fate.fate == "rejected":
        return "rejected"
    if fate.fate != "signed":
        return ""
    return "accepted" if canonical_text(fate.ai_text) == canonical_text(fate.signed_text) else "edited"


def over_time(fates: Iterable[DraftFate], period: str) -> tuple[PeriodOfDrafts, ...]:
    """Decisions by ``day``, ``week`` or ``month`` (local time), oldest first, without gaps."""
    found: dict[date, list[DraftFate]] = {}
    for fate in fates:
        if decision(fate):
            found.setdefault(start_of(fate.decided_at or fate.made_at, period), []).append(fate)
    return tuple(_period(start, found.get(start, [])) for start in _starts(found, period))


def _period(start: date, fates: list[DraftFate]) -> PeriodOfDrafts:
    decisions = [decision(fate) for fate in fates]
    signed = [
        words_changed(fate.ai_text, fate.signed_text)
        for fate, how in zip(fates, decisions, strict=True)
        if how in ("accepted", "edited")
    ]
    low, high = _mean_interval(signed)
    return PeriodOfDrafts(
        start=start,
        accepted=decisions.count("accepted"),
        edited=decisions.count("edited"),
        rejected=decisions.count("rejected"),
        words_changed=sum(signed) / len(signed) if signed else None,
        signed=len(signed),
        low=low,
        high=high,
    )


def _mean_interval(values: Sequence[float], *, seed: int = 0) -> tuple[float | None, float | None]:
    """The interval of a mean at 95 %, by percentile bootstrap; none for few values."""
    if len(values) < MIN_BOOTSTRAP:
        return None, None
    drawn = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)), dtype=np.int32)
    low, high = np.quantile(np.asarray(values)[drawn].mean(1), (0.025, 0.975))
    return float(low), float(high)


def start_of(moment: datetime, period: str) -> date:
    """The first day of the period that holds a moment."""
    day = moment.astimezone().date()
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def _starts(found: Iterable[date], period: str) -> Iterable[date]:
    days = sorted(found)
    if not days:
        return
    day = days[0]
    while day <= days[-1]:
        yield day
        if period == "month":
            day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        else:
            day += timedelta(days=7 if period == "week" else 1)


def affirmed(state: object) -> bool:
    """Whether a label says that the finding is there or may be."""
    return state in AFFIRMED


def labelled(fates: Iterable[DraftFate]) -> tuple[DraftFate, ...]:
    """The signed ones whose both texts were labelled."""
    return tuple(fate for fate in fates if fate.signed_text and fate.ai_labels and fate.signed_labels)


def by_finding(fates: Iterable[DraftFate]) -> tuple[Concordance, ...]:
    """Agreement on each finding that any of the texts affirms, the most frequent first."""
    rows = labelled(fates)
    names = sorted({name for fate in rows for name in (*fate.ai_labels, *fate.signed_labels)})
    made = [_on_finding(name, rows) for name in names]
    shown = [row for row in made if row.kept.of or row.found.of]
    return tuple(sorted(shown, key=lambda row: (-row.found.of, row.name)))


def _on_finding(name: str, rows: Sequence[DraftFate]) -> Concordance:
    pairs = [(affirmed(row.ai_labels.get(name)), affirmed(row.signed_labels.get(name))) for row in rows]
    both = pairs.count((True, True))
    return Concordance(
        name=name,
        reports=len(pairs),
        agree=share(both + pairs.count((False, False)), len(pairs)),
        kept=share(both, sum(drafted for drafted, _ in pairs)),
        found=share(both, sum(signed for _, signed in pairs)),
    )


def by_group(fates: Iterable[DraftFate], group: Callable[[DraftFate], str]) -> tuple[Concordance, ...]:
    """Whole reports whose draft and signed text affirm the same findings, by scanner or site, the largest first.

    Whole reports, because the findings of one report aren't independent of each other.
    """
    found: dict[str, list[bool]] = {}
    for row in labelled(fates):
        found.setdefault(group(row), []).append(_affirms(row.ai_labels) == _affirms(row.signed_labels))
    nothing = share(0, 0)
    made = [
        Concordance(name, len(agree), share(sum(agree), len(agree)), nothing, nothing)
        for name, agree in found.items()
    ]
    return tuple(sorted(made, key=lambda row: (-row.reports, row.name)))


def _affirms(labels: dict[str, Any]) -> frozenset[str]:
    return frozenset(name for name, state in labels.items() if affirmed(state))


def drift(rows: Sequence[DraftCodes], *, seed: int = 0) -> Drift:
    """Compare runs of films with a model's first ones, by the histogram of their image tokens."""
    reference = rows[: min(REFERENCE_FILMS, len(rows) // 2)]
    if len(reference) < MIN_REFERENCE:
        return Drift(len(reference), ())
    size = 1 + max(max(row.codes) for row in rows)
    base = _counts(reference, size)
    random = np.random.default_rng(seed)
    points = []
    for at in range(len(reference), len(rows), WINDOW_FILMS):
        run = rows[at : at + WINDOW_FILMS]
        if len(run) >= MIN_WINDOW:
            distance, usual = _against(base, _counts(run, size), random)
            points.append(DriftPoint(run[0].made_at, run[-1].made_at, len(run), distance, usual))
    return Drift(len(reference), tuple(points))


def _counts(rows: Sequence[DraftCodes], size: int) -> NDArray[np.float64]:
    """How often each film holds each token, [films, tokens]."""
    return np.stack([np.bincount(row.codes, minlength=size) for row in rows]).astype(np.float64)


def _against(
    base: NDArray[np.float64], run: NDArray[np.float64], random: np.random.Generator
) -> tuple[float, float]:
    """The distance of a run from the base, and the 95 % point of it when the films change places at random."""
    pooled, total = np.concatenate([base, run]), base.sum(0) + run.sum(0)
    by_chance = np.empty(PERMUTATIONS)
    for number in range(PERMUTATIONS):
        drawn = pooled[random.choice(len(pooled), len(run), replace=False)].sum(0)
        by_chance[number] = js_distance(total - drawn, drawn)
    return js_distance(base.sum(0), run.sum(0)), float(np.quantile(by_chance, 0.95))


def js_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Jensen-Shannon distance of two histograms: the root of the divergence in bits, from 0 to 1 (Lin 1991)."""
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2

    def divergence(x: NDArray[np.float64]) -> float:
        held = x > 0
        return float(np.sum(x[held] * np.log2(x[held] / middle[held])))

    return math.sqrt(max((divergence(p) + divergence(q)) / 2, 0.0))


_EXPORTED: Final = (
    "number", "made_in", "decided_in", "hours_to_decision", "decision", "words_changed", "confidence", "model",
    "scanner", "site", "ai_findings", "signed_findings",
)  # fmt: skip


def export_rows(fates: Iterable[DraftFate]) -> tuple[dict[str, Any], ...]:
    """One row for each draft, for a research site's own tools.

    No text, no patient and no identifier of study or report; times to the month, since a day leads to a patient in a
    hospital's lists (45 CFR 164.514(b)(2)(i)(C) takes days for identifiers).
    """
    return tuple(
        {
            "number": number,
            "made_in": _month(fate.made_at),
            "decided_in": _month(fate.decided_at) if fate.decided_at else "",
            "hours_to_decision": (
                round((fate.decided_at - fate.made_at).total_seconds() / 3600, 1) if fate.decided_at else None
            ),
            "decision": decision(fate) or fate.fate,
            "words_changed": (
                round(words_changed(fate.ai_text, fate.signed_text), 4) if fate.signed_text else None
            ),
            "confidence": fate.confidence,
            "model": fate.model,
            "scanner": fate.scanner,
            "site": fate.site,
            "ai_findings": sorted(_affirms(fate.ai_labels)) if fate.ai_labels else None,
            "signed_findings": sorted(_affirms(fate.signed_labels)) if fate.signed_labels else None,
        }
        for number, fate in enumerate(fates, start=1)
    )


def _month(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m")


def as_csv(fates: Iterable[DraftFate]) -> str:
    """The export as CSV (RFC 4180); lists of findings are joined by semicolons."""
    made = io.StringIO(newline="")
    writer = csv.DictWriter(made, _EXPORTED)
    writer.writeheader()
    for row in export_rows(fates):
        writer.writerow(
            {
                key: ";".join(value) if isinstance(value, list) else _harmless(value)
                for key, value in row.items()
            }
        )
    return made.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe: headers are written by others."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_json(fates: Sequence[DraftFate], drifted: Drift) -> str:
    """The export as JSON: the drafts, and what this page makes of them."""
    summary = {
        "drafts": export_rows(fates),
        "by_month": [asdict(row) for row in over_time(fates, "month")],
        "by_finding": [asdict(row) for row in by_finding(fates)],
        "by_scanner": [asdict(row) for row in by_group(fates, lambda fate: fate.scanner)],
        "by_site": [asdict(row) for row in by_group(fates, lambda fate: fate.site)],
        "drift": {
            "reference_films": drifted.reference_films,
            "runs": [
                asdict(point) | {"first_at": _month(point.first_at), "last_at": _month(point.last_at)}
                for point in drifted.points
            ],
        },
    }
    return json.dumps(summary, indent=1, ensure_ascii=False, default=str) + "\n"
