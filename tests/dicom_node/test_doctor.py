"""The doctor's newer checks: clocks, certificates, and the line for the PACS team."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dicom_node.checks import clocks_of_servers, line_for_the_pacs_team, own_address
from llmcxr_ws import clocks, doctor
from llmcxr_ws.clocks import Offset, judge
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home that commands and checks use."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LLMCXR_HOME", str(folder))
    Workplace.open(folder, upgrade=True).close()
    return folder


def settings(home: Path, **values: str) -> None:
    """Write the machine's settings."""
    (home / "llmcxr.toml").write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()))


@contextmanager
def server(off: timedelta) -> Iterator[str]:
    """An HTTP server whose clock is off; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((datetime.now(UTC) + off).timestamp())

        def do_HEAD(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/r4"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def with_fhir(home: Path, url: str) -> None:
    """A site with one FHIR server."""
    workplace = Workplace.open(home)
    import_site(workplace.db, f'[[fhir]]\nname = "ehr"\nbase_url = "{url}"\n', user="test")
    workplace.close()


def test_the_clock_fits_the_database_and_the_file_system(home: Path) -> None:
    said = doctor._check_clock()
    assert said.startswith("within 2 s of the database and the file system of objects; ")
    assert list((home / "objects").glob(".clock-*")) == []


def test_a_clock_that_is_off_is_named() -> None:
    with pytest.raises(ConfigError, match=r"3\.0 s behind ours at the database"):
        judge([Offset("the database", -3.0), Offset("the file system", 0.1)], True)
    assert judge([Offset("the database", 1.9)], False).endswith("set one up")


def test_a_time_is_judged_by_the_span_in_which_it_was_asked_for() -> None:
    now = datetime.now(UTC)
    later = now + timedelta(seconds=30)  # a slow answer is no wrong clock
    assert clocks.of_database(now + timedelta(seconds=12), now, later).seconds == 0
    assert clocks.of_database(now - timedelta(seconds=5), now, later).seconds == pytest.approx(-5)


@pytest.mark.parametrize("off_s", [0, 90, -90])
def test_a_fhir_server_tells_its_time(home: Path, off_s: int) -> None:
    with server(timedelta(seconds=off_s)) as url:
        with_fhir(home, url)
        if off_s:
            with pytest.raises(ConfigError, match="FHIR server ehr"):
                clocks_of_servers()
        else:
            assert clocks_of_servers() == "within 2 s of FHIR server ehr"
    assert clocks_of_servers() == "no FHIR server told its time"  # it is gone by now


def test_without_a_server_nobody_tells_the_time(home: Path) -> None:
    assert "no peer tells its time" in clocks_of_servers()


def test_certificates_are_watched(home: Path, tmp_path: Path) -> None:
    assert doctor._check_certificates() == "no setting names one"
    authority = Authority(tmp_path)
    good = authority.issue("good", days=(-1, 40))
    good.key.chmod(0o600)
    settings(
        home,
        audit_syslog_ca=str(authority.certificate),
        audit_syslog_certificate=str(good.certificate),
        audit_syslog_key=str(good.key),
    )
    said = doctor._check_certificates()
    assert said.startswith("2; the first ends on ") and "audit_syslog_certificate" in said


@pytest.mark.parametrize(("days", "words"), [(29, "ends on"), (-3, "ended on")])
def test_a_certificate_that_ends_soon_is_a_fault(home: Path, tmp_path: Path, days: int, words: str) -> None:
    soon = Authority(tmp_path).issue("soon", days=(-1000, days))
    settings(home, audit_syslog_certificate=str(soon.certificate))
    with pytest.raises(ConfigError, match=f"audit_syslog_certificate.*{words}"):
        doctor._check_certificates()


def test_a_key_that_others_can_read_is_a_fault(home: Path, tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("open")
    pair.key.chmod(0o644)
    settings(home, audit_syslog_key=str(pair.key))
    with pytest.raises(ConfigError, match="can be read by others"):
        doctor._check_certificates()


def test_a_file_that_is_no_certificate_is_a_fault(home: Path, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    settings(home, audit_syslog_ca=str(tmp_path / "x.pem"))
    with pytest.raises(ConfigError, match="holds no certificate"):
        doctor._check_certificates()
    settings(home, audit_syslog_ca=str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match="can't be read"):
        doctor._check_certificates()


def test_the_line_says_title_address_port_and_what_is_taken(home: Path) -> None:
    said = line_for_the_pacs_team()
    assert f"AE title LLMCXR, host {own_address()} (" in said and "port 11112" in said
    assert "C-STORE (18 classes of images" in said and "Storage Commitment" in said
    (home / "llmcxr.toml").write_text('bind_host = "192.0.2.7"\nae_title = "CHEST"\n')
    assert "AE title CHEST, host 192.0.2.7 (" in line_for_the_pacs_team()


def test_the_line_says_the_tls_port_and_the_stow_address(home: Path) -> None:
    assert "TLS" not in line_for_the_pacs_team() and "takes STOW-RS" not in line_for_the_pacs_team()
    settings(home, tls_port=2762, web_port=8443)
    said = line_for_the_pacs_team()
    assert "port 11112, by TLS port 2762;" in said
    assert "takes STOW-RS at http://127.0.0.1:8443/dicom-web (this machine only);" in said
    settings(home, tls_port=11112, web_port=8443, web_host="0.0.0.0", web_certificate="keys/node.pem")
    said = line_for_the_pacs_team()
    assert "port 11112 (TLS only);" in said
    assert f"takes STOW-RS at https://{own_address()}:8443/dicom-web;" in said


def test_the_command_prints_it_in_text_and_as_json(home: Path) -> None:
    command = [sys.executable, "-m", "llmcxr_ws.cli", "doctor"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert "node    for the PACS team: AE title LLMCXR, host " in told
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    names = {(row["room"], row["name"]): row["state"] for row in rows}
    for check in (
        ("hall", "clock"),
        ("hall", "certificates"),
        ("node", "clocks"),
        ("node", "for the PACS team"),
    ):
        assert names[check] == "ok"
