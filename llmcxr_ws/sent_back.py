"""A preliminary report that an attending reader has sent back to who prepared it."""

from __future__ import annotations

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import ReportState

# A study's reason code while it waits for its author again.
SENT_BACK = "sent_back"
MAX_WORDS = 300
_WITH_ITS_AUTHOR = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.REJECTED)


def is_sent_back(row: StudyRow) -> bool:
    """Whether the study's report was sent back and hasn't been handed on or signed since."""
    return row.reason_code == SENT_BACK and row.report_state in _WITH_ITS_AUTHOR
