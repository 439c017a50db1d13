"""Receivers that are not ours: hl7apy's own MLLP server, and an HTTP server that fhir.resources judges for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message


class Ris:
    """A receiver of ORU^R01: keeps what comes, answers as `codes` say (AA when they are used up)."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.codes: list[str] = []
        self.error = ""
        self.words = ""
        self.server = MLLPServer("127.0.0.1", 0, {"ORU^R01^ORU_R01": (_OruHandler, self)})

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.server_address[1])

    @property
    def parsed(self) -> list[Message]:
        """What came, read strictly by the library."""
        return [
            parse_message(text, find_groups=True, validation_level=VALIDATION_LEVEL.STRICT)
            for text in self.messages
        ]


class _OruHandler(AbstractHandler):
    def __init__(self, message: str, ris: Ris) -> None:
        super().__init__(message)
        self.ris = ris

    def reply(self) -> str:
        """Acknowledge as the receiver is told to."""
        sent = parse_message(self.incoming_message, find_groups=False)
        code = self.ris.codes.pop(0) if self.ris.codes else "AA"
        if code == "AA":
            self.ris.messages.append(self.incoming_message)
        answer = Message("ACK", version="2.5.1")
        answer.msh.msh_9 = "ACK^R01^ACK"
        answer.msh.msh_10 = "1"
        answer.msh.msh_11 = "P"
        answer.msa.msa_1, answer.msa.msa_2 = code, sent.msh.msh_10.value
        if code != "AA" and self.ris.error:
            answer.err.err_3, answer.err.err_4 = self.ris.error, "E"
            answer.err.err_8 = self.ris.words
        return str(answer.to_mllp())


@contextmanager
def running_ris() -> Iterator[Ris]:
    """A receiver on a free port."""
    ris = Ris()
    ris.server.daemon_threads = True
    with _serving(ris.server):
        yield ris


@contextmanager
def _serving(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def capabilities(**report: Any) -> dict[str, Any]:
    """A statement of an R4 server that takes conditional updates of DiagnosticReport; judged by fhir.resources."""
    said = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "software": {"name": "A server", "version": "7.2"},
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": "DiagnosticReport",
                        "interaction": [{"code": "read"}, {"code": "update"}],
                        "conditionalUpdate": True,
                        **report,
                    }
                ],
            }
        ],
    }
    CapabilityStatement.model_validate(said)
    return said


def statement_of(
    version: str = "4.0.1", *, types: tuple[str, ...] = ("DiagnosticReport", "ImagingStudy")
) -> bytes:
    """The bytes of a statement of another version, or of other types of resource."""
    made = CapabilityStatement.model_validate(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-01-01",
            "kind": "instance",
            "software": {"name": "Ward Server", "version": "7"},
            "fhirVersion": version,
            "format": ["json"],
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {
                            "type": name,
                            "interaction": [{"code": "read"}, {"code": "update"}],
                            "conditionalUpdate": True,
                        }
                        for name in types
                    ],
                }
            ],
        }
    )
    return made.model_dump_json().encode()


class FhirServer:
    """Conditional updates of DiagnosticReport by identifier; what fhir.resources faults is answered 422.

    `statement` is its CapabilityStatement, or whatever it answers instead.
    """

    def __init__(self) -> None:
        self.statement: Any = capabilities()
        self.location = ""
        self.looks: list[tuple[str, str]] = []
        self.reports: dict[str, bytes] = {}
        self.requests: list[tuple[str, int]] = []
        self.answers: list[int] = []
        self.token = ""
        self.words = b""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = server.take(self.path, body, self.headers.get("Authorization", ""))
                self.send_response(status)
                said = server.words if status >= 400 else b""
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def do_GET(self) -> None:
                authorization = self.headers.get("Authorization", "")
                server.looks.append((self.path, authorization))
                allowed = not server.token or authorization == f"Bearer {server.token}"
                status = 302 if server.location else 200 if allowed else 401
                said = server.statement
                said = said if isinstance(said, bytes) else json.dumps(said).encode()
                body = said if self.path == "/r4/metadata" else b""
                self.send_response(status if body else 404)
                self.send_header("Content-Length", str(len(body)))
                if server.location:
                    self.send_header("Location", server.location)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/r4"

    def take(self, path: str, body: bytes, authorization: str) -> int:
        """Judge one PUT."""
        status = self._judge(path, body, authorization)
        self.requests.append((path, status))
        return status

    def _judge(self, path: str, body: bytes, authorization: str) -> int:
        if self.answers:
            return self.answers.pop(0)
        if self.token and authorization != f"Bearer {self.token}":
            return 401
        try:
            resource = DiagnosticReport.model_validate_json(body)
        except ValueError:
            return 422
        parts = urlsplit(path)
        [wanted] = parse_qs(parts.query)["identifier"]
        identifier = resource.identifier[0]
        if parts.path != "/r4/DiagnosticReport" or wanted != f"{identifier.system}|{identifier.value}":
            return 400
        is_new = wanted not in self.reports
        self.reports[wanted] = body
        return 201 if is_new else 200

    @property
    def only(self) -> dict[str, Any]:
        """The one report that it holds."""
        [body] = self.reports.values()
        resource: dict[str, Any] = json.loads(body)
        return resource


@contextmanager
def running_fhir() -> Iterator[FhirServer]:
    """A server on a free port."""
    fhir = FhirServer()
    with _serving(fhir.server):
        yield fhir
