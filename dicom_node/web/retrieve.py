"""WADO-RS as its user (PS3.18 10.4), in the shape of :func:`dicom_node.scu.get`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from dicom_node import sop_classes, statuses
from dicom_node.association import LocalEntity
from dicom_node.examine import announced_kind
from dicom_node.scu import Keys, RetrieveResult
from dicom_node.web.http import NoAnswer, Reply, WebConnection
from dicom_node.web.related import DICOM, BrokenMultipart, Mark, PartBegins, Related
from dicom_node.web.resources import failure, printable, resource
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer

ACCEPT: Final = f'multipart/related; type="{DICOM}"; transfer-syntax=*'
TAKEN: Final[dict[int, str]] = {
    200: "all that was asked for",
    206: "a part of it; something counts as failed",
}
"""Statuses of an answer that is used; any other is a failure (PS3.18 table 10.4.3-1)."""
_LARGEST_STUDY: Final = 8_000_000_000
_LARGEST_INSTANCE: Final = 1_000_000_000


def get(
    local: LocalEntity,
    peer: Peer,
    level: str,
    keys: Keys,
    sink: Callable[[Path], int],
    *,
    model: str = "study",
    classes: Sequence[str] = sop_classes.STORAGE_CLASSES,
) -> RetrieveResult:
    """Fetch what the keys name, as it is stored (WADO-RS); as :func:`dicom_node.scu.get`.

    Parameters
    ----------
    keys : mapping
        StudyInstanceUID, SeriesInstanceUID and SOPInstanceUID as far as the level needs them.

    Raises
    ------
    DicomError
        The peer can't be reached, doesn't hold it, or its answer isn't DICOM.
    """
    counts = _Counts()
    with (
        WebConnection(local, peer) as connection,
        tempfile.TemporaryDirectory(prefix="llmcxr-wado-") as folder,
    ):
        reply = connection.request("GET", resource(level, keys), headers={"Accept": ACCEPT})
        if reply.status not in TAKEN:
            raise failure(connection, reply, "WADO-RS")
        boundary = reply.parameters.get("boundary", "")
        if reply.media_type != "multipart/related" or not boundary:
            raise DicomError(
                f"{connection.who} answered WADO-RS with {printable(reply.media_type)}, not multipart/related."
            )
        try:
            for file in _files(reply, boundary, Path(folder)):
                counts.take(file, sink, classes)
        except BrokenMultipart as error:
            raise DicomError(f"{connection.who} answered WADO-RS with a broken body.") from error
    # 206: it says itself that something is missing (PS3.18 10.4.3).
    return counts.result(missing=reply.status == 206)


class _Counts:
    def __init__(self) -> None:
        self.completed = self.failed = 0

    def take(self, file: Path, sink: Callable[[Path], int], classes: Sequence[str]) -> None:
        """Hand a file on, and remove what is left of it."""
        try:
            taken = announced_kind(file)[0] in classes and statuses.is_success(sink(file))
        finally:
            file.unlink(missing_ok=True)
        self.completed += taken
        self.failed += not taken

    def result(self, *, missing: bool) -> RetrieveResult:
        """The counts in the shape of a C-GET's; at least one failure where something is missing."""
        failed = self.failed or int(missing)
        status = 0xB000 if failed else statuses.SUCCESS
        return RetrieveResult(status=status, completed=self.completed, failed=failed, warning=0)


def _files(reply: Reply, boundary: str, folder: Path) -> Iterator[Path]:
    """Write each part to a file and yield it when it is whole."""
    related = Related(boundary.encode("latin-1", "replace"))
    path, file, size = folder / "instance", None, 0
    try:
        for chunk in reply.chunks(_LARGEST_STUDY):
            for event in related.feed(chunk):
                if isinstance(event, PartBegins):
                    if event.media_type != DICOM:
                        raise DicomError(
                            f"The peer answered WADO-RS with a part of {printable(event.media_type)}."
                        )
                    file, size = path.open("wb"), 0
                elif file is not None and isinstance(event, bytes):
                    size += len(event)
                    if size > _LARGEST_INSTANCE:
                        raise DicomError(
                            f"The peer sent an instance of more than {_LARGEST_INSTANCE // 1_000_000} MB."
                        )
                    file.write(event)
                elif file is not None and event is Mark.PART_ENDS:
                    file.close()
                    file = None
                    yield path
    finally:
        if file is not None:
            file.close()
    if not related.ended:
        raise NoAnswer("The peer's answer to WADO-RS ends too early.")
