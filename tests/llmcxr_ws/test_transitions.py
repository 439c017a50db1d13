"""Every listed move has one function that makes it and writes one audit row; nothing else does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from llmcxr_ws.errors import TransitionError
from llmcxr_ws.sent_back import SENT_BACK
from llmcxr_ws.states import (
    DELIVERY_MOVES,
    REPORT_MOVES,
    STUDY_MOVES,
    Actor,
    DeliveryState,
    ReportState,
    StudyState,
)
from llmcxr_ws.store import transitions as t
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit, Delivery, Document, Report, Study
from tests.llmcxr_ws.world import SITE, document, drafted, report

Move = Callable[[Session, Any], None]

# target state -> the functions that lead there, and the process each acts for
TO_STUDY: dict[StudyState, list[tuple[Actor, Move]]] = {
    StudyState.RECEIVING: [(Actor.NODE, t.reopen_study)],
    StudyState.COMPLETE: [(Actor.NODE, lambda s, x: t.complete_study(s, x, "1.2"))],
    StudyState.EXCLUDED: [
        (actor, lambda s, x, a=actor: t.exclude_study(s, x, a, "code", "Why."))
        for actor in (Actor.NODE, Actor.ENGINE)
    ],
    StudyState.FAILED: [
        (actor, lambda s, x, a=actor: t.fail_study(s, x, a, "code", "Why."))
        for actor in (Actor.NODE, Actor.ENGINE)
    ],
    StudyState.DRAFTING: [(Actor.ENGINE, t.begin_drafting)],
    StudyState.DRAFTED: [(Actor.ENGINE, t.finish_drafting)],
    StudyState.IN_REVIEW: [
        (Actor.WINDOW, lambda s, x: t.begin_review(s, x, "ruth")),
        (Actor.WINDOW, lambda s, x: t.report_again(s, x, "ruth")),
    ],
    StudyState.SIGNED: [(Actor.NODE, t.sign_study), (Actor.NODE, t.unconfirm_study)],
    StudyState.CONFIRMED: [(Actor.NODE, t.confirm_study)],
    StudyState.RETRACTED: [(Actor.NODE, lambda s, x: t.retract_study(s, x, "ruth", "other", "Why."))],
}
TO_REPORT: dict[ReportState, list[tuple[Actor, Move]]] = {
    ReportState.SIGN_PENDING: [(Actor.NODE, lambda s, x: t.await_signature(s, x, "Why."))],
    ReportState.SIGNED: [(Actor.NODE, lambda s, x: t.sign_report(s, x, "ruth", "Text."))],
    ReportState.REFUSED: [(Actor.NODE, lambda s, x: t.refuse_report(s, x, "Why."))],
    ReportState.REJECTED: [(Actor.NODE, lambda s, x: t.reject_report(s, x, "Why.", "ruth"))],
    ReportState.PRELIMINARY: [(Actor.NODE, lambda s, x: t.make_preliminary(s, x, "ruth"))],
    ReportState.SUPERSEDED: [
        (actor, lambda s, x, a=actor: t.supersede_report(s, x, a)) for actor in (Actor.NODE, Actor.ENGINE)
    ],
}
TO_DELIVERY: dict[DeliveryState, list[tuple[Actor, Move]]] = {
    DeliveryState.QUEUED: [(Actor.NODE, lambda s, x: t.requeue_delivery(s, x, "Why."))],
    DeliveryState.HELD: [(Actor.NODE, lambda s, x: t.hold_delivery(s, x, "Why."))],
    DeliveryState.SENDING: [(Actor.NODE, t.begin_sending)],
    DeliveryState.STORED: [(Actor.NODE, t.store_delivery)],
    DeliveryState.CONFIRMED: [(Actor.NODE, lambda s, x: t.confirm_delivery(s, x, "find"))],
    DeliveryState.DEAD: [(Actor.NODE, lambda s, x: t.bury_delivery(s, x, "Why."))],
    DeliveryState.IDENTIFYING: [(Actor.NODE, lambda s, x: t.withhold_delivery(s, x, "Why."))],
}
# Giving a report back has one function for several targets: see test_a_refused_request_gives_the_report_back and
# test_a_report_is_sent_back_to_what_it_was.
RETURNED = {
    (ReportState.SIGN_PENDING, target)
    for target in (ReportState.DRAFT, ReportState.WITHHELD, ReportState.PRELIMINARY, ReportState.REJECTED)
} | {
    (ReportState.PRELIMINARY, target)
    for target in (ReportState.DRAFT, ReportState.WITHHELD, ReportState.REJECTED)
}
TABLES: list[tuple[type[Any], Any, Any, Any]] = [
    (Study, StudyState, STUDY_MOVES, TO_STUDY),
    (Report, ReportState, REPORT_MOVES, TO_REPORT),
    (Delivery, DeliveryState, DELIVERY_MOVES, TO_DELIVERY),
]


@pytest.fixture
def rows(db: Database) -> Database:
    """A database with a study, a report and a delivery."""
    study_id = drafted(db)
    document(db, report(db, study_id), "draft", SITE)
    return db


def _audit_rows(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Audit)) or 0


@pytest.mark.parametrize(("model", "states", "moves", "functions"), TABLES)
def test_every_function_moves_as_the_table_says(
    rows: Database, model: type[Any], states: Any, moves: Any, functions: Any
) -> None:
    """From every state: a listed move changes the state and adds one audit row; any other raises and adds none."""
    with rows.write() as session:
        row = session.scalars(select(model)).one()
        for target, ways in functions.items():
            for actor, move in ways:
                for current in states:
                    row.state = current
                    session.flush()
                    before = _audit_rows(session)
                    if actor in moves.get((current, target), ()):
                        move(session, row)
                        assert row.state == target
                        assert _audit_rows(session) == before + 1
                    else:
                        with pytest.raises(TransitionError):
                            move(session, row)
                        assert (row.state, _audit_rows(session)) == (current, before)


@pytest.mark.parametrize(("model", "states", "moves", "functions"), TABLES)
def test_every_listed_move_has_a_function(model: type[Any], states: Any, moves: Any, functions: Any) -> None:
    for (current, target), actors in moves.items():
        if (current, target) in RETURNED:
            continue
        assert {actor for actor, _ in functions[target]} >= actors, (current, target)


@pytest.mark.parametrize("before", ["draft", "withheld", "preliminary", "rejected"])
def test_a_refused_request_gives_the_report_back_as_it_was(rows: Database, before: str) -> None:
    """A withheld or rejected draft must not come back as one that is sent."""
    with rows.write() as session:
        row = session.scalars(select(Report)).one()
        row.state, row.reason = before, "Why it is so."
        count = _audit_rows(session)
        t.await_signature(session, row, "The PACS can't be asked.")
        t.return_report(session, row, "The patient is another one.")
        assert row.state == before
        assert _audit_rows(session) == count + 2
        expected = "Why it is so." if before != "draft" else "The patient is another one."
        assert row.reason == expected


@pytest.mark.parametrize(("reason", "target"), [("", "draft"), ("Too unsure.", "withheld")])
def test_a_report_is_sent_back_to_what_it_was(rows: Database, reason: str, target: str) -> None:
    with rows.write() as session:
        row = session.scalars(select(Report)).one()
        study = session.get_one(Study, row.study_id)
        for current in ReportState:
            row.state, row.reason, row.preliminary_by = current, reason, "rob"
            session.flush()
            count = _audit_rows(session)
            if current is ReportState.PRELIMINARY:
                t.send_back(session, row, study, "ruth", "Which lobe?")
                assert (row.state, row.reason, _audit_rows(session)) == (target, reason, count + 1)
            elif (current, ReportState(target)) not in RETURNED:
                with pytest.raises(TransitionError):
                    t.send_back(session, row, study, "ruth", "Which lobe?")
                assert (row.state, _audit_rows(session)) == (current, count)


@pytest.mark.parametrize("before", list(ReportState))
def test_an_ended_study_leaves_no_draft_behind(rows: Database, before: ReportState) -> None:
    """What could still be read or sent is superseded, with its audit row; what has ended stays as it is."""
    open_states = {current for current, target in REPORT_MOVES if target is ReportState.SUPERSEDED}
    with rows.write() as session:
        row = session.scalars(select(Report)).one()
        row.state = before
        session.flush()
        count = _audit_rows(session)
        t.withdraw_current(session, session.get_one(Study, row.study_id), Actor.ENGINE)
        expected = ReportState.SUPERSEDED if before in open_states else before
        assert (row.state, _audit_rows(session)) == (expected, count + (before in open_states))


def test_an_addendum_clears_the_flag_and_moves_nothing(rows: Database) -> None:
    with rows.write() as session:
        study, row = session.scalars(select(Study)).one(), session.scalars(select(Report)).one()
        study.needs_addendum, before, count = True, (study.state, study.updated_seq), _audit_rows(session)
        t.add_addendum(session, study, row)
        assert (study.needs_addendum, study.state) == (False, before[0])
        assert study.updated_seq > before[1] and _audit_rows(session) == count + 1


def test_every_public_function_is_tried_here() -> None:
    tried = inspect.getsource(inspect.getmodule(test_every_public_function_is_tried_here) or t)
    names = [name for name, _ in inspect.getmembers(t, inspect.isfunction) if not name.startswith("_")]
    own = [name for name in names if getattr(t, name).__module__ == t.__name__ and name != "touch"]
    assert [name for name in own if f"t.{name}" not in tried] == []


def test_nobody_else_assigns_a_state() -> None:
    """Outside transitions and the queue, a state is only given to a new row."""
    store = Path(t.__file__).parent
    for file in [*store.glob("*.py"), store.parent / "reading.py"]:
        if file.name in ("transitions.py", "models.py"):
            continue
        for line in file.read_text().splitlines():
            code = line.strip()
            assert not code.startswith(
                ("report.state =", "study.state =", "row.state =", "delivery.state =")
            ), (
                file.name,
                line,
            )


def test_a_move_touches_the_worklist_row(rows: Database) -> None:
    with rows.write() as session:
        study = session.scalars(select(Study)).one()
        before = study.updated_seq
        t.begin_sending(session, session.scalars(select(Delivery)).one())
        assert study.updated_seq > before


def test_a_renewed_preliminary_report_is_its_authors_again(rows: Database) -> None:
    """No move of its own: it is told beside the one that supersedes the report."""
    with rows.write() as session:
        study = session.scalars(select(Study)).one()
        old = session.scalars(select(Report)).first()
        assert old is not None
        old.preliminary_by = "rob"
        before, count, state = study.updated_seq, _audit_rows(session), study.state
        t.renew_preliminary(session, old, study)
        assert (study.state, study.reason_code) == (state, SENT_BACK) and "rob" in study.reason
        assert study.updated_seq > before and _audit_rows(session) == count + 1


def test_a_kept_document_stays_with_its_delivery(rows: Database) -> None:
    with rows.read() as session:
        delivery = session.scalars(select(Delivery)).one()
        assert session.get_one(Document, delivery.document_id).kind == "draft"
