"""The editor's marks are on the screen and nowhere in the text."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ui.report.editor import ReportEditor
from ui.report.original import OriginalText
from ui.theme import DARK

AI = "Right lower lobe consolidation, consistent with pneumonia. Heart size is normal. No pleural effusion."
MINE = (
    "Right lower lobe consolidation, consistent with aspiration pneumonia. Heart size is normal. "
    "Follow up in six weeks."
)


@pytest.fixture
def editor(qtbot: QtBot) -> ReportEditor:
    made = ReportEditor()
    qtbot.addWidget(made)
    made.resize(376, 220)
    made.show()
    made.load(AI, AI)
    return made


def inked(image: QImage, colour: str) -> list[tuple[int, int]]:
    """Return the pixels of a colour."""
    wanted = QColor(colour).rgb()
    places = [(x, y) for y in range(image.height()) for x in range(image.width())]
    return [(x, y) for x, y in places if image.pixel(x, y) == wanted]


def test_all_insertions_are_painted_also_after_kept_words(editor: ReportEditor) -> None:
    editor.setPlainText(MINE)
    editor.mark()
    green = inked(editor.grab().toImage(), DARK.inserted)
    rows = {y for _, y in green}
    # "aspiration" stands in the second line, "Follow up in six weeks" ends in the third.
    assert max(rows) - min(rows) > editor.fontMetrics().lineSpacing() * 0.8
    assert inked(editor.grab().toImage(), DARK.ai)


def test_an_untouched_text_is_all_the_ais(editor: ReportEditor) -> None:
    image = editor.grab().toImage()
    assert inked(image, DARK.ai)
    assert not inked(image, DARK.inserted)


def test_marks_wait_for_a_pause_and_touch_neither_text_nor_undo(qtbot: QtBot, editor: ReportEditor) -> None:
    qtbot.keyClicks(editor, " More")
    qtbot.waitUntil(lambda: any("More" in mark.cursor.selectedText() for mark in editor.extraSelections()))
    assert editor.toPlainText() == AI + " More"
    editor.undo()
    assert editor.toPlainText() == AI


def test_what_was_taken_out_is_struck_through_in_the_ais_words(qtbot: QtBot) -> None:
    original = OriginalText()
    qtbot.addWidget(original)
    original.compare_with(AI, MINE)
    assert original.toPlainText() == AI
    assert original.document().find("effusion").charFormat().fontStrikeOut()
    assert not original.document().find("pneumonia").charFormat().fontStrikeOut()
    original.compare_with(AI, AI)
    assert not original.document().find("effusion").charFormat().fontStrikeOut()


def test_the_ais_words_are_struck_where_they_stand_and_stay_where_they_were_scrolled_to(qtbot: QtBot) -> None:
    original = OriginalText()
    qtbot.addWidget(original)
    original.resize(300, 80)
    original.show()
    text = (
        "\U0001f4a1 " + " ".join(f"Sentence number {n} of the draft." for n in range(30)) + " Pneumothorax."
    )
    original.compare_with(text, text)
    bar = original.verticalScrollBar()
    bar.setValue(bar.maximum())
    original.compare_with(text, text.replace("Pneumothorax.", ""))
    assert bar.value() == bar.maximum() > 0
    struck = original.document().find("Pneumothorax")
    assert struck.charFormat().fontStrikeOut()
    cursor = original.textCursor()
    cursor.setPosition(struck.selectionStart())  # the character before the word
    assert not cursor.charFormat().fontStrikeOut()
