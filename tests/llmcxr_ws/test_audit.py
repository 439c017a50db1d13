"""The audit trail: whatever is changed or removed behind its back is found, at either end and between."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from llmcxr_ws.store import audit
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import Person, drafted, execute, sign


@pytest.fixture
def five(db: Database) -> Database:
    for n in range(5):
        with db.write() as session:
            audit.append(session, actor="node", event="test", study_id=n, number=n, word="Ä")
    return db


def test_a_whole_trail(five: Database) -> None:
    assert audit.verify(five) == (5, None)


def test_an_empty_trail(db: Database) -> None:
    assert audit.verify(db) == (0, None)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'window'",
        "event = 'nothing'",
        "study_id = NULL",
        "detail = '{}'",
        "at = '2020-01-01'",
        "hash = previous",
        "previous = hash",
    ],
)
@pytest.mark.parametrize("row", [1, 3, 5])
def test_a_changed_row_is_found(five: Database, change: str, row: int) -> None:
    execute(five, f"UPDATE audit SET {change} WHERE id = {row}")
    assert audit.verify(five)[1] == row


@pytest.mark.parametrize("row", [1, 3, 5])
def test_a_removed_row_is_found(five: Database, row: int) -> None:
    execute(five, f"DELETE FROM audit WHERE id = {row}")
    assert audit.verify(five)[1] == row


def test_a_removed_trail_is_found(five: Database) -> None:
    execute(five, "DELETE FROM audit")
    assert audit.verify(five) == (0, 1)


def test_a_cut_end_is_found_after_new_rows_too(five: Database) -> None:
    execute(five, "DELETE FROM audit WHERE id > 3")
    with five.write() as session:
        audit.append(session, actor="node", event="later")
    assert audit.verify(five)[1] == 4


def test_a_row_put_in_between_is_found(five: Database) -> None:
    execute(
        five,
        "INSERT INTO audit (id, at, actor, event, detail, previous, hash) "
        "SELECT 6, at, actor, event, detail, hash, hash FROM audit WHERE id = 5",
    )
    assert audit.verify(five)[1] == 6


def test_a_rolled_back_transaction_leaves_no_row_and_no_gap(five: Database) -> None:
    with pytest.raises(ZeroDivisionError), five.write() as session:
        audit.append(session, actor="node", event="lost")
        raise ZeroDivisionError
    with five.write() as session:
        audit.append(session, actor="node", event="kept")
    assert audit.verify(five) == (6, None)


def test_a_whole_study_leaves_a_whole_trail_without_patient_data(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    count, broken = audit.verify(db)
    assert count > 8 and broken is None
    with db.read() as session:
        said = "\n".join(str(row) for row in session.execute(text("SELECT * FROM audit")))
        details = session.execute(text("SELECT detail FROM audit")).scalars().all()
    assert all(isinstance(json.loads(detail), dict) for detail in details)
    for secret in ("Doe", "P-1", "19700101", "ACC-1", "2.25."):
        assert secret not in said
