"""Build what the output matrix asks for beside the report: PDF, HL7 message, FHIR resource, pictures of results.

Each is made of the SR that was written, or of the draft, after the report itself was decided. One that can't be built
stands among the dead deliveries with its reason; sent again by an administrator, it is built anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset

from dicom_node.documents import gate, sr
from dicom_node.documents.encapsulated import encapsulate
from dicom_node.documents.image_result import NothingToSend
from dicom_node.documents.narrative import Narrative, read_written
from dicom_node.documents.pdf import Marked, Picture, make_pdf
from dicom_node.messages import fhir, oru
from dicom_node.steps import compose, compose_images
from dicom_node.steps.desk import Desk
from dicom_node.steps.read_draft import read_regions
from llmcxr_ws import imaging
from llmcxr_ws.domain import DeliveryRow, DocumentRow, InstanceRow, ReportRow
from llmcxr_ws.errors import DatabaseFailure, DicomError, ObjectStoreError, UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import ENDINGS, Hl7Destination, way_of
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit, deliveries, drawings, maps, outgoing, reports, studies
from llmcxr_ws.uids import derived_uid

_LOG = logger(__name__)


# Their boxes come from maps, which the engine makes after the draft; so long is waited for those.
_OF_MAPS = ("pdf", "findings", "presentation", "capture")
_MAPS_TAKE_AT_MOST = timedelta(minutes=10)


@dataclass(frozen=True, eq=False)
class Wanted:
    """One output that is to be built: whose, of what, for whom.

    `headers` are those of the study's sound instances that were read, `film` the instance that was read;
    `destination` is the one that the document is for (of HL7), or the first of them.
    """

    document: DocumentRow
    destination: str
    report: ReportRow
    narrative: Narrative
    headers: list[Dataset]
    film: InstanceRow


Builder = Callable[[Desk, Wanted], dict[str, Any]]
"""Builds, has the gate check, and keeps one output; gives the fields of :func:`reports.record_document` but the kind.

Raises a UserFacingError when it can't be made, :class:`NothingToSend` when there is nothing to make.
"""


def make_outputs(desk: Desk) -> bool:
    """Build every planned output whose time has come."""
    waiting: dict[int, list[DeliveryRow]] = {}
    for row in deliveries.unbuilt(desk.db):
        waiting.setdefault(row.document_id, []).append(row)
    return desk.each("output", list(waiting.values()), lambda rows: rows[0].document_id, _make, _broke)


def _make(desk: Desk, rows: list[DeliveryRow]) -> bool:
    rows = [row for row in rows if not _is_withdrawn(desk, row)]
    if not rows:
        return True
    if _maps_are_coming(desk, rows[0]):
        return False
    try:
        builder = BUILDERS.get(rows[0].kind)
        if builder is None:
            raise DicomError(f"This version makes no document of the kind '{rows[0].kind}'.")
        fields = builder(desk, _wanted(desk, rows[0]))
    except NothingToSend as error:
        for row in rows:
            outgoing.nothing_to_send(desk.db, row.id, message=error.sentence)
        return True
    except DatabaseFailure:  # nothing against the document, which waits
        raise
    except UserFacingError as error:
        _refuse(desk, rows, error.sentence)
        return True
    if reports.is_own_document(desk.db, fields["sop_instance_uid"]):
        for row in rows:
            outgoing.nothing_to_send(desk.db, row.id, message="The same document was made before.")
        return True
    outgoing.built(desk.db, rows[0].document_id, fields)
    _LOG.info("output made", kind=rows[0].kind, stage=rows[0].stage, study=rows[0].study_id)
    return True


def _maps_are_coming(desk: Desk, row: DeliveryRow) -> bool:
    """Whether an output that shows boxes is better made a little later."""
    if row.kind not in _OF_MAPS:
        return False
    document = next(d for d in reports.documents_of(desk.db, row.study_id) if d.id == row.document_id)
    report = reports.report_by_id(desk.db, document.report_id)
    if datetime.now(UTC) - report.created_at > _MAPS_TAKE_AT_MOST:
        return False
    return any(one.state in (maps.ASKED, maps.COMPUTING) for one in maps.maps_of(desk.db, report.id))


def _is_withdrawn(desk: Desk, row: DeliveryRow) -> bool:
    if not deliveries.is_withdrawn(desk.db, row.id):
        return False
    deliveries.withdraw(desk.db, row.id, message="The report has moved on before this was made.")
    return True


def _refuse(desk: Desk, rows: list[DeliveryRow], sentence: str) -> None:
    _LOG.error("document not made", kind=rows[0].kind, study=rows[0].study_id, reason=sentence)
    for row in rows:
        deliveries.refused(desk.db, row.id, message=sentence)
    with desk.db.write() as session:
        audit.append(
            session,
            actor=Actor.NODE,
            event=f"document.{rows[0].kind}.not_made",
            study_id=rows[0].study_id,
            reason=sentence,
        )


def _broke(desk: Desk, rows: list[DeliveryRow], place: str) -> None:
    _refuse(desk, rows, f"The node failed over this document ({place}). Report this if it fails again.")


def _wanted(desk: Desk, row: DeliveryRow) -> Wanted:
    document = next(d for d in reports.documents_of(desk.db, row.study_id) if d.id == row.document_id)
    report = reports.report_by_id(desk.db, document.report_id)
    instances = [
        one
        for one in studies.instances_of(desk.db, report.study_id)
        if one.sop_instance_uid in report.instances and not one.defect
    ]
    film = next((one for one in instances if one.sop_instance_uid == report.film_sop_instance_uid), None)
    if film is None:
        raise DicomError("The film of this report is no longer among its study's images.")
    headers = compose.read_headers(desk, instances)
    narrative = narrative_of(desk, report, document.stage, headers)
    return Wanted(document, row.peer, report, narrative, headers, film)


def narrative_of(desk: Desk, report: ReportRow, stage: str, headers: list[Dataset]) -> Narrative:
    """Read what a report says: of a draft from the model's text, else from the SRs that were signed.

    Raises
    ------
    DicomError
        A part is missing.
    """
    film = next((one for one in headers if one.SOPInstanceUID == report.film_sop_instance_uid), None)
    if film is None:
        raise DicomError("The film of this report is no longer among its study's images.")
    if stage == "draft":
        parts = [read_written(sr.build(compose.draft_document(desk, report, headers)), film)]
    else:
        paths = [path for path, _ in outgoing.narrative_documents(desk.db, report.id)]
        parts = [read_written(_read(desk, path), film) for path in paths]
    institution = str(film.get("InstitutionName") or "").strip() or desk.site.institution or desk.site.name
    root = str(report.amends_id or report.id)
    return Narrative(
        stage=stage,
        parts=tuple(parts),
        film=film,
        identifier=derived_uid("report", desk.installation, str(film.StudyInstanceUID), root),
        institution=institution,
        report_version=report.version,
        installation=desk.installation,
        model=report.model_name,
    )


def _read(desk: Desk, path: str) -> Dataset:
    try:
        return pydicom.dcmread(desk.workplace.objects.path(path))
    except (OSError, ObjectStoreError, pydicom.errors.InvalidDicomError) as error:
        raise DicomError(
            "The signed document is missing from the object store or can't be read.",
            what_to_do="Restore it from a backup.",
        ) from error


def _build_pdf(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    path = desk.workplace.objects.path(wanted.film.path)
    image = imaging.displayed(path)
    picture = Picture(imaging.render(image), image.pixel_aspect)
    pdf = make_pdf(wanted.narrative, picture, _marked(desk, wanted))
    ds = encapsulate(wanted.narrative, pdf)
    return compose.keep(desk, ds, gate.check(ds, wanted.headers))


def _marked(desk: Desk, wanted: Wanted) -> list[Marked]:
    """The boxes of those sentences of the report that say that something is there, and whose maps are ready."""
    film = wanted.narrative.film
    rows, columns = int(film.Rows), int(film.Columns)
    marked = []
    for region in read_regions(wanted.report, film, maps.maps_of(desk.db, wanted.report.id)):
        left, top, right, bottom = region.box
        shares = (_share(left, columns), _share(top, rows), _share(right, columns), _share(bottom, rows))
        marked.append(Marked(region.words, shares))
    return marked


def _share(at: float, of: int) -> float:
    return min(1.0, max(0.0, at / of))


def _build_image(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    return compose_images.make(desk, wanted.document.kind, wanted.report, wanted.headers)


def _build_synthetic(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    """The film that was drawn last from a text of the study."""
    drawn = [
        one for one in drawings.drawings_of(desk.db, wanted.report.study_id) if one.state == drawings.DRAWN
    ]
    if not drawn:
        raise NothingToSend("No synthetic film was drawn from a text of this study.")
    return compose_images.make_synthetic(desk, drawn[-1])


def _build_oru(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    to = desk.site.destination(wanted.destination)
    if not isinstance(to, Hl7Destination):
        raise DicomError(
            f"There is no HL7 destination '{wanted.destination}' in the site's configuration any more."
        )
    text = oru.build_oru(wanted.narrative, to)
    _require_faultless([*oru.check_oru(text, wanted.narrative, wanted.headers)])
    return _keep_message(desk, wanted.document, text.encode("utf-8"), "hl7")


def _build_fhir(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    text = fhir.build_report(wanted.narrative)
    _require_faultless([*fhir.check_fhir(text, wanted.narrative, wanted.headers)])
    return _keep_message(desk, wanted.document, text, "fhir")


def _require_faultless(sentences: list[str]) -> None:
    faults = [gate.Fault("message", sentence) for sentence in dict.fromkeys(sentences)]
    if faults:
        raise DicomError(gate.summary(faults), what_to_do="Correct what it names; nothing has left.")


def _keep_message(desk: Desk, document: DocumentRow, data: bytes, way: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    uid = derived_uid("message", str(document.id), digest)
    ending = ENDINGS["hl7"] if way == "hl7" else ENDINGS["fhir"]
    return {
        "sop_class_uid": "",
        "sop_instance_uid": uid,
        "series_instance_uid": "",
        "path": desk.workplace.objects.put_document(uid, data, ending),
        "sha256": digest,
    }


def is_message(document: DocumentRow) -> bool:
    """Whether a document isn't DICOM, so that no rejection note can withdraw it."""
    return way_of(document.path) != "dicom"


def withdrawn_message(desk: Desk, document: DocumentRow) -> dict[str, Any]:
    """Build the message that takes another one back at whoever got it; its fields as of a :data:`Builder`.

    Raises
    ------
    DicomError
        What was sent can't be read any more.
    """
    report = reports.report_by_id(desk.db, document.report_id)
    present = studies.instances_of(desk.db, report.study_id)
    headers = compose.read_headers(desk, [row for row in present if row.sop_instance_uid in report.instances])
    narrative = narrative_of(desk, report, document.stage, headers)
    if way_of(document.path) == "fhir":
        return _keep_message(desk, document, fhir.build_report(narrative, withdrawn=True), "fhir")
    sent = _bytes(desk, document.path).decode("utf-8")
    text = oru.build_oru(narrative, oru.sent_to(sent), withdrawn_at=datetime.now(UTC))
    return _keep_message(desk, document, text.encode("utf-8"), "hl7")


def _bytes(desk: Desk, path: str) -> bytes:
    place: Path = desk.workplace.objects.path(path)
    try:
        return place.read_bytes()
    except OSError as error:
        raise DicomError("A message that was sent is missing from the object store.") from error


BUILDERS: Final[dict[str, Builder]] = {
    "pdf": _build_pdf,
    "oru": _build_oru,
    "fhir": _build_fhir,
    "synthetic": _build_synthetic,
    **dict.fromkeys(("findings", "presentation", "key_image", "capture"), _build_image),
}
"""Who builds which kind of the output matrix; a further kind needs no more than its line here."""
