"""A draft's sentences: what they claim, how sure they are, where they rest; and the file that all this is read by."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bundle import Bundle, default_bundle_folder
from engine.commands.opening import read_film
from engine.errors import BundleError, DataError
from engine.evaluate import reliability
from engine.evaluate.deletion import CENTRE, MAP, RANDOM, STEPS, UNITS, deletion, orders_for
from engine.evaluate.reliability import Judged
from engine.evaluate.statistics import auroc
from engine.evidence.agreement import agreement
from engine.evidence.card import section, with_section, write_beside
from engine.evidence.draft import (
    SentenceEvidence,
    draft_prompt,
    draft_samples,
    examine,
    falls,
    neutral_film,
    withheld_for,
)
from engine.evidence.file import (
    EVIDENCE,
    ConfidenceEntry,
    EvidenceFile,
    Line,
    MapsEntry,
    RoundTripEntry,
    Scale,
    evidence_of,
    read_evidence,
    score,
)
from engine.evidence.occlusion import Blocks, Scorer
from engine.evidence.round_trip import Likeness, combined, feature_likeness, token_likeness
from engine.evidence.sentences import claims, holds, known_of, said_sentences
from engine.model import Model
from engine.runtime.sampling import log_softmax, text_mask
from llmcxr_ws.sentences import split
from tests.engine.shipped_films import FILMS

LINE = Line(-1.0, 0.5, 0.9)
ENTRY = ConfidenceEntry(4, 1.0, LINE, LINE, 0.5, 0.3, {})


@pytest.fixture(scope="module")
def demo() -> Model:
    return Model.open(threads=1)


@pytest.fixture(scope="module")
def codes(demo: Model) -> tuple[int, ...]:
    """The codes of a film that ships and whose draft has several sentences."""
    for file in sorted(FILMS.glob("*.dcm")):
        found = demo.encode(read_film(file, demo.bundle.preprocessing))
        if len(split(demo.report(found).text)) > 1:
            return found
    raise AssertionError("no film that ships has a draft of several sentences")


# Sentences


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Pneumonia is present.", {("Pneumonia", True)}),
        ("No pleural effusion or pneumothorax.", {("Effusion", False), ("Pneumothorax", False)}),
        ("No acute finding.", {("No Finding", True)}),
        ("The patient is rotated.", set()),
    ],
)
def test_a_sentence_claims_what_the_labeler_reads(sentence: str, said: set[tuple[str, bool]]) -> None:
    assert claims(sentence) == said


def test_claims_hold_by_what_a_text_says() -> None:
    abnormal, normal = known_of("Pneumonia is present. Pulmonary edema is seen."), known_of("No finding.")
    assert holds(claims("Findings of pneumonia."), abnormal)
    assert not holds(claims("Pneumonia is seen."), normal)
    assert holds(claims("No pleural effusion."), abnormal)
    assert not holds(claims("No abnormality is seen."), abnormal)
    assert holds(claims("No abnormality is seen."), normal)


def test_agreement_is_of_meaning_and_else_of_words() -> None:
    texts = ["Pneumonia is seen.", "No finding.", "Findings: pneumonia. Edema.", "Effusion."]
    assert agreement("Pneumonia is present on this film.", texts) == 0.5
    assert agreement("The patient is rotated.", ["The patient  is rotated. Clear.", "Clear."]) == 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Pneumonia is present. Infiltration is present.",
        "  No acute finding.  ",
        "Findings:\nPneumonia is seen.\n\nImpression: pneumonia. Edema!",
    ],
)
def test_sentences_are_those_of_the_hall_and_share_the_tokens_out(demo: Model, text: str) -> None:
    vocabulary = demo.bundle.vocabulary
    ids = vocabulary.encode(text)
    found = said_sentences(vocabulary, ids)
    assert [one.text for one in found] == split(text)
    for one in found:
        assert one.text.split()[0] in vocabulary.decode(ids[one.first : one.end])
    for before, after in itertools.pairwise(found):
        assert before.end <= after.first


# Maps


def test_the_score_is_the_sum_of_the_log_probabilities_of_a_plain_reading(
    demo: Model, codes: tuple[int, ...]
) -> None:
    """The scorer keeps what it has read; a reading from scratch gives the same, changed film or not."""
    draft = demo.report(codes)
    sentences = said_sentences(demo.bundle.vocabulary, draft.ids)
    prompt = draft_prompt(demo, codes, None)
    backend, vocabulary = demo.backends.language, demo.bundle.vocabulary
    scorer = Scorer(backend, vocabulary, prompt, draft.ids, sentences)
    neutral, block = neutral_film(demo), Blocks().places()[10]
    found = [
        scorer.score([], []),
        scorer.score(block.tolist(), neutral[block].tolist()),
        scorer.score([200, 3], [7, 8]),
    ]
    changed = np.array(codes)
    changed[block] = neutral[block]
    other = np.array(codes)
    other[[200, 3]] = 7, 8
    for values, film in zip(found, (codes, changed.tolist(), other.tolist()), strict=True):
        first = backend.prefill([draft_prompt(demo, film, None)])
        rest = backend.score([list(draft.ids[:-1])], keep=len(draft.ids) - 1)[0]
        logits = np.concatenate([first, rest])
        logs = [
            log_softmax(row, text_mask(vocabulary))[id_] for row, id_ in zip(logits, draft.ids, strict=True)
        ]
        expected = [sum(logs[one.first : one.end]) for one in sentences]
        assert values == pytest.approx(expected, abs=1e-3)


def test_a_film_put_out_with_itself_takes_nothing_away(demo: Model, codes: tuple[int, ...]) -> None:
    same = Model(demo.bundle, demo.backends)
    same.evidence = EvidenceFile(1, "", maps=MapsEntry(codes, 4, 2, {}))
    draft = same.report(codes)
    shares: list[float] = []
    found = falls(same, codes, None, draft.ids, on_share=shares.append)
    assert [one.text for one in found] == split(draft.text)
    assert all(len(one.falls) == 256 and max(map(abs, one.falls)) < 1e-3 for one in found)
    assert shares == sorted(shares) and shares[-1] == 1.0
    # With the model's neutral film the same sentences do fall somewhere.
    assert max(max(one.falls) for one in falls(demo, codes, None, draft.ids)) > 0.1


def test_blocks_cover_every_token() -> None:
    for blocks in (Blocks(), Blocks(2, 2), Blocks(3, 2), Blocks(16, 1)):
        places = blocks.places()
        assert set(np.concatenate(places).tolist()) == set(range(256))
        assert all(len(place) == blocks.side**2 for place in places)


def test_a_map_without_evidence_uses_a_grey_film(model: Model) -> None:
    assert model.evidence is None
    assert len(set(neutral_film(model).tolist())) == 1


def test_the_deletion_test_tells_a_map_from_its_opposite(demo: Model, codes: tuple[int, ...]) -> None:
    draft = demo.report(codes)
    sentences = said_sentences(demo.bundle.vocabulary, draft.ids)
    values = np.array(falls(demo, codes, None, draft.ids)[0].falls)
    scorer = Scorer(
        demo.backends.language,
        demo.bundle.vocabulary,
        draft_prompt(demo, codes, None),
        draft.ids,
        sentences,
    )
    random = np.random.default_rng(0)
    right, wrong = (
        deletion(scorer, 0, orders_for(sign * values, random), neutral_film(demo)) for sign in (1, -1)
    )
    assert right.area(MAP) > right.area(RANDOM) > wrong.area(MAP)
    assert right.area(MAP) > right.area(CENTRE)
    assert len(right.curves[MAP]) == len(STEPS) and right.curves[MAP][0] == 0.0
    assert right.curves[MAP][-1] == right.curves[RANDOM][-1]
    orders = orders_for(values, random)
    assert all(
        sorted(order.tolist()) == list(range(len(UNITS))) for each in orders.values() for order in each
    )
    # The middle of the film stands first from the centre outwards, a corner last.
    assert {int(place) for place in UNITS[orders[CENTRE][0][0]]} & {119, 120, 135, 136}
    assert set(UNITS[orders[CENTRE][0][-1]].tolist()) & {0, 15, 240, 255}


# Confidence


def test_samples_are_drawn_from_the_model_and_repeat(demo: Model, codes: tuple[int, ...]) -> None:
    first, again = ([*draft_samples(demo, codes, None, 6, 1.0)] for _ in range(2))
    assert first == again and len(set(first)) > 1
    assert [*draft_samples(demo, codes, None, 3, 1.0)] == first[:3]


def test_a_draft_is_examined_sentence_by_sentence(demo: Model, codes: tuple[int, ...]) -> None:
    draft = demo.report(codes)
    found = examine(demo, codes, None, draft)
    assert demo.evidence is not None and demo.evidence.confidence is not None
    assert found.samples == demo.evidence.confidence.samples == 8
    assert [one.text for one in found.sentences] == split(draft.text)
    for one in found.sentences:
        assert one.confidence is not None and 0 < one.confidence < 1
        assert one.agreement is not None and one.agreement * 8 == round(one.agreement * 8)
        assert one.weak == (one.confidence < 0.5)


def test_where_samples_take_too_long_sentences_are_judged_without(
    demo: Model, codes: tuple[int, ...]
) -> None:
    found = examine(demo, codes, None, demo.report(codes), budget_s=0.0)
    assert found.samples == 0
    assert all(one.agreement is None and one.confidence is not None for one in found.sentences)


def test_without_a_file_nothing_is_made_up(model: Model) -> None:
    codes = [3] * 256
    found = examine(model, codes, None, model.report(codes))
    assert found.withheld == "" and found.samples == 0
    assert all(one.confidence is None and one.agreement is None and not one.weak for one in found.sentences)


def test_a_draft_is_withheld_where_its_best_sentence_is_too_weak() -> None:
    weak, better = (SentenceEvidence("Edema.", value, 0.5, value < 0.5) for value in (0.2, 0.31))
    assert withheld_for([weak, better], ENTRY) == ""
    assert "20%" in withheld_for([weak], ENTRY) and "30%" in withheld_for([weak], ENTRY)
    assert withheld_for([SentenceEvidence("Edema.", None, None, False)], ENTRY) == ""


def test_a_score_rises_with_both_of_its_parts_and_stays_finite() -> None:
    assert score(0.9, 0.5, 8) > score(0.5, 0.5, 8) > score(0.5, 0.25, 8)
    assert score(0.5, None, 0) == 0.0 and score(0.5, 0.5, 8) == 0.0
    assert np.isfinite([score(1.0, 1.0, 8), score(0.0, 0.0, 8)]).all()


def sentences(n: int, seed: int = 0, slope: float = 1.0) -> Judged:
    random = np.random.default_rng(seed)
    scores = random.normal(0, 2, n)
    normal = random.random(n) < 0.3
    true = random.random(n) < 1 / (1 + np.exp(-(slope * scores + normal)))
    films = np.arange(n) // 2
    return Judged(scores, normal, true, films, tuple(f"patient {film // 2}" for film in films))


def test_the_line_finds_what_the_sentences_were_made_with() -> None:
    line = reliability.fit_line(sentences(4000))
    assert line.score == pytest.approx(1.0, abs=0.15) and line.normal == pytest.approx(1.0, abs=0.3)
    rows = sentences(1000, seed=1)
    held = reliability.out_of_fold(rows, 0)
    found = reliability.figures(held, rows.true, rows.patient, 50)
    assert found["ece"].value < 0.06 and found["auroc"].value == pytest.approx(auroc(held, rows.true))
    # Confidence that is too sure by far is told.
    sure = np.where(rows.score > 0, 0.99, 0.01)
    assert reliability.figures(sure, rows.true, rows.patient, 50)["ece"].value > 0.15


def test_a_patients_sentences_are_never_in_the_fit_that_judges_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sentences(200)
    seen: list[set[str]] = []
    fit = reliability.fit_line

    def watched(part: Judged) -> Line:
        seen.append(set(part.patient))
        return fit(part)

    monkeypatch.setattr(reliability, "fit_line", watched)
    reliability.out_of_fold(rows, 0)
    everyone = set(rows.patient)
    left_out = [everyone - inside for inside in seen]
    assert all(left_out) and set().union(*left_out) == everyone
    assert sum(map(len, left_out)) == len(everyone)


def test_no_more_than_a_twentieth_of_the_drafts_is_withheld() -> None:
    best = np.linspace(0.0, 1.0, 200)
    threshold = reliability.withheld_below(best)
    assert (best < threshold).mean() <= reliability.MOST_WITHHELD < (best < threshold + 0.05).mean()
    assert reliability.withheld_below(np.full(50, 0.9)) == reliability.WEAK
    assert reliability.withheld_below(np.full(50, 0.01)) == 0.0


# Round trip


def test_likenesses_are_highest_for_the_same_film() -> None:
    one, other = [1, 1, 2, 3], [3, 4, 4, 5]
    assert token_likeness(one, one, 8) == pytest.approx(1.0)
    assert token_likeness(one, [5, 6, 7, 7], 8) == 0.0
    assert 0.0 < token_likeness(one, other, 8) < 1.0
    looked, spread = {"a": 0.2, "b": 0.7}, {"a": 1.0, "b": 2.0}
    assert feature_likeness(looked, looked, spread) == 0.0
    assert feature_likeness(looked, {"a": 0.9, "b": 0.7}, spread) < 0.0
    entry = RoundTripEntry(Scale(0.5, 0.1), Scale(-1.0, 0.5), spread, -1.0, 0.6, 0.55, 0.7, {"n": 10})
    assert combined(Likeness(0.6, -0.5), entry) == pytest.approx(1.0)
    assert combined(Likeness(0.6, None), entry) == pytest.approx(1.0)
    assert entry.is_on and not replace(entry, low=0.5).is_on


# The file


def test_the_shipped_file_is_of_the_shipped_weights_and_outside_their_hash(demo: Model) -> None:
    folder = default_bundle_folder()
    held = json.loads((folder / EVIDENCE).read_text(encoding="utf-8"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert held["weights_sha256"] == manifest["weights_sha256"] == demo.bundle.manifest.weights_sha256
    # The hash that the drafts, signed documents and evaluations of this model name.
    assert demo.bundle.manifest.weights_sha256.startswith("f7cb83d2af6c")
    found = demo.evidence
    assert found is not None and found.confidence is not None and found.round_trip is not None
    assert found.confidence.withheld <= found.confidence.weak
    assert section(found).strip() in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_file_of_other_weights_is_refused(tmp_path: Path, demo: Model) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(default_bundle_folder(), folder)
    bundle = Bundle.load(folder)
    held = evidence_of(bundle)
    assert held is not None
    write_beside(bundle, replace(held, weights_sha256="0" * 64))
    with pytest.raises(BundleError, match="measured with the weights 000000000000"):
        Bundle.load(folder)


def test_maps_that_leave_tokens_out_are_refused(tmp_path: Path, demo: Model) -> None:
    held = demo.evidence
    assert held is not None and held.maps is not None
    path = tmp_path / EVIDENCE
    path.write_text(json.dumps(replace(held, maps=replace(held.maps, side=2, stride=3)).to_json()))
    with pytest.raises(BundleError, match="every 3 tokens"):
        read_evidence(path, held.weights_sha256)


def test_a_file_put_beside_a_model_changes_neither_weights_nor_drafts(model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(model.bundle.folder, folder)
    made = EvidenceFile(
        1,
        model.bundle.manifest.weights_sha256,
        replace(ENTRY, measured=figures_of_nothing()),
        MapsEntry((5,) * 256, 8, 8, {"films": 3}),
    )
    write_beside(Bundle.load(folder), made)
    write_beside(Bundle.load(folder), made)
    again = Model.open(folder, threads=1)
    assert again.evidence == made
    assert again.bundle.device_uid == model.bundle.device_uid
    assert again.report([3] * 256).text == model.report([3] * 256).text
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# A random model for tests") and card.count("## Evidence") == 1


def test_a_file_that_cant_be_put_there_whole_leaves_the_model_as_it_was(
    demo: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(default_bundle_folder(), folder)
    bundle = Bundle.load(folder)
    assert demo.evidence is not None

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.evidence.card.write_text", full)
    with pytest.raises(DataError, match="No space left"):
        write_beside(bundle, replace(demo.evidence, round_trip=None))
    assert evidence_of(Bundle.load(folder)) == demo.evidence
    assert not list(folder.glob(".*"))


def figures_of_nothing() -> dict[str, object]:
    interval = {"value": 0.1, "low": 0.0, "high": 0.2}
    named = dict.fromkeys(("ece", "brier", "auroc"), interval)
    return {"films": 3, "sentences": 5, **named, "share_weak": 0.5, "share_withheld": 0.0}


def test_the_section_takes_the_place_of_the_one_before_and_keeps_what_follows() -> None:
    card = "# A\n\nx\n\n## Input check\n\ny\n"
    once = with_section(card, "## Evidence\n\nfirst\n")
    assert once == "# A\n\nx\n\n## Evidence\n\nfirst\n\n## Input check\n\ny\n"
    assert with_section(once, "## Evidence\n\nsecond\n") == once.replace("first", "second")
    assert (
        with_section("# A\n\n### Evidence of age\n", "## Evidence\n\nz\n").count("### Evidence of age\n") == 1
    )
    assert with_section("# A\n", "## Evidence\n\nz\n") == "# A\n\n## Evidence\n\nz\n"
