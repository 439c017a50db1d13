"""An imported model: brought in whole or not at all, checked to the byte, and used for all four tasks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from engine import cli, importing
from engine.bundle import Bundle, Sampling, sha256_of
from engine.data.tokenizers import open_film_tokenizer
from engine.errors import BackendError, BundleError, CheckpointError, DataError, GenerationError
from engine.imported import ImportedBundle
from engine.importing import import_model
from engine.lm.prompt import generate_prompt, report_prompt
from engine.model import Model
from engine.models import checked_name, find_model, load_package, names, open_model, open_tokenizer
from engine.preprocess import PreprocessingSpec
from engine.runtime.generation import generate_image, generate_text
from engine.runtime.select import Backends
from engine.worker import Worker
from llmcxr_ws.errors import EngineFailure
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels
from tests.engine.official_files import (
    SMALL,
    language_model,
    lightning_checkpoint,
    small_tokenizer,
    taming_yaml,
)
from tests.engine.test_generation import Scripted, said
from tests.engine.test_worker import send, study

NEOX = Path(__file__).parents[1] / "data" / "20B_tokenizer.json"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An official pair: checkpoint, YAML and the folder of a language model."""
    folder = tmp_path_factory.mktemp("official")
    lightning_checkpoint(folder / "last.ckpt", small_tokenizer())
    taming_yaml(folder / "project.yaml")
    language_model(folder / "language", "shards")
    return folder


@pytest.fixture(scope="module")
def models(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the imported model `pair`."""
    folder = tmp_path_factory.mktemp("home") / "models"
    import_model(folder, "pair", files / "last.ckpt", files / "project.yaml", files / "language")
    return folder


@pytest.fixture(scope="module")
def pair(models: Path) -> Model:
    return open_model("pair", models, threads=1)


@pytest.fixture
def film() -> np.ndarray:
    return np.random.default_rng(4).uniform(-1.0, 1.0, (3, 64, 64)).astype(np.float32)


def run(*arguments: object) -> Result:
    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LLMCXR_MODELS", raising=False)
    return tmp_path / "home"


def test_the_manifest_says_what_was_brought_in(models: Path) -> None:
    bundle = ImportedBundle.load(models / "pair")
    manifest = bundle.manifest
    assert manifest.tokenizer.tensors == len(small_tokenizer().state_dict())
    assert manifest.sampling.report == Sampling(temperature=1.0, top_p=0.92, max_new_tokens=128)
    assert manifest.sampling.generate.max_new_tokens == 300
    assert bundle.preprocessing.version == "2"
    assert bundle.preprocessing.channels == 3
    assert manifest.vocabulary is not None
    assert manifest.vocabulary.image_offset + SMALL.n_embed == bundle.vocabulary.size
    assert bundle.device_uid.startswith("2.25.")
    assert manifest.language_model is not None
    assert manifest.language_model.folder == ""
    assert len(manifest.language_model.files) == 5
    again = json.loads((models / "pair" / "model.json").read_text())
    assert again["weights_sha256"] == manifest.weights_sha256


def test_codes_and_films_are_those_of_the_source(pair: Model, film: np.ndarray) -> None:
    source = small_tokenizer()
    codes = source.encode(torch.from_numpy(film[None]))[0].tolist()
    assert list(pair.encode(film)) == codes
    assert len(codes) == 256
    # A GPU adds in another order than the CPU.
    off = np.abs(pair.decode(codes) - source.decode(torch.tensor([codes]))[0].numpy()).max()
    assert off == 0 if pair.backends.images.arithmetic.endswith("CPU") else off < 1e-5


def test_a_film_is_accepted_with_the_fact_that_nothing_was_checked(pair: Model, film: np.ndarray) -> None:
    check = pair.check_film(film)
    assert check.accepted and not check.reason
    assert "no input check" in check.note
    assert check.codes == pair.encode(film)
    assert not pair.check_film(np.zeros((3, 64, 64), dtype=np.float32)).accepted


def test_all_four_tasks_answer_and_repeat(pair: Model, film: np.ndarray) -> None:
    codes = pair.encode(film)
    draft = pair.report(codes, seed=5)
    assert draft == pair.report(codes, seed=5)
    assert draft.text != pair.report(codes, seed=6).text
    assert draft.seed == 5
    pieces: list[str] = []
    answer = pair.answer(codes, "Is there a pneumothorax?", seed=1, on_text=pieces.append)
    assert "".join(pieces) == answer.text
    assert len(pieces) > 3
    assert pair.instruct("Say something.", "About this.", seed=1).text
    drawn = pair.generate("The lungs are clear.", seed=2)
    assert len(drawn.codes) == 256
    assert drawn.film.shape == (3, 64, 64)
    assert drawn.codes == pair.generate("The lungs are clear.", seed=2).codes


def test_the_backend_says_what_it_runs_on(pair: Model) -> None:
    assert pair.backends.name == "torch"
    assert "float32 on" in pair.backends.reason


def test_an_imported_model_has_no_graphs_before_it_is_built(models: Path) -> None:
    with pytest.raises(BackendError, match="no int8 build"):
        open_model("pair", models, runtime="onnxruntime")


def test_a_pair_of_dolly_s_vocabulary_has_the_published_ids(files: Path, tmp_path: Path) -> None:
    language_model(tmp_path / "language", rows=51305, tokenizer=NEOX)
    wide = replace(SMALL, n_embed=1024)
    checkpoint = lightning_checkpoint(tmp_path / "last.ckpt", small_tokenizer(config=wide))
    config = taming_yaml(tmp_path / "project.yaml", wide)
    import_model(tmp_path / "m", "dolly", checkpoint, config, tmp_path / "language", copy=False)
    model = open_model("dolly", tmp_path / "m", threads=1)
    layout = model.bundle.manifest.vocabulary
    assert layout is not None
    assert (layout.text_size, layout.image_offset, layout.end, layout.response) == (
        50281,
        50281,
        50277,
        50280,
    )
    drawn = model.generate("No acute cardiopulmonary process.", seed=3)
    assert len(drawn.codes) == 256
    assert max(drawn.codes) > 64


def test_the_worker_drafts_with_an_imported_model(pair: Model, tmp_path: Path) -> None:
    workplace = Workplace.open(tmp_path / "home", upgrade=True)
    try:
        study_id = send(workplace, chest_pixels())
        ids = said(pair.bundle.vocabulary, "No acute process.")
        spoken = Backends(
            Scripted(pair.bundle.vocabulary, ids, 1024), pair.backends.images, "torch", "scripted"
        )
        model = Model(pair.bundle, spoken)
        worker = Worker(workplace.db, workplace.objects, model, lease_s=60.0, poll_s=0.1)
        assert worker.run(once=True) == 1
        assert study(workplace, study_id).state == "drafted"
    finally:
        workplace.close()


def test_a_reference_is_followed_and_watched(files: Path, tmp_path: Path) -> None:
    source = tmp_path / "language"
    shutil.copytree(files / "language", source)
    import_model(tmp_path, "linked", files / "last.ckpt", files / "project.yaml", source, copy=False)
    assert not (tmp_path / "linked" / "language_model").exists()
    assert open_model("linked", tmp_path, threads=1).bundle.vocabulary.size
    shard = source / "pytorch_model-00001-of-00002.bin"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(BundleError, match=r"pytorch_model-00001-of-00002\.bin differs"):
        load_package("linked", tmp_path)
    # What isn't used isn't asked for.
    assert open_tokenizer("linked", tmp_path).codes_per_image == 256
    shutil.rmtree(source)
    with pytest.raises(BundleError, match=r"config\.json of an imported model is missing"):
        open_model("linked", tmp_path, threads=1)


def test_verify_names_the_first_flipped_byte(models: Path, tmp_path: Path, home: Path) -> None:
    shutil.copytree(models / "pair", home / "models" / "pair")
    good = run("model", "verify", "pair")
    assert good.exit_code == 0
    assert "8 files" in good.output
    for name in ("tokenizer.safetensors", "language_model/pytorch_model-00002-of-00002.bin"):
        file = home / "models" / "pair" / name
        before = file.read_bytes()
        changed = bytearray(before)
        changed[-1000] ^= 1
        file.write_bytes(changed)
        result = run("model", "verify", "pair")
        assert isinstance(result.exception, EngineFailure)
        assert file.name in str(result.exception) and "differs" in str(result.exception)
        file.write_bytes(before)
    manifest = home / "models" / "pair" / "model.json"
    manifest.write_text(manifest.read_text().replace('"top_p": 0.92', '"top_q": 0.92', 1))
    assert "sampling" in str(run("model", "verify", "pair").exception)


def test_nothing_half_stays_behind(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / ".importing-new-dead").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(importing.shutil, "copyfile", full)
        with pytest.raises(BundleError, match="No space left"):
            import_model(tmp_path, "new", files / "last.ckpt", files / "project.yaml", files / "language")
    assert list(tmp_path.iterdir()) == []
    import_model(tmp_path, "new", files / "last.ckpt", files / "project.yaml", files / "language")
    assert names(tmp_path) == ("demo", "new")
    with pytest.raises(BundleError, match="already a model new"):
        import_model(tmp_path, "new", files / "last.ckpt", files / "project.yaml")


def test_what_does_not_fit_together_is_refused(files: Path, tmp_path: Path) -> None:
    language_model(tmp_path / "short", rows=300)
    with pytest.raises(CheckpointError, match=r"300 embedding rows, LLM-CXR needs \d+"):
        import_model(tmp_path / "m", "a", files / "last.ckpt", files / "project.yaml", tmp_path / "short")
    wide = replace(SMALL, resolution=32, attn_resolutions=())
    lightning_checkpoint(tmp_path / "wide.ckpt", small_tokenizer(config=wide))
    taming_yaml(tmp_path / "wide.yaml", wide)
    with pytest.raises(BundleError, match="64 codes"):
        import_model(tmp_path / "m", "a", tmp_path / "wide.ckpt", tmp_path / "wide.yaml", files / "language")
    assert not list((tmp_path / "m").glob("*"))
    alone = import_model(tmp_path / "m", "a", tmp_path / "wide.ckpt", tmp_path / "wide.yaml")
    with pytest.raises(BundleError, match="without a language model"):
        open_model("a", tmp_path / "m", threads=1)
    assert alone.manifest.vocabulary is None
    assert open_tokenizer("a", tmp_path / "m").codes_per_image == 64


def test_a_tokenizer_alone_is_opened_for_its_films(
    files: Path, tmp_path: Path, pair: Model, film: np.ndarray
) -> None:
    import_model(tmp_path, "films", files / "last.ckpt", files / "project.yaml", None)
    alone = open_model("films", tmp_path, threads=1, language_model=False)
    codes = alone.encode(film)
    assert codes == pair.encode(film)
    assert np.array_equal(alone.decode(codes), pair.decode(codes))
    with pytest.raises(BundleError, match="no text tokenizer"):
        alone.report(codes)
    with pytest.raises(BackendError, match="opened for its films alone"):
        alone.backends.language.prefill([[1]])
    with pytest.raises(BundleError, match="without a language model"):
        open_model("films", tmp_path, threads=1)


def test_a_tokenizer_of_our_training_names_its_own_sizes_and_preprocessing(
    files: Path, tmp_path: Path
) -> None:
    own = PreprocessingSpec(side=SMALL.resolution, channels=SMALL.in_channels)
    state = {"model": small_tokenizer().state_dict(), "config": SMALL.to_dict()}
    torch.save({**state, "preprocessing": own.to_manifest(), "facts": {}}, tmp_path / "best.pt")
    brought = import_model(tmp_path / "m", "ours", tmp_path / "best.pt", language_model=files / "language")
    assert brought.preprocessing == own == ImportedBundle.load(brought.folder).preprocessing
    film = np.random.default_rng(1).uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32)
    named, file = open_tokenizer("ours", tmp_path / "m"), open_tokenizer(tmp_path / "best.pt")
    assert np.array_equal(named.images.encode(film), file.images.encode(film))
    card = " ".join((brought.folder / "MODEL_CARD.md").read_text().split())
    assert "Picture files and DICOM films alike" in card and "taken as they are" not in card
    with pytest.raises(CheckpointError, match="An official one needs its YAML"):
        import_model(tmp_path / "m", "official", files / "last.ckpt")


def test_more_codes_than_a_set_can_hold_are_refused(tmp_path: Path) -> None:
    many = replace(SMALL, n_embed=40_000)
    state = {"model": small_tokenizer(config=many).state_dict(), "config": many.to_dict()}
    torch.save(state, tmp_path / "best.pt")
    with pytest.raises(DataError, match="has 40000 codes; prepared sets hold up to 32768"):
        open_film_tokenizer(tmp_path / "best.pt")


@pytest.mark.parametrize("encoded_by", ["checkpoint", "weights", "another"])
def test_a_language_model_stays_with_the_tokenizer_of_its_films(
    files: Path, models: Path, tmp_path: Path, encoded_by: str
) -> None:
    paths = {"checkpoint": files / "last.ckpt", "weights": models / "pair" / "tokenizer.safetensors"}
    trained = sha256_of(paths[encoded_by])[:12] if encoded_by in paths else "0123456789ab"
    shutil.copytree(files / "language", tmp_path / "stage2")
    (tmp_path / "stage2" / "llmcxr.json").write_text(json.dumps({"image_tokenizer": trained}))
    pair = (files / "last.ckpt", files / "project.yaml", tmp_path / "stage2")
    if encoded_by in paths:
        import_model(tmp_path / "m", "ours", *pair)
        return
    with pytest.raises(CheckpointError, match="trained on codes of the tokenizer 0123456789ab"):
        import_model(tmp_path / "m", "ours", *pair)
    assert not list((tmp_path / "m").iterdir())


@pytest.mark.parametrize("name", ["demo", "", ".hidden", "a/b", "..", "x" * 65])
def test_a_name_that_cannot_be_one(name: str) -> None:
    with pytest.raises(BundleError, match="can't be the name"):
        checked_name(name)


def test_models_are_found_by_name_and_folder(
    models: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LLMCXR_MODELS", raising=False)
    assert find_model("pair", models) == models / "pair"
    assert find_model() == find_model("demo")
    assert isinstance(load_package(tiny_folder), Bundle)
    assert isinstance(load_package(models / "pair"), ImportedBundle)
    monkeypatch.setenv("LLMCXR_MODELS", str(models))
    assert find_model("pair") == models / "pair"
    with pytest.raises(BundleError, match="there are demo, pair"):
        find_model("par")
    with pytest.raises(BundleError, match="no model bundle"):
        load_package(tmp_path)


def scripted(pair: Model, ids: list[int]) -> Model:
    backend = Scripted(pair.bundle.vocabulary, ids, max_positions=1024)
    return Model(pair.bundle, Backends(backend, pair.backends.images, "scripted", ""), free=True, tries=2)


def test_free_sampling_takes_exactly_256_codes(pair: Model) -> None:
    vocabulary = pair.bundle.vocabulary
    codes = list(range(64)) * 4
    ids = vocabulary.codes_to_ids(codes)
    framed = [vocabulary.less_than, *ids[:100], *vocabulary.encode("a"), *ids[100:], vocabulary.greater_than]
    drawn = scripted(pair, [*framed, vocabulary.end]).generate("Clear lungs.", seed=7)
    assert list(drawn.codes) == codes
    assert drawn.seed == 7
    for wrong in (ids[:255], [*ids, ids[0]]):
        with pytest.raises(GenerationError, match=rf"drew {len(wrong)}, 0 \(seeds 7 to 8\)"):
            scripted(pair, [*wrong, vocabulary.end]).generate("Clear lungs.", seed=7)


def test_a_later_free_try_is_recorded_with_its_seed(pair: Model) -> None:
    vocabulary = pair.bundle.vocabulary
    ids = vocabulary.codes_to_ids([1] * 256)
    # The first try ends at once; the second draws a film.
    drawn = scripted(pair, [vocabulary.end, *ids, vocabulary.end]).generate("Clear lungs.", seed=7)
    assert drawn.codes == (1,) * 256
    assert drawn.seed == 8


def test_free_text_isn_t_masked(pair: Model) -> None:
    vocabulary = pair.bundle.vocabulary
    ids = [vocabulary.image_offset, *said(vocabulary, "Clear.")]
    prompt = report_prompt(vocabulary, [0] * 256, "Report.")
    sampling = Sampling(max_new_tokens=30, free=True)
    backend = Scripted(vocabulary, ids, max_positions=1024)
    answer = generate_text(backend, vocabulary, prompt, sampling)
    assert (answer.text, answer.finished) == ("Clear.", True)
    assert answer.ids[0] == vocabulary.image_offset
    forced = generate_text(Scripted(vocabulary, ids, 1024), vocabulary, prompt, replace(sampling, free=False))
    assert forced.ids[0] != vocabulary.image_offset


def test_forced_and_free_films_of_a_real_model(pair: Model) -> None:
    vocabulary = pair.bundle.vocabulary
    prompt = generate_prompt(vocabulary, "Clear.", "Draw.")
    free = Sampling(temperature=1.0, top_p=0.92, max_new_tokens=30, seed=1, free=True, tries=2)
    with pytest.raises(GenerationError, match=r"drew \d+, \d+ \(seeds 1 to 2\)"):
        generate_image(pair.backends.language, vocabulary, prompt, free)
    assert (
        len(generate_image(pair.backends.language, vocabulary, prompt, replace(free, free=False)).codes)
        == 256
    )


@pytest.fixture
def imported(files: Path, home: Path) -> Callable[..., Result]:
    """`llmcxr model import` as a person calls it."""

    def bring_in(*more: object) -> Result:
        pair = ("--tokenizer", files / "last.ckpt", "--tokenizer-config", files / "project.yaml")
        return run("model", "import", "official", *pair, *more)

    return bring_in


def test_the_commands_from_import_to_answer(
    files: Path, home: Path, tmp_path: Path, imported: Callable[..., Result]
) -> None:
    done = imported("--language-model", files / "language", "--reference")
    assert done.exit_code == 0, done.exception
    assert "Research use only" in done.output
    facts = json.loads(run("model", "info", "official", "--json").output)
    assert facts["name"] == "official"
    assert "left at" in facts["language_model"]
    assert "no input check" in facts["limits"]
    card = run("model", "card", "official", "--out", tmp_path / "card.md")
    assert card.exit_code == 0
    text = (tmp_path / "card.md").read_text()
    for said_in_card in (
        "never redistributed",
        "PhysioNet",
        "What was not run",
        "last.ckpt",
        "GPTNeoXForCausalLM",
    ):
        assert said_in_card in text
    Image.fromarray(chest_pixels(seed=2)).save(tmp_path / "film.png")
    asked = run(
        "model",
        "ask",
        tmp_path / "film.png",
        "What is there?",
        "--model",
        "official",
        "--seed",
        1,
        "--threads",
        1,
    )
    assert asked.exit_code == 0, asked.exception
    assert "official" in asked.output
    told = run("model", "instruct", "Say something.", "--model", "official", "--seed", 1, "--threads", 1)
    assert told.exit_code == 0, told.exception
    out = tmp_path / "made.png"
    drawn = run(
        "model", "generate", "Clear.", "--out", out, "--model", "official", "--seed", 1, "--threads", 1
    )
    assert drawn.exit_code == 0, drawn.exception
    drafted = run("model", "draft", tmp_path / "film.png", "--model", "official", "--seed", 1, "--threads", 1)
    assert "Nobody tested here what it can judge" in drafted.output


def test_an_import_that_fails_is_told_in_a_sentence(home: Path, imported: Callable[..., Result]) -> None:
    result = imported("--language-model", home / "nothing")
    assert isinstance(result.exception, EngineFailure)
    assert "no language model" in str(result.exception)
    assert not list((home / "models").glob("*"))


def test_instruct_of_the_shipped_kind_keeps_its_range(model: Model) -> None:
    assert model.instruct("Say something.").text
    with pytest.raises(GenerationError, match="about Pneumothorax"):
        model.instruct("What is a pneumothorax?")
