"""PUT one FHIR resource as a conditional update (HL7 FHIR R4, http.html, 3.1.0.4.3).

Python's own urllib does: one request, no redirect followed, no proxy of the environment asked.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final

from dicom_node.messages.fhir import address
from dicom_node.messages.mllp import Answer
from dicom_node.tokens import token
from llmcxr_ws.outputs import FhirDestination

# Another try may end otherwise: a token that is renewed, a lock, too many requests. 412: several reports match.
_PASSING: Final = frozenset({401, 403, 408, 409, 423, 425, 429})


def put(to: FhirDestination, resource: bytes, home: Path, *, silence_s: float) -> Answer:
    """Send a resource; never raises for what the network or the server does.

    Raises
    ------
    ConfigError
        The token can't be had.
    """
    where = f"FHIR destination {to.name}"
    request = urllib.request.Request(address(to.base_url, resource), data=resource, method="PUT")
    request.add_header("Content-Type", "application/fhir+json; charset=utf-8")
    request.add_header("Accept", "application/fhir+json")
    request.add_header("Prefer", "return=minimal")
    if bearer := token(to, home):
        request.add_unredirected_header("Authorization", f"Bearer {bearer}")
    try:
        with open_url(request, silence_s) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        error.close()
        status = error.code
    except urllib.error.URLError as error:
        reason = error.reason.strerror if isinstance(error.reason, OSError) else ""
        return Answer(False, retry=True, sentence=f"{where} can't be reached: {reason or 'no answer'}.")
    except (OSError, HTTPException):
        return Answer(False, retry=True, unknown=True, sentence=f"{where} didn't answer.")
    if status in (200, 201):
        return Answer(True)
    retry = status >= 500 or status in _PASSING
    return Answer(False, retry=retry, sentence=f"{where} answered {status}.")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like another: neither a report nor a token follows it."""

    def redirect_request(self, *_: object) -> None:
        return None


def open_url(request: urllib.request.Request, silence_s: float) -> HTTPResponse:
    """Open a request as this product does: no redirect followed, no proxy of the environment asked.

    Raises
    ------
    urllib.error.HTTPError, urllib.error.URLError, OSError, HTTPException
        As urllib; an answer of 300 and above is an HTTPError.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    answer: HTTPResponse = opener.open(request, timeout=silence_s)
    return answer
