"""What several tests of the window share: a drafted study, and a dialog once it is there."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

from tests.ui.conftest import Seat

DRAFT = "Heart size is normal. There is a small left pleural effusion."


def dialog_of(seat: Seat, kind: type[QDialog]) -> QDialog:
    """Wait for a dialog of the window."""
    seat.wait(lambda: any(found.isVisible() for found in seat.window.findChildren(kind)))
    return next(found for found in seat.window.findChildren(kind) if found.isVisible())
