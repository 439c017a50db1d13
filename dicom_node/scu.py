"""The DICOM services as their user: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET and storage commitment.

Each call opens one association, does its work and releases it. What is sent when, and how often it is tried again, is
the courier's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pynetdicom import evt

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
from dicom_node.commitment import CommitmentReport, Reference, action_information, read_report
from llmcxr_ws.errors import DicomError

_FIND: Final = {"patient": sop_classes.PATIENT_ROOT_FIND, "study": sop_classes.STUDY_ROOT_FIND}
_MOVE: Final = {"patient": sop_classes.PATIENT_ROOT_MOVE, "study": sop_classes.STUDY_ROOT_MOVE}
_GET: Final = {"patient": sop_classes.PATIENT_ROOT_GET, "study": sop_classes.STUDY_ROOT_GET}
_QUERY_SYNTAXES: Final = (sop_classes.EXPLICIT_LITTLE, sop_classes.IMPLICIT_LITTLE)

Keys = Mapping[str, str | Sequence[str]]
"""Keyword of each key attribute and what it must match; an empty value asks for the attribute."""


class Outcome(StrEnum):
    """What became of one C-STORE."""

    STORED = "stored"  # success or warning status
    REFUSED = "refused"  # failure status, or no presentation context for it
    UNKNOWN = "unknown"  # sent, and no answer came: it may or may not be there
    NOT_SENT = "not_sent"  # the association ended before its turn


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
class RetrieveResult:
    """Counts of sub-operations after a C-MOVE or C-GET, with the final status."""

    status: int
    completed: int
    failed: int
    warning: int


def echo(local: LocalEntity, peer: PeerAddress) -> float:
    """Ask the peer to answer (C-ECHO, PS3.4 annex A) and return the seconds it took, association included.

    Raises
    ------
    DicomError
        The peer can't be reached, refused, or didn't answer with success.
    """
    started = time.monotonic()
    with open_association(local, peer, [(sop_classes.VERIFICATION, _QUERY_SYNTAXES)]) as association:
        status = association.raw.send_c_echo()
        _require_success(status, peer, "C-ECHO")
    return time.monotonic() - started


def store(
    local: LocalEntity,
    peer: PeerAddress,
    paths: Sequence[Path],
    on_status: Callable[[StoreResult], None] | None = None,
) -> list[StoreResult]:
    """Send files on one association, each in the transfer syntax it is stored in (C-STORE, PS3.4 annex B).

    An uncompressed file is re-encoded as Implicit VR Little Endian when the peer takes nothing else. Sending a file
    again is safe: the SOP Instance UID is the same.

    Parameters
    ----------
    paths : sequence of Path
        DICOM files (PS3.10).
    on_status : callable, optional
        Called after each file.

    Raises
    ------
    DicomError
        There is no association, or a file isn't one that can be sent. Refused or lost files don't raise.
    """
    kinds = {path: _kind_of(path) for path in paths}
    results: list[StoreResult] = []
    with open_association(local, peer, _store_contexts(kinds.values())) as association:
        for number, path in enumerate(paths):
            result = _store_one(association, path, *kinds[path], message_id=number % 65535 + 1)
            results.append(result)
            if on_status is not None:
                on_status(result)
    return results


def find(
    local: LocalEntity,
    peer: PeerAddress,
    level: str,
    keys: Keys,
    *,
    model: str = "study",
    limit: int | None = None,
) -> list[Dataset]:
    """Ask which patients, studies, series or instances match (C-FIND, PS3.4 C.4.1).

    Parameters
    ----------
    level : str
        ``PATIENT``, ``STUDY``, ``SERIES`` or ``IMAGE``.
    model : str
        ``study`` or ``patient`` root.
    limit : int, optional
        Cancel after so many matches.

    Raises
    ------
    DicomError
        The peer can't be reached, refused, or ended the query with a failure.
    """
    return find_identifier(local, peer, _FIND[model], _identifier(level, keys), limit=limit)


def find_identifier(
    local: LocalEntity,
    peer: PeerAddress,
    sop_class: str,
    identifier: Dataset,
    *,
    limit: int | None = None,
) -> list[Dataset]:
    """As :func:`find`, with an identifier that is made already; for a worklist too (PS3.4 annex K)."""
    matches: list[Dataset] = []
    with open_association(local, peer, [(sop_class, _QUERY_SYNTAXES)]) as association:
        for status, match in association.raw.send_c_find(identifier, sop_class):
            code = _status_of(status, peer, "C-FIND")
            if code in statuses.PENDING:
                if match is None:
                    raise DicomError(f"Peer {describe(peer)} sent a C-FIND answer that can't be read.")
                matches.append(match)
                if limit is not None and len(matches) == limit:
                    association.raw.send_c_cancel(1, query_model=sop_class)
            elif code not in (statuses.SUCCESS, statuses.CANCEL):
                _require_success(status, peer, "C-FIND")
    return matches if limit is None else matches[:limit]


def move(
    local: LocalEntity, peer: PeerAddress, level: str, keys: Keys, destination: str, *, model: str = "study"
) -> RetrieveResult:
    """Have the peer send what matches to the AE title `destination` (C-MOVE, PS3.4 C.4.2).

    Raises
    ------
    DicomError
        The peer can't be reached, refused, doesn't know the destination, or sent nothing of what it should.
    """
    with open_association(local, peer, [(_MOVE[model], _QUERY_SYNTAXES)]) as association:
        responses = association.raw.send_c_move(_identifier(level, keys), destination, _MOVE[model])
        return _last_response(responses, peer, "C-MOVE")


def get(
    local: LocalEntity,
    peer: PeerAddress,
    level: str,
    keys: Keys,
    sink: Callable[[Path], int],
    *,
    model: str = "study",
    classes: Sequence[str] = sop_classes.STORAGE_CLASSES,
) -> RetrieveResult:
    """Have the peer send what matches on this same association (C-GET, PS3.4 C.4.3).

    Parameters
    ----------
    sink : callable
        Gets a temporary DICOM file, takes it away or reads it, and returns the C-STORE status to answer with.
    classes : sequence of str
        SOP classes we are ready to receive.

    Raises
    ------
    DicomError
        As :func:`move`.
    """

    def receive(event: Any) -> int:
        path: Path | None = event.dataset_path
        if path is None:
            return statuses.CANNOT_UNDERSTAND
        event.request._dataset_file.close()
        try:
            return sink(path)
        finally:
            path.unlink(missing_ok=True)

    contexts = [(_GET[model], _QUERY_SYNTAXES), *_receive_contexts(classes)]
    with open_association(
        local, peer, contexts, provider_of=classes, handlers=[(evt.EVT_C_STORE, receive)]
    ) as association:
        responses = association.raw.send_c_get(_identifier(level, keys), _GET[model])
        return _last_response(responses, peer, "C-GET")


def request_commitment(
    local: LocalEntity,
    peer: PeerAddress,
    transaction_uid: str,
    references: Sequence[Reference],
    *,
    on_report: Callable[[CommitmentReport], None] | None = None,
    wait_s: float = 0.0,
) -> None:
    """Ask the peer to take responsibility for stored instances (N-ACTION, PS3.4 annex J).

    The result comes as an N-EVENT-REPORT, mostly on a new association to our listener; a peer that answers on this
    one is heard for `wait_s` seconds.

    Raises
    ------
    DicomError
        The peer can't be reached, has no storage commitment, or refused the request.
    """
    reported: list[CommitmentReport] = []

    def receive(event: Any) -> tuple[int, None]:
        report = read_report(event.event_information)
        reported.append(report)
        if on_report is not None:
            on_report(report)
        return statuses.SUCCESS, None

    contexts = [(sop_classes.STORAGE_COMMITMENT, _QUERY_SYNTAXES)]
    with open_association(local, peer, contexts, handlers=[(evt.EVT_N_EVENT_REPORT, receive)]) as association:
        status, _ = association.raw.send_n_action(
            action_information(transaction_uid, references),
            1,
            sop_classes.STORAGE_COMMITMENT,
            sop_classes.STORAGE_COMMITMENT_INSTANCE,
        )
        _require_success(status, peer, "N-ACTION (storage commitment)")
        deadline = time.monotonic() + wait_s
        while not reported and association.alive and time.monotonic() < deadline:
            time.sleep(0.02)


def _store_one(
    association: PeerAssociation, path: Path, sop_class: str, transfer_syntax: str, *, message_id: int
) -> StoreResult:
    if not association.alive:
        return StoreResult(
            path=path, outcome=Outcome.NOT_SENT, sentence="The association ended before its turn."
        )
    peer = association.peer
    what: Path | Dataset
    if association.accepts(sop_class, transfer_syntax):
        what = path
    elif transfer_syntax in sop_classes.UNCOMPRESSED and association.accepts(
        sop_class, sop_classes.IMPLICIT_LITTLE
    ):
        what = pydicom.dcmread(path)
    else:
        name = pydicom.uid.UID(sop_class).name
        return StoreResult(
            path=path,
            outcome=Outcome.REFUSED,
            sentence=f"Peer {describe(peer)} doesn't take {name} in {pydicom.uid.UID(transfer_syntax).name}.",
        )
    try:
        answer = association.raw.send_c_store(what, msg_id=message_id)
    except RuntimeError:  # the association ended between our look and the call
        return StoreResult(
            path=path, outcome=Outcome.NOT_SENT, sentence="The association ended before its turn."
        )
    if "Status" not in answer:
        return StoreResult(
            path=path,
            outcome=Outcome.UNKNOWN,
            sentence=f"Peer {describe(peer)} gave no answer to C-STORE; whether it has the object isn't known.",
        )
    status = int(answer.Status)
    if statuses.is_success(status):
        return StoreResult(path=path, outcome=Outcome.STORED, status=status)
    reason = statuses.explain(status, str(answer.get("ErrorComment", "")))
    return StoreResult(
        path=path,
        outcome=Outcome.REFUSED,
        status=status,
        sentence=f"Peer {describe(peer)} refused the object: {reason}.",
    )


def _kind_of(path: Path) -> tuple[str, str]:
    """SOP class and transfer syntax of a file."""
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
        return str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)
    except (OSError, InvalidDicomError, AttributeError) as error:
        raise DicomError(
            f"{path.name} can't be sent: it is not a DICOM file with file meta information.",
            what_to_do="Check that the file exists and is complete.",
        ) from error


def _store_contexts(kinds: Iterable[tuple[str, str]]) -> list[Context]:
    """One context for each class and syntax, and the default syntax for those that can be re-encoded."""
    wanted: dict[tuple[str, str], None] = {}
    for sop_class, transfer_syntax in kinds:
        wanted[(sop_class, transfer_syntax)] = None
        if transfer_syntax in sop_classes.UNCOMPRESSED:
            wanted[(sop_class, sop_classes.IMPLICIT_LITTLE)] = None
    if not wanted:
        raise DicomError("There is nothing to send.")
    if len(wanted) > MAX_CONTEXTS:
        raise DicomError(
            f"The files are of {len(wanted)} kinds and transfer syntaxes; an association carries {MAX_CONTEXTS}.",
            what_to_do="Send them in several parts.",
        )
    return [(sop_class, (transfer_syntax,)) for sop_class, transfer_syntax in wanted]


def _receive_contexts(classes: Sequence[str]) -> list[Context]:
    """Contexts for what a C-GET may bring: uncompressed for all, compressed for the images that fit in."""
    contexts: list[Context] = [(sop_class, _QUERY_SYNTAXES) for sop_class in classes]
    for sop_class in classes:
        if sop_class in sop_classes.IMAGE_CLASSES[:4]:
            contexts += [(sop_class, (syntax,)) for syntax in sop_classes.COMPRESSED]
    return contexts[: MAX_CONTEXTS - 1]


def _identifier(level: str, keys: Keys) -> Dataset:
    """The identifier of a query, in UTF-8 where its values need more than ASCII."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level.upper()
    for keyword, value in keys.items():
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise DicomError(
                f"'{keyword}' isn't the keyword of a DICOM attribute.", what_to_do="Check its spelling."
            )
        # Wild cards and ranges aren't values of their VR; they must not be judged as such.
        content = value if isinstance(value, str) else list(value)
        identifier[tag] = DataElement(tag, dictionary_VR(tag), content, validation_mode=pydicom.config.IGNORE)
    if not all(
        text.isascii() for value in keys.values() for text in ([value] if isinstance(value, str) else value)
    ):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    return identifier


def _last_response(
    responses: Iterator[tuple[Dataset, Dataset | None]], peer: PeerAddress, service: str
) -> RetrieveResult:
    status = Dataset()
    for answer, _ in responses:
        status = answer
    code = _status_of(status, peer, service)
    result = RetrieveResult(
        status=code,
        completed=int(status.get("NumberOfCompletedSuboperations", 0)),
        failed=int(status.get("NumberOfFailedSuboperations", 0)),
        warning=int(status.get("NumberOfWarningSuboperations", 0)),
    )
    if not statuses.is_success(code):
        _require_success(status, peer, service)
    return result


def _status_of(status: Dataset, peer: PeerAddress, service: str) -> int:
    if "Status" not in status:
        raise DicomError(
            f"Peer {describe(peer)} gave no answer to {service}, or broke the association off.",
            what_to_do="Try again; if it stays so, look at the peer's log.",
        )
    return int(status.Status)


def _require_success(status: Dataset, peer: PeerAddress, service: str) -> None:
    code = _status_of(status, peer, service)
    if not statuses.is_success(code):
        comment = str(status.get("ErrorComment", ""))
        raise DicomError(f"Peer {describe(peer)} answered {service} with {statuses.explain(code, comment)}.")
