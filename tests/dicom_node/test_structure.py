"""Walking a data set's encoding: every truncation is seen, every transfer syntax understood."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from pynetdicom.dsutils import split_dataset

from dicom_node.structure import BrokenDataSet, Pixels, walk
from tests.dicom_node.films import make_film


def _written(folder: Path, film: Dataset, syntax: str) -> tuple[Path, int, str]:
    film.file_meta.TransferSyntaxUID = syntax
    path = folder / "film.dcm"
    pydicom.dcmwrite(
        path,
        film,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return path, split_dataset(path)[1], syntax


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
    ids=lambda syntax: str(syntax.name),
)
def test_uncompressed(tmp_path: Path, syntax: str) -> None:
    assert walk(*_written(tmp_path, make_film(), syntax)) == Pixels(64 * 64)


def test_encapsulated(tmp_path: Path) -> None:
    film = make_film()
    film.compress(RLELossless, np.asarray(film.pixel_array))
    path = tmp_path / "film.dcm"
    film.save_as(path, enforce_file_format=True)
    assert walk(path, split_dataset(path)[1], RLELossless) == Pixels(0, fragments=1)


def test_sequences_of_undefined_length(tmp_path: Path) -> None:
    film = make_film()
    outer = Dataset()
    inner = Dataset()
    inner.CodeValue = "1"
    outer.ConceptNameCodeSequence = [inner]
    outer["ConceptNameCodeSequence"].is_undefined_length = True
    inner.is_undefined_length_sequence_item = True
    film.ContentSequence = [outer]
    film["ContentSequence"].is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        assert walk(*_written(tmp_path, film, syntax)) == Pixels(64 * 64)


def test_no_pixels(tmp_path: Path) -> None:
    film = make_film()
    del film.PixelData
    assert walk(*_written(tmp_path, film, ExplicitVRLittleEndian)) is None


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_cut_inside_an_element_is_seen(tmp_path: Path, syntax: str) -> None:
    """Cut at each byte of the header: an error, or exactly the end of an element at the top level."""
    film = make_film()
    film.PixelData = film.PixelData[:64]
    path, offset, _ = _written(tmp_path, film, syntax)
    whole = path.read_bytes()
    ends = set()
    if syntax != DeflatedExplicitVRLittleEndian:
        for element in pydicom.dcmread(path, force=True):
            raw = pydicom.dcmread(path).get_item(element.tag)
            if hasattr(raw, "value_tell") and raw.value_tell:
                ends.add(raw.value_tell + raw.length)
    unseen = []
    for cut in range(offset + 1, len(whole), 3):
        path.write_bytes(whole[:cut])
        try:
            walk(path, offset, syntax)
        except BrokenDataSet:
            continue
        unseen.append(cut)
    sequences = sum(element.VR == "SQ" for element in film)
    assert len([cut for cut in unseen if cut not in ends]) <= sequences + 1


def test_nesting_has_an_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    for _ in range(100):
        stream.write(b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff")
    path = tmp_path / "deep.bin"
    path.write_bytes(stream.getvalue())
    with pytest.raises(BrokenDataSet, match="nested"):
        walk(path, 0, ExplicitVRLittleEndian)
