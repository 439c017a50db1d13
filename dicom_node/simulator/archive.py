"""What the simulator holds: a folder of DICOM files and an index of their headers in memory, rebuilt at start.

The files are the truth. A SOP Instance UID that is already there is kept as it is. File names are hashes, so that a
listing of the folder names no patient.
"""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from llmcxr_ws.errors import DicomError

_SPOOL: Final = "spool"
_LARGEST_IN_MEMORY: Final = 1024
"""Elements longer than this many bytes (pixels, embedded documents) stay in the file."""


@dataclass(frozen=True)
class Held:
    """One instance of the archive: where it lies and what its header says."""

    path: Path
    header: Dataset

    @property
    def sop_instance_uid(self) -> str:
        """Its SOP Instance UID."""
        return str(self.header.SOPInstanceUID)


class Archive:
    """The instances in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / _SPOOL
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        shutil.rmtree(self.spool, ignore_errors=True)  # what was never acknowledged
        self.spool.mkdir(parents=True)
        for path in sorted(folder.glob("??/*.dcm")):
            try:
                held = Held(path, _header(path))
            except DicomError:
                continue  # damaged by hand; it isn't offered, and it isn't deleted either
            self._held[held.sop_instance_uid] = held

    def __len__(self) -> int:
        return len(self._held)

    def keep(self, spooled: Path) -> bool:
        """Take a file in; False when its SOP Instance UID was there already.

        Raises
        ------
        DicomError
            The file is no DICOM file, or lacks one of the UIDs.
        """
        header = _header(spooled)
        name = hashlib.sha256(str(header.SOPInstanceUID).encode()).hexdigest()[:32]
        path = self.folder / name[:2] / f"{name}.dcm"
        with self._lock:
            if str(header.SOPInstanceUID) in self._held:
                return False
            path.parent.mkdir(exist_ok=True)
            with spooled.open("rb") as file:
                os.fsync(file.fileno())
            shutil.move(spooled, path)
            self._held[str(header.SOPInstanceUID)] = Held(path, header)
        return True

    def forget(self, SOPInstanceUID: str) -> None:
        """Let go of an instance, so that it can come anew."""
        with self._lock:
            held = self._held.pop(SOPInstanceUID, None)
        if held is not None:
            held.path.unlink(missing_ok=True)

    def as_of(self, seconds: float) -> Archive:
        """The same archive as a query saw it so many seconds ago."""
        seen = copy.copy(self)
        latest = time.time() - seconds
        with self._lock:
            seen._held = {
                uid: held for uid, held in self._held.items() if held.path.stat().st_mtime <= latest
            }
        return seen

    def instances(self) -> list[Held]:
        """All instances, in the order they came."""
        with self._lock:
            return list(self._held.values())

    def instance(self, SOPInstanceUID: str) -> Held | None:
        """One instance, if it is held."""
        with self._lock:
            return self._held.get(SOPInstanceUID)

    def studies(self) -> Iterator[list[Held]]:
        """Instances grouped by study."""
        groups: dict[str, list[Held]] = {}
        for held in self.instances():
            groups.setdefault(str(held.header.StudyInstanceUID), []).append(held)
        yield from groups.values()


def _header(path: Path) -> Dataset:
    """The header of a file, without anything long."""
    try:
        header = pydicom.dcmread(path, defer_size=_LARGEST_IN_MEMORY, stop_before_pixels=True)
    except (OSError, InvalidDicomError, EOFError, ValueError) as error:
        raise DicomError("The file isn't a DICOM file.") from error
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if not header.get(keyword):
            raise DicomError(f"The file has no {keyword}.", what_to_do="Send a complete object.")
    return header
