"""TorchXRayVision's published DenseNets: where their files lie, and how to read them without running them.

A published file is a pickled module of the years before torch's zip format. `torch.load(weights_only=True)`
refuses it, whatever is declared safe, because such a file names its classes through persistent ids. So it is
read here with a pickle reader that knows tensors alone: every other name in the file becomes an inert part
that only keeps its attributes. State dicts and safetensors of the same layout are read too.
"""

import pickle
import types
import urllib.request
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch._utils
from torch import Tensor

from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.errors import CheckpointError
from engine.safe_write import replacing
from engine.state_dict import load_strictly

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
    state = _read(path)
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


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}. Put the DenseNet's weights there.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        with warnings.catch_warnings():
            # A file that carries its classes' source makes torch compare it with ours.
            warnings.simplefilter("ignore")
            held = torch.load(path, map_location="cpu", pickle_module=_tensors_alone(), weights_only=False)
    except Exception as error:  # torch and pickle raise many kinds for a damaged file
        raise CheckpointError(f"The DenseNet file {path} can't be read: {error}") from error
    if isinstance(held, _Part):
        return dict(held.tensors())
    if isinstance(held, Mapping):
        inner = held.get("state_dict", held)
        return {str(key): value for key, value in inner.items() if isinstance(value, Tensor)}
    raise CheckpointError(f"{path} holds a {type(held).__name__}, no network.")


class _Part:
    """Stands for any object in a pickle: takes its state and does nothing."""

    dump_patches = False  # asked for by torch's reader of the old format

    def __new__(cls, *_args: Any, **_named: Any) -> "_Part":
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_named: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Walk the parts below in the order of a module's state dict."""
        for kind in ("_parameters", "_buffers"):
            for name, tensor in (self.state.get(kind) or {}).items():
                if isinstance(tensor, Tensor):
                    yield prefix + name, tensor.detach()
        for name, part in (self.state.get("_modules") or {}).items():
            if isinstance(part, _Part):
                yield from part.tensors(f"{prefix}{name}.")


# What builds tensors; nothing else of a file is ever called.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): torch._utils._rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
    **{
        ("torch", f"{name}Storage"): getattr(torch, f"{name}Storage")
        for name in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
    },
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _ALLOWED.get((module, name), _Part)


def _tensors_alone() -> types.ModuleType:
    reader = types.ModuleType("tensors_alone")
    reader.Unpickler = _Unpickler  # type: ignore[attr-defined]
    reader.load = lambda file, **named: _Unpickler(file, **named).load()  # type: ignore[attr-defined]
    reader.UnpicklingError = pickle.UnpicklingError  # type: ignore[attr-defined]
    return reader
