"""The certificate files that settings name: until when each is valid, and whether a key is its owner's alone.

A setting is one of these by its name: it holds `certificate`, or ends in `_ca` or `_cert`; a key's ends in `_key`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from pydantic import BaseModel

from llmcxr_ws.errors import ConfigError

WARN_DAYS: Final = 30
"""So many days before its end a certificate is a fault: its renewal takes a hospital that long."""
_CERTIFICATE: Final = re.compile(r"certificate|_ca$|_cert$")
_KEY: Final = re.compile(r"_key$|_key_file$")


@dataclass(frozen=True)
class Validity:
    """One certificate: the setting that names its file, and its last moment (UTC)."""

    setting: str
    path: Path
    ends: datetime

    def days_left(self, now: datetime | None = None) -> float:
        """Days until it ends; negative when it has."""
        return (self.ends - (now or datetime.now(UTC))).total_seconds() / 86400


def files_of(settings: BaseModel, home: Path, *, of: str = "") -> Iterator[tuple[str, Path, bool]]:
    """The files that settings name: setting, path, and whether it is a key; relative ones lie in the home."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        is_key = _KEY.search(name) is not None
        if not (value and isinstance(value, str | Path) and (is_key or _CERTIFICATE.search(name))):
            continue
        path = home / Path(value).expanduser()
        if is_key and not path.is_file() and os.sep not in str(value):
            continue  # the name of a key, not a file
        yield f"{of}{name}", path, is_key


def validity_of(setting: str, path: Path) -> tuple[Validity, ...]:
    """Every certificate in a file.

    Raises
    ------
    ConfigError
        The file can't be read, or holds none.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"The file of {setting}, {path}, can't be read: {error.strerror}.",
            what_to_do="Check its owner and mode.",
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"The file of {setting}, {path}, holds no certificate in PEM form.", what_to_do="Replace it."
        ) from error
    return tuple(Validity(setting, path, one.not_valid_after_utc) for one in found)


def check_key(setting: str, path: Path) -> None:
    """Refuse a key that others can read.

    Raises
    ------
    ConfigError
        It isn't there, or others can read it.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(
            f"The file of {setting}, {path}, can't be read: {error.strerror}.",
            what_to_do="Check its owner and mode.",
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(f"The key of {setting} can be read by others.", what_to_do=f"chmod 600 {path}")
