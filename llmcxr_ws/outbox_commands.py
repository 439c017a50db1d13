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


@outbox.command("again")
def send_again(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Ids as `llmcxr outbox list` shows them.")],
    ask_as: Annotated[
        str, typer.Option("--as", help="Ask as this administrator where the service's key can't be read.")
    ] = "",
) -> None:
    """Send dead or held documents again; one that couldn't be made is made anew."""
    from llmcxr_ws.commands import ask_node, open_workplace
    from llmcxr_ws.store import queueing

    payload = {"of": "deliveries", "action": "again", "ids": ids}
    with open_workplace() as workplace:
        if ask_as:
            typer.echo(ask_node(workplace, ask_as, "queue", payload))
            return
        workplace.service_key()  # whoever may read it is the service
        with workplace.db.write() as session:
            typer.echo(queueing.move(session, payload, by="service"))
