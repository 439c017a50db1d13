"""What certificates say: their fingerprints, names and times, and where they are read from (X.509, RFC 5280)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmcxr_ws.errors import ConfigError

# Loaded where it is needed: the listener has no use for it without TLS.
if TYPE_CHECKING:
    from cryptography import x509


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate (DER), in hexadecimal with colons, as OpenSSL prints it."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def is_certificate(certificate: bytes, wanted: str) -> bool:
    """Whether a certificate (DER) has this fingerprint, however that is written."""
    return hmac.compare_digest(_bare(fingerprint(certificate)), _bare(wanted))


def bears_name(certificate: bytes, name: str) -> bool:
    """Whether a certificate (DER) is for this host name or address.

    In its alternative names; where it has none of these kinds, as its common name (RFC 6125 6.4.4).
    """
    from cryptography import x509

    found = x509.load_der_x509_certificate(certificate)
    names: list[str] = []
    with suppress(x509.ExtensionNotFound):
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [
            *alternative.get_values_for_type(x509.DNSName),
            *map(str, alternative.get_values_for_type(x509.IPAddress)),
        ]
    if not names:
        names = [
            str(attribute.value)
            for attribute in found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        ]
    return name.lower() in (one.lower() for one in names)


def read_certificates(path: Path, what: str) -> list[x509.Certificate]:
    """The certificates of a PEM file, or of a folder's .pem and .crt files.

    Raises
    ------
    ConfigError
        It can't be read, or holds none.
    """
    from cryptography import x509

    try:
        files = (
            sorted(file for file in path.iterdir() if file.suffix in (".pem", ".crt"))
            if path.is_dir()
            else [path]
        )
        found = [one for file in files for one in x509.load_pem_x509_certificates(file.read_bytes())]
    except OSError as error:
        raise ConfigError(
            f"{what} {path} can't be read: {error.strerror}.",
            what_to_do="Check the path, its owner and mode.",
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{what} {path} isn't a certificate in PEM.", what_to_do="Convert it: openssl x509 -inform der."
        ) from error
    if not found:
        raise ConfigError(f"{what} {path} holds no certificate.", what_to_do="Put one there.")
    return found


def check_times(certificates: Iterable[x509.Certificate], what: str) -> None:
    """Refuse a certificate that isn't valid now.

    Raises
    ------
    ConfigError
        Says which, and since or from when.
    """
    now = datetime.now(UTC)
    for one in certificates:
        if one.not_valid_after_utc < now:
            raise ConfigError(
                f"{what} ({name_of(one)}) expired on {one.not_valid_after_utc:%Y-%m-%d}.",
                what_to_do="Have a new one made: llmcxr tls request.",
            )
        if one.not_valid_before_utc > now:
            raise ConfigError(
                f"{what} ({name_of(one)}) is valid only from {one.not_valid_before_utc:%Y-%m-%d}.",
                what_to_do="Check this machine's clock.",
            )


def name_of(certificate: x509.Certificate) -> str:
    """A certificate's common name, or its whole subject."""
    from cryptography import x509

    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value) if common else certificate.subject.rfc4514_string()


def _bare(text: str) -> str:
    return text.replace(":", "").lower()
