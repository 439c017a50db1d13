"""Many films: what is said of each is what is said of it alone, and nothing is lost, done twice or half written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from engine import cli
from engine.commands.opening import SiteReader, film_context, read_film
from engine.errors import BackendError, DataError, GenerationError
from engine.film_cache import FilmCache
from engine.film_files import find_films
from engine.model import Answer, Draft, Model
from engine.preprocess import Film
from engine.retrospective import FilmSaid, Plan, say
from engine.study_file import StudyFile
from llmcxr_ws.errors import EngineFailure
from tests.engine.factories import chest_film, chest_pixels
from tests.engine.shipped_films import FILMS
from tests.engine.test_worker import MARKER, film_file

LLMCXR = str(Path(sys.executable).with_name("llmcxr"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: object) -> Result:
    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def pictures(folder: Path, count: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for seed in range(count):
        Image.fromarray(chest_pixels(seed)).save(folder / f"film{seed:02}.png")
    return sorted(folder.iterdir())


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Images:
    """A film tokenizer that counts what it encodes; `broken` fails for every batch that holds such a film."""

    def __init__(self, images: Any, broken: Film | None = None) -> None:
        self.images, self.broken, self.encoded = images, broken, 0
        self.arithmetic = images.arithmetic

    def encode(self, films: Film) -> Any:
        if self.broken is not None and any(np.array_equal(film, self.broken) for film in films):
            raise BackendError("The runtime can't encode this film.")
        self.encoded += len(films)
        return self.images.encode(films)

    def decode(self, codes: Any) -> Any:
        return self.images.decode(codes)


def counting(model: Model, broken: Film | None = None) -> tuple[Model, Images]:
    images = Images(model.backends.images, broken)
    return Model(model.bundle, replace(model.backends, images=images)), images


def said_of(
    model: Model, files: list[Path], plan: Plan, cache: FilmCache | None = None
) -> dict[Path, FilmSaid]:
    return {one.file: one for one in say(model, files, SiteReader(model), plan, cache)}


def test_films_of_the_demonstration_get_what_they_get_alone(tmp_path: Path) -> None:
    model, single = Model.open(threads=1), Model.open(threads=1)
    files = sorted(FILMS.glob("*.dcm"))[:6]
    questions = ("Is there an effusion?", "Is there a pneumothorax?", "Is this film normal?")
    plan = Plan(questions=questions, rows=4, ahead=3, encoded_together=3)
    cache = FilmCache(tmp_path / "cache", model)
    first, second = (said_of(model, files, plan, cache) for _ in range(2))
    assert [one.cached for one in (*first.values(), *second.values())] == [False] * 6 + [True] * 6
    for file in files:
        film, context = read_film(file, single.bundle.preprocessing), film_context(single, file)
        check = single.check_film(film)
        draft = single.report(check.codes, context=context, film=film)
        for said in (first[file], second[file]):
            assert (said.check, said.context) == (check, context)
            assert isinstance(said.draft, Draft)
            assert said.draft.guard == draft.guard and draft.guard is not None
            assert (said.draft.text, said.draft.ids, said.draft.decision) == (
                draft.text,
                draft.ids,
                draft.decision,
            )
            assert said.draft.confidence == pytest.approx(draft.confidence, abs=1e-6)
            for question, answer in zip(questions, said.answers, strict=True):
                try:
                    expected = single.answer(check.codes, question, context=context)
                except GenerationError as error:
                    assert answer == str(error)
                else:
                    assert isinstance(answer, Answer) and answer.text == expected.text


def test_bad_films_are_refused_one_by_one_with_their_reason(model: Model, tmp_path: Path) -> None:
    good = pictures(tmp_path / "good", 3)
    (tmp_path / "note.txt").write_text("no film")
    Image.fromarray(255 - chest_pixels()).save(tmp_path / "negative.png")
    Image.fromarray(np.full((300, 300), 9, dtype=np.uint8)).save(tmp_path / "blank.png")
    film_file(tmp_path / "empty.dcm", None)
    film_file(tmp_path / "whole.dcm", chest_pixels())
    content = (tmp_path / "whole.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: len(content) // 2])
    # A header whose first element is nonsense, which libraries take in many ways.
    (tmp_path / "nonsense.dcm").write_bytes(content[:132] + bytes(range(256)) * 3)
    # Rows (0028,0010) of three bytes, which no US has.
    at = content.index(b"\x28\x00\x10\x00US\x02\x00")
    rows = b"\x28\x00\x10\x00US\x03\x00" + content[at + 8 : at + 10] + b"\x00"
    (tmp_path / "length.dcm").write_bytes(content[:at] + rows + content[at + 10 :])
    broken = read_film(good[1], model.bundle.preprocessing)
    wanted = {
        "note.txt": "can't be read as an image",
        "negative.png": "polarity",
        "blank.png": "nothing to read",
        "empty.dcm": "no pixel data",
        "cut.dcm": "cut short",
        "nonsense.dcm": "",
        "length.dcm": "a value for Rows, or holds one that can't be read",
        "missing.png": "can't be read",
        "film01.png": "The runtime can't encode this film.",
    }
    files = [good[0], *(tmp_path / name for name in wanted if name != "film01.png"), *good[1:]]
    said = said_of(counting(model, broken)[0], files, Plan(rows=2))
    assert set(said) == set(files)
    refused = {file.name: one.refused for file, one in said.items() if one.refused}
    assert set(refused) == set(wanted)
    assert all(reason in refused[name] for name, reason in wanted.items())
    assert all(said[file].draft for file in (good[0], good[2]))


def test_films_after_many_refused_at_once_are_not_lost(model: Model, tmp_path: Path) -> None:
    missing = [tmp_path / f"missing{number}.png" for number in range(9)]
    good = pictures(tmp_path / "good", 1)
    for ahead in (1, 2):
        said = said_of(model, [*missing, *good], Plan(rows=1, ahead=ahead))
        assert set(said) == {*missing, *good}
        assert {file for file, one in said.items() if one.refused} == set(missing)


def test_a_film_already_seen_is_not_encoded_again(model: Model, tmp_path: Path) -> None:
    files = pictures(tmp_path / "films", 5)
    Image.fromarray(255 - chest_pixels()).save(tmp_path / "films" / "negative.png")
    files.append(tmp_path / "films" / "negative.png")
    counted, images = counting(model)
    cache = FilmCache(tmp_path / "cache", counted)
    first = said_of(counted, files, Plan(), cache)
    assert images.encoded == 6
    again = said_of(counted, files, Plan(drafts=False, questions=("What?", "Where?")), cache)
    assert images.encoded == 6
    for file, said in again.items():
        assert said.check == first[file].check and said.cached
    assert len([one for one in again.values() if len(one.answers) == 2]) == 5
    # The same film under another name is the same film.
    shutil.copyfile(files[0], tmp_path / "copy.png")
    said_of(counted, [tmp_path / "copy.png"], Plan(), cache)
    assert images.encoded == 6


@pytest.mark.parametrize("changed", ["encoder", "preprocessing", "limits", "arithmetic"])
def test_what_another_tokenizer_saw_is_not_used(model: Model, tmp_path: Path, changed: str) -> None:
    files = pictures(tmp_path / "films", 2)
    said_of(counting(model)[0], files, Plan(), FilmCache(tmp_path / "cache", counting(model)[0]))
    bundle, manifest = model.bundle, model.bundle.manifest
    if changed == "encoder":
        manifest = replace(manifest, files={**manifest.files, "encoder.onnx": "0" * 64})
    elif changed == "limits":
        manifest = replace(manifest, input_check=replace(manifest.input_check, correlation_min=0.4))
    elif changed == "preprocessing":
        bundle = replace(bundle, preprocessing=replace(bundle.preprocessing, minimum_side=201))
    other, images = counting(Model(replace(bundle, manifest=manifest), model.backends))
    if changed == "arithmetic":
        images.arithmetic = "bfloat16 on the CPU"
    said = said_of(other, files, Plan(), FilmCache(tmp_path / "cache", other))
    assert images.encoded == 2 and not any(one.cached for one in said.values())


def test_the_cache_tells_no_patient_and_mends_itself(model: Model, tmp_path: Path) -> None:
    file = tmp_path / f"{MARKER}.dcm"
    film_file(file, chest_pixels())
    counted, images = counting(model)
    cache = FilmCache(tmp_path / "cache", counted)
    said = said_of(counted, [file], Plan(), cache)[file]
    entries = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(entries) == 2
    assert not any(MARKER in str(path) or MARKER.encode() in path.read_bytes() for path in entries)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    entry = cache.folder / said.sha256[:2] / f"{said.sha256}.json"
    for damaged in (
        b"",
        entry.read_bytes()[:200],
        b'{"check": {"accepted": true, "codes": []}, "looked": null}',
    ):
        entry.write_bytes(damaged)
        assert said_of(counted, [file], Plan(), cache)[file].draft == said.draft
    assert images.encoded == 4
    with pytest.raises(DataError, match="can't be written"):
        FilmCache(file / "cache", counted)


def test_films_are_found_in_folders_by_their_content(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "b" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    film_file(folder / "b" / "deep" / "IM0001", chest_pixels())
    film_file(folder / "DICOMDIR", None)
    Image.fromarray(chest_pixels()).save(folder / "a.picture", format="JPEG")
    (folder / "list.dcm").write_text("not DICOM at all")
    os.mkfifo(folder / "pipe.dcm")
    named = tmp_path / "named.txt"
    found = find_films([named, folder, folder / "empty"])
    assert found.films == [named, folder / "a.picture", folder / "b" / "deep" / "IM0001"]
    assert found.others == 3
    assert list(found.refused) == [folder / "empty"] and "no film" in found.refused[folder / "empty"]


def test_draft_takes_folders_and_keeps_their_order(tiny_folder: Path, tmp_path: Path, home: Path) -> None:
    files = pictures(tmp_path / "films", 4)
    (tmp_path / "nothing").mkdir()
    options = ("--bundle", tiny_folder, "--threads", 1, "--json")
    alone = [json.loads(run("model", "draft", file, *options, "--no-cache").output)[0] for file in files]
    assert not home.exists()
    result = run("model", "draft", files[2], tmp_path / "films", files[2], tmp_path / "nothing", *options)
    assert result.exit_code == 1
    empty, *drafted = json.loads(result.output)
    assert empty["file"] == str(tmp_path / "nothing") and "no film" in empty["refused"]
    assert drafted == [alone[2], *alone, alone[2]]
    assert list((home / "cache" / "films").rglob("*.json"))


def study(out: Path, *words: object) -> Result:
    return run("model", "study", out, *words, "--threads", 1)


def test_a_study_writes_a_line_for_each_film_and_goes_on(
    tiny_folder: Path, tmp_path: Path, model: Model
) -> None:
    out, films = tmp_path / "out.jsonl", tmp_path / "films"
    files = pictures(films, 3)
    (films / "note.txt").write_text("no film")
    asks = ("--question", "What is there?", "--question", "A pneumothorax?", "--bundle", tiny_folder)
    result = study(out, films, tmp_path / "missing.dcm", *asks)
    assert result.exit_code == 0
    assert "4 films" in result.output and "1 refused" in result.output and "no films: 1" in result.output
    lines = {Path(line["file"]).name: line for line in lines_of(out)}
    codes = model.encode(chest_film(seed=1))
    line, draft = lines["film01.png"], model.report(codes)
    assert line.get("draft", line.get("withheld")) == draft.text
    assert line["device_uid"] == model.bundle.device_uid
    assert line["answers"][0]["answer"] == model.answer(codes, "What is there?").text
    assert "speaks only of" in line["answers"][1]["refused"]
    assert "can't be read" in lines["missing.dcm"]["refused"]
    # A line that was cut off is written anew, those that are there stay as they are.
    content = out.read_bytes()
    out.write_bytes(content + b'{"file": "' + str(films).encode())
    files += pictures(films, 5)[3:]
    result = study(out, films, *asks)
    assert result.exit_code == 0 and "was cut off" in result.output
    assert out.read_bytes().startswith(content)
    assert sorted(Path(line["file"]).name for line in lines_of(out)) == sorted(
        [*(f"film{seed:02}.png" for seed in range(5)), "missing.dcm"]
    )
    # What was refused is tried once more when that is asked for.
    shutil.copyfile(films / "film00.png", tmp_path / "missing.dcm")
    assert study(out, films, tmp_path / "missing.dcm", *asks).exit_code == 0
    assert "refused" in {Path(one["file"]).name: one for one in lines_of(out)}["missing.dcm"]
    assert study(out, films, tmp_path / "missing.dcm", *asks, "--again").exit_code == 0
    mended = {Path(one["file"]).name: one for one in lines_of(out)}
    assert len(lines_of(out)) == len(mended) == 6
    assert mended["missing.dcm"]["answers"] == mended["film00.png"]["answers"]


def test_a_file_of_another_study_is_not_gone_on_with(tiny_folder: Path, tmp_path: Path) -> None:
    out, options = tmp_path / "out.jsonl", ("--bundle", tiny_folder)
    films = pictures(tmp_path / "films", 1)
    assert study(out, *films, *options, "--seed", 3).exit_code == 0
    content = out.read_bytes()
    for words, reason in (
        (("--seed", 4), "seed was 3 and is 4"),
        (("--seed", 3, "--question", "What?"), "questions was"),
        (("--seed", 3, "--no-draft"), "Neither drafts nor answers"),
    ):
        result = study(out, *films, *options, *words)
        assert isinstance(result.exception, EngineFailure) and reason in str(result.exception)
    (tmp_path / "other.txt").write_text("somebody else's")
    result = study(tmp_path / "other.txt", *films, *options)
    assert isinstance(result.exception, EngineFailure) and "isn't a study's" in str(result.exception)
    assert out.read_bytes() == content
    settings = json.loads((tmp_path / "out.jsonl.settings.json").read_text(encoding="utf-8"))
    with StudyFile(out, settings), pytest.raises(DataError, match="another run"):
        StudyFile(out, settings)
    (tmp_path / "out.jsonl.settings.json").write_text("[1]\n")
    with pytest.raises(DataError, match="holds no settings"):
        StudyFile(out, settings)
    (tmp_path / "out.jsonl.settings.json").write_text(json.dumps(settings))
    out.write_bytes(b"[1]\n" + content)
    with pytest.raises(DataError, match="Line 1 of"):
        StudyFile(out, settings)


def test_of_two_runs_begun_at_once_one_writes_the_settings(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.jsonl"
    with StudyFile(out, {"seed": 1}), pytest.raises(DataError, match="another run"):
        StudyFile(out, {"seed": 2})
    beside = out.with_name("out.jsonl.settings.json")
    assert json.loads(beside.read_text(encoding="utf-8")) == {"seed": 1}
    # Nothing was written yet, so another study may begin.
    with StudyFile(out, {"seed": 2}) as lines:
        lines.add({"file": "a"})
    with pytest.raises(DataError, match="seed was 2 and is 1"):
        StudyFile(out, {"seed": 1})


def test_a_name_that_is_no_utf8_has_its_line_and_reasons_stay_readable(tmp_path: Path) -> None:
    name = os.fsdecode(str(tmp_path).encode() + b"/f\xe9.png")
    reason = f"The picture {name} doesn't fit the model's 'side' of 256. It isn't one."
    out = tmp_path / "out.jsonl"
    with StudyFile(out, {}) as lines:
        lines.add({"file": name, "refused": reason})
    assert json.loads(out.read_text(encoding="utf-8"))["file"] == name
    with StudyFile(out, {}) as lines:
        assert lines.done == {name}
        assert list(lines.reasons) == ["The picture … doesn't fit the model's … of N. It isn't one."]


# So many that no machine ends before it is stopped.
MANY = 80


def test_a_killed_study_goes_on_and_ends_like_one_that_was_not(tiny_folder: Path, tmp_path: Path) -> None:
    pictures(tmp_path / "films", MANY)
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    words = (tmp_path / "films", "--question", "What is there?", "--bundle", tiny_folder, "--threads", 1)
    command = [LLMCXR, "model", "study", killed, *words, "--rows", 2]
    environment = {**os.environ, "LLMCXR_HOME": str(tmp_path / "other"), "OMP_NUM_THREADS": "1"}
    cut = []
    for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        before = len(lines_of(killed)) if killed.exists() else 0
        process = subprocess.Popen(
            list(map(str, command)),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # A runner in the background hands its ignored SIGINT on, and nothing could be stopped by it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        while not killed.exists() or killed.read_bytes().count(b"\n") < before + 3:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.005)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
        assert process.returncode == status and "Traceback" not in told
        assert ("Stopped. The same command goes on" in told) == (number == signal.SIGINT)
        cut.append(len(lines_of(killed)))
    assert 3 <= cut[0] < cut[1] < MANY
    cache = FilmCache(tmp_path / "other" / "cache" / "films", Model.open(tiny_folder, threads=1))
    entries = list(cache.folder.glob("*/[!.]*.json"))
    assert entries and all(cache.find(path.stem) is not None for path in entries)
    assert run("model", "study", killed, *words, "--rows", 2).exit_code == 0
    assert run("model", "study", whole, *words, "--no-cache").exit_code == 0
    found, expected = (sorted(lines_of(path), key=lambda line: str(line["file"])) for path in (killed, whole))
    assert len(found) == len(expected) == MANY
    assert found == expected
