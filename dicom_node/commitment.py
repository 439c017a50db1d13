"""The data sets of storage commitment: what is asked (N-ACTION) and what is reported (N-EVENT-REPORT), PS3.4 annex J.

Encodes and decodes only; the user is in :mod:`dicom_node.scu`, the one who waits in :mod:`dicom_node.steps`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_node.statuses import PROCESSING_FAILURE
from llmcxr_ws.errors import DicomError

ALL_COMMITTED: Final = 1
"""Event type: storage commitment request successful (PS3.4 J.3.3)."""
SOME_FAILED: Final = 2
"""Event type: storage commitment request complete, failures exist."""


@dataclass(frozen=True)
class Reference:
    """One referenced instance."""

    SOPClassUID: str
    SOPInstanceUID: str


@dataclass(frozen=True, kw_only=True)
class CommitmentReport:
    """What a peer says about one transaction: instances it keeps, and failure reasons of those it doesn't."""

    transaction_uid: str
    committed: tuple[Reference, ...]
    failed: Mapping[Reference, int]


def action_information(transaction_uid: str, references: Sequence[Reference]) -> Dataset:
    """The N-ACTION request's data set (PS3.4 table J.3-1)."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.ReferencedSOPSequence = [_item(reference) for reference in references]
    return information


def event_information(report: CommitmentReport) -> tuple[int, Dataset]:
    """The N-EVENT-REPORT's event type and data set (PS3.4 table J.3-2)."""
    information = Dataset()
    information.TransactionUID = report.transaction_uid
    if report.committed:
        information.ReferencedSOPSequence = [_item(reference) for reference in report.committed]
    if report.failed:
        information.FailedSOPSequence = [_failed_item(*item) for item in report.failed.items()]
    return (SOME_FAILED if report.failed else ALL_COMMITTED), information


def read_action(information: Dataset) -> tuple[str, list[Reference]]:
    """Transaction UID and references of an N-ACTION.

    Raises
    ------
    DicomError
        The transaction UID or the references are missing.
    """
    references = [_reference(item) for item in _items(information, "ReferencedSOPSequence")]
    if not information.get("TransactionUID") or not references:
        raise DicomError("The storage commitment request has no transaction UID or no references.")
    return str(information.TransactionUID), references


def read_report(information: Dataset) -> CommitmentReport:
    """What an N-EVENT-REPORT says.

    Raises
    ------
    DicomError
        The transaction UID, or a reference's UIDs, are missing.
    """
    if not information.get("TransactionUID"):
        raise DicomError("The storage commitment report has no transaction UID.")
    return CommitmentReport(
        transaction_uid=str(information.TransactionUID),
        committed=tuple(_reference(item) for item in _items(information, "ReferencedSOPSequence")),
        failed={_reference(item): _reason(item) for item in _items(information, "FailedSOPSequence")},
    )


def _items(information: Dataset, keyword: str) -> Items:
    """The items of a sequence; none where it is absent."""
    value = information.get(keyword) or Items()
    if not isinstance(value, Items):
        raise DicomError(f"{keyword} of a storage commitment message is no sequence.")
    return value


def _reason(item: Dataset) -> int:
    """Why one wasn't committed; a processing failure where no number says (PS3.3 C.14.1.1)."""
    value = item.get("FailureReason")
    return value if isinstance(value, int) else PROCESSING_FAILURE


def _item(reference: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.SOPClassUID
    item.ReferencedSOPInstanceUID = reference.SOPInstanceUID
    return item


def _failed_item(reference: Reference, reason: int) -> Dataset:
    item = _item(reference)
    item.FailureReason = reason
    return item


def _reference(item: Dataset) -> Reference:
    if not item.get("ReferencedSOPInstanceUID"):
        raise DicomError("A storage commitment item has no SOP Instance UID.")
    return Reference(str(item.get("ReferencedSOPClassUID", "")), str(item.ReferencedSOPInstanceUID))
