"""Try a destination beyond DICOM without sending it a report: is somebody there, and what do they say they take.

HL7: a TCP connection that is opened and closed again. Receivers differ in what they make of an empty or unknown
message (HL7 v2.5.1 chapter 2.9), so none is sent; whether a report is taken, only a report can tell.
FHIR: the CapabilityStatement at ``[base]/metadata`` (HL7 FHIR R4, http.html, 3.1.0.10).
"""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final

from dicom_node.messages.rest import open_url
from dicom_node.tokens import token
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import FhirDestination, Hl7Destination

_LISTEN_S: Final = 0.5
_MOST_BYTES: Final = 8_000_000
_MOST_LETTERS: Final = 64
_OUR_VERSIONS: Final = ("4.0", "4.3")  # a DiagnosticReport is the same in R4 and R4B
RESOURCES: Final = ("DiagnosticReport", "ImagingStudy")


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One type of resource: whether the server lists it, and what may be done with it in its own words.

    `conditional_update` is None where it doesn't say.
    """

    name: str
    listed: bool
    interactions: tuple[str, ...] = ()
    conditional_update: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a try found out: whether somebody answered, and whether nothing speaks against sending there."""

    reached: bool
    fits: bool
    sentence: str
    what_to_do: str = ""
    resources: tuple[Resource, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


def try_hl7(to: Hl7Destination, *, connect_s: float) -> Tried:
    """Open a connection, listen for a moment, and close it; no message is sent."""
    where = f"HL7 destination {to.name} at {to.host}:{to.port}"
    started = time.monotonic()
    try:
        connection = socket.create_connection((to.host, to.port), timeout=connect_s)
    except OSError as error:
        return Tried(
            reached=False,
            fits=False,
            sentence=f"{where} can't be reached: {error.strerror or 'no answer'}.",
            what_to_do="Check host, port and firewall.",
        )
    with connection:
        seconds = time.monotonic() - started
        said = _first_bytes(connection)
    if said is None:
        return Tried(
            reached=True,
            fits=True,
            sentence=f"{where} takes connections ({seconds * 1000:.0f} ms). No message was sent.",
            what_to_do="Whether it takes reports, the first one shows.",
        )
    how = "speaks first, as no MLLP receiver does" if said else "takes the connection and closes it at once"
    return Tried(
        reached=True,
        fits=False,
        sentence=f"{where} {how}. No message was sent.",
        what_to_do="Check the port."
        if said
        else "Ask its administrator whether this machine is allowed there.",
    )


def _first_bytes(connection: socket.socket) -> bytes | None:
    """What the other side says unasked; None for silence, nothing where it hangs up."""
    connection.settimeout(_LISTEN_S)
    try:
        return connection.recv(1)
    except TimeoutError:
        return None
    except OSError:
        return b""


def try_fhir(to: FhirDestination, home: Path, *, silence_s: float, with_token: bool) -> Tried:
    """Read the server's CapabilityStatement; nothing is written there.

    Parameters
    ----------
    with_token : bool
        Whether its token goes along; not to a destination that nobody has put in force.
    """
    where = f"FHIR destination {to.name}"
    request = urllib.request.Request(f"{to.base_url}/metadata", method="GET")
    request.add_header("Accept", "application/fhir+json")
    if with_token:
        try:
            bearer = token(to, home)
        except ConfigError as error:
            return Tried(reached=False, fits=False, sentence=error.message, what_to_do=error.what_to_do)
        if bearer:
            request.add_unredirected_header("Authorization", f"Bearer {bearer}")
    started = time.monotonic()
    try:
        status, body = _get(request, silence_s)
    except urllib.error.URLError as error:
        reason = error.reason.strerror if isinstance(error.reason, OSError) else ""
        return Tried(
            reached=False,
            fits=False,
            sentence=f"{where} can't be reached: {reason or 'no answer'}.",
            what_to_do="Check its URL, its certificate and the firewall.",
        )
    except (OSError, HTTPException):
        return Tried(reached=False, fits=False, sentence=f"{where} didn't answer.", what_to_do="Try later.")
    if status != 200:
        return _refused(to, where, status, with_token=with_token)
    return _judge(where, body, time.monotonic() - started)


def _get(request: urllib.request.Request, silence_s: float) -> tuple[int, bytes]:
    deadline = time.monotonic() + silence_s
    try:
        with open_url(request, silence_s) as answer:
            return answer.status, _read(answer, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, b""


def _read(answer: HTTPResponse, deadline: float) -> bytes:
    data = b""
    while chunk := answer.read1(65536):
        data += chunk
        if len(data) > _MOST_BYTES or time.monotonic() > deadline:
            raise TimeoutError
    return data


def _refused(to: FhirDestination, where: str, status: int, *, with_token: bool) -> Tried:
    """Any other answer than the statement."""
    what_to_do = "Check the base URL."
    if status in (401, 403):
        has_token = bool(to.token_env or to.token_key)
        what_to_do = "Ask its administrator for a token."
        if has_token:
            what_to_do = (
                "Check the token."
                if with_token
                else "Its token is sent only once the destination is in force as it stands here."
            )
    elif 300 <= status < 400:
        what_to_do = "It sends elsewhere, which isn't followed. Enter the address that it means."
    return Tried(
        reached=True, fits=False, sentence=f"{where} answered {status} to metadata.", what_to_do=what_to_do
    )


def _judge(where: str, body: bytes, seconds: float) -> Tried:
    try:
        statement = json.loads(body)
    except ValueError:
        statement = None
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        return Tried(
            reached=True,
            fits=False,
            sentence=f"{where} answered with something else than a CapabilityStatement.",
            what_to_do="Check the base URL.",
        )
    version = _plain(statement.get("fhirVersion"))
    resources = tuple(_resource(statement, name) for name in RESOURCES)
    objections = list(_objections(version, resources[0]))
    software = _software(statement)
    return Tried(
        reached=True,
        fits=not objections,
        sentence=f"{where} answered in {seconds * 1000:.0f} ms: FHIR {version or 'of no version'}"
        f"{f', {software}' if software else ''}.",
        what_to_do=" ".join(objections),
        resources=resources,
    )


def _objections(version: str, report: Resource) -> Iterator[str]:
    if not version.startswith(_OUR_VERSIONS):
        yield "Reports are sent as FHIR R4; ask for a base URL of R4."
    if not report.listed:
        yield "It doesn't list DiagnosticReport, as which reports are sent."
    elif "update" not in report.interactions or report.conditional_update is False:
        yield "Reports are sent by conditional update of DiagnosticReport, which it doesn't list."


def _resource(statement: dict[str, Any], name: str) -> Resource:
    """What the statement's server side says of a type; whatever isn't as R4 has it counts as not said."""
    for rest in _dicts(statement.get("rest")):
        for one in _dicts(rest.get("resource")):
            if rest.get("mode", "server") == "server" and one.get("type") == name:
                done = [_plain(entry.get("code")) for entry in _dicts(one.get("interaction"))]
                said = one.get("conditionalUpdate")
                done += ["conditional update"] if said is True else []
                return Resource(
                    name=name,
                    listed=True,
                    interactions=tuple(word for word in done if word),
                    conditional_update=said if isinstance(said, bool) else None,
                )
    return Resource(name=name, listed=False)


def _software(statement: dict[str, Any]) -> str:
    found = statement.get("software")
    if not isinstance(found, dict):
        return ""
    return " ".join(part for part in (_plain(found.get("name")), _plain(found.get("version"))) if part)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _plain(value: Any) -> str:
    """A short word of the server's; nothing for anything else."""
    text = value if isinstance(value, str) else ""
    return "".join(letter for letter in text if letter.isprintable())[:_MOST_LETTERS].strip()
