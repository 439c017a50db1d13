"""One compiled engine on the GPU: an execution context for each profile, and its inputs and outputs in GPU memory."""

from __future__ import annotations

import logging
import mmap
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BackendError
from engine.runtime.cuda import Buffer, Stream, current_gpu
from engine.runtime.tensorrt_module import import_flavour, listening_logger, named
from engine.safe_write import replacing
from engine.tensorrt_builds import RTX, Flavour

_LOG = logging.getLogger(__name__)
# numpy has no bfloat16 of its own; caches of that type are never seen on this side.
_DTYPES = {"FLOAT": np.float32, "HALF": np.float16, "INT64": np.int64, "INT32": np.int32, "BOOL": np.bool_}

Shape = tuple[int, ...]


class LoadedEngine:
    """An engine of either flavour, ready to run.

    `jit_cache` is the file in which the RTX flavour keeps the kernels that it compiles for this GPU when they are
    first needed; without it every start compiles them again. `captured` profiles are recorded as CUDA graphs by the
    RTX flavour, which takes the cost of launching kernels away where the shapes stay the same.
    """

    def __init__(
        self, path: Path, flavour: Flavour, jit_cache: Path | None = None, captured: tuple[int, ...] = ()
    ) -> None:
        trt = import_flavour(flavour)
        self.path = path
        self._flavour, self._trt = flavour, trt
        self._logger = listening_logger(trt)
        self._runtime = trt.Runtime(self._logger)
        self._engine = self._opened()
        self.stream = Stream()
        # Held as long as the contexts that were made with them.
        self._settings: list[Any] = []
        self._jit_cache: Any = None
        self._jit_file = jit_cache if flavour == RTX else None
        self._contexts = [
            self._context(profile, profile in captured)
            for profile in range(self._engine.num_optimization_profiles)
        ]
        self._ran: set[int] = set()
        self._buffers: dict[str, Buffer] = {}
        names = [self._engine.get_tensor_name(number) for number in range(self._engine.num_io_tensors)]
        self.inputs = {n for n in names if self._engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT}
        self.outputs = set(names) - self.inputs

    def shape(self, name: str) -> Shape:
        """Give a tensor's shape; -1 is a size that each call gives."""
        return tuple(self._engine.get_tensor_shape(name))

    def bytes_each(self, name: str) -> int:
        """Give the size of one of a tensor's values."""
        return int(self._engine.get_tensor_dtype(name).itemsize)

    def bind(self, name: str, buffer: Buffer, shape: Shape | None = None) -> None:
        """Let a tensor live in this memory in every profile; an input's shape is given too."""
        for context in self._contexts:
            self._must(context.set_tensor_address(name, buffer.address), f"take memory for {name}")
            if shape is not None:
                self._must(context.set_input_shape(name, shape), f"take {name} as {list(shape)}")
        self._buffers[name] = buffer

    def run(
        self, profile: int, inputs: Mapping[str, NDArray[Any]], outputs: Mapping[str, Shape]
    ) -> dict[str, NDArray[Any]]:
        """Run once with these inputs and whatever is bound, and give these outputs.

        Raises BackendError in TensorRT's or CUDA's own words.
        """
        context = self._contexts[profile]
        # Held until the run is over: the engine may read shapes from the host's memory.
        given = {name: np.ascontiguousarray(values, self._dtype(name)) for name, values in inputs.items()}
        for name, values in given.items():
            self._give(context, name, values)
        results = {name: np.empty(shape, self._dtype(name)) for name, shape in outputs.items()}
        for name, values in results.items():
            buffer = self._room_for(name, values.nbytes)
            self._must(context.set_tensor_address(name, buffer.address), f"take memory for {name}")
        self._must(context.execute_async_v3(self.stream.handle), "run")
        for name, values in results.items():
            self.stream.download(self._buffers[name], values)
        self.stream.wait()
        if profile not in self._ran:
            self._ran.add(profile)
            self.save_jit_cache()
        return results

    def save_jit_cache(self) -> None:
        """Write the kernels that were compiled so far to the cache's file, where there is one."""
        if self._jit_cache is not None and self._jit_file is not None:
            _save(self._jit_cache, self._jit_file)

    def _opened(self) -> Any:
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as plan:
            engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            said = self._logger.last_words()
            # Without a GPU this raises its own, clearer sentence.
            gpu = current_gpu()
            raise BackendError(
                f"{named(self._flavour, self._trt)} can't open {self.path} on the {gpu.name} ({gpu.device}): {said}. "
                "Build the model again on this machine, or run on the CPU."
            )
        return engine

    def _context(self, profile: int, capture: bool) -> Any:
        # Each context has one profile, and needs no memory for the other's.
        strategy = self._trt.ExecutionContextAllocationStrategy.ON_PROFILE_CHANGE
        if self._flavour == RTX:
            settings = self._jit_settings(capture)
            settings.set_execution_context_allocation_strategy(strategy)
            self._settings.append(settings)
            context = self._engine.create_execution_context(settings)
        else:
            context = self._engine.create_execution_context(strategy)
        if context is None:
            raise BackendError(
                f"{self.path} can't be run: {self._logger.last_words()}. Free GPU memory, or build the model for "
                "fewer rows and positions."
            )
        self._must(context.set_optimization_profile_async(profile, self.stream.handle), "choose a profile")
        self.stream.wait()
        return context

    def _jit_settings(self, capture: bool) -> Any:
        """Settings of one context of the RTX flavour; all share one cache of compiled kernels."""
        settings = self._engine.create_runtime_config()
        if capture:
            settings.cuda_graph_strategy = self._trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        if self._jit_file is not None:
            if self._jit_cache is None:
                self._jit_cache = settings.create_runtime_cache()
                self._read_jit_cache(self._jit_file)
                weakref.finalize(self, _save, self._jit_cache, self._jit_file)
            settings.set_runtime_cache(self._jit_cache)
        return settings

    def _read_jit_cache(self, file: Path) -> None:
        try:
            held = file.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            _LOG.info("The compiled kernels in %s can't be read: %s", file, error)
            return
        # Another GPU, driver or version: it is refused, compiled anew, and replaced.
        if not self._jit_cache.deserialize(held):
            _LOG.info("The compiled kernels in %s aren't for this machine", file)

    def _give(self, context: Any, name: str, values: NDArray[Any]) -> None:
        if -1 in self.shape(name):
            self._must(context.set_input_shape(name, values.shape), f"take {name} as {list(values.shape)}")
        if self._engine.get_tensor_location(name) == self._trt.TensorLocation.HOST:
            address = values.ctypes.data
        else:
            buffer = self._room_for(name, values.nbytes)
            self.stream.upload(values, buffer)
            address = buffer.address
        self._must(context.set_tensor_address(name, address), f"take memory for {name}")

    def _room_for(self, name: str, nbytes: int) -> Buffer:
        buffer = self._buffers.get(name)
        if buffer is None or buffer.nbytes < nbytes:
            buffer = self._buffers[name] = Buffer(nbytes)
        return buffer

    def _dtype(self, name: str) -> Any:
        return _DTYPES[self._engine.get_tensor_dtype(name).name]

    def _must(self, done: bool, what: str) -> None:
        if not done:
            raise BackendError(f"{self.path.name} couldn't {what}: {self._logger.last_words()}.")


def _save(cache: Any, file: Path) -> None:
    """Write a cache of compiled kernels whole or not at all; a folder that can't be written is said, not fatal."""
    held = cache.serialize()
    if held is None:
        return
    try:
        with replacing(file) as temporary:
            temporary.write_bytes(bytes(held))
    except OSError as error:
        _LOG.info("The compiled kernels can't be kept in %s: %s", file, error)
