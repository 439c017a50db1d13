"""DCMTK's archive `dcmqrscp` and worklist server `wlmscpfs`, in clear or with stunnel before them.

Debian's builds of the two speak no TLS; stunnel does it for them in both directions, and asks for certificates.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from llmcxr_ws.site import Peer
from tests.certificates import Authority
from tests.network import answers, free_port, start, wait_for

_ARCHIVE = """
NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
{hosts}
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QRSCP {storage} RW (500, 1024mb) ANY
AETable END
"""
_TUNNEL = """
foreground = yes
pid =
cert = {certificate}
key = {key}
CAfile = {ca}
verifyChain = yes
[in]
accept = 127.0.0.1:{tls_port}
connect = 127.0.0.1:{port}
"""
_TUNNEL_OUT = """[out-{name}]
client = yes
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
"""


class DcmtkServer:
    """A server of DCMTK's; with an `authority` it is reached by TLS, with certificates of both sides."""

    name, ae_title = "dcmtk", "DCMTK"

    def __init__(self, folder: Path, authority: Authority | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.authority = folder, authority
        self.port = free_port()
        self.tls_port = free_port() if authority is not None else 0
        self._destinations: dict[str, tuple[int, bool]] = {}
        self._outs: dict[str, int] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def peer(self) -> Peer:
        """It as a configured peer."""
        return Peer(
            name=self.name,
            ae_title=self.ae_title,
            host="127.0.0.1",
            port=self.tls_port or self.port,
            tls=self.authority is not None,
        )

    def start(self) -> None:
        """Start it and wait until its port answers."""
        self._processes.append(self._server())
        wait_for(lambda: answers(self.port), f"{self.name} answers")
        if self.authority is not None:
            self._processes.append(start("stunnel", self._tunnel(), output=self.folder / "stunnel.log"))
            wait_for(lambda: answers(self.tls_port), "stunnel answers")

    def kill(self) -> None:
        """End it at once."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()

    def _server(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _tunnel(self) -> Path:
        assert self.authority is not None
        key, certificate = self.authority.issue(self.name)
        text = _TUNNEL.format(
            certificate=certificate,
            key=key,
            ca=self.authority.certificate,
            tls_port=self.tls_port,
            port=self.port,
        )
        for ae_title, (port, tls) in self._destinations.items():
            if tls:
                text += _TUNNEL_OUT.format(
                    name=ae_title.lower(), accept=self._way_out(ae_title), connect=port
                )
        path = self.folder / "stunnel.conf"
        path.write_text(text)
        return path

    def _way_out(self, ae_title: str) -> int:
        """The port at which it reaches an AE title: stunnel's, where that speaks TLS."""
        port, tls = self._destinations[ae_title]
        return self._outs.setdefault(ae_title, free_port()) if tls else port


class Dcmqrscp(DcmtkServer):
    """DCMTK's image archive: C-STORE, C-FIND, C-MOVE and C-GET; no storage commitment, no counts of instances."""

    name, ae_title = "dcmtk", "QRSCP"

    def know(self, ae_title: str, port: int, *, tls: bool = False) -> None:
        """Enter where an AE title is reached, for C-MOVE; it is started again, for it reads that at its start."""
        self._destinations[ae_title] = (port, tls)
        self.kill()
        self.start()

    def files(self) -> list[Path]:
        """The objects that it holds."""
        return sorted(path for path in (self.folder / "storage").iterdir() if path.name != "index.dat")

    def _server(self) -> subprocess.Popen[bytes]:
        storage = self.folder / "storage"
        storage.mkdir(exist_ok=True)
        hosts = "\n".join(
            f"host{number} = ({ae_title}, 127.0.0.1, {self._way_out(ae_title)})"
            for number, ae_title in enumerate(self._destinations)
        )
        configuration = self.folder / "dcmqrscp.cfg"
        configuration.write_text(_ARCHIVE.format(port=self.port, hosts=hosts, storage=storage))
        return start("dcmqrscp", "-c", configuration, output=self.folder / "dcmqrscp.log")


class Wlmscpfs(DcmtkServer):
    """DCMTK's worklist server; its entries are files of `worklist`."""

    name, ae_title = "ris", "WLM"

    @property
    def worklist(self) -> Path:
        """Where its entries lie."""
        return self.folder / "entries" / self.ae_title

    def _server(self) -> subprocess.Popen[bytes]:
        self.worklist.mkdir(parents=True, exist_ok=True)
        (self.worklist / "lockfile").touch()
        return start("wlmscpfs", "-dfp", self.worklist.parent, self.port, output=self.folder / "wlmscpfs.log")
