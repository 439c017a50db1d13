"""The evaluation of films with labels: the shipped bundle on the shipped films, and each rule by itself."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from engine.card import model_card, summary
from engine.data.manifest import FilmRow, read_manifest
from engine.data.templates import JUDGED, NORMAL, worded
from engine.errors import DataError
from engine.evaluate import cohort as films_of
from engine.evaluate import floors as floors_of
from engine.evaluate import floors_file
from engine.evaluate.answer import answer_tables, evaluate_answer, wording
from engine.evaluate.bars import bars_table
from engine.evaluate.cohort import Cohort, labelled_cohort, shuffled_orders, strata
from engine.evaluate.film_tables import films_csv, report_pictures, report_tables
from engine.evaluate.kermany import evaluate_kermany
from engine.evaluate.report import ReportResult, evaluate_report, floors_source
from engine.evaluate.results import from_json, write_json, write_results
from engine.evaluate.said import METRICS, contradicts, said_by_texts, text_figures
from engine.evaluate.seeds import across_seeds, seeds_table
from engine.model import Model
from llmcxr_ws import imaging
from llmcxr_ws.cli import build_app
from llmcxr_ws.errors import EngineFailure
from tests.engine.factories import chest_pixels

SHIPPED = Path(__file__).parents[2] / "dicom_node" / "films"
COLUMNS = ("file", "source", "patient", "view", "age", "sex", "labels", "split")
DRAWS = 100


def _write(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped films as PNG with a manifest, one child's film among them, and films of other sources."""
    place = tmp_path_factory.mktemp("films")
    with (SHIPPED / "films.csv").open(newline="") as stream:
        shipped = list(csv.DictReader(stream))
    rows = []
    for number, row in enumerate(shipped):
        name = f"{row['file']}.png"
        Image.fromarray(imaging.render(imaging.displayed(SHIPPED / row["file"]))).save(place / name)
        split = "train" if number < 8 else "val" if number < 11 else "test"
        rows.append({**row, "file": name, "patient": f"p{number}", "split": split})
    rows[-1] = {**rows[-1], "age": "9"}
    _write(place / "manifest.csv", rows)
    _write(place / "hidden.csv", rows, COLUMNS[:-1])
    kinds = ("Normal", "Pneumonia, bacterial", "Pneumonia, viral")
    for number in range(9):
        name = f"child{number}.png"
        Image.fromarray(chest_pixels(number)).save(place / name)
        split = "train" if number < 6 else "test"
        rows.append(_film(name, "kermany", f"k{number}", "AP", "", kinds[number % 3]) | {"split": split})
    blank = _film("child0.png", "hannover-covid", "h1", "PA", "60", "") | {"split": "test"}
    _write(place / "all.csv", [*rows, blank])
    return place


def _film(name: str, source: str, patient: str, view: str, age: str, labels: str) -> dict[str, str]:
    return {
        "file": name,
        "source": source,
        "patient": patient,
        "view": view,
        "age": age,
        "sex": "F",
        "labels": labels,
    }


@pytest.fixture(scope="session")
def demo() -> Model:
    return Model.open(threads=1)


@pytest.fixture(scope="session")
def rows(folder: Path) -> list[FilmRow]:
    return read_manifest(folder / "all.csv")


@pytest.fixture(scope="session")
def known(demo: Model, rows: list[FilmRow]) -> Cohort:
    return films_of.load_cohort(demo, rows)


@pytest.fixture(scope="session")
def floors(known: Cohort) -> floors_of.Floors:
    return floors_of.fit_floors(known, fewest=1)


@pytest.fixture(scope="session")
def result(demo: Model, rows: list[FilmRow], floors: floors_of.Floors) -> ReportResult:
    return evaluate_report(demo, rows, floors, with_context=True, draws=DRAWS)


def _made_up(n: int = 60, seed: int = 0) -> Cohort:
    """Films without pixels: an abnormal film has code 1 everywhere, a normal one code 0."""
    random = np.random.default_rng(seed)
    rows = [
        FilmRow(
            Path(f"{i}.png"),
            "nih-cxr14" if i % 3 else "kermany",
            f"p{i}",
            ("PA", "AP")[i % 2],
            20 + 3 * (i % 15),
            "FM"[i % 2],
            frozenset(["Pneumonia", JUDGED[i % 5]]) if random.random() < 0.5 else frozenset(["No Finding"]),
            ("train", "val", "test")[i % 7 % 3],
        )
        for i in range(n)
    ]
    sick = np.array(["Pneumonia" in row.labels for row in rows])
    codes = np.repeat(sick[:, None], 256, axis=1).astype(np.int16)
    pixels = (40 + 100 * sick[:, None, None] + random.integers(0, 9, (n, 16, 16))).astype(np.uint8)
    return labelled_cohort(rows, codes, pixels)


# The contract of the JSON file.


# What the extra for training brings, and a machine that only runs the model needn't have.
_WITHOUT_TRAINING = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "matplotlib", "sklearn", "scipy", "pyarrow", "skimage"}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Absent())
from llmcxr_ws.cli import main
main()
"""


def test_the_command_writes_the_contract_on_a_machine_that_only_runs_the_model(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out" / "figures.json"
    command = ["evaluate", "report", "--model", "demo", "--manifest", str(folder / "hidden.csv")]
    command += ["--images", str(folder), "--json", str(target), "--draws", "50"]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TRAINING, *command], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(target.read_text())
    assert figures["n"] == 13
    assert set(figures["metrics"]) == set(METRICS)
    for entry in (figures["metrics"], *figures["floors"].values()):
        for name in METRICS:
            assert set(entry[name]) == {"value", "low", "high"}
            assert 0.0 <= entry[name]["low"] <= entry[name]["value"] <= entry[name]["high"] <= 1.0
    assert set(figures["strata"]) == {"NIH adults", "NIH PA", "NIH AP", "NIH under 18"}
    # No training film is known here: what can't be fitted is named, not made up.
    assert set(figures["floors"]) | set(figures["floors_missing"]) == set(floors_of.FLOORS)
    assert "always normal" in figures["floors"]
    assert "| the model |" in done.stdout


def test_a_missing_film_is_named_and_nothing_is_measured(folder: Path, tmp_path: Path) -> None:
    rows = [_film("nowhere.png", "nih-cxr14", "x", "PA", "50", "No Finding")]
    target = tmp_path / "figures.json"
    command = ["evaluate", "report", "--manifest", str(_write(tmp_path / "m.csv", rows, COLUMNS[:-1]))]
    done = CliRunner().invoke(build_app(), [*command, "--json", str(target)])
    assert isinstance(done.exception, EngineFailure)
    assert "nowhere.png" in str(done.exception)
    assert not target.exists()


def test_too_few_training_films_leave_floors_out_and_are_told(
    folder: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    """Eight training films carry no floors: the evaluation goes on without them and says why."""
    films = ["--model", str(tiny_folder), "--manifest", str(folder / "manifest.csv")]
    target = tmp_path / "figures.json"
    done = CliRunner().invoke(build_app(), ["evaluate", "tokenizer", *films, "--json", str(target)])
    assert done.exit_code == 0, done.exception
    assert "8 training films; floors that need them are left out" in done.stderr
    assert json.loads(target.read_text())["n"] == 13
    refused = CliRunner().invoke(
        build_app(), ["evaluate", "floors", *films, "--out", str(tmp_path / "f.npz")]
    )
    assert isinstance(refused.exception, EngineFailure)
    assert "lower --fewest" in str(refused.exception)


def test_every_floor_and_variant_has_every_figure(result: ReportResult) -> None:
    figures = result.figures
    assert set(figures["floors"]) == set(floors_of.FLOORS)
    for part in (figures, *figures["strata"].values()):
        for entry in (part["metrics"], part["context_blanked"], part["shuffled"], *part["floors"].values()):
            assert set(entry) == set(METRICS)
        assert set(part["paired"]) >= {"minus shuffled films", "minus always normal"}
    assert figures["floors"]["always normal"]["macro_f1_5"].value == 0.0
    assert figures["floors"]["every finding always yes"]["abnormal_balanced_accuracy"].value == 0.5


def test_the_figures_are_those_of_the_drafts_by_hand(result: ReportResult) -> None:
    top, cohort = result.top, result.cohort
    assert result.figures["n"] == 13
    truth = cohort.abnormal[top.inside]
    right = np.array([result.drafts.texts[i] not in NORMAL for i in top.inside]) == truth
    balanced = 0.5 * (right[truth].mean() + right[~truth].mean())
    assert result.figures["metrics"]["abnormal_balanced_accuracy"].value == pytest.approx(balanced)
    odds = result.drafts.log_odds[top.inside]
    pairs = [(a > b) + 0.5 * (a == b) for a in odds[truth] for b in odds[~truth]]
    assert result.figures["metrics"]["abnormal_auroc"].value == pytest.approx(np.mean(pairs))


def test_tables_pictures_and_lines_are_written_without_a_patient(
    result: ReportResult, tmp_path: Path
) -> None:
    write_results(tmp_path, result.figures, report_tables(result.figures), report_pictures(result))
    text = (tmp_path / "results.md").read_text()
    assert "floor: view, age and sex alone" in text
    assert "Kermany" in text
    for name in ("roc", "confusion", "calibration"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    lines = films_csv(result).splitlines()
    assert len(lines) == len(result.cohort) + 1
    assert not any(f",{row.patient}," in line for row in result.cohort.rows for line in lines)


# What is written from the files.


def _results(result: ReportResult, folder: Path) -> dict[str, Any]:
    write_json(folder / "report-val.json", {**result.figures, "evaluation": "report", "split": "val"})
    return {"report-val": json.loads((folder / "report-val.json").read_text())}


def test_the_card_is_written_from_the_result_files(demo: Model, result: ReportResult, tmp_path: Path) -> None:
    manifest = json.loads((demo.bundle.folder / "manifest.json").read_text())
    manifest["training"] = {"data": ["NIH ChestX-ray14"], "results": _results(result, tmp_path)}
    card = model_card(manifest)
    value = str(result.figures["metrics"]["abnormal_auroc"])
    assert f"| the model | {result.figures['metrics']['abnormal_balanced_accuracy']} | {value} |" in card
    assert "Not shown to be recognised among abnormal films" in card
    # What nobody measured isn't passed over.
    assert (
        "| generate | judge's AUROC, asked abnormal | at least 0.7, lower bound 0.6 | not measured |" in card
    )
    early = model_card({**manifest, "training": {}})
    assert "Nothing was measured yet" in early
    assert "not recorded" in early
    short = summary(manifest["training"]["results"])["report-val"]
    assert short["metrics"] == manifest["training"]["results"]["report-val"]["metrics"]
    assert "strata" not in short


def test_the_card_says_how_it_decides(demo: Model) -> None:
    manifest = json.loads((demo.bundle.folder / "manifest.json").read_text())
    biases = {"No": 1.5, "Infiltration": 0.25, " Infiltration": 0.25}
    manifest["sampling"] = {
        "report": {"decision_bias": biases, "child_bias": {"No": -0.5}},
        "answer": {"draft_weight": 1.25},
        "generate": {"temperature": 0.9, "guidance": 2.0, "candidates": 4},
    }
    manifest["training"] = {"thresholds": {"films": 77}}
    card = model_card(manifest)
    assert "set on 77 validation films, as log-odds: No +1.5, Infiltration +0.25." in card
    assert "under 18 years instead: No -0.5." in card
    assert "leans by 1.25 log-odds" in card
    assert "temperature 0.9 with guidance 2; of 4 the one is kept" in card
    manifest["sampling"] = {"report": {}, "answer": {}, "generate": {}}
    plain = model_card(manifest).split("## How it decides")[1].split("##")[0]
    assert plain.count("\n- ") == 2 and "candidates" not in plain and "None" not in plain


def test_bars_are_told_as_reached_or_missed(result: ReportResult, tmp_path: Path) -> None:
    written = _results(result, tmp_path)["report-val"]
    for value, verdict in ((0.9, "reached"), (0.7, "**missed**")):
        written["metrics"]["abnormal_auroc"] = {"value": value, "low": value - 0.05, "high": value + 0.05}
        table = bars_table({"r": from_json(written)}, "val")
        assert next(row[4] for row in table.rows if row[1] == "normal/abnormal, AUROC of log-odds") == verdict
    # The point estimate alone isn't enough where the bar names a lower bound.
    written["metrics"]["abnormal_auroc"] = {"value": 0.9, "low": 0.7, "high": 0.95}
    table = bars_table({"r": from_json(written)}, "val")
    assert (
        next(row[4] for row in table.rows if row[1] == "normal/abnormal, AUROC of log-odds") == "**missed**"
    )
    assert {row[3] for row in table.rows if row[0] == "answer"} == {"not measured"}
    # Of several seeds' results none is picked.
    better = {
        **written,
        "metrics": {**written["metrics"], "abnormal_auroc": {"value": 0.99, "low": 0.9, "high": 1.0}},
    }
    table = bars_table({"a": from_json(written), "b": from_json(better)}, "val")
    verdicts = {row[0]: row[4] for row in table.rows if row[1] == "normal/abnormal, AUROC of log-odds"}
    assert verdicts == {"report (a)": "**missed**", "report (b)": "reached"}


# Strata and shuffling.


def test_sources_are_never_pooled_and_blank_labels_are_no_negatives(known: Cohort) -> None:
    top, parts = strata(known)
    assert top.population == parts["NIH adults"].population
    assert {known.rows[i].source for i in top.inside} == {"nih-cxr14"}
    assert all(known.rows[i].adult for i in top.inside)
    assert len(parts["NIH under 18"].inside) == 1
    assert len(parts["NIH PA"].inside) + len(parts["NIH AP"].inside) == len(top.inside)
    assert (len(parts["Hannover"].inside), parts["Hannover"].unlabelled) == (0, 1)
    assert int(known.abnormal[parts["Kermany"].inside].sum()) == 6


def test_without_nih_films_the_population_is_said() -> None:
    cohort = _made_up()
    rows = tuple(replace(row, source="elsewhere") for row in cohort.rows)
    top, parts = strata(replace(cohort, rows=rows))
    assert "films of source elsewhere, 18 years and over" in top.population
    assert list(parts) == ["elsewhere"]
    # Its adults have the floors of adults' films; a stratum has those of its own source alone.
    fitted = floors_of.fit_floors(cohort, fewest=2)
    assert floors_source(replace(cohort, rows=rows), top, fitted) == "nih-cxr14"
    assert floors_source(replace(cohort, rows=rows), parts["elsewhere"], fitted) == ""


def test_shuffling_moves_every_film_within_its_group_and_breaks_the_pairing() -> None:
    cohort = _made_up(240)
    groups = [(row.source, row.view, films_of.age_band(row.age)) for row in cohort.rows]
    orders = shuffled_orders(cohort)
    same = []
    for order in orders:
        assert sorted(order) == list(range(240))
        assert all(groups[i] == groups[j] for i, j in enumerate(order))
        assert (order != np.arange(240)).all()
        same.append((cohort.abnormal[order] == cohort.abnormal).mean())
    # A film's label is as good as thrown anew: half of them agree.
    assert np.mean(same) == pytest.approx(0.5, abs=0.06)
    assert len({tuple(order) for order in orders}) == len(orders)


def test_a_film_that_is_alone_is_counted() -> None:
    cohort = _made_up(300)
    rows = (replace(cohort.rows[0], view="LL"), *cohort.rows[1:])
    assert films_of.alone(replace(cohort, rows=rows), np.arange(300)) == 1


# What is read from texts.


def test_drafts_are_read_by_the_labeler_and_silence_is_wrong_either_way() -> None:
    texts = [NORMAL[0], worded(["Pneumonia", "Effusion"]), "", "Fracture of a rib is seen."]
    said = said_by_texts(texts)
    assert said.normal.tolist() == [True, False, False, False]
    assert said.abnormal.tolist() == [False, True, False, True]
    named = [films_of.FINDINGS[i] for i in np.flatnonzero(said.findings[1])]
    assert set(named) == {"Pneumonia", "Effusion"}
    assert said_by_texts(texts).score.tolist() == [0.0, 1.0, 0.5, 1.0]


def test_contradictions_rare_findings_and_distinct_drafts_are_counted() -> None:
    assert contradicts("No pneumonia. Pneumonia is present.")
    assert contradicts("No acute finding. Pleural effusion is present.")
    assert not contradicts("Pneumonia is present. Pleural effusion is present.")
    assert not contradicts("No acute finding.")
    texts = [NORMAL[0], NORMAL[0], "Pneumothorax is present.", ""]
    found = text_figures(texts, [False, False, False, True])
    assert (found["parse_rate"], found["rare_findings_asserted"], found["distinct"]) == (0.75, 0.25, 3)
    assert found["withheld"] == 0.25


# Floors.


def test_floors_see_what_they_should_and_nothing_else() -> None:
    cohort = _made_up(300)
    train = cohort.take(np.array([i for i, row in enumerate(cohort.rows) if row.source == "nih-cxr14"]))
    floors = floors_of.fit_floors(train)["nih-cxr14"]
    test = _made_up(300, seed=5)
    test = test.take(np.array([i for i, row in enumerate(test.rows) if row.source == "nih-cxr14"]))
    said = floors_of.applied(floors, test)
    # Codes and pixels hold the label in this world, view, age and sex don't.
    for name in (floors_of.CODE_PROBE, floors_of.PIXEL_NEIGHBOUR):
        assert (said[name][0].abnormal == test.abnormal).all(), name
    agreement = (said["view, age and sex alone"][0].abnormal == test.abnormal).mean()
    assert 0.35 < agreement < 0.65
    assert said["most frequent report"][0].abnormal.std() == 0
    assert len(said["random training report"]) == floors_of.DRAWN_REPORTS
    blind = replace(test, codes=np.zeros_like(test.codes), pixels=np.zeros_like(test.pixels))
    for name in floors_of.NO_FILM:
        one, other = said[name][0], floors_of.applied(floors, blind)[name][0]
        assert (one.abnormal == other.abnormal).all() and (one.findings == other.findings).all(), name


def test_floors_come_back_from_their_file(
    demo: Model, model: Model, floors: floors_of.Floors, known: Cohort, tmp_path: Path
) -> None:
    size = floors_file.save_floors(floors, demo, tmp_path / "floors.npz")
    assert size < 1_000_000
    back = floors_file.load_floors(tmp_path / "floors.npz", demo)
    assert set(back) == set(floors)
    top, _ = strata(known)
    films = known.take(top.inside)
    before, after = (floors_of.applied(one["nih-cxr14"], films) for one in (floors, back))
    for name in floors_of.FLOORS:
        assert (before[name][0].abnormal == after[name][0].abnormal).all(), name
        assert np.allclose(before[name][0].score, after[name][0].score, atol=0.05), name
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"bad\.npz"):
        floors_file.load_floors(tmp_path / "bad.npz", demo)
    with pytest.raises(DataError, match="another tokenizer"):
        floors_file.load_floors(tmp_path / "floors.npz", model)


def test_a_threshold_is_the_best_on_what_it_is_chosen_on() -> None:
    scores, truth = np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, True, True])
    assert floors_of.best_threshold(scores, truth, "balanced") == pytest.approx(0.25)
    assert floors_of.best_threshold(scores, truth, "f1") == pytest.approx(0.25)
    # Where yes is nearly always right, F1 is best served by saying it always.
    few = np.array([False, True, True, True])
    assert floors_of.best_threshold(scores[::-1].copy(), few, "f1") < 0.1


# The other tables.


def test_answers_are_asked_of_every_film_and_averaged_per_finding(
    demo: Model, rows: list[FilmRow], floors: floors_of.Floors
) -> None:
    nih = [row for row in rows if row.source == "nih-cxr14"]
    figures = evaluate_answer(demo, nih, floors, False, wordings=1, draws=50)
    assert figures["n"] == 13
    each = [figures["metrics"][name].value for name in JUDGED]
    assert figures["metrics"]["mean of five"].value == pytest.approx(np.nanmean(each))
    assert set(figures["floors"]) == set(floors_of.FLOORS)
    assert figures["floors"]["question alone"]["mean of five"].value == 0.5
    assert 0.0 <= figures["agreement_with_drafts"].value <= 1.0
    rare = [name for name in JUDGED if not any(name in row.labels for row in nih if row.adult)]
    assert figures["not_averaged"] == rare
    told = answer_tables(figures)[0].to_markdown()
    assert ("the mean is over the others" in told) == bool(rare)
    told = answer_tables({**figures, "not_averaged": ["Edema"], "strata": {}})[0].to_markdown()
    assert "No film, or every film, has Edema: the mean is over the others." in told
    assert "minus shuffled films" in figures["paired"]


@pytest.mark.parametrize("place", range(4))
def test_a_film_is_asked_for_normal_and_for_abnormal(place: int) -> None:
    """Whoever says yes to every question is right about half of the questions on each film."""
    two = [wording("abnormal", place, turn, 2).yes_means for turn in range(2)]
    assert sorted(two) == [False, True]
    every = {wording("abnormal", place, turn, 4).question for turn in range(4)}
    assert len(every) == 4


def test_kermany_has_three_classes_beside_pixel_floors(demo: Model, rows: list[FilmRow]) -> None:
    children = [row for row in rows if row.source == "kermany"]

    def read(path: Path) -> Any:
        return films_of.film_from_file(path, demo.bundle.preprocessing)

    train = [row for row in children if row.split == "train"]
    figures = evaluate_kermany(demo, children, train, False, read, draws=50)
    assert figures["films"] == {"normal": 3, "bacterial": 3, "viral": 3}
    assert set(figures["floors"]) == {"nearest neighbour in pixels", "logistic on pixels"}
    # Six of the nine films are training films: each is its own nearest.
    neighbour = figures["floors"]["nearest neighbour in pixels"]["three_classes_macro_f1"]
    assert neighbour.value > 0.6


def test_seeds_give_mean_and_range_and_refuse_other_films() -> None:
    def one(value: float, n: int = 5) -> dict[str, Any]:
        return {"n": n, "metrics": {"abnormal_auroc": {"value": value, "low": 0.0, "high": 1.0}}}

    found = across_seeds([one(0.7), one(0.8), one(0.9)])
    entry = found["figures"]["metrics, abnormal auroc"]
    assert (entry["mean"], entry["lowest"], entry["highest"]) == (pytest.approx(0.8), 0.7, 0.9)
    assert "0.700 to 0.900" in seeds_table(found).to_markdown()
    with pytest.raises(DataError, match="different films"):
        across_seeds([one(0.7), one(0.8, n=6)])
