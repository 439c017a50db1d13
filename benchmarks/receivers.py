"""The receivers that `benchmarks.receive` compares, each a process of its own, and the bare limit of the machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Final

import psutil

PDU: Final = 131_072
CALLED: Final = "LLMCXR"
CALLING: Final = "SENDER"
_SITE = f"""
name = "Benchmark"
[[peer]]
name = "sender"
ae_title = "{CALLING}"
host = "127.0.0.1"
port = 1
"""
_TICKS = os.sysconf("SC_CLK_TCK")


def tool(name: str) -> str:
    """The path of a peer's program; never one of this virtual environment, whose pynetdicom has namesakes."""
    own = Path(sys.prefix, "bin").resolve()
    places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if Path(place).resolve() != own]
    found = shutil.which(name, path=os.pathsep.join([*places, "/usr/sbin"]))
    if not found:
        sys.exit(f"{name} isn't installed.")
    return found


def free_port() -> int:
    """A TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Receiver(ABC):
    """A process that takes objects on `port`."""

    name = ""
    places: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.process = self._start()
        self._wait()

    @abstractmethod
    def _start(self) -> subprocess.Popen[bytes]: ...

    def run(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        """Start a program with its output in the folder."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                env={**os.environ, "TCP_NODELAY": "1", "OMP_NUM_THREADS": "1", **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def cpu_s(self) -> float:
        """CPU seconds so far, of the process and of its children that have ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS

    def peak_mb(self) -> float:
        """Most resident memory since :meth:`forget_peak`, MB, of the process alone."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def forget_peak(self) -> None:
        """Begin a new peak."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def forget_files(self) -> None:
        """Empty what it has received, so that the page cache of one doesn't burden the next.

        They aren't deleted: ext4 passes over the inodes of files deleted lately one by one for each file it makes.
        """
        for place in self.places:
            for path in (self.folder / place).rglob("*"):
                if path.is_file() and path.stat().st_size:
                    os.truncate(path, 0)

    def stop(self) -> None:
        """End it at once, and the children that it made."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGKILL)
        for child in children:
            child.kill()
        self.process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit(f"{self.name} doesn't start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")


class Storescp(Receiver):
    """DCMTK's storescp, a process for each association; it doesn't sync."""

    name = "storescp"
    places = ("received",)

    def _start(self) -> subprocess.Popen[bytes]:
        target = self.folder / "received"
        target.mkdir()
        options = ["--fork", "-od", str(target), "-pdu", str(PDU), "+B", "-aet", CALLED]
        return self.run([tool("storescp"), *options, str(self.port)])


class Orthanc(Receiver):
    """Orthanc with its own defaults: SQLite, MD5, fsync of every file."""

    name = "orthanc"
    places = ("storage",)

    def _start(self) -> subprocess.Popen[bytes]:
        settings = {
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "HttpServerEnabled": False,
            "DicomAet": CALLED,
            "DicomPort": self.port,
            "DicomAlwaysAllowStore": True,
            "MaximumPduLength": PDU,
            "Plugins": [],
        }
        configuration = self.folder / "orthanc.json"
        configuration.write_text(json.dumps(settings))
        return self.run([tool("Orthanc"), str(configuration)])


class Ours(Receiver):
    """`llmcxr node listener` on a home of its own, as it ships but for how many associations it takes."""

    name = "llmcxr"
    places = ("objects/received",)

    def _start(self) -> subprocess.Popen[bytes]:
        from llmcxr_ws.store.configuration import import_site
        from llmcxr_ws.workplace import Workplace

        settings = f'dicom_port = {self.port}\nbind_host = "127.0.0.1"\nmax_associations = 100\n'
        (self.folder / "llmcxr.toml").write_text(settings + "network_timeout_s = 120.0\n")
        workplace = Workplace.open(self.folder, upgrade=True)
        import_site(workplace.db, _SITE, user="benchmark")
        workplace.close()
        command = [sys.executable, "-m", "llmcxr_ws.cli", "node", "listener"]
        return self.run(command, LLMCXR_HOME=str(self.folder))


class Physical(Receiver):
    """Length and bytes over loopback, written, synced and renamed, one byte as answer: what the machine gives."""

    name = "physical"
    places = ("received",)

    def _start(self) -> subprocess.Popen[bytes]:
        target = self.folder / "received"
        target.mkdir()
        return self.run([sys.executable, "-m", "benchmarks.receivers", str(self.port), str(target)])


def send_physical(port: int, files: list[Path]) -> None:
    """Send files to a :class:`Physical` receiver on one connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for path in files:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                connection.sendall(struct.pack(">Q", size))
                while size:
                    size -= os.sendfile(connection.fileno(), file.fileno(), None, min(size, 1 << 20))
            if connection.recv(1) != b"k":
                sys.exit("The bare receiver failed.")


def _take(connection: socket.socket, folder: Path, counter: list[int]) -> None:
    buffer = memoryview(bytearray(256 << 10))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        while True:
            head = connection.recv(8, socket.MSG_WAITALL)
            if len(head) < 8:
                return
            (left,) = struct.unpack(">Q", head)
            counter[0] += 1
            part = folder / f"part-{threading.get_ident()}-{counter[0]}"
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT)
            while left:
                count = connection.recv_into(buffer[: min(left, len(buffer))])
                os.write(descriptor, buffer[:count])
                left -= count
            os.fsync(descriptor)
            os.close(descriptor)
            os.rename(part, f"{part}.dcm")
            connection.sendall(b"k")


def main() -> None:
    """Be the bare receiver."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    listening = socket.create_server(("127.0.0.1", port), backlog=64)
    counter = [0]
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=_take, args=(connection, folder, counter), daemon=True).start()


RECEIVERS: Final[tuple[type[Receiver], ...]] = (Physical, Storescp, Orthanc, Ours)


def machine() -> dict[str, Any]:
    """What this was measured on."""
    found = Path("/proc/cpuinfo").read_text().partition("model name")[2]
    return {
        "processor": found.partition("\n")[0].lstrip("\t :"),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": sys.version.split()[0],
        "storescp": _first_line([tool("storescp"), "--version"]),
        "orthanc": _first_line([tool("Orthanc"), "--version"]),
    }


def _first_line(command: list[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0] if said else ""


if __name__ == "__main__":
    main()
