"""The evidence of one draft: each sentence's confidence, whether the draft is withheld for it, and where it rests.

What a model has no evidence file for is not made up: without one, sentences have no confidence and nothing is
withheld; a map can still be asked for, with a flat grey film in place of the neutral one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.evaluate.labeler import NO_FINDING
from engine.evidence.agreement import agreement
from engine.evidence.file import ConfidenceEntry, score
from engine.evidence.occlusion import Blocks, Scorer
from engine.evidence.sentences import SaidSentence, claims, said_sentences
from engine.lm.prompt import report_prompt
from engine.lm.vocabulary import CODES_PER_IMAGE
from engine.model import Draft, Model
from engine.runtime.generation import OnStep, sampled_texts

# Seeds of samples lie apart from those that people give.
_FIRST_SEED = 7_000_003
# By default samples and maps are made with a draft where each takes no longer than this.
EVIDENCE_BUDGET_S = 3.0


@dataclass(frozen=True)
class SentenceEvidence:
    """One sentence of a draft; `confidence` is None without a calibration, `agreement` without samples."""

    text: str
    confidence: float | None
    agreement: float | None
    weak: bool


@dataclass(frozen=True)
class DraftEvidence:
    """The sentences of a draft, how many samples were drawn, and why the draft is withheld (else empty)."""

    sentences: tuple[SentenceEvidence, ...]
    samples: int
    withheld: str


@dataclass(frozen=True)
class SentenceFalls:
    """How far a sentence's log-probability falls where the film is put out: one value a token, row by row.

    A fall is the mean over the blocks that hold the token; a negative one says that the words became likelier.
    """

    text: str
    log_probability: float
    falls: tuple[float, ...]


def examine(
    model: Model,
    codes: Sequence[int],
    context: str | None,
    draft: Draft,
    budget_s: float = float("inf"),
    on_step: OnStep | None = None,
) -> DraftEvidence:
    """Read a draft's sentences and how sure each of them is.

    Samples are drawn where they take no longer than the budget, by the time of the first of them.
    """
    entry = model.evidence.confidence if model.evidence is not None else None
    if entry is None:
        return DraftEvidence(sentences_alone(model, draft), 0, "")
    texts = _samples(model, codes, context, entry, budget_s, on_step)
    found = said_sentences(model.bundle.vocabulary, draft.ids)
    sentences = tuple(_judged(one, draft, entry, texts) for one in found)
    return DraftEvidence(sentences, len(texts), withheld_for(sentences, entry))


def sentences_alone(model: Model, draft: Draft) -> tuple[SentenceEvidence, ...]:
    """Read a draft's sentences and how sure each is by its first word alone: nothing more is asked of the model.

    Of one that was sampled freely nothing is known: what confidence is read by was measured otherwise.
    """
    found = said_sentences(model.bundle.vocabulary, draft.ids)
    entry = model.evidence.confidence if model.evidence is not None else None
    if entry is None or model.free:
        return tuple(SentenceEvidence(one.text, None, None, False) for one in found)
    return tuple(_judged(one, draft, entry, ()) for one in found)


def withheld_for(sentences: Sequence[SentenceEvidence], entry: ConfidenceEntry) -> str:
    """Say why a draft of these sentences is withheld: none of them is likely enough to be true; else nothing."""
    best = max((one.confidence for one in sentences if one.confidence is not None), default=1.0)
    if best >= entry.withheld:
        return ""
    return (
        f"The draft is too weak to be shown: the likeliest of its sentences is held to be true with "
        f"{best:.0%}, and drafts below {entry.withheld:.0%} are withheld."
    )


def draft_prompt(model: Model, codes: Sequence[int], context: str | None) -> list[int]:
    """Give the prompt that a film's draft was made with."""
    instruction = model.bundle.manifest.instructions.report[0]
    return report_prompt(model.bundle.vocabulary, codes, instruction, context)


def falls(
    model: Model,
    codes: Sequence[int],
    context: str | None,
    ids: Sequence[int],
    on_step: OnStep | None = None,
    on_share: Callable[[float], None] | None = None,
) -> list[SentenceFalls]:
    """Put the film out block by block and give how far each sentence of a draft falls.

    `on_share` hears how much is done, 0 to 1.
    """
    sentences = said_sentences(model.bundle.vocabulary, ids)
    neutral, blocks = neutral_film(model), map_blocks(model).places()
    prompt = draft_prompt(model, codes, context)
    scorer = Scorer(model.backends.language, model.bundle.vocabulary, prompt, ids, sentences, on_step)
    base = scorer.score([], [])
    total, count = np.zeros((len(sentences), CODES_PER_IMAGE)), np.zeros(CODES_PER_IMAGE)
    for done, block in enumerate(reversed(blocks), 1):
        fall = base - scorer.score(block.tolist(), neutral[block].tolist())
        total[:, block] += fall[:, None]
        count[block] += 1
        if on_share is not None:
            on_share(done / len(blocks))
    means = total / count
    return [
        SentenceFalls(one.text, float(logs), tuple(round(float(value), 5) for value in row))
        for one, logs, row in zip(sentences, base, means, strict=True)
    ]


def neutral_film(model: Model) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Give the codes that blocks are put out with: the model's own neutral film, else a flat grey one."""
    entry = model.evidence.maps if model.evidence is not None else None
    if entry is not None:
        return np.array(entry.neutral, dtype=np.int64)
    spec = model.bundle.preprocessing
    grey = np.zeros((spec.channels, spec.side, spec.side), dtype=np.float32)
    return np.array(model.encode(grey), dtype=np.int64)


def map_blocks(model: Model) -> Blocks:
    """Give the blocks of the model's maps."""
    entry = model.evidence.maps if model.evidence is not None else None
    return Blocks() if entry is None else Blocks(entry.side, entry.stride)


def map_seconds(model: Model, codes: Sequence[int], context: str | None) -> float:
    """Estimate how long the maps of a film's draft take here, from one reading of its prompt.

    On the average a block leaves half of the prompt as it was.
    """
    began = time.perf_counter()
    model.backends.language.prefill([draft_prompt(model, codes, context)])
    once = time.perf_counter() - began
    return once * (1 + 0.6 * len(map_blocks(model).places()))


def draft_samples(
    model: Model,
    codes: Sequence[int],
    context: str | None,
    samples: int,
    temperature: float,
    on_step: OnStep | None = None,
) -> Iterator[str]:
    """Sample drafts of a film, as the model itself would say them: without the thresholds of its drafts.

    Those say how often a finding is named, not how likely it is.
    """
    sampling = replace(
        model.bundle.manifest.sampling.report, temperature=temperature, top_p=1.0, decision_bias={}
    )
    return sampled_texts(
        model.backends.language,
        model.bundle.vocabulary,
        draft_prompt(model, codes, context),
        sampling,
        range(_FIRST_SEED, _FIRST_SEED + samples),
        on_step,
    )


def _samples(
    model: Model,
    codes: Sequence[int],
    context: str | None,
    entry: ConfidenceEntry,
    budget_s: float,
    on_step: OnStep | None,
) -> list[str]:
    began = time.perf_counter()
    texts: list[str] = []
    for text in draft_samples(model, codes, context, entry.samples, entry.temperature, on_step):
        texts.append(text)
        if len(texts) == 1 and (time.perf_counter() - began) * entry.samples > budget_s:
            # Fewer samples than the calibration was made with would be read wrongly.
            return []
    return texts


def _judged(
    one: SaidSentence, draft: Draft, entry: ConfidenceEntry, texts: Sequence[str]
) -> SentenceEvidence:
    share = agreement(one.text, texts) if texts else None
    line = entry.sampled if texts else entry.alone
    value = score(draft.token_probabilities[one.first], share, len(texts))
    confidence = line.confidence(value, says_normal(one.text))
    return SentenceEvidence(one.text, round(confidence, 4), share, confidence < entry.weak)


def says_normal(sentence: str) -> bool:
    """Tell whether a sentence says that nothing is there."""
    return (NO_FINDING, True) in claims(sentence)
