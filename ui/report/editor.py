"""The editor of a report with its marks: what is the AI's, what the reader's, what is gone; keep or restore it.

All of it is painted over, beside and between the words and is part of neither text nor undo (`ui.report.text`).
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QMenu, QTextEdit, QToolTip, QWidget

from ui.language import tr
from ui.report.changes import Change, Key, Markup, Place, Shown, Sources, markup
from ui.report.ghosts import Ghosts
from ui.report.layers import layered
from ui.report.margin import WIDTH, Mark, OriginBar
from ui.report.text import ReportText, index_of, position_of, spaced
from ui.theme import BASE_POINTS, LIVE, Theme, follow, px, scale

_MARK_MS = 150
_GHOST_MS = 700


class ReportEditor(ReportText):
    """Plain text with undo; AI words in the AI's colour, the reader's own underlined, taken out ones struck through.

    Signals
    -------
    marked : the marks were brought up to date with the text
    moved : the cursor stands elsewhere
    menu_wanted(QMenu, str) : a context menu opens over a word; others may add to it
    """

    marked = Signal()
    moved = Signal()
    menu_wanted = Signal(object, str)

    def __init__(self, theme: Theme = LIVE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ai_text = ""
        self._known = Sources()
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

    def renew(self, text: str, ai_text: str) -> None:
        """Put the words of a new draft in the place of the old one's; undone like everything else."""
        self._ai_text = ai_text
        self._misspelt, self._found, self._meant = (), (), None
        self._put((0, len(self.toPlainText())), text)
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
            ((position_of(text, start), position_of(text, end)), shown)
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
        ghosts = [(position_of(text, ghost.at), ghost.text) for ghost in self._markup.ghosts]
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
            letters = [index_of(self._marked_text, at) for at in self._ghosts.first_letters()]
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
        cursor.setPosition(position_of(self._marked_text, place[0]))
        cursor.setPosition(position_of(self._marked_text, place[1]), QTextCursor.MoveMode.KeepAnchor)
        made.cursor = cursor
        made.format = look
        return made

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
        at = index_of(self._marked_text, position)
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
            told = tr("Taken out: {words}", words=words[0]) if words else ""
            QToolTip.showText(event.globalPos(), told, self)
            return True
        return super().viewportEvent(event)

    # Tracked changes

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

    def keep(self, keys: frozenset[Key]) -> None:
        """Mark these changes no more, which were accepted before."""
        if keys - self.accepted:
            self._set_accepted(self.accepted | keys)
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

    def _restore(self, change: Change) -> None:
        text = self.toPlainText()
        start, end = change.place
        if change.mine and change.ai:
            self._put(change.place, change.ai)
        elif change.ai:
            self._put(change.place, spaced(text[:start], change.ai, text[end:]))
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
