"""What a study's state is called on the worklist: a word, a shape and a tone for every case.

The node and the engine write the states; here they are only put into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.sent_back import is_sent_back
from llmcxr_ws.states import ReportState, StudyState
from ui.language import mark, tr


class Rank(IntEnum):
    """Order of the worklist, most urgent first."""

    ADDENDUM = 0
    REFUSED = 1
    TO_READ = 2
    PENDING = 3
    ON_THE_WAY = 4
    PROBLEM = 5
    DONE = 6


RANK_WORDS = {
    Rank.ADDENDUM: mark("Needs addendum"),
    Rank.REFUSED: mark("Refused"),
    Rank.TO_READ: mark("To read"),
    Rank.PENDING: mark("Signing"),
    Rank.ON_THE_WAY: mark("Coming"),
    Rank.PROBLEM: mark("Problems"),
    Rank.DONE: mark("Done"),
}


@dataclass(frozen=True)
class Status:
    """A state as people see it; `tone` names a colour of the theme, `shape` an icon."""

    word: str
    shape: str
    tone: str
    rank: Rank

    @property
    def said(self) -> str:
        """The word in the window's language."""
        return tr(self.word)


_BY_STUDY = {
    StudyState.RECEIVING: Status(mark("Receiving"), "receiving", "muted", Rank.ON_THE_WAY),
    StudyState.COMPLETE: Status(mark("In the queue"), "waiting", "muted", Rank.ON_THE_WAY),
    StudyState.DRAFTING: Status(mark("Being drafted"), "working", "ai", Rank.ON_THE_WAY),
    StudyState.DRAFTED: Status(mark("Draft ready"), "draft", "ai", Rank.TO_READ),
    StudyState.IN_REVIEW: Status(mark("In review"), "review", "focus", Rank.TO_READ),
    StudyState.SIGNED: Status(mark("Signed"), "signed", "good", Rank.DONE),
    StudyState.CONFIRMED: Status(mark("Confirmed"), "confirmed", "good", Rank.DONE),
    StudyState.EXCLUDED: Status(mark("Not drafted"), "excluded", "attention", Rank.PROBLEM),
    StudyState.FAILED: Status(mark("Failed"), "failed", "bad", Rank.PROBLEM),
    StudyState.RETRACTED: Status(mark("Retracted"), "retracted", "muted", Rank.DONE),
}

_BY_REPORT = {
    ReportState.SIGN_PENDING: Status(mark("Signing"), "pending", "attention", Rank.PENDING),
    ReportState.REFUSED: Status(mark("Refused"), "refused", "bad", Rank.REFUSED),
    ReportState.WITHHELD: Status(mark("Withheld"), "excluded", "attention", Rank.TO_READ),
    ReportState.REJECTED: Status(mark("Draft rejected"), "refused", "attention", Rank.TO_READ),
    ReportState.PRELIMINARY: Status(mark("Preliminary"), "review", "focus", Rank.TO_READ),
}

_ADDENDUM = Status(mark("Needs addendum"), "addendum", "attention", Rank.ADDENDUM)
_SENT_BACK = Status(mark("Sent back"), "retracted", "attention", Rank.REFUSED)
_UNDER_REVIEW = (StudyState.DRAFTED, StudyState.IN_REVIEW)


def word_of(state: str) -> str:
    """Return a study's state in words; one that isn't known as it stands."""
    return _BY_STUDY[StudyState(state)].said if state in set(StudyState) else state


def status_of(row: StudyRow) -> Status:
    """Return what the worklist says of a study."""
    if row.needs_addendum:
        return _ADDENDUM
    if row.state in _UNDER_REVIEW and is_sent_back(row):
        return _SENT_BACK
    if row.state in _UNDER_REVIEW and row.report_state in _BY_REPORT:
        return _BY_REPORT[row.report_state]
    return _BY_STUDY[row.state]


def all_statuses() -> tuple[Status, ...]:
    """Return every status there is, for tests and for the legend."""
    return (_ADDENDUM, _SENT_BACK, *_BY_REPORT.values(), *_BY_STUDY.values())
