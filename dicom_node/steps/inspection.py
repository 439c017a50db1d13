"""Look at a destination for an administrator: is it there, what does it take. The outcome is written as JSON.

The window opens no connection of its own, so it asks the node, which also stands where a peer sees its packets come
from.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from dicom_node import display_probe, probe
from dicom_node.messages import trying
from dicom_node.probe import Probe
from dicom_node.steps.desk import Desk, failed_over
from llmcxr_ws.config import explain
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import ConfigError, DatabaseFailure, DicomError, StoreError, UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import FhirDestination, Hl7Destination, check_token
from llmcxr_ws.site import Peer, require_loopback
from llmcxr_ws.store import requests

_LOG = logger(__name__)


def _probe(desk: Desk, peer: Peer) -> Probe:
    """Ask for what the site sends there, by the peer's name; a peer that isn't in force yet is sent nothing."""
    return probe.probe(desk.local, peer, probe.sent_to(desk.site, peer.name))


_LOOK: Final[dict[str, Callable[[Desk, Peer], Probe]]] = {
    "echo": lambda desk, peer: probe.echo(desk.local, peer),
    "probe": _probe,
}
MAX_LOOKS: Final = 4
_MOST_PATIENCE_S: Final = 5.0
_OURS: Final = ("user", "password_env", "password_key", "token_env", "token_key")
"""What a peer is told by us so that it lets us in."""

Work = Callable[[], dict[str, Any]]
Named = TypeVar("Named", Peer, Hl7Destination, FhirDestination)


def begin(desk: Desk, request: RequestRow) -> bool:
    """Verify who asks and look beside the courier's work; False while a look goes on or others do.

    A peer that says nothing is waited for some seconds, in which signatures and deliveries must go on.
    """
    if request.id in desk.looking or len(desk.looking) >= MAX_LOOKS:
        return False
    if requests.request_by_id(desk.db, request.id).state != "waiting":
        return False  # its look ended after the round had begun
    try:
        with desk.db.read() as session:
            payload = requests.verify(session, request, desk.service_key, roles=("admin",))
        with requests.well_formed():
            work = _PREPARE[request.kind](desk, payload)
    except DatabaseFailure:  # nothing against the request, which waits
        raise
    except UserFacingError as error:
        _decide(desk, request, granted=False, outcome=error.sentence)
        return True
    desk.beside(request.id, partial(_carry_out, desk, request, work), partial(_broke, desk, request))
    return True


def _carry_out(desk: Desk, request: RequestRow, work: Work) -> None:
    found = work()
    _LOG.info("looked", kind=request.kind, request=request.id, reached=found["reached"])
    _decide(desk, request, granted=True, outcome=json.dumps(found))


def _broke(desk: Desk, request: RequestRow, place: str) -> None:
    with suppress(StoreError):
        _decide(desk, request, granted=False, outcome=failed_over(place))


def _decide(desk: Desk, request: RequestRow, *, granted: bool, outcome: str) -> None:
    with desk.db.write() as session:
        requests.decide(session, request.id, granted=granted, outcome=outcome)


# What is asked: each reads the payload, and gives what is then done in a thread of its own.


def _look(kind: str, desk: Desk, payload: dict[str, Any]) -> Work:
    """Echo or probe of a peer as the administrator's form has it, which needn't be in force yet.

    Our name, password and token for it go along only where it is, as with the tokens below.
    """
    peer = _read(Peer, payload["peer"], desk)
    if peer not in desk.site.peers:
        peer = peer.model_copy(update=dict.fromkeys(_OURS, ""))
    return lambda: _LOOK[kind](desk, peer).to_dict()


def _try(desk: Desk, payload: dict[str, Any]) -> Work:
    """Try an HL7 or FHIR destination as the form has it; its token goes along only where it is in force so.

    Else whoever may write a form could have the node send a token anywhere, and no version of the site document
    would tell.
    """
    config = desk.workplace.config
    patience = min(config.network_timeout_s, _MOST_PATIENCE_S)
    if "hl7" in payload:
        receiver = _read(Hl7Destination, payload["hl7"], desk)
        connect_s = min(config.connect_timeout_s, _MOST_PATIENCE_S)
        return lambda: trying.try_hl7(receiver, connect_s=connect_s).to_dict()
    server = _read(FhirDestination, payload["fhir"], desk)
    is_in_force = server == desk.site.destination(server.name)
    home = desk.workplace.home
    return lambda: trying.try_fhir(server, home, silence_s=patience, with_token=is_in_force).to_dict()


def _display(desk: Desk, payload: dict[str, Any]) -> Work:
    """Send test objects to a peer that is in force as the form has it: they stay there."""
    asked = _read(Peer, payload["peer"], desk)
    peer = desk.site.peer(asked.name)
    if (peer.where, peer.role) != (asked.where, asked.role):
        raise ConfigError(
            f"Peer '{peer.name}' isn't in force as it stands in the form.",
            what_to_do="Put the site document in force first.",
        )
    if peer.role == "clinical" and payload["agreed"] is not True:
        raise ConfigError(
            f"Peer '{peer.name}' is used for patients' care; a test patient ({display_probe.PATIENT_NAME}, "
            f"{display_probe.PATIENT_ID}) would stand there.",
            what_to_do="Agree it with the PACS team first.",
        )
    kinds = [str(kind) for kind in payload["kinds"]]
    return lambda: _shown(desk, peer, kinds)


def _shown(desk: Desk, peer: Peer, kinds: list[str]) -> dict[str, Any]:
    try:
        shown = display_probe.show(desk.local, peer, desk.installation, kinds)
    except DicomError as error:
        return {"reached": False, "sentence": error.message, "what_to_do": error.what_to_do, "shown": []}
    stored = sum(one.stored for one in shown)
    return {
        "reached": True,
        "sentence": f"Peer {peer.name} stored {stored} of {len(shown)} kinds of test objects.",
        "what_to_do": "",
        "shown": [asdict(one) for one in shown],
    }


def _read(kind: type[Named], values: dict[str, Any], desk: Desk) -> Named:
    try:
        found = kind(**values)
    except ValidationError as error:
        what = "peer" if kind is Peer else "destination"
        raise ConfigError(f"The {what} can't be asked: {explain(error, kind.model_fields)}") from error
    if isinstance(found, Peer):
        check_token(f"Peer '{found.name}'", found.dicomweb, found.token_env, found.token_key)
    elif isinstance(found, FhirDestination):
        check_token(f"FHIR destination '{found.name}'", found.base_url, found.token_env, found.token_key)
    if desk.workplace.config.demo:
        require_loopback(found)
    return found


_PREPARE: Final[dict[str, Callable[[Desk, dict[str, Any]], Work]]] = {
    "echo": partial(_look, "echo"),
    "probe": partial(_look, "probe"),
    "try": _try,
    "display": _display,
}
KINDS: Final = tuple(_PREPARE)
