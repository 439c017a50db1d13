"""Who is let in: one judgement on an association request, before anything of it is negotiated.

Calling AE title, address, TLS and certificate, user identity, and which SOP classes this peer may send. Knows no
sockets and no library but through :func:`request_of`; whoever accepts associations calls :func:`admit` and rejects
with what it says.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dicom_node import sop_classes, statuses
from dicom_node.certificate_facts import bears_name, is_certificate
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.secret_files import read_secret
from llmcxr_ws.site import Peer, SiteConfig

GROUPS: Final[dict[str, frozenset[str]]] = {
    "films": frozenset(
        {sop_classes.CR_IMAGE, sop_classes.DX_FOR_PRESENTATION, sop_classes.DX_FOR_PROCESSING}
    ),
    "images": frozenset(sop_classes.IMAGE_CLASSES),
    "reports": frozenset(
        kind for kind in sop_classes.DOCUMENT_CLASSES if kind.startswith("1.2.840.10008.5.1.4.1.1.88.")
    )
    - {sop_classes.KEY_OBJECT_SELECTION},
    "documents": frozenset(sop_classes.DOCUMENT_CLASSES),
}
"""What the names in a peer's `classes` stand for."""

Rejection = tuple[int, int, int]
"""Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 table 9-21)."""


@dataclass(frozen=True, kw_only=True)
class UserIdentity:
    """A user identity item: type 1 (name), 2 (name and passcode), or 3 to 5 (tickets that we can't check)."""

    kind: int
    primary: bytes
    secondary: bytes = b""


@dataclass(frozen=True, kw_only=True)
class AssociationRequest:
    """What is known of somebody who asks for an association."""

    calling: str
    address: str
    tls: bool = False
    certificate: bytes = b""  # DER, checked against what is trusted; empty where none was shown
    user: UserIdentity | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`peer` is let in, to send only `classes` (None: all); or `rejection`, and `why` for the log.

    `name` is the configured peer's that was turned away, empty for a stranger.
    """

    peer: Peer | None = None
    classes: frozenset[str] | None = None
    rejection: Rejection | None = None
    why: str = ""
    name: str = ""


def admit(site: SiteConfig, request: AssociationRequest, home: Path) -> Decision:
    """Judge an association request."""
    peer = site.peer_of(request.calling)
    if peer is None:
        return _rejected("calling AE title unknown")
    if why := place_fault(peer, request.address, request.tls, request.certificate):
        return _rejected(why, peer.name)
    if why := user_fault(peer, request.user, home):
        return _rejected(why, peer.name, statuses.USER_NOT_IDENTIFIED)
    return Decision(peer=peer, classes=allowed_classes(peer))


def place_fault(peer: Peer, address: str, tls: bool, certificate: bytes) -> str:
    """What is wrong with where a peer comes from, by DIMSE or STOW-RS; nothing where all is as it is configured.

    Parameters
    ----------
    address : str
        Its IP address.
    certificate : bytes
        The one that it showed, in DER, checked against what is trusted; empty where it showed none.
    """
    if peer.from_host and not is_address_of(peer.host, address):
        return "not from the peer's host"
    if peer.tls and not tls:
        return "not by TLS"
    if peer.tls_fingerprint and not (certificate and is_certificate(certificate, peer.tls_fingerprint)):
        return "not with the peer's certificate"
    by_name = bool(peer.tls_name) and not peer.tls_fingerprint
    if by_name and not (certificate and bears_name(certificate, peer.tls_name)):
        return "the certificate doesn't bear the peer's name"
    return ""


def user_fault(peer: Peer, given: UserIdentity | None, home: Path) -> str:
    """What is wrong with the user that a peer gives, or nothing; the values themselves are never told."""
    if not peer.must_give_user:
        return ""
    try:
        return _wrong_user(peer, given, home)
    except ConfigError as error:
        return f"user identity can't be checked ({error.message})"


def allowed_classes(peer: Peer) -> frozenset[str] | None:
    """The SOP classes that a peer may send; None: all that are supported."""
    if not peer.classes:
        return None
    return frozenset().union(*(GROUPS.get(one, frozenset({one})) for one in peer.classes))


def request_of(association: Any) -> AssociationRequest:
    """What pynetdicom knows of an association that is being asked for (in EVT_REQUESTED: ``event.assoc``)."""
    connection = association.dul.socket.socket
    tls = isinstance(connection, ssl.SSLSocket)
    item = association.requestor.user_identity
    return AssociationRequest(
        calling=str(association.requestor.primitive.calling_ae_title).strip(),
        address=str(association.requestor.address_info.address),
        tls=tls,
        certificate=(connection.getpeercert(binary_form=True) or b"") if tls else b"",
        user=None
        if item is None
        else UserIdentity(
            kind=int(item.user_identity_type),
            primary=item.primary_field or b"",
            secondary=item.secondary_field or b"",
        ),
    )


def restrict(association: Any, classes: frozenset[str] | None) -> None:
    """Let negotiation refuse the storage classes that a peer may not send; other services stay."""
    if classes is None:
        return
    storage = frozenset(sop_classes.STORAGE_CLASSES)
    association.acceptor.supported_contexts = [
        context
        for context in association.acceptor.supported_contexts
        if context.abstract_syntax not in storage or context.abstract_syntax in classes
    ]


def is_address_of(host: str, address: str) -> bool:
    """Whether an IP address is one of a host's; a name that can't be looked up has none."""
    try:
        known = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return _plain(address) in map(_plain, known)


def _rejected(why: str, name: str = "", rejection: Rejection = statuses.CALLING_NOT_RECOGNISED) -> Decision:
    return Decision(rejection=rejection, why=why, name=name)


def _wrong_user(peer: Peer, given: UserIdentity | None, home: Path) -> str:
    if given is None:
        return "no user identity"
    if given.kind not in (1, 2):
        return f"user identity of type {given.kind}"
    password = read_secret(
        home,
        env=peer.must_give_password_env,
        key=peer.must_give_password_key,
        whose=f"Peer '{peer.name}'",
        what="password",
    )
    same_name = hmac.compare_digest(given.primary, peer.must_give_user.encode("utf-8"))
    same_password = not password or (
        given.kind == 2 and hmac.compare_digest(given.secondary, password.encode("utf-8"))
    )
    return "" if same_name and same_password else "wrong user or password"


def _plain(address: str) -> str:
    """An address without its zone, and as IPv4 where it is one in IPv6's clothes (RFC 4291 2.5.5.2)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
