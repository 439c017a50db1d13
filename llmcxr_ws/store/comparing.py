"""Which studies are looked at beside another one: their films stay while that one isn't done."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store.models import Prior, Report, Request, Study

_ENDED = (StudyState.CONFIRMED, StudyState.EXCLUDED, StudyState.FAILED, StudyState.RETRACTED)
_UNSIGNED = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.PRELIMINARY, ReportState.SIGN_PENDING)
_COMING = ("wanted", "fetching")


def why_compared(session: Session, study: Study) -> str:
    """Why a study's films are still needed beside another study, or nothing.

    Another one needs them that asked for them as priors, or is of the same Patient ID, while it is open: not
    confirmed, excluded, failed or retracted, or held by a reader, or with a report or request that isn't done.
    """
    asked_for = select(Prior.study_id).where(Prior.study_instance_uid == study.study_instance_uid)
    if session.scalar(asked_for.where(Prior.state.in_(_COMING)).limit(1)) is not None:
        return "it is being fetched to compare with"
    users: ColumnElement[bool] = Study.id.in_(asked_for)
    if study.patient_id.strip():
        users = or_(users, Study.patient_id == study.patient_id)
    is_open = or_(
        Study.state.not_in(_ENDED),
        Study.held_by != "",
        Study.needs_addendum.is_(True),
        exists().where(Report.study_id == Study.id, Report.state.in_(_UNSIGNED)),
        exists().where(Request.study_id == Study.id, Request.state == "waiting"),
    )
    others = select(Study.id).where(Study.id != study.id, Study.is_prior.is_(False), users, is_open)
    return "an open study of its patient is compared with it" if session.scalar(others.limit(1)) else ""
