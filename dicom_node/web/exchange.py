"""One HTTP request and its answer over ASGI, with deadlines: nobody holds a connection by being slow.

Knows nothing of DICOM.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from llmcxr_ws.errors import LlmcxrError

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TEXT: Final = "text/plain; charset=utf-8"
RETRY_AFTER_S: Final = 30
_DRAIN_S: Final = 2.0
_DRAIN_BYTES: Final = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    media_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = field(default=())


class Refusal(LlmcxrError):
    """A request that isn't done; its sentence is the answer's body and holds no patient data.

    `why` is for the audit trail: few words, the same for the same cause; empty where it isn't the sender's to do
    otherwise, or is nobody's concern but the sender's.
    """

    def __init__(self, status: int, sentence: str, *headers: tuple[str, str], why: str = "") -> None:
        super().__init__(sentence)
        self.why = why
        self.answer = Answer(status=status, body=sentence.encode("utf-8"), headers=headers)

    @classmethod
    def later(cls, sentence: str, *, why: str = "") -> Refusal:
        """503: the same request may be done a little later."""
        return cls(503, sentence, ("retry-after", str(RETRY_AFTER_S)), why=why)


class Disconnected(LlmcxrError):
    """The other side has gone; there is nobody to answer."""


class Exchange:
    """A request that is being read and will be answered once.

    Parameters
    ----------
    silence_s : float
        Seconds in which nothing may come.
    least_rate : float
        Bytes a second that a sender must reach on average, once these seconds are used up; 0: any.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, silence_s: float, least_rate: float
    ) -> None:
        self.scope = scope
        self.who = self.title = (
            ""  # whose request it is, once that is known: short name, and name on the network
        )
        self._receive = receive
        self._send = send
        self._silence_s = silence_s
        self._least_rate = least_rate
        self._whole = False
        self._gone = False

    @property
    def method(self) -> str:
        """Its method."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """Its path, decoded."""
        return str(self.scope["path"])

    @property
    def address(self) -> str:
        """Where it comes from."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    def header(self, name: str) -> str:
        """A header's value; several of a name are joined (RFC 9110 5.2)."""
        wanted = name.encode("ascii")
        return ", ".join(value.decode("latin-1") for key, value in self.scope["headers"] if key == wanted)

    async def body(self, most: int, delay: Callable[[int], float] | None = None) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Parameters
        ----------
        most : int
            Its largest size, bytes.
        delay : callable, optional
            Told how many bytes came, gives the seconds for which the sender is held back.

        Raises
        ------
        Refusal
            408 when nothing comes for too long or it comes too slowly, 413 when there is more than `most`.
        Disconnected
            The other side has gone.
        """
        waited, got = 0.0, 0  # the seconds in which the sender alone was waited for
        while not self._whole:
            patience_s, asked = self._silence_s, time.monotonic()
            if self._least_rate:
                patience_s = min(patience_s, self._silence_s + got / self._least_rate - waited)
            message = await self._next(patience_s)
            waited += time.monotonic() - asked
            data: bytes = message.get("body", b"")
            got += len(data)
            if got > most:
                raise Refusal(
                    413, f"The request has more than {most // 1_000_000} MB.", why="request too large"
                )
            if delay is not None and (pause_s := delay(len(data))):
                await asyncio.sleep(pause_s)  # what waits meanwhile fills a buffer, then TCP holds it back
            if data:
                yield data

    async def _next(self, patience_s: float) -> Message:
        try:
            message = await asyncio.wait_for(self._receive(), max(patience_s, 0.0))
        except TimeoutError:
            raise Refusal(408, "The request came too slowly.", why="too slow") from None
        if message["type"] == "http.disconnect":
            self._gone = True
            raise Disconnected("The sender has gone.")
        self._whole = not message.get("more_body", False)
        return message

    async def answer(self, answer: Answer) -> None:
        """Answer; where the request isn't read to its end, the rest is read for a moment so that the answer arrives.

        A connection that is closed while bytes wait unread is reset, and its answer with it (RFC 9112 9.6).
        """
        if self._gone:
            return
        headers = [("content-type", answer.media_type), ("content-length", str(len(answer.body)))]
        headers += list(answer.headers)
        if not self._whole:
            headers.append(("connection", "close"))
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await self._send({"type": "http.response.body", "body": answer.body, "more_body": True})
        if not self._whole:
            await self._drain()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        deadline, left = time.monotonic() + _DRAIN_S, _DRAIN_BYTES
        try:
            while not self._whole and left > 0 and time.monotonic() < deadline:
                left -= len((await self._next(deadline - time.monotonic())).get("body", b""))
        except (Refusal, Disconnected):
            return
