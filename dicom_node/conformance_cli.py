"""The command `llmcxr conformance`: every kind of document before every validator, as a table. Light to import."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcxr_ws.errors import ConfigError, DicomError

if TYPE_CHECKING:
    from dicom_node.conformance import Row


def conformance(
    every: Annotated[bool, typer.Option("--all", help="Every kind of document there is.")] = False,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="NAME", help="One kind; repeat.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the rows to this file, as JSON.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the examples in this folder.")
    ] = None,
) -> None:
    """Make an example of each kind of document and have every validator that is installed judge it."""
    from dicom_node.conformance import judge
    from dicom_node.documents.kinds import KINDS, example_study
    from llmcxr_ws.log import setup_logging

    if every == bool(kind):
        raise ConfigError("Give either --all or --kind.", what_to_do=f"Kinds are: {', '.join(KINDS)}.")
    setup_logging("warning")
    rows = list(judge(list(KINDS) if every else kind or [], example_study(), out))
    _print(rows)
    if json_file is not None:
        try:
            json_file.write_text(json.dumps({"rows": [row.to_dict() for row in rows]}, indent=1) + "\n")
        except OSError as error:
            raise ConfigError(f"The file {json_file} can't be written: {error.strerror}.") from error
    wrong = [row for row in rows if row.errors]
    if wrong:
        errors, kinds = sum(row.errors or 0 for row in wrong), {row.kind for row in wrong}
        raise DicomError(
            f"{errors} errors in {len(kinds)} kinds of document.",
            what_to_do="See the lines below the table.",
        )


def _print(rows: Sequence[Row]) -> None:
    """Print one line a kind and one column a validator: errors / warnings."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from dicom_node.conformance import VALIDATORS

    table = Table(title="Errors / warnings (understood ones in brackets, see docs/conformance.md)")
    for column in ("kind", *VALIDATORS):
        table.add_column(column)
    cells = {(row.kind, row.validator): _cell(row) for row in rows}
    for kind in dict.fromkeys(row.kind for row in rows):
        table.add_row(kind, *(cells.get((kind, name), "-") for name in VALIDATORS))
    console = Console(file=sys.stdout)
    console.print(table)
    for row in rows:
        for line in row.said:
            console.print(escape(f"{row.kind}, {row.validator}: {line}"), soft_wrap=True)


def _cell(row: Row) -> str:
    if row.errors is None:
        return row.note
    known = f" ({row.known})" if row.known else ""
    return f"{row.errors} / {row.warnings}{known}"
