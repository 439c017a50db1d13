"""The command `llmcxr` as a person and a shell meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from llmcxr_ws import reading
from llmcxr_ws.cli import build_app
from llmcxr_ws.errors import AccessError
from llmcxr_ws.store import accounts, deliveries, reports, requests, retracting, signing
from llmcxr_ws.workplace import Workplace
from tests.llmcxr_ws.world import AI_TEXT, SITE, document, document_facts, drafted, execute

HEAVY = (
    "PySide6",
    "torch",
    "transformers",
    "onnxruntime",
    "tokenizers",
    "pynetdicom",
    "highdicom",
    "pydicom",
    "sqlalchemy",
    "numpy",
)


def llmcxr(
    *arguments: str, home: Path | None = None, code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}
    environment.pop("LLMCXR_HOME", None)
    done = subprocess.run(
        [sys.executable, "-m", "llmcxr_ws.cli", *(["--home", str(home)] if home else []), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def commands() -> Iterator[tuple[str, ...]]:
    """Every command and group, as its words."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, part in getattr(command, "commands", {}).items():
            yield from walk(part, (*words, name))

    return walk(typer.main.get_command(build_app()), ())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A created home with a user and a study."""
    workplace = Workplace.open(tmp_path / "home", upgrade=True)
    drafted(workplace.db)
    workplace.close()
    return tmp_path / "home"


def test_every_command_helps(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.main.get_command(build_app())
    found = list(commands())
    assert {("user", "add"), ("doctor",), ("db", "upgrade"), ("demo",), ("ui",)} <= set(found)
    assert {words[0] for words in found if words} >= {"node", "engine"}
    for words in found:
        with pytest.raises(SystemExit) as ended:
            app([*words, "--help"], prog_name="llmcxr")
        said = capsys.readouterr().out
        assert ended.value.code == 0 and said.startswith("Usage: llmcxr"), words
        assert len(said.splitlines()) > 3, f"{words} says nothing about itself"


def test_help_loads_nothing_heavy() -> None:
    """In a fresh interpreter: every room registers its commands, none of them loads what they need to work."""
    code = (
        "import sys, json\nfrom llmcxr_ws.cli import main\nsys.argv = ['llmcxr', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"dicom_node", "engine", "ui", "llmcxr_ws"} <= loaded
    assert loaded & set(HEAVY) == set()


def test_every_room_gives_its_checks() -> None:
    for point in entry_points(group="llmcxr.checks"):
        found = list(point.load()())
        assert found, point.name
        assert all(isinstance(name, str) and callable(check) for name, check in found)
    assert {point.name for point in entry_points(group="llmcxr.checks")} == {"hall", "node", "engine", "ui"}


def test_version_and_nonsense() -> None:
    assert llmcxr("--version").stdout.startswith("llmcxr 0.")
    assert "No such command" in llmcxr("fly", code=2).stderr


def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    done = llmcxr("study", "list", home=tmp_path / "nowhere", code=1)
    assert done.stderr.startswith("llmcxr: There is no home at") and "db upgrade" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_users_through_the_real_command(tmp_path: Path) -> None:
    home, password = tmp_path / "home", tmp_path / "password"
    password.write_text("long enough\n")
    assert "up to date" in llmcxr("db", "upgrade", home=home).stdout
    add = ("user", "add", "--password-file", str(password), "--role")
    assert (
        llmcxr(*add, "reader", "ruth", "--display-name", "Reader^Ruth", home=home).stdout
        == "User 'ruth': add done.\n"
    )
    llmcxr(*add, "admin", "anna", home=home)
    assert "role 'god' is unknown" in llmcxr(*add, "god", "zeus", home=home, code=1).stderr
    llmcxr("user", "disable", "ruth", home=home)
    listed = {line.split()[0]: line for line in llmcxr("user", "list", home=home).stdout.splitlines()}
    assert "disabled" in listed["ruth"] and "Reader^Ruth" in listed["ruth"] and "enabled" in listed["anna"]
    assert "last administrator" in llmcxr("user", "role", "anna", "reader", home=home, code=1).stderr
    assert "3 rows" in llmcxr("audit", "verify", home=home).stdout
    assert (
        "can't be read"
        in llmcxr(*add, "reader", "x", "--password-file", "/nowhere", home=home, code=1).stderr
    )


def test_a_cut_audit_trail_is_an_exit_status(home: Path) -> None:
    workplace = Workplace.open(home)
    execute(workplace.db, "DELETE FROM audit WHERE id > 2")
    workplace.close()
    assert "broken at row 3" in llmcxr("audit", "verify", home=home, code=1).stderr


def test_the_site_document_goes_in_and_comes_out(home: Path, tmp_path: Path) -> None:
    document = tmp_path / "site.toml"
    document.write_text('name = "East"\n')
    assert "version 1" in llmcxr("config", "import", str(document), home=home).stdout
    assert llmcxr("config", "export", home=home).stdout == 'name = "East"\n'
    assert (
        "no site document of version 7"
        in llmcxr("config", "export", "--version", "7", home=home, code=1).stderr
    )
    assert "can't be read" in llmcxr("config", "import", str(tmp_path), home=home, code=1).stderr


def test_studies_are_listed_and_shown(home: Path) -> None:
    assert "ACC-1" in llmcxr("study", "list", home=home).stdout
    assert AI_TEXT in llmcxr("study", "show", "1", home=home).stdout
    assert "no study with id 9" in llmcxr("study", "show", "9", home=home, code=1).stderr


def test_settings_are_shown_without_the_databases_password(home: Path) -> None:
    (home / "llmcxr.toml").write_text('database_url = "postgresql+psycopg://node:secret@db.example/llmcxr"')
    said = llmcxr("config", "show", home=home).stdout
    assert "node:***@db.example" in said and "secret" not in said and "dicom_port" in said


def test_the_doctor_says_a_line_for_each_check(home: Path) -> None:
    done = llmcxr("doctor", home=home, code=None)
    lines = done.stdout.splitlines()
    assert all(line.startswith(("ok ", "FAIL ")) for line in lines), done.stdout
    hall = {line.split()[2].rstrip(":"): line.split()[0] for line in lines if " hall " in line}
    assert hall.keys() == {"home", "database", "disk", "clock", "certificates", "site", "audit"}
    assert hall["home"] == hall["database"] == hall["audit"] == "ok"
    assert "internal error" not in done.stdout
    assert done.returncode == (1 if any(line.startswith("FAIL") for line in lines) else 0)


def test_the_doctor_finds_what_is_wrong(home: Path) -> None:
    home.chmod(0o755)
    (home / "objects" / "store-uuid").write_text("another")
    done = llmcxr("doctor", home=home, code=1)
    assert "can be read by others. chmod 700" in done.stdout
    assert "belongs to store another" in done.stdout


def test_the_doctor_says_what_a_site_document_lacks(home: Path, tmp_path: Path) -> None:
    peer = '[[peer]]\nname = "pacs"\nae_title = "PACS"\nhost = "127.0.0.1"\nport = 104\n'
    output = '[[output]]\ndocument = "signed"\nto = "pacs"\n'
    said = []
    for text in (peer, peer + "identity = true\n", peer + "identity = true\n" + output):
        (tmp_path / "site.toml").write_text(text)
        llmcxr("config", "import", str(tmp_path / "site.toml"), home=home)
        lines = llmcxr("doctor", home=home, code=None).stdout.splitlines()
        said.append(next(line for line in lines if line.split()[1:3] == ["hall", "site:"]))
    assert "every signature will wait" in said[0]
    assert "no study will be confirmed" in said[1]
    assert said[2] == "ok    hall    site: 1 peers; signed reports go to 1 of them"


def test_the_doctor_misses_a_home_that_is_not_there(tmp_path: Path) -> None:
    lines = llmcxr("doctor", home=tmp_path / "nowhere", code=1).stdout.splitlines()
    assert any(line.startswith("FAIL  hall    home: There is no home at") for line in lines), lines


def test_a_long_setting_is_shown_whole(home: Path) -> None:
    folder = "/a/long/folder" * 20
    (home / "llmcxr.toml").write_text(f'bundle = "{folder}"')
    assert folder in llmcxr("config", "show", home=home).stdout


def test_a_name_with_brackets_is_shown_as_it_is(home: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("long enough")
    add = ("user", "add", "ruth", "--role", "reader", "--password-file", str(tmp_path / "password"))
    llmcxr(*add, "--display-name", "Reader^[/b]Ruth", home=home)
    assert "Reader^[/b]Ruth" in llmcxr("user", "list", home=home).stdout


@pytest.mark.parametrize(
    "name", [("--display-name", "A" * 65), ("--display-name", "A\\B"), ("--organization", "A\\B")]
)
def test_a_name_that_no_document_can_hold_is_refused(
    home: Path, tmp_path: Path, name: tuple[str, str]
) -> None:
    (tmp_path / "password").write_text("long enough")
    add = ("user", "add", "ruth", "--role", "reader", "--password-file", str(tmp_path / "password"))
    assert "at most 64" in llmcxr(*add, *name, home=home, code=1).stderr


def test_a_request_that_no_node_answers_is_no_success(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("long enough")
    llmcxr("user", "add", "anna", "--role", "admin", "--password-file", str(tmp_path / "password"), home=home)
    monkeypatch.setattr("llmcxr_ws.commands.WAIT_S", 0.5)
    arguments = ["--home", str(home), "user", "disable", "anna", "--as", "anna"]
    monkeypatch.setenv("LLMCXR_HOME", str(home))
    done = CliRunner().invoke(build_app(), arguments, input="long enough\n")
    assert isinstance(done.exception, AccessError)
    assert "the node hasn't answered" in done.exception.sentence


def test_a_retraction_is_asked_for_on_the_command_line(home: Path, tmp_path: Path) -> None:
    """The node, played here, answers; a reader signs first, and nobody else retracts."""
    workplace = Workplace.open(home)
    db, key = workplace.db, workplace.service_key()
    for name, role in (("ruth", "reader"), ("rob", "resident")):
        accounts.create_user(db, key, name=name, password="long enough", role=role)
    (tmp_path / "password").write_text("long enough")
    detail = reading.open_study(db, 1)
    reading.request_signature(db, reading.log_in(db, "ruth", "long enough"), detail, AI_TEXT)
    (request,) = requests.waiting_requests(db)
    order = signing.verify_sign_request(db, request, key)
    assert order is not None and signing.complete(
        db, order, key, SITE, document_facts(order.report.id, "signed")
    )

    def node() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for waiting in requests.waiting_requests(db):
                withdrawn = retracting.verify(db, waiting, key)
                assert withdrawn is not None and retracting.complete(db, withdrawn, key)
                return
            time.sleep(0.05)

    ask = ("study", "retract", "1", "--password-file", str(tmp_path / "password"))
    refused = llmcxr(*ask, "--as", "rob", "--reason", "wrong_side", home=home, code=1)
    assert "doesn't retract" in refused.stderr
    assert (
        "Reasons are wrong_patient"
        in llmcxr(*ask, "--as", "ruth", "--reason", "odd", home=home, code=1).stderr
    )
    thread = threading.Thread(target=node)
    thread.start()
    done = llmcxr(*ask, "--as", "ruth", "--reason", "wrong_side", "--words", "It is left.", home=home)
    thread.join()
    assert "Retracted; nothing of it had been sent." in done.stdout
    assert (
        "Retracted by ruth. A finding is on the wrong side: It is left."
        in llmcxr("study", "show", "1", home=home).stdout
    )
    workplace.close()


def test_a_refused_document_is_shown_with_all_that_the_gate_found_and_sent_again(home: Path) -> None:
    workplace = Workplace.open(home)
    report = reports.versions(workplace.db, 1)[0]
    (delivery,) = document(workplace.db, report, "draft")
    found = ["Modality is missing.", "StudyID differs between the document and its source instances."]
    deliveries.refused(workplace.db, delivery.id, message="The document wasn't sent.", faults=found)
    told = llmcxr("outbox", "list", home=home).stdout
    assert "dead" in told and all(f"{delivery.id}: the gate found: {one}" in told for one in found)
    assert "refused    draft: Modality is missing." in llmcxr("study", "show", "1", home=home).stdout
    (row,) = json.loads(llmcxr("outbox", "list", "--state", "dead", "--json", home=home).stdout)
    assert (row["id"], row["document"], row["faults"]) == (delivery.id, "draft", found)
    assert "1 of 1 were changed." in llmcxr("outbox", "again", str(delivery.id), home=home).stdout
    assert json.loads(llmcxr("outbox", "list", "--state", "dead", "--json", home=home).stdout) == []
    refused = llmcxr("outbox", "again", str(delivery.id), home=home, code=1)
    assert "Only a dead, held, withheld or confirmed one is sent again." in refused.stderr
    workplace.close()


def test_the_output_matrix_and_its_dry_run(home: Path, tmp_path: Path) -> None:
    document = tmp_path / "site.toml"
    document.write_text(
        '[[peer]]\nname = "pacs"\nae_title = "PACS"\nhost = "h"\nport = 104\n'
        '[[hl7]]\nname = "ris"\nhost = "r"\nport = 2575\n[[output]]\ndocument = "oru"\nto = "ris"\n'
    )
    said = json.loads(llmcxr("outputs", "dry-run", "--document", str(document), "--json", home=home).stdout)
    assert [one["sends"] for one in said] == [
        [{"document": "oru", "peer": "ris", "required": True, "when": "sign", "where": "MLLP r:2575"}]
    ]
    assert (
        "0 documents of 1 studies would leave; nothing was sent"
        in llmcxr("outputs", "dry-run", home=home).stdout
    )
    llmcxr("config", "import", str(document), home=home)
    [row] = json.loads(llmcxr("outputs", "list", "--json", home=home).stdout)
    assert row == {"document": "oru", "when": "sign", "to": "ris", "where": "MLLP r:2575", "required": True}
    assert "MLLP r:2575" in llmcxr("outputs", "list", home=home).stdout
    assert "can't be read" in llmcxr("outputs", "dry-run", "--document", "nowhere", home=home, code=1).stderr
