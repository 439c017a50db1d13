"""A certificate authority for tests: certificates that are good, expired, not yet valid, or of somebody else."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates with RSA keys, which every peer's software can use."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = rsa.generate_private_key(65537, 2048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = folder / "ca.pem"
        made = self._sign(self._name, self._key.public_key(), authority=True)
        self.certificate.write_bytes(made.public_bytes(Encoding.PEM))

    def issue(
        self, name: str, *, days: tuple[int, int] = (-1, 90), alternative: str = "127.0.0.1"
    ) -> tuple[Path, Path]:
        """A key and a certificate for it, valid between two days from now; files ``<name>.key`` and ``.pem``."""
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._sign(subject, key.public_key(), days=days, alternative=alternative)
        key_file, certificate = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        key_file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        key_file.chmod(0o600)
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        return key_file, certificate

    def _sign(
        self,
        subject: x509.Name,
        public: rsa.RSAPublicKey,
        *,
        days: tuple[int, int] = (-1, 90),
        alternative: str = "",
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if alternative:
            try:
                other: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(alternative))
            except ValueError:
                other = x509.DNSName(alternative)
            builder = builder.add_extension(x509.SubjectAlternativeName([other]), critical=False)
        return builder.sign(self._key, hashes.SHA256())
