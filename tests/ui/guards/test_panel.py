"""The checks beside the editor: they follow the text, say why and where, and are set aside with a reason."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from llmcxr_ws.guards import Facts, Objection, lexicon, objections
from llmcxr_ws.store import configuration
from tests.ui.conftest import Seat
from tests.ui.homes import House
from ui.guards.entries import Entry
from ui.guards.ledger import Ledger
from ui.guards.words import FINDINGS, sentence_of, why_of
from ui.language import speak

DRAFT = "Heart size is normal. There is a small left pleural effusion."
CONTRADICTION = "No effusion. There is a small left pleural effusion."


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


@pytest.fixture
def reading(seat: Seat, study: int) -> Seat:
    seat.log_in()
    seat.open(study)
    return seat


def entries(seat: Seat) -> tuple[Entry, ...]:
    return seat.window.report.guards.entries.entries


def write(seat: Seat, text: str, codes: list[str]) -> None:
    """Write a text and wait for what is objected to."""
    seat.window.report.editor.setPlainText(text)
    seat.wait(lambda: [one.objection.code for one in entries(seat)] == codes)


def test_objections_follow_the_text_after_a_pause(reading: Seat) -> None:
    guards = reading.window.report.guards
    assert entries(reading) == ()
    assert "2 to look for" in guards.summary.text()
    write(reading, CONTRADICTION, ["contradiction.negation"])
    assert "1 standing, 2 to look for" in guards.summary.text()
    write(reading, "There is a small left pleural effusion, unchanged.", ["comparison.no_prior"])
    write(reading, DRAFT, [])


def test_nothing_is_looked_at_while_keys_fall(reading: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    guards = reading.window.report.guards
    reading.wait(lambda: reading.tasks.is_idle)
    looks: list[float] = []
    monkeypatch.setattr(guards, "look", lambda: looks.append(time.monotonic()))
    guards._pause.setInterval(5000)  # longer than eight words take on a busy machine
    guards._pause.timeout.disconnect()
    guards._pause.timeout.connect(guards.look)
    editor = reading.window.report.editor
    for _ in range(8):
        QTest.keyClicks(editor, "word ")
        reading.qtbot.wait(20)
    assert looks == []
    reading.wait(lambda: len(looks) == 1)


def test_an_entry_says_why_and_shows_the_words(reading: Seat) -> None:
    write(reading, CONTRADICTION, ["contradiction.negation"])
    (entry,) = entries(reading)
    assert entry._why.isHidden()
    entry.explain.click()
    assert not entry._why.isHidden() and "of the same side and zone" in entry._why.text()
    entry.show_text.click()
    editor = reading.window.report.editor
    assert editor.textCursor().selectedText() == "effusion"
    assert reading.window.focusWidget() is editor


@pytest.mark.parametrize(
    "text",
    [
        f"Findings:\n\n\nImpression:\n{CONTRADICTION}",  # a heading that isn't signed
        f"Impression:\n{CONTRADICTION}\n\nFindings:\nHeart normal.",  # signed the other way round
        f"\U0001d400 {CONTRADICTION}",  # Qt counts this letter as two
    ],
)
def test_the_words_are_found_where_they_stand_on_the_screen(reading: Seat, text: str) -> None:
    write(reading, text, ["contradiction.negation"])
    entries(reading)[0].show_text.click()
    editor = reading.window.report.editor
    assert editor.textCursor().selectedText() == "effusion"


def test_an_objection_is_overruled_with_a_reason_and_stands_again(reading: Seat) -> None:
    write(reading, CONTRADICTION, ["contradiction.negation"])
    (entry,) = entries(reading)
    entry.overrule.click()
    QTest.keyClick(entry.reason, Qt.Key.Key_Return)
    assert entry.state.text() == "Stands"  # no reason, no overruling
    QTest.keyClicks(entry.reason, "Two effusions, two days.")
    QTest.keyClick(entry.reason, Qt.Key.Key_Return)
    guards = reading.window.report.guards
    assert entry.state.text() == "Overruled: Two effusions, two days."
    assert guards.summary.text() == "Checks before signing: 2 to look for"
    (overruled,) = guards.ledger.overruled(guards.objections[:1])
    assert (overruled.code, overruled.reason) == ("contradiction.negation", "Two effusions, two days.")
    entry.overrule.click()
    assert entry.state.text() == "Stands"
    assert "1 standing" in guards.summary.text()


def test_a_reason_holds_for_the_words_it_was_given_for(reading: Seat) -> None:
    write(reading, CONTRADICTION, ["contradiction.negation"])
    guards = reading.window.report.guards
    guards.ledger.overrule(entries(reading)[0].objection, "Because.")
    write(reading, "No effusion. There is a large left pleural effusion.", ["contradiction.negation"])
    reading.wait(lambda: entries(reading)[0].state.text() == "Stands")


def test_a_reason_being_typed_survives_the_next_look(reading: Seat) -> None:
    write(reading, CONTRADICTION, ["contradiction.negation"])
    (entry,) = entries(reading)
    entry.overrule.click()
    QTest.keyClicks(entry.reason, "Half a rea")
    reading.window.report.guards.look()
    reading.wait(lambda: reading.tasks.is_idle)
    assert entries(reading) == (entry,)
    assert entry.reason.text() == "Half a rea"


def test_a_reason_being_typed_survives_words_written_before_its_objection(reading: Seat) -> None:
    write(reading, CONTRADICTION, ["contradiction.negation"])
    (entry,) = entries(reading)
    entry.overrule.click()
    QTest.keyClicks(entry.reason, "Half a rea")
    before = entry.objection.places
    reading.window.report.editor.setPlainText(f"Heart size is normal. {CONTRADICTION}")
    reading.wait(lambda: entries(reading)[0].objection.places != before)
    assert entries(reading) == (entry,) and entry.reason.text() == "Half a rea"
    entry.show_text.click()
    assert reading.window.report.editor.textCursor().selectedText() == "effusion"


def test_what_the_model_cant_judge_is_ticked_off_or_written_about(reading: Seat) -> None:
    guards = reading.window.report.guards
    assert list(guards.boxes) == ["Fracture", "Mass"]
    guards.boxes["Mass"].click()
    reading.wait(lambda: "1 to look for" in guards.summary.text())
    assert guards.ledger.looked_at == {"Mass"}
    reading.window.report.editor.setPlainText(f"{DRAFT} No rib fracture.")
    reading.wait(lambda: guards.boxes["Fracture"].text() == "Fracture (in the text)")
    assert guards.boxes["Fracture"].isChecked() and not guards.boxes["Fracture"].isEnabled()
    assert guards.summary.text() == "Checks before signing: nothing stands against it"
    reading.window.report.editor.setPlainText(DRAFT)
    reading.wait(lambda: guards.boxes["Fracture"].isEnabled())
    assert not guards.boxes["Fracture"].isChecked() and guards.boxes["Mass"].isChecked()


def test_ticks_and_reasons_are_of_one_report_and_come_back_with_it(
    reading: Seat, study: int, home: House
) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    guards = reading.window.report.guards
    guards.boxes["Mass"].click()
    reading.open(other)
    assert not guards.boxes["Mass"].isChecked()
    reading.open(study)
    reading.wait(lambda: guards.boxes["Mass"].isChecked())


def test_who_only_looks_on_sees_the_list_and_ticks_nothing(seat: Seat, study: int, home: House) -> None:
    home.add_user("cleo", "researcher")
    seat.log_in("cleo")
    seat.open(study)
    guards = seat.window.report.guards
    seat.wait(lambda: guards.isVisible() and seat.tasks.is_idle)
    assert not any(box.isEnabled() for box in guards.boxes.values())


def test_the_checks_key_brings_their_tab_and_goes_to_the_first_of_them(reading: Seat) -> None:
    window, guards = reading.window, reading.window.report.guards
    QTest.keyClick(window, Qt.Key.Key_F6)
    assert window.focusWidget() is window.chat.box and not guards.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F4, Qt.KeyboardModifier.ShiftModifier)
    assert guards.isVisible() and guards.isAncestorOf(window.focusWidget())


def test_the_tab_tells_how_many_objections_stand(reading: Seat) -> None:
    side, guards = reading.window.side, reading.window.report.guards
    assert side.tabText(0) == "Checks"
    reading.window.report.editor.setPlainText("The effusion is larger than before.")
    reading.wait(lambda: len(guards.entries.entries) == 1)
    assert side.tabText(0) == "Checks (1)"


def test_what_cant_be_overruled_has_no_button_for_it(reading: Seat) -> None:
    hard = Objection("identity.no_patient_id", "Whose is it?", overrulable=False)
    ledger = Ledger()
    ledger.overrule(hard, "Never mind.")
    entry = Entry(hard, ledger, may_show=True, may_decide=True)
    reading.qtbot.addWidget(entry)
    assert entry.overrule.isHidden() and entry.show_text.isHidden()
    assert entry.state.text() == "Can't be overruled"
    assert ledger.standing([hard]) == [hard] and ledger.overruled([hard]) == ()


def test_ticks_and_reasons_stay_with_the_person_who_gave_them(reading: Seat, study: int, home: House) -> None:
    home.add_user("ben", "reader")
    write(reading, CONTRADICTION, ["contradiction.negation"])
    guards = reading.window.report.guards
    guards.boxes["Mass"].click()
    guards.ledger.overrule(entries(reading)[0].objection, "Anna's reason.")
    reading.window.lock()
    reading.window.entry.other.click()
    reading.wait(lambda: reading.tasks.is_idle)
    reading.log_in("ben")
    reading.open(study)
    reading.wait(lambda: len(entries(reading)) == 1)
    assert entries(reading)[0].state.text() == "Stands"
    assert not guards.boxes["Mass"].isChecked() and guards.ledger.looked_at == set()


def test_the_second_network_is_silent_while_a_reader_writes_first(seat: Seat, home: House) -> None:
    configuration.import_site(home.workplace.db, "reader_first = true", user="admin")
    study = home.drafted("DEMO0001.dcm", DRAFT, guard={"abnormal": True})
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    assert report.is_draft_hidden
    report.editor.setPlainText("No effusion. No fracture. No mass. The heart is unchanged.")
    seat.wait(lambda: [one.objection.code for one in entries(seat)] == ["comparison.no_prior"])
    report.show_draft()
    seat.wait(lambda: "second_look.abnormal" in [one.objection.code for one in entries(seat)])


def test_the_windows_findings_are_the_guards() -> None:
    assert set(FINDINGS) == set(lexicon.FINDINGS)


def test_an_objection_is_said_in_the_windows_language(qapp: QApplication) -> None:
    (found,) = objections(CONTRADICTION, Facts(patient_id="1"))
    (scope,) = objections("No effusion.", Facts(patient_id="1", not_judged=("Fracture", "Odd one")))
    own = Objection("a.newer.rule", "Its own words.")
    assert [sentence_of(one) for one in (found, scope, own)] == [found.sentence, scope.sentence, own.sentence]
    speak(qapp, "de")
    try:
        assert sentence_of(found) == (
            "Der Text verneint und bejaht Pleuraerguss: „No effusion.“ gegen "
            "„There is a small left pleural effusion.“"
        )
        assert sentence_of(scope).endswith(": Fraktur, Odd one.")
        assert sentence_of(own) == "Its own words."
        assert why_of(found).startswith("Ein Befund wird an einer Stelle verneint")
        assert why_of(own) == ""
    finally:
        speak(qapp, "en")
