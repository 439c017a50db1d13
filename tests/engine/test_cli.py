"""The engine's commands, called as a person calls them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from engine import cli
from engine.bundle import Bundle, default_bundle_folder
from engine.commands.opening import film_context, read_film
from engine.evidence.card import write_beside
from engine.evidence.draft import says_normal
from engine.evidence.file import evidence_of, score
from engine.evidence.sentences import said_sentences
from engine.model import Model
from engine.pictures import SYNTHETIC_MARK, to_marked_picture, to_picture
from llmcxr_ws.errors import EngineFailure
from llmcxr_ws.sentences import split
from tests.engine.factories import chest_film, chest_pixels, make_bundle
from tests.engine.shipped_films import FILMS
from tests.engine.test_worker import film_file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def films(tmp_path: Path) -> tuple[Path, Path]:
    """The same film as PNG and as DX."""
    Image.fromarray(chest_pixels(seed=2)).save(tmp_path / "film.png")
    film_file(tmp_path / "film.dcm", chest_pixels(seed=2))
    return tmp_path / "film.png", tmp_path / "film.dcm"


def test_info_says_what_the_model_is_and_can_judge(tiny_folder: Path, tiny: Bundle) -> None:
    result = run("model", "info", tiny_folder)
    assert result.exit_code == 0
    for text in (tiny.device_uid, "Pneumothorax", "not for clinical use", "every SHA-256 as in the manifest"):
        assert text in result.output
    facts = json.loads(run("model", "info", tiny_folder, "--json").output)
    assert facts["findings_judged"] == ["No Finding", "Pneumonia"]


def test_info_names_a_damaged_file(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "damaged")
    (folder / "lm.onnx").write_bytes(b"")
    result = run("model", "info", folder)
    assert isinstance(result.exception, EngineFailure)
    assert "lm.onnx" in str(result.exception)


def test_draft_is_the_same_for_picture_and_dicom(
    tiny_folder: Path, films: tuple[Path, Path], model: Model
) -> None:
    result = run("model", "draft", *films, "--bundle", tiny_folder, "--threads", 1, "--json")
    assert result.exit_code == 0
    first, second = json.loads(result.output)
    assert first["draft"] == second["draft"]
    assert first["confidence"] == second["confidence"]
    expected = model.report(model.encode(chest_film(seed=2)))
    assert first["draft"] == expected.text


def test_a_header_tells_view_and_age_where_the_prompts_hold_them(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "telling", context=True)
    model = Model.open(folder, threads=1)
    film_file(tmp_path / "film.dcm", chest_pixels(seed=2), view="AP", age="045Y")
    Image.fromarray(chest_pixels(seed=2)).save(tmp_path / "film.png")
    files = (tmp_path / "film.dcm", tmp_path / "film.png")
    result = run("model", "draft", *files, "--bundle", folder, "--threads", 1, "--json")
    codes = model.encode(chest_film(seed=2))
    lines = ("View: AP. Age: 40 to 59 years.", "Age: not known.")
    expected = [model.report(codes, context=line).text for line in lines]
    # A random model may not end its text; then it is withheld with what it said.
    assert [one.get("draft", one.get("withheld")) for one in json.loads(result.output)] == expected
    assert expected[0] != expected[1]
    asked = run("model", "ask", files[0], "What is there?", "--bundle", folder, "--threads", 1)
    assert asked.output.startswith(model.answer(codes, "What is there?", context=lines[0]).text)


def test_draft_tells_how_sure_each_sentence_is() -> None:
    file = FILMS / "DEMO0001.dcm"
    options = (file, "--bundle", default_bundle_folder(), "--threads", 1, "--no-cache")
    (result,) = json.loads(run("model", "draft", *options, "--json").output)
    model = Model.open(threads=1)
    assert model.evidence is not None and model.evidence.confidence is not None
    line, ids = model.evidence.confidence.alone, model.bundle.vocabulary
    codes = model.encode(read_film(file, model.bundle.preprocessing))
    draft = model.report(codes, context=film_context(model, file))
    assert [one["text"] for one in result["sentences"]] == split(draft.text) != []
    first = said_sentences(ids, draft.ids)[0]
    expected = line.confidence(
        score(draft.token_probabilities[first.first], None, 0), says_normal(first.text)
    )
    assert result["sentences"][0]["confidence"] == pytest.approx(expected, abs=1e-4)
    assert all(one["weak"] == (one["confidence"] < 0.5) for one in result["sentences"])
    text = run("model", "draft", *options).output
    assert f"held true with {expected:.0%}: {first.text}" in text
    # What was measured of masked drafts says nothing of a free one.
    (free,) = json.loads(run("model", "draft", *options, "--free", "--json").output)
    assert all(one["confidence"] is None for one in free.get("sentences", ()))


def test_draft_says_what_the_workstation_would_withhold(tmp_path: Path) -> None:
    folder = tmp_path / "strict"
    shutil.copytree(default_bundle_folder(), folder)
    bundle = Bundle.load(folder)
    held = evidence_of(bundle)
    assert held is not None and held.confidence is not None
    write_beside(bundle, replace(held, confidence=replace(held.confidence, withheld=1.0)))
    options = (FILMS / "DEMO0001.dcm", "--bundle", folder, "--threads", 1, "--no-cache")
    (result,) = json.loads(run("model", "draft", *options, "--json").output)
    assert "too weak to be shown" in result["too_weak"] and result["draft"]
    assert result["too_weak"] in run("model", "draft", *options).output


def test_a_model_without_evidence_names_sentences_without_confidence(
    tiny_folder: Path, films: tuple[Path, Path]
) -> None:
    result = run("model", "draft", films[0], "--bundle", tiny_folder, "--threads", 1, "--json")
    (found,) = json.loads(result.output)
    assert [(one["confidence"], one["weak"]) for one in found["sentences"]] == [(None, False)]
    assert "held true" not in run("model", "draft", films[0], "--bundle", tiny_folder, "--threads", 1).output


def test_draft_names_model_limits_and_use(tiny_folder: Path, films: tuple[Path, Path]) -> None:
    output = run("model", "draft", films[0], "--bundle", tiny_folder, "--threads", 1).output
    for text in ("tiny 2026.11.0", "It can't judge: Pneumothorax", "Research use only", "confidence"):
        assert text in output


def test_a_refused_film_is_named_and_the_others_are_drafted(
    tiny_folder: Path, films: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("no film")
    Image.fromarray(255 - chest_pixels()).save(tmp_path / "negative.png")
    files = [tmp_path / "note.txt", tmp_path / "negative.png", tmp_path / "missing.png", films[1]]
    result = run("model", "draft", *files, "--bundle", tiny_folder, "--threads", 1, "--json")
    assert result.exit_code == 1
    note, negative, missing, film = json.loads(result.output)
    assert "refused" in note
    assert "polarity" in negative["refused"]
    assert "can't be read" in missing["refused"]
    assert film["draft"]


def test_ask_prints_the_answer(tiny_folder: Path, films: tuple[Path, Path], model: Model) -> None:
    result = run("model", "ask", films[0], "What is there?", "--bundle", tiny_folder, "--threads", 1)
    assert result.exit_code == 0
    answer = model.answer(model.encode(chest_film(seed=2)), "What is there?")
    assert result.output.startswith(answer.text)
    assert "Research use only" in result.output


def test_ask_refuses_what_the_model_cannot_judge(tiny_folder: Path, films: tuple[Path, Path]) -> None:
    result = run("model", "ask", films[0], "A pneumothorax?", "--bundle", tiny_folder, "--threads", 1)
    assert isinstance(result.exception, EngineFailure)
    assert "speaks only of" in str(result.exception)


def test_a_generated_film_is_marked_in_its_pixels(tiny_folder: Path, tmp_path: Path, model: Model) -> None:
    out = tmp_path / "made.png"
    result = run(
        "model", "generate", "The lungs are clear.", "--out", out, "--bundle", tiny_folder, "--threads", 1
    )
    assert result.exit_code == 0
    with Image.open(out) as picture:
        assert picture.size == (512, 512)
        assert picture.text["Description"] == SYNTHETIC_MARK  # type: ignore[attr-defined]
        pixels = picture.copy()
    film = model.generate("The lungs are clear.").film
    assert pixels.tobytes() == to_marked_picture(film).tobytes()
    for top in (0, 490):
        band = pixels.crop((0, top, 512, top + 22))
        # White letters on black, whatever the film is like.
        assert band.getextrema() == (0, 255)
        assert 0.7 < sum(band.histogram()[:30]) / (512 * 22) < 0.97


def test_a_picture_of_a_film_spans_black_to_white() -> None:
    assert to_picture(chest_film()).getextrema() == (0, 255)


def test_generate_names_a_file_that_cannot_be_written(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "no folder" / "made.png"
    result = run("model", "generate", "Clear.", "--out", out, "--bundle", tiny_folder, "--threads", 1)
    assert isinstance(result.exception, EngineFailure)
    assert "can't be written" in str(result.exception)


def test_checks_follow_the_configured_bundle(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMCXR_BUNDLE", str(tiny_folder))
    sentences = {name: check() for name, check in cli.checks()}
    assert "tiny 2026.11.0" in sentences["bundle"]
    assert "ONNX Runtime" in sentences["runtime"]
    monkeypatch.setenv("LLMCXR_BUNDLE", str(tmp_path / "nothing"))
    for _, check in cli.checks():
        with pytest.raises(EngineFailure, match="no model bundle"):
            check()
