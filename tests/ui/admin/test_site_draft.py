"""The site's document while it is written: nothing typed is lost, nobody's change is undone unseen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from dicom_node import probe
from llmcxr_ws.outputs import KINDS
from llmcxr_ws.store import configuration
from tests.ui.conftest import Seat
from tests.ui.office_world import SITE, Past
from ui.admin.document import DocumentSection
from ui.admin.outputs import OutputsSection
from ui.admin.page import AdministrationPage
from ui.admin.peers import _SAID, Ability, PeersSection
from ui.admin.rules import RulesSection


def document(page: AdministrationPage, seat: Seat) -> DocumentSection:
    page.show_section("document")
    section = page.section("document")
    assert isinstance(section, DocumentSection)
    seat.wait(lambda: "East House" in section.editor.toPlainText())
    return section


@pytest.mark.usefixtures("node")
def test_what_was_typed_last_is_put_in_force_too(page: AdministrationPage, seat: Seat, past: Past) -> None:
    section = document(page, seat)
    section.editor.setPlainText(page.draft.text + "# one\n")
    seat.wait(lambda: page.bar.apply.isEnabled())
    section.editor.appendPlainText("# two")
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    assert "# two" in configuration.site_text(past.db)


@pytest.mark.usefixtures("node")
def test_a_fault_typed_last_is_not_put_in_force(page: AdministrationPage, seat: Seat, past: Past) -> None:
    section = document(page, seat)
    section.editor.setPlainText(page.draft.text + "# one\n")
    seat.wait(lambda: page.bar.apply.isEnabled())
    section.editor.appendPlainText("quiet = ")
    page.bar.apply.click()
    seat.wait(lambda: seat.tasks.is_idle)
    assert page.draft.problems and configuration.site_version(past.db) == 1


def test_typing_goes_on_while_a_newer_version_is_read(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    section = document(page, seat)
    configuration.import_site(past.db, SITE.format(port=7).replace("East", "West"), user="bob")
    section.editor.moveCursor(section.editor.textCursor().MoveOperation.End)
    section.editor.insertPlainText("# typed just now")
    page.draft.read()
    seat.wait(lambda: page.draft.in_force.version == 2)
    assert "# typed just now" in section.editor.toPlainText()


@pytest.mark.usefixtures("node")
def test_a_change_of_another_administrator_is_not_undone_unseen(
    page: AdministrationPage, seat: Seat, past: Past
) -> None:
    page.draft.put(("quiet_s",), 60)
    configuration.import_site(past.db, SITE.format(port=7).replace("East", "West"), user="bob")
    page.bar.apply.click()  # the window hasn't read of it yet: the node refuses
    seat.wait(lambda: "Refused" in page.bar.line.text)
    assert "version 2" in page.bar.line.text and configuration.site_version(past.db) == 2
    seat.wait(lambda: page.draft.is_overtaken)
    assert "bob" in page.bar._words.text() and not page.bar.apply.isEnabled()
    page.bar.discard.click()
    assert "West House" in page.draft.text and not page.draft.is_overtaken
    page.draft.put(("quiet_s",), 60)
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 3)
    assert configuration.load_site(past.db).name == "West House"


def test_forms_on_a_text_that_is_no_toml_say_so_instead_of_failing(
    page: AdministrationPage, peers: PeersSection
) -> None:
    page.show_section("rules")
    rules = page.section("rules")
    assert isinstance(rules, RulesSection)
    page.draft.write("name = \n")
    rules.fields["name"].setText("North")
    rules.fields["name"].editingFinished.emit()
    assert "isn't valid TOML" in page.bar.line.text and page.draft.text == "name = \n"
    page.draft.write("peer = 3\n")
    peers._on_add()
    assert "peer" in page.bar.line.text and page.draft.text == "peer = 3\n"


def test_what_is_being_typed_into_a_field_stays(
    page: AdministrationPage, peers: PeersSection, seat: Seat, past: Past
) -> None:
    peers.table.selectRow(0)
    host = peers.form.fields["host"]
    host.setFocus()
    seat.wait(host.hasFocus)
    QTest.keyClicks(host, "9")
    typed = host.text()  # type: ignore[union-attr]
    configuration.import_site(past.db, SITE.format(port=7), user="bob")
    page.draft.read()
    seat.wait(lambda: page.draft.in_force.version == 2)
    assert host.text() == typed and typed.endswith("9")  # type: ignore[union-attr]


def test_a_new_peer_is_the_one_in_the_form_however_the_table_is_sorted(peers: PeersSection) -> None:
    peers.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    peers._on_add()
    assert peers.form.fields["name"].text() == "peer3"  # type: ignore[union-attr]
    assert peers.table.selected()[0][1]["name"] == "peer3"


def test_new_peers_never_bear_a_name_that_is_taken(page: AdministrationPage, peers: PeersSection) -> None:
    peers._on_add()
    peers._on_add()
    peers.table.select_where(lambda row: row[1]["name"] == "peer3")
    peers._on_remove()
    peers._on_add()
    assert page.draft.problems == ()
    names = [peer["name"] for peer in page.draft.tables("peer")]
    assert len(set(names)) == len(names) == 4


def test_what_one_peer_takes_isn_t_shown_beside_another(
    page: AdministrationPage, peers: PeersSection
) -> None:
    peers.table.selectRow(0)
    peers.show_abilities(page.draft.tables("peer")[0], (Ability("CT", "images", True, "all", ""),))

    def shown() -> int:
        return len(peers.abilities.rows)

    assert shown() == 1
    peers.table.selectRow(1)
    assert shown() == 0
    peers.table.selectRow(0)
    assert shown() == 1
    page.draft.put(("peer", 0, "port"), 4242)
    assert shown() == 0


def test_the_output_matrix_of_a_text_that_is_no_toml_is_empty(page: AdministrationPage, seat: Seat) -> None:
    page.show_section("outputs")
    section = page.section("outputs")
    assert isinstance(section, OutputsSection)
    seat.wait(lambda: len({peer for _, peer in section.cells}) == 2)
    # Of every document that travels by DICOM; generated films go to no clinical peer.
    clinical = [
        peer["name"] for peer in page.draft.tables("peer") if peer.get("role", "clinical") == "clinical"
    ]
    kinds = {kind for kind, described in KINDS.items() if described.way == "dicom"}
    assert clinical
    for name in clinical:
        assert {kind for kind, peer in section.cells if peer == name} == kinds - {"synthetic"}
    page.draft.write("[[peer")
    assert section.cells == {}


def test_every_word_of_a_probe_is_known_to_the_translators() -> None:
    said = {use for _, use in probe._asked()}
    notes = {probe._note("1.2", {}, {"1.2": result}) for result in (3, 4)}
    assert said | notes == set(_SAID)
