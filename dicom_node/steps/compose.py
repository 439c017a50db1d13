"""Bring together what a result document is made of, build it, pass it through the gate, and store its bytes.

How a document looks is in :mod:`dicom_node.documents`; when one is made is in the steps.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_node.documents import gate, rejection, sr
from dicom_node.documents.envelope import MANUFACTURER
from dicom_node.documents.rejection import RejectionNote
from dicom_node.documents.report import Device, DocumentReference, Person, ReportDocument, Sentence
from dicom_node.steps.desk import Desk
from llmcxr_ws import sentences
from llmcxr_ws.domain import DocumentRow, InstanceRow, ReportRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.states import ReportState
from llmcxr_ws.store.signing import SignOrder


def read_headers(desk: Desk, instances: Iterable[InstanceRow]) -> list[Dataset]:
    """The headers of the sound ones among these instances.

    Raises
    ------
    DicomError
        A file is missing or can't be read.
    """
    return [_read_header(desk, row.path) for row in instances if not row.defect]


def draft_document(desk: Desk, report: ReportRow, headers: list[Dataset]) -> ReportDocument:
    """An unreviewed draft: the AI text as it is.

    Raises
    ------
    DicomError
        A part is missing.
    """
    film = _film(report, headers)
    return ReportDocument(
        kind="draft",
        report_version=report.version,
        sentences=_sentences(report.ai_text, report.ai_text),
        film=film,
        evidence=tuple(headers),
        device=_device(report),
        started_at=report.started_at,
        institution=_institution(desk, film),
        installation=desk.installation,
    )


def signed_document(desk: Desk, order: SignOrder, headers: list[Dataset]) -> ReportDocument:
    """What a reader signed: the signed sentences, each with its origin, and nothing else.

    Raises
    ------
    DicomError
        A part is missing or contradicts another.
    """
    report = order.report
    film = _film(report, headers)
    institution = _institution(desk, film)
    return ReportDocument(
        kind="signed",
        report_version=report.version,
        sentences=_sentences(report.ai_text, order.text),
        film=film,
        evidence=tuple(headers),
        device=_device(report),
        started_at=report.started_at,
        institution=institution,
        person=Person(
            name=order.signer.display_name,
            organisation=order.signer.organization or institution,
            # The request's time is in whole seconds; the draft's may lie within the same one.
            verified_at=max(order.asked_at, report.started_at),
            identifier=order.signer.name,
        ),
        predecessor=_reference(order),
        installation=desk.installation,
    )


def build_report(desk: Desk, document: ReportDocument) -> dict[str, Any]:
    """Build a report, have the gate check it, and store its bytes; give the row's fields.

    Raises
    ------
    DicomError
        The document can't be built, or the gate refuses it; nothing is stored.
    """
    ds = sr.build(document)
    texts = [sentence.text for sentence in document.sentences]
    return _keep(desk, ds, gate.check(ds, document.evidence, sentences=texts))


def build_rejection(
    desk: Desk, report: ReportRow, draft: DocumentRow, headers: list[Dataset]
) -> dict[str, Any]:
    """Build the note that withdraws a sent draft; otherwise as :func:`build_report`."""
    film = _film(report, headers)
    rejected = report.state == ReportState.REJECTED
    note = RejectionNote(
        withdrawn=DocumentReference(
            SOPClassUID=draft.sop_class_uid,
            SOPInstanceUID=draft.sop_instance_uid,
            SeriesInstanceUID=draft.series_instance_uid,
            StudyInstanceUID=str(film.StudyInstanceUID),
        ),
        film=film,
        reason="quality",
        at=datetime.now(UTC),
        institution=_institution(desk, film),
        device=_device(report),
        description="Draft rejected by its reader." if rejected else "Draft superseded by a newer version.",
        installation=desk.installation,
    )
    ds = rejection.build_rejection(note)
    withdrawn = _read_header(desk, draft.path)
    return _keep(desk, ds, gate.check(ds, [*headers, withdrawn]))


def _keep(desk: Desk, ds: Dataset, faults: list[gate.Fault]) -> dict[str, Any]:
    """Store a faultless document's bytes, which are what is sent from now on; give its row's fields."""
    if faults:
        raise DicomError(gate.summary(faults), what_to_do="Correct what it names; nothing has left.")
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    data = buffer.getvalue()
    return {
        "sop_class_uid": str(ds.SOPClassUID),
        "sop_instance_uid": str(ds.SOPInstanceUID),
        "series_instance_uid": str(ds.SeriesInstanceUID),
        "path": desk.workplace.objects.put_document(str(ds.SOPInstanceUID), data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _read_header(desk: Desk, relative: str) -> Dataset:
    try:
        return pydicom.dcmread(desk.workplace.objects.path(relative), stop_before_pixels=True)
    except (OSError, InvalidDicomError) as error:
        raise DicomError(
            "A file of this study is missing from the object store or can't be read.",
            what_to_do="Have the study sent again.",
        ) from error


def _film(report: ReportRow, headers: list[Dataset]) -> Dataset:
    for header in headers:
        if header.SOPInstanceUID == report.film_sop_instance_uid:
            return header
    raise DicomError("The film of this report is no longer among its study's images.")


def _sentences(ai_text: str, text: str) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(part.text, part.section, part.origin) for part in sentences.with_origin(ai_text, text)
    )


def _reference(order: SignOrder) -> DocumentReference | None:
    """The draft that a peer holds and that the signed document replaces."""
    sent = order.predecessor
    if sent is None:
        return None
    return DocumentReference(
        SOPClassUID=sent.sop_class_uid,
        SOPInstanceUID=sent.sop_instance_uid,
        SeriesInstanceUID=sent.series_instance_uid,
        StudyInstanceUID=order.study.study_instance_uid,
    )


def _device(report: ReportRow) -> Device:
    return Device(report.model_device_uid, MANUFACTURER, report.model_name, report.model_version)


def _institution(desk: Desk, film: Dataset) -> str:
    """The film's institution, else the site's: one of them must be named."""
    return str(film.get("InstitutionName") or "").strip() or desk.site.institution or desk.site.name
