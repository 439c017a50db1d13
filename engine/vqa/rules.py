"""Question-answer pairs from labels by rules, without a language model.

An answer states only what a film's labels say: no side, size, severity, device or comparison, and it affirms
or denies no finding outside the judged ones; a question that labels can't answer gets OUTSIDE_ANSWER. Yes and
no weigh the same for every subject within source × view × age band × split, so that the question together
with what is known of the film gives nothing away. Which wordings there are stands in `engine.vqa.wordings`.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.data.findings import JUDGED, NOT_FINDINGS, OTHER_NAMES
from engine.data.records import FilmRecord
from engine.data.templates import age_band
from engine.errors import SynthesisError
from engine.vqa.wordings import (
    ABNORMAL,
    BEYOND,
    HELD_OUT_QUESTIONS,
    KIND,
    OPEN,
    OUTSIDE,
    TRAINING_QUESTIONS,
    VIEW,
    Asked,
    Wordings,
)

__all__ = [
    "HELD_OUT_QUESTIONS",
    "OUTSIDE_ANSWER",
    "SCHEMES",
    "TRAINING_QUESTIONS",
    "RulePair",
    "RuleSet",
    "answer_says",
    "make_pairs",
    "question_and_answer",
    "states_of",
]

_OPPOSITE_SHARE = 0.3
RULES_VERSION = "rules-2"
OUTSIDE_ANSWER = "That is outside what this model judges."
YES, NO = "yes", "no"

_WORD = {"Edema": "pulmonary edema", "Effusion": "pleural effusion"}
_VIEW_WORD = {"PA": "posteroanterior", "AP": "anteroposterior"}


@dataclass(frozen=True)
class Scheme:
    """What the labels of a source mean.

    `findings` maps its labels to judged findings. Where it is `complete`, a finding of the scheme that a film
    isn't labelled with is denied; else only films labelled normal deny findings.
    """

    normal: str
    findings: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False


SCHEMES: dict[str, Scheme] = {
    "nih": Scheme("No Finding", {name: name for name in JUDGED}, complete=True),
    "kermany": Scheme(
        "Normal",
        {"Pneumonia, bacterial": "Pneumonia", "Pneumonia, viral": "Pneumonia"},
        kinds={"Pneumonia, bacterial": "bacterial", "Pneumonia, viral": "viral"},
        complete=True,
    ),
    "positives": Scheme("No Finding", {**{name: name for name in JUDGED}, **OTHER_NAMES}),
}


@dataclass(frozen=True)
class RuleSet:
    """How pairs are made. `schemes` names the scheme of each source; other sources have `positives`.

    `per_subject`, `outside_per_film` and `beyond_per_film` are draws; a wording drawn twice counts once.
    `subject_weights` are factors on the pairs of a subject; 1 where it isn't named.
    """

    judged: tuple[str, ...] = JUDGED
    schemes: Mapping[str, str] = field(default_factory=lambda: {"nih-cxr14": "nih", "kermany": "kermany"})
    wordings: Wordings = "training"
    per_subject: int = 1
    subject_weights: Mapping[str, float] = field(default_factory=dict)
    outside_per_film: int = 1
    beyond_per_film: int = 1
    max_weight: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise SynthesisError for a finding without wordings, a scheme that there isn't, or a weight of nothing."""
        for name in self.judged:
            if name not in JUDGED:
                raise SynthesisError(
                    f"No questions are worded for the finding {name!r}. Choose from {', '.join(JUDGED)}."
                )
        for name in self.schemes.values():
            if name not in SCHEMES:
                raise SynthesisError(f"There is no label scheme {name!r}. Choose from {', '.join(SCHEMES)}.")
        for name, weight in self.subject_weights.items():
            if name not in TRAINING_QUESTIONS or not weight > 0:
                raise SynthesisError(
                    f"The weight {weight} for questions on {name!r} isn't possible. Give a number above 0 to one of "
                    f"{', '.join(TRAINING_QUESTIONS)}."
                )

    def scheme(self, source: str) -> Scheme:
        """Give the scheme of a source's labels."""
        return SCHEMES[self.schemes.get(source, "positives")]


@dataclass(frozen=True)
class RulePair:
    """A question on a subject and its answer; `state` is what the labels say: yes, no, or a word of theirs."""

    key: str
    question: str
    answer: str
    subject: str
    state: str
    weight: float = 1.0


def states_of(record: FilmRecord, rules: RuleSet) -> dict[str, str]:
    """Tell what a film's labels say to each subject: "yes" or "no" for findings and ABNORMAL, else a word.

    Subjects that the labels leave open are missing. A film without labels, or with labels that contradict
    each other (normal and a finding), has at most its VIEW.
    """
    states = {VIEW: record.view} if record.view in _VIEW_WORD else {}
    scheme = rules.scheme(record.source)
    labels = (record.labels or frozenset()) - NOT_FINDINGS
    normal = scheme.normal in labels
    if not labels or (normal and len(labels) > 1):
        return states
    present = {scheme.findings[label] for label in labels if label in scheme.findings}
    deniable = set(scheme.findings.values()) if scheme.complete or normal else set()
    states[ABNORMAL] = NO if normal else YES
    states[OPEN] = NO if normal else YES
    for name in rules.judged:
        if name in present:
            states[name] = YES
        elif name in deniable:
            states[name] = NO
    kinds = sorted({scheme.kinds[label] for label in labels if label in scheme.kinds})
    if len(kinds) == 1:
        states[KIND] = kinds[0]
    elif normal and scheme.kinds:
        states[KIND] = "neither"
    return states


def make_pairs(records: Iterable[FilmRecord], rules: RuleSet) -> tuple[list[RulePair], dict[str, int]]:
    """Word the pairs of all films, weighted; give them and how many were dropped for which reason.

    Each film has its own random numbers from the seed and its key, so that other films don't change its pairs.
    """
    strata: dict[tuple[str, ...], list[RulePair]] = defaultdict(list)
    dropped: Counter[str] = Counter()
    for record in records:
        random = _random_of(rules.seed, record.key)
        states = states_of(record, rules)
        if ABNORMAL not in states:
            dropped["film without usable labels"] += 1
            continue
        counts = dict.fromkeys(states, rules.per_subject)
        counts |= {OUTSIDE: rules.outside_per_film, BEYOND: rules.beyond_per_film}
        for subject, count in counts.items():
            drawn = [_pair(record, subject, states, rules, random) for _ in range(count)]
            place = (subject,) if subject in (OUTSIDE, BEYOND) else _stratum(record, subject)
            strata[place] += {pair.question: pair for pair in drawn}.values()
    balanced: list[RulePair] = []
    for (subject, *_), pairs in strata.items():
        weighted = _balanced(pairs, rules.max_weight, rules.subject_weights.get(subject, 1.0))
        dropped["subject with one answer only in its stratum"] += len(pairs) - len(weighted)
        balanced += weighted
    balanced.sort(key=lambda pair: (pair.key, pair.subject, pair.question))
    return balanced, {reason: count for reason, count in dropped.items() if count}


def question_and_answer(
    record: FilmRecord, subject: str, rules: RuleSet, random: np.random.Generator
) -> RulePair:
    """Word one question on a subject and the answer that the film's labels give.

    Raises SynthesisError where the labels don't answer to the subject (see `states_of`).
    """
    states = states_of(record, rules)
    if subject not in states and subject not in (OUTSIDE, BEYOND):
        raise SynthesisError(f"The film's labels don't answer to {subject!r}. Ask only what states_of names.")
    return _pair(record, subject, states, rules, random)


def answer_says(answer: str) -> str | None:
    """Read an answer back: "yes", "no", "outside", or None for any other (also open) text."""
    if answer.strip() == OUTSIDE_ANSWER:
        return OUTSIDE
    first = answer.strip().split(maxsplit=1)[:1]
    return {"yes": YES, "no": NO}.get(first[0].strip(".,;:").lower()) if first else None


def _pair(
    record: FilmRecord, subject: str, states: Mapping[str, str], rules: RuleSet, random: np.random.Generator
) -> RulePair:
    questions = TRAINING_QUESTIONS if rules.wordings == "training" else HELD_OUT_QUESTIONS
    options = questions[subject]
    if subject == BEYOND and not rules.scheme(record.source).kinds:
        options = options + questions[KIND]  # the labels of other sources don't tell kinds of pneumonia apart
    asked = _drawn(options, random)
    state = states.get(subject, OUTSIDE)
    return RulePair(record.key, asked.question, _answer(subject, state, asked, states, rules), subject, state)


def _drawn(options: Sequence[Asked], random: np.random.Generator) -> Asked:
    """Draw a wording, of those to which yes means the opposite more than there are of them.

    They are few, and what they ask can't be told from the film and the finding's name alone.
    """
    opposite = [asked for asked in options if not asked.yes_means]
    if opposite and random.random() < _OPPOSITE_SHARE:
        options = opposite
    return options[int(random.integers(len(options)))]


def _answer(subject: str, state: str, asked: Asked, states: Mapping[str, str], rules: RuleSet) -> str:
    if subject in (OUTSIDE, BEYOND):
        return OUTSIDE_ANSWER
    if subject == VIEW:
        return f"The view is {_VIEW_WORD[state]}."
    if subject == KIND:
        return "Neither, the film is normal." if state == "neither" else f"The pneumonia is {state}."
    if subject == OPEN:
        return _open_answer(states, rules)
    word = "Yes" if (state == YES) == asked.yes_means else "No"
    if subject == ABNORMAL:
        return f"{word}, the film is {'abnormal' if state == YES else 'normal'}."
    return f"{word}, there is {'' if state == YES else 'no '}{_WORD.get(subject, subject.lower())}."


def _open_answer(states: Mapping[str, str], rules: RuleSet) -> str:
    """One sentence for each finding; the first word holds the decision, as in the drafts."""
    if states[OPEN] == NO:
        return "No abnormal finding."
    words = [_WORD.get(name, name.lower()) for name in rules.judged if states.get(name) == YES]
    return " ".join(f"{word.capitalize()} is present." for word in words) or "The film is abnormal."


def _stratum(record: FilmRecord, subject: str) -> tuple[str, ...]:
    # The view is what is asked for VIEW, so it can't be part of that stratum.
    view = "" if subject == VIEW else record.view
    return subject, record.split, record.source, view, age_band(record.age)


def _balanced(pairs: Sequence[RulePair], max_weight: float, factor: float = 1.0) -> list[RulePair]:
    """Give every state of one stratum the same total weight, times `factor`; none where there is only one state.

    A rare state's pairs weigh at most `max_weight`; the other states are then weighed down to its total.
    """
    if pairs[0].state == OUTSIDE:
        return list(pairs)
    counts = Counter(pair.state for pair in pairs)
    if len(counts) < 2:
        return []
    total = min(len(pairs) / len(counts), max_weight * min(counts.values()))
    return [replace(pair, weight=factor * total / counts[pair.state]) for pair in pairs]


def _random_of(seed: int, key: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big"))
