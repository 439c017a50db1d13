"""Orthanc takes findings, marks, key images, captures and synthetic films, and gives the same bytes back."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.documents.gate import check
from tests.dicom_node.images_factory import KINDS, build_kind
from tests.factories import make_film, save
from tests.integration.conftest import Orthanc

pytestmark = pytest.mark.peers
LOCAL = LocalEntity(ae_title="LLMCXR")


def data_of(path: Path | io.BytesIO) -> bytes:
    """The data set's bytes, without the file meta information, which is the receiver's."""
    ds = pydicom.dcmread(path)
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, implicit_vr=False, little_endian=True)
    return buffer.getvalue().partition(b"\x08\x00\x05\x00")[2]


def test_orthanc_keeps_one_of_each_bit_equal_and_no_duplicate(orthanc: Orthanc, tmp_path: Path) -> None:
    film = make_film()
    made = {kind: build_kind(kind, film) for kind in KINDS} | {"synthetic": build_kind("synthetic")}
    paths = {kind: save(ds, tmp_path, f"{kind}.dcm") for kind, ds in made.items()}
    files = [save(film, tmp_path), *paths.values()]
    for _ in range(2):  # a resend changes nothing
        results = scu.store(LOCAL, orthanc.peer, files)
        assert [result.outcome for result in results] == [scu.Outcome.STORED] * len(files)
    held = orthanc.rest("GET", "/instances?expand")
    assert len(held) == len(files)
    by_uid = {row["MainDicomTags"]["SOPInstanceUID"]: row["ID"] for row in held}
    for kind, path in paths.items():
        returned = io.BytesIO(orthanc.file(by_uid[made[kind].SOPInstanceUID]))
        read = pydicom.dcmread(returned)
        returned.seek(0)
        assert data_of(returned) == data_of(path) != b"", kind
        assert check(read, [] if kind == "synthetic" else [film]) == [], kind
    studies = orthanc.rest("GET", "/studies?expand")
    assert len(studies) == 2, "the synthetic film lies in no patient's study"
    preview = orthanc.rest("GET", f"/instances/{by_uid[made['capture'].SOPInstanceUID]}/simplified-tags")
    assert preview["BurnedInAnnotation"] == "YES"
