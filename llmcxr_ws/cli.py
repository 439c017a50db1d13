"""The one command, ``llmcxr``: gathers the sub-commands that each room registers.

Rooms are found by the entry-point group ``llmcxr.commands``; each gives a light ``register(app)``. Nothing heavy is
imported before a command runs.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from llmcxr_ws import __version__
from llmcxr_ws.errors import UserFacingError

GROUP = "llmcxr.commands"
_ORDER = ("demo", "ui", "node", "engine", "hall")

_home: Path | None = None


def chosen_home() -> Path | None:
    """The folder given with ``--home``, if any."""
    return _home


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
        version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    ) -> None:
        global _home
        _home = home
        if version:
            typer.echo(f"llmcxr {__version__}")
            raise typer.Exit()

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
