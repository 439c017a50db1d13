"""The outbox: tries, unknown outcomes, storage commitment, and what follows for the study."""

from __future__ import annotations

import pytest

from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import StoreError, TransitionError
from llmcxr_ws.site import parse_site
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries, outgoing, reports, supervision
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report
from tests.llmcxr_ws.world import (
    SITE,
    Person,
    document,
    document_facts,
    drafted,
    due_now,
    execute,
    report,
    sign,
    state,
)


@pytest.fixture
def signed(db: Database, reader: Person) -> tuple[int, DeliveryRow, DeliveryRow]:
    """A signed study with its required delivery to the PACS and the optional one to the archive."""
    study_id = drafted(db)
    pacs, archive = sign(db, reader, study_id)
    assert (pacs.peer, pacs.required, archive.peer, archive.required) == ("pacs", True, "archive", False)
    return study_id, pacs, archive


def now(db: Database, row: DeliveryRow) -> DeliveryRow:
    return next(one for one in deliveries.deliveries_of(db, row.study_id) if one.id == row.id)


def send(db: Database, row: DeliveryRow) -> None:
    deliveries.begin(db, row.id)
    deliveries.stored(db, row.id)


def fail(db: Database, row: DeliveryRow, *, unknown: bool = False, most: int = 9, pause_s: float = 0) -> bool:
    deliveries.begin(db, row.id)
    return deliveries.failed(
        db, row.id, message="It is down.", pause_s=pause_s, unknown=unknown, max_attempts=most
    )


def test_the_way_to_confirmed(db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]) -> None:
    study_id, pacs, archive = signed
    assert [row.id for row in deliveries.due_deliveries(db)] == [pacs.id, archive.id]
    deliveries.begin(db, pacs.id)
    assert (now(db, pacs).state, now(db, pacs).attempts) == ("sending", 1)
    deliveries.stored(db, pacs.id)
    assert now(db, pacs).stored_at is not None
    assert [row.id for row in deliveries.unconfirmed(db)] == [pacs.id]
    assert state(db, study_id) == "signed"
    deliveries.confirm(db, pacs.id, by="find")
    assert (now(db, pacs).state, state(db, study_id)) == ("confirmed", "confirmed")


def test_the_study_waits_for_every_required_delivery(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    study_id, pacs, archive = signed
    execute(db, "UPDATE delivery SET required = true")
    for row, after in ((archive, "signed"), (pacs, "confirmed")):
        send(db, row)
        deliveries.confirm(db, row.id, by="commitment")
        assert state(db, study_id) == after


def test_an_optional_delivery_confirms_nothing(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    study_id, _, archive = signed
    send(db, archive)
    deliveries.confirm(db, archive.id, by="find")
    assert state(db, study_id) == "signed"


def test_a_failed_try_waits_and_the_last_one_is_dead(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    study_id, pacs, _ = signed
    assert fail(db, pacs, most=2, pause_s=60)
    assert (now(db, pacs).state, now(db, pacs).message) == ("queued", "It is down.")
    assert pacs.id not in [row.id for row in deliveries.due_deliveries(db)], "sent in its pause"
    due_now(db, "delivery")
    assert not fail(db, pacs, most=2)
    assert (now(db, pacs).state, now(db, pacs).attempts) == ("dead", 2)
    assert [row.id for row in deliveries.dead_deliveries(db)] == [pacs.id]
    assert state(db, study_id) == "signed"


def test_a_dead_delivery_is_sent_again_on_request(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, archive = signed
    fail(db, pacs, most=1)
    with db.write() as session:
        deliveries.resend(session, pacs.id)
    assert (now(db, pacs).state, now(db, pacs).attempts) == ("queued", 0)
    for _ in range(2):  # neither a waiting one nor one that is being sent
        with (
            pytest.raises(StoreError, match="Only a dead, held, withheld or confirmed one"),
            db.write() as session,
        ):
            deliveries.resend(session, archive.id)
        if now(db, archive).state == DeliveryState.QUEUED:
            deliveries.begin(db, archive.id)


def test_what_its_peer_has_lost_is_sent_again_and_confirmed_anew(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    study_id, pacs, archive = signed
    for row in (pacs, archive):
        deliveries.begin(db, row.id)
        deliveries.stored(db, row.id)
        deliveries.confirm(db, row.id, by="find")
    assert state(db, study_id) == "confirmed"
    with db.write() as session:
        deliveries.resend(session, pacs.id)
    assert (now(db, pacs).state, now(db, pacs).outcome_unknown) == ("queued", True)  # the peer is asked first
    assert state(db, study_id) == "signed"
    deliveries.begin(db, pacs.id)
    deliveries.stored(db, pacs.id)
    deliveries.confirm(db, pacs.id, by="find")
    assert state(db, study_id) == "confirmed"


def test_an_unknown_outcome_is_remembered_until_it_is_known(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, _ = signed
    fail(db, pacs, unknown=True)
    assert now(db, pacs).outcome_unknown
    fail(db, pacs)
    assert now(db, pacs).outcome_unknown, "a later failure says nothing about the earlier try"
    send(db, pacs)
    assert not now(db, pacs).outcome_unknown


def test_not_arrived_clears_the_unknown_outcome(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, _ = signed
    fail(db, pacs, unknown=True)
    deliveries.not_arrived(db, pacs.id)
    assert not now(db, pacs).outcome_unknown


def test_a_node_that_died_while_sending_tries_again(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, archive = signed
    deliveries.begin(db, pacs.id)
    assert deliveries.requeue_interrupted(db) == 1
    row = now(db, pacs)
    assert (row.state, row.outcome_unknown, row.attempts) == ("queued", True, 1)
    assert not now(db, archive).outcome_unknown
    assert deliveries.requeue_interrupted(db) == 0


def test_begin_refuses_what_is_not_queued(db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]) -> None:
    _, pacs, _ = signed
    deliveries.begin(db, pacs.id)
    with pytest.raises(TransitionError):
        deliveries.begin(db, pacs.id)
    with pytest.raises(StoreError, match="no delivery with id 999"):
        deliveries.begin(db, 999)
    assert now(db, pacs).attempts == 1


def test_a_refused_delivery_is_dead_with_its_reason(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, _ = signed
    deliveries.refused(db, pacs.id, message="SOP class not supported.")
    assert (now(db, pacs).state, now(db, pacs).message) == ("dead", "SOP class not supported.")


def test_what_the_gate_found_stays_with_the_delivery_until_it_is_sent_again(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, _ = signed
    found = ("StudyID differs between the document and its source instances.", "Modality is missing.")
    deliveries.refused(db, pacs.id, message="The document wasn't sent.", faults=found)
    assert now(db, pacs).faults == found
    assert {row.id: row.faults for row in supervision.open_deliveries(db)}[pacs.id] == found
    with db.write() as session:
        deliveries.resend(session, pacs.id)
    assert now(db, pacs).faults == ()


def test_storage_commitment(db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]) -> None:
    _, pacs, archive = signed
    for row in (pacs, archive):
        send(db, row)
    deliveries.note_commitment_asked(db, [pacs.id], "2.25.7")
    assert now(db, pacs).commitment_asked_at is not None
    assert deliveries.commitment_result(db, now(db, pacs)) == (False, None)
    deliveries.record_commitment(db, "2.25.7", [], {pacs.sop_instance_uid: 0x0112})
    assert deliveries.commitment_result(db, now(db, pacs)) == (True, 0x0112)
    deliveries.record_commitment(db, "2.25.7", [pacs.sop_instance_uid], {})
    assert deliveries.commitment_result(db, now(db, pacs)) == (True, None), "the last answer counts"
    assert deliveries.commitment_result(db, now(db, archive)) == (False, None)


def test_what_a_peer_has_lost_is_sent_and_asked_for_anew(
    db: Database, signed: tuple[int, DeliveryRow, DeliveryRow]
) -> None:
    _, pacs, _ = signed
    send(db, pacs)
    deliveries.note_commitment_asked(db, [pacs.id], "2.25.7")
    deliveries.record_commitment(db, "2.25.7", [], {pacs.sop_instance_uid: 0x0112})
    deliveries.lost_by_peer(db, pacs.id, message="It doesn't hold it.")
    assert (now(db, pacs).state, now(db, pacs).transaction_uid) == ("queued", "")
    send(db, pacs)
    row = now(db, pacs)
    assert row.commitment_asked_at is None
    assert deliveries.commitment_result(db, row) == (False, None), "the old answer is about the lost copy"


def test_a_draft_goes_only_where_drafts_go(db: Database) -> None:
    (row,) = document(db, report(db, drafted(db)), "draft")
    assert (row.peer, row.kind, row.required) == ("pacs", "draft", True)
    assert document(db, report(db, drafted(db, 2)), "draft", parse_site("")) == []


def test_drafts_that_have_not_left_are_held_after_the_signature(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (row,) = document(db, report(db, study_id), "draft")
    sign(db, reader, study_id)
    assert now(db, row).state == "held"
    assert row.id not in [one.id for one in deliveries.due_deliveries(db)]
    with pytest.raises(StoreError, match="moved on"), db.write() as session:
        deliveries.resend(session, row.id)
    assert now(db, row).state == "held"


def test_a_draft_of_unknown_outcome_stays_queued_until_that_is_known(db: Database) -> None:
    study_id = drafted(db)
    (row,) = document(db, report(db, study_id), "draft")
    fail(db, row, unknown=True)
    with db.write() as session:
        deliveries.hold_drafts(session, report(db, study_id).id, "Why.")
    assert now(db, row).state == "queued"
    deliveries.not_arrived(db, row.id)
    with db.write() as session:
        deliveries.hold_drafts(session, report(db, study_id).id, "Why.")
    assert (now(db, row).state, now(db, row).message) == ("held", "Why.")


def noted(db: Database, withdrawn: DeliveryRow) -> list[str]:
    """Plan the note that withdraws a document, and tell where it goes."""
    with db.write() as session:
        outgoing.plan_note(session, "rejection", reports.document_by_id(db, withdrawn.document_id))
    return [one.peer for one in deliveries.unbuilt(db) if one.kind == "rejection"]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_rejection_note_follows_its_draft(db: Database, arrived: bool) -> None:
    study_id = drafted(db)
    (row,) = document(db, report(db, study_id), "draft")
    if arrived:
        send(db, row)
    assert noted(db, row) == (["pacs"] if arrived else [])


def test_a_rejection_note_follows_a_draft_that_may_have_arrived(db: Database) -> None:
    study_id = drafted(db)
    (row,) = document(db, report(db, study_id), "draft")
    assert not fail(db, row, unknown=True, most=1)
    assert noted(db, row) == ["pacs"]


def test_the_predecessor_is_a_draft_that_a_peer_holds(db: Database) -> None:
    study_id = drafted(db)
    (row,) = document(db, report(db, study_id), "draft")
    for step, on_its_way, held in (
        (lambda: None, False, False),
        (lambda: deliveries.begin(db, row.id), True, False),
        (lambda: deliveries.stored(db, row.id), False, True),
        (lambda: deliveries.confirm(db, row.id, by="find"), False, True),
    ):
        step()
        with db.read() as session:
            current = report(db, study_id)
            assert deliveries.draft_on_its_way(session, current) is on_its_way
            assert (deliveries.sent_draft(session, current) is not None) is held
    assert state(db, study_id) == "drafted", "a confirmed draft confirms no study"


def test_two_rules_for_the_same_document_and_peer_never_come_here() -> None:
    """They would break the signature's transaction; the validator refuses them."""
    rule = '[[output]]\ndocument = "signed"\nto = "pacs"\n'
    peer = '[[peer]]\nname = "pacs"\nae_title = "A"\nhost = "h"\nport = 1\n'
    with pytest.raises(Exception, match="Two output rules send 'signed' to 'pacs'"):
        parse_site(peer + rule + rule)


def test_a_document_is_recorded_once(db: Database) -> None:
    """Its SOP Instance UID is unique, so a second one can't take its place unnoticed."""
    row = report(db, drafted(db))
    document(db, row, "signed", SITE)
    with pytest.raises(Exception, match=r"(?i)unique"), db.write() as session:
        reports.record_document(
            session, session.get_one(Report, row.id), kind="signed", **document_facts(row.id, "signed")
        )
    assert len(reports.documents_of(db, row.study_id)) == 1
