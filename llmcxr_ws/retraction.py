"""Why a signed report is withdrawn: the reasons a reader chooses from, and what a PACS is told (PS3.16 CID 7011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llmcxr_ws.wording import mark

Rejected = Literal["quality", "patient_safety"]
MAX_WORDS = 300


@dataclass(frozen=True)
class Reason:
    """One reason: its words, and for which reason the rejection note says the documents were rejected."""

    words: str
    rejected: Rejected
    needs_words: bool = False


REASONS: dict[str, Reason] = {
    "wrong_patient": Reason(mark("The report is of another patient"), "patient_safety"),
    "wrong_study": Reason(mark("The report is of another study"), "patient_safety"),
    "wrong_side": Reason(mark("A finding is on the wrong side"), "patient_safety"),
    "wrong_finding": Reason(mark("A finding is wrong"), "patient_safety"),
    "signed_by_mistake": Reason(mark("It was signed by mistake"), "quality"),
    "other": Reason(mark("Another reason"), "quality", needs_words=True),
}
