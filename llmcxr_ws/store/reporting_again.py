"""A new report on a study whose signed one was retracted. What was signed stays as it is and never leaves again."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report
from llmcxr_ws.store.studies import get_study


def begin(db: Database, study_id: int, *, user: str) -> int:
    """Begin it with the draft that the retracted report began with, and hold the study; the new report's id.

    The retracted words aren't carried over: nobody shall sign them again by pressing one key. A draft that was
    withheld or rejected stays so. Images that came meanwhile are looked at by the node as soon as it is begun.

    Raises
    ------
    StoreError
        The study isn't retracted.
    AccessError
        Somebody else holds it.
    """
    with db.write() as session:
        study = get_study(session, study_id)
        old = session.get(Report, study.current_report_id) if study.current_report_id else None
        if study.state != StudyState.RETRACTED or old is None:
            raise StoreError(
                f"The study is '{study.state}': a new report is begun where one was retracted.",
                what_to_do="Open the study again.",
            )
        if study.held_by not in ("", user):
            raise AccessError(
                f"The study is held by '{study.held_by}' now.", what_to_do="Take it over, or wait."
            )
        last = session.scalar(select(func.max(Report.version)).where(Report.study_id == study_id)) or 0
        state, reason = _draft_of(old)
        new = Report(
            study_id=study_id,
            version=last + 1,
            state=state,
            reason=reason,
            film_sop_instance_uid=old.film_sop_instance_uid,
            instances=list(old.instances),
            ai_text=old.ai_text,
            confidence=old.confidence,
            codes=list(old.codes),
            evidence=old.evidence,
            model_name=old.model_name,
            model_version=old.model_version,
            model_device_uid=old.model_device_uid,
            seed=old.seed,
            started_at=old.started_at,
            created_at=datetime.now(UTC),
            ai_labels=old.ai_labels,
        )
        session.add(new)
        session.flush()
        study.current_report_id, study.needs_addendum = new.id, False
        transitions.report_again(session, study, user)
        audit.append(
            session, actor=user, event="report.begun_again", study_id=study_id, report=new.id, after=old.id
        )
        return new.id


def _draft_of(old: Report) -> tuple[str, str]:
    """What the draft was worth before it was signed, and why."""
    if old.state_before in (ReportState.WITHHELD, ReportState.REJECTED):
        return old.state_before, old.reason_before
    if old.state_before == ReportState.PRELIMINARY and old.reason_before:
        # A resident's own report beside a draft that had been set aside: which of the two isn't kept.
        return ReportState.WITHHELD, old.reason_before
    return ReportState.DRAFT, ""
