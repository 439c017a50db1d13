"""The guard: what it says beside a draft, how it comes into a bundle, and which networks may not be one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import typer
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from typer.testing import CliRunner

from engine import cli
from engine.bundle import GUARD, Bundle, default_bundle_folder, sha256_of
from engine.card import model_card
from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.classifier.model import Classifier, Network, film_values, weights_sha256
from engine.classifier.plain import PlainConfig, PlainNet
from engine.classifier.settings import ClassifierSettings
from engine.errors import BackendError, BundleError, ExportError
from engine.exporting.guard import checked_scores, export_guard, refuse_known, write_guard
from engine.exporting.settings import ExportSettings
from engine.guard import Guard, open_guard
from engine.model import Model
from engine.preprocess import PreprocessingSpec, film_from_array
from engine.train.common import save_checkpoint
from engine.train.losses.terms import Terms
from engine.train.rounding import round_to_half
from engine.train.vqgan_settings import VQGANSettings
from engine.worker_record import guard_counter
from llmcxr_ws.store import counters, reports
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels, make_bundle, write_manifest
from tests.engine.shipped_films import shipped_manifest
from tests.engine.test_model import CODES, scripted
from tests.engine.test_worker import send, speaking, worker

ENTRY: dict[str, Any] = {
    "labels": ["Abnormal", "Pneumonia"],
    "thresholds": {"Abnormal": 0.5, "Pneumonia": 0.4},
    "abnormal": "Abnormal",
    "side": 256,
    "version": "0123456789ab",
    "validation": {},
    "training": {},
}
DARK, BRIGHT = (np.full((1, 256, 256), value, dtype=np.float32) for value in (-0.5, 0.5))
SPEC = PreprocessingSpec(side=64)


def mean_guard(path: Path) -> None:
    """Write a guard by which a film is the more abnormal the brighter it is on the whole."""
    constants = [
        numpy_helper.from_array(np.array([[4.0, 1.0]], dtype=np.float32), "slopes"),
        numpy_helper.from_array(np.array([1, 2, 3], dtype=np.int64), "axes"),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["film", "axes"], ["mean4"], keepdims=1),
        helper.make_node("Flatten", ["mean4"], ["mean"]),
        helper.make_node("Mul", ["mean", "slopes"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probabilities"]),
    ]
    film = helper.make_tensor_value_info("film", TensorProto.FLOAT, ["B", 1, 256, 256])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["B", 2])
    graph = helper.make_graph(nodes, "mean", [film], [out], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make_bundle(tmp_path_factory.mktemp("guarded") / "tiny")
    mean_guard(path / GUARD)
    write_manifest(path, guard=ENTRY)
    return path


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Model:
    return Model.open(folder, threads=1)


def test_without_a_guard_a_draft_is_as_before(model: Model, guarded: Model) -> None:
    assert model.bundle.manifest.guard is None
    assert model.report(CODES, film=BRIGHT).guard is None
    assert guarded.report(CODES).guard is None
    assert replace(guarded.report(CODES, film=BRIGHT), guard=None) == model.report(CODES)


@pytest.mark.parametrize(
    ("text", "film", "agreement"),
    [
        ("There is pneumonia.", BRIGHT, "agrees"),
        ("There is pneumonia.", DARK, "disagrees"),
        ("No acute finding.", DARK, "agrees"),
        ("No acute finding.", BRIGHT, "disagrees"),
        ("word word", BRIGHT, "not judged"),
        # Withheld: a draft that nobody sees is no draft to agree with.
        ("Small pneumothorax on the left.", BRIGHT, "not judged"),
    ],
)
def test_the_guard_says_whether_it_goes_along(
    guarded: Model, text: str, film: NDArray[np.float32], agreement: str
) -> None:
    draft = scripted(guarded, text).report(CODES, film=film)
    assert draft.guard is not None
    assert (draft.text, draft.guard.agreement, draft.guard.version) == (text, agreement, "0123456789ab")
    assert draft.guard.abnormal == (film is BRIGHT)
    expected = 1 / (1 + np.exp(-np.array([4.0, 1.0]) * float(film[0, 0, 0])))
    assert list(draft.guard.probabilities) == ["Abnormal", "Pneumonia"]
    assert list(draft.guard.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"thresholds": {"Abnormal": 0.5, "Mass": 0.4}}, "'Mass'"),
        ({"thresholds": {"Pneumonia": 0.4}}, "threshold"),
        ({"abnormal": "Ill"}, "'Ill'"),
        ({"side": 224}, "side 224"),
        ({"labels": "Abnormal"}, "guard.labels"),
        ({"colour": "red"}, "guard.colour"),
    ],
)
def test_an_entry_that_does_not_hold_together_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    folder = make_bundle(tmp_path / "tiny")
    mean_guard(folder / GUARD)
    write_manifest(folder, guard={**ENTRY, **changes})
    with pytest.raises(BundleError, match=reason):
        Bundle.load(folder)


def test_graph_and_entry_come_together(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "tiny", guard=ENTRY)
    with pytest.raises(BundleError, match=r"no guard\.onnx"):
        Bundle.load(folder)
    mean_guard(folder / GUARD)
    write_manifest(folder)
    with pytest.raises(BundleError, match="no entry for it"):
        Bundle.load(folder)


def test_a_graph_with_other_outputs_is_refused(folder: Path, guarded: Model) -> None:
    entry = guarded.bundle.manifest.guard
    assert entry is not None
    with pytest.raises(BackendError, match="names 1 labels"):
        Guard(folder / GUARD, replace(entry, labels=("Abnormal",)), threads=1)
    with pytest.raises(BackendError, match="gives codes"):
        Guard(folder / "encoder.onnx", entry, threads=1)


def test_the_worker_keeps_and_counts_what_the_guard_says(tmp_path: Path, guarded: Model) -> None:
    workplace = Workplace.open(tmp_path / "home", upgrade=True)
    ill, well = (speaking(guarded, text) for text in ("There is pneumonia.", "No acute finding."))
    made = []
    for model, seed in ((ill, 1), (well, 2), (well, 3)):
        study_id = send(workplace, chest_pixels(seed=seed))
        worker(workplace, model).run(once=True)
        report = reports.current_report(workplace.db, study_id)
        assert report is not None
        made.append(report.evidence["guard"])
        entry = guarded.bundle.manifest.guard
        assert entry is not None
        assert report.evidence["guard_thresholds"] == {
            label: round(entry.thresholds[label], 6)
            for label in entry.labels
            if label.rpartition("/")[0] == entry.abnormal.rpartition("/")[0]
        }
    film = film_from_array(chest_pixels(seed=1), guarded.bundle.preprocessing)
    expected = ill.report(guarded.encode(film), film=film).guard
    assert expected is not None
    assert made[0]["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)
    assert {key: made[0][key] for key in ("agreement", "abnormal", "version")} == {
        "agreement": expected.agreement, "abnormal": expected.abnormal, "version": "0123456789ab",
    }  # fmt: skip
    weights = guarded.bundle.manifest.weights_sha256
    counted = {
        guard_counter(agreement, weights): number
        for agreement in ("agrees", "disagrees")
        if (number := sum(one["agreement"] == agreement for one in made))
    }
    assert counters.values(workplace.db, "guard ") == counted
    assert sum(counted.values()) == 3
    # The table's key has room for 32 characters.
    assert max(len(guard_counter(agreement, weights)) for agreement in ("agrees", "not judged")) <= 32
    workplace.close()


def test_the_doctor_tells_how_often_the_guard_went_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("LLMCXR_HOME", str(home))
    workplace = Workplace.open(home, upgrade=True)

    def told() -> str:
        return dict(cli.checks())["guard"]()

    assert told() == "no draft by these weights yet"
    weights = Bundle.load(default_bundle_folder()).manifest.weights_sha256
    with workplace.db.write() as session:
        for agreement in ("agrees", "agrees", "disagrees"):
            counters.next_value(session, guard_counter(agreement, weights))
        counters.next_value(session, guard_counter("agrees", "0" * 64))
    assert told() == "3 drafts by these weights: agrees 2, disagrees 1"
    workplace.close()


def test_a_model_without_a_guard_counts_nothing(tmp_path: Path, model: Model) -> None:
    workplace = Workplace.open(tmp_path / "home", upgrade=True)
    study_id = send(workplace, chest_pixels())
    worker(workplace, model).run(once=True)
    report = reports.current_report(workplace.db, study_id)
    assert report is not None and report.evidence["guard"] is None
    assert report.evidence["guard_thresholds"] == {}
    assert counters.values(workplace.db, "guard ") == {}
    workplace.close()


def test_the_command_shows_what_the_guard_says(
    folder: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))
    app = typer.Typer()
    cli.register(app)
    Image.fromarray(chest_pixels(seed=2)).save(tmp_path / "film.png")
    call = ["model", "draft", str(tmp_path / "film.png"), "--bundle", str(folder), "--threads", "1"]
    shown = CliRunner().invoke(app, call).output
    guard = json.loads(CliRunner().invoke(app, [*call, "--json"]).output)[0]["guard"]
    assert set(guard) == {"agreement", "abnormal", "probabilities", "version"}
    assert f"guard: {guard['agreement']}" in shown
    assert f"Abnormal {guard['probabilities']['Abnormal']:.2f}" in shown
    call[call.index("--bundle") + 1] = str(model.bundle.folder)
    assert "guard" not in json.loads(CliRunner().invoke(app, [*call, "--json"]).output)[0]
    assert "guard" not in CliRunner().invoke(app, call).output


# Into a bundle.


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped films' list: six for training, the others for validation."""
    return shipped_manifest(tmp_path_factory.mktemp("films") / "manifest.csv", train=6)


def net(network: str = "densenet", heads: int = 2) -> Network:
    """A network with weights as drawn and the statistics of a few pictures."""
    torch.manual_seed(4)
    made: Network = PlainNet(PlainConfig(base=8, num_classes=heads, side=32))
    if network == "densenet":
        made = DenseNet(
            DenseNetConfig(
                growth_rate=8,
                block_config=(2, 2),
                num_init_features=16,
                bn_size=2,
                num_classes=heads,
                side=32,
            )
        )
    # One pass sets the statistics, so that what the films are like comes through to the end.
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    made.classifier.weight.data.normal_(0, 0.5)
    pictures = [torch.from_numpy(film_from_array(chest_pixels(seed=seed), SPEC).copy()) for seed in range(4)]
    with torch.no_grad():
        made.train()(film_values(torch.stack([*pictures, *torch.rand(8, 1, 64, 64) * 2 - 1])))
    return made.eval()


def classifier_file(path: Path, films: Path, network: str = "densenet", **changes: Any) -> Path:
    """Write a classifier as the training does, with what it was trained on."""
    heads = [{"source": "nih-cxr14", "label": "Abnormal"}, {"source": "nih-cxr14", "label": "Effusion"}]
    values = {
        "manifest": films, "out": path.parent, "heads": heads, "film_side": 64, "side": 32, "network": network,
        "preprocessing": "equalized", "adults_of": ["nih-cxr14"], **changes,
    }  # fmt: skip
    settings = ClassifierSettings.read(None, values)
    labels = tuple(head.name for head in settings.heads)
    facts = {"step": 2, "train_films": 6, "val_films": 8, "settings": settings.choices()}
    Classifier(net(network, len(labels)), labels, {}, facts).save(path)
    return path


def exported(
    tmp_path: Path, films: Path, guard: Path | None, facts: dict[str, Any] | None = None, **changes: Any
) -> Any:
    save_checkpoint(tmp_path / "tokenizer.pt", {"facts": facts or {}})
    (tmp_path / "bundle").mkdir(exist_ok=True)
    values = {
        "tokenizer": tmp_path / "tokenizer.pt", "language_model": tmp_path, "manifest": films,
        "out": tmp_path / "bundle", "version": "1", "guard": guard, **changes,
    }  # fmt: skip
    return export_guard(ExportSettings.read(None, values), SPEC)


def test_a_classifier_becomes_the_guard_of_a_bundle(tmp_path: Path, films: Path) -> None:
    file = classifier_file(tmp_path / "guard.pt", films)
    entry = exported(tmp_path, films, file)
    head = "nih-cxr14/Abnormal"
    assert (entry["abnormal"], entry["side"], entry["labels"]) == (head, 64, [head, "nih-cxr14/Effusion"])
    assert entry["version"] == weights_sha256(Classifier.load(file).net)[:12]
    assert entry["validation"]["films"] == entry["validation"]["abnormal_films"] == 8
    assert 0.5 <= entry["validation"]["abnormal_balanced_accuracy"] <= 1.0
    assert 0.0 < entry["thresholds"][head] < 1.0
    assert (entry["training"]["train_films"], entry["training"]["settings"]["film_side"]) == (6, 64)
    # The entry and the graph make a bundle that opens, and whose card tells of them.
    folder = make_bundle(tmp_path / "tiny", preprocessing=SPEC.to_manifest())
    (folder / GUARD).write_bytes((tmp_path / "bundle" / GUARD).read_bytes())
    write_manifest(folder, preprocessing=SPEC.to_manifest(), guard=json.loads(json.dumps(entry)))
    bundle = Bundle.load(folder)
    guard = open_guard(bundle, threads=1)
    assert guard is not None
    film = film_from_array(chest_pixels(), SPEC)
    net = round_to_half(Classifier.load(file).net)
    wanted = Classifier(net, ()).probabilities(film[None])[0]
    assert list(guard.probabilities(film).values()) == pytest.approx(wanted.tolist(), abs=1e-4)
    limits = {
        "reconstruction_max": 1,
        "correlation_min": 0,
        "how": "",
        "films": 1,
        "validation_accepted": 1.0,
    }
    told = {
        "input_check": {**limits, "validation_films": 1}, "findings": {"judged": []}, "guard": entry, "training": {},
    }  # fmt: skip
    assert entry["version"] in model_card(told)
    assert "holds no guard" in model_card({**told, "guard": None})


@pytest.mark.parametrize("network", ["densenet", "plain"])
def test_weights_are_stored_as_float16_and_compute_what_torch_does(tmp_path: Path, network: str) -> None:
    made, path = round_to_half(net(network)), tmp_path / GUARD
    write_guard(made, SPEC, path)
    held = {tensor.name: tensor for tensor in onnx.load(str(path)).graph.initializer}
    large = [tensor for tensor in held.values() if np.prod(tensor.dims) >= 256]
    assert large and all(tensor.data_type == TensorProto.FLOAT16 for tensor in large)
    assert b"site-packages" not in path.read_bytes()
    pictures = [film_from_array(chest_pixels(seed=seed), SPEC) for seed in range(2)]
    pictures += [
        np.random.default_rng(seed).uniform(-1, 1, (1, 64, 64)).astype(np.float32) for seed in range(2)
    ]
    scores, difference = checked_scores(made, pictures, path)
    assert scores.shape == (4, 2) and scores.min() > 0.01 and scores.max() < 0.99
    assert np.ptp(scores[:, 0]) > 1e-3
    assert difference < 1e-4
    torch.manual_seed(9)
    made.classifier.weight.data.add_(0.3)
    with pytest.raises(ExportError, match="differs from torch"):
        checked_scores(made, pictures, path)


def test_no_guard_is_none(tmp_path: Path, films: Path) -> None:
    assert exported(tmp_path, films, None) is None
    assert not (tmp_path / "bundle" / GUARD).exists()


def test_a_network_that_the_tokenizer_learnt_from_is_refused(tmp_path: Path, films: Path) -> None:
    file = classifier_file(tmp_path / "teacher.pt", films)
    settings = VQGANSettings.read(
        None,
        {
            "manifest": films, "out": tmp_path / "run", "teacher": file, "cip_classifier": file, "cip_weight": 0.1,
            "lpips_weight": 0, "disc_weight": 0, "device": "cpu",
        },
    )  # fmt: skip
    terms = Terms(settings, 1, torch.device("cpu"))
    learnt = terms.classifiers()
    assert set(learnt) == {"teacher", "cip"}
    # The same weights in another file, under another name.
    again = Classifier.load(file)
    again.labels = ("nih-cxr14/Abnormal", "nih-cxr14/Mass")
    again.save(tmp_path / "renamed.pt")
    assert sha256_of(tmp_path / "renamed.pt") != sha256_of(file)
    for facts in ({"classifiers": learnt}, {"classifiers": {"cip": learnt["cip"]}}):
        with pytest.raises(ExportError, match=r"is the tokenizer's .* network"):
            exported(tmp_path, films, tmp_path / "renamed.pt", facts)
    # A run from before the hashes of weights were recorded names the file's hash.
    with pytest.raises(ExportError, match=r"term 'cip'|term 'teacher'"):
        exported(tmp_path, films, file, {"terms": terms.told()})
    with pytest.raises(ExportError, match=r"is the classifier teacher\.pt"):
        exported(tmp_path, films, tmp_path / "renamed.pt", other_classifiers=[file])
    assert not (tmp_path / "bundle" / GUARD).exists()
    refuse_known(file, weights_sha256(net("plain")), {"classifiers": learnt})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"preprocessing": "published"}, "'published'"),
        ({"film_side": 96}, "96 pixels"),
        ({"heads": [{"source": "nih-cxr14", "label": "Effusion"}]}, "no head nih-cxr14/Abnormal"),
    ],
)
def test_a_classifier_that_does_not_fit_the_bundle_is_refused(
    tmp_path: Path, films: Path, changes: dict[str, Any], reason: str
) -> None:
    file = classifier_file(tmp_path / "guard.pt", films, **changes)
    with pytest.raises(ExportError, match=reason):
        exported(tmp_path, films, file)


def test_a_classifier_without_its_record_is_refused(tmp_path: Path, films: Path) -> None:
    Classifier(net(), ("Abnormal", "Effusion")).save(tmp_path / "bare.pt")
    with pytest.raises(ExportError, match="doesn't say what it was trained on"):
        exported(tmp_path, films, tmp_path / "bare.pt")
