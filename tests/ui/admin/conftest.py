"""The administration page, opened by an administrator, beside a PACS that answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit

from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.office_seat import open_page
from tests.ui.office_world import Past
from ui.admin.page import AdministrationPage
from ui.admin.peers import PeersSection
from ui.admin.table_form import TableForm


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[PacsSimulator]:
    """The peer `pacs` of the site."""
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as running:
        yield running


@pytest.fixture
def past(home: House, pacs: PacsSimulator) -> Past:
    """As everywhere, with a PACS that runs."""
    home.add_user("ada", "admin", "Admin^Ada")
    return Past(home, pacs.port)


@pytest.fixture
def page(past: Past, seat: Seat) -> AdministrationPage:
    made = open_page(seat, "administration", AdministrationPage)
    seat.wait(lambda: made.draft.is_read)
    return made


@pytest.fixture
def peers(page: AdministrationPage, seat: Seat) -> PeersSection:
    """The page of peers, its two rows read."""
    page.show_section("peers")
    made = page.section("peers")
    assert isinstance(made, PeersSection)
    seat.wait(lambda: len(made.table.rows) == 2)
    return made


def type_into(form: TableForm, **values: object) -> None:
    """Type into lines of a form as a person does."""
    for name, value in values.items():
        field = form.fields[name]
        assert isinstance(field, QLineEdit)
        field.setText(str(value))
        field.editingFinished.emit()
