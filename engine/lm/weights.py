"""Weight files read tensor by tensor, each cast at once, so that no file is ever held or mapped as a whole.

A float32 checkpoint of 11 GB becomes 5.5 GB of bfloat16 and needs little more than that on the way. Understands
safetensors and torch's zipped files; nothing of a pickle is run. Which files belong to a model, and whether
their tensors fit it, is engine.lm.official's.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from engine.errors import CheckpointError, first_line

_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_weights(files: list[Path], dtype: torch.dtype, leave_out: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """Read every tensor of these files, floating ones as `dtype`, without keys that end in one of `leave_out`.

    Raises CheckpointError for a file that can't be read.
    """
    tensors: dict[str, Tensor] = {}
    for file in files:
        safe = file.suffix == ".safetensors"
        try:
            with file.open("rb") as stream:
                for key, tensor in _of_safetensors(stream) if safe else _of_torch(file, stream):
                    if not key.endswith(leave_out):
                        tensors[key] = tensor.to(dtype) if tensor.is_floating_point() else tensor
        except Exception as error:  # torch raises many kinds for a damaged or unsafe file
            raise CheckpointError(f"The weights {file} can't be read: {first_line(error)}") from error
    return tensors


def _of_safetensors(stream: BinaryIO) -> Iterator[tuple[str, Tensor]]:
    """Follow the published layout: the header's length (8 bytes), the header as JSON, the tensors' bytes."""
    (length,) = struct.unpack("<Q", stream.read(8))
    header: dict[str, Any] = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    for key, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        start, end = entry["data_offsets"]
        flat = _read(stream, 8 + length + start, end - start, _TYPES[entry["dtype"]])
        yield key, flat.reshape(entry["shape"])


def placed_in(file: Path) -> dict[str, Tensor]:
    """Let torch say where each tensor of its zipped file lies: these fake tensors hold places and no values.

    torch raises many kinds for a damaged or unsafe file.
    """
    with FakeTensorMode():
        content: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return content


def read_placed(stream: BinaryIO, placed: Tensor) -> Tensor:
    """Read one tensor of a torch file from its place; raise EOFError where the file ends within it."""
    storage: Any = placed.untyped_storage()
    flat = _read(stream, storage._checkpoint_offset, storage.nbytes(), placed.dtype)
    # A copy where the storage holds more than this tensor, so that the rest is let go.
    view = flat.as_strided(placed.shape, placed.stride(), placed.storage_offset())
    return view if view.numel() * placed.element_size() == storage.nbytes() else view.clone()


def _of_torch(file: Path, stream: BinaryIO) -> Iterator[tuple[str, Tensor]]:
    for key, placed in placed_in(file).items():
        yield key, read_placed(stream, placed)


def _read(stream: BinaryIO, offset: int, size: int, dtype: torch.dtype) -> Tensor:
    if size == 0:
        return torch.empty(0, dtype=dtype)
    content = bytearray(size)
    stream.seek(offset)
    if stream.readinto(content) != size:  # type: ignore[attr-defined]
        raise EOFError("the file ends within a tensor")
    return torch.frombuffer(content, dtype=dtype)
