"""Sampling, masks, stop rules and streaming, on the tiny bundle and on a model that follows a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.bundle import Bundle, Sampling
from engine.data.bpe import train_tokenizer
from engine.errors import BackendError, GenerationError
from engine.lm.prompt import REPORT_INSTRUCTIONS, instruct_prompt, report_prompt
from engine.lm.vocabulary import Vocabulary
from engine.model import Model, geometric_mean
from engine.runtime.generation import generate_image, generate_text, openings_log_probability
from engine.runtime.rows import RowBatch
from engine.runtime.sampling import Sampler, decision_bias, image_mask, log_softmax, text_mask

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=40, seed=0)
SAMPLED = replace(GREEDY, temperature=1.0)


class Scripted(RowBatch):
    """A language model that wants these ids one after the other, whatever it is fed."""

    def __init__(self, vocabulary: Vocabulary, script: Sequence[int], max_positions: int = 900) -> None:
        super().__init__(vocabulary.size, max_positions)
        self.script = list(script)
        self.calls = 0

    def _allocate(self, rows: int) -> None:
        pass

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        logits = np.zeros((len(ids), keep, self.vocabulary_size), dtype=np.float32)
        logits[:, :, self.script[min(self.calls, len(self.script) - 1)]] = 20.0
        self.calls += 1
        return logits


@pytest.fixture(scope="module")
def vocabulary(tiny: Bundle) -> Vocabulary:
    return tiny.vocabulary


@pytest.fixture(scope="module")
def prompt(vocabulary: Vocabulary) -> list[int]:
    return instruct_prompt(vocabulary, REPORT_INSTRUCTIONS[0])


def said(vocabulary: Vocabulary, text: str) -> list[int]:
    return [*vocabulary.encode(text), vocabulary.end]


def test_text_ends_at_the_end_key(vocabulary: Vocabulary, prompt: list[int]) -> None:
    backend = Scripted(vocabulary, [*said(vocabulary, "The lungs are clear.\n\n"), 40, 41])
    answer = generate_text(backend, vocabulary, prompt, GREEDY)
    assert answer.text == "The lungs are clear."
    assert answer.finished
    assert list(answer.ids) == vocabulary.encode("The lungs are clear.\n\n")
    assert len(answer.token_probabilities) == len(answer.ids) + 1
    assert backend.calls == len(answer.ids) + 1
    assert min(answer.token_probabilities) > 0.99


def test_text_that_does_not_end_is_not_finished(vocabulary: Vocabulary, prompt: list[int]) -> None:
    answer = generate_text(Scripted(vocabulary, vocabulary.encode("a")), vocabulary, prompt, GREEDY)
    assert not answer.finished
    assert len(answer.ids) == len(answer.token_probabilities) == 40
    assert answer.text == "a" * 40


def test_text_fills_the_context_to_its_last_position(vocabulary: Vocabulary, prompt: list[int]) -> None:
    backend = Scripted(vocabulary, vocabulary.encode("a"), max_positions=len(prompt) + 5)
    answer = generate_text(backend, vocabulary, prompt, GREEDY)
    # The last token is chosen from the last position's logits and needs none of its own.
    assert len(answer.ids) == 6
    assert backend.lengths[0] == backend.max_positions
    assert not answer.finished


def test_a_prompt_beyond_the_context_is_refused(vocabulary: Vocabulary, prompt: list[int]) -> None:
    backend = Scripted(vocabulary, vocabulary.encode("a"), max_positions=len(prompt) - 1)
    with pytest.raises(BackendError, match="Shorten the question"):
        generate_text(backend, vocabulary, prompt, GREEDY)


@pytest.mark.parametrize("text", ["", "\n\n", "  "])
def test_an_empty_answer_is_an_error(vocabulary: Vocabulary, prompt: list[int], text: str) -> None:
    with pytest.raises(GenerationError, match="without a word"):
        generate_text(Scripted(vocabulary, said(vocabulary, text)), vocabulary, prompt, GREEDY)


@pytest.mark.parametrize(
    "text", ["No pneumonia.", "  Größe 3 µm – ≤ 40 °C\n\n", "a\n\nb 🫁 c", "\u00e9\u0301"]
)
def test_streamed_pieces_are_whole_letters_and_join_to_the_text(
    vocabulary: Vocabulary, prompt: list[int], text: str
) -> None:
    pieces: list[str] = []
    backend = Scripted(vocabulary, said(vocabulary, text))
    answer = generate_text(backend, vocabulary, prompt, GREEDY, on_text=pieces.append)
    assert "".join(pieces) == answer.text == text.strip()
    assert all(pieces)
    assert not any("\ufffd" in piece for piece in pieces)
    assert len(pieces) > 1


def test_bytes_that_are_no_letter_are_still_shown_at_the_end(
    vocabulary: Vocabulary, prompt: list[int]
) -> None:
    half = vocabulary.encode("é")[:1]
    pieces: list[str] = []
    backend = Scripted(vocabulary, [*vocabulary.encode("ab"), *half, vocabulary.end])
    answer = generate_text(backend, vocabulary, prompt, GREEDY, on_text=pieces.append)
    assert answer.text == "ab\ufffd"
    assert "".join(pieces) == answer.text


def test_on_step_can_stop_the_model(vocabulary: Vocabulary, prompt: list[int]) -> None:
    class Stop(Exception):
        pass

    backend = Scripted(vocabulary, vocabulary.encode("a"))

    def on_step() -> None:
        if backend.calls == 3:
            raise Stop

    with pytest.raises(Stop):
        generate_text(backend, vocabulary, prompt, GREEDY, on_step=on_step)
    assert backend.calls == 3


def test_text_mask_leaves_text_and_the_end_key(vocabulary: Vocabulary) -> None:
    mask = text_mask(vocabulary)
    assert mask[vocabulary.end] == 0.0
    assert mask[vocabulary.less_than] == 0.0
    assert np.all(np.isneginf(mask[vocabulary.image_offset :]))
    specials = (0, vocabulary.instruction, vocabulary.response)
    assert np.all(np.isneginf(mask[list(specials)]))
    assert np.isneginf(mask).sum() == 1024 + len(vocabulary.special_ids) - 1


def test_a_model_that_wants_image_tokens_gets_none_in_text(vocabulary: Vocabulary, prompt: list[int]) -> None:
    backend = Scripted(vocabulary, [vocabulary.image_offset + 5, vocabulary.response, 0, 30, vocabulary.end])
    answer = generate_text(backend, vocabulary, prompt, GREEDY)
    assert not any(vocabulary.is_image(id_) for id_ in answer.ids)
    assert not set(answer.ids) & vocabulary.special_ids


def test_an_image_is_exactly_256_codes_in_its_frame(vocabulary: Vocabulary, prompt: list[int]) -> None:
    backend = Scripted(vocabulary, [vocabulary.end, vocabulary.greater_than, 40, vocabulary.image_offset + 7])
    answer = generate_image(backend, vocabulary, prompt, GREEDY)
    assert len(answer.codes) == len(answer.token_probabilities) == 256
    assert backend.calls == 256
    assert answer.codes[3:] == (7,) * 253
    assert answer.ids[0] == vocabulary.less_than
    assert answer.ids[257] == vocabulary.greater_than
    assert answer.ids[-1] == vocabulary.end


def test_an_image_that_does_not_fit_is_refused_before_it_is_begun(
    vocabulary: Vocabulary, prompt: list[int]
) -> None:
    backend = Scripted(vocabulary, [vocabulary.image_offset], max_positions=len(prompt) + 255)
    with pytest.raises(GenerationError, match="too long"):
        generate_image(backend, vocabulary, prompt, GREEDY)
    assert backend.calls == 0
    backend.max_positions += 1
    assert len(generate_image(backend, vocabulary, prompt, GREEDY).codes) == 256


class Leaning(RowBatch):
    """Wants code 1 a little more than code 0 after a long prompt, and code 1 much more after a short one."""

    def _allocate(self, rows: int) -> None:
        self.rows = rows

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        logits = np.zeros((len(ids), keep, self.vocabulary_size), dtype=np.float32)
        image = self.vocabulary_size - 1024
        logits[0, :, image + 1] = 1.0
        logits[1:, :, image + 1] = 4.0
        return logits


@pytest.mark.parametrize(("guidance", "rows", "code"), [(1.0, 1, 1), (1.2, 2, 1), (1.5, 2, 0), (3.0, 2, 0)])
def test_guidance_leads_away_from_the_film_without_report(
    vocabulary: Vocabulary, prompt: list[int], guidance: float, rows: int, code: int
) -> None:
    # 4 + g (1 - 4) for code 1 against 0 for code 0: the balance tips at g = 4/3.
    backend = Leaning(vocabulary.size, 900)
    sampling = replace(GREEDY, guidance=guidance)
    answer = generate_image(backend, vocabulary, [*prompt, 40, 41], sampling, unasked=prompt)
    assert answer.codes == (code,) * 256
    assert backend.rows == rows


def test_guided_films_are_drawn_by_a_real_model(model: Model, tiny: Bundle) -> None:
    tasks = tiny.manifest.sampling
    led = replace(tiny.manifest, sampling=replace(tasks, generate=replace(tasks.generate, guidance=2.0)))
    guided = Model(replace(tiny, manifest=led), model.backends)
    plain = [model.generate("The lungs are clear.", seed=3).codes for _ in range(2)]
    led_codes = [guided.generate("The lungs are clear.", seed=3).codes for _ in range(2)]
    assert plain[0] == plain[1] != led_codes[0] == led_codes[1]
    free = Model(guided.bundle, model.backends, free=True, tries=2)
    with pytest.raises(GenerationError, match="freely"):
        free.generate("The lungs are clear.", seed=3)


def test_of_several_films_the_one_is_kept_that_the_model_reads_as_its_report(
    model: Model, tiny: Bundle
) -> None:
    tasks = tiny.manifest.sampling
    led = replace(tiny.manifest, sampling=replace(tasks, generate=replace(tasks.generate, candidates=3)))
    choosing = Model(replace(tiny, manifest=led), model.backends)
    text = "No pneumonia. The lungs are clear."
    instruction = led.instructions.report[0]

    def says(codes: Sequence[int]) -> float:
        prompt = report_prompt(tiny.vocabulary, codes, instruction)
        return openings_log_probability(model.backends.language, tiny.vocabulary, prompt, text)

    # Films drawn side by side are those that each seed gives by itself.
    alone = [model.generate(text, seed=7 + 1_000_003 * place).codes for place in range(3)]
    assert len(set(alone)) == 3
    kept = choosing.generate(text, seed=7)
    assert kept.codes == max(alone, key=says)
    assert kept.seed == 7
    assert choosing.generate(text, seed=7).codes == kept.codes


def test_what_a_report_says_is_read_at_the_start_of_its_sentences(
    model: Model, vocabulary: Vocabulary
) -> None:
    backend = model.backends.language
    prompt = report_prompt(vocabulary, list(range(256)), REPORT_INSTRUCTIONS[0])
    pieces = [vocabulary.encode(text) for text in ("No pneumonia.", " No effusion.")]
    mask = text_mask(vocabulary)
    first = log_softmax(backend.prefill([prompt])[0], mask)[pieces[0][0]]
    second = log_softmax(backend.prefill([[*prompt, *pieces[0]]])[0], mask)[pieces[1][0]]
    found = openings_log_probability(backend, vocabulary, prompt, "No pneumonia. No effusion.")
    assert found == pytest.approx(first + second, abs=1e-3)


def test_the_same_seed_gives_the_same_answer_and_another_one_another(model: Model) -> None:
    codes = list(range(256))
    first, again = (model.generate("The lungs are clear.", seed=3) for _ in range(2))
    assert first.codes == again.codes
    assert np.array_equal(first.film, again.film)
    assert model.generate("The lungs are clear.", seed=4).codes != first.codes
    drafts = {model.answer(codes, "What is there?", seed=seed).text for seed in range(6)}
    assert len(drafts) > 1
    assert model.answer(codes, "What is there?", seed=5) == model.answer(codes, "What is there?", seed=5)


def test_sampled_frequencies_follow_the_probabilities() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    sampler = Sampler(SAMPLED, np.zeros(4))
    drawn = [sampler.choose(logits) for _ in range(4000)]
    counts = np.bincount([id_ for id_, _ in drawn], minlength=4) / 4000
    assert np.abs(counts - [0.5, 0.3, 0.15, 0.05]).max() < 0.03
    assert all(probability == pytest.approx(np.exp(logits[id_])) for id_, probability in drawn)


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    logits = np.log(np.array([0.05, 0.3, 0.5, 0.15]))
    sampler = Sampler(replace(SAMPLED, top_p=0.75), np.zeros(4))
    drawn = [sampler.choose(logits) for _ in range(500)]
    assert {id_ for id_, _ in drawn} == {1, 2}
    # The probability is the model's own, not that of the shortened list.
    assert {round(probability, 6) for _, probability in drawn} == {0.3, 0.5}


@pytest.mark.parametrize("spread", [0.01, 1.0, 8.0])
def test_a_large_vocabulary_is_drawn_from_as_if_it_were_sorted_whole(
    spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(2)
    # Rounded, so that many are equal.
    logits = np.round(generator.standard_normal((6, 5000)) * spread, 1)
    for top_p in (0.5, 0.92, 1.0):
        drawn = []
        for few in (1024, 5000):
            monkeypatch.setattr("engine.runtime.sampling._FEW", few)
            sampler = Sampler(replace(SAMPLED, top_p=top_p), np.zeros(5000))
            drawn.append([sampler.choose(row) for row in logits])
        assert drawn[0] == drawn[1]


def test_temperature_sharpens_the_draw_and_not_the_probability() -> None:
    logits = np.log(np.array([0.6, 0.4]))
    sampler = Sampler(replace(SAMPLED, temperature=0.1), np.zeros(2))
    drawn = [sampler.choose(logits) for _ in range(400)]
    assert sum(id_ for id_, _ in drawn) < 20
    assert drawn[0][1] == pytest.approx(0.6)


@pytest.mark.parametrize(
    "change", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}, {"max_new_tokens": 0}]
)
def test_impossible_sampling_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(GenerationError, match="isn't possible"):
        Sampler(replace(GREEDY, **change), np.zeros(4))  # type: ignore[arg-type]


def test_a_decision_bias_moves_the_choice_but_not_the_probability() -> None:
    logits = np.log(np.array([0.6, 0.3, 0.1]))
    plain = Sampler(GREEDY, np.zeros(3)).choose(logits)
    moved = Sampler(GREEDY, np.zeros(3), [{1: 1.0}]).choose(logits)
    assert plain == (0, pytest.approx(0.6))
    assert moved == (1, pytest.approx(0.3))


def test_a_decision_bias_names_first_tokens() -> None:
    vocabulary = Vocabulary.from_text(train_tokenizer().to_str())
    assert decision_bias(vocabulary, GREEDY) == []
    texts = {"No": -0.5, "Pleural effusion": 1.5, " Pleural effusion": 1.0}
    assert decision_bias(vocabulary, replace(GREEDY, decision_bias=texts)) == [
        {vocabulary.encode("No acute finding.")[0]: -0.5},
        {
            vocabulary.encode("Pleural effusion is present.")[0]: 1.5,
            vocabulary.encode("Pneumonia is present. Pleural effusion is")[4]: 1.0,
        },
    ]


def test_a_decision_is_taken_once() -> None:
    logits = np.log(np.array([0.3, 0.4, 0.2, 0.1]))
    sampler = Sampler(GREEDY, np.zeros(4), [{1: 2.0}, {2: 1.5}, {3: 1.0}])
    assert [sampler.choose(logits)[0] for _ in range(3)] == [1, 2, 0]
    # A later decision leaves those before it behind.
    sampler = Sampler(GREEDY, np.zeros(4), [{1: 0.1}, {2: 1.5}, {3: 3.0}])
    assert [sampler.choose(logits)[0] for _ in range(2)] == [3, 1]


def test_logits_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(GenerationError, match="aren't numbers"):
        log_softmax(np.array([np.nan, 1.0], dtype=np.float32))


def test_image_mask_leaves_the_codes_alone(vocabulary: Vocabulary) -> None:
    assert np.count_nonzero(image_mask(vocabulary) == 0.0) == 1024


def test_confidence_is_the_geometric_mean() -> None:
    assert geometric_mean([0.5, 0.125]) == pytest.approx(0.25)
    assert geometric_mean([0.5, 0.0]) == 0.0
    assert geometric_mean([]) == 0.0
