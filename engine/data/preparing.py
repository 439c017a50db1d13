"""One pass over a collection into a prepared set: resumable, with every film that doesn't arrive accounted for.

Units are read in parts; each finished part is a file in DIR/.parts, and an interrupted run begins at the first
part that isn't there. Filters come after the last part, because a patient's first study is known only then.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.filters import FilterRules, apply
from engine.data.prepared import FACTS, PreparedSet, check_records, films_from_table, table_from_films
from engine.data.readers import Found, Outcome, Reader
from engine.data.records import SPLITS, FilmRecord, ReportText
from engine.errors import DataError
from engine.progress import track
from engine.safe_write import replacing, write_json

PARTS, PLAN = ".parts", "plan.json"
UNITS_PER_PART = 2000


@dataclass
class _Pass:
    """What the parts read so far hold together."""

    found: list[Found] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, found: Iterable[Found], drops: Counter[str], counts: Counter[str]) -> None:
        """Add what a unit or a part gave."""
        self.found.extend(found)
        self.drops.update(drops)
        self.counts.update(counts)


def prepare(
    reader: Reader,
    folder: Path,
    filters: FilterRules,
    settings: dict[str, Any],
    limit: int = 0,
    replace: bool = False,
    workers: int = 4,
    units_per_part: int = UNITS_PER_PART,
) -> PreparedSet:
    """Read a collection into `folder`, going on where an interrupted run of the same settings stopped.

    `settings` is what the set is told to be made with, for the record and to recognise the run. `limit` reads only
    so many units, 0 all. A set that is there with the same settings is opened as it is; one made with others is
    refused unless `replace`. Raises DataError for that, for a collection that gives no film, and for films that
    contradict each other.
    """
    units = reader.units()
    chosen = units[:limit] if limit else units
    plan = {
        "settings": settings,
        "units": len(chosen),
        "units_sha256": _sha256(chosen),
        "part": units_per_part,
    }
    there = _opened(folder, plan, replace)
    if there is not None:
        return there
    read = _read_parts(reader, chosen, _parts_folder(folder, plan), units_per_part, workers)
    made = _write_set(reader, folder, read, filters, plan)
    shutil.rmtree(folder / PARTS)
    return made


def _opened(folder: Path, plan: dict[str, Any], replace: bool) -> PreparedSet | None:
    if replace or not (folder / FACTS).exists():
        return None
    made = PreparedSet.open(folder)
    if made.facts.get("plan") == plan:
        return made
    raise DataError(
        f"{folder} already holds a set that was prepared with other settings or from other files. Choose another "
        "folder, or replace it with --replace."
    )


def _parts_folder(folder: Path, plan: dict[str, Any]) -> Path:
    """Give the folder of the parts, emptied where it belongs to another plan."""
    parts = folder / PARTS
    if parts.exists() and _read_json(parts / PLAN) != plan:
        shutil.rmtree(parts)
    parts.mkdir(parents=True, exist_ok=True)
    write_json(parts / PLAN, plan)
    return parts


def _read_parts(reader: Reader, units: Sequence[str], parts: Path, size: int, workers: int) -> _Pass:
    starts = range(0, len(units), size)
    missing = [start for start in starts if not _part(parts, start, size).exists()]
    done = len(units) - sum(len(units[start : start + size]) for start in missing)

    def outcomes() -> Iterator[Outcome]:
        pool = ThreadPoolExecutor(workers)
        try:
            for start in missing:
                part = _Pass()
                for outcome in pool.map(reader.read, units[start : start + size]):
                    part.add(outcome.found, outcome.drops, outcome.counts)
                    yield outcome
                _write_part(_part(parts, start, size), part, reader.images)
        finally:
            # Interrupted, it doesn't wait for what is still queued.
            pool.shutdown(cancel_futures=True)

    for _ in track(outcomes(), f"reading {reader.name}", len(units), done):
        pass
    whole = _Pass()
    for start in starts:
        part = _read_part(_part(parts, start, size), reader.images)
        whole.add(part.found, part.drops, part.counts)
    return whole


def _part(parts: Path, start: int, size: int) -> Path:
    return parts / f"{start // size:06}.parquet"


def _write_part(path: Path, part: _Pass, images: Path) -> None:
    table = table_from_films([one.record for one in part.found], images.absolute())
    table = table.append_column("text", pa.array([one.text for one in part.found], pa.string()))
    table = table.append_column("has_image", pa.array([one.has_image for one in part.found], pa.bool_()))
    told = json.dumps({"drops": part.drops, "counts": part.counts})
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata({"told": told}), temporary)


def _read_part(path: Path, images: Path) -> _Pass:
    table = pq.read_table(path)
    told = json.loads(table.schema.metadata[b"told"])
    extra = zip(table["text"].to_pylist(), table["has_image"].to_pylist(), strict=True)
    found = [
        Found(record, text, has_image)
        for record, (text, has_image) in zip(films_from_table(table, images.absolute()), extra, strict=True)
    ]
    return _Pass(found, Counter(told["drops"]), Counter(told["counts"]))


def _write_set(
    reader: Reader, folder: Path, read: _Pass, filters: FilterRules, plan: dict[str, Any]
) -> PreparedSet:
    missing = {one.record.key for one in read.found if not one.has_image}
    kept, dropped = apply([one.record for one in read.found], filters, missing)
    drops = read.drops + dropped
    if not kept:
        raise DataError(f"No film is left of {drops.total()}. Dropped: {told(drops)}.")
    check_records(kept)
    facts = {
        "plan": plan,
        "prepared": datetime.now(UTC).isoformat(timespec="seconds"),
        "reader": reader.name,
        "licences": sorted({record.licence or "not told" for record in kept}),
        "items": len(kept) + drops.total(),
        "drops": dict(drops.most_common()),
        "texts": dict(read.counts.most_common()),
        **summary(kept),
    }
    made = PreparedSet.create(folder, kept, facts, reader.images)
    texts = {one.record.key: one.text for one in read.found}
    pairs = ((record.key, texts[record.key]) for record in kept)
    made.write_reports([ReportText(key, text, "report") for key, text in pairs if text])
    return made


def summary(records: Sequence[FilmRecord]) -> dict[str, Any]:
    """Count films, patients, studies and texts by split, and films by view."""
    return {
        "splits": {split: _split_summary([one for one in records if one.split == split]) for split in SPLITS},
        "views": dict(Counter(record.view or "not known" for record in records).most_common()),
    }


def told(counts: Mapping[str, int]) -> str:
    """Word counts as one line, the largest first."""
    return "; ".join(f"{reason}: {count}" for reason, count in Counter(counts).most_common()) or "none"


def _split_summary(records: Sequence[FilmRecord]) -> dict[str, int]:
    return {
        "films": len(records),
        "patients": len({(record.source, record.patient) for record in records}),
        "studies": len({(record.source, record.patient, record.study) for record in records}),
        "with findings": sum(record.findings is not None for record in records),
        "with impression": sum(record.impression is not None for record in records),
        "with labels": sum(record.labels is not None for record in records),
        "adults": sum(record.adult for record in records),
    }


def _sha256(units: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(units).encode()).hexdigest()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
