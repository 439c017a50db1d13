"""The facade: what is drafted, what is withheld, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import input_check
from engine.errors import GenerationError, PromptError
from engine.lm.prompt import report_prompt
from engine.model import Model
from engine.preprocess import film_from_array
from engine.runtime.rows import RowBatch
from tests.engine.factories import chest_film, chest_pixels
from tests.engine.test_generation import Scripted, said


def scripted(model: Model, text: str) -> Model:
    backend = Scripted(model.bundle.vocabulary, said(model.bundle.vocabulary, text))
    return Model(model.bundle, replace(model.backends, language=backend))


CODES = list(range(256))


def test_a_chest_film_is_accepted_with_its_codes(model: Model) -> None:
    check = model.check_film(chest_film(seed=5))
    assert check.accepted and check.reason == ""
    assert check.codes == model.encode(chest_film(seed=5))
    assert len(check.codes) == 256


def test_encode_and_decode_keep_the_raster_order(model: Model) -> None:
    film = np.linspace(-1.0, 1.0, 256, dtype=np.float32)[None, :, None].repeat(256, axis=2)
    codes = np.array(model.encode(film)).reshape(16, 16)
    assert np.all(np.diff(codes[:, 0]) > 0)
    assert np.all(codes == codes[:, :1])
    assert np.abs(model.decode(codes.ravel().tolist()) - film).max() < 0.07


NOISE = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        pytest.param(NOISE, "doesn't look like a radiograph", id="noise"),
        pytest.param(255 - chest_pixels(), "polarity", id="inverted"),
        pytest.param(chest_pixels().T.copy(), "layout", id="lying"),
        pytest.param(np.flipud(chest_pixels()).copy(), "layout", id="upside down"),
    ],
)
def test_what_is_no_upright_chest_film_is_refused(model: Model, pixels: np.ndarray, reason: str) -> None:
    film = film_from_array(pixels, model.bundle.preprocessing)
    check = model.check_film(film)
    assert not check.accepted
    assert reason in check.reason


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_film_is_refused_where_the_likeness_alone_would_pass(model: Model, quarters: int) -> None:
    limits = replace(model.bundle.manifest.input_check, correlation_min=-0.5)
    film = chest_film(seed=1)
    assert input_check.verdict(film, film, (), limits).accepted
    turned = np.rot90(film, quarters, axes=(1, 2))
    check = input_check.verdict(turned, turned, (), limits)
    assert not check.accepted
    assert "turned" in check.reason
    assert check.turned_correlation > 0.9


def test_a_film_that_is_copied_too_well_is_refused(model: Model) -> None:
    limits = replace(model.bundle.manifest.input_check, reconstruction_min=0.01)
    film = chest_film(seed=1)
    check = input_check.verdict(film, film * np.float32(0.999), (), limits)
    assert not check.accepted
    assert "too smooth" in check.reason
    assert input_check.verdict(film, film * np.float32(0.9), (), limits).accepted


def test_a_blank_film_is_refused(model: Model) -> None:
    check = model.check_film(np.zeros((1, 256, 256), dtype=np.float32))
    assert not check.accepted
    assert "blank" in check.reason
    assert check.codes == ()


def test_a_draft_is_what_the_model_said(model: Model) -> None:
    draft = scripted(model, "No pneumonia.").report(CODES, seed=11)
    assert (draft.text, draft.decision, draft.reason, draft.seed) == ("No pneumonia.", "draft", "", 11)
    assert draft.instruction == model.bundle.manifest.instructions.report[0]
    assert 0.99 < draft.confidence <= 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Compared with ___, no change.", "de-identified"),
        ("Small pneumothorax on the left.", "Pneumothorax"),
        ("word " * 70, "didn't end"),
    ],
)
def test_a_draft_that_must_not_be_shown_is_withheld_with_its_text(
    model: Model, text: str, reason: str
) -> None:
    draft = scripted(model, text).report(CODES)
    assert draft.decision == "withheld"
    assert reason in draft.reason
    assert draft.text and text.startswith(draft.text[:20])


def test_drafts_depend_on_the_film(model: Model) -> None:
    films = [[(code * 7 + shift) % 1024 for code in CODES] for shift in range(0, 1000, 200)]
    assert len({model.report(codes).text for codes in films}) > 1


def test_an_answer_with_blanks_of_training_text_is_refused(model: Model) -> None:
    with pytest.raises(GenerationError, match="de-identified"):
        scripted(model, "As on ___.").answer(CODES, "Any change?")


@pytest.mark.parametrize("question", ["Is there a pneumothorax?", "PNEUMOTHORAX"])
def test_a_question_outside_the_range_is_refused(model: Model, question: str) -> None:
    with pytest.raises(GenerationError, match="speaks only of: No Finding, Pneumonia"):
        scripted(model, "yes").answer(CODES, question)
    assert scripted(model, "yes").answer(CODES, "Is there a pneumonia?").text == "yes"


def test_an_empty_question_and_a_short_film_are_refused(model: Model) -> None:
    with pytest.raises(PromptError):
        model.answer(CODES, "   ")
    with pytest.raises(PromptError):
        model.answer(CODES[:10], "What?")
    with pytest.raises(PromptError):
        model.decode(CODES[:10])


def test_a_generated_film_is_the_decoded_codes(model: Model) -> None:
    drawn = model.generate("The lungs are clear.")
    assert drawn.film.shape == (1, 256, 256)
    assert np.array_equal(drawn.film, model.decode(drawn.codes))


EFFUSION = "Pleural effusion is present."


class Undecided(RowBatch):
    """Says `draft` to a report prompt; any question it answers by Yes or No, which differ by `yes` log-odds."""

    def __init__(self, model: Model, draft: str, yes: float) -> None:
        self.vocabulary = model.bundle.vocabulary
        super().__init__(self.vocabulary.size, 900)
        instruction = model.bundle.manifest.instructions.report[0]
        self.asks_report = report_prompt(self.vocabulary, CODES, instruction)
        self.draft, self.yes = [*self.vocabulary.encode(draft), self.vocabulary.end], yes
        self.script: list[int] = []

    def _allocate(self, rows: int) -> None:
        pass

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        logits = np.zeros((len(ids), keep, self.vocabulary_size), dtype=np.float32)
        if ids.shape[1] > 1:
            self.script = list(self.draft) if ids[0].tolist() == self.asks_report else []
            if not self.script:
                yes, no = (self.vocabulary.encode(word)[0] for word in ("Yes", "No"))
                logits[:, :, yes], logits[:, :, no] = 20.0 + self.yes, 20.0
                return logits
        logits[:, :, self.script.pop(0) if self.script else self.vocabulary.end] = 20.0
        return logits


@pytest.mark.parametrize(
    ("question", "draft", "yes", "weight", "answer"),
    [
        pytest.param("Is there an effusion?", EFFUSION, -1.0, 0.0, "No", id="not led"),
        pytest.param("Is there an effusion?", EFFUSION, -1.0, 2.0, "Yes", id="led to yes"),
        pytest.param("Is there an effusion?", "No acute finding.", 1.0, 2.0, "No", id="led to no"),
        pytest.param(
            "Is the chest free of an effusion?", "No acute finding.", -1.0, 2.0, "Yes", id="the other way"
        ),
        pytest.param("Is this film normal?", EFFUSION, 1.0, 2.0, "No", id="normality"),
        pytest.param("Is there an effusion?", EFFUSION, -3.0, 2.0, "No", id="surer than the draft"),
        pytest.param("Is there an effusion?", "Small pneumothorax.", -1.0, 2.0, "No", id="withheld draft"),
        pytest.param("Is there an effusion?", " ", -1.0, 2.0, "No", id="no draft"),
        pytest.param("Where is the effusion?", EFFUSION, -1.0, 2.0, "No", id="not for yes or no"),
    ],
)
def test_a_yes_or_no_leans_towards_the_draft(
    model: Model, question: str, draft: str, yes: float, weight: float, answer: str
) -> None:
    sampling = model.bundle.manifest.sampling
    sampling = replace(sampling, answer=replace(sampling.answer, draft_weight=weight))
    bundle = replace(model.bundle, manifest=replace(model.bundle.manifest, sampling=sampling))
    led = Model(bundle, replace(model.backends, language=Undecided(model, draft, yes)))
    # The first token of either word, which is all that this backend says; the second time the draft is known.
    assert [answer.find(led.answer(CODES, question).text) for _ in range(2)] == [0, 0]
    freely = Model(bundle, led.backends, free=True).answer(CODES, question).text
    assert ("Yes" if yes > 0 else "No").startswith(freely)


class Shy(Undecided):
    """Opens a draft with a normal one's first token, an effusion's lying 1 below it; then it ends."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, "", 0.0)

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        logits = np.zeros((len(ids), keep, self.vocabulary_size), dtype=np.float32)
        if ids.shape[1] > 1:
            normal, abnormal = (self.vocabulary.encode(text)[0] for text in ("No", EFFUSION))
            logits[:, :, normal], logits[:, :, abnormal] = 20.0, 19.0
        else:
            logits[:, :, self.vocabulary.end] = 20.0
        return logits


@pytest.mark.parametrize(
    ("context", "starts"),
    [
        (None, "No"),
        ("View: PA. Age: 40 to 59 years.", "No"),
        ("Age: not known.", "No"),
        ("View: AP. Age: under 18 years.", EFFUSION),
    ],
)
def test_a_childs_draft_has_its_own_line(model: Model, context: str | None, starts: str) -> None:
    sampling = model.bundle.manifest.sampling
    sampling = replace(sampling, report=replace(sampling.report, child_bias={"No": -2.0}))
    bundle = replace(model.bundle, manifest=replace(model.bundle.manifest, sampling=sampling))
    draft = Model(bundle, replace(model.backends, language=Shy(model))).report(CODES, context=context)
    assert starts.startswith(draft.text)
