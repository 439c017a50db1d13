"""The data file beside an ONNX graph, written tensor by tensor, so that a cut-off writing goes on.

After each tensor the bytes are flushed and its place is noted in a journal, which stays beside the file; who goes on
cuts the file behind the last noted one. The order and the bytes are the builder's alone, so the finished file has the
same hash however often it was interrupted.
"""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.errors import ExportError
from engine.safe_write import write_text

# Mapped files are read in pages; a tensor that starts on one needs no copy.
_PAGE = 4096


class TensorFile:
    """Takes tensors and gives the entries by which a graph refers to them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = path.with_name(f"{path.name}.journal")
        self._places: dict[str, dict[str, Any]] = {}
        self._file: BinaryIO | None = None
        self._log: Any = None

    def __enter__(self) -> Self:
        self._places = _noted(self._journal, self.path.stat().st_size if self.path.exists() else 0)
        end = max((_end(place) for place in self._places.values()), default=0)
        self._file = self.path.open("r+b" if self.path.exists() else "w+b")
        self._file.truncate(end)
        self._file.seek(end)
        # Lines that a crash cut off are dropped, or the next one would be glued to them.
        lines = [json.dumps({"name": name, **place}) + "\n" for name, place in self._places.items()]
        write_text(self._journal, "".join(lines))
        self._log = self._journal.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._file, self._log):
            if file is not None:
                file.close()

    def has(self, name: str) -> bool:
        """Tell whether a tensor of this name is whole in the file."""
        return name in self._places

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Append a tensor; what it holds is on disk when this returns."""
        file = self._opened()
        start = -(-file.tell() // _PAGE) * _PAGE
        file.seek(start)
        data = np.ascontiguousarray(values)
        file.write(data.reshape(-1).view(np.uint8).data)
        file.flush()
        os.fsync(file.fileno())
        place = {
            "offset": start, "length": data.nbytes, "shape": list(data.shape),
            "type": int(helper.np_dtype_to_tensor_dtype(data.dtype)),
        }  # fmt: skip
        self._places[name] = place
        self._log.write(json.dumps({"name": name, **place}) + "\n")
        self._log.flush()
        os.fsync(self._log.fileno())

    def protos(self) -> list[onnx.TensorProto]:
        """Give the graph's entries, which name this file and each tensor's place in it."""
        return [self._proto(name, place) for name, place in self._places.items()]

    def _proto(self, name: str, place: dict[str, Any]) -> onnx.TensorProto:
        tensor = TensorProto(
            name=name, data_type=place["type"], dims=place["shape"], data_location=TensorProto.EXTERNAL
        )
        for key, value in (
            ("location", self.path.name),
            ("offset", place["offset"]),
            ("length", place["length"]),
        ):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
        return tensor

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ExportError(f"{self.path} isn't open for writing.")
        return self._file


def _noted(journal: Path, size: int) -> dict[str, dict[str, Any]]:
    """Read what a journal says of the file's first `size` bytes, up to a line that a crash cut off or damaged."""
    places: dict[str, dict[str, Any]] = {}
    if not journal.exists():
        return places
    for line in journal.read_bytes().splitlines(keepends=True):
        try:
            place = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            return places
        if place is None or _end(place) > size:
            return places
        places[place.pop("name")] = place
    return places


def _end(place: dict[str, Any]) -> int:
    return int(place["offset"] + place["length"])
