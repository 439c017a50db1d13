"""The guard of a bundle: a trained classifier as a graph, its thresholds fixed on validation films.

It must be a network of its own. The tokenizer learnt to please its teacher and its feature net, so neither could
judge it afterwards; a file that holds the weights of one of them is refused, as far as that was recorded.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn

from engine.bundle import GUARD, sha256_of
from engine.classifier.model import Classifier, Network, film_values, weights_sha256
from engine.classifier.settings import ClassifierSettings
from engine.classifier.train import areas_by_head, thresholds
from engine.data.film_files import read_film
from engine.data.records import FilmRecord
from engine.errors import ExportError
from engine.evaluate.statistics import balanced_accuracy
from engine.exporting.graphs import quiet_exporter
from engine.exporting.settings import ExportSettings
from engine.half_storage import store_half
from engine.preprocess import PreprocessingSpec
from engine.runtime.onnx_backend import open_session
from engine.tokenizer.graph import OPSET
from engine.train.common import load_checkpoint
from engine.train.film_settings import ABNORMAL
from engine.train.films import preprocessing, read_records, targets
from engine.train.rounding import round_to_half

DIFFERENCE_MAX = 1e-3
_HASH = re.compile(r"\bsha256 ([0-9a-f]{12})\b")


class GuardGraph(nn.Module):
    """film [B, C, side, side] in [-1, 1] -> probabilities [B, labels]."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = net

    def forward(self, film: Tensor) -> Tensor:
        """Judge films."""
        return self.net.probabilities(film_values(film))


def export_guard(settings: ExportSettings, spec: PreprocessingSpec) -> dict[str, Any] | None:
    """Write guard.onnx into the bundle's folder and give the manifest's `guard` entry; None without a guard.

    Raises ExportError for a classifier that the tokenizer learnt from, one trained on other films than the
    bundle's preprocessing gives or without a head for abnormal films, and a graph that differs from torch.
    """
    path = settings.guard
    if path is None:
        return None
    classifier = Classifier.load(path)
    version = weights_sha256(classifier.net)
    facts = load_checkpoint(settings.tokenizer).get("facts") or {}
    refuse_known(path, version, facts, settings.other_classifiers)
    trained = _trained(path, classifier, settings)
    _check_films(path, trained, spec)
    abnormal = _abnormal_head(path, classifier.labels, settings.source)
    records = _validation(trained)
    films = [read_film(record.image, spec) for record in records]
    net = round_to_half(classifier.net.eval())
    write_guard(net, spec, settings.out / GUARD)
    scores, difference = checked_scores(net, films, settings.out / GUARD)
    truth = targets(records, trained.heads)
    limits = thresholds(classifier.labels, scores, truth)
    if abnormal not in limits:
        raise ExportError(
            f"The manifest has no validation films of both kinds for {abnormal}, so the guard has no threshold."
        )
    known = ~np.isnan(truth[:, classifier.labels.index(abnormal)])
    said = scores[known, classifier.labels.index(abnormal)] > limits[abnormal]
    is_abnormal = truth[known, classifier.labels.index(abnormal)] > 0
    return {
        "labels": list(classifier.labels),
        "thresholds": limits,
        "abnormal": abnormal,
        "side": spec.side,
        "version": version[:12],
        "validation": {
            "films": len(records),
            "abnormal_films": int(known.sum()),
            "auroc": areas_by_head(trained, scores, truth),
            "abnormal_balanced_accuracy": balanced_accuracy(said, is_abnormal),
            "probability_difference_max": difference,
        },
        "training": {key: value for key, value in classifier.facts.items() if key != "val_auroc"},
    }


def refuse_known(
    path: Path, weights: str, tokenizer_facts: Mapping[str, Any], others: Sequence[Path] = ()
) -> None:
    """Refuse a guard that is one of the networks the tokenizer learnt from, or one of the other files.

    Compared are the weights' hash that a training records, else the file's hash in the record of its terms.
    """
    told = {f"the tokenizer's {name} network": known for name, known in _recorded(tokenizer_facts).items()}
    told |= {f"the classifier {other.name}": weights_sha256(Classifier.load(other).net) for other in others}
    file = sha256_of(path)[:12]
    for term, text in (tokenizer_facts.get("terms") or {}).items():
        told |= {f"the file of the tokenizer's term {term!r}": found for found in _HASH.findall(str(text))}
    for name, known in told.items():
        if known in (weights, file):
            raise ExportError(
                f"The guard {path} is {name}: the weights are equal. Train one of its own with `llmcxr train "
                "classifier --config engine/recipes/demo-guard.yaml`."
            )


def write_guard(net: Network, spec: PreprocessingSpec, path: Path) -> None:
    """Write a network as an ONNX graph with its weights stored as float16."""
    film = torch.zeros(2, spec.channels, spec.side, spec.side)
    with quiet_exporter():
        program = torch.onnx.export(
            GuardGraph(net).eval().to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
            (film,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["film"],
            output_names=["probabilities"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
            # The optimizer folds batch norms into weights, which then are no float16 values any more.
            optimize=False,
        )
    if program is None:
        raise ExportError(f"The exporter gave no graph for {path.name}.")
    onnx.save(program.model_proto, str(path))
    store_half(path)


@torch.no_grad()
def checked_scores(
    net: Network, films: Sequence[NDArray[np.float32]], path: Path
) -> tuple[NDArray[np.float64], float]:
    """Give the graph's probabilities [N, labels] of films, and how far they are from torch's at most.

    Raises ExportError where that is too far.
    """
    session, rows, difference = open_session(path, 1), [], 0.0
    for film in films:
        got = session.run(["probabilities"], {"film": film[None]})[0]
        wanted = net.probabilities(film_values(torch.from_numpy(film[None].copy()))).numpy()
        difference = max(difference, float(np.abs(got - wanted).max()))
        rows.append(got[0])
    if difference > DIFFERENCE_MAX:
        raise ExportError(f"The guard's graph differs from torch by {difference:.2g}. Don't ship it.")
    return np.array(rows, dtype=np.float64), difference


def _recorded(facts: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(known) for name, known in (facts.get("classifiers") or {}).items()}


def _trained(path: Path, classifier: Classifier, settings: ExportSettings) -> ClassifierSettings:
    """Give the settings that the classifier was trained by, with the films' list of this export."""
    told = classifier.facts.get("settings")
    if not isinstance(told, dict):
        raise ExportError(
            f"The guard {path} doesn't say what it was trained on. Train one with `llmcxr train classifier`."
        )
    here = {"manifest": settings.manifest, "images": settings.images, "out": settings.out}
    try:
        trained = ClassifierSettings.model_validate({**told, **here})
    except ValidationError as error:
        raise ExportError(
            f"The settings in the guard {path} aren't those of this version: {error.errors()[0]['msg']}. "
            "Train it again."
        ) from error
    if tuple(head.name for head in trained.heads) != classifier.labels:
        raise ExportError(f"The guard {path} has other labels than the settings in it name. Train it again.")
    return trained


def _check_films(path: Path, trained: ClassifierSettings, spec: PreprocessingSpec) -> None:
    own = preprocessing(trained, trained.film_side, spec.channels)
    if (own.side, own.file, own.crop) != (spec.side, spec.file, spec.crop):
        raise ExportError(
            f"The guard {path} was trained on films of {own.side} pixels, preprocessing "
            f"{trained.preprocessing!r}; the bundle's are of {spec.side} pixels, version {spec.version!r}. "
            "Train it on the bundle's."
        )


def _abnormal_head(path: Path, labels: Sequence[str], source: str) -> str:
    for name in (f"{source}/{ABNORMAL}", ABNORMAL):
        if name in labels:
            return name
    raise ExportError(
        f"The guard {path} has no head {source}/{ABNORMAL} that would tell normal from abnormal, only "
        f"{', '.join(labels)}."
    )


def _validation(trained: ClassifierSettings) -> list[FilmRecord]:
    """Give the validation films of the sources that the classifier knows, adults where it was so validated."""
    return [
        record
        for record in read_records(trained)
        if record.split == "val" and (record.adult or record.source not in trained.adults_of)
    ]
