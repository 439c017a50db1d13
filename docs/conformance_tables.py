"""Tables in Markdown, for the conformance statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.uid import UID


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, each cell on one line."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"

    return "\n".join([line(head), f"|{'---|' * len(head)}", *map(line, rows)]) + "\n"


def name(uid: str) -> str:
    """A UID's name in PS3.6."""
    return UID(uid).name
