"""The facade: what is drafted, what is withheld, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine import input_check
from engine.errors import GenerationError, PromptError
from engine.model import Model
from engine.preprocess import film_from_array
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
