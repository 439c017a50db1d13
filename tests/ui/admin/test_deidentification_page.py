"""De-identification in the window: who gets copies, how many pseudonyms, and the key table behind a proof."""

from __future__ import annotations

import csv
import io
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmcxr_ws import keeping
from llmcxr_ws.domain import Identity
from llmcxr_ws.store import audit, configuration, pseudonyms
from llmcxr_ws.store.pseudonyms import Given
from llmcxr_ws.workplace import SECRET_FILE
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD
from tests.ui.office_seat import dialog_of, nameless
from tests.ui.office_world import Past
from ui.admin.page import AdministrationPage
from ui.admin.pseudonyms import DeidentificationSection, KeyTableDialog

RESEARCH = """
[[peer]]
name = "study"
ae_title = "STUDY"
host = "127.0.0.1"
port = 11998
role = "research"
deidentify = "basic"
project = "LUNG1"
deidentify_options = ["retain_modified_dates"]
"""


def give(past: Past, project: str, count: int) -> None:
    """Note pseudonyms as the outbox does when it makes copies."""
    secret = past.home.workplace.deidentification_secret()
    for number in range(count):
        whose = Identity(
            patient_id=f"P{number}", patient_name=f"Marker^{number}", patient_birth_date="19700101"
        )
        pseudonyms.note(past.db, secret, project, f"{project}-{number}", whose)


@pytest.fixture
def section(page: AdministrationPage, seat: Seat) -> DeidentificationSection:
    page.show_section("pseudonyms")
    made = page.section("pseudonyms")
    assert isinstance(made, DeidentificationSection)
    seat.wait(lambda: bool(made.key.text()))
    return made


def ask(section: DeidentificationSection, seat: Seat, file: Path, password: str = PASSWORD) -> KeyTableDialog:
    section.save.click()
    dialog = dialog_of(seat, KeyTableDialog)
    dialog.reason.setText("incidental finding, case 12")
    dialog.password.setText(password)
    dialog.file.setText(str(file))
    dialog.confirm.click()
    return dialog


def test_without_any_the_page_says_so(section: DeidentificationSection) -> None:
    assert "There is no key yet" in section.key.text() and not section.save.isEnabled()
    assert nameless(section) == []


def test_the_key_table_is_written_for_who_proves_it_and_says_why(
    section: DeidentificationSection, seat: Seat, past: Past, tmp_path: Path
) -> None:
    give(past, "LUNG1", 3)
    give(past, "HEART", 1)
    configuration.import_site(past.db, configuration.site_text(past.db) + RESEARCH, user="service")
    section.refresh()
    seat.wait(lambda: len(section.projects.rows) == 2)
    assert [(row.name, row.pseudonyms) for row in section.projects.rows] == [("HEART", 1), ("LUNG1", 3)]
    assert [(row.name, row.project) for row in section.recipients.rows] == [("study", "LUNG1")]
    assert "can read the key" in section.key.text()
    section.projects.select_where(lambda row: row.name == "LUNG1")
    file = tmp_path / "table.csv"
    ask(section, seat, file, password="not the password")
    seat.wait(lambda: bool(section.line.text) and not section.line.is_busy)
    assert not file.exists() and section.readings.rows == ()
    ask(section, seat, file)
    seat.wait(lambda: "3 pseudonyms were written" in section.line.text)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [row["pseudonym"] for row in rows] == ["LUNG1-0", "LUNG1-1", "LUNG1-2"]
    assert rows[0]["patient_name"] == "Marker^0" and stat.S_IMODE(file.stat().st_mode) == 0o600
    seat.wait(lambda: bool(section.readings.rows))
    (reading,) = section.readings.rows
    assert (reading.by, reading.project, reading.rows) == ("ada", "LUNG1", 3)
    assert reading.reason == "incidental finding, case 12" and audit.verify(past.db)[1] is None
    ask(section, seat, file)
    seat.wait(lambda: "can't be made" in section.line.text)  # nothing is overwritten


def test_a_reason_is_asked_for(section: DeidentificationSection, seat: Seat, past: Past) -> None:
    give(past, "LUNG1", 1)
    section.refresh()
    seat.wait(section.save.isEnabled)
    section.save.click()
    dialog = dialog_of(seat, KeyTableDialog)
    dialog.password.setText(PASSWORD)
    dialog.confirm.click()
    assert "Say why" in dialog.problem.text and dialog.isVisible()
    dialog.reason.setText("incidental finding")
    dialog.file.setText("~nobody-of-that-name/table.csv")
    dialog.confirm.click()
    assert "name its folder" in dialog.problem.text and dialog.isVisible()
    dialog.reject()


def test_a_spreadsheet_program_runs_nothing_of_a_key_table() -> None:
    made, now = io.StringIO(), datetime.now(UTC)
    evil = Given("LUNG1", "LUNG1-0", "+1+1", "@a", '=HYPERLINK("http://x")', "-1", now)
    keeping.write_key_table(made, [evil])
    _, row = csv.reader(made.getvalue().splitlines())
    assert row == ["LUNG1-0", "'+1+1", "'@a", '\'=HYPERLINK("http://x")', "'-1"]


def test_a_key_that_is_gone_is_told_loudly(section: DeidentificationSection, seat: Seat, past: Past) -> None:
    give(past, "LUNG1", 1)
    (past.home.home / SECRET_FILE).unlink()
    section.refresh()
    seat.wait(lambda: "restore it from a backup" in section.key.text())
