"""Nothing that can take long happens on the window's thread: no store, no file, no decoder.

A whole session is driven in a real window while two ears listen to its thread: Python's own audit events (files,
folders, sockets, databases, processes) and the profiler (every Python function that is entered). Both are set to
know that thread only; what the other threads do is theirs to do.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from llmcxr_ws.store import reports
from tests.ui.conftest import Seat
from tests.ui.homes import FILMS, House
from tests.ui.scenes import SECTIONS
from tests.ui.sign.node import decide
from ui.admin.page import AdministrationPage
from ui.evidence.drawing import DrawingDialog
from ui.preferences_dialog import PreferencesDialog
from ui.report.macro_dialog import MacroDialog
from ui.sign.dialogs import SignDialog
from ui.sign.retract import RetractDialog

DRAFT = "Heart size is normal. There is a small left pleural effusion."
ROOT = Path(__file__).parents[2]
WATCHED = (
    "open",
    "sqlite3.",
    "socket.",
    "subprocess.",
    "os.",
    "shutil.",
    "glob.",
    "tempfile.",
    "pathlib.",
    "mmap.",
)
HARMLESS = ("os.putenv", "os.unsetenv")
# Modules are read once, when they are first needed.
CODE = (".py", ".pyc", ".so", ".zip")
LIBRARIES = ("sqlalchemy", "alembic", "pydicom", "PIL", "highdicom", "pynetdicom")
# Only says where a file would lie.
PURE = {("objects.py", "path")}
HALL = tuple(
    str(ROOT / "llmcxr_ws" / name)
    for name in (
        "store",
        "jobs.py",
        "pixels.py",
        "imaging.py",
        "objects.py",
        "workplace.py",
        "doctor.py",
    )
)


class Ears:
    """Remember what was heard on one thread while they are open."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.thread: int | None = None

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear an event of the interpreter."""
        if threading.get_ident() != self.thread or not event.startswith(WATCHED) or event in HARMLESS:
            return
        first = str(arguments[0]) if arguments else ""
        if event == "open" and (first.endswith(CODE) or "__pycache__" in first or first.isdigit()):
            return
        # The import system looks for modules in the folders of packages.
        if event == "os.listdir" and ("site-packages" in first or (Path(first) / "__init__.py").exists()):
            return
        self.heard.append(f"{event} {first}")

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        """Hear a function being entered."""
        if event != "call" or threading.get_ident() != self.thread:
            return
        file = frame.f_code.co_filename
        if (Path(file).name, frame.f_code.co_name) in PURE or frame.f_code.co_name == "<module>":
            return
        is_watched = file.startswith(HALL) or any(f"site-packages/{name}/" in file for name in LIBRARIES)
        if is_watched and not is_importing(frame):
            self.heard.append(f"{Path(file).name}:{frame.f_lineno} {frame.f_code.co_name}")


def is_importing(frame: FrameType | None) -> bool:
    """Whether a call comes from a module being loaded."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


EARS = Ears()
sys.addaudithook(EARS.audit)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Listen to the present thread."""
    EARS.heard.clear()
    EARS.thread = threading.get_ident()
    sys.setprofile(EARS.profile)
    try:
        yield EARS.heard
    finally:
        sys.setprofile(None)
        EARS.thread = None


def test_the_ears_hear(tmp_path: Path) -> None:
    from sqlalchemy import create_engine, text

    (tmp_path / "a").write_text("x")
    with listening() as heard:
        (tmp_path / "a").read_text()
        sqlite3.connect(tmp_path / "b").close()
        with create_engine("sqlite://").connect() as connection:
            connection.execute(text("select 1"))
        list(tmp_path.iterdir())
    said = "\n".join(heard)
    assert "open " in said
    assert "sqlite3.connect" in said
    assert "base.py" in said
    assert "os.listdir" in said or "os.scandir" in said


def test_a_slot_that_reads_the_store_or_a_file_is_heard(seat: Seat, home: House) -> None:
    """The same ears in the same window, where the rule is broken on purpose."""
    study = home.drafted("DEMO0001.dcm", DRAFT)
    seat.window.case.opened.connect(lambda _: reports.current_report(home.workplace.db, study))
    seat.window.case.film_ready.connect(lambda _: (FILMS / "DEMO0001.dcm").read_bytes())
    with listening() as heard:
        seat.log_in()
        seat.open(study)
    said = "\n".join(heard)
    assert "current_report" in said
    assert "sqlite3" in said or "base.py" in said
    assert "DEMO0001.dcm" in said


def test_a_session_touches_no_store_file_or_decoder_on_the_windows_thread(seat: Seat, home: House) -> None:
    first = home.drafted("DEMO0001.dcm", DRAFT)
    second = home.drafted("DEMO0002.dcm", "Clear lungs.")
    home.drafted("DEMO0003.dcm", "Not sure.", withheld="The confidence is too low.")
    home.receive(FILMS / "DEMO0004.dcm")
    window = seat.window
    with listening() as heard:
        seat.log_in(pin="4711")
        seat.open(first)
        view, editor = window.film.view, window.report.editor
        for key in "ihvrw0f":
            QTest.keyClicks(view, key)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
        QTest.mouseMove(view, view.rect().center() * 1.2)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
        editor.setFocus()
        QTest.keyClicks(editor, " Compare with earlier films.")
        window.report.autosave.flush()
        seat.wait(lambda: window.report.autosave.is_settled)
        QTest.keyClicks(window.chat.box, "Is there edema?")
        QTest.keyClick(window.chat.box, Qt.Key.Key_Return)
        seat.wait(lambda: "Waiting" in window.chat.transcript.toPlainText())
        QTest.keyClicks(window.worklist.search, "demo")
        window.worklist.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        seat.open(second)
        window.habits.show_preferences()
        dialog = window.findChild(PreferencesDialog)
        assert dialog is not None
        dialog.controls["theme"].setCurrentIndex(1)  # type: ignore[union-attr]
        dialog.controls["text_size"].setValue(120)  # type: ignore[union-attr]
        dialog.accept()
        window.actions_by_name["window.film"].trigger()
        window.actions_by_name["window.film"].trigger()
        window.habits.show_keys()
        window._close_dialogs()
        for box in window.report.guards.boxes.values():
            box.click()
        window.wishes.sign()
        seat.wait(lambda: any(found.isVisible() for found in window.findChildren(SignDialog)))
        sign = next(found for found in window.findChildren(SignDialog) if found.isVisible())
        sign.secret.box.setText("4711")
        sign.confirm.click()
        seat.wait(lambda: sign.request_id is not None)
        window.lock()
        window.entry.secret.box.setText("4711")
        window.entry.confirm.click()
        seat.wait(lambda: window.is_open and seat.tasks.is_idle)
        window.close()
        seat.wait(lambda: not window.isVisible())
    assert heard == []


def test_pages_of_administration_model_and_quality_touch_none_either(seat: Seat, home: House) -> None:
    home.drafted("DEMO0001.dcm", DRAFT)
    home.receive(FILMS / "DEMO0002.dcm")
    home.add_user("ada", "admin")
    window = seat.window
    with listening() as heard:
        seat.log_in("ada")
        for name in ("administration", "model", "quality"):
            window.actions_by_name[f"page.{name}"].trigger()
            page = window.pages.made(name)
            assert page is not None
            for section in SECTIONS if isinstance(page, AdministrationPage) else ():
                page.show_section(section)
                seat.qtbot.wait(50)
                seat.wait(lambda: seat.tasks.is_idle)
            seat.wait(lambda: seat.tasks.is_idle)
            window.grab()
        window.lock()
        window.close()
        seat.wait(lambda: not window.isVisible())
    assert heard == []


def test_evidence_synthetic_films_and_what_follows_a_signature_touch_none_either(
    seat: Seat, home: House
) -> None:
    study = home.drafted("DEMO0001.dcm", DRAFT)
    window = seat.window

    def shown(kind: type[QDialog]) -> QDialog:
        seat.wait(lambda: any(found.isVisible() for found in window.findChildren(kind)))
        return next(found for found in window.findChildren(kind) if found.isVisible())

    with listening() as heard:
        seat.log_in(pin="4711")
        seat.open(study)
        for name in ("evidence.next", "evidence.next", "evidence.clear", "report.original", "report.find"):
            window.actions_by_name[name].trigger()
            seat.wait(lambda: seat.tasks.is_idle)
        window.actions_by_name["drawing.open"].trigger()
        drawing = shown(DrawingDialog)
        assert isinstance(drawing, DrawingDialog)
        drawing.draw()
        seat.wait(lambda: seat.tasks.is_idle)
        drawing.reject()
        window.actions_by_name["report.macros"].trigger()
        shown(MacroDialog).reject()
        for box in window.report.guards.boxes.values():
            box.click()
        window.actions_by_name["report.sign"].trigger()
        sign = shown(SignDialog)
        assert isinstance(sign, SignDialog)
        sign.secret.box.setText("4711")
        sign.confirm.click()
        seat.wait(lambda: sign.request_id is not None and seat.tasks.is_idle)
    assert heard == []
    decide(home)
    with listening() as heard:
        seat.wait(lambda: window.report.actions_row.addendum.isVisible())
        window.actions_by_name["report.addendum"].trigger()
        addenda = window.report.addenda
        seat.wait(lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
        QTest.keyClicks(addenda.editor, "One more thing.")
        window.report.save_now()
        seat.wait(lambda: seat.tasks.is_idle)
        window.actions_by_name["report.retract"].trigger()
        shown(RetractDialog).reject()
    assert heard == []
