"""Films to train on: read from a manifest or prepared sets, balanced, drawn and moved by step number.

A batch is a function of seed, stage, step and process alone, so that a resumed run sees what an unbroken one
would have seen, however many processes draw. Nothing here knows a network.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.data.films import CANVAS, Augmentation, Canvases, augmented, load_films
from engine.data.findings import NORMAL_LABELS, NOT_FINDINGS
from engine.data.manifest import read_manifest
from engine.data.prepared import PreparedSet, check_patients
from engine.data.records import FilmRecord, Split
from engine.errors import DataError
from engine.preprocess import PreprocessingSpec, published
from engine.train.film_settings import ABNORMAL, FilmSettings, Head

Targets = NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """Films [B, 1, R, R] in [-1, 1] and what the labels say [B, heads], NaN where they say nothing."""

    films: Tensor
    targets: Tensor


@dataclass(frozen=True)
class TrainingFilms:
    """The films of one split with their pixels, targets and chances of being drawn (None: all alike).

    `places` are the films' places among the canvases, where unreadable ones are left out.
    """

    records: list[FilmRecord]
    canvases: Canvases
    places: NDArray[np.int64]
    targets: Targets
    chances: NDArray[np.float64] | None

    def canvas(self, row: int) -> NDArray[np.uint8]:
        """Give the prepared pixels of one film."""
        return np.asarray(self.canvases[self.places[row]])

    def exact(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Give unmoved films [N, 1, R, R] in [-1, 1]; the canvases must be of the tokenizer's side."""
        values = np.asarray(self.canvases[self.places[list(rows)]], dtype=np.float32)
        return np.asarray(values / np.float32(127.5) - np.float32(1.0))[:, None]


def read_records(settings: FilmSettings) -> list[FilmRecord]:
    """Read the films that the settings name; raise DataError for a patient in two splits or no film."""
    records = [] if settings.manifest is None else _from_manifest(settings.manifest, settings.images)
    for folder in settings.sets:
        records += PreparedSet.open(folder, settings.images if settings.manifest is None else None).records
    check_patients(records)
    if settings.sources:
        records = [record for record in records if record.source in settings.sources]
        empty = sorted(set(settings.sources) - {record.source for record in records})
        if empty:
            raise DataError(f"No film is of the source {empty[0]!r}. Check `sources` and the films' list.")
    return records


def training_films(
    settings: FilmSettings, records: Sequence[FilmRecord], heads: Sequence[Head], side: int
) -> TrainingFilms:
    """Load the training split: on canvases with a margin where films are moved, else at `side`."""
    chosen = [record for record in records if record.split == "train"]
    kept, canvases, places = _loaded(settings, chosen, "train", side, CANVAS if settings.moved else side)
    return TrainingFilms(kept, canvases, places, targets(kept, heads), chances(kept, settings))


def validation_films(
    settings: FilmSettings, records: Sequence[FilmRecord], heads: Sequence[Head], side: int
) -> TrainingFilms:
    """Load the validation split, unmoved; of each source evenly spaced films up to `validation_films`."""
    chosen: list[FilmRecord] = []
    for source in sorted({record.source for record in records}):
        films = [
            record
            for record in records
            if record.split == "val"
            and record.source == source
            and (record.adult or source not in settings.adults_of)
        ]
        stride = -(-len(films) // settings.validation_films) if settings.validation_films else 1
        chosen += films[:: max(1, stride)]
    kept, canvases, places = _loaded(settings, chosen, "val", side, side)
    return TrainingFilms(kept, canvases, places, targets(kept, heads), None)


def targets(records: Sequence[FilmRecord], heads: Sequence[Head]) -> Targets:
    """Give [N, heads] with 1, 0, or NaN where a film's source says nothing to a head."""
    found = np.full((len(records), len(heads)), np.nan, dtype=np.float32)
    for row, record in enumerate(records):
        for column, head in enumerate(heads):
            if head.source not in ("*", record.source) or (head.within and not _has(record, head.within)):
                continue
            has = _has(record, head.label)
            found[row, column] = np.nan if has is None else float(has)
    return found


def chances(records: Sequence[FilmRecord], settings: FilmSettings) -> NDArray[np.float64] | None:
    """Give each film's chance: the source's share, and within it every pair of view and label alike.

    None where nothing is asked for. Films whose source says nothing of the label count as a class of its own.
    """
    if not settings.sources and not settings.balance:
        return None
    names = sorted({record.source for record in records})
    whole = settings.sources or {name: sum(record.source == name for record in records) for name in names}
    cells: dict[tuple[str, str, bool | None], list[int]] = {}
    for row, record in enumerate(records):
        balanced = settings.balance and (record.source in settings.balance_in or not settings.balance_in)
        view, has = (record.view, _has(record, settings.balance)) if balanced else ("", None)
        cells.setdefault((record.source, view, has), []).append(row)
    found = np.zeros(len(records))
    for (source, _, _), rows in cells.items():
        alike = sum(cell[0] == source for cell in cells)
        found[rows] = whole[source] / alike / len(rows)
    return np.asarray(found / found.sum())


class Draws(Dataset[Batch]):
    """The batches of one stage by step number."""

    def __init__(
        self, films: TrainingFilms, settings: FilmSettings, side: int, batch: int, stage: int,
        process: tuple[int, int] = (0, 1),
    ) -> None:  # fmt: skip
        self.films, self.side, self.batch = films, side, batch
        self.key = (settings.seed, stage)
        self.process, self.processes = process
        self.moves = Augmentation(
            settings.rotate_degrees, settings.shift, settings.scale, settings.gamma, settings.contrast,
            settings.untouched, settings.blur,
        ) if settings.moved else None  # fmt: skip

    def __getitem__(self, step: int) -> Batch:
        random = np.random.default_rng((*self.key, step, self.process))
        rows = self._rows(step, random)
        if self.moves is None:
            films = self.films.exact(rows)
        else:
            films = np.stack(
                [augmented(self.films.canvas(row), self.side, random, self.moves) for row in rows]
            )
        return Batch(torch.from_numpy(films), torch.from_numpy(self.films.targets[rows]))

    def _rows(self, step: int, random: np.random.Generator) -> list[int]:
        if self.films.chances is not None:
            drawn = random.choice(len(self.films.records), size=self.batch, p=self.films.chances)
            return [int(row) for row in drawn]
        count = len(self.films.records)
        first = (step * self.processes + self.process) * self.batch
        return [
            int(self._order((first + number) // count)[(first + number) % count])
            for number in range(self.batch)
        ]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Every film once in each epoch, in an order that the seed and the epoch give."""
        if getattr(self, "_known", (-1, None))[0] != epoch:
            order = np.random.default_rng((*self.key, epoch)).permutation(len(self.films.records))
            self._known = (epoch, order)
        return self._known[1]


def batches(draws: Draws, start: int, stop: int, workers: int) -> Iterator[Batch]:
    """Yield the batches of steps `start` to `stop`, drawn beside the training where there are workers."""
    if not workers:
        for step in range(start, stop):
            yield draws[step]
        return
    # A forked process sees the mapped pixels; another kind would be sent a copy of them all.
    start_method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    yield from DataLoader(
        draws,
        batch_size=None,
        sampler=range(start, stop),
        num_workers=workers,
        prefetch_factor=4,
        multiprocessing_context=start_method,
    )


def _has(record: FilmRecord, label: str) -> bool | None:
    """Tell whether a film has a label; None where its source doesn't say, or is uncertain."""
    if record.labels is None:
        return None
    if label == ABNORMAL:
        said = record.labels - NOT_FINDINGS
        if said <= NORMAL_LABELS and record.uncertain - NOT_FINDINGS:
            return None
        return not said <= NORMAL_LABELS if said else None
    return None if label in record.uncertain else label in record.labels


def _from_manifest(path: Path, images: Path | None) -> list[FilmRecord]:
    return [
        FilmRecord(
            key=str(row.file), image=row.file, source=row.source, patient=row.patient, study="", order="",
            view=row.view, age=row.age, sex=row.sex, labels=row.labels or None, report=None, findings=None,
            impression=None, split=cast(Split, row.split), licence="",
        )
        for row in read_manifest(path, images)
    ]  # fmt: skip


def preprocessing(settings: FilmSettings, side: int, channels: int) -> PreprocessingSpec:
    """Give the preprocessing that the settings name."""
    if settings.preprocessing == "published":
        return published(side, channels)
    return PreprocessingSpec(side=side, channels=channels)


def _loaded(
    settings: FilmSettings, records: list[FilmRecord], split: str, side: int, canvas: int
) -> tuple[list[FilmRecord], Canvases, NDArray[np.int64]]:
    if not records:
        raise DataError(f"No film is in the split {split!r}. Check the films' list and `sources`.")
    canvases, unreadable = load_films(
        [record.image for record in records],
        preprocessing(settings, side, 1),
        settings.cache or settings.out / "canvas",
        canvas,
        skip_unreadable=settings.skip_unreadable,
    )
    if unreadable:
        print(f"{len(unreadable)} of {len(records)} {split} films can't be read and are left out.")
    places = np.array([place for place in range(len(records)) if place not in unreadable], dtype=np.int64)
    return [records[place] for place in places], canvases, places
