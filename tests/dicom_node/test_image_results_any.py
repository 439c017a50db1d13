"""Whatever stands in a header, a sentence or a label: a valid document with the same words, or a named refusal."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from dicom_node.documents.gate import check
from llmcxr_ws.errors import DicomError
from tests.dicom_node.hostile import WHOLE_DOCUMENTS, film_with
from tests.dicom_node.images_factory import KINDS, build_kind, make_finding, make_region

# Mostly what a person could have typed, so that most examples get all the way; some of anything at all.
TYPED = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"), exclude_characters="\\=^�")
TEXT = st.one_of(*[st.text(TYPED, min_size=1, max_size=200)] * 7, st.text(min_size=1, max_size=300))
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
        "BodyPartExamined": st.sampled_from(["", "CHEST", "chest wall", "x" * 20]),
        "PatientOrientation": st.sampled_from(["", ["L", "F"], ["L"], ["?", "?"]]),
        "WindowWidth": st.sampled_from(["", "0", "256", "-3", ["256", "1"]]),
        "TimezoneOffsetFromUTC": st.sampled_from(["", "+0000", "-0330", "+1400", "nonsense"]),
    }
)


@pytest.mark.usefixtures("no_dciodvfy")
@settings(WHOLE_DOCUMENTS, max_examples=160)
@given(kind=st.sampled_from(KINDS), words=TEXT, label=TEXT, header=HEADER)
def test_the_words_arrive_whole_or_the_document_is_refused(
    kind: str, words: str, label: str, header: dict[str, object]
) -> None:
    film = film_with(header)
    more = {"description": words} if kind == "key_image" else {}
    try:
        if kind == "findings":
            finding = make_finding(label, tracking_id=words)
            ds = build_kind(kind, film, findings=(finding,), regions=())
        else:
            ds = build_kind(kind, film, regions=(make_region(words=words),), **more)
    except DicomError as refusal:
        # A single letter or digit may stand in any sentence.
        assert refusal.message and (len(words) < 4 or words not in refusal.sentence)
        return
    faults = check(ds, [film])
    if faults:
        assert {fault.code for fault in faults} <= {"values", "characters"}, faults
        return
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    read = dcmread(buffer)
    name = str(header["PatientName"])
    assert str(read.PatientName).strip(" ").rstrip("^= ") == name.strip(" ").rstrip("^= ")
    if kind == "findings":
        assert (
            read.ContentSequence[-1].ContentSequence[0].ContentSequence[0].TextValue.rstrip()
            == words.rstrip()
        )
    elif kind == "key_image":
        told = next(
            item
            for item in read.ContentSequence
            if "TextValue" in item
            and item.ValueType == "TEXT"
            and item.ConceptNameCodeSequence[0].CodeValue == "113012"
        )
        assert told.TextValue.rstrip() == words.rstrip()
    elif kind == "presentation":
        text = read.GraphicAnnotationSequence[0].TextObjectSequence[0]
        assert text.UnformattedTextValue.rstrip() == words[:200].rstrip()
