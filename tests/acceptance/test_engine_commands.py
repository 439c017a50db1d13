"""The engine as a research site calls it: every command in turn, on the real films that ship, without a network.

The networks are tiny and hardly trained: what is tested is that each command takes what the one before it left,
keeps its contract, and says nothing that a user needn't read. Figures are no matter here.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from engine.data.prepared import PreparedSet
from engine.pictures import RECONSTRUCTION_MARK
from tests.engine.official_files import language_model as random_language_model
from tests.engine.official_files import lightning_checkpoint, small_tokenizer, taming_yaml

LLMCXR = str(Path(sys.executable).with_name("llmcxr"))
FILMS = Path(__file__).parents[2] / "dicom_node" / "films"
COLUMNS = ("file", "source", "patient", "view", "age", "sex", "labels", "split", "licence")
# Eight films to train on, four to validate, two to test; each split has normal and abnormal ones.
SPLITS = ["train"] * 8 + ["val"] * 4 + ["test"] * 2
METRICS = {"abnormal_balanced_accuracy", "abnormal_auroc", "macro_f1_5", "macro_f1_14"}
# What libraries say of themselves, and what only a developer can read.
NOISE = re.compile(r"Traceback|Warning|not installed|it/s\]|^[WE]\d{4} ", re.MULTILINE)

pytestmark = pytest.mark.timeout(900)

COMMON = {"device": "cpu", "threads": 1}
CLASSIFIER = {
    **COMMON, "preprocessing": "equalized", "film_side": 64, "side": 64, "growth_rate": 4, "block_config": [1, 1],
    "num_init_features": 8, "steps": 4, "batch": 4, "validate_every": 2, "save_every": 2, "report_every": 2,
    "heads": [{"source": "nih-cxr14", "label": "Abnormal"}],
}  # fmt: skip
TOKENIZER = {
    **COMMON, "preprocessing": "equalized", "resolution": 256, "channels": 1, "ch": 32, "ch_mult": [1, 1],
    "num_res_blocks": 1, "attn_resolutions": [], "z_channels": 16, "embed_dim": 8, "stem": 8, "cluster_films": 8,
    "cluster_rounds": 2, "steps": 4, "batch": 2, "learning_rate": 1e-3, "lpips_weight": 0, "disc_weight": 0,
    "cip_weight": 1, "validate_every": 2, "save_every": 2, "report_every": 2, "sheet_films": 2,
}  # fmt: skip
TUNING = {
    **COMMON, "text": "table", "directions": "both", "max_length": 512, "steps": 30, "batch": 2, "warmup": 1,
    "learning_rate": 1e-3, "checkpoint_activations": False, "validation_examples": 2, "validate_every": 15,
    "save_every": 5, "log_every": 10,
}  # fmt: skip
NEW = {"new": True, "hidden": 32, "layers": 2, "heads": 2, "text_tokens": 300}


@dataclass(frozen=True)
class Site:
    """A research site's folder, and the command as it is called there."""

    folder: Path

    def run(self, *words: object, status: int = 0) -> str:
        """Run one command to its end and give its output; its progress must be free of noise."""
        done = subprocess.run(
            [LLMCXR, *map(str, words)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        assert not NOISE.search(done.stdout + done.stderr), done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    def json_of(self, *words: object) -> dict[str, Any]:
        """Run an evaluation that leaves a JSON file and read that."""
        self.run(*words, "--json", "figures.json")
        figures: dict[str, Any] = json.loads((self.folder / "figures.json").read_text(encoding="utf-8"))
        return figures

    def settings(self, name: str, values: dict[str, Any]) -> Path:
        """Write a file of settings."""
        (self.folder / name).write_text(yaml.safe_dump(values), encoding="utf-8")
        return Path(name)

    @property
    def environment(self) -> dict[str, str]:
        """The test's own, with a home of its own, and a proxy that nothing gets through."""
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
        own = {"LLMCXR_HOME": "home", "LLMCXR_MODELS": "models", "OMP_NUM_THREADS": "1"}
        return {**os.environ, **proxies, **{name.upper(): url for name, url in proxies.items()}, **own}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A folder with a manifest of the films that ship, split for the test; every film is another patient's."""
    folder = tmp_path_factory.mktemp("site")
    with (FILMS / "films.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with (folder / "films.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for row, split in zip(rows, SPLITS, strict=True):
            writer.writerow({**row, "patient": row["accession"], "split": split})
    return Site(folder)


@pytest.fixture(scope="module")
def prepared(site: Site) -> str:
    """A prepared set with texts and questions."""
    site.run(
        "data", "prepare", "--reader", "manifest", "--source", "films.csv", "--images", FILMS, "--out", "set"
    )
    assert "28 texts for 14 of 14 films" in site.run("data", "word", "--set", "set", "--variants", "2")
    site.run("vqa", "synthesize", "--generator", "rules", "--set", "set", "--split", "train")
    return "set"


@pytest.fixture(scope="module")
def classifier(site: Site) -> str:
    config = site.settings("classifier.yaml", CLASSIFIER)
    films = ("--manifest", "films.csv", "--images", FILMS)
    site.run("train", "classifier", "--config", config, *films, "--out", "classifier")
    return "classifier/best.pt"


@pytest.fixture(scope="module")
def tokenizer(site: Site, prepared: str, classifier: str) -> str:
    """A trained tokenizer; the set has its codes."""
    config = site.settings("tokenizer.yaml", TOKENIZER)
    site.run(
        "train", "vqgan", "--config", config, "--sets", f"[{prepared}]", "--cip-classifier", classifier,
        "--out", "vqgan",
    )  # fmt: skip
    site.run("data", "codes", "--set", prepared, "--tokenizer", "vqgan/best.pt", "--variants", "2")
    return "vqgan/best.pt"


@pytest.fixture(scope="module")
def language_model(site: Site, prepared: str, tokenizer: str) -> str:
    """The language model after both stages; the first one is killed in the middle and goes on."""
    first = ("train", "stage1", "--config", site.settings("stage1.yaml", {**TUNING, **NEW}))
    first += ("--prepared", prepared, "--image-tokenizer", tokenizer, "--out", "stage1")
    # The second checkpoint is begun only after the first is whole; it may itself be cut off in the middle.
    killed_after(site, site.folder / "stage1" / "checkpoint-10", *first)
    assert not (site.folder / "stage1" / "last").exists()
    assert "goes on from stage1/checkpoint-" in site.run(*first, "--resume")
    second = site.settings("stage2.yaml", {**TUNING, "steps": 4, "validate_every": 4, "save_every": 4})
    site.run(
        "train", "stage2", "--config", second, "--prepared", prepared, "--base", "stage1/best",
        "--out", "stage2",
    )  # fmt: skip
    return "stage2/best"


@pytest.fixture(scope="module")
def pair(site: Site) -> str:
    """A tokenizer and a language model with random weights in the official layouts, imported under a name."""
    lightning_checkpoint(site.folder / "official.ckpt", small_tokenizer())
    taming_yaml(site.folder / "official.yaml")
    random_language_model(site.folder / "official-lm")
    files = ("--tokenizer", "official.ckpt", "--tokenizer-config", "official.yaml")
    site.run("model", "import", "pair", *files, "--language-model", "official-lm")
    return "pair"


@pytest.fixture(scope="module")
def own(site: Site, tokenizer: str, language_model: str) -> str:
    """What was trained, as a model that runs in torch."""
    site.run("model", "import", "own", "--tokenizer", tokenizer, "--language-model", language_model)
    return "own"


@pytest.fixture(scope="module")
def bundle(site: Site, tokenizer: str, language_model: str) -> str:
    """What was trained, as a bundle that the workstation runs."""
    trained = ("--tokenizer", tokenizer, "--language-model", language_model)
    films = ("--manifest", "films.csv", "--images", FILMS)
    told = site.run(
        "model", "export", *trained, *films, "--out", "bundle", "--name", "own", "--version", "1", "--remark",
        "Made by a test.",
    )  # fmt: skip
    # A new bundle has no evidence file: whoever makes one is told.
    assert "llmcxr evaluate evidence --add" in told
    return "bundle"


@pytest.fixture(scope="module")
def films(site: Site) -> tuple[object, ...]:
    """What the evaluations of films with labels take, with floors of these few films."""
    listed = ("--manifest", "films.csv", "--images", FILMS)
    told = site.run("evaluate", "floors", *listed, "--fewest", "3", "--out", "floors.npz")
    assert "sources nih-cxr14" in told
    return (*listed, "--draws", "50")


def killed_after(site: Site, sign: Path, *words: object) -> None:
    """Start a command and kill it as soon as a file or folder is there."""
    with (site.folder / "killed.txt").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [LLMCXR, *map(str, words)], cwd=site.folder, env=site.environment, stdout=said, stderr=said
        )
        while not sign.exists():
            time.sleep(0.02)
            if process.poll() is not None:
                said.seek(0)
                pytest.fail(f"ended before {sign.name} was there:\n{said.read()}")
        process.send_signal(signal.SIGKILL)
        process.wait(60)


def test_prepared_films_are_counted(site: Site, prepared: str) -> None:
    """Films, patients, texts and questions of each split, and nothing dropped unsaid."""
    shown = json.loads(site.run("data", "show", prepared, "--json"))
    assert shown["items"] == len(SPLITS)
    assert not shown["drops"]
    assert {name: part["films"] for name, part in shown["splits"].items()} == Counter(SPLITS)


def test_a_killed_training_goes_on(site: Site, language_model: str) -> None:
    """The log of the first stage goes over the crash to its last step; both stages leave what others load."""
    lines = (site.folder / "stage1" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line).get("step", 0) for line in lines]
    assert max(steps) == TUNING["steps"]
    for stage in ("stage1", "stage2"):
        for kind in ("best", "last"):
            names = {path.name for path in (site.folder / stage / kind).iterdir()}
            assert names >= {"config.json", "model.safetensors", "tokenizer.json", "llmcxr.json"}


def test_a_tokenizer_training_goes_on_where_it_ended(site: Site, prepared: str, tokenizer: str) -> None:
    """The same command with more steps takes up the run: the metrics go on and begin no second time."""
    shutil.copytree(site.folder / "vqgan", site.folder / "longer")
    told = site.run(
        "train", "vqgan", "--config", "tokenizer.yaml", "--sets", f"[{prepared}]", "--cip-classifier",
        "classifier/best.pt", "--out", "longer", "--steps", "6",
    )  # fmt: skip
    assert "goes on from longer/last.pt" in told
    metrics = (site.folder / "longer" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line)["step"] for line in metrics]
    assert steps == sorted(steps)
    assert steps[-1] == 6


def test_an_imported_pair_is_verified_and_has_a_card(site: Site, pair: str) -> None:
    assert "all as in the manifest" in site.run("model", "verify", pair)
    card = site.run("model", "card", pair)
    assert "Not for clinical use" in card
    assert "No metric of this model was measured" in card


def test_a_damaged_model_is_named(site: Site, pair: str) -> None:
    """One changed byte of the tokenizer's weights: the file is named, and nothing runs with it."""
    path = site.folder / "models" / pair / "tokenizer.safetensors"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert path.name in site.run("model", "verify", pair, status=1)
    finally:
        path.write_bytes(whole)


def test_films_become_codes_and_codes_become_films(site: Site, pair: str) -> None:
    """Another film has other codes, the same film the same; the pictures say what they are."""
    names = ("DEMO0001.dcm", "DEMO0002.dcm", "DEMO0001.dcm")
    given = [FILMS / name for name in names]
    out = site.run("encode", "--tokenizer", pair, *given, "--json")
    entries = json.loads(out)
    assert [entry["file"] for entry in entries] == [str(path) for path in given]
    assert all(entry.keys() == {"file", "codes"} for entry in entries)
    first, second, third = (entry["codes"] for entry in entries)
    assert first == third != second
    assert all(len(codes) == 256 and all(type(code) is int for code in codes) for codes in (first, second))
    (site.folder / "codes.json").write_text(out, encoding="utf-8")
    site.run("decode", "--tokenizer", pair, "codes.json", "--out", "back")
    with Image.open(site.folder / "back" / "DEMO0002.png") as picture:
        assert picture.info["Description"] == RECONSTRUCTION_MARK


def test_what_was_trained_is_a_bundle(site: Site, bundle: str, prepared: str) -> None:
    """The exported bundle is whole, and sees the codes that its language model was trained on.

    Its weights are rounded, and hardly trained: a few of the codes may be others.
    """
    site.run("model", "verify", bundle)
    assert "Made by a test." in site.run("model", "card", bundle)
    (entry,) = json.loads(site.run("encode", "--tokenizer", bundle, FILMS / "DEMO0014.dcm", "--json"))
    opened = PreparedSet.open(site.folder / prepared)
    row = [record.key for record in opened.records].index("DEMO0014.dcm")
    (folder,) = (site.folder / prepared / "codes").iterdir()
    assert np.mean(opened.codes(folder.name)[row, 0] == entry["codes"]) > 0.9


def test_report_figures_keep_their_contract(site: Site, films: tuple[object, ...]) -> None:
    figures = site.json_of(
        "evaluate", "report", "--model", "demo", *films, "--floors", "floors.npz", "--out", "results"
    )
    assert figures["n"] == len(SPLITS)
    groups = {"": figures["metrics"], **figures["floors"]}
    groups |= {name: part["metrics"] for name, part in figures["strata"].items()}
    assert {"always normal", "view, age and sex alone", "logistic probe on codes"} <= figures["floors"].keys()
    assert {"NIH PA", "NIH AP"} <= figures["strata"].keys()
    for entries in groups.values():
        assert entries.keys() == METRICS
        assert all(entry.keys() >= {"value", "low", "high"} for entry in entries.values())
    assert all(0.0 <= figures["metrics"][name]["value"] <= 1.0 for name in METRICS)
    assert {path.suffix for path in (site.folder / "results").iterdir()} >= {".json", ".md", ".png"}


def test_answers_are_measured(site: Site, films: tuple[object, ...]) -> None:
    figures = site.json_of("evaluate", "answer", *films, "--floors", "floors.npz", "--split", "test")
    assert figures["n"] == SPLITS.count("test")
    assert figures["metrics"].keys() >= {"abnormal", "Pneumonia", "Effusion"}
    assert figures["agreement_with_drafts"].keys() >= {"value", "low", "high"}


def test_the_tokenizer_is_measured(site: Site, films: tuple[object, ...], classifier: str) -> None:
    figures = site.json_of("evaluate", "tokenizer", *films, "--floors", "floors.npz", "--judge", classifier)
    assert figures["n"] == len(SPLITS)
    assert figures.keys() >= {"metrics", "strata"}


def test_generated_films_are_measured(
    site: Site, bundle: str, films: tuple[object, ...], classifier: str
) -> None:
    figures = site.json_of(
        "evaluate",
        "generate",
        "--model",
        bundle,
        *films,
        "--films",
        "4",
        "--judge",
        classifier,
        "--out",
        "drawn",
    )
    assert figures["n"] == 4
    assert any(path.suffix == ".png" for path in (site.folder / "drawn").iterdir())


def test_language_kept_is_measured(site: Site, own: str, pair: str) -> None:
    """The second stage against the first; the official pair responds to an instruction."""
    (site.folder / "plain.txt").write_text(
        "The hospital stands on a hill.\n\nIts wards look to the south.\n", "utf-8"
    )
    figures = site.json_of(
        "evaluate",
        "instruct",
        "--model",
        pair,
        "--before",
        "stage1/best",
        "--text",
        "plain.txt",
        "--draws",
        "50",
    )
    assert figures["documents"] == 2
    assert figures["bits_per_byte_change"].keys() >= {"value", "low", "high"}
    assert site.run("model", "instruct", "--model", pair, "What does a chest film show?")
