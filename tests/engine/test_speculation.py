"""Speculative decoding changes no token: on the real films, with wrong drafts, with noisy logits, at every limit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from benchmarks.speculative import shipped_prompts, speculative_figures
from engine import cli
from engine.bundle import PHRASES, Bundle, Sampling, default_bundle_folder
from engine.data.prepared import PreparedSet
from engine.data.records import QuestionAnswer, ReportText
from engine.data.templates import NORMAL, worded
from engine.errors import BundleError, DataError, GenerationError
from engine.evidence.card import write_beside
from engine.evidence.file import EvidenceFile
from engine.imported import ImportedBundle
from engine.importing import import_model
from engine.lm.prompt import text_target
from engine.lm.vocabulary import Vocabulary
from engine.model import Model
from engine.models import open_model
from engine.phrases import add_phrases, phrase_store
from engine.runtime.generation import TextAnswer, generate_text
from engine.runtime.rows import RowBatch
from engine.runtime.sampling import Sampler, no_mask
from engine.runtime.speculation import PhraseStore, Speculation, speculation_of
from tests.engine.factories import make_bundle
from tests.engine.official_files import language_model, lightning_checkpoint, small_tokenizer, taming_yaml
from tests.engine.tuning_world import record

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=40, seed=0)


@pytest.fixture(scope="module")
def demo() -> Model:
    return Model.open(threads=1)


@pytest.fixture(scope="module")
def prompts(demo: Model) -> list[list[int]]:
    return shipped_prompts(demo)


@pytest.fixture(scope="module")
def store(demo: Model) -> PhraseStore:
    assert demo.speculation is not None
    return demo.speculation.store


def answered(
    demo: Model, prompt: list[int], sampling: Sampling, speculation: Speculation | None
) -> tuple[TextAnswer, list[str], int]:
    """An answer, the pieces that were streamed, and how often `on_step` was called."""
    pieces: list[str] = []
    steps: list[None] = []
    backend, vocabulary = demo.backends.language, demo.bundle.vocabulary
    answer = generate_text(
        backend, vocabulary, prompt, sampling, pieces.append, lambda: steps.append(None), speculation
    )
    # Prompt and all tokens but the last, the end key being one where it was said.
    assert backend.lengths[0] == len(prompt) + len(answer.token_probabilities) - 1
    return answer, pieces, len(steps)


def assert_same(demo: Model, prompt: list[int], sampling: Sampling, speculation: Speculation) -> None:
    plain, plain_pieces, plain_steps = answered(demo, prompt, sampling, None)
    other, pieces, steps = answered(demo, prompt, sampling, speculation)
    assert (other.text, other.ids, other.finished) == (plain.text, plain.ids, plain.finished)
    assert (pieces, steps) == (plain_pieces, plain_steps)
    assert np.allclose(other.token_probabilities, plain.token_probabilities, atol=1e-5)


def test_drafts_of_real_films_are_the_same_and_take_fewer_calls(
    demo: Model, prompts: list[list[int]], store: PhraseStore
) -> None:
    speculation = Speculation(store)
    for prompt in prompts:
        assert_same(demo, prompt, demo.bundle.manifest.sampling.report, speculation)
    tally = speculation.tally
    assert tally.tokens - len(prompts) >= 2 * (tally.calls + tally.again), tally


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_drawn_drafts_of_real_films_are_the_same(
    demo: Model, prompts: list[list[int]], store: PhraseStore, seed: int, free: bool
) -> None:
    speculation = Speculation(store)
    sampling = replace(demo.bundle.manifest.sampling.report, temperature=1.3, seed=seed, free=free)
    for prompt in prompts:
        assert_same(demo, prompt, sampling, speculation)
    assert speculation.tally.accepted > len(prompts)


def test_a_store_that_is_always_wrong_changes_nothing(demo: Model, prompts: list[list[int]]) -> None:
    # It goes on with the next id, whatever was said.
    wrong = PhraseStore({(id_,): (id_ + 1, 1.0) for id_ in range(1160)}, 1, demo.bundle.vocabulary.end)
    speculation = Speculation(wrong)
    for prompt in prompts[:4]:
        assert_same(demo, prompt, demo.bundle.manifest.sampling.report, speculation)
    tally = speculation.tally
    assert tally.drafted > 0 and tally.accepted == 0
    # After a draft of which nothing held, the next is of one token.
    assert tally.drafted <= tally.calls + 11 * 4


def test_answers_to_questions_are_the_same(demo: Model, prompts: list[list[int]]) -> None:
    codes = [id_ - demo.bundle.vocabulary.image_offset for id_ in prompts[1] if id_ >= 1167]
    ahead, questions = demo.speculation, ("Is there a pneumonia?", "What does the film show?")
    with_store = [demo.answer(codes, question, seed=3) for question in questions]
    demo.speculation = None
    try:
        plain = [demo.answer(codes, question, seed=3) for question in questions]
    finally:
        demo.speculation = ahead
    assert [answer.text for answer in with_store] == [answer.text for answer in plain]


class Rule(RowBatch):
    """Logits by the last three ids, never the end key's; drafts' are wrong against each other by `noise` at most."""

    def __init__(self, vocabulary: Vocabulary, noise: float = 0.0, max_positions: int = 900) -> None:
        super().__init__(vocabulary.size, max_positions)
        self.end = vocabulary.end
        self.noise = noise
        self.random = np.random.default_rng(5)
        self.held = np.zeros(max_positions + 64, dtype=np.int64)
        self.steps = self.calls = 0

    def _allocate(self, rows: int) -> None:
        pass

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        start, count = int(write[0]), ids.shape[1]
        self.held[start : start + count] = ids[0]
        self.calls += 1
        rows = [self._logits(start + place + 1) for place in range(count - keep, count)]
        logits = np.array(rows, dtype=np.float32)[None]
        if count > 1 and start:
            logits += self.random.uniform(-self.noise / 2, self.noise / 2, logits.shape).astype(np.float32)
        return logits

    def _logits(self, length: int) -> NDArray[np.float64]:
        key = [int(id_) for id_ in self.held[max(0, length - 3) : length]]
        logits = np.random.default_rng(key).normal(size=self.vocabulary_size) * 2.0
        logits[self.end] = -50.0
        return logits


def ahead_of(ids: Sequence[int], vocabulary: Vocabulary) -> PhraseStore:
    """A store that knows one answer, with an error at every fifth token."""
    chain = [vocabulary.response, *ids]
    following = {
        tuple(chain[max(0, place - 3) : place]): (chain[place] if place % 5 else 40, 1.0)
        for place in range(1, len(chain))
    }
    return PhraseStore(following, 3, vocabulary.end)


@pytest.mark.parametrize("temperature", [0.0, 0.4, 1.0])
def test_noise_within_the_tolerance_turns_no_choice(tiny: Bundle, temperature: float) -> None:
    vocabulary, prompt = tiny.vocabulary, [tiny.vocabulary.response]
    differing = 0
    for seed in range(8):
        sampling = replace(GREEDY, temperature=temperature, top_p=0.9, seed=seed, max_new_tokens=25)
        start = [*prompt, 50 + seed, vocabulary.response]
        plain = generate_text(Rule(vocabulary), vocabulary, start, sampling)
        store = ahead_of(plain.ids, vocabulary)
        noisy = Rule(vocabulary, noise=0.3)
        ahead = Speculation(store, tolerance=0.3)
        assert generate_text(noisy, vocabulary, start, sampling, speculation=ahead).ids == plain.ids
        assert ahead.tally.drafted > 0
        careless = generate_text(
            noisy, vocabulary, start, sampling, speculation=Speculation(store, tolerance=0.0)
        )
        differing += careless.ids != plain.ids
    # Without the tolerance some text does differ: the noise is one that matters.
    assert differing


@pytest.mark.parametrize("most", [1, 2, 3, 7, 25])
@pytest.mark.parametrize("room", [0, 1, 4, 900])
def test_limits_hold_to_the_token(tiny: Bundle, most: int, room: int) -> None:
    vocabulary, prompt = tiny.vocabulary, [50, tiny.vocabulary.response]
    whole = generate_text(Rule(vocabulary), vocabulary, prompt, GREEDY)
    store = ahead_of(whole.ids, vocabulary)
    sampling = replace(GREEDY, max_new_tokens=most)
    backend = Rule(vocabulary, max_positions=len(prompt) + room)
    ahead = Speculation(store, tolerance=0.0)
    answer = generate_text(backend, vocabulary, prompt, sampling, speculation=ahead)
    assert answer.ids == whole.ids[: min(most, room + 1)]
    assert not answer.finished
    assert backend.calls <= len(answer.ids)


def test_on_step_can_stop_between_drafted_tokens(tiny: Bundle) -> None:
    class Stop(Exception):
        pass

    vocabulary, prompt = tiny.vocabulary, [50, tiny.vocabulary.response]
    whole = generate_text(Rule(vocabulary), vocabulary, prompt, GREEDY)
    seen: list[str] = []
    asked = []

    def on_step() -> None:
        asked.append(None)
        if len(asked) == 4:
            raise Stop

    ahead = Speculation(ahead_of(whole.ids, vocabulary), tolerance=0.0)
    backend = Rule(vocabulary)
    with pytest.raises(Stop):
        generate_text(backend, vocabulary, prompt, GREEDY, seen.append, on_step, ahead)
    assert vocabulary.decode(whole.ids[:3]).strip().startswith("".join(seen).strip())
    assert backend.lengths[0] == len(prompt) + 2


def test_a_settled_choice_is_the_same_whatever_the_error(tiny: Bundle) -> None:
    random = np.random.default_rng(0)
    mask = no_mask(tiny.vocabulary)[:30]
    settled = 0
    for number in range(400):
        sampling = Sampling(
            float(random.choice([0.0, 0.5, 1.0])), float(random.choice([0.8, 1.0])), 9, number
        )
        within, logits = float(random.choice([0.01, 0.1, 0.5])), random.normal(size=30) * 3
        choice = Sampler(sampling, mask).choose_settled(logits, within)
        if choice is None:
            sampler = Sampler(sampling, mask)
            sampler.choose_settled(logits, within)
            # Nothing was drawn: the next choice draws the first number.
            assert sampler.choose(logits) == Sampler(sampling, mask).choose(logits)
            continue
        settled += 1
        for _ in range(10):
            wrong = logits + random.choice([-0.499, 0.499], size=30) * within
            assert Sampler(sampling, mask).choose(wrong)[0] == choice[0]
    assert settled > 100


def test_a_store_drafts_what_most_often_follows(demo: Model) -> None:
    vocabulary = demo.bundle.vocabulary
    texts = ["Pleural effusion is present."] * 3 + ["Pleural effusion is seen."] * 2 + ["No finding."]
    store = PhraseStore.from_texts(texts, vocabulary, context=3)
    ids = text_target(vocabulary, texts[0])
    assert store.draft([vocabulary.response, ids[0]], 30) == ids[1:]
    assert store.draft([vocabulary.response, ids[0]], 2) == ids[1:3]
    # Seen once: not a phrase.
    assert store.draft([vocabulary.response, vocabulary.encode("No finding.")[0]], 9) == []
    other = PhraseStore.from_texts(
        ["No, there is none."] * 2 + ["Pleural effusion was seen."] * 9, vocabulary
    )
    both = store.over(other)
    assert both.draft([vocabulary.response, ids[0]], 30) == ids[1:]
    answer = text_target(vocabulary, "No, there is none.")
    assert both.draft([vocabulary.response, answer[0]], 30) == answer[1:]


def test_a_store_that_nothing_repeats_in_is_refused(demo: Model) -> None:
    with pytest.raises(DataError, match="no two tokens that follow each other 2 times"):
        PhraseStore.from_texts([], demo.bundle.vocabulary)


def test_a_store_on_disk_is_the_same_and_bad_ones_are_refused(
    demo: Model, store: PhraseStore, tmp_path: Path
) -> None:
    vocabulary, file = demo.bundle.vocabulary, tmp_path / "phrases.npz"
    size = store.save(file)
    first = file.read_bytes()
    assert size == len(first) < 200_000
    again = PhraseStore.load(file, vocabulary)
    assert again == store
    again.save(file)
    assert file.read_bytes() == first
    big = PhraseStore({(40,): (vocabulary.size, 1.0)}, 2, vocabulary.end)
    big.save(file)
    with pytest.raises(BundleError, match=f"holds the id {vocabulary.size}"):
        PhraseStore.load(file, vocabulary)
    file.write_bytes(b"no archive")
    with pytest.raises(BundleError, match="can't be read"):
        PhraseStore.load(file, vocabulary)
    np.savez(file, contexts=np.array([[object()]]), following=np.zeros(1, int), shares=np.zeros(1))
    with pytest.raises(BundleError, match="can't be read"):
        PhraseStore.load(file, vocabulary)
    file.write_bytes(b"")
    with pytest.raises(BundleError, match="can't be read"):
        PhraseStore.load(file, vocabulary)
    with file.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(BundleError, match="can't be read"):
        PhraseStore.load(file, vocabulary)
    np.savez(file, contexts=np.zeros((1, 1), int), following=np.full(1, 0.5), shares=np.ones(1))
    with pytest.raises(BundleError, match="don't fit each other"):
        PhraseStore.load(file, vocabulary)


def test_the_shipped_store_holds_phrases_of_the_wordings_alone(demo: Model, store: PhraseStore) -> None:
    vocabulary = demo.bundle.vocabulary
    for text in (NORMAL[0], worded(["Pneumonia"])):
        ids = text_target(vocabulary, text)
        assert store.draft([vocabulary.response, ids[0]], 30) == ids[1:]
    said = "".join(vocabulary.decode(before) for before in store.following).lower()
    assert not any(word in said for word in ("patient", "ground", "___", "thorax"))


def prepared_set(folder: Path) -> PreparedSet:
    """Films of three splits, each split with its own text."""
    splits = ("train", "val", "test")
    records = [record(number, split=split) for number, split in enumerate(splits)]
    records.append(record(9, split="train", source="elsewhere"))
    made = PreparedSet.create(folder, records, {})
    words = ("alpha alpha", "beta beta", "gamma gamma", "delta delta")
    texts = [(one.key, word) for one, word in zip(records, words, strict=True) for _ in range(4)]
    made.write_reports(ReportText(key, word, "worded", 1.0) for key, word in texts)
    made.write_vqa(
        QuestionAnswer(key, "What is said?", f"Said {word}", "made", "rules", "none")
        for key, word in texts[::2]
    )
    return made


def test_phrases_of_held_out_films_stay_out(tiny: Bundle, tmp_path: Path) -> None:
    made = prepared_set(tmp_path / "set")
    store = phrase_store([made], tiny.vocabulary)
    held = " ".join(tiny.vocabulary.decode((*before, id_)) for before, (id_, _) in store.following.items())
    assert "alph" in held and "delt" in held
    assert "bet" not in held and "gam" not in held
    one = phrase_store([made], tiny.vocabulary, ["elsewhere"])
    assert "alph" not in " ".join(tiny.vocabulary.decode(before) for before in one.following)
    # A film for training here that is held out in another set.
    records = [record(0, split="val"), record(9, split="train", source="elsewhere")]
    other = PreparedSet.create(tmp_path / "other", records, {})
    both = phrase_store([made, other], tiny.vocabulary)
    assert "alph" not in " ".join(tiny.vocabulary.decode(before) for before in both.following)
    with pytest.raises(DataError, match="no report of a training film of nowhere"):
        phrase_store([made], tiny.vocabulary, ["nowhere"])


def test_a_bundle_gets_a_store_and_keeps_its_weights(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "tiny")
    before = Bundle.load(folder)
    assert speculation_of(before) is None and Model.open(folder, threads=1).speculation is None
    prepared_set(tmp_path / "set")
    app = typer.Typer()
    cli.register(app)
    done = CliRunner().invoke(
        app, ["data", "phrases", "--set", str(tmp_path / "set"), "--model", str(folder)]
    )
    assert done.exit_code == 0, done.output
    after = Bundle.load(folder)
    assert (after.device_uid, after.model_key) == (before.device_uid, before.model_key)
    assert Model.open(folder, threads=1).speculation is not None
    with (folder / PHRASES).open("ab") as file:
        file.write(b" ")
    with pytest.raises(BundleError, match=f"The file {PHRASES} of the bundle"):
        Bundle.load(folder)


def test_a_store_that_cannot_be_listed_is_not_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Bundle.load(make_bundle(tmp_path / "tiny"))
    add_phrases(bundle, PhraseStore.from_texts(["No finding."] * 2, bundle.vocabulary))
    before = (bundle.folder / PHRASES).read_bytes()

    def full(path: Path, values: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.side_files.write_json", full)
    with pytest.raises(DataError, match="No space left"):
        add_phrases(bundle, PhraseStore.from_texts(["Some finding."] * 2, bundle.vocabulary))
    assert (bundle.folder / PHRASES).read_bytes() == before
    assert speculation_of(Bundle.load(bundle.folder)) is not None


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> ImportedBundle:
    folder = tmp_path_factory.mktemp("official")
    lightning_checkpoint(folder / "last.ckpt", small_tokenizer())
    taming_yaml(folder / "project.yaml")
    language_model(folder / "language", "shards")
    import_model(
        folder / "models", "pair", folder / "last.ckpt", folder / "project.yaml", folder / "language"
    )
    return ImportedBundle.load(folder / "models" / "pair")


def test_an_imported_model_says_the_same_with_a_store(imported: ImportedBundle) -> None:
    model = open_model(imported.folder, threads=1)
    backend, vocabulary = model.backends.language, imported.vocabulary
    prompt = [50, 60, vocabulary.response]
    sampling = replace(GREEDY, max_new_tokens=12)
    plain = generate_text(backend, vocabulary, prompt, sampling)
    ahead = Speculation(ahead_of(plain.ids, vocabulary))
    assert generate_text(backend, vocabulary, prompt, sampling, speculation=ahead).ids == plain.ids
    assert 0 < ahead.tally.accepted < ahead.tally.drafted


def test_an_imported_model_gets_a_store_and_keeps_its_weights(imported: ImportedBundle) -> None:
    store = PhraseStore.from_texts(["No finding."] * 2, imported.vocabulary)
    add_phrases(imported, store)
    after = ImportedBundle.load(imported.folder)
    assert after.device_uid == imported.device_uid
    found = speculation_of(after)
    assert found is not None and found.store == store
    held = json.loads((imported.folder / "model.json").read_text())["files"][PHRASES]
    assert held["bytes"] == (imported.folder / PHRASES).stat().st_size


def test_an_imported_model_with_evidence_of_other_weights_isnt_opened(
    imported: ImportedBundle, tmp_path: Path
) -> None:
    """As a bundle isn't: else each of its drafts would fail for it."""
    folder = tmp_path / "pair"
    shutil.copytree(imported.folder, folder)
    write_beside(ImportedBundle.load(folder), EvidenceFile(1, "0" * 64))
    with pytest.raises(BundleError, match="measured with the weights 000000000000"):
        ImportedBundle.load(folder)


def test_the_figures_of_the_benchmark(demo: Model, prompts: list[list[int]], store: PhraseStore) -> None:
    found = speculative_figures(
        demo.backends.language,
        demo.bundle.vocabulary,
        prompts[:3],
        demo.bundle.manifest.sampling.report,
        store,
        1,
    )
    assert found["same_texts"] == 1.0
    assert found["accepted_per_step"] > 1.5
    assert found["tally"]["accepted"] <= found["tally"]["drafted"]


def test_a_text_without_a_word_is_still_an_error(tiny: Bundle) -> None:
    vocabulary = tiny.vocabulary

    class Silent(Rule):
        def _logits(self, length: int) -> NDArray[np.float64]:
            return np.eye(self.vocabulary_size)[vocabulary.end] * 9

    ahead = Speculation(ahead_of([50, 51], vocabulary))
    with pytest.raises(GenerationError, match="without a word"):
        generate_text(Silent(vocabulary), vocabulary, [50], GREEDY, speculation=ahead)


def test_the_shipped_bundle_lists_its_store() -> None:
    assert (default_bundle_folder() / PHRASES).stat().st_size < 200_000
    assert PHRASES in Bundle.load(default_bundle_folder()).manifest.files
