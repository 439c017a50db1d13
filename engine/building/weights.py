"""Weights of a GPT-NeoX one by one: from a Hugging Face folder's safetensors, or from a bundle's graph. No torch."""

import json
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from engine.errors import CheckpointError, first_line

_PREFIX = "gpt_neox."
_TYPES = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}


class FolderWeights:
    """The safetensors of a Hugging Face GPT-NeoX, mapped, each read when it is asked for."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        self._places: dict[str, tuple[mmap.mmap, int, Mapping[str, Any]]] = {}
        for name in files:
            self._open(folder / name)

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give one weight; see the protocol."""
        if name not in self._places:
            raise _lacks(name)
        data, start, entry = self._places[name]
        if tuple(entry["shape"]) != shape:
            raise _misshapen(name, tuple(entry["shape"]), shape)
        first, last = entry["data_offsets"]
        kind = np.dtype(_TYPES[entry["dtype"]])
        values = np.frombuffer(data, kind, (last - first) // kind.itemsize, start + first)
        return values.reshape(shape).astype(np.float32)

    def _open(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            (length,) = struct.unpack("<Q", data[:8])
            header = json.loads(data[8 : 8 + length])
        except (OSError, ValueError, struct.error) as error:
            raise CheckpointError(f"The weights {path} can't be read: {error}.") from error
        for key, entry in header.items():
            if key != "__metadata__" and entry["dtype"] in _TYPES:
                self._places[own_name(key)] = (data, 8 + length, entry)


class TorchFileWeights:
    """The torch files of a Hugging Face GPT-NeoX, each tensor read when it is asked for; needs torch."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        from engine.lm.weights import placed_in

        self._places: dict[str, tuple[Path, Any]] = {}
        for name in files:
            try:
                placed = placed_in(folder / name)
            except Exception as error:  # torch raises many kinds for a damaged or unsafe file
                raise CheckpointError(
                    f"The weights {folder / name} can't be read: {first_line(error)}"
                ) from error
            self._places |= {own_name(key): (folder / name, tensor) for key, tensor in placed.items()}

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give one weight; see the protocol."""
        from engine.lm.weights import read_placed

        if name not in self._places:
            raise _lacks(name)
        path, placed = self._places[name]
        if tuple(placed.shape) != shape:
            raise _misshapen(name, tuple(placed.shape), shape)
        try:
            with path.open("rb") as stream:
                values: NDArray[np.float32] = read_placed(stream, placed).float().numpy()
        except (OSError, EOFError) as error:
            raise CheckpointError(f"The weights {path} can't be read: {error}.") from error
        return values


class GraphWeights:
    """The weights inside a bundle's language graph, which the training side exported (matrices lie transposed)."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(str(path)).graph
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        # Halves are stored with a Cast to the name that is used.
        casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
        self._casts = casts
        self._tensors = {
            name: tensors[stored] for name, stored in casts.items() if stored in tensors
        } | tensors
        products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
        self._matrices: dict[str, str] = {}
        for node in graph.node:
            if node.op_type == "Add" and node.input[0] in products and node.input[1].endswith(".bias"):
                self._matrices[f"{node.input[1].removesuffix('bias')}weight"] = products[node.input[0]]
        self._matrices["embed_out.weight"] = products[graph.output[0].name]
        self.inner = int(tensors[self._stored("layers.0.dense_h_to_4h.bias")].dims[0])
        norm = next(node for node in graph.node if node.op_type == "LayerNormalization")
        self.epsilon = float(next(entry.f for entry in norm.attribute if entry.name == "epsilon"))
        # The exporter kept the cosines and sines of all positions as tables [positions, rotary].
        gathered = next(node.input[0] for node in graph.node if node.op_type == "GatherND")
        self.rotary = int(tensors[gathered].dims[1])
        # At position 1 the second pair turns by base ** (-2 / rotary).
        angle = float(np.arccos(numpy_helper.to_array(tensors[gathered])[1, 1]))
        self.rotary_base = float(round(angle ** (-self.rotary / 2)))

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give one weight; see the protocol."""
        turned = name in self._matrices
        stored = self._matrices.get(name, name)
        if stored not in self._tensors:
            raise CheckpointError(
                f"The bundle's language model lacks the tensor {name}. Export the bundle again."
            )
        values = numpy_helper.to_array(self._tensors[stored]).astype(np.float32)
        values = values.T if turned else values
        if values.shape != shape:
            raise CheckpointError(f"The tensor {name} has the shape {values.shape}; expected is {shape}.")
        return np.ascontiguousarray(values)

    def _stored(self, name: str) -> str:
        stored: str = self._casts.get(name, name)
        return stored


def _lacks(name: str) -> CheckpointError:
    return CheckpointError(f"The language model lacks the tensor {name}. Use a GPT-NeoX of this size.")


def _misshapen(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> CheckpointError:
    return CheckpointError(
        f"The tensor {name} of the language model has the shape {found}; expected is {expected}."
    )


def own_name(key: str) -> str:
    """Give a weight's name in transformers as the one it is read by here."""
    # In the memory of newer versions; on the disk it is still the old name.
    if key == "lm_head.weight":
        return "embed_out.weight"
    return key.removeprefix(_PREFIX).replace(".attention.", ".").replace(".mlp.", ".")
