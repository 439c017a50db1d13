"""Examining a file whose header is damaged: the listener gets a sentence, never another exception."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_node.association import prepare_pynetdicom
from dicom_node.examine import examine
from dicom_node.reception import Incoming, Reception, reconcile
from dicom_node.statuses import CANNOT_UNDERSTAND
from llmcxr_ws.errors import DicomError, StoreError
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film, write_film


def _damage(path: Path, tag: bytes, vr: bytes) -> None:
    """Write another VR into the one element of this tag."""
    data = path.read_bytes()
    at = data.index(tag, 132)
    path.write_bytes(data[: at + 4] + vr + data[at + 6 :])


PATIENT_NAME = b"\x10\x00\x10\x00"


@pytest.mark.parametrize("vr", [b"P\\", b"CN", b"\x00\x00"])
def test_a_value_that_cannot_be_decoded(tmp_path: Path, vr: bytes) -> None:
    prepare_pynetdicom()
    path = write_film(tmp_path)
    _damage(path, PATIENT_NAME, vr)
    with pytest.raises(DicomError, match="can't be read"):
        examine(path)


def test_a_transfer_syntax_that_is_none(tmp_path: Path) -> None:
    film = make_film()
    path = tmp_path / "film.dcm"
    film.save_as(path, enforce_file_format=True)
    data, syntax = path.read_bytes(), str(film.file_meta.TransferSyntaxUID).encode()
    path.write_bytes(data.replace(syntax, b"x" * len(syntax), 1))
    with pytest.raises(DicomError, match="TransferSyntaxUID"):
        examine(path)


@pytest.mark.parametrize("uid", ["1.2\\3.4", "1.2.x", "../1.2", ""])
def test_a_uid_that_is_none(tmp_path: Path, uid: str) -> None:
    prepare_pynetdicom()
    path = write_film(tmp_path)
    ds = pydicom.dcmread(path)
    ds.StudyInstanceUID = uid.split("\\") if "\\" in uid else uid
    ds.save_as(path, enforce_file_format=True)
    with pytest.raises(DicomError, match="StudyInstanceUID"):
        examine(path)


@pytest.mark.parametrize(("megabytes", "refused"), [(1, False), (300, True)])
def test_a_deflated_file_that_would_fill_the_memory(tmp_path: Path, megabytes: int, refused: bool) -> None:
    prepare_pynetdicom()
    ds = make_film()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    ds.PixelData = bytes(megabytes << 20)
    path = tmp_path / "deflated.dcm"
    ds.save_as(path, enforce_file_format=True)
    assert path.stat().st_size < 1 << 20
    if refused:
        with pytest.raises(DicomError, match="larger than 256 MB"):
            examine(path)
    else:
        assert examine(path).defect == ""


@pytest.mark.allow_log("refused")
def test_such_a_film_is_refused_for_good_and_kept_as_evidence(workplace: Workplace, tmp_path: Path) -> None:
    path = write_film(tmp_path)
    header = pydicom.dcmread(path, stop_before_pixels=True)
    _damage(path, PATIENT_NAME, b"CN")
    reception = Reception(workplace.db, workplace.objects, min_free_bytes=0)
    for _ in range(2):  # its sender tries again, which fills no disk
        spooled = workplace.objects.spool_file()
        spooled.write_bytes(path.read_bytes())
        verdict = reception.receive(
            Incoming(
                path=spooled,
                AffectedSOPClassUID=str(header.SOPClassUID),
                AffectedSOPInstanceUID=str(header.SOPInstanceUID),
                peer="sender",
            )
        )
        assert verdict.status == CANNOT_UNDERSTAND
    assert len(list((workplace.objects.root / "quarantine").rglob("*.dcm"))) == 1


@pytest.mark.allow_log("a received file can't be read any more", "a received file can't be indexed")
def test_a_file_that_fits_nowhere_does_not_stop_the_listener(workplace: Workplace, tmp_path: Path) -> None:
    """A damaged file, and one put there by hand that bears a known instance's UID in another study."""
    objects = workplace.objects
    for name, change in (("sound", False), ("foreign", True)):
        path = write_film(tmp_path)
        if change:
            ds = pydicom.dcmread(path)
            ds.StudyInstanceUID = "1.2.3.4"
            ds.save_as(path, enforce_file_format=True)
        target = objects.root / "received" / name / "a.dcm"
        target.parent.mkdir(parents=True)
        path.replace(target)
        assert reconcile(workplace.db, objects) == ((0, 1) if change else (1, 0))
    damaged = write_film(tmp_path, "other")
    _damage(damaged, PATIENT_NAME, b"CN")
    damaged.replace(objects.root / "received" / "foreign" / "b.dcm")
    assert reconcile(workplace.db, objects) == (0, 2)


def test_a_file_whose_row_is_refused_does_not_stay(
    tmp_path: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: object, _arrival: object) -> None:
        raise StoreError("no row for it")

    monkeypatch.setattr("llmcxr_ws.store.arrivals.Arrivals.record", refuse)
    film = make_film()
    path = write_film(tmp_path)
    reception = Reception(workplace.db, workplace.objects, min_free_bytes=0)
    incoming = Incoming(
        path=path,
        AffectedSOPClassUID=str(film.SOPClassUID),
        AffectedSOPInstanceUID=str(film.SOPInstanceUID),
        peer="SENDER",
    )
    with pytest.raises(StoreError):
        reception.receive(incoming)
    reception.close()
    assert list(workplace.objects.files()) == []


@pytest.mark.allow_log("can't be read any more")
def test_a_file_that_the_disk_refuses_does_not_keep_the_listener_from_its_start(
    tmp_path: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: object, _relative: str) -> None:
        raise PermissionError

    workplace.objects.keep(write_film(tmp_path), "1.2.3")
    monkeypatch.setattr("llmcxr_ws.objects.ObjectStore.sync", refuse)
    assert reconcile(workplace.db, workplace.objects) == (0, 1)
