"""The lower right of the window: the checks, what the draft rests on, and the questions, one tab each.

Each part says itself whether it has something to show; a part that hides itself loses its tab.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QTabWidget, QWidget

from ui.chat.panel import ChatPanel
from ui.evidence.panel import EvidencePanel
from ui.guards.panel import GuardPanel
from ui.icons import icon
from ui.language import tr
from ui.scrolling import Scrolled
from ui.theme import current, follow

_LEAST = 180


class SidePane(QTabWidget):
    """Holds the three parts beside the report; which one is in front stays from study to study."""

    def __init__(self, guards: GuardPanel, evidence: EvidencePanel, chat: ChatPanel) -> None:
        super().__init__()
        self.setAccessibleName(tr("Checks, evidence and questions"))
        self._advice, self._standing = evidence.advice, 0
        self._parts: tuple[QWidget, ...] = (guards, evidence, chat)
        for part, title in zip(self._parts, (tr("Checks"), tr("Evidence"), tr("Ask")), strict=True):
            at = self.addTab(Scrolled(part, least=_LEAST), title)
            self.setTabVisible(at, not part.isHidden())
            part.installEventFilter(self)
        evidence.advice.installEventFilter(self)
        self.setTabToolTip(0, tr("What speaks against signing, and what to look for (Shift+F4)"))
        self.setTabToolTip(1, tr("The draft's sentences and what they rest on (Shift+F3)"))
        self.setTabToolTip(2, tr("Questions about the film (F6)"))
        guards.counted.connect(self._on_counted)
        follow(self._mark)

    def show_part(self, part: QWidget) -> None:
        """Bring a part to the front, where it has something to show."""
        at = self._parts.index(part)
        if self.isTabVisible(at):
            self.setCurrentIndex(at)

    def go_to(self, part: QWidget, inside: QWidget) -> None:
        """Bring a part to the front and put the focus on something in it."""
        self.show_part(part)
        if inside.isVisible():
            inside.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Give a part its tab when it shows itself, take it away when it hides itself; mark advice that came."""
        kinds = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent)
        if event.type() in kinds and watched is self._advice:
            self._mark()
        elif event.type() in kinds and isinstance(watched, QWidget) and watched in self._parts:
            self.setTabVisible(self._parts.index(watched), not watched.isHidden())
            self.setVisible(any(self.isTabVisible(at) for at in range(self.count())))
        return False

    def _on_counted(self, standing: int) -> None:
        self._standing = standing
        self.setTabText(0, tr("Checks ({count})", count=standing) if standing else tr("Checks"))
        self._mark()

    def _mark(self) -> None:
        name, colour = ("failed", current().attention) if self._standing else ("signed", current().good)
        self.setTabIcon(0, icon(name, colour))
        self.setTabIcon(1, QIcon() if self._advice.isHidden() else icon("failed", current().attention))
