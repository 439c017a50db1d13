"""Two sections in one text: reached by keys, their headings never damaged by typing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.report.editor import ReportEditor
from ui.theme import DARK

BOTH = "Findings:\nHeart normal.\n\nImpression:\nClear."


@pytest.fixture
def editor(qtbot: QtBot) -> ReportEditor:
    made = ReportEditor(DARK)
    qtbot.addWidget(made)
    made.resize(420, 260)
    made.show()
    made.load("Clear.", "Clear.")
    return made


def test_an_impression_alone_stays_exactly_that_text(editor: ReportEditor) -> None:
    editor.go_to_section("impression")
    assert editor.toPlainText() == "Clear."
    editor.go_to_section("findings")
    assert editor.toPlainText() == "Findings:\n\n\nImpression:\nClear."
    assert editor.text() == "Clear."  # what is saved has no empty section
    editor.undo()
    assert editor.toPlainText() == "Clear."


def test_findings_are_written_above_the_impression_and_saved_in_the_one_form(editor: ReportEditor) -> None:
    editor.go_to_section("findings")
    QTest.keyClicks(editor, "Heart normal.")
    assert editor.text() == BOTH
    editor.go_to_section("impression")
    QTest.keyClicks(editor, " Stable.")
    editor.go_to_section("findings")
    QTest.keyClicks(editor, " Lungs clear.")
    assert editor.text() == "Findings:\nHeart normal. Lungs clear.\n\nImpression:\nClear. Stable."


def test_an_empty_report_gets_both_sections(editor: ReportEditor) -> None:
    editor.load("", "")
    editor.go_to_section("findings")
    QTest.keyClicks(editor, "A.")
    editor.go_to_section("impression")
    QTest.keyClicks(editor, "B.")
    assert editor.text() == "Findings:\nA.\n\nImpression:\nB."


def test_findings_alone_get_an_impression(editor: ReportEditor) -> None:
    editor.load("Findings:\nA.", "")
    editor.go_to_section("impression")
    QTest.keyClicks(editor, "B.")
    assert editor.text() == "Findings:\nA.\n\nImpression:\nB."


def test_an_impression_with_a_heading_gets_findings_above(editor: ReportEditor) -> None:
    editor.load("Impression:\nB.", "")
    editor.go_to_section("findings")
    QTest.keyClicks(editor, "A.")
    assert editor.text() == "Findings:\nA.\n\nImpression:\nB."


@pytest.mark.parametrize(
    ("at", "key"),
    [
        (0, Qt.Key.Key_Delete),
        (4, Qt.Key.Key_Backspace),
        (len("Findings:"), Qt.Key.Key_Delete),
        (len("Findings:\n"), Qt.Key.Key_Backspace),
        (len("Findings:\nHeart normal.\n"), Qt.Key.Key_Delete),
        (BOTH.index("Impression"), Qt.Key.Key_Backspace),
    ],
)
def test_no_single_key_damages_a_heading(editor: ReportEditor, at: int, key: Qt.Key) -> None:
    editor.load(BOTH, "")
    editor.select((at, at))
    QTest.keyClick(editor, key)
    assert editor.toPlainText() == BOTH


def test_what_is_typed_dictated_or_pasted_into_a_heading_goes_below_it(editor: ReportEditor) -> None:
    editor.load(BOTH, "")
    editor.select((3, 3))
    QTest.keyClicks(editor, "X")
    editor.select((3, 3))
    said = QInputMethodEvent()
    said.setCommitString("Dictated. ")
    QApplication.sendEvent(editor, said)
    editor.select((3, 3))
    source = QMimeData()
    source.setText("Pasted. ")
    editor.insertFromMimeData(source)
    editor.select((3, 3))
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.text() == "Findings:\nPasted. Dictated. XHeart normal.\n\nImpression:\nClear."


def test_selecting_everything_may_still_delete_everything(editor: ReportEditor) -> None:
    editor.load(BOTH, "")
    editor.selectAll()
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.toPlainText() == ""


def test_dictation_that_comes_as_one_key_event_is_taken_whole(editor: ReportEditor) -> None:
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    words = " No pneumothorax, ä."
    QApplication.sendEvent(
        editor, QKeyEvent(QKeyEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, words)
    )
    assert editor.text() == "Clear." + words
