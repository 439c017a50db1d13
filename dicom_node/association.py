"""The one place that opens associations as service user, on pynetdicom.

Adds what pynetdicom lacks: Nagle's algorithm off (5 to 7 times faster on report-sized objects), a deadline on reads
inside a PDU, and an association reactor that stays paused for the life of the association. In stock pynetdicom the
reactor can have passed its checkpoint without having cleared its flag, and then takes a response off the queue that
the caller waits for: about one in 800 is lost. Refusals become sentences.

Doesn't encode services (:mod:`dicom_node.scu`), doesn't accept associations (:mod:`dicom_node.loop`).
"""

from __future__ import annotations

import queue
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import pydicom.config
from pynetdicom import _config, evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.pdu_primitives import A_ASSOCIATE, UserIdentityNegotiation
from pynetdicom.presentation import PresentationContext, build_context, build_role
from pynetdicom.transport import AssociationSocket

from dicom_node.statuses import REJECTIONS
from dicom_node.tls import TlsFiles, client_context, expected_name, why_refused
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.secret_files import read_secret
from llmcxr_ws.site import Peer
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MAX_PDU_BYTES: Final = 128 * 1024
"""Largest P-DATA-TF PDU that is offered and accepted; more gains nothing and removes a limit."""

MAX_CONTEXTS: Final = 128
"""Presentation contexts in one association (PS3.8 9.3.2.2: odd numbers from 1 to 255)."""

Context = tuple[str, Sequence[str]]
"""An abstract syntax and the transfer syntaxes offered for it."""

Handler = tuple[Any, Callable[..., Any]]
"""A pynetdicom event and what is called for it."""


class ServiceNotOffered(DicomError):
    """The peer took the association but none of the services asked for; asking again won't change that soon."""


class PeerAddress(Protocol):
    """What is needed of a peer to talk to it; :class:`llmcxr_ws.site.Peer` has it."""

    @property
    def name(self) -> str: ...
    @property
    def ae_title(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long is waited for what, in seconds."""

    connect_s: float = 10.0  # TCP connection
    negotiation_s: float = 30.0  # answer to A-ASSOCIATE-RQ and A-RELEASE-RQ
    response_s: float = 60.0  # answer to a DIMSE request
    silence_s: float = 30.0  # next bytes inside a PDU


@dataclass(frozen=True, kw_only=True)
class LocalEntity:
    """Our side of an association: the calling AE title, how patient it is, and what it shows and trusts by TLS.

    `home` is where passwords and tokens for peers, and their authorities, are looked for.
    """

    ae_title: str = "LLMCXR"
    timeouts: Timeouts = field(default_factory=Timeouts)
    tls: TlsFiles = field(default_factory=TlsFiles)
    home: Path | None = None

    @classmethod
    def of(cls, config: MachineConfig, home: Path) -> LocalEntity:
        """Us, as the machine's settings say."""
        return cls(
            ae_title=config.ae_title,
            timeouts=Timeouts(connect_s=config.connect_timeout_s, silence_s=config.network_timeout_s),
            tls=TlsFiles.of(config, home),
            home=home,
        )


def prepare_pynetdicom() -> None:
    """Set pynetdicom's and pydicom's process-wide switches as this product needs them; may be called often.

    Data sets are read from and written to files in chunks, nothing of them is logged, and values that break their
    VR's rules are taken as they are: what matters is checked by name, and pydicom's warnings would quote the value.
    """
    _config.STORE_SEND_CHUNKED_DATASET = True
    _config.STORE_RECV_CHUNKED_DATASET = True
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def spool_into(folder: Path) -> None:
    """Spool what arrives in this process in `folder` instead of the system's temporary place."""
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)


class HeldCheckpoint(threading.Event):
    """A reactor checkpoint that opens only when its association is over."""

    def __init__(self, association: Any) -> None:
        super().__init__()
        self._association = association

    def set(self) -> None:
        """Let the reactor go on, so that its thread ends, if there is nothing left that it could take."""
        over = not self._association.is_established or self._association._sent_abort
        if over:
            super().set()


def hold_reactor(event: Any) -> None:
    """Keep the reactor of a requestor's association paused for the association's life (bind to EVT_ESTABLISHED).

    The event fires before the reactor's thread is started, so the thread's first stop is already the held one.
    """
    event.assoc._reactor_checkpoint = HeldCheckpoint(event.assoc)


def tune_socket(event: Any, silence_s: float) -> None:
    """Switch Nagle's algorithm off and bound the wait for the rest of a PDU (bind to EVT_CONN_OPEN)."""
    wrapped = event.assoc.dul.socket
    if wrapped is not None and wrapped.socket is not None:
        wrapped.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped.socket.settimeout(silence_s)


def user_handlers(timeouts: Timeouts) -> list[tuple[Any, ...]]:
    """The event handlers that every association we request needs."""
    return [
        (evt.EVT_CONN_OPEN, tune_socket, [timeouts.silence_s]),
        (evt.EVT_ESTABLISHED, hold_reactor),
    ]


class _UserSocket(AssociationSocket):  # type: ignore[misc]
    """The library's socket, closed also when it never connected, and remembering why it didn't."""

    failure: BaseException | None = None

    def recv(self, nr_bytes: int) -> bytearray:
        """Remember what broke: by TLS 1.3 a peer refuses our certificate only after the handshake."""
        try:
            data: bytearray = super().recv(nr_bytes)
        except OSError as error:
            self.failure = error
            raise
        return data

    def _shutdown_socket(self) -> None:
        if self.failure is None and not self._is_connected:
            self.failure = sys.exc_info()[1]  # the library calls this while it handles the connection's error
        opened = self.socket
        if opened is not None:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()


class _UserEntity(ApplicationEntity):  # type: ignore[misc]
    """An application entity whose associations use our socket."""

    def _create_socket(self, assoc: Any, address: Any, tls_args: Any) -> Any:
        made = _UserSocket(assoc, address=address)
        made.tls_args = tls_args
        return made


class PeerAssociation:
    """An established association with a peer, as its user."""

    def __init__(self, raw: Any, peer: PeerAddress) -> None:
        self.raw = raw
        self.peer = peer

    @property
    def alive(self) -> bool:
        """Whether requests can still be sent on it."""
        return bool(self.raw.is_established) and not self.raw.acse.is_aborted() and self.raw.dul.is_alive()

    def context_of(self, abstract_syntax: str, transfer_syntax: str) -> int | None:
        """Number of the accepted presentation context of these two syntaxes; None where there is none."""
        for context in self.raw.accepted_contexts:
            if context.abstract_syntax == abstract_syntax and context.transfer_syntax[0] == transfer_syntax:
                number: int = context.context_id
                return number
        return None

    def close(self) -> None:
        """Release the association, or drop what is left of it."""
        if self.alive:
            self.raw.release()
        self.drop()

    def drop(self) -> None:
        """End the association at once, with an A-ABORT where it still stands."""
        if self.raw.is_established:
            self.raw.abort()
        self.raw.join(timeout=5.0)


@contextmanager
def open_association(
    local: LocalEntity,
    peer: PeerAddress,
    contexts: Sequence[Context],
    *,
    provider_of: Sequence[str] = (),
    handlers: Sequence[Handler] = (),
) -> Iterator[PeerAssociation]:
    """Open an association for the length of a ``with`` block; release it at the end, abort it on an error.

    Parameters
    ----------
    contexts : sequence of (abstract syntax, transfer syntaxes)
        What is proposed, at most 128.
    provider_of : sequence of str
        Abstract syntaxes for which we propose to be the provider (SCP/SCU role selection, PS3.7 D.3.3.4).
    handlers : sequence of (event, callable)
        More pynetdicom events to serve, such as EVT_C_STORE during a C-GET.

    Raises
    ------
    DicomError
        Why the peer can't be reached, or why it refused; or which certificate, key or password can't be had.
    """
    prepare_pynetdicom()
    try:
        tls_args, identity = _access(local, peer)
    except ConfigError as error:
        raise DicomError(error.message, what_to_do=error.what_to_do) from error
    entity = _UserEntity(ae_title=local.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.connection_timeout = local.timeouts.connect_s
    entity.acse_timeout = local.timeouts.negotiation_s
    entity.dimse_timeout = local.timeouts.response_s
    entity.network_timeout = local.timeouts.silence_s
    try:
        raw = entity.associate(
            peer.host,
            peer.port,
            contexts=[_context(abstract, transfer) for abstract, transfer in contexts],
            ae_title=peer.ae_title,
            max_pdu=MAX_PDU_BYTES,
            ext_neg=[*(build_role(abstract, scp_role=True) for abstract in provider_of), *identity],
            tls_args=tls_args,
            evt_handlers=[*user_handlers(local.timeouts), *handlers],
        )
    except OSError as error:  # the host's name isn't known, or no local socket can be had
        raise DicomError(
            f"Peer {describe(peer)} can't be reached: {error.strerror or error}.",
            what_to_do="Check its host name.",
        ) from error
    if not raw.is_established:
        raise _refusal(raw, local, peer)
    association = PeerAssociation(raw, peer)
    try:
        yield association
    except BaseException:
        association.drop()
        raise
    association.close()


def describe(peer: PeerAddress) -> str:
    """The peer as people know it: name, AE title, host and port."""
    return f"{peer.name} ({peer.ae_title} at {peer.host}:{peer.port})"


def _context(abstract_syntax: str, transfer_syntaxes: Sequence[str]) -> PresentationContext:
    return build_context(abstract_syntax, list(transfer_syntaxes))


def _access(
    local: LocalEntity, peer: PeerAddress
) -> tuple[tuple[ssl.SSLContext, str] | None, list[UserIdentityNegotiation]]:
    """With which TLS context and which user identity a peer is asked."""
    if not isinstance(peer, Peer):
        return None, []
    tls_args = (client_context(local.tls, peer), expected_name(peer)) if peer.tls else None
    if not peer.user:
        return tls_args, []
    password = ""
    if local.home is not None:
        password = read_secret(
            local.home,
            env=peer.password_env,
            key=peer.password_key,
            whose=f"Peer '{peer.name}'",
            what="password",
        )
    item = UserIdentityNegotiation()
    item.user_identity_type = 2 if password else 1
    item.positive_response_requested = False  # few give one, and its absence would say nothing
    item.primary_field = peer.user.encode("utf-8")
    if password:
        item.secondary_field = password.encode("utf-8")
    return tls_args, [item]


def _unread_answer(raw: Any) -> Any:
    """A rejection that came so quickly that the library took the ended connection for one that never stood."""
    with suppress(queue.Empty):
        while True:
            primitive = raw.dul.to_user_queue.get_nowait()
            if isinstance(primitive, A_ASSOCIATE) and primitive.result != 0:
                return primitive
    return None


def _refusal(raw: Any, local: LocalEntity, peer: PeerAddress) -> DicomError:
    """Say why there is no association, from what pynetdicom left behind."""
    answer = raw.acceptor.primitive or _unread_answer(raw)
    if answer is not None and answer.result != 0:
        reason, what_to_do = REJECTIONS.get(
            (answer.result_source, answer.diagnostic), ("it gave no reason", "Ask its administrator.")
        )
        when = "for now" if answer.result == 2 else "for good"
        titles = {"calling": local.ae_title, "called": peer.ae_title}
        return DicomError(
            f"Peer {describe(peer)} refused the association {when}: {reason.format(**titles)}.",
            what_to_do=what_to_do.format(**titles),
        )
    if answer is not None:
        return ServiceNotOffered(
            f"Peer {describe(peer)} accepted the association but none of the services asked for.",
            what_to_do=f"Ask its administrator to allow them for AE title {local.ae_title}.",
        )
    failure = raw.dul.socket.failure
    refused = why_refused(failure) if failure is not None else None
    if refused is not None:
        return DicomError(f"Peer {describe(peer)} can't be asked: {refused[0]}.", what_to_do=refused[1])
    if raw.requestor.address_info.port:  # set when the TCP connection stood
        return DicomError(
            f"Peer {describe(peer)} took the connection but didn't answer the association request.",
            what_to_do="Check that a DICOM service listens on that port.",
        )
    reason = getattr(failure, "strerror", None) or "no answer in time"
    return DicomError(
        f"Peer {describe(peer)} can't be reached: {reason[0].lower()}{reason[1:]}.",
        what_to_do="Check that it runs, its host and port, and the firewall between.",
    )
