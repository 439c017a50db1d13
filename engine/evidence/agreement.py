"""How many of several samples of a draft say what a sentence of it says."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evidence.sentences import claims, holds, known_of


def agreement(sentence: str, texts: Sequence[str]) -> float:
    """Give the share of texts that claim what a sentence claims; of one that claims nothing, that hold its words."""
    said = claims(sentence)
    if not said:
        words = " ".join(sentence.lower().split())
        return sum(words in " ".join(text.lower().split()) for text in texts) / len(texts)
    return sum(holds(said, known_of(text)) for text in texts) / len(texts)
