"""Decide what windows and administrators ask: signatures here, retractions beside, everything else by the store.

A signature needs the PACS's word on whose study it is. It can't be overruled: a mismatch refuses the request, and
while the PACS can't be asked the request waits, visibly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from unicodedata import normalize

from pydicom.dataset import Dataset

from dicom_node import ways
from dicom_node.steps import compose, inspection, retraction
from dicom_node.steps.desk import Desk, failed_over
from llmcxr_ws.domain import Identity, RequestRow
from llmcxr_ws.errors import DicomError, StoreError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer
from llmcxr_ws.states import Actor, DeliveryState
from llmcxr_ws.store import administration, audit, deliveries, requests, signing
from llmcxr_ws.store.signing import SignOrder, SignRefused

_LOG = logger(__name__)
_DRAFT_PAUSE_S: Final = 1.0
_TRIES: Final = 3
_IDENTITY: Final = {
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "patient_name": "PatientName",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
    "accession_number": "AccessionNumber",
}
_MAY_BE_SILENT: Final = ("patient_birth_date", "patient_sex")
"""Optional keys of the query (PS3.4 C.6.2.1): a PACS that returns them empty has said nothing."""


class IdentityDiffers(SignRefused):
    """The PACS names another patient; its own sentence holds no patient data.

    `both_versions` quotes what the reader saw and what the PACS says: for the reader's eyes, never for a log.
    """

    def __init__(self, peer: Peer, shown: Identity, found: list[Identity]) -> None:
        names = sorted({name for said in found for name in _differences(shown, said)})
        super().__init__(
            f"Peer {peer.name} says something else about: {', '.join(names)}.",
            what_to_do="Have the study corrected in the PACS and sent again.",
        )
        versions = [
            f"{_IDENTITY[name]}: signed '{getattr(shown, name)}', "
            + " and ".join(f"{peer.name} '{value}'" for value in _values(found, name))
            for name in names
        ]
        self.both_versions = f"{self.message} {'; '.join(versions)}. {self.what_to_do}"


def _values(found: list[Identity], name: str) -> list[str]:
    return list(dict.fromkeys(getattr(said, name) for said in found))


def decide_requests(desk: Desk) -> bool:
    """Decide every request that is due."""
    waiting = requests.waiting_requests(desk.db)
    return desk.each("request", waiting, lambda request: request.id, _decide, _defect)


def _decide(desk: Desk, request: RequestRow) -> bool:
    if request.kind == "sign":
        _decide_signature(desk, request)
    elif request.kind in inspection.KINDS:
        return inspection.begin(desk, request)
    elif request.kind == "retract":
        retraction.decide(desk, request)
    else:
        administration.apply_request(desk.db, request, desk.service_key, demo=desk.workplace.config.demo)
    return True


def _defect(desk: Desk, request: RequestRow, place: str) -> None:
    """Something unforeseen broke: try a few times (the database may have been busy), then say so to who asked."""
    desk.defects[request.id] = desk.defects.get(request.id, 0) + 1
    if desk.defects[request.id] >= _TRIES:
        del desk.defects[request.id]
        _refuse(desk, request, failed_over(place))


def _decide_signature(desk: Desk, request: RequestRow) -> None:
    try:
        order = signing.verify_sign_request(desk.db, request, desk.service_key)
        if order is None or _draft_in_doubt(desk, order):
            reason = "Waiting to learn whether a peer has received the draft."
            signing.hold(desk.db, request, reason=reason, pause_s=_DRAFT_PAUSE_S)
            return
        _sign(desk, order)
    except IdentityDiffers as error:
        _refuse(desk, request, error.sentence, error.both_versions)
    except SignRefused as error:
        _refuse(desk, request, error.sentence)


def _sign(desk: Desk, order: SignOrder) -> None:
    try:
        _require_identity(desk, order)
    except DicomError as error:
        reason = f"Waiting: the patient's identity can't be checked. {error.sentence}"
        signing.hold(desk.db, order.request, reason=reason, pause_s=desk.workplace.config.retry_s)
        _LOG.warning("signature waits", study=order.study.id, reason=error.sentence)
        return
    try:
        headers = compose.read_headers(desk, order.instances)
        _require_own_evidence(order, headers)
        fields, provenance = compose.build_signed(desk, compose.signed_document(desk, order, headers))
    except DicomError as error:
        report = error.report if isinstance(error, compose.DocumentRefused) else []
        signing.refuse_document(desk.db, order.request, reason=error.sentence, report=report)
        _LOG.error("document refused", study=order.study.id, reason=error.sentence)
        return
    if signing.complete(desk.db, order, desk.service_key, desk.site, fields, provenance=provenance):
        _LOG.info("signed", study=order.study.id, report=order.report.id, version=order.report.version)


def ask_identity(desk: Desk, peer: Peer, StudyInstanceUID: str) -> list[Identity]:
    """Whose study the PACS says this is; empty when it doesn't know it, several when it isn't sure.

    Raises
    ------
    DicomError
        It can't be asked.
    """
    keys = {"StudyInstanceUID": StudyInstanceUID, **dict.fromkeys(_IDENTITY.values(), "")}
    return [
        _identity_of(match)
        for match in ways.find(desk.local, peer, "STUDY", keys)
        if str(match.get("StudyInstanceUID", "")) == StudyInstanceUID
    ]


def _require_identity(desk: Desk, order: SignOrder) -> None:
    """Raise :class:`SignRefused` unless the PACS says the same as what the reader saw."""
    peer = desk.site.identity_peer()
    if peer is None:
        raise DicomError(
            "No peer is configured to be asked.",
            what_to_do="Set identity = true for the PACS in the site document.",
        )
    found = ask_identity(desk, peer, order.study.study_instance_uid)
    audit.note(desk.db, actor=Actor.NODE, event="identity.asked", study_id=order.study.id, peer=peer.name)
    if not found:
        raise SignRefused(
            f"Peer {peer.name} doesn't know this study.", what_to_do="Have the study checked in the PACS."
        )
    # A PACS that has filed the study under several patients must agree with the reader in every answer.
    if any(_differences(order.identity, said) for said in found):
        raise IdentityDiffers(peer, order.identity, found)


def _differences(shown: Identity, said: Identity) -> tuple[str, ...]:
    silent = {name: getattr(shown, name) for name in _MAY_BE_SILENT if not getattr(said, name)}
    return shown.differences(replace(said, **silent))


def _require_own_evidence(order: SignOrder, headers: list[Dataset]) -> None:
    """Raise :class:`SignRefused` when an image of the study names another patient."""
    for header in headers:
        patient_id = normalize("NFC", str(header.get("PatientID", "") or "").strip(" \0"))
        if patient_id != order.identity.patient_id.strip():
            raise SignRefused(
                "An image of this study bears another patient's ID.",
                what_to_do="Have the study corrected in the PACS and sent again.",
            )


def _draft_in_doubt(desk: Desk, order: SignOrder) -> bool:
    """Whether a try to send this study's draft has an unknown outcome: the signed document names what was sent."""
    return any(
        row.kind == "draft" and row.state == DeliveryState.QUEUED and row.outcome_unknown
        for row in deliveries.deliveries_of(desk.db, order.study.id)
    )


def _refuse(desk: Desk, request: RequestRow, reason: str, for_the_reader: str = "") -> None:
    """Refuse and log why; where the reader is told more, the log isn't."""
    _LOG.warning("request refused", request=request.id, kind=request.kind, reason=reason)
    try:
        signing.refuse(desk.db, request, reason=for_the_reader or reason)
    except StoreError as error:
        _LOG.error("request not decided", request=request.id, reason=error.sentence)


def _identity_of(match: Dataset) -> Identity:
    return Identity(
        **{name: str(match.get(keyword) or "").strip(" \0") for name, keyword in _IDENTITY.items()}
    )
