"""Synthetic films for teaching: a text, the film that the model draws from it, and the mark that it is nobody's.

The picture bears its mark in its own pixels; here it also stands under a banner, and nowhere beside a real film.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRegularExpression, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QRegularExpressionValidator
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import DrawingRow
from llmcxr_ws.errors import ImagingError, UserFacingError
from ui.desk import Desk
from ui.language import mark, tr
from ui.tasks import Tasks
from ui.text import clock
from ui.theme import follow, px
from ui.widgets import Banner, button, label

POLL_MS = 250
# After the store failed: it is asked again, not so often.
AGAIN_MS = 2000
WARNING = mark(
    "Synthetic films show no patient. They are for teaching: nothing may be learnt from one about anybody, "
    "and none may be sent, filed or read as a film."
)
_SIDE_PX = 400
_FIELD_PX = 110
_WIDTH_PX = 860
_LONGEST = 60
# What an engine writes into a PNG beside the mark in its pixels.
_MARK = "Synthetic"

Grey = npt.NDArray[np.uint8]


class Picture(QWidget):
    """A grey picture as large as there is room, and a sentence where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._sentence = ""
        self.say(tr("No film has been drawn yet."))
        follow(self._size)

    def _size(self) -> None:
        self.setMinimumSize(px(_SIDE_PX), px(_SIDE_PX))

    @property
    def is_shown(self) -> bool:
        """Whether there is a picture."""
        return self._image is not None

    def show_picture(self, grey: Grey, name: str) -> None:
        """Show grey values [H, W]."""
        rows, columns = grey.shape
        self._image = QImage(grey.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        self.setAccessibleName(name)
        self.update()

    def say(self, sentence: str) -> None:
        """Show a sentence in the picture's place."""
        self._image, self._sentence = None, sentence
        self.setAccessibleName(sentence)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw."""
        painter = QPainter(self)
        if self._image is None:
            painter.setPen(self.palette().text().color())
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._sentence
            )
            return
        shown = self._image.scaled(
            self.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        painter.drawImage((self.width() - shown.width()) // 2, (self.height() - shown.height()) // 2, shown)


class DrawingDialog(QDialog):
    """Asks for synthetic films of one study's text and shows those that were drawn."""

    def __init__(
        self,
        parent: QWidget,
        tasks: Tasks,
        desk: Desk,
        *,
        study_id: int,
        report_id: int | None,
        user: str,
        text: str,
    ) -> None:
        super().__init__(parent)
        self._tasks, self._desk = tasks, desk
        self._study_id, self._report_id, self._user = study_id, report_id, user
        self._rows: dict[int, DrawingRow] = {}
        self._shown: int | None = None
        self._poll = QTimer(self, interval=POLL_MS, singleShot=True)
        self._poll.timeout.connect(self._look)
        self.setWindowTitle(tr("Synthetic film for teaching"))
        self.setAccessibleName(tr("Synthetic film for teaching"))
        self._build(text)
        self._lay_out()
        follow(self._size)
        tasks.in_store(self, lambda: desk.drawings(study_id), self._on_rows, self._on_failed)

    def _build(self, text: str) -> None:
        self.warning = Banner("attention", "failed", name=tr("Synthetic"))
        self.warning.say(tr(WARNING))
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.text = QPlainTextEdit(text)
        self.text.setAccessibleName(tr("Text to draw"))
        self.text.setTabChangesFocus(True)
        self.seed = QLineEdit()
        self.seed.setAccessibleName(tr("Seed"))
        self.seed.setPlaceholderText(tr("Seed (optional)"))
        self.seed.setToolTip(tr("The same seed and text give the same film."))
        self.seed.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,9}"), self.seed))
        self.draw_button = button(
            tr("Draw"), self.draw, name=tr("Draw a synthetic film from the text"), tone="action"
        )
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("How much of the film is drawn"))
        self.progress.setRange(0, 100)
        self.progress.hide()
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Synthetic films of this study"))
        self.list.currentRowChanged.connect(self._on_chosen)
        self.picture = Picture()
        self.caption = label("", "muted", wraps=True)
        self.caption.setAccessibleName(tr("About this synthetic film"))

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.seed, 1)
        line.addWidget(self.draw_button)
        left = QVBoxLayout()
        left.addWidget(label(tr("Text"), "heading"))
        left.addWidget(self.text)
        left.addLayout(line)
        left.addWidget(self.progress)
        left.addWidget(label(tr("Drawn before"), "heading"))
        left.addWidget(self.list)
        left.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(self.picture, 1)
        right.addWidget(self.caption)
        columns = QHBoxLayout()
        columns.addLayout(left, 1)
        columns.addLayout(right, 1)
        columns.setSpacing(16)
        end = QHBoxLayout()
        end.addStretch(1)
        end.addWidget(button(tr("Close"), self.reject))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(self.warning)
        layout.addWidget(self.problem)
        layout.addLayout(columns, 1)
        layout.addLayout(end)

    def _size(self) -> None:
        for part in (self.text, self.list):
            part.setMaximumHeight(px(_FIELD_PX))
        self.setMinimumWidth(px(_WIDTH_PX))

    @property
    def is_drawing(self) -> bool:
        """Whether a film is being drawn."""
        return any(row.is_open for row in self._rows.values())

    def draw(self) -> None:
        """Ask for a film of the text."""
        text, seed = self.text.toPlainText(), int(self.seed.text()) if self.seed.text() else None
        study_id, user, report_id = self._study_id, self._user, self._report_id
        self.problem.say("")
        self.draw_button.setEnabled(False)
        self._tasks.in_store(
            self,
            lambda: (self._desk.draw(study_id, user, text, seed, report_id),),
            partial(self._on_rows, is_new=True),
            self._on_failed,
        )

    def _look(self) -> None:
        """Fetch what became of the films being drawn."""
        awaited = [row.id for row in self._rows.values() if row.is_open]

        def fetch() -> tuple[DrawingRow, ...]:
            return tuple(self._desk.drawing(drawing_id) for drawing_id in awaited)

        def done(rows: tuple[DrawingRow, ...]) -> None:
            self.problem.say("")
            self._on_rows(rows)

        def failed(error: UserFacingError) -> None:
            self._on_failed(error)
            self._poll.start(AGAIN_MS)

        if awaited:
            self._tasks.in_store(self, fetch, done, failed)

    def _on_rows(self, rows: tuple[DrawingRow, ...], *, is_new: bool = False) -> None:
        was_open = {row.id for row in self._rows.values() if row.is_open}
        self._rows |= {row.id: row for row in rows}
        at = next((row.id for row in reversed(rows)), None) if is_new else None
        self._fill(at)
        for row in rows:
            if row.id in was_open and row.state == "failed":
                self.problem.say(row.error_text)
        awaited = [row for row in self._rows.values() if row.is_open]
        self.progress.setVisible(bool(awaited))
        self.draw_button.setEnabled(not awaited)
        if awaited:
            self.progress.setValue(round(awaited[-1].share * 100))
            self._poll.start(POLL_MS)

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        self.draw_button.setEnabled(not self.is_drawing)

    def _fill(self, chosen: int | None) -> None:
        """List the drawings; keep the one that is chosen, else choose the last."""
        ids = list(self._rows)
        before = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        for row in self._rows.values():
            self.list.addItem(_line(row))
        at = ids.index(chosen) if chosen in ids else before if 0 <= before < len(ids) else len(ids) - 1
        self.list.setCurrentRow(at)
        self.list.blockSignals(False)
        self._on_chosen(at)

    def _on_chosen(self, at: int) -> None:
        rows = list(self._rows.values())
        if not 0 <= at < len(rows):
            return
        row = rows[at]
        if row.state != "drawn":
            self._shown = None
            self.caption.clear()
            self.picture.say(
                tr("No film: {reason}", reason=row.error_text)
                if row.state == "failed"
                else tr("The film is being drawn…")
            )
        elif self._shown != row.id:
            self._load(row)

    def _load(self, row: DrawingRow) -> None:
        self._shown = row.id

        def done(grey: Grey) -> None:
            if self._shown == row.id:
                self.picture.show_picture(grey, tr("Synthetic film, marked as no patient's"))
                self.caption.setText(_caption(row))

        def failed(error: UserFacingError) -> None:
            if self._shown == row.id:
                self.picture.say(error.sentence)

        self._tasks.in_pixels(
            self, lambda: read_picture(self._desk.path_of(row.path), row.sha256), done, failed
        )


def read_picture(path: Path, sha256: str) -> Grey:
    """Read a drawn film's picture as grey values [H, W]; runs off the window's thread.

    Raises
    ------
    ImagingError
        The file is missing, was changed, is no picture, or isn't marked as synthetic.
    """
    what_to_do = "Draw it again."
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImagingError(
            f"The synthetic film can't be read: {error.strerror}.", what_to_do=what_to_do
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ImagingError("The synthetic film's file was changed.", what_to_do=what_to_do)
    found = QImage.fromData(data)
    if found.isNull():
        raise ImagingError("The synthetic film's file is no picture.", what_to_do=what_to_do)
    if found.text(_MARK) != "YES":
        raise ImagingError("The picture isn't marked as synthetic.", what_to_do=what_to_do)
    image = found.convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    # A copy: the picture's own memory goes with it.
    return grey[:, : image.width()].copy()


def _line(row: DrawingRow) -> str:
    words, time = " ".join(row.text.split()), clock(row.asked_at)
    shown = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
    if row.state == "drawn":
        return tr("{time} · seed {seed} · {words}", time=time, seed=row.seed, words=shown)
    if row.state == "failed":
        return tr("{time} · failed · {words}", time=time, words=shown)
    return tr("{time} · being drawn · {words}", time=time, words=shown)


def _caption(row: DrawingRow) -> str:
    return tr(
        "Synthetic, no patient. Drawn by {model} {version}, seed {seed}, {time}, from the text: {words}",
        model=row.model_name,
        version=row.model_version,
        seed=row.seed,
        time=clock(row.drawn_at or row.asked_at),
        words=" ".join(row.text.split()),
    )
