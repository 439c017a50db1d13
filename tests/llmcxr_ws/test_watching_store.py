"""What metrics and audit messages read of the store, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from llmcxr_ws.store import audit, deliveries, services, watching
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import AI_TEXT, Person, arrive, drafted, execute, sign


def test_an_empty_store_waits_for_nothing(db: Database) -> None:
    found = watching.backlog(db)
    assert set(found.studies) >= {"receiving", "confirmed"} and found.jobs == found.deliveries == {}
    assert {waiting.count for waiting in found.studies.values()} == {0}
    assert (found.requests.count, watching.last_event(db), watching.last_report(db)) == (0, 0, 0)


def test_what_waits_is_counted_with_its_age(db: Database, reader: Person) -> None:
    study = drafted(db)
    arrive(db, study=2)
    pacs, _ = sign(db, reader, study)
    deliveries.begin(db, pacs.id)
    found = watching.backlog(db)
    assert found.studies["receiving"].count == 1 and found.studies["receiving"].oldest_s >= 0
    assert found.deliveries["pacs", "sending"].count == 1
    assert found.deliveries["archive", "queued"].count == 1


def test_the_trail_is_read_on_from_where_one_was(db: Database) -> None:
    arrive(db)
    last = watching.last_event(db)
    audit.note(db, actor="node", event="association.rejected", calling="WHO", count=3)
    [row] = watching.events_after(db, last)
    assert (row.event, row.actor, row.study_id, row.detail["count"]) == (
        "association.rejected",
        "node",
        None,
        3,
    )
    assert abs((datetime.now(UTC) - row.at).total_seconds()) < 60
    assert watching.events_after(db, row.id) == []
    assert len(watching.events_after(db, 0, limit=1)) == 1
    assert audit.verify(db)[1] is None


def test_drafts_have_their_seconds(db: Database) -> None:
    drafted(db)
    [(number, seconds)] = watching.drafts_after(db, 0)
    assert number == watching.last_report(db) and seconds is not None
    execute(db, "UPDATE report SET model_name = ''")
    assert watching.drafts_after(db, 0) == [(number, None)]
    assert watching.drafts_after(db, number) == []


def test_the_first_confirmation_alone_is_timed(db: Database, reader: Person) -> None:
    study = drafted(db)
    pacs, _ = sign(db, reader, study)
    deliveries.begin(db, pacs.id)
    deliveries.stored(db, pacs.id)
    deliveries.confirm(db, pacs.id, by="find")
    confirmed = [row for row in watching.events_after(db, 0) if row.event == "study.confirmed"]
    seconds = watching.signed_to_confirmed(db, confirmed[0])
    assert seconds is not None and 0 <= seconds < 60
    audit.note(db, actor="node", event="study.confirmed", study_id=study)
    again = watching.events_after(db, confirmed[0].id)[-1]
    assert watching.signed_to_confirmed(db, again) is None


def test_the_subject_of_a_message(db: Database, reader: Person) -> None:
    study = drafted(db)
    pacs, _ = sign(db, reader, study)
    subject = watching.subject_of(db, study, (pacs.id,))
    assert subject is not None and subject.patient_id == "P-1" and subject.issuer_of_patient_id == "HOSPITAL"
    assert [count for _, count in subject.sop_classes] == [1]
    assert AI_TEXT not in str(subject)
    assert watching.subject_of(db, 999) is None


def test_a_service_tells_what_it_counted(db: Database) -> None:
    name = services.register(db, "listener", {"port": 1})
    services.seen(db, name)
    assert services.running(db)[0].detail == {"port": 1}
    assert services.beat(db, name, {"port": 1, "tally": {"open": 2}})
    assert services.running(db)[0].detail["tally"] == {"open": 2}
    assert abs((services.now(db) - datetime.now(UTC)).total_seconds()) < 5


def test_notes_are_links_of_the_chain(db: Database) -> None:
    for number in range(3):
        audit.note(db, actor="node", event="user.logged_in", number=number)
    assert audit.verify(db) == (3, None)
