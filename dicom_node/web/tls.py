"""TLS as PS3.15 B.12 asks (BCP 195: RFC 8996, RFC 9325): 1.2 at least, forward secrecy, authenticated ciphers."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from llmcxr_ws.errors import ConfigError

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"
"""Those of TLS 1.2; the ones of 1.3 are all allowed."""


def server_context(certificate: str, key: str, client_ca: str = "") -> ssl.SSLContext:
    """What a server needs; with authorities for clients their certificates are asked for, and checked when shown.

    Raises
    ------
    ConfigError
        A file can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _tighten(context)
    try:
        context.load_cert_chain(certificate, key or None, password=_no_pass_phrase)
    except (OSError, ValueError) as error:  # of ssl.SSLError too, which is an OSError
        raise ConfigError(
            f"The certificate {certificate} with its key can't be used: {_reason(error)}.",
            what_to_do="Check web_certificate and web_key: PEM files that belong together, key without pass phrase.",
        ) from error
    if client_ca:
        _trust(context, Path(client_ca), "web_client_ca")
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(ca: Path | None = None) -> ssl.SSLContext:
    """What a client needs: the server's certificate is checked against the given authorities, or the system's.

    Raises
    ------
    ConfigError
        The file can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _tighten(context)
    if ca is None:
        context.load_default_certs()
    else:
        _trust(context, ca, "web_ca")
    return context


def certificate_names(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """The names in a checked certificate (as :meth:`ssl.SSLSocket.getpeercert` gives it), in lower case.

    DNS names of the Subject Alternative Name; where there are none, the common name (RFC 6125 6.4.4).
    """
    if not certificate:
        return frozenset()
    names = [str(value) for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    if not names:
        pairs = [pair for part in certificate.get("subject", ()) for pair in part]
        names = [str(value) for kind, value in pairs if kind == "commonName"]
    return frozenset(name.lower() for name in names)


def _tighten(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)


def _trust(context: ssl.SSLContext, path: Path, setting: str) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The authorities in {path.name} can't be used: {_reason(error)}.",
            what_to_do=f"Check {setting}: a PEM file with at least one certificate.",
        ) from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "not PEM"
    return str(reason).lower().replace("_", " ")


def _no_pass_phrase() -> bytes:
    """Answer OpenSSL, which would ask on the terminal and wait for ever."""
    return b""
