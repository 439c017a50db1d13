"""The few calls of NVIDIA's CUDA runtime that an engine needs: the GPU, its memory, and copies in one stream.

Over `cuda-bindings`, imported when it is used and never before. Every call's status is looked at.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from engine.errors import BackendError, first_line

_MIB = 1024**2


@dataclass(frozen=True)
class Gpu:
    """The GPU in use: its name, its compute capability as "sm89", and its memory."""

    name: str
    device: str
    memory_bytes: int


def current_gpu() -> Gpu:
    """Describe the process's GPU (the first that CUDA_VISIBLE_DEVICES leaves); raise BackendError without one."""
    cuda = _runtime()
    try:
        count = int(_checked(cuda, cuda.cudaGetDeviceCount())[0])
    # What cuda-bindings raise for a library of the driver that they can't find.
    except RuntimeError as error:
        raise BackendError(
            f"CUDA can't be used: {first_line(error)} Install NVIDIA's driver, or run on the CPU."
        ) from error
    if not count:
        raise BackendError("CUDA finds no GPU. Look what `nvidia-smi` says, and at CUDA_VISIBLE_DEVICES.")
    (number,) = _checked(cuda, cuda.cudaGetDevice())
    (properties,) = _checked(cuda, cuda.cudaGetDeviceProperties(number))
    return Gpu(
        name=bytes(properties.name).split(b"\0")[0].decode(),
        device=f"sm{properties.major}{properties.minor}",
        memory_bytes=int(properties.totalGlobalMem),
    )


def memory_used() -> int:
    """Give how much of the GPU's memory is in use by whatever process, in bytes."""
    cuda = _runtime()
    free, total = _checked(cuda, cuda.cudaMemGetInfo())
    return int(total) - int(free)


class Stream:
    """A queue of work on the GPU, and the copies that belong to it."""

    def __init__(self) -> None:
        self._cuda = _runtime()
        (self._stream,) = _checked(
            self._cuda, self._cuda.cudaStreamCreateWithFlags(self._cuda.cudaStreamNonBlocking)
        )
        weakref.finalize(self, self._cuda.cudaStreamDestroy, self._stream)

    @property
    def handle(self) -> int:
        """The stream as a number, which TensorRT takes."""
        return int(self._stream)

    def upload(self, values: NDArray[Any], target: Buffer) -> None:
        """Copy a contiguous array to the start of a buffer; the array may be changed when this returns."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        _checked(
            self._cuda,
            self._cuda.cudaMemcpyAsync(target.address, values.ctypes.data, values.nbytes, kind, self._stream),
        )

    def download(self, source: Buffer, values: NDArray[Any]) -> None:
        """Copy the start of a buffer into a contiguous array; it is there after `wait`."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _checked(
            self._cuda,
            self._cuda.cudaMemcpyAsync(values.ctypes.data, source.address, values.nbytes, kind, self._stream),
        )

    def clear(self, target: Buffer) -> None:
        """Fill a buffer with zeros."""
        _checked(self._cuda, self._cuda.cudaMemsetAsync(target.address, 0, target.nbytes, self._stream))

    def wait(self) -> None:
        """Wait until all work is done; raise BackendError where some of it failed."""
        _checked(self._cuda, self._cuda.cudaStreamSynchronize(self._stream))


class Buffer:
    """Memory on the GPU, given back when nothing refers to it any more."""

    def __init__(self, nbytes: int) -> None:
        cuda = _runtime()
        self.nbytes = nbytes
        try:
            (address,) = _checked(cuda, cuda.cudaMalloc(max(1, nbytes)))
        except BackendError as error:
            raise BackendError(
                f"{nbytes / _MIB:.0f} MiB of GPU memory couldn't be had. {error} Give fewer rows at a time, or end "
                "what else runs on the GPU."
            ) from error
        self.address = int(address)
        # A status at the interpreter's end has nobody left to hear it.
        weakref.finalize(self, cuda.cudaFree, self.address)


def _runtime() -> Any:
    try:
        from cuda.bindings import runtime
    except ModuleNotFoundError as error:
        raise BackendError(
            f"NVIDIA's CUDA bindings for Python aren't installed ({error.name}). Install the extra 'tensorrt' or "
            "'tensorrt-datacenter'."
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        raise BackendError(
            f"NVIDIA's CUDA bindings for Python can't be loaded: {first_line(error)}. Install the extra again."
        ) from error
    return runtime


def _checked(cuda: Any, result: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give a call's values; raise BackendError with CUDA's own words for any status but success."""
    status, *values = result
    if status == cuda.cudaError_t.cudaSuccess:
        return tuple(values)
    _, words = cuda.cudaGetErrorString(status)
    said = f"CUDA says {bytes(words).decode()!r} (error {int(status)})."
    missing = (cuda.cudaError_t.cudaErrorInsufficientDriver, cuda.cudaError_t.cudaErrorNoDevice)
    if status in missing:
        driver = int(cuda.cudaDriverGetVersion()[1] or 0)
        held = (
            f"The driver here knows CUDA {driver // 1000}.{driver % 1000 // 10}"
            if driver
            else "There is no driver"
        )
        needed = int(cuda.cudaRuntimeGetVersion()[1] or 0) // 1000
        said += (
            f" {held}; one for CUDA {needed} is needed, and an NVIDIA GPU. Install NVIDIA's driver, or run on "
            "the CPU."
        )
    raise BackendError(said)
