"""Tokenizer and classifier trained for a few steps on the shipped films: they run, stop, and go on to the bit."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.bundle import sha256_of
from engine.classifier.model import Classifier
from engine.classifier.settings import ClassifierSettings
from engine.classifier.train import ClassifierTraining, thresholds, train_classifier
from engine.data.films import CANVAS, Augmentation, augmented, load_films
from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord
from engine.errors import DataError, SettingsError, TrainingError
from engine.preprocess import PreprocessingSpec
from engine.tokenizer.config import DEMO, VQGANConfig
from engine.tokenizer.vqgan import VQModel
from engine.train import vqgan
from engine.train.codec import Patch
from engine.train.common import codes_name, load_checkpoint
from engine.train.film_settings import Head
from engine.train.films import Draws, chances, read_records, targets, training_films
from engine.train.vqgan_settings import VQGANSettings
from engine.train.vqgan_validation import codebook_use, sheet, similarity
from tests.engine.shipped_films import shipped_manifest

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "engine" / "recipes"
HEAD = {"source": "nih-cxr14", "label": "Abnormal"}
TINY = {
    "resolution": 64, "channels": 1, "ch": 32, "ch_mult": [1, 1], "num_res_blocks": 1, "attn_resolutions": [],
    "z_channels": 16, "embed_dim": 8, "n_embed": 32, "stem": 4, "device": "cpu", "preprocessing": "equalized",
}  # fmt: skip


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped films' list with patients and splits: the last five are for validation."""
    return shipped_manifest(tmp_path_factory.mktemp("films") / "manifest.csv", train=9)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("canvas")


@pytest.fixture(scope="module")
def features(manifest: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of two steps, for the CIP term."""
    out = tmp_path_factory.mktemp("features")
    train_classifier(classifier_settings(manifest, cache, out, steps=2, tensorboard=False))
    return out / "best.pt"


def classifier_settings(manifest: Path, cache: Path, out: Path, **changes: Any) -> ClassifierSettings:
    values = {
        "manifest": manifest, "cache": cache, "out": out, "heads": [HEAD], "film_side": 64, "side": 32,
        "growth_rate": 4, "block_config": [1, 1, 1], "num_init_features": 8, "bn_size": 2, "drop_rate": 0.1,
        "batch": 4, "steps": 6, "save_every": 2, "validate_every": 3, "report_every": 2, "rotate_degrees": 5,
        "shift": 0.05, "blur": 1.0, "average": 0.5, "balance": "Abnormal", "preprocessing": "equalized",
        "device": "cpu",
    }  # fmt: skip
    return ClassifierSettings.read(None, {**values, **changes})


def settings(manifest: Path, cache: Path, out: Path, features: Path, **changes: Any) -> VQGANSettings:
    """Every stage and every term but LPIPS, whose weights can't be had here. One net teaches and measures."""
    values = {
        **TINY, "manifest": manifest, "cache": cache, "out": out, "warm_steps": 4, "warm_batch": 3,
        "warm_patch": 4, "warm_latents": 1e-3, "cluster_films": 16, "cluster_rounds": 2, "restart_every": 3,
        "steps": 8, "batch": 2, "learning_rate": 1e-3, "schedule": "cosine", "clip": 1.0, "lpips_weight": 0,
        "disc_start": 3, "disc_width": 8, "disc_layers": 2, "cip_weight": 1.0, "cip_classifier": features,
        "heads": [HEAD], "head_weight": 0.3, "head_reading": "squares", "teacher": features, "read_steps": 3,
        "read_batch": 3, "rotate_degrees": 5, "contrast": 0.1, "report_every": 2,
        "validate_every": 4, "save_every": 2, "sheet_films": 4,
    }  # fmt: skip
    return VQGANSettings.read(None, {**values, **changes})


def same(a: Any, b: Any) -> bool:
    """Compare checkpoints to the bit, but for the CPU time and the settings."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        left_out = {"cpu_seconds", "settings", "facts"}
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a.keys() - left_out)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


class Cut(Exception):
    """Stands for a power cut."""


def cut_after(monkeypatch: pytest.MonkeyPatch, kind: type, name: str, calls: int) -> None:
    """Let the method `name` raise at its call number `calls` + 1."""
    method, made = getattr(kind, name), [0]

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        made[0] += 1
        if made[0] > calls:
            raise Cut
        return method(self, *arguments, **named)

    monkeypatch.setattr(kind, name, counted)


@pytest.fixture(scope="module")
def whole(manifest: Path, cache: Path, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    vqgan.train(settings(manifest, cache, out, features))
    return out


def test_tokenizer_run_leaves_what_it_promises(whole: Path) -> None:
    lines = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    stages = [line["stage"] for line in lines]
    assert stages.count("read validation") == stages.count("warm validation") == 1
    assert stages.count("clustered validation") == 1
    assert stages.count("vqgan validation") == 2
    late = next(line for line in reversed(lines) if line["stage"] == "vqgan")
    for term in (
        "pixels",
        "cip",
        "codebook",
        "head",
        "taught_maps",
        "adversarial",
        "adaptive",
        "discriminator",
    ):
        assert np.isfinite(late[term])
    figures = next(line for line in reversed(lines) if line["stage"] == "vqgan validation")
    assert {"psnr", "ssim", "codes_used", "perplexity", "auroc/nih-cxr14/Abnormal"} <= figures.keys()
    with Image.open(whole / "sheets" / "vqgan-000008.png") as picture:
        assert picture.size == (4 * 64, 2 * 64)
    assert list((whole / "tensorboard").iterdir())
    model = vqgan.load_tokenizer(whole / "best.pt")
    assert model.encode(torch.zeros(1, 1, 64, 64)).shape == (1, 64)
    facts = load_checkpoint(whole / "best.pt")["facts"]
    assert facts["terms"]["lpips"] == "off"
    assert "manifest" not in facts["settings"]
    assert str(whole) not in str(facts)


@pytest.mark.parametrize("updates", [1, 4, 7, 12])
def test_cut_off_tokenizer_run_goes_on_to_the_bit(
    whole: Path, manifest: Path, cache: Path, features: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, updates: int,
) -> None:  # fmt: skip
    """Cut in each stage, between two checkpoints."""
    run = settings(manifest, cache, tmp_path, features)
    with monkeypatch.context() as patched:
        cut_after(patched, vqgan.TokenizerRun, "_update", updates + 1)
        with pytest.raises(Cut):
            vqgan.train(run)
    vqgan.train(run)
    for name in ("last.pt", "best.pt"):
        assert same(load_checkpoint(tmp_path / name), load_checkpoint(whole / name)), name


def test_finished_run_is_not_repeated(whole: Path, manifest: Path, cache: Path, features: Path) -> None:
    before = (whole / "last.pt").read_bytes()
    vqgan.train(settings(manifest, cache, whole, features))
    assert (whole / "last.pt").read_bytes() == before


def test_other_settings_in_a_runs_folder_are_refused(
    whole: Path, manifest: Path, cache: Path, features: Path
) -> None:
    with pytest.raises(TrainingError, match=r"started with n_embed 32, now it is 64"):
        vqgan.TokenizerRun(settings(manifest, cache, whole, features, n_embed=64))
    with pytest.raises(TrainingError, match="holds a run already"):
        vqgan.TokenizerRun(settings(manifest, cache, whole, features, resume=False))


def test_decoder_alone_is_trained_and_codes_stay(
    manifest: Path, cache: Path, features: Path, whole: Path, tmp_path: Path
) -> None:
    kept = {"start": whole / "best.pt", "learn": "decoder", "heads": [], "head_weight": 0, "teacher": ()}
    kept |= {
        "read_steps": 0,
        "warm_steps": 0,
        "cluster_films": 0,
        "restart_every": 0,
        "best_by": {"psnr": 1.0},
    }
    run = settings(manifest, cache, tmp_path / "decoder", features, **kept)
    before, after = vqgan.load_tokenizer(whole / "best.pt").state_dict(), vqgan.train(run).state_dict()
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"decoder", "post_quant_conv"}
    best = tmp_path / "decoder" / "best.pt"
    assert (
        codes_name(best) == codes_name(whole / "best.pt") == sha256_of(whole / "best.pt") != sha256_of(best)
    )
    again = run.model_copy(update={"start": best, "out": tmp_path / "again"})
    vqgan.train(again)
    assert codes_name(tmp_path / "again" / "best.pt") == sha256_of(whole / "best.pt")
    for wrong, told in (({"start": None}, "needs start"), ({"read_steps": 3}, "read_steps")):
        with pytest.raises(SettingsError, match=told):
            settings(manifest, cache, tmp_path, features, **{**kept, "teacher": features, **wrong})


def test_start_takes_an_official_layout_with_its_discriminator(
    manifest: Path, cache: Path, features: Path, tmp_path: Path
) -> None:
    run = settings(manifest, cache, tmp_path / "run", features)
    model, other = VQModel(run.sizes()), {}
    first = vqgan.TokenizerRun(run)
    assert first.networks.terms.discriminator is not None
    for key, tensor in first.networks.terms.discriminator.state_dict().items():
        other[f"loss.discriminator.{key}"] = torch.full_like(tensor, 2)
    torch.save({"state_dict": {**model.state_dict(), **other}}, tmp_path / "start.ckpt")
    started = vqgan.TokenizerRun(run.model_copy(update={"start": tmp_path / "start.ckpt"}))
    assert torch.equal(started.networks.model.quantize.embedding.weight, model.quantize.embedding.weight)
    assert started.networks.terms.discriminator is not None
    assert started.networks.terms.discriminator.state_dict()["main.0.weight"].unique().tolist() == [2.0]


def test_loss_that_is_no_number_ends_the_run(
    manifest: Path, cache: Path, features: Path, tmp_path: Path
) -> None:
    run = settings(
        manifest, cache, tmp_path, features, warm_steps=0, read_steps=0, cluster_films=0, report_every=5
    )
    broken = vqgan.TokenizerRun(run)
    broken.networks.model.decoder.conv_out.weight.data.fill_(float("nan"))
    with pytest.raises(TrainingError, match="no number any more at step 2"):
        broken.train()
    assert not (tmp_path / "last.pt").exists()


def test_classifier_whose_loss_is_no_number_ends(
    manifest: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, calls = ClassifierTraining._step, []

    def breaking(self: ClassifierTraining, batch: Any) -> torch.Tensor:
        calls.append(1)
        return step(self, batch) * (float("nan") if len(calls) > 2 else 1.0)

    monkeypatch.setattr(ClassifierTraining, "_step", breaking)
    with pytest.raises(TrainingError, match="no number any more at step 3 of 6"):
        train_classifier(classifier_settings(manifest, cache, tmp_path))
    assert load_checkpoint(tmp_path / "last.pt")["step"] == 2


def test_patient_of_manifest_and_set_in_two_splits_is_refused(
    manifest: Path, cache: Path, tmp_path: Path
) -> None:
    one = read_records(classifier_settings(manifest, cache, tmp_path / "run"))[0]
    PreparedSet.create(tmp_path / "set", [replace(one, key="k", split="val")], {"reader": "made"})
    with pytest.raises(DataError, match="is in two splits, train and val"):
        read_records(classifier_settings(manifest, cache, tmp_path / "run", sets=[tmp_path / "set"]))


def test_classifier_goes_on_to_the_bit(
    manifest: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_classifier(classifier_settings(manifest, cache, tmp_path / "whole"))
    cut = classifier_settings(manifest, cache, tmp_path / "cut")
    with monkeypatch.context() as patched:
        cut_after(patched, ClassifierTraining, "_step", 3)
        with pytest.raises(Cut):
            train_classifier(cut)
    kept = train_classifier(cut)
    assert same(load_checkpoint(tmp_path / "cut/last.pt"), load_checkpoint(tmp_path / "whole/last.pt"))
    assert kept.labels == ("nih-cxr14/Abnormal",)
    assert 0 < kept.thresholds["nih-cxr14/Abnormal"] < 1
    assert kept.facts["train_films"] == 9
    assert kept.facts["run_steps"] == 6
    assert kept.facts["run_cpu_seconds"] >= kept.facts["cpu_seconds"] > 0
    again = Classifier.load(tmp_path / "whole/best.pt")
    films = np.zeros((2, 1, 64, 64), dtype=np.float32)
    assert np.array_equal(kept.probabilities(films), again.probabilities(films))


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_moving_average_of_the_weights_is_kept(
    manifest: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, average: float
) -> None:
    seen: list[torch.Tensor] = []
    step = ClassifierTraining._step

    def noting(self: ClassifierTraining, batch: Any) -> torch.Tensor:
        loss = step(self, batch)
        seen.append(self.net.classifier.weight.detach().clone())
        return loss

    monkeypatch.setattr(ClassifierTraining, "_step", noting)
    train_classifier(classifier_settings(manifest, cache, tmp_path, steps=3, average=average))
    mean = seen[0]
    for weight in seen[1:]:
        mean = average * mean + (1 - average) * weight
    kept = load_checkpoint(tmp_path / "last.pt")["averaged"]["module.classifier.weight"]
    assert torch.allclose(kept, mean, atol=1e-7)
    assert torch.equal(Classifier.load(tmp_path / "best.pt").net.state_dict()["classifier.weight"], kept)
    assert not torch.equal(seen[0], seen[2])


def test_film_that_was_changed_is_prepared_again(tmp_path: Path) -> None:
    file, spec = tmp_path / "film.png", PreprocessingSpec(side=64)
    seen = []
    for across in (False, False, True):
        values = np.full((300, 300), 200, dtype=np.uint8)
        values[:150] = 0
        Image.fromarray(values.T if across else values).save(file)
        seen.append(np.array(load_films([file], spec, tmp_path / "cache", side=64)[0]))
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[2][0], seen[0][0].T)


def test_blur_takes_edges_away() -> None:
    canvas = np.zeros((CANVAS, CANVAS), dtype=np.uint8)
    canvas[:, CANVAS // 2 :] = 255
    still = {"rotate_degrees": 0, "shift": 0, "scale": 0, "gamma": 0, "contrast": 0, "untouched": 0}
    edges = [
        np.abs(
            np.diff(augmented(canvas, 64, np.random.default_rng(0), Augmentation(**still, blur=blur)))
        ).max()
        for blur in (0.0, 3.0)
    ]
    assert edges[1] < 0.6 * edges[0]


@pytest.mark.parametrize("network", ["densenet", "plain"])
def test_classifier_learns(cache: Path, tmp_path: Path, network: str) -> None:
    """Made pictures, bright below where abnormal: thirty steps are enough."""
    random = np.random.default_rng(0)
    lines = ["file,source,patient,view,age,sex,labels,split"]
    for number in range(24):
        values = random.normal(100, 8, (64, 64))
        values[40:] += 60 * (number % 2)
        Image.fromarray(values.clip(0, 255).astype(np.uint8)).resize((256, 256)).save(
            tmp_path / f"{number}.png"
        )
        label = "Edema" if number % 2 else "No Finding"
        lines.append(f"{number}.png,made,p{number},PA,50,F,{label},{'val' if number > 15 else 'train'}")
    (tmp_path / "m.csv").write_text("\n".join(lines))
    head = {"source": "made", "label": "Edema"}
    run = classifier_settings(
        tmp_path / "m.csv", cache, tmp_path / "run", heads=[head], steps=30, batch=8, learning_rate=5e-3,
        drop_rate=0, warm_up=3, network=network, base=8,
    )  # fmt: skip
    kept = train_classifier(run)
    assert kept.facts["val_auroc"]["made/Edema"] > 0.9


def test_best_by_is_checked_before_the_training(
    manifest: Path, cache: Path, features: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"'auroc/x'.*psnr, ssim.*auroc/nih-cxr14/Abnormal"):
        vqgan.TokenizerRun(settings(manifest, cache, tmp_path, features, best_by={"auroc/x": 1.0}))


@pytest.mark.parametrize(
    "name",
    [
        "reference", "demo-teacher", "demo-features", "demo-judge", "demo-guard", "demo-tokenizer", "demo-decoder",
    ],
)  # fmt: skip
def test_recipes_are_read(name: str, tmp_path: Path) -> None:
    tokenizer = name in ("demo-tokenizer", "demo-decoder")
    kind = VQGANSettings if tokenizer else ClassifierSettings
    given = {"out": tmp_path, "manifest": tmp_path / "m.csv", "start": tmp_path / "tokenizer.pt"}
    recipe = kind.read(RECIPES / f"{name}.yaml", given)
    assert recipe.device == "cpu"
    # A network that judges must not share its draws with one that teaches.
    assert name == "reference" or tokenizer or recipe.seed > 10
    if isinstance(recipe, VQGANSettings):
        assert recipe.sizes() == DEMO


def test_head_without_both_kinds_of_films_is_refused(manifest: Path, cache: Path, tmp_path: Path) -> None:
    hernia = [{"source": "nih-cxr14", "label": "Hernia"}]
    with pytest.raises(TrainingError, match="nih-cxr14/Hernia has 9 training films"):
        train_classifier(classifier_settings(manifest, cache, tmp_path, heads=hernia))
    with pytest.raises(SettingsError, match="best_by names 'x'"):
        classifier_settings(manifest, cache, tmp_path, best_by={"x": 1.0})
    with pytest.raises(DataError, match="'elsewhere'"):
        train_classifier(classifier_settings(manifest, cache, tmp_path, sources={"elsewhere": 1.0}))


def record(source: str, labels: str | None, view: str = "PA") -> FilmRecord:
    named = None if labels is None else frozenset(name for name in labels.split("|") if name)
    return FilmRecord(
        f"{source}{labels}{view}", Path("x.png"), source, "p", "", "", view, 50, "F", named, None, None, None,
        "train", "",
    )  # fmt: skip


def test_targets_know_what_the_labels_do_not_say() -> None:
    heads = (
        Head(source="a", label="Abnormal"),
        Head(source="a", label="Edema"),
        Head(source="b", label="Bacterial", within="Abnormal"),
        Head(label="Edema"),
    )
    films = [
        record("a", "No Finding"), record("a", "Edema|Mass"), record("a", None), record("a", ""),
        record("b", "Normal"), record("b", "Bacterial"), record("b", "Viral"),
        record("a", "No Finding|Support Devices"), record("a", "Support Devices"),
    ]  # fmt: skip
    nan = float("nan")
    wanted = [
        [0, 0, nan, 0], [1, 1, nan, 1], [nan, nan, nan, nan], [nan, 0, nan, 0],
        [nan, nan, nan, 0], [nan, nan, 1, 0], [nan, nan, 0, 0], [0, 0, nan, 0], [nan, 0, nan, 0],
    ]  # fmt: skip
    assert np.array_equal(targets(films, heads), np.array(wanted, dtype=np.float32), equal_nan=True)
    doubtful = [
        replace(film, uncertain=frozenset({name}))
        for film, name in ((films[0], "Edema"), (films[1], "Mass"), (films[7], "Support Devices"))
    ]
    wanted = [[nan, nan, nan, nan], [1, 1, nan, 1], [0, 0, nan, 0]]
    assert np.array_equal(targets(doubtful, heads), np.array(wanted, dtype=np.float32), equal_nan=True)


def test_draws_are_balanced_within_source_and_view(manifest: Path) -> None:
    films = [record("a", "No Finding")] * 8 + [record("a", "Edema")] * 2 + [record("a", "Edema", "AP")]
    films += [record("b", None)] * 4
    run = VQGANSettings.read(
        None,
        {"out": "x", "manifest": manifest, "sources": {"a": 0.6, "b": 0.4}, "balance": "Abnormal",
         "balance_in": ["a"]},
    )  # fmt: skip
    given = chances(films, run)
    assert given is not None
    sums = [given[:8].sum(), given[8:10].sum(), given[10], given[11:].sum()]
    assert sums == pytest.approx([0.2, 0.2, 0.2, 0.4])
    plain = VQGANSettings.read(None, {"out": "x", "manifest": manifest})
    assert chances(films, plain) is None


def test_every_film_comes_once_in_an_epoch_whatever_the_processes(manifest: Path, cache: Path) -> None:
    run = VQGANSettings.read(None, {**TINY, "out": "x", "manifest": manifest, "cache": cache})
    films = training_films(run, read_records(run), (), 64)
    rows: list[int] = []
    for step in range(3):
        for process in range(3):
            draws = Draws(films, run, 64, 1, 0, (process, 3))
            rows += draws._rows(step, np.random.default_rng(0))
    assert sorted(rows) == list(range(9))


# In a process of its own, as a training is: this one has threads of other tests, which a forked worker waits for.
DRAW = """
import json, sys, torch
from engine.train.films import Draws, batches, read_records, training_films
from engine.train.vqgan_settings import VQGANSettings
run = VQGANSettings.read(None, json.loads(sys.argv[1]))
draws = Draws(training_films(run, read_records(run), (), 64), run, 64, 2, 0)
alone, beside = list(batches(draws, 3, 6, 0)), list(batches(draws, 3, 6, 2))
assert len(alone) == len(beside) == 3
assert all(torch.equal(a.films, b.films) for a, b in zip(alone, beside, strict=True))
assert alone[0].films.shape == (2, 1, 64, 64)
print("the same")
"""


@pytest.mark.parametrize("moved", [0.0, 5.0])
def test_workers_draw_what_one_process_draws(manifest: Path, cache: Path, moved: float) -> None:
    paths = {"manifest": str(manifest), "cache": str(cache)}
    run = json.dumps({**TINY, "out": "x", **paths, "rotate_degrees": moved})
    done = subprocess.run(
        [sys.executable, "-c", DRAW, run],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip().endswith("the same"), done.stderr


def test_prepared_sets_are_read_and_broken_films_can_be_left_out(
    manifest: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = VQGANSettings.read(None, {**TINY, "out": "x", "manifest": manifest})
    (tmp_path / "broken.png").write_bytes(b"no picture")
    broken = FilmRecord(
        "broken", tmp_path / "broken.png", "nih-cxr14", "q", "", "", "PA", 50, "F", None, None, None, None,
        "train", "",
    )  # fmt: skip
    PreparedSet.create(tmp_path / "set", [*read_records(run), broken], {"reader": "test"})
    values = {**TINY, "out": "x", "sets": [tmp_path / "set"], "cache": tmp_path / "canvas"}
    strict = VQGANSettings.read(None, values)
    with pytest.raises(DataError, match=r"broken\.png"):
        training_films(strict, read_records(strict), (), 64)
    loose = VQGANSettings.read(None, {**values, "skip_unreadable": True})
    films = training_films(loose, read_records(loose), (), 64)
    assert len(films.records) == len(films.places) == 9
    assert "1 of 10 train films" in capsys.readouterr().out
    again = training_films(loose, read_records(loose), (), 64)
    assert np.array_equal(films.exact(range(9)), again.exact(range(9)))


def test_patch_cuts_the_same_part_of_latents_and_pixels() -> None:
    pixels = torch.arange(16.0).reshape(1, 1, 4, 4)
    patch = Patch(1, 0, 1)
    assert patch.of(pixels[:, :, ::2, ::2]).flatten().tolist() == [8.0]
    assert patch.of(pixels, 2).flatten().tolist() == [8.0, 9.0, 12.0, 13.0]


def test_validation_figures_by_hand() -> None:
    film = np.zeros((64, 64), dtype=np.float32)
    figures = similarity([(film, film + 0.2), (film, film + 0.02)])
    assert figures["psnr"] == pytest.approx((20 + 40) / 2, abs=1e-4)
    assert codebook_use(torch.tensor([[0, 0], [1, 1]]), 4) == {
        "codes_used": 2.0,
        "perplexity": pytest.approx(2),
    }
    laid = sheet([(film - 1, film + 1)] * 9, 9)
    assert laid.shape == (4 * 64, 8 * 64)
    assert laid[0, 0] == 0
    assert laid[64, 0] == 255
    names, scores = ("a", "b"), np.array([[0.1, 0.2], [0.2, 0.4], [0.7, 0.1], [0.8, 0.9]])
    truth = np.array([[0, 0], [0, 0], [1, 0], [1, np.nan]], dtype=np.float32)
    assert thresholds(names, scores, truth) == {"a": pytest.approx(0.45)}


def test_taming_yaml_gives_the_sizes(manifest: Path, cache: Path, features: Path, tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(
        "model:\n  target: taming.models.vqgan.VQModel\n  params:\n    embed_dim: 8\n    n_embed: 32\n"
        "    ddconfig: {double_z: false, z_channels: 16, resolution: 64, in_channels: 3, out_ch: 3, ch: 32,"
        " ch_mult: [1, 1, 1], num_res_blocks: 1, attn_resolutions: [], dropout: 0.0}\n"
    )
    run = settings(
        manifest, cache, tmp_path / "run", features, tokenizer_config=tmp_path / "model.yaml", warm_patch=0,
        warm_steps=1, cluster_films=0, steps=1, report_every=1, disc_start=0,
    )  # fmt: skip
    model = vqgan.train(run)
    assert model.config == VQGANConfig(64, 3, 3, 32, (1, 1, 1), 1, (), 16, 8, 32)
    other = (tmp_path / "model.yaml").read_text().replace("z_channels: 16", "z_channels: 8")
    (tmp_path / "other.yaml").write_text(other)
    with pytest.raises(TrainingError, match=r"has other sizes than .*other\.yaml"):
        vqgan.train(run.model_copy(update={"tokenizer_config": tmp_path / "other.yaml"}))
