"""Report versions: drafts by an engine, edits by a reader, and the documents made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from llmcxr_ws import jobs
from llmcxr_ws.domain import DocumentRow, NewDraft, ReportRow
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.outputs import STAGES
from llmcxr_ws.states import Actor, DeliveryState, ReportState, StudyState
from llmcxr_ws.store import audit, drawings, maps, transitions
from llmcxr_ws.store.counters import next_value
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Delivery, Document, Edit, Instance, Report, Study, User
from llmcxr_ws.store.studies import get_study
from llmcxr_ws.store.types import db_now

_OPEN = {ReportState.DRAFT, ReportState.WITHHELD, ReportState.PRELIMINARY, ReportState.SIGN_PENDING}


@dataclass(frozen=True)
class DraftInput:
    """What an engine needs for a draft."""

    study_id: int
    film_sop_instance_uid: str
    film_path: str
    instances: tuple[str, ...]


def begin_draft(db: Database, claimed: Claimed) -> DraftInput | None:
    """Move the study to `drafting` and say which film to read.

    Gives None, and ends the job, when the study has moved on and this draft is no longer wanted.
    """
    film = str(claimed.payload["film"])
    with db.write() as session:
        jobs.require_ours(session, claimed)
        study = get_study(session, claimed.study_id)
        path = session.scalar(select(Instance.path).where(Instance.sop_instance_uid == film))
        if (
            path is None and study.film_sop_instance_uid == film
        ):  # a row deleted by hand; its file may be there
            code, sentence = (
                "film_missing",
                "The film is no longer in the index. Restart the node to restore it.",
            )
            jobs.bury(session, claimed, code=code, sentence=sentence)
            _end_study(session, study, code, sentence, excluded=False)
            return None
        if path is None or not _is_wanted(session, study, claimed):
            jobs.bury(
                session, claimed, code="obsolete", sentence="The study changed before its draft was begun."
            )
            return None
        if study.state == StudyState.COMPLETE:
            transitions.begin_drafting(session, study)
    return DraftInput(claimed.study_id, film, path, tuple(claimed.payload["instances"]))


def finish_draft(
    db: Database,
    claimed: Claimed,
    draft: NewDraft,
    counted: Sequence[str] = (),
    *,
    then_maps: bool = False,
    then_round_trip: bool = False,
) -> int:
    """Write the draft as the study's next report version and end its job; give the report's id.

    A reader's edit of the version before is carried over, so that nothing that was written is lost. A report that
    was signed meanwhile isn't reopened: the draft is thrown away, and the signed report's id is given. Each
    counter named in `counted` grows by one with a draft that is kept. Maps of its sentences and its round trip are
    queued where they are wanted and the draft is shown.

    Raises
    ------
    LeaseLost
        The job isn't ours any more; nothing was written.
    """
    with jobs.finishing(db, claimed) as session:
        study = get_study(session, claimed.study_id)
        previous = session.get(Report, study.current_report_id) if study.current_report_id else None
        if previous is not None and study.state not in (StudyState.DRAFTING, StudyState.IN_REVIEW):
            return previous.id
        report = _new_report(session, study, draft)
        for name in counted:
            next_value(session, name)
        was_preliminary = previous is not None and previous.state == ReportState.PRELIMINARY
        if previous is not None:
            _carry_edit(session, previous.id, report.id)
            if previous.state in _OPEN:
                transitions.supersede_report(session, previous, Actor.ENGINE)
        study.current_report_id = report.id
        if study.state == StudyState.DRAFTING:
            transitions.finish_drafting(session, study)
        else:
            transitions.touch(session, study)
        if previous is not None and was_preliminary:
            transitions.renew_preliminary(session, previous, study)
        if then_maps and not draft.withheld:
            maps.follow(session, report)
        if then_round_trip and not draft.withheld:
            drawings.follow(session, report)
        return report.id


def end_draft(db: Database, claimed: Claimed, *, code: str, sentence: str, excluded: bool) -> None:
    """No draft can be made of this film: the study ends in `excluded` or `failed`, the job with it.

    A study that a reader already works on keeps its state.
    """
    with jobs.finishing(db, claimed) as session:
        _end_study(session, get_study(session, claimed.study_id), code, sentence, excluded=excluded)


def draft_attempt_failed(db: Database, claimed: Claimed, *, code: str, sentence: str) -> bool:
    """Try again later, or fail the study when no attempt is left; True when it will be tried again."""
    with db.write() as session:
        jobs.require_ours(session, claimed)
        if jobs.retry(session, claimed, code=code, sentence=sentence):
            return True
        _end_study(session, get_study(session, claimed.study_id), code, sentence, excluded=False)
        return False


def _is_wanted(session: Session, study: Study, claimed: Claimed) -> bool:
    """Whether the study still waits for this draft: of this film, and of the instances that it has now.

    A study in `drafting` has no other draft coming: its images that came meanwhile are looked at afterwards.
    """
    if study.film_sop_instance_uid != claimed.payload["film"]:
        return False
    if study.state == StudyState.DRAFTING:
        return True
    present = session.scalars(select(Instance.sop_instance_uid).where(Instance.study_id == study.id))
    return study.state in (StudyState.COMPLETE, StudyState.IN_REVIEW) and set(present) == set(
        claimed.payload["instances"]
    )


def _end_study(session: Session, study: Study, code: str, sentence: str, *, excluded: bool) -> None:
    if study.state == StudyState.COMPLETE:
        transitions.begin_drafting(session, study)
    if study.state == StudyState.IN_REVIEW:
        audit.append(session, actor=Actor.ENGINE, event="draft.not_renewed", study_id=study.id, reason=code)
        study.reason_code = code
        study.reason = f"Images came late, and the draft could not be renewed with them: {sentence}"
        transitions.touch(session, study)
    if study.state != StudyState.DRAFTING:
        return
    transitions.withdraw_current(session, study, Actor.ENGINE)
    if excluded:
        transitions.exclude_study(session, study, Actor.ENGINE, code, sentence)
    else:
        transitions.fail_study(session, study, Actor.ENGINE, code, sentence)


def current_report(db: Database, study_id: int) -> ReportRow | None:
    """The version that a reader works on."""
    with db.read() as session:
        study = session.get(Study, study_id)
        return report_row(session, study.current_report_id) if study and study.current_report_id else None


def report_by_id(db: Database, report_id: int) -> ReportRow:
    """One report version.

    Raises
    ------
    StoreError
        There is none with this id.
    """
    with db.read() as session:
        return report_row(session, report_id)


def versions(db: Database, study_id: int) -> list[ReportRow]:
    """All versions of a study's report, oldest first."""
    with db.read() as session:
        ids = session.scalars(select(Report.id).where(Report.study_id == study_id).order_by(Report.version))
        return [report_row(session, report_id) for report_id in ids]


def save_edit(db: Database, report_id: int, *, user: str, text: str) -> int:
    """Keep what a reader has written so far; give the id of the version it was saved to.

    When a newer version has taken this one's place meanwhile, the text is saved there. An addendum has a text of its
    own.

    Raises
    ------
    StoreError
        The report can't be edited any more (its state says why).
    AccessError
        Somebody else holds the study: the words of one reader never overwrite another's.
    """
    with db.write() as session:
        report = _get_report(session, report_id)
        study = get_study(session, report.study_id)
        if study.held_by not in ("", user):
            raise AccessError(
                f"The study is held by '{study.held_by}' now.",
                what_to_do="Copy your words, or take it over again.",
            )
        if report.kind == "report":
            report = _get_report(session, study.current_report_id or report_id)
        if report.state == ReportState.PRELIMINARY and _is_resident(session, user):
            raise StoreError(
                "The report waits for an attending reader's signature and can't be edited by a resident.",
                what_to_do="Tell the attending reader what should change.",
            )
        if report.state not in (
            ReportState.DRAFT,
            ReportState.WITHHELD,
            ReportState.PRELIMINARY,
            ReportState.REJECTED,
        ):
            raise StoreError(
                f"The report is '{report.state}' and can't be edited.",
                what_to_do="Wait for the node's answer, or write an addendum when it is signed.",
            )
        put_edit(session, report, user=user, text=text)
        if study.state == StudyState.DRAFTED:
            transitions.begin_review(session, study, user)
        return report.id


def put_edit(session: Session, report: Report, *, user: str, text: str) -> None:
    """Write the text of a version as somebody's edit, inside the caller's transaction."""
    edit = session.get(Edit, report.id)
    if edit is None:
        session.add(Edit(report_id=report.id, text=text, user=user))
    elif edit.text != text or edit.user != user:
        edit.text, edit.user, edit.revision = text, user, edit.revision + 1
        session.flush()
        session.execute(update(Edit).where(Edit.report_id == report.id).values(saved_at=db_now()))


def _is_resident(session: Session, user: str) -> bool:
    row = session.get(User, user)
    return row is not None and row.role == "resident"


def record_document(
    session: Session,
    report: Report,
    *,
    kind: str,
    sop_class_uid: str,
    sop_instance_uid: str,
    series_instance_uid: str,
    path: str,
    sha256: str,
) -> Document:
    """Index a document whose bytes are in the object store already; with an empty `path` one that is to be built."""
    document = Document(
        study_id=report.study_id,
        report_id=report.id,
        kind=kind,
        stage=_stage(report, kind),
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        series_instance_uid=series_instance_uid,
        path=path,
        sha256=sha256,
    )
    session.add(document)
    session.flush()
    return document


def _stage(report: Report, kind: str) -> str:
    if kind in ("rejection", "retraction"):
        return ""
    if kind in STAGES:
        return kind
    if report.signed_at is None:
        return "draft"
    return "addendum" if report.kind == "addendum" else "signed"


def documents_of(db: Database, study_id: int) -> list[DocumentRow]:
    """All documents made for a study, oldest first."""
    with db.read() as session:
        rows = session.scalars(select(Document).where(Document.study_id == study_id).order_by(Document.id))
        return [document_row(row) for row in rows]


def document_by_id(db: Database, document_id: int) -> DocumentRow:
    """One document.

    Raises
    ------
    StoreError
        There is none with this id.
    """
    with db.read() as session:
        row = session.get(Document, document_id)
        if row is None:
            raise StoreError(f"There is no document with id {document_id}.")
        return document_row(row)


def is_own_document(db: Database, SOPInstanceUID: str) -> bool:
    """Whether a result document of ours bears this UID: a PACS may send it back with its study."""
    with db.read() as session:
        return (
            session.scalar(
                select(Document.id).where(
                    Document.sop_instance_uid == SOPInstanceUID, Document.report_id.is_not(None)
                )
            )
            is not None
        )


def document_row(row: Document) -> DocumentRow:
    """A document row as a dataclass."""
    return DocumentRow(
        id=row.id,
        study_id=row.study_id,
        report_id=row.report_id or 0,
        kind=row.kind,
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=row.sop_instance_uid,
        series_instance_uid=row.series_instance_uid,
        path=row.path,
        sha256=row.sha256,
        stage=row.stage,
        withdraws_id=row.withdraws_id,
    )


def drafts_to_send(db: Database) -> list[ReportRow]:
    """Drafts that no document has been made of yet; a withheld one never leaves."""
    made = select(Document.report_id).where(Document.stage == "draft")
    with db.read() as session:
        ids = session.scalars(
            select(Report.id)
            .where(Report.state == ReportState.DRAFT, Report.kind == "report", Report.id.not_in(made))
            .order_by(Report.id)
        )
        return [report_row(session, report_id) for report_id in ids]


_TO_WITHDRAW: Final = (  # made once, for it is asked all the time
    select(Report.id, Document)
    .join(Document, Document.report_id == Report.id)
    .where(
        Document.stage == "draft",
        Document.id.in_(
            select(Delivery.document_id).where(
                Delivery.outcome_unknown
                | Delivery.state.in_([DeliveryState.SENDING, DeliveryState.STORED, DeliveryState.CONFIRMED])
            )
        ),
        Report.state.in_([ReportState.REJECTED, ReportState.SUPERSEDED, ReportState.REFUSED]),
        Report.id.not_in(select(Document.report_id).where(Document.kind == "rejection")),
    )
)


def drafts_to_withdraw(db: Database) -> list[tuple[ReportRow, DocumentRow]]:
    """Documents that a destination holds, or may, of drafts that were rejected, superseded or refused.

    Only where no rejection note was planned yet.
    """
    with db.read() as session:
        rows = session.execute(_TO_WITHDRAW).all()
        return [(report_row(session, report_id), document_row(document)) for report_id, document in rows]


def report_row(session: Session, report_id: int) -> ReportRow:
    """One report version with its edit, as a dataclass."""
    row = _get_report(session, report_id)
    edit = session.get(Edit, report_id)
    return ReportRow(
        id=row.id,
        study_id=row.study_id,
        version=row.version,
        state=ReportState(row.state),
        reason=row.reason,
        film_sop_instance_uid=row.film_sop_instance_uid,
        instances=tuple(row.instances),
        ai_text=row.ai_text,
        edit_text=edit.text if edit else None,
        edit_revision=edit.revision if edit else 0,
        edited_by=edit.user if edit else "",
        edit_saved_at=edit.saved_at if edit else None,
        confidence=row.confidence,
        codes=tuple(row.codes),
        evidence=row.evidence,
        model_name=row.model_name,
        model_version=row.model_version,
        model_device_uid=row.model_device_uid,
        seed=row.seed,
        started_at=row.started_at,
        created_at=row.created_at,
        signed_by=row.signed_by,
        signed_at=row.signed_at,
        signed_text=row.signed_text,
        kind=row.kind,
        amends_id=row.amends_id,
        preliminary_by=row.preliminary_by,
        preliminary_at=row.preliminary_at,
        draft_set_aside=_is_set_aside(row),
    )


def _is_set_aside(row: Report) -> bool:
    """Whether the draft was withheld or rejected; a preliminary report keeps the reason why as its own."""
    aside = (ReportState.WITHHELD, ReportState.REJECTED)
    if row.state in (*aside, ReportState.PRELIMINARY):
        state, reason = row.state, row.reason
    else:
        state, reason = row.state_before, row.reason_before
    return state in aside or (state == ReportState.PRELIMINARY and bool(reason))


def _get_report(session: Session, report_id: int) -> Report:
    report = session.get(Report, report_id)
    if report is None:
        raise StoreError(f"There is no report with id {report_id}.")
    return report


def _new_report(session: Session, study: Study, draft: NewDraft) -> Report:
    last = session.scalar(select(func.max(Report.version)).where(Report.study_id == study.id)) or 0
    report = Report(
        study_id=study.id,
        version=last + 1,
        state=ReportState.WITHHELD if draft.withheld else ReportState.DRAFT,
        reason=draft.withheld,
        film_sop_instance_uid=draft.film_sop_instance_uid,
        instances=list(draft.instances),
        ai_text=draft.ai_text,
        confidence=draft.confidence,
        codes=list(draft.codes),
        evidence=draft.evidence,
        model_name=draft.model_name,
        model_version=draft.model_version,
        model_device_uid=draft.model_device_uid,
        seed=draft.seed,
        started_at=draft.started_at,
        created_at=datetime.now(draft.started_at.tzinfo),
        ai_labels=draft.labels,
    )
    session.add(report)
    session.flush()
    return report


def renew(session: Session, report: Report) -> Report:
    """A new version with the same AI text, edit and state, after the one before was refused by the gate."""
    draft = NewDraft(
        film_sop_instance_uid=report.film_sop_instance_uid,
        instances=tuple(report.instances),
        ai_text=report.ai_text,
        confidence=report.confidence,
        codes=tuple(report.codes),
        model_name=report.model_name,
        model_version=report.model_version,
        model_device_uid=report.model_device_uid,
        seed=report.seed,
        started_at=report.started_at,
        evidence=report.evidence,
        labels=report.ai_labels,
    )
    study = get_study(session, report.study_id)
    new = _new_report(session, study, draft)
    new.state = report.state_before or ReportState.DRAFT
    new.reason = report.reason_before if new.state != ReportState.DRAFT else ""
    new.kind, new.amends_id = report.kind, report.amends_id
    new.preliminary_by, new.preliminary_at = report.preliminary_by, report.preliminary_at
    _carry_edit(session, report.id, new.id)
    if study.current_report_id == report.id:
        study.current_report_id = new.id
    transitions.touch(session, study)
    return new


def _carry_edit(session: Session, old_id: int, new_id: int) -> None:
    edit = session.get(Edit, old_id)
    if edit is not None:
        session.add(Edit(report_id=new_id, text=edit.text, user=edit.user))
