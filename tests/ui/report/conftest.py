"""What most tests of the report begin with."""

from __future__ import annotations

import pytest

from tests.ui.homes import House
from tests.ui.opened import DRAFT


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)
