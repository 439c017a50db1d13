"""Echo and probe: of our own simulator, of DCMTK's storescp, of nobody; and on an administrator's request alone."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dicom_node import probe, sop_classes
from dicom_node.association import LocalEntity
from dicom_node.courier import run_round
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.steps import inspection
from dicom_node.steps.desk import Desk
from llmcxr_ws import reading
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.site import Peer, parse_site
from llmcxr_ws.store import accounts, requests
from llmcxr_ws.workplace import Workplace
from tests.network import answers, free_port, start, wait_for

LOCAL = LocalEntity()


def ability(found: probe.Probe, sop_class: str) -> probe.Ability:
    return next(one for one in found.abilities if one.sop_class_uid == sop_class)


def test_the_simulator_takes_all_that_is_asked(pacs: Peer) -> None:
    assert probe.echo(LOCAL, pacs).reached
    found = probe.probe(LOCAL, pacs)
    assert found.reached and all(one.taken for one in found.abilities), found
    assert "JPEG" in " ".join(ability(found, sop_classes.DX_FOR_PRESENTATION).syntaxes)
    assert found.implementation and f"all {len(found.abilities)}" not in found.sentence


def test_nobody_there_is_told_in_words(pacs: Peer) -> None:
    away = pacs.model_copy(update={"port": free_port()})
    for found in (probe.echo(LOCAL, away), probe.probe(LOCAL, away)):
        assert not found.reached and "can't be reached" in found.sentence and found.what_to_do


def test_a_peer_that_knows_us_not(tmp_path: Path) -> None:
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "p", port=0, known_only=True)) as strict:
        peer = Peer(name="strict", ae_title="PACS", host="127.0.0.1", port=strict.port)
        found = probe.probe(LOCAL, peer)
    assert not found.reached and "refused the association" in found.sentence


@pytest.mark.peers
def test_dcmtk_s_storescp_takes_documents_uncompressed_and_answers_no_query(tmp_path: Path) -> None:
    port = free_port()
    storescp = start("storescp", "-od", tmp_path, port, output=tmp_path / "log")
    try:
        wait_for(lambda: answers(port), "storescp listens")
        peer = Peer(name="dcmtk", ae_title="ANY", host="127.0.0.1", port=port)
        found = probe.probe(LOCAL, peer)
        assert probe.echo(LOCAL, peer).reached
    finally:
        storescp.terminate()
        storescp.wait()
    assert ability(found, sop_classes.VERIFICATION).taken
    assert set(ability(found, sop_classes.ENHANCED_SR).syntaxes) >= {"Explicit VR Little Endian"}
    assert "RLE Lossless" not in ability(found, sop_classes.CR_IMAGE).syntaxes
    query = ability(found, sop_classes.STUDY_ROOT_FIND)
    assert not query.taken and "doesn't know the class" in query.note
    assert "OFFIS" in found.implementation


def test_what_is_sent_there_and_refused_is_said_plainly(tmp_path: Path) -> None:
    """Every class that an output rule sends is asked for, and the note that may withdraw it."""
    port = free_port()
    config = tmp_path / "images.cfg"
    config.write_text(_IMAGES_ONLY)
    storescp = start("storescp", "-xf", config, "Default", "-od", tmp_path, port, output=tmp_path / "log")
    rules = "".join(
        f'[[output]]\ndocument = "{kind}"\nto = "dcmtk"\n' for kind in sop_classes.SENT if kind != "draft"
    )
    site = parse_site(
        f'[[peer]]\nname = "dcmtk"\nae_title = "ANY"\nhost = "127.0.0.1"\nport = {port}\nrole = "test"\n'
        f"{rules}"
    )
    try:
        wait_for(lambda: answers(port), "storescp listens")
        found = probe.probe(LOCAL, site.peers[0], probe.sent_to(site, "dcmtk"))
    finally:
        storescp.terminate()
        storescp.wait()
    sent = {one.sop_class_uid: one for one in found.abilities if one.sent}
    assert sent.keys() == set(sop_classes.SENT.values())
    assert sent[sop_classes.KEY_OBJECT_SELECTION].sent == ("key_image", "rejection")
    assert sent[sop_classes.SECONDARY_CAPTURE].sent == ("capture", "synthetic")
    taken = {uid for uid, one in sent.items() if one.taken}
    assert taken == {sop_classes.SECONDARY_CAPTURE}
    assert "refuses what the output matrix sends there: Enhanced SR Storage (signed);" in found.sentence
    assert "Encapsulated PDF Storage (pdf)" in found.sentence and "capture" not in found.sentence
    assert found.what_to_do


_IMAGES_ONLY = """
[[TransferSyntaxes]]
[Plain]
TransferSyntax1 = LocalEndianExplicit
TransferSyntax2 = LittleEndianImplicit

[[PresentationContexts]]
[Images]
PresentationContext1 = VerificationSOPClass\\Plain
PresentationContext2 = SecondaryCaptureImageStorage\\Plain

[[Profiles]]
[Default]
PresentationContexts = Images
"""


@pytest.fixture
def desk(workplace: Workplace) -> Iterator[Desk]:
    for name, role in (("ann", "admin"), ("rita", "reader")):
        accounts.create_user(
            workplace.db, workplace.service_key(), name=name, password="a long one", role=role
        )
    yield Desk.set_up(workplace)


def look(desk: Desk, user: str, kind: str, peer: dict[str, Any]) -> tuple[str, str]:
    return decided(desk, user, kind, {"peer": peer})


def decided(desk: Desk, user: str, kind: str, payload: dict[str, Any]) -> tuple[str, str]:
    """Ask the courier for a look and wait for its decision; its state and outcome."""
    key: UnlockedKey = reading.log_in(desk.db, user, "a long one")
    number = requests.submit(desk.db, key, kind=kind, payload=payload)
    until = time.monotonic() + 20
    while requests.request_by_id(desk.db, number).state == "waiting" and time.monotonic() < until:
        run_round(desk)
    row = requests.request_by_id(desk.db, number)
    return row.state, row.outcome


@pytest.mark.parametrize("kind", ["echo", "probe"])
def test_the_courier_looks_for_an_administrator(desk: Desk, pacs: Peer, kind: str) -> None:
    state, outcome = look(desk, "ann", kind, pacs.model_dump())
    found = json.loads(outcome)
    assert state == "granted" and found["reached"] and found["seconds"] < 5
    assert bool(found["abilities"]) == (kind == "probe")


@pytest.mark.allow_log("refused")
def test_nobody_else_and_nothing_else_is_looked_at(desk: Desk, pacs: Peer) -> None:
    state, outcome = look(desk, "rita", "probe", pacs.model_dump())
    assert state == "refused" and "doesn't allow" in outcome
    state, outcome = look(desk, "ann", "probe", {"name": "x", "ae_title": "A", "host": "h", "port": 99999})
    assert state == "refused" and "99999" in outcome
    assert look(desk, "ann", "echo", {"host": ["no"]})[0] == "refused"


def test_a_peer_that_says_nothing_keeps_nobody_waiting(desk: Desk, pacs: Peer) -> None:
    key: UnlockedKey = reading.log_in(desk.db, "ann", "a long one")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = pacs.model_copy(update={"port": silent.getsockname()[1]})
        dead, alive = (
            requests.submit(desk.db, key, kind="probe", payload={"peer": peer.model_dump()})
            for peer in (away, pacs)
        )
        started = time.monotonic()
        run_round(desk)
        assert time.monotonic() - started < 2
        until = time.monotonic() + 4
        while requests.request_by_id(desk.db, alive).state == "waiting" and time.monotonic() < until:
            run_round(desk)
            time.sleep(0.02)
        assert requests.request_by_id(desk.db, alive).state == "granted"
        assert requests.request_by_id(desk.db, dead).state == "waiting"
        assert not run_round(desk)  # nothing to do while somebody else looks
        until = time.monotonic() + 20
        while requests.request_by_id(desk.db, dead).state == "waiting" and time.monotonic() < until:
            run_round(desk)
            time.sleep(0.02)
    outcome = json.loads(requests.request_by_id(desk.db, dead).outcome)
    assert not outcome["reached"]


@pytest.mark.allow_log("put off")
def test_a_look_that_breaks_is_said_so_to_who_asked(
    desk: Desk, pacs: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("something unforeseen")

    monkeypatch.setitem(inspection._LOOK, "echo", broken)
    state, outcome = look(desk, "ann", "echo", pacs.model_dump())
    assert state == "refused" and outcome.startswith("The node failed over this request")
