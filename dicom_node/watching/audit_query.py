"""The object of a Query message (PS3.15 A.5.3.10): which SOP class was asked, and with which identifier."""

from __future__ import annotations

import base64

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicom_node import sop_classes
from dicom_node.documents.values import put
from dicom_node.watching import audit_message as am
from dicom_node.watching.audit_message import Object
from llmcxr_ws.store.watching import Subject


def query_object(about: str, subject: Subject) -> Object:
    """What a peer was asked about a study.

    Parameters
    ----------
    about : str
        `identity` or `count` (by Study Instance UID), `priors` (Patient ID), `order` (accession number, a worklist).
    subject : Subject
        Whom the study is of; masked where messages are.
    """
    of_worklist = about == "order"
    syntax = base64.b64encode(sop_classes.IMPLICIT_LITTLE.encode()).decode()
    return Object(
        sop_classes.WORKLIST_FIND if of_worklist else sop_classes.STUDY_ROOT_FIND,
        am.SOP_CLASS_UID,
        "2",
        "3",
        query=_identifier(about, subject),
        details=(("TransferSyntax", syntax),),
    )


def _identifier(about: str, subject: Subject) -> str:
    """The matching keys, in Implicit VR Little Endian and base64."""
    identifier = Dataset()
    if about == "order":
        put(identifier, "AccessionNumber", "SH", subject.accession_number)
    else:
        put(identifier, "QueryRetrieveLevel", "CS", "STUDY")
        if about == "priors":
            put(identifier, "PatientID", "LO", subject.patient_id)
        else:
            put(identifier, "StudyInstanceUID", "UI", subject.study_instance_uid)
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_dataset(buffer, identifier)
    return base64.b64encode(buffer.getvalue()).decode()
