"""STOW-RS as origin server (PS3.18 10.5): the second way in, judged like C-STORE.

``POST /dicom-web/studies`` and ``/dicom-web/studies/{study}`` with whole DICOM files in multipart/related. Metadata
with bulk data, QIDO-RS and WADO-RS aren't served.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_node import statuses
from dicom_node.admission import allowed_classes
from dicom_node.pace import PeerLimits
from dicom_node.reception import Reception
from dicom_node.tally import Tally
from dicom_node.web.answers import JSON, XML, Stored, answer_dataset, as_json, as_xml
from dicom_node.web.exchange import (
    RETRY_AFTER_S,
    Answer,
    Disconnected,
    Exchange,
    Receive,
    Refusal,
    Scope,
    Send,
)
from dicom_node.web.related import DICOM, parse_media_type
from dicom_node.web.senders import sender_of
from dicom_node.web.taking import Taking
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer
from llmcxr_ws.workplace import Workplace

BASE: Final = "/dicom-web"
_LOG = logger(__name__)
_PATH: Final = re.compile(rf"{BASE}/studies(?:/([0-9.]{{1,64}}))?/?")
JSON_TOO: Final = frozenset({"*/*", "application/*", "application/json", JSON})
XML_TOO: Final = frozenset({"application/xml", "text/xml", XML})
_LONGEST_BOUNDARY: Final = 200
_DIGITS: Final = 18
GONE: Final = 499
"""Counted for a sender that went before it could be answered; nobody sees it."""
STATUSES: Final[dict[int, str]] = {
    200: "all instances are kept; each is named",
    202: "some are kept; the others are named with their failure reasons",
    409: "none is kept; each is named with its failure reason",
    400: "no boundary, another boundary, a broken header of a part, more parts than are taken, no parts, or an end "
    "before the closing boundary; what was whole before it is kept",
    401: "nothing is shown by which a configured peer is known: bearer token, user, client certificate",
    403: "the peer is known, and isn't let in: address, TLS, certificate, or it isn't configured to send",
    404: "another path",
    405: "another method",
    406: "no media type of the answer is accepted",
    408: "silence, or a rate below the least",
    413: "the request is larger than is taken",
    415: "metadata with bulk data, a compressed body, a single part without multipart, or a part that isn't "
    "application/dicom",
    500: "an error inside",
    503: "with Retry-After: no space, too many requests or connections, the peer has as many requests as it may, or "
    "the database can't be used",
}
"""Each status that a request is answered with, and when (PS3.18 table 10.5.3-1, RFC 9110)."""
CROWDED: Final = "llmcxr.crowded"
"""Key of the scope by which the server says that there are too many connections."""


@dataclass(frozen=True, kw_only=True)
class StowLimits:
    """What one server takes."""

    requests: int
    instance_bytes: int
    request_bytes: int
    silence_s: float
    least_rate: float


@dataclass(frozen=True)
class _Wanted:
    """What a request's line and headers ask for."""

    study: str
    boundary: bytes
    media_type: str


class StowApp:
    """An ASGI application (version 3)."""

    def __init__(
        self, workplace: Workplace, reception: Reception, spool: Path, limits: StowLimits, tally: Tally
    ) -> None:
        self._workplace = workplace
        self._reception = reception
        self._spool = spool
        self._limits = limits
        self._tally = tally
        self._peer_limits = PeerLimits()
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(
            scope, receive, send, silence_s=self._limits.silence_s, least_rate=self._limits.least_rate
        )
        try:
            answer = await self._answer(exchange)
        except Refusal as refusal:
            answer = refusal.answer
            _LOG.info("store not done", host=exchange.address, status=answer.status, reason=str(refusal))
            if refusal.why:
                self._tally.turned_away(exchange.title, exchange.address, refusal.why)
        except Disconnected:
            _LOG.info("sender gone before the end", host=exchange.address)
            self._tally.request(exchange.who, GONE)
            return
        except UserFacingError as error:
            _LOG.error("store failed", reason=error.message)
            answer = Refusal.later("The workstation can't store now.").answer
        except Exception as error:
            # A process boundary: the sender must get its answer. The message may quote the data set.
            where = [
                f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-4:]
            ]
            _LOG.error("store failed", error=type(error).__name__, where=where)
            answer = Answer(status=500, body=b"The workstation failed over this request.")
        self._tally.request(exchange.who, answer.status)
        await exchange.answer(answer)

    async def _answer(self, exchange: Exchange) -> Answer:
        if exchange.scope.get(CROWDED):
            _LOG.warning("refused: too many connections", host=exchange.address)
            raise Refusal.later("Too many connections. Send it again later.", why="too many connections")
        study = _resource(exchange)
        peer = await asyncio.to_thread(self._sender, exchange)
        wanted = _Wanted(study, _boundary(exchange), _acceptable(exchange.header("accept")))
        self._check_size(exchange)
        if await asyncio.to_thread(self._reception.is_short):
            raise Refusal.later("There is no space for it. Send it again later.")
        with self._admitted(peer):
            results = await self._take(exchange, peer, wanted)
        return _response(results, wanted.media_type)

    @contextmanager
    def _admitted(self, peer: Peer) -> Iterator[None]:
        """Count a request in, unless the server or its peer has as many as it may."""
        if self._at_work >= self._limits.requests:
            _LOG.warning("refused: too many requests at a time", peer=peer.name)
            raise Refusal.later(
                "Too many requests at a time. Send it again later.", why="too many requests at a time"
            )
        if not self._peer_limits.enter(peer):
            why = "the peer has as many as it may"
            _LOG.warning(f"refused: {why}", peer=peer.name)
            raise Refusal.later("You have as many requests at a time as you may.", why=why)
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._peer_limits.leave(peer.name)

    async def _take(self, exchange: Exchange, peer: Peer, wanted: _Wanted) -> list[Stored]:
        taking = Taking(
            self._reception,
            self._spool,
            peer=peer.name,
            study=wanted.study,
            max_instance_bytes=self._limits.instance_bytes,
            classes=allowed_classes(peer),
        )
        pace = self._peer_limits.pace_of(peer)
        body = exchange.body(self._limits.request_bytes, pace.delay if pace is not None else None)
        return await taking.take(body, wanted.boundary)

    def _sender(self, exchange: Exchange) -> Peer:
        return sender_of(exchange, self._workplace.site(), self._workplace.home)

    def _check_size(self, exchange: Exchange) -> None:
        announced = exchange.header("content-length")
        is_number = announced.isascii() and announced.isdigit()  # a "²" is a digit too, and no number
        if is_number and int(announced[:_DIGITS]) > self._limits.request_bytes:
            raise Refusal(
                413,
                f"The request has more than {self._limits.request_bytes // 1_000_000} MB.",
                why="request too large",
            )


def _resource(exchange: Exchange) -> str:
    """The study that the path names, empty for any."""
    found = _PATH.fullmatch(exchange.path)
    if found is None:
        raise Refusal(404, f"There is only {BASE}/studies, and {BASE}/studies/ with a Study Instance UID.")
    if exchange.method != "POST":
        raise Refusal(405, "Studies are stored here, not searched or fetched.", ("allow", "POST"))
    return found[1] or ""


def _boundary(exchange: Exchange) -> bytes:
    """The boundary of a body of DICOM files (PS3.18 10.5.1.1.2)."""
    kind, parameters = parse_media_type(exchange.header("content-type"))
    if exchange.header("content-encoding").lower() not in ("", "identity"):
        raise Refusal(415, "The body may not be compressed.")
    if kind != "multipart/related" or parameters.get("type", DICOM).lower() != DICOM:
        raise Refusal(
            415,
            f'Send whole DICOM files: Content-Type: multipart/related; type="{DICOM}". '
            "Metadata with bulk data isn't taken.",
        )
    boundary = parameters.get("boundary", "")
    if not boundary or len(boundary) > _LONGEST_BOUNDARY:
        raise Refusal(400, "The Content-Type names no boundary, or one that is too long.")
    return boundary.encode("latin-1", "replace")


def _acceptable(header: str) -> str:
    """The media type of the answer: the first of the Accept header that can be made, without regard to weights."""
    kinds = [parse_media_type(one)[0] for one in header.split(",") if one.strip()]
    for kind in kinds or ["*/*"]:
        if kind in JSON_TOO:
            return JSON
        if kind in XML_TOO:
            return XML
    raise Refusal(406, f"The answer can be {JSON} or {XML}.")


def _response(results: list[Stored], media_type: str) -> Answer:
    """200 for all, 202 for some, 409 for none (PS3.18 table 10.5.3-1); 503 where nothing but space was missing."""
    kept = sum(one.ok for one in results)
    headers: tuple[tuple[str, str], ...] = ()
    if kept == len(results):
        status = 200
    elif kept:
        status = 202
    elif all(one.status == statuses.OUT_OF_RESOURCES for one in results):
        status, headers = 503, (("retry-after", str(RETRY_AFTER_S)),)
    else:
        status = 409
    dataset = answer_dataset(results)
    body = as_xml(dataset) if media_type == XML else as_json(dataset)
    return Answer(status=status, body=body, media_type=media_type, headers=headers)
