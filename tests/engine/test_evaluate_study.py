"""The evaluations with reference texts and the studies, run whole on a tiny world: real training, real films."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.classifier.model import Classifier
from engine.cli import register
from engine.data.prepared import PreparedSet
from engine.data.records import QuestionAnswer
from engine.errors import DataError, SettingsError
from engine.evaluate import reference
from engine.evaluate.reference import TextPair, films_with_text, hashed, read_pairs
from engine.evaluate.reference_tables import measure_films, measure_language, measure_questions, measure_texts
from engine.evaluate.shift import manifest_rows, read_predictions, shift
from engine.evaluate.study import ablation_rows, run_study, scaling_rows, study_table
from engine.evaluate.study_settings import (
    DrawnFilmSettings,
    LanguageSettings,
    QuestionSettings,
    StudySettings,
    TextSettings,
)
from tests.engine.data.factories import film_record
from tests.engine.factories import chest_pixels

TINY_VQGAN = {
    "resolution": 64, "ch": 32, "ch_mult": [1, 1, 1], "num_res_blocks": 1, "attn_resolutions": [], "z_channels": 8,
    "embed_dim": 8, "n_embed": 32, "channels": 1, "steps": 2, "batch": 2, "learning_rate": 1e-4, "lpips_weight": 0.0,
    "disc_weight": 0.0, "cip_weight": 0.0, "validate_every": 2, "sheet_films": 0, "threads": 1,
}  # fmt: skip
TINY_STAGE = {
    "steps": 2, "batch": 2, "warmup": 1, "learning_rate": 1e-3, "validation_examples": 2, "log_every": 2,
    "validate_every": 2, "save_every": 2, "checkpoint_activations": False, "device": "cpu", "threads": 1,
}  # fmt: skip
START = {"new": True, "hidden": 32, "layers": 2, "heads": 2, "text_tokens": 320}
TEXTS = (("Clear lungs.", "No acute finding."), ("A large effusion.", "Pleural effusion. No pneumonia."))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("set")
    records = []
    for number in range(12):
        picture = Image.fromarray(chest_pixels(number, 96, 96))
        picture.save(root / f"{number}.png")
        findings, impression = TEXTS[number % 2]
        split = ("train", "train", "train", "train", "val", "test")[number // 2]
        record = film_record(number, root, split=split, findings=findings, impression=impression)
        labels = frozenset({"Effusion"}) if number % 2 else frozenset({"No Finding"})
        records.append(replace(record, image=root / f"{number}.png", labels=labels))
    made = PreparedSet.create(root / "prepared", records, {"reader": "made"})
    made.write_vqa(
        QuestionAnswer(
            one.key, "Is this film normal?", "Yes." if one.normal else "No.", "labels", "rules", "CC0"
        )
        for one in records
    )
    return root / "prepared"


@pytest.fixture(scope="module")
def study(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[StudySettings, dict[str, Any]]:
    settings = StudySettings.read(
        None,
        {
            "out": tmp_path_factory.mktemp("study"),
            "prepared": [prepared],
            "vqgan": TINY_VQGAN,
            "start": START,
            "stage1": TINY_STAGE,
            "stage2": TINY_STAGE,
            "rows": {"full": {}, "no stage 1": {"stage1": None}},
            "test": {"draws": 10, "greedy": True},
        },
    )
    return settings, run_study(settings, ablation_rows(settings))


def test_rows_share_steps_and_a_finished_study_trains_nothing_again(
    study: tuple[StudySettings, dict[str, Any]],
) -> None:
    settings, found = study
    assert found["full"]["steps"]["vqgan"] == found["no stage 1"]["steps"]["vqgan"]
    assert found["full"]["steps"]["stage2"] != found["no stage 1"]["steps"]["stage2"]
    assert "stage1" not in found["no stage 1"]["steps"]
    before = sorted(
        (path, path.stat().st_mtime_ns) for path in (settings.out / "steps").rglob("*.safetensors")
    )
    again = run_study(settings, ablation_rows(settings))
    after = sorted(
        (path, path.stat().st_mtime_ns) for path in (settings.out / "steps").rglob("*.safetensors")
    )
    assert before == after
    assert again == json.loads(json.dumps(found))


def test_the_table_holds_our_rows_and_the_papers(study: tuple[StudySettings, dict[str, Any]]) -> None:
    text = study_table("Ablations", study[1], True).to_markdown()
    assert "| full |" in text
    assert "| no stage 1 |" in text
    assert "| paper, joint loss | 0.607 |" in text
    assert study[1]["full"]["figures"]["n"] == 2
    assert 0 <= study[1]["full"]["figures"]["f1"]["micro"]["value"] <= 1


def test_paper_rows_switch_what_they_name() -> None:
    settings = StudySettings.read(
        None,
        {"out": "o", "prepared": ["p"], "vqgan": {"cip_weight": 100.0}, "start": START, "stage1": {"steps": 1},
         "stage2": {"steps": 1}, "refined_shares": (0.1,)},
    )  # fmt: skip
    rows = {row.name: row for row in ablation_rows(settings)}
    assert list(rows) == ["full", "no feature loss", "no questions", "no stage 1", "joint loss",
                          "10% of the refined data"]  # fmt: skip
    assert rows["no feature loss"].vqgan == {"cip_weight": 0.0}
    assert rows["no questions"].stage1 is not None
    assert set(rows["no questions"].stage1["shares"]) == {"report", "generate", "instruct"}
    assert rows["no stage 1"].stage1 is None
    assert rows["joint loss"].stage2 == {"steps": 1, "loss": "joint"}
    assert rows["10% of the refined data"].stage2 == {"steps": 1, "data_share": 0.1}
    with pytest.raises(SettingsError, match="there is no row nonsense"):
        ablation_rows(settings.model_copy(update={"only": ("nonsense",)}))
    with pytest.raises(SettingsError, match="there is no step"):
        ablation_rows(settings.model_copy(update={"rows": {"x": {"stage3": {}}}}))


def test_scaling_has_one_row_for_each_base() -> None:
    settings = StudySettings.read(
        None,
        {"out": "o", "prepared": ["p"], "stage1": {"steps": 1}, "bases": {"a": {"base": "A"}, "b": START}},
    )
    rows = scaling_rows(settings)
    assert [(row.name, row.start) for row in rows] == [("a", {"base": "A"}), ("b", START)]
    with pytest.raises(SettingsError, match="name at least one start"):
        scaling_rows(settings.model_copy(update={"bases": {}}))


def run(words: list[str]) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, words)


def test_a_plan_file_gives_the_same_study_at_the_command_line(
    study: tuple[StudySettings, dict[str, Any]], tmp_path: Path
) -> None:
    settings, found = study
    plan = tmp_path / "study.yaml"
    plan.write_text(settings.to_yaml(), encoding="utf-8")
    done = run(["evaluate", "ablation", "--config", str(plan), "--only", "[full]", "--models", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "| full |" in done.output
    assert "| no stage 1 |" not in done.output.replace("paper, no stage 1", "")
    results = json.loads((settings.out / "results.json").read_text())
    assert results["rows"]["full"] == json.loads(json.dumps(found["full"]))


def run_of(study: tuple[StudySettings, dict[str, Any]]) -> dict[str, Any]:
    steps = study[1]["full"]["steps"]
    return {
        "model": f"{steps['stage2']}/best",
        "tokenizer": f"{steps['vqgan']}/best.pt",
        "greedy": True,
        "draws": 10,
    }


def test_films_are_drawn_and_measured_and_a_cut_off_run_goes_on(
    study: tuple[StudySettings, dict[str, Any]], prepared: Path, tmp_path: Path
) -> None:
    chosen = {**run_of(study), "prepared": prepared, "out": tmp_path, "fid_draws": 5}
    figures, tables, _ = measure_films(DrawnFilmSettings.read(None, chosen))
    assert figures["n"] == 2
    assert "no `inception` file was given" in figures["fid"]["FID, Inception"]["not_measured"]
    assert "not measured" in tables[-1].to_markdown()
    drawn = (tmp_path / "generated" / "000001.png").read_bytes()
    journal = tmp_path / reference.FILMS
    whole = journal.read_text()
    journal.write_text(whole[:-20])  # as a crash leaves it
    (tmp_path / "generated" / "000001.png").unlink()
    measure_films(DrawnFilmSettings.read(None, chosen))
    assert journal.read_text() == whole
    assert (tmp_path / "generated" / "000001.png").read_bytes() == drawn
    assert "made" not in whole.replace(str(prepared.parent), "")  # no patient in clear
    assert len(films_with_text(PreparedSet.open(prepared), "val+test", "impression")) == 4
    with pytest.raises(DataError, match="other films"):
        measure_films(DrawnFilmSettings.read(None, {**chosen, "split": "val"}))


def test_questions_of_a_set_are_asked_and_graded(
    study: tuple[StudySettings, dict[str, Any]], prepared: Path, tmp_path: Path
) -> None:
    chosen = {**run_of(study), "prepared": prepared, "out": tmp_path}
    figures, tables, _ = measure_questions(QuestionSettings.read(None, chosen))
    assert figures["n"] == 2
    assert set(figures["accuracy"]) == {"exact", "graded by rule"}
    assert "LLM-CXR (paper), Table 3 | 0.448" in tables[0].to_markdown()


def test_language_kept_of_a_run_before_and_after(
    study: tuple[StudySettings, dict[str, Any]], tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(
        "No acute finding on this film.\n\nA doctor reads the film in the morning.", encoding="utf-8"
    )
    steps = study[1]["full"]["steps"]
    figures, tables, _ = measure_language(
        LanguageSettings.read(
            None,
            {
                "model": f"{steps['stage2']}/best",
                "before": f"{steps['stage1']}/best",
                "text": text,
                "draws": 10,
            },
        )
    )
    assert figures["documents"] == 2
    # A network that knows nothing is about as surprised as its vocabulary is large.
    assert 20 < figures["after"]["perplexity"].value < 2000
    assert abs(figures["bits_per_byte_change"].value) < 1
    assert "2.64 before" in tables[0].to_markdown()
    with pytest.raises(SettingsError, match="bare folder"):
        measure_language(
            LanguageSettings.read(None, {"model": f"{steps['stage2']}/best", "text": text, "pairs": text})
        )


def test_texts_from_ready_pairs_at_the_command_line(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    with pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "patient", "reference", "generated"])
        for number in range(6):
            findings, impression = TEXTS[number % 2]
            writer.writerow([number, number, f"{findings} {impression}", impression])
    done = run(
        ["evaluate", "texts", "--pairs", str(pairs), "--out", str(tmp_path / "out"), "--draws", "20",
         "--models", str(tmp_path)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "LLM-CXR (paper), Table 2 | 0.609" in done.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["f1"]["weighted"]["value"] == 1.0
    assert results["distinct_drafts"] == 2
    assert results["nlg"]["METEOR"]["not_measured"]
    assert (tmp_path / "out" / "states.png").stat().st_size > 5000


def test_pairs_that_lack_a_column_and_sets_without_texts_are_refused(prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("key,patient,reference\n1,2,x\n", encoding="utf-8")
    with pytest.raises(DataError, match="need rows with the columns key, patient, reference, generated"):
        read_pairs(tmp_path / "pairs.csv", TextPair)
    with pytest.raises(SettingsError, match="Give `prepared` and `out`"):
        measure_texts(TextSettings.read(None, {}))
    silent = [replace(one, impression=None) for one in PreparedSet.open(prepared).records]
    opened = PreparedSet.create(tmp_path / "silent", silent, {"reader": "made"})
    with pytest.raises(DataError, match="no frontal film in split test with a text"):
        films_with_text(opened, "test", "impression")
    assert hashed("p1") != hashed("p2")


def test_shift_keeps_sources_apart_and_checks_the_films(tmp_path: Path) -> None:
    manifest, predictions = tmp_path / "manifest.csv", tmp_path / "films.csv"
    random = np.random.default_rng(0)
    with manifest.open("w", newline="") as films, predictions.open("w", newline="") as said:
        to_films, to_said = csv.writer(films), csv.writer(said)
        to_films.writerow(
            ["file", "source", "patient", "view", "age", "sex", "labels", "split", "manufacturer", "model"]
        )
        to_said.writerow(["row", "source", "view", "labels", "draft", "log-odds abnormal"])
        for number in range(80):
            ill, source = number % 2 == 1, ("a", "b")[number % 4 // 2]
            labels, view = "Effusion" if ill else "No Finding", ("PA", "AP")[number % 3 == 0]
            to_films.writerow([f"{number}.png", source, number, view, 20 + number % 60, "F", labels, "test",
                               "Maker" if source == "a" else "", "One"])  # fmt: skip
            right = ill if source == "a" else bool(random.integers(2))
            draft = "Pleural effusion is seen." if right else "No acute finding."
            to_said.writerow([number + 1, source, view, labels, draft, 1.0 if right else -1.0])
    rows, scanners = manifest_rows(manifest, "all", "")
    figures, tables = shift(read_predictions(predictions, rows, scanners), draws=50)
    assert figures["source"]["a"]["abnormal_auroc"].value == 1.0
    assert figures["source"]["b"]["abnormal_auroc"].value < 0.9
    assert set(figures["scanner"]) == {"a: Maker One", "b: One"}
    assert set(figures["view"]) == {"a: PA", "a: AP", "b: PA", "b: AP"}
    assert sum(group["n"] for group in figures["age band"].values()) == 80
    assert "By source" in tables[0].to_markdown()
    one_source, its_scanners = manifest_rows(manifest, "all", "a")
    with pytest.raises(DataError, match="holds 80 films"):
        read_predictions(predictions, one_source, its_scanners)
    with pytest.raises(DataError, match="Line 1 of"):
        read_predictions(predictions, list(reversed(rows)), scanners)


def test_labels_and_features_of_drawn_films_by_a_classifier_file(prepared: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = DenseNet(
        DenseNetConfig(growth_rate=4, block_config=(1, 1), num_init_features=8, num_classes=2)
    ).eval()
    Classifier(net, ("Edema", "Effusion")).save(tmp_path / "judge.pt")
    pairs = tmp_path / "pairs.csv"
    with pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "patient", "original", "generated"])
        for number in range(4):
            copy = tmp_path / f"{number}.png"
            Image.fromarray(chest_pixels(number, 256, 256)).save(copy)
            writer.writerow([number, number, copy, copy])
    chosen = {"pairs": pairs, "classifier": tmp_path / "judge.pt", "draws": 10, "fid_draws": 5}
    figures, tables, _ = measure_films(DrawnFilmSettings.read(None, chosen))
    # The very same films: every label agrees and the features have one distribution.
    assert figures["agreement"]["f1"]["Edema"].value in (0.0, 1.0)
    assert figures["fid"]["FID, CXR encoder"]["value"] == pytest.approx(0.0, abs=1e-4)
    assert figures["fid"]["FID, CXR encoder"]["file"] == "judge.pt"
    assert tables[0].columns[1:3] == ["Edema", "Effusion"]
