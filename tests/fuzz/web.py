"""The STOW-RS server under the fuzzer: its ASGI application, without the HTTP library before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final
from xml.etree import ElementTree

from dicom_node.reception import Reception
from dicom_node.tally import Tally
from dicom_node.web.stow import StowApp, StowLimits
from llmcxr_ws.workplace import Workplace
from tests.fuzz.inputs import BOUNDARY

TOKEN: Final = "0123456789abcdef"
_TYPE: Final = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
_MEGABYTE: Final = 1_000_000


class _AtOnce(ThreadPoolExecutor):
    """Runs what it is given before it answers: going to a thread and back takes longer than most inputs."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # it is raised again where the result is asked for
            done.set_exception(error)
        return done


class Web:
    """An application on a home, called without a network."""

    def __init__(self, workplace: Workplace) -> None:
        self._loop = asyncio.new_event_loop()
        self._pool = _AtOnce(1)
        self._loop.set_default_executor(self._pool)
        tally = Tally()
        self._reception = Reception(workplace.db, workplace.objects, min_free_bytes=_MEGABYTE, tally=tally)
        limits = StowLimits(
            requests=1, instance_bytes=40_000, request_bytes=50_000, silence_s=30.0, least_rate=0.0
        )
        self._app = StowApp(workplace, self._reception, workplace.objects.own_spool("web"), limits, tally)

    def post(self, body: bytes, pieces: int) -> tuple[int, bytes]:
        """Send a body in so many pieces; the status and the answer's body."""
        headers = [("content-type", _TYPE), ("authorization", f"Bearer {TOKEN}")]
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        return self._call("POST", "/dicom-web/studies", encoded, body, pieces)

    def request(self, said: bytes) -> tuple[int, bytes]:
        """Send a whole request: a line, headers, an empty line, a body, as the HTTP library would hand them on."""
        lines, _, body = said.partition(b"\n\n")
        first, *rest = lines.split(b"\n")
        method, _, path = first.decode("latin-1").partition(" ")
        headers = [tuple(part.strip() for part in line.partition(b":")[::2]) for line in rest]
        return self._call(method, path, [(name.lower(), value) for name, value in headers], body, 3)

    def close(self) -> None:
        """End its thread."""
        self._reception.close()
        self._loop.close()
        self._pool.shutdown()

    def _call(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes, pieces: int
    ) -> tuple[int, bytes]:
        size = len(body) // pieces + 1
        coming = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        answer: dict[str, Any] = {"status": 0, "body": b""}

        async def receive() -> dict[str, Any]:
            if not coming:
                return {"type": "http.disconnect"}
            piece = coming.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(coming)}

        async def send(message: Any) -> None:
            answer["status"] = message.get("status", answer["status"])
            answer["body"] += message.get("body", b"")

        scope = {"method": method, "path": path, "headers": headers, "client": ("127.0.0.1", 1)}
        self._loop.run_until_complete(self._app(scope, receive, send))
        return answer["status"], answer["body"]


def acknowledged(body: bytes) -> Iterator[str]:
    """SOP Instance UIDs that an answer in JSON says are kept (PS3.18 table I.1-1)."""
    if body.startswith(b"{"):
        for item in json.loads(body).get("00081199", {}).get("Value", []):
            yield item["00081155"]["Value"][0]
    elif body.startswith(b"<?xml"):
        for sequence in _named(ElementTree.fromstring(body), "ReferencedSOPSequence"):
            for element in _named(sequence, "ReferencedSOPInstanceUID"):
                if not len(element):
                    raise ValueError(body)
                yield element[0].text or ""


def _named(parent: ElementTree.Element, keyword: str) -> Iterator[ElementTree.Element]:
    return (element for element in parent.iter() if element.get("keyword") == keyword)
