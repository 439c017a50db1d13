"""The watcher's HTTP endpoint, on loopback only: /metrics, /health, /health/live and /health/ready.

The standard library's server is enough for a scraper and a person; who wants it elsewhere puts a proxy with log-in in
front.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from dicom_node.watching import health
from dicom_node.watching.metrics import NodeMetrics
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.workplace import Workplace

HOST: Final = "127.0.0.1"
_PATIENCE_S: Final = 10.0

Start = Callable[..., Any]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """No line on standard error for each scrape, and no waiting for a client that says nothing."""

    timeout = _PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Endpoint:
    """A running endpoint; :meth:`close` ends it."""

    def __init__(
        self, workplace: Workplace, port: int, more: Sequence[Callable[[], health.Look]] = ()
    ) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(NodeMetrics(workplace))
        try:
            self._server = make_server(
                HOST,
                port,
                _application(workplace, registry, more),
                server_class=_Server,
                handler_class=_Quiet,
            )
        except OSError as error:
            raise ConfigError(
                f"The watcher can't listen on {HOST}:{port}: {error.strerror}.",
                what_to_do="Stop what uses that port, or set another metrics_port.",
            ) from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _application(
    workplace: Workplace, registry: CollectorRegistry, more: Sequence[Callable[[], health.Look]]
) -> Callable[[Any, Start], Iterable[bytes]]:
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return metrics(environ, start)  # type: ignore[no-any-return]
        if path == "/health/live":
            return _json(start, 200, {"live": True})
        if path in ("/health", "/health/ready"):
            ready, document = health.as_document((*health.look_at(workplace), *(look() for look in more)))
            return _json(start, 200 if ready else 503, document)
        return _json(start, 404, {"error": "Ask for /metrics, /health, /health/live or /health/ready."})

    return answer


def _json(start: Start, status: int, document: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(document, indent=1).encode()
    words = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
    start(
        f"{status} {words}",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ],
    )
    return [body]
