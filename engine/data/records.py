"""One film as every later step sees it, whatever collection it came from, and the texts that belong to it.

Holds no pixels and no codes: `image` says where the pixels are, `key` is what codes and texts are found by.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "val", "test"]
TextKind = Literal["report", "worded"]

SPLITS: tuple[Split, ...] = ("train", "val", "test")
FRONTAL_VIEWS = frozenset({"PA", "AP", "FRONTAL"})
ADULT_YEARS = 18


@dataclass(frozen=True)
class FilmRecord:
    """One film: where its pixels are, whose it is, and what its source says about it.

    `key` is unique in a set. `patient` and `study` are the source's names, or hashes of them. `order` sorts a
    patient's studies by time and is "" where the source has none. `view` is a View Position ("PA", "AP", "LL",
    …), or "FRONTAL" or "LATERAL" where no more is known, or "". `age` is in years. `labels` are the positive
    findings; None where the source says nothing, which is not the same as none found. `report` is the whole
    text, `findings` and `impression` are its sections. `uncertain` are findings that the source leaves open.
    """

    key: str
    image: Path
    source: str
    patient: str
    study: str
    order: str
    view: str
    age: int | None
    sex: str
    labels: frozenset[str] | None
    report: str | None
    findings: str | None
    impression: str | None
    split: Split
    licence: str
    uncertain: frozenset[str] = frozenset()

    @property
    def adult(self) -> bool:
        """Tell whether the age is known and at least 18 years."""
        return self.age is not None and self.age >= ADULT_YEARS

    @property
    def frontal(self) -> bool:
        """Tell whether the source says that this is a PA or AP film."""
        return self.view in FRONTAL_VIEWS

    @property
    def normal(self) -> bool:
        """Tell whether the source's labels say No Finding."""
        return self.labels is not None and "No Finding" in self.labels


@dataclass(frozen=True)
class ReportText:
    """A text to train on with the film `key`: taken from its report, or worded from its labels."""

    key: str
    text: str
    kind: TextKind
    weight: float = 1.0


@dataclass(frozen=True)
class QuestionAnswer:
    """A question about the film `key` and its answer.

    `source` says what it was made from (report, labels, …), `generator` what made it (a model's name and
    version, or the rule set's), `licence` the terms that it stands under.
    """

    key: str
    question: str
    answer: str
    source: str
    generator: str
    licence: str
    weight: float = 1.0
