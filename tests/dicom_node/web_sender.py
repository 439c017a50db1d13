"""Requests to a STOW-RS server as tests want them, also those that no well-behaved library would send."""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any

from dicom_node.web.server import WebServer
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace

TOKEN = "0123456789abcdef-sender"
BOUNDARY = "a-boundary"
TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
SITE = """
[[peer]]
name = "sender"
ae_title = "SENDER"
host = "127.0.0.1"
port = 1
web_token_key = "sender"

[[peer]]
name = "mute"
ae_title = "MUTE"
host = "127.0.0.1"
port = 1
sends = false
web_token_key = "mute"

[[peer]]
name = "certified"
ae_title = "CERTIFIED"
host = "127.0.0.1"
port = 1
web_client = "scanner.test"
"""


def write_key(home: Path, name: str, text: str | bytes) -> Path:
    """A file in the home's folder of keys, readable by its owner only."""
    folder = home / "keys"
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def with_peers(workplace: Workplace, site: str = SITE) -> None:
    """Put a site document in force, and the tokens that it names in their place."""
    import_site(workplace.db, site, user="test")
    write_key(workplace.home, "sender", TOKEN)
    write_key(workplace.home, "mute", TOKEN + "-mute")


@contextmanager
def serving(workplace: Workplace, **settings: Any) -> Iterator[WebServer]:
    """A STOW-RS server on a free port."""
    workplace.config = workplace.config.model_copy(update=settings)
    server = WebServer(workplace)
    server.start(port=0)
    try:
        yield server
    finally:
        server.stop()


def body_of(*parts: bytes, media_type: str = "application/dicom", boundary: str = BOUNDARY) -> bytes:
    """A multipart/related body."""
    head = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode()
    return b"".join(head + part for part in parts).lstrip() + f"\r\n--{boundary}--\r\n".encode()


def post(
    port: int,
    body: object,
    *,
    path: str = "/dicom-web/studies",
    method: str = "POST",
    token: str = TOKEN,
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> tuple[HTTPResponse, bytes]:
    """Send one request; give its answer with its body. An iterable body is sent in chunks."""
    connection = (
        HTTPSConnection("localhost", port, timeout=20, context=tls)
        if tls is not None
        else HTTPConnection("127.0.0.1", port, timeout=20)
    )
    sent = {"Content-Type": TYPE, "Accept": "application/dicom+json", **(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, path, body=body, headers=sent)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def uids(text: bytes, tag: str) -> list[str]:
    """The SOP instances in one of the sequences of an answer in JSON."""
    return [item["00081155"]["Value"][0] for item in json.loads(text).get(tag, {}).get("Value", [])]


def reasons(text: bytes, tag: str = "00081198") -> list[int]:
    """The failure reasons in one of them."""
    return [item["00081197"]["Value"][0] for item in json.loads(text).get(tag, {}).get("Value", [])]


def raw_head(length: int | str = "chunked", *extra: str) -> bytes:
    """The head of a request, to be followed by whatever."""
    lines = [
        "POST /dicom-web/studies HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {TOKEN}",
        f"Content-Type: {TYPE}",
        f"Content-Length: {length}" if isinstance(length, int) else "Transfer-Encoding: chunked",
        *extra,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def said(connection: socket.socket, timeout_s: float = 15.0) -> tuple[bytes, float]:
    """All that comes until the connection ends, and how long that took; fails when it doesn't end."""
    started = time.monotonic()
    connection.settimeout(timeout_s)
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data, time.monotonic() - started


def random_bytes(count: int) -> Sequence[int]:
    """Bytes that mean nothing."""
    return os.urandom(count)
