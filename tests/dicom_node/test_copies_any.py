"""Whatever names, headers and words come: each copy is valid with the same text, or a refusal with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicom_node.documents.encapsulated import encapsulate
from dicom_node.documents.gate import check
from dicom_node.documents.pdf import make_pdf
from dicom_node.messages import fhir, oru
from llmcxr_ws.errors import DicomError
from llmcxr_ws.outputs import Hl7Destination
from tests.dicom_node.narratives import narrative
from tests.factories import make_film

RIS = Hl7Destination(name="ris", host="127.0.0.1", port=1)
NAMES = st.one_of(
    st.sampled_from(
        [
            "", "山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", "سليم^العربي", "Διονύσιος",
            "O'Neil^Ann^^Dr.^PhD", "A^B^C^D^E", "==やまだ", "Émile—^X", "a|b^c~d", "Люкс^Буц=",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\\^="), max_size=30),
)  # fmt: skip
WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\\"), min_size=1, max_size=200
)
HEADERS = st.fixed_dictionaries(
    {
        "PatientName": NAMES,
        "PatientID": st.sampled_from(["", "1", "A^B|C~D&E", "Å 17", "P" * 64]),
        "PatientBirthDate": st.sampled_from(["", "19740101", "19740230"]),
        "PatientSex": st.sampled_from(["", "F", "M", "O"]),
        "AccessionNumber": st.sampled_from(["", "A-1", "A|1&2"]),
        "StudyID": st.sampled_from(["", "S1"]),
        "StudyTime": st.sampled_from(["", "0930", "093000", "093000.123456"]),
        "TimezoneOffsetFromUTC": st.sampled_from([None, "+0000", "-1130", "+1400"]),
    }
)


def _film(header: dict[str, Any]) -> Any:
    return make_film(**{"SpecificCharacterSet": "ISO_IR 192", "RequestAttributesSequence": None, **header})


@pytest.mark.parametrize("stage", ["draft", "signed"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(header=HEADERS, texts=st.lists(WORDS.filter(str.strip), min_size=1, max_size=4))
def test_messages_hold_the_same_text_or_are_refused(
    stage: str, header: dict[str, Any], texts: list[str]
) -> None:
    film = _film(header)
    try:
        told = narrative(stage, film, *texts)
    except DicomError:
        return
    for build, judge in (
        (lambda: oru.build_oru(told, RIS), oru.check_oru),
        (lambda: fhir.build_report(told), fhir.check_fhir),
    ):
        try:
            made = build()
        except DicomError as error:
            assert "refused" in error.sentence
            continue
        assert list(judge(made, told, [film])) == []  # type: ignore[operator]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(header=HEADERS, texts=st.lists(WORDS.filter(str.strip), min_size=1, max_size=3))
def test_a_pdf_is_made_or_refused_by_a_character_s_name(header: dict[str, Any], texts: list[str]) -> None:
    film = _film(header)
    try:
        told = narrative("signed", film, *texts)
        pdf = make_pdf(told, None)
    except DicomError as error:
        assert "refused" in error.sentence or "U+" in error.sentence
        return
    faults = {fault.code for fault in check(encapsulate(told, pdf), [film])}
    assert faults <= {"values"}  # an illegal birth date, say: named, and nothing leaves


def test_ten_thousand_words(tmp_path: Path) -> None:
    told = narrative(
        "signed", None, *(f"Sentence {n} says: no acute finding in this region." for n in range(1200))
    )
    text = oru.build_oru(told, RIS)
    assert list(oru.check_oru(text, told, [told.film])) == []
    assert list(fhir.check_fhir(fhir.build_report(told), told, [told.film])) == []
    assert make_pdf(told, None).startswith(b"%PDF")
