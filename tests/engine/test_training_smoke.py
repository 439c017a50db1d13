"""Training on made pictures: both loops learn, resume, and reach a bundle; texts keep to the labels."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.bpe import train_tokenizer
from engine.data.examples import ExampleMaker, ExampleSettings
from engine.data.films import Augmentation, augmented
from engine.data.manifest import FilmRow, read_manifest, select
from engine.data.questions import ABNORMAL as ABNORMAL_SUBJECT
from engine.data.questions import SUBJECTS, question_and_answer
from engine.data.templates import NORMAL
from engine.errors import DataError
from engine.lm.vocabulary import Vocabulary
from engine.train import lm, vqgan
from engine.train.scores import abnormal_log_odds, auroc, has
from engine.train.vqgan_settings import VQGANSettings

COLUMNS = ("file", "source", "patient", "view", "age", "sex", "labels", "split")
LABELS = ("No Finding", "Pneumonia|Infiltration", "Pneumonia|Atelectasis|Edema", "Pneumonia|Effusion")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made pictures whose lower half is bright where the label isn't No Finding."""
    folder = tmp_path_factory.mktemp("films")
    random = np.random.default_rng(0)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for number in range(24):
            labels = LABELS[0] if number % 2 else LABELS[1 + number // 2 % 3]
            values = np.add.outer(np.linspace(60, 120, 260), np.linspace(0, 40, 260))
            values[130:] += 0 if number % 2 else 80
            values += random.normal(0, 3, values.shape)
            name = f"{number}.png"
            Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(folder / name)
            view = "PA" if number % 4 < 2 else "AP"
            split = "val" if number >= 18 else "train"
            row = (name, "made", f"p{number}", view, "45", "F", labels, split)
            writer.writerow(dict(zip(COLUMNS, row, strict=True)))
    return folder / "manifest.csv"


def row(labels: str, age: int | None = 45, view: str = "PA") -> FilmRow:
    return FilmRow(Path("x.png"), "made", "p", view, age, "F", frozenset(labels.split("|")), "train")


@pytest.fixture(scope="module")
def tokenizer_run(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("vqgan")
    values = {
        "manifest": manifest, "out": out, "preprocessing": "equalized", "device": "cpu", "tensorboard": False,
        "channels": 1, "ch": 32, "ch_mult": [1, 1], "num_res_blocks": 1, "stem": 8, "attn_resolutions": [],
        "z_channels": 16, "embed_dim": 8, "warm_steps": 12, "warm_batch": 4, "cluster_films": 16, "steps": 6,
        "batch": 2, "learning_rate": 2e-3, "lpips_weight": 0, "disc_weight": 0, "cip_weight": 0,
    }  # fmt: skip
    vqgan.train(VQGANSettings.read(None, values))
    return out


def test_language_model_learns_the_made_pictures(manifest: Path, tokenizer_run: Path, tmp_path: Path) -> None:
    settings = lm.LanguageModelSettings(
        manifest=manifest, tokenizer=tokenizer_run / "best.pt", out=tmp_path, cache=tmp_path, source="made",
        variants=2, hidden=64, layers=2, steps=30, batch=8, validate_every=15, learning_rate=3e-3,
    )  # fmt: skip
    tokenizer = vqgan.load_tokenizer(settings.tokenizer)
    first = lm.train(settings, tokenizer)
    assert (tmp_path / "lm.pt").exists()
    scores = abnormal_log_odds(first.next_logits, first.vocabulary, first.validation_codes)
    assert auroc(scores, has(first.validation, ABNORMAL_SUBJECT)) > 0.9
    resumed = lm.LanguageModelRun(settings, tokenizer)
    resumed.resume()
    assert resumed.step == 30
    again = abnormal_log_odds(resumed.next_logits, resumed.vocabulary, resumed.validation_codes)
    assert np.allclose(scores, again)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_answers_follow_the_labels(subject: str) -> None:
    random = np.random.default_rng(1)
    for labels in LABELS:
        film = row(labels)
        question, answer = question_and_answer(film, subject, random)
        if subject == ABNORMAL_SUBJECT:
            assert answer.endswith("is normal.") == film.normal
        else:
            assert answer.startswith("Yes") == (subject in film.labels)
        assert question.endswith("?")


def test_examples_put_no_loss_on_the_prompt_text_and_balance_the_decision() -> None:
    vocabulary = Vocabulary.from_text(train_tokenizer().to_str())
    rows = [row(labels) for labels in (*LABELS, "Pneumonia", "Pneumonia", "Pneumonia", "Pneumonia")]
    bank = np.zeros((len(rows), 2, 256), dtype=np.int16)
    maker = ExampleMaker(vocabulary, rows, bank, ExampleSettings(), np.random.default_rng(0))
    first = vocabulary.encode(NORMAL[0])[0]
    normal_starts = {vocabulary.encode(text)[0] for text in NORMAL}
    normal = 0
    for _ in range(200):
        example = maker.report()
        start = example.ids.index(vocabulary.response) + 1
        assert len(example.ids) == len(example.weights)
        text = [weight for id_, weight in zip(example.ids[:start], example.weights, strict=False)
                if not vocabulary.is_image(id_)]  # fmt: skip
        assert not any(text)
        assert example.weights[start] == ExampleSettings().decision_weight
        assert example.ids[-1] == vocabulary.end
        normal += example.ids[start] in normal_starts
    assert first in normal_starts
    assert 70 < normal < 130
    generated = maker.generate()
    assert sum(vocabulary.is_image(id_) for id_ in generated.ids) == 256
    assert len(generated.ids) < 512


def test_a_subject_without_films_is_refused() -> None:
    vocabulary = Vocabulary.from_text(train_tokenizer().to_str())
    bank = np.zeros((1, 1, 256), dtype=np.int16)
    with pytest.raises(DataError, match="No film answers"):
        ExampleMaker(vocabulary, [row("No Finding")], bank, ExampleSettings(), np.random.default_rng(0))


def test_augmentation_moves_little_and_never_mirrors() -> None:
    canvas = np.zeros((288, 288), dtype=np.uint8)
    canvas[:, :144] = 200
    random = np.random.default_rng(0)
    for _ in range(20):
        moved = augmented(canvas, 256, random, Augmentation())
        assert moved.shape == (1, 256, 256)
        assert moved[0, :, 60].mean() > 0.3
        assert moved[0, :, -60].mean() < -0.8


def test_manifest_faults_are_named(tmp_path: Path, manifest: Path) -> None:
    rows = read_manifest(manifest)
    assert len(select(rows, "train")) == 18
    path = tmp_path / "manifest.csv"
    header = ",".join(COLUMNS)
    path.write_text(f"{header}\na.png,made,p1,PA,45,F,No Finding,later\n")
    with pytest.raises(DataError, match=r"Line 2.*'later'"):
        read_manifest(path)
    path.write_text(f"{header}\na.png,made,p1,PA,old,F,No Finding,val\n")
    with pytest.raises(DataError, match="'old'"):
        read_manifest(path)
    path.write_text(f"{header}\na.png,made,p1,PA,4,F,,val\nb.png,made,p1,PA,4,F,,test\n")
    with pytest.raises(DataError, match="two splits"):
        read_manifest(path)
    path.write_text("file,source\n")
    with pytest.raises(DataError, match="patient"):
        read_manifest(path)


def test_area_under_the_curve() -> None:
    truth = np.array([True, True, False, False])
    assert auroc(np.array([4.0, 3.0, 2.0, 1.0]), truth) == 1.0
    assert auroc(np.array([1.0, 1.0, 1.0, 1.0]), truth) == 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(auroc(np.array([1.0]), np.array([True])))
