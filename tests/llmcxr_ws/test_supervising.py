"""What the office reads and asks, on a real home."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llmcxr_ws import doctor, reading, supervising
from llmcxr_ws.errors import AccessError, ConfigError, StoreError
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.store import accounts, requests, services
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.workplace import Workplace

PEER = '[[peer]]\nname = "pacs"\nae_title = "PACS"\nhost = "127.0.0.1"\nport = 104\n'


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    accounts.create_user(opened.db, opened.service_key(), name="ann", password="a long one", role="admin")
    yield opened
    opened.close()


@pytest.fixture
def key(place: Workplace) -> UnlockedKey:
    return reading.log_in(place.db, "ann", "a long one")


def decide(place: Workplace, number: int) -> tuple[str, str]:
    apply_request(place.db, requests.request_by_id(place.db, number), place.service_key())
    decided = supervising.request(place, number)
    return decided.state, decided.outcome


def test_the_line_for_the_pacs_team(place: Workplace) -> None:
    told = supervising.entity(place)
    assert (told.ae_title, told.host, told.port, told.is_running) == ("LLMCXR", "", 11112, False)
    services.register(place.db, "listener", {"ae_title": "OURS", "port": 104})
    told = supervising.entity(place)
    assert (told.ae_title, told.port, told.is_running) == ("OURS", 104, True) and told.host


def test_a_site_document_is_put_in_force(place: Workplace, key: UnlockedKey) -> None:
    with pytest.raises(ConfigError):
        supervising.request_site(place, key, "port = 3")
    assert decide(place, supervising.request_site(place, key, PEER))[0] == "granted"
    found = supervising.site_text(place)
    assert (found.version, found.text, found.versions[0].imported_by) == (1, PEER, "ann")
    assert supervising.old_site_text(place, 1) == PEER
    assert supervising.problems(place, PEER) == () and supervising.problems(place, "x = 1")
    assert supervising.rehearsal(place, PEER) == ()


def test_users_come_and_go(place: Workplace, key: UnlockedKey) -> None:
    new = {"name": "kim", "display_name": "Kim^A", "organization": "House", "role": "reader"}
    assert (
        decide(place, supervising.request_new_user(place, key, password="first one", **new))[0] == "granted"
    )
    assert reading.log_in(place.db, "kim", "first one").role == "reader"
    assert decide(place, supervising.request_password(place, key, "kim", "second one"))[0] == "granted"
    reading.log_in(place.db, "kim", "second one")
    decide(place, supervising.request_user_change(place, key, "kim", "role", "researcher"))
    decide(place, supervising.request_user_change(place, key, "kim", "disable"))
    kim = next(user for user in supervising.users(place) if user.name == "kim")
    assert (kim.role, kim.enabled) == ("researcher", False)
    with pytest.raises(AccessError, match="at least 8"):
        supervising.request_password(place, key, "kim", "short")
    with pytest.raises(AccessError, match="unknown"):
        supervising.request_new_user(place, key, password="first one", **new | {"role": "king"})


def test_space_and_flow(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    found = supervising.space(place)
    assert [disk.what for disk in found.disks] == ["objects", "database"]
    assert all(0 < disk.free <= disk.total for disk in found.disks) and found.sizes.database_bytes > 0
    for free, state in ((10**6, "full"), (10**9, "low"), (10**12, "good")):
        monkeypatch.setattr(supervising.shutil, "disk_usage", lambda _, free=free: _Usage(2 * 10**12, free))
        assert {disk.state for disk in supervising.space(place).disks} == {state}
    assert supervising.flow(place, datetime.now(UTC) - timedelta(days=1)).received == ()


class _Usage:
    def __init__(self, total: int, free: int) -> None:
        self.total, self.free = total, free


def test_engines_and_their_acceptance(place: Workplace, key: UnlockedKey) -> None:
    services.register(place.db, "engine", {"weights_sha256": "a" * 64})
    assert [engine.accepted for engine in supervising.models(place).engines] == [True]
    other = {"weights_sha256": "b" * 64, "name": "other", "version": "2"}
    with pytest.raises(AccessError, match="without a reason"):
        supervising.request_acceptance(place, key, action="accept", model=other, reason=" ", figures={})
    number = supervising.request_acceptance(
        place, key, action="accept", model=other, reason="Better.", figures={"films": "9"}
    )
    assert decide(place, number)[0] == "granted"
    seen = supervising.models(place)
    assert [engine.accepted for engine in seen.engines] == [False]
    assert [model["name"] for model in seen.accepted] == ["other"]
    assert supervising.quality_rows(place, datetime.now(UTC)).fates == ()


def test_looks_and_moves_wait_for_the_node(place: Workplace, key: UnlockedKey) -> None:
    for number in (
        supervising.request_look(place, key, "echo", {"name": "pacs"}),
        supervising.request_move(place, key, "jobs", "hold", [3]),
    ):
        assert supervising.request(place, number).state == "waiting"
    assert supervising.queues(place).jobs == ()
    assert [row.event for row in supervising.audit_tail(place, words="request")] == [
        "request.echo",
        "request.queue",
    ]
    assert supervising.log_tail(place, service="", lowest="info", words="") == ()


def test_verdicts_of_the_doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> str:
        raise StoreError("It is broken.", what_to_do="Mend it.")

    def defect() -> str:
        raise KeyError("x")

    class Point:
        name = "room"

        def load(self) -> object:
            return lambda: (("one", lambda: "well"), ("two", fail), ("three", defect))

    monkeypatch.setattr(doctor, "entry_points", lambda group: [Point()])
    assert [verdict.state for verdict in doctor.verdicts()] == ["ok", "failed", "broken"]
    assert not doctor.run_checks(as_json=True)
    second = json.loads(capsys.readouterr().out.splitlines()[1])
    assert (second["message"], second["what_to_do"]) == ("It is broken.", "Mend it.")
    assert not doctor.run_checks()
    assert capsys.readouterr().out.splitlines() == [
        "ok    room    one: well",
        "FAIL  room    two: It is broken. Mend it.",
        "FAIL  room    three: internal error, KeyError: 'x'",
    ]
