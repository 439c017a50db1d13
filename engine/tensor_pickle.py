"""Read the tensors of a torch file from elsewhere without running anything of it.

`torch.load(weights_only=True)` refuses a whole pickled module of the years before torch's zip format,
whatever is declared safe, because such a file names its classes through persistent ids. This reader knows
tensors alone: every other name in the file becomes an inert part that only keeps its attributes.
"""

import pickle
import types
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torch._utils
from torch import Tensor

from engine.errors import CheckpointError


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Give the named tensors of a state dict, a Lightning checkpoint, a pickled module or a safetensors file.

    Raises CheckpointError for a file that is missing, damaged or holds none.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}. Put the weights there.")
    try:
        held = _read(path)
    except Exception as error:  # torch and pickle raise many kinds for a damaged file
        raise CheckpointError(f"The weights {path} can't be read: {error}") from error
    if isinstance(held, _Part):
        tensors = dict(held.tensors())
    else:
        inner = held if isinstance(held, Mapping) else {}
        for name in ("state_dict", "model", "state"):
            if isinstance(inner.get(name), Mapping):
                inner = inner[name]
                break
        tensors = {str(key): value for key, value in inner.items() if isinstance(value, Tensor)}
    if not tensors:
        raise CheckpointError(f"{path} holds no named tensors. Give a checkpoint or a state dict.")
    return tensors


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    with warnings.catch_warnings():
        # A file that carries its classes' source makes torch compare it with ours.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", pickle_module=_tensors_alone(), weights_only=False)


class _Part(dict[Any, Any]):
    """Stands for any object in a pickle: takes what it is given and does nothing."""

    dump_patches = False  # asked for by torch's reader of the old format

    def __new__(cls, *_args: Any, **_named: Any) -> "_Part":
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_named: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def append(self, _entry: Any) -> None:
        """Take what a pickle puts into a list."""

    def tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Walk a module's tensors and its parts' in the order of its state dict."""
        state: dict[str, Any] = getattr(self, "state", {})
        for kind in ("_parameters", "_buffers"):
            for name, tensor in (state.get(kind) or {}).items():
                if isinstance(tensor, Tensor):
                    yield prefix + name, tensor.detach()
        for name, part in (state.get("_modules") or {}).items():
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
