"""Reader first: the own impression is kept once, both it and the showing of the draft are logged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from llmcxr_ws import reading
from llmcxr_ws.errors import StoreError
from llmcxr_ws.identity import text_sha256
from llmcxr_ws.store import audit, studies
from llmcxr_ws.store.models import Audit
from tests.ui.homes import House, house


def events(home: House) -> list[tuple[str, str, dict[str, object]]]:
    with home.workplace.db.read() as session:
        rows = session.scalars(select(Audit).order_by(Audit.id))
        return [(row.event, row.actor, json.loads(row.detail)) for row in rows]


def test_a_first_reading_is_kept_once_and_both_are_logged(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        db = home.workplace.db
        study = home.drafted("DEMO0001.dcm", "Clear lungs.")
        report = studies.study_row(db, study).report_id
        assert report is not None
        reading.unlock_draft(db, report, user="anna", text="A nodule.  \n")
        reading.unlock_draft(db, report, user="anna", text="Something else.")
        reading.unlock_draft(db, report, user="ben", text="Nothing.")
        detail = reading.open_study(db, study)
        assert [(row.user, row.text) for row in detail.first_readings] == [
            ("anna", "A nodule."),
            ("ben", "Nothing."),
        ]
        home.drafted("DEMO0002.dcm", "Clear lungs.")
        found = [reading.read_first_by(db, user) for user in ("anna", "ben", "cleo")]
        assert found == [frozenset((study,)), frozenset((study,)), frozenset()]
        logged = [entry for entry in events(home) if entry[0] in ("reading.first", "draft.shown")]
        assert [(event, actor) for event, actor, _ in logged] == [
            ("reading.first", "anna"),
            ("draft.shown", "anna"),
            ("reading.first", "ben"),
            ("draft.shown", "ben"),
        ]
        assert logged[0][2]["text_sha256"] == text_sha256("A nodule.")
        assert logged[0][2]["version"] == logged[1][2]["version"] == 1
        assert "nodule" not in str(logged)
        assert audit.verify(db)[1] is None


def test_an_empty_impression_or_a_draft_that_is_gone_unlocks_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        db = home.workplace.db
        study = home.drafted("DEMO0001.dcm", "Clear lungs.", withheld="Too unsure.")
        report = studies.study_row(db, study).report_id
        assert report is not None
        with pytest.raises(StoreError, match="no impression of your own"):
            reading.unlock_draft(db, report, user="anna", text=" \n")
        with pytest.raises(StoreError, match="isn't there to be shown"):
            reading.unlock_draft(db, report, user="anna", text="A nodule.")
        assert reading.open_study(db, study).first_readings == ()
