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

from dicom_node.conformance_cli import conformance
from dicom_node.display_commands import display
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
    app.command("simulator", help="Run the built-in PACS to rehearse with; it holds no patients' films.")(
        _simulator
    )
    app.add_typer(_dicom, name="dicom", help="Talk to a peer: echo, find, move, get, store, display.")
    app.command("conformance", help="Have every validator judge an example of each kind of document.")(
        conformance
    )


def checks() -> Iterable[Check]:
    """The node's health checks."""
    return (("port", _check_port), ("web", _check_web), ("peers", _check_peers))


@_node.callback(invoke_without_command=True)
def run_node(context: typer.Context) -> None:
    """Run listener and courier, and start again what dies."""
    if context.invoked_subcommand is None:
        from dicom_node.supervisor import run_supervisor

        run_supervisor(_prepare_service("node"), _stop_on_signals())


@_node.command("listener")
def run_listener_alone() -> None:
    """Run the listener alone; `llmcxr node` or `llmcxr db upgrade` has prepared the home."""
    from dicom_node.listener import run_listener
    from dicom_node.single import only_one

    home = _prepare_service("listener")
    with only_one(home, "listener"):
        run_listener(home, _stop_on_signals())


@_node.command("courier")
def run_courier_alone() -> None:
    """Run the courier alone; `llmcxr node` or `llmcxr db upgrade` has prepared the home."""
    from dicom_node.courier import run_courier
    from dicom_node.single import only_one

    home = _prepare_service("courier")
    with only_one(home, "courier"):
        run_courier(home, _stop_on_signals())


@_node.command("web")
def run_web_alone() -> None:
    """Run the STOW-RS server alone, as web_port and the settings beside it say."""
    from dicom_node.single import only_one
    from dicom_node.web.server import run_web

    home = _prepare_service("web")
    with only_one(home, "web"):
        run_web(home, _stop_on_signals())


def _simulator(
    storage: Annotated[Path, typer.Option(help="Folder that holds its objects.")],
    ae: Annotated[str, typer.Option("--ae", help="AE title.")] = "PACS",
    port: Annotated[int, typer.Option(help="Port; 0 for a free one.", min=0, max=65535)] = 11113,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    peer: Annotated[
        list[str] | None,
        typer.Option(
            "--peer", metavar="AETITLE=HOST:PORT", help="Destination of C-MOVE and commitment; repeat."
        ),
    ] = None,
    known_only: Annotated[
        bool, typer.Option("--known-only", help="Reject AE titles that aren't given.")
    ] = False,
    worklist: Annotated[
        str,
        typer.Option(
            metavar="VALUE^SCHEME",
            help="Also serve a UPS-RS worklist on loopback: every study held at the start, under this code.",
        ),
    ] = "",
    worklist_port: Annotated[int, typer.Option(help="Its port; 0 for a free one.", min=0, max=65535)] = 11180,
) -> None:
    """Run the built-in PACS until it is stopped."""
    from contextlib import ExitStack

    from dicom_node.simulator.server import PacsSimulator, SimulatorSettings, parse_destinations
    from dicom_node.simulator.worklist import WorklistSimulator
    from llmcxr_ws.log import setup_logging

    setup_logging("info")
    settings = SimulatorSettings(
        storage=storage,
        ae_title=ae,
        host=host,
        port=port,
        destinations=parse_destinations(peer or []),
        known_only=known_only,
    )
    stop = _stop_on_signals()
    with ExitStack() as stack:
        running = stack.enter_context(PacsSimulator(settings))
        typer.echo(f"{ae} listens on {host}:{running.port} with {len(running.archive)} objects.")
        if worklist:
            held = stack.enter_context(WorklistSimulator(running.archive, worklist_port))
            held.schedule_all(worklist)
            typer.echo(f"{len(held.workitems)} workitems at {held.url}.")
        stop.wait()


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
    """Check that a peer holds every document that was stored there (C-FIND, and C-GET with --out)."""
    from dataclasses import asdict

    from dicom_node.held import documents_at
    from llmcxr_ws.commands import open_workplace

    local, target = _resolve(peer)
    with open_workplace() as workplace:
        held = list(documents_at(workplace, local, target, out=out))
    columns = ["accession_number", "kind", "sop_instance_uid", "found", "unchanged"]
    _print_rows([asdict(row) for row in held], columns, f"Our documents at {target.name}", as_json=as_json)
    lost = sum(not row.found or row.unchanged is False for row in held)
    if lost:
        raise DicomError(
            f"{lost} of {len(held)} documents are missing or changed.", what_to_do="See the list above."
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


def _stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def _resolve(text: str) -> tuple[LocalEntity, Peer]:
    """Our own identity and the peer that was named."""
    from dicom_node.association import LocalEntity, Timeouts
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.log import setup_logging
    from llmcxr_ws.site import Peer, require_loopback

    setup_logging("warning")
    with open_workplace() as workplace:
        config = workplace.config
        timeouts = Timeouts(connect_s=config.connect_timeout_s, silence_s=config.network_timeout_s)
        local = LocalEntity(ae_title=config.ae_title, timeouts=timeouts, home=workplace.home)
        if text.startswith(("http://", "https://")):
            return local, _web_peer(text, demo=config.demo)
        if "@" not in text:
            return local, workplace.site().peer(text)
        ae_title, _, address = text.partition("@")
        host, _, port = address.rpartition(":")
        if not (0 < len(ae_title) <= 16 and host and port.isdigit() and 0 < int(port) < 65536):
            raise ConfigError(
                f"The peer '{text}' was refused.", what_to_do="Write AETITLE@HOST:PORT or a URL."
            )
        peer = Peer(name="unnamed", ae_title=ae_title, host=host.strip("[]"), port=int(port), role="test")
        if config.demo:
            require_loopback(peer)
        return local, peer


def _web_peer(url: str, *, demo: bool) -> Peer:
    """A peer that is named by the base URL of its DICOMweb services."""
    from pydantic import ValidationError

    from llmcxr_ws.config import explain
    from llmcxr_ws.site import Peer, require_loopback

    try:
        peer = Peer(name="unnamed", ae_title="UNNAMED", host="127.0.0.1", port=1, role="test", dicomweb=url)
    except ValidationError as error:
        raise ConfigError(explain(error, Peer.model_fields)) from error
    if demo:
        require_loopback(peer)
    return peer


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

    table = Table(title=escape(title))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(row.get(column, ""))) for column in columns))
    Console(file=sys.stdout).print(table)


def _print_counts(result: Any, *, as_json: bool) -> None:
    counts = {"completed": result.completed, "failed": result.failed, "warning": result.warning}
    text = ", ".join(f"{count} {what}" for what, count in counts.items())
    typer.echo(json.dumps({**counts, "status": result.status}) if as_json else f"{text}.")
    if result.failed:
        raise DicomError(
            f"{result.failed} objects weren't transferred.", what_to_do="Look at the receiver's log."
        )


def _check_port() -> str:
    """The listener answers, or its port is free for it."""
    import socket

    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.store import services

    with open_workplace() as workplace:
        config = workplace.config
        address = f"{config.ae_title}, {config.bind_host}:{config.dicom_port}"
        for row in services.running(workplace.db):
            if row.kind == "listener" and row.seconds_since_seen < services.ALIVE_S:
                return f"the listener runs ({address})"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.bind_host, config.dicom_port))
        except OSError as error:
            raise DicomError(
                f"The listener isn't running and its port {config.dicom_port} can't be used: {error.strerror}.",
                what_to_do="Stop what uses it, or set dicom_port.",
            ) from error
    return f"the listener isn't running; its port is free ({address})"


def _check_web() -> str:
    """The STOW-RS server, where one is wanted, has what it needs and runs."""
    from dicom_node.web.checks import check_web
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        return check_web(workplace)


def _check_peers() -> str:
    """Every configured peer answers: C-ECHO, or QIDO-RS where it has DICOMweb."""
    from dicom_node import ways
    from dicom_node.association import LocalEntity, Timeouts
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        peers = workplace.site().peers
        timeouts = Timeouts(connect_s=3, negotiation_s=5, response_s=5, silence_s=5)
        local = LocalEntity(ae_title=workplace.config.ae_title, timeouts=timeouts, home=workplace.home)
    silent = []
    for peer in peers:
        try:
            ways.echo(local, peer)
        except DicomError as error:
            silent.append(error.sentence)
    if silent:
        raise DicomError(" ".join(silent))
    return f"{len(peers)} answer" if peers else "none is configured"
