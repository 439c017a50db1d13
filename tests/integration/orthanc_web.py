"""Orthanc with its DICOMweb plug-in, in clear or with stunnel before it.

Debian 12's Orthanc 1.10.1 ends with a segmentation fault at the first HTTPS request, so TLS is stunnel's; as user of
other servers it has TLS of its own.
"""

from __future__ import annotations

import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from llmcxr_ws.site import Peer
from tests.certificates import Authority
from tests.integration.conftest import Orthanc
from tests.network import answers, free_port, start, wait_for

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_TUNNEL = """
foreground = yes
pid =
[web]
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
cert = {certificate}
key = {key}
sslVersionMin = TLSv1.2
"""
_CLIENTS = """verifyChain = yes
CAfile = {ca}
"""


class OrthancWeb(Orthanc):
    """A running Orthanc that speaks DICOMweb below /dicom-web."""

    def __init__(self, folder: Path, authority: Authority | None = None, *, clients: bool = False) -> None:
        if not PLUGIN.is_file():
            reason = f"{PLUGIN} isn't installed (Debian: apt-get install orthanc-dicomweb)"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
        settings: dict[str, Any] = {"Plugins": [str(PLUGIN)], "DicomWeb": {"Enable": True}}
        self.authority, self._clients = authority, clients  # must clients show certificates?
        self.tls_port = free_port()
        self._tunnel: subprocess.Popen[bytes] | None = None
        if authority is not None:
            settings |= {"HttpsVerifyPeers": True, "HttpsCACertificates": str(authority.certificate)}
        super().__init__(folder, settings)

    @property
    def web_peer(self) -> Peer:
        """It as a peer that is talked to by DICOMweb."""
        tls = self.authority is not None
        url = f"https://localhost:{self.tls_port}" if tls else f"http://127.0.0.1:{self.http_port}"
        ca = "orthanc-ca" if tls else ""
        return self.peer.model_copy(update={"dicomweb": f"{url}/dicom-web", "web_ca": ca})

    def start(self) -> None:
        """Start it, and stunnel where TLS is wanted."""
        super().start()
        if self.authority is not None:
            key, certificate = self.authority.issue("localhost")
            configuration = self.folder / "stunnel.conf"
            tunnel = _TUNNEL.format(
                accept=self.tls_port, connect=self.http_port, certificate=certificate, key=key
            )
            asked = _CLIENTS.format(ca=self.authority.certificate) if self._clients else ""
            configuration.write_text(tunnel + asked)
            self._tunnel = start("stunnel", configuration, output=self.folder / "stunnel.log")
            wait_for(lambda: answers(self.tls_port), "stunnel answers")

    def kill(self) -> None:
        """End both at once."""
        if self._tunnel is not None:
            self._tunnel.kill()
            self._tunnel.wait()
        super().kill()

    def call(self, method: str, path: str, data: bytes | None = None) -> bytes:
        """Call its REST interface."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
        return found
