"""The listener that is attacked: `llmcxr node listener` on a home of its own, and what is seen of it from outside."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.dicom_node.films import make_film
from tests.dicom_node.raw_peer import RawPeer, store_command, value
from tests.integration.node import NodeProcess
from tests.network import answers, free_port, wait_for

NETWORK_S, PDU_S = 0.6, 0.9
"""The listener's deadlines here: silence, and one PDU."""
_FIRST = 10
"""Associations before anything is measured."""
_KEPT_OPEN = 20
"""Descriptors of the database's connections that may be kept for later; a tenth of what an attack would leave."""

SITE = """
[[peer]]
name = "sender"
ae_title = "SENDER"
host = "127.0.0.1"
port = 1

[[peer]]
name = "elsewhere"
ae_title = "ELSEWHERE"
host = "192.0.2.1"
port = 1
from_host = true

[[peer]]
name = "known"
ae_title = "KNOWN"
host = "127.0.0.1"
port = 1
must_give_user = "somebody"
"""


class Target:
    """A listener; `settings` are those of llmcxr.toml, above what all attacks need."""

    def __init__(self, folder: Path, **settings: str | float) -> None:
        home = folder / "home"
        home.mkdir(parents=True, mode=0o700, exist_ok=True)
        authority = Authority(folder / "pki")
        server, self.client = authority.issue("node"), authority.issue("client")
        self.authority = authority.certificate
        self.port, self.tls_port = free_port(), free_port()
        values = {
            "bind_host": "127.0.0.1",
            "dicom_port": self.port,
            "tls_port": self.tls_port,
            "tls_certificate": str(server.certificate),
            "tls_private_key": str(server.key),
            "tls_trusted": str(authority.certificate),
            "min_free_mb": 1,
            "network_timeout_s": NETWORK_S,
            "pdu_timeout_s": PDU_S,
            **settings,
        }
        lines = [f"{name} = {json.dumps(given)}\n" for name, given in values.items()]
        (home / "llmcxr.toml").write_text("".join(lines))
        self.workplace = Workplace.open(home, upgrade=True)
        import_site(self.workplace.db, SITE, user="test")
        self.node = NodeProcess(home, self.port, "listener")
        self.peer = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=self.port)
        self.films = Films()
        self.acknowledged: list[str] = []

    def start(self) -> Target:
        """Start it and let it reach its working size: a few films at the same time, twice."""
        self.node.start()
        wait_for(lambda: answers(self.tls_port), "it listens by TLS")
        assert self.node.process is not None
        self._process = psutil.Process(self.node.process.pid)
        with ThreadPoolExecutor(_FIRST) as threads:
            for _ in range(2):
                assert len(list(threads.map(lambda _: self.serves(), range(_FIRST)))) == _FIRST
        self.settle()
        self._threads, self._descriptors = self._process.num_threads(), self._process.num_fds()
        self.idle_kib = self.memory_kib()
        return self

    def stop(self) -> None:
        """End it, by SIGTERM."""
        try:
            assert self.node.stop() == 0, self.node.log[-2000:]
        finally:
            self.workplace.close()

    def store_on(self, peer: RawPeer) -> int:
        """Send a new film on an association; its status. What is acknowledged is remembered."""
        uid, data = self.films.next()
        peer.send(value(3, store_command(uid)), value(2, data))
        status = peer.status()
        if status == 0:
            self.acknowledged.append(uid)
        return status

    def serves(self) -> float:
        """Have a film taken on an association of its own; the seconds it took."""
        began = time.monotonic()
        with RawPeer(self.port) as peer:
            assert self.store_on(peer) == 0
        return time.monotonic() - began

    def settle(self) -> None:
        """Wait until nobody is connected any more."""
        # The two that listen are in it.
        wait_for(
            lambda: not [one for one in self._process.net_connections("tcp") if one.status != "LISTEN"],
            "every connection is closed",
        )

    def forget_peak(self) -> None:
        """Begin a new peak of resident memory (proc(5), clear_refs)."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def memory_kib(self, what: str = "VmRSS") -> int:
        """Resident memory now, or at its peak (VmHWM), KiB."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(text.partition(f"{what}:")[2].split()[0])

    def left_behind(self) -> list[str]:
        """What an attack left: files in the spool, threads, descriptors."""
        self.settle()
        spool = self.workplace.objects.root / "spool"
        left = []
        try:
            wait_for(lambda: self._process.num_threads() <= self._threads + 1, "threads", timeout_s=5)
        except AssertionError:
            left.append(f"{self._process.num_threads() - self._threads} threads")
        if self._process.num_fds() > self._descriptors + _KEPT_OPEN:
            left.append(f"{self._process.num_fds() - self._descriptors} descriptors")
        if files := list(spool.iterdir()):
            left.append(f"{len(files)} files in the spool")
        if "failed" in self.node.log:
            left.append("a failure in the log")
        return left

    def lost(self) -> list[str]:
        """Acknowledged objects that are not in the index, not on the disk, or twice."""
        rows: dict[str, str] = {}
        twice = []
        for study in studies.worklist(self.workplace.db):
            for row in studies.instances_of(self.workplace.db, study.id):
                twice += [row.sop_instance_uid] * (row.sop_instance_uid in rows)
                rows[row.sop_instance_uid] = row.path
        root = self.workplace.objects.root
        kept = {uid for uid in self.acknowledged if uid in rows and (root / rows[uid]).is_file()}
        return [*(uid for uid in self.acknowledged if uid not in kept), *twice]


class Films:
    """Films as they travel, each with a SOP Instance UID of its own, all of one study."""

    def __init__(self, size: int = 64) -> None:
        from pynetdicom.dsutils import encode

        film = make_film(f"attacked {size}", size=size)
        encoded = encode(film, False, True)
        assert encoded is not None
        self._template, self._uid = encoded, str(film.SOPInstanceUID)
        self._count = 0
        self._lock = threading.Lock()

    def next(self) -> tuple[str, bytes]:
        """A film's SOP Instance UID and its data set, explicit little endian."""
        with self._lock:
            self._count += 1
            uid = f"{self._uid[:-6]}{self._count:06d}"
        return uid, self._template.replace(self._uid.encode(), uid.encode())
