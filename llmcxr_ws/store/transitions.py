"""Every state move: one function each, one audit row each. All run inside the caller's write transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.guards import Overruling
from llmcxr_ws.rejections import OTHER
from llmcxr_ws.sent_back import SENT_BACK
from llmcxr_ws.sentences import answers_in
from llmcxr_ws.states import (
    DELIVERY_MOVES,
    REPORT_MOVES,
    STUDY_MOVES,
    Actor,
    DeliveryState,
    ReportState,
    StudyState,
    check_move,
)
from llmcxr_ws.store import audit, labels
from llmcxr_ws.store.counters import next_value
from llmcxr_ws.store.models import Delivery, Question, Report, Study

AGAIN = "reported_again"


def touch(session: Session, study: Study) -> None:
    """Give the study the next worklist sequence number, so that windows show the change."""
    study.updated_seq = next_value(session, "study")


# Studies


def reopen_study(session: Session, study: Study) -> None:
    """More images, or a lifted exclusion: the study is being received again."""
    _move_study(session, study, StudyState.RECEIVING, Actor.NODE, "study.reopened")


def complete_study(session: Session, study: Study, film_sop_instance_uid: str) -> None:
    """The study has been quiet for long enough and has a film to draft."""
    study.film_sop_instance_uid = film_sop_instance_uid
    _move_study(session, study, StudyState.COMPLETE, Actor.NODE, "study.complete")


def exclude_study(session: Session, study: Study, actor: Actor, code: str, sentence: str) -> None:
    """No draft will be made of this study; the sentence says why and what to do."""
    _move_study(session, study, StudyState.EXCLUDED, actor, "study.excluded", code, sentence)


def fail_study(session: Session, study: Study, actor: Actor, code: str, sentence: str) -> None:
    """Something that should have worked did not; the sentence says what and what to do."""
    _move_study(session, study, StudyState.FAILED, actor, "study.failed", code, sentence)


def begin_drafting(session: Session, study: Study) -> None:
    """An engine has claimed the study's draft."""
    _move_study(session, study, StudyState.DRAFTING, Actor.ENGINE, "study.drafting")


def finish_drafting(session: Session, study: Study) -> None:
    """A draft waits for a reader."""
    _move_study(session, study, StudyState.DRAFTED, Actor.ENGINE, "study.drafted")


def begin_review(session: Session, study: Study, user: str) -> None:
    """A reader has begun to work on the draft."""
    _move_study(session, study, StudyState.IN_REVIEW, Actor.WINDOW, "study.in_review", by=user)


def sign_study(session: Session, study: Study) -> None:
    """A signed report exists."""
    _move_study(session, study, StudyState.SIGNED, Actor.NODE, "study.signed")


def confirm_study(session: Session, study: Study) -> None:
    """Every required delivery is confirmed."""
    _move_study(session, study, StudyState.CONFIRMED, Actor.NODE, "study.confirmed")


def unconfirm_study(session: Session, study: Study) -> None:
    """A document is on its way again; the study counts as signed until that is confirmed."""
    _move_study(session, study, StudyState.SIGNED, Actor.NODE, "study.unconfirmed")


def retract_study(session: Session, study: Study, user: str, code: str, sentence: str) -> None:
    """A reader has withdrawn the signed report; the sentence says why."""
    study.needs_addendum = False
    _move_study(session, study, StudyState.RETRACTED, Actor.NODE, "study.retracted", code, sentence, by=user)


def report_again(session: Session, study: Study, user: str) -> None:
    """A reader has begun a new report on a study whose signed one was retracted; that it was stays to be read."""
    sentence = f"A new report is being written. The one before: {study.reason}"
    _move_study(
        session, study, StudyState.IN_REVIEW, Actor.WINDOW, "study.reported_again", AGAIN, sentence, by=user
    )


def add_addendum(session: Session, study: Study, addendum: Report) -> None:
    """An addendum was signed: the study needs none any more; the signed report stays as it is."""
    study.needs_addendum = False
    audit.append(
        session,
        actor=addendum.signed_by,
        event="study.addendum",
        study_id=study.id,
        report=addendum.id,
        amends=addendum.amends_id,
    )
    touch(session, study)


# Report versions


def await_signature(session: Session, report: Report, reason: str) -> None:
    """A sign request was taken up but can't be decided yet; the reason says what it waits for."""
    before = report.state, report.reason
    _move_report(session, report, ReportState.SIGN_PENDING, Actor.NODE, "report.sign_pending", reason)
    report.state_before, report.reason_before = before


def return_report(session: Session, report: Report, reason: str) -> None:
    """A sign request was refused: the report is what it was before, and the text is its author's again.

    Why a draft was withheld or rejected stays beside it, also beside a preliminary report; the
    refusal stands in the request's outcome.
    """
    before = ReportState(report.state_before or ReportState.DRAFT)
    if before != ReportState.DRAFT:
        reason = report.reason_before
    _move_report(session, report, before, Actor.NODE, "report.sign_refused", reason)


def sign_report(
    session: Session, report: Report, user: str, text: str, overruled: Iterable[Overruling] = ()
) -> None:
    """The signature was verified; the signed text is fixed.

    The audit row names whom it countersigns, and the questions whose answers stand in the text: their rows hold the
    model, the words and the time.
    """
    report.signed_by, report.signed_at, report.signed_text = user, datetime.now(UTC), text
    detail = {"countersigns": report.preliminary_by} if report.preliminary_by else {}
    _move_report(
        session,
        report,
        ReportState.SIGNED,
        Actor.NODE,
        "report.signed",
        "",
        by=user,
        detail={**detail, **_overruled(overruled), **_answers_in(session, report)},
    )
    labels.ask(session, report)


def refuse_report(
    session: Session, report: Report, reason: str, faults: Sequence[Mapping[str, str]] = ()
) -> None:
    """The signed document didn't pass the conformance gate; what it found stands in the audit row."""
    detail = {"faults": [dict(fault) for fault in faults]} if faults else {}
    _move_report(session, report, ReportState.REFUSED, Actor.NODE, "report.refused", reason, detail=detail)


def reject_report(session: Session, report: Report, reason: str, user: str, reason_code: str = OTHER) -> None:
    """A reader has rejected the draft; the code is one of `llmcxr_ws.rejections`."""
    _move_report(
        session,
        report,
        ReportState.REJECTED,
        Actor.NODE,
        "report.rejected",
        reason,
        by=user,
        detail={"reason": reason_code},
    )


def supersede_report(session: Session, report: Report, actor: Actor) -> None:
    """A newer version has taken its place."""
    _move_report(session, report, ReportState.SUPERSEDED, actor, "report.superseded", "")


def withdraw_current(session: Session, study: Study, actor: Actor) -> None:
    """A draft that was made before the images that end the study is nobody's to read or to send."""
    report = session.get(Report, study.current_report_id) if study.current_report_id else None
    if report is not None and (ReportState(report.state), ReportState.SUPERSEDED) in REPORT_MOVES:
        supersede_report(session, report, actor)


def make_preliminary(
    session: Session, report: Report, user: str, overruled: Iterable[Overruling] = ()
) -> None:
    """A resident has finished the text; an attending reader signs it.

    Why a draft was withheld or rejected stays beside it: its words must not come back.
    """
    report.preliminary_by, report.preliminary_at = user, datetime.now(UTC)
    study = session.get(Study, report.study_id)
    if study is not None and study.reason_code == SENT_BACK:
        study.reason_code, study.reason = "", ""
    aside = report.state in (ReportState.WITHHELD, ReportState.REJECTED)
    _move_report(
        session,
        report,
        ReportState.PRELIMINARY,
        Actor.NODE,
        "report.preliminary",
        (report.reason or "The draft was set aside.") if aside else "",
        by=user,
        detail=_overruled(overruled),
    )


def send_back(session: Session, report: Report, study: Study, user: str, words: str) -> None:
    """An attending reader gives a preliminary report back to who prepared it; the study's row says why.

    A draft that was withheld or rejected stays set aside. The study is given back with it, for its author to take.
    """
    target = ReportState.DRAFT
    if report.reason:  # why the draft was set aside; which of the two it was stands in no row of its own
        from llmcxr_ws.store import requests  # loads all of cryptography, which the listener has no use for

        rejected = requests.was_granted(session, report.id, kind="reject")
        target = ReportState.REJECTED if rejected else ReportState.WITHHELD
    author, report.preliminary_by, report.preliminary_at = report.preliminary_by, "", None
    study.reason_code, study.reason = SENT_BACK, f"Sent back to {author} by {user}: {words}"
    if study.held_by == user:
        study.held_by, study.held_at = "", None
    _move_report(
        session,
        report,
        target,
        Actor.NODE,
        "report.sent_back",
        report.reason,
        by=user,
        detail={"to": author},
    )


def renew_preliminary(session: Session, old: Report, study: Study) -> None:
    """Images came after a preliminary report: its text goes on in a new draft, and its author has it again.

    Called when the new draft is in place. An attending reader would otherwise find a plain draft, and its author
    would believe that it still waits for a signature.
    """
    author = old.preliminary_by
    study.reason_code = SENT_BACK
    study.reason = (
        f"Images came after the preliminary report by {author}, and a new draft with them. {author} looks at "
        "them and hands the report on again."
    )
    audit.append(
        session,
        actor=Actor.ENGINE,
        event="report.preliminary_renewed",
        study_id=study.id,
        report=old.id,
        to=author,
    )
    touch(session, study)


# Deliveries


def begin_sending(session: Session, delivery: Delivery) -> None:
    """The outbox takes the delivery up; until a status is seen its outcome is unknown."""
    delivery.attempts += 1
    _move_delivery(session, delivery, DeliveryState.SENDING, "")


def requeue_delivery(session: Session, delivery: Delivery, message: str) -> None:
    """It goes back into the queue; the message says why."""
    _move_delivery(session, delivery, DeliveryState.QUEUED, message)


def hold_delivery(session: Session, delivery: Delivery, message: str) -> None:
    """It waits until somebody lets it go; the message says why."""
    _move_delivery(session, delivery, DeliveryState.HELD, message)


def store_delivery(session: Session, delivery: Delivery) -> None:
    """The peer has answered that it holds the document."""
    delivery.outcome_unknown = False
    delivery.stored_at = datetime.now(UTC)
    _move_delivery(session, delivery, DeliveryState.STORED, "")


def confirm_delivery(session: Session, delivery: Delivery, by: str) -> None:
    """Storage is confirmed, by `commitment` or by `find`."""
    delivery.confirmed_by, delivery.confirmed_at = by, datetime.now(UTC)
    _move_delivery(session, delivery, DeliveryState.CONFIRMED, "")


def bury_delivery(session: Session, delivery: Delivery, message: str) -> None:
    """No more tries; a person can see why and resend it."""
    _move_delivery(session, delivery, DeliveryState.DEAD, message)


def withhold_delivery(session: Session, delivery: Delivery, message: str) -> None:
    """It would say who the patient is where nobody may know: it stays here; the message says why."""
    _move_delivery(session, delivery, DeliveryState.IDENTIFYING, message)


def _move_study(
    session: Session,
    study: Study,
    target: StudyState,
    actor: Actor,
    event: str,
    code: str = "",
    sentence: str = "",
    *,
    by: str = "",
) -> None:
    check_move(STUDY_MOVES, StudyState(study.state), target, actor)
    audit.append(session, actor=by or actor, event=event, study_id=study.id, before=study.state, reason=code)
    study.state, study.reason_code, study.reason = target, code, sentence
    touch(session, study)


def _move_report(
    session: Session,
    report: Report,
    target: ReportState,
    actor: Actor,
    event: str,
    reason: str,
    *,
    by: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    check_move(REPORT_MOVES, ReportState(report.state), target, actor)
    audit.append(
        session,
        actor=by or actor,
        event=event,
        study_id=report.study_id,
        before=report.state,
        report=report.id,
        version=report.version,
        **(detail or {}),
    )
    report.state, report.reason = target, reason
    _touch_id(session, report.study_id)


def _overruled(overruled: Iterable[Overruling]) -> dict[str, object]:
    """Which objections a person set aside and why; their sentences quote the report and stay in the request."""
    rows = [{"code": one.code, "reason": one.reason} for one in overruled]
    return {"overruled": rows} if rows else {}


def _move_delivery(session: Session, delivery: Delivery, target: DeliveryState, message: str) -> None:
    check_move(DELIVERY_MOVES, DeliveryState(delivery.state), target, Actor.NODE)
    audit.append(
        session,
        actor=Actor.NODE,
        event=f"delivery.{target}",
        study_id=delivery.study_id,
        before=delivery.state,
        delivery=delivery.id,
        peer=delivery.peer,
        attempt=delivery.attempts,
    )
    delivery.state, delivery.message = target, message
    _touch_id(session, delivery.study_id)


def _touch_id(session: Session, study_id: int) -> None:
    study = session.get(Study, study_id)
    if study is not None:
        touch(session, study)


def _answers_in(session: Session, report: Report) -> dict[str, object]:
    """The questions of the study whose answers stand in the signed text; nothing where none does."""
    rows = session.execute(
        select(Question.id, Question.answer).where(
            Question.study_id == report.study_id, Question.state == "answered"
        )
    )
    found = answers_in(report.signed_text, report.ai_text, {row.id: row.answer for row in rows})
    return {"answers": found} if found else {}
