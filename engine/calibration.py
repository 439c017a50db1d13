"""The thresholds of a draft's decisions, fixed on validation films and stored with the model.

A draft decides at the start of each sentence: normal or a finding, then another finding or the end. Greedy text
drops what is rare; a bias on the first token of each sentence moves those thresholds without touching a
weight. Which finding a film has is not asked here: some have four validation films, and thresholds fitted to four
films don't hold for others. They only say how often a finding is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.templates import JUDGED, NORMAL, PREDICATES, SUBJECTS, Labelled, is_normal, judged_findings
from engine.lm.vocabulary import Vocabulary
from engine.runtime.backend import LanguageBackend
from engine.runtime.sampling import log_softmax, text_mask

NO = "No"
# What may follow: normal (at the start alone), a finding, or the end of the text.
CHOICES = (NO, *JUDGED, "end")
_GRID = np.arange(-3.0, 6.01, 0.25)
_ROUNDS = 4
# A bias must earn its size: this much of the score for each unit of it.
_PENALTY = 0.002
# An abnormal draft names a finding this many times as often as the training labels do. The best F1 of an uncertain
# finding lies above 1, and is flat from 1.25 to 2; answers that are led by drafts are better for more.
NAMED = 2.0

Said = tuple[str, ...]
Table = dict[Said, NDArray[np.float64]]


@dataclass(frozen=True)
class Thresholds:
    """The biases by the text whose first token they move, and the figures they gave on the films."""

    decision_bias: dict[str, float]
    balanced_accuracy: float
    macro_f1: float
    films: int


def fit_thresholds(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompts: Sequence[list[int]],
    rows: Sequence[Labelled],
    shares: Mapping[str, float],
) -> Thresholds:
    """Choose the biases for the validation films `rows`, given as the prompts of their drafts.

    First the findings' by how often drafts of the abnormal ones name them, `shares` being their shares of the
    abnormal training films; then the one between normal and abnormal, which weigh alike.
    """
    tables = [decisions(backend, vocabulary, prompt) for prompt in prompts]
    truth = np.array(
        [[not is_normal(row), *(name in judged_findings(row) for name in JUDGED)] for row in rows]
    )
    bias = np.zeros(len(CHOICES))
    abnormal = [table for table, ill in zip(tables, truth[:, 0], strict=True) if ill]
    for name in JUDGED * _ROUNDS if abnormal else ():
        _name_as_often(bias, abnormal, name, min(1.0, NAMED * shares.get(name, 0.0)))
    bias[CHOICES.index(NO)] = _line(bias, [table[()] for table in tables], truth[:, 0])
    said = _drafts(tables, bias)
    return Thresholds(
        decision_bias(bias),
        balanced_accuracy(said[:, 0], truth[:, 0]),
        macro_f1(said[:, 1:], truth[:, 1:]),
        len(rows),
    )


def fit_line(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompts: Sequence[list[int]],
    rows: Sequence[Labelled],
    found: Thresholds,
) -> dict[str, float]:
    """Choose the line between normal and abnormal for films of another age, where findings keep their biases."""
    bias = np.array([found.decision_bias.get(SUBJECTS.get(name, ""), 0.0) for name in CHOICES])
    openings = [_logs(backend.prefill([prompt])[0], vocabulary, ()) for prompt in prompts]
    return {NO: _line(bias, openings, np.array([not is_normal(row) for row in rows]))}


def shares_named(rows: Sequence[Labelled]) -> dict[str, float]:
    """Give each judged finding's share of the abnormal films among these; nothing where there are none."""
    found = [judged_findings(row) for row in rows if not is_normal(row)]
    return {name: sum(name in names for names in found) / len(found) for name in JUDGED if found}


def decision_bias(bias: NDArray[np.float64]) -> dict[str, float]:
    """Name the texts whose first token each bias of CHOICES moves: a finding's at the start and later on."""
    values = dict(zip(CHOICES, bias.tolist(), strict=True))
    texts = {NO: values[NO]}
    for name in JUDGED:
        texts |= {SUBJECTS[name]: values[name], f" {SUBJECTS[name]}": values[name]}
    return {text: value for text, value in texts.items() if value}


def decisions(backend: LanguageBackend, vocabulary: Vocabulary, prompt: list[int]) -> Table:
    """Give the log-probabilities of CHOICES after every row of findings that a draft could have said.

    Findings come in the order of JUDGED; what can't follow is minus infinity.
    """
    table: Table = {}

    def visit(said: Said, logits: NDArray[np.floating]) -> None:
        table[said] = _logs(logits, vocabulary, said)
        length = int(backend.lengths[0])
        for name in _later(said):
            visit((*said, name), backend.score([_sentence(vocabulary, name, said)], keep=1)[0, 0])
            backend.reset([0], length)

    visit((), backend.prefill([prompt])[0])
    return table


def _logs(logits: NDArray[np.floating], vocabulary: Vocabulary, said: Said) -> NDArray[np.float64]:
    """Read the log-probabilities of CHOICES, after what was said, off logits [V]."""
    logs = log_softmax(logits, text_mask(vocabulary))
    values = np.full(len(CHOICES), -np.inf)
    for name in _later(said):
        values[CHOICES.index(name)] = logs[_sentence(vocabulary, name, said)[0]]
    stop, text = ("end", "\n\n") if said else (NO, NORMAL[0])
    values[CHOICES.index(stop)] = logs[vocabulary.encode(text)[0]]
    return values


def _later(said: Said) -> tuple[str, ...]:
    return JUDGED[JUDGED.index(said[-1]) + 1 :] if said else JUDGED


def _sentence(vocabulary: Vocabulary, name: str, said: Said) -> list[int]:
    return vocabulary.encode(f"{' ' if said else ''}{SUBJECTS[name]} {PREDICATES[0]}")


def drafted(table: Table, bias: NDArray[np.float64]) -> Said:
    """Give the findings that a greedy draft names under a bias for CHOICES; none is a normal draft."""
    said: Said = ()
    while True:
        choice = CHOICES[int((table[said] + bias).argmax())]
        if choice in (NO, "end"):
            return said
        said = (*said, choice)


def balanced_accuracy(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Give the mean of sensitivity and specificity; of one alone where the other has no film."""
    rates = [float((said[truth == side] == side).mean()) for side in (True, False) if (truth == side).any()]
    return float(np.mean(rates))


def macro_f1(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Give the mean F1 over the columns [N, findings]; a finding that nobody has or says counts as 0."""
    both, total = (said & truth).sum(axis=0), said.sum(axis=0) + truth.sum(axis=0)
    return float(np.mean(2 * both / np.maximum(total, 1)))


def _drafts(tables: Sequence[Table], bias: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[N, 1 + findings]: abnormal, then each finding, as the drafts say."""
    said = [drafted(table, bias) for table in tables]
    return np.array([[bool(names), *(name in names for name in JUDGED)] for names in said])


def _name_as_often(bias: NDArray[np.float64], tables: Sequence[Table], name: str, share: float) -> None:
    """Set a finding's bias so that about this share of the drafts names it, were none of them normal."""
    place, line = CHOICES.index(name), CHOICES.index(NO)
    tried = bias.copy()
    tried[line] = -np.inf
    far = []
    for value in _GRID:
        tried[place] = value
        named = _drafts(tables, tried)[:, place].mean()
        far.append(abs(float(named) - share) + _PENALTY * abs(float(value)))
    bias[place] = _GRID[int(np.argmin(far))]


def _line(
    bias: NDArray[np.float64], openings: Sequence[NDArray[np.float64]], abnormal: NDArray[np.bool_]
) -> float:
    """Give the bias of a normal draft at which a logistic model, both kinds weighing alike, calls a film abnormal.

    `openings` are the log-probabilities of CHOICES at each draft's start, `abnormal` [N] is the truth. The best
    threshold among the films themselves holds less well for others. 0 where the films are all of one kind.
    """
    from sklearn.linear_model import LogisticRegression

    if abnormal.all() or not abnormal.any():
        return 0.0
    logs, line = np.stack(openings) + bias, CHOICES.index(NO)
    over = np.delete(logs, line, axis=1).max(axis=1) - np.stack(openings)[:, line]
    fitted = LogisticRegression(C=10.0, class_weight="balanced").fit(over[:, None], abnormal)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return round(-intercept / slope, 2) if slope > 0 else 0.0
