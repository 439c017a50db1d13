"""What may leave now, and before what: order within a study, holds, dead letters, a destination that is down."""

from __future__ import annotations

import pytest

from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries, sending
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.test_addenda import ask, begin, complete
from tests.llmcxr_ws.world import Person, document, drafted, due_now, execute, report, sign


@pytest.fixture
def chain(db: Database, reader: Person) -> tuple[DeliveryRow, DeliveryRow]:
    """A signed report and an addendum to it, both for the PACS."""
    study_id = drafted(db)
    [signed] = [row for row in sign(db, reader, study_id) if row.peer == "pacs"]
    assert complete(db, ask(db, reader, study_id, begin(db, study_id)))
    rows = deliveries.deliveries_of(db, study_id)
    [addendum] = [row for row in rows if (row.kind, row.peer) == ("addendum", "pacs")]
    return signed, addendum


def due(db: Database, peer: str = "pacs") -> list[int]:
    return [row.id for row in sending.due_for(db, peer, 100)]


def state(db: Database, row: DeliveryRow) -> tuple[str, int]:
    now = next(one for one in deliveries.deliveries_of(db, row.study_id) if one.id == row.id)
    return str(now.state), now.attempts


def try_in_vain(db: Database, row: DeliveryRow, pause_s: float = 60) -> None:
    assert sending.begin_all(db, [row.id]) == {row.id}
    deliveries.failed(db, row.id, message="No.", pause_s=pause_s, unknown=False, max_attempts=9)


def test_the_report_goes_before_its_addendum(db: Database, chain: tuple[DeliveryRow, DeliveryRow]) -> None:
    signed, addendum = chain
    assert due(db) == [signed.id, addendum.id]  # in this order, and the second only when the first is there
    assert sending.begin_all(db, [signed.id, addendum.id]) == {signed.id}
    assert due(db) == [] and sending.begin_all(db, [addendum.id]) == set()
    sending.stored_all(db, [signed.id])
    assert due(db) == [addendum.id]


def test_an_addendum_waits_while_its_report_waits_for_the_next_try(
    db: Database, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, addendum = chain
    try_in_vain(db, signed)
    assert due(db) == []
    assert addendum.id not in due(db)
    due_now(db, "delivery")
    assert due(db) == [signed.id, addendum.id]


def test_an_addendum_waits_for_a_report_that_a_person_holds(
    db: Database, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, addendum = chain
    with db.write() as session:
        deliveries.hold(session, signed.id, by="ada")
    assert due(db) == []
    with db.write() as session:
        deliveries.resend(session, signed.id)  # released
    assert due(db) == [signed.id, addendum.id]


def test_an_addendum_waits_for_a_dead_report_and_goes_after_its_resend(
    db: Database, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, addendum = chain
    deliveries.refused(db, signed.id, message="No.")
    assert due(db) == []
    with db.write() as session:
        deliveries.resend(session, signed.id)
    sending.begin_all(db, [signed.id])
    sending.stored_all(db, [signed.id])
    assert due(db) == [addendum.id]


def test_other_destinations_and_studies_wait_for_nothing(
    db: Database, reader: Person, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, _ = chain
    try_in_vain(db, signed)
    [to_archive] = [
        row
        for row in deliveries.deliveries_of(db, signed.study_id)
        if (row.kind, row.peer) == ("signed", "archive")
    ]
    assert due(db, "archive")[0] == to_archive.id
    [other] = [row for row in sign(db, reader, drafted(db, study=2)) if row.peer == "pacs"]
    assert due(db) == [other.id]
    assert sending.destinations_due(db) == ["archive", "pacs"]


def test_a_result_beside_the_report_holds_nothing_back_and_isnt_held_back(
    db: Database, reader: Person
) -> None:
    study_id = drafted(db)
    rows = {row.kind: row for row in document(db, report(db, study_id), "draft")}
    execute(
        db, "UPDATE document SET kind = 'findings', stage = '' WHERE id = :id", id=rows["draft"].document_id
    )
    try_in_vain(db, rows["draft"])
    [signed] = [row for row in sign(db, reader, study_id) if row.peer == "pacs"]
    assert due(db) == [signed.id]
    try_in_vain(db, signed)
    execute(db, "UPDATE delivery SET run_after = '2000-01-01' WHERE id = :id", id=rows["draft"].id)
    assert due(db) == [rows["draft"].id]


def test_what_was_held_or_withdrawn_meanwhile_isnt_begun(
    db: Database, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, _ = chain
    with db.write() as session:
        deliveries.hold(session, signed.id, by="ada")
    assert sending.begin_all(db, [signed.id]) == set()
    assert state(db, signed) == (DeliveryState.HELD, 0)


def test_what_the_association_ended_before_had_no_try(
    db: Database, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, _ = chain
    sending.begin_all(db, [signed.id])
    assert state(db, signed) == (DeliveryState.SENDING, 1)
    assert [row.id for row in sending.being_sent_to(db, "pacs")] == [signed.id]
    sending.put_back(db, [signed.id], "The association ended before its turn.")
    assert state(db, signed) == (DeliveryState.QUEUED, 0)
    assert due(db)[0] == signed.id


def test_a_destination_that_is_down_is_tried_for_one_and_all_come_back(
    db: Database, reader: Person, chain: tuple[DeliveryRow, DeliveryRow]
) -> None:
    signed, addendum = chain
    [other] = [row for row in sign(db, reader, drafted(db, study=2)) if row.peer == "pacs"]
    sending.postpone(db, "pacs", 60)
    assert due(db) == [] and due(db, "archive") != []
    assert state(db, other) == (DeliveryState.QUEUED, 0)
    with db.write() as session:
        deliveries.hasten(session, other.id)  # a person tries it now
    assert due(db) == [other.id]
    sending.hasten_all(db, "pacs")
    assert due(db) == [signed.id, addendum.id, other.id]
