"""A small UPS-RS worklist with WADO-RS beside it, ours, to rehearse with: it says nothing of other servers.

Workitems live in memory. States and transaction UIDs are guarded as PS3.4 CC.1.1 has them; attributes aren't judged.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from dicom_node.simulator.archive import Archive
from dicom_node.web.related import DICOM, body_tail, new_boundary, part_head
from llmcxr_ws.uids import derived_uid

_STATE, _TRANSACTION, _INSTANCE, _CODES, _CODE = "00741000", "00081195", "00080018", "00404018", "00080100"
_FINAL: Final = ("COMPLETED", "CANCELED")
_LARGEST: Final = 1_000_000


class WorklistSimulator:
    """Workitems and the studies of an archive, by HTTP on loopback; use it in a ``with`` block."""

    def __init__(self, archive: Archive, port: int = 0) -> None:
        self.archive = archive
        self.workitems: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self._transactions: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> WorklistSimulator:
        threading.Thread(target=self._server.serve_forever, name="worklist", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def schedule(self, workitem: str, study: str, code: str) -> None:
        """Put a workitem with a study as its input on the list."""
        value, _, scheme = code.partition("^")
        self.workitems[workitem] = {
            _INSTANCE: {"vr": "UI", "Value": [workitem]},
            _STATE: {"vr": "CS", "Value": ["SCHEDULED"]},
            _CODES: {
                "vr": "SQ",
                "Value": [
                    {_CODE: {"vr": "SH", "Value": [value]}, "00080102": {"vr": "SH", "Value": [scheme]}}
                ],
            },
            "00404021": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": [study]}}]},
        }

    def schedule_all(self, code: str) -> None:
        """Put a workitem on the list for every study of the archive."""
        for study in self.archive.studies():
            uid = str(study[0].header.StudyInstanceUID)
            self.schedule(derived_uid("workitem", uid), uid, code)

    def state(self, workitem: str) -> str:
        """The state of a workitem."""
        return str(self.workitems[workitem][_STATE]["Value"][0])

    def search(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Workitems of a state and a code."""
        return [
            item
            for item in self.workitems.values()
            if query.get("ProcedureStepState") in (None, item[_STATE]["Value"][0])
            and query.get("ScheduledWorkitemCodeSequence.CodeValue")
            in (None, item[_CODES]["Value"][0][_CODE]["Value"][0])
        ]

    def change_state(self, workitem: str, content: dict[str, Any]) -> int:
        """Move a workitem (PS3.4 table CC.1.1-2); give the HTTP status."""
        wanted, transaction = content[_STATE]["Value"][0], content[_TRANSACTION]["Value"][0]
        now = self.state(workitem)
        if now == "SCHEDULED" and wanted == "IN PROGRESS":
            self._transactions[workitem] = transaction
        elif now != "IN PROGRESS" or wanted not in _FINAL or self._transactions[workitem] != transaction:
            return 409
        self.workitems[workitem][_STATE]["Value"] = [wanted]
        return 200

    def update(self, workitem: str, transaction: str, content: dict[str, Any]) -> int:
        """Write attributes of a workitem that is in progress."""
        if self.state(workitem) != "IN PROGRESS" or self._transactions[workitem] != transaction:
            return 409
        self.workitems[workitem].update(content)
        return 200


def _handler(simulator: WorklistSimulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = unquote(parts.path).strip("/").split("/")
            if path[0] == "studies" and len(path) == 2:
                self._study(path[1])
            elif path == ["workitems"]:
                with simulator.lock:
                    found = simulator.search(dict(parse_qsl(parts.query)))
                self._answer(200 if found else 204, json.dumps(found).encode() if found else b"")
            elif path[0] == "workitems" and len(path) == 2 and path[1] in simulator.workitems:
                self._answer(200, json.dumps([simulator.workitems[path[1]]]).encode())
            else:
                self._answer(404)

        def do_PUT(self) -> None:
            self._change(lambda path, _, content: simulator.change_state(path[1], content), ending="state")

        def do_POST(self) -> None:
            self._change(lambda path, query, content: simulator.update(path[1], query, content))

        def _change(self, do: Any, ending: str = "") -> None:
            parts = urlsplit(self.path)
            path = unquote(parts.path).strip("/").split("/")
            length = int(self.headers.get("Content-Length", 0))
            if length > _LARGEST or path[0] != "workitems" or path[2:] != ([ending] if ending else []):
                self.close_connection = True
                self._answer(404)
                return
            try:
                content = json.loads(self.rfile.read(length))
                with simulator.lock:
                    self._answer(do(path, parts.query, content[0] if isinstance(content, list) else content))
            except (KeyError, ValueError, TypeError, IndexError):
                self._answer(400)

        def _study(self, uid: str) -> None:
            held = [one for one in simulator.archive.instances() if str(one.header.StudyInstanceUID) == uid]
            if not held:
                self._answer(404)
                return
            boundary = new_boundary()
            parts = (part_head(boundary) + one.path.read_bytes() for one in held)
            body = b"\r\n".join(parts) + body_tail(boundary)
            self._answer(200, body, f'multipart/related; type="{DICOM}"; boundary={boundary}')

        def _answer(self, status: int, body: bytes = b"", kind: str = "application/dicom+json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a path names studies."""

    return Handler
