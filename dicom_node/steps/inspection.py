"""Look at a peer for an administrator: does it answer, and what does it take. The outcome is written as JSON.

The window speaks no DICOM, so it asks the node, which also stands where the peer sees its packets come from.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from pydantic import ValidationError

from dicom_node import probe
from dicom_node.association import LocalEntity
from dicom_node.probe import Probe
from dicom_node.steps.desk import Desk, failed_over
from llmcxr_ws.config import explain
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import ConfigError, DatabaseFailure, StoreError, UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import check_token
from llmcxr_ws.site import Peer, require_loopback
from llmcxr_ws.store import requests

_LOG = logger(__name__)
_LOOK: Final[dict[str, Callable[[LocalEntity, Peer], Probe]]] = {
    "echo": probe.echo,
    "probe": probe.probe,
}
KINDS: Final = tuple(_LOOK)
MAX_LOOKS: Final = 4


def begin(desk: Desk, request: RequestRow) -> bool:
    """Verify who asks and look at the peer beside the courier's work; False while a look goes on or others do.

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
            peer = _peer(payload["peer"], demo=desk.workplace.config.demo)
    except DatabaseFailure:  # nothing against the request, which waits
        raise
    except UserFacingError as error:
        _decide(desk, request, granted=False, outcome=error.sentence)
        return True
    desk.beside(request.id, partial(_look, desk, request, peer), partial(_broke, desk, request))
    return True


def _look(desk: Desk, request: RequestRow, peer: Peer) -> None:
    found = _LOOK[request.kind](desk.local, peer)
    _LOG.info("peer looked at", kind=request.kind, peer=peer.name, reached=found.reached)
    _decide(desk, request, granted=True, outcome=json.dumps(found.to_dict()))


def _broke(desk: Desk, request: RequestRow, place: str) -> None:
    with suppress(StoreError):
        _decide(desk, request, granted=False, outcome=failed_over(place))


def _decide(desk: Desk, request: RequestRow, *, granted: bool, outcome: str) -> None:
    with desk.db.write() as session:
        requests.decide(session, request.id, granted=granted, outcome=outcome)


def _peer(values: dict[str, Any], *, demo: bool) -> Peer:
    """The peer as the administrator's form has it, which needn't be in force yet."""
    try:
        peer = Peer(**values)
    except ValidationError as error:
        raise ConfigError(f"The peer can't be asked: {explain(error, Peer.model_fields)}") from error
    check_token(f"Peer '{peer.name}'", peer.dicomweb, peer.token_env, peer.token_key)
    if demo:
        require_loopback(peer)
    return peer
