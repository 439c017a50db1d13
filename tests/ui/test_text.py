"""Names, dates and ages as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from llmcxr_ws.domain import Identity
from ui.text import age_at, dicom_date, dicom_time, patient_line, percent, person_name, since


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("DOE^JANE", "DOE, JANE"),
        ("Doe^Jane^Mary^Dr.^MD", "Dr. Doe, Jane Mary"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田, 太郎, やまだ, たろう)"),
        ("=山田^太郎", "山田, 太郎"),
        ("DOE", "DOE"),
        ("^JANE", "JANE"),
        ("^^^^", "(no name)"),
        ("", "(no name)"),
    ],
)
def test_person_names(written: str, read: str) -> None:
    assert person_name(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [("20261102", "2026-11-02"), ("1974.01.01", "1974-01-01"), ("2026", "2026"), ("20261399", "20261399")],
)
def test_dates_that_are_none_stand_as_they_are(written: str, read: str) -> None:
    assert dicom_date(written) == read


@pytest.mark.parametrize(("written", "read"), [("0930", "09:30"), ("093015.5", "09:30"), ("9", ""), ("", "")])
def test_times(written: str, read: str) -> None:
    assert dicom_time(written) == read


@pytest.mark.parametrize(
    ("born", "seen", "age"),
    [
        ("19740102", "20261102", "52 y"),
        ("19741103", "20261102", "51 y"),
        ("20250601", "20261102", "17 mo"),
        ("20261103", "20261102", ""),
        ("", "20261102", ""),
    ],
)
def test_ages(born: str, seen: str, age: str) -> None:
    assert age_at(born, seen) == age


def test_only_what_is_known_is_said_of_a_patient() -> None:
    assert patient_line(Identity(), "20261102") == ""
    known = Identity(patient_id="7", patient_birth_date="19740101", patient_sex="F")
    assert patient_line(known, "20261102") == "female · 52 y · born 1974-01-01 · ID 7"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "now"), (30, "now"), (61, "1 min"), (7200, "2 h"), (200_000, "2 d")]
)
def test_how_long_ago(seconds: float, words: str) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert since(now - timedelta(seconds=seconds), now) == words


def test_percent_of_nothing_is_a_dash() -> None:
    assert (percent(None), percent(0.714)) == ("–", "71 %")
