"""Who builds which kind of output: draft, PDF, messages, pictures of results, notes of withdrawal.

Each is made of the SR that was written, or of the draft. When it is built, and what becomes of one that can't be, is
in :mod:`dicom_node.steps.outputs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
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
from llmcxr_ws.domain import DocumentRow, InstanceRow, ReportRow
from llmcxr_ws.errors import DicomError, ObjectStoreError
from llmcxr_ws.outputs import ENDINGS, Hl7Destination, way_of
from llmcxr_ws.store import drawings, maps, outgoing, reports, retracting
from llmcxr_ws.uids import derived_uid

_GONE: Final = "The film of this report is no longer among its study's images."


@dataclass(frozen=True, eq=False)
class Wanted:
    """One output that is to be built: whose, of what, for whom.

    `destination` is the one that the document is for (of HL7), or the first of them. What else it is made of is read
    when it is asked for, and raises a DicomError where it is gone.
    """

    desk: Desk
    document: DocumentRow
    destination: str
    report: ReportRow

    @cached_property
    def headers(self) -> list[Dataset]:
        """Headers of the study's sound instances that were read."""
        return compose.read_headers(self.desk, compose.instances_of(self.desk, self.report))

    @cached_property
    def film(self) -> InstanceRow:
        """The instance that the report speaks of."""
        for one in compose.instances_of(self.desk, self.report):
            if one.sop_instance_uid == self.report.film_sop_instance_uid and not one.defect:
                return one
        raise DicomError(_GONE)

    @cached_property
    def narrative(self) -> Narrative:
        """What the report says."""
        return narrative_of(self.desk, self.report, self.document.stage, self.headers)


Builder = Callable[[Desk, Wanted], dict[str, Any]]
"""Builds, has the gate check, and keeps one output; gives the fields of :func:`reports.record_document` but the kind.

Raises a UserFacingError when it can't be made, :class:`NothingToSend` when there is nothing to make.
"""


def narrative_of(desk: Desk, report: ReportRow, stage: str, headers: list[Dataset]) -> Narrative:
    """Read what a report says: of a draft from the model's text, else from the SRs that were signed.

    Raises
    ------
    DicomError
        A part is missing.
    """
    film = next((one for one in headers if one.SOPInstanceUID == report.film_sop_instance_uid), None)
    if film is None:
        raise DicomError(_GONE)
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


def _build_draft(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    return compose.build_report(desk, compose.draft_document(desk, wanted.report, wanted.headers))


def _build_pdf(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    narrative = wanted.narrative
    image = imaging.displayed(desk.workplace.objects.path(wanted.film.path))
    picture = Picture(imaging.render(image), image.pixel_aspect)
    ds = encapsulate(narrative, make_pdf(narrative, picture, _marked(desk, wanted)))
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
    return _keep_oru(desk, wanted.document, oru.build_oru(wanted.narrative, to), wanted)


def _build_fhir(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    return _keep_fhir(desk, wanted.document, fhir.build_report(wanted.narrative), wanted)


def _keep_oru(desk: Desk, document: DocumentRow, text: str, of: Wanted) -> dict[str, Any]:
    _require_faultless([*oru.check_oru(text, of.narrative, of.headers)])
    return _keep_message(desk, document, text.encode("utf-8"), ENDINGS["hl7"])


def _keep_fhir(desk: Desk, document: DocumentRow, text: bytes, of: Wanted) -> dict[str, Any]:
    _require_faultless([*fhir.check_fhir(text, of.narrative, of.headers)])
    return _keep_message(desk, document, text, ENDINGS["fhir"])


def _require_faultless(sentences: list[str]) -> None:
    if sentences:
        raise compose.DocumentRefused([gate.Fault("message", one) for one in dict.fromkeys(sentences)])


def _keep_message(desk: Desk, document: DocumentRow, data: bytes, ending: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    uid = derived_uid("message", str(document.id), digest)
    return {
        "sop_class_uid": "",
        "sop_instance_uid": uid,
        "series_instance_uid": "",
        "path": desk.workplace.objects.put_document(uid, data, ending),
        "sha256": digest,
    }


def _build_note(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    """What takes a document back: a rejection note, or where it was a message another message."""
    withdrawn = reports.document_by_id(desk.db, wanted.document.withdraws_id or 0)
    if way_of(withdrawn.path) != "dicom":
        return _build_withdrawal(desk, Wanted(desk, withdrawn, wanted.destination, wanted.report))
    if wanted.document.kind == "rejection":
        return compose.build_rejection(desk, wanted.report, withdrawn, wanted.headers)
    retraction = retracting.granted_for(desk.db, withdrawn)
    headers = compose.read_headers(desk, compose.instances_of(desk, retraction.report))
    return compose.build_retraction(desk, retraction, withdrawn, headers)


def _build_withdrawal(desk: Desk, of: Wanted) -> dict[str, Any]:
    """The message that takes another one back at whoever got it."""
    if way_of(of.document.path) == "fhir":
        return _keep_fhir(desk, of.document, fhir.build_report(of.narrative, withdrawn=True), of)
    to = oru.sent_to(_bytes(desk, of.document.path).decode("utf-8"))
    return _keep_oru(desk, of.document, oru.build_oru(of.narrative, to, withdrawn_at=datetime.now(UTC)), of)


def _bytes(desk: Desk, path: str) -> bytes:
    place: Path = desk.workplace.objects.path(path)
    try:
        return place.read_bytes()
    except OSError as error:
        raise DicomError("A message that was sent is missing from the object store.") from error


BUILDERS: Final[dict[str, Builder]] = {
    "draft": _build_draft,
    "pdf": _build_pdf,
    "oru": _build_oru,
    "fhir": _build_fhir,
    "synthetic": _build_synthetic,
    **dict.fromkeys(("findings", "presentation", "key_image", "capture"), _build_image),
    **dict.fromkeys(("rejection", "retraction"), _build_note),
}
"""Who builds which kind; a further one of the output matrix needs no more than its line here."""
