"""One line that says what came of the last action: waiting, done, refused; in a shape and in words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import UserFacingError
from ui.language import tr
from ui.office import Watch
from ui.theme import follow, px
from ui.widgets import Mark, label, with_tone

BUSY_MS = 400
_TONES = {"good": "signed", "bad": "refused", "attention": "failed", "muted": "pending", "": ""}


class OutcomeLine(QWidget):
    """Says what came of an action; a bar runs while it takes longer than a moment."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = Mark()
        self._words = label("", "muted", wraps=True)
        self._words.setAccessibleName(tr("Outcome"))
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("At work"))
        self._bar.hide()
        self._soon = QTimer(self, singleShot=True, interval=BUSY_MS)
        self._soon.timeout.connect(self._bar.show)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        row.addWidget(self._bar)
        follow(self._size)

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._soon.isActive() or self._bar.isVisible()

    def say(self, text: str, tone: str = "") -> None:
        """Say how something ended."""
        self._soon.stop()
        self._bar.hide()
        self._show(text, tone)

    def wait(self, text: str) -> None:
        """Say that something is under way."""
        self._show(text, "muted")
        if not self._bar.isVisible():
            self._soon.start()

    def error(self, error: UserFacingError) -> None:
        """Say what was refused."""
        self.say(error.sentence, "bad")

    def watch(
        self,
        owner: QObject,
        decided: Callable[[RequestRow], None] | None = None,
        *,
        then: Callable[[], None] | None = None,
    ) -> Watch:
        """Return a watch over a request that tells its course here.

        `decided` gets a granted request and says its own words, or none: then the node's outcome stands here.
        `then` is called after every decision, granted or refused.
        """

        def on_decided(row: RequestRow) -> None:
            if row.state != "granted":
                self.say(tr("Refused: {reason}", reason=row.outcome), "bad")
            elif decided is None:
                self.say(row.outcome, "good")
            else:
                decided(row)
            if then is not None:
                then()

        self.wait(tr("Writing the request…"))
        return Watch(owner, on_decided, self.error, self._on_waiting)

    def _on_waiting(self, is_late: bool) -> None:
        self.wait(
            tr("The node hasn't answered yet. See that it runs; it decides the request as soon as it does.")
            if is_late
            else tr("Waiting for the node…")
        )

    def _show(self, text: str, tone: str) -> None:
        self._words.setText(text)
        with_tone(self._words, tone)
        self._mark.show_shape(_TONES.get(tone, "") if text else "", tone)

    def _size(self) -> None:
        self._bar.setFixedSize(px(120), px(10))
