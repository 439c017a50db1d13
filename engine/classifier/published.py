"""TorchXRayVision's published DenseNets: where their files lie, and how to read them without running them.

A published file is a pickled module of the years before torch's zip format; `tensor_pickle` reads it. State
dicts and safetensors of the same layout are read too.
"""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.errors import CheckpointError
from engine.safe_write import replacing
from engine.state_dict import load_strictly
from engine.tensor_pickle import read_tensors

CACHE = Path("~/.torchxrayvision/models_data")
DEFAULT = "densenet121-res224-all"
_RELEASE = "https://github.com/mlmed/torchxrayvision/releases/download/v1/"
_NAN = float("nan")


@dataclass(frozen=True)
class Published:
    """One published set of weights: its file, the names of its outputs ("" where untrained), operating points."""

    file: str
    labels: tuple[str, ...]
    op_threshs: tuple[float, ...]


_ALL_LABELS = (
    "Atelectasis", "Consolidation", "Infiltration", "Pneumothorax", "Edema", "Emphysema", "Fibrosis",
    "Effusion", "Pneumonia", "Pleural_Thickening", "Cardiomegaly", "Nodule", "Mass", "Hernia", "Lung Lesion",
    "Fracture", "Lung Opacity", "Enlarged Cardiomediastinum",
)  # fmt: skip
# Facts of the library's table of weights (version 1.5.7); the other names share the layout.
PUBLISHED = {
    DEFAULT: Published(
        "nih-pc-chex-mimic_ch-google-openi-kaggle-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt",
        _ALL_LABELS,
        (
            0.07422872, 0.038290843, 0.09814756, 0.0098118475, 0.023601074, 0.0022490358, 0.010060724,
            0.103246614, 0.056810737, 0.026791653, 0.050318155, 0.023985857, 0.01939503, 0.042889766,
            0.053369623, 0.035975814, 0.20204692, 0.05015312,
        ),
    ),
    "densenet121-res224-nih": Published(
        "nih-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt",
        (*_ALL_LABELS[:14], "", "", "", ""),
        (
            0.039117552, 0.0034529066, 0.11396341, 0.0057298196, 0.00045666535, 0.0018880932, 0.012037827,
            0.038744126, 0.0037213727, 0.014730946, 0.016149804, 0.054241467, 0.037198864, 0.0004403434,
            _NAN, _NAN, _NAN, _NAN,
        ),
    ),
}  # fmt: skip


def find_published(name: str = DEFAULT, cache: Path | None = None, may_download: bool = False) -> Path:
    """Give the file of published weights from TorchXRayVision's cache folder, downloading only where allowed.

    Raises CheckpointError that says where to put the file.
    """
    if name not in PUBLISHED:
        raise CheckpointError(f"No published DenseNet is called {name!r}. Known: {', '.join(PUBLISHED)}.")
    path = (cache or CACHE).expanduser() / PUBLISHED[name].file
    if path.is_file():
        return path
    url = _RELEASE + PUBLISHED[name].file
    if not may_download:
        raise CheckpointError(
            f"The weights {name} aren't on this machine. Put the file from {url} at {path}, or name a local "
            "file, or allow the download, or train a DenseNet of the same class on your own films with "
            "`llmcxr train classifier`."
        )
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, replacing(path) as temporary:
            temporary.write_bytes(answer.read())
    except OSError as error:
        raise CheckpointError(f"{url} can't be downloaded: {error}. Put the file at {path}.") from error
    return path


def load_published(path: str | Path) -> DenseNet:
    """Read a DenseNet of TorchXRayVision's layout: whole pickled module, state dict, or safetensors.

    Sizes are taken from the tensors. Raises CheckpointError naming the first key that doesn't fit.
    """
    path = Path(path)
    state = read_tensors(path)
    state = {key.removeprefix("module."): tensor for key, tensor in state.items() if "op_threshs" not in key}
    known = next((entry for entry in PUBLISHED.values() if entry.file == path.name), None)
    points = None if known is None else torch.tensor(known.op_threshs)
    with torch.device("meta"):
        net = DenseNet(_sizes(state, path))
    net.to_empty(device="cpu")
    load_strictly(net, state, f"The DenseNet file {path}")
    net.op_threshs = points
    return net.eval()


def published_labels(path: Path, outputs: int) -> tuple[str, ...]:
    """Name the outputs of a published file, by its own name or else by their number."""
    known = next((entry for entry in PUBLISHED.values() if entry.file == path.name), None)
    if known is not None and len(known.labels) == outputs:
        return known.labels
    return _ALL_LABELS if outputs == len(_ALL_LABELS) else tuple(f"output {i}" for i in range(outputs))


def _sizes(state: Mapping[str, Tensor], path: Path) -> DenseNetConfig:
    try:
        first = state["features.conv0.weight"]
        grown = state["features.denseblock1.denselayer1.conv2.weight"].shape[0]
        between = state["features.denseblock1.denselayer1.conv1.weight"].shape[0]
        outputs = state["classifier.weight"].shape[0]
    except (KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} isn't a DenseNet of TorchXRayVision's layout: {error}.") from error
    layers: dict[str, set[str]] = {}
    for key in state:
        parts = key.split(".")
        if len(parts) > 2 and parts[1].startswith("denseblock"):
            layers.setdefault(parts[1], set()).add(parts[2])
    return DenseNetConfig(
        growth_rate=grown,
        block_config=tuple(len(layers[name]) for name in sorted(layers)),
        num_init_features=first.shape[0],
        bn_size=between // grown,
        num_classes=outputs,
        in_channels=first.shape[1],
    )
