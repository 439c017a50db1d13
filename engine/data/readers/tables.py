"""Tables of text, CSV (plain or gzipped) or Parquet, as columns of strings; the types are the readers' affair."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from engine.errors import DataError

Columns = dict[str, list[str]]


def read_columns(path: Path, needed: Sequence[str], wanted: Sequence[str] | None = None) -> Columns:
    """Read columns as text, "" for empty cells; `wanted` None reads all, else those of them that are there.

    Raises DataError naming the file for one that can't be read or lacks a needed column.
    """
    table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}. Give the collection's own table.")
    names = [name for name in table.column_names if wanted is None or name in wanted or name in needed]
    return {
        name: ["" if value is None else str(value) for value in table[name].to_pylist()] for name in names
    }


def rows(columns: Columns) -> Iterator[dict[str, str]]:
    """Give the rows as dictionaries."""
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def find_table(folder: Path, patterns: Sequence[str]) -> Path | None:
    """Find the first file in a folder that fits one of the patterns, in the order of the patterns."""
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            return path
    return None


def _csv(path: Path) -> pa.Table:
    try:
        with pacsv.open_csv(path) as probe:
            names = probe.schema.names
        convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        )
        parse = pacsv.ParseOptions(newlines_in_values=True)
        return pacsv.read_csv(path, convert_options=convert, parse_options=parse)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"The table {path} can't be read: {error}.") from error


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"The table {path} can't be read: {error}.") from error
