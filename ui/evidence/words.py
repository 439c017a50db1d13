"""A draft's sentences as the window shows them: words for their confidence, and maps as heat. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmcxr_ws.domain import MapRow, ReportRow, RoundTrip
from llmcxr_ws.states import ReportState
from ui.language import mark, tr
from ui.text import percent

Heat = npt.NDArray[np.float32]
Region = tuple[float, float, float, float]

# A region whose loss makes a sentence less than a tenth less likely isn't one that it rests on.
LEAST_FALL = 0.1


@dataclass(frozen=True)
class SentenceLine:
    """One sentence of a draft; `confidence` and `agreement` are shares, None where nobody measured them."""

    text: str
    confidence: float | None
    agreement: float | None
    is_weak: bool
    samples: int

    @property
    def words(self) -> str:
        """What is known of the sentence's worth, in words."""
        if self.confidence is None:
            return tr("No confidence was measured for this model.")
        share = percent(self.confidence)
        if self.agreement is None:
            if self.is_weak:
                return tr("Weak: held true with {share}.", share=share)
            return tr("Held true with {share}.", share=share)
        said = round(self.agreement * self.samples)
        known = (
            mark("Weak: held true with {share}, {said} of {samples} samples agree.")
            if self.is_weak
            else mark("Held true with {share}, {said} of {samples} samples agree.")
        )
        return tr(known, share=share, said=said, samples=self.samples)


def sentence_lines(report: ReportRow | None) -> tuple[SentenceLine, ...]:
    """Return the sentences of a draft; none of one that is withheld, whose text isn't shown."""
    if report is None or report.state is ReportState.WITHHELD:
        return ()
    samples = int(report.evidence.get("samples", 0))
    return tuple(
        SentenceLine(
            str(one["text"]), one.get("confidence"), one.get("agreement"), bool(one.get("weak")), samples
        )
        for one in report.evidence.get("sentences", ())
    )


def region_on(report: ReportRow, columns: int, rows: int) -> Region | None:
    """Return what the model saw of a film shown with so many pixels: left, top, right, bottom in these pixels."""
    seen = report.evidence.get("seen")
    if not seen:
        return None
    return (
        float(seen["left"]) * columns,
        float(seen["top"]) * rows,
        float(seen["right"]) * columns,
        float(seen["bottom"]) * rows,
    )


def heat_of(row: MapRow) -> Heat | None:
    """Return a map as heat [rows, columns] in [0, 1], the strongest part 1; None where no part stands out."""
    falls = np.maximum(np.array(row.values, dtype=np.float32), 0.0)
    if falls.size != row.rows * row.columns or not falls.size or falls.max() < LEAST_FALL:
        return None
    heat: Heat = (falls / falls.max()).reshape(row.rows, row.columns)
    return heat


def round_trip_words(trip: RoundTrip | None) -> str:
    """Return what the round trip advises; empty where there is none or it has nothing against the draft."""
    if trip is None or trip.score >= trip.advise_below:
        return ""
    return tr(
        "A film drawn from this draft is unusually unlike this film. Advice only: the comparison tells drafts of a "
        "film from drafts of other films with an AUROC of {auroc} ({low} to {high}).",
        auroc=f"{trip.auroc:.2f}",
        low=f"{trip.low:.2f}",
        high=f"{trip.high:.2f}",
    )
