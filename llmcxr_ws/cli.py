"""The one command, ``llmcxr``: gathers the sub-commands that each room registers.

Rooms are found by the entry-point group ``llmcxr.commands``; each gives a light ``register(app)``. Nothing heavy is
imported before a command runs.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from llmcxr_ws import __version__
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.home import ENVIRONMENT_VARIABLE

GROUP = "llmcxr.commands"
_ORDER = ("demo", "ui", "node", "engine", "hall")


def chosen_home() -> Path | None:
    """The folder given with ``--home`` or in the environment, if any."""
    value = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(value) if value else None


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"llmcxr {__version__}")
        raise typer.Exit()


def build_app() -> typer.Typer:
    """The command with every room's sub-commands."""
    app = typer.Typer(
        name="llmcxr",
        help="A reading workstation for AI-drafted chest X-ray reports. Research use only.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def root(
        home: Annotated[
            Path | None, typer.Option("--home", help="Folder that holds everything; else LLMCXR_HOME.")
        ] = None,
        version: Annotated[
            bool,
            typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
        ] = False,
    ) -> None:
        if home is not None:  # through the environment, so that the processes we start have the same home
            os.environ[ENVIRONMENT_VARIABLE] = str(home.expanduser().resolve())

    points = {point.name: point for point in entry_points(group=GROUP)}
    for name in sorted(points, key=lambda n: _ORDER.index(n) if n in _ORDER else len(_ORDER)):
        points[name].load()(app)
    return app


def main() -> None:
    """Run the command; a :class:`UserFacingError` ends it with its sentence and exit status 1."""
    try:
        build_app()()
    except UserFacingError as error:
        print(f"llmcxr: {error.sentence}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
