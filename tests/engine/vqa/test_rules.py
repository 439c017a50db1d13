"""Questions from labels: 10,000 pairs say only what labels say, and yes and no weigh the same."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from engine.data.findings import JUDGED
from engine.data.records import FilmRecord
from engine.errors import SynthesisError
from engine.vqa.filters import same_question
from engine.vqa.rules import (
    HELD_OUT_QUESTIONS,
    OUTSIDE_ANSWER,
    TRAINING_QUESTIONS,
    RulePair,
    RuleSet,
    answer_says,
    make_pairs,
    question_and_answer,
    states_of,
)
from engine.vqa.wordings import ABNORMAL, BEYOND, KIND, NAMES, OPEN, OUTSIDE, OUTSIDE_NAMES, VIEW

UNSAID = re.compile(
    r"\b(left|right|bilateral|unilateral|side|sided|upper|lower|middle|lobe|apical|basal|basilar|hilar|"
    r"small|large|tiny|big|massive|moderate|mild|severe|minimal|slight|marked|extensive|size|cm|mm|"
    r"tube|line|catheter|pacemaker|device|devices|port|wire|drain|lead|clip|"
    r"unchanged|stable|prior|previous|new|worse|better|improved|interval|compared|again|increased|decreased|"
    r"acute|chronic|probable|possible|likely|follow|recommend)\b",
    re.IGNORECASE,
)
OTHER_FINDINGS = re.compile(
    r"pneumothora|nodule|mass|fracture|cardiomegaly|enlarged|consolidation|emphysema|fibrosis|hernia|thickening|"
    r"tubercul|covid|cancer|tumour|opacity|lesion|sarcoid|abscess|scoliosis|bronchiect|free air",
    re.IGNORECASE,
)
NIH_EXTRA = ("Cardiomegaly", "Nodule", "Pneumothorax", "Consolidation", "Hernia", "Mass")


def film(
    number: int, labels: frozenset[str] | None, source: str = "nih-cxr14", **values: object
) -> FilmRecord:
    given = {
        "key": f"{source}-{number}",
        "image": Path("film.png"),
        "source": source,
        "patient": str(number),
        "study": str(number),
        "order": "",
        "view": "PA",
        "age": 50,
        "sex": "F",
        "labels": labels,
        "report": None,
        "findings": None,
        "impression": None,
        "split": "train",
        "licence": "free",
    }
    return FilmRecord(**{**given, **values})  # type: ignore[arg-type]


def made_up_films(count: int, seed: int = 0) -> list[FilmRecord]:
    """Films of all sources with every combination of labels, views and ages."""
    random = np.random.default_rng(seed)
    films = []
    for number in range(count):
        draw = random.random()
        view, age = str(random.choice(["PA", "AP"])), int(random.integers(1, 90))
        if draw < 0.15:
            kind = ("Normal", "Pneumonia, bacterial", "Pneumonia, viral")[int(random.integers(3))]
            films.append(film(number, frozenset({kind}), "kermany", view="AP", age=None))
        elif draw < 0.25:
            labels = None if random.random() < 0.5 else frozenset({"Pleural Effusion", "Support Devices"})
            films.append(film(number, labels, "elsewhere", view=view, age=age))
        elif draw < 0.6:
            films.append(film(number, frozenset({"No Finding"}), view=view, age=age))
        else:
            options = JUDGED + NIH_EXTRA
            picked = random.choice(len(options), size=int(random.integers(1, 5)), replace=False)
            films.append(film(number, frozenset(options[i] for i in picked), view=view, age=age))
    return films


@pytest.fixture(scope="module")
def films() -> list[FilmRecord]:
    return made_up_films(1_700)


@pytest.fixture(scope="module")
def pairs(films: list[FilmRecord]) -> list[RulePair]:
    return make_pairs(films, RuleSet())[0]


def test_subjects_weigh_what_they_are_given(films: list[FilmRecord], pairs: list[RulePair]) -> None:
    heavier, _ = make_pairs(films, RuleSet(subject_weights={KIND: 6.0}))
    factors = {
        (new.subject == KIND, round(new.weight / old.weight, 6))
        for old, new in zip(pairs, heavier, strict=True)
    }
    assert factors == {(True, 6.0), (False, 1.0)}


@pytest.mark.parametrize("weights", [{"Mass": 2.0}, {KIND: 0.0}])
def test_an_impossible_weight_is_refused(weights: dict[str, float]) -> None:
    with pytest.raises(SynthesisError, match=f"weight .* for questions on '{next(iter(weights))}'"):
        RuleSet(subject_weights=weights)


def test_ten_thousand_pairs_hold_nothing_that_labels_do_not_say(pairs: list[RulePair]) -> None:
    assert len(pairs) >= 10_000
    assert [pair.answer for pair in pairs if UNSAID.search(pair.answer)] == []
    assert [pair.answer for pair in pairs if OTHER_FINDINGS.search(pair.answer)] == []
    # Questions on what labels can't say are asked on purpose; all others hold none of those words either.
    assert [pair.question for pair in pairs if pair.subject != BEYOND and UNSAID.search(pair.question)] == []
    assert {pair.answer for pair in pairs if pair.subject in (OUTSIDE, BEYOND)} == {OUTSIDE_ANSWER}
    assert all(pair.subject == OUTSIDE for pair in pairs if OTHER_FINDINGS.search(pair.question))


def test_every_answer_is_what_the_film_is_labelled_with(
    films: list[FilmRecord], pairs: list[RulePair]
) -> None:
    """Judge the answers by the labels, with no help from the rules' own reading of them."""
    labels = {record.key: record.labels or frozenset() for record in films}
    names = {name.lower(): name for name in JUDGED}
    for pair in pairs:
        own = {name.split(",")[0].replace("Pleural ", "") for name in labels[pair.key]}
        normal = bool(own & {"No Finding", "Normal"})
        said = {names[word] for word in re.findall(r"\w+", pair.answer.lower()) if word in names}
        if pair.subject in JUDGED:
            assert said == {pair.subject}
            asks_absence = bool(re.search(r"\b(free|without|absent|rule|ruled|exclude)\b", pair.question))
            assert answer_says(pair.answer) == ("yes" if (pair.subject in own) != asks_absence else "no")
            assert (" no " in pair.answer) == (pair.subject not in own)
            assert pair.key.startswith(("nih", "kermany")) or pair.subject in own or normal
        elif pair.subject == ABNORMAL:
            assert ("film is normal" in pair.answer) is normal
            asks_normal = {each.question: each.yes_means for each in TRAINING_QUESTIONS[ABNORMAL]}[
                pair.question
            ] is False
            assert answer_says(pair.answer) == ("yes" if normal == asks_normal else "no")
        elif pair.subject == OPEN:
            assert said == own & set(JUDGED) and (pair.answer == "No abnormal finding.") is normal
        elif pair.subject == KIND:
            word = "neither" if normal else next(iter(labels[pair.key])).split(", ")[1]
            assert pair.key.startswith("kermany") and word in pair.answer.lower()
            assert said == ({"Pneumonia"} if not normal else set())


def test_no_finding_is_denied_that_the_labels_leave_open() -> None:
    child = film(1, frozenset({"Pneumonia, viral"}), "kermany", view="AP", age=None)
    assert set(states_of(child, RuleSet())) == {VIEW, ABNORMAL, OPEN, "Pneumonia", KIND}
    stranger = film(1, frozenset({"Pleural Effusion"}), "elsewhere")
    assert states_of(stranger, RuleSet()) == {VIEW: "PA", ABNORMAL: "yes", OPEN: "yes", "Effusion": "yes"}
    for labels in (
        None,
        frozenset[str](),
        frozenset({"No Finding", "Pneumonia"}),
        frozenset({"Support Devices"}),
    ):
        assert states_of(film(1, labels), RuleSet()) == {VIEW: "PA"}


def test_fewer_judged_findings_are_the_only_ones_spoken_of(films: list[FilmRecord]) -> None:
    pairs, _ = make_pairs(films, RuleSet(judged=("Effusion",)))
    answers = {pair.answer for pair in pairs if not pair.key.startswith("kermany")}
    assert not any(re.search("pneumonia|infiltr|atelect|edema", answer, re.IGNORECASE) for answer in answers)
    assert {pair.subject for pair in pairs} & set(JUDGED) == {"Effusion"}


def test_states_weigh_the_same_in_every_stratum(films: list[FilmRecord], pairs: list[RulePair]) -> None:
    record_of = {record.key: record for record in films}
    totals: dict[tuple[str, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for pair in pairs:
        record = record_of[pair.key]
        if pair.state != OUTSIDE:
            # Bands are cut here as the prompt's context cuts them.
            band = "?" if record.age is None else str(sum(record.age >= limit for limit in (18, 40, 60)))
            view = "" if pair.subject == VIEW else record.view
            totals[pair.subject, record.source, view, band][pair.state] += pair.weight
    assert {subject for subject, *_ in totals} == {*JUDGED, ABNORMAL, OPEN, VIEW, KIND}
    for stratum, weights in totals.items():
        assert len(weights) > 1, stratum
        assert np.allclose(list(weights.values()), next(iter(weights.values()))), stratum
    assert max(pair.weight for pair in pairs) <= 10


def test_rare_yes_is_capped_and_no_is_weighed_down_to_it() -> None:
    films = [film(n, frozenset({"Edema"} if n == 0 else {"No Finding"})) for n in range(100)]
    pairs = [pair for pair in make_pairs(films, RuleSet(max_weight=5))[0] if pair.subject == "Edema"]
    assert [pair.weight for pair in pairs if pair.state == "yes"] == [5]
    assert sum(pair.weight for pair in pairs if pair.state == "no") == pytest.approx(5)


def test_drops_are_counted() -> None:
    films = [film(1, frozenset({"No Finding"})), film(2, None), film(3, frozenset({"No Finding", "Edema"}))]
    pairs, dropped = make_pairs(films, RuleSet())
    assert {pair.subject for pair in pairs} == {OUTSIDE, BEYOND}
    assert dropped == {"film without usable labels": 2, "subject with one answer only in its stratum": 8}


def test_pairs_depend_on_seed_and_film_alone(films: list[FilmRecord]) -> None:
    some, again = films[:300], list(reversed(films[:300]))
    assert make_pairs(some, RuleSet(seed=3)) == make_pairs(again, RuleSet(seed=3))
    assert make_pairs(some, RuleSet(seed=3)) != make_pairs(some, RuleSet(seed=4))
    alone = {p.question for p in make_pairs(some[:1], RuleSet())[0]}
    assert alone <= {p.question for p in make_pairs(some, RuleSet())[0] if p.key == some[0].key}


def test_a_film_is_asked_in_several_wordings(films: list[FilmRecord]) -> None:
    one, _ = make_pairs(films[:300], RuleSet())
    many, _ = make_pairs(films[:300], RuleSet(per_subject=4))
    asked = [pair for pair in many if pair.subject in JUDGED]
    assert len(asked) > 3.5 * sum(pair.subject in JUDGED for pair in one)
    states: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pair in asked:
        states[pair.key, pair.subject].add(pair.state)
    assert all(len(found) == 1 for found in states.values())


def test_no_film_is_asked_the_same_twice(films: list[FilmRecord]) -> None:
    pairs, _ = make_pairs(films[:500], RuleSet(per_subject=8, outside_per_film=8, beyond_per_film=8))
    asked = [(pair.key, same_question(pair.question)) for pair in pairs]
    assert len(asked) == len(set(asked))


def test_training_and_held_out_wordings_are_apart(films: list[FilmRecord]) -> None:
    seen = {same_question(asked.question) for asked in itertools.chain(*TRAINING_QUESTIONS.values())}
    held = {same_question(asked.question) for asked in itertools.chain(*HELD_OUT_QUESTIONS.values())}
    assert seen and held and not seen & held
    assert set(HELD_OUT_QUESTIONS) == {*JUDGED, ABNORMAL, OPEN, VIEW, KIND, OUTSIDE, BEYOND}
    assert all(len(questions) >= 2 for questions in HELD_OUT_QUESTIONS.values())
    assert not set(OUTSIDE_NAMES["training"]) & set(OUTSIDE_NAMES["held-out"])
    for wordings, allowed in (("training", seen), ("held-out", held)):
        pairs, _ = make_pairs(films[:400], RuleSet(wordings=wordings))  # type: ignore[arg-type]
        assert {same_question(pair.question) for pair in pairs} <= allowed


def test_every_name_of_a_finding_is_asked_in_both_lists() -> None:
    for finding, names in NAMES.items():
        for questions in (TRAINING_QUESTIONS, HELD_OUT_QUESTIONS):
            texts = [asked.question.lower() for asked in questions[finding]]
            assert all(any(name in text for text in texts) for name in names)


def test_one_question_can_be_drawn_for_a_film() -> None:
    random = np.random.default_rng(0)
    said = {
        question_and_answer(film(1, frozenset({"Edema"})), "Edema", RuleSet(), random).answer
        for _ in range(40)
    }
    assert said == {"Yes, there is pulmonary edema.", "No, there is pulmonary edema."}
    assert question_and_answer(film(1, None), OUTSIDE, RuleSet(), random).answer == OUTSIDE_ANSWER
    with pytest.raises(SynthesisError, match="Edema"):
        question_and_answer(film(1, None), "Edema", RuleSet(), random)


def test_answers_are_read_back() -> None:
    texts = {
        "Yes, there is edema.": "yes",
        "no": "no",
        OUTSIDE_ANSWER: "outside",
        "The film is normal.": None,
    }
    assert {text: answer_says(text) for text in texts} == texts
    assert answer_says("  ") is None


@pytest.mark.parametrize("wrong", [{"judged": ("Nodule",)}, {"schemes": {"nih": "unknown"}}])
def test_what_has_no_words_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SynthesisError, match=r"Nodule|unknown"):
        RuleSet(**wrong)  # type: ignore[arg-type]
