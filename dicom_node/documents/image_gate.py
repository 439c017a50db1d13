"""What the gate asks of findings, marks, key images, captures and synthetic films beyond what it asks of all.

Every one of them must say that nobody reviewed it, refer to nothing but its sources, and keep to the film's bounds.
Faults name elements, never their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from dicom_node.documents.burning import AMBER
from dicom_node.documents.findings_tree import check_findings_rows
from dicom_node.documents.image_result import SERIES_DESCRIPTIONS, is_synthetic
from dicom_node.documents.synthetic import MARK, PATIENT_NAME, check_synthetic
from dicom_node.documents.tree import check_observers, children, concept, describe
from dicom_node.sop_classes import (
    COMPREHENSIVE_3D_SR,
    KEY_OBJECT_SELECTION,
    PRESENTATION_STATE,
    SECONDARY_CAPTURE,
)

CLASSES: Final[Mapping[str, str]] = {
    COMPREHENSIVE_3D_SR: "findings",
    PRESENTATION_STATE: "presentation",
    SECONDARY_CAPTURE: "capture",
}
"""The kinds that a SOP class tells apart; a key image is told from a rejection note by its title."""

# Letters are drawn with soft edges.
_NEARLY: Final = 40
_OF_INTEREST: Final = ("113000", "DCM")
_DESCRIPTION: Final = ("113012", "DCM")


def is_synthetic_film(ds: Dataset) -> bool:
    """Whether a document is, or pretends to be, a film that a model drew: it bears no patient then."""
    if ds.get("SOPClassUID") != SECONDARY_CAPTURE or ds.get("SourceImageSequence"):
        return False
    says_so = is_synthetic(ds) or ds.get("ImageComments") == MARK
    return bool(says_so or str(ds.get("PatientName") or "") == PATIENT_NAME)


def is_key_image(ds: Dataset) -> bool:
    """Whether a Key Object Selection names a key image rather than what it withdraws."""
    return ds.get("SOPClassUID") == KEY_OBJECT_SELECTION and concept(ds) == _OF_INTEREST


def check_image_result(ds: Dataset, sources: Sequence[Dataset]) -> Iterator[tuple[str, str]]:
    """Yield (code, sentence) for each fault of one of these documents."""
    if is_synthetic_film(ds):
        yield from (("synthetic", sentence) for sentence in check_synthetic(ds))
        yield from (("pixels", sentence) for sentence in _check_banner(ds))
        return
    kind = CLASSES.get(str(ds.get("SOPClassUID")), "key_image")
    yield from (("flags", sentence) for sentence in _check_marks(ds, kind))
    if kind == "findings":
        yield from (("rows", sentence) for sentence in check_findings_rows(ds, sources))
    elif kind == "key_image":
        yield from (("rows", sentence) for sentence in _check_key_rows(ds))
    else:
        yield from (("references", sentence) for sentence in _check_references(ds, sources))
    if kind == "presentation":
        yield from (("rows", sentence) for sentence in _check_graphics(ds, sources))
    elif kind == "capture":
        yield from (("pixels", sentence) for sentence in _check_banner(ds))


def _check_marks(ds: Dataset, kind: str) -> Iterator[str]:
    if ds.get("SeriesDescription") != SERIES_DESCRIPTIONS[kind]:
        yield f"The series description must be '{SERIES_DESCRIPTIONS[kind]}'."
    if ds.get("ContentQualification") != "RESEARCH":
        yield "ContentQualification isn't RESEARCH."
    if kind == "findings":
        for keyword, value in (
            ("CompletionFlag", "COMPLETE"),
            ("VerificationFlag", "UNVERIFIED"),
            ("PreliminaryFlag", "PRELIMINARY"),
        ):
            if ds.get(keyword) != value:
                yield f"{keyword} of findings that nobody reviewed must be {value}."
        if ds.get("VerifyingObserverSequence"):
            yield "Findings that nobody reviewed name a verifying observer."


def _check_key_rows(root: Dataset) -> list[str]:
    """Return a sentence for each departure from TID 2010 as a key image uses it."""
    faults, images = [], 0
    if root.get("ValueType") != "CONTAINER":
        faults.append("The root isn't a container.")
    if [item.get("TemplateIdentifier") for item in root.get("ContentTemplateSequence") or ()] != ["2010"]:
        faults.append("The root doesn't name template 2010.")
    for child in children(root):
        relation, kind = child.get("RelationshipType"), child.get("ValueType")
        if (relation, kind) == ("CONTAINS", "IMAGE"):
            images += 1
        elif relation == "CONTAINS" and (kind, concept(child)) != ("TEXT", _DESCRIPTION):
            faults.append(f"Below the title stands a row that a key image doesn't have ({describe(child)}).")
        elif relation not in ("CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD"):
            faults.append(f"Below the title stands an illegal relationship ({describe(child)}).")
    if not images:
        faults.append("The key object selection names no image.")
    return faults + check_observers(root)


def _check_references(ds: Dataset, sources: Sequence[Dataset]) -> Iterator[str]:
    known = {
        str(source.get("SOPInstanceUID")): (
            str(source.get("SOPClassUID")),
            str(source.get("SeriesInstanceUID")),
        )
        for source in sources
    }
    named = list(_named(ds))
    if not named:
        yield "The document refers to no film."
    for class_uid, instance_uid, series_uid in named:
        found = known.get(instance_uid)
        if found is None or found[0] != class_uid or series_uid not in ("", found[1]):
            yield "The document refers to an instance that isn't among its sources."


def _named(ds: Dataset) -> Iterator[tuple[str, str, str]]:
    """Yield (class, instance, series where it is said) of every instance that a document refers to."""
    for series in ds.get("ReferencedSeriesSequence") or ():
        for item in series.get("ReferencedImageSequence") or ():
            yield *_ids(item), str(series.get("SeriesInstanceUID"))
    for keyword in ("GraphicAnnotationSequence", "DisplayedAreaSelectionSequence", "SoftcopyVOILUTSequence"):
        for holder in ds.get(keyword) or ():
            for item in holder.get("ReferencedImageSequence") or ():
                yield *_ids(item), ""
    for item in ds.get("SourceImageSequence") or ():
        yield *_ids(item), ""


def _ids(item: Dataset) -> tuple[str, str]:
    return str(item.get("ReferencedSOPClassUID")), str(item.get("ReferencedSOPInstanceUID"))


def _check_graphics(ds: Dataset, sources: Sequence[Dataset]) -> Iterator[str]:
    rows = max((int(source.get("Rows") or 0) for source in sources), default=0)
    columns = max((int(source.get("Columns") or 0) for source in sources), default=0)
    annotations = list(ds.get("GraphicAnnotationSequence") or ())
    graphics = [graphic for item in annotations for graphic in item.get("GraphicObjectSequence") or ()]
    texts = [text for item in annotations for text in item.get("TextObjectSequence") or ()]
    if not graphics:
        yield "The presentation state marks no region."
    if not any("not reviewed" in str(text.get("UnformattedTextValue")) for text in texts):
        yield "The presentation state doesn't say that nobody reviewed it."
    for graphic in graphics:
        data = [float(value) for value in graphic.get("GraphicData") or ()]
        if len(data) < 8 or graphic.get("GraphicAnnotationUnits") != "PIXEL":
            yield "A mark isn't an outline in pixels of the film."
        elif min(data) < 0 or max(data[::2]) > columns or max(data[1::2]) > rows:
            yield "A mark leaves the film."
        if not graphic.get("TrackingUID"):
            yield "A mark bears no tracking UID."


def _check_banner(ds: Dataset) -> Iterator[str]:
    """The marks burned into the first and last rows; what is written there a person must read."""
    rows, columns = int(ds.get("Rows") or 0), int(ds.get("Columns") or 0)
    data = ds.get("PixelData") or b""
    if ds.get("BurnedInAnnotation") != "YES":
        yield "BurnedInAnnotation isn't YES."
    if not rows or not columns or len(data) != rows * columns * 3 + rows * columns % 2:
        yield "The pixel data isn't that of a colour picture of its size."
        return
    picture = np.frombuffer(data, dtype=np.uint8, count=rows * columns * 3).reshape(rows, columns, 3)
    high = max(rows // 25, 4)
    for name, strip in (("first", picture[:high]), ("last", picture[-high:])):
        letters = (abs(strip.astype(int) - AMBER) < _NEARLY).all(axis=2)
        if not letters.any() or not (strip[:, 0] == 0).all():
            yield f"The {name} rows of the picture bear no banner."
