"""Measure a bundle on a split: `python -m engine.train.evaluate --bundle DIR --manifest CSV --split val`.

Runs what ships (ONNX Runtime, greedy drafts) on the adult films of one source and adds the split's figures
to a JSON file. Intervals are bootstrapped by patient. It chooses nothing: no threshold is set here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow, read_manifest, select
from engine.data.questions import ABNORMAL
from engine.data.templates import JUDGED, age_band, judged_findings, parse_impression, usable
from engine.model import Model
from engine.preprocess import Film, film_from_file
from engine.train.common import parse_settings
from engine.train.scores import abnormal_log_odds, answer_log_odds, auroc, has

DRAWS = 2000
Statistic = Callable[[NDArray[np.int64]], float]


@dataclass(frozen=True)
class EvaluateSettings:
    """What is measured and where the figures go."""

    bundle: Path
    manifest: Path
    split: str
    metrics: Path
    source: str = "nih-cxr14"
    title: str = "NIH adults"
    threads: int = 1


def main() -> None:
    """Measure one split and add it to the metrics file."""
    settings = parse_settings(EvaluateSettings, "Measure a bundle on one split.")
    entry = evaluate(settings)
    known = json.loads(settings.metrics.read_text(encoding="utf-8")) if settings.metrics.exists() else {}
    known[settings.split] = entry
    settings.metrics.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    for name, value in entry["measures"].items():
        print(f"{name}: {value}", flush=True)


def evaluate(settings: EvaluateSettings) -> dict[str, Any]:
    """Give `title`, `measures` (name to n, value, low, high) and every draft with its film's labels."""
    model = Model.open(settings.bundle, threads=settings.threads)
    rows = select(read_manifest(settings.manifest), settings.split, [settings.source], adults_only=True)
    rows = [row for row in rows if usable(row)]
    films = [film_from_file(row.file, model.bundle.preprocessing) for row in rows]
    codes = np.array([model.encode(film) for film in films], dtype=np.int16)
    drafts = [model.report(film).text for film in codes.tolist()]
    measures = _draft_measures(rows, drafts)
    measures |= _score_measures(model, rows, codes)
    measures["tokenizer, PSNR in dB"] = _interval(rows, _mean(_psnr(model, films, codes)))
    labelled = [
        {"labels": sorted(row.labels), "draft": draft} for row, draft in zip(rows, drafts, strict=True)
    ]
    return {"title": settings.title, "measures": measures, "drafts": labelled}


def _draft_measures(rows: Sequence[FilmRow], drafts: Sequence[str]) -> dict[str, Any]:
    parsed = [parse_impression(draft) for draft in drafts]
    truth = has(rows, ABNORMAL)
    # A draft that can't be read back is wrong whatever the film is.
    right = np.array([f is not None and bool(f) == bool(t) for f, t in zip(parsed, truth, strict=True)])
    exact = np.array(
        [found == frozenset(judged_findings(row)) for found, row in zip(parsed, rows, strict=True)]
    )
    normal, abnormal = np.flatnonzero(~truth), np.flatnonzero(truth)
    return {
        "drafts well formed": _interval(rows, _mean(np.array([found is not None for found in parsed]))),
        "drafts, balanced accuracy normal/abnormal": _interval(rows, _balanced(right == truth, truth)),
        "drafts, No Finding films called normal": _interval(rows, _mean(right), normal),
        "drafts, abnormal films called abnormal": _interval(rows, _mean(right), abnormal),
        "drafts, exactly the labelled findings": _interval(rows, _mean(exact)),
        "drafts, macro-F1 of five findings": _interval(rows, _macro_f1(rows, parsed)),
        "distinct drafts": {"n": len(rows), "value": len(set(drafts))},
    }


def _score_measures(model: Model, rows: Sequence[FilmRow], codes: NDArray[np.int16]) -> dict[str, Any]:
    def next_logits(prompts: Sequence[list[int]]) -> NDArray[np.float32]:
        return model.backends.language.prefill(prompts)

    vocabulary, truth = model.bundle.vocabulary, has(rows, ABNORMAL)
    scores = abnormal_log_odds(next_logits, vocabulary, codes)
    measures = {"report log-odds, AUROC abnormal": _interval(rows, _auroc(scores, truth))}
    for view in ("PA", "AP"):
        inside = np.flatnonzero([row.view == view for row in rows])
        measures[f"report log-odds, AUROC abnormal, {view}"] = _interval(rows, _auroc(scores, truth), inside)
    measures["the same, films shuffled within view and age band (floor)"] = {
        "n": len(rows), "value": _shuffled_auroc(rows, scores, truth)
    }  # fmt: skip
    answers = {name: answer_log_odds(next_logits, vocabulary, codes, name) for name in (*JUDGED, ABNORMAL)}
    measures["answers, AUROC abnormal"] = _interval(rows, _auroc(answers[ABNORMAL], truth))
    measures["answers, balanced accuracy abnormal"] = _interval(rows, _balanced(answers[ABNORMAL] > 0, truth))
    for name in JUDGED:
        measures[f"answers, AUROC {name}"] = _interval(rows, _auroc(answers[name], has(rows, name)))
    each = [_balanced(answers[name] > 0, has(rows, name)) for name in JUDGED]
    measures["answers, balanced accuracy, mean of five findings"] = _interval(
        rows, lambda chosen: float(np.nanmean([one(chosen) for one in each]))
    )
    return measures


def _interval(
    rows: Sequence[FilmRow], statistic: Statistic, inside: NDArray[np.int64] | None = None
) -> dict[str, Any]:
    """Give the value and its 95 % interval over 2,000 bootstrap draws of patients."""
    indices = np.arange(len(rows)) if inside is None else inside
    by_patient: dict[str, list[int]] = {}
    for index in indices:
        by_patient.setdefault(rows[index].patient, []).append(int(index))
    groups = [np.array(group) for group in by_patient.values()]
    random = np.random.default_rng(0)
    draws = []
    for _ in range(DRAWS):
        chosen = np.concatenate([groups[i] for i in random.integers(len(groups), size=len(groups))])
        draws.append(statistic(chosen))
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return {"n": len(indices), "value": statistic(indices), "low": float(low), "high": float(high)}


def _mean(values: NDArray[Any]) -> Statistic:
    return lambda chosen: float(values[chosen].mean())


def _auroc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> Statistic:
    return lambda chosen: auroc(scores[chosen], truth[chosen])


def _balanced(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Statistic:
    def statistic(chosen: NDArray[np.int64]) -> float:
        rates = [(said[chosen] == truth[chosen])[truth[chosen] == wanted] for wanted in (True, False)]
        return float(np.mean([rate.mean() if len(rate) else np.nan for rate in rates]))

    return statistic


def _macro_f1(rows: Sequence[FilmRow], parsed: Sequence[frozenset[str] | None]) -> Statistic:
    said = {name: np.array([bool(found) and name in (found or ()) for found in parsed]) for name in JUDGED}
    truth = {name: has(rows, name) for name in JUDGED}

    def statistic(chosen: NDArray[np.int64]) -> float:
        scores = []
        for name in JUDGED:
            yes, right = said[name][chosen], truth[name][chosen]
            total = yes.sum() + right.sum()
            scores.append(2 * (yes & right).sum() / total if total else 0.0)
        return float(np.mean(scores))

    return statistic


def _shuffled_auroc(rows: Sequence[FilmRow], scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    strata: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        strata.setdefault((row.view, age_band(row.age)), []).append(index)
    random = np.random.default_rng(0)
    values = []
    for _ in range(200):
        order = np.arange(len(rows))
        for members in strata.values():
            order[members] = random.permutation(members)
        values.append(auroc(scores[order], truth))
    return float(np.mean(values))


def _psnr(model: Model, films: Sequence[Film], codes: NDArray[np.int16]) -> NDArray[np.float64]:
    copies = [model.decode(film) for film in codes.tolist()]
    errors = [float(np.square(film - copy).mean()) for film, copy in zip(films, copies, strict=True)]
    return np.asarray(10.0 * np.log10(4.0 / np.array(errors)))


if __name__ == "__main__":
    main()
