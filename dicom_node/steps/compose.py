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

from dicom_node import orders
from dicom_node.documents import gate, rejection, sr
from dicom_node.documents.envelope import MANUFACTURER
from dicom_node.documents.provenance import build_provenance
from dicom_node.documents.rejection import RejectionNote
from dicom_node.documents.report import Device, DocumentReference, Person, ReportDocument, Sentence
from dicom_node.steps.desk import Desk
from llmcxr_ws import sentences
from llmcxr_ws.domain import Account, DocumentRow, InstanceRow, ReportRow
from llmcxr_ws.errors import DicomError, ObjectStoreError
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import first_readings, signals, studies
from llmcxr_ws.store.retracting import Retraction
from llmcxr_ws.store.signing import SignOrder


class DocumentRefused(DicomError):
    """The gate refuses a document; `report` is all that it found, without patient data."""

    def __init__(self, faults: list[gate.Fault]) -> None:
        super().__init__(gate.summary(faults), what_to_do="Correct what it names; nothing has left.")
        self.report = [{"code": fault.code, "sentence": fault.sentence} for fault in faults]


def read_headers(desk: Desk, instances: Iterable[InstanceRow]) -> list[Dataset]:
    """The headers of the sound ones among these instances, with what a worklist says of their order.

    Raises
    ------
    DicomError
        A file is missing or can't be read.
    """
    headers = [_read_header(desk, row.path) for row in instances if not row.defect]
    for uid in {str(header.StudyInstanceUID) for header in headers}:
        told = signals.order_of(desk.db, uid)
        if told:
            order = Dataset.from_json(told)
            for header in headers:
                if header.StudyInstanceUID == uid:
                    orders.completed(header, order)
    return headers


def draft_document(desk: Desk, report: ReportRow, headers: list[Dataset]) -> ReportDocument:
    """An unreviewed draft: the AI text as it is.

    Raises
    ------
    DicomError
        A part is missing.
    """
    film = film_of(report, headers)
    return ReportDocument(
        kind="draft",
        report_version=report.version,
        sentences=_sentences(report.ai_text, report.ai_text),
        film=film,
        evidence=tuple(headers),
        device=device_of(report),
        started_at=report.started_at,
        institution=institution_of(desk, film),
        installation=desk.installation,
    )


def signed_document(desk: Desk, order: SignOrder, headers: list[Dataset]) -> ReportDocument:
    """What a reader signed: the signed sentences, each with its origin, and nothing else; a report or an addendum.

    Raises
    ------
    DicomError
        A part is missing or contradicts another.
    """
    report = order.report
    film = film_of(report, headers)
    institution = institution_of(desk, film)
    # The request's time is in whole seconds; the draft's may lie within the same one.
    at = max(order.asked_at, report.started_at)
    is_addendum = report.kind == "addendum"
    return ReportDocument(
        kind="addendum" if is_addendum else "signed",
        report_version=report.version,
        sentences=_addendum_sentences(order.text) if is_addendum else _signed_sentences(desk, order),
        film=film,
        evidence=tuple(headers),
        device=None if is_addendum else device_of(report),
        started_at=report.started_at,
        institution=institution,
        person=_person(order.signer, institution, at),
        author=_person(order.countersigned, institution, at) if order.countersigned else None,
        predecessor=_reference(order),
        installation=desk.installation,
        other_evidence=tuple(read_headers(desk, order.compared)),
    )


def build_report(desk: Desk, document: ReportDocument) -> dict[str, Any]:
    """Build a report, have the gate check it, and store its bytes; give the row's fields.

    Raises
    ------
    DicomError
        The document can't be built.
    DocumentRefused
        The gate refuses it; nothing is stored.
    """
    return _keep_report(desk, document, sr.build(document))


def build_signed(desk: Desk, document: ReportDocument) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Build a signed report and the SR that tells its sentences' origins; otherwise as :func:`build_report`.

    An addendum, which a person writes, has none.
    """
    report = sr.build(document)
    fields = _keep_report(desk, document, report)
    if document.kind != "signed":
        return fields, None
    ds = build_provenance(document, report)
    faults = gate.check(ds, [*document.evidence, report], sentences=_texts(document))
    return fields, keep(desk, ds, faults)


def _keep_report(desk: Desk, document: ReportDocument, ds: Dataset) -> dict[str, Any]:
    sources = [*document.evidence, *document.other_evidence]
    return keep(desk, ds, gate.check(ds, sources, sentences=_texts(document)))


def _texts(document: ReportDocument) -> list[str]:
    """The sentences as they stand in a document: findings before the impression, whatever was written first."""
    return [sentence.text for sentence in sr.in_order(document.sentences)]


def build_retraction(
    desk: Desk, order: Retraction, document: DocumentRow, headers: list[Dataset]
) -> dict[str, Any]:
    """Build the note that withdraws one document of a retracted report; otherwise as :func:`build_report`."""
    film = film_of(order.report, headers)
    institution = institution_of(desk, film)
    note = RejectionNote(
        withdrawn=_reference_to(document, str(film.StudyInstanceUID)),
        film=film,
        reason=order.reason.rejected,
        at=order.asked_at,
        institution=institution,
        device=None if document.kind == "addendum" else device_of(order.report),
        person=_person(order.by, institution, order.asked_at),
        description=f"Retracted by its reader. {order.reason.words}.",
        installation=desk.installation,
    )
    ds = rejection.build_rejection(note)
    withdrawn = _read_header(desk, document.path)
    return keep(desk, ds, gate.check(ds, [*headers, withdrawn]))


def build_rejection(
    desk: Desk, report: ReportRow, draft: DocumentRow, headers: list[Dataset]
) -> dict[str, Any]:
    """Build the note that withdraws a sent draft; otherwise as :func:`build_report`."""
    film = film_of(report, headers)
    rejected = report.state == ReportState.REJECTED
    note = RejectionNote(
        withdrawn=_reference_to(draft, str(film.StudyInstanceUID)),
        film=film,
        reason="quality",
        at=datetime.now(UTC),
        institution=institution_of(desk, film),
        device=device_of(report),
        description="Draft rejected by its reader." if rejected else "Draft superseded by a newer version.",
        installation=desk.installation,
    )
    ds = rejection.build_rejection(note)
    withdrawn = _read_header(desk, draft.path)
    return keep(desk, ds, gate.check(ds, [*headers, withdrawn]))


def keep(desk: Desk, ds: Dataset, faults: list[gate.Fault]) -> dict[str, Any]:
    """Store a faultless document's bytes, which are what is sent from now on; give its row's fields."""
    if faults:
        raise DocumentRefused(faults)
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


def instances_of(desk: Desk, report: ReportRow) -> list[InstanceRow]:
    """Those instances of the study that the report was made from."""
    present = studies.instances_of(desk.db, report.study_id)
    return [row for row in present if row.sop_instance_uid in report.instances]


def _read_header(desk: Desk, relative: str) -> Dataset:
    try:
        return pydicom.dcmread(desk.workplace.objects.header_of(relative), stop_before_pixels=True)
    except (OSError, ObjectStoreError, InvalidDicomError) as error:
        raise DicomError(
            "A file of this study is missing from the object store or can't be read.",
            what_to_do="Have the study sent again.",
        ) from error


def film_of(report: ReportRow, headers: list[Dataset]) -> Dataset:
    """Return the header of the film that a report speaks of; raise DicomError where it is gone."""
    for header in headers:
        if header.SOPInstanceUID == report.film_sop_instance_uid:
            return header
    raise DicomError("The film of this report is no longer among its study's images.")


def _sentences(ai_text: str, text: str, first: Iterable[str] = ()) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(part.text, part.section, part.origin) for part in sentences.with_origin(ai_text, text, first)
    )


def _signed_sentences(desk: Desk, order: SignOrder) -> tuple[Sentence, ...]:
    """The signed sentences; what signer or author wrote before they saw the draft is their own."""
    writers = {order.signer.name, order.countersigned.name if order.countersigned else order.signer.name}
    readings = first_readings.first_readings_of(desk.db, order.study.id)
    first = [row.text for row in readings if row.user in writers]
    return _sentences(order.report.ai_text, order.text, first)


def _addendum_sentences(text: str) -> tuple[Sentence, ...]:
    return tuple(Sentence(part, "addendum", "human") for part in sentences.split(text))


def _person(account: Account, institution: str, at: datetime) -> Person:
    return Person(
        name=account.display_name,
        organisation=account.organization or institution,
        verified_at=at,
        identifier=account.name,
    )


def _reference(order: SignOrder) -> DocumentReference | None:
    """The draft that a peer holds and that the signed document replaces, or the report that an addendum adds to."""
    sent = order.predecessor
    return None if sent is None else _reference_to(sent, order.study.study_instance_uid)


def _reference_to(document: DocumentRow, StudyInstanceUID: str) -> DocumentReference:
    return DocumentReference(
        SOPClassUID=document.sop_class_uid,
        SOPInstanceUID=document.sop_instance_uid,
        SeriesInstanceUID=document.series_instance_uid,
        StudyInstanceUID=StudyInstanceUID,
    )


def device_of(report: ReportRow) -> Device:
    """Return the model that drafted a report."""
    return Device(report.model_device_uid, MANUFACTURER, report.model_name, report.model_version)


def institution_of(desk: Desk, film: Dataset) -> str:
    """The film's institution, else the site's: one of them must be named."""
    return str(film.get("InstitutionName") or "").strip() or desk.site.institution or desk.site.name
