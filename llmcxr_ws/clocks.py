"""How far this machine's clock is from the database's and the file system's, and whether a time service keeps it.

Leases and ages use the database's clock alone; documents, signatures and the audit trail bear this machine's.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from llmcxr_ws.errors import ConfigError

TOLERATED_S: Final = 2.0
"""IHE Consistent Time asks for a median of one second."""
_UNSYNCHRONISED: Final = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES: Final = 512  # more than struct timex has anywhere


@dataclass(frozen=True)
class Offset:
    """By how many seconds another clock goes before ours; `against` names it."""

    against: str
    seconds: float


def of_file_system(folder: Path) -> Offset:
    """Compare with the clock that stamps files: the server's, where the folder is on the network.

    Raises
    ------
    ConfigError
        The folder can't be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".clock-") as file:
            before = datetime.now(UTC).timestamp()
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            after = datetime.now(UTC).timestamp()
            stamped = os.stat(file.name).st_mtime
    except OSError as error:
        raise ConfigError(
            f"{folder} can't be written: {error.strerror}.", what_to_do="Check its owner and mode."
        ) from error
    return Offset(f"the file system of {folder.name}", _outside(stamped, before, after))


def of_database(said: datetime, before: datetime, after: datetime) -> Offset:
    """Compare with the database's own time, asked for between two moments of ours."""
    return Offset("the database", _outside(said.timestamp(), before.timestamp(), after.timestamp()))


def _outside(said: float, before: float, after: float) -> float:
    """How far a time lies outside of the span in which it was asked for."""
    return said - after if said > after else said - before if said < before else 0.0


def is_kept() -> bool | None:
    """Whether a time service (NTP, PTP) keeps the machine's clock; None where the system doesn't tell."""
    if sys.platform != "linux":
        return None
    try:
        state: int = ctypes.CDLL(None).adjtimex(
            ctypes.create_string_buffer(_TIMEX_BYTES)
        )  # modes 0: asks only
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED


def judge(offsets: list[Offset], kept: bool | None) -> str:
    """Say how the clocks stand.

    Raises
    ------
    ConfigError
        One is further off than is tolerated.
    """
    off = [one for one in offsets if abs(one.seconds) > TOLERATED_S]
    if off:
        told = ", ".join(
            f"{abs(one.seconds):.1f} s {'before' if one.seconds > 0 else 'behind'} ours at {one.against}"
            for one in off
        )
        raise ConfigError(
            f"Clocks differ: {told}.", what_to_do="Have both kept by the hospital's time server."
        )
    compared = " and ".join(one.against for one in offsets)
    service = {
        True: "a time service keeps it",
        False: "no time service keeps it: set one up",
        None: "whether a time service keeps it isn't told here",
    }[kept]
    return f"within {TOLERATED_S:.0f} s of {compared}; {service}"
