"""`llmcxr evaluate evidence` and `roundtrip` on the films that ship, and what they leave beside a model."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from engine.bundle import Bundle, default_bundle_folder
from engine.evaluate.evidence import neutral_codes
from engine.evaluate.roundtrip import _advice, _auroc
from engine.evidence.file import EVIDENCE, evidence_of
from llmcxr_ws.cli import build_app
from tests.engine.shipped_films import shipped_manifest

Run = Callable[..., Result]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the model that ships, without its evidence."""
    folder = tmp_path / "bundle"
    shutil.copytree(default_bundle_folder(), folder)
    (folder / EVIDENCE).unlink()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"][EVIDENCE]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def run(tmp_path: Path, bundle: Path) -> Run:
    """Run a command of the evaluation on the shipped films, two of them for training."""
    manifest = shipped_manifest(tmp_path / "films.csv", train=2)

    def command(name: str, *options: str) -> Result:
        given = ["--model", str(bundle), "--manifest", str(manifest), "--draws", "20"]
        return CliRunner().invoke(build_app(), ["evaluate", name, *given, *options])

    return command


def test_evidence_is_measured_and_put_beside_the_model(run: Run, bundle: Path, tmp_path: Path) -> None:
    result = run(
        "evidence",
        *("--side", "8", "--stride", "8", "--samples", "3", "--add"),
        *("--json", str(tmp_path / "e.json"), "--out", str(tmp_path / "out")),
    )
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert figures["n"] == 12 and figures["split"] == "val"
    confidence = figures["confidence"]
    assert sum(one["sentences"] for one in confidence["reliability"]) == confidence["sentences"]
    assert 0 <= confidence["withheld"]["share"] <= 0.05
    finding = figures["deletion"]["NIH adults"]["says a finding"]
    for by in ("the neutral film", "another person's film"):
        ends = {curve[-1] for curve in finding[by]["curves"].values()}
        assert max(ends) - min(ends) < 1e-6  # with the whole film put out every order has come to the same
        assert finding[by]["map"]["value"] > finding[by]["random"]["value"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.json",
        "results.md",
        "reliability.png",
        "deletion.png",
    }
    made = evidence_of(Bundle.load(bundle))
    assert made is not None and made.confidence is not None and made.maps is not None
    assert (made.confidence.samples, made.maps.side, made.round_trip) == (3, 8, None)
    card = (bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "12 validation films" in card and "was not measured and is off" in card
    # The round trip is added to what is there.
    result = run("roundtrip", "--films", "4", "--add", "--json", str(tmp_path / "r.json"))
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    again = evidence_of(Bundle.load(bundle))
    assert again is not None and again.confidence == made.confidence and again.round_trip is not None
    assert again.round_trip.is_on == figures["on"] == (figures["separation"]["both"]["auroc"]["low"] > 0.5)


def test_nothing_is_added_that_was_measured_on_test_films(run: Run, bundle: Path) -> None:
    for name in ("evidence", "roundtrip"):
        result = run(name, "--split", "test", "--add")
        assert result.exit_code != 0 and "--split val" in str(result.output) + str(result.exception)
    assert not (bundle / EVIDENCE).exists()


def test_blocks_that_leave_tokens_out_are_refused(run: Run, bundle: Path) -> None:
    result = run("evidence", "--side", "2", "--stride", "4", "--add")
    assert result.exit_code != 0 and "at most 2" in str(result.exception), result.output
    assert not (bundle / EVIDENCE).exists()


def test_a_round_trip_without_anything_to_shuffle_is_refused(bundle: Path, tmp_path: Path) -> None:
    with shipped_manifest(tmp_path / "films.csv", train=2).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "one.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "patient": "one"} if row["split"] == "val" else row for row in rows)
    result = CliRunner().invoke(
        build_app(),
        [
            "evaluate",
            "roundtrip",
            "--model",
            str(bundle),
            "--manifest",
            str(tmp_path / "one.csv"),
            "--films",
            "4",
        ],
    )
    assert result.exit_code != 0 and "of another patient" in str(result.exception), result.output


def test_the_neutral_film_has_the_commonest_code_of_each_place() -> None:
    assert neutral_codes(np.array([[1, 5], [1, 6], [2, 6]])).tolist() == [1, 6]


def test_the_round_trips_figure_is_the_plain_auroc_where_all_weigh_alike() -> None:
    """Three films of one group: every film has two shuffled pairs, so that the weighing changes nothing."""
    values = np.array([[0.9, 0.2, 0.95], [0.3, 0.1, 0.0], [0.4, 0.5, 0.6]])
    shuffled = ~np.eye(3, dtype=bool)
    own, others = np.diagonal(values), values[shuffled]
    expected = np.mean([[(a > b) + 0.5 * (a == b) for b in others] for a in own])
    found = _auroc(values, shuffled, ["a", "b", "c"], 200)
    assert found.value == pytest.approx(expected)
    assert found.low <= found.value <= found.high
    # Films that nobody else shares a group with are in no figure.
    assert np.isnan(_auroc(values, np.zeros((3, 3), dtype=bool), ["a", "b", "c"], 20).value)


def test_advice_is_for_the_least_alike() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(50, 50))
    np.fill_diagonal(values, random.normal(1.0, size=50))
    found = _advice(values, ~np.eye(50, dtype=bool))
    assert found["matched"] == pytest.approx(0.1) and found["shuffled"] > 0.2
