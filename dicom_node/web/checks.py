"""What `llmcxr doctor` asks of the STOW-RS server: its settings, certificate, tokens, and whether it runs."""

from __future__ import annotations

from pathlib import Path

from dicom_node.tokens import presented_token, token
from dicom_node.web.senders import may_store
from dicom_node.web.server import address_of, tls_of
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.store import services
from llmcxr_ws.workplace import Workplace


def check_web(workplace: Workplace) -> str:
    """Say how STOW-RS is served.

    Raises
    ------
    UserFacingError
        A setting, a certificate or a token doesn't serve, or the server doesn't run.
    """
    config, peers = workplace.config, workplace.site().peers
    for peer in peers:
        _check_tokens(peer, workplace.home)
    senders = [peer.name for peer in peers if may_store(peer)]
    if not config.web_port:
        senders = [peer.name for peer in peers if peer.web_token_key or peer.web_client]
        if senders:
            raise ConfigError(
                f"{', '.join(senders)} may store by DICOMweb, but no STOW-RS server is configured.",
                what_to_do="Set web_port, or take web_token_key and web_client away.",
            )
        return "no STOW-RS server is configured"
    tls_of(config, workplace.home)
    if not senders:
        raise ConfigError(
            "The STOW-RS server lets nobody in: no peer has web_token_key, web_client or must_give_user.",
            what_to_do="Give the senders a token each, in the site document.",
        )
    for peer in peers:
        _check_reachable(peer, config)
    address = address_of(config)
    running = any(
        row.kind == "web" and row.seconds_since_seen < services.ALIVE_S
        for row in services.running(workplace.db)
    )
    if not running:
        raise DicomError(
            f"The STOW-RS server ({address}) isn't running.", what_to_do="Start the node, and read its log."
        )
    return f"the STOW-RS server runs ({address}); {', '.join(senders)} may store"


def _check_reachable(peer: Peer, config: MachineConfig) -> None:
    """Raise where a peer that is meant to store can't, whatever it shows."""
    if not (peer.web_token_key or peer.web_client):
        return
    missing = ""
    if peer.tls and not config.web_certificate:
        missing = "web_certificate: it is let in by TLS only"
    elif (peer.web_client or peer.tls_name or peer.tls_fingerprint) and not config.web_client_ca:
        missing = "web_client_ca: its certificate is to be seen"
    if missing:
        raise ConfigError(
            f"Peer '{peer.name}' can't store by STOW-RS without {missing}.",
            what_to_do="Set it in llmcxr.toml, or ask less of the peer.",
        )


def _check_tokens(peer: Peer, home: Path) -> None:
    if peer.web_token_key:
        presented_token(peer.web_token_key, home, f"Peer '{peer.name}'")
    if peer.token_key:  # one in the environment is the courier's, and isn't here
        token(peer, home, what="Peer")
