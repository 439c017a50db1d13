"""The journal of a run: one line for each report as soon as a model has written for it.

A run that was killed leaves whole lines and at most one torn one, which is cut off by the next run. It holds
what the model wrote, unjudged, so that parsing and filters can be run again without the model.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from engine.errors import SynthesisError
from engine.vqa.generator import Provenance, Reply
from engine.vqa.sources import Report


@dataclass(frozen=True)
class Entry:
    """What a model wrote for one report, and when (ISO 8601, UTC)."""

    text_sha256: str
    text: str
    cut_off: bool
    refused: str
    model: str
    time: str


class Journal:
    """The journal of one generator's work in one folder."""

    def __init__(self, folder: Path, provenance: Provenance) -> None:
        """Read what earlier runs left; raise SynthesisError for a damaged file."""
        self.path = folder / "vqa-runs" / f"{provenance.generator}-{provenance.sha256[:12]}.jsonl"
        self.entries: dict[str, Entry] = {}
        self._provenance = provenance
        if self.path.exists():
            self._read()

    def has(self, report: Report) -> bool:
        """Tell whether a model has written for this very text."""
        entry = self.entries.get(report.key)
        return entry is not None and entry.text_sha256 == report.sha256

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """Open the file to add lines, behind its last whole line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            if file.tell() == 0:
                _write(file, {"provenance": self._provenance.facts()})
            yield file

    def add(self, file: TextIO, reply: Reply) -> None:
        """Write one reply down for good, the first one for its text only."""
        if self.has(reply.report):
            return
        entry = Entry(reply.report.sha256, reply.text, reply.cut_off, reply.refused, reply.model, _now())
        _write(file, {"key": reply.report.key, **entry.__dict__})
        self.entries[reply.report.key] = entry

    def _read(self) -> None:
        with self.path.open("rb+") as file:
            whole = 0
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                self._take(line, number)
            file.truncate(whole)

    def _take(self, line: bytes, number: int) -> None:
        try:
            values = json.loads(line)
            if "provenance" not in values:
                key = values.pop("key")
                self.entries[key] = Entry(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SynthesisError(
                f"Line {number} of the journal {self.path} is damaged. Delete that line, or the file to begin anew."
            ) from error


def _write(file: TextIO, values: dict[str, object]) -> None:
    file.write(json.dumps(values, ensure_ascii=False) + "\n")
    file.flush()
    os.fsync(file.fileno())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
