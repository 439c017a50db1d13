"""What an administrator's window reads and asks of retention and of the key table of de-identification."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

from llmcxr_ws import reading
from llmcxr_ws.errors import AccessError, ConfigError, UserFacingError
from llmcxr_ws.secret_files import others_may_read
from llmcxr_ws.store import overview, pseudonyms, services
from llmcxr_ws.store.overview import KeyReading, Project, Purge
from llmcxr_ws.store.pseudonyms import Given
from llmcxr_ws.wording import mark
from llmcxr_ws.workplace import SECRET_FILE, Workplace

KEY_TABLE_HEADS: Final = (
    "pseudonym",
    "patient_id",
    "issuer_of_patient_id",
    "patient_name",
    "patient_birth_date",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class RetentionSeen:
    """When the node looked last for what may go (None: it hasn't told), whether it looks at all, and what went.

    It looks while the courier runs (`is_running`) and rules are in force (`has_rules`).
    """

    looked_at: datetime | None
    is_running: bool
    has_rules: bool
    purges: tuple[Purge, ...]


@dataclass(frozen=True)
class Recipient:
    """A peer that gets de-identified copies."""

    name: str
    project: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class DeidentificationSeen:
    """Who gets copies, what was given, how the key stands; `key_problem` is a sentence."""

    recipients: tuple[Recipient, ...]
    projects: tuple[Project, ...]
    readings: tuple[KeyReading, ...]
    key_file: str
    has_key: bool
    key_problem: str


def retention_seen(place: Workplace) -> RetentionSeen:
    """The node's last look, from its heartbeat, and the latest purges, from the trail."""
    said = ""
    couriers = [row for row in services.running(place.db) if row.kind == "courier"]
    for row in couriers:
        told = row.detail.get("retention")
        if isinstance(told, dict):
            said = max(said, str(told.get("looked_at", "")))
    try:
        has_rules = bool(place.site().retention)
    except UserFacingError:
        has_rules = False
    return RetentionSeen(
        datetime.fromisoformat(said) if said else None,
        any(row.seconds_since_seen <= services.ALIVE_S for row in couriers),
        has_rules,
        overview.purges(place.db),
    )


def deidentification_seen(place: Workplace) -> DeidentificationSeen:
    """Everything about de-identification but whose pseudonym is whose."""
    try:
        peers = place.site().peers
    except UserFacingError:
        peers = ()
    recipients = [
        Recipient(peer.name, peer.project, tuple(peer.deidentify_options))
        for peer in peers
        if peer.deidentify
    ]
    given, file = overview.projects(place.db), place.home / SECRET_FILE
    return DeidentificationSeen(
        tuple(recipients),
        given,
        overview.key_readings(place.db),
        str(file),
        file.exists(),
        _key_problem(file, has_given=bool(given)),
    )


def _key_problem(file: Path, *, has_given: bool) -> str:
    try:
        mode = file.stat().st_mode
    except OSError:
        return (
            mark("The key is missing, and pseudonyms were given under it: restore it from a backup.")
            if has_given
            else ""
        )
    if others_may_read(mode):
        return mark("Other accounts can read the key: chmod 600 it.")
    return (
        ""
        if os.access(file, os.R_OK)
        else mark("This account can't read the key, so it can't open the key table.")
    )


def key_table(place: Workplace, project: str, *, user: str, password: str, reason: str) -> list[Given]:
    """The key table of a project, for an administrator who proves it; an audit row says who and why.

    Raises
    ------
    ConfigError
        No reason is given.
    AccessError
        Wrong password, no administrator, or this account can't read the key.
    """
    if not reason.strip():
        raise ConfigError("The key table is read for a reason.", what_to_do="Say why.")
    if reading.log_in(place.db, user, password).role != "admin":
        raise AccessError(f"The user '{user}' is no administrator.", what_to_do="Ask one.")
    secret = place.deidentification_secret()
    return pseudonyms.key_table(place.db, secret, project, by=user, reason=reason.strip())


def write_key_table(file: TextIO, rows: Sequence[Given]) -> None:
    """Write a key table as CSV; what a spreadsheet program would run as a formula gets an apostrophe before it."""
    writer = csv.writer(file)
    writer.writerow(KEY_TABLE_HEADS)
    writer.writerows([_cell(getattr(row, head)) for head in KEY_TABLE_HEADS] for row in rows)


def _cell(value: str) -> str:
    """A value as text to a spreadsheet program: names and IDs come from whoever sends films."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def save_key_table(
    place: Workplace, path: Path, project: str, *, user: str, password: str, reason: str
) -> int:
    """Write the key table into a new file that only this account can read; give the number of its rows.

    Raises
    ------
    ConfigError
        There is such a file already, or it can't be written; or as :func:`key_table`.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(
            f"The file {path} can't be made: {error.strerror}.", what_to_do="Name another one."
        ) from error
    try:
        with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            rows = key_table(place, project, user=user, password=password, reason=reason)
            write_key_table(file, rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return len(rows)
