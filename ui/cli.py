"""The window's commands: `llmcxr ui` and `llmcxr ui screenshot`, and its health check. Light to import."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from llmcxr_ws.cli import chosen_home
from llmcxr_ws.errors import ConfigError

_SECRET_VARIABLE = "LLMCXR_UI_PASSWORD"
_PROBE = "from ui.app import platform_facts; print(platform_facts())"
_PROBE_S = 60
_QT_PACKAGES = (
    "On Debian: apt-get install libegl1 libgl1 libxkbcommon-x11-0 libdbus-1-3 libxcb-cursor0 "
    "libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 fontconfig."
)

_ui = typer.Typer(invoke_without_command=True)

UserOption = Annotated[str, typer.Option("--user", help="User name to fill in at the log-in.")]


def register(app: typer.Typer) -> None:
    """Add the window's commands."""
    app.add_typer(_ui, name="ui", help="Open the reading window.")


def checks() -> Iterable[tuple[str, Callable[[], str]]]:
    """The window's health checks."""
    return (("window", _check_window),)


@_ui.callback()
def open_window(context: typer.Context, user: UserOption = "") -> None:
    """Open the reading window and stay until it is closed."""
    if context.invoked_subcommand is not None:
        return
    from llmcxr_ws.config import load_config
    from llmcxr_ws.home import resolve_home
    from llmcxr_ws.log import setup_logging
    from llmcxr_ws.logfile import log_file

    home = resolve_home(chosen_home())
    config = load_config(home)
    setup_logging(config.log_level, json=config.log_json, file=log_file(home, config, "window"))
    _require_screen()
    try:
        from ui.app import run
        from ui.workstation import standard_file
    except ImportError as error:  # Qt's own libraries need some of the system's
        raise ConfigError(f"Qt doesn't start: {error}.", what_to_do=_QT_PACKAGES) from error

    raise typer.Exit(run(chosen_home(), user, remembered=standard_file()))


@_ui.command()
def screenshot(
    out: Annotated[Path, typer.Option("--out", help="PNG file to write.")],
    user: UserOption = "",
    size: Annotated[str, typer.Option(help="Width x height in pixels.")] = "1600x1000",
    question: Annotated[str, typer.Option(help="Ask this about the film and wait for the answer.")] = "",
    accession: Annotated[str, typer.Option(help="Open this study; else the first.")] = "",
    timeout_s: Annotated[float, typer.Option(help="Give up after so many seconds.")] = 120.0,
) -> None:
    """Log in, open a study, wait until all is on the screen, and save a picture of the window.

    The password comes from the environment variable LLMCXR_UI_PASSWORD, so that no process list shows it.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from ui.screenshot import Wanted, take

    width, _, height = size.partition("x")
    password = os.environ.get(_SECRET_VARIABLE, "")
    if not (user and password and width.isdigit() and height.isdigit()):
        raise ConfigError(
            f"A screenshot needs --user, {_SECRET_VARIABLE} and --size WIDTHxHEIGHT.",
            what_to_do="Give all three.",
        )
    wanted = Wanted(out, user, password, int(width), int(height), question, accession, timeout_s)
    take(chosen_home(), wanted)
    typer.echo(str(out))


def _has_screen() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _require_screen() -> None:
    """Refuse to start where Qt would only abort the process."""
    if not _has_screen() and not os.environ.get("QT_QPA_PLATFORM"):
        raise ConfigError(
            "No screen was found: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            what_to_do="Start the window from a desktop, or see `llmcxr ui screenshot`.",
        )


def _check_window() -> str:
    """Start Qt in a process of its own: a missing system library ends that one, not the doctor."""
    environment = dict(os.environ)
    has_screen = _has_screen()
    if not has_screen:
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PROBE_S,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1].removeprefix(
            "llmcxr: Qt doesn't start: "
        )
        raise ConfigError(
            f"Qt doesn't start: {last}",
            what_to_do=_QT_PACKAGES,
        )
    return done.stdout.strip() + ("" if has_screen else " (no screen here)")
