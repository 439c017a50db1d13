"""Addenda: what is added to a signed report, each a report version of its own with its own signature.

The signed report never changes and stays the study's current one; an addendum names it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from llmcxr_ws.errors import StoreError
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import audit, holds, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Edit, Instance, Report, Request, Study
from llmcxr_ws.store.studies import get_study

_BEGUN = (ReportState.DRAFT, ReportState.PRELIMINARY, ReportState.SIGN_PENDING)


def begin(db: Database, study_id: int, *, user: str) -> int:
    """Hold the study and begin an addendum to its signed report, or go on with the one begun; its report's id.

    Raises
    ------
    StoreError
        Nothing was signed, or what was signed has been retracted.
    AccessError
        Somebody else holds the study.
    """
    with db.write() as session:
        study = get_study(session, study_id)
        signed = session.get(Report, study.current_report_id) if study.current_report_id else None
        if study.state not in (StudyState.SIGNED, StudyState.CONFIRMED) or signed is None:
            raise StoreError(
                f"The study is '{study.state}': an addendum is added to a signed report.",
                what_to_do="Write into the report itself while it isn't signed.",
            )
        holds.take_in(session, study, user=user)
        begun = session.scalars(
            select(Report).where(
                Report.study_id == study_id, Report.kind == "addendum", Report.state.in_(_BEGUN)
            )
        ).first()
        if begun is not None:
            return begun.id
        present = session.scalars(select(Instance.sop_instance_uid).where(Instance.study_id == study_id))
        last = session.scalar(select(func.max(Report.version)).where(Report.study_id == study_id)) or 0
        now = datetime.now(UTC)
        addendum = Report(
            study_id=study_id,
            version=last + 1,
            state=ReportState.DRAFT,
            kind="addendum",
            amends_id=signed.id,
            film_sop_instance_uid=signed.film_sop_instance_uid,
            instances=list(present),
            started_at=now,
            created_at=now,
        )
        session.add(addendum)
        session.flush()
        audit.append(
            session,
            actor=user,
            event="addendum.begun",
            study_id=study_id,
            report=addendum.id,
            amends=signed.id,
        )
        transitions.touch(session, study)
        return addendum.id


def discard_empty(session: Session, study: Study, *, user: str) -> None:
    """Take out an addendum that was begun and left without a word; one that a request speaks of stays."""
    rows = session.execute(
        select(Report, Edit)
        .outerjoin(Edit, Edit.report_id == Report.id)
        .where(
            Report.study_id == study.id,
            Report.kind == "addendum",
            Report.state == ReportState.DRAFT,
            Report.id.not_in(select(Request.report_id).where(Request.report_id.is_not(None))),
        )
    ).all()
    for addendum, edit in rows:
        if edit is not None and edit.text.strip():
            continue
        if edit is not None:
            session.delete(edit)
            session.flush()
        session.delete(addendum)
        audit.append(session, actor=user, event="addendum.discarded", study_id=study.id, report=addendum.id)
