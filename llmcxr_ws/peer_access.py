"""Whether what a site document says of a peer's passwords, certificates and tokens holds together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import check_token, is_loopback

if TYPE_CHECKING:
    from llmcxr_ws.site import Peer


def check_access(peer: Peer) -> None:
    """Refuse passwords without a name, named twice, or that would travel in clear.

    Raises
    ------
    ConfigError
        Says of which peer, and what to do.
    """
    for user, passwords in (
        ("user", ("password_env", "password_key")),
        ("must_give_user", ("must_give_password_env", "must_give_password_key")),
    ):
        named = [name for name in passwords if getattr(peer, name)]
        if len(named) > 1:
            raise ConfigError(
                f"Peer '{peer.name}' names one password twice.", what_to_do=f"Leave {' or '.join(named)}."
            )
        if named and not getattr(peer, user):
            raise ConfigError(
                f"Peer '{peer.name}' has {named[0]} and no {user}.",
                what_to_do=f"Add {user}, or leave it out.",
            )
        if named and not peer.tls and not is_loopback(peer.host):
            raise ConfigError(
                f"Peer '{peer.name}' was refused: its password would travel in clear.",
                what_to_do="Add tls = true.",
            )
    if not peer.tls and (peer.tls_name or peer.tls_fingerprint):
        raise ConfigError(
            f"Peer '{peer.name}' has a certificate to be checked and no tls = true.", what_to_do="Add it."
        )


def check_web(peers: Sequence[Peer]) -> None:
    """Refuse what makes no sense of a peer's DICOMweb services, and two peers that couldn't be told apart.

    Raises
    ------
    ConfigError
        Says of which peer, and what to do.
    """
    for at, peer in enumerate(peers):
        what = f"Peer '{peer.name}'"
        check_token(what, peer.dicomweb, peer.token_env, peer.token_key, ("peer", at), "dicomweb")
        if not peer.dicomweb and (peer.token_env or peer.token_key or peer.web_ca or peer.workitems):
            raise ConfigError(
                f"Peer '{peer.name}' has a token, authorities or workitems, but no DICOMweb services for them.",
                what_to_do="Give dicomweb, or leave them out.",
            )
    shown: set[tuple[str, str]] = set()
    for peer in peers:
        pair = (peer.web_token_key, peer.web_client)
        if any(pair) and pair in shown:
            raise ConfigError(
                f"Peer '{peer.name}' shows the same token and certificate to our STOW-RS server as another one.",
                what_to_do="Give each its own.",
            )
        shown.add(pair)
