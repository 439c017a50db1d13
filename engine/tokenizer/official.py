"""Official VQ-GAN checkpoints: a taming YAML for the sizes, a Lightning .ckpt or a state dict for the weights.

A checkpoint is a pickle from elsewhere, so it is read with torch's weights-only reader; what Lightning put
beside the weights becomes inert, and no object from the file is ever run. The `loss.` part is dropped and the
rest must fit to the key. Not here: where a model is kept, which is engine.importing's.
"""

import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import CheckpointError, first_line
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.vqgan import VQModel

# Classes of taming-transformers whose encoder, quantiser and decoder are this network's.
_CLASSES = ("VQModel", "VQNoDiscModel")
_GROUPS = 32
# Settings of taming that change the network or its codes, and the one value of each that this network has.
_FIXED = {
    "double_z": False,
    "resamp_with_conv": True,
    "give_pre_end": False,
    "tanh_out": False,
    "use_linear_attn": False,
    "attn_type": "vanilla",
    "remap": None,
    "sane_index_shape": False,
}
_SIZES = (
    "z_channels",
    "resolution",
    "in_channels",
    "out_ch",
    "ch",
    "ch_mult",
    "num_res_blocks",
    "attn_resolutions",
)
_LOSS = "loss."
# Whose objects Lightning's trainer leaves in a checkpoint: settings and the state of callbacks.
_EXTRAS = ("pytorch_lightning.", "lightning.", "lightning_fabric.", "lightning_utilities.", "omegaconf.",
           "argparse.", "collections.", "pathlib.", "typing.", "numpy.", "enum.")  # fmt: skip


def read_config(path: str | Path) -> VQGANConfig:
    """Read the sizes of a taming YAML (`model.params`); raise CheckpointError for what isn't this network."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CheckpointError(f"The tokenizer configuration {path} can't be read: {error}.") from error
    model = _entry(content, "model", path)
    target = str(model.get("target", _CLASSES[0]))
    if target.rpartition(".")[2] not in _CLASSES:
        raise CheckpointError(
            f"The tokenizer configuration {path} is for the class {target} (model.target), which isn't known "
            f"here. Use a configuration of {_CLASSES[0]}, the vector-quantised one of LLM-CXR."
        )
    params = _entry(model, "params", path)
    dd = _entry(params, "ddconfig", path)
    for key, only in _FIXED.items():
        found = dd.get(key, params.get(key, only))
        if found != only:
            raise CheckpointError(
                f"The tokenizer configuration {path} sets {key} to {found!r}; only {only!r} is known here."
            )
    unknown = sorted(set(dd) - {*_SIZES, *_FIXED, "dropout"})
    if unknown:
        raise CheckpointError(
            f"The tokenizer configuration {path} has ddconfig.{unknown[0]}, which isn't known here."
        )
    try:
        config = VQGANConfig(
            resolution=_whole(dd, "resolution"),
            in_channels=_whole(dd, "in_channels"),
            out_channels=_whole(dd, "out_ch"),
            ch=_whole(dd, "ch"),
            ch_mult=tuple(_wholes(dd, "ch_mult")),
            num_res_blocks=_whole(dd, "num_res_blocks"),
            attn_resolutions=tuple(_wholes(dd, "attn_resolutions")),
            z_channels=_whole(dd, "z_channels"),
            embed_dim=_whole(params, "embed_dim"),
            n_embed=_whole(params, "n_embed"),
        )
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"The tokenizer configuration {path} can't be used: {error.args[0]}."
        ) from error
    _check_sizes(config, path)
    return config


def load_official(checkpoint: str | Path, config: VQGANConfig) -> VQModel:
    """Build the network of an official checkpoint, in float32 and evaluation mode.

    Raises CheckpointError for a file that can't be read and for the first key that is missing, unexpected or
    misshapen.
    """
    return load_strictly(read_state(checkpoint), config, checkpoint)


def load_strictly(state: Mapping[str, Tensor], config: VQGANConfig, source: str | Path) -> VQModel:
    """Build the network of these sizes from a state dict that must fit it to the key."""
    with torch.device("meta"):
        model = VQModel(config)
    _check_keys(model.state_dict(), state, source)
    for key, tensor in state.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"The tensor {key} of {source} holds values that aren't numbers. Fetch it again."
            )
    model.load_state_dict({key: tensor.float().contiguous() for key, tensor in state.items()}, assign=True)
    return model.eval().requires_grad_(False)


def read_state(path: str | Path) -> dict[str, Tensor]:
    """Read a checkpoint's tensors without its `loss.` part; raise CheckpointError for what isn't one."""
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint file {path}. Check the path.")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    state = content.get("state_dict", content)
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"{path} holds no weights: there is no `state_dict` in it.")
    kept = {str(key): value for key, value in state.items() if not str(key).startswith(_LOSS)}
    for key, value in kept.items():
        if not isinstance(value, Tensor):
            raise CheckpointError(
                f"{path} is no state dict: {key} is a {type(value).__name__}, not a tensor."
            )
    return kept


def save_tokenizer(model: VQModel, path: Path) -> None:
    """Write the network's weights as safetensors."""
    save_file({key: tensor.contiguous() for key, tensor in model.state_dict().items()}, path)


def _check_keys(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], source: str | Path) -> None:
    sizes = "Check that checkpoint and configuration belong together."
    for key, tensor in wanted.items():
        if key not in found:
            raise CheckpointError(
                f"{source} lacks the tensor {key} of shape {tuple(tensor.shape)} (it has {len(found)} of "
                f"{len(wanted)} tensors). {sizes}"
            )
        if found[key].shape != tensor.shape:
            raise CheckpointError(
                f"The tensor {key} of {source} has the shape {tuple(found[key].shape)}; expected is "
                f"{tuple(tensor.shape)}. {sizes}"
            )
    for key in found:
        if key not in wanted:
            raise CheckpointError(
                f"{source} has the unexpected tensor {key} of shape {tuple(found[key].shape)}. {sizes}"
            )


class _Inert:
    """Stands for a class of Lightning's or its settings: takes any arguments and is an empty dictionary."""

    def __new__(cls, *_arguments: Any, **_named: Any) -> Any:
        return OrderedDict()


class _Opaque:
    """Stands for a number of numpy's or the like: takes any arguments and any state, and holds nothing."""

    def __init__(self, *_arguments: Any, **_named: Any) -> None:
        pass

    def __setstate__(self, _state: Any) -> None:
        pass


def _read_pickle(path: Path) -> dict[str, Any]:
    zipped = zipfile.is_zipfile(path)
    inert: list[Any] = []
    try:
        if zipped:
            _check_records(path)
            names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
            inert = [_stand_in(name, path) for name in names]
        with torch.serialization.safe_globals(inert):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped or None)
    except CheckpointError:
        raise
    except Exception as error:  # torch raises many kinds for a damaged or unsafe file
        raise CheckpointError(
            f"{path} is damaged or no checkpoint: {first_line(error)} Fetch it again."
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, not a checkpoint's dictionary.")
    return content


def _stand_in(name: str, path: Path) -> tuple[type, str]:
    if not name.startswith(_EXTRAS):
        raise CheckpointError(
            f"{path} holds the Python object {name}, which is neither a weight nor one of Lightning's extras; "
            "nothing of it was run. Use a checkpoint from its publisher."
        )
    return (_Opaque if name.startswith(("numpy.", "pathlib.", "enum.")) else _Inert), name


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file: {error}. Fetch it again."
        ) from error


def _check_records(path: Path) -> None:
    """Compare every record of a zipped checkpoint with its checksum, which torch itself doesn't."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        if damaged is None:
            return
        pickled = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        key = "" if pickled in (None, damaged) else _key_of_record(archive.read(str(pickled)), damaged)
    where = f"the tensor {key}" if key else f"the part {damaged}"
    raise CheckpointError(f"{path} is damaged: {where} differs from its checksum. Fetch it again.")


def _key_of_record(pickled: bytes, record: str) -> str:
    """Find the key of the tensor that lies in a record: the last text before the record's number."""
    number, last = record.rpartition("/")[2], ""
    for _, text, _ in pickletools.genops(pickled):
        if text == number:
            return last
        if (
            isinstance(text, str)
            and not text.isdigit()
            and text not in ("storage", "cpu")
            and " " not in text
        ):
            last = text
    return ""


def _entry(values: Any, key: str, path: str | Path) -> dict[str, Any]:
    found = values.get(key) if isinstance(values, dict) else None
    if not isinstance(found, dict):
        raise CheckpointError(
            f"The tokenizer configuration {path} has no section {key!r}. Use the YAML of taming."
        )
    return found


def _whole(values: Mapping[str, Any], key: str) -> int:
    found = values.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError(f"{key} must be a whole number from 1, it is {found!r}")
    return found


def _wholes(values: Mapping[str, Any], key: str) -> list[int]:
    found = values.get(key)
    if not isinstance(found, list):
        raise ValueError(f"{key} must be a list of whole numbers, it is {found!r}")
    return [_whole({key: entry}, key) for entry in found]


def _check_sizes(config: VQGANConfig, path: str | Path) -> None:
    halvings = 2 ** (len(config.ch_mult) - 1)
    if not config.ch_mult or config.resolution % halvings:
        raise CheckpointError(
            f"The tokenizer configuration {path} can't be used: the resolution {config.resolution} isn't a "
            f"multiple of {halvings} ({len(config.ch_mult)} levels)."
        )
    for width in (config.ch, *(config.ch * mult for mult in config.ch_mult)):
        if width % _GROUPS:
            raise CheckpointError(
                f"The tokenizer configuration {path} can't be used: {width} channels aren't a multiple of {_GROUPS}."
            )
