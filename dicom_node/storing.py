"""Sending files to a peer on one association (C-STORE, PS3.4 annex B), one after the other.

What is sent when, and how often it is tried again, is the courier's business; how an object travels on the socket is
:mod:`dicom_node.store_link`'s.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.dsutils import encode, split_dataset

from dicom_node import sop_classes, statuses
from dicom_node.association import (
    MAX_CONTEXTS,
    Context,
    LocalEntity,
    PeerAddress,
    PeerAssociation,
    describe,
    open_association,
)
from dicom_node.store_link import LinkBroken, Readable, StoreLink, take_over
from llmcxr_ws.errors import DicomError

_RE_ENCODED: Final = (sop_classes.EXPLICIT_LITTLE, "1.2.840.10008.1.2.1.99")
"""What is turned into Implicit VR Little Endian for a peer that takes nothing else; big endian pixels would need
their bytes swapped."""


class Outcome(StrEnum):
    """What became of one C-STORE."""

    STORED = "stored"  # success or warning status
    REFUSED = "refused"  # failure status, or no presentation context for it
    UNKNOWN = "unknown"  # sent, and no answer came: it may or may not be there
    NOT_SENT = "not_sent"  # the association ended before its turn, or before all of it was sent


@dataclass(frozen=True, kw_only=True)
class StoreResult:
    """The outcome of one C-STORE, with the status (None where there is none) and a sentence."""

    path: Path
    outcome: Outcome
    status: int | None = None
    sentence: str = ""

    @property
    def retry(self) -> bool:
        """Whether sending the same bytes again may help."""
        if self.outcome is Outcome.REFUSED:
            return self.status is not None and statuses.is_transient(self.status)
        return self.outcome is not Outcome.STORED


@dataclass(frozen=True, kw_only=True)
class SendFile:
    """A DICOM file (PS3.10) as its file meta information describes it; `offset` is that of the data set, bytes."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    offset: int

    @property
    def kind(self) -> tuple[str, str]:
        """SOP class and transfer syntax."""
        return self.sop_class, self.transfer_syntax


def look_at(path: Path) -> SendFile:
    """Read what must be known of a file before it is sent.

    Raises
    ------
    DicomError
        It isn't there, or has no file meta information.
    """
    try:
        meta, offset = split_dataset(path)
        return SendFile(
            path=path,
            sop_class=str(meta.MediaStorageSOPClassUID),
            sop_instance=str(meta.MediaStorageSOPInstanceUID),
            transfer_syntax=str(meta.TransferSyntaxUID),
            offset=offset,
        )
    except (OSError, InvalidDicomError, AttributeError) as error:
        raise DicomError(
            f"{path.name} can't be sent: it is not a DICOM file with file meta information.",
            what_to_do="Check that the file exists and is complete.",
        ) from error


class Storing:
    """An association on which files are stored."""

    def __init__(self, association: PeerAssociation, link: StoreLink) -> None:
        self._association = association
        self._link = link
        self._sent = 0

    @property
    def alive(self) -> bool:
        """Whether more can be sent on it."""
        return self._link.alive

    def send(self, file: SendFile) -> StoreResult:
        """Send one file in the transfer syntax it is stored in and wait for the peer's answer; never raises for
        what the network or the peer does.

        An uncompressed file is re-encoded as Implicit VR Little Endian when the peer takes nothing else. Sending a
        file again is safe: the SOP Instance UID is the same.

        Raises
        ------
        DicomError
            The file can't be read any more.
        """
        peer = describe(self._association.peer)
        if not self._link.alive:
            return _not_sent(file, "The association ended before its turn.")
        context_id = self._association.context_of(*file.kind)
        try:
            if context_id is not None:
                with file.path.open("rb", buffering=0) as source:
                    size = source.seek(0, io.SEEK_END) - file.offset
                    source.seek(file.offset)
                    return self._store(file, context_id, source, size)
            context_id = self._association.context_of(file.sop_class, sop_classes.IMPLICIT_LITTLE)
            if context_id is not None and file.transfer_syntax in _RE_ENCODED:
                implicit = encode(pydicom.dcmread(file.path), True, True)
                if implicit is not None:
                    return self._store(file, context_id, _InMemory(implicit), len(implicit))
        except (OSError, InvalidDicomError) as error:
            raise DicomError(
                f"{file.path.name} can't be read any more.", what_to_do="Check that the file exists."
            ) from error
        names = f"{UID(file.sop_class).name} in {UID(file.transfer_syntax).name}"
        return StoreResult(
            path=file.path, outcome=Outcome.REFUSED, sentence=f"Peer {peer} doesn't take {names}."
        )

    def _store(self, file: SendFile, context_id: int, source: Readable, size: int) -> StoreResult:
        peer = describe(self._association.peer)
        message_id, self._sent = self._sent % 65535 + 1, self._sent + 1
        try:
            reply = self._link.store(message_id, context_id, file.sop_class, file.sop_instance, source, size)
        except LinkBroken as broken:
            if not broken.arrived:
                return _not_sent(
                    file, f"Peer {peer} didn't take the whole object: the association ended ({broken.why})."
                )
            return StoreResult(
                path=file.path,
                outcome=Outcome.UNKNOWN,
                sentence=f"Peer {peer} gave no answer to C-STORE ({broken.why}); whether it has the object isn't "
                "known.",
            )
        if statuses.is_success(reply.status):
            return StoreResult(path=file.path, outcome=Outcome.STORED, status=reply.status)
        return StoreResult(
            path=file.path,
            outcome=Outcome.REFUSED,
            status=reply.status,
            sentence=f"Peer {peer} refused the object: {statuses.explain(reply.status, reply.comment)}.",
        )


@contextmanager
def open_storing(
    local: LocalEntity, peer: PeerAddress, kinds: Iterable[tuple[str, str]]
) -> Iterator[Storing]:
    """Open an association for files of these SOP classes and transfer syntaxes.

    Raises
    ------
    DicomError
        The peer can't be reached, or refused; or these are more kinds than an association carries.
    """
    timeouts = local.timeouts
    with open_association(
        local, peer, store_contexts(kinds), handlers=[(evt.EVT_ESTABLISHED, take_over)]
    ) as association:
        link = StoreLink(
            association.raw,
            silence_s=timeouts.silence_s,
            response_s=timeouts.response_s,
            release_s=min(timeouts.negotiation_s, 5.0),
        )
        try:
            yield Storing(association, link)
        except BaseException:
            link.abort()
            raise
        link.release()


def store_contexts(kinds: Iterable[tuple[str, str]]) -> list[Context]:
    """One context for each class and syntax, and the default syntax for those that can be re-encoded.

    Raises
    ------
    DicomError
        There is none, or more than an association carries.
    """
    wanted: dict[tuple[str, str], None] = {}
    for sop_class, transfer_syntax in kinds:
        wanted[(sop_class, transfer_syntax)] = None
        if transfer_syntax in _RE_ENCODED:
            wanted[(sop_class, sop_classes.IMPLICIT_LITTLE)] = None
    if not wanted:
        raise DicomError("There is nothing to send.")
    if len(wanted) > MAX_CONTEXTS:
        raise DicomError(
            f"The files are of {len(wanted)} kinds and transfer syntaxes; an association carries {MAX_CONTEXTS}.",
            what_to_do="Send them in several parts.",
        )
    return [(sop_class, (transfer_syntax,)) for sop_class, transfer_syntax in wanted]


def send_all(
    files: Iterable[SendFile],
    send: Callable[[SendFile], StoreResult],
    on_status: Callable[[StoreResult], None] | None = None,
) -> list[StoreResult]:
    """Send one file after the other, by either way; `on_status` is called after each."""
    results: list[StoreResult] = []
    for file in files:
        results.append(send(file))
        if on_status is not None:
            on_status(results[-1])
    return results


def in_parts(files: Sequence[SendFile]) -> Iterator[list[SendFile]]:
    """Files in their order, in parts of which each fits one association."""
    part: list[SendFile] = []
    kinds: set[tuple[str, str]] = set()
    for file in files:
        if file.kind not in kinds and len(kinds) == MAX_CONTEXTS // 2:
            yield part
            part, kinds = [], set()
        part.append(file)
        kinds.add(file.kind)
    if part:
        yield part


class _InMemory(io.BytesIO):
    """A data set in memory, to be read like an unbuffered file."""

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        return super().readinto(buffer)


def _not_sent(file: SendFile, sentence: str) -> StoreResult:
    return StoreResult(path=file.path, outcome=Outcome.NOT_SENT, sentence=sentence)
