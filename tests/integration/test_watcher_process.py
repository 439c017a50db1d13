"""The watcher as a process under `llmcxr node`: it serves, it is started again, and nothing depends on it."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from tests.dicom_node.films import write_film
from tests.integration.node import pid_of, running, state_of
from tests.integration.test_node_process import Place
from tests.network import answers, free_port, wait_for

pytestmark = pytest.mark.peers


def ask(port: int, path: str) -> str:
    """A page of the watcher."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return str(response.read().decode())


def is_ready(port: int) -> bool:
    """Whether it answers that the node is ready."""
    try:
        return bool(json.loads(ask(port, "/health"))["ready"])
    except OSError:
        return False


def test_it_serves_is_started_again_and_films_come_without_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "home", Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=1))
    watch = free_port()
    settings = tmp_path / "home" / "llmcxr.toml"
    settings.write_text(f'{settings.read_text()}metrics_port = {watch}\naudit_messages = "full"\n')
    with running(place.node):
        wait_for(lambda: answers(watch), "the watcher listens", timeout_s=30)
        wait_for(lambda: is_ready(watch), "the node is ready", timeout_s=30)
        pid = pid_of(place.db, "watcher")
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)  # a watcher that hangs keeps nobody from working
        film = write_film(tmp_path, "w", accession="ACC-W")
        assert scu.store(LocalEntity(ae_title="PACS"), place.peer, [film])[0].status == 0
        wait_for(lambda: state_of(place.db, "ACC-W") == StudyState.COMPLETE, "complete")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: pid_of(place.db, "watcher") not in (None, pid), "it runs again", timeout_s=60)
        wait_for(lambda: answers(watch), "it listens again", timeout_s=30)
        received = 'llmcxr_received_instances_total{outcome="stored",peer="pacs"} 1.0'
        wait_for(lambda: received in ask(watch, "/metrics"), "the film is counted", timeout_s=30)

        def written() -> str:
            return "".join(path.read_text() for path in (tmp_path / "home" / "audit").glob("*.xml"))

        for words in ("DICOM Instances Transferred", "Application Start", "Attach"):
            wait_for(lambda words=words: words in written(), words, timeout_s=30)  # type: ignore[misc]
        assert written().count("DICOM Instances Transferred") == 1
    place.workplace.close()
