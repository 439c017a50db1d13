"""What the stages learn from: masks on ids, loss weights, the plan of draws, and what is left out or refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import engine
from engine.data.prepared import PreparedSet
from engine.data.records import QuestionAnswer, ReportText
from engine.errors import DataError, SettingsError
from engine.lm.prompt import REPORT_INSTRUCTIONS
from engine.lm.vocabulary import Vocabulary
from engine.train.instruct.collate import PlannedExamples, collate
from engine.train.instruct.corpus import Corpus, Film, Item, open_sets, read_corpus, read_instruct
from engine.train.instruct.examples import Example, ExampleMaker, drop_too_long
from engine.train.instruct.plan import Plan, make_plan
from engine.train.instruct.settings import TASKS, InstructSettings, Stage1Settings, Stage2Settings
from tests.engine.published_ids import INTRO_IDS, NEOX
from tests.engine.tuning_world import TOKENIZER_ID, make_set, record, stage1, stage2, write_codes

Maker = Callable[..., ExampleMaker]
# Ids of the published tokenizer for the template with the instruction "X" and no input.
BEFORE = [*INTRO_IDS, 535, 50278, 187, 57]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_file(NEOX)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("set"))


@pytest.fixture
def maker(vocabulary: Vocabulary, folder: Path) -> Maker:
    def make(**changes: Any) -> ExampleMaker:
        return ExampleMaker(vocabulary, stage1(folder, Path("run"), **changes))

    return make


def film(variants: int = 1) -> Film:
    return Film(record(0), np.tile(np.arange(256, dtype=np.int16), (variants, 1)))


def corpus_of(folder: Path | list[Path], **changes: Any) -> tuple[Corpus, InstructSettings]:
    settings = stage1(folder, Path("run"), **changes)
    sets, tokenizer = open_sets(settings)
    return read_corpus(settings, sets, tokenizer, "train"), settings


def planned(plan: Plan) -> dict[str, float]:
    return {task: float(np.mean(plan.tasks == number)) for number, task in enumerate(TASKS)}


def test_loss_is_on_the_response_alone_in_plain_language(maker: Maker) -> None:
    batch = collate([maker().training("instruct", Item(None, "Y", "X"), np.random.default_rng(0))])
    ids = [*BEFORE, 535, 50280, 58, 535, 50277]
    assert batch["input_ids"][0, : len(ids)].tolist() == ids
    assert batch["labels"][0].tolist() == [-100] * (len(ids) - 3) + [58, 535, 50277] + [-100] * 5
    assert batch["input_ids"].shape[1] % 8 == 0


def test_loss_is_on_the_response_alone_with_a_film(maker: Maker) -> None:
    example = maker().training("answer", Item(film(), "Y", "X"), np.random.default_rng(0))
    image = [29, *range(50281, 50281 + 256), 31]
    assert example.ids == [*BEFORE, 187, 187, 8982, 27, 187, *image, 535, 50280, 58, 535, 50277]
    assert example.weights == [0.0] * 287 + [1.0] * 3
    drawn = maker().training("generate", Item(film(), given="Y"), np.random.default_rng(0))
    assert drawn.ids[-260:] == [*image, 535, 50277]
    assert drawn.weights == [0.0] * (len(drawn.ids) - 260) + [1.0] * 260


def test_joint_loss_is_on_the_prompt_too(maker: Maker) -> None:
    example = maker(loss="joint").training("answer", Item(film(), "Y", "X"), np.random.default_rng(0))
    assert example.weights == [1.0] * 290


def test_decisions_words_and_images_have_weights_of_their_own(maker: Maker, vocabulary: Vocabulary) -> None:
    made = maker(
        first_token_weight=8, emphasis_words=["edema"], emphasis_weight=3, sentence_weight=2, text_weight=0.5,
        prompt_image_weight=0.01, answer_image_weight=0.03,
    )  # fmt: skip
    example = made.training("report", Item(film(), "Seen: Edema. No more."), np.random.default_rng(0))
    start = example.ids.index(50280) + 1
    tokens = [vocabulary.decode([id_]) for id_ in example.ids[start:]]
    told = dict(zip(tokens, example.weights[start:], strict=True))
    assert example.weights[start] == 4.0
    edema = [weight for token, weight in told.items() if token.strip() and token.strip().lower() in "edema"]
    assert edema and set(edema) == {1.5}
    assert told[" No"] == 1.0
    assert told["\n\n"] == 1.0
    assert told[" more"] == 0.5
    assert {w for id_, w in zip(example.ids[:start], example.weights, strict=False) if id_ > 50280} == {0.01}
    drawn = made.training("generate", Item(film(), given="Y"), np.random.default_rng(0))
    assert drawn.weights[-260:] == [1.0] + [0.03] * 256 + [1.0] * 3


def test_codes_are_dropped_from_prompts_alone(maker: Maker, vocabulary: Vocabulary) -> None:
    made = maker(code_dropout=0.25, image_codes=1024, prompt_image_weight=0.5)
    random = np.random.default_rng(0)
    image = np.arange(50281, 50281 + 256)
    share = []
    for _ in range(40):
        example = made.training("report", Item(film(), "Y"), random)
        start = example.ids.index(29) + 1
        codes, weights = (np.array(each[start : start + 256]) for each in (example.ids, example.weights))
        share.append(np.mean(codes != image))
        assert set(weights[codes != image]) == {0.0}
        assert set(weights[codes == image]) <= {0.0, 0.5}
        assert example.ids[start + 256] == 31
        drawn = made.training("generate", Item(film(), given="Y"), random)
        assert drawn.ids[-259:-3] == image.tolist()
    assert 0.23 < np.mean(share) < 0.27


def test_reports_are_left_out_of_some_drawn_films(maker: Maker, vocabulary: Vocabulary) -> None:
    made, random = maker(report_dropout=0.3), np.random.default_rng(0)
    texts = [
        vocabulary.decode(made.training("generate", Item(film(), given="Clear lungs."), random).ids)
        for _ in range(200)
    ]
    without = [text for text in texts if "Clear lungs." not in text]
    assert 0.2 < len(without) / len(texts) < 0.4
    assert not any("Input:" in text for text in without)
    report = made.training("report", Item(film(), "Clear lungs."), random)
    assert "Clear lungs." in vocabulary.decode(report.ids)


def test_wording_variant_and_context_are_drawn(maker: Maker, vocabulary: Vocabulary) -> None:
    made, random = maker(context_share=0.5), np.random.default_rng(0)
    codes = np.array([[number] * 256 for number in range(3)], dtype=np.int16)
    texts, seen = set(), set()
    for _ in range(200):
        example = made.training("report", Item(Film(record(0), codes), "Y"), random)
        text = vocabulary.decode(example.ids)
        texts |= {wording for wording in REPORT_INSTRUCTIONS if wording in text}
        seen.add((max(example.ids) - 50281, "View: PA. Age: 40 to 59 years." in text))
    assert texts == set(REPORT_INSTRUCTIONS)
    assert seen == {(variant, told) for variant in range(3) for told in (True, False)}
    exact = maker(vary_codes=False).training("report", Item(Film(record(0), codes), "Y"), random)
    assert max(exact.ids) == 50281


def test_validation_examples_are_always_the_same(maker: Maker) -> None:
    made = maker(code_dropout=0.5, context_share=1, first_token_weight=9)
    examples = [made.validation("report", Item(film(3), "Y")) for _ in range(3)]
    assert examples[0] == examples[1] == examples[2]
    assert examples[0].weights[-3:] == [1.0] * 3


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [(Stage1Settings, (0.30, 0.30, 0.20, 0.20)), (Stage2Settings, (0.21, 0.21, 0.53, 0.05))],
)
def test_tasks_are_mixed_as_published(folder: Path, kind: Any, wanted: tuple[float, ...]) -> None:
    settings = kind(prepared=[folder], out=Path("run"), new=True)
    corpus = (
        read_corpus(settings, *open_sets(settings), "train")
        if kind is Stage1Settings
        else corpus_of(folder)[0]
    )
    shares = planned(make_plan(corpus, settings, 10_000))
    assert np.allclose([shares[task] for task in TASKS], wanted, atol=0.015)


def test_the_repositorys_mix_is_four_fifths_films(folder: Path) -> None:
    corpus, settings = corpus_of(folder, mix="repository")
    shares = planned(make_plan(corpus, settings, 10_000))
    assert abs(shares["instruct"] - 0.2) < 0.015
    # 12 reports, 12 films to draw and 24 questions share the rest by their numbers.
    assert abs(shares["answer"] - 0.4) < 0.015
    assert abs(shares["report"] - 0.2) < 0.015


def test_items_of_equal_weight_come_in_passes(folder: Path) -> None:
    corpus, settings = corpus_of(folder, shares={"report": 1})
    plan = make_plan(corpus, settings, 36)
    assert [sorted(plan.items[at : at + 12]) for at in (0, 12, 24)] == [list(range(12))] * 3
    assert plan.passes(corpus)["report"] == 3.0
    longer = make_plan(corpus, settings, 50)
    assert np.array_equal(longer.items[:36], plan.items)


def test_weights_and_sources_set_the_chances(tmp_path: Path) -> None:
    first = make_set(tmp_path / "a", source="a", weights=(1.0, 3.0))
    second = make_set(tmp_path / "b", source="b")
    changes: dict[str, Any] = {"prepared": [first, second], "directions": "both", "shares": {"report": 1}}
    corpus, settings = corpus_of(first, **changes, sources={"a": 0.7, "b": 0.3})
    plan = make_plan(corpus, settings, 10_000)
    drawn = [corpus.items["report"][item] for item in plan.items]
    of_a = [item for item in drawn if item.film and item.film.record.source == "a"]
    assert abs(len(of_a) / len(drawn) - 0.7) < 0.015
    assert abs(np.mean([item.weight == 3.0 for item in of_a]) - 0.75) < 0.02
    alone, _ = corpus_of(first, **changes, sources={"b": 1.0})
    assert {item.film.record.source for item in alone.items["report"] if item.film} == {"b"}
    assert alone.dropped["film of a source that isn't named"] == 24


def test_even_films_teach_reports_and_odd_ones_films(folder: Path) -> None:
    corpus, _ = corpus_of(folder)
    numbers = {
        task: [int(item.film.record.key[-3:]) for item in corpus.items[task] if item.film]
        for task in ("report", "generate")
    }
    assert numbers == {"report": list(range(0, 24, 2)), "generate": list(range(1, 24, 2))}
    both, _ = corpus_of(folder, directions="both")
    assert both.counts() == {
        "report": 24,
        "generate": 24,
        "answer": 24,
        "instruct": corpus.counts()["instruct"],
    }


def test_a_film_of_two_sets_is_taught_once(tmp_path: Path) -> None:
    """The second set lacks the first film, so that every other one changes its place among the sorted keys."""
    make_set(tmp_path / "all", films=12)
    prepared = PreparedSet.create(tmp_path / "some", PreparedSet.open(tmp_path / "all").records[1:], {})
    prepared.write_reports(ReportText(one.key, "Edema.", "worded") for one in prepared.records)
    questions = [
        QuestionAnswer(one.key, text, "Yes.", "labels", "rules", "CC0")
        for one in prepared.records
        for text in ("Is this film normal?", "Is there edema?")
    ]
    prepared.write_vqa(questions)
    write_codes(prepared, np.array([one.normal for one in prepared.records]))
    alone, _ = corpus_of(tmp_path / "all")
    both, _ = corpus_of([tmp_path / "all", tmp_path / "some"])
    for task in ("report", "generate"):
        texts = [
            [(item.film.record.key, *item.texts) for item in corpus.items[task] if item.film]
            for corpus in (alone, both)
        ]
        assert texts[0] == texts[1] and len(texts[0]) == 6
    assert both.counts()["answer"] == 12 + 11
    assert both.dropped["film whose report an earlier set holds"] == 11
    assert both.dropped["question that an earlier set asks of the film"] == 11


def test_a_patient_in_two_splits_of_two_sets_is_refused(tmp_path: Path) -> None:
    for name, split in (("a", "train"), ("b", "val")):
        records = [record(0, split, key=f"{name}0"), record(1, split, "other", key=f"{name}1")]
        prepared = PreparedSet.create(tmp_path / name, records, {})
        write_codes(prepared, np.array([True, False]))
    with pytest.raises(DataError, match="A patient of made is in two splits, train and val"):
        corpus_of([tmp_path / "a", tmp_path / "b"])


def test_sections_are_read_by_the_stage(tmp_path: Path) -> None:
    records = [
        record(0, findings="Clear lungs.", impression="Normal."),
        record(1, impression="Edema."),
        record(2, findings="Clear."),
    ]
    make_set(tmp_path, films=3)
    prepared = PreparedSet.open(tmp_path)
    prepared.write_reports([])
    codes = np.load(prepared.codes_folder(TOKENIZER_ID) / "codes.npy")
    PreparedSet.create(tmp_path, records, {})
    write_codes(PreparedSet.open(tmp_path), np.array([True] * len(records)))
    assert len(codes) == 11
    first, _ = corpus_of(tmp_path, directions="both", shares={"report": 1})
    assert [item.response for item in first.items["report"]] == ["Clear lungs. Normal.", "Edema.", "Clear."]
    settings = stage2(tmp_path, Path("run"), directions="both")
    second = read_corpus(settings, *open_sets(settings), "train")
    assert [item.response for item in second.items["report"]] == ["Normal.", "Edema."]
    assert second.dropped["film without a report text"] == 1


def test_a_smaller_share_of_the_data_is_part_of_a_larger_one(tmp_path: Path) -> None:
    folder = make_set(tmp_path, films=200)
    keys = []
    for share in (0.25, 0.5, 1.0):
        corpus, _ = corpus_of(folder, data_share=share, directions="both")
        keys.append({item.film.record.key for item in corpus.items["report"] if item.film})
    assert keys[0] < keys[1] < keys[2]
    assert 30 <= len(keys[0]) <= 70


def test_plain_language_is_read_as_dolly_lays_it_out(tmp_path: Path) -> None:
    path = tmp_path / "dolly.jsonl"
    line = {"instruction": "Sum up.", "context": "A. B.", "response": "A, B.", "category": "summarization"}
    path.write_text("".join(json.dumps({**line, "response": f"{n}"}) + "\n" for n in range(50)))
    training, held_out = read_instruct(path)
    assert (len(training), len(held_out)) == (45, 5)
    assert {item.response for item in (*training, *held_out)} == {str(n) for n in range(50)}
    assert training[0].prompt == "Sum up." and training[0].given == "A. B."
    odd = {**line, "instruction": "A\u2028B\u0085C", "context": None}
    path.write_text(json.dumps(odd, ensure_ascii=False) + "\n" + json.dumps({**line, "response": None}))
    item, unanswered = read_instruct(path)[0]
    assert {item.prompt, unanswered.prompt} == {"A\u2028B\u0085C", "Sum up."}
    assert {item.given, unanswered.given} == {"", "A. B."}
    corpus, _ = corpus_of(make_set(tmp_path / "set"), instruct=path)
    assert [one.prompt for one in corpus.items["instruct"]] == ["A\u2028B\u0085C"]
    assert corpus.dropped["instruct: empty text"] == 1
    path.write_text('{"instruction": "x"}\n')
    with pytest.raises(DataError, match="Line 1"):
        read_instruct(path)


def test_examples_too_long_are_dropped_and_counted(vocabulary: Vocabulary, maker: Maker) -> None:
    items = [Item(film(), "word " * count) for count in (10, 150, 400)]
    corpus = Corpus()
    corpus.items["report"] = list(items)
    drop_too_long(corpus, vocabulary, 512)
    assert corpus.items["report"] == items[:2]
    assert dict(corpus.dropped) == {"report: longer than 512 tokens": 1}
    assert len(maker().validation("report", items[1]).ids) < 512


def test_every_place_has_its_own_random_numbers(folder: Path, vocabulary: Vocabulary) -> None:
    corpus, settings = corpus_of(folder, code_dropout=0.3)
    examples = PlannedExamples(make_plan(corpus, settings, 40), corpus, ExampleMaker(vocabulary, settings), 7)
    forwards: list[Example] = [examples[place] for place in range(40)]
    assert forwards == list(reversed([examples[place] for place in reversed(range(40))]))
    batch = collate(forwards)
    assert torch.equal(batch["labels"] != -100, batch["weights"] > 0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shares": {"reports": 1}}, "reports"),
        ({"shares": {"report": -1}}, "negative"),
        ({"new": False}, "base"),
        ({"hidden": 30, "heads": 4}, "multiple of heads"),
        ({"select_by": "bleu"}, "select_by"),
        ({"code_dropout": 1.0}, "code_dropout"),
        ({"learning_rates": 1.0}, "learning_rates"),
        ({"fsdp": True, "deepspeed": "x.json"}, "either `fsdp`"),
    ],
)
def test_bad_settings_are_refused(folder: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        stage1(folder, Path("run"), **changes)


def test_a_task_without_examples_is_refused(folder: Path, tmp_path: Path) -> None:
    corpus, settings = corpus_of(folder)
    corpus.items["answer"] = []
    with pytest.raises(DataError, match="answer has a share"):
        make_plan(corpus, settings, 10)
    with pytest.raises(DataError, match="image_codes"):
        corpus_of(folder, image_codes=20)
    with pytest.raises(DataError, match="in common: 0123456789ab"):
        corpus_of(folder, codes="ffff")


@pytest.mark.parametrize("name", ["stage1", "stage2", "demo-base", "demo-stage1", "demo-stage2"])
def test_the_recipes_are_read(name: str, tmp_path: Path) -> None:
    kind = Stage2Settings if name.endswith("2") else Stage1Settings
    start = {} if name == "demo-base" else {"base": tmp_path}
    given = {"prepared": tmp_path, "out": tmp_path / "run", **start}
    settings = kind.read(Path(engine.__file__).parent / "recipes" / f"{name}.yaml", given)
    if not name.startswith("demo"):
        published = kind.read(None, {**given, "vary_codes": False})
        assert settings == published
    assert sum(settings.shares.values()) == pytest.approx(1.0)
