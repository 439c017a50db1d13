"""A tokenizer and a language model as three ONNX graphs, each compared with torch on real films."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from transformers import GPTNeoXForCausalLM

from engine.errors import ExportError
from engine.half_storage import store_half
from engine.lm.graph import LanguageModelGraph, export_language_model
from engine.lm.model import LanguageModelConfig
from engine.lm.prompt import REPORT_INSTRUCTIONS, report_prompt
from engine.lm.vocabulary import Vocabulary
from engine.tokenizer.graph import export_tokenizer
from engine.tokenizer.vqgan import VQModel

AGREEMENT_MIN = 0.999
LOGITS_DIFFERENCE_MAX = 1e-3


def write_graphs(
    tokenizer: VQModel, network: GPTNeoXForCausalLM, config: LanguageModelConfig, folder: Path
) -> None:
    """Export encoder, decoder and language model into the folder, weights stored as float16."""
    graph = LanguageModelGraph(config)
    graph.load_hugging_face(network.state_dict())
    with quiet_exporter():
        export_tokenizer(tokenizer, folder / "encoder.onnx", folder / "decoder.onnx")
        export_language_model(graph, folder / "lm.onnx")
    for name in ("encoder.onnx", "decoder.onnx", "lm.onnx"):
        store_half(folder / name)


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Leave out what torch's exporter says of itself and of torchvision, which no graph of ours needs."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # torch 2.13's exporter warns about a class of its own that is to be replaced, and about the one
            # name that all caches share for their first axis.
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings(
                "ignore", message=".*shares the same shape constraints", category=UserWarning
            )
            yield
    finally:
        log.setLevel(level)


@torch.no_grad()
def check_graphs(
    tokenizer: VQModel,
    network: GPTNeoXForCausalLM,
    config: LanguageModelConfig,
    vocabulary: Vocabulary,
    films: NDArray[np.float32],
    folder: Path,
) -> dict[str, float]:
    """Compare each graph with torch on films [N, C, R, R]; raise ExportError where they differ."""
    wanted = np.concatenate([tokenizer.encode(torch.from_numpy(film[None])).numpy() for film in films])
    encoder, decoder = _session(folder / "encoder.onnx"), _session(folder / "decoder.onnx")
    got = np.concatenate([encoder.run(["codes"], {"film": film[None]})[0] for film in films])
    agreement = float((wanted == got).mean())
    picture = decoder.run(["film"], {"codes": wanted[:2]})[0]
    pixels = float(np.abs(picture - tokenizer.decode(torch.from_numpy(wanted[:2])).numpy()).max())
    prompt = report_prompt(vocabulary, wanted[0].tolist(), REPORT_INSTRUCTIONS[0])
    logits = network(torch.tensor([prompt])).logits[0].numpy()
    difference = float(np.abs(_logits_in_two_calls(folder / "lm.onnx", config, prompt) - logits).max())
    if agreement < AGREEMENT_MIN or pixels > LOGITS_DIFFERENCE_MAX or difference > LOGITS_DIFFERENCE_MAX:
        raise ExportError(
            f"The graphs differ from torch: codes agree on {agreement:.4f}, films differ by {pixels:.2g}, "
            f"logits by {difference:.2g}. Don't ship them."
        )
    return {
        "films": len(films),
        "code_agreement": agreement,
        "film_difference_max": pixels,
        "logits_difference_max": difference,
    }


def _logits_in_two_calls(path: Path, config: LanguageModelConfig, prompt: list[int]) -> NDArray[np.float32]:
    """Run a prompt as a prefill and a continuation, so that the cache is part of the comparison."""
    session = _session(path)
    shape = (1, config.heads, config.max_positions, config.head_dim)
    names = [f"{kind}_{number}" for number in range(config.layers) for kind in ("key", "value")]
    caches = {name: np.zeros(shape, dtype=np.float32) for name in names}
    parts, cut = [], len(prompt) - 7
    for start, stop in ((0, cut), (cut, len(prompt))):
        inputs = {
            "ids": np.array([prompt[start:stop]], dtype=np.int64),
            "write": np.array([start], dtype=np.int64),
            "keep": np.array([stop - start], dtype=np.int64),
        }
        logits, *updated = session.run(None, {**inputs, **caches})
        caches = dict(zip(names, updated, strict=True))
        parts.append(logits[0])
    return np.concatenate(parts)


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
