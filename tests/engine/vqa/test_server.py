"""The whole way over HTTP with a real local server, and where reports are never sent."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.data.prepared import PreparedSet
from engine.errors import SynthesisError
from engine.vqa import parsing
from engine.vqa.addresses import destination
from engine.vqa.server import REFUSED
from engine.vqa.settings import SynthesisSettings
from engine.vqa.synthesize import synthesize
from tests.engine.vqa.world import BAD, GOOD, ChatServer, served, set_with_reports


def good(_body: dict[str, Any]) -> tuple[int, str]:
    return 200, f"```json\n{json.dumps(GOOD)}\n```"


def chosen(chat: ChatServer, folder: Path, **values: Any) -> SynthesisSettings:
    return SynthesisSettings(**{"generator": "server", "set": folder, "url": chat.url, **values})


def test_pairs_come_from_the_server_with_its_word_for_the_model(tmp_path: Path) -> None:
    prepared = set_with_reports(tmp_path, 4)
    with served(good) as chat:
        outcome = synthesize(chosen(chat, tmp_path, concurrency=2))
    assert outcome.pairs == len(prepared.vqa()) == 4 * len(GOOD) and not outcome.refused
    made = json.loads((tmp_path / "vqa.jsonl").read_text().splitlines()[0])["provenance"]
    assert made["model"] == "tiny-instruct-q4"
    assert prepared.vqa()[0].generator == "server:tiny-instruct vqa-prompt-1 chat seed 0"
    assert prepared.vqa()[0].licence == "site only; terms of the outputs of tiny-instruct not stated"
    assert {body["model"] for body in chat.requests} == {"tiny-instruct"}
    assert len({body["seed"] for body in chat.requests}) == 4
    assert all("Lungs" in body["messages"][0]["content"] for body in chat.requests)
    assert "Cough" not in json.dumps(chat.requests)


def test_requests_run_side_by_side(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 4)
    together = threading.Barrier(4, timeout=20)

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        together.wait()
        return good(body)

    with served(answer) as chat:
        assert synthesize(chosen(chat, tmp_path, concurrency=4)).pairs == 4 * len(GOOD)


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 1)
    statuses = iter([429, 503, 200])

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        return next(statuses), good(body)[1]

    with served(answer) as chat:
        assert synthesize(chosen(chat, tmp_path)).pairs == len(GOOD)
        assert len(chat.requests) == 3


def test_a_server_that_stays_away_ends_the_run_and_the_next_goes_on(tmp_path: Path) -> None:
    prepared = set_with_reports(tmp_path, 3)
    seen: list[str] = []

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        seen.append(body["messages"][0]["content"])
        return (500, "") if len(seen) == 2 else good(body)

    with served(answer) as chat:
        with pytest.raises(SynthesisError, match="run again to go on"):
            synthesize(chosen(chat, tmp_path, concurrency=1, retries=0))
        assert prepared.vqa() == []
        outcome = synthesize(chosen(chat, tmp_path, concurrency=1, retries=0))
    assert outcome.pairs == 3 * len(GOOD)
    assert len(seen) == 4 and seen[1] == seen[2] and seen.count(seen[0]) == 1


def test_a_slow_server_is_given_up_after_the_time_limit(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 1)
    over = threading.Event()

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        over.wait(20)
        return good(body)

    with served(answer) as chat:
        start = time.monotonic()
        with pytest.raises(SynthesisError, match="ReadTimeout"):
            synthesize(chosen(chat, tmp_path, timeout_s=0.2, retries=0, model="tiny"))
        over.set()
    assert time.monotonic() - start < 10


def test_a_refused_report_is_counted_and_tried_by_the_next_run(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 3)
    strict = True

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        too_long = strict and "Lungs 1" in body["messages"][0]["content"]
        return (400, "") if too_long else good(body)

    with served(answer) as chat:
        outcome = synthesize(chosen(chat, tmp_path))
        assert outcome.refused == {f"{REFUSED} (HTTP 400)": 1} and outcome.pairs == 2 * len(GOOD)
        strict = False
        assert synthesize(chosen(chat, tmp_path)).pairs == 3 * len(GOOD)
        assert len(chat.requests) == 4


def test_a_server_that_refuses_everything_ends_the_run(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 9)
    with served(lambda _body: (422, "")) as chat, pytest.raises(SynthesisError, match="one after the other"):
        synthesize(chosen(chat, tmp_path, concurrency=1))


def test_bad_pairs_are_counted_each_with_its_reason(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 2)
    with served(lambda _body: (200, json.dumps(GOOD + GOOD + BAD))) as chat:
        outcome = synthesize(chosen(chat, tmp_path))
    assert outcome.pairs == 2 * len(GOOD)
    assert len(outcome.refused) == len(BAD) + 1
    assert sum(outcome.refused.values()) == 2 * (len(GOOD) + len(BAD))
    with served(lambda _body: (200, "I am sorry.")) as chat:
        assert synthesize(chosen(chat, tmp_path, seed=1)).refused == {parsing.NO_LIST: 2}


@pytest.mark.parametrize(
    ("status", "words"), [(401, "API key"), (404, "--model"), (307, "aren't sent to another address")]
)
def test_what_no_retry_mends_is_told(status: int, words: str, tmp_path: Path) -> None:
    set_with_reports(tmp_path, 1)
    with served(lambda _body: (status, "")) as chat, pytest.raises(SynthesisError, match=words):
        synthesize(chosen(chat, tmp_path))


def test_the_key_comes_from_the_environment_and_stays_out_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_with_reports(tmp_path, 1)
    with served(good) as chat:
        with pytest.raises(SynthesisError, match="VQA_TEST_KEY"):
            synthesize(chosen(chat, tmp_path, api_key_env="VQA_TEST_KEY"))
        monkeypatch.setenv("VQA_TEST_KEY", "open-sesame")
        synthesize(chosen(chat, tmp_path, api_key_env="VQA_TEST_KEY"))
    assert chat.keys == ["Bearer open-sesame"]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert written and not any("open-sesame" in path.read_text() for path in written)


def test_no_proxy_of_the_environment_sees_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_with_reports(tmp_path, 1)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served(good) as chat:
        assert synthesize(chosen(chat, tmp_path, retries=0)).pairs == len(GOOD)


def test_several_models_must_be_chosen_from(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 1)
    with served(good) as chat:
        chat.models = ["one", "two"]
        with pytest.raises(SynthesisError, match="one, two"):
            synthesize(chosen(chat, tmp_path))
        assert synthesize(chosen(chat, tmp_path, model="two")).pairs == len(GOOD)


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/v1",
        "https://1.1.1.1:8000/v1",
        "http://[2001:4860:4860::8888]/v1",
        "http://169.254.169.254/v1",
    ],
)
def test_reports_leave_for_no_public_address(url: str) -> None:
    with pytest.raises(SynthesisError, match=r"patient data.*--allow-remote"):
        destination(url, allow_remote=False)
    assert destination(url, allow_remote=True).base == url


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("http://10.1.2.3/v1", "http://10.1.2.3/v1"),
        ("https://192.168.0.7:8443/v1", "https://192.168.0.7:8443/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://[fd00::7]/v1", "http://[fd00::7]/v1"),
    ],
)
def test_this_machine_and_private_networks_are_allowed(url: str, base: str) -> None:
    assert destination(url, allow_remote=False).base == base


def test_a_name_is_resolved_once() -> None:
    to = destination("http://localhost:8000/v1", allow_remote=False)
    assert to.base in ("http://127.0.0.1:8000/v1", "http://[::1]:8000/v1")
    assert (to.host, to.name) == ("localhost:8000", "localhost")


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8000", "ftp://127.0.0.1/v1", "http://user:word@127.0.0.1", "http://127.0.0.1:99999/v1"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SynthesisError, match=r"address|port"):
        destination(url, allow_remote=False)


def test_a_set_keeps_pairs_of_other_generators_unless_told(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 2)
    other = json.dumps([{"question": "What else?", "answer": "The bones are whole and dense."}])
    with served(good) as chat:
        synthesize(chosen(chat, tmp_path))
        chat.answer = lambda _body: (200, other)
        synthesize(chosen(chat, tmp_path, model="another"))
        together = PreparedSet.open(tmp_path).vqa()
        assert len({pair.generator for pair in together}) == 2 and len(together) == 2 * len(GOOD) + 2
        synthesize(chosen(chat, tmp_path, model="another", limit=1))
        assert sorted(map(repr, PreparedSet.open(tmp_path).vqa())) == sorted(map(repr, together))
        synthesize(chosen(chat, tmp_path, model="another", replace=True))
    assert {pair.question for pair in PreparedSet.open(tmp_path).vqa()} == {"What else?"}
