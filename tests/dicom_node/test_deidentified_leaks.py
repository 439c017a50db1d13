"""Places in which a patient may hide that no header attribute of table E.1-1 names; and the copy's own file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_node.deidentify import Profile, deidentify, residual
from dicom_node.deidentify.apply import written
from dicom_node.deidentify.profile import project_key
from dicom_node.deidentify.residual import _is_longer
from dicom_node.documents.values import put
from dicom_node.simulator.server import PacsSimulator
from llmcxr_ws.errors import DicomError
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries
from llmcxr_ws.store.configuration import import_site, site_text
from tests.dicom_node.films import make_film
from tests.dicom_node.test_deidentified_delivery import RESEARCH, TEXT, research_world
from tests.dicom_node.world import MakeWorld, documents_in


def profile(*options: str) -> Profile:
    return Profile("LUNG", project_key(b"k" * 32, "LUNG"), frozenset(options))


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize(
    ("keyword", "VR", "value"),
    [
        ("RetrieveURL", "UR", "https://pacs.example.org/plover/4711"),
        ("PixelDataProviderURL", "UR", "https://pacs.example.org/plover"),
        ("ContactURI", "UR", "mailto:plover@example.org"),
        ("ReferencedFileID", "CS", ["PLOVER", "ANNA"]),
        ("HPGLDocument", "OB", b"LBplover\0\0"),
    ],
)
def test_addresses_file_names_and_drawings_go(keyword: str, VR: str, value: object) -> None:
    ds = make_film(patient_name="Somebody^Else")
    put(ds, keyword, VR, value)
    inner = Dataset()
    put(inner, keyword, VR, value)
    put(ds, "AnatomicRegionSequence", "SQ", Sequence([inner]))
    data = written(deidentify(ds, profile("clean_descriptors", "retain_device_identity")))
    assert b"plover" not in data.lower()


def test_an_envelope_of_another_de_identifier_goes() -> None:
    ds = make_film()
    put(ds, "EncryptedAttributesSequence", "SQ", Sequence([item(EncryptedContent=b"secret!!")]))
    assert "EncryptedAttributesSequence" not in deidentify(ds, profile())


def test_a_uid_that_begins_with_the_digits_of_another_isn_t_it() -> None:
    assert _is_longer("2.25.421", "2.25.42")
    for same in ("2.25.42", "2.25.42.1", "1.2.25.421"):
        assert not _is_longer(same, "2.25.42")


def test_bits_of_the_pixels_that_no_display_shows_go() -> None:
    """An overlay of old films lies in the unused bits of each pixel (PS3.5 8.1.2 of 2004, retired)."""
    ds = make_film()
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    pixels = (np.arange(ds.Rows * ds.Columns) % 4096).astype("<u2")
    hidden = pixels | np.uint16(0x8000) * (np.arange(pixels.size, dtype=np.uint16) % 2)
    ds.PixelData = hidden.tobytes()
    put(ds, 0x60000102, "US", 15)
    copy = pydicom.dcmread(BytesIO(written(deidentify(ds, profile()))))
    assert (np.frombuffer(copy.PixelData, dtype="<u2") == pixels).all()
    ds.PixelRepresentation = 1
    signed = (np.arange(pixels.size) % 4096 - 2048).astype("<i2")
    ds.PixelData = (signed & np.int16(0x0FFF) | np.int16(0x1000)).tobytes()
    copy = deidentify(ds, profile())
    assert (np.frombuffer(copy.PixelData, dtype="<i2") == signed).all()


def test_an_overlay_within_compressed_pixels_is_refused() -> None:
    ds = make_film()
    ds.compress(pydicom.uid.RLELossless)
    put(ds, 0x60000102, "US", 15)
    with pytest.raises(DicomError, match="overlay"):
        deidentify(ds, profile())


def subject(code: str, value_type: str, **values: object) -> Dataset:
    name = item(CodeValue=code, CodingSchemeDesignator="DCM", CodeMeaning="x")
    return item(
        RelationshipType="HAS OBS CONTEXT", ValueType=value_type, ConceptNameCodeSequence=[name], **values
    )


def test_what_a_report_says_of_its_subject_follows_the_option() -> None:
    """Age and sex in the tree (TID 1007) are what Patient's Age and Patient's Sex are in the header."""
    unit = item(CodeValue="a", CodingSchemeDesignator="UCUM", CodeMeaning="year")
    age = item(NumericValue="97", MeasurementUnitsCodeSequence=[unit])
    female = item(CodeValue="F", CodingSchemeDesignator="DCM", CodeMeaning="Female")
    ds = make_film()
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(ds, keyword)
    ds.ContentSequence = [
        subject("121033", "NUM", MeasuredValueSequence=[age]),
        subject("121032", "CODE", ConceptCodeSequence=[female]),
    ]
    without = deidentify(ds, profile("clean_structured_content"))
    assert not without.ContentSequence[0].MeasuredValueSequence
    assert without.ContentSequence[1].ConceptCodeSequence[0].CodeMeaning == "Undetermined sex"
    kept = deidentify(ds, profile("clean_structured_content", "retain_patient_characteristics"))
    assert str(kept.ContentSequence[0].MeasuredValueSequence[0].NumericValue) == "90"
    assert kept.ContentSequence[1].ConceptCodeSequence[0].CodeMeaning == "Female"
    assert residual(written(without), ds, profile("clean_structured_content")) == []


@pytest.mark.allow_log("commitment report not delivered")
def test_a_copy_never_takes_the_originals_place(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """Also where it keeps the original's UID."""
    world = research_world(make_world, TEXT, tmp_path)
    site = site_text(world.workplace.db).replace(
        '"retain_modified_dates"', '"retain_modified_dates", "retain_uids"'
    )
    import_site(world.workplace.db, site, user="test")
    world.work_until(lambda: documents_in(simulator), "sent")
    [row] = world.deliveries("A-1", "draft")
    original, _ = deliveries.original_of(world.workplace.db, row.id)
    assert row.deidentified and row.path != original
    assert "ueller" in world.workplace.objects.path(original).read_bytes().decode("utf-8", "replace")


@pytest.mark.allow_log("not delivered")
@pytest.mark.allow_log("commitment report not delivered")
def test_a_copy_that_never_left_is_made_anew_when_the_site_asks_for_less(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = research_world(make_world, TEXT, tmp_path)
    port = simulator.port
    simulator.stop()
    world.work_until(
        lambda: any(row.attempts and row.deidentified for row in world.deliveries("A-1", "draft")),
        "tried in vain",
    )
    [row] = world.deliveries("A-1", "draft")
    assert row.deidentified and row.state in (DeliveryState.QUEUED, DeliveryState.SENDING)
    site = RESEARCH.format(ae_title=world.pacs.ae_title, port=port).replace(', "retain_modified_dates"', "")
    import_site(world.workplace.db, site, user="test")
    world.work_until(lambda: world.deliveries("A-1", "draft")[0].path != row.path, "made anew")
    copy = pydicom.dcmread(world.workplace.objects.path(world.deliveries("A-1", "draft")[0].path))
    assert copy.LongitudinalTemporalInformationModified == "REMOVED"
    assert not world.workplace.objects.path(row.path).exists(), "the older copy said more"
