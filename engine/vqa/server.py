"""Questions from a language-model server that speaks the OpenAI chat protocol (`POST …/chat/completions`).

For local servers such as vLLM, llama.cpp or Ollama. Reports go nowhere else: no proxy is used, no redirect is
followed, and an address outside of private networks is refused (`engine.vqa.addresses`). The API key comes from
an environment variable and is never stored.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import httpx2

from engine.errors import SynthesisError
from engine.vqa.addresses import destination
from engine.vqa.generator import Provenance, Reply, seed_of
from engine.vqa.prompt import PROMPT_VERSION, request
from engine.vqa.settings import SynthesisSettings
from engine.vqa.sources import Report

REFUSED = "report: refused by the server"
CONNECT_TIMEOUT_S = 10.0
LONGEST_PAUSE_S = 60.0
FIRST_PAUSE_S = 0.5
_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_ONE_REPORT = frozenset({400, 413, 422})
# After so many refusals without one answer it is the request, not the reports.
_REFUSALS_IN_A_ROW = 5


class Server:
    """An OpenAI-compatible server that writes question-answer pairs."""

    def __init__(self, settings: SynthesisSettings) -> None:
        """Check address and key and ask for the server's models; raise SynthesisError where it can't be used."""
        if not settings.url:
            raise SynthesisError("No server is named. Give --url, such as http://127.0.0.1:8000/v1.")
        to = destination(settings.url, settings.allow_remote)
        self._settings = settings
        self._refusals = 0
        self._client = httpx2.Client(
            base_url=to.base,
            headers={"Host": to.host, **_authorization(settings.api_key_env)},
            timeout=httpx2.Timeout(settings.timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx2.Limits(max_connections=settings.concurrency),
            trust_env=False,
            follow_redirects=False,
        )
        # The certificate is checked against the name, though the connection goes to its checked address.
        self._extensions = {"sni_hostname": to.name}
        self._model = settings.model or self._only_model()
        self.provenance = Provenance(
            generator="server",
            model=self._model,
            model_sha256="",
            prompt=f"{PROMPT_VERSION} chat",
            request_sha256=hashlib.sha256(request("", settings.pairs).encode()).hexdigest(),
            seed=settings.seed,
            sampling={
                "temperature": settings.temperature,
                "top_p": settings.top_p,
                "max_new_tokens": settings.max_new_tokens,
            },
        )

    def replies(self, batches: Sequence[Sequence[Report]]) -> Iterator[Reply]:
        """Ask for each report, several at once, then hang up; a server that stays unavailable ends the run."""
        waiting = iter([report for batch in batches for report in batch])
        running: set[Future[Reply]] = set()
        pool = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="vqa")
        try:
            while True:
                while len(running) < self._settings.concurrency and (report := next(waiting, None)):
                    running.add(pool.submit(self._ask, report))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield self._counted(future.result())
        finally:
            # Requests under way can't be taken back; what they bring is made again by the next run.
            pool.shutdown(wait=True, cancel_futures=True)
            self._client.close()

    def _counted(self, reply: Reply) -> Reply:
        self._refusals = self._refusals + 1 if reply.refused else 0
        if self._refusals >= _REFUSALS_IN_A_ROW:
            raise SynthesisError(
                f"The server refused {self._refusals} reports one after the other ({reply.refused}). Check its "
                "log, its model's length limit and the sampling settings."
            )
        return reply

    def _ask(self, report: Report) -> Reply:
        settings = self._settings
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": request(report.text, settings.pairs)}],
            "max_tokens": settings.max_new_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "seed": seed_of(settings.seed, [report.key]),
            "stream": False,
        }
        response = self._send("POST", "/chat/completions", body)
        if response.status_code in _ONE_REPORT:
            return Reply(report, "", refused=f"{REFUSED} (HTTP {response.status_code})", again=True)
        _check(response)
        return _reply(report, response)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        """Send with tries again after growing pauses, or after as long as the server asks for."""
        for tries in range(self._settings.retries + 1):
            pause = min(FIRST_PAUSE_S * 2**tries, LONGEST_PAUSE_S)
            try:
                response = self._client.request(method, path, json=body, extensions=self._extensions)
                problem = f"HTTP {response.status_code}"
                if response.status_code not in _TRY_AGAIN:
                    return response
                pause = _asked_pause(response, pause)
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                problem = type(error).__name__
            if tries < self._settings.retries:
                time.sleep(pause)
        raise SynthesisError(
            f"The server {self._settings.url} didn't answer in {self._settings.retries + 1} tries ({problem}). "
            "Start it, or raise --timeout-s or --retries; then run again to go on."
        )

    def _only_model(self) -> str:
        response = self._send("GET", "/models")
        _check(response)
        try:
            names = [str(entry["id"]) for entry in response.json()["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise SynthesisError("The server doesn't list its models. Name one with --model.") from error
        if len(names) != 1:
            raise SynthesisError(f"The server has the models {', '.join(names)}. Choose one with --model.")
        return names[0]


def _authorization(variable: str) -> dict[str, str]:
    if not variable:
        return {}
    key = os.environ.get(variable, "")
    if not key:
        raise SynthesisError(f"The environment variable {variable!r} for the API key isn't set. Set it.")
    return {"Authorization": f"Bearer {key}"}


def _check(response: httpx2.Response) -> None:
    """Raise SynthesisError for an answer that no other report would change."""
    status = response.status_code
    if response.is_success:
        return
    hint = {
        401: "Give its API key with --api-key-env.",
        403: "Give its API key with --api-key-env.",
        404: "Check --url (it ends in /v1 mostly) and --model.",
    }.get(status, "Check --url.")
    if response.is_redirect:
        hint = "Reports aren't sent to another address than the one that you gave; give the right one."
    raise SynthesisError(f"The server answered HTTP {status}. {hint}")


def _reply(report: Report, response: httpx2.Response) -> Reply:
    try:
        answer = response.json()
        choice = answer["choices"][0]
        text = choice["message"]["content"] or ""
        return Reply(
            report,
            str(text),
            cut_off=choice.get("finish_reason") == "length",
            model=str(answer.get("model") or ""),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise SynthesisError(
            f"The server's answer isn't one of the OpenAI chat protocol ({type(error).__name__}). Check --url."
        ) from error


def _asked_pause(response: httpx2.Response, pause: float) -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE_S) if asked.isdigit() else pause
