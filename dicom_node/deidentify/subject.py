"""What a report's tree says of its subject (PS3.16 TID 1007): age, sex and birth date in items of their own.

They are what Patient's Age, Sex and Birth Date are in a header, and follow the same option.
"""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset

from dicom_node.deidentify.identifiers import said

OLDEST: Final = 90
_BIRTH_DATE, _SEX, _AGE = "121031", "121032", "121033"
_YEARS: Final = "a"  # UCUM
_NO_DATE: Final = "19000101"


def clean_subject(source: Dataset, copy: Dataset, *, retained: bool) -> None:
    """Clean one item of a report's tree, if it is about its subject.

    Parameters
    ----------
    retained : bool
        Patient characteristics stay (the option); the birth date never does, and nobody is older than 90.
    """
    concept = said(source)
    if concept == _BIRTH_DATE and "Date" in copy:
        copy.Date = _NO_DATE
    elif concept == _SEX and "ConceptCodeSequence" in copy and not retained:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "121103", "DCM", "Undetermined sex"
        copy.ConceptCodeSequence = [code]
    elif concept == _AGE and "MeasuredValueSequence" in copy:
        if not retained:
            copy.MeasuredValueSequence = []
        for measured in copy.MeasuredValueSequence:
            _cap(measured)


def _cap(measured: Dataset) -> None:
    unit = next(iter(measured.get("MeasurementUnitsCodeSequence") or ()), Dataset())
    if unit.get("CodeValue") == _YEARS and float(measured.get("NumericValue") or 0) > OLDEST:
        measured.NumericValue = str(OLDEST)
        for other in ("FloatingPointValue", "RationalNumeratorValue", "RationalDenominatorValue"):
            measured.pop(other, None)
