"""The commands `llmcxr outbox …`: documents on their way, why one isn't sent, sending it again. Light to import."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

outbox = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@outbox.command("list")
def list_deliveries(
    state: Annotated[
        str, typer.Option(help="Only those in this state: queued, sending, stored, held or dead.")
    ] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 1000,
    as_json: AsJson = False,
) -> None:
    """Print what isn't confirmed yet, dead and held ones first, with all that the gate found in refused documents."""
    from llmcxr_ws.commands import open_workplace, table
    from llmcxr_ws.store import supervision

    with open_workplace() as workplace:
        found = [
            one for one in supervision.open_deliveries(workplace.db, limit=limit) if state in ("", one.state)
        ]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str, ensure_ascii=False))
        return
    rows = [
        (
            str(one.id),
            one.accession_number or str(one.study_id),
            one.document,
            one.peer,
            one.state,
            str(one.attempts),
            one.message,
        )
        for one in found
    ]
    table(("id", "study", "document", "to", "state", "tries", "what was said"), rows)
    for one in found:
        for fault in one.faults:
            typer.echo(f"{one.id}: the gate found: {fault}")


Ids = Annotated[list[int], typer.Argument(metavar="ID…", help="Ids as `llmcxr outbox list` shows them.")]
AskAs = Annotated[
    str, typer.Option("--as", help="Ask as this administrator where the service's key can't be read.")
]


@outbox.command("again")
def send_again(ids: Ids, ask_as: AskAs = "") -> None:
    """Send dead, held or confirmed documents again; one that couldn't be made is made anew.

    Of a confirmed one the peer is asked first, and it goes only where the peer doesn't hold it any more.
    """
    _move("again", ids, ask_as)


@outbox.command("hold")
def hold(ids: Ids, ask_as: AskAs = "") -> None:
    """Keep queued documents from leaving until they are released."""
    _move("hold", ids, ask_as)


@outbox.command("release")
def release(ids: Ids, ask_as: AskAs = "") -> None:
    """Let held documents go."""
    _move("release", ids, ask_as)


@outbox.command("now")
def try_now(ids: Ids, ask_as: AskAs = "") -> None:
    """Try queued documents now instead of after their pause."""
    _move("now", ids, ask_as)


def _move(action: str, ids: list[int], ask_as: str) -> None:
    """Do it as the service, where its key can be read; else ask the node for it as an administrator."""
    from llmcxr_ws.commands import ask_node, open_workplace
    from llmcxr_ws.store import queueing

    payload = {"of": "deliveries", "action": action, "ids": ids}
    with open_workplace() as workplace:
        if ask_as:
            typer.echo(ask_node(workplace, ask_as, "queue", payload))
            return
        workplace.service_key()  # whoever may read it is the service
        with workplace.db.write() as session:
            typer.echo(queueing.move(session, payload, by="service"))
