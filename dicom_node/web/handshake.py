"""TLS handshakes of the STOW-RS server: bounded in time, and each that fails told with where it came from.

asyncio does the handshake before anything of ours hears of a connection; it would wait a minute for it, and keep its
failure to itself. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from dicom_node.tls import handshake_fault

HANDSHAKE_S: Final = 10.0
"""Until a handshake is complete."""
_ADDRESS: Final[ContextVar[str]] = ContextVar("address", default="")


class ListeningSocket(socket.socket):
    """A socket that listens; what asyncio then does for a connection knows its address by the context."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its task begins with a copy of the context that is current here."""
        accepted, address = super().accept()
        _ADDRESS.set(str(address[0]))
        return accepted, address


class HandshakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers give a handshake :data:`HANDSHAKE_S` seconds."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As asyncio's."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", HANDSHAKE_S)
        return await super().create_server(*args, **options)


def tell_failures(context: ssl.SSLContext, failed: Callable[[str, str], None]) -> None:
    """Have `failed` called with address and reason of every handshake that fails, but for those broken off."""

    class TellingObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except ssl.SSLError as error:
                if why := handshake_fault(error):
                    failed(_ADDRESS.get(), why)
                raise

    context.sslobject_class = TellingObject
