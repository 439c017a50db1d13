"""The pages for people name commands and options that exist."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from llmcxr_ws.cli import build_app

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    *(f"docs/{name}.md" for name in ("research", "tokenizer", "tuning", "imported-models", "log")),
)


def commands(page: str) -> list[list[str]]:
    """Every command line of a page, in blocks and in tables, as words; those that leave something out aren't read."""
    text = re.sub(r"\\\n\s*", "", (ROOT / page).read_text(encoding="utf-8"))
    lines = re.findall(r"^ *(llmcxr .*)$", text, re.MULTILINE) + re.findall(r"`(llmcxr [^`]*)`", text)
    return [shlex.split(line, comments=True) for line in lines if not re.search("[…→|]", line)]


def test_the_page_names_commands() -> None:
    groups = {line[1] for line in commands("docs/research.md")}
    assert groups >= {"data", "model", "vqa", "train", "evaluate"} and len(commands("docs/research.md")) > 20


@cache
def built() -> Any:
    """The whole command, built once."""
    return get_command(build_app())


@pytest.mark.parametrize("line", [line for page in PAGES for line in commands(page)], ids=" ".join)
def test_a_command_of_a_page_exists_with_its_options(line: list[str]) -> None:
    command: Any = built()
    words = line[1:]
    while (
        words and not words[0].startswith("-") and (group := getattr(command, "commands", None)) is not None
    ):
        assert words[0] in group, f"there is no command {words[0]}"
        command, words = group[words[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help"}
    assert {word for word in words if word.startswith("--")} <= known
