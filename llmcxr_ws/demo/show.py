"""What a person sees of the demonstration: its steps, a table of studies, the JSON file, the window."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from llmcxr_ws.demo.processes import DemoError, llmcxr, orthanc_installed
from llmcxr_ws.demo.scene import PASSWORD, READER, Scene, set_up, wait_until_ready
from llmcxr_ws.demo.steps import Report, Steps
from llmcxr_ws.demo.walk import DELIVERY_S, DRAFT_S, Walk
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.states import StudyState

JSON_KEYS = ("accession", "state", "draft", "seconds_to_draft", "sr_instance_uid")


def run_demo(*, headless: bool, json_file: Path | None, pacs: str | None, keep: Path | None) -> bool:
    """Play the demonstration.

    True when every study reached `confirmed`, or, with a window, when that was closed in order.
    """
    console = Console(stderr=True)
    chosen = pacs or ("orthanc" if orthanc_installed() else "simulator")
    if not headless and not _has_screen():
        console.print("No screen was found: walking the whole way without a window.")
        headless = True
    with _ended_by_signals(), _home(keep) as home:
        try:
            _require_folder(json_file)
            with Steps(console) as steps:
                text = f"starting the PACS ({chosen}), the node and the engine"
                scene = steps.run(text, lambda _: set_up(home, chosen))
                walk = Walk(scene)
                try:
                    _until_drafted(walk, steps)
                    if headless:
                        _walk_on(walk, steps, home)
                    else:
                        steps.run("the window is open", lambda _: _show_window(console, scene))
                        return True
                finally:
                    scene.company.stop()
                    scene.workplace.close()
        except UserFacingError as error:
            console.print(f"The demonstration stopped: {error.sentence}", style="bold red", markup=False)
            return False
    return _conclude(console, walk, json_file)


def _until_drafted(walk: Walk, steps: Steps) -> None:
    company = walk.scene.company

    def drafting(report: Report) -> None:
        def all_drafted() -> bool:
            done = walk.all_drafted()
            report(
                sum(outcome.seconds_to_draft is not None for outcome in walk.outcomes.values()),
                len(walk.films),
            )
            return done

        company.wait_for("The last draft", all_drafted, timeout_s=DRAFT_S)

    steps.run("waiting until all three answer", lambda _: wait_until_ready(walk.scene))
    steps.run("choosing the films that ship", lambda _: walk.list_films())
    steps.run("putting the films into the PACS (C-STORE)", lambda _: walk.fill_pacs())
    steps.run("having the PACS send them to the node (C-MOVE)", lambda _: walk.send_to_node())
    steps.run("the engine drafts", drafting)


def _walk_on(walk: Walk, steps: Steps, home: Path) -> None:
    company = walk.scene.company

    def confirming(report: Report) -> None:
        def all_ended() -> bool:
            done = walk.all_ended()
            report(sum(o.state == StudyState.CONFIRMED for o in walk.outcomes.values()), len(walk.films))
            return done

        company.wait_for("The last confirmation", all_ended, timeout_s=DELIVERY_S)

    steps.run(
        "drafts arrive in the PACS",
        lambda _: company.wait_for("The drafts", walk.drafts_arrived, timeout_s=DELIVERY_S),
    )
    steps.run("asking the model a question", lambda _: walk.ask())
    steps.run("editing one draft, signing all", lambda _: walk.sign_all())
    steps.run("signed reports are stored and confirmed", confirming)
    steps.run(
        "finding the reports by C-FIND and reading them back",
        lambda _: walk.read_back(home / "back"),
    )


def _show_window(console: Console, scene: Scene) -> None:
    console.print(
        f"Log in as '{READER}' with the password '{PASSWORD}'; close the window to end.", markup=False
    )
    environment = os.environ | {"LLMCXR_HOME": str(scene.workplace.home)}
    done = subprocess.run(llmcxr("ui", "--user", READER), env=environment, check=False)
    if done.returncode:
        raise DemoError(f"The window ended with status {done.returncode}.", what_to_do="Run `llmcxr doctor`.")


def _conclude(console: Console, walk: Walk, json_file: Path | None) -> bool:
    outcomes = [walk.outcomes[film.accession] for film in walk.films]
    table = Table(title="Films from the PACS, signed reports back in it", title_justify="left")
    for head in ("accession", "state", "draft", "s to draft"):
        table.add_column(head)
    table.add_column("signed SR in the PACS", no_wrap=True)
    for outcome in outcomes:
        seconds = "" if outcome.seconds_to_draft is None else f"{outcome.seconds_to_draft:.1f}"
        table.add_row(
            outcome.accession,
            outcome.state,
            escape(outcome.draft or outcome.note),
            seconds,
            _shortened(outcome.sr_instance_uid),
        )
    Console().print(table)
    if walk.question is not None:
        console.print(f"Asked: {walk.question.text}  Answered: {walk.question.answer}", markup=False)
        console.print(f"Edited before it was signed: {walk.edited}", markup=False)
    if json_file is not None:
        data = {"studies": [{key: getattr(outcome, key) for key in JSON_KEYS} for outcome in outcomes]}
        json_file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    if outcomes and all(o.state == StudyState.CONFIRMED and o.sr_instance_uid for o in outcomes):
        return True
    console.print("Not every study reached 'confirmed'.", style="bold red")
    return False


def _require_folder(json_file: Path | None) -> None:
    """Refuse a file that can't be written before the walk, not after it."""
    if json_file is None:
        return
    folder = json_file.expanduser().absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or json_file.is_dir():
        raise DemoError(
            f"{json_file} can't be written: its folder must exist and let you write.",
            what_to_do="Choose another file with --json.",
        )


def _shortened(uid: str) -> str:
    """Both ends of a UID: one line a study; ``--json`` has the whole."""
    return uid if len(uid) <= 20 else f"{uid[:9]}…{uid[-9:]}"


def _has_screen() -> bool:
    return os.name == "nt" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    """The home of the demonstration: thrown away, unless a folder was named."""
    if keep is not None:
        yield keep.expanduser().resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="llmcxr-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM into an orderly end, as Ctrl+C is one, so that nothing is left running."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
