"""The hash of a received file, made when there is time, of the file that was received and of no other.

The listener leaves the hash of what it takes to the courier, and keeps what the disk said of the file instead (its
stamp). A file of another stamp was written to or replaced meanwhile: it is set aside, its study is held as failed,
and the same instance sent again heals it.
"""

from __future__ import annotations

from typing import Final

from dicom_node.examine import content_sha256
from dicom_node.reception import LOCKS_FILE
from dicom_node.stripes import stripes_of
from llmcxr_ws.domain import InstanceRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.store import studies
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
CHANGED: Final = "A file on the disk isn't the one that was received"
"""How the defect of such an instance begins."""
_OTHER: Final = f"{CHANGED}: it was written to, or replaced, before its hash was made. It is in quarantine."
_GONE: Final = f"{CHANGED}: it is gone from the object store."


def hash_received(workplace: Workplace, study_id: int, row: InstanceRow) -> str | None:
    """Make and keep the hash of a received instance that has none yet; give it.

    None where the file isn't the one that was received, which is then said of the instance, or can't be read, where
    it was received before stamps were kept.
    """
    if row.sha256:
        return row.sha256
    objects = workplace.objects
    if row.file_stamp and objects.stamp(row.path) != row.file_stamp:
        _set_aside(workplace, study_id, row)
        return None
    try:
        sha256 = content_sha256(objects.path(row.path))
    except (DicomError, OSError):
        if row.file_stamp:
            _set_aside(workplace, study_id, row)
        else:
            _LOG.warning("not hashed: it can't be read", study=study_id)
        return None
    if row.file_stamp and objects.stamp(row.path) != row.file_stamp:  # while it was read
        _set_aside(workplace, study_id, row)
        return None
    studies.note_hashes(workplace.db, {row.sop_instance_uid: sha256})
    return sha256


def _set_aside(workplace: Workplace, study_id: int, seen: InstanceRow) -> None:
    objects, uid = workplace.objects, seen.sop_instance_uid
    with stripes_of(objects.root / LOCKS_FILE).held(
        uid
    ):  # or it would be taken from under who sends it again
        row = studies.known_instance(workplace.db, uid)
        if row is None or (row.path, row.file_stamp, row.defect) != (seen.path, seen.file_stamp, seen.defect):
            return
        path, defect = row.path, _GONE
        if objects.path(row.path).is_file():
            path, defect = objects.quarantine(objects.path(row.path)), _OTHER
        studies.note_changed(workplace.db, uid, path=path, defect=defect)
    _LOG.error("a received file was changed on the disk", study=study_id, quarantine=path)
