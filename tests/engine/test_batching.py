"""Continuous batching: every request's answer is the one it gets alone, whatever stands in the other rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.bundle import Bundle, Sampling
from engine.errors import BackendError, EngineError, GenerationError
from engine.lm.prompt import answer_prompt, report_prompt
from engine.model import Draft, Model
from engine.runtime.backend import LanguageBackend
from engine.runtime.batching import TextBatch, TextRequest, generate_texts
from engine.runtime.generation import TextAnswer, generate_text
from engine.runtime.select import open_backends
from engine.together import TaskBatch

SAMPLED = Sampling(temperature=1.0, top_p=0.95, max_new_tokens=40)


@pytest.fixture(params=["onnxruntime", "torch"])
def language(request: pytest.FixtureRequest, tiny: Bundle) -> LanguageBackend:
    return open_backends(tiny, request.param, threads=1).language


def ragged(bundle: Bundle, count: int) -> list[TextRequest]:
    """Prompts of different lengths, each with a seed of its own; answers end where the model ends them."""
    generator = np.random.default_rng(3)
    questions = ["What?", "Is the heart larger than it should be, or isn't it?", "Is there an effusion?"]
    requests = []
    for number in range(count):
        codes = generator.integers(0, 1024, 256).tolist()
        prompt = answer_prompt(bundle.vocabulary, questions[number % 3] * (1 + number % 4), codes)
        requests.append(TextRequest(prompt, replace(SAMPLED, seed=number, free=number % 5 == 4)))
    return requests


def alone(language: LanguageBackend, bundle: Bundle, request: TextRequest) -> TextAnswer | EngineError:
    try:
        return generate_text(language, bundle.vocabulary, request.prompt, request.sampling)
    except EngineError as error:
        return error


def same(first: TextAnswer | EngineError, second: TextAnswer | EngineError) -> bool:
    if isinstance(first, EngineError) or isinstance(second, EngineError):
        return type(first) is type(second) and str(first) == str(second)
    near = np.abs(np.array(first.token_probabilities) - np.array(second.token_probabilities)).max() < 1e-5
    return bool(near) and replace(first, token_probabilities=()) == replace(second, token_probabilities=())


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_texts_are_those_of_each_request_alone(tiny: Bundle, language: LanguageBackend, rows: int) -> None:
    requests = ragged(tiny, 11)
    expected = [alone(language, tiny, request) for request in requests]
    assert len({answer.text for answer in expected if isinstance(answer, TextAnswer)}) > 5
    said = dict(generate_texts(language, tiny.vocabulary, requests, rows))
    assert sorted(said) == list(range(11))
    assert all(same(said[place], answer) for place, answer in enumerate(expected))


def test_a_fault_is_one_requests_own(tiny: Bundle, language: LanguageBackend) -> None:
    good = ragged(tiny, 4)
    room = tiny.manifest.language_model.max_positions
    filling = TextRequest([5] * (room - 3), replace(SAMPLED, seed=2))
    requests = [
        good[0],
        TextRequest([], SAMPLED),
        TextRequest([5] * (room + 1), SAMPLED),
        good[1],
        TextRequest([5, 99_999], SAMPLED),
        TextRequest([5, 6], replace(SAMPLED, top_p=0.0)),
        filling,
        TextRequest([5] * room, SAMPLED),
        *good[2:],
    ]
    expected = [alone(language, tiny, request) for request in requests]
    assert [type(answer) for answer in expected].count(BackendError) == 3
    assert GenerationError in [type(answer) for answer in expected]
    said = dict(generate_texts(language, tiny.vocabulary, requests, rows=3))
    for place, answer in enumerate(expected):
        assert same(said[place], answer), place


def test_results_come_as_they_end_and_rows_are_given_on(tiny: Bundle) -> None:
    language = open_backends(tiny, threads=1).language
    long = Sampling(max_new_tokens=60, decision_bias={})
    prompt = ragged(tiny, 1)[0].prompt
    requests = [
        TextRequest(prompt, long),
        *(TextRequest(prompt, replace(long, max_new_tokens=2)) for _ in range(5)),
    ]
    taken = []

    def watched() -> Any:
        for request in requests:
            taken.append(request)
            yield request

    order, seen = [], []
    for place, _ in generate_texts(language, tiny.vocabulary, watched(), rows=2):
        order.append(place)
        seen.append(len(taken))
    assert order[0] == 1 and sorted(order) == list(range(6))
    assert seen[0] == 2
    assert list(generate_texts(language, tiny.vocabulary, [], rows=2)) == []


def test_stopping_and_what_cannot_be_done(tiny: Bundle) -> None:
    language, request = open_backends(tiny, threads=1).language, ragged(tiny, 1)[0]
    batch: TextBatch[str] = TextBatch(language, tiny.vocabulary, 1)
    batch.add("first", request)
    with pytest.raises(BackendError, match="All 1 rows are busy"):
        batch.add("second", request)
    assert batch.step() == []
    language.prefill([[5, 6]])
    with pytest.raises(BackendError, match="used for something else"):
        batch.step()
    with pytest.raises(BackendError, match="0 rows"):
        TextBatch(language, tiny.vocabulary, 0)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(generate_texts(language, tiny.vocabulary, [request], 2, on_step=stop))
    # The next batch begins anew.
    assert len(dict(generate_texts(language, tiny.vocabulary, [request], 2))) == 1


def test_tasks_side_by_side_make_what_they_make_alone(model: Model) -> None:
    sampling = model.bundle.manifest.sampling
    led = replace(sampling, answer=replace(sampling.answer, draft_weight=3.0))
    bundle = replace(model.bundle, manifest=replace(model.bundle.manifest, sampling=led))
    films = [[(code * 7 + shift) % 1024 for code in range(256)] for shift in (0, 300, 600)]
    questions = ("Is there a pneumonia?", "Is there a pneumothorax?", "What is there?")
    single, together = Model(bundle, model.backends), Model(bundle, model.backends)
    batch: TaskBatch[tuple[int, int]] = TaskBatch(together, rows=2)
    waiting = [((number, -1), together.report_task(codes, seed=4)) for number, codes in enumerate(films)]
    waiting += [
        ((number, place), together.answer_task(codes, question))  # type: ignore[misc]
        for number, codes in enumerate(films)
        for place, question in enumerate(questions)
    ]
    made: dict[tuple[int, int], Any] = {}
    while waiting or batch.busy:
        while batch.free and waiting:
            batch.add(*waiting.pop())
        made |= dict(batch.step())
    assert len(made) == 12
    for (number, place), found in made.items():
        try:
            expected: Any = (
                single.report(films[number], seed=4)
                if place < 0
                else single.answer(films[number], questions[place])
            )
        except GenerationError as error:
            assert isinstance(found, GenerationError) and str(found) == str(error)
        else:
            assert found.text == expected.text and found.seed == expected.seed
            assert found.confidence == pytest.approx(expected.confidence, abs=1e-5)
            if isinstance(expected, Draft):
                assert (found.decision, found.reason) == (expected.decision, expected.reason)


def test_an_answer_leans_towards_no_draft_of_another_seed(model: Model) -> None:
    sampling = model.bundle.manifest.sampling
    led = replace(sampling, answer=replace(sampling.answer, draft_weight=3.0))
    bundle = replace(model.bundle, manifest=replace(model.bundle.manifest, sampling=led))
    codes = list(range(256))
    fresh, drafted = Model(bundle, model.backends), Model(bundle, model.backends)
    drafted.report(codes, seed=77)
    assert not vars(drafted)["_drafts"]
    assert drafted.answer(codes, "Is there a pneumonia?") == fresh.answer(codes, "Is there a pneumonia?")
    before = dict(vars(fresh)["_drafts"])
    drafted.report(codes)
    assert vars(drafted)["_drafts"] == before != {}


def test_prompts_of_the_demonstration_model_give_its_drafts() -> None:
    demo = Model.open(threads=1)
    generator = np.random.default_rng(0)
    vocabulary, manifest = demo.bundle.vocabulary, demo.bundle.manifest
    films = [generator.integers(0, 1024, 256).tolist() for _ in range(5)]
    lines = [demo.context("PA", 50.0), demo.context("AP", None), demo.context("", 7.0)]
    requests = [
        TextRequest(
            report_prompt(vocabulary, codes, manifest.instructions.report[0], line), manifest.sampling.report
        )
        for codes, line in zip(films, [*lines, *lines], strict=False)
    ]
    expected = [
        generate_text(demo.backends.language, vocabulary, one.prompt, one.sampling) for one in requests
    ]
    said = dict(generate_texts(demo.backends.language, vocabulary, requests, rows=3))
    assert all(same(said[place], answer) for place, answer in enumerate(expected))
