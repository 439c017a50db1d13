"""The bundle that ships on the real films that ship: sane drafts, the same on every path and runtime."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from engine.errors import GenerationError
from engine.evaluate.labeler import NO_FINDING, named
from engine.lm.prompt import GENERATE_INSTRUCTIONS, REPORT_INSTRUCTIONS, generate_prompt, report_prompt
from engine.model import Draft, Model
from engine.preprocess import film_from_array, film_from_file
from engine.runtime.select import open_backends
from llmcxr_ws import imaging
from tests.engine.test_worker import film_file

FILMS = Path(__file__).parents[2] / "dicom_node" / "films"


@pytest.fixture(scope="module")
def demo() -> Model:
    return Model.open(threads=1)


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    with (FILMS / "films.csv").open(newline="") as stream:
        return {row["file"]: set(row["labels"].split("|")) for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def drafts(demo: Model, labels: dict[str, set[str]]) -> dict[str, Draft]:
    made = {}
    for name in labels:
        pixels = imaging.stored(FILMS / name)
        check = demo.check_film(
            film_from_array(pixels.values, demo.bundle.preprocessing, pixels.padding_mask)
        )
        assert check.accepted, f"{name}: {check.reason}"
        made[name] = demo.report(check.codes)
    return made


def test_every_demo_film_gets_a_draft_within_the_models_range(demo: Model, drafts: dict[str, Draft]) -> None:
    for name, draft in drafts.items():
        assert draft.decision == "draft", f"{name}: {draft.reason}"
        assert 0.0 < draft.confidence <= 1.0
        for finding in demo.bundle.manifest.findings.not_judged:
            assert not re.search(rf"\b{finding}", draft.text, re.IGNORECASE)


def test_drafts_tell_normal_from_abnormal_films(
    drafts: dict[str, Draft], labels: dict[str, set[str]]
) -> None:
    # Seven films of each kind can't measure the model (its card does); they can show that it looks at the film.
    right: dict[bool, list[bool]] = {True: [], False: []}
    for name, draft in drafts.items():
        normal = labels[name] == {"No Finding"}
        right[normal].append((named(draft.text) == {NO_FINDING}) == normal)
    assert np.mean([np.mean(right[True]), np.mean(right[False])]) >= 0.75


def test_a_film_as_jpeg_and_as_dx_gives_equal_codes(demo: Model, tmp_path: Path) -> None:
    grey = imaging.render(imaging.displayed(FILMS / "DEMO0002.dcm"))
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, format="JPEG", quality=95)
    jpeg = stream.getvalue()
    codes = demo.encode(film_from_file(jpeg, demo.bundle.preprocessing))
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)))
    ds = film_file(tmp_path / "native.dcm", pixels)
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    ds.PixelData = encapsulate([jpeg])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.save_as(tmp_path / "jpeg.dcm", enforce_file_format=True)
    for name in ("native.dcm", "jpeg.dcm"):
        stored = imaging.stored(tmp_path / name)
        film = film_from_array(stored.values, demo.bundle.preprocessing, stored.padding_mask)
        assert demo.encode(film) == codes, name


def test_the_shipped_graphs_agree_with_torch(demo: Model) -> None:
    reference = open_backends(demo.bundle, "torch", threads=1)
    pixels = imaging.stored(FILMS / "DEMO0001.dcm")
    film = film_from_array(pixels.values, demo.bundle.preprocessing, pixels.padding_mask)[None]
    codes = demo.backends.images.encode(film)
    assert (codes == reference.images.encode(film)).mean() > 0.99
    assert np.abs(demo.backends.images.decode(codes) - reference.images.decode(codes)).max() < 1e-3
    vocabulary = demo.bundle.vocabulary
    rows = [
        report_prompt(vocabulary, codes[0].tolist(), REPORT_INSTRUCTIONS[0]),
        generate_prompt(vocabulary, "No pneumonia.", GENERATE_INSTRUCTIONS[0]),
    ]
    for backends in (demo.backends, reference):
        assert backends.language.prefill(rows).shape == (2, vocabulary.size)
    for ids in ([40, 41], [42, 43], [44, 45]):
        ours, theirs = demo.backends.language.step(ids), reference.language.step(ids)
        assert float(np.abs(ours - theirs).max()) < 1e-3


def test_questions_are_answered_within_the_range_and_refused_outside(demo: Model) -> None:
    pixels = imaging.stored(FILMS / "DEMO0001.dcm")
    codes = demo.encode(film_from_array(pixels.values, demo.bundle.preprocessing, pixels.padding_mask))
    pieces: list[str] = []
    answer = demo.answer(codes, "Is there a pneumonia?", on_text=pieces.append)
    assert answer.finished
    assert "".join(pieces) == answer.text
    with pytest.raises(GenerationError, match="speaks only of"):
        demo.answer(codes, f"Is there a {demo.bundle.manifest.findings.not_judged[0]}?")


@pytest.mark.parametrize("name", ["DEMO0001.dcm", "DEMO0004.dcm", "DEMO0011.dcm"])
def test_a_turned_or_negative_film_is_refused(demo: Model, name: str) -> None:
    upright = imaging.stored(FILMS / name).values
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(upright, quarters))
        assert not demo.check_film(film_from_array(turned, demo.bundle.preprocessing)).accepted, quarters
    negative = 255 - imaging.render(imaging.displayed(FILMS / name))
    assert not demo.check_film(film_from_array(negative, demo.bundle.preprocessing)).accepted
