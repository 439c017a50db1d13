"""The node's checks for `llmcxr doctor`: its port and certificates, its STOW-RS server, its peers, its HL7 and FHIR
destinations.
"""

from __future__ import annotations

import socket

from dicom_node import probe
from dicom_node.association import LocalEntity
from dicom_node.certificates import judged
from dicom_node.messages.trying import try_fhir, try_hl7
from dicom_node.web import checks as web_checks
from llmcxr_ws.commands import open_workplace
from llmcxr_ws.errors import DicomError
from llmcxr_ws.store import services

_SILENCE_S = 5.0


def check_port() -> str:
    """The listener answers, or its port is free for it."""
    with open_workplace() as workplace:
        config = workplace.config
        address = f"{config.ae_title}, {config.bind_host}:{config.dicom_port}"
        for row in services.running(workplace.db):
            if row.kind == "listener" and row.seconds_since_seen < services.ALIVE_S:
                return f"the listener runs ({address})"
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((config.bind_host, config.dicom_port))
        except OSError as error:
            raise DicomError(
                f"The listener isn't running and its port {config.dicom_port} can't be used: {error.strerror}.",
                what_to_do="Stop what uses it, or set dicom_port.",
            ) from error
    return f"the listener isn't running; its port is free ({address})"


def check_certificates() -> str:
    """This node's certificate and those it trusts can be used, for some weeks yet."""
    with open_workplace() as workplace:
        return judged(workplace.config, workplace.home, workplace.site())


def check_web() -> str:
    """The STOW-RS server, where one is wanted, has what it needs and runs."""
    with open_workplace() as workplace:
        return web_checks.check_web(workplace)


def check_peers() -> str:
    """Every configured peer that we call answers, and takes what the output matrix sends there."""
    with open_workplace() as workplace:
        site = workplace.site()
        local = probe.hurried(LocalEntity.of(workplace.config, workplace.home))
    wrong, silent = [], []
    for peer in site.peers:
        sent = probe.sent_to(site, peer.name)
        found = probe.echo(local, peer)
        if found.reached and sent:
            found = probe.probe(local, peer, sent)
        if not found.reached and not probe.is_asked(site, peer):
            silent.append(peer.name)
        elif not found.reached or found.what_to_do:
            wrong.append(f"{found.sentence} {found.what_to_do}".strip())
    if wrong:
        raise DicomError(" ".join(wrong))
    if not site.peers:
        return "none is configured"
    said = f"{len(site.peers) - len(silent)} answer and take what is sent there"
    return said + (f"; no answer from those that only send to us: {', '.join(silent)}" if silent else "")


def check_messages() -> str:
    """Every HL7 destination accepts connections, every FHIR server says that it takes reports."""
    with open_workplace() as workplace:
        site, home = workplace.site(), workplace.home
    tries = [try_hl7(to, connect_s=_SILENCE_S) for to in site.hl7]
    tries += [try_fhir(to, home, silence_s=_SILENCE_S, with_token=True) for to in site.fhir]
    if wrong := [f"{tried.sentence} {tried.what_to_do}".strip() for tried in tries if not tried.fits]:
        raise DicomError(" ".join(wrong))
    return " ".join(tried.sentence for tried in tries) or "no HL7 or FHIR destination is configured"
