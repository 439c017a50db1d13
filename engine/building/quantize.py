"""Weights of few bits: in blocks with a scale each (ONNX Runtime's MatMulNBits), or in int8 by columns.

Blocks run along the input side: y[n] = sum over k of x[k] · scale[n, k // block] · (q[n, k] - middle), with q stored
in 8 or 4 bits and middle 128 or 8. Both are symmetric: no zero points are stored. numpy alone.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ExportError

Bits = Literal[4, 8]
_NO_NUMBERS = "A weight holds values that are no numbers. Take the model from its source again."


@dataclass(frozen=True)
class Quantized:
    """A weight [N, K]: `packed` uint8 [N, blocks, block · bits / 8], `scales` float32 [N, blocks]."""

    packed: NDArray[np.uint8]
    scales: NDArray[np.float32]
    columns: int
    block: int
    bits: Bits

    def values(self) -> NDArray[np.float32]:
        """Give the weight [N, K] that a runtime multiplies by."""
        codes = self.packed
        if self.bits == 4:
            codes = np.stack([codes & 15, codes >> 4], axis=-1).reshape(*codes.shape[:2], -1)
        middle = np.float32(2 ** (self.bits - 1))
        whole = (codes.astype(np.float32) - middle) * self.scales[..., None]
        return np.ascontiguousarray(whole.reshape(len(codes), -1)[:, : self.columns])


@dataclass(frozen=True)
class QuantizedColumns:
    """A weight [N, K] turned round: `packed` int8 [K, N], one scale a column, `scales` float32 [N]."""

    packed: NDArray[np.int8]
    scales: NDArray[np.float32]


def quantized_columns(weight: NDArray[np.floating]) -> QuantizedColumns:
    """Round a weight [N, K] to 127 steps on each side of zero, each output by its largest value.

    Raises ExportError for a weight that isn't finite.
    """
    largest = np.abs(weight).max(axis=1)
    if not np.isfinite(largest).all():
        raise ExportError(_NO_NUMBERS)
    scales = np.where(largest == 0, 1, largest / 127).astype(np.float32)
    codes = np.rint(weight / scales[:, None]).astype(np.int8)
    return QuantizedColumns(np.ascontiguousarray(codes.T), scales)


def quantized(weight: NDArray[np.floating], bits: Bits, block: int) -> Quantized:
    """Round a weight [N, K] to blocks of `block` columns; a last block that isn't full is filled with zeros.

    The value of the largest size in a block is hit exactly: at 4 bits its sign decides which end of the range it
    takes, so that all sixteen steps are used. Raises ExportError for a weight that isn't finite.
    """
    rows, columns = weight.shape
    blocks = -(-columns // block)
    filled = np.zeros((rows, blocks * block), dtype=np.float32)
    filled[:, :columns] = weight
    parts = filled.reshape(rows, blocks, block)
    largest = np.take_along_axis(parts, np.abs(parts).argmax(axis=-1)[..., None], axis=-1)[..., 0]
    if not np.isfinite(largest).all():
        raise ExportError(_NO_NUMBERS)
    middle = 2 ** (bits - 1)
    scales = np.abs(largest) / (middle - 1) if bits == 8 else -largest / middle
    safe = np.where(scales == 0, np.float32(1), scales)
    codes = np.clip(np.rint(parts / safe[..., None]) + middle, 0, 2 * middle - 1).astype(np.uint8)
    if bits == 4:
        codes = codes[..., 0::2] | (codes[..., 1::2] << 4)
    return Quantized(np.ascontiguousarray(codes), scales.astype(np.float32), columns, block, bits)
