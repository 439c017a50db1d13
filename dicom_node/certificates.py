"""Making keys, certificate requests and test certificates, and judging those in use (X.509, RFC 5280)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dicom_node.certificate_facts import check_times, fingerprint, name_of, read_certificates
from dicom_node.tls import TlsFiles, client_context, server_context, web_server_context
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import SiteConfig

WARN_DAYS: Final = 30
"""So long before its end a certificate is found fault with."""


def make_request(folder: Path, names: Sequence[str], organization: str = "") -> tuple[Path, Path]:
    """Make a private key and a request for its certificate, to be given to the hospital's authority.

    Parameters
    ----------
    names : sequence of str
        Host names and addresses under which peers reach this node; the first is also the common name.

    Returns
    -------
    key, request : Path
        PEM files ``node.key`` (mode 0600) and ``node.csr`` in `folder`.

    Raises
    ------
    ConfigError
        There is a key already, or no name.
    """
    key = _new_key(folder, names)
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(names[0], organization))
        .add_extension(_alternative(names), critical=False)
        .add_extension(_both_ways(), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _write(folder, key, "node.csr", request.public_bytes(Encoding.PEM))


def make_self_signed(
    folder: Path, names: Sequence[str], organization: str = "", *, days: int = 365
) -> tuple[Path, Path]:
    """Make a private key and a certificate signed by itself, which peers must be told to trust; for tests.

    Returns
    -------
    key, certificate : Path
        PEM files ``node.key`` (mode 0600) and ``node.crt`` in `folder`.

    Raises
    ------
    ConfigError
        As :func:`make_request`.
    """
    key = _new_key(folder, names)
    subject = _subject(names[0], organization)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(_alternative(names), critical=False)
        .add_extension(_both_ways(), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _write(folder, key, "node.crt", certificate.public_bytes(Encoding.PEM))


def judged(config: MachineConfig, home: Path, site: SiteConfig) -> str:
    """A sentence about the certificates in use.

    Raises
    ------
    ConfigError
        One can't be used, has expired, or will within 30 days.
    """
    files, web = TlsFiles.of(config, home), TlsFiles.of_web(config, home)
    wanted = [peer for peer in site.peers if peer.tls]
    if not (config.tls_port or wanted or files.certificate or files.trusted or web.certificate):
        return "no TLS"
    if config.tls_port:
        server_context(config, home)
    if web.certificate:
        web_server_context(config, home)
    for peer in wanted:
        client_context(files, peer)
    said = []
    for path, what in {
        files.certificate: "this node's certificate",
        files.trusted: "what is trusted,",
        web.certificate: "the STOW-RS server's certificate",
        web.trusted: "what the STOW-RS server trusts,",
    }.items():
        if path is None:
            continue
        found = read_certificates(path, what)
        check_times(found, what.removesuffix(",").capitalize())
        first = min(found, key=lambda one: one.not_valid_after_utc)
        left = (first.not_valid_after_utc - datetime.now(UTC)).days
        if left < WARN_DAYS:
            raise ConfigError(
                f"{name_of(first)} ({path.name}) expires in {left} days, on {first.not_valid_after_utc:%Y-%m-%d}.",
                what_to_do="Have a new one made: llmcxr tls request.",
            )
        said.append(f"{path.name} until {first.not_valid_after_utc:%Y-%m-%d}")
    return ", ".join(said) or f"{len(wanted)} peers by TLS"


def described(config: MachineConfig, home: Path) -> list[dict[str, str]]:
    """What each certificate in use is: for the table that peers' administrators ask for."""
    files = TlsFiles.of(config, home)
    rows = []
    for path, what in ((files.certificate, "ours"), (files.trusted, "trusted")):
        for one in read_certificates(path, f"The {what} certificate") if path is not None else ():
            rows.append(
                {
                    "use": what,
                    "name": name_of(one),
                    "issuer": one.issuer.rfc4514_string(),
                    "until": f"{one.not_valid_after_utc:%Y-%m-%d}",
                    "sha256": fingerprint(one.public_bytes(Encoding.DER)),
                }
            )
    return rows


def _new_key(folder: Path, names: Sequence[str]) -> ec.EllipticCurvePrivateKey:
    if not names or not all(names):
        raise ConfigError(
            "A certificate needs a name.", what_to_do="Give --name with this machine's host name."
        )
    if (folder / "node.key").exists():
        raise ConfigError(
            f"There is a private key at {folder / 'node.key'} already.",
            what_to_do="Name another folder: --out.",
        )
    return ec.generate_private_key(ec.SECP256R1())


def _subject(name: str, organization: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]))
    return x509.Name(attributes)


def _alternative(names: Sequence[str]) -> x509.SubjectAlternativeName:
    made: list[x509.GeneralName] = []
    for name in names:
        try:
            made.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            made.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(made)


def _both_ways() -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


def _write(folder: Path, key: ec.EllipticCurvePrivateKey, name: str, pem: bytes) -> tuple[Path, Path]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_file = folder / "node.key"
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / name).write_bytes(pem)
    return key_file, folder / name
