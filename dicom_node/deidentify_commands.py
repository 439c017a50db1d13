"""The commands `llmcxr deidentify …`. Light to import; the work is done inside."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcxr_ws.errors import ConfigError

if TYPE_CHECKING:
    from dicom_node.deidentified_export import Entry
    from llmcxr_ws.domain import StudyRow

deidentify = typer.Typer(no_args_is_help=True)


@deidentify.command("export")
def export_studies(
    study: Annotated[
        list[str] | None,
        typer.Option("--study", help="Number, accession number or Study Instance UID; may be repeated."),
    ] = None,
    listed: Annotated[Path | None, typer.Option("--list", help="A file that names one study a line.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the files and manifest.csv.")] = None,
    to: Annotated[
        str,
        typer.Option(metavar="PEER", help="Or a peer with deidentify in the site document: by the outbox."),
    ] = "",
    project: Annotated[str, typer.Option(help="Project of the pseudonyms; of a peer its own.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option of the profile, such as retain_modified_dates; of a peer its own; repeat."),
    ] = None,
    documents: Annotated[bool, typer.Option(help="Reports and results with the films.")] = True,
    manifest: Annotated[Path | None, typer.Option(help="Where the manifest goes with --to.")] = None,
) -> None:
    """De-identify studies into a folder, or queue them for a research peer; what the check finds fault with stays.

    For a peer the node's outbox makes, checks and sends the copies, with its tries, confirmation and dead letters;
    asked again, the command queues nothing twice and says how far they are.
    """
    from dicom_node import deidentified_export as exporting
    from dicom_node.steps.deidentified import profile_of
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.log import setup_logging

    if bool(out) == bool(to):
        raise ConfigError("Studies go into a folder or to a peer.", what_to_do="Give --out or --to.")
    setup_logging("warning")
    names = [*(study or []), *(_lines(listed) if listed else [])]
    with open_workplace() as workplace:
        if to:
            peer = workplace.site().peer(to)
            if not peer.deidentify:
                raise ConfigError(
                    f"Peer '{to}' gets no de-identified objects.",
                    what_to_do="Set deidentify and project there.",
                )
            if project or option:
                raise ConfigError(
                    "A peer has its own project and options.", what_to_do="Leave --project and --option out."
                )
            profile_of(
                workplace, peer.project, peer.deidentify_options
            )  # the key can be read: this is the service
            rows = exporting.wanted(workplace, names)
            new, entries = exporting.queue_for(workplace, peer, rows, documents=documents)
            if manifest is not None:
                exporting.write_manifest(manifest, entries)
        else:
            _check_project(project)
            profile = profile_of(workplace, project, option or [])
            rows = exporting.wanted(workplace, names)
            entries, told = [], _Told(len(rows))
            target = manifest or (out or Path()) / "manifest.csv"
            try:
                for row, lines in exporting.export(
                    workplace, profile, rows, out or Path(), documents=documents
                ):
                    entries += lines
                    told(row, lines)
            finally:  # what is there is told, wherever it stops
                exporting.write_manifest(target, entries)
    if to:
        counted = Counter(entry.outcome for entry in entries)
        far = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items()))
        typer.echo(
            f"{new} objects of {len(rows)} studies were queued for '{to}'. All of them: {far or 'none'}."
        )
        if counted["dead"] or counted["kept back"]:
            typer.echo("`llmcxr outbox list` says why; `llmcxr outbox again ID` tries again.", err=True)
            raise typer.Exit(1)
        return
    gone = sum(entry.outcome == "written" for entry in entries)
    typer.echo(f"{gone} of {len(entries)} objects of {len(rows)} studies left de-identified.")
    if gone < len(entries):
        raise typer.Exit(1)


@deidentify.command("key-table")
def print_key_table(
    project: Annotated[str, typer.Option(help="The project.")],
    ask_as: Annotated[str, typer.Option("--as", help="The administrator who reads it.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit trail.")],
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file, for its owner only.")] = None,
) -> None:
    """Print whose pseudonym is whose; for administrators, with a row in the audit trail."""
    from llmcxr_ws import keeping
    from llmcxr_ws.commands import open_workplace, password_of

    if not reason.strip():
        raise ConfigError("The key table is read for a reason.", what_to_do="Give --reason.")
    with open_workplace() as workplace:
        password = password_of(f"Password of {ask_as}", password_file, confirm=False)
        asked = {"user": ask_as, "password": password, "reason": reason}
        if out is None:
            keeping.write_key_table(sys.stdout, keeping.key_table(workplace, project, **asked))
        else:
            keeping.save_key_table(workplace, out, project, **asked)


@deidentify.command("options")
def list_options() -> None:
    """List the options of the basic profile with their codes (CID 7050)."""
    from llmcxr_ws.commands import table
    from llmcxr_ws.deidentification import BASIC, OPTIONS

    rows = [("(always)", *BASIC), *((name, *code) for name, code in OPTIONS.items())]
    table(("option", "code", "meaning"), rows)


class _Told:
    """A line for each study: its number, never its patient."""

    def __init__(self, count: int) -> None:
        self._count, self._done = count, 0

    def __call__(self, row: StudyRow, lines: list[Entry]) -> None:
        self._done += 1
        left = sum(line.outcome == "written" for line in lines)
        typer.echo(f"{self._done}/{self._count}  study {row.id}: {left} of {len(lines)}", err=True)
        for line in lines:
            if line.outcome != "written":
                typer.echo(f"  {line.kind}: {line.outcome}", err=True)


def _check_project(project: str) -> None:
    import re

    from llmcxr_ws.deidentification import PROJECT

    if not project or not re.fullmatch(PROJECT, project):
        raise ConfigError(
            f"The project '{project}' was refused.",
            what_to_do="Give --project with 1 to 16 letters, digits, - and _.",
        )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}.", what_to_do="Name a text file.") from error
    return [line.strip() for line in text.splitlines() if line.strip()]
