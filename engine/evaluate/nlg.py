"""Likeness of generated reports to reference reports, word by word (Table 5), through published libraries.

BLEU by sacrebleu, ROUGE-L by rouge-score, METEOR by NLTK, CIDEr by pycocoevalcap. Texts are lower-cased and
reduced to words first, one reference each. No metric is re-made here: where a library or METEOR's WordNet is
missing, the figure is not measured and says so.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluate.measured import Measured, library, not_measured
from engine.evaluate.statistics import DRAWS, WeightedStatistic, Weights, interval, mean_over

ORDERS = (1, 2, 3, 4)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
Words = list[list[str]]


def words(text: str) -> list[str]:
    """Split a report into lower-case words; punctuation and underscores go, as in the caption metrics."""
    return _WORD.findall(text.lower())


def nlg_metrics(
    generated: Sequence[str],
    references: Sequence[str],
    patients: Sequence[str],
    nltk_data: Path | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Measured]:
    """Give BLEU-1 to 4, METEOR, ROUGE-L and CIDEr with intervals by patient, in Table 5's order.

    `nltk_data` is a folder of NLTK's data that holds `corpora/wordnet`. Raises DataError where the
    texts don't pair up.
    """
    if not len(generated) == len(references) == len(patients):
        raise DataError(
            f"{len(generated)} generated texts, {len(references)} references and {len(patients)} patients don't "
            "pair up. Give one of each for every film."
        )
    said, meant = [words(text) for text in generated], [words(text) for text in references]

    def measured(name: str, statistic: WeightedStatistic, how: str) -> Measured:
        return Measured(name, interval(statistic, patients, draws, seed), how)

    figures = [measured(f"BLEU-{n}", bleu_over(said, meant, n), _bleu_how(n)) for n in ORDERS]
    figures.append(_each("METEOR", lambda: _meteor(said, meant, nltk_data), measured))
    figures.append(measured("ROUGE-L", mean_over(_rouge_l(said, meant)), _rouge_how()))
    figures.append(_each("CIDEr", lambda: _cider(said, meant), measured))
    return figures


def bleu_over(said: Words, meant: Words, order: int) -> WeightedStatistic:
    """Corpus BLEU up to one order of n-grams as a statistic of weights, from sacrebleu's counts per text."""
    from sacrebleu.metrics import BLEU

    metric = BLEU(max_ngram_order=order, tokenize="none", smooth_method="none", force=True)
    pairs = [
        metric.corpus_score([" ".join(one)], [[" ".join(other)]])
        for one, other in zip(said, meant, strict=True)
    ]
    counts = np.array(
        [[*pair.counts, *pair.totals, pair.sys_len, pair.ref_len] for pair in pairs], dtype=np.float64
    ).reshape(len(pairs), 2 * order + 2)

    def bleu(weights: Weights) -> NDArray[np.float64]:
        sums = (weights @ counts).round().astype(np.int64).tolist()
        scores = [
            BLEU.compute_bleu(
                row[:order], row[order : 2 * order], *row[2 * order :], "none", max_ngram_order=order
            ).score
            for row in sums
        ]
        return np.array(scores) / 100.0

    return bleu


class _Missing(Exception):
    """A metric's library or data isn't there; the message says what to do."""


def _each(
    name: str,
    scores: Callable[[], tuple[NDArray[np.float64], str]],
    measured: Callable[[str, WeightedStatistic, str], Measured],
) -> Measured:
    try:
        values, how = scores()
    except _Missing as reason:
        return not_measured(name, str(reason))
    return measured(name, mean_over(values), how)


def _rouge_l(said: Words, meant: Words) -> NDArray[np.float64]:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    pairs = zip(said, meant, strict=True)
    return np.array([scorer.score(" ".join(b), " ".join(a))["rougeL"].fmeasure for a, b in pairs])


def _meteor(said: Words, meant: Words, nltk_data: Path | None) -> tuple[NDArray[np.float64], str]:
    name = library("nltk")
    if name is None:
        raise _Missing("NLTK isn't installed; install the extra `train`.")
    corpus = Path("corpora") / "wordnet"
    if nltk_data is None or not (nltk_data / corpus / "data.noun").is_file():
        where = "no folder was given" if nltk_data is None else f"{nltk_data} holds no {corpus / 'data.noun'}"
        raise _Missing(
            f"METEOR needs NLTK's corpus `wordnet`, unpacked, and {where}. Give the `nltk_data` folder that holds "
            f"{corpus}."
        )
    import nltk.data
    from nltk.corpus import wordnet
    from nltk.translate.meteor_score import single_meteor_score

    if str(nltk_data) not in nltk.data.path:
        nltk.data.path.insert(0, str(nltk_data))
    values = [single_meteor_score(b, a, wordnet=wordnet) for a, b in zip(said, meant, strict=True)]
    return np.array(values), f"{name} with WordNet {wordnet.get_version()}, mean over texts"


def _cider(said: Words, meant: Words) -> tuple[NDArray[np.float64], str]:
    name = library("pycocoevalcap")
    if name is None:
        raise _Missing("pycocoevalcap isn't installed; install the extra `captions` (a wheel of 104 MB).")
    if len(said) < 2:
        raise _Missing("CIDEr weighs words by how rare they are among the references; one text isn't enough.")
    from pycocoevalcap.cider.cider_scorer import CiderScorer

    scorer = CiderScorer(n=4, sigma=6.0)
    for one, other in zip(said, meant, strict=True):
        scorer += (" ".join(one), [" ".join(other)])
    _, values = scorer.compute_score()
    return np.asarray(values, dtype=np.float64), (
        f"{name} (CIDEr-D, n-grams to 4, sigma 6, scale 10), rarities from these references"
    )


def _bleu_how(order: int) -> str:
    return f"{library('sacrebleu')}, corpus, n-grams to {order}, words in lower case, no smoothing"


def _rouge_how() -> str:
    return f"{library('rouge-score')}, F-measure, mean over texts, no stemming"
