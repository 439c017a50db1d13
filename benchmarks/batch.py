"""Continuous batching against transformers' generate in bfloat16, on ragged prompts and answers, in one run.

    python -m benchmarks.batch LANGUAGE GRAPH [--rows 1,2,4,8,16] [--rounds N] [--threads N] [--json FILE]

LANGUAGE is the folder of a GPT-NeoX of Hugging Face, GRAPH the language graph (lm.onnx) that was built from it. Both
answer the same requests, whose lengths are fixed below: of prompts as long as a film and its question are, and of
answers as long as reports are. transformers takes them in their order, padded on the left; a batch of it goes on
until its longest answer is done. What counts are the tokens that were wanted, over all the time from the first prompt
to the last token. So many rows answer the first requests of the list, twice as many as rows and no fewer than eight:
a single row would take most of the time. Rows and rounds are interleaved; a figure is the best of its rounds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.bundle import LanguageModelShape, Sampling
from engine.errors import EngineError
from engine.lm.vocabulary import Vocabulary
from engine.runtime.backend import LanguageBackend
from engine.runtime.batching import TextRequest, generate_texts
from engine.runtime.select import default_threads

ROWS = (1, 2, 4, 8, 16)
# Ids of a prompt and of its answer: drawn once, evenly from 300 to 420 and from 20 to 120, and fixed.
LENGTHS = (
    (402, 84), (377, 62), (378, 23), (352, 106), (324, 28), (383, 98), (309, 101), (363, 115),
    (391, 47), (336, 33), (305, 71), (418, 58), (347, 20), (370, 92), (328, 110), (399, 39),
    (315, 77), (356, 66), (410, 119), (342, 44), (388, 26), (319, 88), (366, 53), (301, 104),
    (394, 36), (333, 81), (374, 69), (420, 96), (311, 50), (359, 30), (385, 113), (339, 74),
)  # fmt: skip


class Endless:
    """A vocabulary whose end key never comes, so that every answer is as long as it was asked to be."""

    end = -1

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vocabulary, name)


def batch_figures(
    language: Path,
    backend: LanguageBackend,
    rounds: int = 1,
    threads: int = 1,
    rows: Sequence[int] = ROWS,
) -> dict[str, Any]:
    """Measure and give tokens a second by rows for both, and their ratios; `ratio` is that of their best.

    `language` is the Hugging Face folder whose weights the backend has in another form.
    """
    import torch

    from engine.lm.official import open_language_model

    torch.set_num_threads(threads)
    network = open_language_model(language, torch.bfloat16)
    vocabulary = Vocabulary.from_file(language / "tokenizer.json")
    assert vocabulary.size == backend.vocabulary_size, "the graph was built from another model"
    prompts = made_prompts(LENGTHS, vocabulary)
    ours, theirs = dict.fromkeys(rows, 0.0), dict.fromkeys(rows, 0.0)
    for _ in range(rounds):
        for count in rows:
            some, lengths = prompts[: requests_for(count)], LENGTHS[: requests_for(count)]
            ours[count] = max(ours[count], continuous_rate(backend, vocabulary, some, lengths, count))
            theirs[count] = max(theirs[count], generate_rate(network, some, lengths, count))
    best = max(ours.values()) / max(theirs.values())
    return {
        "ratio": best,
        "rounds": rounds,
        "threads": threads,
        "requests": {str(count): requests_for(count) for count in rows},
        "tokens_per_s": {str(count): round(ours[count], 2) for count in rows},
        "hf_generate_tokens_per_s": {str(count): round(theirs[count], 2) for count in rows},
        "ratio_by_rows": {str(count): round(ours[count] / theirs[count], 3) for count in rows},
    }


def requests_for(rows: int) -> int:
    """Say how many of the requests so many rows answer."""
    return min(len(LENGTHS), max(8, 2 * rows))


def made_prompts(lengths: Sequence[tuple[int, int]], vocabulary: Vocabulary) -> list[list[int]]:
    """Draw prompts of these lengths: 256 image tokens, like a film's, and text before them."""
    generator = np.random.default_rng(5)
    prompts = []
    for length, _ in lengths:
        text = generator.integers(1, vocabulary.text_size // 2, length - 256)
        film = generator.integers(vocabulary.image_offset, vocabulary.size, 256)
        prompts.append([*text.tolist(), *film.tolist()])
    return prompts


def continuous_rate(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompts: Sequence[Sequence[int]],
    lengths: Sequence[tuple[int, int]],
    rows: int,
) -> float:
    """Give the tokens a second of continuous batching over so many rows."""
    requests = [
        TextRequest(prompt, Sampling(max_new_tokens=answer))
        for prompt, (_, answer) in zip(prompts, lengths, strict=True)
    ]
    endless: Any = Endless(vocabulary)
    start = time.perf_counter()
    said = dict(generate_texts(backend, endless, requests, rows))
    seconds = time.perf_counter() - start
    for place, (_, answer) in enumerate(lengths):
        one = said[place]
        assert not isinstance(one, EngineError), one
        assert len(one.ids) == answer
    return sum(answer for _, answer in lengths) / seconds


def generate_rate(
    network: Any, prompts: Sequence[Sequence[int]], lengths: Sequence[tuple[int, int]], size: int
) -> float:
    """Give the wanted tokens a second of transformers' generate in batches of this size."""
    import torch

    start = time.perf_counter()
    for first in range(0, len(prompts), size):
        part = prompts[first : first + size]
        longest = max(map(len, part))
        answer = max(answer for _, answer in lengths[first : first + size])
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in part])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in part])
        made = network.generate(
            ids, attention_mask=mask, max_new_tokens=answer, min_new_tokens=answer, do_sample=False,
            pad_token_id=0,
        )  # fmt: skip
        assert made.shape[1] == longest + answer
    return sum(answer for _, answer in lengths) / (time.perf_counter() - start)


def table(figures: dict[str, Any]) -> str:
    """Set the figures out in columns."""
    lines = [
        f"{'rows':>5} {'requests':>9} {'tokens/s':>10} {'hf generate':>12} {'ratio':>7}",
    ]
    for rows, rate in figures["tokens_per_s"].items():
        theirs, ratio = figures["hf_generate_tokens_per_s"][rows], figures["ratio_by_rows"][rows]
        lines.append(f"{rows:>5} {figures['requests'][rows]:9} {rate:10.2f} {theirs:12.2f} {ratio:7.2f}")
    return "\n".join([*lines, f"best against best: {figures['ratio']:.2f}"])


def open_graph(language: Path, graph: Path, threads: int) -> LanguageBackend:
    """Open a graph in float32 arithmetic by the sizes in the folder that it was built from."""
    from engine.runtime.onnx_backend import OnnxLanguageModel

    config = json.loads((language / "config.json").read_text(encoding="utf-8"))
    heads, positions = config["num_attention_heads"], config["max_position_embeddings"]
    shape = LanguageModelShape(
        layers=config["num_hidden_layers"], heads=heads, head_dim=config["hidden_size"] // heads,
        max_positions=positions, opset=24, dtype="float32",
    )  # fmt: skip
    return OnnxLanguageModel(graph, shape, config["vocab_size"], threads)


def main() -> None:
    """Measure, print the table, and write the JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("language", type=Path)
    parser.add_argument("graph", type=Path)
    parser.add_argument("--rows", default=",".join(map(str, ROWS)))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--json", type=Path, help="Where the figures are written to.")
    given = parser.parse_args()
    backend = open_graph(given.language, given.graph, given.threads)
    rows = tuple(int(count) for count in given.rows.split(","))
    figures = batch_figures(given.language, backend, given.rounds, given.threads, rows)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))


if __name__ == "__main__":
    main()
