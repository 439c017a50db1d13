"""A frame that scrolls what is higher than the window has room for, instead of cutting it off.

Qt's own scroll area doesn't ask a layout how high it must be at the present width; where lines of text and rows of
buttons break, that is what counts.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from ui.theme import px


class Scrolled(QScrollArea):
    """Holds one widget with a layout, as wide as itself and as high as that needs.

    Parameters
    ----------
    least : int
        Height that is always there, in pixels at the default text size.
    hugs : bool
        Whether it takes no more height than the widget needs.
    """

    def __init__(self, inside: QWidget, *, least: int = 120, hugs: bool = False) -> None:
        super().__init__()
        self._inside, self._least, self._hugs = inside, least, hugs
        self.setProperty("tone", "plain")
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        upright = QSizePolicy.Policy.Maximum if hugs else QSizePolicy.Policy.Preferred
        self.setSizePolicy(QSizePolicy.Policy.Preferred, upright)
        inside.installEventFilter(self)

    def _needed(self, *, least: bool) -> int:
        layout, width = self._inside.layout(), max(self.viewport().width(), px(120))
        if layout is None:
            return 0
        if not layout.hasHeightForWidth():
            return (layout.minimumSize() if least else layout.sizeHint()).height()
        return layout.minimumHeightForWidth(width) if least else layout.heightForWidth(width)

    def sizeHint(self) -> QSize:
        """Return the height that is needed at the present width."""
        hint = self._inside.sizeHint()
        return QSize(hint.width(), max(self._needed(least=False), px(self._least) // 2))

    def minimumSizeHint(self) -> QSize:
        """Return the width that is needed, and some height."""
        width = self._inside.minimumSizeHint().width()
        return QSize(width, min(self._needed(least=True), px(self._least)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask anew for the height when the width changed."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask anew for the height when something in it was shown, hidden or filled."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return False

    def _fit(self) -> None:
        self._inside.setMinimumHeight(self._needed(least=not self._hugs))
        self.updateGeometry()
