"""What several tests of the window share: a draft's words, a dialog once it is there, a store that is slow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QDialog

from llmcxr_ws.store import reports
from tests.ui.conftest import Seat
from tests.ui.homes import House

DRAFT = "Heart size is normal. There is a small left pleural effusion."


def dialog_of(seat: Seat, kind: type[QDialog]) -> QDialog:
    """Wait for a dialog of the window."""
    seat.wait(lambda: any(found.isVisible() for found in seat.window.findChildren(kind)))
    return next(found for found in seat.window.findChildren(kind) if found.isVisible())


def settled(seat: Seat) -> None:
    """Have everything that was written saved."""
    seat.window.report.autosave.flush()
    seat.wait(lambda: seat.window.report.autosave.is_settled and seat.tasks.is_idle)


def edit_of(home: House, study: int) -> str | None:
    """Return what the store holds of the reader's text."""
    report = reports.current_report(home.workplace.db, study)
    assert report is not None
    return report.edit_text


@contextmanager
def slow_store(seat: Seat) -> Iterator[None]:
    """The database thread is busy with something else for a while."""
    gate = threading.Event()
    seat.tasks.in_store(seat.window, lambda: gate.wait(30) and None)
    try:
        yield
    finally:
        gate.set()
