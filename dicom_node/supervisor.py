"""The supervisor: starts listener, courier and, where they are wanted, watcher and STOW-RS server; restarts one that
dies, ends them when told (`llmcxr node`).

Does no DICOM itself. Where systemd or another supervisor starts the two one by one, it isn't needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.log import logger
from llmcxr_ws.store import services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
PARTS: Final = ("listener", "courier")
WATCHER: Final = "watcher"
"""Runs only where a setting gives it something to do."""
WEB: Final = "web"
"""Runs only where `web_port` is set."""
_POLL_S: Final = 0.2
_HEARTBEAT_S: Final = 4.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 60.0
"""A part that has run for so long starts with the first pause again when it dies."""
_STOP_S: Final = 15.0


@dataclass
class Part:
    """One child process and when it may be started again."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    start_after: float = 0.0

    def look_after(self, home: Path) -> None:
        """Start it when it is time, and notice when it has died."""
        now = time.monotonic()
        if self.process is not None:
            status = self.process.poll()
            if status is None:
                return
            steady = now - self.started_at > _STEADY_S
            self.pause_s = _FIRST_PAUSE_S if steady else min(self.pause_s * 2, _LONGEST_PAUSE_S)
            self.start_after = now + self.pause_s
            self.process = None
            _LOG.error("part ended; it is started again", part=self.name, status=status, pause_s=self.pause_s)
        if now >= self.start_after:
            self.process = _start(self.name, home)
            self.started_at = now

    def stop(self, deadline: float) -> None:
        """Wait for its end after it was asked to; end it by force at the deadline."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _LOG.error("part didn't end; it is killed", part=self.name)
            self.process.kill()
            self.process.wait()
        self.process = None


def run_supervisor(home: Path, stop: threading.Event) -> None:
    """Bring the home up to date, then run listener and courier until `stop` is set.

    Raises
    ------
    UserFacingError
        The home can't be used.
    """
    workplace = Workplace.open(home, upgrade=True)
    workplace.service_key()
    name = services.register(workplace.db, "node")
    watched = (WATCHER,) if workplace.config.wants_watcher else ()
    web = (WEB,) if workplace.config.web_port else ()
    parts = [Part(part) for part in (*PARTS, *watched, *web)]
    beat_after = 0.0
    try:
        while not stop.wait(_POLL_S):
            for part in parts:
                part.look_after(workplace.home)
            if time.monotonic() >= beat_after:
                services.beat(workplace.db, name)
                beat_after = time.monotonic() + _HEARTBEAT_S
    finally:
        _stop_all(parts)
        services.unregister(workplace.db, name)
        workplace.close()


def _stop_all(parts: list[Part]) -> None:
    for part in parts:
        if part.process is not None and part.process.poll() is None:
            part.process.terminate()
    deadline = time.monotonic() + _STOP_S
    for part in parts:
        part.stop(deadline)


def _start(part: str, home: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "llmcxr_ws.cli", "node", part],
        env=os.environ | {ENVIRONMENT_VARIABLE: str(home)},
        stdin=subprocess.DEVNULL,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )
    _LOG.info("part started", part=part, pid=process.pid)
    return process


def _end_with_parent() -> None:
    """Have the kernel end this child when the supervisor is killed, so that its port and lock are free (Linux)."""
    import ctypes
    import signal

    death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(death_signal, signal.SIGTERM)
