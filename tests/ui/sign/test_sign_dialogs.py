"""The dialogs around a signature in a real window: confirmation, hand-on, addendum, retraction."""

from __future__ import annotations

import json
import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton

from llmcxr_ws import reading
from llmcxr_ws.guards import Overruling
from llmcxr_ws.retraction import REASONS
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import configuration, holds, reports, requests, retracting, signing, studies
from tests.factories import make_film, save
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.sign.node import decide
from ui.report.unsaved import UnsavedDialog
from ui.sign.addenda import AddendaPanel
from ui.sign.dialogs import SignDialog
from ui.sign.retract import RetractDialog
from ui.sign.send_back import SendBackDialog

TEXT = "The lungs are clear. No effusion. No fracture. No mass."


def dialog_of(seat: Seat, kind: type[QDialog]) -> QDialog:
    seat.wait(lambda: any(found.isVisible() for found in seat.window.findChildren(kind)))
    return next(found for found in seat.window.findChildren(kind) if found.isVisible())


def sign_dialog(seat: Seat) -> SignDialog:
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    return dialog


def prove(seat: Seat, dialog: SignDialog | RetractDialog) -> None:
    """Type the password and wait until the request is written."""
    before = len(requests.waiting_requests(seat.home.workplace.db))
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    seat.wait(lambda: len(requests.waiting_requests(seat.home.workplace.db)) > before)


def press(seat: Seat, key: Qt.Key) -> None:
    """Press a key with Ctrl and Shift in the window, which a closed dialog may have left inactive."""
    seat.window.activateWindow()
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    seat.wait(seat.window.isActiveWindow)
    QTest.keyClick(seat.window, key, modifiers)


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", TEXT)


@pytest.fixture
def signed(seat: Seat, study: int, home: House) -> Seat:
    """A window on a study that was signed there."""
    seat.log_in()
    seat.open(study)
    seat.window.wishes.sign()
    prove(seat, sign_dialog(seat))
    assert [row.state for row in decide(home)] == ["granted"]
    seat.wait(lambda: _state(seat) is StudyState.SIGNED)
    return seat


def _state(seat: Seat) -> StudyState | None:
    return seat.window.report.detail.study.state if seat.window.report.detail else None


def test_a_signature_without_objections_is_one_confirmation(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    dialog = sign_dialog(seat)
    assert dialog.weighed.text() == "Nothing was found to object to."
    assert dialog.confirm.isEnabled() and dialog.entries.entries == ()
    assert "4 of 4 sentences are the AI's own" in dialog.untouched.text()
    dialog.confirm.click()
    assert dialog.problem.text == "Type your password to sign."
    prove(seat, dialog)
    assert decide(home)[0].outcome == "Signed; no output rule sends it anywhere."


def test_the_dialog_shows_an_objections_words(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText(f"\U0001d400 {TEXT} There is a small right effusion.")
    seat.window.wishes.sign()
    dialog = sign_dialog(seat)
    assert dialog.weighed.text().startswith("One objection stands")
    assert not dialog.confirm.isEnabled()
    dialog.entries.entries[0].show_text.click()
    assert dialog.words.textCursor().selectedText() == "effusion"
    QTest.keyClick(dialog.secret.box, Qt.Key.Key_Return)
    assert requests.waiting_requests(seat.home.workplace.db) == []


def test_a_reason_given_beside_the_editor_is_there_at_the_signature_and_back(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    guards = seat.window.report.guards
    seat.window.report.editor.setPlainText(f"{TEXT} There is a small right effusion. The heart is unchanged.")
    seat.wait(lambda: len(guards.entries.entries) == 2)
    guards.ledger.overrule(guards.entries.entries[0].objection, "It is loculated.")
    seat.window.wishes.sign()
    dialog = sign_dialog(seat)
    first, second = dialog.entries.entries
    assert first.state.text() == "Overruled: It is loculated." and second.state.text() == "Stands"
    second.overrule.click()
    second.reason.setText("Seen in the PACS.")
    second.keep.click()
    assert dialog.weighed.text().startswith("Every objection is overruled")
    dialog.reject()
    seat.wait(lambda: guards.entries.entries[1].state.text() == "Overruled: Seen in the PACS.")


def test_a_request_on_its_way_is_written_once_and_not_called_off(
    seat: Seat, study: int, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText(f"{TEXT} There is a small right effusion.")
    seat.window.wishes.sign()
    dialog = sign_dialog(seat)
    (entry,) = dialog.entries.entries
    entry.overrule.click()
    entry.reason.setText("It is loculated.")
    entry.keep.click()
    may_go, reenter = threading.Event(), dialog._desk.reenter

    def slowly(*args: object, **more: object) -> object:
        may_go.wait(10)
        return reenter(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(dialog._desk, "reenter", slowly)
    dialog.secret.box.setText("not it")
    dialog.confirm.click()
    entry.overrule.click()  # neither let it stand, nor sign twice, nor go away
    assert not dialog.confirm.isEnabled() and entry.state.text().startswith("Overruled")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    may_go.set()
    seat.wait(lambda: "password is wrong" in dialog.problem.text)
    entry.overrule.click()
    assert entry.state.text() == "Stands" and not dialog.confirm.isEnabled()
    next(made for made in dialog.findChildren(QPushButton) if made.text() == "Cancel").click()
    seat.wait(lambda: not dialog.isVisible())
    assert requests.waiting_requests(home.workplace.db) == []


def test_whose_report_it_is_cant_be_overruled(seat: Seat, home: House) -> None:
    """Neither in the window nor by a window that claims it was."""
    film = make_film(seed="nobody", PatientID="")
    study = home.receive(save(film, home.home, "nobody.dcm"))
    home.settle()
    home.draft(TEXT)
    seat.log_in()
    seat.open(study)
    guards = seat.window.report.guards
    seat.wait(lambda: len(guards.entries.entries) == 1)
    beside = guards.entries.entries[0]
    assert beside.overrule.isHidden() and beside.state.text() == "Can't be overruled"
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    dialog = sign_dialog(seat)
    (entry,) = dialog.entries.entries
    assert "no patient ID" in entry.objection.sentence and entry.overrule.isHidden()
    entry.reason.setText("I know who it is.")
    QTest.keyClick(entry.reason, Qt.Key.Key_Return)
    assert dialog.weighed.text() == "An objection stands that nobody can overrule."
    dialog.secret.box.setText(PASSWORD)
    QTest.keyClick(dialog.secret.box, Qt.Key.Key_Return)
    dialog.confirm.click()
    seat.wait(lambda: seat.tasks.is_idle)
    db, key = home.workplace.db, home.workplace.service_key()
    assert dialog.isVisible() and requests.waiting_requests(db) == []
    claimed = [Overruling(entry.objection.code, entry.objection.sentence, "I know who it is.")]
    number = reading.request_signature(
        db, reading.log_in(db, "anna", PASSWORD), reading.open_study(db, study), TEXT, overruled=claimed
    )
    with pytest.raises(signing.SignRefused, match="can't be overruled"):
        signing.verify_sign_request(db, requests.request_by_id(db, number), key)


# Resident and attending


def test_a_resident_hands_on_and_an_attending_countersigns(seat_at: object, home: House, study: int) -> None:
    home.add_user("rob", "resident", "Resident^Rob")
    first = seat_at()  # type: ignore[operator]
    first.log_in("rob")
    first.open(study)
    report = first.window.report
    assert not report.sign.isEnabled() and report.actions_row.hand_on.isVisible()
    report.editor.setPlainText(f"{TEXT} Heart size is normal.")
    press(first, Qt.Key.Key_P)
    dialog = sign_dialog(first)
    assert dialog.windowTitle() == "Hand to an attending reader" and dialog.confirm.text() == "Hand on"
    prove(first, dialog)
    assert decide(home)[0].outcome == "The report waits for an attending reader's signature."
    first.wait(lambda: "Preliminary report by rob" in report.notices["attention"].text)
    assert report.editor.isReadOnly() and not report.actions_row.hand_on.isVisible()
    first.wait(lambda: "Preliminary" in first.window.worklist.model.index(0, 0).data())
    first.window.close()
    first.wait(lambda: studies.study_row(home.workplace.db, study).held_by == "")

    second = seat_at()  # type: ignore[operator]
    second.log_in()
    second.open(study)
    assert not second.window.report.editor.isReadOnly()
    assert "Preliminary report by rob" in second.window.report.notices["attention"].text
    second.window.wishes.sign()
    dialog = sign_dialog(second)
    assert any(part.text() == "rob" for part in dialog.findChildren(type(dialog.untouched)))
    prove(second, dialog)
    decide(home)
    made = reports.current_report(home.workplace.db, study)
    assert made is not None and (made.signed_by, made.preliminary_by) == ("anna", "rob")


def test_a_resident_hands_nothing_on_that_was_not_read_against_the_draft(seat: Seat, home: House) -> None:
    configuration.import_site(home.workplace.db, "reader_first = true", user="admin")
    study = home.drafted("DEMO0001.dcm", TEXT)
    home.add_user("rob", "resident")
    seat.log_in("rob")
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText(TEXT)
    seat.wait(lambda: report.unlock.isEnabled())
    assert report.is_draft_hidden and not report.actions_row.hand_on.isVisible()
    seat.window.wishes.hand_on()
    seat.wait(lambda: seat.tasks.is_idle)
    assert not seat.window.findChildren(SignDialog)
    report.show_draft()
    seat.wait(report.actions_row.hand_on.isVisible)


def test_an_attending_sends_a_report_back_and_the_resident_finds_why(
    seat_at: object, home: House, study: int
) -> None:
    home.add_user("rob", "resident", "Resident^Rob")
    key = reading.log_in(home.workplace.db, "rob", PASSWORD)
    reading.request_preliminary(home.workplace.db, key, reading.open_study(home.workplace.db, study), TEXT)
    assert [row.state for row in decide(home)] == ["granted"]

    attending = seat_at()  # type: ignore[operator]
    attending.log_in()
    attending.open(study)
    report = attending.window.report
    assert report.actions_row.send_back.isVisible()
    report.editor.setPlainText(f"{TEXT} Heart size is normal.")
    press(attending, Qt.Key.Key_B)
    dialog = dialog_of(attending, SendBackDialog)
    assert isinstance(dialog, SendBackDialog)
    dialog.send.click()
    assert dialog.problem.text == "Say in a sentence what should change."
    QTest.keyClicks(dialog.words, "Which lobe?")
    QTest.keyClick(dialog.words, Qt.Key.Key_Return)
    attending.wait(lambda: len(requests.waiting_requests(home.workplace.db)) == 1)
    attending.wait(lambda: "with the node" in report.notices["attention"].text)
    assert decide(home)[0].outcome == "Sent back to rob."
    attending.wait(lambda: "Which lobe?" in report.notices["attention"].text)
    assert not report.actions_row.send_back.isVisible()

    resident = seat_at()  # type: ignore[operator]
    resident.log_in("rob")
    worklist = resident.window.worklist
    resident.wait(lambda: "Sent back" in str(worklist.model.index(0, 0).data()))
    resident.open(study)
    assert "Sent back to rob by anna: Which lobe?" in resident.window.report.notices["attention"].text
    assert not resident.window.report.editor.isReadOnly()
    assert resident.window.report.text() == f"{TEXT} Heart size is normal."
    assert resident.window.report.actions_row.hand_on.isVisible()
    reading.request_preliminary(home.workplace.db, key, reading.open_study(home.workplace.db, study), TEXT)
    decide(home)
    resident.wait(lambda: "Preliminary" in worklist.model.index(0, 0).data())


# Addenda


def test_an_addendum_is_written_signed_and_shown_above_the_unchanged_report(
    signed: Seat, study: int, home: House
) -> None:
    window = signed.window
    late = make_film(
        seed="late", StudyInstanceUID=studies.study_row(home.workplace.db, study).study_instance_uid
    )
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber"):
        setattr(late, keyword, getattr(_header(home, study), keyword))
    home.receive(save(late, home.home, "late.dcm"))
    signed.wait(lambda: "needs an addendum" in window.report.late.text)
    press(signed, Qt.Key.Key_E)
    addenda = window.report.addenda
    signed.wait(lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
    assert addenda._heading.text() == "Addendum 1, not signed yet"
    signed.wait(lambda: window.focusWidget() is addenda.editor)
    QTest.keyClicks(addenda.editor, "The late film shows the same.")
    assert window.report.editor.isReadOnly() and window.report.text() == TEXT
    addenda.sign.click()
    dialog = sign_dialog(signed)
    assert dialog.windowTitle() == "Sign the addendum"
    assert dialog.words.toPlainText() == "The late film shows the same."
    prove(signed, dialog)
    signed.wait(lambda: "with the node" in addenda.pending.text)
    assert addenda.editor.isReadOnly()
    assert decide(home)[0].state == "granted"
    signed.wait(lambda: not addenda._writing.isVisible())
    cards = [addenda._list.itemAt(at).widget() for at in range(addenda._list.count())]
    assert [card.accessibleName().split(",")[0] for card in cards] == ["Addendum 1 by anna"]
    assert window.report.text() == TEXT
    assert not studies.study_row(home.workplace.db, study).needs_addendum
    assert window.report.late.text == ""


def _header(home: House, study: int) -> object:
    from pydicom import dcmread

    row = studies.instances_of(home.workplace.db, study)[0]
    return dcmread(home.workplace.objects.path(row.path), stop_before_pixels=True)


def test_what_is_written_of_an_addendum_is_kept(signed: Seat, study: int, home: House) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    signed.window.report.actions_row.addendum.click()
    addenda = signed.window.report.addenda
    signed.wait(lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
    addenda.editor.setPlainText("Half an addendum")
    signed.open(other)
    assert not addenda.isVisible()
    signed.open(study)
    signed.wait(lambda: addenda.text() == "Half an addendum")
    row = next(one for one in reports.versions(home.workplace.db, study) if one.kind == "addendum")
    assert (row.text, row.state) == ("Half an addendum", ReportState.DRAFT)


def test_an_addendum_left_empty_is_gone_when_the_study_is_left(signed: Seat, study: int, home: House) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    signed.window.report.actions_row.addendum.click()
    addenda = signed.window.report.addenda
    signed.wait(lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
    signed.open(other)
    signed.wait(lambda: reading.open_study(home.workplace.db, study).addenda == ())
    signed.open(study)
    assert not addenda.isVisible()


def begun(seat: Seat, words: str) -> AddendaPanel:
    """Begin an addendum in the window and write into it."""
    seat.window.report.actions_row.addendum.click()
    addenda = seat.window.report.addenda
    seat.wait(lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
    addenda.editor.setPlainText(words)
    return addenda


@pytest.mark.parametrize("is_closed", [False, True])
def test_words_of_an_addendum_that_cant_be_saved_are_not_lost_without_a_question(
    signed: Seat, study: int, home: House, is_closed: bool
) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    signed.wait(lambda: signed.window.worklist.model.row_of(other) is not None)
    addenda = begun(signed, "Half an addendum")
    holds.take(home.workplace.db, study, user="ben", take_over=True)
    if is_closed:
        signed.window.close()
    else:
        signed.window.worklist.choose(other)
    dialog = dialog_of(signed, UnsavedDialog)
    assert addenda.text() == "Half an addendum" and signed.window.isVisible()
    dialog.reject()
    signed.wait(lambda: signed.window.case.study_id == study)
    assert addenda.text() == "Half an addendum"
    signed.window.worklist.choose(other)
    dialog_of(signed, UnsavedDialog).accept()
    signed.wait(lambda: signed.window.case.study_id == other and signed.tasks.is_idle)
    assert [one.text for one in reading.open_study(home.workplace.db, study).addenda] == [""]


def test_what_another_reader_wrote_into_an_addendum_is_not_overwritten(
    signed: Seat, study: int, home: House
) -> None:
    db = home.workplace.db
    addenda = begun(signed, "Anna's words.")
    addenda.autosave.flush()
    signed.wait(lambda: addenda.autosave.is_settled)
    (row,) = reading.open_study(db, study).addenda
    holds.take(db, study, user="ben", take_over=True)
    reading.save_edit(db, row.id, user="ben", text="Anna's words. Ben's words.")
    holds.release(db, study, user="ben")
    holds.take(db, study, user="anna", take_over=False)
    signed.wait(lambda: addenda.text() == "Anna's words. Ben's words." and not addenda.editor.isReadOnly())


# Retraction


def test_a_retraction_asks_for_a_reason_and_a_proof(signed: Seat, study: int, home: House) -> None:
    press(signed, Qt.Key.Key_R)
    dialog = dialog_of(signed, RetractDialog)
    assert isinstance(dialog, RetractDialog)
    dialog.reason.setCurrentIndex(list(REASONS).index("other"))
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    assert "Say in a sentence" in dialog.problem.text
    dialog.words.setText("Signed for the wrong list.")
    dialog.secret.box.setText("not it")
    dialog.confirm.click()
    signed.wait(lambda: "password is wrong" in dialog.problem.text)
    prove(signed, dialog)
    (request,) = requests.waiting_requests(home.workplace.db)
    payload = json.loads(request.payload)
    assert (payload["reason_code"], payload["words"]) == ("other", "Signed for the wrong list.")
    decide(home)
    signed.wait(lambda: "Retracted by anna" in signed.window.report.notices["bad"].text)
    assert not signed.window.report.actions_row.retract.isVisible()
    signed.wait(lambda: "Retracted" in signed.window.worklist.model.index(0, 0).data())


@pytest.mark.parametrize("role", ["resident", "admin"])
def test_nobody_else_is_offered_to_amend(
    seat_at: object, signed: Seat, study: int, home: House, role: str
) -> None:
    home.add_user("cleo", role)
    other = seat_at()  # type: ignore[operator]
    other.log_in("cleo")
    other.open(study)
    actions = other.window.report.actions_row
    assert not actions.retract.isVisible() and not actions.addendum.isVisible()
    other.window.wishes.retract()
    other.window.wishes.begin_addendum()
    assert not other.window.findChildren(RetractDialog)


def _retract(seat: Seat, home: House) -> None:
    press(seat, Qt.Key.Key_R)
    dialog = dialog_of(seat, RetractDialog)
    assert isinstance(dialog, RetractDialog)
    dialog.reason.setCurrentIndex(list(REASONS).index("wrong_patient"))
    prove(seat, dialog)
    decide(home)
    seat.wait(lambda: _state(seat) is StudyState.RETRACTED)


def test_a_retracted_study_is_reported_again_from_its_draft(signed: Seat, study: int, home: House) -> None:
    report = signed.window.report
    draft = report.text()
    _retract(signed, home)
    assert report.actions_row.again.isVisible() and report.editor.isReadOnly()
    press(signed, Qt.Key.Key_N)
    signed.wait(lambda: _state(signed) is StudyState.IN_REVIEW and not report.editor.isReadOnly())
    assert not report.actions_row.again.isVisible()
    assert report.text() == draft and report.editor.ai_text == draft
    assert "The one before: Retracted by anna" in report.notices["attention"].text
    report.editor.setPlainText("No effusion. No fracture. No mass.")
    report.autosave.flush()
    signed.wait(lambda: report.is_settled and signed.tasks.is_idle)
    signed.window.wishes.sign()
    prove(signed, sign_dialog(signed))
    assert [row.state for row in decide(home)] == ["granted"]
    signed.wait(lambda: _state(signed) is StudyState.SIGNED)
    texts = [row.signed_text for row in reports.versions(home.workplace.db, study)]
    assert texts == [draft, "No effusion. No fracture. No mass."]


def test_a_refused_retraction_is_told(signed: Seat, study: int, home: House) -> None:
    press(signed, Qt.Key.Key_R)
    dialog = dialog_of(signed, RetractDialog)
    assert isinstance(dialog, RetractDialog)
    dialog.reason.setCurrentIndex(list(REASONS).index("wrong_patient"))
    prove(signed, dialog)
    report = signed.window.report
    signed.wait(lambda: "with the node" in report.notices["attention"].text)
    (request,) = requests.waiting_requests(home.workplace.db)
    retracting.refuse(home.workplace.db, request, reason="An addendum waits for its signature.")
    signed.window.case.refresh()
    signed.wait(lambda: "An addendum waits" in report.notices["bad"].text)
    assert "Signed by anna" in report.notices["bad"].text


@pytest.mark.parametrize("role", ["resident", "admin"])
def test_nobody_else_begins_a_new_report(
    seat_at: object, signed: Seat, study: int, home: House, role: str
) -> None:
    _retract(signed, home)
    home.add_user("cleo", role)
    other = seat_at()  # type: ignore[operator]
    other.log_in("cleo")
    other.open(study)
    assert not other.window.report.actions_row.again.isVisible()
    other.window.wishes.report_again()
    other.wait(lambda: other.tasks.is_idle)
    assert reading.open_study(home.workplace.db, study).study.state is StudyState.RETRACTED


def test_a_lock_covers_a_confirmation_also_while_its_request_is_written(
    seat: Seat, study: int, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.wishes.sign()
    dialog = sign_dialog(seat)
    may_go, reenter = threading.Event(), dialog._desk.reenter

    def slowly(*args: object, **more: object) -> object:
        may_go.wait(10)
        return reenter(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(dialog._desk, "reenter", slowly)
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    seat.window.lock()
    assert not dialog.isVisible()
    may_go.set()
    seat.wait(lambda: len(requests.waiting_requests(home.workplace.db)) == 1)
