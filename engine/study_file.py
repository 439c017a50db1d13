"""One JSON line for each film, written whole as the film is done, in a file that a later run goes on with.

Beside it lies what the lines were made with; a run with another model, other questions or another seed is refused, so
that a file never holds two kinds of lines. Every line has `file`, the film it speaks of, and `refused` where nothing
could be said of it.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from engine.errors import DataError
from engine.safe_write import replacing, write_json

_NUMBERS = re.compile(r"-?\d+(\.\d+)?")
# Paths, and what stands in quotation marks; an apostrophe inside a word is none.
_NAMES = re.compile(r"(?<!\w)'[^']*'(?!\w) | \S*[/\\]\S*", re.VERBOSE)

SETTINGS_SUFFIX = ".settings.json"


class StudyFile:
    """The lines of a study, open for more; `done` are the films that have one.

    `ended` counts them by how they ended, `reasons` why nothing, or nothing that may be shown, was said of them.
    `mended` says that a line which an earlier run had not finished was cut off. With `again` the lines of refused
    films are dropped, so that those are tried once more. Raises DataError where the file can't be read or written,
    was made with other settings, or is open in another run.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], again: bool = False) -> None:
        self.path, self.done, self.mended = path, set[str](), False
        self.ended, self.reasons = Counter[str](), Counter[str]()
        self._settings = path.with_name(path.name + SETTINGS_SUFFIX)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._opened()
        except OSError as error:
            raise self._unusable(error) from error
        # From here on the file is ours alone, so that of two runs begun at once one writes the settings.
        try:
            if self._stream.seek(0, os.SEEK_END):
                self._check_settings(settings)
            else:
                write_json(self._settings, settings)
            self._read(again)
        except OSError as error:
            self._stream.close()
            raise self._unusable(error) from error
        except DataError:
            self._stream.close()
            raise

    def __enter__(self) -> StudyFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def add(self, line: Mapping[str, Any]) -> None:
        """Write one film's line, to the disk; where that fails nothing of it stays, and DataError is raised."""
        content = _content(line)
        size = self._stream.seek(0, os.SEEK_END)
        try:
            if self._stream.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._stream.fileno())
        except OSError as error:
            self._stream.truncate(size)
            raise self._unusable(error) from error
        self._count(line)

    def _opened(self) -> BinaryIO:
        # Without a buffer a line is one write, which a killed process has done or hasn't.
        stream = self.path.open("ab+", buffering=0)
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                stream.close()
                raise DataError(
                    f"{self.path} is being written by another run. Wait for it, or name another file."
                ) from error
        return stream

    def _read(self, again: bool) -> None:
        """Count the lines, cut off one that isn't whole, and with `again` leave those of refused films out."""
        whole, dropped = 0, False
        for line, end in self._lines():
            whole = end
            if again and _is_refused(line):
                dropped = True
            else:
                self._count(line)
        if whole < self._stream.seek(0, os.SEEK_END):
            self._stream.truncate(whole)
            self.mended = True
        if dropped:
            self._drop_refused()

    def _drop_refused(self) -> None:
        kept = (line for line, _ in self._lines() if not _is_refused(line))
        with replacing(self.path) as temporary, temporary.open("wb") as out:
            out.writelines(_content(line) for line in kept)
        self._stream.close()
        self._stream = self._opened()

    def _lines(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Give every whole line and where it ends in the file."""
        end = 0
        with self.path.open("rb") as stream:
            for number, content in enumerate(stream, 1):
                if not content.endswith(b"\n"):
                    return
                try:
                    line = json.loads(content)
                    is_line = isinstance(line, dict) and isinstance(line["file"], str)
                except (ValueError, KeyError):
                    is_line = False
                if not is_line:
                    raise DataError(
                        f"Line {number} of {self.path} isn't one of a study. Name another file, or take the line out."
                    )
                end += len(content)
                yield line, end

    def _count(self, line: Mapping[str, Any]) -> None:
        self.done.add(str(line["file"]))
        self.ended["withheld" if "withheld" in line else "refused" if _is_refused(line) else "said"] += 1
        if "refused" in line:
            # Measures and names would make every reason another one.
            self.reasons[_NAMES.sub("…", _NUMBERS.sub("N", str(line["refused"])))] += 1

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        how = "Go on with the same model and options, or name another file."
        try:
            before = json.loads(self._settings.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DataError(
                f"{self.path} is there and isn't a study's: it has no {self._settings.name}. {how}"
            ) from error
        except ValueError as error:
            raise DataError(f"{self._settings} can't be read: {error}. {how}") from error
        if not isinstance(before, dict):
            raise DataError(f"{self._settings} holds no settings. {how}")
        different = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
        if different:
            name = different[0]
            raise DataError(
                f"{self.path} was begun with other settings: {name} was {before.get(name)!r} and is "
                f"{settings.get(name)!r}. {how}"
            )

    def _unusable(self, error: OSError) -> DataError:
        return DataError(f"{self.path} can't be written: {error.strerror}. Name another file, or make room.")


def _is_refused(line: Mapping[str, Any]) -> bool:
    """Tell a film that nothing was said of from one whose draft was withheld, which would be so again."""
    return "refused" in line and "withheld" not in line


def _content(line: Mapping[str, Any]) -> bytes:
    # A file's name may have bytes that are no UTF-8; what stands for one is written as JSON's own escape.
    return (json.dumps(line, ensure_ascii=False) + "\n").encode(errors="backslashreplace")
