"""The files that question synthesis leaves: vqa.parquet for training, vqa.jsonl with everything known of each pair.

    vqa.parquet  one row for each pair (`QuestionAnswer`); what training reads
    vqa.jsonl    the same pairs with their provenance, one JSON object a line
    vqa.json     the last run: settings, counts, refusals with reasons, terms

Pairs of other generators and of other films stay unless they are to be replaced.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.prepared import VQA, VQA_SCHEMA, PreparedSet
from engine.data.records import QuestionAnswer
from engine.errors import SynthesisError
from engine.safe_write import replacing, write_json
from engine.vqa.filters import same_question

PAIRS, SUMMARY = "vqa.jsonl", "vqa.json"
_FIELDS = tuple(field.name for field in fields(QuestionAnswer))
Row = dict[str, Any]


def write_results(
    folder: Path,
    prepared: PreparedSet | None,
    rows: Sequence[Row],
    generator: str,
    scope: Iterable[str],
    summary: Mapping[str, Any],
    replace: bool,
) -> int:
    """Write all three files and give the number of pairs that the folder then holds.

    `scope` are the films of this run: pairs that `generator` made for them before are replaced.
    """
    old = [] if replace else _old_rows(folder)
    maker, here = _maker(generator), set(scope)
    kept = [row for row in old if not (row["key"] in here and _maker(row["generator"]) == maker)]
    if prepared is not None:
        kept = [row for row in kept if row["key"] in prepared.rows]
    together = _without_repeats([*rows, *kept])
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / PAIRS) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in together)
    pairs = [QuestionAnswer(**{name: row[name] for name in _FIELDS}) for row in together]
    if prepared is not None and prepared.folder == folder:
        prepared.write_vqa(pairs)
    else:
        _write_table(folder / VQA, pairs)
    write_json(folder / SUMMARY, {**summary, "kept_of_others": len(together) - len(_without_repeats(rows))})
    return len(together)


def _old_rows(folder: Path) -> list[Row]:
    """Give the rows of an earlier run; those that only the table knows come without provenance."""
    path, table = folder / PAIRS, folder / VQA
    try:
        if path.exists():
            with path.open(encoding="utf-8") as file:
                rows: list[Row] = [json.loads(line) for line in file]
                return rows
        return list(pq.read_table(table).to_pylist()) if table.exists() else []
    except (OSError, ValueError) as error:
        raise SynthesisError(
            f"The pairs already in {folder} can't be read: {error}. Give --replace to write anew."
        ) from error


def _maker(generator: str) -> str:
    """Name what makes pairs, its seed aside."""
    return generator.split(" seed ")[0]


def _without_repeats(rows: Iterable[Row]) -> list[Row]:
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        first.setdefault((row["key"], same_question(row["question"])), row)
    return list(first.values())


def _write_table(path: Path, pairs: Sequence[QuestionAnswer]) -> None:
    columns = {name: [getattr(pair, name) for pair in pairs] for name in VQA_SCHEMA.names}
    with replacing(path) as temporary:
        pq.write_table(pa.table(columns, schema=VQA_SCHEMA), temporary, compression="zstd")
