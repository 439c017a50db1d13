"""Whatever stands in a text or a header: a valid document with the same text, or a named refusal."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from dicom_node.documents.gate import check
from dicom_node.documents.report import Sentence
from dicom_node.documents.sr import build
from llmcxr_ws.errors import DicomError
from tests.dicom_node.documents_factory import make_report, rows_of
from tests.dicom_node.hostile import WHOLE_DOCUMENTS, film_with

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


@pytest.mark.usefixtures("no_dciodvfy")
@settings(WHOLE_DOCUMENTS, max_examples=150)
@given(text=TEXT, header=HEADER)
def test_the_text_arrives_whole_or_the_document_is_refused(text: str, header: dict[str, str]) -> None:
    film = film_with(header)
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
