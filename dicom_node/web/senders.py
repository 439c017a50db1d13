"""Who sends a request: the configured peer whose token, user and client certificate fit."""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path
from typing import Final

from dicom_node.admission import UserIdentity, place_fault, user_fault
from dicom_node.certificate_facts import bears_name
from dicom_node.tokens import presented_token
from dicom_node.web.exchange import Exchange, Refusal
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer, SiteConfig

CERTIFICATE: Final = "llmcxr.certificate"
"""Key of the scope that holds the client's checked certificate (DER); empty where none was shown."""

_LOG = logger(__name__)
_CHALLENGES: Final = (
    ("www-authenticate", 'Bearer realm="DICOMweb"'),
    ("www-authenticate", 'Basic realm="DICOMweb", charset="UTF-8"'),
)


def may_store(peer: Peer) -> bool:
    """Whether a peer has anything by which it can be known at the STOW-RS server."""
    return bool(peer.web_token_key or peer.web_client or _has_password(peer))


def sender_of(exchange: Exchange, site: SiteConfig, home: Path) -> Peer:
    """The peer that sends a request; it shows everything that is configured for it.

    What is asked of an association is asked here too: address, TLS, certificate, and the user, who is given by HTTP
    Basic (RFC 7617); a bearer token stands in for the user, for a request has room for one of them only.

    Raises
    ------
    Refusal
        401 for a stranger, 403 for a peer that may not send, or not from where or how the request comes.
    """
    certificate: bytes = exchange.scope.get(CERTIFICATE, b"")
    header = exchange.header("authorization")
    fitting = [one for one in site.peers if _is(one, header, certificate, home)]
    peer = max(fitting, key=_asked_of, default=None)
    if peer is None:
        _LOG.warning("store refused: no peer's token, user or certificate", host=exchange.address)
        raise Refusal(
            401,
            "A configured peer's token, user or client certificate is needed.",
            *_CHALLENGES,
            why="no peer's token, user or certificate" if header or certificate else "nothing shown",
        )
    exchange.who, exchange.title = peer.name, peer.ae_title
    if sum(_asked_of(one) == _asked_of(peer) for one in fitting) > 1:
        why = "fits several peers"
        _LOG.warning(f"store refused: {why}", peer=peer.name, host=exchange.address)
        raise Refusal(403, "What was shown fits several peers.", why=why)
    if why := place_fault(peer, exchange.address, exchange.scope.get("scheme") == "https", certificate):
        _LOG.warning(f"store refused: {why}", peer=peer.name, host=exchange.address)
        raise Refusal(403, f"This peer was refused: {why}.", why=why)
    if not peer.sends:
        why = "not configured to send"
        _LOG.warning("store refused: the peer isn't configured to send", peer=peer.name)
        raise Refusal(403, "This peer isn't configured to send.", why=why)
    return peer


def _asked_of(peer: Peer) -> int:
    """How much must be shown to be known as this peer."""
    return 2 * bool(peer.web_token_key) + bool(peer.web_client) + bool(peer.must_give_user)


def _has_password(peer: Peer) -> bool:
    return bool(peer.must_give_user and (peer.must_give_password_env or peer.must_give_password_key))


def _is(peer: Peer, header: str, certificate: bytes, home: Path) -> bool:
    if not may_store(peer):
        return False
    if peer.web_client and not (certificate and bears_name(certificate, peer.web_client)):
        return False
    if peer.web_token_key:
        return _shows_token(peer, header, home)
    return not peer.must_give_user or not user_fault(peer, _basic(header), home)


def _shows_token(peer: Peer, header: str, home: Path) -> bool:
    """Whether an Authorization header holds the peer's bearer token (RFC 6750 2.1)."""
    scheme, _, shown = header.partition(" ")
    try:
        token = presented_token(peer.web_token_key, home, f"Peer '{peer.name}'")
    except ConfigError as error:
        _LOG.error("a peer can't store", peer=peer.name, reason=error.sentence)
        return False
    return scheme.lower() == "bearer" and hmac.compare_digest(
        token.encode("ascii"), shown.strip().encode("latin-1", "replace")
    )


def _basic(header: str) -> UserIdentity | None:
    """The user and password of an Authorization header (RFC 7617 2), as an association would give them."""
    scheme, _, shown = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(shown.strip(), validate=True).partition(b":")
    except (ValueError, binascii.Error):
        return None
    return UserIdentity(kind=2, primary=user, secondary=password) if colon else None
