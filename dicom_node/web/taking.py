"""Take the instances of one request in: each part to a spool file as it comes, then to the reception.

The verdict of each is the one that C-STORE would have got; what was taken stays, whatever becomes of the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dicom_node import sop_classes, statuses
from dicom_node.examine import announced_kind
from dicom_node.reception import Incoming, Reception
from dicom_node.spool import NO_ROOM, SpooledFile, failure
from dicom_node.store_command import Verdict
from dicom_node.web.answers import Stored
from dicom_node.web.exchange import Refusal
from dicom_node.web.related import DICOM, BrokenMultipart, Mark, PartBegins, Related
from llmcxr_ws.errors import StoreError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.objects import ObjectStore

_LOG = logger(__name__)
_WRITTEN_AT_ONCE: Final = 1 << 20
_LEAST_BYTES: Final = 132
"""Preamble and prefix of every DICOM file (PS3.10 7.1); less is nothing that quarantine could show."""
SYNTAXES: Final = frozenset((*sop_classes.UNCOMPRESSED, *sop_classes.COMPRESSED))
CLASSES: Final = frozenset(sop_classes.STORAGE_CLASSES)


@dataclass
class _Open:
    """The part that is arriving; of one whose file couldn't be made (`failed`) nothing is kept."""

    file: SpooledFile | None = None
    waiting: bytearray = field(default_factory=bytearray)
    failed: bool = False


class Taking:
    """The instances of one request.

    Parameters
    ----------
    study : str
        The study that the request's path names; empty where it names none.
    classes : frozenset of str, optional
        The SOP classes that the peer may send; None: all that are supported.
    """

    def __init__(
        self,
        reception: Reception,
        spool: Path,
        *,
        peer: str,
        study: str,
        max_instance_bytes: int,
        classes: frozenset[str] | None = None,
    ) -> None:
        self.results: list[Stored] = []
        self._reception = reception
        self._spool = spool
        self._peer = peer
        self._study = study
        self._most = max_instance_bytes
        self._classes = CLASSES if classes is None else CLASSES & classes
        self._open: _Open | None = None

    async def take(self, chunks: AsyncIterator[bytes], boundary: bytes) -> list[Stored]:
        """Take all of them and return what became of each.

        Raises
        ------
        Refusal
            400 for a body that isn't multipart as its header says, 415 for a part that is no DICOM file.
        """
        related = Related(boundary)
        try:
            async for chunk in chunks:
                for event in related.feed(chunk):
                    if isinstance(event, PartBegins):
                        self._begin(event)
                    elif event is Mark.PART_ENDS:
                        await self._end()
                    elif isinstance(event, bytes):
                        await self._write(event)
        except BrokenMultipart as error:
            raise Refusal(400, error.sentence) from error
        finally:
            self._drop()
        if not related.ended:
            raise Refusal(400, "The body ends before its closing boundary.")
        if not self.results:
            raise Refusal(400, "The body has no parts.")
        return self.results

    def _begin(self, part: PartBegins) -> None:
        if part.media_type != DICOM:
            raise Refusal(
                415, f"Only {DICOM} parts are taken, not metadata with bulk data. Send whole DICOM files."
            )
        self._open = _Open()

    async def _write(self, data: bytes) -> None:
        part = self._open
        if part is None:
            return
        part.waiting += data
        if len(part.waiting) >= _WRITTEN_AT_ONCE:
            await asyncio.to_thread(self._put_down, part)

    def _put_down(self, part: _Open) -> None:
        """Write what waits; the file is made when it is first needed."""
        waiting, part.waiting = part.waiting, bytearray()
        if part.file is None and not part.failed:
            try:
                path = self._spool / ObjectStore.spool_name()
                part.file = self._reception.spool(path, self._most, self._judge)
            except OSError as error:
                part.failed = True
                failure(error)
        if part.file is not None:
            part.file.write(memoryview(waiting))

    async def _end(self) -> None:
        part, self._open = self._open, None
        if part is not None:
            # Whoever cancels this waits until the file has its place or is gone.
            self.results.append(await asyncio.shield(asyncio.to_thread(self._finish, part)))

    def _finish(self, part: _Open) -> Stored:
        size = len(part.waiting)
        is_nothing = part.file is None and not part.failed and size < _LEAST_BYTES
        if not is_nothing:
            self._put_down(part)
        if part.file is None:
            refused = Verdict(statuses.CANNOT_UNDERSTAND) if is_nothing else NO_ROOM
            status = self._reception.refuse(self._peer, refused, size).status
            return Stored(SOPClassUID="", SOPInstanceUID="", status=status)
        try:
            status = part.file.finish().status
        finally:
            part.file.discard()
        sop_class, instance, _ = announced_kind(bytes(part.file.head))
        return Stored(SOPClassUID=sop_class, SOPInstanceUID=instance, status=status)

    def _judge(self, spooled: SpooledFile) -> Verdict:
        """What becomes of one that is there whole, or was refused while it came."""
        if spooled.refusal is not None:
            _LOG.warning("refused", peer=self._peer, reason=statuses.explain(spooled.refusal.status))
            return self._reception.refuse(self._peer, spooled.refusal, spooled.size)
        sop_class, instance, syntax = announced_kind(spooled.path)
        refused = 0
        if sop_class and sop_class not in self._classes:
            refused = statuses.SOP_CLASS_NOT_SUPPORTED
        elif syntax and syntax not in SYNTAXES:
            refused = statuses.SYNTAX_NOT_SUPPORTED
        if refused:
            spooled.path.unlink(missing_ok=True)
            _LOG.warning(
                "refused", peer=self._peer, reason=statuses.explain(refused), instance=mask(instance)
            )
            return self._reception.refuse(self._peer, Verdict(refused, outcome="not_supported"), spooled.size)
        incoming = Incoming(
            path=spooled.path,
            AffectedSOPClassUID=sop_class,
            AffectedSOPInstanceUID=instance,
            peer=self._peer,
            StudyInstanceUID=self._study,
            pending=spooled.pending,
        )
        try:
            return self._reception.receive(incoming)
        except StoreError as error:
            _LOG.error("not stored", peer=self._peer, reason=error.message, instance=mask(instance))
            return self._reception.refuse(self._peer, Verdict(statuses.PROCESSING_FAILURE), spooled.size)

    def _drop(self) -> None:
        """Leave nothing of a part that didn't end."""
        part, self._open = self._open, None
        if part is not None and part.file is not None:
            part.file.discard()
