"""What a person sets: declared once, checked, kept for the next log-in, and in force at once in a window at work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QSpinBox
from pytestqt.qtbot import QtBot

from llmcxr_ws import reading
from llmcxr_ws.errors import ConfigError, StoreError
from llmcxr_ws.workplace import Workplace
from tests.ui.conftest import WAIT_MS, Seat
from tests.ui.homes import PASSWORD, House
from ui import language, preferences, theme
from ui.app import Defects, Seating
from ui.desk import Desk
from ui.keys_page import KeyDialog, KeysPage
from ui.preferences import Preferences, Switch, settings
from ui.preferences_dialog import PreferencesDialog
from ui.tasks import Tasks
from ui.worklist.filters import Filter, SavedFilters
from ui.workstation import Workstation

DRAFT = "Heart size is normal. There is a small left pleural effusion."


def test_every_setting_has_words_and_a_default_that_it_allows() -> None:
    for entry in settings():
        assert entry.label
        assert entry.help.endswith(".")
        assert entry.kind.allows(entry.default)


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", "pink"), ("text_size", 79), ("text_size", 201), ("text_size", True), ("film_window", "yes")],
)
def test_a_value_that_isnt_allowed_is_refused_and_never_read(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        Preferences().with_value(name, value)
    assert preferences.read({name: value, "no such setting": 1}) == Preferences()


def test_what_was_kept_is_read_again() -> None:
    chosen = Preferences().with_value("theme", "light").with_value("text_size", 150)
    assert preferences.read(chosen.as_json()) == chosen


def test_the_dialog_has_a_control_for_every_setting_that_works_at_once(qtbot: QtBot, seat: Seat) -> None:
    told: list[Preferences] = []
    dialog = PreferencesDialog(seat.window, Preferences(), told.append)
    for entry in settings():
        control = dialog.controls[entry.name]
        assert control.accessibleName() == entry.label
        if isinstance(control, QComboBox):
            control.setCurrentIndex(control.count() - 1)
        elif isinstance(control, QSpinBox):
            control.setValue(control.maximum())
        else:
            assert isinstance(control, QCheckBox)
            assert isinstance(entry.kind, Switch)
            control.setChecked(not entry.default)
        assert getattr(told[-1], entry.name) != entry.default
    dialog._reset()
    assert told[-1] == Preferences()


def test_colours_and_sizes_change_under_an_open_study_and_come_back_at_the_next_log_in(
    seat_at: Callable[[], Seat], home: House
) -> None:
    study = home.drafted("DEMO0001.dcm", DRAFT)
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    window = seat.window
    before = window.report.editor.fontMetrics().height()
    chosen = Preferences().with_value("theme", "light").with_value("text_size", 150)
    window.person.set_preferences(chosen)
    assert theme.current() is theme.LIGHT
    ground = window.grab().toImage().pixelColor(3, 3)
    assert ground.lightness() > 200
    assert window.report.editor.fontMetrics().height() >= 1.3 * before
    colours = {mark.format.foreground().color().name() for mark in window.report.editor.extraSelections()}
    assert theme.LIGHT.ai in colours
    assert theme.DARK.ai not in colours
    assert window.film.view.grab().toImage().pixelColor(2, 2).lightness() == 0
    assert window.report.text() == DRAFT
    seat.wait(lambda: seat.tasks.is_idle)
    window.lock()
    window.entry.other.click()
    assert (theme.current(), theme.scale()) == (theme.LIGHT, 1.0)
    later = seat_at()
    later.log_in()
    assert later.window.person.preferences == chosen
    assert (theme.current(), theme.scale()) == (theme.LIGHT, 1.5)


def test_text_is_made_larger_by_key_within_its_limits_also_at_the_log_in(seat: Seat) -> None:
    window = seat.window
    for _ in range(14):
        window.actions_by_name["window.larger"].trigger()
    assert theme.scale() == 2.0
    for _ in range(20):
        window.actions_by_name["window.smaller"].trigger()
    assert theme.scale() == 0.8
    seat.log_in()
    assert theme.scale() == 1.0


def test_each_person_has_the_own_filters_columns_and_keys(seat: Seat, home: House) -> None:
    home.add_user("ben", "reader")
    seat.log_in()
    window = seat.window
    window.worklist.set_columns(window.worklist.columns)
    window.worklist.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    seat.wait(lambda: window.person.get("columns").get("sort") == "patient")
    seat.wait(lambda: seat.tasks.is_idle)
    window.lock()
    window.entry.other.click()
    seat.log_in("ben")
    assert window.worklist.columns.sort == 0
    window.lock()
    window.entry.other.click()
    seat.log_in("anna")
    assert window.worklist.columns.sort == 1
    assert window.worklist.columns.descending


def test_settings_that_cant_be_read_are_not_written_over(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = home.workplace.db
    kept = json.loads(json.dumps(SavedFilters((Filter("Mine", mine=True),)).as_json()))
    reading.set_preference(db, "anna", "filters", kept)

    def refuse(user: str) -> dict[str, dict[str, object]]:
        raise StoreError("The database can't be reached.", what_to_do="Try again.")

    with monkeypatch.context() as patched:
        patched.setattr(seat.window._desk, "preferences", refuse)
        seat.log_in(pin="4711")
    assert "can't be reached" in seat.window.statusBar().currentMessage()
    seat.window.worklist.filters_changed.emit(SavedFilters((Filter("Night"),)))
    seat.wait(lambda: seat.tasks.is_idle)
    assert reading.preferences_of(db, "anna")["filters"] == kept
    seat.window.lock()
    seat.window.entry.secret.box.setText("4711")
    seat.window.entry.confirm.click()
    seat.wait(lambda: seat.window.is_open)
    assert seat.window.person.get("filters") == kept


def test_what_was_changed_at_another_machine_is_there_after_unlocking(seat: Seat, home: House) -> None:
    seat.log_in(pin="4711")
    seat.window.lock()
    kept = json.loads(json.dumps(SavedFilters((Filter("Mine", mine=True),)).as_json()))
    reading.set_preference(home.workplace.db, "anna", "filters", kept)
    seat.window.entry.secret.box.setText("4711")
    seat.window.entry.confirm.click()
    seat.wait(lambda: seat.window.is_open)
    assert seat.window.person.get("filters") == kept


# Keys


def test_other_keys_are_given_in_the_dialog_and_work_at_once(seat: Seat, home: House) -> None:
    study = home.drafted("DEMO0001.dcm", DRAFT)
    seat.log_in()
    seat.open(study)
    window = seat.window
    window.habits.show_keys()
    page = window.findChild(KeysPage)
    assert page is not None

    def change(action: str, key: str) -> KeyDialog:
        names = [entry.action if entry else "" for entry in page._entries]
        page.table.setCurrentCell(names.index(action), 0)
        page.change.click()
        dialog = [found for found in page.findChildren(KeyDialog) if found.isVisible()][-1]
        dialog.fields[0].setKeySequence(key)
        dialog.accept()
        return dialog

    for action, key, says in (
        ("report.sign", "A", "would swallow what is typed"),
        ("report.sign", "Ctrl+C", "needed for typing"),
        ("report.sign", "F2", "F2 is taken: Go to the worklist"),
        ("film.invert", "F12", "F12 is taken: Sign the report"),
        ("film.invert", "H", "H is taken: Mirror left to right"),
        ("film.invert", "Space", "needed for typing and for walking"),
        ("film.invert", "Shift+U", "no difference"),
    ):
        refused = change(action, key)
        assert says in refused.problem.text
        refused.reject()
    change("film.invert", "U")
    change("window.lock", "Ctrl+K")
    page.accept()
    window.activateWindow()
    view = window.film.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_I)
    assert not view.is_inverted
    QTest.keyClick(view, Qt.Key.Key_U)
    assert view.is_inverted
    assert window.film.invert.toolTip().endswith("(U)")
    seat.wait(lambda: seat.tasks.is_idle)
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.is_open
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert not window.is_open
    kept = home.workplace.db
    assert reading.preferences_of(kept, "anna")["keys"] == {"film.invert": ["U"], "window.lock": ["Ctrl+K"]}
    window.entry.other.click()
    assert window.actions_by_name["window.lock"].shortcut().toString() == "Ctrl+L"


def test_one_action_or_all_get_their_first_keys_back(seat: Seat) -> None:
    seat.log_in()
    window = seat.window
    window.person.set(
        "keys", {"film.invert": ["U"], "window.lock": ["Ctrl+K"], "no such": ["F2"], "film.fit": 7}
    )
    window.habits.show_keys()
    page = window.findChild(KeysPage)
    assert page is not None
    names = [entry.action if entry else "" for entry in page._entries]
    page.table.setCurrentCell(names.index("film.invert"), 0)
    page.reset.click()
    assert window.person.get("keys") == {"window.lock": ["Ctrl+K"]}
    page.reset_all.click()
    assert window.person.get("keys") == {}
    assert window.actions_by_name["window.lock"].shortcut().toString() == "Ctrl+L"


def test_the_list_of_keys_is_searched(seat: Seat) -> None:
    seat.window.habits.show_keys()
    page = seat.window.findChild(KeysPage)
    assert page is not None
    page.search.setText("invert")
    shown = [at for at in range(page.table.rowCount()) if not page.table.isRowHidden(at)]
    assert [page.table.item(at, 0).text() for at in shown] == ["Invert grey levels"]  # type: ignore[union-attr]


# Language


@pytest.fixture
def remembered(tmp_path: Path) -> Path:
    """What the machine remembers of the last log-in."""
    return tmp_path / "settings" / "window.json"


@pytest.fixture
def seating(qtbot: QtBot, home: House, remembered: Path) -> Iterator[tuple[Seating, Tasks]]:
    workplace = Workplace.open(home.home)
    tasks, defects = Tasks(), Defects()
    made = Seating(tasks, Desk(workplace), defects, "anna", remembered)
    made.window.resize(1600, 1000)
    made.window.show()
    yield made, tasks
    made.window.stop_looking()
    made.window.report.autosave.watch(None, None)
    tasks.close()
    workplace.close()
    made.window.deleteLater()
    qtbot.wait(1)
    language.speak(QApplication.instance(), "en")  # type: ignore[arg-type]


def test_another_language_is_another_window_with_the_same_study_and_words(
    qtbot: QtBot, seating: tuple[Seating, Tasks], home: House
) -> None:
    study = home.drafted("DEMO0001.dcm", DRAFT)
    place, tasks = seating
    first = place.window
    first.entry.secret.box.setText(PASSWORD)
    first.entry.confirm.click()
    qtbot.waitUntil(lambda: first.is_open and first.worklist.model.rowCount() == 1, timeout=WAIT_MS)
    first.worklist.choose(study)
    qtbot.waitUntil(lambda: first.report.text() == DRAFT and tasks.is_idle, timeout=WAIT_MS)
    first.report.editor.setPlainText(DRAFT + " Seen twice.")
    first.habits.show_preferences()
    dialog = first.findChild(PreferencesDialog)
    assert dialog is not None
    control = dialog.controls["language"]
    assert isinstance(control, QComboBox)
    control.setCurrentIndex(control.findData("de"))
    assert place.window is first
    dialog.accept()
    qtbot.waitUntil(lambda: place.window is not first, timeout=WAIT_MS)
    second = place.window
    qtbot.waitUntil(lambda: second.is_open and second.report.text().endswith("Seen twice."), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: second.worklist.current() is not None and tasks.is_idle, timeout=WAIT_MS)
    assert second.worklist.search.accessibleName() == "Arbeitsliste durchsuchen"
    current = second.worklist.current()
    assert current is not None
    assert (current.id, current.held_by) == (study, "anna")
    assert not second.report.editor.isReadOnly()
    assert second.actions_by_name["window.lock"].text() == "Fenster sperren"


def test_the_log_in_looks_and_speaks_as_the_last_one_at_this_machine(
    qtbot: QtBot, home: House, remembered: Path
) -> None:
    remembered.parent.mkdir()
    remembered.write_text('{"theme": "light", "language": "de"}')
    workplace, tasks = Workplace.open(home.home), Tasks()
    place = Seating(tasks, Desk(workplace), Defects(), "", remembered)
    window = place.window
    assert theme.current() is theme.LIGHT
    assert window.languages.box.accessibleName() == "Sprache"
    assert window.languages.box.currentText() == "Deutsch"
    assert window.worklist.search.accessibleName() == "Arbeitsliste durchsuchen"
    window.show()
    window.languages.box.setCurrentIndex(window.languages.box.findData("en"))
    window.languages.box.activated.emit(window.languages.box.currentIndex())
    qtbot.waitUntil(lambda: place.window is not window, timeout=WAIT_MS)
    assert place.window.languages.box.accessibleName() == "Language"
    qtbot.waitUntil(lambda: tasks.is_idle, timeout=WAIT_MS)
    assert json.loads(remembered.read_text()) == {"theme": "light", "language": "en"}
    tasks.close()
    workplace.close()
    place.end()


def test_what_a_person_wears_is_remembered_for_the_next_log_in(
    qtbot: QtBot, seating: tuple[Seating, Tasks], remembered: Path
) -> None:
    place, tasks = seating
    window = place.window
    window.entry.secret.box.setText(PASSWORD)
    window.entry.confirm.click()
    qtbot.waitUntil(lambda: window.is_open, timeout=WAIT_MS)
    assert window.languages.isHidden()
    window.person.set_preferences(Preferences().with_value("theme", "light").with_value("text_size", 150))
    qtbot.waitUntil(lambda: tasks.is_idle, timeout=WAIT_MS)
    assert json.loads(remembered.read_text()) == {"theme": "light", "language": "system"}
    window.lock()
    window.entry.other.click()
    assert (theme.current(), theme.scale()) == (theme.LIGHT, 1.0)
    assert not window.languages.isHidden()


@pytest.mark.parametrize("text", ["", "[]", '{"theme": "pink", "language": 7, "user": "anna"}', "{"])
def test_nonsense_on_the_machine_is_left_out(text: str, qtbot: QtBot, remembered: Path) -> None:
    remembered.parent.mkdir()
    remembered.write_text(text)
    tasks = Tasks()
    assert Workstation(tasks, remembered).looks == Preferences()
    tasks.close()
