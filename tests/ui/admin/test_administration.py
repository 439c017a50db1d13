"""The administration page on a real store, with a courier that decides and a PACS that answers."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox

from llmcxr_ws import supervising
from llmcxr_ws.films import LIFTABLE
from llmcxr_ws.store import configuration, services, supervision
from llmcxr_ws.supervising import Disk
from tests.ui.admin.conftest import type_into
from tests.ui.conftest import Seat
from tests.ui.office_seat import dialog_of, nameless
from tests.ui.office_world import Past
from ui.admin.disk import DiskPanel
from ui.admin.document import DocumentSection
from ui.admin.log import LogSection
from ui.admin.outputs import OutputsSection
from ui.admin.page import AdministrationPage
from ui.admin.peers import PeersSection
from ui.admin.queues import QueuesSection
from ui.admin.rule_dialog import LIFTS, RuleDialog
from ui.admin.rules import RulesSection
from ui.admin.self_test import SelfTestSection
from ui.admin.throughput import ThroughputSection
from ui.admin.users import UserDialog, UsersSection


def peers(page: AdministrationPage) -> PeersSection:
    page.show_section("peers")
    section = page.section("peers")
    assert isinstance(section, PeersSection)
    return section


def test_only_an_administrator_comes_here(past: Past, seat: Seat) -> None:
    seat.log_in("anna")
    seat.window.pages.show_page("administration")
    assert seat.window.pages.name == "reading"


def test_every_control_of_every_section_has_a_name(page: AdministrationPage, seat: Seat) -> None:
    for name in page._makers:
        if name != "self_test":
            page.show_section(name)
            seat.wait(lambda: seat.tasks.is_idle)
    assert nameless(page) == []


def test_the_line_for_the_pacs_team_is_copied(page: AdministrationPage, seat: Seat, past: Past) -> None:
    services.register(past.db, "listener", {"ae_title": "OURS", "port": 104})
    section = peers(page)
    section.refresh()
    seat.wait(lambda: "AE title OURS" in section.for_pacs.text())
    section._copy()
    assert QApplication.clipboard().text() == section.for_pacs.text()
    assert "port 104" in section.for_pacs.text() and "STOW-RS" not in section.for_pacs.text()


def test_the_line_for_the_pacs_team_names_every_way_in(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    services.register(past.db, "listener", {"ae_title": "OURS", "port": 104, "tls_port": 2762})
    services.register(past.db, "web", {"scheme": "https", "port": 8443, "path": "/dicom-web"})
    section = peers(page)
    section.refresh()
    seat.wait(lambda: "STOW-RS at https://" in section.for_pacs.text())
    line = section.for_pacs.text()
    assert "port 104, by TLS port 2762; " in line and line.endswith(":8443/dicom-web")


@pytest.mark.usefixtures("node")
def test_a_peer_is_changed_in_the_form_and_put_in_force(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    section = peers(page)
    seat.wait(lambda: len(section.table.rows) == 2)
    section.table.selectRow(1)
    type_into(section.form, port="70000")
    assert "70000" in section.form.faults["port"].text() and not page.bar.apply.isEnabled()
    assert "Line 16" in page.bar._words.text()
    type_into(section.form, port="1040")
    type_into(section.form, name="vault")
    assert page.draft.problems == () and page.bar.apply.isEnabled()
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    seat.wait(lambda: not page.draft.is_changed)
    site = configuration.load_site(past.db)
    assert (site.peer("vault").port, site.peer("vault").ae_title) == (1040, "ARCHIVE")
    assert "# the long-term one" in configuration.site_text(past.db) or "vault" in page.draft.text
    assert supervision.site_versions(past.db)[0].imported_by == "ada"


@pytest.mark.usefixtures("node")
def test_who_may_send_from_where_is_ticked_and_put_in_force(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    """The listener's rules of AE title and address: tests/dicom_node/test_listener.py has peers that break them."""
    section = peers(page)
    seat.wait(lambda: len(section.table.rows) == 2)
    section.table.selectRow(1)
    ticks = {name: section.form.fields[name] for name in ("sends", "from_host")}
    assert all(isinstance(tick, QCheckBox) for tick in ticks.values())
    assert [tick.isChecked() for tick in ticks.values()] == [False, False]  # type: ignore[union-attr]
    for tick in ticks.values():
        tick.click()  # type: ignore[union-attr]
    type_into(section.form, ae_title="TOO LONG FOR AN AE TITLE")
    assert "TOO LONG" in section.form.faults["ae_title"].text() and not page.bar.apply.isEnabled()
    type_into(section.form, ae_title="ARCHIVE2")
    type_into(section.form, host="10.0.0.7")
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    peer = configuration.load_site(past.db).peer("archive")
    assert (peer.ae_title, peer.host) == ("ARCHIVE2", "10.0.0.7")
    assert (peer.sends, peer.from_host) == (True, True)


def test_renaming_a_peer_takes_its_outputs_with_it_and_removing_it_removes_them(
    page: AdministrationPage, seat: Seat
) -> None:
    section = peers(page)
    seat.wait(lambda: len(section.table.rows) == 2)
    section.table.selectRow(0)
    type_into(section.form, name="main")
    assert [rule["to"] for rule in page.draft.tables("output")] == ["main"]
    assert page.draft.problems == ()
    section._on_remove()
    assert [peer["name"] for peer in page.draft.tables("peer")] == ["archive"]
    assert page.draft.tables("output") == []
    section._on_add()
    assert len(section.table.rows) == 2 and page.draft.problems == ()
    page.bar.discard.click()
    assert not page.draft.is_changed and len(section.table.rows) == 2


@pytest.mark.usefixtures("node")
def test_echo_and_probe_of_a_peer(page: AdministrationPage, seat: Seat) -> None:
    section = peers(page)
    seat.wait(lambda: len(section.table.rows) == 2)
    section.table.selectRow(0)
    section.echo.click()
    seat.wait(lambda: "answered in" in section.line.text)
    section.probe.click()
    seat.wait(lambda: len(section.abilities.rows) > 10)
    assert all(row.taken for row in section.abilities.rows) and "It is LLMCXR" in section.line.text
    section.table.selectRow(1)
    section.probe.click()
    seat.wait(lambda: "can't be reached" in section.line.text)
    assert section.abilities.rows == ()


def test_without_a_node_the_window_says_what_it_waits_for(page: AdministrationPage, seat: Seat) -> None:
    section = peers(page)
    seat.wait(lambda: len(section.table.rows) == 2)
    section.table.selectRow(0)
    section.echo.click()
    seat.wait(lambda: "Waiting for the node" in section.line.text)
    seat.wait(lambda: section.line._bar.isVisible())
    seat.window.lock()
    section.echo.click()
    assert seat.window.badge is not None and seat.window.badge.key is None
    seat.wait(lambda: "locked" in section.line.text)


def test_the_document_as_text_names_line_and_fault(page: AdministrationPage, seat: Seat) -> None:
    page.show_section("document")
    section = page.section("document")
    assert isinstance(section, DocumentSection)
    seat.wait(lambda: "East House" in section.editor.toPlainText())
    section.editor.setPlainText(page.draft.text.replace("quiet_s", "quite_s"))
    seat.wait(lambda: len(section.faults.rows) == 1)
    assert section.faults.rows[0].line == 3 and "Did you mean 'quiet_s'?" in section.faults.rows[0].sentence
    section.faults.selectRow(0)
    assert section.editor.textCursor().blockNumber() == 2
    section.versions.selectRow(0)
    section._take_up()
    seat.wait(lambda: not page.draft.problems)
    assert not page.draft.is_changed


def test_a_dry_run_of_the_rules_follows_the_written_document(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    past.drafted()
    past.problems()
    page.show_section("rules")
    section = page.section("rules")
    assert isinstance(section, RulesSection)
    section.run.click()
    seat.wait(lambda: len(section.table.rows) == 6)
    assert [row.decision for row in section.table.rows].count("excluded") == 1
    assert "5 would be drafted, 1 excluded" in section.line.text
    page.draft.put(("peer", 0, "sends"), False)
    section.run.click()
    seat.wait(lambda: "6 not be taken" in section.line.text)
    assert all(row.differs for row in section.table.rows if row.now == "drafted")
    assert configuration.site_version(past.db) == 1
    section.fields["quiet_s"].setText("many")
    section.fields["quiet_s"].editingFinished.emit()
    assert "many" in section._faults["quiet_s"].text()
    section.run.click()
    seat.wait(lambda: "was refused" in section.line.text)


@pytest.mark.usefixtures("node")
def test_a_routing_rule_is_added_tried_put_in_force_and_asked_in_its_place(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    past.drafted()
    past.drafted()
    page.show_section("rules")
    section = page.section("rules")
    assert isinstance(section, RulesSection)

    def save(name: str, **values: str) -> None:
        section.add.click()
        dialog = dialog_of(seat, RuleDialog)
        dialog.accept()
        assert "Give the rule a name" in dialog.problem.text
        dialog.name.setText(name)
        for key, value in values.items():
            dialog.texts[key].setText(value)
        dialog.accept()
        seat.wait(lambda: section.rules.rows[-1][1]["name"] == name)

    save("no mobiles", device="Beta Mobile*")
    save("mobiles of the ward", device="Beta*", station="ICU*")
    assert section.rules.model().index(0, 1).data() == "Manufacturer and model: Beta Mobile*"
    section.run.click()
    seat.wait(lambda: "1 would be drafted, 1 excluded" in section.line.text)
    (kept,) = (row for row in section.table.rows if row.decision == "excluded")
    assert "'no mobiles'" in kept.reason and kept.differs
    # The second is asked first, drafts its films, and lifts an exclusion.
    section.rules.select_where(lambda row: row[0] == 1)
    section.up.click()
    section.change.click()
    dialog = dialog_of(seat, RuleDialog)
    assert dialog.name.text() == "mobiles of the ward" and not dialog.lifts["child"].isEnabled()
    dialog.texts["station"].clear()
    dialog.then.setCurrentIndex(dialog.then.findData("draft"))
    dialog.lifts["child"].setChecked(True)
    dialog.accept()
    assert section.rules.model().index(0, 2).data() == "is drafted, also: child"
    section.run.click()
    seat.wait(lambda: "2 would be drafted, 0 excluded" in section.line.text)
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    rules = configuration.load_site(past.db).rules
    assert [(rule.name, rule.then, rule.lifts) for rule in rules] == [
        ("mobiles of the ward", "draft", ("child",)),
        ("no mobiles", "skip", ()),
    ]
    section.rules.select_where(lambda row: row[0] == 1)
    section.remove.click()
    assert [row[1]["name"] for row in section.rules.rows] == ["mobiles of the ward"]


@pytest.mark.usefixtures("node")
def test_readers_go_first_by_a_tick(page: AdministrationPage, seat: Seat, past: Past) -> None:
    page.show_section("rules")
    section = page.section("rules")
    assert isinstance(section, RulesSection) and not section.reader_first.isChecked()
    section.reader_first.click()
    page.bar.apply.click()
    seat.wait(lambda: configuration.load_site(past.db).reader_first)
    page.show_section("document")
    page.draft.write(page.draft.text.replace("reader_first = true", "reader_first = false"))
    assert not section.reader_first.isChecked()


def test_every_exclusion_that_a_rule_can_lift_is_offered() -> None:
    assert tuple(LIFTS) == LIFTABLE


def test_the_output_matrix(page: AdministrationPage, seat: Seat, past: Past) -> None:
    past.drafted()
    page.show_section("outputs")
    section = page.section("outputs")
    assert isinstance(section, OutputsSection)
    seat.wait(lambda: ("draft", "archive") in section.cells)

    def choose(document: str, peer: str, way: str) -> None:
        cell = section.cells[(document, peer)]
        cell.setCurrentIndex(cell.findData(way))
        cell.activated.emit(cell.currentIndex())

    assert section.cells[("signed", "pacs")].currentData() == "required"
    choose("signed", "archive", "sent")
    choose("draft", "pacs", "required")
    choose("signed", "pacs", "sent")
    rules = {
        (rule["document"], rule["to"]): rule.get("required", True) for rule in page.draft.tables("output")
    }
    assert rules == {("signed", "pacs"): False, ("signed", "archive"): False, ("draft", "pacs"): True}
    section.run.click()
    seat.wait(lambda: len(section.table.rows) == 3)
    choose("draft", "pacs", "none")
    section.run.click()
    seat.wait(lambda: len(section.table.rows) == 2)


def test_the_matrix_has_hl7_and_fhir_destinations_and_two_moments(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    past.drafted()
    page.show_section("outputs")
    section = page.section("outputs")
    assert isinstance(section, OutputsSection)
    seat.wait(lambda: ("draft", "archive") in section.cells)
    page.draft.write(
        page.draft.text
        + '\n[[hl7]]\nname = "ris"\nhost = "127.0.0.1"\nport = 2575\n'
        + '\n[[fhir]]\nname = "ehr"\nbase_url = "http://127.0.0.1:1/r4"\n'
    )
    assert ("oru", "ris") in section.cells and ("fhir", "ehr") in section.cells
    assert section.cells[("pdf", "pacs")].toolTip() == ""
    page.draft.put(("peer", 0, "shows"), ["pdf"])
    assert section.cells[("pdf", "pacs")].toolTip() == "Seen on its displays by an administrator."
    assert ("oru", "pacs") not in section.cells and ("pdf", "ris") not in section.cells

    def choose(document: str, to: str, way: str) -> None:
        cell = section.cells[(document, to)]
        cell.setCurrentIndex(cell.findData(way))
        cell.activated.emit(cell.currentIndex())
        assert cell.currentData() == way and page.draft.problems == ()

    for way in ("sent", "both required", "draft", "both", "required"):
        choose("oru", "ris", way)
    choose("fhir", "ehr", "both")
    rules = [rule for rule in page.draft.tables("output") if rule["to"] in ("ris", "ehr")]
    assert rules == [
        {"document": "oru", "to": "ris"},
        {"document": "fhir", "to": "ehr", "when": "draft", "required": False},
        {"document": "fhir", "to": "ehr", "required": False},
    ]
    section.run.click()
    seat.wait(lambda: len(section.table.rows) == 4)
    assert {(row.document, row.when, row.where) for row in section.table.rows if row.peer == "ehr"} == {
        ("fhir", "draft", "FHIR http://127.0.0.1:1/r4"),
        ("fhir", "sign", "FHIR http://127.0.0.1:1/r4"),
    }
    assert page.draft.problems == ()


@pytest.mark.usefixtures("node")
def test_queues_are_held_released_and_repeated_in_batches(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    past.signed(past.drafted(), "Clear.")
    past.signed(past.drafted(), "Clear.")
    past.problems()
    page.show_section("queues")
    section = page.section("queues")
    assert isinstance(section, QueuesSection)
    panel = section.deliveries
    seat.wait(lambda: len(panel.table.rows) == 4)
    panel.table.select_where(lambda row: row.state == "queued")
    assert panel.buttons["hold"][0].isEnabled() and not panel.buttons["again"][0].isEnabled()
    panel.buttons["hold"][0].click()
    seat.wait(lambda: section.line.text == "3 of 3 were changed.")
    panel.chips.button(2).click()
    seat.wait(lambda: [row.state for row in panel.table.rows] == ["held"] * 3)
    panel.table.select_where(lambda row: row.id == panel.table.rows[0].id)
    panel.buttons["release"][0].click()
    seat.wait(lambda: len(panel.table.rows) == 2)
    panel.chips.button(3).click()
    assert [row.message for row in panel.table.rows] == ["Peer pacs refused the object: out of resources."]
    panel.table.selectAll()
    assert panel.said.text() == "Peer pacs refused the object: out of resources."
    panel.buttons["again"][0].click()
    seat.wait(lambda: panel.table.rows == ())

    section.tabs.setCurrentIndex(1)
    panel.chips.button(0).click()
    jobs = section.jobs
    seat.wait(lambda: {row.state for row in jobs.table.rows} == {"dead", "queued"})
    jobs.table.select_where(lambda row: row.state == "queued")
    jobs.buttons["hold"][0].click()
    seat.wait(lambda: "held" in {row.state for row in jobs.table.rows})
    jobs.table.select_where(lambda row: row.state == "dead")
    jobs.buttons["again"][0].click()
    seat.wait(lambda: "dead" not in {row.state for row in jobs.table.rows})
    assert {"request.queue.granted", "job.hold", "job.requeue"} <= {
        row.event for row in supervision.audit_tail(past.db)
    }


def test_the_live_log_is_filtered_and_follows(page: AdministrationPage, seat: Seat, past: Past) -> None:
    past.log(
        {"timestamp": "2026-11-22T10:00:00Z", "level": "info", "event": "delivered", "study": 3},
        {"timestamp": "2026-11-22T10:00:01Z", "level": "error", "event": "step failed", "step": "x"},
    )
    past.log({"timestamp": "2026-11-22T10:00:02Z", "level": "info", "event": "listening"}, service="listener")
    page.show_section("log")
    section = page.section("log")
    assert isinstance(section, LogSection)
    seat.wait(lambda: [row.event for row in section.lines.rows] == ["delivered", "step failed", "listening"])
    section.level.setCurrentIndex(section.level.findData("error"))
    seat.wait(lambda: [row.event for row in section.lines.rows] == ["step failed"])
    section.level.setCurrentIndex(section.level.findData("debug"))
    section.service.setCurrentIndex(section.service.findData("listener"))
    seat.wait(lambda: [row.event for row in section.lines.rows] == ["listening"])
    past.log({"timestamp": "2026-11-22T10:00:03Z", "level": "warning", "event": "later"}, service="listener")
    seat.wait(lambda: [row.event for row in section.lines.rows] == ["listening", "later"])
    section.words.setText("nothing like it")
    seat.wait(lambda: "No line fits" in section.line.text)
    section.tabs.setCurrentIndex(1)
    section.words.setText("site.imported")
    seat.wait(lambda: [row.event for row in section.trail.rows] == ["site.imported"])


def test_disk_says_room_and_sizes(page: AdministrationPage, seat: Seat, past: Past) -> None:
    past.drafted()
    page.show_section("disk")
    section = page.section("disk")
    seat.wait(lambda: len(section.panels) == 2)  # type: ignore[attr-defined]
    assert all("free" in panel.text for panel in section.panels.values())  # type: ignore[attr-defined]
    assert "1 studies with 1 instances" in section.sums.text()  # type: ignore[attr-defined]
    assert dict(section.table.rows)["study"] == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("state", "said"),
    [("good", "Enough room"), ("low", "Getting full"), ("full", "nothing more is taken")],
)
def test_a_disk_that_gets_full_says_so_in_words(seat: Seat, state: str, said: str) -> None:
    panel = DiskPanel()
    seat.qtbot.addWidget(panel)
    panel.show_disk(Disk("objects", "/films", 100_000, 25_000, state, 250, 2_000), 12.4)
    assert said in panel.text and "room for 12 days" in panel.text
    assert panel.bar.value() == 750


def test_throughput_as_plot_and_as_table(page: AdministrationPage, seat: Seat, past: Past) -> None:
    past.long_ago(past.drafted(), 3, wait_s=120)
    study = past.drafted()
    past.signed(study, "Clear.")
    page.show_section("throughput")
    section = page.section("throughput")
    assert isinstance(section, ThroughputSection)
    seat.wait(lambda: section.sums.text() == "In all: 1 received, 1 drafted, 1 signed.")
    section.span.setCurrentIndex(2)
    seat.wait(lambda: section.sums.text() == "In all: 2 received, 2 drafted, 1 signed.")
    table = section.waits.table
    assert table is not None and len(table.rows) == 30
    assert ("2.0", "2.0", "1") in [row[1:] for row in table.rows]
    section.waits.as_table.click()
    assert table.isVisible() and not section.waits.plot.isVisible()
    assert "received: from 0 to 1" in section.counts.plot.accessibleDescription()


@pytest.mark.usefixtures("node")
def test_users_are_added_changed_and_disabled(page: AdministrationPage, seat: Seat, past: Past) -> None:
    page.show_section("users")
    section = page.section("users")
    assert isinstance(section, UsersSection)
    seat.wait(lambda: len(section.table.rows) == 3)
    section.add.click()
    dialog = dialog_of(seat, UserDialog)
    assert nameless(dialog) == []
    dialog.name.setText("kim")
    dialog.display.setText("Kim^Ann")
    dialog.role.setCurrentIndex(dialog.role.findData("resident"))
    dialog.password.setText("short")
    dialog.accept()
    assert "at least" in dialog.problem.text
    dialog.password.setText("long enough")
    dialog.again.setText("another one")
    dialog.accept()
    assert "differ" in dialog.problem.text
    dialog.again.setText("long enough")
    dialog.accept()
    seat.wait(lambda: any(row.name == "kim" for row in section.table.rows))
    section.table.select_where(lambda row: row.name == "kim")
    section.toggle.click()
    seat.wait(lambda: section.toggle.text() == "Enable")
    section.role.setCurrentIndex(section.role.findData("researcher"))
    section.set_role.click()
    seat.wait(lambda: any((row.name, row.role) == ("kim", "researcher") for row in section.table.rows))
    section.table.select_where(lambda row: row.name == "ada")
    section.toggle.click()
    seat.wait(lambda: "last administrator" in section.line.text)
    section.table.select_where(lambda row: row.name == "kim")
    section.passwd.click()
    again = dialog_of(seat, UserDialog)
    again.password.setText("long enough 2")
    again.again.setText("long enough 2")
    before = next(row for row in supervising.users(past.home.workplace) if row.name == "kim").public_key
    again.accept()
    seat.wait(lambda: "passwd done" in section.line.text)
    after = next(row for row in supervising.users(past.home.workplace) if row.name == "kim").public_key
    assert before != after


def test_the_self_test_runs_the_doctor(page: AdministrationPage, seat: Seat, past: Past) -> None:
    page.show_section("self_test")
    section = page.section("self_test")
    assert isinstance(section, SelfTestSection)
    assert section.is_running and not section.run.isEnabled()
    seat.qtbot.waitUntil(lambda: not section.is_running, timeout=90_000)
    found = {(row["room"], row["name"]): row for row in section.table.rows}
    assert found[("hall", "database")]["state"] == "ok"
    assert found[("hall", "home")]["message"] == str(past.home.home)
    assert found[("node", "peers")]["state"] == "failed"  # the archive isn't there
    assert "ARCHIVE" in found[("node", "peers")]["message"]
    assert "didn't pass" in section.line.text and section.run.isEnabled()


def test_the_self_test_ends_with_the_page(page: AdministrationPage, seat: Seat) -> None:
    page.show_section("self_test")
    section = page.section("self_test")
    assert isinstance(section, SelfTestSection) and section.is_running
    section.stop()
    assert not section.is_running


def test_a_self_test_that_ends_early_didn_t_pass(page: AdministrationPage, seat: Seat) -> None:
    page.show_section("self_test")
    section = page.section("self_test")
    assert isinstance(section, SelfTestSection)
    seat.qtbot.waitUntil(lambda: bool(section.table.rows), timeout=90_000)
    process = section.command.process
    assert process is not None
    process.kill()
    seat.wait(lambda: not section.is_running)
    assert "ended early" in section.line.text
