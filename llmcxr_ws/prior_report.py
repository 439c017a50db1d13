"""The text of an earlier study's report, for a reader who compares: read from a DICOM SR, or our own signed text.

Any SR of the text classes is read by its tree (PS3.3 C.17.3): headings of containers, texts, codes and measurements,
in their order; who and when it was about is left out. Nothing is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset

from llmcxr_ws.errors import ImagingError

SR_CLASSES: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR
        "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
        "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
        "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    }
)
_SAYS: Final = frozenset({"CONTAINS", "INFERRED FROM", "HAS PROPERTIES"})
_DEEPEST: Final = 20
_LONGEST: Final = 20_000


@dataclass(frozen=True)
class Paragraph:
    """One statement of a report under its heading, which may be empty."""

    heading: str
    text: str


@dataclass(frozen=True)
class PriorReport:
    """An earlier report: `status` is ``signed`` here, or ``verified`` or ``unverified`` as its SR says."""

    paragraphs: tuple[Paragraph, ...]
    status: str
    by: str = ""
    date: str = ""

    @property
    def text(self) -> str:
        """The report as lines."""
        return "\n".join(f"{one.heading}: {one.text}" if one.heading else one.text for one in self.paragraphs)


def read_report(path: Path) -> PriorReport | None:
    """Read an SR; None where it says nothing in words.

    Raises
    ------
    ImagingError
        The file can't be read.
    """
    try:
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        paragraphs = tuple(_shortened(_paragraphs(ds, "", 0)))
        verified = str(ds.get("VerificationFlag", "")) == "VERIFIED"
        observers = ds.get("VerifyingObserverSequence") or ()
        by = str(observers[0].get("VerifyingObserverName", "")) if observers else ""
        date = str(ds.get("ContentDate", ""))
    except Exception as error:
        # Data from outside can break pydicom in many ways, with many kinds of exception.
        raise ImagingError(
            "A report of this study can't be read.", what_to_do="Read it where it was written."
        ) from error
    if not paragraphs:
        return None
    return PriorReport(paragraphs, "verified" if verified else "unverified", by, date)


def _paragraphs(item: Dataset, heading: str, depth: int) -> Iterator[Paragraph]:
    if depth > _DEEPEST:
        return
    for child in item.get("ContentSequence") or ():
        if str(child.get("RelationshipType", "CONTAINS")) not in _SAYS:
            continue
        name = _meaning(child.get("ConceptNameCodeSequence"))
        text = _text(child)
        if text:
            yield Paragraph(name or heading, text)
        yield from _paragraphs(child, name or heading, depth + 1)


def _text(item: Dataset) -> str:
    match str(item.get("ValueType", "")):
        case "TEXT":
            return " ".join(str(item.get("TextValue", "")).split())
        case "CODE":
            return _meaning(item.get("ConceptCodeSequence"))
        case "NUM":
            measured = item.get("MeasuredValueSequence") or ()
            if not measured:
                return ""
            unit = _code(measured[0].get("MeasurementUnitsCodeSequence"))
            return f"{measured[0].get('NumericValue', '')} {unit}".strip()
    return ""


def _shortened(paragraphs: Iterator[Paragraph]) -> Iterator[Paragraph]:
    """No more than a reader reads: what comes from outside may be endless."""
    left = _LONGEST
    for paragraph in paragraphs:
        left -= len(paragraph.text)
        if left < 0:
            yield Paragraph("", "…")
            return
        yield paragraph


def _meaning(codes: object) -> str:
    return _of_code(codes, "CodeMeaning")


def _code(codes: object) -> str:
    return _of_code(codes, "CodeValue")


def _of_code(codes: object, keyword: str) -> str:
    first = next(iter(codes), None) if isinstance(codes, pydicom.Sequence) else None
    return str(first.get(keyword, "")).strip() if first is not None else ""
