"""Questions on report texts instead of films: plain language from which a small model learns to read questions.

A base model of the paper's size can read. A new network of a few million parameters has to learn it, and from
films that is slow: of an example's 330 tokens only a few are words. Here a worded text stands where the film
would, and question and answer are those of the rules. Nothing is said that a film could teach.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data.findings import JUDGED
from engine.data.plain_language import PAIRS, REPEATED_WORDS, repeat_pair
from engine.data.records import FilmRecord
from engine.data.templates import NORMAL, PREDICATES, context_line, worded
from engine.safe_write import replacing
from engine.vqa.rules import RuleSet, question_and_answer
from engine.vqa.settings import TextPairSettings
from engine.vqa.wordings import ABNORMAL, BEYOND, OPEN, OUTSIDE

# Findings are asked for more often than all else.
_SUBJECTS = {**dict.fromkeys(JUDGED, 0.13), ABNORMAL: 0.17, OPEN: 0.07, OUTSIDE: 0.06, BEYOND: 0.05}
_OTHERS = 0.3
_SOURCE = "nih-cxr14"


@dataclass(frozen=True)
class TextPair:
    """A question or instruction, the text that it is about (or none), and the response."""

    instruction: str
    context: str
    response: str


def write_text_pairs(settings: TextPairSettings) -> int:
    """Write the pairs in the layout of databricks-dolly-15k.jsonl, and give their number."""
    pairs = [*own_pairs(), *text_pairs(settings.count, settings.seed)]
    with replacing(settings.out) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for pair in pairs:
            stream.write(json.dumps({**vars(pair), "category": "closed_qa"}, ensure_ascii=False) + "\n")
    return len(pairs)


def own_pairs() -> Iterator[TextPair]:
    """Give the project's own plain-language pairs."""
    for prompt, answer in PAIRS:
        yield TextPair(prompt, "", answer)
    for word in REPEATED_WORDS:
        yield TextPair(*repeat_pair(word))


def text_pairs(count: int, seed: int) -> Iterator[TextPair]:
    """Make questions on texts. A finding that is asked for is in every second text.

    Sets of findings are drawn evenly, unlike those of films, so that nothing but the text tells the answer.
    """
    rules, subjects = RuleSet(), list(_SUBJECTS)
    shares = np.array(list(_SUBJECTS.values())) / sum(_SUBJECTS.values())
    for number in range(count):
        random = np.random.default_rng([seed, number])
        subject = str(random.choice(subjects, p=shares))
        found = _findings(subject, random)
        text = worded(found, str(random.choice(PREDICATES))) if found else str(random.choice(NORMAL))
        if random.random() < 0.5:
            told = context_line(str(random.choice(["PA", "AP"])), int(random.integers(1, 90)))
            text = f"{told}\n{text}"
        pair = question_and_answer(_record(number, found), subject, rules, random)
        yield TextPair(pair.question, text, pair.answer)


def _findings(subject: str, random: np.random.Generator) -> tuple[str, ...]:
    """Draw the findings of a text: the one that is asked for, or else any at all, in every second."""
    if subject in JUDGED:
        return tuple(name for name in JUDGED if random.random() < (0.5 if name == subject else _OTHERS))
    if random.random() < 0.5:
        return ()
    drawn = random.choice(len(JUDGED), size=int(random.integers(1, 4)), replace=False)
    return tuple(JUDGED[place] for place in sorted(drawn))


def _record(number: int, found: tuple[str, ...]) -> FilmRecord:
    """Give a film that would have these findings; it has no pixels and is in no set."""
    return FilmRecord(
        key=str(number), image=Path(), source=_SOURCE, patient="", study="", order="", view="", age=None, sex="",
        labels=frozenset(found or {"No Finding"}), report=None, findings=None, impression=None, split="train",
        licence="",
    )  # fmt: skip
