"""De-identification against table E.1-1, hostile headers, and validators that aren't ours."""

from __future__ import annotations

import copy as copies
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from dicom_node.deidentify import Profile, deidentify, residual
from dicom_node.deidentify.apply import written
from dicom_node.deidentify.profile import project_key
from dicom_node.deidentify.table import Action, actions, basic
from dicom_node.documents import sr
from dicom_node.documents.kinds import KINDS, example_study
from dicom_node.documents.values import put
from llmcxr_ws.deidentification import NEVER, OPTIONS
from llmcxr_ws.errors import ConfigError, DicomError
from tests.dicom_node.documents_factory import make_report
from tests.dicom_node.films import make_film
from tests.dicom_node.hostile import Case, cases
from tests.peers import dciodvfy_errors

KEY = b"k" * 32
MARK = "Plovermark"
# The pseudonym, and what must be there where the table would remove it.
OWN = (
    "PatientID",
    "PatientName",
    "RequestedProcedureID",
    "PresentationCreationDate",
    "PresentationCreationTime",
)
ALL = frozenset(OPTIONS) - {"retain_full_dates", "retain_uids", "retain_institution_identity"}
REPORTS = frozenset({"clean_structured_content", "clean_graphics", "clean_descriptors"})


def profile(*options: str, project: str = "LUNG") -> Profile:
    return Profile(project, project_key(KEY, project), frozenset(options))


def marked(VR: str) -> Any:
    """A value of this VR that can be told again in bytes; None where a VR can hold none."""
    values = {
        **dict.fromkeys(("SH", "LO", "ST", "LT", "UT", "UC", "PN"), MARK),
        "AE": MARK.upper(),
        "CS": MARK.upper(),
        "AS": "073Y",
        "DA": "19530707",
        "DT": "19530707070707",
        "TM": "070707",
        "UI": "1.2.3.4.19530707",
        "UR": f"http://{MARK}",
        "DS": "19530707",
        "IS": "19530707",
        **dict.fromkeys(("OB", "OW", "UN"), MARK.encode()),
    }
    return values.get(VR)


def everything_of_the_table() -> Dataset:
    """One value at every attribute of table E.1-1 that can hold one."""
    ds = Dataset()
    for tag in basic():
        try:
            VR = dictionary_VR(tag)
        except KeyError:
            VR = "LO"  # of an edition newer than the dictionary
        VR = {"OB or OW": "OB", "US or SS": "US"}.get(VR, VR)
        value = marked(VR)
        if value is not None and tag >> 16 != 2 and tag != 0x00001000 and tag >> 16:
            put(ds, tag, VR, value)
    return ds


def hostile_film() -> Dataset:
    """The table's attributes on three levels, and values where nobody looks."""
    ds = make_film(patient_name="Müller-Lüdenscheidt^Hans-Jörg", patient_id="0012345678")
    ds.update(everything_of_the_table())
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(ds, keyword, f"1.2.3.4.{len(keyword)}")
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.pop("EncapsulatedDocument", None)
    ds.PatientName, ds.PatientID = "Müller-Lüdenscheidt^Hans-Jörg", "0012345678"
    ds.BurnedInAnnotation = "NO"
    inner, outer = Dataset(), Dataset()
    inner.update(everything_of_the_table())
    outer.update(everything_of_the_table())
    put(outer, "AnatomicRegionSequence", "SQ", Sequence([inner]))
    put(ds, "AnatomicRegionSequence", "SQ", Sequence([outer]))
    block = ds.private_block(0x0099, "HOSTILE", create=True)
    block.add_new(0x01, "LO", f"{MARK} Mueller-Luedenscheidt")
    block.add_new(0x02, "OB", b"MULLER-LUDENSCHEIDT Hans-Joerg")
    put(ds, 0x00211055, "UN", MARK.encode())
    put(ds, 0xFFFCFFFC, "OB", MARK.encode())
    put(ds, "ManufacturerModelName", "LO", "Unit of Hans-Joerg Muellers, 12345678")
    put(ds, "WindowCenterWidthExplanation", "LO", "for MÜLLER-LÜDENSCHEIDT")
    for group in (0x6000, 0x5000):
        put(ds, Tag(group, 0x3000), "OB", MARK.encode())
        put(ds, Tag(group, 0x0022), "LO", MARK)
    ds.preamble = (MARK * 20).encode()[:128]
    ds.file_meta.SourceApplicationEntityTitle = MARK.upper()
    ds.file_meta.PrivateInformationCreatorUID = "1.2.3"
    ds.file_meta.PrivateInformation = MARK.encode()
    return ds


def test_of_every_attribute_of_the_table_nothing_is_left() -> None:
    source = hostile_film()
    data = written(deidentify(source, profile()))
    for left in (MARK, MARK.upper(), "19530707", "070707", "073Y", "1.2.3", "HOSTILE", "ller-L", "nscheidt"):
        assert left.encode() not in data, left
    assert residual(data, source, profile()) == []
    read = pydicom.dcmread(BytesIO(data))
    assert not [element for element in read.iterall() if element.tag.is_private]


def test_each_attribute_of_the_table_has_its_action() -> None:
    source = everything_of_the_table()
    source.SOPClassUID, source.SOPInstanceUID = make_film().SOPClassUID, "1.2.3"
    source.pop("EncapsulatedDocument", None)
    result = deidentify(source, profile())
    for tag, action in basic().items():
        if tag not in source or keyword_for_tag(tag) in OWN:
            continue
        if action is Action.REMOVE or not pydicom.datadict.dictionary_has_tag(tag):
            assert tag not in result, keyword_for_tag(tag)
        elif action is Action.EMPTY:
            assert not result[tag].value, keyword_for_tag(tag)
        elif source[tag].VR not in ("SQ", "US", "UN"):
            assert result[tag].value and result[tag].value != source[tag].value, keyword_for_tag(tag)


def test_the_options_name_attributes_of_the_table_and_do_what_they_say() -> None:
    plain = actions(frozenset(), "REMOVED")
    for option in OPTIONS:
        dates = {"retain_full_dates": "UNMODIFIED", "retain_modified_dates": "MODIFIED"}.get(
            option, "REMOVED"
        )
        table = actions(frozenset({option}), dates)
        changed = {tag for tag in table if table[tag] is not plain.get(tag)}
        assert changed or option == "retain_safe_private"
        allowed = {Action.KEEP, Action.CLEAN, Action.SHIFT}
        assert {table[tag] for tag in changed} <= allowed
        assert {tag for tag in changed if tag not in basic()} == set(), option
        never = {"PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "OtherPatientIDs"}
        assert not {keyword_for_tag(tag) for tag in changed} & never


def test_a_patient_has_one_pseudonym_in_a_project_and_another_in_the_next() -> None:
    first, second = make_film("a"), make_film("b")
    here, again = deidentify(first, profile()), deidentify(second, profile())
    there = deidentify(first, profile(project="HEART"))
    other = deidentify(make_film("a", patient_id="TEST-2"), profile())
    assert here.PatientID == here.PatientName == again.PatientID
    assert (
        len({here.PatientID.split("-")[1], there.PatientID.split("-")[1], other.PatientID.split("-")[1]}) == 3
    )
    assert here.PatientID.startswith("LUNG-")
    keyed = Profile("LUNG", b"j" * 32)
    assert deidentify(first, keyed).PatientID != here.PatientID


def test_references_lead_to_the_de_identified_objects() -> None:
    film = make_film("a")
    report = sr.build(make_report("signed", film=film))
    asked = profile(*REPORTS)
    here, there = deidentify(film, asked), deidentify(report, asked)
    assert here.StudyInstanceUID == there.StudyInstanceUID != film.StudyInstanceUID
    assert str(here.SOPInstanceUID) in str(there) and str(film.SOPInstanceUID) not in str(there)
    assert deidentify(film, profile("retain_uids")).SOPInstanceUID == film.SOPInstanceUID


def test_dates_keep_their_distance_when_they_are_moved() -> None:
    early, late = make_film("a"), make_film("b")
    early.StudyDate, late.StudyDate = "20240229", "20260303"
    asked = profile("retain_modified_dates")
    moved = [pydicom.valuerep.DA(deidentify(film, asked).StudyDate) for film in (early, late)]
    assert moved[0] is not None and moved[1] is not None
    assert (moved[1] - moved[0]).days == 733
    assert deidentify(early, asked).StudyDate != "20240229"
    assert deidentify(early, asked).PatientBirthDate == ""
    assert deidentify(early, profile("retain_full_dates")).StudyDate == "20240229"
    assert deidentify(early, profile()).StudyDate == ""
    stated = [
        deidentify(early, profile(*o)).LongitudinalTemporalInformationModified for o in ((), asked.options)
    ]
    assert stated == ["REMOVED", "MODIFIED"]


def test_the_very_old_are_ninety() -> None:
    film = make_film()
    film.PatientAge = "097Y"
    assert deidentify(film, profile("retain_patient_characteristics")).PatientAge == "090Y"
    assert "PatientAge" not in deidentify(film, profile())


def test_the_same_object_gives_the_same_bytes_and_stays_as_it_is() -> None:
    film = hostile_film()
    before = copies.deepcopy(film)
    once, twice = written(deidentify(film, profile(*ALL))), written(deidentify(film, profile(*ALL)))
    assert once == twice and film == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"BurnedInAnnotation": "YES"}, "burned in"),
        ({"BurnedInAnnotation": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "no film"),
        ({"BurnedInAnnotation": None, "ImageType": ["DERIVED", "SECONDARY"]}, "derived"),
        ({"EncapsulatedDocument": b"%PDF"}, "encapsulated document"),
        ({"ContentSequence": [Dataset()]}, "structured report"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(change: dict[str, Any], reason: str) -> None:
    film = make_film(patient_name="Zyx^Qwertz")
    for keyword, value in change.items():
        if value is None:
            film.pop(keyword, None)
        else:
            setattr(film, keyword, value)
    with pytest.raises(DicomError) as refused:
        deidentify(film, profile())
    assert reason in refused.value.sentence.lower() and "Qwertz" not in refused.value.sentence


def test_full_and_modified_dates_contradict_each_other() -> None:
    with pytest.raises(ConfigError):
        profile("retain_full_dates", "retain_modified_dates")


PLANTED: list[tuple[str, str, Any, str]] = [
    ("ManufacturerModelName", "LO", "of Mueller", "name"),
    ("ManufacturerModelName", "LO", "MÜLLERS unit", "name"),
    ("BodyPartExamined", "CS", "MULLER", "name"),
    ("SoftwareVersions", "LO", "pat 12345-678", "number"),
    ("InstanceNumber", "IS", "12345678", "number"),
    ("SoftwareVersions", "LO", "02.01.1976", "date"),
    ("SoftwareVersions", "LO", "January 2, 1976", "date"),
    ("AcquisitionDate", "DA", "19760102", "date"),
    ("InstitutionName", "LO", "Klinikum Winterberg", "place"),
    ("SoftwareVersions", "LO", "winterberg", "place"),
    ("RescaleType", "LO", "UID 1.2.3.999.7", "uid"),
    ("FrameOfReferenceUID", "UI", "1.2.3.999.7", "uid"),
    ("PixelData", "OW", b"\0\1xMueller \0\0", "name"),
    ("ICCProfile", "OB", "Müller".encode("utf-16-le"), "name"),
]


@pytest.mark.parametrize(("keyword", "VR", "value", "kind"), PLANTED)
def test_the_residual_check_finds_what_is_left(keyword: str, VR: str, value: Any, kind: str) -> None:
    source = make_film(patient_name="Müller^Eva", patient_id="0012345678", patient_birth_date="19760102")
    source.FrameOfReferenceUID, source.InstitutionName = "1.2.3.999.7", "Klinikum Winterberg"
    result = deidentify(source, profile())
    assert residual(written(result), source, profile()) == []
    put(result, keyword, VR, value)
    found = residual(written(result), source, profile())
    assert kind in [one.kind for one in found]
    sentences = " ".join(one.sentence for one in found)
    assert "ller" not in sentences and "12345" not in sentences and "interberg" not in sentences


def test_the_residual_check_looks_into_private_elements_and_the_preamble() -> None:
    source = make_film(patient_name="Müller^Eva")
    result = deidentify(source, profile())
    block = result.private_block(0x0099, "VENDOR", create=True)
    block.add_new(0x01, "LO", "Eva Müller")
    result.preamble = b"x" * 128
    assert {one.tag for one in residual(written(result), source, profile())} == {
        "(0099,1001)",
        "the preamble",
    }


def test_writing_in_the_border_of_a_film_is_seen() -> None:
    film = make_film(size=512)
    assert residual(written(deidentify(film, profile())), film, profile()) == []
    pixels = np.frombuffer(film.PixelData, np.uint8).reshape(512, 512).copy()
    for row in range(8, 24, 4):  # strokes of letters, white on film
        for column in range(20, 300, 6):
            pixels[row : row + 3, column : column + 2] = 255
    film.PixelData = pixels.tobytes()
    [found] = residual(written(deidentify(film, profile())), film, profile())
    assert found.kind == "pixels"


def test_safe_private_elements_stay_only_where_they_are_declared_safe() -> None:
    film = make_film(patient_name="Zyx^Qwertz")
    for creator, group in (("SAFE ONE", 0x0099), ("OTHER", 0x0101)):
        film.private_block(group, creator, create=True).add_new(0x01, "LO", "exposure of Qwertz 7")
    declared = Dataset()
    declared.PrivateGroupReference, declared.PrivateCreatorReference = 0x0099, "SAFE ONE"
    declared.BlockIdentifyingInformationStatus = "SAFE"
    film.PrivateDataElementCharacteristicsSequence = [declared]
    kept = deidentify(film, profile("retain_safe_private"))
    assert [str(e.value) for e in kept if e.tag.is_private] == ["SAFE ONE", "exposure of [name] 7"]
    assert not [e for e in deidentify(film, profile()) if e.tag.is_private]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.sampled_from([REPORTS, ALL, REPORTS | {"retain_full_dates"}]))
def test_what_was_cleaned_passes_the_residual_check(case: Case, options: frozenset[str]) -> None:
    """Whoever a film is of, and however the report names them."""
    film = case.film
    film.pop("BurnedInAnnotation", None)
    names = str(film.PatientName).replace("^", " ").replace("=", " ")
    text = f"{case.text[:2000]} Patient {names}, {film.get('PatientID')}, {names.upper()}."
    put(film, "ImageComments", "LT", text.replace("\0", ""))
    asked = Profile("LUNG", KEY, options)
    if "�" in str(film.PatientName):
        return
    data = written(deidentify(film, asked))
    assert residual(data, film, asked) == []


@pytest.mark.peers
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NEVER])
@pytest.mark.parametrize("options", [REPORTS, ALL], ids=["basic", "all"])
def test_validators_find_nothing_new(kind: str, options: frozenset[str], tmp_path: Path) -> None:
    example = KINDS[kind](example_study())
    before, after = tmp_path / "before.dcm", tmp_path / "after.dcm"
    example.dataset.save_as(before, enforce_file_format=True)
    asked = Profile("LUNG", KEY, options)
    after.write_bytes(written(deidentify(example.dataset, asked, example.sources)))
    assert set(dciodvfy_errors(after)) <= set(dciodvfy_errors(before))
    assert residual(after.read_bytes(), [example.dataset, *example.sources], asked) == []
