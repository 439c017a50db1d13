"""The DICOM services as their user: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET and storage commitment.

Each call opens one association, does its work and releases it. What is sent when, and how often it is tried again, is
the courier's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pydicom.config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
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
from dicom_node.storing import Outcome, StoreResult, look_at, open_storing, send_all
from llmcxr_ws.errors import DicomError, UserFacingError

__all__ = [
    "Finding",
    "Outcome",
    "RetrieveResult",
    "StoreResult",
    "echo",
    "find",
    "get",
    "move",
    "open_finding",
    "request_commitment",
    "store",
]

_FIND: Final = {"patient": sop_classes.PATIENT_ROOT_FIND, "study": sop_classes.STUDY_ROOT_FIND}
_MOVE: Final = {"patient": sop_classes.PATIENT_ROOT_MOVE, "study": sop_classes.STUDY_ROOT_MOVE}
_GET: Final = {"patient": sop_classes.PATIENT_ROOT_GET, "study": sop_classes.STUDY_ROOT_GET}
MOST_MATCHES: Final = 10_000
"""Matches of one C-FIND that are taken; what asks for more is a mistake or an attack."""
_MOST_AFTER_CANCEL: Final = 1000
_CANCEL_S: Final = 10.0
_QUERY_SYNTAXES: Final = (sop_classes.EXPLICIT_LITTLE, sop_classes.IMPLICIT_LITTLE)

Keys = Mapping[str, str | Sequence[str]]
"""Keyword of each key attribute and what it must match; an empty value asks for the attribute."""


@dataclass(frozen=True, kw_only=True)
class RetrieveResult:
    """Counts of sub-operations after a C-MOVE or C-GET, with the final status and what wasn't sent (0008,0058)."""

    status: int
    completed: int
    failed: int
    warning: int
    failed_uids: tuple[str, ...] = ()


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
    files = [look_at(path) for path in paths]
    with open_storing(local, peer, [file.kind for file in files]) as storing:
        return send_all(files, storing.send, on_status)


class Finding:
    """An association on which a peer is asked by C-FIND, one question after the other."""

    def __init__(self, association: PeerAssociation, sop_class: str) -> None:
        self._association = association
        self._sop_class = sop_class

    def ask(self, level: str, keys: Keys, limit: int | None = None) -> list[Dataset]:
        """What matches; as :func:`find`."""
        return self.ask_with(_identifier(level, keys), limit)

    def ask_with(self, identifier: Dataset, limit: int | None = None) -> list[Dataset]:
        """What matches an identifier.

        Raises
        ------
        DicomError
            The peer ended the query with a failure, doesn't stop answering, or answers what can't be read.
        """
        peer, raw = self._association.peer, self._association.raw
        most = MOST_MATCHES if limit is None else limit
        matches: list[Dataset] = []
        after, cancelled_at = 0, 0.0
        for status, match in raw.send_c_find(identifier, self._sop_class):
            code = _status_of(status, peer, "C-FIND")
            if code not in statuses.PENDING:
                if code not in (statuses.SUCCESS, statuses.CANCEL):
                    _require_success(status, peer, "C-FIND")
                break
            if match is None:
                raise DicomError(f"Peer {describe(peer)} sent a C-FIND answer that can't be read.")
            if cancelled_at:
                after += 1
                if after > _MOST_AFTER_CANCEL or time.monotonic() - cancelled_at > _CANCEL_S:
                    self._association.drop()
                    break
                continue
            matches.append(match)
            if len(matches) == most:
                raw.send_c_cancel(1, query_model=self._sop_class)
                cancelled_at = time.monotonic()
        if limit is None and cancelled_at and after:
            raise DicomError(
                f"Peer {describe(peer)} answers with more than {MOST_MATCHES} matches.",
                what_to_do="Ask for less: a patient, a date, a modality.",
            )
        return matches


@contextmanager
def open_finding(local: LocalEntity, peer: PeerAddress, model: str = "study") -> Iterator[Finding]:
    """Open an association for questions to a peer.

    Raises
    ------
    DicomError
        The peer can't be reached, or refused.
    """
    with open_association(local, peer, [(_FIND[model], _QUERY_SYNTAXES)]) as association:
        yield Finding(association, _FIND[model])


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
        Cancel after so many matches. A peer that goes on in spite of it is left.

    Raises
    ------
    DicomError
        The peer can't be reached, refused, ended the query with a failure, or has more than 10,000 matches.
    """
    with open_finding(local, peer, model) as finding:
        return finding.ask(level, keys, limit)


def find_identifier(
    local: LocalEntity,
    peer: PeerAddress,
    sop_class: str,
    identifier: Dataset,
    *,
    limit: int | None = None,
) -> list[Dataset]:
    """As :func:`find`, with an identifier that is made already; for a worklist too (PS3.4 annex K)."""
    with open_association(local, peer, [(sop_class, _QUERY_SYNTAXES)]) as association:
        return Finding(association, sop_class).ask_with(identifier, limit)


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
        try:
            return _last_response(responses, peer, "C-MOVE")
        except DicomError as error:
            # Not every peer says so by A801H: Orthanc answers C000H to a destination that it doesn't know.
            raise DicomError(
                error.message, what_to_do=f"See that it knows the AE title {destination}, its host and port."
            ) from error


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
    OSError, UserFacingError
        What the sink raised; the peer was told that it failed.
    """

    failures: list[Exception] = []  # the library would be silent about them

    def receive(event: Any) -> int:
        path: Path | None = event.dataset_path
        if path is None:
            return statuses.CANNOT_UNDERSTAND
        event.request._dataset_file.close()
        try:
            return sink(path)
        except OSError as error:  # mostly: no space
            failures.append(error)
            return statuses.OUT_OF_RESOURCES
        except UserFacingError as error:
            failures.append(error)
            return statuses.PROCESSING_FAILURE
        finally:
            path.unlink(missing_ok=True)

    contexts = [(_GET[model], _QUERY_SYNTAXES), *_receive_contexts(classes)]
    with open_association(
        local, peer, contexts, provider_of=classes, handlers=[(evt.EVT_C_STORE, receive)]
    ) as association:
        responses = association.raw.send_c_get(_identifier(level, keys), _GET[model])
        try:
            result = _last_response(responses, peer, "C-GET")
        except DicomError:
            if not failures:
                raise
    if failures:
        raise failures[0]
    return result


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
    status, identifier = Dataset(), None
    for answer in responses:
        status, identifier = answer
    code = _status_of(status, peer, service)
    result = RetrieveResult(
        status=code,
        completed=int(status.get("NumberOfCompletedSuboperations", 0)),
        failed=int(status.get("NumberOfFailedSuboperations", 0)),
        warning=int(status.get("NumberOfWarningSuboperations", 0)),
        failed_uids=_failed_uids(identifier),
    )
    if not statuses.is_success(code):
        _require_success(status, peer, service)
    return result


def _failed_uids(identifier: Dataset | None) -> tuple[str, ...]:
    found = identifier.get("FailedSOPInstanceUIDList") if identifier is not None else None
    if not found:
        return ()
    return (found,) if isinstance(found, str) else tuple(str(uid) for uid in found)


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
