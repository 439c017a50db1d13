"""What the stages draw from: films with codes, report texts, questions and plain-language pairs of one split.

Everything that is left out is counted with its reason. No token ids here, and no drawing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.plain_language import PAIRS, REPEATED_WORDS, repeat_pair
from engine.data.prepared import PreparedSet, check_patients
from engine.data.records import FilmRecord
from engine.errors import DataError
from engine.train.instruct.settings import TASKS, InstructSettings

HELD_OUT = 200


@dataclass(frozen=True)
class Film:
    """A film of a set and its codes [variants, 256]; the first variant is what inference sees."""

    record: FilmRecord
    codes: NDArray[np.int16]


@dataclass(frozen=True)
class Item:
    """One thing to learn: `prompt` (question or instruction), `given` (input text) and `response`.

    A report has its text as response; for the opposite direction the text is `given`. `film` is None for
    plain language.
    """

    film: Film | None
    response: str = ""
    prompt: str = ""
    given: str = ""
    weight: float = 1.0

    @property
    def texts(self) -> tuple[str, str, str]:
        """The texts whose tokens make up the example beside its film and its template."""
        return self.prompt, self.given, self.response


@dataclass
class Corpus:
    """The items of each task of one split, and the counts of what was left out, by reason."""

    items: dict[str, list[Item]] = field(default_factory=lambda: {task: [] for task in TASKS})
    dropped: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """Give the number of items of each task."""
        return {task: len(items) for task, items in self.items.items()}


def open_sets(settings: InstructSettings) -> tuple[list[PreparedSet], str]:
    """Open the sets and find the tokenizer that all of their codes are by.

    Raises DataError where there is none, and for a patient who is in two splits.
    """
    sets = [PreparedSet.open(folder) for folder in settings.prepared]
    check_patients(record for one in sets for record in one.records)
    names = [{place.name for place in (one.folder / "codes").glob("*") if place.is_dir()} for one in sets]
    common = sorted(set.intersection(*names))
    chosen = [name for name in common if name.startswith(settings.codes[:12])]
    if len(chosen) != 1:
        told = ", ".join(common) or "none"
        raise DataError(
            f"The sets have the codes of these tokenizers in common: {told}. Name one of them with `codes`, "
            "or encode the sets with `llmcxr data codes`."
        )
    return sets, chosen[0]


def read_corpus(
    settings: InstructSettings, sets: Sequence[PreparedSet], tokenizer_id: str, split: str
) -> Corpus:
    """Collect the items of a split ("train" or "val") from the sets and the plain-language set.

    Raises DataError where a code lies outside the image tokenizer's or a plain-language line can't be read.
    """
    corpus = Corpus()
    for one in sets:
        # A film that is in several sets is taught once: in one direction, and each question one time.
        _add_set(corpus, settings, one, tokenizer_id, split, _taught(corpus))
    for item in read_instruct(settings.instruct)[0 if split == "train" else 1]:
        _add(corpus, "instruct", item)
    return corpus


def read_instruct(path: Path | None) -> tuple[list[Item], list[Item]]:
    """Read plain-language items: those to train on and 200 (at most a tenth) held out, always the same.

    Without a file they are the project's own pairs, with none held out. Raises DataError naming the line.
    """
    if path is None:
        pairs = [Item(None, answer, prompt) for prompt, answer in PAIRS]
        repeats = (repeat_pair(word) for word in REPEATED_WORDS)
        return [*pairs, *(Item(None, answer, prompt, given) for prompt, given, answer in repeats)], []
    items = []
    try:
        # By line feeds alone: other ends of lines may stand inside a text.
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if line.strip():
                items.append(_instruct_item(line, number, path))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Can't read the plain-language set {path}: {error}.") from error
    order = np.random.default_rng(0).permutation(len(items))
    held_out = min(HELD_OUT, len(items) // 10)
    chosen = [items[i] for i in order]
    return chosen[held_out:], chosen[:held_out]


def _instruct_item(line: str, number: int, path: Path) -> Item:
    try:
        values = json.loads(line)
        response, prompt, given = (
            str(values[key] or "").strip() for key in ("response", "instruction", "context")
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Line {number} of {path} isn't an object with instruction, context and response ({error!r})."
        ) from error
    return Item(None, response, prompt, given)


def _taught(corpus: Corpus) -> set[tuple[str, ...]]:
    """Give (source, key) of the films with a report so far, and (source, key, question) of what is asked."""
    pairs = [(task, item) for task in ("report", "generate", "answer") for item in corpus.items[task]]
    return {
        (item.film.record.source, item.film.record.key, *((item.prompt,) if task == "answer" else ()))
        for task, item in pairs
        if item.film
    }


def _add_set(
    corpus: Corpus,
    settings: InstructSettings,
    one: PreparedSet,
    tokenizer_id: str,
    split: str,
    taught: Collection[tuple[str, ...]],
) -> None:
    codes = one.codes(tokenizer_id)
    encoded = one.encoded(tokenizer_id)
    films: dict[str, Film] = {}
    for row in one.select(split):
        record = one.records[row]
        reason = _left_out(record, bool(encoded[row]), settings, split)
        if reason:
            corpus.dropped[reason] += 1
            continue
        films[record.key] = Film(record, codes[row])
    _check_codes([film.codes[0] for film in films.values()], settings.image_codes, one.folder)
    _add_reports(corpus, settings, one, films, taught)
    for pair in one.vqa():
        film = films.get(pair.key)
        if film and (film.record.source, pair.key, pair.question) in taught:
            corpus.dropped["question that an earlier set asks of the film"] += 1
        elif film:
            _add(corpus, "answer", Item(film, pair.answer, pair.question, weight=pair.weight))


def _left_out(record: FilmRecord, encoded: bool, settings: InstructSettings, split: str) -> str:
    if not encoded:
        return "film without codes"
    if settings.sources and record.source not in settings.sources:
        return "film of a source that isn't named"
    if split == "train" and _place(record.patient) >= settings.data_share:
        return "patient outside the share of the data"
    return ""


def _place(patient: str) -> float:
    """Give every patient a fixed place in [0, 1), so that a smaller share is part of a larger one."""
    return int.from_bytes(hashlib.sha256(patient.encode()).digest()[:6], "big") / 2**48


def _check_codes(codes: Sequence[NDArray[np.int16]], image_codes: int, folder: Path) -> None:
    largest = max((int(film.max()) for film in codes), default=0)
    if largest >= image_codes:
        raise DataError(
            f"The codes of {folder} go up to {largest}, more than the {image_codes} of `image_codes`. "
            "Set it to the number of the tokenizer's codes."
        )


def _add_reports(
    corpus: Corpus,
    settings: InstructSettings,
    one: PreparedSet,
    films: dict[str, Film],
    taught: Collection[tuple[str, ...]],
) -> None:
    texts: dict[str, list[tuple[str, float]]] = {key: [] for key in films}
    for row in one.reports():
        if row.key in texts and (settings.text == "table" or row.kind == "worded"):
            texts[row.key].append((row.text, row.weight))
    for place, (key, film) in enumerate(sorted(films.items())):
        if settings.text != "table" and (section := _section(film.record, settings.text)):
            texts[key].append((section, 1.0))
        if not texts[key]:
            corpus.dropped["film without a report text"] += 1
        elif (film.record.source, key) in taught:
            corpus.dropped["film whose report an earlier set holds"] += 1
            continue
        for text, weight in texts[key]:
            if settings.directions == "both" or place % 2 == 0:
                _add(corpus, "report", Item(film, text, weight=weight))
            if settings.directions == "both" or place % 2 == 1:
                _add(corpus, "generate", Item(film, given=text, weight=weight))


def _section(record: FilmRecord, wanted: str) -> str:
    """Give the part of a report that a stage learns (paper section 3.2), "" where it isn't there."""
    parts = [record.impression] if wanted == "impression" else [record.findings, record.impression]
    return " ".join(part.strip() for part in parts if part and part.strip())


def _add(corpus: Corpus, task: str, item: Item) -> None:
    asked = task in ("answer", "instruct")
    needed = (item.prompt, item.response) if asked else (item.given or item.response,)
    if not all(text.strip() for text in needed):
        corpus.dropped[f"{task}: empty text"] += 1
    elif item.weight <= 0:
        corpus.dropped[f"{task}: weight 0"] += 1
    else:
        corpus.items[task].append(item)


def all_texts(corpus: Corpus, tasks: Iterable[str] = TASKS) -> list[str]:
    """Give every text of the items once, in a fixed order."""
    return list(
        dict.fromkeys(text for task in tasks for item in corpus.items[task] for text in item.texts if text)
    )
