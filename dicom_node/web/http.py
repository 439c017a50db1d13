"""HTTP to one peer's DICOMweb services: one connection, no redirect followed, no proxy asked, everything bounded.

Python's own http.client does, as for FHIR: it streams both ways and decides nothing by itself. dicomweb-client was
looked at: it decodes and encodes every data set, so that bytes don't stay what they were, holds answers in memory
without a limit, and follows redirects.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from dicom_node.association import LocalEntity
from dicom_node.tls import web_client_context
from dicom_node.tokens import token
from dicom_node.web.related import parse_media_type
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.secret_files import KEYS_FOLDER
from llmcxr_ws.site import Peer

SLOWEST: Final = 10_000
"""Bytes a second that a peer must send or take on average, once its patience is used up."""
_CHUNK: Final = 1 << 16


class NoAnswer(DicomError):
    """A request was on its way and no answer came: what became of it isn't known."""


class Reply:
    """A peer's answer whose body is still to be read."""

    def __init__(self, raw: HTTPResponse, watch: _Watch, who: str) -> None:
        self._raw = raw
        self._watch = watch
        self._who = who
        self.status = raw.status
        self.media_type, self.parameters = parse_media_type(raw.headers.get("Content-Type", ""))

    def header(self, name: str) -> str:
        """A header's value."""
        return str(self._raw.headers.get(name, ""))

    def chunks(self, most: int) -> Iterator[bytes]:
        """Yield the body.

        Raises
        ------
        NoAnswer
            It breaks off or comes too slowly.
        DicomError
            It is larger than `most`, or compressed.
        """
        if self.header("Content-Encoding").lower() not in ("", "identity"):
            raise DicomError(f"{self._who} answered with a compressed body, which wasn't asked for.")
        got = 0
        while True:
            try:
                data = self._raw.read1(_CHUNK)
            except (OSError, HTTPException) as error:
                raise NoAnswer(f"{self._who} broke its answer off.") from error
            if not data:
                break
            got += len(data)
            if got > most:
                raise DicomError(f"{self._who} answered with more than {most // 1_000_000} MB.")
            self._watch.moved(len(data))
            yield data
        if self._watch.cut or self._raw.length:  # http.client takes an early end of read1 without a word
            raise NoAnswer(f"{self._who} broke its answer off.")
        self._raw.close()  # read1 doesn't say by itself that the connection is free for the next request

    def read(self, most: int) -> bytes:
        """The whole body; raises as :meth:`chunks`."""
        return b"".join(self.chunks(most))


class WebConnection:
    """A connection to a peer, opened at its first request and kept for the next; use it in a ``with`` block."""

    def __init__(self, local: LocalEntity, peer: Peer) -> None:
        self._peer = peer
        self._timeouts = local.timeouts
        parts = urlsplit(peer.dicomweb)
        self._base = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
        self._headers = {"User-Agent": "LLMCXR", **_authorization(local, peer)}
        self._watch: _Watch | None = None
        host = parts.hostname or ""
        self._raw: HTTPConnection = (
            HTTPSConnection(host, parts.port, timeout=local.timeouts.connect_s, context=_context(local, peer))
            if parts.scheme == "https"
            else HTTPConnection(host, parts.port, timeout=local.timeouts.connect_s)
        )

    def __enter__(self) -> WebConnection:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def who(self) -> str:
        """The peer in words."""
        return f"Peer {self._peer.name} ({self._peer.dicomweb})"

    def connect(self) -> None:
        """Open the connection, unless it stands.

        Raises
        ------
        DicomError
            The peer can't be reached, or isn't trusted.
        """
        if self._raw.sock is None:
            self._open()

    def _open(self) -> None:
        try:
            self._raw.connect()
        except ssl.SSLCertVerificationError as error:
            raise DicomError(
                f"{self.who} was refused: its certificate isn't trusted ({error.verify_message}).",
                what_to_do="Give its authorities as web_ca, and the host name that stands in the certificate.",
            ) from error
        except ssl.SSLError as error:
            reason = (error.reason or "no TLS").lower().replace("_", " ")
            raise DicomError(
                f"{self.who} can't be reached by TLS: {reason}.",
                what_to_do="Check scheme, port and TLS version.",
            ) from error
        except OSError as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or "no answer"
            raise DicomError(
                f"{self.who} can't be reached: {reason[0].lower()}{reason[1:]}.",
                what_to_do="Check that it runs, its host and port, and the firewall between.",
            ) from error
        self._raw.sock.settimeout(self._timeouts.silence_s)
        self._raw.auto_open = 0  # a lost connection is noticed, not silently opened again

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._watch is not None:
            self._watch.end()
            self._watch = None
        self._raw.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Iterable[tuple[str, str]] = (),
        bare_query: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes] | None = None,
        length: int = 0,
    ) -> Reply:
        """Send a request and return its answer, whose body must be read before the next one.

        Parameters
        ----------
        path : str
            Behind the base URL, such as ``/studies``.
        bare_query : sequence of str
            Values without a name, as UPS-RS has its transaction UID.
        body : iterable of bytes, optional
            Sent as it comes; `length` bytes in all.

        Raises
        ------
        NoAnswer
            The request had begun and no answer came.
        DicomError
            The peer can't be reached, or sends elsewhere.
        """
        self.connect()
        if self._watch is not None:
            self._watch.end()
        # RFC 3986 3.4: a space isn't "+" here, and what needs no escaping stays, for Orthanc's QIDO-RS undoes none.
        named = urlencode(list(query), safe="!$()*,:@/", quote_via=quote)
        asked = "&".join([*filter(None, [named]), *map(quote, bare_query)])
        target = self._base + quote(path, safe="/") + (f"?{asked}" if asked else "")
        sent = {**self._headers, **(headers or {})}
        if body is not None:
            sent["Content-Length"] = str(length)
        self._watch = watch = _Watch(self._raw.sock, self._timeouts.response_s)
        try:
            reply = Reply(self._exchange(method, target, sent, body, watch), watch, self.who)
        except (OSError, HTTPException) as error:
            reason = "in time" if watch.cut or isinstance(error, TimeoutError) else "in HTTP"
            self.close()
            raise NoAnswer(f"{self.who} didn't answer {reason}.") from error
        if 300 <= reply.status < 400:
            self.close()
            raise DicomError(
                f"{self.who} answered {reply.status}: it sends to another address, which isn't followed.",
                what_to_do="Give the address itself as dicomweb.",
            )
        return reply

    def _exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Iterable[bytes] | None,
        watch: _Watch,
    ) -> HTTPResponse:
        watched = None if body is None else watch.over(body)
        try:
            self._raw.request(method, target, body=watched, headers=dict(headers))
        except (BrokenPipeError, ConnectionResetError):
            if body is None:
                raise
            # It may have refused before all was sent, and then its answer waits.
        found = self._raw.getresponse()
        if watch.cut:  # an end within the headers counts as their end for http.client
            raise TimeoutError
        return found


class _Watch:
    """Cuts a connection whose other side is too slow: a timeout of the socket alone begins anew with each byte."""

    def __init__(self, connection: socket.socket, patience_s: float) -> None:
        self.cut = False
        self._connection = connection
        self._deadline = time.monotonic() + patience_s
        self._done = threading.Event()
        threading.Thread(target=self._wait, name="web deadline", daemon=True).start()

    def moved(self, count: int) -> None:
        """So many bytes went over: the deadline moves by what they may take at the slowest."""
        self._deadline += count / SLOWEST

    def over(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The body, each piece of which counts as moved."""
        for data in body:
            yield data
            self.moved(len(data))

    def end(self) -> None:
        """Watch no longer."""
        self._done.set()

    def _wait(self) -> None:
        while not self._done.wait(max(self._deadline - time.monotonic(), 0.0)):
            if time.monotonic() >= self._deadline:
                self.cut = True
                with suppress(OSError):
                    # Not SSLSocket's own, which would take the TLS object from under the thread that reads.
                    socket.socket.shutdown(self._connection, socket.SHUT_RDWR)
                return


def _authorization(local: LocalEntity, peer: Peer) -> dict[str, str]:
    if not (peer.token_env or peer.token_key):
        return {}
    if local.home is None:
        raise ConfigError(f"Peer '{peer.name}' needs a token, and no home is known to look for it.")
    return {"Authorization": f"Bearer {token(peer, local.home, what='Peer')}"}


def _context(local: LocalEntity, peer: Peer) -> ssl.SSLContext:
    if not peer.web_ca:
        return web_client_context(local.tls, None)
    if local.home is None:
        raise ConfigError(f"Peer '{peer.name}' names authorities, and no home is known to look for them.")
    return web_client_context(local.tls, local.home / KEYS_FOLDER / peer.web_ca)
