"""``llmcxr demo``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Pacs(StrEnum):
    """Which PACS plays in the demonstration."""

    ORTHANC = "orthanc"
    SIMULATOR = "simulator"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    headless: Annotated[bool, typer.Option(help="Walk the whole way without a window.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the studies as JSON to this file.")
    ] = None,
    pacs: Annotated[
        Pacs | None, typer.Option(help="Default: Orthanc where it is installed, else the built-in simulator.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Use this folder as the home and leave it afterwards.")
    ] = None,
) -> None:
    """Show the whole way: films from a PACS, drafts, a signature, the report back in the PACS."""
    from llmcxr_ws.demo.show import run_demo

    if not run_demo(headless=headless, json_file=json_file, pacs=pacs.value if pacs else None, keep=keep):
        raise typer.Exit(1)
