"""What the listener takes from real senders: every class, every transfer syntax, TLS with certificates of both."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, generate_uid

from dicom_node import scu, sop_classes, statuses
from dicom_node.association import LocalEntity
from dicom_node.listener import Listener
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.dicom_node.films import make_film, write_film
from tests.integration.encoded_films import ENCODED
from tests.network import run

pytestmark = pytest.mark.peers


def _call(listener: Listener) -> list[str]:
    return ["-aet", "SENDER", "-aec", "LLMCXR", "127.0.0.1", str(listener.port)]


def _kept(workplace: Workplace) -> list[Dataset]:
    rows = [
        row
        for study in studies.worklist(workplace.db)
        for row in studies.instances_of(workplace.db, study.id)
    ]
    assert [row.defect for row in rows] == [""] * len(rows)
    return [pydicom.dcmread(workplace.objects.path(row.path)) for row in rows]


def test_storescu_sends_every_class(listener: Listener, workplace: Workplace, tmp_path: Path) -> None:
    paths = []
    for sop_class in sop_classes.STORAGE_CLASSES:
        film = make_film("class")
        film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = UID(sop_class)
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        if sop_class in sop_classes.DOCUMENT_CLASSES:
            del film.PixelData
        paths.append(tmp_path / f"{sop_class}.dcm")
        film.save_as(paths[-1], enforce_file_format=True)
    said = run("storescu", "-v", "-R", *_call(listener), *paths)
    assert said.returncode == 0, said.stdout
    assert said.stdout.count("(Success)") == len(paths)
    assert {film.SOPClassUID for film in _kept(workplace)} == set(sop_classes.STORAGE_CLASSES)


@pytest.mark.parametrize(("transfer_syntax", "option", "encode"), ENCODED)
def test_storescu_sends_every_transfer_syntax(
    listener: Listener,
    workplace: Workplace,
    tmp_path: Path,
    transfer_syntax: str,
    option: str,
    encode: Callable[[Path, Path], None],
) -> None:
    """Kept as it came: the transfer syntax, and the pixel data's bytes."""
    sent = tmp_path / "sent.dcm"
    encode(write_film(tmp_path), sent)
    assert pydicom.dcmread(sent).file_meta.TransferSyntaxUID == transfer_syntax
    options = [] if option == "-xd" else ["-R"]
    said = run("storescu", "-v", option, *options, *_call(listener), sent)
    assert said.returncode == 0 and "(Success)" in said.stdout, said.stdout
    [kept] = _kept(workplace)
    original = pydicom.dcmread(sent)
    if transfer_syntax not in sop_classes.UNCOMPRESSED:
        assert kept.file_meta.TransferSyntaxUID == transfer_syntax
    assert kept.PixelData == original.PixelData
    assert (kept.PatientName, kept.StudyInstanceUID) == (original.PatientName, original.StudyInstanceUID)


@pytest.mark.parametrize("transfer_syntax", [*sop_classes.UNCOMPRESSED, *sop_classes.COMPRESSED])
def test_every_transfer_syntax_of_the_table_as_it_came(
    listener: Listener, workplace: Workplace, tmp_path: Path, transfer_syntax: str
) -> None:
    """Also those that DCMTK can't send, such as HTJ2K: by our own sender, each proposed alone."""
    film = make_film("table")
    film.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    if transfer_syntax in sop_classes.COMPRESSED:
        film.PixelData = encapsulate([b"\xff\xd8 not decoded by a node \xff\xd9"])
        film["PixelData"].VR = "OB"
    path = tmp_path / "sent.dcm"
    film.save_as(path, enforce_file_format=True)
    node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=listener.port)
    [result] = scu.store(LocalEntity(ae_title="SENDER"), node, [path])
    assert result.status == statuses.SUCCESS, result.sentence
    [row] = studies.instances_of(workplace.db, studies.worklist(workplace.db)[0].id)
    assert row.transfer_syntax_uid == transfer_syntax
    offsets = [_data_set(file) for file in (path, workplace.objects.path(row.path))]
    assert offsets[0] == offsets[1]


def _data_set(path: Path) -> bytes:
    from dicom_node.examine import data_set_offset

    return path.read_bytes()[data_set_offset(path) :]


def test_the_table_holds_what_can_be_decoded() -> None:
    from llmcxr_ws.pixels import SUPPORTED_TRANSFER_SYNTAXES

    assert set(SUPPORTED_TRANSFER_SYNTAXES) == {*sop_classes.UNCOMPRESSED, *sop_classes.COMPRESSED}


@pytest.mark.allow_log("connection refused")
def test_tls_with_certificates_of_both(workplace: Workplace, tmp_path: Path) -> None:
    """DCMTK with a certificate is served, without one or without TLS not; a silent client holds nobody up."""
    authority = Authority(tmp_path)
    server, client = authority.issue("node"), authority.issue("sender")
    quick = Workplace(
        workplace.home,
        workplace.config.model_copy(
            update={
                "network_timeout_s": 3.0,
                "tls_port": workplace.config.dicom_port,
                "tls_certificate": str(server.certificate),
                "tls_private_key": str(server.key),
                "tls_trusted": str(authority.certificate),
            }
        ),
        workplace.db,
        workplace.objects,
    )
    listener = Listener(quick)
    listener.start(port=0)
    trusted = ["+cf", str(authority.certificate)]
    film = write_film(tmp_path, size=600)
    try:
        with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as silent:
            started = time.monotonic()
            said = run("storescu", "+tls", client.key, client.certificate, *trusted, *_call(listener), film)
            assert said.returncode == 0, said.stdout
            assert run("storescu", "+tla", *trusted, *_call(listener), film).returncode != 0
            assert run("storescu", *_call(listener), film).returncode != 0
            assert silent.recv(10) == b""
            assert time.monotonic() - started < 10
        assert [kept.PixelData for kept in _kept(workplace)] == [pydicom.dcmread(film).PixelData]
        assert np.asarray(_kept(workplace)[0].pixel_array).shape == (600, 600)
    finally:
        listener.stop()
