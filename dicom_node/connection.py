"""One accepted connection: its PDUs read and answered in order, by the thread that it has for itself.

Deadlines are the wire's (:mod:`dicom_node.wire`), negotiation and all services but C-STORE are pynetdicom's
(:mod:`dicom_node.served`). The data set of a C-STORE goes from the socket's buffer to whoever takes it in, without
being put together in memory.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import PresentationContext

from dicom_node.association import MAX_PDU_BYTES
from dicom_node.served import BrokenMessage, ServedAssociation
from dicom_node.statuses import CANNOT_UNDERSTAND, PROCESSING_FAILURE, SUCCESS
from dicom_node.store_command import StoreRequest, Verdict, command_pdu, store_response
from dicom_node.tls import handshake_fault
from dicom_node.wire import LARGEST_PDU, Ended, Patience, Wire
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger

_LOG = logger(__name__)
_LINGER_S: Final = 2.0
_LONGEST_COMMAND: Final = 1 << 16
_LONGEST_MESSAGE: Final = 16 << 20
"""Largest data set of a request that isn't a C-STORE; it is held in memory."""
_NO_DATA_SET: Final = Verdict(CANNOT_UNDERSTAND, "no data set")
_INTERNAL_ERROR: Final = Verdict(PROCESSING_FAILURE, "internal error")

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

_ASSOCIATE_RQ, _P_DATA, _RELEASE_RQ, _ABORT = 0x01, 0x04, 0x05, 0x07
_UNRECOGNISED_PDU, _UNEXPECTED_PDU, _INVALID_PARAMETER = 1, 2, 6


class Received(Protocol):
    """Where the data set of one C-STORE goes."""

    def write(self, part: memoryview) -> None:
        """Take the next bytes; never raises, a failure is told at the end."""

    def finish(self) -> Verdict:
        """The data set is complete: say what to answer."""

    def discard(self) -> None:
        """The rest won't come: leave nothing behind. May follow :meth:`finish`."""


class StoreSink(Protocol):
    """Who takes objects in."""

    def begin(
        self, association: ServedAssociation, context: PresentationContext, request: StoreRequest
    ) -> Received | Verdict:
        """A data set will come; a verdict refuses it, and what comes is passed over."""


@dataclass(frozen=True, kw_only=True)
class LoopLimits:
    """What the loop allows."""

    max_associations: int = 20
    negotiation_s: float = 10.0  # TLS handshake, and until the A-ASSOCIATE-RQ is complete
    patience: Patience = field(default_factory=Patience)


class Host(Protocol):
    """What a connection needs of the loop that accepted it."""

    entity: ApplicationEntity
    contexts: tuple[PresentationContext, ...]
    handlers: tuple[tuple[Any, ...], ...]
    sink: StoreSink
    limits: LoopLimits
    tls: ssl.SSLContext | None
    stopping: threading.Event

    def admit(self, connection: Connection) -> bool:
        """Count an association in; False when there are as many as are allowed."""

    def forget(self, connection: Connection) -> None:
        """The connection is closed."""

    def turned_away(self, address: str, why: str) -> None:
        """Somebody couldn't come in by TLS."""


class _Message:
    """What has come of one DIMSE message."""

    def __init__(self, context_id: int) -> None:
        self.context_id = context_id
        self.command = bytearray()
        self.request: StoreRequest | None = None
        self.received: Received | None = None
        self.refusal: Verdict | None = None
        self.data_set = bytearray()
        self.awaits_data_set = False


class Connection:
    """One accepted connection, from its first byte to its end, in a thread of its own."""

    admitted = False

    def __init__(self, loop: Host, accepted: socket.socket, host: str) -> None:
        self._loop = loop
        self._accepted = accepted
        self._host = host
        self._wire: Wire | None = None
        self._message: _Message | None = None
        self._stored = self._refused = 0
        self.thread = threading.Thread(target=self._run, name=f"association from {host}", daemon=True)

    def cut(self) -> None:
        """End it from another thread, with an A-_ABORT where something is left of it."""
        if self._wire is not None:
            self._wire.interrupt(_abort_pdu(0))
        with suppress(OSError):
            self._accepted.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        association: ServedAssociation | None = None
        wire: Wire | None = None
        linger_s = _LINGER_S  # the last word was ours: let the peer read it
        try:
            wire = self._wire = self._opened()
            association = self._associated(wire)
            self._negotiate(wire, association)
            while not association.over:
                self._next(wire, association)
        except Ended as ended:
            _LOG.info("association ended", host=self._host, reason=ended.why)
            # Who was silent before there was an association gets no A-ABORT (PS3.8 9.2.3, AA-2).
            known = association is not None and association.is_established
            if wire is not None and (ended.abort or (ended.abort == 0 and known)):
                self._send_abort(wire, ended.abort)
            else:
                linger_s = 0.0
        except Exception as error:  # a process boundary: whatever breaks here ends one association only
            _LOG.error("association failed", host=self._host, error=type(error).__name__, where=_where(error))
            if wire is not None:
                self._send_abort(wire, 0)
        finally:
            self._drop_message()
            self.admitted = False
            if association is not None:
                self._say(association)
                association.lost()
                evt.trigger(association, evt.EVT_CONN_CLOSE, {"address": (self._host, 0)})
            if wire is not None:
                wire.hang_up(0.0 if self._loop.stopping.is_set() else linger_s)
            self._accepted.close()
            self._loop.forget(self)

    def _associated(self, wire: Wire) -> ServedAssociation:
        """The association as the library knows it, before anything was said."""
        loop = self._loop
        try:
            made = ServedAssociation(loop.entity, wire.socket, wire.send, loop.contexts, loop.handlers)
            evt.trigger(made, evt.EVT_CONN_OPEN, {"address": wire.socket.getpeername()})
        except OSError as error:  # gone between the handshake and here
            raise Ended(f"no connection ({type(error).__name__})") from error
        return made

    def _opened(self) -> Wire:
        """The connection ready to be read, its TLS handshake done."""
        limits = self._loop.limits
        connection = self._accepted
        try:
            if self._loop.tls is not None:
                connection.settimeout(limits.negotiation_s)
                connection = self._loop.tls.wrap_socket(connection, server_side=True)
                self._accepted = connection
            connection.getpeername()  # gone already?
        except ssl.SSLError as error:
            if why := handshake_fault(error):
                self._loop.turned_away(self._host, why)
            raise Ended(why or "no connection (TLS)") from error
        except OSError as error:
            raise Ended(f"no connection ({type(error).__name__})") from error
        return Wire(connection, Patience(silence_s=limits.negotiation_s, pdu_s=limits.negotiation_s))

    def _negotiate(self, wire: Wire, association: ServedAssociation) -> None:
        kind, length = wire.next_pdu()
        if kind != _ASSOCIATE_RQ:
            raise Ended("no association request", _UNEXPECTED_PDU)
        if length > LARGEST_PDU:
            raise Ended("association request too long", _INVALID_PARAMETER)
        body = wire.gather(length)
        full = not self._loop.admit(self)
        if full:
            _LOG.warning("association rejected: limit reached", host=self._host)
        try:
            association.negotiate(b"\x01\x00" + length.to_bytes(4, "big") + body, full=full)
        except BrokenMessage as error:
            raise Ended(f"broken association request ({error})", _INVALID_PARAMETER) from error
        wire.patience = self._loop.limits.patience

    def _next(self, wire: Wire, association: ServedAssociation) -> None:
        """Read and serve one PDU."""
        kind, length = wire.next_pdu()
        if kind == _P_DATA:
            if length > MAX_PDU_BYTES:
                raise Ended("PDU longer than negotiated", _INVALID_PARAMETER)
            self._data(wire, association, length)
        elif length > LARGEST_PDU:
            raise Ended("PDU too long", _INVALID_PARAMETER)
        elif kind == _RELEASE_RQ and self._message is None:
            wire.gather(length)
            association.release()
        elif kind == _ABORT:
            raise Ended("aborted by the peer")
        else:
            raise Ended("unexpected PDU", _UNEXPECTED_PDU if 1 <= kind <= 7 else _UNRECOGNISED_PDU)

    def _data(self, wire: Wire, association: ServedAssociation, length: int) -> None:
        """Pass the presentation data values of one P-DATA-TF PDU (PS3.8 9.3.5.1 and annex E) on."""
        while length:
            if length < 6:
                raise Ended("broken P-DATA", _INVALID_PARAMETER)
            size, context_id, control = wire.value_head()
            if not 2 <= size <= length - 4:
                raise Ended("broken P-DATA", _INVALID_PARAMETER)
            length -= size + 4
            self._fragment(wire, association, context_id, control, size - 2)

    def _fragment(
        self, wire: Wire, association: ServedAssociation, context_id: int, control: int, size: int
    ) -> None:
        message = self._message
        if message is None:
            message = self._message = _Message(context_id)
            wire.begin_message()
        is_command, is_last = control & 1, control & 2
        if message.context_id != context_id or bool(is_command) == message.awaits_data_set:
            raise Ended("fragments of different messages", _INVALID_PARAMETER)
        if is_command:
            if len(message.command) + size > _LONGEST_COMMAND:
                raise Ended("command set too long", _INVALID_PARAMETER)
            message.command += wire.gather(size)
        elif message.request is None:
            if len(message.data_set) + size > _LONGEST_MESSAGE:
                raise Ended("message too long", _INVALID_PARAMETER)
            message.data_set += wire.gather(size)
        else:
            self._stream(wire, association, message, size)
        if is_last and is_command:
            self._begin(association, message)
        if is_last and not (is_command and message.awaits_data_set):
            self._complete(wire, association, message)

    def _stream(self, wire: Wire, association: ServedAssociation, message: _Message, size: int) -> None:
        received, pace = message.received, association.pace
        for part in wire.parts(size):
            if received is not None:
                received.write(part)
            if pace is not None and (seconds := pace.delay(len(part))):
                time.sleep(seconds)
                wire.excuse(seconds)

    def _begin(self, association: ServedAssociation, message: _Message) -> None:
        """The command set is complete."""
        context = association.context(message.context_id)
        if context is None:
            raise Ended("message in a context that wasn't accepted", _INVALID_PARAMETER)
        command = bytes(message.command)
        try:
            message.request = association.read_command(command)
            if message.request is None:
                message.awaits_data_set = association.has_data_set(command)
                return
        except BrokenMessage as error:
            raise Ended(f"broken command set ({error})", _INVALID_PARAMETER) from error
        message.awaits_data_set = message.request.has_data_set
        if not message.awaits_data_set:
            message.refusal = _NO_DATA_SET
            return
        begun = guarded(self._loop.sink.begin, _INTERNAL_ERROR)(association, context, message.request)
        if isinstance(begun, Verdict):
            message.refusal = begun
        else:
            message.received = begun

    def _complete(self, wire: Wire, association: ServedAssociation, message: _Message) -> None:
        """The whole message is there: serve it and answer."""
        wire.end_message()
        request = message.request
        if request is None:
            self._message = None
            try:
                association.serve(message.context_id, bytes(message.command), bytes(message.data_set))
            except BrokenMessage as error:
                raise Ended(f"broken message ({error})", _INVALID_PARAMETER) from error
            return
        verdict = message.refusal
        if verdict is None and message.received is not None:
            verdict = guarded(message.received.finish, _INTERNAL_ERROR)()
        self._drop_message()
        verdict = verdict or _INTERNAL_ERROR
        if verdict.status == SUCCESS:
            self._stored += 1
        else:
            self._refused += 1
        answer = store_response(request, verdict)
        wire.send(command_pdu(message.context_id, answer))

    def _say(self, association: ServedAssociation) -> None:
        """One line for an association that brought objects."""
        if self._stored or self._refused:
            calling = str(association.requestor.ae_title).strip()
            _LOG.info(
                "objects received",
                calling=calling,
                host=self._host,
                stored=self._stored,
                refused=self._refused,
            )

    def _drop_message(self) -> None:
        message, self._message = self._message, None
        if message is not None and message.received is not None:
            message.received.discard()

    def _send_abort(self, wire: Wire, reason: int) -> None:
        with suppress(Ended, OSError):
            wire.socket.settimeout(_LINGER_S)
            wire.send(_abort_pdu(reason))


def _abort_pdu(reason: int) -> bytes:
    """An A-_ABORT by the service provider (PS3.8 9.3.8)."""
    return bytes((_ABORT, 0, 0, 0, 0, 4, 0, 0, 2, reason))


def guarded(handler: Callable[Asked, Answer], failure: Answer) -> Callable[Asked, Answer]:
    """Answer with a failure, and log where it was, when a handler breaks; the library would be silent."""

    def guarded(*asked: Asked.args, **named: Asked.kwargs) -> Answer:
        try:
            return handler(*asked, **named)
        except UserFacingError as error:
            _LOG.error("request failed", request=handler.__name__, reason=error.message)
        except Exception as error:
            # A process boundary: the association must get its answer. The message may quote the data set, so only
            # the place is logged.
            _LOG.error(
                "request failed", request=handler.__name__, error=type(error).__name__, where=_where(error)
            )
        return failure

    return guarded


def _where(error: Exception) -> list[str]:
    """The last places of an error; its message may quote a data set."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
