"""How much plain language a model keeps: perplexity of a text before and after tuning, and its responses.

The paper prints no perplexity; the figure answers what its reviewers asked. A model is a function from ids to
logits, so a Hugging Face folder and an exported bundle are measured alike. Probabilities are over the whole
vocabulary, image tokens included.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluate.statistics import DRAWS, Interval, WeightedStatistic, Weights, difference, interval
from engine.progress import track

# Ids of one window [n] -> logits after each, [n, V].
Score = Callable[[list[int]], NDArray[np.float32]]
Encode = Callable[[str], list[int]]
_BLOCK = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class TextLoss:
    """Loss of N documents: nats [N], tokens [N] that were predicted, bytes [N] of their text."""

    nats: NDArray[np.float64]
    tokens: NDArray[np.float64]
    bytes: NDArray[np.float64]


def read_documents(path: str | Path, limit: int = 0) -> list[str]:
    """Read documents from .txt (blank lines between), .jsonl or .parquet (column `text`); `limit` 0 is all.

    Raises DataError where the file can't be read or holds no text.
    """
    path = Path(path)
    try:
        documents = [text for text in _documents(path) if len(text.split()) > 1]
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise DataError(
            f"The text {path} can't be read: {error}. Give a .txt file with blank lines between documents, or "
            ".jsonl or .parquet with a column `text`."
        ) from error
    if not documents:
        raise DataError(f"The text {path} holds no document of two words or more.")
    return documents[:limit] if limit else documents


def text_loss(
    score: Score, encode: Encode, documents: Sequence[str], window: int = 512, what: str = "documents"
) -> TextLoss:
    """Score documents each by itself, in windows that overlap by half so that every token has context.

    A document's first token has nothing before it and isn't predicted.
    """
    found = [_document_loss(score, encode(text), window) for text in track(documents, what)]
    sizes = np.array([len(text.encode()) for text in documents], dtype=np.float64)
    return TextLoss(np.array([nats for nats, _ in found]), np.array([float(n) for _, n in found]), sizes)


def perplexity(loss: TextLoss, draws: int = DRAWS, seed: int = 0) -> dict[str, Interval]:
    """Give perplexity per token and bits per byte, with intervals over draws of documents."""
    names = [str(index) for index in range(len(loss.nats))]
    return {
        "perplexity": interval(_perplexity(loss), names, draws, seed),
        "bits_per_byte": interval(_ratio_of(loss.nats / np.log(2.0), loss.bytes), names, draws, seed),
    }


def perplexity_change(before: TextLoss, after: TextLoss, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Give the difference in bits per byte (after - before) on the same draws of documents.

    Bits per byte, because two vocabularies may cut the text differently.
    """
    if len(before.nats) != len(after.nats):
        raise DataError(f"{len(before.nats)} documents before and {len(after.nats)} after don't pair up.")
    names = [str(index) for index in range(len(before.nats))]
    a, b = (_ratio_of(loss.nats / np.log(2.0), loss.bytes) for loss in (after, before))
    return interval(difference(a, b), names, draws, seed)


def read_instructions(path: str | Path, limit: int = 0) -> list[dict[str, str]]:
    """Read instruction, context and response from a JSON-lines file of dolly's layout.

    Raises DataError naming the line for what isn't one.
    """
    pairs = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The instruction set {path} can't be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            held: Any = json.loads(line)
            pairs.append({key: str(held.get(key) or "") for key in ("instruction", "context", "response")})
        except (ValueError, AttributeError) as error:
            raise DataError(f"Line {number} of {path} is no JSON object: {error}.") from error
    return pairs[:limit] if limit else pairs


def _documents(path: Path) -> Iterator[str]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield from (
            str(text or "").strip() for text in pq.read_table(path, columns=["text"])["text"].to_pylist()
        )
    elif path.suffix == ".jsonl":
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield str(json.loads(line)["text"]).strip()
    else:
        yield from (block.strip() for block in _BLOCK.split(path.read_text(encoding="utf-8")))


def _document_loss(score: Score, ids: list[int], window: int) -> tuple[float, int]:
    nats, done = 0.0, 1
    step = max(1, window // 2)
    while done < len(ids):
        start = max(0, min(done - step, len(ids) - window))
        part = ids[start : start + window]
        logits = score(part[:-1]).astype(np.float64)[done - start - 1 :]
        targets = np.array(part[done - start :])
        logits -= logits.max(axis=1, keepdims=True)
        chosen = np.take_along_axis(logits, targets[:, None], axis=1)[:, 0]
        nats += float((np.log(np.exp(logits).sum(axis=1)) - chosen).sum())
        done = start + len(part)
    return nats, max(0, len(ids) - 1)


def _perplexity(loss: TextLoss) -> WeightedStatistic:
    mean = _ratio_of(loss.nats, loss.tokens)
    return lambda weights: np.exp(mean(weights))


def _ratio_of(above: NDArray[np.float64], below: NDArray[np.float64]) -> WeightedStatistic:
    def ratio(weights: Weights) -> NDArray[np.float64]:
        total = weights @ below
        return np.divide(weights @ above, total, out=np.full_like(total, np.nan), where=total > 0)

    return ratio
