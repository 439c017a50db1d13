"""The text of a report as one edits it: two sections, headings that stay whole, macros, one history. No marks.

What stands in it is, letter by letter, what is saved and signed. Which changes were accepted is undone with
everything else: it is a property of the document's root frame, which Qt keeps in the same history as the text.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from llmcxr_ws import macros as autotext
from llmcxr_ws.macros import Macro
from llmcxr_ws.sections import Section, heading_length, parts_of, tidy
from ui.language import tr
from ui.report.changes import Key, Place

_ACCEPTED = QTextFormat.Property.UserProperty.value + 7
_EDITING_KEYS = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
_NEW_LINE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ReportText(QPlainTextEdit):
    """Findings and impression as plain text with undo.

    Signals
    -------
    left : the editor lost the keyboard focus
    """

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._macros: tuple[Macro, ...] = ()
        self.setAccessibleName(tr("Report text"))
        described = tr("Findings and impression. Words of the AI are coloured until edited.")
        self.setAccessibleDescription(described)
        self.setPlaceholderText(tr("Impression"))
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(10)

    def mark(self) -> None:
        """Come after words that were put in by a command; whoever marks the text does it here."""

    def text(self) -> str:
        """Return the text as it is saved and signed: empty sections have no heading."""
        return tidy(self.toPlainText())

    def set_macros(self, macros: tuple[Macro, ...]) -> None:
        """Tell which triggers there are."""
        self._macros = macros

    # Places

    def _cursor(self, place: Place) -> QTextCursor:
        """Return a cursor over a place of the text as Python counts it."""
        text = self.toPlainText()
        cursor = QTextCursor(self.document())
        cursor.setPosition(position_of(text, place[0]))
        cursor.setPosition(position_of(text, place[1]), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _index(self, position: int) -> int:
        """Return where in the text, as Python counts it, a position of Qt lies."""
        return index_of(self.toPlainText(), position)

    def cursor_index(self) -> int:
        """Return where in the text the cursor stands."""
        return self._index(self.textCursor().position())

    def select(self, place: Place) -> None:
        """Select a place of the text."""
        self.setTextCursor(self._cursor(place))
        self.ensureCursorVisible()

    def selected(self) -> Place:
        """Return where in the text the selection begins and ends."""
        cursor = self.textCursor()
        return self._index(cursor.selectionStart()), self._index(cursor.selectionEnd())

    def _go(self, at: int) -> None:
        self.setTextCursor(self._cursor((at, at)))
        self.ensureCursorVisible()

    def _put(self, place: Place, text: str) -> None:
        """Put words in a place as one step of undo, and the cursor behind them.

        Qt makes one step of insertions that follow upon one another; something else at the end keeps them apart.
        """
        cursor = self._cursor(place)
        cursor.beginEditBlock()
        cursor.insertText(text)
        self._set_accepted(self.accepted)
        cursor.endEditBlock()
        self.setTextCursor(cursor)

    # What was accepted

    @property
    def accepted(self) -> frozenset[Key]:
        """The changes that were accepted; part of the document's undo history."""
        kept = self.document().rootFrame().frameFormat().property(_ACCEPTED)
        return frozenset(kept.split()) if isinstance(kept, str) else frozenset()

    def _set_accepted(self, keys: frozenset[Key]) -> None:
        root = self.document().rootFrame()
        made = root.frameFormat()
        made.setProperty(_ACCEPTED, " ".join(sorted(keys)))
        root.setFrameFormat(made)

    # Sections

    def go_to_section(self, wanted: Section) -> None:
        """Go to the end of a section; headings are made where there are none."""
        text = self.toPlainText()
        parts = parts_of(text)
        mine = [part for part in parts if part.section == wanted]
        headed = [part for part in parts if part.heading[1]]
        if mine and (headed or wanted == "impression"):
            start, end = mine[-1].heading[1], mine[-1].end
            body = text[start:end]
            at = start + len(body.rstrip()) if body.strip() else start + (body[:1] == "\n" and start > 0)
            self._go(at)
        elif not self.isReadOnly() and (wanted == "findings" or text.strip()):
            self._add_section(wanted, headed[0].heading[0] if headed else 0, has_headings=bool(headed))
        self.setFocus()

    def _add_section(self, wanted: Section, first: int, *, has_headings: bool) -> None:
        text = self.toPlainText()
        cursor = self._cursor((len(text), len(text)) if wanted == "impression" else (first, first))
        if wanted == "impression":
            if not has_headings:
                self._go(len(text))
                return
            cursor.insertText(f"{'' if text.endswith(chr(10)) else chr(10)}\nImpression:\n")
            self.setTextCursor(cursor)
            return
        cursor.insertText("Findings:\n\n\n" if has_headings else "Findings:\n\n\nImpression:\n")
        self._go(first + len("Findings:\n"))

    def _leave_heading(self) -> None:
        """Typing never goes into a heading: the cursor moves to the line below it."""
        cursor = self.textCursor()
        if cursor.hasSelection() or not cursor.block().isValid():
            return
        length = heading_length(cursor.block().text())
        if length and cursor.positionInBlock() < length:
            if cursor.block().next().isValid() and len(cursor.block().text()) <= length:
                cursor.setPosition(cursor.block().next().position())
            else:
                cursor.setPosition(cursor.block().position() + length)
            self.setTextCursor(cursor)

    def _would_break_heading(self, key: int) -> bool:
        """Whether a key would join a heading to its neighbour or gnaw at it."""
        cursor = self.textCursor()
        if cursor.hasSelection() or key not in _EDITING_KEYS:
            return False
        block, at = cursor.block(), cursor.positionInBlock()
        length = heading_length(block.text())
        if key == Qt.Key.Key_Backspace:
            joins = at == 0 and (length > 0 or bool(heading_length(block.previous().text())))
            return joins or 0 < at <= length
        joins = at == len(block.text()) and (length > 0 or bool(heading_length(block.next().text())))
        return joins or at < length

    # Keys

    def undo(self) -> None:
        """Take the last step back; Qt would do so in a text that nobody may write, too."""
        if not self.isReadOnly():
            super().undo()

    def redo(self) -> None:
        """Do again what was undone, where somebody may write."""
        if not self.isReadOnly():
            super().redo()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Write; headings stay whole, Ctrl+Y does again."""
        if event.key() == Qt.Key.Key_Y and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.redo()
        elif self.isReadOnly():
            super().keyPressEvent(event)
        elif not self._would_break_heading(event.key()):
            if event.key() in _NEW_LINE or (event.text() and event.text().isprintable()):
                self._leave_heading()
            super().keyPressEvent(event)

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Tab expands a trigger, or goes on to the next place to fill in; behind the last one it leaves."""
        if self.isReadOnly():
            return super().focusNextPrevChild(is_next)
        is_used = (is_next and self.expand_macro()) or self.step_placeholder(1 if is_next else -1)
        return is_used or super().focusNextPrevChild(is_next)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste or drop; never into a heading."""
        self._leave_heading()
        super().insertFromMimeData(source)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Write what an input method or a recogniser of speech hands over."""
        if event.commitString():
            self._leave_heading()
        super().inputMethodEvent(event)

    # Macros and answers

    def trigger(self) -> str:
        """Return the word before the cursor, as far as it could be a trigger."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            return ""
        return autotext.trigger_before(cursor.block().text()[: cursor.positionInBlock()])

    def expand_macro(self, macro: Macro | None = None) -> bool:
        """Put a macro's text in the place of the trigger before the cursor; False when there is none."""
        if self.isReadOnly():
            return False
        word = self.trigger()
        found = macro or (autotext.find(self._macros, word) if word else None)
        if found is None:
            return False
        self._leave_heading()
        start, end = self.selected()
        start -= len(word) if found.trigger.lower().startswith(word.lower()) else 0
        self._put((start, end), found.text)
        inside = autotext.placeholders(found.text)
        if inside:
            self.setTextCursor(self._cursor((start + inside[0][0], start + inside[0][1])))
        return True

    def step_placeholder(self, by: int) -> bool:
        """Select the next (or the previous) place to be filled in; False behind the last one."""
        start, end = self.selected()
        places = autotext.placeholders(self.toPlainText())
        if by > 0:
            ahead = [place for place in places if place[0] >= end]
            chosen = ahead[0] if ahead else None
        else:
            behind = [place for place in places if place[1] <= start]
            chosen = behind[-1] if behind else None
        if chosen is not None:
            self.setTextCursor(self._cursor(chosen))
        return chosen is not None

    def insert(self, text: str) -> bool:
        """Put sentences in where the cursor stands, with space around them; False where nobody may write."""
        words = " ".join(text.split())
        if self.isReadOnly() or not words:
            return False
        self._leave_heading()
        whole, (start, end) = self.toPlainText(), self.selected()
        self._put((start, end), spaced(whole[:start], words, whole[end:]))
        self.mark()
        return True

    def replace(self, place: Place, text: str) -> None:
        """Put other words in a place; undone like typing."""
        if not self.isReadOnly():
            self._put(place, text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the reader went elsewhere."""
        super().focusOutEvent(event)
        self.left.emit()


def position_of(text: str, index: int) -> int:
    """Return Qt's position, in UTF-16, of an index into a text."""
    return index if text.isascii() else index + sum(letter > "\uffff" for letter in text[:index])


def index_of(text: str, position: int) -> int:
    """Return the index into a text of a position of Qt's."""
    if text.isascii():
        return position
    return len(text.encode("utf-16-le")[: 2 * position].decode("utf-16-le", "ignore"))


def spaced(before: str, words: str, after: str) -> str:
    """Return the words with a space on each side where they would touch others."""
    front = "" if not before or before[-1].isspace() else " "
    back = "" if not after or after[0].isspace() else " "
    return f"{front}{words}{back}"
