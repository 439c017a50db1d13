"""The DenseNet: TorchXRayVision's layout, its files in three forms, and what a wrong file is told."""

import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.classifier.model import Classifier
from engine.classifier.published import DEFAULT, PUBLISHED, find_published, load_published
from engine.errors import CheckpointError

SMALL = DenseNetConfig(
    growth_rate=4, block_config=(2, 3), num_init_features=8, bn_size=2, num_classes=18, side=64
)


@pytest.fixture
def net() -> DenseNet:
    torch.manual_seed(0)
    return DenseNet(SMALL).eval()


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (3, 1, 256, 256)).astype(np.float32)


def test_default_sizes_are_the_published_ones() -> None:
    with torch.device("meta"):
        net = DenseNet()
    shapes = {key: tuple(tensor.shape) for key, tensor in net.state_dict().items()}
    assert shapes["features.conv0.weight"] == (64, 1, 7, 7)
    assert shapes["features.denseblock1.denselayer1.norm1.weight"] == (64,)
    assert shapes["features.denseblock1.denselayer1.conv1.weight"] == (128, 64, 1, 1)
    assert shapes["features.denseblock1.denselayer1.conv2.weight"] == (32, 128, 3, 3)
    assert shapes["features.transition1.conv.weight"] == (128, 256, 1, 1)
    assert shapes["features.transition3.norm.running_var"] == (1024,)
    assert shapes["features.denseblock4.denselayer16.conv1.weight"] == (128, 992, 1, 1)
    assert shapes["features.norm5.bias"] == (1024,)
    assert shapes["classifier.weight"] == (18, 1024)
    # DenseNet121 has 7,978,856 with 3 input channels and 1,000 outputs.
    expected = 7_978_856 - 2 * 64 * 49 - (1000 - 18) * 1025
    assert sum(parameter.numel() for parameter in net.parameters()) == expected
    assert len(shapes) == 727
    assert net.config.width == 1024


def test_operating_points_are_mapped_to_one_half(net: DenseNet) -> None:
    net.classifier.weight.data.zero_()
    net.classifier.bias.data = torch.logit(torch.full((18,), 0.2))
    points = torch.full((18,), 0.2)
    points[1], points[2], points[3] = 0.4, 0.1, float("nan")
    net.op_threshs = points
    given = net.probabilities(torch.zeros(1, 1, 64, 64))[0]
    assert given[:4].tolist() == pytest.approx([0.5, 0.25, 1 - 0.8 / 1.8, 0.5])


def test_last_relu_can_be_left_out_of_the_features(net: DenseNet) -> None:
    values = torch.rand(1, 1, 64, 64) * 1024
    with torch.no_grad():
        maps = net.features(values)
        assert torch.allclose(net.pooled(values), maps.clamp(min=0).mean(dim=(2, 3)))
        assert torch.allclose(net.pooled(values, relu=False), maps.mean(dim=(2, 3)))
        assert (maps < 0).any()


def test_own_file_round_trips(net: DenseNet, films: np.ndarray, tmp_path: Path) -> None:
    labels = tuple(f"head {i}" for i in range(18))
    Classifier(net, labels, {"head 0": 0.3}, {"steps": 7}).save(tmp_path / "c.pt")
    read = Classifier.load(tmp_path / "c.pt")
    assert (read.labels, read.thresholds, read.facts) == (labels, {"head 0": 0.3}, {"steps": 7})
    assert read.probabilities(films).shape == (3, 18)
    assert read.features(films).shape == (3, SMALL.width)
    with torch.no_grad():
        wanted = net(torch.from_numpy(films) * 1024).sigmoid().numpy()
    assert np.allclose(read.probabilities(films), wanted, atol=1e-6)
    assert np.allclose(read.probabilities(films.repeat(3, axis=1)), wanted, atol=1e-5)


def whole_module(path: Path, net: DenseNet, zip_format: bool) -> None:
    """Pickle the network as a library's module would be, classes of another package and all."""
    library = types.ModuleType("xrvlike.models")
    kinds: dict[str, type[nn.Module]] = {}
    for name, base in (("DenseNet", nn.Module), ("_DenseLayer", nn.Sequential)):
        kinds[name] = type(name, (base,), {"__module__": "xrvlike.models"})
        setattr(library, name, kinds[name])
    sys.modules["xrvlike"], sys.modules["xrvlike.models"] = types.ModuleType("xrvlike"), library
    try:
        model = kinds["DenseNet"]()
        model.features, model.classifier = net.features, net.classifier
        for block in net.features.children():
            for name, layer in block.named_children():
                if name.startswith("denselayer"):
                    own = kinds["_DenseLayer"](OrderedDict(layer.named_children()))
                    setattr(block, name, own)
        torch.save(model, path, _use_new_zipfile_serialization=zip_format)
    finally:
        del sys.modules["xrvlike"], sys.modules["xrvlike.models"]


@pytest.mark.parametrize("zip_format", [False, True])
@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
def test_published_form_is_read_without_its_classes(
    net: DenseNet, films: np.ndarray, tmp_path: Path, zip_format: bool
) -> None:
    path = tmp_path / PUBLISHED[DEFAULT].file
    copy = DenseNet(SMALL)
    copy.load_state_dict(net.state_dict())
    whole_module(path, copy, zip_format)
    read = Classifier.load(path)
    assert read.labels == PUBLISHED[DEFAULT].labels
    read.net.config = SMALL  # a published file doesn't tell its side
    assert np.allclose(read.features(films), Classifier(net, ()).features(films))
    assert read.net.op_threshs is not None
    assert read.net.op_threshs[0].item() == pytest.approx(0.07422872)


def test_state_dict_and_safetensors_are_read(net: DenseNet, tmp_path: Path) -> None:
    torch.save({"state_dict": {f"module.{k}": v for k, v in net.state_dict().items()}}, tmp_path / "a.pt")
    save_file(net.state_dict(), tmp_path / "b.safetensors")
    for name in ("a.pt", "b.safetensors"):
        read = load_published(tmp_path / name)
        assert torch.equal(read.classifier.weight, net.classifier.weight)
        assert read.config.block_config == (2, 3)


def test_reading_a_file_runs_nothing_of_it(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, (f"open({str(tmp_path / 'harm')!r}, 'w')",)

    torch.save({"features": Bomb()}, tmp_path / "bomb.pt")
    with pytest.raises(CheckpointError):
        Classifier.load(tmp_path / "bomb.pt")
    assert not (tmp_path / "harm").exists()


def test_wrong_files_are_refused_by_name(net: DenseNet, tmp_path: Path) -> None:
    state = net.state_dict()
    del state["features.norm5.bias"]
    torch.save(state, tmp_path / "short.pt")
    with pytest.raises(CheckpointError, match=r"'features\.norm5\.bias' is missing"):
        Classifier.load(tmp_path / "short.pt")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="layout"):
        Classifier.load(tmp_path / "other.pt")
    (tmp_path / "noise.pt").write_bytes(b"noise")
    with pytest.raises(CheckpointError, match="can't be read"):
        Classifier.load(tmp_path / "noise.pt")
    with pytest.raises(CheckpointError, match="train classifier"):
        Classifier.load(tmp_path / "none.pt")


def test_missing_published_weights_name_their_place(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=f"at {tmp_path}/nih-pc-chex"):
        find_published(cache=tmp_path)
    place = tmp_path / PUBLISHED[DEFAULT].file
    place.touch()
    assert find_published(cache=tmp_path) == place
    with pytest.raises(CheckpointError, match="densenet121-res224-all"):
        find_published("densenet999", tmp_path)
