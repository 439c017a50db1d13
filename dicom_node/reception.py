"""What happens to one received object before it is acknowledged, whatever way it came.

File on the disk, three UIDs compared, header read, pixel length checked, fsync, rename, directory fsync, index row
committed, and only then success. Knows no sockets and no pynetdicom: the listener and later ways in call it.
"""

from __future__ import annotations

import errno
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_node import statuses
from dicom_node.examine import Examined, examine
from dicom_node.stripes import Stripes
from llmcxr_ws.domain import Arrival, InstanceRow
from llmcxr_ws.errors import DatabaseFailure, DicomError, StoreError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit, reports, studies
from llmcxr_ws.store.database import Database

_LOG = logger(__name__)
_LOCKS_FILE: Final = "reception.lock"
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A spooled file and what its sender said of it (PS3.7 9.1.1.1); the study where it named one."""

    path: Path
    AffectedSOPClassUID: str
    AffectedSOPInstanceUID: str
    peer: str
    StudyInstanceUID: str = ""


@dataclass(frozen=True)
class Verdict:
    """The status to answer with and its error comment; no patient data in it."""

    status: int
    comment: str = ""


class Reception:
    """Takes spooled files into the object store and the index.

    Parameters
    ----------
    min_free_bytes : int
        With less space than this nothing is taken (A700H), so that what arrives meanwhile still fits.
    """

    def __init__(self, db: Database, objects: ObjectStore, *, min_free_bytes: int) -> None:
        self._db = db
        self._objects = objects
        self._min_free_bytes = min_free_bytes
        self._locks = Stripes(objects.root / _LOCKS_FILE)

    def receive(self, incoming: Incoming) -> Verdict:
        """Take one file in; after success it is on the disk and in the index, after anything else it isn't kept.

        A refused file that shows something about its sender goes to quarantine; the spool holds nothing afterwards.
        """
        try:
            # Two senders may push the same instance at the same time, and by two ways in.
            with self._locks.held(incoming.AffectedSOPInstanceUID):
                verdict = self._judge(incoming)
        except OSError as error:
            full = error.errno in _NO_SPACE
            _LOG.error("not stored", peer=incoming.peer, error=error.strerror or type(error).__name__)
            verdict = Verdict(
                statuses.OUT_OF_RESOURCES if full else statuses.PROCESSING_FAILURE,
                "storage failed; send again",
            )
        finally:
            incoming.path.unlink(missing_ok=True)
        return verdict

    def _judge(self, incoming: Incoming) -> Verdict:
        if shutil.disk_usage(self._objects.root).free < self._min_free_bytes:
            _LOG.error("refused: disk nearly full", peer=incoming.peer)
            return Verdict(statuses.OUT_OF_RESOURCES, "no space; send again later")
        try:
            found = examine(incoming.path)
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
        if reports.is_own_document(self._db, found.SOPInstanceUID):
            _LOG.info("own document came back", peer=incoming.peer)  # no news, and no image of the study
            return Verdict(statuses.SUCCESS)
        known = studies.known_instance(self._db, found.SOPInstanceUID)
        if known is not None and not known.defect and not found.defect:
            return self._duplicate(incoming, found, known)
        if found.defect:
            return self._defective(incoming, found, known)
        return self._keep(incoming, found)

    def _keep(self, incoming: Incoming, found: Examined) -> Verdict:
        path = self._objects.keep(incoming.path, found.SOPInstanceUID)
        recorded = studies.record_arrival(self._db, arrival_of(found, path, incoming.peer))
        _LOG.info(
            "received",
            peer=incoming.peer,
            study=recorded.study_id,
            bytes=found.size,
            instance=mask(found.SOPInstanceUID),
        )
        return Verdict(statuses.SUCCESS)

    def _duplicate(self, incoming: Incoming, found: Examined, known: InstanceRow) -> Verdict:
        """The same bytes again are no news; other bytes under a known UID are refused and kept as evidence."""
        if known.sha256 != found.sha256:
            reason = "other content under a known SOP Instance UID"
            return self._set_aside(incoming, statuses.DUPLICATE_UID_OTHER_CONTENT, "duplicate_uid", reason)
        if not self._objects.path(known.path).is_file():  # lost by hand; the sender gives it back
            self._objects.keep(incoming.path, found.SOPInstanceUID)
        studies.note_sent_again(self._db, found.SOPInstanceUID)
        _LOG.info("received again", peer=incoming.peer, instance=mask(found.SOPInstanceUID))
        return Verdict(statuses.SUCCESS)

    def _defective(self, incoming: Incoming, found: Examined, known: InstanceRow | None) -> Verdict:
        """Refuse it, keep it in quarantine, and let the study show it; a sound one that is there stays."""
        _LOG.warning("refused", peer=incoming.peer, reason=found.defect, instance=mask(found.SOPInstanceUID))
        path = self._objects.quarantine(incoming.path)
        if known is None:
            studies.record_arrival(self._db, arrival_of(found, path, incoming.peer))
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
        return Verdict(status, reason)


def arrival_of(found: Examined, path: str, peer: str) -> Arrival:
    """An examined file as the store's arrival."""
    return Arrival(
        study_instance_uid=found.StudyInstanceUID,
        series_instance_uid=found.SeriesInstanceUID,
        sop_instance_uid=found.SOPInstanceUID,
        sop_class_uid=found.SOPClassUID,
        transfer_syntax_uid=found.transfer_syntax,
        path=path,
        size=found.size,
        sha256=found.sha256,
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
            found = examine(objects.path(relative))
        except DicomError as error:
            _LOG.error("a received file can't be read any more", file=relative, reason=error.message)
            unreadable += 1
            continue
        try:
            studies.record_arrival(db, arrival_of(found, relative, ""))
        except DatabaseFailure:
            raise
        except StoreError as error:
            _LOG.error("a received file can't be indexed", file=relative, reason=error.message)
            unreadable += 1
            continue
        restored += 1
    return restored, unreadable
