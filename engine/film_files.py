"""Which films a person means by files and folders: a folder stands for every film in it, known by its content.

Reads the first bytes of each file, never its name's ending, which exports from archives often lack.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# How a picture begins: PNG, JPEG, TIFF of either byte order.
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_HEAD = 132
# A DICOM directory of a disc or a folder (PS3.10 8.6) is DICOM and no film.
_DIRECTORY = "DICOMDIR"


@dataclass
class FilmFiles:
    """The films that were found, folders in the order of names; files that were named stand where they were named.

    `refused` has a reason for what can't be one: an empty folder, or what the system wouldn't let us read. `others`
    counts the files in folders that are no films.
    """

    films: list[Path] = field(default_factory=list)
    refused: dict[Path, str] = field(default_factory=dict)
    others: int = 0


def find_films(given: Iterable[Path]) -> FilmFiles:
    """Find the films that files and folders stand for; a file that was named is taken for one, whatever it holds."""
    found = FilmFiles()
    for path in given:
        if path.is_dir():
            _search(path, found)
        else:
            found.films.append(path)
    return found


def _search(folder: Path, found: FilmFiles) -> None:
    before = len(found.films) + len(found.refused)

    def refuse(error: OSError) -> None:
        found.refused[Path(error.filename)] = f"The folder can't be read: {error.strerror}. Check its rights."

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            try:
                head = _head(path)
            except OSError as error:
                found.refused[path] = f"The file can't be read: {error.strerror}. Check its rights."
                continue
            is_dicom = head[128:] == b"DICM" and name != _DIRECTORY
            if is_dicom or head.startswith(_PICTURES):
                found.films.append(path)
            else:
                found.others += 1
    if len(found.films) + len(found.refused) == before:
        found.refused[folder] = (
            "There is no film in this folder: no DICOM, PNG, JPEG or TIFF. Check the path."
        )


def _head(path: Path) -> bytes:
    """Read a file's first bytes; a pipe or a device has none, since reading one may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        return b""
    with path.open("rb") as stream:
        return stream.read(_HEAD)
