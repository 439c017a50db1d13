"""Starting and stopping the processes of the demonstration; none of them outlives it."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmcxr_ws.errors import UserFacingError

ORTHANC = "Orthanc"
STOP_S = 10.0
_PR_SET_PDEATHSIG = 1


class DemoError(UserFacingError):
    """The demonstration can't go on."""


def llmcxr(*arguments: str) -> list[str]:
    """The command line of a sub-command in this very environment."""
    return [sys.executable, "-m", "llmcxr_ws.cli", *arguments]


def free_ports(count: int) -> list[int]:
    """TCP ports on loopback that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Company:
    """The processes of one demonstration."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._environment = os.environ | {"LLMCXR_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to a file of its name in the home."""
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._running.append((name, process))
        return process

    def run(self, *arguments: str, timeout_s: float = 120.0) -> str:
        """Run a sub-command to its end; give its standard output.

        Raises
        ------
        DemoError
            It failed, and the sentence is its own; or it took too long.
        """
        try:
            done = subprocess.run(
                llmcxr(*arguments),
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DemoError(
                f"`llmcxr {' '.join(arguments[:3])}` took longer than {timeout_s:.0f} s."
            ) from error
        if done.returncode:
            raise DemoError(
                f"`llmcxr {' '.join(arguments[:3])}` failed: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout

    def check(self) -> None:
        """Refuse to go on when one of them has died."""
        for name, process in self._running:
            if process.poll() is not None:
                log = (self.home / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                raise DemoError(
                    f"The {name} ended with status {process.returncode}.",
                    what_to_do=f"Its last words:\n{log[-2000:]}",
                )

    def wait_for(self, what: str, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until something is true, watching the processes meanwhile."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{what} did not come within {timeout_s:.0f} s.",
                    what_to_do=f"See the logs in {self.home}.",
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """End all processes, the latest first; by force where asking doesn't help."""
        for _name, process in reversed(self._running):
            if process.poll() is None:
                process.terminate()
        for _name, process in reversed(self._running):
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()


def orthanc_installed() -> bool:
    """Whether Debian's Orthanc is on this machine."""
    return find_orthanc() is not None


def find_orthanc() -> str | None:
    """The path of Orthanc's program; Debian puts it beside the daemons."""
    return shutil.which(ORTHANC) or shutil.which(ORTHANC, path="/usr/sbin:/usr/local/sbin")


def orthanc_command(
    folder: Path, *, ae_title: str, port: int, http_port: int, node: tuple[str, int]
) -> list[str]:
    """Write a throw-away Orthanc's configuration and give its command line.

    It listens on loopback only where Orthanc lets one choose, and knows the node as its one destination.
    """
    program = find_orthanc()
    if program is None:
        raise DemoError(
            "Orthanc isn't installed.", what_to_do="apt-get install orthanc, or use --pacs simulator."
        )
    folder.mkdir()
    configuration: dict[str, Any] = {
        "Name": "Demonstration",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": ae_title,
        "DicomPort": port,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowStore": False,
        "DicomAssociationCloseDelay": 0,
        "DicomModalities": {
            "node": {"AET": node[0], "Host": "127.0.0.1", "Port": node[1], "AllowStorageCommitment": True}
        },
        "Plugins": [],
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    return [program, str(file)]


def _die_with_parent() -> None:
    """Have the kernel end this child when the demonstration is killed (Linux only)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
