"""What the person at the window has set, put into effect: theme, text size, keys, filters, columns, windows.

Everything works at once and without a restart. A new language needs a new window; `ui.app` makes it when the main
window asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication

from ui import places, preferences, shortcuts, theme
from ui.film_window import FilmWindow
from ui.keys_page import KeysPage
from ui.language import speak
from ui.preferences import settings
from ui.preferences_dialog import PreferencesDialog
from ui.shortcuts import Keymap, Scope
from ui.widgets import refresh_keys
from ui.worklist import columns, filters
from ui.worklist.columns import Columns
from ui.worklist.filters import SavedFilters

if TYPE_CHECKING:
    from ui.window import MainWindow

_SETTLED_MS = 800


class Habits(QObject):
    """Keeps a main window in step with what its person set."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._person = window, window.person
        self._film_window: FilmWindow | None = None
        self._is_covered = True
        self._moved = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._moved.timeout.connect(self.note_places)
        window.moved.connect(self._on_moved)
        window.worklist.filters_changed.connect(self._on_filters)
        window.worklist.columns_changed.connect(self._on_columns)
        self._person.changed.connect(self._on_changed)

    def apply_all(self) -> None:
        """Put everything into effect."""
        for name in (preferences.NAME, filters.NAME, columns.NAME, shortcuts.NAME):
            self._on_changed(name)

    # What is set

    def _on_changed(self, name: str) -> None:
        kept = self._person.get(name)
        if name == preferences.NAME:
            self._wear()
        elif name == shortcuts.NAME:
            self._use_keys(shortcuts.read(kept))
        elif name == filters.NAME:
            self._window.worklist.set_filters(filters.read(kept), begins=self._is_covered)
        elif name == columns.NAME:
            self._window.worklist.set_columns(columns.read(kept))

    def _wear(self) -> None:
        wanted, app = self._person.preferences, QApplication.instance()
        colours, scale = theme.THEMES[wanted.theme], wanted.text_size / 100
        if isinstance(app, QApplication) and (colours, scale) != (theme.current(), theme.scale()):
            theme.apply_theme(app, colours, scale=scale)
        self._window.worklist.open_at_once(wanted.open_with == "choosing")
        self._person.remember_looks()
        self._place_film()
        self._speak()

    def _speak(self) -> None:
        """Change the language, but not under an open dialog: the whole window is made anew."""
        app = QApplication.instance()
        badge = self._window.badge
        is_locked = badge is not None and badge.key is None
        if app is None or is_locked or self._window.findChild(PreferencesDialog) is not None:
            return
        if speak(app, self._person.preferences.language):
            self._window.language_changed.emit()

    def _use_keys(self, keymap: Keymap) -> None:
        shortcuts.use(keymap)
        for name, action in self._window.actions_by_name.items():
            action.setShortcuts([QKeySequence(key) for key in keymap.keys_of(name)])
        self._window.film.pair.set_keys(keymap.actions_by_key(Scope.FILM))
        for top in (self._window, self._window.film):
            for made in top.findChildren(QAbstractButton):
                refresh_keys(made)
        self._window.show_menu()

    def _on_filters(self, saved: SavedFilters) -> None:
        self._person.set(filters.NAME, saved.as_json())

    def _on_columns(self, chosen: Columns) -> None:
        self._person.set(columns.NAME, chosen.as_json())

    # What the person asks for

    def show_preferences(self) -> None:
        """Show all settings."""
        dialog = PreferencesDialog(self._window, self._person.preferences, self._person.set_preferences)
        dialog.destroyed.connect(self._speak)
        dialog.open()

    def show_keys(self) -> None:
        """Show all keys; at a locked window nobody changes those of whoever locked it."""
        may_change = self._window.is_open or self._window.badge is None
        KeysPage(self._window, shortcuts.keymap(), self._keep_keys if may_change else None).open()

    def _keep_keys(self, keymap: Keymap) -> None:
        self._person.set(shortcuts.NAME, keymap.as_json())

    def larger(self) -> None:
        """Make the text larger."""
        self._resize(1)

    def smaller(self) -> None:
        """Make the text smaller."""
        self._resize(-1)

    def _resize(self, by: int) -> None:
        setting = next(entry for entry in settings() if entry.name == "text_size")
        wanted, kind = self._person.preferences, setting.kind
        if isinstance(kind, preferences.Number):
            size = min(max(wanted.text_size + by * kind.step, kind.lowest), kind.highest)
            self._person.set_preferences(wanted.with_value("text_size", size))

    def toggle_film_window(self) -> None:
        """Put the film into a window of its own, or back."""
        wanted = self._person.preferences
        self._person.set_preferences(wanted.with_value("film_window", not wanted.film_window))

    # The film's own window, and where windows stand

    @property
    def film_window(self) -> FilmWindow | None:
        """The film's own window, where it has one."""
        return self._film_window

    def cover(self) -> None:
        """Hide what shows a patient outside the main window."""
        self._is_covered = True
        self._place_film()

    def uncover(self) -> None:
        """Show again what was hidden, each window where it stood."""
        if not self._is_covered:
            return
        kept = self._person.get(places.NAME)
        places.put(self._window, kept, "main")
        shares = kept.get("shares")
        if isinstance(shares, dict):
            self._window.set_sizes(shares)
        self._is_covered = False
        self._place_film()
        self._speak()

    def end(self) -> None:
        """Close every window but the main one."""
        self._moved.stop()
        self._take_film_back()

    def _place_film(self) -> None:
        is_wanted = self._person.preferences.film_window and not self._is_covered
        if is_wanted and self._film_window is None:
            self._take_film_out()
        elif not is_wanted:
            self._take_film_back()

    def _take_film_out(self) -> None:
        window = self._window
        self._film_window = made = FilmWindow(window.film, window.actions())
        if not places.put(made, self._person.get(places.NAME), "film"):
            room = places.other_screen(window)
            if room is not None:
                made.setGeometry(room)
            else:
                made.resize(window.film.size())
        made.closing.connect(self.toggle_film_window)
        made.moved.connect(self._on_moved)
        made.show()

    def _take_film_back(self) -> None:
        made, self._film_window = self._film_window, None
        if made is not None:
            self._window.take_film()
            made.drop()

    def _on_moved(self) -> None:
        if not self._is_covered:
            self._moved.start()

    def note_places(self) -> None:
        """Keep where the windows stand."""
        self._moved.stop()
        if self._is_covered or not self._person.user:
            return
        kept = places.noted(self._person.get(places.NAME), "main", places.place_of(self._window))
        if self._film_window is not None:
            kept = places.noted(kept, "film", places.place_of(self._film_window))
        if self._film_window is None and self._window.worklist.isVisible():
            kept["shares"] = self._window.sizes()
        self._person.set(places.NAME, kept)
