"""Accept, restore, step: what they do to the text, and that one history undoes them all."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from llmcxr_ws.macros import Macro, sentence_patterns
from ui.report.changes import sources
from ui.report.editor import ReportEditor
from ui.report.margin import LOOKS
from ui.report.tracking import TrackingStrip
from ui.theme import DARK

AI = "Heart size is normal. There is a small left pleural effusion. No pneumothorax."
MINE = "Heart size is enlarged. No pneumothorax. Follow up in six weeks."


@pytest.fixture
def editor(qtbot: QtBot) -> ReportEditor:
    made = ReportEditor(DARK)
    qtbot.addWidget(made)
    made.resize(420, 260)
    made.show()
    qtbot.waitExposed(made)
    made.load(MINE, AI)
    return made


@pytest.fixture
def strip(qtbot: QtBot, editor: ReportEditor) -> TrackingStrip:
    made = TrackingStrip(editor, DARK)
    qtbot.addWidget(made)
    made.show()
    return made


def inked(image: QImage, colour: str) -> int:
    wanted = QColor(colour).rgb()
    return sum(image.pixel(x, y) == wanted for y in range(image.height()) for x in range(image.width()))


def test_words_that_are_gone_are_painted_and_never_in_the_text(editor: ReportEditor) -> None:
    assert [text for _, text in editor.ghosts] == ["normal", "There is a small left pleural effusion."]
    assert inked(editor.grab().toImage(), DARK.removed)
    assert editor.text() == editor.toPlainText() == MINE
    editor.selectAll()
    editor.copy()
    assert QApplication.clipboard().text() == MINE


def test_a_sentence_taken_out_at_the_very_beginning_is_shown_and_the_first_letter_too(
    qtbot: QtBot, editor: ReportEditor
) -> None:
    # The first letter is painted behind the room that it makes.
    before = inked(editor.grab().toImage(), DARK.ai)
    editor.load("There is a small left pleural effusion. No pneumothorax.", AI)
    assert editor.ghosts == [(0, "Heart size is normal.")]
    image = editor.grab().toImage()
    assert inked(image, DARK.removed)
    letter = editor.cursorRect(editor.textCursor())
    assert letter.isValid()
    assert before and inked(image, DARK.ai)
    cursor = editor.textCursor()
    cursor.setPosition(1)
    editor.setTextCursor(cursor)
    assert editor.cursorRect().x() > 100  # the room stands before the second letter


def test_marks_that_touch_are_all_painted(editor: ReportEditor) -> None:
    editor.load("Heart size is enlarged. No pneumothorax.", "Heart size is enlarged. No pneumothorax.")
    editor.show_misspelt(((0, 5),))
    image = editor.grab().toImage()
    whole = inked(image, DARK.ai)
    editor.show_misspelt(())
    assert whole > 0.8 * inked(editor.grab().toImage(), DARK.ai)


def test_stepping_goes_through_all_changes_and_around(editor: ReportEditor, strip: TrackingStrip) -> None:
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    seen = []
    for _ in range(4):
        editor.step_change(1)
        change = editor.current_change
        assert change is not None
        seen.append((change.ai, change.mine))
    assert (
        seen[1:]
        == [
            ("There is a small left pleural effusion.", ""),
            ("", "Follow up in six weeks."),
            ("Heart size is normal.", "Heart size is enlarged."),
        ]
        or len(set(seen)) == 3
    )
    editor.step_change(-1)
    assert strip.count.text().endswith("of 3")


def test_restoring_brings_the_ais_sentence_back_and_undo_takes_it_away(editor: ReportEditor) -> None:
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    editor.reject_current()
    assert editor.text() == "Heart size is normal. No pneumothorax. Follow up in six weeks."
    # The cursor stands behind the restored sentence, where the next one is missing.
    editor.reject_current()
    assert editor.text() == AI + " Follow up in six weeks."
    editor.step_change(1)
    editor.reject_current()
    assert editor.text() == AI
    assert editor.markup.changes == ()
    for expected in (
        AI + " Follow up in six weeks.",
        "Heart size is normal. No pneumothorax. Follow up in six weeks.",
        MINE,
    ):
        editor.undo()
        assert editor.text() == expected
    editor.redo()
    editor.redo()
    editor.redo()
    assert editor.text() == AI


def test_keeping_marks_no_more_and_is_undone_in_the_same_history(qtbot: QtBot, editor: ReportEditor) -> None:
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    editor.accept_current()
    assert editor.text() == MINE
    assert [change.mine for change in editor.markup.changes] == ["", "Follow up in six weeks."]
    assert [text for _, text in editor.ghosts] == ["There is a small left pleural effusion."]
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    QTest.keyClicks(editor, " More.")
    editor.undo()
    assert editor.text() == MINE
    assert len(editor.accepted) == 1
    editor.undo()
    editor.mark()
    assert not editor.accepted
    assert len(editor.markup.changes) == 3
    editor.redo()
    assert len(editor.accepted) == 1


def test_keeping_all_leaves_nothing_open_and_another_edit_opens_it_again(
    editor: ReportEditor, strip: TrackingStrip
) -> None:
    editor.accept_all()
    assert editor.markup.changes == ()
    assert editor.ghosts == []
    assert strip.count.text() == "No open change"
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    QTest.keyClicks(editor, " Now.")
    editor.mark()
    assert [change.mine for change in editor.markup.changes] == ["Now."]


def test_nothing_of_it_works_on_a_report_that_is_fixed(editor: ReportEditor, strip: TrackingStrip) -> None:
    editor.setReadOnly(True)
    strip.refresh()
    editor.accept_all()
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    editor.reject_current()
    assert editor.text() == MINE
    assert len(editor.markup.changes) == 3
    assert not strip.keep_all.isEnabled() and not strip.restore.isEnabled()
    assert strip.next.isEnabled()


def test_the_strip_says_what_the_ai_wrote(editor: ReportEditor, strip: TrackingStrip) -> None:
    editor.load("Heart <b>size</b> is large.", "Heart <b>size</b> is normal.")
    editor.moveCursor(editor.textCursor().MoveOperation.Start)
    assert "&lt;b&gt;size" in strip.words.text()
    assert "line-through" in strip.words.text()
    assert strip.count.text() == "Change 1 of 1"


def test_a_clean_view_hides_every_mark(editor: ReportEditor) -> None:
    editor.set_clean(True)
    image = editor.grab().toImage()
    assert not inked(image, DARK.removed) and not inked(image, DARK.inserted) and not inked(image, DARK.ai)
    assert not editor.bar.isVisible()
    editor.set_clean(False)
    assert inked(editor.grab().toImage(), DARK.removed)


def test_the_bar_tells_where_each_sentence_comes_from(editor: ReportEditor) -> None:
    editor.know(
        sources(sentence_patterns((Macro("nl", "The lungs are clear without [x]."),)), ["It is mild edema."])
    )
    sentences = [
        "No pneumothorax.",
        "Heart size is enlarged.",
        "The lungs are clear without nodules.",
        "It is mild edema.",
        "Nothing else at all.",
    ]
    editor.load("\n".join(sentences), AI)
    said, block = [], editor.document().firstBlock()
    while block.isValid():
        place = editor.blockBoundingGeometry(block).translated(editor.contentOffset())
        said.append(editor.bar.words_at(block.layout().lineAt(0).y() + place.top() + 5))
        block = block.next()
    assert said == [LOOKS[name][1] for name in ("ai_kept", "ai_edited", "macro", "ai_answer", "human")]
    assert editor.bar.accessibleName()


def test_the_whole_of_what_was_taken_out_is_told_under_the_pointer(
    qtbot: QtBot, editor: ReportEditor
) -> None:
    editor.load("No pneumothorax.", "No pneumothorax. " + "A long sentence that no line can hold. " * 3)
    editor.grab()
    place, full = editor._ghost_places[0]
    assert full.count("long sentence") == 3
    at = place.center().toPoint()
    QApplication.sendEvent(
        editor.viewport(),
        QHelpEvent(QHelpEvent.Type.ToolTip, at, editor.viewport().mapToGlobal(QPoint(at))),
    )
    assert QToolTip.text().count("long sentence") == 3
    QToolTip.hideText()


def test_letters_beyond_the_basic_plane_shift_nothing(editor: ReportEditor) -> None:
    editor.load(
        "\U0001f4a1 Heart size is enlarged. No pneumothorax.", "Heart size is normal. No pneumothorax."
    )
    editor.step_change(1)
    editor.reject_current()
    assert editor.text().endswith("Heart size is normal. No pneumothorax.")
    editor.undo()
    editor.select((2, 7))
    assert editor.textCursor().selectedText() == "Heart"


def test_typing_keeps_its_place_while_ghosts_stand_before_it(qtbot: QtBot, editor: ReportEditor) -> None:
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    for letter in " Stable":
        QTest.keyClick(editor, letter)
        qtbot.wait(5)
    assert editor.text() == MINE + " Stable"
    qtbot.waitUntil(lambda: "Stable" in editor.toPlainText() and bool(editor.markup.changes))
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.text() == MINE + " Stabl"


def test_a_fixed_report_is_neither_undone_nor_done_again(editor: ReportEditor) -> None:
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    QTest.keyClicks(editor, " More.")
    editor.setReadOnly(True)
    editor.undo()
    assert editor.text() == MINE + " More."
    editor.setReadOnly(False)
    editor.undo()
    editor.setReadOnly(True)
    editor.redo()
    QTest.keyClick(editor, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert editor.text() == MINE
