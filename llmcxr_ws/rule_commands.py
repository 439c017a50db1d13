"""The commands `llmcxr rules …`: the routing rules, and what they would do with stored studies. Light to import."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llmcxr_ws.rehearsal import Rehearsed
    from llmcxr_ws.rules import RoutingRule

rules = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_SAID_APART = ("name", "then", "lifts", "forward_to", "deidentify_to", "priority")


@rules.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """Print the routing rules in the order in which they are asked."""
    from llmcxr_ws.commands import open_workplace, table

    with open_workplace() as workplace:
        found = workplace.site().rules
    if as_json:
        typer.echo(json.dumps([rule.model_dump(exclude_defaults=True) for rule in found]))
        return
    table(
        ("rule", "films", "draft", "goes on to", "priority"),
        [(rule.name, _conditions(rule), _decision(rule), _targets(rule), rule.priority) for rule in found],
    )


@rules.command("dry-run")
def dry_run(
    document: Annotated[
        Path | None, typer.Option(help="A site document to try; without it the one in force.")
    ] = None,
    limit: Annotated[int, typer.Option(help="The latest so many studies.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what the rules would make of the latest stored studies; nothing is changed or sent."""
    from llmcxr_ws.commands import rehearsed, table

    studies = rehearsed(document, limit)
    if as_json:
        typer.echo(json.dumps([asdict(study) for study in studies]))
        return
    table(
        ("study", "from", "would be", "film", "priority", "goes on to", "why", "today"),
        [_row(study) for study in studies],
    )
    differ = sum(study.differs for study in studies)
    typer.echo(
        f"{len(studies)} studies were tried, {differ} stand otherwise today; nothing was changed or sent."
    )


@rules.command("check")
def check_document(document: Path) -> None:
    """Name every fault of a site document with its line; exit status 1 where there is one."""
    from llmcxr_ws.commands import read_text
    from llmcxr_ws.site_document import problems

    found = problems(read_text(document))
    for fault in found:
        typer.echo(f"line {fault.line}: {fault.sentence}" if fault.line else fault.sentence)
    if found:
        raise typer.Exit(1)
    typer.echo("The document can be put in force.")


def _row(study: Rehearsed) -> tuple[str, ...]:
    return (
        study.accession_number or str(study.study_id),
        study.source,
        study.decision,
        study.film,
        study.priority,
        "; ".join(
            f"{one.peer} ({one.instances}{', de-identified' if one.deidentify else ''}, {', '.join(one.rules)})"
            for one in study.forwards
        ),
        study.reason,
        f"{study.now}, differs" if study.differs else study.now,
    )


def _conditions(rule: RoutingRule) -> str:
    said = rule.model_dump(exclude_defaults=True, exclude=set(_SAID_APART))
    return ", ".join(f"{name} = {value}" for name, value in said.items()) or "every one"


def _decision(rule: RoutingRule) -> str:
    words = {"skip": "none", "draft": "drafted", "pass": "as the next rule says"}[rule.decision]
    return f"{words}, lifts {', '.join(rule.lifts)}" if rule.lifts else words


def _targets(rule: RoutingRule) -> str:
    return ", ".join([*rule.forward_to, *(f"{peer} (de-identified)" for peer in rule.deidentify_to)])
