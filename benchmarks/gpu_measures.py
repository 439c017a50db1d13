"""What `benchmarks.gpu` measures, over any backend: greedy answers and films, first tokens, agreement of logits.

Nothing here needs a GPU, so the tests run all of it on the CPU with ONNX Runtime and torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.runtime.backend import Films, ImageBackend, LanguageBackend

Rows = Sequence[Sequence[int]]
Tokens = NDArray[np.int64]
# One generation: the new tokens [B, T] and the seconds until the first of them was chosen.
Generate = Callable[[Rows, int, "Allowed"], tuple[Tokens, float]]


@dataclass(frozen=True)
class Allowed:
    """The ids that may be chosen, `start` to `stop` - 1: text, or the codes of a film."""

    start: int
    stop: int


@dataclass(frozen=True)
class Task:
    """One kind of answer. Prompts have these lengths in turn, so that every batch above 1 is ragged."""

    name: str
    lengths: tuple[int, ...]
    tokens: int
    allowed: Allowed

    def prompts(self, rows: int, text_size: int) -> list[list[int]]:
        """Give prompts of random text ids, the same at every call."""
        random = np.random.default_rng(0)
        lengths = [self.lengths[row % len(self.lengths)] for row in range(rows)]
        return [random.integers(0, text_size, length).tolist() for length in lengths]


@dataclass(frozen=True)
class Speed:
    """One runtime at one task and batch size: the best run after one that warms up, whose seconds stand apart."""

    runtime: str
    task: str
    batch: int
    first_token_s: float
    total_s: float
    tokens_per_s: float
    warm_up_s: float
    memory_gib: float


def tasks(text_size: int, codes: int, answer_tokens: int, film_tokens: int = 256) -> list[Task]:
    """Give the two tasks: an answer about a film (256 codes in the prompt), and a film from a report."""
    text, image = Allowed(0, text_size), Allowed(text_size, text_size + codes)
    return [
        Task("answer", (318, 331, 297, 344, 309, 352, 286, 325), answer_tokens, text),
        Task("film", (48, 61, 37, 72, 55, 80, 43, 66), film_tokens, image),
    ]


def backend_generate(backend: LanguageBackend) -> Generate:
    """Choose greedily above a backend, the logits on the host as the product has them."""

    def generate(rows: Rows, tokens: int, allowed: Allowed) -> tuple[Tokens, float]:
        start = time.perf_counter()
        chosen = _best(backend.prefill(rows), allowed)
        first = time.perf_counter() - start
        said = [chosen]
        while len(said) < tokens:
            chosen = _best(backend.step(chosen.tolist()), allowed)
            said.append(chosen)
        return np.stack(said, axis=1), first

    return generate


def hugging_face_generate(network: Any) -> Generate:
    """Choose greedily by transformers' own `generate`, prompts padded on the left, never ending early."""
    import torch
    from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

    device = next(network.parameters()).device
    network.generation_config = GenerationConfig(do_sample=False, pad_token_id=0, eos_token_id=None)

    class Watched(LogitsProcessor):  # type: ignore[misc]  # transformers isn't looked into
        """Leaves the allowed ids, and notes when the first logits were there."""

        def __init__(self, allowed: Allowed) -> None:
            self.allowed = allowed
            self.first: float | None = None

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            if self.first is None:
                if device.type == "cuda":
                    torch.cuda.synchronize()
                self.first = time.perf_counter()
            masked = torch.full_like(scores, -torch.inf)
            masked[:, self.allowed.start : self.allowed.stop] = scores[
                :, self.allowed.start : self.allowed.stop
            ]
            return masked

    def generate(rows: Rows, tokens: int, allowed: Allowed) -> tuple[Tokens, float]:
        width = max(map(len, rows))
        ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
        watched = Watched(allowed)
        start = time.perf_counter()
        with torch.inference_mode():
            made = network.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=tokens,
                logits_processor=LogitsProcessorList([watched]),
            )
        said: Tokens = made[:, width:].cpu().numpy()
        return said, (watched.first or start) - start

    return generate


def speed_of(
    runtime: str,
    generate: Generate,
    task: Task,
    batch: int,
    text_size: int,
    repeats: int,
    memory_used: Callable[[], int],
) -> tuple[Speed, Tokens]:
    """Time one runtime at one task; also give what it said."""
    rows = task.prompts(batch, text_size)
    start = time.perf_counter()
    said, _ = generate(rows, task.tokens, task.allowed)
    warm_up = time.perf_counter() - start
    runs = []
    for _ in range(repeats):
        start = time.perf_counter()
        _, first = generate(rows, task.tokens, task.allowed)
        runs.append((time.perf_counter() - start, first))
    total, first = min(runs)[0], min(first for _, first in runs)
    speed = Speed(
        runtime, task.name, batch, first, total, batch * task.tokens / total, warm_up, memory_used() / 1024**3
    )
    return speed, said


def forced_logits(backend: LanguageBackend, rows: Rows, follow: Tokens) -> NDArray[np.float32]:
    """Give the logits [T + 1, B, V] of a backend that is told what to say, so that errors don't branch."""
    logits = [backend.prefill(rows)]
    logits += [backend.step(column.tolist()) for column in follow.T]
    return np.stack(logits)


def logit_agreement(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> dict[str, float]:
    """Compare logits: the largest and the mean difference, and how often the same id is on top."""
    off = np.abs(found - wanted)
    same = found.argmax(axis=-1) == wanted.argmax(axis=-1)
    return {
        "difference_max": float(off.max()),
        "difference_mean": float(off.mean()),
        "same_choice": float(same.mean()),
    }


def film_agreement(images: ImageBackend, reference: ImageBackend, films: Films) -> dict[str, float]:
    """Compare film tokenizers: the share of equal codes, and the largest difference of films from equal codes."""
    wanted = reference.encode(films)
    found = images.encode(films)
    off = np.abs(images.decode(wanted) - reference.decode(wanted))
    return {"same_codes": float((found == wanted).mean()), "film_difference_max": float(off.max())}


def film_seconds(images: ImageBackend, films: Films, repeats: int) -> dict[str, float]:
    """Time encoding and decoding of these films together, the best run after one that warms up."""
    codes = images.encode(films)
    images.decode(codes)
    return {
        "films": float(len(films)),
        "encode_s": min(_seconds(lambda: images.encode(films)) for _ in range(repeats)),
        "decode_s": min(_seconds(lambda: images.decode(codes)) for _ in range(repeats)),
    }


def smooth_films(count: int, channels: int, side: int) -> Films:
    """Give films of a few smooth waves in [-1, 1], the same at every call."""
    random = np.random.default_rng(0)
    place = np.linspace(0, 1, side)
    films = np.zeros((count, 1, side, side))
    for film in films[:, 0]:
        for _ in range(6):
            x, y, phase = random.uniform(0.5, 8, 3)
            film += np.sin(2 * np.pi * (x * place[:, None] + y * place[None]) + phase)
    return np.repeat(films / 6, channels, axis=1).astype(np.float32)


def _best(logits: NDArray[np.float32], allowed: Allowed) -> Tokens:
    chosen: Tokens = logits[:, allowed.start : allowed.stop].argmax(axis=1) + allowed.start
    return chosen


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
