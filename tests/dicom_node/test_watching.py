"""Metrics and health over HTTP, of a whole node: what is counted, and when it says that it isn't ready."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.simulator.server import PacsSimulator
from dicom_node.watching import metrics
from dicom_node.watching.endpoint import Endpoint
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import services
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.world import MakeWorld, World
from tests.network import free_port

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A node beside the simulator."""
    return make_world()


@pytest.fixture
def endpoint(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """Its endpoint, whose numbers are always new."""
    monkeypatch.setattr(metrics, "_KEEP_S", -1.0)
    running = Endpoint(world.workplace, 0)
    yield running
    running.close()


def get(endpoint: Endpoint, path: str) -> tuple[int, str]:
    """Ask for a page; its status and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(endpoint: Endpoint) -> Samples:
    """All samples by name and values of labels (in the order of their names), read by Prometheus' own parser."""
    status, text = get(endpoint, "/metrics")
    assert status == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def beat(world: World) -> str:
    """What the listener's process does every few seconds."""
    name = services.register(world.workplace.db, "listener", world.listener.detail())
    return name


def test_what_was_received_is_counted_by_peer_and_outcome(
    world: World, endpoint: Endpoint, tmp_path: Path
) -> None:
    path = write_film(tmp_path, "a", accession="W1")
    world.push(path, path)
    beat(world)
    found = samples(endpoint)
    assert found["llmcxr_received_instances_total", "stored", "pacs"] == 1
    assert found["llmcxr_received_instances_total", "again", "pacs"] == 1
    assert found["llmcxr_received_bytes_total", "stored", "pacs"] > 1000
    assert found["llmcxr_associations_total", "accepted", "pacs"] == 1
    assert found["llmcxr_studies", "receiving"] == 1
    assert found["llmcxr_events_total", "instance.received"] == 1


@pytest.mark.allow_log("rejected", "refused")
def test_refusals_and_rejections_are_counted(world: World, endpoint: Endpoint, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a", accession="W1")
    world.push(path)
    changed = make_film("a", accession="W2")
    other = tmp_path / "other.dcm"
    changed.save_as(other, enforce_file_format=True)
    assert world.push(other)[0].outcome is scu.Outcome.REFUSED
    with pytest.raises(DicomError):
        scu.echo(LocalEntity(ae_title="STRANGER"), world.node)
    wrong = Peer(name="node", ae_title="OTHERNODE", host="127.0.0.1", port=world.listener.port)
    with pytest.raises(DicomError):
        scu.echo(LocalEntity(ae_title="PACS"), wrong)
    beat(world)
    found = samples(endpoint)
    assert found["llmcxr_received_instances_total", "duplicate_uid", "pacs"] == 1
    assert found["llmcxr_associations_total", "rejected", ""] == 2
    places = {(calling, count) for calling, _, _, count in world.listener.tally.take_rejections()}
    assert places == {("STRANGER", 1), ("PACS", 1)}
    assert world.listener.tally.take_rejections() == []


def test_the_way_to_confirmed_is_timed(world: World, endpoint: Endpoint, tmp_path: Path) -> None:
    _sign(world, write_film(tmp_path, "a", accession="W1"))
    world.work_until_state("W1", StudyState.CONFIRMED)
    found = samples(endpoint)
    assert found[("llmcxr_draft_seconds_count",)] == 1
    assert found[("llmcxr_sign_to_confirmed_seconds_count",)] == 1
    assert 0 < found[("llmcxr_sign_to_confirmed_seconds_sum",)] < 60
    assert found["llmcxr_studies", "confirmed"] == 1
    assert samples(endpoint)[("llmcxr_draft_seconds_count",)] == 1, "counted once"


@pytest.mark.allow_log("commitment not asked")
def test_a_delivery_that_waits_has_an_age(
    make_world: MakeWorld, simulator: PacsSimulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = make_world(commitment="n-action", machine="commitment_timeout_s = 600\n")
    simulator._destinations.clear()  # it knows no address to report to, so that nothing is ever confirmed
    monkeypatch.setattr(metrics, "_KEEP_S", -1.0)
    endpoint = Endpoint(world.workplace, 0)
    _sign(world, write_film(tmp_path, "a", accession="W1"))
    world.work_until(lambda: world.deliveries("W1", "signed")[0].state == "stored", "it is stored")
    found = samples(endpoint)
    endpoint.close()
    assert found["llmcxr_deliveries", "pacs", "stored"] >= 1
    assert found["llmcxr_deliveries_oldest_seconds", "pacs", "stored"] > 0


def _sign(world: World, path: Path) -> None:
    """Have a film at the PACS and at the node, drafted, its signature asked for."""
    scu.store(LocalEntity(ae_title="MODALITY"), world.pacs, [path])
    world.push(path)
    world.draft("W1")
    world.ask_signature("W1")
    world.work_until_state("W1", StudyState.SIGNED)


def test_ready_is_said_only_when_listener_and_courier_run(world: World, endpoint: Endpoint) -> None:
    status, text = get(endpoint, "/health")
    document = json.loads(text)
    assert status == 503 and not document["ready"] and document["live"]
    assert {look["name"] for look in document["checks"] if not look["ok"]} == {
        "listener",
        "courier",
        "engine",
    }
    assert get(endpoint, "/health/live")[0] == 200
    beat(world)
    services.register(world.workplace.db, "courier")
    status, text = get(endpoint, "/health/ready")
    assert status == 200 and json.loads(text)["status"] == "degraded"  # no engine: films wait, none is lost


def test_a_full_disk_makes_the_node_unready(world: World, endpoint: Endpoint) -> None:
    beat(world)
    services.register(world.workplace.db, "courier")
    services.register(world.workplace.db, "engine")
    assert get(endpoint, "/health")[0] == 200
    world.workplace.config = world.workplace.config.model_copy(update={"min_free_mb": 10**9})
    status, text = get(endpoint, "/health")
    assert status == 503 and "MB are free" in text


def test_a_stow_rs_server_that_is_wanted_must_run(world: World, endpoint: Endpoint) -> None:
    beat(world)
    services.register(world.workplace.db, "courier")
    world.workplace.config = world.workplace.config.model_copy(update={"web_port": 8443})
    status, text = get(endpoint, "/health")
    assert status == 503 and "No STOW-RS server runs." in text
    services.register(world.workplace.db, "web")
    assert get(endpoint, "/health")[0] == 200


def test_an_unreachable_database_is_said_in_both(world: World, endpoint: Endpoint) -> None:
    from sqlalchemy import text as sql

    with world.workplace.db.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE service RENAME TO service_gone"))
    assert samples(endpoint)[("llmcxr_database_up",)] == 0
    assert get(endpoint, "/health")[0] == 503
    with world.workplace.db.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE service_gone RENAME TO service"))
    assert samples(endpoint)[("llmcxr_database_up",)] == 1


def test_other_pages_and_other_addresses_have_nothing(endpoint: Endpoint) -> None:
    assert get(endpoint, "/")[0] == 404
    assert endpoint._server.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_said(world: World, endpoint: Endpoint) -> None:
    with pytest.raises(ConfigError, match="can't listen"):
        Endpoint(world.workplace, endpoint.port)


def test_the_watcher_is_wanted_only_with_a_setting(world: World) -> None:
    assert not world.workplace.config.wants_watcher
    assert world.workplace.config.model_copy(update={"metrics_port": free_port()}).wants_watcher
