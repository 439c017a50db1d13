"""Reader first: a draft stays hidden until its reader has written an own impression, where the site wants it."""

from __future__ import annotations

from llmcxr_ws.domain import FirstReadingRow, ReportRow
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState
from ui.desk import Badge
from ui.language import tr
from ui.text import clock


def invitation() -> str:
    """Return what the reader is asked to do."""
    return tr(
        "Reader first: write your own impression. The AI draft is shown when you press “Show the draft”; "
        "what you wrote before is kept."
    )


def why_not_sign() -> str:
    """Return why a report whose draft is hidden isn't signed."""
    return tr("Show the draft first: this site asks readers to look at it before they sign.")


def own_first(detail: StudyDetail, user: str) -> FirstReadingRow | None:
    """Return what this person wrote before seeing a draft of this study; None when nothing was written."""
    return next((row for row in detail.first_readings if row.user == user), None)


def is_hidden(detail: StudyDetail, badge: Badge | None) -> bool:
    """Return whether everything that the model says of this study stays hidden from this person.

    Whoever reads for the report writes first; a role that writes no reports reads none either, and sees all.
    """
    report = detail.report
    if not detail.reader_first or report is None or report.state is not ReportState.DRAFT:
        return False
    if badge is None:
        return True
    return badge.may_edit and own_first(detail, badge.user) is None


def is_anothers(report: ReportRow, user: str) -> bool:
    """Return whether the text of the report was written by somebody else, who may have seen the draft."""
    return report.edit_text is not None and report.edited_by != user


def first_line(detail: StudyDetail, user: str) -> str:
    """Return when this person wrote first; empty where that didn't happen."""
    first = own_first(detail, user) if detail.reader_first else None
    if first is None:
        return ""
    return tr("You wrote your own impression first, at {time}.", time=clock(first.written_at))
