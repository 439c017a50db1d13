"""The administration page, opened by an administrator."""

from __future__ import annotations

import pytest

from tests.ui.conftest import Seat
from tests.ui.office_seat import open_page
from tests.ui.office_world import Past
from ui.admin.page import AdministrationPage


@pytest.fixture
def page(past: Past, seat: Seat) -> AdministrationPage:
    made = open_page(seat, "administration", AdministrationPage)
    seat.wait(lambda: made.draft.is_read)
    return made
