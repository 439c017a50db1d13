"""The bundle that ships: whole, small, deterministic, and deaf to pictures that are no films."""

from pathlib import Path

import numpy as np
import pytest

from engine.bundle import default_bundle_folder
from engine.data.templates import NOT_JUDGED
from engine.evaluate.labeler import named
from engine.model import Model
from engine.preprocess import film_from_array
from tests.engine.pictures import blank, foreign_pictures

LARGEST = 34 * 2**20


@pytest.fixture(scope="module")
def demo() -> Model:
    return Model.open(threads=1)


def test_the_folder_is_small_and_states_its_use(demo: Model) -> None:
    folder = default_bundle_folder()
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Not for clinical use" in card
    assert "Intervals are 95 %" in card
    assert "CVPR 2017" in (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")


def test_graphs_name_no_machine(demo: Model) -> None:
    for path in sorted(Path(demo.bundle.folder).glob("*.onnx")):
        content = path.read_bytes()
        assert b"site-packages" not in content
        assert b".py" not in content


@pytest.mark.parametrize("name", sorted(foreign_pictures()))
def test_foreign_pictures_are_refused(demo: Model, name: str) -> None:
    film = film_from_array(foreign_pictures()[name], demo.bundle.preprocessing)
    check = demo.check_film(film)
    assert not check.accepted
    assert check.reason


def test_a_blank_picture_is_refused(demo: Model) -> None:
    assert not demo.check_film(film_from_array(blank(), demo.bundle.preprocessing)).accepted


def test_drafts_are_impressions_and_repeat(demo: Model) -> None:
    """A draft says something that the labeler reads, of judged findings alone; the wording is the bundle's own."""
    random = np.random.default_rng(0)
    for _ in range(3):
        codes = random.integers(1024, size=256).tolist()
        draft = demo.report(codes)
        assert named(draft.text)
        assert named(draft.text) <= set(demo.bundle.manifest.findings.judged)
        assert not any(name.lower() in draft.text.lower() for name in NOT_JUDGED)
        assert demo.report(codes).text == draft.text


def test_answers_begin_with_yes_or_no(demo: Model) -> None:
    codes = np.random.default_rng(1).integers(1024, size=256).tolist()
    for question in ("Is there pneumonia?", "Do you see an effusion?", "Is this film normal?"):
        assert demo.answer(codes, question).text.startswith(("Yes, ", "No, "))


def test_generated_films_repeat_by_seed(demo: Model) -> None:
    first = demo.generate("Findings of pneumonia.", seed=3)
    assert len(first.codes) == 256
    assert first.codes == demo.generate("Findings of pneumonia.", seed=3).codes
    assert first.codes != demo.generate("Findings of pneumonia.", seed=4).codes
