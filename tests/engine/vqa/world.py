"""What the tests of question synthesis are made of: a small set with reports, a chat server, tiny language models."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord

GOOD = [
    {
        "question": "What do the lungs show?",
        "answer": "Both lungs are clear because no density hides the vessels.",
    },
    {
        "question": "How wide is the heart?",
        "answer": "Its outline spans less than half of the chest, so it is normal.",
    },
]
BAD = [
    {"question": "Has the heart grown?", "answer": "It is unchanged from the prior study."},
    {"question": "What comes next?", "answer": "A CT is recommended to look closer at this."},
    {"question": "Is that all?", "answer": "The report mentions nothing else to look at."},
    {"question": "Is it clear?", "answer": "Yes."},
    {"question": "Who?", "answer": "Nobody at all was seen here.", "extra": "x"},
]


def films_with_reports(count: int, films_per_study: int = 1) -> list[FilmRecord]:
    return [
        FilmRecord(
            key=f"film{study}-{film}",
            image=Path("film.png"),
            source="hospital",
            patient=f"p{study}",
            study=f"s{study}",
            order="",
            view="PA",
            age=40,
            sex="F",
            labels=None,
            report=f"HISTORY: Cough. FINDINGS: Lungs {study} are clear. IMPRESSION: Normal.",
            findings=f"Lungs {study} are clear.",
            impression="Normal.",
            split="train",
            licence="site only",
        )
        for study in range(count)
        for film in range(films_per_study)
    ]


def set_with_reports(folder: Path, count: int = 3, films_per_study: int = 1) -> PreparedSet:
    return PreparedSet.create(folder, films_with_reports(count, films_per_study), {"reader": "test"})


class ChatServer:
    """A real HTTP server of the OpenAI chat protocol; `answer` gets each request's body and gives status and text."""

    def __init__(self, answer: Callable[[dict[str, Any]], tuple[int, str]]) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.retry_after = "0"
        self.models = ["tiny-instruct"]
        self.finish_reason = "stop"
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def served(answer: Callable[[dict[str, Any]], tuple[int, str]]) -> Iterator[ChatServer]:
    chat = ChatServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"data": [{"id": name} for name in chat.models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chat.requests.append(body)
            chat.keys.append(self.headers.get("Authorization"))
            status, text = chat.answer(body) if self.path == "/v1/chat/completions" else (404, "")
            message = {"message": {"role": "assistant", "content": text}, "finish_reason": chat.finish_reason}
            self._send(status, {"model": "tiny-instruct-q4", "choices": [message]})

        def _send(self, status: int, values: dict[str, Any]) -> None:
            body = json.dumps(values).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status in (429, 503):
                self.send_header("Retry-After", chat.retry_after)
            if status in (301, 307):
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        chat.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield chat
        finally:
            server.shutdown()
            thread.join()
