"""De-identified copies for peers of a research project: made, checked, kept, and sent in the original's place.

A copy that the residual check doesn't pass never reaches the network: its delivery stands as `identifying`, with a
sentence that says where something is left and quotes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_node.deidentify import Profile, deidentify, residual
from dicom_node.deidentify.apply import written
from dicom_node.deidentify.profile import project_key
from dicom_node.examine import content_sha256
from dicom_node.steps.desk import Desk
from llmcxr_ws.deidentification import BASIC, OPTIONS
from llmcxr_ws.domain import DeidentifiedCopy, DeliveryRow, Identity
from llmcxr_ws.errors import DicomError, ObjectStoreError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer
from llmcxr_ws.store import deliveries, pseudonyms, studies
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_SHOWN = 3


class Identifying(DicomError):
    """It can't leave de-identified; the sentence quotes no value."""


@dataclass(frozen=True)
class Made:
    """The bytes of a de-identified file, with what its receiver knows it by."""

    data: bytes
    pseudonym: str
    StudyInstanceUID: str
    SeriesInstanceUID: str
    SOPInstanceUID: str


def profile_of(workplace: Workplace, project: str, options: Iterable[str]) -> Profile:
    """The profile of a project under this installation's secret.

    Raises
    ------
    UserFacingError
        The secret can't be read, or the options contradict each other.
    """
    return Profile(project, project_key(workplace.deidentification_secret(), project), frozenset(options))


def make(workplace: Workplace, profile: Profile, source: Dataset, context: list[Dataset]) -> Made:
    """De-identify one object, check it, and write down whose pseudonym it bears.

    Parameters
    ----------
    context : list of Dataset
        Further headers of the study.

    Raises
    ------
    Identifying
        It can't be de-identified, or something is left in it.
    """
    try:
        copy = deidentify(source, profile, context)
        data = written(copy)
        left = residual(data, [source, *context], profile)
    except Identifying:
        raise
    except DicomError as error:
        raise Identifying(error.message, what_to_do=error.what_to_do) from error
    if left:
        places = "; ".join(dict.fromkeys(finding.sentence for finding in left[:_SHOWN]))
        raise Identifying(
            f"It would still identify the patient: {places}.",
            what_to_do="Look at the original, and leave it out or correct it.",
        )
    pseudonym = str(copy.PatientID)
    secret = workplace.deidentification_secret()
    pseudonyms.note(workplace.db, secret, profile.project, pseudonym, _identity(source))
    return Made(
        data, pseudonym, str(copy.StudyInstanceUID), str(copy.SeriesInstanceUID), str(copy.SOPInstanceUID)
    )


def for_delivery(desk: Desk, peer: Peer, row: DeliveryRow) -> DeliveryRow | None:
    """The delivery with its de-identified copy, made now where there is none; None where it may not leave."""
    if row.deidentified and not _is_of_another_profile(desk, peer, row):
        return row
    try:
        made = _made(desk, peer, row)
    except Identifying as error:
        _LOG.error("kept back", delivery=row.id, peer=peer.name, reason=error.sentence)
        deliveries.withheld(desk.db, row.id, message=error.sentence)
        return None
    digest = hashlib.sha256(made.data).hexdigest()
    # Named by its bytes: with its UIDs retained it bears the original's, whose file must stay what it is.
    path = desk.workplace.objects.put_document(f"de-identified {digest}", made.data)
    copy = DeidentifiedCopy(path, digest, made.SOPInstanceUID, made.SeriesInstanceUID)
    sent = deliveries.copied(desk.db, row.id, copy)
    if row.deidentified and row.path != path and not deliveries.is_copy(desk.db, row.path):
        desk.workplace.objects.path(row.path).unlink(
            missing_ok=True
        )  # of an older profile, and nobody's any more
    return sent


def _is_of_another_profile(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Whether a copy that certainly never left was made for another project, or with options that hold no more."""
    if row.outcome_unknown or row.stored_at is not None:
        return False
    try:
        copy = pydicom.dcmread(desk.workplace.objects.path(row.path), stop_before_pixels=True)
    except (OSError, ObjectStoreError, InvalidDicomError):
        return True
    codes = {str(item.CodeValue) for item in copy.get("DeidentificationMethodCodeSequence") or ()}
    wanted = {BASIC[0], *(OPTIONS[option][0] for option in peer.deidentify_options)}
    return codes != wanted or str(copy.PatientID).rpartition("-")[0] != peer.project.upper()


def _made(desk: Desk, peer: Peer, row: DeliveryRow) -> Made:
    relative, digest = deliveries.original_of(desk.db, row.id)
    try:
        path = desk.workplace.objects.path(relative)
        if not _is_unchanged(path, digest):
            raise Identifying("The document's file isn't the one that was made.")
        source = pydicom.dcmread(path)
    except (OSError, ObjectStoreError, InvalidDicomError) as error:
        raise Identifying("The document's file is missing from the object store or can't be read.") from error
    profile = profile_of(desk.workplace, peer.project, peer.deidentify_options)
    return make(desk.workplace, profile, source, headers_of(desk.workplace, row.study_id))


def _is_unchanged(path: Path, digest: str) -> bool:
    """Whether a file has its hash: a document that of its bytes, a received instance that of its data set."""
    if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return True
    return content_sha256(path) == digest


def headers_of(workplace: Workplace, study_id: int) -> list[Dataset]:
    """The headers of a study's images that are still here, for the names in them."""
    found: list[Dataset] = []
    for instance in studies.instances_of(workplace.db, study_id):
        path: Path = workplace.objects.header_of(instance.path)
        if instance.defect or not path.is_file():
            continue
        try:
            found.append(pydicom.dcmread(path, stop_before_pixels=True))
        except (OSError, InvalidDicomError):
            continue
    return found


def _identity(ds: Dataset) -> Identity:
    return Identity(
        patient_id=str(ds.get("PatientID") or ""),
        issuer_of_patient_id=str(ds.get("IssuerOfPatientID") or ""),
        patient_name=str(ds.get("PatientName") or ""),
        patient_birth_date=str(ds.get("PatientBirthDate") or ""),
        patient_sex=str(ds.get("PatientSex") or ""),
        accession_number=str(ds.get("AccessionNumber") or ""),
    )
