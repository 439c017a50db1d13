"""Reports of a prepared set worded from its films' labels, for collections whose films have no free reports.

Writes texts beside the set, never over a film's own report; says for each film left out why. What a text may
hold is settled in `engine.data.templates`.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord, ReportText
from engine.data.templates import age_band, impression, is_normal, usable
from engine.errors import DataError

# No film weighs more than this many films of its source.
MAX_WEIGHT = 10.0


def word_reports(folder: PreparedSet, variants: int = 6, seed: int = 0) -> tuple[int, dict[str, int]]:
    """Write `variants` wordings of every film whose labels settle a report; give their number and the drops.

    Texts of reports that are in the set already stay. Raises DataError where no film can be worded.
    """
    texts, dropped = worded_reports(folder.records, variants, seed)
    if not texts:
        raise DataError(
            f"None of the {len(folder.records)} films of the set {folder.folder} can be worded: they need "
            "either No Finding or a finding the model judges among their labels."
        )
    kept = [text for text in folder.reports() if text.kind == "report"]
    folder.write_reports([*kept, *texts])
    return len(texts), dropped


def worded_reports(
    records: Iterable[FilmRecord], variants: int, seed: int
) -> tuple[list[ReportText], dict[str, int]]:
    """Word films with labels, weighted so that normal and abnormal films weigh the same in each stratum.

    A stratum is source × split × view × age band, which therefore don't give the answer away. Each film's
    wordings depend on the seed and its key alone.
    """
    usable_records, dropped = [], Counter[str]()
    for record in records:
        if usable(record):
            usable_records.append(record)
        else:
            dropped["labels settle no report"] += 1
    weights = balanced_weights(usable_records)
    texts = []
    for record in usable_records:
        random = _random_of(seed, record.key)
        weight = weights[record.key] / variants
        texts += [
            ReportText(record.key, impression(record, random), "worded", weight) for _ in range(variants)
        ]
    return texts, dict(dropped)


def balanced_weights(records: Sequence[FilmRecord]) -> dict[str, float]:
    """Give each film's weight: a stratum weighs as much as it has films, half of it on each of its sides."""
    strata: dict[tuple[str, ...], dict[bool, list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        stratum = (record.source, record.split, record.view, age_band(record.age))
        strata[stratum][is_normal(record)].append(record.key)
    weights: dict[str, float] = {}
    for sides in strata.values():
        total = sum(len(keys) for keys in sides.values())
        for keys in sides.values():
            weights |= dict.fromkeys(keys, min(MAX_WEIGHT, total / (len(sides) * len(keys))))
    return weights


def _random_of(seed: int, key: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big"))
