"""QIDO-RS as its user (PS3.18 10.6), in the shape of :mod:`dicom_node.scu`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from dicom_node.association import LocalEntity
from dicom_node.scu import Keys
from dicom_node.web import answers
from dicom_node.web.http import WebConnection
from dicom_node.web.resources import JSON_TYPES, LARGEST_TEXT, failure, printable, search
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer

TAKEN: Final[dict[int, str]] = {200: "matches, in DICOM JSON", 204: "no match"}
"""Statuses of an answer that is used; any other is a failure (PS3.18 table 10.6.3-1)."""
PAGE: Final = 500
MOST_MATCHES: Final = 20_000
_UNIQUE: Final = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
    NotImplementedError,
    BytesLengthException,
)


def echo(local: LocalEntity, peer: Peer) -> float:
    """Ask for one study (QIDO-RS) and return the seconds until the answer was there.

    Raises
    ------
    DicomError
        The peer can't be reached, refused, or doesn't speak QIDO-RS.
    """
    started = time.monotonic()
    with WebConnection(local, peer) as connection:
        matches(connection, "/studies", [("limit", "1")])
    return time.monotonic() - started


class Finding:
    """A connection on which a peer is asked, one question after the other, in the shape of :class:`scu.Finding`."""

    def __init__(self, connection: WebConnection) -> None:
        self._connection = connection

    def ask(self, level: str, keys: Keys, limit: int | None = None) -> list[Dataset]:
        """Which studies, series or instances match; as :meth:`dicom_node.scu.Finding.ask`.

        Raises
        ------
        DicomError
            The peer can't be reached, refused, or its answer isn't DICOM JSON; or the level is PATIENT, which QIDO-RS
            hasn't got.
        """
        path, query = search(level, keys)
        found: dict[str, Dataset] = {}
        while True:
            page = PAGE if limit is None else min(PAGE, limit - len(found))
            paged = [*query, ("limit", str(page)), *([("offset", str(len(found)))] if found else [])]
            known = len(found)
            for match in matches(self._connection, path, paged):
                found.setdefault(_identity(match, len(found)), match)
            if len(found) > MOST_MATCHES:
                raise DicomError(
                    f"{self._connection.who} has more than {MOST_MATCHES} matches.",
                    what_to_do="Ask for fewer.",
                )
            # A server that knows no offset repeats its first page.
            if len(found) < known + page or (limit is not None and len(found) >= limit):
                return list(found.values())[:limit]


@contextmanager
def open_finding(local: LocalEntity, peer: Peer) -> Iterator[Finding]:
    """A connection for questions, opened by the first one."""
    with WebConnection(local, peer) as connection:
        yield Finding(connection)


def matches(connection: WebConnection, path: str, query: Iterable[tuple[str, str]]) -> list[Dataset]:
    """Return the data sets that an answer in DICOM JSON holds: a list, or one by itself.

    Raises
    ------
    DicomError
        The peer refused, or its answer isn't DICOM JSON.
    """
    reply = connection.request("GET", path, query=query, headers={"Accept": answers.JSON})
    if reply.status not in TAKEN:
        raise failure(connection, reply, "QIDO-RS")
    if reply.status == 204:
        reply.read(0)
        return []
    if reply.media_type not in JSON_TYPES:
        raise DicomError(
            f"{connection.who} answered QIDO-RS with {printable(reply.media_type)}, not with DICOM JSON.",
            what_to_do="Check its base URL.",
        )
    data = reply.read(LARGEST_TEXT)
    try:
        items: Any = json.loads(data) if data else []
        items = [items] if isinstance(items, dict) and items else items
        if not isinstance(items, list) or len(items) > MOST_MATCHES:
            raise ValueError("no list")
        return [Dataset.from_json(item, lambda *_: None) for item in items]
    except _UNREADABLE as error:
        raise DicomError(
            f"{connection.who} answered QIDO-RS with something that isn't DICOM JSON."
        ) from error


def _identity(match: Dataset, number: int) -> str:
    """What tells a match from others: the UID of its own level, the lowest it has."""
    return next((str(match[keyword].value) for keyword in _UNIQUE if match.get(keyword)), f"#{number}")
