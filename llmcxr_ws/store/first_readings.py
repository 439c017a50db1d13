"""What readers wrote before they saw a draft, where the site lets the reader go first; both are audited."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from llmcxr_ws.domain import FirstReadingRow
from llmcxr_ws.errors import StoreError
from llmcxr_ws.identity import canonical_text, text_sha256
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import FirstReading, Report
from llmcxr_ws.store.studies import get_study


def first_readings_of(db: Database, study_id: int) -> Sequence[FirstReadingRow]:
    """All first readings of a study, of any version of its report, oldest first."""
    with db.read() as session:
        rows = session.scalars(
            select(FirstReading)
            .join(Report, Report.id == FirstReading.report_id)
            .where(Report.study_id == study_id)
            .order_by(FirstReading.id)
        )
        return [FirstReadingRow(row.report_id, row.user, row.text, row.written_at) for row in rows]


def studies_read_first(db: Database, user: str) -> frozenset[int]:
    """Ids of the studies with a first reading by this person, of any version of the report."""
    with db.read() as session:
        found = select(Report.study_id).join(FirstReading, FirstReading.report_id == Report.id)
        return frozenset(session.scalars(found.where(FirstReading.user == user)))


def unlock(db: Database, report_id: int, *, user: str, text: str) -> None:
    """Keep a reader's own impression and log that the draft was shown for it; the first text stays.

    Raises
    ------
    StoreError
        There is no text, or no draft to show.
    """
    if not canonical_text(text):
        raise StoreError(
            "The draft stays hidden: there is no impression of your own yet.",
            what_to_do="Write what you see, then show the draft.",
        )
    with db.write() as session:
        report = session.get(Report, report_id)
        if report is None or report.state != ReportState.DRAFT:
            raise StoreError(
                "This version of the draft isn't there to be shown any more.",
                what_to_do="Look at the newest one.",
            )
        known = session.scalars(
            select(FirstReading).where(FirstReading.report_id == report_id, FirstReading.user == user)
        ).first()
        if known is not None:
            return
        session.add(FirstReading(report_id=report_id, user=user, text=canonical_text(text)))
        place = {"study_id": report.study_id, "report": report.id, "version": report.version}
        audit.append(
            session,
            actor=user,
            event="reading.first",
            text_sha256=text_sha256(text),
            characters=len(canonical_text(text)),
            **place,
        )
        audit.append(session, actor=user, event="draft.shown", **place)
        transitions.touch(session, get_study(session, report.study_id))
