"""The film with its row of tools: fit, 1:1, invert, windows to choose from, films of the study."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film, FilmView
from ui.viewer.overlay import look_text
from ui.widgets import label, tool


class FilmPanel(QWidget):
    """Shows the films of the open study.

    Signals
    -------
    step_requested(int) : the next (1) or previous (-1) film
    """

    step_requested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.view = FilmView(actions_by_key(Scope.FILM))
        self.view.step_requested.connect(self.step_requested)
        self.view.look_changed.connect(self._on_look)
        self.looks = QComboBox()
        self.looks.setAccessibleName("Window")
        self.looks.setToolTip("Stored and computed windows (W)")
        self.looks.setMinimumWidth(230)
        self.looks.activated.connect(self._on_chosen)
        self.count = label("", "muted")
        view = self.view
        self.invert = tool("Invert", "film.invert", view.invert, checkable=True)
        self._film_tools = (
            tool("◀", "film.previous", lambda: self.step_requested.emit(-1)),
            tool("▶", "film.next", lambda: self.step_requested.emit(1)),
        )
        tools = QHBoxLayout()
        tools.setContentsMargins(8, 8, 8, 0)
        tools.setSpacing(6)
        tools.addWidget(tool("Fit", "film.fit", view.fit))
        tools.addWidget(tool("1:1", "film.one_to_one", view.one_to_one))
        tools.addWidget(self.invert)
        tools.addWidget(tool("Reset", "film.reset", view.reset))
        tools.addWidget(self.looks)
        tools.addStretch(1)
        tools.addWidget(self.count)
        for made in self._film_tools:
            tools.addWidget(made)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(tools)
        layout.addWidget(self.view, 1)
        self.show_nothing("No study chosen")

    def show_film(self, film: Film) -> None:
        """Show a film; the same pixels with other corner texts leave window and zoom alone."""
        shown = self.view.film
        if shown is not None and shown.levels is film.levels:
            self.view.replace_overlay(film)
            return
        self.looks.clear()
        for number, look in enumerate(film.looks):
            name = look.explanation or ("As stored" if number == 0 else look_text(look))
            self.looks.addItem(name)
        self.view.set_film(film)

    def show_nothing(self, sentence: str) -> None:
        """Show no film but why."""
        self.looks.clear()
        self.view.clear(sentence)

    def show_count(self, count: int) -> None:
        """Say how many films the study has."""
        self.count.setText("" if count == 0 else f"{count} film{'s' if count != 1 else ''}")
        for made in self._film_tools:
            made.setEnabled(count > 1)

    def _on_chosen(self, at: int) -> None:
        film = self.view.film
        if film is not None and 0 <= at < len(film.looks):
            self.view.set_look(film.looks[at])
            self.view.setFocus()

    def _on_look(self) -> None:
        film, look = self.view.film, self.view.look
        self.invert.setChecked(self.view.is_inverted)
        at = -1
        if film is not None:
            at = next((n for n, known in enumerate(film.looks) if known is look), -1)
        self.looks.setCurrentIndex(at)
        self.looks.setPlaceholderText("Own window" if film is not None else "")
