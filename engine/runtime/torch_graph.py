"""Runs an ONNX graph of a bundle in torch, operator by operator: an independent reading of the same file.

It knows the operators that the exports use (opset 20 and 24) in the forms in which they use them, and refuses any
other by name. `TensorScatter` writes into the cache it was given, as a runtime with bound buffers does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor
from torch.nn import functional

from engine.errors import BackendError

Inputs = Sequence[Tensor]
Attributes = Mapping[str, Any]
Operator = Callable[[Inputs, Attributes], Tensor | tuple[Tensor, ...]]

_TORCH_TYPES = {
    onnx.TensorProto.FLOAT: torch.float32,
    onnx.TensorProto.FLOAT16: torch.float16,
    onnx.TensorProto.INT64: torch.int64,
    onnx.TensorProto.BOOL: torch.bool,
}


class TorchGraph:
    """One graph with its weights, on the CPU in the arithmetic that the file states."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(str(path)).graph
        self._constants = {tensor.name: _tensor(tensor) for tensor in graph.initializer}
        self._outputs = [value.name for value in graph.output]
        self._nodes: list[tuple[Operator, list[str], list[str], Attributes]] = []
        for node in graph.node:
            operator = OPERATORS.get(node.op_type)
            if operator is None:
                raise BackendError(
                    f"{path.name} uses the operator {node.op_type}, which the torch runtime doesn't know. "
                    "Use the runtime 'onnxruntime'."
                )
            attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
            names = list(node.input), list(node.output)
            # What depends on nothing but weights (they are stored as halves and cast) is computed once.
            if all(name in self._constants for name in names[0] if name):
                self._constants |= _apply(operator, *names, attributes, self._constants)
            else:
                self._nodes.append((operator, *names, attributes))

    @torch.inference_mode()
    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute the graph's outputs from its inputs; caches among the inputs are written in place."""
        values = {**self._constants, **feeds}
        for operator, inputs, outputs, attributes in self._nodes:
            values |= _apply(operator, inputs, outputs, attributes, values)
        return {name: values[name] for name in self._outputs}


def _apply(
    operator: Operator,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Attributes,
    values: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    # An input that is left out is an empty tensor, as ONNX writes it: an empty name.
    given = [values[name] if name else torch.empty(0) for name in inputs]
    made = operator(given, attributes)
    return dict(zip(outputs, made if isinstance(made, tuple) else (made,), strict=True))


def _tensor(proto: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(proto)))


def _numbers(tensor: Tensor) -> list[int]:
    return [int(number) for number in tensor.flatten().tolist()]


def _reshape(inputs: Inputs, attributes: Attributes) -> Tensor:
    data, shape = inputs[0], _numbers(inputs[1])
    if not attributes.get("allowzero", 0):
        shape = [data.shape[axis] if size == 0 else size for axis, size in enumerate(shape)]
    return data.reshape(shape)


def _shape(inputs: Inputs, attributes: Attributes) -> Tensor:
    return torch.tensor(inputs[0].shape[attributes.get("start", 0) : attributes.get("end")])


def _squeeze(inputs: Inputs, attributes: Attributes) -> Tensor:
    return inputs[0].squeeze(tuple(_numbers(inputs[1]))) if len(inputs) > 1 else inputs[0].squeeze()


def _unsqueeze(inputs: Inputs, attributes: Attributes) -> Tensor:
    made, axes = inputs[0], _numbers(inputs[1])
    rank = made.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        made = made.unsqueeze(axis)
    return made


def _slice(inputs: Inputs, attributes: Attributes) -> Tensor:
    data, starts, ends = inputs[0], _numbers(inputs[1]), _numbers(inputs[2])
    axes = _numbers(inputs[3]) if len(inputs) > 3 else list(range(len(starts)))
    if len(inputs) > 4 and set(_numbers(inputs[4])) != {1}:
        raise BackendError("The graph slices with a step, which the torch runtime doesn't do.")
    cuts = [slice(None)] * data.ndim
    for start, end, axis in zip(starts, ends, axes, strict=True):
        cuts[axis] = slice(start, end)
    return data[tuple(cuts)]


def _gather(inputs: Inputs, attributes: Attributes) -> Tensor:
    data, indices, axis = inputs[0], inputs[1], attributes.get("axis", 0)
    picked = data.index_select(axis, indices.flatten())
    return picked.reshape(*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :])


def _gather_nd(inputs: Inputs, attributes: Attributes) -> Tensor:
    return inputs[0][tuple(inputs[1].unbind(dim=-1))]


def _split(inputs: Inputs, attributes: Attributes) -> tuple[Tensor, ...]:
    axis = attributes.get("axis", 0)
    if len(inputs) > 1:
        return tuple(torch.split(inputs[0], _numbers(inputs[1]), dim=axis))
    return tuple(torch.chunk(inputs[0], attributes["num_outputs"], dim=axis))


def _reduce_sum(inputs: Inputs, attributes: Attributes) -> Tensor:
    return inputs[0].sum(dim=_numbers(inputs[1]), keepdim=bool(attributes.get("keepdims", 1)))


def _arg_min(inputs: Inputs, attributes: Attributes) -> Tensor:
    return inputs[0].argmin(dim=attributes.get("axis", 0), keepdim=bool(attributes.get("keepdims", 1)))


def _conv(inputs: Inputs, attributes: Attributes) -> Tensor:
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    padded = functional.pad(inputs[0], (left, right, top, bottom))
    bias = inputs[2] if len(inputs) > 2 else None
    return functional.conv2d(
        padded,
        inputs[1],
        bias,
        stride=attributes.get("strides", [1, 1]),
        dilation=attributes.get("dilations", [1, 1]),
        groups=attributes.get("group", 1),
    )


def _average_pool(inputs: Inputs, attributes: Attributes) -> Tensor:
    return functional.avg_pool2d(inputs[0], attributes["kernel_shape"], attributes["strides"])


def _resize(inputs: Inputs, attributes: Attributes) -> Tensor:
    if attributes.get("mode", b"nearest") != b"nearest":
        raise BackendError("The graph resizes smoothly, which the torch runtime doesn't do.")
    return functional.interpolate(inputs[0], scale_factor=inputs[2][2:].tolist(), mode="nearest")


def _depth_to_space(inputs: Inputs, attributes: Attributes) -> Tensor:
    if attributes.get("mode") != b"CRD":
        raise BackendError("The graph unfolds pixels in an order that the torch runtime doesn't know.")
    return functional.pixel_shuffle(inputs[0], attributes["blocksize"])


def _instance_norm(inputs: Inputs, attributes: Attributes) -> Tensor:
    return functional.instance_norm(
        inputs[0], weight=inputs[1], bias=inputs[2], eps=attributes.get("epsilon", 1e-5)
    )


def _layer_norm(inputs: Inputs, attributes: Attributes) -> Tensor:
    bias = inputs[2] if len(inputs) > 2 else None
    return functional.layer_norm(
        inputs[0], inputs[1].shape, inputs[1], bias, eps=attributes.get("epsilon", 1e-5)
    )


def _tensor_scatter(inputs: Inputs, attributes: Attributes) -> Tensor:
    cache, update, write = inputs
    positions = write[:, None] + torch.arange(update.shape[2])[None, :]
    rows = torch.arange(len(cache))[:, None]
    cache[rows, :, positions] = update.transpose(1, 2)
    return cache


def _attention(inputs: Inputs, attributes: Attributes) -> Tensor:
    query, key, value, mask = inputs[:4]
    return functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, scale=attributes.get("scale")
    )


OPERATORS: dict[str, Operator] = {
    "Add": lambda i, a: i[0] + i[1],
    "ArgMin": _arg_min,
    "Attention": _attention,
    "AveragePool": _average_pool,
    "Cast": lambda i, a: i[0].to(_TORCH_TYPES[a["to"]]),
    "Clip": lambda i, a: i[0].clamp(i[1], i[2]),
    "Concat": lambda i, a: torch.cat(list(i), dim=a["axis"]),
    "Conv": _conv,
    "DepthToSpace": _depth_to_space,
    "Div": lambda i, a: i[0] / i[1],
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gelu": lambda i, a: functional.gelu(i[0], approximate=a.get("approximate", b"none").decode()),
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "LessOrEqual": lambda i, a: i[0] <= i[1],
    "MatMul": lambda i, a: i[0] @ i[1],
    "Mul": lambda i, a: i[0] * i[1],
    "Neg": lambda i, a: -i[0],
    "Pow": lambda i, a: i[0] ** i[1],
    "Range": lambda i, a: torch.arange(i[0].item(), i[1].item(), i[2].item()),
    "ReduceSum": _reduce_sum,
    "Reshape": _reshape,
    "Resize": _resize,
    "Round": lambda i, a: i[0].round(),
    "Shape": _shape,
    "Sigmoid": lambda i, a: i[0].sigmoid(),
    "Slice": _slice,
    "Softmax": lambda i, a: i[0].softmax(dim=a.get("axis", -1)),
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": lambda i, a: i[0] - i[1],
    "TensorScatter": _tensor_scatter,
    "Transpose": lambda i, a: i[0].permute(a["perm"]),
    "Unsqueeze": _unsqueeze,
}
