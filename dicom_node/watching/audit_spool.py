"""The audit messages of a home in files: one message a line, one file a day, on the disk before anything is sent.

The files are the spool too: what the syslog server hasn't taken is read from them again, so nothing is lost while it
is away. A message may come twice after a crash; none is left out. They hold what PS3.15 A.5 asks for, the Patient ID
among it, and are readable by their owner only. Nobody but an administrator removes them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from llmcxr_ws.errors import StoreError
from llmcxr_ws.objects import write_durably

FOLDER: Final = "audit"
_STATE: Final = "state.json"
_PATTERN: Final = "messages-*.xml"


@dataclass
class Position:
    """How far the trail was read, which processes were known, and how far the server has taken the messages."""

    event: int = -1
    services: dict[str, str] = field(default_factory=dict)
    file: str = ""
    offset: int = 0


@dataclass(frozen=True)
class Batch:
    """Messages that wait, and where reading goes on when they were taken."""

    messages: tuple[bytes, ...]
    file: str
    offset: int


class AuditSpool:
    """The messages of one home.

    Raises
    ------
    StoreError
        The folder can't be written.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder} can't be made: {error.strerror}.",
                what_to_do="Check the home's owner and mode.",
            ) from error
        self.position = self._read()

    def append(self, messages: Iterable[bytes]) -> int:
        """Put messages on the disk; give their number."""
        data = b"".join(message + b"\n" for message in messages)
        if not data:
            return 0
        path = self.folder / f"messages-{datetime.now(UTC):%Y-%m-%d}.xml"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            if file.tell() and not _ends_with_newline(path):
                file.write(b"\n")  # what a crash left of a line isn't made longer
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return data.count(b"\n")

    def save(self) -> None:
        """Keep the position; whatever was appended before stays appended."""
        write_durably(self.folder / _STATE, json.dumps(self.position.__dict__).encode())

    def waiting(self, most: int = 200) -> Batch | None:
        """The next messages that the server hasn't taken; None where there are none."""
        for path in self._files():
            start = self.position.offset if path.name == self.position.file else 0
            with path.open("rb") as file:
                file.seek(start)
                lines: list[bytes] = []
                while len(lines) < most and (line := file.readline()).endswith(b"\n"):
                    lines.append(line[:-1])
                end = file.tell() if len(lines) == most else start + sum(len(line) + 1 for line in lines)
            if lines:
                whole = tuple(line for line in lines if line.endswith(b">"))
                return Batch(whole, path.name, end)
        return None

    def taken(self, batch: Batch) -> None:
        """The server has these; the position is kept."""
        self.position.file, self.position.offset = batch.file, batch.offset
        self.save()

    def skip_to_end(self) -> None:
        """Nothing of before is sent: for a server that is named for the first time."""
        with suppress(IndexError):
            last = self._files(everything=True)[-1]
            self.position.file, self.position.offset = last.name, last.stat().st_size

    def backlog_bytes(self) -> int:
        """How much waits for the server."""
        sizes = [(path.name, path.stat().st_size) for path in self._files()]
        return sum(size - (self.position.offset if name == self.position.file else 0) for name, size in sizes)

    def _files(self, *, everything: bool = False) -> list[Path]:
        """The files that may hold messages to send, oldest first."""
        found = sorted(self.folder.glob(_PATTERN))
        return found if everything else [path for path in found if path.name >= self.position.file]

    def _read(self) -> Position:
        try:
            values: dict[str, Any] = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            return Position(**values)
        except FileNotFoundError:
            return Position()
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(
                f"{self.folder / _STATE} can't be read.",
                what_to_do="Restore it, or remove it to begin with what happens from now on.",
            ) from error


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
