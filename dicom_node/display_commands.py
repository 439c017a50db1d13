"""The command `llmcxr dicom display`: test objects for a peer's displays, and the ticks of what appeared there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from llmcxr_ws.errors import ConfigError

if TYPE_CHECKING:
    from llmcxr_ws.workplace import Workplace


def display(
    peer: Annotated[str, typer.Argument(metavar="PEER", help="Name of a configured peer.")],
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Also where the peer is used for patients' care.")
    ] = False,
    appears: Annotated[
        list[str] | None,
        typer.Option(
            help="Send nothing; tick that this kind appears on the peer's displays. May be repeated."
        ),
    ] = None,
    nothing_appears: Annotated[
        bool, typer.Option("--nothing-appears", help="Send nothing; take every tick back.")
    ] = False,
    ask_as: Annotated[
        str, typer.Option("--as", help="Ask as this administrator where the service's key can't be read.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Send one test object of each kind, of the patient TEST^DISPLAY PROBE, and tick what a person saw there."""
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.log import setup_logging

    setup_logging("warning")
    with open_workplace() as workplace:
        if appears or nothing_appears:
            typer.echo(_tick(workplace, peer, [] if nothing_appears else list(appears or ()), ask_as))
        else:
            _send(workplace, peer, list(kind or ()), yes=yes, as_json=as_json)


def _send(workplace: Workplace, name: str, kinds: list[str], *, yes: bool, as_json: bool) -> None:
    from dataclasses import asdict

    from dicom_node.association import LocalEntity
    from dicom_node.display_probe import PATIENT_ID, PATIENT_NAME, show
    from llmcxr_ws.commands import table

    target = workplace.site().peer(name)
    if target.role == "clinical" and not yes:
        raise ConfigError(
            f"Peer '{name}' is used for patients' care; a test patient ({PATIENT_NAME}, {PATIENT_ID}) would stand "
            "there.",
            what_to_do="Agree it with the PACS team and add --yes, or name a peer with role = 'test'.",
        )
    local = LocalEntity.of(workplace.config, workplace.home)
    shown = show(local, target, workplace.db.store_uuid(), kinds)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in shown]))
        return
    rows = [
        (
            one.kind,
            "stored" if one.stored else "not stored",
            "yes" if one.kind in target.shows else "",
            one.look_for if one.stored else one.sentence,
        )
        for one in shown
    ]
    table(("kind", "answer", "seen before", "look for"), rows)
    typer.echo(
        f"Look for {PATIENT_NAME}, ID {PATIENT_ID}, at the displays of {name}; then: "
        f"llmcxr dicom display {name} --appears KIND …"
    )


def _tick(workplace: Workplace, name: str, kinds: list[str], ask_as: str) -> str:
    """Write the ticks into the site document, beside the peer."""
    from dicom_node.display_probe import OBJECTS
    from llmcxr_ws import site_document
    from llmcxr_ws.commands import ask_node
    from llmcxr_ws.store import configuration

    unknown = [kind for kind in kinds if kind not in OBJECTS]
    if unknown:
        raise ConfigError(f"The kind '{unknown[0]}' is unknown.", what_to_do=f"One of: {', '.join(OBJECTS)}.")
    workplace.site().peer(name)
    text = configuration.site_text(workplace.db)
    peers = site_document.values_of(text)["peer"]
    at = next(number for number, one in enumerate(peers) if one["name"] == name)
    changed = site_document.with_value(text, ("peer", at, "shows"), sorted(set(kinds)) or None)
    if ask_as:
        return ask_node(workplace, ask_as, "site", {"text": changed})
    workplace.service_key()  # whoever may read it is the service
    version = configuration.import_site(workplace.db, changed, user="service", demo=workplace.config.demo)
    what = ", ".join(sorted(set(kinds))) or "nothing"
    return f"Ticked at {name}: {what}. The site document is in force as version {version}."
