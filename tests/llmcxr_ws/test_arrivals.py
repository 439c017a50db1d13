"""The listener's way into the index leaves the same rows as the general one, on both databases."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from llmcxr_ws.domain import Arrival, Identity, Recorded
from llmcxr_ws.errors import StoreError
from llmcxr_ws.store import audit, studies
from llmcxr_ws.store.arrivals import Arrivals
from llmcxr_ws.store.database import Database, newest_revision
from llmcxr_ws.store.models import Base, Document, Instance, Study
from tests.llmcxr_ws.world import arrival, document, draft, instance_uid, report, settle, state

_OWN_TO_EACH = {
    "id", "study_id", "study_instance_uid", "sop_instance_uid", "series_instance_uid", "path", "sha256",
    "received_at", "last_instance_at", "updated_seq", "accession_number",
}  # fmt: skip


def _values(db: Database, table: type[Base], study: int) -> list[dict[str, object]]:
    with db.read() as session:
        rows = session.scalars(select(table).order_by(table.id)).all()  # type: ignore[attr-defined]
        return [
            {name: getattr(row, name) for name in table.__table__.columns.keys() if name not in _OWN_TO_EACH}  # noqa: SIM118
            for row in rows
            if (row.study_id if table is Instance else row.id) == study  # type: ignore[attr-defined]
        ]


@pytest.fixture
def arrivals(db: Database) -> object:
    """The listener's writer."""
    made = Arrivals(db)
    yield made
    made.close()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"identity": Identity("", "", "Müller^Jörg\x00山", "", "", "")},
        {"facts": {"view": "PA", "rows": 12, "image_type": ["A", "B"]}, "study_description": "x" * 256},
    ],
)
def test_the_same_rows(db: Database, arrivals: Arrivals, changes: dict[str, object]) -> None:
    made: list[Recorded] = []
    for study, record in ((1, arrivals.record), (2, lambda one: studies.record_arrival(db, one))):
        made += [record(replace(arrival(study, n), **changes)) for n in (1, 2, 3)]  # type: ignore[arg-type]
    fast, general = made[0].study_id, made[3].study_id
    assert [one.new for one in made] == [True] * 6
    for table, count in ((Study, 1), (Instance, 3)):
        assert _values(db, table, fast) == _values(db, table, general)
        assert len(_values(db, table, fast)) == count
    assert audit.verify(db) == (6, None)
    with db.read() as session:
        sequence = session.scalars(select(Study.updated_seq).order_by(Study.id)).all()
        moved = session.scalars(select(Study).order_by(Study.id)).first()
        assert moved is not None and moved.last_instance_at >= moved.received_at
    assert sequence == [3, 6]


def test_what_is_known_and_what_is_ours(db: Database, arrivals: Arrivals) -> None:
    assert arrivals.look_up("1.2.3") == arrivals.look_up("1.2.4")
    study = arrivals.record(arrival()).study_id
    known = arrivals.look_up(instance_uid(1, 1))
    assert (
        known.instance is not None and known.instance.path == "received/01/1.dcm" and not known.own_document
    )
    settle(db, study)
    draft(db)
    document(db, report(db, study), "draft")
    with db.read() as session:
        own = session.scalars(select(Document.sop_instance_uid)).first()
    assert own is not None and arrivals.look_up(own).own_document


def test_a_settled_study_is_opened_again(db: Database, arrivals: Arrivals) -> None:
    study = arrivals.record(arrival()).study_id
    settle(db, study)
    assert arrivals.record(arrival(n=2)) == Recorded(study_id=study, new=True)
    assert state(db, study) == "receiving"
    assert audit.verify(db)[1] is None


def test_a_defective_instance_and_the_sound_one_after_it(db: Database, arrivals: Arrivals) -> None:
    defective = arrival(defect="Cut.", path="quarantine/ab/1.dcm", sha256="")
    assert arrivals.record(defective).new
    assert arrivals.record(arrival(sha256="")).new
    known = arrivals.look_up(instance_uid(1, 1)).instance
    assert known is not None and (known.defect, known.path) == ("", "received/01/1.dcm")


def test_many_at_once_and_one_that_cannot_be_written(db: Database, arrivals: Arrivals) -> None:
    """Batches are formed as they come; what the database refuses of one sender is no other's loss."""
    refused: list[StoreError] = []

    def send(sender: int) -> None:
        for n in range(20):
            one: Arrival = arrival(sender % 3 + 1, 100 * sender + n)
            if (sender, n) == (5, 7):
                one = replace(one, study_description="x" * 257, study_instance_uid="1.2.99")
            try:
                arrivals.record(one)
            except StoreError as error:
                refused.append(error)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and "257 characters" in refused[0].message
    assert sum(row.instances for row in studies.worklist(db)) == 119
    assert audit.verify(db) == (119, None)


def test_nobody_waits_for_a_commit_to_look_something_up(db: Database, arrivals: Arrivals) -> None:
    """Another process may hold the writer's place for seconds."""
    known = arrivals.record(arrival(1, 1)).study_id
    with ThreadPoolExecutor(1) as other:
        with db.write():
            waiting = other.submit(arrivals.record, arrival(1, 2))
            while not arrivals._writing.is_busy:
                time.sleep(0.001)
            assert arrivals.look_up(instance_uid(1, 1)).instance is not None
            assert not waiting.done()
        assert waiting.result().study_id == known


def test_a_broken_connection_is_not_used_again(db: Database, arrivals: Arrivals) -> None:
    arrivals.record(arrival(1, 1))
    kept = arrivals._writing._connection
    assert kept is not None
    raw = kept.connection.dbapi_connection
    assert raw is not None
    raw.close()
    with pytest.raises((StoreError, SQLAlchemyError)):
        arrivals.record(arrival(1, 2))
    assert arrivals.record(arrival(1, 3)).new
    assert audit.verify(db) == (2, None)


def test_hashes_come_later(db: Database, arrivals: Arrivals) -> None:
    study = arrivals.record(arrival(sha256="")).study_id
    studies.note_hashes(db, {instance_uid(1, 1): "a" * 64})
    studies.note_hashes(db, {instance_uid(1, 1): "b" * 64})
    assert [row.sha256 for row in studies.instances_of(db, study)] == ["a" * 64]


def test_the_newest_revision_is_alembic_s(db: Database) -> None:
    from alembic.script import ScriptDirectory

    from llmcxr_ws.store.database import alembic_config

    assert newest_revision() == ScriptDirectory.from_config(alembic_config(db.url)).get_current_head()
