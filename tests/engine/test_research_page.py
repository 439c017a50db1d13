"""The research page names commands and options that exist."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from engine import cli

PAGE = Path(__file__).parents[2] / "docs" / "research.md"


def commands() -> list[list[str]]:
    """Every command line of the page, in blocks and in tables, as words."""
    text = re.sub(r"\\\n\s*", "", PAGE.read_text(encoding="utf-8"))
    lines = re.findall(r"^llmcxr .*$", text, re.MULTILINE) + re.findall(r"`(llmcxr [^`]*)`", text)
    return [shlex.split(line, comments=True) for line in lines if "…" not in line and "→" not in line]


def test_the_page_names_commands() -> None:
    groups = {line[1] for line in commands()}
    assert groups >= {"data", "model", "vqa", "train", "evaluate"} and len(commands()) > 20


@cache
def built() -> Any:
    """The whole command, built once."""
    app = typer.Typer()
    cli.register(app)
    return get_command(app)


@pytest.mark.parametrize("line", commands(), ids=" ".join)
def test_a_command_of_the_page_exists_with_its_options(line: list[str]) -> None:
    command: Any = built()
    words = line[1:]
    while words and (group := getattr(command, "commands", None)) is not None:
        assert words[0] in group, f"there is no command {words[0]}"
        command, words = group[words[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known
