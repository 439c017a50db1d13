"""GPT-NeoX as one ONNX graph for prefill and decoding, written node by node from its weights.

The contract of every language graph: ids [B, S], write [B] (the position of each row's first id), keep [1] and one
key and value cache [B, heads, positions, head] per layer go in; logits [B, keep, V] and the caches come out.
`TensorScatter` writes into the caches, `Attention` reads them under an explicit mask (ONNX opset 24), so a runtime
that binds a cache as input and output writes in place. `positions` is whatever the caches were made for. No torch,
and never more than one tensor in memory: `Weights` gives them one by one, `TensorFile` takes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.building.quantize import Bits, quantized, quantized_columns
from engine.building.tensor_file import TensorFile
from engine.builds import Precision
from engine.errors import ExportError

OPSET = 24
IR_VERSION = 10
_NBITS_DOMAIN = "com.microsoft"
_INT8_ARITHMETIC = 4
# Rows of activations are rounded to 127 steps on each side of zero, which unsigned bytes hold around 128.
_ROW_STEPS, _ROW_ZERO = 127, 128
_END = 2**63 - 1

_FLOATS = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}
_BITS: dict[str, tuple[Bits, int]] = {"int8": (8, 128), "int4": (4, 32)}


class Weights(Protocol):
    """Where weights come from, by the names of GPT-NeoX without the prefix, `layers.0.dense.weight` [out, in]."""

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give one weight; raise CheckpointError where it isn't there or has another shape."""


@dataclass(frozen=True)
class NeoXSizes:
    """Sizes of a GPT-NeoX; `inner` is the width between the two layers of its MLP, `rotary` of what is turned."""

    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    max_positions: int
    rotary: int
    rotary_base: float
    epsilon: float

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.hidden // self.heads


@dataclass(frozen=True)
class Piece:
    """Tensors of one graph that are made from one weight; `store` makes and writes those that aren't in the file."""

    names: tuple[str, ...]
    make: Callable[[], Sequence[NDArray[Any]]]
    file: TensorFile

    @property
    def stored(self) -> bool:
        """Whether every one of them is in the file."""
        return all(self.file.has(name) for name in self.names)

    def store(self) -> None:
        """Make the tensors and append those that the file lacks, in their order."""
        for name, values in zip(self.names, self.make(), strict=True):
            if not self.file.has(name):
                self.file.add(name, values)


class NeoXGraph:
    """One graph: first `pieces`, each to be stored in its order, then `model`; both are called once."""

    def __init__(self, sizes: NeoXSizes, precision: Precision, weights: Weights, file: TensorFile) -> None:
        self.sizes, self.precision, self.weights, self.file = sizes, precision, weights, file
        self.float_type = _FLOATS.get(precision, TensorProto.FLOAT)
        self.quantizes = precision not in _FLOATS
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._pieces: list[Piece] = []

    def pieces(self) -> list[Piece]:
        """Write the nodes, and give what is to be stored of the weights."""
        sizes = self.sizes
        self._shared()
        h = self._embedded()
        for number in range(sizes.layers):
            h = self._layer(number, h)
        last = self._node("Slice", [h, self._node("Neg", ["keep"], "first"), "end", "one"], "last")
        logits = self._linear(
            self._norm(last, "final_layer_norm"), "embed_out", sizes.hidden, sizes.vocabulary, False
        )
        self._node("Cast", [logits], "logits", to=TensorProto.FLOAT)
        return self._pieces

    def _shared(self) -> None:
        """Positions, their rotary angles, and who sees whom."""
        sizes = self.sizes
        for name, value in {"zero": [0], "one": [1], "two": [2], "end": [_END], "unsqueezed": [1, 3]}.items():
            self._constant(name, np.array(value, dtype=np.int64))
        if self.precision == "int8-dynamic":
            self._constant("last_axis", np.array([-1], dtype=np.int64))
            self._constant("row_scale", np.array(1 / _ROW_STEPS, dtype=np.float32))
            self._constant("row_zero", np.array(_ROW_ZERO, dtype=np.uint8))
            self._constant("smallest", np.array(np.finfo(np.float32).tiny, dtype=np.float32))
        self._constant("scalar_zero", np.array(0, dtype=np.int64))
        self._constant("scalar_one", np.array(1, dtype=np.int64))
        rates = sizes.rotary_base ** -(np.arange(0, sizes.rotary, 2, dtype=np.float64) / sizes.rotary)
        angles = np.outer(np.arange(sizes.max_positions), rates)
        for name, table in (("cos", np.cos(angles)), ("sin", np.sin(angles))):
            self._float(name, table.astype(np.float32))
        shape = self._node("Shape", ["ids"], "ids_shape")
        count = self._node("Squeeze", [self._node("Gather", [shape, "one"], "count_1")], "count")
        steps = self._node("Range", ["scalar_zero", count, "scalar_one"], "steps")
        positions = self._node(
            "Add", [self._node("Unsqueeze", ["write", "one"], "write_2"), steps], "positions"
        )
        held = self._node("Squeeze", [self._node("Gather", [self._node("Shape", ["key_0"], "cache_shape"), "two"],
                                                 "held_1")], "held")  # fmt: skip
        every = self._node("Range", ["scalar_zero", held, "scalar_one"], "every")
        self._node(
            "LessOrEqual", [every, self._node("Unsqueeze", [positions, "unsqueezed"], "until")], "mask"
        )
        self._constant("qkv_shape", np.array([0, 0, sizes.heads, 3 * sizes.head], dtype=np.int64))
        self._constant("joined_shape", np.array([0, 0, sizes.hidden], dtype=np.int64))

    def _embedded(self) -> str:
        """Rows of the embedding; beside quantised matrices it lies in float16, which is twice as small."""
        name, shape = "embed_in.weight", (self.sizes.vocabulary, self.sizes.hidden)
        if not self.quantizes:
            self._weight(name, shape)
            return self._node("Gather", [name, "ids"], "embedded", axis=0)
        self._stored(name, shape, lambda weight: weight.astype(np.float16))
        row = self._node("Gather", [name, "ids"], "embedded_half", axis=0)
        return self._node("Cast", [row], "embedded", to=TensorProto.FLOAT)

    def _layer(self, number: int, h: str) -> str:
        sizes, name = self.sizes, f"layers.{number}"
        mixed = self._linear(
            self._norm(h, f"{name}.input_layernorm"),
            f"{name}.query_key_value",
            sizes.hidden,
            3 * sizes.hidden,
        )
        # Per head the projection holds query, key and value side by side.
        apart = self._node("Reshape", [mixed, "qkv_shape"], f"{name}.qkv")
        apart = self._node("Transpose", [apart], f"{name}.qkv_heads", perm=[0, 2, 1, 3])
        query, key, value = (f"{name}.{part}" for part in ("query", "new_key", "new_value"))
        self.nodes.append(
            helper.make_node("Split", [apart], [query, key, value], f"{name}.split", axis=3, num_outputs=3)
        )
        query, key = self._turned(query), self._turned(key)
        caches = []
        for kind, new in (("key", key), ("value", value)):
            cache = f"{kind}_{number}"
            caches.append(self._node("TensorScatter", [cache, new, "write"], f"{cache}_out", axis=2))
        attended = self._node(
            "Attention", [query, *caches, "mask"], f"{name}.attended", scale=float(sizes.head**-0.5)
        )
        joined = self._node("Transpose", [attended], f"{name}.attended_rows", perm=[0, 2, 1, 3])
        joined = self._node("Reshape", [joined, "joined_shape"], f"{name}.joined")
        told = self._linear(joined, f"{name}.dense", sizes.hidden, sizes.hidden)
        inner = self._linear(
            self._norm(h, f"{name}.post_attention_layernorm"),
            f"{name}.dense_h_to_4h",
            sizes.hidden,
            sizes.inner,
        )
        inner = self._node("Gelu", [inner], f"{name}.gelu", approximate="none")
        thought = self._linear(inner, f"{name}.dense_4h_to_h", sizes.inner, sizes.hidden)
        return self._node(
            "Add", [self._node("Add", [h, told], f"{name}.with_attention"), thought], f"{name}.out"
        )

    def _turned(self, x: str) -> str:
        return self._node(
            "RotaryEmbedding",
            [x, "cos", "sin", "positions"],
            f"{x}.turned",
            rotary_embedding_dim=self.sizes.rotary,
        )

    def _norm(self, x: str, name: str) -> str:
        for part in ("weight", "bias"):
            self._weight(f"{name}.{part}", (self.sizes.hidden,))
        return self._node(
            "LayerNormalization", [x, f"{name}.weight", f"{name}.bias"], f"{name}.out",
            axis=-1, epsilon=self.sizes.epsilon, stash_type=1,
        )  # fmt: skip

    def _linear(self, x: str, name: str, inputs: int, outputs: int, bias: bool = True) -> str:
        if bias:
            self._weight(f"{name}.bias", (outputs,))
        out = f"{name}.out"
        if self.precision in _BITS:
            return self._few_bits(x, name, inputs, outputs, bias, out)
        if self.quantizes:
            return self._by_rows(x, name, inputs, outputs, bias, out)
        # A matrix product wants it the other way round than a linear layer keeps it.
        self._stored(f"{name}.weight", (outputs, inputs), lambda weight: self._as_float(weight.T))
        product = self._node("MatMul", [x, f"{name}.weight"], f"{name}.product" if bias else out)
        return self._node("Add", [product, f"{name}.bias"], out) if bias else product

    def _few_bits(self, x: str, name: str, inputs: int, outputs: int, bias: bool, out: str) -> str:
        bits, block = _BITS[self.precision]
        packed, scales = f"{name}.weight.packed", f"{name}.weight.scales"
        self._pieces.append(
            Piece((packed, scales), self._blocks(name, (outputs, inputs), bits, block), self.file)
        )
        given = [x, packed, scales, "", "", f"{name}.bias"] if bias else [x, packed, scales]
        return self._node(
            "MatMulNBits", given, out, domain=_NBITS_DOMAIN, K=inputs, N=outputs, bits=bits, block_size=block,
            accuracy_level=_INT8_ARITHMETIC,
        )  # fmt: skip

    def _by_rows(self, x: str, name: str, inputs: int, outputs: int, bias: bool, out: str) -> str:
        """A product in int8: one scale for each column of weights, one for each row of activations.

        The sums are whole numbers, so a row's result is the same whatever rows stand beside it.
        """
        packed, scales = f"{name}.weight.columns", f"{name}.weight.scales"
        self._pieces.append(Piece((packed, scales), self._columns(name, (outputs, inputs)), self.file))
        largest = self._node(
            "ReduceMax", [self._node("Abs", [x], f"{name}.sizes"), "last_axis"], f"{name}.largest"
        )
        # A row of zeros is divided by something.
        largest = self._node("Max", [largest, "smallest"], f"{name}.range")
        codes = self._node(
            "QuantizeLinear",
            [self._node("Div", [x, largest], f"{name}.relative"), "row_scale", "row_zero"],
            f"{name}.codes",
        )
        product = self._node(
            "MatMulIntegerToFloat", [codes, packed, "row_scale", scales, "row_zero"], f"{name}.relative_product",
            domain=_NBITS_DOMAIN,
        )  # fmt: skip
        product = self._node("Mul", [product, largest], f"{name}.product" if bias else out)
        return self._node("Add", [product, f"{name}.bias"], out) if bias else product

    def _weight(self, name: str, shape: tuple[int, ...]) -> None:
        self._stored(name, shape, self._as_float)

    def _stored(
        self, name: str, shape: tuple[int, ...], form: Callable[[NDArray[np.float32]], NDArray[Any]]
    ) -> None:
        def make() -> Sequence[NDArray[Any]]:
            with np.errstate(over="ignore"):
                made = form(self._read(name, shape))
            if not np.isfinite(made).all():
                raise ExportError(
                    f"The tensor {name} has values that are no numbers or too large for {made.dtype}. Build in "
                    "another precision, or take the model from its source again."
                )
            return [made]

        self._pieces.append(Piece((name,), make, self.file))

    def _blocks(
        self, name: str, shape: tuple[int, ...], bits: Bits, block: int
    ) -> Callable[[], Sequence[NDArray[Any]]]:
        def make() -> Sequence[NDArray[Any]]:
            made = quantized(self._read(f"{name}.weight", shape), bits, block)
            return made.packed, made.scales

        return make

    def _columns(self, name: str, shape: tuple[int, ...]) -> Callable[[], Sequence[NDArray[Any]]]:
        def make() -> Sequence[NDArray[Any]]:
            made = quantized_columns(self._read(f"{name}.weight", shape))
            return made.packed, made.scales

        return make

    def _read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return self.weights.read(name, shape)

    def _as_float(self, values: NDArray[np.float32]) -> NDArray[Any]:
        return np.ascontiguousarray(values.astype(helper.tensor_dtype_to_np_dtype(self.float_type)))

    def _float(self, name: str, values: NDArray[np.float32]) -> None:
        self._pieces.append(Piece((name,), lambda: [self._as_float(values)], self.file))

    def _constant(self, name: str, values: NDArray[Any]) -> None:
        self.constants.append(onnx.numpy_helper.from_array(values, name))

    def _node(
        self, kind: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any
    ) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], output, domain=domain, **attributes))
        return output

    def model(self) -> onnx.ModelProto:
        """Give the graph, whose stored tensors lie in the file."""
        sizes = self.sizes
        names = [f"{kind}_{number}" for number in range(sizes.layers) for kind in ("key", "value")]
        cache = ["batch", sizes.heads, "positions", sizes.head]
        whole = TensorProto.INT64
        inputs = [
            helper.make_tensor_value_info("ids", whole, ["batch", "count"]),
            helper.make_tensor_value_info("write", whole, ["batch"]),
            helper.make_tensor_value_info("keep", whole, [1]),
            *(helper.make_tensor_value_info(name, self.float_type, cache) for name in names),
        ]
        outputs = [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "keep", sizes.vocabulary]),
            *(helper.make_tensor_value_info(f"{name}_out", self.float_type, cache) for name in names),
        ]
        tensors = [*self.constants, *self.file.protos()]
        graph = helper.make_graph(self.nodes, "language_model", inputs, outputs, tensors)
        domains = [helper.make_opsetid("", OPSET)]
        if self.quantizes:
            domains.append(helper.make_opsetid(_NBITS_DOMAIN, 1))
        return helper.make_model(graph, opset_imports=domains, ir_version=IR_VERSION, producer_name="llmcxr")
