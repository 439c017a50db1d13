"""The process that serves STOW-RS (`llmcxr node web`), on uvicorn with h11; off unless `web_port` is set.

A process of its own, so that the listener stays small. Its index rows are written durably before anything is
acknowledged, so it needs no reconciliation.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import warnings
from asyncio import TimerHandle, Transport
from pathlib import Path
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from dicom_node.association import prepare_pynetdicom
from dicom_node.reception import Reception
from dicom_node.tally import Tally
from dicom_node.tls import TlsFiles, web_server_context
from dicom_node.turned_away import REQUESTS, note_rejections
from dicom_node.web.exchange import Receive, Scope, Send
from dicom_node.web.handshake import HandshakeLoop, ListeningSocket, tell_failures
from dicom_node.web.senders import CERTIFICATE
from dicom_node.web.stow import BASE, CROWDED, StowApp, StowLimits
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import is_loopback
from llmcxr_ws.store import services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_HEARTBEAT_S: Final = 5.0
_GRACE_S: Final = 5
HEAD_S: Final = 10.0
"""Until a request's line and headers are complete."""
_MOST_CONNECTIONS: Final = 256
_BACKLOG: Final = 128
_LARGEST_HEAD: Final = 32_768


class _Protocol(H11Protocol):
    """uvicorn's protocol, with a deadline for a request's head, the client's certificate, and a counted limit."""

    tally: Tally
    _head: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * _MOST_CONNECTIONS:
            transport.abort()
            return
        inner = self.app
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        certificate = (tls.getpeercert(binary_form=True) or b"") if tls is not None else b""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            crowded = len(self.connections) > _MOST_CONNECTIONS
            await inner({**scope, CERTIFICATE: certificate, CROWDED: crowded}, receive, send)

        self.app = app
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait_for_head()
        else:
            self._stop_waiting()

    def send_400_response(self, msg: str) -> None:
        """Answer what isn't HTTP, and count it: the application never sees it."""
        self.tally.request("", 400)
        super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        super().shutdown()
        if idle:  # TLS would wait for the other side's goodbye
            self.transport.abort()

    def _wait_for_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(HEAD_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class WebServer:
    """Serves one workplace; :meth:`start`, later :meth:`stop`."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._reception: Reception | None = None
        self.tally = Tally()
        self.port = workplace.config.web_port

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, port: int | None = None) -> None:
        """Empty its spool, then listen in the background (port 0: a free one).

        Raises
        ------
        ConfigError
            Without TLS on an address that isn't loopback; or a file of TLS can't be used.
        DicomError
            The port is taken, or the address isn't ours.
        """
        config = self._workplace.config
        tls = tls_of(config, self._workplace.home)
        if tls is not None:
            tell_failures(tls, self._on_handshake_failed)
        prepare_pynetdicom()
        spool = self._workplace.objects.own_spool("web")
        opened = _listen(config.web_host, config.web_port if port is None else port)
        self.port = opened.getsockname()[1]
        limits = StowLimits(
            requests=config.web_requests,
            instance_bytes=min(config.web_instance_mb, config.max_instance_mb) * 1_000_000,
            request_bytes=config.web_request_mb * 1_000_000,
            silence_s=config.network_timeout_s,
            least_rate=config.min_rate_kb_s * 1000,
        )
        reception = Reception(
            self._workplace.db,
            self._workplace.objects,
            min_free_bytes=config.min_free_mb * 1_000_000,
            tally=self.tally,
        )
        self._reception = reception
        app = StowApp(self._workplace, reception, spool, limits, self.tally)
        self._server = uvicorn.Server(_settings(app, tls, self.tally))
        # Requests are logged in our words: a path may hold anything, and uvicorn's access log would quote it.
        for name in ("uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [opened]}, name="web", daemon=True
        )
        self._thread.start()
        scheme = "https" if tls else "http"
        _LOG.info("listening", url=f"{scheme}://{config.web_host}:{self.port}{BASE}")

    def stop(self) -> None:
        """Stop accepting, give open requests a few seconds, cut the rest."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_GRACE_S + 5.0)
        if self._reception is not None:
            self._reception.close()

    def _on_handshake_failed(self, address: str, reason: str) -> None:
        _LOG.warning("connection refused", host=address, reason=reason)
        self.tally.handshake_failed(address, reason)

    def detail(self) -> dict[str, Any]:
        """What the server tells of itself: where it is reached, and what it counted."""
        scheme = "https" if self._workplace.config.web_certificate else "http"
        return {"scheme": scheme, "port": self.port, "path": BASE, "tally": self.tally.snapshot(0)}


def run_web(home: Path, stop: threading.Event) -> None:
    """Serve until `stop` is set.

    Raises
    ------
    UserFacingError
        The home doesn't fit, the port is taken, or the settings would send tokens in clear.
    """
    warnings.filterwarnings("ignore", module="pydicom")  # its warnings quote values of the data set
    workplace = Workplace.open(home)
    if not workplace.config.web_port:
        workplace.close()
        raise ConfigError("No STOW-RS server is configured.", what_to_do="Set web_port in llmcxr.toml.")
    server = WebServer(workplace)
    server.start()
    name = services.register(workplace.db, "web", server.detail())
    try:
        while not stop.wait(_HEARTBEAT_S):
            if services.beat(workplace.db, name, server.detail()):
                note_rejections(workplace, server.tally, REQUESTS)
            if not server.alive:
                raise DicomError(
                    "The STOW-RS server has ended by itself.", what_to_do="See the log before this."
                )
    finally:
        server.stop()
        services.unregister(workplace.db, name)
        workplace.close()
        _LOG.info("stopped")


def address_of(config: MachineConfig, host: str = "") -> str:
    """The base URL as the settings have it, or at another host."""
    scheme, named = "https" if config.web_certificate else "http", host or config.web_host
    return f"{scheme}://{f'[{named}]' if ':' in named else named}:{config.web_port}{BASE}"


def tls_of(config: MachineConfig, home: Path) -> ssl.SSLContext | None:
    """What the settings say of TLS; None where the server speaks in clear, on loopback.

    Raises
    ------
    ConfigError
        They would send tokens in clear, or a file can't be used.
    """
    if TlsFiles.of_web(config, home).certificate is not None:
        return web_server_context(config, home)
    if config.web_client_ca or config.web_key:
        raise ConfigError(
            "The STOW-RS server has a key or authorities, but no certificate.",
            what_to_do="Set web_certificate.",
        )
    if not is_loopback(config.web_host):
        raise ConfigError(
            f"The STOW-RS server isn't started at {config.web_host} without TLS: tokens and films would travel in "
            "clear.",
            what_to_do="Set web_certificate and web_key, or have a proxy with TLS speak to 127.0.0.1.",
        )
    return None


def _listen(host: str, port: int) -> ListeningSocket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        opened = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        return ListeningSocket(fileno=opened.detach())
    except OSError as error:
        raise DicomError(
            f"The STOW-RS server can't listen on {host}:{port}: {error.strerror}.",
            what_to_do="Stop what uses that port, or choose another.",
        ) from error


def _settings(app: StowApp, tls: ssl.SSLContext | None, tally: Tally) -> uvicorn.Config:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return uvicorn.Config(
        served,
        http=type("CountedProtocol", (_Protocol,), {"tally": tally}),
        ws="none",
        lifespan="off",
        loop=f"{HandshakeLoop.__module__}:{HandshakeLoop.__name__}",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        ssl_context_factory=(lambda _config, _default: tls) if tls is not None else None,
    )
