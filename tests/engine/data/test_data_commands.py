"""`llmcxr data`: from a table of films to codes, at the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.bundle import Bundle
from engine.commands import data
from engine.data.prepared import PreparedSet
from engine.data.tokenizers import tokenizer_sha256
from engine.importing import import_model
from engine.models import open_tokenizer
from engine.preprocess import film_from_file
from llmcxr_ws.errors import EngineFailure
from tests.engine.data.factories import save_film, write_csv
from tests.engine.official_files import lightning_checkpoint, small_tokenizer, taming_yaml

ROWS = [
    ("file", "patient", "view", "age", "labels", "text", "split"),
    ("a.jpg", "p1", "PA", "40", "No Finding", "Normal chest.", "train"),
    ("b.jpg", "p2", "PA", "50", "Edema", "Edema. It has improved.", "val"),
    ("c.jpg", "p3", "LL", "50", "", "", "test"),
    ("d.jpg", "p4", "PA", "50", "", "", "test"),
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for number, name in enumerate("abc"):
        save_film(tmp_path / f"{name}.jpg", number)
    return write_csv(tmp_path / "films.csv", ROWS)


def run(*words: object) -> Result:
    app = typer.Typer()
    data.register(app)
    return CliRunner().invoke(app, ["data", *(str(word) for word in words)])


def llmcxr_data(*words: object) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_prepare_codes_show(tmp_path: Path, table: Path, tiny_folder: Path) -> None:
    out = tmp_path / "set"
    told = llmcxr_data("prepare", "--reader", "manifest", "--source", table, "--out", out)
    assert "2 of 4 films of manifest" in told
    assert "1 view not frontal" in told and "1 image file missing" in told
    assert "1 sentences dropped for references to earlier films" in told
    told = llmcxr_data("codes", "--set", out, "--tokenizer", tiny_folder, "--variants", "2", "--threads", "1")
    sha256 = Bundle.load(tiny_folder).manifest.files["encoder.onnx"]
    assert f"2 of 2 films have 2 x 256 codes by tiny 2026.11.0 (sha256 {sha256[:12]})" in told
    assert PreparedSet.open(out).codes(sha256).shape == (2, 2, 256)
    facts = json.loads(llmcxr_data("show", out, "--json"))
    assert facts["items"] == 4 and facts["films"] == 2
    assert facts["drops"] == {"view not frontal": 1, "image file missing": 1}
    assert facts["splits"]["val"] == {
        "films": 1, "patients": 1, "studies": 1, "with findings": 0, "with impression": 1, "with labels": 1,
        "adults": 1,
    }  # fmt: skip
    assert facts["training texts"] == {"report": 2}
    assert facts["codes"][0] == {
        "tokenizer": "tiny 2026.11.0", "sha256": sha256, "variants": 2, "done": 2, "finished": True, "refused": {},
    }  # fmt: skip
    assert "2 variants, 2 films, finished" in llmcxr_data("show", out)


def test_codes_by_an_imported_tokenizer_are_those_of_encode(tmp_path: Path, table: Path) -> None:
    lightning_checkpoint(tmp_path / "last.ckpt", small_tokenizer())
    taming_yaml(tmp_path / "project.yaml")
    import_model(tmp_path / "models", "own", tmp_path / "last.ckpt", tmp_path / "project.yaml")
    out = tmp_path / "set"
    llmcxr_data("prepare", "--reader", "manifest", "--source", table, "--out", out, "--split", "made")
    llmcxr_data(
        "codes", "--set", out, "--tokenizer", "own", "--models", tmp_path / "models", "--threads", "1"
    )
    made = PreparedSet.open(out)
    codes = made.codes(tokenizer_sha256("own", tmp_path / "models"))
    opened = open_tokenizer("own", tmp_path / "models", threads=1)
    film = film_from_file(made.records[0].image, opened.preprocessing)
    assert codes[0, 0].tolist() == opened.images.encode(film[None])[0].tolist()
    assert len(set(codes[0, 0].tolist())) > 10


def test_a_refusal_is_a_sentence(tmp_path: Path, table: Path) -> None:
    result = run("prepare", "--reader", "mimic", "--source", tmp_path, "--out", tmp_path / "set")
    assert isinstance(result.exception, EngineFailure)
    assert "holds no mimic-cxr-*-metadata.csv(.gz)" in str(result.exception)
    assert isinstance(run("show", tmp_path).exception, EngineFailure)


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from engine.commands import data; "
        "print([name for name in ('torch', 'pyarrow', 'numpy', 'pydicom', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_set_as_a_table_is_the_same_set_again(tmp_path: Path, table: Path) -> None:
    llmcxr_data("prepare", "--reader", "manifest", "--source", table, "--out", tmp_path / "set")
    told = llmcxr_data("table", tmp_path / "set", "--out", tmp_path / "again.csv")
    assert "2 films" in told and str(tmp_path) in told
    llmcxr_data(
        "prepare", "--reader", "manifest", "--source", tmp_path / "again.csv", "--out", tmp_path / "b"
    )
    first, second = (PreparedSet.open(tmp_path / name).records for name in ("set", "b"))
    assert first == second
    told = llmcxr_data("table", tmp_path / "set", "--out", tmp_path / "val.csv", "--split", "val")
    assert "1 films" in told
