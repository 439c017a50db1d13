"""A disk that is really full: a few megabytes in memory, mounted for the listener alone, and filled from outside.

The listener is started in a mount namespace of its own (unshare(1)), where a small tmpfs lies over one folder; the
test reaches that folder through ``/proc/PID/root``. Nothing is left of the mount when the process ends.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.store.database import Database
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.raw_peer import RawPeer, store_command, value
from tests.integration.node import NodeProcess
from tests.network import answers, wait_for
from tests.peers import missing, require
from tests.robustness.attacks import heard
from tests.robustness.target import Target

DISK_MB: Final = 24
_MOUNT: Final = 'mount -t tmpfs -o size="$0",mode=700 none "$1" && cp -a "$2/." "$1/" && shift 2 && exec "$@"'
_PART: Final = 60_000


class SmallDisk(Target):
    """A listener of whose home one folder, `objects` or `database`, lies on a disk of :data:`DISK_MB`."""

    def __init__(self, folder: Path, what: str) -> None:
        database = folder / "home" / "database" / "llmcxr.db"
        database.parent.mkdir(parents=True, mode=0o700)
        super().__init__(
            folder, network_timeout_s=10.0, pdu_timeout_s=10.0, database_url=f"sqlite:///{database}"
        )
        self.workplace.close()
        self._place, seed = folder / "home" / what, folder / "seed"
        shutil.copytree(self._place, seed)
        unshare = require("unshare")
        if subprocess.run([unshare, "-rm", "true"], capture_output=True, check=False).returncode:
            missing("this machine allows no mount namespace (unshare -rm)")
        mount = (unshare, "-rm", "sh", "-c", _MOUNT, f"{DISK_MB}m", str(self._place), str(seed))
        self.node = NodeProcess(self.workplace.home, self.port, "listener", prefix=mount)
        self._database = database

    def start(self) -> SmallDisk:
        """Start it; it isn't warmed up, for there is little room."""
        self.node.start()
        wait_for(lambda: answers(self.tls_port), "it listens")
        return self

    def look(self) -> SmallDisk:
        """See its objects, and its database as it is now: a copy, for SQLite follows links back to our own disk."""
        copy = self.workplace.home.parent / f"seen-{len(self.acknowledged)}"
        shutil.copytree(self._inside(self._database.parent), copy, ignore=shutil.ignore_patterns("ballast"))
        self.workplace.close()
        seen = self.workplace
        database = Database(f"sqlite:///{copy / self._database.name}")
        objects = ObjectStore(self._inside(self._place.parent / "objects"))
        self.workplace = Workplace(seen.home, seen.config, database, objects)
        return self

    def _inside(self, path: Path) -> Path:
        assert self.node.process is not None
        return Path(f"/proc/{self.node.process.pid}/root{path}")

    def free_mb(self) -> float:
        """What is free on the small disk."""
        told = os.statvfs(self._inside(self._place))
        return told.f_bavail * told.f_frsize / 1e6

    def fill(self, leave_mb: float = 0.0) -> None:
        """Fill the disk but for so much; without that until the system refuses to write on."""
        with (self._inside(self._place) / "ballast").open("ab", buffering=0) as ballast:
            try:
                while not leave_mb or self.free_mb() > leave_mb:
                    ballast.write(bytes(32768))
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def make_room(self) -> None:
        """Take away what filled it."""
        (self._inside(self._place) / "ballast").unlink()

    def send(self, peer: RawPeer, film: tuple[str, bytes]) -> str:
        """Send a film in parts on an association; what is answered."""
        uid, data = film
        peer.send(value(3, store_command(uid)))
        for at in range(0, len(data), _PART):
            peer.send(value(2 if at + _PART >= len(data) else 0, data[at : at + _PART]))
        said = heard(peer)
        self.acknowledged += [uid] * (said == "0000H" and uid not in self.acknowledged)
        return said

    @property
    def spooled(self) -> list[Path]:
        """What lies in the spool."""
        return list((self._inside(self._place.parent / "objects") / "spool").iterdir())
