"""Makes tiny model bundles that keep the whole contract and run in milliseconds.

The film tokenizer is a real one of the simplest kind: the mean of each 16 x 16 block is its code. The
language model is a two-layer transformer with random weights and the in-place cache; a bias on the end key
makes its answers short.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from engine.bundle import sha256_of, weights_sha256
from engine.lm.prompt import GENERATE_INSTRUCTIONS, REPORT_INSTRUCTIONS
from engine.lm.vocabulary import Vocabulary
from engine.preprocess import PreprocessingSpec

LAYERS, HEADS, HEAD_DIM, MAX_POSITIONS = 2, 2, 8, 700
WIDTH = HEADS * HEAD_DIM
OPSET = 24


def make_bundle(
    folder: Path, seed: int = 7, end_bias: float = 3.0, positions: int = MAX_POSITIONS, **changes: Any
) -> Path:
    """Write a tiny bundle into `folder`; `changes` replace entries of its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder / "tokenizer.json")
    vocabulary = Vocabulary.from_file(folder / "tokenizer.json")
    onnx.save(_encoder(), folder / "encoder.onnx")
    onnx.save(_decoder(), folder / "decoder.onnx")
    onnx.save(_language_model(vocabulary, seed, end_bias, positions), folder / "lm.onnx")
    (folder / "MODEL_CARD.md").write_text("# A random model for tests\n")
    (folder / "ATTRIBUTION.md").write_text("Nothing was used.\n")
    write_manifest(folder, positions, **changes)
    return folder


def make_slow_bundle(folder: Path) -> Path:
    """Write a tiny bundle whose drafts take seconds: it never ends its text and may go on for long."""
    endless = {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 19_000, "seed": 0}
    sampling = {"report": endless, "answer": endless, "generate": endless}
    return make_bundle(folder, end_bias=-60.0, positions=20_000, sampling=sampling)


def write_manifest(folder: Path, positions: int = MAX_POSITIONS, **changes: Any) -> None:
    """Write the manifest of the files that lie in `folder`."""
    vocabulary = Vocabulary.from_file(folder / "tokenizer.json")
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != "manifest.json"}
    greedy = {"temperature": 0.0, "top_p": 1.0, "max_new_tokens": 64, "seed": 0}
    sampled = {**greedy, "temperature": 1.0}
    manifest = {
        "format": 1,
        "name": "tiny",
        "version": "2026.11.0",
        "created": "2026-11-22",
        "intended_use": "research and demonstration only; not for clinical use",
        "files": files,
        "weights_sha256": weights_sha256(files),
        "preprocessing": PreprocessingSpec().to_manifest(),
        "vocabulary": {
            "text_size": vocabulary.text_size,
            "codes": 1024,
            "image_offset": vocabulary.image_offset,
            "codes_per_image": 256,
            "end": vocabulary.end,
            "instruction": vocabulary.instruction,
            "response": vocabulary.response,
            "less_than": vocabulary.less_than,
            "greater_than": vocabulary.greater_than,
            "pad": 0,
        },
        "language_model": {
            "layers": LAYERS,
            "heads": HEADS,
            "head_dim": HEAD_DIM,
            "max_positions": positions,
            "opset": OPSET,
            "dtype": "float32",
        },
        "sampling": {"report": sampled, "answer": sampled, "generate": {**sampled, "max_new_tokens": 300}},
        "findings": {"judged": ["No Finding", "Pneumonia"], "not_judged": ["Pneumothorax"]},
        "input_check": {
            "reconstruction_max": 0.25,
            "correlation_min": 0.5,
            "reference": small(chest_film()[0]).tolist(),
        },
        "instructions": {"report": list(REPORT_INSTRUCTIONS), "generate": list(GENERATE_INSTRUCTIONS)},
        "licence": "Apache-2.0",
        "training": {"data": [], "steps": 0, "metrics": {}},
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def chest_pixels(seed: int = 0, height: int = 320, width: int = 300) -> NDArray[np.uint8]:
    """Draw a chest-like 8-bit picture: bright body, two dark lungs, a bright spine and heart."""
    rows, columns = np.mgrid[0:height, 0:width]
    y, x = rows / height, columns / width
    picture = 150.0 + 80.0 * y
    # Air beside the neck.
    picture -= 130.0 / (1.0 + np.exp(-40.0 * (np.abs(x - 0.5) - 0.22 - 0.9 * y)))
    for centre in (0.29, 0.71):
        lung = ((x - centre) / 0.17) ** 2 + ((y - 0.45) / 0.33) ** 2
        picture -= 120.0 / (1.0 + np.exp(8.0 * (lung - 1.0)))
    picture += 45.0 * np.exp(-(((x - 0.5) / 0.06) ** 2))
    picture += 60.0 * np.exp(-(((x - 0.55) / 0.13) ** 2) - ((y - 0.6) / 0.15) ** 2)
    noise = np.random.default_rng(seed).normal(0.0, 2.0, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def chest_film(seed: int = 0) -> NDArray[np.float32]:
    """Give a chest-like film [1, 256, 256] in [-1, 1], after the preprocessing."""
    from engine.preprocess import film_from_array

    return film_from_array(chest_pixels(seed), PreprocessingSpec())


def small(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """Average a 256 x 256 plane to 32 x 32."""
    return plane.astype(np.float64).reshape(32, 8, 32, 8).mean(axis=(1, 3))


def _write_tokenizer(path: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>"],
    )
    tokenizer.train_from_iterator(["The lungs are clear. No pneumonia. The heart is normal."] * 4, trainer)
    tokenizer.save(str(path))


def _constant(name: str, values: Any, dtype: Any = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def _encoder() -> onnx.ModelProto:
    nodes = [
        helper.make_node("AveragePool", ["film"], ["blocks"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Add", ["blocks", "one"], ["shifted"]),
        helper.make_node("Mul", ["shifted", "scale"], ["scaled"]),
        helper.make_node("Round", ["scaled"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["whole", "flat"], ["codes"]),
    ]
    film = helper.make_tensor_value_info("film", TensorProto.FLOAT, ["B", 1, 256, 256])
    codes = helper.make_tensor_value_info("codes", TensorProto.INT64, ["B", 256])
    constants = [
        _constant("one", 1.0),
        _constant("scale", 511.5),
        _constant("flat", [0, 256], np.int64),
    ]
    return _model(nodes, [film], [codes], constants)


def _decoder() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["codes"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["values", "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "one"], ["grey"]),
        helper.make_node("Reshape", ["grey", "grid"], ["blocks"]),
        helper.make_node("Resize", ["blocks", "", "factors"], ["film"], mode="nearest"),
    ]
    codes = helper.make_tensor_value_info("codes", TensorProto.INT64, ["B", 256])
    film = helper.make_tensor_value_info("film", TensorProto.FLOAT, ["B", 1, 256, 256])
    constants = [
        _constant("one", 1.0),
        _constant("scale", 511.5),
        _constant("grid", [0, 1, 16, 16], np.int64),
        _constant("factors", [1.0, 1.0, 16.0, 16.0]),
    ]
    return _model(nodes, [codes], [film], constants)


def _language_model(vocabulary: Vocabulary, seed: int, end_bias: float, positions: int) -> onnx.ModelProto:
    generator = np.random.default_rng(seed)
    constants: list[Any] = [
        _constant("zero_i", 0, np.int64),
        _constant("one_i", 1, np.int64),
        _constant("axis1", [1], np.int64),
        _constant("minus1", [-1], np.int64),
        _constant("end1", [np.iinfo(np.int64).max], np.int64),
        _constant("keys", np.arange(positions).reshape(1, 1, -1), np.int64),
        _constant("heads_shape", [0, 0, HEADS, HEAD_DIM], np.int64),
        _constant("flat_shape", [0, 0, WIDTH], np.int64),
    ]

    def weight(name: str, *shape: int, scale: float = 1.0) -> str:
        constants.append(_constant(name, generator.normal(0.0, scale, shape)))
        return name

    nodes = [
        helper.make_node("Gather", [weight("tokens", vocabulary.size, WIDTH), "ids"], ["embedded"]),
        helper.make_node("Shape", ["ids"], ["width"], start=1, end=2),
        helper.make_node("Squeeze", ["width"], ["width0"]),
        helper.make_node("Range", ["zero_i", "width0", "one_i"], ["offsets"]),
        helper.make_node("Unsqueeze", ["write", "axis1"], ["write1"]),
        helper.make_node("Add", ["write1", "offsets"], ["positions"]),
        helper.make_node("Gather", [weight("places", positions, WIDTH), "positions"], ["placed"]),
        helper.make_node("Add", ["embedded", "placed"], ["x0"]),
        helper.make_node("Unsqueeze", ["positions", "minus1"], ["queries"]),
        helper.make_node("LessOrEqual", ["keys", "queries"], ["causal3"]),
        helper.make_node("Unsqueeze", ["causal3", "axis1"], ["causal"]),
    ]
    for layer in range(LAYERS):
        nodes += _layer(layer, weight)
    nodes += [
        helper.make_node("Neg", ["keep"], ["start"]),
        helper.make_node("Slice", [f"x{LAYERS}", "start", "end1", "axis1"], ["kept"]),
        helper.make_node("MatMul", ["kept", weight("head", WIDTH, vocabulary.size, scale=0.3)], ["raw"]),
        helper.make_node("Add", ["raw", "head_bias"], ["logits"]),
    ]
    bias = np.zeros(vocabulary.size)
    bias[vocabulary.end] = end_bias
    constants.append(_constant("head_bias", bias))
    return _model(nodes, *_signature(vocabulary, positions), constants)


def _layer(layer: int, weight: Any) -> list[Any]:
    nodes = []
    for kind in ("query", "key", "value"):
        name = f"{kind}{layer}"
        nodes += [
            helper.make_node(
                "MatMul", [f"x{layer}", weight(f"w_{name}", WIDTH, WIDTH, scale=0.25)], [f"{name}_m"]
            ),
            helper.make_node("Reshape", [f"{name}_m", "heads_shape"], [f"{name}_s"]),
            helper.make_node("Transpose", [f"{name}_s"], [f"{name}_t"], perm=[0, 2, 1, 3]),
        ]
    for kind in ("key", "value"):
        nodes.append(
            helper.make_node(
                "TensorScatter",
                [f"{kind}_{layer}", f"{kind}{layer}_t", "write"],
                [f"{kind}_{layer}_out"],
                axis=2,
            )
        )
    out = weight(f"w_out{layer}", WIDTH, WIDTH, scale=0.25)
    return [
        *nodes,
        helper.make_node(
            "Attention",
            [f"query{layer}_t", f"key_{layer}_out", f"value_{layer}_out", "causal"],
            [f"attended{layer}"],
        ),
        helper.make_node("Transpose", [f"attended{layer}"], [f"back{layer}"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", [f"back{layer}", "flat_shape"], [f"flat{layer}"]),
        helper.make_node("MatMul", [f"flat{layer}", out], [f"mixed{layer}"]),
        helper.make_node("Add", [f"x{layer}", f"mixed{layer}"], [f"x{layer + 1}"]),
    ]


def _signature(vocabulary: Vocabulary, positions: int) -> tuple[list[Any], list[Any]]:
    cache = ["B", HEADS, positions, HEAD_DIM]
    names = [f"{kind}_{layer}" for layer in range(LAYERS) for kind in ("key", "value")]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["B", "S"]),
        helper.make_tensor_value_info("write", TensorProto.INT64, ["B"]),
        helper.make_tensor_value_info("keep", TensorProto.INT64, [1]),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, cache) for name in names),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", "K", vocabulary.size]),
        *(helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, cache) for name in names),
    ]
    return inputs, outputs
