"""`llmcxr evaluate precision`: every precision against the reference, and one that costs too much is named."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from engine import cli
from engine.bundle import Bundle
from engine.commands.opening import read_film
from engine.data.manifest import read_manifest
from engine.errors import DataError
from engine.evaluate import precision
from engine.evaluate.precision_backends import REFERENCE, SHIPPED, TRANSFORMERS, bfloat16_network
from engine.evaluate.precision_tables import precision_pictures, precision_tables
from engine.evaluate.statistics import Interval
from engine.model import Model
from engine.runtime.backend import LanguageBackend
from tests.engine.shipped_films import shipped_manifest


def test_the_command_compares_every_precision(tmp_path: Path) -> None:
    manifest = shipped_manifest(tmp_path / "films.csv", train=9)
    app = typer.Typer()
    cli.register(app)
    command = ["evaluate", "precision", "--manifest", str(manifest), "--split", "val", "--draws", "20"]
    done = CliRunner().invoke(
        app, [*command, "--json", str(tmp_path / "f.json"), "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["films"] == 5
    precisions = ("float32", "int8", "int8-dynamic", "int4")
    names, hybrids = ([f"{one} {name}" for name in precisions] for one in ("onnxruntime", "hybrid"))
    assert list(found["backends"]) == [REFERENCE, SHIPPED, *names, TRANSFORMERS, *hybrids]
    assert not any("not_measured" in one for one in found["backends"].values())
    for name in (SHIPPED, "onnxruntime float32"):
        one = found["backends"][name]
        assert one["same_texts"]["value"] == 1.0 and one["log_odds_difference"]["greatest"] < 1e-3
        assert abs(one["bits_per_byte_difference"]["value"]) < 1e-5
    # Fewer bits move the log-odds more: the precisions are really other graphs.
    moved = [found["backends"][name]["log_odds_difference"]["mean_size"] for name in names]
    assert moved[0] < 1e-4 < moved[1] < moved[3]
    # Whatever writes on, the hybrid's first token is that of transformers in bfloat16: of one network, rounded.
    read = [found["backends"][name]["log_odds_difference"]["mean_size"] for name in (TRANSFORMERS, *hybrids)]
    assert min(read) > 1e-3 and max(read) < 0.2 and max(read) - min(read) < 1e-2
    encoder = found["encoder"]
    assert encoder["onnxruntime float32"]["same_codes"] > 0.999
    assert 0.9 < encoder["torch bfloat16"]["same_codes"] < 1.0
    text = (tmp_path / "out" / "results.md").read_text()
    assert "| onnxruntime int4 |" in text and "torch bfloat16" in text
    assert (tmp_path / "out" / "macro_f1.png").stat().st_size > 5000


class Deaf:
    """A backend that always begins with `No`, in front of another one."""

    def __init__(self, backend: LanguageBackend, id_: int) -> None:
        self.backend, self.id = backend, id_

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def prefill(self, rows: Any) -> NDArray[np.float32]:
        logits = self.backend.prefill(rows)
        logits[:, self.id] += 50.0
        return logits


def compared(model: Model, folder: Path) -> dict[str, Any]:
    rows = read_manifest(shipped_manifest(folder / "films.csv", train=0))
    spec = model.bundle.preprocessing
    return precision.evaluate_precision(
        model, rows, folder, True, lambda path: read_film(path, spec), draws=20
    )


def test_withheld_drafts_are_compared_by_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model.open(threads=1)
    bundle = model.bundle
    assert isinstance(bundle, Bundle)
    # Nearly every draft has one of these words, so both sides are withheld.
    findings = replace(bundle.manifest.findings, not_judged=("acute", "consistent", "finding", "present"))
    withholding = Model(replace(bundle, manifest=replace(bundle.manifest, findings=findings)), model.backends)
    language, no = model.backends.language, bundle.vocabulary.encode("No")[0]

    def made(bundle: Bundle, builds: Path, threads: int) -> Iterator[tuple[str, Any]]:
        yield from ((REFERENCE, language), ("deaf", Deaf(language, no)))

    monkeypatch.setattr(precision, "backends", made)
    shown, hidden = (compared(one, tmp_path)["backends"]["deaf"] for one in (model, withholding))
    assert hidden["same_texts"] == shown["same_texts"] and shown["same_texts"].value < 1.0
    assert hidden["macro_f1"].value < shown["macro_f1"].value or hidden["macro_f1"].value == 0.0


def test_a_precision_that_loses_findings_is_not_fit_and_one_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model.open(threads=1)
    language, no = model.backends.language, model.bundle.vocabulary.encode("No")[0]

    def made(bundle: Bundle, builds: Path, threads: int) -> Iterator[tuple[str, Any]]:
        yield from ((REFERENCE, language), ("deaf", Deaf(language, no)), ("broken", "It can't be opened."))

    monkeypatch.setattr(precision, "backends", made)
    figures = compared(model, tmp_path)
    assert figures["not_fit"] == ["deaf"]
    deaf = figures["backends"]["deaf"]
    assert deaf["macro_f1_difference"].value < -0.05 and deaf["same_texts"].value < 1.0
    assert deaf["log_odds_difference"]["mean"] < -40
    text = precision_tables(figures)[0].to_markdown()
    assert "broken: It can't be opened." in text and "| broken | not measured |" in text


def test_without_labels_nothing_is_called_fit() -> None:
    nothing = Interval(math.nan, math.nan, math.nan, 0)
    one = {
        "same_texts": Interval(1.0, 1.0, 1.0, 4),
        "macro_f1": nothing,
        "macro_f1_difference": nothing,
        "log_odds_difference": {"mean_size": 0.0},
        "perplexity": nothing,
        "seconds_per_draft": 0.02,
    }
    figures = {
        "backends": {REFERENCE: one, SHIPPED: one}, "reference": REFERENCE, "not_fit": [], "most_lost": 0.005,
        "films": 4, "n": 0, "population": "films", "encoder": {"films": 4, "reference": REFERENCE},
    }  # fmt: skip
    text = precision_tables(figures)[0].to_markdown()
    assert f"| {SHIPPED} | 1.000 | – | – | 0.0e+00 | – | 20.0 | – |" in text
    assert precision_pictures(figures)["macro_f1"].axes


def test_the_network_in_transformers_is_the_bundles_own() -> None:
    model = Model.open(threads=1)
    bundle = model.bundle
    assert isinstance(bundle, Bundle)
    network = bfloat16_network(bundle).float()
    ids = np.random.default_rng(0).integers(0, bundle.vocabulary.size, 40).tolist()
    with torch.inference_mode():
        logits = network(torch.tensor([ids])).logits[0, -1].numpy()
    # Weights rounded to bfloat16 and no more: a wrong one would move a logit by whole numbers.
    assert np.abs(logits - model.backends.language.prefill([ids])[0]).max() < 0.2


def test_the_picture_names_every_precision_and_covers_none() -> None:
    names = [REFERENCE, SHIPPED, *(f"hybrid {number}" for number in range(9))]
    found = {name: {"macro_f1_difference": Interval(-0.01, -0.03, 0.0, 20)} for name in names}
    figures = {"backends": found, "reference": REFERENCE, "most_lost": 0.005, "n": 77}
    figure = precision_pictures(figures)["macro_f1"]
    figure.canvas.draw()
    axes = figure.axes[0]
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert ticks == names[1:]
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    legend = figure.legends[0].get_window_extent()
    assert not legend.overlaps(axes.get_window_extent())
    # The first and the last row lie inside, not on the frame.
    low, high = sorted(axes.get_ylim())
    assert low < -0.4 and high > len(ticks) - 0.6


def test_an_imported_model_is_refused() -> None:
    model = Model.open(threads=1)
    model.bundle = object.__new__(type("Other", (), {"manifest": model.bundle.manifest}))  # type: ignore[assignment]
    with pytest.raises(DataError, match="is an imported model"):
        precision.evaluate_precision(model, [], Path(), True)
