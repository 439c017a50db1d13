"""AutoText in the editor: trigger and Tab, places to fill in, one step of undo; and the dialog that keeps them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from llmcxr_ws.macros import Macro
from ui.report.editor import ReportEditor
from ui.report.find import FindBar
from ui.report.macro_dialog import MacroDialog
from ui.theme import DARK

NL = Macro("nl", "The lungs are clear without [finding] on the [side].")
FU = Macro("fu", "Follow up.")


@pytest.fixture
def editor(qtbot: QtBot) -> ReportEditor:
    page = QWidget()
    qtbot.addWidget(page)
    made = ReportEditor(DARK)
    layout = QVBoxLayout(page)
    layout.addWidget(made)
    layout.addWidget(QLineEdit())
    page.resize(420, 300)
    page.show()
    page.activateWindow()
    qtbot.waitExposed(page)
    made.set_macros((FU, NL))
    made.load("Heart normal. ", "Heart normal.")
    made.setFocus()
    made._page = page  # type: ignore[attr-defined]
    return made


def test_a_trigger_and_tab_become_the_text_and_tab_goes_through_its_places(editor: ReportEditor) -> None:
    QTest.keyClicks(editor, "nl")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.text() == "Heart normal. " + NL.text
    assert editor.textCursor().selectedText() == "[finding]"
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.textCursor().selectedText() == "[side]"
    QTest.keyClick(editor, Qt.Key.Key_Backtab)
    assert editor.textCursor().selectedText() == "[finding]"
    QTest.keyClicks(editor, "nodules")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    QTest.keyClicks(editor, "left")
    assert editor.text() == "Heart normal. The lungs are clear without nodules on the left."


def test_tab_without_trigger_or_place_goes_to_the_next_control(editor: ReportEditor) -> None:
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert isinstance(QApplication.focusWidget(), QLineEdit)


def test_tab_behind_the_last_place_leaves_the_report(editor: ReportEditor) -> None:
    editor.load("A [x] b.", "")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert isinstance(QApplication.focusWidget(), QLineEdit)


def test_one_undo_takes_a_macro_away(editor: ReportEditor) -> None:
    QTest.keyClicks(editor, "fu")
    assert editor.expand_macro()
    assert editor.text() == "Heart normal. Follow up."
    editor.undo()
    assert editor.text() == "Heart normal. fu"


def test_a_word_that_only_ends_like_a_trigger_isnt_one(editor: ReportEditor) -> None:
    QTest.keyClicks(editor, "onl")
    assert not editor.expand_macro()
    assert editor.text().endswith("onl")


def test_nothing_is_expanded_in_a_fixed_report(editor: ReportEditor) -> None:
    QTest.keyClicks(editor, "fu")
    editor.setReadOnly(True)
    assert not editor.expand_macro()
    assert not editor.insert("An answer.")


def test_inserted_sentences_get_their_spaces(editor: ReportEditor) -> None:
    editor.load("Heart normal. Clear.", "")
    editor.select((13, 13))
    assert editor.insert(" There is\nedema. ")
    assert editor.text() == "Heart normal. There is edema. Clear."
    editor.undo()
    assert editor.text() == "Heart normal. Clear."


def test_the_dialog_adds_renames_deletes_and_refuses(qtbot: QtBot) -> None:
    kept: list[tuple[Macro, ...]] = []
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = MacroDialog(parent, (FU,), kept.append)
    dialog.show()
    assert (dialog.trigger.text(), dialog.text.toPlainText()) == ("fu", "Follow up.")
    dialog.add.click()
    QTest.keyClicks(dialog.trigger, "two words")
    dialog.text.setPlainText("X.")
    dialog.save.click()
    assert dialog.isVisible()
    assert "'two words' was refused" in dialog.problem.text
    dialog.trigger.clear()
    QTest.keyClicks(dialog.trigger, "xx")
    dialog.save.click()
    assert kept == [(FU, Macro("xx", "X."))]
    again = MacroDialog(parent, kept[0], kept.append)
    again.delete.click()
    again.accept()
    assert kept[1] == (Macro("xx", "X."),)
    empty = MacroDialog(parent, (), kept.append)
    assert not empty.trigger.isEnabled() and not empty.delete.isEnabled()


def test_words_are_found_upper_or_lower_case_and_around_the_end(qtbot: QtBot, editor: ReportEditor) -> None:
    bar = FindBar(editor)
    qtbot.addWidget(bar)
    editor.load("Left lung. Right lung. LUNG bases.", "")
    bar.begin()
    bar.box.setText("lung")
    assert bar.count.text() == "3 found"
    starts = []
    for _ in range(4):
        QTest.keyClick(bar.box, Qt.Key.Key_Return)
        starts.append(editor.selected()[0])
    assert starts == [5, 17, 23, 5] or sorted(set(starts)) == [5, 17, 23]
    QTest.keyClick(bar.box, Qt.Key.Key_Escape)
    assert not bar.isVisible()
