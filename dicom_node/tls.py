"""TLS of associations and of DICOMweb, in both directions (PS3.15 B.12: BCP 195 by RFC 8996 and RFC 9325).

TLS 1.3, and 1.2 with the profile's four cipher suites; nothing older, no renegotiation, no way down. A certificate is
always checked against what the machine trusts; a peer's settings say which name or which certificate it must be.
Settings become contexts here, and what is wrong with a file becomes a sentence; sockets are wrapped elsewhere.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dicom_node.certificate_facts import check_times, is_certificate, read_certificates
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.secret_files import others_may_read
from llmcxr_ws.site import Peer

SUITES_TLS_1_2: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""The profile's suites by OpenSSL's names (RFC 9325 4.2); those of TLS 1.3 are not to be chosen."""
_PINNED: Final = -1
_SETTINGS: Final = ("tls_certificate", "tls_private_key", "tls_trusted")
_WEB_SETTINGS: Final = ("web_certificate", "web_key", "web_client_ca")


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """Where this machine's certificate, its private key and what it trusts lie; None where not set."""

    certificate: Path | None = None
    private_key: Path | None = None
    trusted: Path | None = None

    @classmethod
    def of(cls, config: MachineConfig, home: Path) -> TlsFiles:
        """The files of associations; relative paths start in the home."""
        return cls._named(config, home, _SETTINGS)

    @classmethod
    def of_web(cls, config: MachineConfig, home: Path) -> TlsFiles:
        """The files of the STOW-RS server; the key may stand in the certificate's file."""
        found = cls._named(config, home, _WEB_SETTINGS)
        return replace(found, private_key=found.private_key or found.certificate)

    @classmethod
    def _named(cls, config: MachineConfig, home: Path, settings: tuple[str, str, str]) -> TlsFiles:
        paths = [home / getattr(config, name) if getattr(config, name) else None for name in settings]
        return cls(certificate=paths[0], private_key=paths[1], trusted=paths[2])


def server_context(config: MachineConfig, home: Path) -> ssl.SSLContext:
    """The context with which the listener lets peers in.

    A certificate that a peer shows is always checked; whether it must show one is the setting
    `tls_client_certificates`.

    Raises
    ------
    ConfigError
        A setting is missing, or a file can't be used.
    """
    files = TlsFiles.of(config, home)
    if files.certificate is None or files.private_key is None:
        raise _missing("tls_port", "tls_certificate and tls_private_key")
    if config.tls_client_certificates and files.trusted is None:
        raise _missing("tls_client_certificates", "tls_trusted")
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    _load_own(context, files.certificate, files.private_key)
    if files.trusted is not None:
        _load_trusted(context, files.trusted)
        context.verify_mode = ssl.CERT_REQUIRED if config.tls_client_certificates else ssl.CERT_OPTIONAL
    return context


def client_context(files: TlsFiles, peer: Peer) -> ssl.SSLContext:
    """The context with which we connect to a peer: its certificate must be trusted, and be its own.

    Raises
    ------
    ConfigError
        A setting is missing, or a file can't be used.
    """
    if files.trusted is None:
        raise _missing(f"Peer '{peer.name}' with tls = true", "tls_trusted")
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    _load_trusted(context, files.trusted)
    if files.certificate is not None and files.private_key is not None:
        _load_own(context, files.certificate, files.private_key)
    context.check_hostname = not peer.tls_fingerprint
    if peer.tls_fingerprint:
        context.sslsocket_class = _pinned_to(peer.tls_fingerprint)
    return context


def web_server_context(config: MachineConfig, home: Path) -> ssl.SSLContext:
    """The context with which the STOW-RS server lets peers in.

    A certificate that a sender shows is always checked; a token may stand in for one.

    Raises
    ------
    ConfigError
        A setting is missing, or a file can't be used.
    """
    files = TlsFiles.of_web(config, home)
    if files.certificate is None or files.private_key is None:
        raise _missing("The STOW-RS server's TLS", "web_certificate")
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    _load_own(context, files.certificate, files.private_key)
    if files.trusted is not None:
        _load_trusted(context, files.trusted)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def web_client_context(files: TlsFiles, authorities: Path | None) -> ssl.SSLContext:
    """The context with which we use a peer's DICOMweb services: its certificate must be trusted and bear its name.

    Parameters
    ----------
    files : TlsFiles
        What we show where a server asks for it.
    authorities : Path, optional
        Whose certificates are trusted; without it, those that the system trusts.

    Raises
    ------
    ConfigError
        A file can't be used.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    if authorities is None:
        context.load_default_certs()
    else:
        _load_trusted(context, authorities)
    if files.certificate is not None and files.private_key is not None:
        _load_own(context, files.certificate, files.private_key)
    return context


def expected_name(peer: Peer) -> str:
    """The name for which a peer's certificate is checked, and which it is told (SNI)."""
    return peer.tls_name or peer.host


def why_refused(error: BaseException) -> tuple[str, str] | None:
    """What a failed handshake means, and what to do; None where it wasn't TLS that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = str(getattr(error, "verify_message", "") or error.args[0])
        advice = {
            10: "Its administrator must renew it.",
            18: "Add its authority, or this certificate itself, to tls_trusted.",
            19: "Add its authority to tls_trusted.",
            20: "Add its authority to tls_trusted.",
            62: "Write the name that it bears as the peer's tls_name, or its tls_fingerprint.",
            64: "Write the name that it bears as the peer's tls_name, or its tls_fingerprint.",
            _PINNED: "Compare it with the peer's tls_fingerprint: openssl x509 -fingerprint -sha256.",
        }.get(getattr(error, "verify_code", _PINNED), "Look at it: openssl s_client.")
        return f"its certificate was refused: {reason}", advice
    if not isinstance(error, ssl.SSLError):
        return None
    said = (error.reason or str(error)).replace("_", " ").lower()
    if ("certificate" in said and "alert" in said) or "unknown ca" in said:
        return (
            f"it refused our certificate ({said})",
            "Give its administrator this node's certificate or authority: llmcxr tls show.",
        )
    if "wrong version number" in said or "unexpected eof" in said or "record layer failure" in said:
        return "it doesn't speak TLS on that port", "Check the port, and whether the peer has TLS at all."
    return f"TLS failed ({said})", "Ask its administrator which TLS versions and cipher suites it has."


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(SUITES_TLS_1_2))
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a single certificate can be trusted by itself
    return context


def _load_own(context: ssl.SSLContext, certificate: Path, private_key: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    own = read_certificates(certificate, "The certificate")
    check_times(own[:1], "This node's certificate")
    try:
        mode, pem = private_key.stat().st_mode, private_key.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The private key {private_key} can't be read: {error.strerror}.",
            what_to_do="Check the path, its owner and mode.",
        ) from error
    if others_may_read(mode):
        raise ConfigError(
            f"The private key {private_key} was refused: others may read it.", what_to_do="chmod 600 it."
        )
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"The private key {private_key} isn't one in PEM without a passphrase.",
            what_to_do="Convert it: openssl pkey -in OLD -out NEW.",
        ) from error
    if _public_bytes(key.public_key()) != _public_bytes(own[0].public_key()):
        raise ConfigError(
            f"The private key {private_key} doesn't belong to the certificate {certificate}.",
            what_to_do="Name the key that the certificate was asked for with.",
        )
    context.load_cert_chain(certificate, private_key)


def _load_trusted(context: ssl.SSLContext, path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    for one in read_certificates(path, "What is trusted,"):
        context.load_verify_locations(cadata=one.public_bytes(Encoding.DER))


def _public_bytes(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _pinned_to(wanted: str) -> type[ssl.SSLSocket]:
    """A socket class whose handshake ends well with one certificate only."""

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            if not is_certificate(self.getpeercert(binary_form=True) or b"", wanted):
                raise ssl.SSLCertVerificationError("it doesn't have the fingerprint")

    return PinnedSocket


def _missing(what: str, settings: str) -> ConfigError:
    return ConfigError(
        f"{what} needs {settings}, which isn't set.",
        what_to_do="Add it to llmcxr.toml; `llmcxr tls request` makes a key and a certificate request.",
    )


def handshake_fault(error: ssl.SSLError) -> str:
    """What went wrong in a handshake, in a few words; nothing where the other side merely went away."""
    if isinstance(
        error, (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    ):
        return ""
    said = getattr(error, "verify_message", "") or error.reason or "no TLS"
    return f"TLS: {said.replace('_', ' ').lower()}"
