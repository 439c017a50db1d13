"""Keys, passwords and signatures: pure functions on bytes, no database.

Each user has an Ed25519 key pair (RFC 8032). The private half is wrapped with ChaCha20-Poly1305 under a key that
argon2id (RFC 9106) makes of the password. A PIN only re-opens a key that this window has unlocked before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from llmcxr_ws.domain import Account
from llmcxr_ws.errors import AccessError

ROLES = ("reader", "resident", "admin", "researcher")
MIN_PASSWORD = 8
MIN_PIN = 4
PIN_TRIES = 3


@dataclass(frozen=True)
class NewKey:
    """A fresh key pair, its private half wrapped."""

    public_key: bytes
    wrapped_key: bytes
    salt: bytes


class UnlockedKey:
    """A private key in the memory of one process."""

    def __init__(self, user: str, role: str, private: Ed25519PrivateKey) -> None:
        self.user = user
        self.role = role
        self._private = private

    def sign(self, payload: str) -> bytes:
        """Sign the canonical text of a request; 64 bytes."""
        return self._private.sign(payload.encode())

    def seal(self, pin: str) -> SealedKey:
        """Close the key under a PIN while the window is locked.

        Raises
        ------
        AccessError
            The PIN is too short.
        """
        if len(pin) < MIN_PIN:
            raise AccessError(
                f"A PIN of {len(pin)} characters was refused.", what_to_do=f"Use at least {MIN_PIN}."
            )
        salt = os.urandom(16)
        return SealedKey(self.user, self.role, _wrap(_raw(self._private), pin, salt), salt)


class SealedKey:
    """A key that a PIN re-opens; after three wrong ones only the password does."""

    def __init__(self, user: str, role: str, wrapped: bytes, salt: bytes) -> None:
        self.user = user
        self.role = role
        self._wrapped: bytes | None = wrapped
        self._salt = salt
        self._tries = PIN_TRIES

    @property
    def is_used_up(self) -> bool:
        """Whether the PIN was wrong so often that only the password helps."""
        return self._wrapped is None

    def open(self, pin: str) -> UnlockedKey:
        """Give the key back.

        Raises
        ------
        AccessError
            The PIN is wrong, or was wrong too often.
        """
        if self._wrapped is None:
            raise _too_often()
        try:
            raw = _unwrap(self._wrapped, pin, self._salt)
        except InvalidTag as error:
            self._tries -= 1
            if self._tries == 0:
                self._wrapped = None
                raise _too_often() from error
            left = "1 try is left." if self._tries == 1 else f"{self._tries} tries are left."
            raise AccessError("The PIN is wrong.", what_to_do=left) from error
        return UnlockedKey(self.user, self.role, Ed25519PrivateKey.from_private_bytes(raw))


def _too_often() -> AccessError:
    return AccessError("The PIN was wrong too often.", what_to_do="Use the password.")


def new_key(password: str) -> NewKey:
    """Make a key pair for a new password.

    Raises
    ------
    AccessError
        The password is too short.
    """
    if len(password) < MIN_PASSWORD:
        raise AccessError(
            f"A password of {len(password)} characters was refused.",
            what_to_do=f"Use at least {MIN_PASSWORD}.",
        )
    private, salt = Ed25519PrivateKey.generate(), os.urandom(16)
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return NewKey(public, _wrap(_raw(private), password, salt), salt)


def unlock(account: Account, password: str) -> UnlockedKey:
    """Open a user's private key.

    Raises
    ------
    AccessError
        The password is wrong or the user is disabled; the sentence doesn't say which user exists.
    """
    try:
        raw = _unwrap(account.wrapped_key, password, account.salt)
    except (InvalidTag, ValueError) as error:  # ValueError: the row was damaged
        raise AccessError("The user name or the password is wrong.", what_to_do="Try again.") from error
    if not account.enabled:
        raise AccessError(f"The user '{account.name}' is disabled.", what_to_do="Ask an administrator.")
    return UnlockedKey(account.name, account.role, Ed25519PrivateKey.from_private_bytes(raw))


def signature_fits(public_key: bytes, payload: str, signature: bytes) -> bool:
    """Whether the signature over the payload was made by that key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, payload.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def account_mac(service_key: bytes, account: Account) -> bytes:
    """HMAC-SHA256 over what a user row grants, under the key that only the service can read."""
    granted = {
        "name": account.name,
        "display_name": account.display_name,
        "organization": account.organization,
        "role": account.role,
        "enabled": account.enabled,
        "public_key": account.public_key.hex(),
    }
    return hmac.new(service_key, canonical(granted).encode(), hashlib.sha256).digest()


def canonical(payload: dict[str, Any]) -> str:
    """The one JSON text of a payload: sorted keys, no spaces, NFC."""
    return json.dumps(_composed(payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _composed(value: Any) -> Any:
    """Every text in NFC: in the values, because in the JSON text an accent would join the letter of an escape."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {_composed(key): _composed(part) for key, part in value.items()}
    return [_composed(part) for part in value] if isinstance(value, list | tuple) else value


def canonical_text(text: str) -> str:
    """A report's text as it is signed: NFC, one kind of line end, no trailing spaces."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def text_sha256(text: str) -> str:
    """SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(canonical_text(text).encode()).hexdigest()


def new_nonce() -> str:
    """A number used once, in hex."""
    return secrets.token_hex(16)


def _raw(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )


def _derive(secret: str, salt: bytes) -> bytes:
    # RFC 9106's second recommended option: 64 MiB, 3 passes, 4 lanes.
    return Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024).derive(
        secret.encode()
    )


def _wrap(raw: bytes, secret: str, salt: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + ChaCha20Poly1305(_derive(secret, salt)).encrypt(nonce, raw, b"llmcxr key")


def _unwrap(wrapped: bytes, secret: str, salt: bytes) -> bytes:
    return ChaCha20Poly1305(_derive(secret, salt)).decrypt(wrapped[:12], wrapped[12:], b"llmcxr key")
