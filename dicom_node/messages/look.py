"""Try a destination of messages without sending it one: does it answer, and does it take what would be sent.

MLLP has no question that a receiver must answer, so of an HL7 destination only its connection is tried. A FHIR server
is asked for its CapabilityStatement (HL7 FHIR R4, capabilitystatement.html), which needs no patient.
"""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from dicom_node.messages.rest import open_url, token
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import FhirDestination, Hl7Destination

_MOST_BYTES: Final = 20_000_000
_R4: Final = "4.0"


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look found: whether something answers there, whether it fits what is sent, and that in words.

    `software` is what the receiver calls itself.
    """

    reached: bool
    fit: bool
    sentence: str
    what_to_do: str = ""
    seconds: float = 0.0
    software: str = ""


def look_at(to: Hl7Destination | FhirDestination, home: Path, *, silence_s: float) -> Look:
    """Try a destination; never raises for what the network or the other side does.

    Parameters
    ----------
    home : Path
        Holds the token's file, where the destination names one.
    silence_s : float
        How long is waited for a connection, and for each part of an answer.
    """
    if isinstance(to, Hl7Destination):
        return _look_at_hl7(to, silence_s)
    try:
        bearer = token(to, home)
    except ConfigError as error:
        return Look(reached=False, fit=False, sentence=error.message, what_to_do=error.what_to_do)
    return _look_at_fhir(to, bearer, silence_s)


def _look_at_hl7(to: Hl7Destination, silence_s: float) -> Look:
    started = time.monotonic()
    where = f"HL7 destination {to.name} at {to.host}:{to.port}"
    try:
        socket.create_connection((to.host, to.port), timeout=silence_s).close()
    except OSError as error:
        return _silent(f"{where} can't be reached: {error.strerror or 'no answer'}.")
    return Look(
        reached=True,
        fit=True,
        seconds=round(time.monotonic() - started, 4),
        sentence=f"{where} accepts connections; whether it takes messages, only a message can tell.",
    )


def _look_at_fhir(to: FhirDestination, bearer: str, silence_s: float) -> Look:
    where = f"FHIR destination {to.name}"
    request = urllib.request.Request(f"{to.base_url}/metadata")
    request.add_header("Accept", "application/fhir+json")
    if bearer:
        request.add_unredirected_header("Authorization", f"Bearer {bearer}")
    started = time.monotonic()
    try:
        with open_url(request, silence_s) as answer:
            text = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        told = f"{where} answered {error.code} to the question for its capabilities."
        return Look(reached=True, fit=False, sentence=told, what_to_do="Check base_url and the token.")
    except urllib.error.URLError as error:
        reason = error.reason.strerror if isinstance(error.reason, OSError) else ""
        return _silent(f"{where} can't be reached: {reason or 'no answer'}.")
    except (OSError, HTTPException):
        return _silent(f"{where} didn't answer.")
    return _judge(where, text, round(time.monotonic() - started, 4))


def _silent(sentence: str) -> Look:
    what_to_do = "Check the address, the network, and whether it runs."
    return Look(reached=False, fit=False, sentence=sentence, what_to_do=what_to_do)


def _judge(where: str, text: bytes, seconds: float) -> Look:
    """Read a CapabilityStatement; servers differ in the rest of it, so only what matters here is looked at."""
    try:
        said: dict[str, Any] = json.loads(text)
        if said["resourceType"] != "CapabilityStatement":
            raise KeyError
        version = str(said.get("fhirVersion", ""))
        takes = [part for rest in said.get("rest", []) for part in rest.get("resource", [])]
        report = next((one for one in takes if one.get("type") == "DiagnosticReport"), None)
        software = " ".join(str(said.get("software", {}).get(key, "")) for key in ("name", "version")).strip()
        can = {str(one.get("code")) for one in (report or {}).get("interaction", [])}
        conditional = (report or {}).get("conditionalUpdate")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Look(
            reached=True,
            fit=False,
            seconds=seconds,
            sentence=f"{where} answered with something else than a CapabilityStatement.",
            what_to_do="Check base_url: it is the address before /metadata.",
        )
    lacks = []
    if not version.startswith(_R4):
        lacks.append(f"it speaks FHIR {version or 'of no version'}, not R4")
    if report is None or "update" not in can:
        lacks.append("it doesn't say that it takes updates of DiagnosticReport")
    elif conditional is False:
        lacks.append("it says that it takes no conditional updates of DiagnosticReport")
    told = f"{where} can't take reports: {'; '.join(lacks)}." if lacks else f"{where} takes reports."
    if not lacks and conditional is None:
        told += " Whether by conditional update, it doesn't say."
    return Look(
        reached=True,
        fit=not lacks,
        seconds=seconds,
        sentence=told,
        what_to_do="Ask the server's administrator, or take its outputs out." if lacks else "",
        software=software,
    )
