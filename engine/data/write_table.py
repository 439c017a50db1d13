"""A prepared set as a plain table of films, for commands that read one and for other programs.

The columns are those that the manifest reader takes; where a set comes from MIMIC-CXR the table holds its patients
and reports and stands under the same terms.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord
from engine.safe_write import write_text

COLUMNS = (
    "file", "source", "patient", "study", "order", "view", "age", "sex", "labels", "text", "split", "licence"
)  # fmt: skip


def write_table(prepared: PreparedSet, path: Path, splits: Sequence[str] = ()) -> int:
    """Write the films of some splits (all where none is named) as CSV and give their number.

    `file` is relative to the folder that the set's images start from.
    """
    root = Path(prepared.facts["images"])
    chosen = [record for record in prepared.records if not splits or record.split in splits]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_row(record, root) for record in chosen)
    write_text(path, text.getvalue())
    return len(chosen)


def _row(record: FilmRecord, root: Path) -> list[str]:
    image = record.image.relative_to(root) if record.image.is_relative_to(root) else record.image
    return [
        image.as_posix(),
        record.source,
        record.patient,
        record.study,
        record.order,
        record.view,
        "" if record.age is None else str(record.age),
        record.sex,
        "|".join(sorted(record.labels or ())),
        record.report or "",
        record.split,
        record.licence,
    ]
