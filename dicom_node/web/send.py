"""STOW-RS as its user (PS3.18 10.5), in the shape of :mod:`dicom_node.storing`.

Each file has a request of its own: so each has a verdict of its own, also at servers that refuse a whole request for
one part of it. Sending a file again is safe: the SOP Instance UID is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dicom_node import statuses
from dicom_node.association import LocalEntity
from dicom_node.storing import Outcome, SendFile, StoreResult
from dicom_node.web import answers
from dicom_node.web.http import NoAnswer, Reply, WebConnection
from dicom_node.web.related import DICOM, body_tail, new_boundary, part_head
from dicom_node.web.resources import JSON_TYPES, LARGEST_TEXT
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer

_CHUNK: Final = 1 << 18
TAKEN: Final[dict[int, str]] = {
    200: "the instance is stored, if the answer names it so; else its outcome isn't known",
    202: "as 200, or refused with the reason given",
    409: "refused with the reason given",
    400: "as 409 where a reason is given",
}
"""Statuses of which the answer's own words count (PS3.18 table 10.5.3-1)."""
_DONE: Final = (200, 202)
KEPT_ALREADY: Final = frozenset({0x0111, 45070})
"""Failure reasons that say the instance is there: duplicate SOP instance (PS3.7 C.5.9), and Azure's own."""
PASSING: Final = frozenset({401, 403, 404, 408, 423, 425, 429})
"""Another try may end otherwise: a token that is renewed, a server that is set up, too many requests."""


class Storing:
    """A connection on which files are stored, in the shape of :class:`dicom_node.storing.Storing`."""

    def __init__(self, connection: WebConnection) -> None:
        self._connection = connection
        self.alive = True

    def send(self, file: SendFile) -> StoreResult:
        """Send one file with the bytes that it has; never raises for what the network or the peer does.

        Raises
        ------
        DicomError
            The file can't be read any more.
        """
        try:
            return _store_one(self._connection, file)
        except _Unreachable as error:
            self.alive = False
            return StoreResult(path=file.path, outcome=Outcome.NOT_SENT, sentence=error.sentence)


@contextmanager
def open_storing(local: LocalEntity, peer: Peer) -> Iterator[Storing]:
    """Open a connection for files.

    Raises
    ------
    DicomError
        The peer can't be reached.
    """
    with WebConnection(local, peer) as connection:
        connection.connect()
        yield Storing(connection)


class _Unreachable(DicomError):
    """Nothing of a file was sent: there is no connection, or the peer sends elsewhere."""


def _store_one(connection: WebConnection, file: SendFile) -> StoreResult:
    path = file.path
    boundary = new_boundary()
    head, tail = part_head(boundary), body_tail(boundary)
    headers = {
        "Content-Type": f'multipart/related; type="{DICOM}"; boundary={boundary}',
        "Accept": answers.JSON,
    }
    try:
        length = len(head) + path.stat().st_size + len(tail)
    except OSError as error:
        raise DicomError(
            f"{path.name} can't be read any more.", what_to_do="Check that the file exists."
        ) from error
    reply = None
    try:
        reply = connection.request(
            "POST", "/studies", headers=headers, body=_body(head, path, tail), length=length
        )
        data = reply.read(LARGEST_TEXT)
    except DicomError as error:
        connection.close()
        if reply is not None or isinstance(error, NoAnswer):
            sentence = f"{error.message} Whether it has the object isn't known."
            return StoreResult(path=path, outcome=Outcome.UNKNOWN, sentence=sentence)
        raise _Unreachable(error.message, what_to_do=error.what_to_do) from error
    return _judge(connection, path, file.sop_instance, reply, data)


def _judge(connection: WebConnection, path: Path, uid: str, reply: Reply, data: bytes) -> StoreResult:
    """What the answer says of this instance (PS3.18 10.5.3)."""
    who = connection.who
    said = _said(reply, data)
    if uid in said.stored and reply.status in _DONE:
        return StoreResult(path=path, outcome=Outcome.STORED, status=statuses.SUCCESS)
    reason = said.failed.get(uid, said.others[0] if said.others else None)
    if reason in KEPT_ALREADY:
        return StoreResult(
            path=path,
            outcome=Outcome.UNKNOWN,
            sentence=f"{who} says that it holds the object already; it is asked whether it does.",
        )
    if reason is not None and reply.status in TAKEN:
        return StoreResult(
            path=path,
            outcome=Outcome.REFUSED,
            status=reason,
            sentence=f"{who} refused the object: {statuses.explain(reason)}.",
        )
    if reply.status in _DONE:
        return StoreResult(
            path=path,
            outcome=Outcome.UNKNOWN,
            sentence=f"{who} answered {reply.status} and doesn't say what became of the object.",
        )
    passing = reply.status >= 500 or reply.status in PASSING
    return StoreResult(
        path=path,
        outcome=Outcome.NOT_SENT if passing else Outcome.REFUSED,
        sentence=f"{who} answered STOW-RS with {reply.status}.",
    )


def _said(reply: Reply, data: bytes) -> answers.StoreAnswer:
    if reply.media_type in JSON_TYPES:
        try:
            return answers.read_json(data)
        except DicomError:
            pass
    return answers.StoreAnswer()


def _body(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            yield data
    yield tail
