"""Who sends a request: the configured peer whose token and client certificate fit."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dicom_node.admission import is_address_of
from dicom_node.tokens import presented_token
from dicom_node.web.exchange import Exchange, Refusal
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer, SiteConfig

CERTIFICATE: Final = "llmcxr.certificate"
"""Key of the scope under which the server gives the names in the client's certificate."""

_LOG = logger(__name__)
_CHALLENGE: Final = ("www-authenticate", 'Bearer realm="DICOMweb"')


def sender_of(exchange: Exchange, site: SiteConfig, home: Path) -> Peer:
    """The peer that sends a request; it shows everything that is configured for it.

    Raises
    ------
    Refusal
        401 for a stranger, 403 for a peer that may not send, or not from where the request comes.
    """
    shown = _bearer(exchange.header("authorization"))
    names: Iterable[str] = exchange.scope.get(CERTIFICATE, frozenset())
    peer = next((one for one in site.peers if _is(one, shown, frozenset(names), home)), None)
    if peer is None:
        _LOG.warning("store refused: no peer's token or certificate", host=exchange.address)
        raise Refusal(401, "A configured peer's token or client certificate is needed.", _CHALLENGE)
    if peer.from_host and not is_address_of(peer.host, exchange.address):
        _LOG.warning("store refused: not from the peer's host", peer=peer.name, host=exchange.address)
        raise Refusal(403, "This peer may not send from this address.")
    if not peer.sends:
        _LOG.warning("store refused: the peer isn't configured to send", peer=peer.name)
        raise Refusal(403, "This peer isn't configured to send.")
    return peer


def _bearer(header: str) -> str:
    """The token of an Authorization header (RFC 6750 2.1), or nothing."""
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _is(peer: Peer, shown: str, names: frozenset[str], home: Path) -> bool:
    if not peer.web_token_key and not peer.web_client:
        return False
    if peer.web_client and peer.web_client.lower() not in names:
        return False
    if not peer.web_token_key:
        return True
    try:
        token = presented_token(peer.web_token_key, home, f"Peer '{peer.name}'")
    except ConfigError as error:
        _LOG.error("a peer can't store", peer=peer.name, reason=error.sentence)
        return False
    return hmac.compare_digest(token.encode("ascii"), shown.encode("latin-1", "replace"))
