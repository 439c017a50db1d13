"""Answers for the report: put in with where they come from, by who may write; questions in the window's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest

from llmcxr_ws.store import holds, questions
from tests.ui.conftest import Seat
from tests.ui.evidence.drafts import application, draft, failing_once, open_at
from tests.ui.homes import House
from ui.chat.panel import ChatPanel
from ui.evidence.words import SentenceLine
from ui.language import speak


def answered(home: House, study_id: int, text: str = "Yes, pneumonia is present.") -> None:
    questions.ask(home.workplace.db, study_id, user="anna", text="Is there a pneumonia?")
    home.answer([text])


def test_an_answer_goes_into_the_report_with_where_it_comes_from(seat: Seat, home: House) -> None:
    study_id = draft(home)
    answered(home, study_id)
    open_at(seat, study_id)
    chat = seat.window.chat
    wanted: list[tuple[str, str]] = []
    chat.insert_wanted.connect(lambda text, source: wanted.append((text, source)))
    assert "Insert into the report" in chat.transcript.toPlainText()
    row = questions.questions_of(home.workplace.db, study_id)[0]
    chat.transcript.anchorClicked.emit(QUrl(f"insert:{row.id}"))
    chat.insert_button.click()
    assert wanted[0] == wanted[1]
    text, source = wanted[0]
    assert text == "Yes, pneumonia is present."
    assert source.startswith("Answer of llm-cxr test 0 to the question “Is there a pneumonia?”, ")


def test_an_answer_just_put_in_is_the_ais_in_the_margin_too(seat: Seat, home: House) -> None:
    open_at(seat, draft(home))
    chat, report = seat.window.chat, seat.window.report
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.wait(lambda: seat.tasks.is_idle)
    home.answer(["Yes, there is mild edema."])
    seat.wait(lambda: chat.is_answered)
    chat.insert_button.click()
    assert report.text().endswith("Yes, there is mild edema.")
    assert "1 from AI answers (Q)" in report._origins.text()


def test_an_answer_comes_though_the_store_failed_once_meanwhile(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(seat, draft(home))
    chat = seat.window.chat
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.wait(lambda: seat.tasks.is_idle)
    failing_once(monkeypatch, "question")
    seat.wait(lambda: "can't be reached" in seat.window.statusBar().currentMessage())
    home.answer(["No."])
    seat.wait(lambda: chat.is_answered)


def test_the_keyboard_stays_in_the_question_box(seat: Seat, home: House) -> None:
    """What is typed on after Return must go into the next question, not into the film's keys or the report."""
    open_at(seat, draft(home))
    chat = seat.window.chat
    seat.window.activateWindow()
    chat.box.setFocus()
    seat.wait(chat.box.hasFocus)
    QTest.keyClicks(chat.box, "Is there edema?")
    QTest.keyClick(chat.box, Qt.Key.Key_Return)
    assert chat.box.hasFocus()
    seat.wait(lambda: seat.tasks.is_idle and chat.box.text() == "")
    assert chat.box.hasFocus()


def test_words_typed_while_a_question_is_put_are_kept(seat: Seat, home: House) -> None:
    open_at(seat, draft(home))
    chat = seat.window.chat
    chat.box.setText("Is there edema?")
    chat.ask()
    QTest.keyClicks(chat.box, "And")
    seat.wait(lambda: seat.tasks.is_idle)
    assert chat.box.text() == "And"


def test_a_question_that_was_refused_stands_in_the_box_again(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(seat, draft(home))
    chat = seat.window.chat
    failing_once(monkeypatch, "ask")
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.wait(lambda: "can't be reached" in seat.window.statusBar().currentMessage())
    assert chat.box.text() == "Is there edema?" and chat.ask_button.isEnabled()


def test_a_window_that_ends_looks_no_more(seat: Seat, home: House) -> None:
    panel, chat = open_at(seat, draft(home)), seat.window.chat
    panel.pick(1)
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.window.stop_looking()
    seat.wait(lambda: seat.tasks.is_idle and panel.is_looking)
    assert not chat.is_answered and seat.tasks.is_idle
    seat.qtbot.wait(400)
    assert seat.tasks.is_idle and not chat._poll.isActive() and not panel._poll.isActive()


def test_an_answer_that_nobody_may_put_in_says_so(seat: Seat, home: House) -> None:
    home.add_user("otto", "reader")
    study_id = draft(home)
    answered(home, study_id)
    holds.take(home.workplace.db, study_id, user="otto", take_over=False)
    open_at(seat, study_id)
    before = seat.window.report.text()
    seat.window.chat.insert_last()
    assert seat.window.report.text() == before
    assert "can't be written in now" in seat.window.statusBar().currentMessage()


def test_an_administrator_inserts_nothing(seat: Seat, home: House) -> None:
    home.add_user("adam", "admin")
    study_id = draft(home)
    answered(home, study_id)
    seat.log_in("adam")
    seat.open(study_id)
    chat = seat.window.chat
    wanted: list[object] = []
    chat.insert_wanted.connect(lambda *told: wanted.append(told))
    assert not chat.insert_button.isEnabled()
    row = questions.questions_of(home.workplace.db, study_id)[0]
    chat.transcript.anchorClicked.emit(QUrl(f"insert:{row.id}"))
    chat.insert_last()
    assert wanted == []


def test_questions_are_suggested_about_what_the_model_judges(seat: Seat, home: House) -> None:
    open_at(seat, draft(home, findings_judged=["No Finding", "Edema", "Unheard Of"]))
    box = seat.window.chat.suggestions
    assert [box.itemText(at) for at in range(box.count())] == [
        "Suggested questions",
        "What does this film show?",
        "Is this film normal?",
        "Is there pulmonary edema?",
    ]


@pytest.fixture
def german() -> Iterator[None]:
    """The window speaks German."""
    speak(application(), "de")
    yield
    speak(application(), "en")


def test_a_suggestion_in_german_is_put_to_the_model_in_its_own_language(seat: Seat, german: None) -> None:
    chat = ChatPanel(seat.tasks, seat.window._desk)
    assert "Englisch" in chat.box.placeholderText()
    at = chat.suggestions.findText("Liegt ein Pleuraerguss vor?")
    assert at > 0
    chat.suggestions.activated.emit(at)
    assert chat.box.text() == "Is there a pleural effusion?"


@pytest.mark.usefixtures("german")
def test_what_is_known_of_a_sentence_is_said_in_german() -> None:
    line = SentenceLine("Pneumonia is present.", 0.31, 0.25, True, 8)
    assert line.words == "Schwach: zu 31 % für zutreffend gehalten, 2 von 8 Stichproben gleich."
