"""What a peer's displays show: the dialog sends by the node, says every answer, and keeps ticks with the peer."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicom_node import display_probe, sop_classes
from llmcxr_ws.store import configuration
from tests.network import answers, free_port, start, wait_for
from tests.ui.conftest import Seat
from tests.ui.office_seat import dialog_of
from tests.ui.office_world import SITE, Past
from ui.admin.display_dialog import LOOK_FOR, PATIENT, DisplayDialog
from ui.admin.page import AdministrationPage
from ui.admin.peers import PeersSection


@pytest.fixture
def section(peers: PeersSection) -> PeersSection:
    peers.table.selectRow(0)
    return peers


def opened(section: PeersSection, seat: Seat) -> DisplayDialog:
    section.displays.click()
    return dialog_of(seat, DisplayDialog)


def test_the_dialog_speaks_of_the_node_s_own_objects() -> None:
    assert {kind: made.look_for for kind, made in display_probe.OBJECTS.items()} == LOOK_FOR
    assert (display_probe.PATIENT_NAME, display_probe.PATIENT_ID) == PATIENT


@pytest.mark.usefixtures("node")
def test_test_objects_are_sent_seen_and_ticked(
    page: AdministrationPage, section: PeersSection, seat: Seat, past: Past, tmp_path: Path
) -> None:
    dialog = opened(section, seat)
    assert not dialog.send.isEnabled()  # the peer is used for patients' care
    dialog.agreed.click()
    dialog.send.click()
    assert not dialog.send.isEnabled()
    seat.qtbot.waitUntil(lambda: "stored 10 of 10" in dialog.line.text, timeout=60_000)
    assert {row.answer.text() for row in dialog.rows.values()} == {"stored"}
    assert len(list((tmp_path / "pacs").rglob("*.dcm"))) == len(LOOK_FOR) + 1
    for kind in ("pdf", "film"):
        dialog.rows[kind].tick.click()
    dialog.keep.click()
    assert page.draft.tables("peer")[0]["shows"] == ["film", "pdf"] and "put" in section.line.text.casefold()
    assert configuration.load_site(past.db).peer("pacs").shows == ()
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    assert configuration.load_site(past.db).peer("pacs").shows == ("film", "pdf")
    again = opened(section, seat)
    assert again.ticked == ["film", "pdf"]
    for kind in again.ticked:
        again.rows[kind].tick.click()
    again.keep.click()
    assert "shows" not in page.draft.tables("peer")[0]


FILMS_ONLY = f"""[[TransferSyntaxes]]
[Any]
TransferSyntax1 = {sop_classes.EXPLICIT_LITTLE}
[[PresentationContexts]]
[Films]
PresentationContext1 = {sop_classes.DX_FOR_PRESENTATION}\\Any
PresentationContext2 = {sop_classes.CR_IMAGE}\\Any
[[Profiles]]
[Only]
PresentationContexts = Films
"""


@pytest.mark.peers
@pytest.mark.usefixtures("node")
def test_what_a_peer_refuses_is_said_beside_its_kind(
    page: AdministrationPage, section: PeersSection, seat: Seat, past: Past, tmp_path: Path
) -> None:
    """DCMTK's storescp, told to take films only."""
    port = free_port()
    (tmp_path / "asconfig").write_text(FILMS_ONLY)
    storescp = start(
        "storescp", "-od", tmp_path, "-xf", tmp_path / "asconfig", "Only", port, output=tmp_path / "log"
    )
    try:
        wait_for(lambda: answers(port), "storescp listens")
        configuration.import_site(past.db, SITE.format(port=port), user="service")
        page.draft.read()
        seat.wait(lambda: page.draft.tables("peer")[0]["port"] == port)
        dialog = opened(section, seat)
        dialog.agreed.click()
        dialog.send.click()
        seat.qtbot.waitUntil(lambda: "stored 1 of 10" in dialog.line.text, timeout=60_000)
    finally:
        storescp.terminate()
        storescp.wait()
    said = {kind: row.answer.text() for kind, row in dialog.rows.items()}
    assert said.pop("film") == "stored"
    assert all(words not in ("", "stored", "not sent yet") for words in said.values()), said
    dialog.reject()


@pytest.mark.usefixtures("node")
def test_only_a_peer_that_is_in_force_is_sent_to(
    page: AdministrationPage, section: PeersSection, seat: Seat, tmp_path: Path
) -> None:
    page.draft.put(("peer", 0, "role"), "test")
    dialog = opened(section, seat)
    assert dialog.agreed.isHidden() and dialog.send.isEnabled()
    dialog.send.click()
    seat.wait(lambda: "isn't in force as it stands in the form" in dialog.line.text)
    assert dialog.send.isEnabled() and not list((tmp_path / "pacs").rglob("*.dcm"))
    dialog.reject()
