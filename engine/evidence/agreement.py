"""Several samples of one draft, and how many of them say what a sentence of the draft says.

The prompt is read once: each sample goes on from there. The thresholds that a draft decides by are left
out: they say how often a finding is named, not how likely it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.bundle import Sampling
from engine.evidence.sentences import claims, holds, known_of
from engine.lm.vocabulary import Vocabulary
from engine.runtime.backend import LanguageBackend
from engine.runtime.generation import OnStep
from engine.runtime.sampling import Sampler, decision_bias, text_mask


def sampled_texts(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    sampling: Sampling,
    seeds: Sequence[int],
    on_step: OnStep | None = None,
) -> Iterator[str]:
    """Draw a text for each seed after one reading of the prompt; one that doesn't end is cut at its longest."""
    opening = backend.prefill([prompt])[0]
    mask, bias = text_mask(vocabulary), decision_bias(vocabulary, sampling)
    most = min(sampling.max_new_tokens, backend.max_positions - len(prompt) + 1)
    for seed in seeds:
        backend.reset([0], len(prompt))
        sampler = Sampler(replace(sampling, seed=seed), mask, bias)
        ids: list[int] = []
        logits = opening
        while True:
            if on_step is not None:
                on_step()
            id_, _ = sampler.choose(logits)
            if id_ == vocabulary.end:
                break
            ids.append(id_)
            if len(ids) >= most:
                break
            logits = backend.step([id_])[0]
        yield vocabulary.decode(ids).strip()


def agreement(sentence: str, texts: Sequence[str]) -> float:
    """Give the share of texts that claim what a sentence claims; of one that claims nothing, that hold its words."""
    said = claims(sentence)
    if not said:
        words = " ".join(sentence.lower().split())
        return sum(words in " ".join(text.lower().split()) for text in texts) / len(texts)
    return sum(holds(said, known_of(text)) for text in texts) / len(texts)
