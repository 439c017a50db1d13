"""The commands `llmcxr outputs …`: the output matrix, and what it would send. Light to import."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

outputs = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@outputs.command("list")
def list_outputs(as_json: AsJson = False) -> None:
    """Print the output matrix: which document goes where, when, and whether a study waits for it."""
    from llmcxr_ws.commands import open_workplace, table

    with open_workplace() as workplace:
        site = workplace.site()
    at = {one.name: one.where for one in site.destinations}
    rows = [
        {
            "document": rule.document,
            "when": rule.moment,
            "to": rule.to,
            "where": at[rule.to],
            "required": rule.required,
        }
        for rule in site.outputs
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table(("document", "when", "to", "where", "required"), [tuple(map(_word, row.values())) for row in rows])


@outputs.command("dry-run")
def dry_run(
    document: Annotated[
        Path | None, typer.Option(help="A site document to try; without it the one in force.")
    ] = None,
    limit: Annotated[int, typer.Option(help="The latest so many studies.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what would be sent of the latest studies, where to and when; nothing is sent or written."""
    from llmcxr_ws.commands import rehearsed, table

    studies = rehearsed(document, limit)
    if as_json:
        typer.echo(json.dumps([asdict(study) for study in studies]))
        return
    rows = [
        (
            study.accession_number or str(study.study_id),
            study.decision,
            sent.document,
            sent.when,
            sent.peer,
            sent.where,
            _word(sent.required),
        )
        for study in studies
        for sent in study.sends
    ]
    table(("study", "decision", "document", "when", "to", "where", "required"), rows)
    typer.echo(f"{len(rows)} documents of {len(studies)} studies would leave; nothing was sent.")


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
