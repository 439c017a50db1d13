"""Signing and rejecting at the window: what is written for the node, and what its answer does."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from llmcxr_ws.store import requests, studies, transitions
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.opened import DRAFT, dialog_of
from ui.report.reject import RejectDialog
from ui.sign.dialogs import SignDialog


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


def look_at_everything(seat: Seat) -> None:
    """Tick off what the model can't judge."""
    for box in seat.window.report.guards.boxes.values():
        box.setChecked(True)


def test_signing_writes_a_request_that_the_node_would_believe(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Heart size is normal. The left effusion is gone.")
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    shown = " ".join(part.text() for part in dialog.findChildren(type(dialog.untouched)))
    assert not dialog.confirm.isEnabled()
    assert "2 objections stand" in dialog.weighed.text()
    for entry, reason in zip(dialog.entries.entries, ("Seen in the PACS.", "Looked at both."), strict=True):
        entry.overrule.click()
        QTest.keyClicks(entry.reason, reason)
        entry.keep.click()
    assert dialog.confirm.isEnabled()
    row = studies.study_row(home.workplace.db, study)
    assert row.identity.accession_number in shown
    assert "DEMO, Aster" in shown
    assert "1 of 2 sentences is the AI's own, unedited." in shown
    dialog.secret.box.setText("not the password")
    dialog.confirm.click()
    seat.wait(lambda: "password is wrong" in dialog.problem.text)
    assert requests.requests_of(home.workplace.db, study) == []
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    seat.wait(lambda: len(requests.requests_of(home.workplace.db, study)) == 1)
    (request,) = requests.requests_of(home.workplace.db, study)
    with home.workplace.db.write() as session:
        payload = requests.verify(session, request, home.workplace.service_key(), roles=("reader",))
    assert payload["text"] == "Heart size is normal. The left effusion is gone."
    assert payload["instances"] == [row.film_sop_instance_uid]
    assert [(entry["code"], entry["reason"]) for entry in payload["overruled"]] == [
        ("comparison.no_prior", "Seen in the PACS."),
        ("scope.not_addressed", "Looked at both."),
    ]
    assert json.loads(request.payload)["identity"]["patient_id"] == row.identity.patient_id
    seat.wait(lambda: "with the node" in seat.window.report.notices["attention"].text)
    assert seat.window.report.editor.isReadOnly()
    assert not seat.window.report.sign.isEnabled()


def decide(home: House, study: int, *, granted: bool, outcome: str) -> None:
    (request,) = [row for row in requests.requests_of(home.workplace.db, study) if row.state == "waiting"]
    with home.workplace.db.write() as session:
        requests.decide(session, request.id, granted=granted, outcome=outcome)
        transitions.touch(session, studies.get_study(session, study))


def test_a_refused_signature_is_shown_with_its_reason(seat: Seat, study: int, home: House) -> None:
    seat.log_in(pin="4711")
    seat.open(study)
    look_at_everything(seat)
    seat.window.wishes.sign()
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    dialog.secret.box.setText("4711")
    QTest.keyClick(dialog.secret.box, Qt.Key.Key_Return)
    seat.wait(lambda: len(requests.requests_of(home.workplace.db, study)) == 1)
    decide(home, study, granted=False, outcome="The PACS knows this patient under another name.")
    seat.wait(lambda: "another name" in seat.window.report.notices["bad"].text)
    assert not seat.window.report.editor.isReadOnly()


@pytest.mark.parametrize(("role", "may_write"), [("resident", True), ("admin", False), ("researcher", False)])
def test_only_a_reader_signs(seat: Seat, study: int, home: House, role: str, may_write: bool) -> None:
    home.add_user("cleo", role)
    seat.log_in("cleo")
    seat.open(study)
    report = seat.window.report
    assert not report.sign.isEnabled()
    assert report.sign.toolTip() == f"Your role is {role}. Only a reader signs."
    assert report.sign.accessibleDescription() == report.sign.toolTip()
    assert report.editor.isReadOnly() is not may_write
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    seat.qtbot.wait(50)
    assert not seat.window.findChildren(SignDialog)
    assert seat.window.statusBar().currentMessage() == report.sign.toolTip()


def test_rejecting_needs_a_reason_and_writes_a_request(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.reject.click()
    dialog = dialog_of(seat, RejectDialog)
    assert isinstance(dialog, RejectDialog)
    dialog.choose("other")
    dialog.accept()
    assert dialog.isVisible()
    assert "own words" in dialog.problem.text
    dialog.choose("wrong_side")
    dialog.words.setText("it is on the right")
    dialog.accept()
    seat.wait(lambda: len(requests.requests_of(home.workplace.db, study)) == 1)
    (request,) = requests.requests_of(home.workplace.db, study)
    payload = json.loads(request.payload)
    assert (request.kind, payload["reason"]) == ("reject", "Wrong side: it is on the right")
    assert payload["reason_code"] == "wrong_side"
