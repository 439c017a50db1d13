"""The commands `llmcxr simulator …`: the built-in PACS to rehearse with, its faults and habits, and its sender."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from llmcxr_ws.errors import ConfigError

simulator = typer.Typer(no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
FaultNames = Annotated[
    list[str] | None,
    typer.Option(
        "--fault", metavar="NAME[=RATE]", help="A fault, and how often it strikes (1: always); repeat."
    ),
]
Seed = Annotated[int, typer.Option(help="Another seed strikes other objects.")]
Times = Annotated[
    int, typer.Option("--fault-times", help="How often one object is struck at most; 0: always.", min=0)
]
Delay = Annotated[float, typer.Option("--delay", help="Length of a delay, seconds.", min=0)]


@simulator.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    storage: Annotated[
        Path | None, typer.Option(help="Folder that holds its objects; needed to run it.")
    ] = None,
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
    profile: Annotated[
        list[str] | None, typer.Option("--profile", help="A habit of archives to take on; repeat.")
    ] = None,
    fault: FaultNames = None,
    seed: Seed = 0,
    fault_times: Times = 0,
    delay: Delay = 5.0,
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
    if context.invoked_subcommand is not None:
        return
    if storage is None:
        raise ConfigError("The simulator has no folder for its objects.", what_to_do="Name one: --storage.")
    from contextlib import ExitStack

    from dicom_node.cli import stop_on_signals
    from dicom_node.simulator.faults import Faults, parse_faults
    from dicom_node.simulator.profiles import habits_of
    from dicom_node.simulator.server import PacsSimulator, SimulatorSettings, parse_destinations
    from dicom_node.simulator.worklist import WorklistSimulator
    from llmcxr_ws.log import setup_logging

    setup_logging("info")
    faults = Faults(parse_faults(fault or [], sending=False), seed=seed, times=fault_times, delay_s=delay)
    settings = SimulatorSettings(
        storage=storage,
        ae_title=ae,
        host=host,
        port=port,
        destinations=parse_destinations(peer or []),
        known_only=known_only,
        habits=habits_of(profile or []),
        faults=faults,
    )
    stop = stop_on_signals()
    with ExitStack() as stack:
        running = stack.enter_context(PacsSimulator(settings))
        typer.echo(f"{ae} listens on {host}:{running.port} with {len(running.archive)} objects.")
        if worklist:
            held = stack.enter_context(WorklistSimulator(running.archive, worklist_port))
            held.schedule_all(worklist)
            typer.echo(f"{len(held.workitems)} workitems at {held.url}.")
        stop.wait()
    for name, count in sorted(faults.struck.items()):
        typer.echo(f"{name}: {count} times.")


@simulator.command("send")
def send_films(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="DICOM files of nobody.")],
    to: Annotated[str, typer.Option(metavar="AETITLE@HOST:PORT", help="Who receives them.")],
    ae: Annotated[str, typer.Option("--ae", help="AE title to send under.")] = "PACS",
    fault: FaultNames = None,
    seed: Seed = 0,
    delay: Delay = 5.0,
    as_json: AsJson = False,
) -> None:
    """Send films as a modality with faults does, and say what the receiver answered to each."""
    from dataclasses import asdict

    from dicom_node.association import LocalEntity
    from dicom_node.cli import peer_at
    from dicom_node.simulator.faults import Faults, parse_faults
    from dicom_node.simulator.sender import send
    from llmcxr_ws.log import setup_logging

    setup_logging("warning")
    faults = Faults(parse_faults(fault or [], sending=True), seed=seed, delay_s=delay)
    for sent in send(LocalEntity(ae_title=ae), peer_at(to), files, faults):
        if as_json:
            typer.echo(json.dumps(asdict(sent)))
        else:
            spoiled = f" [{', '.join(sent.faults)}]" if sent.faults else ""
            typer.echo(f"{sent.file}{spoiled}: {sent.outcome} {sent.note}".rstrip())


@simulator.command("faults")
def list_faults(as_json: AsJson = False) -> None:
    """List the faults, and what each does to what is sent to the simulator and to what it sends."""
    from dataclasses import asdict

    from dicom_node.simulator.faults import FAULTS

    if as_json:
        typer.echo(json.dumps({name: asdict(kind) for name, kind in FAULTS.items()}, indent=1))
        return
    for name, kind in FAULTS.items():
        typer.echo(f"{name}")
        typer.echo(f"  as receiver: {kind.receiving or '-'}")
        typer.echo(f"  as sender:   {kind.sending or '-'}")


@simulator.command("profiles")
def list_profiles(as_json: AsJson = False) -> None:
    """List the habits of archives that the simulator can take on, and what each stands for."""
    from dicom_node.simulator.profiles import PROFILES

    if as_json:
        rows = {name: {"does": one.words, "stands_for": one.stands_for} for name, one in PROFILES.items()}
        typer.echo(json.dumps(rows, indent=1))
        return
    for name, one in PROFILES.items():
        typer.echo(f"{name}: {one.words}.\n  Stands for {one.stands_for}.")
