"""The node's commands: light to load, and refusing what can't be meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dicom_node import cli
from dicom_node.simulator.server import parse_destinations
from dicom_node.simulator.services import Destination
from llmcxr_ws.errors import ConfigError


def test_loading_the_commands_loads_nothing_heavy() -> None:
    script = (
        "import sys, dicom_node.cli;"
        "heavy = {'pynetdicom', 'pydicom', 'highdicom', 'numpy', 'sqlalchemy', 'rich.table'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_is_there() -> None:
    app = typer.Typer()
    cli.register(app)
    for arguments, words in (
        (["--help"], ["node", "simulator", "dicom"]),
        (["node", "--help"], ["listener", "courier"]),
        (["dicom", "--help"], ["echo", "find", "move", "get", "store", "films"]),
    ):
        said = CliRunner().invoke(app, arguments)
        assert said.exit_code == 0
        assert all(word in said.output for word in words)


def test_destinations() -> None:
    assert parse_destinations(["A=host:104", "B=[::1]:11112"]) == (
        Destination("A", "host", 104),
        Destination("B", "::1", 11112),
    )
    for wrong in ("A", "A=host", "=host:1", "A=host:x", "A=host:70000"):
        with pytest.raises(ConfigError, match="AETITLE=HOST:PORT"):
            parse_destinations([wrong])


@pytest.mark.parametrize("part", ["listener", "courier"])
def test_a_part_without_a_home_says_so(part: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "llmcxr_ws.cli", "--home", str(tmp_path / "nowhere"), "node", part]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "db upgrade" in done.stderr and "Traceback" not in done.stderr


def test_a_peers_words_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    cli._print_rows([{"name": "[/b]Doe^Jane"}], ["name"], "found", as_json=False)
    assert "[/b]Doe^Jane" in capsys.readouterr().out
