"""Syslog over TLS (RFC 5424, RFC 5425), as PS3.15 A.6 wants audit messages sent.

RFC 5425 has no acknowledgement. What comes nearest: each batch has a connection of its own, which we end with
close_notify and hold until the server has ended its side; then it has read everything. The standard library's TLS is
enough for it; its SysLogHandler has neither TLS nor this framing.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from llmcxr_ws.errors import ConfigError, DicomError

DEFAULT_PORT: Final = 6514
"""Registered for syslog over TLS."""
_PRIORITY: Final = 10 * 8 + 5  # facility authpriv, severity notice
_APPLICATION: Final = "llmcxr"
_MESSAGE_ID: Final = "DICOM+RFC3881"
_RESET_S: Final = 0.5
"""A reset takes one round trip; longer ones are rare in a hospital."""
_BOM: Final = "\ufeff".encode()


def frame(message: bytes, *, process: str, at: datetime | None = None) -> bytes:
    """One message with its header (RFC 5424 6) and its length before it (RFC 5425 4.3)."""
    when = (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    header = f"<{_PRIORITY}>1 {when} {_host()} {_APPLICATION} {process} {_MESSAGE_ID} - "
    body = header.encode("ascii", "replace") + _BOM + message
    return str(len(body)).encode() + b" " + body


def context(ca: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """TLS 1.2 or newer, the server's certificate and name checked (PS3.15 B.12).

    Parameters
    ----------
    ca : str
        File of the authorities that are trusted; empty: the system's.
    certificate, key : str
        Files of our own certificate and its key, where the server asks for one.

    Raises
    ------
    ConfigError
        A file can't be used.
    """
    try:
        made = ssl.create_default_context(cafile=ca or None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate:
            made.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificates of the audit syslog can't be used: {getattr(error, 'strerror', None) or error}.",
            what_to_do="Check audit_syslog_ca, audit_syslog_certificate and audit_syslog_key.",
        ) from error
    return made


def address_of(text: str) -> tuple[str, int]:
    """Read ``HOST`` or ``HOST:PORT``.

    Raises
    ------
    ConfigError
        The text has another form.
    """
    host, colon, port = text.rpartition(":")
    if not colon or (host.count(":") and not host.endswith("]")):
        host, port = text, str(DEFAULT_PORT)
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError(f"audit_syslog = '{text}' was refused.", what_to_do="Write HOST or HOST:PORT.")
    return host.strip("[]"), int(port)


def send(address: tuple[str, int], tls: ssl.SSLContext, frames: Sequence[bytes], *, timeout_s: float) -> None:
    """Send frames and wait until the server has read them all.

    Raises
    ------
    DicomError
        It can't be reached, isn't trusted, or ended the connection before it had read everything.
    """
    host, port = address
    try:
        with (
            socket.create_connection(address, timeout=timeout_s) as plain,
            tls.wrap_socket(plain, server_hostname=host) as secured,
        ):
            for one in frames:
                secured.sendall(one)
            _wait_for_end(secured)
    except ssl.SSLCertVerificationError as error:
        raise DicomError(
            f"The audit syslog server {host}:{port} isn't trusted: {error.verify_message}.",
            what_to_do="Name its authority in audit_syslog_ca, and its host as its certificate does.",
        ) from error
    except OSError as error:
        reason = (
            "the connection ended early" if isinstance(error, ssl.SSLError) else error.strerror or "no answer"
        )
        raise DicomError(
            f"The audit syslog server {host}:{port} didn't take the messages: {reason}.",
            what_to_do="They wait and are sent again.",
        ) from error


def _wait_for_end(secured: ssl.SSLSocket) -> None:
    """Say close_notify and wait for the server's end.

    Some servers (rsyslog) close without a close_notify of their own. One that closed before it had read everything,
    such as one that refuses our certificate, is told apart by the reset that our bytes then meet.
    """
    try:
        secured.unwrap()
    except ssl.SSLEOFError:
        time.sleep(_RESET_S)
        error = secured.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error)) from None


def _host() -> str:
    return socket.gethostname() or "-"
