"""Write docs/settings.md and docs/commands.md from the declarations; `--check` says whether they are up to date.

Run it after changing a setting, a command or an option: ``python docs/make_reference.py``. A test runs the check.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from llmcxr_ws.cli import build_app
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.outputs import KINDS
from llmcxr_ws.site import FhirDestination, Hl7Destination, OutputRule, Peer, RoutingRule, SiteConfig
from ui import preferences

DOCS = Path(__file__).parent
_EVERYWHERE = ("help", "install_completion", "show_completion")
_MADE = "<!-- Made by docs/make_reference.py from the declarations; change those instead. -->\n"


def settings_page() -> str:
    """The settings of a machine and of a site."""
    parts = [
        "# Settings\n",
        _MADE,
        "## Of one machine\n",
        "In `llmcxr.toml` in the home. The environment variable `LLMCXR_` and the name in capitals goes before the "
        "file. `llmcxr config show` prints the values in force.\n",
        _table(MachineConfig),
        "## Of the site\n",
        "One TOML document, kept in the database by version: `llmcxr config import FILE`, `llmcxr config export`.\n",
        _table(SiteConfig, leave_out=("peers", "hl7", "fhir", "outputs", "rules")),
        "### `[[peer]]`: the DICOM application entities we talk to\n",
        _table(Peer),
        "### `[[hl7]]`: receivers of HL7 v2 messages, by MLLP\n",
        _table(Hl7Destination),
        "### `[[fhir]]`: FHIR R4 servers\n",
        _table(FhirDestination),
        "### `[[output]]`: which document goes where, and when\n",
        _table(OutputRule),
        _kinds(),
        "### `[[rule]]`: which films are drafted, beside what is fixed\n",
        _table(RoutingRule),
        "## Of one person\n",
        "Set in the window (Ctrl+,), kept in the database for each user, and in force at once.\n",
        preferences.as_markdown(),
    ]
    return "\n".join(parts)


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands\n", _MADE]
    for words, command in _commands(typer.main.get_command(build_app()), ("llmcxr",)):
        parts.append(f"{'#' * (len(words) + 1)} `{' '.join(words)}`\n")
        if command.help:
            parts.append(" ".join(command.help.split()) + "\n")
        rows = [_parameter(parameter) for parameter in command.params if parameter.name not in _EVERYWHERE]
        if rows:
            parts.append(
                "\n".join(["| argument or option | default | meaning |", "|---|---|---|", *rows]) + "\n"
            )
    return "\n".join(parts)


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, part in getattr(command, "commands", {}).items():
        yield from _commands(part, (*words, name))


def _parameter(parameter: Any) -> str:
    named = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if named else parameter.name.upper()
    shown = "" if not named or parameter.default in (None, "", False) else f"`{parameter.default}`"
    required = " Required." if named and parameter.required else ""
    return f"| `{name}` | {shown} | {_cell(getattr(parameter, 'help', None) or '')}{required} |"


def _table(model: type[BaseModel], leave_out: tuple[str, ...] = ()) -> str:
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if name in leave_out:
            continue
        default = "required" if field.default is PydanticUndefined else f"`{field.default!r}`"
        rows.append(f"| `{name}` | {default} | {_cell(field.description or '')} |")
    return "\n".join(rows) + "\n"


def _kinds() -> str:
    """The kinds of document of the output matrix: the same table that the validator reads."""
    tables = {"dicom": "`[[peer]]`", "hl7": "`[[hl7]]`", "fhir": "`[[fhir]]`"}
    rows = ["| document | is | goes to | when | again with an addendum |", "|---|---|---|---|---|"]
    for name, kind in KINDS.items():
        moments = " or ".join(f"`{moment}`" for moment in kind.moments)
        again = "yes" if kind.of_addenda else "no"
        rows.append(f"| `{name}` | {_cell(kind.words)} | {tables[kind.way]} | {moments} | {again} |")
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {"settings.md": settings_page, "commands.md": commands_page}


def outdated() -> list[str]:
    """Names of the pages that don't say what the declarations say."""
    return [
        name
        for name, make in PAGES.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != make()
    ]


def main() -> int:
    """Write the pages, or with ``--check`` name those that are out of date."""
    if "--check" in sys.argv[1:]:
        for name in outdated():
            print(f"docs/{name} is out of date; run python docs/make_reference.py")
        return 1 if outdated() else 0
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
