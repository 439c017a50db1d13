"""Why a draft can be rejected: a fixed list of codes, counted on the quality page, with their words."""

from __future__ import annotations

from dataclasses import dataclass

OTHER = "other"


@dataclass(frozen=True)
class Reason:
    """A code that is counted, and what people read."""

    code: str
    words: str


REASONS = (
    Reason("false_finding", "False finding: the film doesn't show it"),
    Reason("missed_finding", "Missed finding"),
    Reason("wrong_side", "Wrong side"),
    Reason("invented_prior", "Speaks of a comparison that doesn't exist"),
    Reason("wrong_patient_or_film", "Wrong patient or wrong film"),
    Reason("poor_wording", "Poor wording"),
    Reason("poor_image", "Poor image: nothing could be read from it"),
    Reason(OTHER, "Other, in my own words"),
)


def words_of(code: str) -> str | None:
    """Return the words of a code; None for one that isn't on the list."""
    return next((reason.words for reason in REASONS if reason.code == code), None)
