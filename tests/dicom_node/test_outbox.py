"""The outbox over the network: lanes, one association for many, objects that end it, and peers that come back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pynetdicom import evt

from dicom_node import statuses
from dicom_node.courier import run_courier, run_round
from dicom_node.provider import answer
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.sop_classes import ENHANCED_SR
from dicom_node.steps.lanes import Lanes
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import StoreError
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries, reports, studies
from llmcxr_ws.store.configuration import import_site, site_text
from llmcxr_ws.store.models import Report
from llmcxr_ws.uids import derived_uid
from tests.dicom_node.films import write_film
from tests.dicom_node.world import MakeWorld, World, documents_in
from tests.network import wait_for


def documents(
    world: World, folder: Path, count: int, peers: tuple[str, ...] = ("pacs",)
) -> list[DeliveryRow]:
    """Queue made documents of as many studies for peers, as the courier does after a signature."""
    site = world.workplace.site()
    rows: list[DeliveryRow] = []
    for number in range(count):
        accession = f"N-{number}"
        film = write_film(folder, accession, accession=accession)
        assert world.push(film)[0].status == statuses.SUCCESS
        world.draft(accession)
    for number in range(count):
        accession = f"N-{number}"
        rows += _document(world, accession, site, peers)
    return rows


def _document(world: World, accession: str, site: Any, peers: tuple[str, ...]) -> list[DeliveryRow]:
    db, study = world.workplace.db, world.study(accession)
    film = pydicom.dcmread(world.workplace.objects.path(studies.instances_of(db, study.id)[0].path))
    uid = derived_uid("test document", accession)
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = ENHANCED_SR
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = uid
    film.SeriesInstanceUID = derived_uid("test series", accession)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(film, keyword)
    path = world.workplace.objects.root / "documents" / f"{uid}.dcm"
    path.parent.mkdir(exist_ok=True)
    film.save_as(path, enforce_file_format=True)
    current = reports.current_report(db, study.id)
    assert current is not None
    import hashlib

    with db.write() as session:
        made = reports.record_document(
            session,
            session.get_one(Report, current.id),
            kind="findings",
            sop_class_uid=ENHANCED_SR,
            sop_instance_uid=uid,
            series_instance_uid=str(film.SeriesInstanceUID),
            path=str(path.relative_to(world.workplace.objects.root)),
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        deliveries.queue(session, made, [(peer, False) for peer in peers])
    return [row for row in deliveries.deliveries_of(db, study.id) if row.kind == "findings"]


def now(world: World, row: DeliveryRow) -> DeliveryRow:
    rows = deliveries.deliveries_of(world.workplace.db, row.study_id)
    return next(one for one in rows if one.id == row.id)


def states(world: World, rows: list[DeliveryRow]) -> list[str]:
    return [str(now(world, row).state) for row in rows]


def add_peer(world: World, name: str, port: int, commitment: str = "find", more: str = "") -> None:
    text = site_text(world.workplace.db)
    peer = f'\n[[peer]]\nname = "{name}"\nae_title = "{name.upper()}"\nhost = "127.0.0.1"\nport = {port}\n'
    import_site(world.workplace.db, f'{text}{peer}commitment = "{commitment}"\n{more}', user="service")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long pauses, so that nothing is tried twice by itself."""
    monkeypatch.setenv("LLMCXR_RETRY_S", "600")
    monkeypatch.setenv("LLMCXR_RETRY_MAX_S", "600")


def server_of(simulator: PacsSimulator) -> Any:
    assert simulator._provider is not None
    return simulator._provider._server


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_one_association_for_many(make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path) -> None:
    world = make_world(commitment="find")
    rows = documents(world, tmp_path, 25)
    opened: list[str] = []
    server_of(simulator).bind(evt.EVT_ACCEPTED, lambda event: opened.append("association"))
    assert world.send()
    assert states(world, rows) == ["stored"] * 25
    assert opened == ["association"]
    assert [now(world, row).attempts for row in rows] == [1] * 25
    world.work_until(lambda: states(world, rows) == ["confirmed"] * 25, "confirmed by C-FIND")
    assert len(opened) == 2  # and one for all questions
    # What was made stays here, before and after its confirmation.
    assert all(world.workplace.objects.path(row.path).is_file() for row in rows)


@pytest.mark.allow_log("not delivered")
def test_a_peer_that_is_down_delays_no_other(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, mute: int
) -> None:
    """One peer takes the connection and never answers: the other has its documents at once, and rounds go on."""
    world = make_world(commitment="find", machine="network_timeout_s = 2\n")
    add_peer(world, "aaa", mute)  # the first by name
    rows = documents(world, tmp_path, 3, ("aaa", "pacs"))
    started = time.monotonic()
    world.work_until(
        lambda: (
            [now(world, row).state for row in rows if row.peer == "pacs"] == [DeliveryState.CONFIRMED] * 3
        ),
        "the other peer has them",
        timeout_s=10,
    )
    assert {now(world, row).state for row in rows if row.peer == "aaa"} == {DeliveryState.QUEUED}
    slowest = 0.0
    while time.monotonic() < started + 2:
        begun = time.monotonic()
        run_round(world.desk)
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 5


@pytest.mark.allow_log("signature waits")
@pytest.mark.allow_log("put off")
@pytest.mark.allow_log("after the last run")
def test_a_signature_that_waits_for_a_mute_pacs_delays_no_delivery(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The PACS that is asked for the identity takes the connection and says nothing; another peer gets its own."""
    world = make_world(commitment="find")
    rows = documents(world, tmp_path, 2)
    text = site_text(world.workplace.db).replace("identity = true", "identity = false")
    import_site(world.workplace.db, text, user="service")
    stop = threading.Event()
    courier = threading.Thread(target=run_courier, args=(world.workplace.home, stop))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        add_peer(world, "asked", mute.getsockname()[1], more="identity = true\n")
        world.ask_signature("N-0")
        courier.start()
        try:
            wait_for(
                lambda: states(world, rows) == ["confirmed"] * 2, "the other peer has them", timeout_s=15
            )
        finally:
            stop.set()
    courier.join(40)
    assert not courier.is_alive()


@pytest.mark.allow_log("not delivered")
@pytest.mark.usefixtures("patient")
def test_a_peer_that_comes_back_gets_all_at_once(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """While it is down only the first batch has tries, and all that waits goes as soon as one gets through."""
    world = make_world(commitment="find")
    rows = documents(world, tmp_path, 24)
    port = simulator.port
    simulator.stop()
    world.work_until(lambda: now(world, rows[0]).attempts == 1, "a try")
    assert sum(now(world, row).attempts for row in rows) == 20
    world.desk.lanes.settle(5)
    assert not world.send()
    assert "can't be reached" in now(world, rows[0]).message
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "again", port=port)) as again:
        with world.workplace.db.write() as session:
            deliveries.hasten(session, rows[23].id)  # a person tries one of them
        world.work_until(lambda: set(states(world, rows)) == {"confirmed"}, "all are there")
        assert len(documents_in(again)) == 24


@pytest.mark.allow_log("not delivered")
@pytest.mark.usefixtures("patient")
def test_an_object_that_ends_the_association_holds_back_no_other(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The peer dies of the first object, every time: the others get through, and weren't charged a try for it."""
    world = make_world(commitment="find")
    rows = documents(world, tmp_path, 4)
    poison = rows[0].sop_instance_uid

    def keep(event: Any) -> Any:
        event.request._dataset_file.close()
        if event.request.AffectedSOPInstanceUID == poison:
            event.dataset_path.unlink()
            event.assoc.abort()
        else:
            simulator.archive.keep(event.dataset_path)
        return answer(statuses.SUCCESS)

    server_of(simulator).bind(evt.EVT_C_STORE, keep)
    world.work_until(lambda: states(world, rows[1:]) == ["confirmed"] * 3, "the others")
    first = now(world, rows[0])
    assert (first.state, first.attempts, first.outcome_unknown) == (DeliveryState.QUEUED, 1, True)
    assert "gave no answer to C-STORE" in first.message
    assert [now(world, row).attempts for row in rows[1:]] == [1, 1, 1]


@pytest.mark.allow_log("not delivered")
@pytest.mark.usefixtures("patient")
def test_one_refused_for_now_holds_back_no_other(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    rows = documents(world, tmp_path, 3)

    def keep(event: Any) -> Any:
        event.request._dataset_file.close()
        if event.request.AffectedSOPInstanceUID == rows[1].sop_instance_uid:
            event.dataset_path.unlink()
            return answer(statuses.OUT_OF_RESOURCES, "not now")
        simulator.archive.keep(event.dataset_path)
        return answer(statuses.SUCCESS)

    server_of(simulator).bind(evt.EVT_C_STORE, keep)
    assert world.send()
    assert states(world, rows) == ["stored", "queued", "stored"]


@pytest.mark.allow_log("put off")
@pytest.mark.allow_log("not delivered")
def test_a_defect_in_a_lane_leaves_unknown_outcomes_and_no_lane_behind(
    make_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dicom_node import storing

    world = make_world(commitment="find")
    [row] = documents(world, tmp_path, 1)

    def broken(self: object, file: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(storing.Storing, "send", broken)
    assert not world.send()
    assert (now(world, row).state, now(world, row).outcome_unknown) == (DeliveryState.QUEUED, True)
    monkeypatch.undo()
    world.work_until(lambda: now(world, row).state == DeliveryState.CONFIRMED, "after the pause")


@pytest.mark.allow_log("put off")
@pytest.mark.allow_log("not delivered")
def test_an_outcome_that_couldnt_be_written_down_is_asked_for(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails after the peer has stored them: none stays begun for ever, none is sent twice."""
    world = make_world(commitment="find")
    rows = documents(world, tmp_path, 2)
    stores: list[str] = []
    server_of(simulator).bind(evt.EVT_DIMSE_RECV, lambda event: stores.append(type(event.message).__name__))

    def fails(*_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr("llmcxr_ws.store.sending.stored_all", fails)
    assert not world.send()
    assert states(world, rows) == ["sending"] * 2
    monkeypatch.undo()
    world.work_until(lambda: states(world, rows) == ["confirmed"] * 2, "asked for")
    assert stores.count("C_STORE_RQ") == 2


def test_pauses_double_and_differ(make_world: MakeWorld) -> None:
    desk = make_world(machine="").desk
    first = {desk.pause_s(1) for _ in range(50)}
    assert len(first) > 40 and min(first) >= 0.15 and max(first) <= 0.2
    assert all(0.3 <= desk.pause_s(tries) <= 0.4 for tries in (2, 9, 10_000))


def test_lanes() -> None:
    """One thing at a time with a destination; others beside it; nothing new once closed."""
    lanes, gate, seen = Lanes(), threading.Event(), []
    assert lanes.start("a", lambda: gate.wait(5))
    assert not lanes.start("a", lambda: True)
    assert lanes.start("b", lambda: bool(seen.append("b")) or True)
    wait_for(lambda: lanes.settle(0.05), "b has done something; a goes on")
    assert seen == ["b"]
    assert not lanes.settle(0.0)
    gate.set()
    assert lanes.settle(5)
    assert lanes.close(1) and not lanes.start("a", lambda: True)
