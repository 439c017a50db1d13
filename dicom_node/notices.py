"""What peers tell of a study's images: Modality Performed Procedure Step (PS3.4 annex F) and Instance Availability
Notification (PS3.4 annex R), as their provider.

Reads what is told and keeps it; what follows for a study is :mod:`llmcxr_ws.completeness`'s to say. Knows no sockets:
the listener binds :meth:`Notices.handlers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt

from dicom_node import sop_classes, statuses
from dicom_node.provider import answer, data_set_of
from llmcxr_ws.completeness import AVAILABLE, COMPLETED, DISCONTINUED, IN_PROGRESS
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.site import Peer
from llmcxr_ws.store import signals
from llmcxr_ws.store.database import Database

_LOG = logger(__name__)
_IMAGES: Final = frozenset(sop_classes.IMAGE_CLASSES)
_MAY_NO_LONGER_BE_UPDATED: Final = 0xA710
"""Error ID of an N-SET on a step that is over (PS3.4 F.7.2.2.2)."""

ANSWERS: Final[dict[tuple[str, str], dict[int, str]]] = {
    (sop_classes.PERFORMED_PROCEDURE_STEP, "N-CREATE"): {
        statuses.SUCCESS: "kept; it must begin IN PROGRESS and name a study",
        statuses.DUPLICATE_SOP_INSTANCE: "it was created before",
        statuses.MISSING_ATTRIBUTE: "it doesn't begin IN PROGRESS, or names no study",
        statuses.NOT_AUTHORISED: "the peer's `tells` doesn't name `mpps`",
    },
    (sop_classes.PERFORMED_PROCEDURE_STEP, "N-SET"): {
        statuses.SUCCESS: "kept",
        statuses.INVALID_ATTRIBUTE: "the step's status is none of IN PROGRESS, COMPLETED, DISCONTINUED",
        statuses.PROCESSING_FAILURE: f"with error ID {_MAY_NO_LONGER_BE_UPDATED:04X}H: the step is over",
        statuses.NO_SUCH_INSTANCE: "there is no such step",
        statuses.NOT_AUTHORISED: "the peer's `tells` doesn't name `mpps`",
    },
    (sop_classes.INSTANCE_AVAILABILITY, "N-CREATE"): {
        statuses.SUCCESS: "kept",
        statuses.DUPLICATE_SOP_INSTANCE: "it was created before",
        statuses.MISSING_ATTRIBUTE: "it names no study or no series",
        statuses.NOT_AUTHORISED: "the peer's `tells` doesn't name `ian`",
    },
}
"""What each service is answered with, and when (PS3.4 F.7.2 and R.3.2)."""

Listed = list[tuple[str, str]]
"""SOP Instance UID and SOP Class UID."""


class Notices:
    """Keeps what peers tell.

    Parameters
    ----------
    peer_of : callable
        Gives the configured peer of an event's association, or None.
    """

    def __init__(self, db: Database, peer_of: Callable[[Any], Peer | None]) -> None:
        self._db = db
        self._peer_of = peer_of

    def handlers(self) -> list[tuple[Any, Callable[[Any], tuple[Dataset, Dataset | None]]]]:
        """The event handlers to bind, each answering with a status and a data set."""
        return [(evt.EVT_N_CREATE, self.on_create), (evt.EVT_N_SET, self.on_set)]

    def on_create(self, event: Any) -> tuple[Dataset, Dataset | None]:
        """N-CREATE: a procedure step has begun, or instances are available."""
        is_step = str(event.request.AffectedSOPClassUID) == sop_classes.PERFORMED_PROCEDURE_STEP
        kind = "mpps" if is_step else "ian"
        peer = self._peer_of(event)
        if peer is None or kind not in peer.tells:
            return answer(statuses.NOT_AUTHORISED, "this peer isn't configured to tell that"), None
        uid = str(event.request.AffectedSOPInstanceUID or generate_uid(prefix=None))
        if signals.state_of_notice(self._db, uid) is not None:
            return answer(statuses.DUPLICATE_SOP_INSTANCE, "it was created before"), None
        try:
            attributes = data_set_of(event, "attribute_list")
            studies, state, listed = _of_new_step(attributes) if is_step else _of_notification(attributes)
        except DicomError as error:
            _LOG.warning("notice refused", peer=peer.name, kind=kind, reason=error.message)
            return answer(statuses.MISSING_ATTRIBUTE, error.message), None
        signals.record_notice(
            self._db,
            kind=kind,
            peer=peer.name,
            sop_instance_uid=uid,
            studies=studies,
            state=state,
            listed=listed,
        )
        _LOG.info("notice", peer=peer.name, kind=kind, state=state, images=len(listed), uid=mask(uid))
        if event.request.AffectedSOPInstanceUID:
            return answer(statuses.SUCCESS), None
        named = Dataset()
        named.AffectedSOPInstanceUID = uid  # ours to give where the peer gives none (PS3.7 10.1.5.1.4)
        return answer(statuses.SUCCESS), named

    def on_set(self, event: Any) -> tuple[Dataset, Dataset | None]:
        """N-SET: a procedure step goes on, is completed or discontinued, and lists its images."""
        peer = self._peer_of(event)
        if peer is None or "mpps" not in peer.tells:
            return answer(statuses.NOT_AUTHORISED, "this peer isn't configured to tell that"), None
        uid = str(event.request.RequestedSOPInstanceUID)
        before = signals.state_of_notice(self._db, uid)
        if before is None:
            return answer(statuses.NO_SUCH_INSTANCE, "no such procedure step"), None
        if before != IN_PROGRESS:
            refusal = answer(statuses.PROCESSING_FAILURE, "the procedure step may no longer be updated")
            refusal.ErrorID = _MAY_NO_LONGER_BE_UPDATED
            return refusal, None
        try:
            changes = data_set_of(event, "modification_list")
        except DicomError as error:
            _LOG.warning("notice refused", peer=peer.name, kind="mpps", reason=error.message)
            return answer(statuses.INVALID_ATTRIBUTE, error.message), None
        state = str(changes.get("PerformedProcedureStepStatus") or IN_PROGRESS)
        if state not in (IN_PROGRESS, COMPLETED, DISCONTINUED):
            return answer(statuses.INVALID_ATTRIBUTE, "unknown status of the step"), None
        listed = list(_of_series(changes.get("PerformedSeriesSequence") or (), "ReferencedImageSequence"))
        signals.end_step(self._db, uid, peer=peer.name, state=state, listed=listed)
        _LOG.info("notice", peer=peer.name, kind="mpps", state=state, images=len(listed), uid=mask(uid))
        return answer(statuses.SUCCESS), None


def _of_new_step(attributes: Dataset) -> tuple[list[str], str, Listed]:
    """Studies, state and images of a step that begins (PS3.3 C.4.13 to C.4.16)."""
    if attributes.get("PerformedProcedureStepStatus") != IN_PROGRESS:
        raise DicomError("A step begins IN PROGRESS.")
    studies = [
        str(item.StudyInstanceUID)
        for item in attributes.get("ScheduledStepAttributesSequence") or ()
        if item.get("StudyInstanceUID")
    ]
    if not studies:
        raise DicomError("The step names no study.")
    series = attributes.get("PerformedSeriesSequence") or ()
    return studies, IN_PROGRESS, list(_of_series(series, "ReferencedImageSequence"))


def _of_notification(attributes: Dataset) -> tuple[list[str], str, Listed]:
    """Study, state and images of a notification (PS3.3 C.4.23); one that names a step lists all of it."""
    study = str(attributes.get("StudyInstanceUID") or "")
    series = attributes.get("ReferencedSeriesSequence") or ()
    if not study or not series:
        raise DicomError("The notification names no study or no series.")
    state = COMPLETED if attributes.get("ReferencedPerformedProcedureStepSequence") else AVAILABLE
    return [study], state, list(_of_series(series, "ReferencedSOPSequence"))


def _of_series(series: Iterable[Dataset], keyword: str) -> Iterator[tuple[str, str]]:
    """The images that series list; documents, and what the peer can't give any more, aren't waited for."""
    for one in series:
        for item in one.get(keyword) or ():
            uid = str(item.get("ReferencedSOPInstanceUID") or "")
            sop_class = str(item.get("ReferencedSOPClassUID") or "")
            if uid and sop_class in _IMAGES and item.get("InstanceAvailability") != "UNAVAILABLE":
                yield uid, sop_class
