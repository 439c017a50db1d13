"""The text editor of a report: what stands in it is, letter by letter, what is saved and signed.

What is the AI's and what is the reader's is painted over, beside and between the words, and is part of neither
text nor undo. Which changes were accepted is undone with everything else: it is a property of the document's
root frame, which Qt keeps in the same history as the text.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QHelpEvent,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QTextBrowser, QTextEdit, QToolTip, QWidget

from llmcxr_ws import macros as autotext
from llmcxr_ws.macros import Macro
from llmcxr_ws.sections import Section, heading_length, parts_of, tidy
from ui.report.changes import Change, Key, Markup, Place, Shown, Sources, compare, markup
from ui.report.ghosts import Ghosts
from ui.report.layers import layered
from ui.report.margin import WIDTH, Mark, OriginBar
from ui.theme import BASE_POINTS, LIVE, Theme, follow, px, scale

_MARK_MS = 150
_GHOST_MS = 700
_ACCEPTED = QTextFormat.Property.UserProperty.value + 7
_ENTRY = "\x1e"
_SIDE = "\x1f"
_EDITING_KEYS = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
_NEW_LINE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ReportEditor(QPlainTextEdit):
    """Plain text with undo; AI words in the AI's colour, the reader's own underlined, taken out ones struck through.

    Signals
    -------
    left : the editor lost the keyboard focus
    marked : the marks were brought up to date with the text
    moved : the cursor stands elsewhere
    menu_wanted(QMenu, str) : a context menu opens over a word; others may add to it
    """

    left = Signal()
    marked = Signal()
    moved = Signal()
    menu_wanted = Signal(object, str)

    def __init__(self, theme: Theme = LIVE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ai_text = ""
        self._known = Sources()
        self._macros: tuple[Macro, ...] = ()
        self._markup = Markup()
        self._misspelt: tuple[Place, ...] = ()
        self._found: tuple[Place, ...] = ()
        self._ghost_places: list[tuple[QRectF, str]] = []
        self._meant: Change | None = None
        self._shown_change: Change | None = None
        self._menu_place: Place = (0, 0)
        self._marked_text, self._marked_revision = "", -1
        self._bar_origins: list[tuple[Place, Shown]] = []
        self._is_clean = False
        self.setAccessibleName("Report text")
        self.setAccessibleDescription("Findings and impression. Words of the AI are coloured until edited.")
        self.setPlaceholderText("Impression")
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(10)
        self._ghosts = Ghosts(self.document(), theme, self.font())
        self.bar = OriginBar(self, theme, self._bar_marks)
        self._formats: dict[frozenset[str], QTextCharFormat] = {}
        # Comparing waits for a pause in typing: a key must be on the screen at once. Room for words that are gone
        # is made after a longer one, so that nothing moves under the fingers.
        self._marking = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._marking.timeout.connect(self._mark_words)
        self._haunting = QTimer(self, singleShot=True, interval=_GHOST_MS)
        self._haunting.timeout.connect(self._show_ghosts)
        self.textChanged.connect(self._on_text)
        self.cursorPositionChanged.connect(self._on_cursor)
        self.updateRequest.connect(self._on_update)
        follow(self._dress)

    def _dress(self) -> None:
        """Take size and colours of the theme on the screen."""
        font = QFont(self.font())
        font.setPointSizeF(BASE_POINTS * scale() * 1.1)
        self.setFont(font)
        self.setViewportMargins(0 if self._is_clean else px(WIDTH), 0, 0, 0)
        self._formats.clear()
        self._ghosts.dress(font)
        self.mark()

    # What is shown

    @property
    def ai_text(self) -> str:
        """The text that changes are marked against."""
        return self._ai_text

    @property
    def markup(self) -> Markup:
        """What is marked at present."""
        return self._markup

    @property
    def ghosts(self) -> list[tuple[int, str]]:
        """Where words of the AI are shown struck through, and which."""
        return self._ghosts.texts

    @property
    def is_clean(self) -> bool:
        """Whether the text is shown without any mark."""
        return self._is_clean

    def text(self) -> str:
        """Return the text as it is saved and signed: empty sections have no heading."""
        return tidy(self.toPlainText())

    def load(self, text: str, ai_text: str, accepted: frozenset[Key] = frozenset()) -> None:
        """Show another report, with the changes that were accepted in it; forgets undo."""
        self._ai_text = ai_text
        self._misspelt, self._found, self._meant = (), (), None
        self.setPlainText(text)
        self.document().setUndoRedoEnabled(False)
        self._set_accepted(accepted)
        self.document().setUndoRedoEnabled(True)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.mark()

    def compare_with(self, ai_text: str) -> None:
        """Mark the same text against another AI text; undo stays."""
        self._ai_text = ai_text
        self.mark()

    def know(self, known: Sources) -> None:
        """Tell what sentences may come from."""
        if known != self._known:
            self._known = known
            self.mark()

    def set_macros(self, macros: tuple[Macro, ...]) -> None:
        """Tell which triggers there are."""
        self._macros = macros

    def set_clean(self, is_clean: bool) -> None:
        """Show the text without marks, or with them."""
        self._is_clean = is_clean
        self.bar.setVisible(not is_clean)
        self.setViewportMargins(0 if is_clean else px(WIDTH), 0, 0, 0)
        self.mark()

    def show_misspelt(self, places: tuple[Place, ...]) -> None:
        """Underline these words."""
        if places != self._misspelt:
            self._misspelt = places
            if self._is_fresh:
                self._select()

    def show_found(self, places: tuple[Place, ...]) -> None:
        """Light these places up."""
        if places != self._found:
            self._found = places
            if self._is_fresh:
                self._select()

    def mark(self) -> None:
        """Mark the text against the AI text, at once and wholly."""
        self._mark_words()
        self._show_ghosts()

    def _mark_words(self) -> None:
        self._marking.stop()
        text = self._marked_text = self.toPlainText()
        self._marked_revision = self.document().revision()
        self._markup = markup(self._ai_text, text, self._known, self.accepted)
        self._bar_origins = [
            ((_position(text, start), _position(text, end)), shown)
            for (start, end), shown in self._markup.origins
        ]
        self._select()
        self.bar.update()
        self.marked.emit()

    def _show_ghosts(self) -> None:
        self._haunting.stop()
        if not self._is_fresh:
            self._haunting.start()
            return
        room = self.viewport().width() - 2 * self.document().documentMargin()
        text = self._marked_text
        ghosts = [(_position(text, ghost.at), ghost.text) for ghost in self._markup.ghosts]
        self._ghosts.show([] if self._is_clean else ghosts, room)
        self._select()

    def _on_text(self) -> None:
        self._marking.start()
        self._haunting.start()

    def _select(self) -> None:
        length = len(self._marked_text)
        marks: list[tuple[Place, str]] = [(place, "found") for place in self._found]
        marks += [(place, "misspelt") for place in self._misspelt]
        if not self._is_clean:
            marks += [(place, "kept") for place in self._markup.kept]
            marks += [(place, "inserted") for place in self._markup.inserted]
            current = self._shown_change = self.current_change
            if current is not None:
                marks.append((current.place, "current"))
            letters = [_index(self._marked_text, at) for at in self._ghosts.first_letters()]
            marks += [((at, at + 1), "hidden") for at in letters]
        fitting = [((start, min(end, length)), name) for (start, end), name in marks]
        # In the order of the text: Qt leaves some of them out otherwise.
        shown = [(place, names) for place, names in layered(fitting) if "hidden" not in names]
        self.setExtraSelections([self._selection(place, self._look(names)) for place, names in shown])

    def _look(self, names: frozenset[str]) -> QTextCharFormat:
        made = self._formats.get(names)
        if made is None:
            made = self._formats[names] = self._made_look(names)
        return made

    def _made_look(self, names: frozenset[str]) -> QTextCharFormat:
        made = QTextCharFormat()
        # Of two selections that touch, Qt doesn't paint the second one unless they have a background.
        made.setBackground(QColor(0, 0, 0, 0))
        if "kept" in names:
            made.setForeground(QColor(self._theme.ai))
        if "inserted" in names:
            made.setForeground(QColor(self._theme.inserted))
            made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        if "misspelt" in names:
            made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            made.setUnderlineColor(QColor(self._theme.bad))
        if "current" in names:
            made.setBackground(QColor(self._theme.panel))
        if "found" in names:
            made.setBackground(QColor(self._theme.selection))
            made.setForeground(QColor(self._theme.selection_text))
        return made

    def _selection(self, place: Place, look: QTextCharFormat) -> QTextEdit.ExtraSelection:
        made = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(_position(self._marked_text, place[0]))
        cursor.setPosition(_position(self._marked_text, place[1]), QTextCursor.MoveMode.KeepAnchor)
        made.cursor = cursor
        made.format = look
        return made

    def _cursor(self, place: Place) -> QTextCursor:
        """Return a cursor over a place of the text as Python counts it."""
        text = self.toPlainText()
        cursor = QTextCursor(self.document())
        cursor.setPosition(_position(text, place[0]))
        cursor.setPosition(_position(text, place[1]), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _index(self, position: int) -> int:
        """Return where in the text, as Python counts it, a position of Qt lies."""
        return _index(self.toPlainText(), position)

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

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text, then the AI's words that are gone."""
        super().paintEvent(event)
        self._ghost_places = []
        if self._is_clean or not self._ghosts.texts:
            return
        painter = QPainter(self.viewport())
        for block, top_left in self._visible_blocks():
            ink = self._ink_at(block.position())
            self._ghost_places += self._ghosts.paint(painter, block, top_left, self.font(), ink)
        painter.end()

    def _ink_at(self, position: int) -> QColor:
        """Return the colour of the letter at a position of Qt's."""
        at = _index(self._marked_text, position)
        for places, colour in (
            (self._markup.kept, self._theme.ai),
            (self._markup.inserted, self._theme.inserted),
        ):
            if any(start <= at < end for start, end in places):
                return QColor(colour)
        return QColor(self._theme.text)

    def _visible_blocks(self) -> list[tuple[QTextBlock, QPointF]]:
        made = []
        block = self.firstVisibleBlock()
        bottom = self.viewport().height()
        while block.isValid():
            top_left = self.blockBoundingGeometry(block).translated(self.contentOffset()).topLeft()
            if top_left.y() > bottom:
                break
            made.append((block, top_left))
            block = block.next()
        return made

    def _bar_marks(self) -> list[Mark]:
        """Return which sentence stands in which line of the screen."""
        made: list[Mark] = []
        for block, top_left in self._visible_blocks():
            layout, begin = block.layout(), block.position()
            for number in range(layout.lineCount()):
                line = layout.lineAt(number)
                start = begin + line.textStart()
                end = start + line.textLength()
                top = top_left.y() + line.y() + self.viewport().y() - self.bar.y()
                made += [
                    Mark(top, line.height(), origin, first >= start)
                    for (first, last), origin in self._bar_origins
                    if first < end and last > start
                ]
        return made

    def _on_update(self, rect: QRect, dy: int) -> None:
        self.bar.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the bar beside the text, and the room for ghosts within the line."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self.bar.setGeometry(QRect(inside.left(), inside.top(), px(WIDTH), inside.height()))
        self._haunting.start()

    def viewportEvent(self, event: QEvent) -> bool:
        """Show the whole of what was taken out where there was no room for it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            here = QPointF(event.pos())
            words = [text for place, text in self._ghost_places if place.contains(here)]
            QToolTip.showText(event.globalPos(), f"Taken out: {words[0]}" if words else "", self)
            return True
        return super().viewportEvent(event)

    # Tracked changes

    @property
    def accepted(self) -> frozenset[Key]:
        """The changes that were accepted; part of the document's undo history."""
        kept = self.document().rootFrame().frameFormat().property(_ACCEPTED)
        entries = kept.split(_ENTRY) if isinstance(kept, str) and kept else []
        return frozenset((ai, mine) for ai, _, mine in (entry.partition(_SIDE) for entry in entries))

    def _set_accepted(self, keys: frozenset[Key]) -> None:
        root = self.document().rootFrame()
        made = root.frameFormat()
        made.setProperty(_ACCEPTED, _ENTRY.join(_SIDE.join(key) for key in sorted(keys)))
        root.setFrameFormat(made)

    @property
    def current_change(self) -> Change | None:
        """The change that the cursor stands in."""
        at = self.cursor_index()
        near = [change for change in self._markup.changes if change.place[0] <= at <= change.place[1]]
        # Two changes may stand at one place: the one that was gone to is meant.
        return self._meant if self._meant in near else near[0] if near else None

    def step_change(self, by: int) -> bool:
        """Go to the next or the previous change, around the end; False when there is none."""
        self._freshen()
        changes = sorted(self._markup.changes, key=lambda change: change.place)
        if not changes:
            return False
        current = self.current_change
        if current in changes:
            place = (changes.index(current) + by) % len(changes)
        else:
            at = self.cursor_index()
            behind = [n for n, change in enumerate(changes) if change.place[0] >= at]
            place = (behind[0] if behind else 0) if by > 0 else (behind[0] - 1 if behind else -1)
        self._meant = changes[place]
        self._go(changes[place].place[0])
        self._select()
        self.moved.emit()
        self.setFocus()
        return True

    def accept(self, changes: tuple[Change, ...]) -> None:
        """Keep these changes and mark them no more."""
        if changes and not self.isReadOnly():
            self._set_accepted(self.accepted | {change.key for change in changes})
            self.mark()

    def accept_current(self) -> None:
        """Keep the change that the cursor stands in."""
        self._freshen()
        current = self.current_change
        if current is not None:
            self.accept((current,))

    def accept_all(self) -> None:
        """Keep all changes."""
        self._freshen()
        self.accept(self._markup.changes)

    def reject_current(self) -> None:
        """Put the AI's sentence back where the cursor stands; a sentence of one's own goes."""
        self._freshen()
        current = self.current_change
        if current is not None and not self.isReadOnly():
            self._restore(current)

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

    def _restore(self, change: Change) -> None:
        text = self.toPlainText()
        start, end = change.place
        if change.mine and change.ai:
            self._put(change.place, change.ai)
        elif change.ai:
            self._put(change.place, _spaced(text[:start], change.ai, text[end:]))
        elif end < len(text) and text[end] in " \n" and (start == 0 or text[start - 1].isspace()):
            # One space or line end goes with the sentence, so that no gap stays.
            self._put((start, end + 1), "")
        else:
            self._put((start - (start > 0 and text[start - 1] == " "), end), "")
        self.mark()

    def _freshen(self) -> None:
        """Bring the marks up to date before something rests on them."""
        if not self._is_fresh:
            self._mark_words()

    @property
    def _is_fresh(self) -> bool:
        """Whether the marks are of the text that stands there."""
        return self._marked_revision == self.document().revision()

    def _on_cursor(self) -> None:
        # While marks are older than the text, places in them mean nothing.
        if self._is_fresh and self.current_change != self._shown_change:
            self._select()
        self.moved.emit()

    def _go(self, at: int) -> None:
        self.setTextCursor(self._cursor((at, at)))
        self.ensureCursorVisible()

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
        self._put((start, end), _spaced(whole[:start], words, whole[end:]))
        self.mark()
        return True

    def replace(self, place: Place, text: str) -> None:
        """Put other words in a place; undone like typing."""
        if not self.isReadOnly():
            self._put(place, text)

    # Qt

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt's own menu, and what others add for the word under the pointer."""
        menu = self.createStandardContextMenu()
        cursor = self.cursorForPosition(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            cursor = self.textCursor()
        self.add_to_menu(menu, cursor)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def add_to_menu(self, menu: QMenu, cursor: QTextCursor) -> None:
        """Let others add to the menu over a place."""
        at = self._index(cursor.position())
        self._menu_place = next((p for p in self._misspelt if p[0] <= at <= p[1]), (at, at))
        self.menu_wanted.emit(menu, self.toPlainText()[slice(*self._menu_place)])

    @property
    def menu_place(self) -> Place:
        """The word that the last context menu was opened over."""
        return self._menu_place

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the reader went elsewhere."""
        super().focusOutEvent(event)
        self.left.emit()


def _position(text: str, index: int) -> int:
    """Return Qt's position, in UTF-16, of an index into a text."""
    return index if text.isascii() else index + sum(letter > "\uffff" for letter in text[:index])


def _index(text: str, position: int) -> int:
    """Return the index into a text of a position of Qt's."""
    if text.isascii():
        return position
    return len(text.encode("utf-16-le")[: 2 * position].decode("utf-16-le", "ignore"))


def _spaced(before: str, words: str, after: str) -> str:
    """Return the words with a space on each side where they would touch others."""
    front = "" if not before or before[-1].isspace() else " "
    back = "" if not after or after[0].isspace() else " "
    return f"{front}{words}{back}"


class OriginalText(QTextBrowser):
    """The AI's own words, never changed; those that the reader took out are struck through."""

    def __init__(self, theme: Theme = LIVE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName("The AI's own words")
        self.document().setDocumentMargin(10)
        self._texts = ("", "")
        self._removed = QTextCharFormat()
        self._removed.setFontStrikeOut(True)
        follow(self._dress)

    def _dress(self) -> None:
        self._removed.setForeground(QColor(self._theme.removed))
        self.compare_with(*self._texts)

    def compare_with(self, ai_text: str, text: str) -> None:
        """Show the AI text with what `text` no longer holds struck through."""
        self._texts = (ai_text, text)
        self.setPlainText(ai_text)
        for start, end in compare(ai_text, text).removed:
            cursor = QTextCursor(self.document())
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(self._removed)
