"""A document that the gate refused, as an administrator meets it in the queues."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from llmcxr_ws.store import deliveries
from tests.ui.conftest import Seat
from tests.ui.office_seat import dialog_of
from tests.ui.office_world import FAULTS, Past
from ui.admin.page import AdministrationPage
from ui.admin.queues import QueuesSection, state_mark, state_word
from ui.refused_dialog import RefusedDialog


@pytest.fixture
def section(page: AdministrationPage, seat: Seat, past: Past) -> QueuesSection:
    past.refused(past.drafted())
    past.problems()  # a dead delivery that the peer refused, and a waiting one
    page.show_section("queues")
    made = page.section("queues")
    assert isinstance(made, QueuesSection)
    seat.wait(lambda: len(made.deliveries.table.rows) == 3)
    return made


def test_the_state_is_named_and_every_fault_can_be_read_and_copied(
    section: QueuesSection, seat: Seat
) -> None:
    rows = {state_word(row): row for row in section.deliveries.table.rows}
    assert {"refused by the gate", "dead"} <= rows.keys()
    assert state_mark(rows["refused by the gate"]) == ("refused", "bad")
    assert state_mark(rows["dead"]) == ("failed", "bad")
    section.deliveries.table.select_where(lambda row: row.id == rows["dead"].id)
    assert not section.found.isEnabled()
    section.deliveries.table.selectAll()
    assert section.found.isEnabled()
    section.found.click()
    dialog = dialog_of(seat, RefusedDialog)
    assert tuple(row.fault for row in dialog.faults.rows) == FAULTS
    assert dialog.faults.rows[0].title.endswith("Signed report to pacs")
    dialog.copy.click()
    copied = QApplication.clipboard().text().splitlines()
    assert [line for line in copied if line.startswith("- ")] == [f"- {fault}" for fault in FAULTS]
    dialog.reject()


@pytest.mark.usefixtures("node")
def test_send_again_makes_it_anew(section: QueuesSection, seat: Seat, past: Past) -> None:
    section.deliveries.table.select_where(lambda row: bool(row.faults))
    section.found.click()
    dialog = dialog_of(seat, RefusedDialog)
    dialog.again.click()
    assert not dialog.again.isEnabled()
    seat.wait(lambda: "made anew" in dialog.line.text)
    assert not any(row.faults for row in deliveries.dead_deliveries(past.db))
    seat.wait(lambda: not any(row.faults for row in section.deliveries.table.rows))
    assert not section.found.isEnabled()
    # What is no longer dead isn't sent again, and that is said.
    dialog.again.setEnabled(True)
    dialog.again.click()
    seat.wait(
        lambda: (
            "Refused:" in dialog.line.text
            and "Only a dead, held, withheld or confirmed one" in dialog.line.text
        )
    )
    dialog.reject()
