"""A whole set of films to codes in one pass: every film as inference sees it, and several times slightly moved.

The pass writes into a file of its final size and marks how far it is, so an interrupted one goes on where it was;
what a film's codes are depends on its key and the seed alone, never on the interruption. A film that can't be read
gets no codes and is counted with its reason. Knows no network: anything that turns films into codes will do.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.film_files import read_grey
from engine.data.films import CANVAS, Augmentation, augmented
from engine.data.prepared import (
    CODES,
    CODES_FACTS,
    CODES_PER_FILM,
    NOT_ENCODED,
    Codes,
    PreparedSet,
    keys_sha256,
)
from engine.data.records import FilmRecord
from engine.errors import DataError, FilmRefused
from engine.preprocess import PreprocessingSpec, film_from_grey, resized_and_cropped
from engine.progress import track
from engine.safe_write import write_json

Films = NDArray[np.float32]
Known = dict[tuple[str, str, str], Codes]

_NUMBERS = re.compile(r"\d+")
_NAMES = re.compile(r"'[^']*'")


class Encoder(Protocol):
    """What turns films [B, C, side, side] in [-1, 1] into codes [B, 256]."""

    def encode(self, films: Films) -> NDArray[np.int64]:
        """Encode a batch."""


@dataclass(frozen=True)
class FilmTokenizer:
    """An encoder, the sha256 that its codes are found by, and how films are prepared for it."""

    id: str
    name: str
    encoder: Encoder
    spec: PreprocessingSpec


@dataclass(frozen=True)
class EncodePlan:
    """How often each film is encoded and from which seed its moves are drawn; variant 0 is never moved."""

    variants: int = 1
    seed: int = 0
    batch: int = 16
    workers: int = 2
    films_per_mark: int = 64
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(untouched=0.0))


@dataclass(frozen=True)
class Encoded:
    """What a pass gave: the folder, how many films have codes, and why the others have none."""

    folder: Path
    films: int
    refused: dict[str, int]


def encode_set(
    prepared: PreparedSet, tokenizer: FilmTokenizer, plan: EncodePlan, reuse: PreparedSet | None = None
) -> Encoded:
    """Encode every film of a set, or go on with a pass that was interrupted.

    The codes of films that are also in `reuse` are taken from there: they would come out the same.
    Raises DataError where the folder, or `reuse`, holds codes made otherwise: of other films, with other
    variants, another seed, other moves or another preprocessing.
    """
    known = None if reuse is None else _known(reuse, tokenizer, plan)
    folder = prepared.codes_folder(tokenizer.id)
    facts = _begin(folder, prepared.records, tokenizer, plan)
    total, done = len(prepared.records), int(facts["done"])
    with ThreadPoolExecutor(plan.workers) as pool:
        for _ in track(
            _work(folder, facts, prepared.records, tokenizer, plan, pool, known),
            "encoding films",
            total,
            done,
        ):
            pass
    reasons = Counter(facts["refused"].values())
    return Encoded(folder, total - reasons.total(), dict(reasons.most_common()))


def _begin(
    folder: Path, records: Sequence[FilmRecord], tokenizer: FilmTokenizer, plan: EncodePlan
) -> dict[str, Any]:
    """Give the marks of the pass in the folder, begun here where there is none."""
    made = {"tokenizer": tokenizer.name, "keys_sha256": keys_sha256(records), **_how(tokenizer, plan)}
    path = folder / CODES_FACTS
    if not path.exists() or not (folder / CODES).exists():
        folder.mkdir(parents=True, exist_ok=True)
        shape = (len(records), plan.variants, CODES_PER_FILM)
        empty = np.lib.format.open_memmap(folder / CODES, mode="w+", dtype=np.int16, shape=shape)
        empty.flush()
        facts = {**made, "done": 0, "refused": {}, "finished": not records}
        write_json(path, facts)
        return facts
    facts = dict(json.loads(path.read_text(encoding="utf-8")))
    different = [name for name, value in made.items() if name != "tokenizer" and facts.get(name) != value]
    if different:
        raise DataError(
            f"{folder} holds codes that were made otherwise ({', '.join(different)}). Delete that folder to encode "
            "anew, or give the earlier settings to go on."
        )
    return facts


def _how(tokenizer: FilmTokenizer, plan: EncodePlan) -> dict[str, Any]:
    """All that a film's codes depend on beside the film."""
    return {
        "tokenizer_sha256": tokenizer.id,
        "preprocessing": tokenizer.spec.to_manifest(),
        "variants": plan.variants,
        "seed": plan.seed,
        "augmentation": asdict(plan.augmentation),
    }


def _known(reuse: PreparedSet, tokenizer: FilmTokenizer, plan: EncodePlan) -> Known:
    """Give the codes of another set by the names of its films."""
    codes, usable = reuse.codes(tokenizer.id), reuse.encoded(tokenizer.id)
    facts = json.loads((reuse.codes_folder(tokenizer.id) / CODES_FACTS).read_text(encoding="utf-8"))
    different = [name for name, value in _how(tokenizer, plan).items() if facts.get(name) != value]
    if different:
        raise DataError(f"The codes of {reuse.folder} were made otherwise ({', '.join(different)}).")
    return {_name(record): codes[row] for row, record in enumerate(reuse.records) if usable[row]}


def _name(record: FilmRecord) -> tuple[str, str, str]:
    """What a film is recognised by in another set; two collections may use one key for two films."""
    return record.source, record.patient, record.key


def _work(
    folder: Path,
    facts: dict[str, Any],
    records: Sequence[FilmRecord],
    tokenizer: FilmTokenizer,
    plan: EncodePlan,
    pool: ThreadPoolExecutor,
    known: Known | None,
) -> Iterator[int]:
    """Encode and mark chunk after chunk, giving the number of each film that is done."""
    codes: Codes = np.lib.format.open_memmap(folder / CODES, mode="r+")
    while facts["done"] < len(records):
        start = int(facts["done"])
        chunk = range(start, min(start + plan.films_per_mark, len(records)))
        rest = [row for row in chunk if known is None or _name(records[row]) not in known]
        read = list(pool.map(lambda row: _read(records[row], tokenizer.spec), rest))
        codes[rest] = _chunk_codes(read, tokenizer, plan, pool)
        for row in chunk:
            if known is not None and _name(records[row]) in known:
                codes[row] = known[_name(records[row])]
        codes.flush()  # type: ignore[attr-defined]
        facts["refused"] |= {
            str(row): film for row, film in zip(rest, read, strict=True) if isinstance(film, str)
        }
        facts["done"] = start + len(chunk)
        facts["finished"] = facts["done"] == len(records)
        write_json(folder / CODES_FACTS, facts)
        yield from chunk


@dataclass(frozen=True, eq=False)
class _Film:
    """A film as inference sees it [C, side, side], its larger canvas to move it on, and what its draws begin from."""

    exact: Films
    canvas: NDArray[np.uint8]
    key: int


def _read(record: FilmRecord, spec: PreprocessingSpec) -> _Film | str:
    """Read a film, or give the reason why it can't be."""
    try:
        grey = read_grey(record.image, spec)
        canvas = resized_and_cropped(grey, CANVAS, Image.Resampling.LANCZOS)
    except (FilmRefused, OSError, ValueError, SyntaxError) as error:
        # Pillow raises all of these for broken files; sizes and names would make every reason another one.
        return _NAMES.sub("…", _NUMBERS.sub("N", str(error)))
    key = int.from_bytes(hashlib.sha256(record.key.encode()).digest()[:8], "big")
    return _Film(film_from_grey(grey, spec), canvas, key)


def _chunk_codes(
    read: Sequence[_Film | str], tokenizer: FilmTokenizer, plan: EncodePlan, pool: ThreadPoolExecutor
) -> Codes:
    codes = np.full((len(read), plan.variants, CODES_PER_FILM), NOT_ENCODED, dtype=np.int16)
    rows = [row for row, film in enumerate(read) if not isinstance(film, str)]
    films = [film for film in read if not isinstance(film, str)]
    for variant in range(plan.variants if films else 0):
        shown = list(pool.map(lambda film, v=variant: _variant(film, v, tokenizer.spec, plan), films))
        parts = [
            tokenizer.encoder.encode(np.stack(shown[start : start + plan.batch]))
            for start in range(0, len(shown), plan.batch)
        ]
        codes[rows, variant] = np.concatenate(parts).astype(np.int16)
    return codes


def _variant(film: _Film, variant: int, spec: PreprocessingSpec, plan: EncodePlan) -> Films:
    if variant == 0:
        return film.exact
    random = np.random.default_rng([plan.seed, variant, film.key])
    moved = augmented(film.canvas, spec.side, random, plan.augmentation)
    return np.ascontiguousarray(np.broadcast_to(moved, film.exact.shape))
