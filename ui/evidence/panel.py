"""The sentences of a draft with their confidence; picking one lights up the part of the film that it rests on.

Shows a `StudyDetail` and asks the desk for maps; draws nothing on the film itself.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import MapRow, ReportRow, RoundTrip
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from ui.desk import Desk
from ui.evidence.words import SentenceLine, heat_of, region_on, round_trip_words, sentence_lines
from ui.icons import pixmap
from ui.language import mark, tr
from ui.tasks import Tasks
from ui.theme import current, follow, px
from ui.widgets import Banner, button, label

POLL_MS = 200
# After the store failed: it is asked again, not so often.
AGAIN_MS = 2000
_MOST_LINES = 5
_ICON_PX = 16
# Around a sentence in its list: beside the icon and the words, and above and below them.
_BESIDE_PX, _ABOVE_PX = 30, 12

CHOOSE = mark("Choose a sentence to see which part of the film it rests on.")
LOOKING = mark("The engine is looking for the part of the film…")
SHOWN = mark("Lit: where the model's words depend on the film. It is no proof of a finding there.")
NO_FILM = mark("The film of the draft isn't on the screen.")
NOTHING = mark("No part of this film stands out for this sentence.")
OTHER_FILM = mark("The draft is of another film of this study; show that one to see the part.")


class EvidencePanel(QWidget):
    """The draft's sentences and what they rest on.

    Signals
    -------
    heat_changed(heat, region) : float32 array [rows, columns] in [0, 1] and (left, top, right, bottom) in pixels of
        the film that is shown, or None and None
    failed(UserFacingError) : a map was refused
    """

    heat_changed = Signal(object, object)
    failed = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self._report: ReportRow | None = None
        self._lines: tuple[SentenceLine, ...] = ()
        self._maps: dict[str, MapRow] = {}
        self._trip: RoundTrip | None = None
        self._film: tuple[int, int] | None = None
        self._is_another = False
        self._is_lit = False
        self._is_covered = False
        self._is_ended = False
        # Sentences whose maps are being asked for: a click on one both picks and activates it.
        self._asked: set[str] = set()
        self._poll = QTimer(self, interval=POLL_MS, singleShot=True)
        self._poll.timeout.connect(self._look)
        self._build()
        self.show_nothing()
        follow(self._look_right)

    def _build(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Sentences of the draft"))
        self.list.setAccessibleDescription(tr(CHOOSE))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(lambda _: self._on_pick())
        self.list.itemClicked.connect(lambda _: self._on_pick())
        self.list.installEventFilter(self)
        self.clear_button = button(tr("Put the light out"), self.clear, name=tr("Take the map off the film"))
        self.state = label(tr(CHOOSE), "muted", wraps=True)
        self.state.setAccessibleName(tr("State of the map"))
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("The map is being made"))
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.advice = Banner("attention", "failed", name=tr("Advice from the round trip"))
        heading = QHBoxLayout()
        heading.addWidget(label(tr("What the draft rests on"), "heading"))
        heading.addStretch(1)
        heading.addWidget(self.clear_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(6)
        layout.addLayout(heading)
        layout.addWidget(self.list)
        layout.addWidget(self.progress)
        layout.addWidget(self.state)
        layout.addWidget(self.advice)

    # What is shown

    @property
    def is_looking(self) -> bool:
        """Whether a map is awaited."""
        return not self.progress.isHidden()

    def show_nothing(self) -> None:
        """Empty the panel and take the map off the film."""
        self._report, self._lines, self._maps, self._trip = None, (), {}, None
        self._poll.stop()
        self._fill()

    def stop_looking(self) -> None:
        """Fetch nothing any more."""
        self._is_ended = True
        self._poll.stop()

    def set_covered(self, is_covered: bool) -> None:
        """Hide the sentences while the draft itself is hidden from its reader."""
        if self._is_covered != is_covered:
            self._is_covered = is_covered
            self._fill()

    def show_study(self, detail: StudyDetail) -> None:
        """Show the sentences of a study's draft; the same draft keeps what is picked."""
        report, before = detail.report, self._report
        lines = sentence_lines(report)
        is_same = report is not None and before is not None and report.id == before.id
        self._report = report
        if is_same and lines == self._lines:
            if report is not None and lines and self._trip is None:
                self._ask_round_trip(report.id)
            return
        self._maps, self._lines, self._trip = {}, lines, None
        self._asked.clear()
        self._poll.stop()
        self._fill()
        if report is not None and lines:
            self._ask_round_trip(report.id)

    def show_film(self, size: tuple[int, int] | None, *, is_drafted: bool) -> None:
        """Tell which film is on the screen: columns and rows of its file, and whether the draft is of it."""
        self._film = size if is_drafted else None
        self._is_another = size is not None and not is_drafted
        self._show_map()

    def pick(self, by: int) -> None:
        """Pick the next (1) or previous (-1) sentence."""
        if self.list.count():
            at = self.list.currentRow()
            self.list.setCurrentRow(
                (at + by) % self.list.count() if at >= 0 or by > 0 else self.list.count() - 1
            )

    def clear(self) -> None:
        """Take the map off the film."""
        self.list.setCurrentRow(-1)
        self._show_map()

    def _fill(self) -> None:
        is_shown = bool(self._lines) and not self._is_covered
        self.setVisible(is_shown)
        self.list.blockSignals(True)
        self.list.clear()
        for line in self._lines if is_shown else ():
            self.list.addItem(_item(line))
        self.list.setCurrentRow(-1)
        self.list.blockSignals(False)
        self._look_right()
        self.advice.say(round_trip_words(self._trip) if is_shown else "")
        self._show_map()

    def _look_right(self) -> None:
        """Give every sentence its shape in the theme's colours and the height that its words take at this width."""
        self.list.setIconSize(QSize(px(_ICON_PX), px(_ICON_PX)))
        self.progress.setMaximumHeight(px(4))
        for at, line in enumerate(self._lines[: self.list.count()]):
            shape, colour = ("failed", current().attention) if line.is_weak else ("draft", current().ai)
            drawn = pixmap(shape, colour, self.devicePixelRatioF(), px(_ICON_PX))
            self.list.item(at).setIcon(QIcon(drawn))
        self._fit()

    def _fit(self) -> None:
        bar = self.list.verticalScrollBar().sizeHint().width()
        room = QRect(0, 0, max(self.list.width() - bar - px(_ICON_PX + _BESIDE_PX), px(80)), 10_000)
        wrapped = Qt.TextFlag.TextWordWrap
        heights = []
        for at in range(self.list.count()):
            item = self.list.item(at)
            words = self.list.fontMetrics().boundingRect(room, wrapped, item.text())
            heights.append(words.height() + px(_ABOVE_PX))
            item.setSizeHint(QSize(0, heights[-1]))
        self.list.setFixedHeight(sum(heights[:_MOST_LINES]) + 2 * self.list.frameWidth() + 2)

    # Picking a sentence

    def _picked(self) -> SentenceLine | None:
        at = self.list.currentRow()
        return self._lines[at] if 0 <= at < len(self._lines) and self.list.count() else None

    def _on_pick(self) -> None:
        line, report = self._picked(), self._report
        self._show_map()
        if line is None or report is None:
            return
        known = self._maps.get(line.text)
        if known is not None and known.state != "failed":
            return
        text = line.text
        if text in self._asked:
            return
        self._asked.add(text)

        def done(row: MapRow) -> None:
            self._asked.discard(text)
            self._take(row)

        def failed(error: UserFacingError) -> None:
            self._asked.discard(text)
            self._on_failed(error)

        self._say(tr(LOOKING), is_busy=True)
        self._tasks.in_store(self, lambda: self._desk.ask_map(report.id, text), done, failed)

    def _look(self) -> None:
        """Fetch the map that is awaited."""
        line = self._picked()
        row = self._maps.get(line.text) if line is not None else None
        if row is not None and row.is_open:
            map_id = row.id

            def failed(error: UserFacingError) -> None:
                self._on_failed(error)
                self._wait(AGAIN_MS)

            self._tasks.in_store(self, lambda: self._desk.map(map_id), self._take, failed)

    def _wait(self, pause_ms: int = POLL_MS) -> None:
        if not self._is_ended:
            self._poll.start(pause_ms)

    def _take(self, row: MapRow) -> None:
        if self._report is None or row.report_id != self._report.id:
            return
        self._maps[row.sentence] = row
        self._show_map()

    def _on_failed(self, error: UserFacingError) -> None:
        self._say(error.sentence)
        self.failed.emit(error)

    def _show_map(self) -> None:
        """Say and light up what is known of the sentence that is picked."""
        line = self._picked()
        row = self._maps.get(line.text) if line is not None else None
        self.clear_button.setEnabled(line is not None)
        if line is None:
            self._poll.stop()
            self._light(None)
            self._say(tr(CHOOSE))
        elif row is None or row.is_open:
            self._light(None)
            self._say(tr(LOOKING), is_busy=True)
            if row is not None:
                self._wait()
        elif row.state == "failed":
            self._light(None)
            self._say(row.error_text)
        elif self._film is None:
            self._light(None)
            self._say(tr(OTHER_FILM if self._is_another else NO_FILM))
        else:
            self._light(row)
            self._say(tr(SHOWN if self._is_lit else NOTHING))

    def _light(self, row: MapRow | None) -> None:
        heat = heat_of(row) if row is not None else None
        region = None
        if heat is not None and self._film is not None and self._report is not None:
            region = region_on(self._report, *self._film)
        if region is None:
            if self._is_lit:
                self._is_lit = False
                self.heat_changed.emit(None, None)
            return
        self._is_lit = True
        self.heat_changed.emit(heat, region)

    def _say(self, words: str, *, is_busy: bool = False) -> None:
        self.state.setText(words)
        self.progress.setVisible(is_busy)

    def _ask_round_trip(self, report_id: int) -> None:
        def done(trip: RoundTrip | None) -> None:
            if self._report is not None and self._report.id == report_id:
                self._trip = trip
                self.advice.say(round_trip_words(trip) if not self._is_covered else "")

        self._tasks.in_store(self, lambda: self._desk.round_trip(report_id), done, self.failed.emit)

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Escape take the map off the film, and Return ask once more for one that failed."""
        if watched is self.list and event.type() == QEvent.Type.Resize:
            self._fit()
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self._picked() is not None:
                self.clear()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
                self._on_pick()
                return True
        return super().eventFilter(watched, event)


def _item(line: SentenceLine) -> QListWidgetItem:
    item = QListWidgetItem(f"{line.text}\n{line.words}")
    item.setToolTip(f"{line.text}\n{line.words}")
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{line.text} {line.words}")
    return item
