"""Ask the site's rules of every received instance where it goes on to, and queue it there.

An instance is forwarded by itself as soon as it is here, whatever becomes of its study. Never back: not to the peer
that it came from, nor to another entry of the site's document that is the same application, nor to ourselves.
"""

from __future__ import annotations

from dataclasses import replace

from dicom_node.steps.desk import Desk, find_peer
from dicom_node.steps.hashing import hash_received
from llmcxr_ws.errors import DicomError
from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import is_loopback
from llmcxr_ws.routing import Forward, leads_back, route
from llmcxr_ws.store import forwarding
from llmcxr_ws.store.forwarding import Unrouted

_LOG = logger(__name__)


def forward_received(desk: Desk) -> bool:
    """Queue what the rules forward; True where something was queued."""
    return desk.each("forward", forwarding.unrouted(desk.db), lambda found: found.id, _forward)


def _forward(desk: Desk, found: Unrouted) -> bool:
    try:
        facts = HeaderFacts.from_dict(found.instance.facts)
    except KeyError:  # read by an older version, before there were rules about it
        forwarding.routed(desk.db, found, ())
        return False
    wanted = route(desk.site.rules, found.source, facts).forwards
    forwards = [one for one in wanted if not _leads_back(desk, found.source, one)]
    if forwards and not found.instance.sha256:
        sha256 = hash_received(desk.workplace, found.study_id, found.instance)
        if sha256 is None:
            if found.instance.file_stamp:
                return False  # not what was received: said of the instance, and not sent on
            raise DicomError("A received file can't be read.", what_to_do="Have the study sent again.")
        found = replace(found, instance=replace(found.instance, sha256=sha256))
    planned = forwarding.routed(desk.db, found, forwards)
    if wanted:
        _LOG.info(
            "forwarded",
            study=found.study_id,
            peers=[one.peer for one in forwards],
            not_back=len(wanted) - planned,
        )
    return planned > 0


def _leads_back(desk: Desk, source: str, forward: Forward) -> bool:
    to, config = find_peer(desk.site, forward.peer), desk.workplace.config
    if to is None:
        return True
    is_our_port = to.port == config.dicom_port and (is_loopback(to.host) or to.host == config.bind_host)
    is_ourselves = is_our_port and to.ae_title == config.ae_title
    return is_ourselves or leads_back(desk.site, source, forward.peer)
