"""Bring together what findings, marks, key images, captures and synthetic films are made of; build and keep them.

As :mod:`dicom_node.steps.compose` for reports: the report row, the maps of its sentences and the headers come from
the store, the documents are built and judged by :mod:`dicom_node.documents`, and their bytes are kept. When one is
made, and where it goes, isn't decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydicom.dataset import Dataset

from dicom_node.documents import gate
from dicom_node.documents.capture import Capture, build_capture
from dicom_node.documents.envelope import MANUFACTURER
from dicom_node.documents.findings import FindingsDocument, build_findings
from dicom_node.documents.key_image import KeyImage, build_key_image
from dicom_node.documents.presentation import Presentation, build_presentation
from dicom_node.documents.report import Device
from dicom_node.documents.synthetic import SyntheticFilm, build_synthetic
from dicom_node.steps import compose
from dicom_node.steps.desk import Desk
from dicom_node.steps.read_draft import examined_part, read_findings, read_regions
from llmcxr_ws.domain import DrawingRow, ReportRow
from llmcxr_ws.errors import DicomError, ImagingError, ObjectStoreError
from llmcxr_ws.imaging import displayed, render
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import maps, studies

_KEY_IMAGE: Final = "The film that the AI draft was made from. Not reviewed."


def make(desk: Desk, kind: str, report: ReportRow, headers: list[Dataset]) -> dict[str, Any]:
    """Make one document of a draft and keep it; give the fields that its row takes.

    Parameters
    ----------
    kind : str
        "findings", "presentation", "key_image" or "capture".
    headers : list of Dataset
        Headers of the instances that the draft was made from, as :func:`compose.read_headers` gives them.

    Raises
    ------
    DicomError
        The draft was withheld or rejected, holds nothing of this kind (no finding, no region), a part is missing, or
        the gate refuses the document; nothing is kept.
    """
    _require_draft(report)
    if kind not in _MAKERS:
        raise DicomError(
            f"There is no document of the kind '{kind}'.", what_to_do=f"One of: {', '.join(_MAKERS)}."
        )
    ds = _MAKERS[kind](desk, report, headers)
    return compose.keep(desk, ds, gate.check(ds, headers))


def make_synthetic(desk: Desk, drawing: DrawingRow) -> dict[str, Any]:
    """Make a drawn film an instance of nobody's study and keep it; give the fields that its row takes.

    Raises
    ------
    DicomError
        It isn't drawn yet, its picture is missing, changed or unmarked, or the gate refuses it.
    """
    ds = build_synthetic(synthetic_film(desk, drawing))
    return compose.keep(desk, ds, gate.check(ds, []))


def findings_document(desk: Desk, report: ReportRow, headers: list[Dataset]) -> FindingsDocument:
    """What the classifier beside the model and the draft's sentences say, finding by finding."""
    common = _common(desk, report, headers)
    return FindingsDocument(
        **common,
        findings=read_findings(report, common["regions"]),
        examined=examined_part(report, common["film"]),
    )


def presentation_document(desk: Desk, report: ReportRow, headers: list[Dataset]) -> Presentation:
    """The regions of the draft's sentences; a draft without any is refused."""
    return Presentation(**_common(desk, report, headers))


def key_image_document(desk: Desk, report: ReportRow, headers: list[Dataset]) -> KeyImage:
    """The film of the draft as key image."""
    return KeyImage(**_common(desk, report, headers), description=_KEY_IMAGE)


def capture_document(desk: Desk, report: ReportRow, headers: list[Dataset]) -> Capture:
    """The film as its header asks to show it, with the regions of the draft's sentences."""
    present = studies.instances_of(desk.db, report.study_id)
    row = next((row for row in present if row.sop_instance_uid == report.film_sop_instance_uid), None)
    if row is None:
        raise DicomError("The film of this report is no longer among its study's images.")
    try:
        image = displayed(desk.workplace.objects.path(row.path))
    except (ImagingError, ObjectStoreError) as error:
        raise DicomError(error.message, what_to_do=error.what_to_do) from error
    return Capture(**_common(desk, report, headers), picture=render(image), aspect=image.pixel_aspect)


def synthetic_film(desk: Desk, drawing: DrawingRow) -> SyntheticFilm:
    """A drawn film with the model and the seed that it came from.

    Raises
    ------
    DicomError
        It isn't drawn yet, or its picture is missing, changed or unmarked.
    """
    if drawing.state != "drawn" or drawing.drawn_at is None or drawing.seed is None:
        raise DicomError("The synthetic film isn't drawn yet.", what_to_do="Wait until it is.")
    device = Device(drawing.model_device_uid, MANUFACTURER, drawing.model_name, drawing.model_version)
    return SyntheticFilm(
        picture=_marked_picture(desk, drawing),
        device=device,
        seed=drawing.seed,
        drawn_at=drawing.drawn_at,
        institution=desk.site.institution or desk.site.name,
        installation=desk.installation,
    )


def _require_draft(report: ReportRow) -> None:
    """Refuse what shows an AI text that no reader was to see, or that there is none."""
    gone = report.state in (ReportState.WITHHELD, ReportState.REJECTED) or report.draft_set_aside
    if gone or report.kind != "report":
        raise DicomError(
            "The report has no AI draft that may be shown: it was withheld or rejected, or a person wrote it."
        )


def _common(desk: Desk, report: ReportRow, headers: list[Dataset]) -> dict[str, Any]:
    film = compose.film_of(report, headers)
    return {
        "film": film,
        "device": compose.device_of(report),
        "report_version": report.version,
        "started_at": report.started_at,
        "institution": compose.institution_of(desk, film),
        "installation": desk.installation,
        "regions": read_regions(report, film, maps.maps_of(desk.db, report.id)),
    }


def _marked_picture(desk: Desk, drawing: DrawingRow) -> NDArray[np.uint8]:
    """The picture as the engine kept it, which bears its own mark already."""
    again = "Have the film drawn again."
    try:
        path = desk.workplace.objects.path(drawing.path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != drawing.sha256:
            raise DicomError("The synthetic film's picture was changed.", what_to_do=again)
        with Image.open(path) as picture:
            if picture.info.get("Synthetic") != "YES":
                raise DicomError("The synthetic film's picture isn't marked as synthetic.", what_to_do=again)
            return np.array(picture.convert("L"), dtype=np.uint8)
    except (OSError, ObjectStoreError, UnidentifiedImageError) as error:
        raise DicomError(
            "The synthetic film's picture is missing or can't be read.", what_to_do=again
        ) from error


_MAKERS: Final[Mapping[str, Callable[[Desk, ReportRow, list[Dataset]], Dataset]]] = {
    "findings": lambda *of: build_findings(findings_document(*of)),
    "presentation": lambda *of: build_presentation(presentation_document(*of)),
    "key_image": lambda *of: build_key_image(key_image_document(*of)),
    "capture": lambda *of: build_capture(capture_document(*of)),
}
