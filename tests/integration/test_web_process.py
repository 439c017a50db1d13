"""The STOW-RS server as a process under the supervisor: kill -9 under load, both ways in at once, its memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

import psutil
import pydicom

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import write_film
from tests.dicom_node.web_sender import SITE, TOKEN, body_of, post, uids, write_key
from tests.integration.node import NodeProcess, pid_of
from tests.network import answers, free_port, wait_for


class WebPlace:
    """A home whose node serves STOW-RS too."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self.home, self.port, self.web_port = home, free_port(), free_port()
        (home / "llmcxr.toml").write_text(
            f'bind_host = "127.0.0.1"\ndicom_port = {self.port}\nweb_port = {self.web_port}\npoll_s = 0.05\n'
        )
        self.workplace = Workplace.open(home, upgrade=True)
        import_site(self.workplace.db, SITE, user="test")
        write_key(home, "sender", TOKEN)
        self.node = NodeProcess(home, self.port)
        self.peer = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=self.port)

    def start(self) -> None:
        """Start the node and wait for both ways in."""
        self.node.start()
        wait_for(
            lambda: answers(self.web_port) and pid_of(self.workplace.db, "web"),
            "it serves STOW-RS",
            timeout_s=30,
        )


def _stow(place: WebPlace, films: list[Path], acknowledged: set[Path], done: threading.Event) -> None:
    """Send film by film until all are acknowledged, whatever happens to the server."""
    known = {str(pydicom.dcmread(path).SOPInstanceUID): path for path in films}
    while set(films) - acknowledged and not done.is_set():
        rest = [path for path in films if path not in acknowledged][:3]
        try:
            _, text = post(place.web_port, body_of(*(path.read_bytes() for path in rest)))
            acknowledged |= {known[uid] for uid in uids(text, "00081199")}
        except (OSError, HTTPException, ValueError):
            time.sleep(0.05)


def _c_store(place: WebPlace, films: list[Path], done: threading.Event) -> None:
    """Send the same films by C-STORE, over and over."""
    while not done.is_set():
        try:
            scu.store(LocalEntity(ae_title="SENDER"), place.peer, films)
        except Exception:
            time.sleep(0.05)


def test_killed_under_load_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """kill -9 of the server at five moments while C-STORE sends the same films to the listener."""
    place = WebPlace(tmp_path / "home")
    films = [write_film(tmp_path, f"k{number}", size=300) for number in range(90)]
    acknowledged: set[Path] = set()
    done = threading.Event()
    place.start()
    threads = [
        threading.Thread(target=_stow, args=(place, films, acknowledged, done)),
        threading.Thread(target=_c_store, args=(place, films[::-1], done)),
    ]
    for thread in threads:
        thread.start()
    try:
        for kills in range(5):
            enough = min(len(acknowledged) + 5 + kills, len(films))
            wait_for(lambda n=enough: len(acknowledged) >= n, "some are acknowledged")  # type: ignore[misc]
            pid = pid_of(place.workplace.db, "web")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_for(
                lambda old=pid: pid_of(place.workplace.db, "web") not in (old, None),  # type: ignore[misc]
                "a new server",
                timeout_s=60,
            )
        threads[0].join(timeout=120)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        place.node.stop()
    assert acknowledged == set(films)
    db, objects = place.workplace.db, place.workplace.objects
    for path in films:
        row = studies.known_instance(db, str(pydicom.dcmread(path).SOPInstanceUID))
        assert row is not None and row.defect == ""
        assert pydicom.dcmread(objects.path(row.path)) == pydicom.dcmread(path)
    assert studies.indexed_paths(db) == set(objects.files())
    assert len(studies.indexed_paths(db)) == len(films)
    assert list((objects.root / "quarantine").rglob("*.dcm")) == []
    place.workplace.close()


def test_memory_is_flat_in_the_size_of_an_instance(tmp_path: Path) -> None:
    """Four instances of 32 MB each in one request, streamed in chunks: the process stays where it was."""
    place = WebPlace(tmp_path / "home")
    small, large = write_film(tmp_path, "small"), write_film(tmp_path, "large", size=5700)
    assert large.stat().st_size > 32_000_000
    place.start()
    try:
        assert post(place.web_port, body_of(small.read_bytes()))[0].status == 200
        process = psutil.Process(pid_of(place.workplace.db, "web"))
        before = process.memory_info().rss
        peak = [before]
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.01):
                peak[0] = max(peak[0], process.memory_info().rss)

        watching = threading.Thread(target=watch)
        watching.start()
        body = body_of(*[large.read_bytes()] * 4)
        try:
            chunks = (body[at : at + 65536] for at in range(0, len(body), 65536))
            assert post(place.web_port, chunks)[0].status == 200
        finally:
            done.set()
            watching.join()
        assert peak[0] - before < 25_000_000
    finally:
        place.node.stop()
        place.workplace.close()


def test_without_a_port_nothing_is_served(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Workplace.open(home, upgrade=True).close()
    done = subprocess.run(
        [sys.executable, "-m", "llmcxr_ws.cli", "node", "web"],
        env={**os.environ, "LLMCXR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Set web_port" in done.stderr + done.stdout


def test_one_server_a_home(tmp_path: Path) -> None:
    place = WebPlace(tmp_path / "home")
    place.start()
    try:
        second = NodeProcess(place.home, place.port, "web")
        second.start(wait=False)
        assert second.process is not None and second.process.wait(timeout=40) == 1
        assert "Another web runs" in place.node.log
    finally:
        assert place.node.stop() == 0
        place.workplace.close()
