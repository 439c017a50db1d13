"""Fixtures of the tests with real peers: one Orthanc for the session, wiped between tests."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmcxr_ws.site import Peer
from tests.dicom_node.conftest import listener as listener
from tests.dicom_node.conftest import workplace as workplace
from tests.network import answers, free_port, start, wait_for

WORKLISTS = (Path("/usr/share/orthanc/plugins/libModalityWorklists.so"),)
"""Orthanc's own plug-in that answers Modality Worklist queries from a folder of .wl files."""


class Orthanc:
    """A running Orthanc and its REST interface."""

    def __init__(self, folder: Path, settings: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.settings = settings or {}
        self.worklist = folder / "worklist"
        self.dicom_port, self.http_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def peer(self) -> Peer:
        """It as a configured peer."""
        return Peer(name="orthanc", ae_title="ORTHANC", host="127.0.0.1", port=self.dicom_port)

    def start(self) -> None:
        """Start it and wait until both its ports answer."""
        settings = {
            "Name": "test",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom_port,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomAlwaysAllowFindWorklist": True,
            "DicomAssociationCloseDelay": 0,
            "DicomModalitiesInDatabase": True,
            "Plugins": [str(plugin) for plugin in WORKLISTS if plugin.is_file()],
            "Worklists": {"Enable": True, "Database": str(self.worklist)},
            **self.settings,
        }
        self.worklist.mkdir(exist_ok=True)
        configuration = self.folder / "orthanc.json"
        configuration.write_text(json.dumps(settings))
        self.process = start("Orthanc", configuration, output=self.folder / "orthanc.log")
        wait_for(lambda: answers(self.dicom_port) and answers(self.http_port), "Orthanc answers")

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def rest(self, method: str, path: str, body: object = None) -> Any:
        """Call its REST interface."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None

    def file(self, instance: str) -> bytes:
        """The DICOM file of one of its instances."""
        url = f"http://127.0.0.1:{self.http_port}/instances/{instance}/file"
        with urllib.request.urlopen(url, timeout=10) as response:
            data: bytes = response.read()
        return data

    def know(self, ae_title: str, port: int, *, tls: bool = False) -> None:
        """Enter where an AE title is reached, for C-MOVE and storage commitment."""
        modality = {
            "AET": ae_title,
            "Host": "127.0.0.1",
            "Port": port,
            "AllowStorageCommitment": True,
            "UseDicomTls": tls,
        }
        self.rest("PUT", f"/modalities/{ae_title.lower()}", modality)


@pytest.fixture(scope="session")
def orthanc_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """One Orthanc for the session."""
    running = Orthanc(tmp_path_factory.mktemp("orthanc"))
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def orthanc(orthanc_process: Orthanc) -> Orthanc:
    """That Orthanc, empty."""
    for entry in orthanc_process.worklist.glob("*.wl"):
        entry.unlink()
    for study in orthanc_process.rest("GET", "/studies"):
        orthanc_process.rest("DELETE", f"/studies/{study}")
    return orthanc_process
