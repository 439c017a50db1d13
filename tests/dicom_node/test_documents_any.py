"""Whatever stands in a text or a header: a valid document with the same text, or a named refusal."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from dicom_node.documents.gate import check
from dicom_node.documents.report import Sentence
from dicom_node.documents.sr import build
from dicom_node.documents.values import put
from llmcxr_ws.errors import DicomError
from tests.dicom_node.documents_factory import make_report, rows_of
from tests.factories import make_film

# Mostly what a person could have typed, so that most examples get all the way; some of anything at all.
TYPED = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"), exclude_characters="\\=^\ufffd")
TEXT = st.one_of(*[st.text(TYPED, min_size=1, max_size=300)] * 7, st.text(min_size=1, max_size=300))
NAME = st.one_of(
    *[st.text(TYPED, max_size=12)] * 15, st.text(st.characters(exclude_categories=("Cs",)), max_size=70)
)
HEADER = st.fixed_dictionaries(
    {
        "PatientName": NAME,
        "PatientID": NAME,
        "PatientBirthDate": st.sampled_from([*["", "19740101"] * 5, "1974", "never"]),
        "AccessionNumber": NAME,
        "StudyID": NAME,
        "StudyDescription": NAME,
        "TimezoneOffsetFromUTC": st.sampled_from(["", "+0000", "-0330", "+1400", "nonsense"]),
    }
)
_VRS = {"PatientName": "PN", "PatientID": "LO", "PatientBirthDate": "DA", "StudyDescription": "LO"}


@pytest.fixture(autouse=True, scope="module")
def without_dciodvfy() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dicom_node.documents.gate.shutil.which", lambda name: None)
        yield


# No shrinking: each example builds a whole document, and a failing one is small enough to read.
@settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(text=TEXT, header=HEADER)
def test_the_text_arrives_whole_or_the_document_is_refused(text: str, header: dict[str, str]) -> None:
    film = make_film()
    for keyword, value in header.items():
        put(film, keyword, _VRS.get(keyword, "SH"), value)
    try:
        document = make_report("signed", film, sentences=(Sentence(text, "impression", "human"),))
    except DicomError as refusal:
        assert refusal.message
        return
    ds = build(document)
    faults = check(ds, [film], sentences=[text])
    if faults:
        assert {fault.code for fault in faults} <= {"values", "characters"}
        return
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    read = dcmread(buffer)
    section = next(item for item in read.ContentSequence if item.ValueType == "CONTAINER")
    assert rows_of(section)[0].TextValue.rstrip(" ") == text.rstrip(" ")
    assert str(read.PatientName).strip(" ").rstrip("^= ") == header["PatientName"].strip(" ").rstrip("^= ")
