"""kill -9 of the listener at random moments while four senders work: nothing that it acknowledged is ever missed."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from tests.dicom_node.films import write_film
from tests.integration.node import NodeProcess
from tests.integration.test_node_process import Place
from tests.network import answers, wait_for
from tests.peers import require

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.timeout(3000)]

KILLS = int(os.environ.get("LLMCXR_TEST_KILLS", "200"))
SENDERS = 4
BATCH = 12
_ANSWERED = re.compile(r"Sending file: (\S+)|Received Store Response \((Success)\)")


class Sender(threading.Thread):
    """Sends films without end by DCMTK's storescu; knows of each whether it was acknowledged."""

    def __init__(self, number: int, folder: Path, port: int, templates: Sequence[Path]) -> None:
        super().__init__(name=f"sender {number}")
        self.folder = folder / str(number)
        self.folder.mkdir()
        self.acknowledged: dict[str, str] = {}
        self.cut_off = 0
        self.over = threading.Event()
        self._port = port
        self._films = _films(templates, number)
        self._random = random.Random(number)

    def run(self) -> None:
        """Send what isn't acknowledged yet, with new films beside it."""
        waiting: dict[Path, tuple[str, str]] = {}
        while not self.over.is_set():
            while len(waiting) < BATCH:
                uid, content = next(self._films)
                path = self.folder / f"{uid}.dcm"
                path.write_bytes(content)
                waiting[path] = (uid, _data_set_hash(content))
            begun, answered = self._send(list(waiting))
            for path in answered:
                uid, digest = waiting.pop(path)
                self.acknowledged[uid] = digest
                path.unlink()
            self.cut_off += len(begun) - len(answered)
            if waiting:
                time.sleep(0.05 + 0.1 * self._random.random())

    def _send(self, paths: list[Path]) -> tuple[list[Path], list[Path]]:
        """Those that were begun, and those of them that were answered with success."""
        command = [
            require("storescu"), "-v", "-R", "-to", "5", "-aet", "DCMTK", "-aec", "LLMCXR", "127.0.0.1",
        ]  # fmt: skip
        said = subprocess.run(
            [*command, str(self._port), *map(str, paths)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "TCP_NODELAY": "1"},
            timeout=60,
            check=False,
        ).stdout
        begun: list[Path] = []
        answered: list[Path] = []
        for path, success in _ANSWERED.findall(said):
            if path:
                begun.append(Path(path))
            elif success:
                answered.append(begun[-1])
        return begun, answered


def _films(templates: Sequence[Path], number: int) -> Iterator[tuple[str, bytes]]:
    """Films that differ in their UIDs and accession number, a large one among every eight."""
    small, large = [(path.read_bytes(), pydicom.dcmread(path)) for path in templates]
    for count in itertools.count():
        content, film = large if count % 8 == 7 else small
        fresh = {
            keyword: _uid_like(str(film[keyword].value), f"{number} {count} {keyword}")
            for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
        }
        for keyword, uid in fresh.items():
            content = content.replace(str(film[keyword].value).encode(), uid.encode())
        yield fresh["SOPInstanceUID"], content


def _uid_like(old: str, seed: str) -> str:
    """A UID as long as another, so that it can stand in its place."""
    fresh = str(generate_uid(prefix="2.25.", entropy_srcs=[seed]))
    return (fresh + "7" * len(old))[: len(old)]


def _data_set_hash(content: bytes) -> str:
    """Hash of what follows the file meta information, whose own length stands in its first element."""
    length = int.from_bytes(content[140:144], "little")
    return hashlib.sha256(content[144 + length :]).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A node without a courier: the listener alone is what is killed."""
    made = Place(tmp_path / "home", Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=1))
    made.node = NodeProcess(tmp_path / "home", made.port, "listener")
    yield made
    made.workplace.close()


def test_what_was_acknowledged_survives_every_kill(place: Place, tmp_path: Path) -> None:
    """On the disk with the bytes that were sent, in the index, readable, and there once."""
    templates = [write_film(tmp_path, "small", size=128), write_film(tmp_path, "large", size=1024)]
    senders = [Sender(number, tmp_path, place.port, templates) for number in range(SENDERS)]
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)
    place.node.start()
    for sender in senders:
        sender.start()
    try:
        for _ in range(KILLS):
            time.sleep(1.2 * moments.random())
            place.node.kill()
            _shorten(place)
            place.node.start(wait=False)
            if moments.random() > 0.15:  # else it is killed while it starts and reconciles
                wait_for(lambda: answers(place.port) or _ended(place.node), "it listens again", timeout_s=60)
                assert not _ended(place.node), place.node.log[-2000:]
    finally:
        for sender in senders:
            sender.over.set()
        for sender in senders:
            sender.join()
        assert place.node.stop() == 0
    place.node.start()  # sweeps and reconciles
    assert place.node.stop() == 0
    _check(place, {uid: digest for sender in senders for uid, digest in sender.acknowledged.items()})
    kept = sum(len(sender.acknowledged) for sender in senders)
    cut = sum(sender.cut_off for sender in senders)
    print(
        f"{KILLS} kills, seed {seed}: {kept} acknowledged, none missed; {cut} cut off in the middle and sent again"
    )
    assert kept > 5 * KILLS and cut > KILLS / 4, "the kills met no load"


def _shorten(place: Place) -> None:
    """Forget the log of runs that went well: the pipe of hundreds of starts isn't what is tested."""
    log = place.node.home / "node.log"
    if log.exists() and log.stat().st_size > 1 << 20:
        os.truncate(log, 0)


def _ended(node: NodeProcess) -> bool:
    return node.process is not None and node.process.poll() is not None


def _check(place: Place, acknowledged: dict[str, str]) -> None:
    objects = place.workplace.objects
    indexed = studies.indexed_paths(place.db)
    files = list(objects.files())
    assert len(files) == len(set(files)) and set(files) == indexed
    rows: dict[str, str] = {}
    for study in studies.worklist(place.db):
        for row in studies.instances_of(place.db, study.id):
            assert row.sop_instance_uid not in rows and not row.defect
            rows[row.sop_instance_uid] = row.path
    assert len(rows) == len(files), "a file without its row, or two rows of one file"
    missed = [uid for uid in acknowledged if uid not in rows]
    assert missed == []
    for uid, digest in acknowledged.items():
        path = objects.path(rows[uid])
        assert _data_set_hash(path.read_bytes()) == digest
        assert pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID == uid
    assert list((objects.root / "spool").iterdir()) == []
    assert list((objects.root / "quarantine").iterdir()) == []
    shutil.rmtree(objects.root / "received")  # gigabytes
