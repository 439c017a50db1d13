"""One accepted association as pynetdicom knows it, without pynetdicom's two threads and its reads.

pynetdicom decodes the association request, negotiates presentation contexts, roles and user identity, writes its
answers, and serves every DIMSE service but C-STORE through its event handlers; here it is given what its own upper
layer would give it. All that is used of its internals is used in this module, and named in a contract test: its
version is pinned exactly.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dimse_primitives import C_CANCEL
from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ, A_RELEASE_RP, P_DATA_TF
from pynetdicom.pdu_primitives import A_ABORT, A_ASSOCIATE, A_P_ABORT, A_RELEASE, P_DATA
from pynetdicom.presentation import PresentationContext
from pynetdicom.timer import Timer
from pynetdicom.transport import AddressInformation

from dicom_node.pace import Pace
from dicom_node.statuses import LIMIT_REACHED, UNSUPPORTED_VERSION
from dicom_node.store_command import C_STORE_RQ, NO_DATA_SET, StoreRequest, read_store_request
from dicom_node.wire import Ended
from llmcxr_ws.site import Peer


class BrokenMessage(Exception):
    """What came can't be decoded, or isn't a request; the association is aborted."""


@contextmanager
def _said_by_the_peer() -> Iterator[None]:
    """Around the library's work on bytes of the peer, which break it in many ways, with many kinds of exception."""
    try:
        yield
    except (BrokenMessage, Ended):
        raise
    except Exception as error:
        raise BrokenMessage(type(error).__name__) from error


class _Peeled:
    """What the library asks of its socket: the real one, for the peer's certificate, and to be shut down."""

    def __init__(self, connection: Any) -> None:
        self.socket = connection

    def _shutdown_socket(self) -> None:
        """The loop closes it."""


class _UpperLayer:
    """Stands where pynetdicom's DULServiceProvider stood: encodes what is sent, receives nothing by itself."""

    def __init__(self, send: Callable[[bytes], None], connection: Any) -> None:
        self._send = send
        self.socket = _Peeled(connection)
        self.artim_timer = Timer(None)
        self.event_queue: queue.Queue[str] = queue.Queue()

    def send_pdu(self, primitive: Any) -> None:
        """Encode a primitive (PS3.8 7) and send it at once."""
        self._send(_pdu_of(primitive).encode())

    def receive_pdu(self, wait: bool = False, timeout: float | None = None) -> None:
        """Nothing: the loop hands requests on."""

    def peek_next_pdu(self) -> None:
        """Nothing, as above."""

    def is_alive(self) -> bool:
        """There is no thread."""
        return False

    def stop_dul(self) -> bool:
        """There is nothing to stop."""
        return True

    def kill_dul(self) -> None:
        """As above."""


class ServedAssociation(Association):  # type: ignore[misc]
    """The acceptor's side of one association; its handlers find it as ``event.assoc``.

    Parameters
    ----------
    send : callable
        Takes encoded PDUs.
    contexts : sequence of PresentationContext
        What is supported; not copied, for negotiation only reads it.
    handlers : sequence of (event, callable) or (event, callable, arguments)
        As pynetdicom's servers take them.
    """

    def __init__(
        self,
        entity: ApplicationEntity,
        connection: Any,
        send: Callable[[bytes], None],
        contexts: Sequence[PresentationContext],
        handlers: Sequence[tuple[Any, ...]],
    ) -> None:
        super().__init__(entity, MODE_ACCEPTOR)
        self.dul = _UpperLayer(send, connection)
        self.pace: Pace | None = None
        """How fast the peer may send; set by a handler of EVT_REQUESTED."""
        self.counted_as = ""
        """The peer's name under which the handlers count it; empty: not counted."""
        self.peer: tuple[float, Peer | None] = (0.0, None)
        """What the handlers know of the peer, and since when (monotonic seconds)."""
        self.over = False
        """Rejected, aborted or released: nothing more is to be read."""
        self.acceptor.maximum_length = entity.maximum_pdu_size
        self.acceptor.ae_title = entity.ae_title
        self.acceptor.address_info = AddressInformation.from_tuple(connection.getsockname())
        self.acceptor.implementation_class_uid = entity.implementation_class_uid
        self.acceptor.implementation_version_name = entity.implementation_version_name
        self.acceptor.supported_contexts = list(contexts)
        self.requestor.address_info = AddressInformation.from_tuple(connection.getpeername())
        for handler in handlers:
            self.bind(*handler)

    def kill(self) -> None:
        """End it; called by the library and by handlers."""
        self.over = True
        self.is_established = False

    def _abort_blocking(self, block: bool = True) -> None:
        """The library's way to an A-ABORT, whoever asks for it."""
        if not self.over:
            self.over = True
            self.acse.send_abort(0x00)
            evt.trigger(self, evt.EVT_ABORTED, {})

    def negotiate(self, body: bytes, *, full: bool) -> None:
        """Answer an A-ASSOCIATE-RQ.

        Parameters
        ----------
        body : bytes
            The whole PDU.
        full : bool
            There are as many associations as are allowed: reject it for now.

        Raises
        ------
        BrokenMessage
            It can't be decoded.
        """
        pdu = A_ASSOCIATE_RQ()
        with _said_by_the_peer():
            pdu.decode(body)
            self.requestor.primitive = pdu.to_primitive()
        if pdu.protocol_version & 1 == 0:  # a bit for each version (PS3.8 table 9-11)
            self.acse.send_reject(*UNSUPPORTED_VERSION)
        elif full:
            self.acse.send_reject(*LIMIT_REACHED)
            evt.trigger(self, evt.EVT_REJECTED, {})
        else:
            evt.trigger(self, evt.EVT_REQUESTED, {})
            if not self.is_aborted and not self.is_rejected and not self.over:
                with _said_by_the_peer():
                    self.acse.negotiate_association()
        self.over = self.over or not self.is_established

    def context(self, context_id: int) -> PresentationContext | None:
        """The accepted presentation context of that id."""
        return self._accepted_cx.get(context_id)

    def read_command(self, command: bytes) -> StoreRequest | None:
        """Decode a command set far enough to see whether it is a C-STORE-RQ; None for any other request.

        Raises
        ------
        BrokenMessage
            It isn't a command set.
        """
        usual = read_store_request(command)
        if usual is not None:
            return usual
        with _said_by_the_peer():
            found = decode(BytesIO(command), True, True)
            if found.CommandField != C_STORE_RQ:
                return None
            return StoreRequest(
                message_id=int(found.MessageID),
                AffectedSOPClassUID=str(found.AffectedSOPClassUID),
                AffectedSOPInstanceUID=str(found.AffectedSOPInstanceUID),
                has_data_set=found.CommandDataSetType != NO_DATA_SET,
            )

    def has_data_set(self, command: bytes) -> bool:
        """Whether a data set follows a command set that :meth:`read_command` has passed (PS3.7 E.1).

        Raises
        ------
        BrokenMessage
            It doesn't say so.
        """
        with _said_by_the_peer():
            return bool(decode(BytesIO(command), True, True).get("CommandDataSetType") != NO_DATA_SET)

    def serve(self, context_id: int, command: bytes, data_set: bytes) -> None:
        """Have the library serve a whole request with the handler that is bound to its event.

        Raises
        ------
        BrokenMessage
            It can't be decoded or is no request that may come here.
        """
        fragments = [(context_id, b"\x03" + command)]
        if data_set:
            fragments.append((context_id, b"\x02" + data_set))
        primitive = P_DATA()
        primitive.presentation_data_value_list.extend(fragments)
        message = DIMSEMessage()
        with _said_by_the_peer():
            if not message.decode_msg(primitive, self):
                raise BrokenMessage("incomplete message")
            request = message.message_to_primitive()
        if isinstance(request, C_CANCEL):
            return  # what it would cancel has been answered
        if not request.is_valid_request:
            raise BrokenMessage("no valid request")
        self._serve_request(request, context_id)

    def release(self) -> None:
        """Answer an A-RELEASE-RQ."""
        self.acse.send_release(is_response=True)
        self.is_released = True
        self.kill()
        evt.trigger(self, evt.EVT_RELEASED, {})

    def lost(self) -> None:
        """The peer aborted, or the connection is gone."""
        if not self.over and self.is_established:
            self.is_aborted = True
            self.kill()
            evt.trigger(self, evt.EVT_ABORTED, {})


def _pdu_of(primitive: Any) -> Any:
    """The PDU that carries a primitive (PS3.8 9.3)."""
    if isinstance(primitive, P_DATA):
        pdu = P_DATA_TF()
    elif isinstance(primitive, A_ASSOCIATE):
        pdu = A_ASSOCIATE_AC() if primitive.result == 0 else A_ASSOCIATE_RJ()
    elif isinstance(primitive, A_RELEASE):
        pdu = A_RELEASE_RP()
    elif isinstance(primitive, A_ABORT | A_P_ABORT):
        pdu = A_ABORT_RQ()
    else:
        raise TypeError(f"An acceptor doesn't send {type(primitive).__name__}.")
    pdu.from_primitive(primitive)
    return pdu
