"""Which other studies are the same patient's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from llmcxr_ws import reading
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import JANE, arrive


def arrive_as(db: Database, study: int, date: str = "20260501", **identity: Any) -> int:
    """A study of Jane's, with what is different about her."""
    return arrive(db, study, identity=replace(JANE, **identity), study_date=date)


def found(db: Database, study_id: int) -> list[int]:
    return [other.study.id for other in reading.other_studies(db, study_id)]


def test_the_latest_comes_first_and_brings_its_films(db: Database) -> None:
    now = arrive_as(db, 1, "20261102")
    old, older = arrive_as(db, 2, "20260501"), arrive_as(db, 3, "20240101")
    arrive(db, 2, 2, identity=JANE)
    later = arrive_as(db, 4, "20261201")
    assert found(db, now) == [later, old, older]
    assert [len(other.instances) for other in reading.other_studies(db, now)] == [1, 2, 1]
    assert found(db, old) == [later, now, older]


@pytest.mark.parametrize(
    "identity",
    [
        {"patient_id": "P-2"},
        {"patient_id": "p-1"},
        {"issuer_of_patient_id": "ELSEWHERE"},
        {"patient_birth_date": "19700102"},
        {"patient_sex": "M"},
        {"patient_name": "Roe^Jane", "patient_birth_date": ""},
    ],
)
def test_somebody_elses_study_is_never_offered(db: Database, identity: dict[str, str]) -> None:
    now = arrive_as(db, 1)
    arrive_as(db, 2, **identity)
    assert found(db, now) == []


@pytest.mark.parametrize(
    "identity",
    [
        {"issuer_of_patient_id": ""},
        {"patient_birth_date": ""},
        {"patient_sex": ""},
        {"accession_number": "ELSE"},
        {"patient_name": "Doe^Jane^^"},
    ],
)
def test_what_a_header_leaves_out_speaks_against_nobody(db: Database, identity: dict[str, str]) -> None:
    now = arrive_as(db, 1)
    other = arrive_as(db, 2, **identity)
    assert found(db, now) == [other]
    assert not reading.other_studies(db, now)[0].has_other_name


def test_another_name_is_said_where_the_birth_date_agrees(db: Database) -> None:
    now = arrive_as(db, 1)
    other = arrive_as(db, 2, patient_name="Roe^Jane")
    assert found(db, now) == [other]
    assert reading.other_studies(db, now)[0].has_other_name


def test_without_a_patient_id_there_is_no_other_study(db: Database) -> None:
    now = arrive_as(db, 1, patient_id="")
    arrive_as(db, 2, patient_id="")
    assert found(db, now) == []


def test_twenty_at_most(db: Database) -> None:
    now = arrive_as(db, 1)
    for study in range(2, 26):
        arrive_as(db, study, date=f"2025{study % 12 + 1:02}01")
    assert len(found(db, now)) == 20
