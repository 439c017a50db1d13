"""The strip above everything: whose study this is, what the program is worth, who sits here, where else to go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout

from llmcxr_ws.reading import StudyDetail
from ui.desk import Badge
from ui.icons import icon
from ui.language import tr
from ui.text import patient_line, person_name, study_moment
from ui.theme import current, follow
from ui.widgets import button, label

MENU = (
    "window.preferences",
    "window.worklist",
    "window.film",
    "window.shortcuts",
    "window.lock",
    "window.quit",
)


class Header(QFrame):
    """Patient on the left, the research mark in the middle, the user and the menu on the right."""

    def __init__(self, on_lock: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("header")
        self.patient = _wrapping("title", tr("Patient"))
        self.study = _wrapping("muted", tr("Study"))
        self.user = label("", "muted", wraps=True)
        self.user.setAccessibleName(tr("User"))
        self.user.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.menu = QToolButton()
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._menu = QMenu(self.menu)
        self._menu.setAccessibleName(tr("Pages and settings"))
        self.menu.setMenu(self._menu)
        self._choice = QActionGroup(self)
        research = label(tr("Research use only · not for diagnosis"), "attention", wraps=True)
        research.setAlignment(Qt.AlignmentFlag.AlignCenter)
        who = QVBoxLayout()
        who.setSpacing(1)
        who.addWidget(self.patient)
        who.addWidget(self.study)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 12, 8)
        layout.setSpacing(12)
        layout.addLayout(who, 6)
        layout.addWidget(research, 2)
        layout.addWidget(self.user, 2)
        layout.addWidget(self.menu)
        layout.addWidget(button(tr("Lock"), on_lock, name=tr("Lock the window")))
        self.show_study(None)
        follow(self._dress)

    def _dress(self) -> None:
        self.menu.setIcon(icon("menu", current().text))

    def show_badge(self, badge: Badge | None) -> None:
        """Show who sits here."""
        self.user.setText(f"{badge.display_name} ({badge.role_word})" if badge else "")

    def show_menu(self, pages: Sequence[tuple[str, str]], shown: str, actions: Mapping[str, QAction]) -> None:
        """Offer pages by name and title, with the one on the screen marked, then what concerns the window."""
        for made in self._choice.actions():
            self._choice.removeAction(made)
            made.deleteLater()
        self._menu.clear()
        for name, title in pages:
            entry = QAction(title, self._choice)
            entry.setCheckable(True)
            entry.setChecked(name == shown)
            run = actions.get(f"page.{name}")
            if run is not None:
                entry.triggered.connect(lambda _=False, run=run: run.trigger())
                key = run.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                entry.setText(f"{title}\t{key}")
            self._menu.addAction(entry)
            if name == shown:
                self.menu.setText(f" {title}")
                self.menu.setAccessibleName(tr("Pages and settings, now: {page}", page=title))
        self._menu.addSeparator()
        for name in MENU:
            if name in actions:
                self._menu.addAction(actions[name])

    def show_study(self, detail: StudyDetail | None) -> None:
        """Show whose study lies open."""
        if detail is None:
            self.patient.setText("LLM-CXR Workstation")
            self.study.setText(tr("No study open"))
            return
        study = detail.study
        self.patient.setText(person_name(study.identity.patient_name))
        accession = study.identity.accession_number
        parts = (
            patient_line(study.identity, study.study_date),
            study.study_description,
            study_moment(study),
            tr("Acc. {number}", number=accession) if accession else "",
        )
        self.study.setText("   ".join(part for part in parts if part))


def _wrapping(tone: str, name: str) -> QLabel:
    """Return a label that breaks its line rather than being cut off or pushing the window wider."""
    made = label("", tone, wraps=True)
    made.setAccessibleName(name)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return made
