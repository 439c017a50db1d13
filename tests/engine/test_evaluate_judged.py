"""The evaluations that a classifier judges: tokenizer, generated films, and the supervised reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.classifier.model import Classifier
from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED
from engine.errors import CheckpointError, DataError
from engine.evaluate import supervised
from engine.evaluate.generate import (
    asked_texts,
    generate_figures,
    generate_films,
    generate_pictures,
    generate_tables,
    nearest_films,
)
from engine.evaluate.judge import judged, read_heads, threshold
from engine.evaluate.results import write_results
from engine.evaluate.statistics import WeightedStatistic, auroc
from engine.evaluate.tokenizer import (
    copy_films,
    psnr_db,
    structural_similarity,
    tokenizer_figures,
    tokenizer_pictures,
    tokenizer_tables,
)
from engine.model import Model
from engine.preprocess import Film, PreprocessingSpec, film_from_file
from tests.engine.factories import chest_film, chest_pixels

LABELS = ("nih-cxr14/Abnormal", *JUDGED)


def read(path: Path) -> Film:
    return film_from_file(path, PreprocessingSpec())


@pytest.fixture(scope="module")
def judge_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = DenseNetConfig(
        growth_rate=4, block_config=(1, 1), num_init_features=4, num_classes=len(LABELS), side=64
    )
    path = tmp_path_factory.mktemp("judge") / "judge.pt"
    Classifier(DenseNet(config).eval(), LABELS, {LABELS[0]: 0.4}).save(path)
    return path


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[FilmRow]:
    folder = tmp_path_factory.mktemp("films")
    made = []
    for number in range(12):
        Image.fromarray(chest_pixels(number)).save(folder / f"{number}.png")
        labels = {"No Finding"} if number % 2 else {"Pneumonia", JUDGED[number // 2 % 5]}
        split = "train" if number < 4 else "test"
        made.append(
            FilmRow(
                folder / f"{number}.png", "nih-cxr14", f"p{number}", "PA", 50, "F", frozenset(labels), split
            )
        )
    return made


def test_a_judges_head_is_that_of_the_source_then_of_any(judge_file: Path) -> None:
    judge = Classifier.load(judge_file)
    chances = np.array([[0.9, 0.1, 0.2, 0.3, 0.4, 0.5]])
    assert read_heads(judge, chances, ["nih-cxr14"]).tolist() == [0.9]
    assert read_heads(judge, chances, ["nih-cxr14"], "Effusion").tolist() == [0.5]
    assert threshold(judge, "nih-cxr14") == 0.4
    normal = Classifier(judge.net, ("No Finding", *LABELS[1:]))
    assert read_heads(normal, chances, ["kermany"]) == pytest.approx([0.1])
    with pytest.raises(CheckpointError, match="Hernia"):
        read_heads(judge, chances, ["nih-cxr14"], "Hernia")


def test_psnr_and_ssim_by_hand() -> None:
    film = chest_film(1)
    assert structural_similarity(film, film) == pytest.approx(1.0)
    # An error of 0.2 everywhere: 10 log10(4 / 0.04) = 20 dB.
    assert psnr_db(film, film + np.float32(0.2)) == pytest.approx(20.0, abs=1e-4)
    assert structural_similarity(film, film[:, ::-1].copy()) < 0.9


def test_the_tokenizer_is_judged_on_original_and_copy(
    model: Model, rows: list[FilmRow], judge_file: Path, tmp_path: Path
) -> None:
    copies = copy_films(model, rows, read, judge_file, pictures=2)
    figures = tokenizer_figures(copies, None, draws=50)
    found = figures["metrics"]
    judge = Classifier.load(judge_file)
    films = np.stack([read(row.file) for row in rows])
    before = judged(judge, films, [row.source for row in rows])
    after = judged(judge, np.stack([model.decode(model.encode(film)) for film in films]), ["nih-cxr14"] * 12)
    truth = np.array([not row.normal for row in rows])
    drop = auroc(before, truth) - auroc(after, truth)
    assert found["judge_auroc_drop"].value == pytest.approx(drop)
    assert found["judge_agreement"].value == pytest.approx(((before > 0.4) == (after > 0.4)).mean())
    assert 10 < found["psnr_db"].value < 40
    write_results(tmp_path, figures, tokenizer_tables(figures), tokenizer_pictures(copies))
    with Image.open(tmp_path / "copies.png") as picture:
        assert picture.width > 400
    assert "AUROC drop" in (tmp_path / "results.md").read_text()


def test_generated_films_come_in_pairs_and_are_judged(
    model: Model, rows: list[FilmRow], judge_file: Path, tmp_path: Path
) -> None:
    asked = asked_texts(rows, 2, seed=0)
    assert [abnormal for _, abnormal, _ in asked] == [False, True, False, True]
    assert asked[0][2] == asked[1][2] != asked[2][2]
    drawn = generate_films(model, asked, seed=3)
    assert drawn.films.shape == (4, 1, 256, 256)
    nearest, distances = nearest_films(drawn, rows, read)
    figures = generate_figures(drawn, Classifier.load(judge_file), distances, draws=50)
    assert figures["n"] == 4
    assert 0.0 <= figures["judge_auroc"].value <= 1.0
    pictures = generate_pictures(drawn, nearest, read, 4)
    write_results(tmp_path, figures, generate_tables(figures), pictures)
    assert (tmp_path / "generated.png").stat().st_size > 10_000
    with pytest.raises(DataError, match="normal and abnormal"):
        asked_texts([row for row in rows if row.normal], 1, seed=0)


def test_a_copied_training_film_would_show_as_its_own_nearest(model: Model, rows: list[FilmRow]) -> None:
    asked = asked_texts(rows, 1, seed=0)
    drawn = generate_films(model, asked, seed=3)
    copied = np.stack([read(rows[5].file), drawn.films[1]])
    nearest, distances = nearest_films(
        type(drawn)(copied, drawn.texts, drawn.abnormal, drawn.pair, drawn.codes), rows, read
    )
    assert nearest[0] is rows[5]
    assert distances[0] == pytest.approx(0.0, abs=1e-3)
    assert distances[1] > 1.0


def test_skill_kept_is_the_share_of_the_references_skill() -> None:
    def always(value: float) -> WeightedStatistic:
        return lambda weights: np.full(len(weights), value)

    kept = supervised.share_kept(always(0.8), always(0.9))
    assert kept(np.ones((3, 2))) == pytest.approx(0.75)
    # A reference at chance has no skill that could be kept.
    assert np.isnan(supervised.share_kept(always(0.8), always(0.5))(np.ones((1, 2)))).all()


def test_the_reference_is_the_mean_of_its_seeds_and_counts_only_where_it_is_valid(
    model: Model, rows: list[FilmRow], judge_file: Path
) -> None:
    found = supervised.evaluate_reference(
        model, [judge_file, judge_file], rows, rows[:6], False, read, draws=50
    )
    judge = Classifier.load(judge_file)
    chances = judged(judge, np.stack([read(row.file) for row in rows]), ["nih-cxr14"] * 12)
    truth = np.array([not row.normal for row in rows])
    assert found["reference_auroc"]["abnormal"].value == pytest.approx(auroc(chances, truth))
    assert found["reference_val_auroc"] == [pytest.approx(auroc(chances[:6], truth[:6]))] * 2
    assert not found["valid"]
    assert found["not_valid_for"][-2:] == [
        "2 of 3 seeds", "not every seed took as many CPU hours as the model"
    ]  # fmt: skip
    assert set(found["skill_kept"]) == {"abnormal", "mean of five"}
    assert "skill kept" in supervised.reference_tables(found)[0].to_markdown()


def test_a_folder_is_the_mean_of_its_networks_and_its_hours_are_theirs(
    rows: list[FilmRow], judge_file: Path, tmp_path: Path
) -> None:
    for name, seconds, odds in (("1", 1800.0, -2.0), ("2", 5400.0, 1.0)):
        one = Classifier.load(judge_file)
        with torch.no_grad():
            one.net.classifier.weight.zero_()
            one.net.classifier.bias.fill_(odds)
        one.facts |= {"run_cpu_seconds": seconds, "device": "cpu"}
        one.save(tmp_path / "reference-1" / name / "best.pt")
    both = supervised.Reference.load(tmp_path / "reference-1")
    films, sources = np.stack([read(row.file) for row in rows]), [row.source for row in rows]
    # Not the log-odds of the mean probability, -0.30.
    assert both.score(films, sources) == pytest.approx(np.full((len(rows), 6), -0.5), abs=1e-5)
    assert both.cpu_hours(None) == 2.0
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"holds no best\.pt"):
        supervised.Reference.load(empty)


def test_hours_of_a_reference_trained_on_a_gpu_are_its_steps_at_the_given_seconds(judge_file: Path) -> None:
    one = Classifier.load(judge_file)
    one.facts |= {"run_cpu_seconds": 60.0, "run_steps": 7200, "device": "NVIDIA H100 80GB HBM3"}
    reference = supervised.Reference("reference-1", (one,))
    assert reference.cpu_hours(None) is None
    assert reference.cpu_hours(0.5) == 1.0
    assert reference.devices == ["NVIDIA H100 80GB HBM3"]


@pytest.mark.parametrize(
    ("val", "spent", "ours", "reasons"),
    [
        ([0.87, 0.88, 0.89], [3.0, 3.0, 3.1], 3.0, []),
        ([0.87, 0.87, 0.89], [3.0, 3.0, 3.0], 3.0, ["AUROC"]),
        ([], [3.0, 3.0, 3.0], 3.0, ["AUROC"]),
        ([0.9, 0.9], [3.0, 3.0], 3.0, ["2 of 3 seeds"]),
        ([0.9, 0.9, 0.9], [3.0, 2.9, 3.0], 3.0, ["CPU hours"]),
        ([0.9, 0.9, 0.9], [3.0, None, 3.0], 3.0, ["CPU hours"]),
        ([0.9, 0.9, 0.9], [3.0, 3.0, 3.0], None, ["CPU hours"]),
    ],
)
def test_what_keeps_a_reference_from_counting(
    val: list[float], spent: list[float | None], ours: float | None, reasons: list[str]
) -> None:
    found = supervised.reasons_not_valid(val, spent, ours)
    assert len(found) == len(reasons)
    assert all(word in reason for word, reason in zip(reasons, found, strict=True))


def test_the_models_hours_are_those_of_every_run_behind_it() -> None:
    language = {"before": [{"cpu_seconds": 3600}, {"cpu_seconds": 1800}], "cpu_seconds": 1800}
    assert supervised.model_hours({"tokenizer": {"cpu_seconds": 3600}, "language_model": language}) == 3.0
    assert supervised.model_hours({"tokenizer": {}, "language_model": language}) is None
    assert supervised.model_hours({}) is None
