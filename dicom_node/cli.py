"""The commands `llmcxr node`, `llmcxr simulator` and `llmcxr dicom …`. Light to import; the work is done inside."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dicom_node import tls_commands
from dicom_node.conformance_cli import conformance
from dicom_node.deidentify_commands import deidentify
from dicom_node.display_commands import display
from dicom_node.retention_commands import retention
from dicom_node.simulator_commands import simulator
from llmcxr_ws.cli import chosen_home
from llmcxr_ws.errors import ConfigError, DicomError

if TYPE_CHECKING:
    from dicom_node.association import LocalEntity
    from llmcxr_ws.doctor import Check
    from llmcxr_ws.site import Peer

PeerName = Annotated[
    str,
    typer.Argument(metavar="PEER", help="Name of a configured peer, AETITLE@HOST:PORT, or a DICOMweb URL."),
]
Studies = Annotated[list[str], typer.Option("--study", help="Study Instance UID; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Keys = Annotated[
    list[str], typer.Option("--key", metavar="KEYWORD=VALUE", help="Key attribute; may be repeated.")
]

_node = typer.Typer(no_args_is_help=False)
_dicom = typer.Typer(no_args_is_help=True)
_dicom.command("display")(display)


def register(app: typer.Typer) -> None:
    """Add the node's commands."""
    app.add_typer(
        _node, name="node", help="Receive films, decide requests, deliver reports: all of the DICOM node."
    )
    app.add_typer(
        simulator,
        name="simulator",
        help="Run the built-in PACS to rehearse with, faults included; it holds no patients' films.",
    )
    app.add_typer(tls_commands.app, name="tls", help="Keys and certificates of this node.")
    app.add_typer(_dicom, name="dicom", help="Talk to a peer: echo, find, move, get, store, display.")
    app.add_typer(deidentify, name="deidentify", help="De-identify studies for research.")
    app.add_typer(
        retention, name="retention", help="What is purged by the site's rules, and why the rest stays."
    )
    app.command("conformance", help="Have every validator judge an example of each kind of document.")(
        conformance
    )


def checks() -> Iterable[Check]:
    """The node's health checks."""
    from dicom_node import checks, health

    return (
        ("port", health.check_port),
        ("certificates", health.check_certificates),
        ("web", health.check_web),
        ("peers", health.check_peers),
        ("messages", health.check_messages),
        ("clocks", checks.clocks_of_servers),
        ("for the PACS team", checks.line_for_the_pacs_team),
    )


@_node.callback(invoke_without_command=True)
def run_node(context: typer.Context) -> None:
    """Run listener and courier, and start again what dies."""
    if context.invoked_subcommand is None:
        from dicom_node.supervisor import run_supervisor

        run_supervisor(_prepare_service("node"), stop_on_signals())


@_node.command("listener")
def run_listener_alone() -> None:
    """Run the listener alone; `llmcxr node` or `llmcxr db upgrade` has prepared the home."""
    from dicom_node.lean import without_decoders

    without_decoders()
    from dicom_node.listener import run_listener
    from dicom_node.single import only_one

    home = _prepare_service("listener")
    with only_one(home, "listener"):
        run_listener(home, stop_on_signals())


@_node.command("courier")
def run_courier_alone() -> None:
    """Run the courier alone; `llmcxr node` or `llmcxr db upgrade` has prepared the home."""
    from dicom_node.courier import run_courier
    from dicom_node.single import only_one

    home = _prepare_service("courier")
    with only_one(home, "courier"):
        run_courier(home, stop_on_signals())


@_node.command("web")
def run_web_alone() -> None:
    """Run the STOW-RS server alone, as web_port and the settings beside it say."""
    from dicom_node.single import only_one
    from dicom_node.web.server import run_web

    home = _prepare_service("web")
    with only_one(home, "web"):
        run_web(home, stop_on_signals())


@_node.command("watcher")
def run_watcher_alone() -> None:
    """Run the watcher alone: metrics, health and audit messages, as the machine's settings ask for them."""
    from dicom_node.single import only_one
    from dicom_node.watching.watcher import run_watcher

    home = _prepare_service("watcher")
    with only_one(home, "watcher"):
        run_watcher(home, stop_on_signals())


@_dicom.command("echo")
def echo(peer: PeerName, as_json: AsJson = False) -> None:
    """Ask a peer to answer (C-ECHO; QIDO-RS where it has DICOMweb)."""
    from dicom_node import ways

    local, target = _resolve(peer)
    seconds = ways.echo(local, target)
    if as_json:
        typer.echo(json.dumps({"peer": target.name, "seconds": round(seconds, 4)}))
    else:
        typer.echo(f"{target.name} answered in {seconds * 1000:.0f} ms.")


@_dicom.command("find")
def find(
    peer: PeerName,
    key: Keys,
    level: Annotated[str, typer.Option(help="PATIENT, STUDY, SERIES or IMAGE.")] = "STUDY",
    model: Annotated[str, typer.Option(help="study or patient root.")] = "study",
    limit: Annotated[int | None, typer.Option(help="Stop after so many matches.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a peer what it holds (C-FIND or QIDO-RS); a key without a value asks for the attribute."""
    from dicom_node import ways

    local, target = _resolve(peer)
    level = _one_of(level.upper(), ("PATIENT", "STUDY", "SERIES", "IMAGE"), "level")
    keys = dict(_split(pair) for pair in key)
    matches = ways.find(
        local, target, level, keys, model=_one_of(model.lower(), ("study", "patient"), "model"), limit=limit
    )
    rows = [
        {element.keyword: _plain(element.value) for element in match if element.keyword} for match in matches
    ]
    _print_rows(rows, list(keys), f"{target.name}: {len(rows)} matches at level {level}", as_json=as_json)


@_dicom.command("move")
def move(
    peer: PeerName,
    to: Annotated[str, typer.Option(help="AE title that the peer sends to; it must know its address.")],
    study: Studies,
    series: Annotated[str, typer.Option(help="Series Instance UID, for one series only.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have a peer send studies, or one series, somewhere (C-MOVE)."""
    from dicom_node import scu

    local, target = _resolve(peer)
    for uid in study:
        _print_counts(scu.move(local, target, *_study_keys(uid, series), to), as_json=as_json)


@_dicom.command("get")
def get(
    peer: PeerName,
    study: Studies,
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    series: Annotated[str, typer.Option(help="Series Instance UID, for one series only.")] = "",
    modality: Annotated[str, typer.Option(help="Only series of this modality, such as SR.")] = "",
    as_json: AsJson = False,
) -> None:
    """Fetch studies, or one series, into a folder (C-GET or WADO-RS); each file is named by its SOP Instance UID."""
    import shutil

    import pydicom

    from dicom_node import ways

    local, target = _resolve(peer)
    out.mkdir(parents=True, exist_ok=True)

    def sink(path: Path) -> int:
        uid = pydicom.filereader.read_file_meta_info(path).MediaStorageSOPInstanceUID
        shutil.copyfile(path, out / f"{uid}.dcm")
        return 0

    for uid in study:
        for one in _series_of(local, target, uid, modality) if modality and not series else [series]:
            _print_counts(ways.get(local, target, *_study_keys(uid, one), sink), as_json=as_json)


@_dicom.command("reports")
def reports(
    peer: PeerName,
    out: Annotated[Path | None, typer.Option(help="Fetch each one into this folder and compare it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that a peer holds every document that was stored there (C-FIND, and C-GET with --out).

    One that is missing can be sent again: `llmcxr outbox again ID`.
    """
    from dataclasses import asdict

    from dicom_node.held import documents_at
    from llmcxr_ws.commands import open_workplace

    local, target = _resolve(peer)
    with open_workplace() as workplace:
        held = list(documents_at(workplace, local, target, out=out))
    columns = ["id", "accession_number", "kind", "sop_instance_uid", "found", "unchanged"]
    _print_rows([asdict(row) for row in held], columns, f"Our documents at {target.name}", as_json=as_json)
    lost = [row.id for row in held if not row.found]
    changed = sum(row.unchanged is False for row in held)
    if lost or changed:
        again = (
            f" Send the missing ones again: llmcxr outbox again {' '.join(map(str, lost))}" if lost else ""
        )
        raise DicomError(
            f"{len(lost) + changed} of {len(held)} documents are missing or changed.",
            what_to_do=f"See the list above.{again}",
        )


@_dicom.command("store")
def store(
    peer: PeerName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="DICOM files.")],
    as_json: AsJson = False,
) -> None:
    """Send files to a peer (C-STORE or STOW-RS)."""
    from dicom_node import scu, ways

    local, target = _resolve(peer)
    results = ways.store(local, target, files)
    rows = [
        {"file": result.path.name, "outcome": str(result.outcome), "note": result.sentence}
        for result in results
    ]
    _print_rows(rows, ["file", "outcome", "note"], f"Sent to {target.name}", as_json=as_json)
    failed = sum(result.outcome is not scu.Outcome.STORED for result in results)
    if failed:
        raise DicomError(
            f"{failed} of {len(results)} files weren't stored.", what_to_do="See the notes above."
        )


@_dicom.command("films")
def films() -> None:
    """List the films that ship for the demonstration, as JSON."""
    import pydicom

    folder = Path(__file__).parent / "films"
    rows = []
    for path in sorted(folder.glob("*.dcm")):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        rows.append(
            {
                "path": str(path),
                "accession": str(header.AccessionNumber),
                "study_instance_uid": str(header.StudyInstanceUID),
            }
        )
    typer.echo(json.dumps(rows, indent=1))


def _prepare_service(name: str) -> Path:
    """Set logging up as the machine's settings say; give the home."""
    from llmcxr_ws.config import load_config
    from llmcxr_ws.home import resolve_home
    from llmcxr_ws.log import setup_logging
    from llmcxr_ws.logfile import log_file

    home = resolve_home(chosen_home())
    config = load_config(home)
    setup_logging(config.log_level, json=config.log_json, file=log_file(home, config, name))
    return home


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def _resolve(text: str) -> tuple[LocalEntity, Peer]:
    """Our own identity and the peer that was named."""
    from dicom_node.association import LocalEntity
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.log import setup_logging
    from llmcxr_ws.site import require_loopback

    setup_logging("warning")
    with open_workplace() as workplace:
        config = workplace.config
        local = LocalEntity.of(config, workplace.home)
        if text.startswith(("http://", "https://")):
            peer = _peer_by_url(text)
        elif "@" in text:
            peer = peer_at(text)
        else:
            return local, workplace.site().peer(text)
        if config.demo:
            require_loopback(peer)
        return local, peer


def peer_at(text: str) -> Peer:
    """A peer that is no configured one, from ``AETITLE@HOST:PORT``.

    Raises
    ------
    ConfigError
        The text has another form.
    """
    from llmcxr_ws.site import Peer

    ae_title, _, address = text.partition("@")
    host, _, port = address.rpartition(":")
    if not (0 < len(ae_title) <= 16 and host and port.isdigit() and 0 < int(port) < 65536):
        raise ConfigError(f"The peer '{text}' was refused.", what_to_do="Write AETITLE@HOST:PORT or a URL.")
    return Peer(name="unnamed", ae_title=ae_title, host=host.strip("[]"), port=int(port), role="test")


def _peer_by_url(url: str) -> Peer:
    """A peer that is no configured one, by the base URL of its DICOMweb services."""
    from pydantic import ValidationError

    from llmcxr_ws.config import explain
    from llmcxr_ws.site import Peer

    try:
        return Peer(name="unnamed", ae_title="UNNAMED", host="127.0.0.1", port=1, role="test", dicomweb=url)
    except ValidationError as error:
        raise ConfigError(explain(error, Peer.model_fields)) from error


def _split(pair: str) -> tuple[str, str | list[str]]:
    keyword, _, value = pair.partition("=")
    return keyword.strip(), value.split("\\") if "\\" in value else value


def _one_of(value: str, allowed: tuple[str, ...], what: str) -> str:
    if value not in allowed:
        raise ConfigError(f"The {what} '{value}' is unknown.", what_to_do=f"One of: {', '.join(allowed)}.")
    return value


def _series_of(local: LocalEntity, peer: Peer, study: str, modality: str) -> list[str]:
    """The series of one modality in a study."""
    from dicom_node import ways

    keys = {"StudyInstanceUID": study, "Modality": modality, "SeriesInstanceUID": ""}
    found = ways.find(local, peer, "SERIES", keys)
    # Not every PACS matches by modality at this level; one that returns it is checked.
    series = [str(match.SeriesInstanceUID) for match in found if match.get("Modality", modality) == modality]
    if not series:
        raise DicomError(f"Peer {peer.name} holds no series of modality {modality} in that study.")
    return series


def _study_keys(study: str, series: str) -> tuple[str, dict[str, str]]:
    if series:
        return "SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": series}
    return "STUDY", {"StudyInstanceUID": study}


def _plain(value: Any) -> Any:
    """A value that JSON can hold; sequences are left out."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    if type(value).__name__ == "MultiValue":
        return [str(part) for part in value]
    return "" if type(value).__name__ == "Sequence" else str(value)


def _print_rows(rows: list[dict[str, Any]], columns: list[str], title: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from llmcxr_ws.commands import PIPE_WIDTH

    table = Table(title=escape(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(row.get(column, ""))) for column in columns))
    # Where nobody looks on, a UID that is folded can't be copied or searched for.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _print_counts(result: Any, *, as_json: bool) -> None:
    counts = {"completed": result.completed, "failed": result.failed, "warning": result.warning}
    text = ", ".join(f"{count} {what}" for what, count in counts.items())
    typer.echo(json.dumps({**counts, "status": result.status}) if as_json else f"{text}.")
    if result.failed:
        raise DicomError(
            f"{result.failed} objects weren't transferred.", what_to_do="Look at the receiver's log."
        )
