"""UPS-RS as its user (PS3.18 chapter 11): search, look at, claim, update and end workitems.

Only the messages; which are claimed, and what becomes of them, is said in :mod:`dicom_node.steps.workitems`.
"""

from __future__ import annotations

import json
from typing import Final

from pydicom.dataset import Dataset

from dicom_node.association import LocalEntity
from dicom_node.web import answers
from dicom_node.web.http import WebConnection
from dicom_node.web.resources import LARGEST_TEXT, failure
from dicom_node.web.search import matches
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer

SCHEDULED: Final = "SCHEDULED"
IN_PROGRESS: Final = "IN PROGRESS"
COMPLETED: Final = "COMPLETED"
CANCELED: Final = "CANCELED"
MOST_AT_ONCE: Final = 50
REFUSED: Final = (400, 404, 409, 410)
"""Statuses by which a worklist refuses a change: the workitem is somebody else's, or has ended (PS3.18 11.7.3)."""


class NotOurs(DicomError):
    """The worklist refuses a change: somebody else has the workitem, or it has ended."""


def scheduled(local: LocalEntity, peer: Peer, state: str) -> list[str]:
    """UIDs of the workitems in a state whose scheduled code is the one that the peer is configured with (11.9).

    Raises
    ------
    DicomError
        The peer can't be reached, refused, or its answer can't be read.
    """
    value, _, scheme = peer.workitems.partition("^")
    query = [
        ("ProcedureStepState", state),
        ("ScheduledWorkitemCodeSequence.CodeValue", value),
        ("ScheduledWorkitemCodeSequence.CodingSchemeDesignator", scheme),
        ("limit", str(MOST_AT_ONCE)),
    ]
    with WebConnection(local, peer) as connection:
        found = matches(connection, "/workitems", query)
    # A server may leave out what it can't match by; so it is looked at again.
    return [
        str(one.SOPInstanceUID)
        for one in found
        if one.get("SOPInstanceUID") and str(one.get("ProcedureStepState", state)) == state
    ]


def retrieve(local: LocalEntity, peer: Peer, workitem: str) -> Dataset:
    """Return a workitem (11.5).

    Raises
    ------
    DicomError
        As :func:`scheduled`, or there is no such workitem.
    """
    with WebConnection(local, peer) as connection:
        found = matches(connection, f"/workitems/{workitem}", [])
    if len(found) != 1:
        raise DicomError(f"Peer {peer.name} doesn't hold the workitem any more.")
    return found[0]


def change_state(local: LocalEntity, peer: Peer, workitem: str, transaction: str, state: str) -> None:
    """Claim a workitem (IN PROGRESS) or end it (11.7, PS3.4 CC.2.1).

    Raises
    ------
    NotOurs
        Somebody else has it, or it has ended.
    DicomError
        As :func:`scheduled`.
    """
    change = Dataset()
    change.ProcedureStepState = state
    change.TransactionUID = transaction
    _send(local, peer, "PUT", f"/workitems/{workitem}/state", (), change)


def update(local: LocalEntity, peer: Peer, workitem: str, transaction: str, changes: Dataset) -> None:
    """Write attributes of a workitem that we have (11.6); raises as :func:`change_state`."""
    _send(local, peer, "POST", f"/workitems/{workitem}", (transaction,), changes)


def _send(
    local: LocalEntity, peer: Peer, method: str, path: str, query: tuple[str, ...], content: Dataset
) -> None:
    data = json.dumps([content.to_json_dict()]).encode("utf-8")
    headers = {"Content-Type": answers.JSON, "Accept": answers.JSON}
    with WebConnection(local, peer) as connection:
        reply = connection.request(
            method, path, bare_query=query, headers=headers, body=[data], length=len(data)
        )
        if reply.status in REFUSED:
            raise NotOurs(f"{connection.who} refused to change the workitem: {reply.status}.")
        if not 200 <= reply.status < 300:
            raise failure(connection, reply, "UPS-RS")
        reply.read(LARGEST_TEXT)
