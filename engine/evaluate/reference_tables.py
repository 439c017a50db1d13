"""The evaluations that need reference texts, from settings to figures, tables and pictures.

One function for each of `llmcxr evaluate texts|films|questions|instruct`; the studies call the first two for
every row. What was generated stays in the folder `out` and is never made twice.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from engine.data.film_files import read_film
from engine.data.prepared import PreparedSet
from engine.errors import DataError, SettingsError
from engine.evaluate import grading, language, paper_tables, reference
from engine.evaluate.agreement import STATES, states_of
from engine.evaluate.encoders import CXR, INCEPTION, INCEPTION_FILE, Encoder, cxr_encoder, inception_encoder
from engine.evaluate.measured import Measured, not_measured
from engine.evaluate.nlg import nlg_metrics
from engine.evaluate.paper import TABLE4_ORDER
from engine.evaluate.plots import confusion_figure, roc_figure
from engine.evaluate.reference import ANSWERS, FilmPair, ReadFilm, TextPair
from engine.evaluate.results import Table
from engine.evaluate.study_settings import (
    DrawnFilmSettings,
    LanguageSettings,
    ModelSettings,
    QuestionSettings,
    TextSettings,
)
from engine.model import Model
from engine.preprocess import PreprocessingSpec, published
from engine.progress import track

Figures = dict[str, Any]
Outcome = tuple[Figures, list[Table], dict[str, Figure]]
_CHUNK = 64
_SIDE = 256


def measure_texts(settings: TextSettings) -> Outcome:
    """Draft every film of a split, or take ready pairs, and measure the texts: Tables 1, 2 and 5."""
    if settings.pairs is not None:
        pairs = reference.read_pairs(settings.pairs, TextPair)
    else:
        model, prepared, out = _needed(settings, "pairs")
        films = reference.films_with_text(prepared, settings.split, settings.section, settings.limit)
        pairs = reference.draft_texts(model, films, _reader(model.bundle.preprocessing), out, settings.seed)
    figures, tables = paper_tables.report_tables(
        pairs, settings.uncertain, settings.nltk_data, settings.draws, settings.seed
    )
    return {**_provenance(settings), **figures}, tables, {"states": _states_picture(pairs)}


def measure_films(settings: DrawnFilmSettings) -> Outcome:
    """Draw a film for every text of a split, or take ready pairs, and measure the films: Tables 4 and 6."""
    spec = published(_SIDE, 1)
    if settings.pairs is not None:
        pairs = reference.read_pairs(settings.pairs, FilmPair)
    else:
        model, prepared, out = _needed(settings, "pairs")
        films = reference.films_with_text(prepared, settings.split, settings.section, settings.limit)
        pairs = reference.draw_films(model, films, out, settings.seed)
        spec = model.bundle.preprocessing
    patients = [pair.patient for pair in pairs]
    figures: Figures = {**_provenance(settings), "n": len(pairs)}
    tables: list[Table] = []
    pictures: dict[str, Figure] = {}
    if settings.classifier is not None:
        figures["agreement"], tables, pictures = _labels_of(settings, pairs, spec)
    measured: list[Measured] = []
    for name, encoder in _encoders(settings):
        if isinstance(encoder, str):
            measured.append(not_measured(name, encoder))
            continue
        first, second = (
            np.concatenate([encoder.features(part) for part in _films(pairs, side, spec)])
            for side in ("original", "generated")
        )
        measured.append(paper_tables.distances(encoder, first, second, patients, settings.fid_draws))
    figures["fid"], fid_tables = paper_tables.fid_table(measured, len(pairs))
    return figures, [*tables, *fid_tables], pictures


def measure_questions(settings: QuestionSettings) -> Outcome:
    """Ask the questions of a split, or take ready answers, and grade them: Table 3."""
    if settings.answers is not None:
        kind = settings.answers.suffix
        answers = (
            reference.read_pairs(settings.answers, grading.Answered)
            if kind == ".jsonl"
            else grading.read_answers(settings.answers)
        )
    else:
        model, prepared, out = _needed(settings, "answers")
        read = _reader(model.bundle.preprocessing)
        answers = reference.answer_questions(
            model, prepared, settings.split, read, out, settings.seed, settings.limit
        )
    grades = None if settings.grades is None else grading.read_grades(settings.grades)
    figures, tables = paper_tables.question_tables(answers, grades, settings.draws)
    return {**_provenance(settings), **figures, "answers": ANSWERS}, tables, {}


def measure_language(settings: LanguageSettings) -> Outcome:
    """Measure perplexity of a text before and after tuning, and the responses to held-out instructions."""
    documents = language.read_documents(settings.text, settings.documents)
    named = (
        {"before": settings.before, "after": settings.model} if settings.before else {"after": settings.model}
    )
    found, losses = {}, {}
    responses: list[dict[str, str]] = []
    for when, name in named.items():
        score, encode, model = open_scorer(name, settings.models, settings.threads)
        window = min(settings.window, _positions(model, settings.window))
        losses[when] = language.text_loss(score, encode, documents, window, f"documents, {when}")
        found[when] = language.perplexity(losses[when], settings.draws, settings.seed)
        if when == "after" and settings.pairs is not None:
            responses = _responses(model, settings, name)
    change = None
    if "before" in losses:
        change = language.perplexity_change(losses["before"], losses["after"], settings.draws, settings.seed)
    figures: Figures = {"text": settings.text.name, "documents": len(documents), **found}
    if change is not None:
        figures["bits_per_byte_change"] = change
    tables = [paper_tables.language_table(found, change, settings.text.name, len(documents))]
    if responses:
        likeness = nlg_metrics(
            [one["response"] for one in responses],
            [one["reference"] for one in responses],
            [str(index) for index in range(len(responses))],
            draws=settings.draws,
        )
        figures["responses"] = {"metrics": {one.name: one.to_json() for one in likeness}, "texts": responses}
        rows = [[f"{len(responses)} held-out instructions", *(one.cell for one in likeness)]]
        notes = tuple(one.note for one in likeness)
        tables.append(Table("Responses", ["", *(one.name for one in likeness)], rows, None, notes))
    return figures, tables, {}


def open_scorer(
    name: str, models: Path | None, threads: int
) -> tuple[language.Score, language.Encode, Model | None]:
    """Open a Hugging Face folder (a base, or a run's best) or a model; give what scores and cuts its text.

    The model is None for a bare folder, which can't be asked for responses with image tokens.
    """
    folder = Path(name)
    if (folder / "config.json").is_file():
        return (*_folder_scorer(folder), None)
    from engine.models import open_model

    model = open_model(name, models, threads=threads)
    backend = model.backends.language

    def score(ids: list[int]) -> NDArray[np.float32]:
        first = backend.prefill([ids[:1]])
        if len(ids) == 1:
            return first
        return np.concatenate([first, backend.score([ids[1:]], len(ids) - 1)[0]])

    return score, model.bundle.vocabulary.encode, model


def _folder_scorer(folder: Path) -> tuple[language.Score, language.Encode]:
    import torch
    from tokenizers import Tokenizer

    from engine.lm.official import dtype_for, inspect_folder, open_language_model, text_tokenizer

    network: Any = open_language_model(folder, dtype_for(inspect_folder(folder).parameters))
    tokenizer = Tokenizer.from_str(text_tokenizer(folder))

    @torch.inference_mode()
    def score(ids: list[int]) -> NDArray[np.float32]:
        logits = network(input_ids=torch.tensor([ids])).logits[0]
        return np.asarray(logits.float().numpy())

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    return score, encode


def _positions(model: Model | None, window: int) -> int:
    return window if model is None else model.backends.language.max_positions


def _responses(model: Model | None, settings: LanguageSettings, name: str) -> list[dict[str, str]]:
    from engine.errors import EngineError

    if model is None:
        raise SettingsError(
            f"Setting pairs: {name} is a bare folder. Name a model (`llmcxr model import`) to get responses."
        )
    if settings.pairs is None:
        return []
    made = []
    for index, pair in enumerate(
        track(language.read_instructions(settings.pairs, settings.pair_limit), "responses")
    ):
        try:
            said = model.instruct(pair["instruction"], pair["context"] or None, settings.seed + index).text
        except EngineError as error:
            said, pair = "", {**pair, "refused": str(error)}
        made.append({**pair, "reference": pair["response"], "response": said})
    return made


def _needed(settings: ModelSettings, instead: str) -> tuple[Model, PreparedSet, Path]:
    """Open what a run over a prepared set needs; raise SettingsError for what wasn't given."""
    if settings.prepared is None or settings.out is None:
        raise SettingsError(
            f"Give `prepared` and `out` to generate, or `{instead}` with what was generated before."
        )
    if settings.tokenizer:
        from engine.evaluate.run_model import open_run

        model = open_run(
            settings.tokenizer, settings.model, settings.models, settings.greedy, settings.threads
        )
    else:
        from engine.models import open_model

        model = open_model(settings.model, settings.models, threads=settings.threads)
    return model, PreparedSet.open(settings.prepared, settings.images), settings.out


def _provenance(settings: ModelSettings) -> Figures:
    keys = ("model", "tokenizer", "split", "limit", "seed", "draws", "greedy")
    return {"settings": {key: getattr(settings, key) for key in keys}}


def _reader(spec: PreprocessingSpec) -> ReadFilm:
    return lambda path: read_film(path, spec)


def _films(pairs: Sequence[FilmPair], side: str, spec: PreprocessingSpec) -> Iterator[NDArray[np.float32]]:
    """Give films [n, 1, R, R] in parts: originals as the model sees them, generated ones as they were drawn."""
    from engine.preprocess import read_stored

    read = _reader(spec)
    for start in range(0, len(pairs), _CHUNK):
        part = []
        for pair in pairs[start : start + _CHUNK]:
            path = Path(getattr(pair, side))
            if side == "original":
                part.append(read(path).mean(axis=0, keepdims=True))
            else:
                part.append(
                    np.asarray(read_stored(path), dtype=np.float32)[None] / np.float32(127.5) - np.float32(1)
                )
        shapes = {film.shape for film in part}
        if len(shapes) > 1:
            raise DataError(f"The {side} films are of different sizes: {sorted(shapes)}. Use one model.")
        yield np.stack(part).astype(np.float32)


def _labels_of(settings: DrawnFilmSettings, pairs: Sequence[FilmPair], spec: PreprocessingSpec) -> Outcome:
    """Label both films of every pair with one classifier: the paper's 11 classes, or all that ours has."""
    from engine.classifier.model import Classifier

    judge = Classifier.load(Path(str(settings.classifier)))
    classes = [name for name in TABLE4_ORDER if name in judge.labels] or [
        name for name in judge.labels if name
    ]
    columns = [judge.column(name) for name in classes]
    original, generated = (
        np.concatenate([judge.probabilities(part)[:, columns] for part in _films(pairs, side, spec)])
        for side in ("original", "generated")
    )
    figures, tables = paper_tables.agreement_tables(
        generated.astype(np.float64),
        original.astype(np.float64),
        [pair.patient for pair in pairs],
        classes,
        judge.thresholds,
        Path(str(settings.classifier)).name,
        settings.draws,
    )
    limits = [judge.thresholds.get(name, 0.5) for name in classes]
    curves = {
        name: (generated[:, index].astype(np.float64), original[:, index] >= limits[index])
        for index, name in enumerate(classes)
    }
    return figures, tables, {"roc": roc_figure(curves, "Generated against original")}


def _encoders(settings: DrawnFilmSettings) -> Iterator[tuple[str, Encoder | str]]:
    """Open each encoder of Table 6, or say why there is none."""
    if settings.inception is None:
        yield INCEPTION, f"no `inception` file was given; put {INCEPTION_FILE} on this machine and name it."
    else:
        yield INCEPTION, inception_encoder(settings.inception)
    file = settings.cxr_encoder or settings.classifier
    if file is None:
        yield CXR, "no `cxr_encoder` file was given; name TorchXRayVision's, or train a classifier."
    else:
        yield CXR, cxr_encoder(file)


def _states_picture(pairs: Sequence[TextPair]) -> Figure:
    """Draw how the four states of all labels moved from reference to draft."""
    said, meant = (states_of([getattr(pair, side) for pair in pairs]) for side in ("generated", "reference"))
    names = list(STATES)
    counts = np.array(
        [[((meant == a) & (said == b)).sum() for b in STATES.values()] for a in STATES.values()]
    )
    return confusion_figure(counts.astype(np.int64), names, names, f"Label states, {len(pairs)} reports")
