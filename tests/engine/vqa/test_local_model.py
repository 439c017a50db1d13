"""The whole way with a real, tiny language model in a local folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.data.prepared import PreparedSet
from engine.errors import SynthesisError
from engine.vqa import parsing
from engine.vqa.hf import TOO_LONG, LocalModel, folder_sha256
from engine.vqa.settings import SynthesisSettings
from engine.vqa.sources import reports_of
from engine.vqa.synthesize import CUT_OFF, synthesize
from tests.engine.vqa.tiny_models import make_model
from tests.engine.vqa.world import BAD, GOOD, films_with_reports, set_with_reports


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "noise-1")


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = "Here it is: " + json.dumps(GOOD + BAD)
    return make_model(tmp_path_factory.mktemp("models") / "llama-2-tiny", says=text)


def chosen(model: Path, folder: Path | None = None, **values: Any) -> SynthesisSettings:
    given = {"generator": "hf", "set": folder, "model": str(model), "dtype": "float32", "device": "cpu"}
    return SynthesisSettings(**{**given, "max_new_tokens": 24, **values})


def test_noise_is_refused_and_counted(noise: Path, tmp_path: Path) -> None:
    prepared = set_with_reports(tmp_path, 5)
    outcome = synthesize(chosen(noise, tmp_path, batch_size=2))
    assert (outcome.pairs, outcome.sources, prepared.vqa()) == (0, 5, [])
    assert outcome.refused == {parsing.NO_LIST: 5}
    assert json.loads((tmp_path / "vqa.json").read_text())["refused"] == outcome.refused


def test_good_pairs_reach_the_set_with_provenance(
    speaker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = set_with_reports(tmp_path, 3, films_per_study=2)
    outcome = synthesize(chosen(speaker, tmp_path, licence_note="for tests", dtype="bfloat16"))
    pairs = prepared.vqa()
    assert outcome.pairs == len(pairs) == 3 * 2 * len(GOOD)
    assert {(pair.question, pair.answer) for pair in pairs} == {(p["question"], p["answer"]) for p in GOOD}
    assert {pair.key for pair in pairs} == set(prepared.rows)
    assert {pair.licence for pair in pairs} == {"site only; for tests"}
    assert sum(outcome.refused.values()) == 3 * len(BAD)
    assert outcome.refused[parsing.WRONG_FIELDS] == 3
    assert "Llama 2" in capsys.readouterr().err
    row = json.loads((tmp_path / "vqa.jsonl").read_text().splitlines()[0])
    made = row["provenance"]
    assert row["generator"].startswith("hf:llama-2-tiny@" + made["model_sha256"][:12])
    assert made["model_sha256"] == folder_sha256(speaker)
    assert made["prompt"] == "vqa-prompt-1 chat" and made["seed"] == 0 and made["time"].endswith("+00:00")
    assert json.loads((tmp_path / "vqa.json").read_text())["licence_warning"].startswith("The Llama 2")


def test_a_tokenizer_without_chat_template_gets_a_plain_prompt(tmp_path: Path) -> None:
    model = make_model(tmp_path / "plain", says=json.dumps(GOOD), chat=False)
    set_with_reports(tmp_path / "set", 1)
    assert synthesize(chosen(model, tmp_path / "set", temperature=0)).pairs == len(GOOD)
    row = json.loads((tmp_path / "set" / "vqa.jsonl").read_text().splitlines()[0])
    assert row["provenance"]["prompt"] == "vqa-prompt-1 plain"


def test_sampling_follows_the_seed_and_not_the_machine_s_own(noise: Path) -> None:
    reports, _ = reports_of(films_with_reports(4))
    batches = [reports[:2], reports[2:]]

    def written(part: list[Any], **values: Any) -> list[str]:
        return [reply.text for reply in LocalModel(chosen(noise, **values)).replies(part)]

    whole = written(batches)
    assert written(batches) == whole and len(set(whole)) > 1
    assert written(batches[1:]) == whole[2:]  # a run that goes on
    assert written(batches, seed=1) != whole


def test_a_batch_that_was_half_written_down_is_finished_alike(noise: Path, tmp_path: Path) -> None:
    set_with_reports(tmp_path, 4)
    settings = chosen(noise, tmp_path, batch_size=2)
    synthesize(settings)
    journal = next(tmp_path.glob("vqa-runs/*.jsonl"))
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]) + lines[-1][:20])
    synthesize(settings)
    again = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [entry.get("text") for entry in again] == [json.loads(line).get("text") for line in lines]
    assert len({entry.get("key") for entry in again}) == 5


def test_padding_changes_no_answer(noise: Path) -> None:
    reports, _ = reports_of(films_with_reports(3))
    longer = type(reports[0])("long", "Lungs clear. " * 20)
    model = LocalModel(chosen(noise, temperature=0))
    alone = [next(iter(model.replies([[report]]))).text for report in (*reports, longer)]
    together = [reply.text for reply in model.replies([[*reports, longer]])]
    assert together == alone


def test_a_list_cut_by_the_length_limit_is_told(tmp_path: Path) -> None:
    model = make_model(tmp_path / "cut", says='[{"question": "a')
    import transformers

    own = transformers.GenerationConfig.from_pretrained(str(model))
    own.eos_token_id = 0  # never written, so that the limit ends the answer
    own.save_pretrained(str(model))
    set_with_reports(tmp_path / "set", 1)
    assert synthesize(chosen(model, tmp_path / "set")).refused == {CUT_OFF: 1}


def test_a_report_that_leaves_no_room_is_refused(tmp_path: Path) -> None:
    model = make_model(tmp_path / "short", positions=64)
    set_with_reports(tmp_path / "set", 2)
    assert synthesize(chosen(model, tmp_path / "set")).refused == {TOO_LONG: 2}
    assert synthesize(chosen(model, tmp_path / "set")).refused == {TOO_LONG: 2}


@pytest.mark.parametrize("name", ["", "some/model-on-a-hub", "empty"])
def test_only_a_folder_with_a_model_is_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SynthesisError, match="aren't downloaded"):
        LocalModel(chosen(Path(name)) if name else SynthesisSettings(generator="hf"))


def test_a_damaged_model_is_refused(noise: Path, tmp_path: Path) -> None:
    for file in noise.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(SynthesisError, match="can't be loaded"):
        LocalModel(chosen(tmp_path))


def test_other_model_files_have_another_sum(noise: Path, speaker: Path) -> None:
    assert folder_sha256(noise) != folder_sha256(speaker)


def test_a_set_opens_with_its_pairs(speaker: Path, tmp_path: Path) -> None:
    set_with_reports(tmp_path, 1)
    synthesize(chosen(speaker, tmp_path))
    assert len(PreparedSet.open(tmp_path).vqa()) == len(GOOD)
