"""What happens to one received object before it is acknowledged, whatever way it came.

File on the disk, three UIDs compared, header read, pixel length checked, fsync, rename, directory fsync, index row
committed, and only then success. Knows no sockets and no pynetdicom: the listener and later ways in call it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_node import statuses
from dicom_node.examine import Examined, Head, content_sha256, examine, same_content
from dicom_node.header_scan import announced_size
from dicom_node.spool import NO_ROOM, FreeSpace, SpooledFile, failure
from dicom_node.store_command import StoreRequest, Verdict, file_prefix
from dicom_node.stripes import stripes_of
from dicom_node.tally import Tally
from llmcxr_ws.domain import Arrival, InstanceRow, Recorded
from llmcxr_ws.errors import DatabaseFailure, DicomError, StoreError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit, forwarding, studies
from llmcxr_ws.store.arrivals import Arrivals
from llmcxr_ws.store.database import Database
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from llmcxr_ws.write_back import Pending

_LOG = logger(__name__)
LOCKS_FILE: Final = "reception.lock"
"""Held by SOP Instance UID while an instance is taken in, or taken out of its place."""
_IMPLEMENTATION: Final = (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)
OUTCOMES: Final[dict[int, str]] = {
    statuses.SUCCESS: "stored",
    statuses.OUT_OF_RESOURCES: "no_space",
    statuses.DOES_NOT_MATCH_CLASS: "uid_mismatch",
    statuses.CANNOT_UNDERSTAND: "unreadable",
    statuses.UNREADABLE: "unreadable",
    statuses.TRUNCATED: "defective",
    statuses.DUPLICATE_UID_OTHER_CONTENT: "duplicate_uid",
    statuses.PROCESSING_FAILURE: "failed",
    statuses.TOO_LARGE: "too_large",
}
"""Each status that a C-STORE is answered with, in one word for counts."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A spooled file and what its sender said of it (PS3.7 9.1.1.1); the study where it named one."""

    path: Path
    AffectedSOPClassUID: str
    AffectedSOPInstanceUID: str
    peer: str
    StudyInstanceUID: str = ""
    pending: Pending | None = None  # where its bytes are on their way to the disk
    head: Head | None = None


class Reception:
    """Takes spooled files into the object store and the index.

    Parameters
    ----------
    min_free_bytes : int
        With less space than this nothing is taken (A700H), so that what arrives meanwhile still fits.
    largest_bytes : int
        A larger data set is refused (C004H); its sender needn't try again.
    """

    def __init__(
        self,
        db: Database,
        objects: ObjectStore,
        *,
        min_free_bytes: int,
        largest_bytes: int = 1 << 62,
        tally: Tally | None = None,
    ) -> None:
        self._db = db
        self._arrivals = Arrivals(db)
        self._objects = objects
        self._space = FreeSpace(objects.root, min_free_bytes)
        self._largest_bytes = largest_bytes
        self._tally = tally or Tally()
        self._locks = stripes_of(objects.root / LOCKS_FILE)

    def close(self) -> None:
        """Nothing more will come."""
        self._arrivals.close()

    def begin(self, request: StoreRequest, transfer_syntax: str, peer: str) -> SpooledFile | Verdict:
        """A data set will come in pieces: where they are written to, or why they needn't be."""
        if self._space.is_short():
            return self._counted(peer, NO_ROOM, 0)
        prefix = file_prefix(
            request.AffectedSOPClassUID, request.AffectedSOPInstanceUID, transfer_syntax, _IMPLEMENTATION
        )

        def judge(spooled: SpooledFile) -> Verdict:
            if spooled.refusal is not None:
                return self._counted(peer, spooled.refusal, spooled.size)
            incoming = Incoming(
                path=spooled.path,
                AffectedSOPClassUID=request.AffectedSOPClassUID,
                AffectedSOPInstanceUID=request.AffectedSOPInstanceUID,
                peer=peer,
                pending=spooled.pending,
                head=Head(
                    data=bytes(spooled.head),
                    offset=spooled.offset,
                    size=spooled.size,
                    transfer_syntax=transfer_syntax,
                ),
            )
            return self.receive(incoming)

        try:
            return SpooledFile(
                self._objects.spool_file(),
                prefix,
                self._space,
                self._largest_bytes,
                lambda head: announced_size(head, transfer_syntax),
                judge,
            )
        except OSError as error:
            return self._counted(peer, failure(error), 0)

    def is_short(self) -> bool:
        """Whether there is too little space to take anything."""
        return self._space.is_short()

    def spool(self, path: Path, largest_bytes: int, judge: Callable[[SpooledFile], Verdict]) -> SpooledFile:
        """A file in a spool of somebody else's, which comes whole, within the same limits of space.

        `judge` says what becomes of it, by :meth:`receive` or :meth:`refuse`.

        Raises
        ------
        OSError
            It can't be made.
        """
        return SpooledFile(path, b"", self._space, largest_bytes, lambda _: None, judge)

    def refuse(self, peer: str, verdict: Verdict, size: int) -> Verdict:
        """Count an object that isn't taken."""
        return self._counted(peer, verdict, size)

    def receive(self, incoming: Incoming) -> Verdict:
        """Take one file in; after success it is on the disk and in the index.

        After anything else it isn't kept, but where the index couldn't be written and it isn't known whether it was:
        then the file is there, and is indexed at the next start, or when it is sent again. A refused file that shows
        something about its sender goes to quarantine; the spool holds nothing afterwards.
        """
        size = incoming.head.size if incoming.head is not None else _size_of(incoming.path)
        try:
            if incoming.head is None and self._space.is_short():  # else it was looked at before
                verdict = NO_ROOM
            else:
                # Two senders may push the same instance at the same time, and by two ways in.
                with self._locks.held(incoming.AffectedSOPInstanceUID):
                    verdict = self._judge(incoming)
        except OSError as error:
            verdict = failure(error)
        except DatabaseFailure as error:  # full, or gone: it may be taken later
            _LOG.error("not stored", reason=error.message)
            verdict = Verdict(statuses.OUT_OF_RESOURCES, "index can't be written; send again")
        finally:
            with suppress(FileNotFoundError):  # it has got its place, mostly
                os.unlink(incoming.path)
        return self._counted(incoming.peer, verdict, size)

    def _counted(self, peer: str, verdict: Verdict, size: int) -> Verdict:
        self._tally.received(peer, verdict.outcome or OUTCOMES.get(verdict.status, "failed"), size)
        return verdict

    def _judge(self, incoming: Incoming) -> Verdict:
        try:
            found = examine(incoming.path, incoming.head)
        except DicomError as error:
            return self._set_aside(incoming, statuses.CANNOT_UNDERSTAND, "unreadable", error.message)
        if (found.SOPInstanceUID, found.SOPClassUID) != (
            incoming.AffectedSOPInstanceUID,
            incoming.AffectedSOPClassUID,
        ):
            reason = "UIDs of command and data set differ"
            return self._set_aside(incoming, statuses.DOES_NOT_MATCH_CLASS, "uid_mismatch", reason)
        if incoming.StudyInstanceUID and found.StudyInstanceUID != incoming.StudyInstanceUID:
            reason = "belongs to another study than the one named"
            return self._set_aside(incoming, statuses.OTHER_STUDY, "uid_mismatch", reason)
        stored = self._arrivals.look_up(found.SOPInstanceUID)
        if stored.own_document:
            _LOG.info("own document came back", peer=incoming.peer)  # no news, and no image of the study
            return Verdict(statuses.SUCCESS, outcome="own_document")
        known = stored.instance
        if known is not None and not known.defect and not found.defect:
            return self._duplicate(incoming, found, known)
        if found.defect:
            return self._defective(incoming, found, known)
        return self._keep(incoming, found)

    def _keep(self, incoming: Incoming, found: Examined) -> Verdict:
        recorded = self._record(incoming, found)
        if logging.getLogger(__name__).isEnabledFor(logging.DEBUG):  # each line costs as much as a look-up
            _LOG.debug(
                "received",
                peer=incoming.peer,
                study=recorded.study_id,
                bytes=found.size,
                instance=mask(found.SOPInstanceUID),
            )
        return Verdict(statuses.SUCCESS)

    def _record(self, incoming: Incoming, found: Examined) -> Recorded:
        """Give the file its place and write its row, while the disk takes its name in."""
        path, recorded = "", None
        try:
            with self._objects.keeping(incoming.path, found.SOPInstanceUID, incoming.pending) as path:
                arrival = arrival_of(found, path, incoming.peer, self._objects.stamp(path))
                recorded = self._arrivals.record(arrival)
        except OSError:
            if recorded is not None:
                defect = "The disk failed while it was stored."
                studies.note_changed(self._db, found.SOPInstanceUID, path=path, defect=defect)
            raise
        except DatabaseFailure:  # whether it was written isn't known: the file stays until it is indexed
            raise
        except StoreError:
            self._objects.path(path).unlink(missing_ok=True)  # nobody would ever ask for it
            raise
        return recorded

    def _duplicate(self, incoming: Incoming, found: Examined, known: InstanceRow) -> Verdict:
        """The same bytes again are no news; other bytes under a known UID are refused and kept as evidence."""
        kept = self._objects.path(known.path)
        lost = not kept.is_file()  # purged, or by hand; the sender gives it back
        same = (
            known.sha256 in ("", content_sha256(incoming.path)) if lost else same_content(incoming.path, kept)
        )
        if not same:
            reason = "other content under a known SOP Instance UID"
            return self._set_aside(incoming, statuses.DUPLICATE_UID_OTHER_CONTENT, "duplicate_uid", reason)
        if lost:
            # A failing disk tells it once: to who has begun the sync, not to a second one.
            path = self._objects.keep(incoming.path, found.SOPInstanceUID, incoming.pending)
            studies.note_returned(self._db, found.SOPInstanceUID, self._objects.stamp(path))
        studies.note_sent_again(self._db, found.SOPInstanceUID)
        forwarding.came_from(self._db, found.SOPInstanceUID, incoming.peer)
        _LOG.info("received again", peer=incoming.peer, instance=mask(found.SOPInstanceUID))
        return Verdict(statuses.SUCCESS, outcome="again")

    def _defective(self, incoming: Incoming, found: Examined, known: InstanceRow | None) -> Verdict:
        """Refuse it, keep it in quarantine, and let the study show it; a sound one that is there stays."""
        _LOG.warning("refused", peer=incoming.peer, reason=found.defect, instance=mask(found.SOPInstanceUID))
        path = self._objects.quarantine(incoming.path)
        if known is None:
            self._arrivals.record(arrival_of(found, path, incoming.peer))
        return Verdict(statuses.TRUNCATED, found.defect)

    def _set_aside(self, incoming: Incoming, status: int, event: str, reason: str) -> Verdict:
        """Refuse, keep in quarantine, and say so in the audit trail."""
        _LOG.warning(
            "refused", peer=incoming.peer, reason=reason, instance=mask(incoming.AffectedSOPInstanceUID)
        )
        path = self._objects.quarantine(incoming.path)
        with self._db.write() as session:
            audit.append(
                session,
                actor=Actor.NODE,
                event=f"instance.{event}",
                peer=incoming.peer,
                instance=mask(incoming.AffectedSOPInstanceUID),
                quarantine=path,
                reason=reason,
            )
        return Verdict(status, reason, outcome=event)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is found missing, and told, below
        return 0


def arrival_of(found: Examined, path: str, peer: str, stamp: str = "") -> Arrival:
    """An examined file as the store's arrival; `stamp` is what the disk says of the kept one."""
    return Arrival(
        study_instance_uid=found.StudyInstanceUID,
        series_instance_uid=found.SeriesInstanceUID,
        sop_instance_uid=found.SOPInstanceUID,
        sop_class_uid=found.SOPClassUID,
        transfer_syntax_uid=found.transfer_syntax,
        path=path,
        size=found.size,
        sha256="",  # the courier has the time to hash it, and knows by the stamp that it is the same file
        file_stamp=stamp,
        identity=found.identity,
        study_date=found.study_date,
        study_time=found.study_time,
        study_description=found.study_description,
        referring_physician=found.referring_physician,
        source_peer=peer,
        defect=found.defect,
        facts=found.facts,
    )


def reconcile(db: Database, objects: ObjectStore) -> tuple[int, int]:
    """Index every received file that has no row: the files are the truth.

    Returns
    -------
    restored, unreadable : int
        Files that got their row back, and files that can't: no DICOM files any more, or of a study that isn't theirs.
    """
    indexed = studies.indexed_paths(db)
    restored = unreadable = 0
    for relative in objects.files():
        if relative in indexed:
            continue
        try:
            objects.sync(relative)  # it may have got its name a moment before the process was killed
            found = examine(objects.path(relative))
        except (DicomError, OSError) as error:
            reason = error.message if isinstance(error, DicomError) else type(error).__name__
            _LOG.error("a received file can't be read any more", file=relative, reason=reason)
            unreadable += 1
            continue
        try:
            studies.record_arrival(db, arrival_of(found, relative, "", objects.stamp(relative)))
        except DatabaseFailure:
            raise
        except StoreError as error:
            _LOG.error("a received file can't be indexed", file=relative, reason=error.message)
            unreadable += 1
            continue
        restored += 1
    return restored, unreadable
