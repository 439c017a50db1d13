"""A certificate authority for tests: certificates that are good, expired, not yet valid, or of somebody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LONG = (-1.0, 90.0)


class Pair(NamedTuple):
    """Files of a private key and of its certificate."""

    key: Path
    certificate: Path


class Authority:
    """Signs certificates with RSA keys, which every peer's software can use; its own is ``certificate``."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = rsa.generate_private_key(65537, 2048)
        self._name = _common(name)
        self.certificate = folder / "ca.pem"
        builder = self._builder(self._name, self._key.public_key(), _LONG)
        self._write(builder.add_extension(_usage(ca=True), critical=True), self.certificate, ca=True)

    def issue(
        self, name: str, *, days: tuple[float, float] = _LONG, alternatives: Sequence[str] | None = None
    ) -> Pair:
        """A key and a certificate for it, valid between two days from now; files ``<name>.key`` and ``.pem``.

        `alternatives` are the names and addresses it is for; without them its own name and this machine.
        """
        key = rsa.generate_private_key(65537, 2048)
        builder = self._builder(_common(name), key.public_key(), days)
        own = (name, "localhost", "127.0.0.1")
        names = [_general(one) for one in (own if alternatives is None else alternatives)]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        pair = Pair(self.folder / f"{name}.key", self.folder / f"{name}.pem")
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        pair.key.chmod(0o600)
        self._write(builder.add_extension(_usage(ca=False), critical=True), pair.certificate, ca=False)
        return pair

    def _builder(
        self, subject: x509.Name, public: rsa.RSAPublicKey, days: tuple[float, float]
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )

    def _write(self, builder: x509.CertificateBuilder, path: Path, *, ca: bool) -> None:
        made = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        path.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))


def _common(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=not ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
