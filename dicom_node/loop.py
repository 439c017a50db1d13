"""The loop that owns the DICOM port: it accepts connections and gives each a thread of its own.

A connection is accepted plain and, with TLS, wrapped in its own thread, so that a silent client holds nobody up; an
idle one costs no time. What a connection then says and hears is :mod:`dicom_node.connection`'s.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import PresentationContext

from dicom_node.association import MAX_PDU_BYTES, prepare_pynetdicom
from dicom_node.connection import Connection, LoopLimits, StoreSink
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_LOG = logger(__name__)
_BACKLOG: Final = 256
"""Connections that the kernel holds for us."""
_WAITING: Final = 256
"""Connections above the limit of associations that still get a rejection; more are closed without a word."""
_ABORTED_S: Final = 2.0
_PAUSE_S: Final = 0.5


class Loop:
    """A running port; :meth:`stop` ends it.

    Parameters
    ----------
    handlers : sequence of (event, callable)
        pynetdicom's events, but for EVT_C_STORE; an EVT_REQUESTED handler may reject, and may set
        ``event.assoc.pace``.
    tls : SSLContext, optional
        Then only TLS is spoken.
    turned_away : callable, optional
        Called with the address of who couldn't come in by TLS, and why.

    Raises
    ------
    DicomError
        The port is taken, or the address isn't ours.
    """

    def __init__(
        self,
        ae_title: str,
        address: tuple[str, int],
        contexts: Sequence[PresentationContext],
        handlers: Sequence[tuple[Any, ...]],
        sink: StoreSink,
        limits: LoopLimits,
        tls: ssl.SSLContext | None = None,
        turned_away: Callable[[str, str], None] = lambda _address, _why: None,
    ) -> None:
        prepare_pynetdicom()
        entity = ApplicationEntity(ae_title=ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.require_called_aet = True
        entity.maximum_pdu_size = MAX_PDU_BYTES
        self.entity, self.contexts, self.handlers = entity, tuple(contexts), tuple(handlers)
        self.sink, self.limits, self.tls = sink, limits, tls
        self.turned_away = turned_away
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self.stopping = threading.Event()
        try:
            self._socket = socket.create_server(
                address,
                family=socket.AF_INET6 if ":" in address[0] else socket.AF_INET,
                backlog=_BACKLOG,
            )
        except OSError as error:
            raise DicomError(
                f"{ae_title} can't listen on {address[0]}:{address[1]}: {error.strerror}.",
                what_to_do="Stop what uses that port, or choose another.",
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._acceptor.start()

    @property
    def associations(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._open)

    def stop(self, grace_s: float = 0.0) -> None:
        """Stop accepting; abort what is still open after `grace_s` seconds."""
        self.stopping.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()
        self._acceptor.join()
        deadline = time.monotonic() + grace_s
        while self.associations and time.monotonic() < deadline:
            time.sleep(0.02)
        with self._lock:
            left = list(self._open)
        for connection in left:
            connection.cut()
        for connection in left:
            connection.thread.join(timeout=_ABORTED_S)

    def admit(self, connection: Connection) -> bool:
        """Count an association in; False when there are as many as are allowed."""
        with self._lock:
            connection.admitted = sum(one.admitted for one in self._open) < self.limits.max_associations
            return connection.admitted

    def forget(self, connection: Connection) -> None:
        """The connection is closed."""
        with self._lock:
            self._open.discard(connection)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                accepted, address = self._socket.accept()
            except OSError as error:
                if self.stopping.is_set():
                    return
                _LOG.error("connection not accepted", error=error.strerror)  # such as too many open files
                time.sleep(_PAUSE_S)
                continue
            with self._lock:
                crowded = len(self._open) >= self.limits.max_associations + _WAITING
                if not crowded:
                    connection = Connection(self, accepted, str(address[0]))
                    self._open.add(connection)
            if crowded:
                _LOG.warning("connection closed: too many", host=str(address[0]))
                accepted.close()
                continue
            try:
                connection.thread.start()
            except RuntimeError:  # the system has no more threads for us
                _LOG.error("connection closed: no thread for it", host=str(address[0]))
                accepted.close()
                self.forget(connection)
