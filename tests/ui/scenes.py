"""Every page and dialog of the window as a scene: what has to be in the home, and how it comes onto the screen.

The tests for everybody (names, Tab, sizes) walk all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QDialog, QWidget

from llmcxr_ws import reading
from llmcxr_ws.errors import UserFacingError
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.sign.node import decide
from ui.admin.page import AdministrationPage
from ui.keys_page import KeysPage
from ui.report.reject import RejectDialog
from ui.report.unsaved import UnsavedDialog
from ui.sign.take_over import TakeOverDialog
from ui.worklist.filters import Filter, SavedFilters

DRAFT = "Heart size is normal. There is a small left pleural effusion. No pneumothorax."


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes
    ----------
    prepare : puts what is needed into the home
    show : brings it onto the screen and returns the window or dialog that it is about
    """

    name: str
    prepare: Callable[[House], None]
    show: Callable[[Seat], QWidget]


def _study(home: House) -> None:
    home.drafted("DEMO0001.dcm", DRAFT)
    home.drafted("DEMO0002.dcm", "Words", withheld="The confidence is too low.")


def _nothing(_: House) -> None:
    pass


def _entry(seat: Seat) -> QWidget:
    return seat.window


def _locked(seat: Seat) -> QWidget:
    seat.log_in(pin="4711")
    seat.window.lock()
    return seat.window


def _reading(seat: Seat) -> QWidget:
    seat.log_in()
    seat.open(1)
    window = seat.window
    window.report.editor.setPlainText(f"{DRAFT} Compare with earlier films.")
    window.report.editor.mark()
    window.worklist.table.setFocus()
    return window


def _dialog(open_it: Callable[[Seat], object]) -> Callable[[Seat], QWidget]:
    def show(seat: Seat) -> QWidget:
        _reading(seat)
        open_it(seat)
        found: list[QDialog] = []

        def is_there() -> bool:
            found[:] = [dialog for dialog in seat.window.findChildren(QDialog) if dialog.isVisible()]
            return bool(found)

        seat.wait(is_there)
        return found[-1]

    return show


def _asked(kind: str) -> Callable[[House], None]:
    """Return what puts a study into the home whose report was handed on ("preliminary") or signed ("sign")."""

    def prepare(home: House) -> None:
        text = "Heart size is normal. No effusion. No fracture. No mass."
        study = home.drafted("DEMO0001.dcm", text)
        home.add_user("rob", "resident")
        db, is_signed = home.workplace.db, kind == "sign"
        key = reading.log_in(db, "anna" if is_signed else "rob", PASSWORD)
        ask = reading.request_signature if is_signed else reading.request_preliminary
        ask(db, key, reading.open_study(db, study), text)
        assert [row.state for row in decide(home)] == ["granted"]

    return prepare


def _wish(name: str) -> Callable[[Seat], QWidget]:
    """Return how a reader comes to a dialog about the report as it stands."""

    def show(seat: Seat) -> QWidget:
        seat.log_in()
        seat.open(1)
        getattr(seat.window.wishes, name)()
        seat.wait(lambda: any(dialog.isVisible() for dialog in seat.window.findChildren(QDialog)))
        return next(dialog for dialog in seat.window.findChildren(QDialog) if dialog.isVisible())

    return show


def _filters(seat: Seat) -> None:
    seat.window.worklist.set_filters(SavedFilters((Filter("Mine", mine=True), Filter("Night"))), begins=False)
    seat.window.worklist.edit_filters()


def _key(seat: Seat) -> None:
    seat.window.habits.show_keys()
    seat.window.findChildren(KeysPage)[0].change.click()


def _unsaved(seat: Seat) -> None:
    error = UserFacingError("The study is held by 'ben'.", what_to_do="Take it over.")
    seat.window.open_dialog(UnsavedDialog(seat.window, error.sentence, lambda: None, lambda: None))


def _take_over(seat: Seat) -> None:
    detail = seat.window.case.detail
    if detail is not None:
        seat.window.open_dialog(TakeOverDialog(seat.window, detail.study, lambda: None))


def _call(name: str) -> Callable[[Seat], QWidget]:
    def open_it(seat: Seat) -> None:
        part = seat.window
        *path, last = name.split(".")
        for step in path:
            part = getattr(part, step)
        getattr(part, last)()

    return _dialog(open_it)


def _page(name: str, section: str = "") -> Callable[[Seat], QWidget]:
    """Return how an administrator comes to a page, and to a section of it."""

    def show(seat: Seat) -> QWidget:
        seat.home.add_user("ada", "admin")
        seat.log_in("ada")
        seat.window.pages.show_page(name)
        page = seat.window.pages.made(name)
        if isinstance(page, AdministrationPage) and section:
            page.show_section(section)
        seat.qtbot.wait(300)
        return seat.window

    return show


SECTIONS = (
    "peers",
    "rules",
    "outputs",
    "document",
    "queues",
    "log",
    "disk",
    "throughput",
    "users",
    "self_test",
)

SCENES: tuple[Scene, ...] = (
    Scene("log-in", _nothing, _entry),
    Scene("locked", _nothing, _locked),
    Scene("reading", _study, _reading),
    Scene("keys", _study, _call("habits.show_keys")),
    Scene("change keys", _study, _dialog(_key)),
    Scene("preferences", _study, _call("habits.show_preferences")),
    Scene("columns", _study, _call("worklist.choose_columns")),
    Scene("filter", _study, _call("worklist.save_filter")),
    Scene("filters", _study, _dialog(_filters)),
    Scene("sign", _study, _call("wishes.sign")),
    Scene("send back", _asked("preliminary"), _wish("send_back")),
    Scene("retract", _asked("sign"), _wish("retract")),
    Scene("reject", _study, _dialog(lambda seat: seat.window.open_dialog(RejectDialog(seat.window, print)))),
    Scene("take over", _study, _dialog(_take_over)),
    Scene("unsaved", _study, _dialog(_unsaved)),
    *(Scene(f"administration: {name}", _study, _page("administration", name)) for name in SECTIONS),
    Scene("model", _study, _page("model")),
    Scene("quality", _study, _page("quality")),
)
