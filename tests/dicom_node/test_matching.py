"""C-FIND matching rules of PS3.4 C.2.2.2, case by case."""

from __future__ import annotations

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicom_node.simulator.matching import matches


def _matches(keyword: str, key: object, value: object) -> bool:
    query, held = Dataset(), Dataset()
    tag = tag_for_keyword(keyword)
    assert tag is not None
    query[tag] = DataElement(tag, dictionary_VR(tag), key, validation_mode=IGNORE)
    if value is not None:
        setattr(held, keyword, value)
    return matches(query[keyword], held)


@pytest.mark.parametrize(
    ("keyword", "key", "value", "expected"),
    [
        ("PatientID", "", "P1", True),  # universal
        ("PatientID", "", None, True),
        ("PatientID", "P1", None, False),
        ("PatientID", "P1", "P1", True),
        ("PatientID", "p1", "P1", False),  # case counts outside of names
        ("PatientID", "P*", "P17", True),
        ("PatientID", "P?", "P17", False),
        ("PatientID", "P.7", "P17", False),  # a dot is no wild card
        ("PatientName", "mueller*", "MUELLER^Anna", True),
        ("PatientName", "Mueller^Anna", "Mueller^Anna^^", True),
        ("PatientName", "Mueller", "Mueller^Anna", False),
        ("StudyDate", "20260304", "20260304", True),
        ("StudyDate", "20260301-20260331", "20260304", True),
        ("StudyDate", "20260305-", "20260304", False),
        ("StudyDate", "-20260304", "20260304", True),
        ("StudyDate", "2026.03.04-", "20260304", True),  # the old form
        ("StudyTime", "0500-0510", "050607.25", True),
        ("StudyTime", "0500-0505", "050607", False),
        ("StudyTime", "-05", "055959", True),  # a shortened time means its whole span
        ("StudyInstanceUID", ["1.2.3", "1.2.4"], "1.2.4", True),
        ("StudyInstanceUID", "1.2.*", "1.2.4", False),  # no wild cards in UIDs
        ("SeriesNumber", "1", 1, True),
        ("ImageType", "PRIMARY", ["ORIGINAL", "PRIMARY"], True),  # any value of several
        ("AccessionNumber", "A(1)", "A(1)", True),
        ("AccessionNumber", "A[1]*", "A[1]2", True),
    ],
)
def test_attribute_matching(keyword: str, key: object, value: object, expected: bool) -> None:
    assert _matches(keyword, key, value) is expected


def test_sequence_matching() -> None:
    def request(number: str) -> Dataset:
        item = Dataset()
        item.RequestedProcedureID = number
        return item

    assert _matches("RequestAttributesSequence", [request("R2")], [request("R1"), request("R2")])
    assert not _matches("RequestAttributesSequence", [request("R3")], [request("R1")])
    assert _matches("RequestAttributesSequence", [request("")], None)
