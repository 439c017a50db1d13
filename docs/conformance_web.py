"""The DICOMweb chapter of the conformance statement, from the tables that the services themselves use.

Origin server is who answers, user agent who asks (PS3.18 chapter 3); resources are written as PS3.18 writes them.
"""

from __future__ import annotations

from typing import Final

from conformance_tables import table

from dicom_node import statuses
from dicom_node.reception import OUTCOMES
from dicom_node.web import related, resources, retrieve, search, send, stow, taking, workitems
from dicom_node.web.answers import JSON, XML
from dicom_node.web.handshake import HANDSHAKE_S
from dicom_node.web.server import HEAD_S
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.site import Peer

_UIDS: Final = {
    "StudyInstanceUID": "{study}",
    "SeriesInstanceUID": "{series}",
    "SOPInstanceUID": "{instance}",
}


def dicomweb() -> list[str]:
    """The whole chapter."""
    return [
        "### 3.7 DICOMweb\n",
        "By PS3.18. One origin server, of STOW-RS alone; as user agent the node uses the services of peers that have "
        "`dicomweb`, in the place of the DIMSE services named beside them.\n",
        table(
            ("service", "resource", "origin server", "user agent", "in the place of"),
            [
                ("Studies Service: Store (STOW-RS)", "studies", "yes", "yes", "C-STORE"),
                (
                    "Studies Service: Search (QIDO-RS)",
                    "studies, series, instances",
                    "no",
                    "yes",
                    "C-FIND, C-ECHO",
                ),
                (
                    "Studies Service: Retrieve (WADO-RS)",
                    "studies, series, instances",
                    "no",
                    "yes",
                    "C-MOVE, C-GET",
                ),
                ("Worklist Service (UPS-RS)", "workitems", "no", "yes", "none"),
                ("capabilities, WADO-URI, rendered and thumbnail resources, bulk data", "", "no", "no", ""),
            ],
        ),
        *_origin_server(),
        *_user_agent(),
    ]


def _origin_server() -> list[str]:
    return [
        "#### 3.7.1 STOW-RS as origin server\n",
        table(
            ("", ""),
            [
                ("resources", f"`POST {stow.BASE}/studies`, `POST {stow.BASE}/studies/{{study}}`"),
                ("protocol", "HTTP/1.1, by TLS where `web_certificate` is set; without it on loopback only"),
                ("request media type", f'`multipart/related; type="{related.DICOM}"`, whole files (PS3.10)'),
                ("parts in a request", f"at most {related.MOST_PARTS}"),
                ("content coding", "none; a body with Content-Length, or in chunks"),
                (
                    "response media types",
                    f"`{JSON}` (default), for {_types(stow.JSON_TOO)} too; `{XML}`, for {_types(stow.XML_TOO)} too; the "
                    "first of Accept that can be made, without regard to weights",
                ),
                ("storage level", "2 (Full): instances are kept as they came, nothing is coerced"),
                ("Retrieve URLs of the response", "empty: nothing can be fetched here"),
                ("optional query parameters", "none"),
            ],
        ),
        "SOP classes and transfer syntaxes are those of C-STORE in 3.3: "
        f"{len(taking.CLASSES)} classes, {len(taking.SYNTAXES)} transfer syntaxes; a peer's `classes` restrict them. Each "
        "instance has the verdict that C-STORE would have given it.\n",
        table(("HTTP status", "when"), [(str(code), when) for code, when in sorted(stow.STATUSES.items())]),
        "Failure reasons, (0008,1197) in Failed SOP Sequence (0008,1198), or in Other Failures Sequence (0008,119A) where "
        "no UID could be read:\n",
        table(
            ("reason", "meaning"),
            [
                *((f"{code:04X}H", word.replace("_", " ")) for code, word in OUTCOMES.items() if code),
                *(
                    (f"{code:04X}H", statuses.explain(code).partition(", ")[2])
                    for code in (
                        statuses.OTHER_STUDY,
                        statuses.SOP_CLASS_NOT_SUPPORTED,
                        statuses.SYNTAX_NOT_SUPPORTED,
                    )
                ),
            ],
        ),
        "Limits:\n",
        table(("limit", "value"), _limits()),
        "Who stores is known by one or several of: a bearer token (RFC 6750), a user and password by HTTP Basic (RFC 7617), "
        "a client certificate; as the peer's settings ask. What a peer's settings ask of an association holds for its "
        "requests too.\n",
        table(
            ("setting of a peer", "meaning"),
            [
                (f"`{one}`", Peer.model_fields[one].description or "")
                for one in ("web_token_key", "web_client")
            ],
        ),
    ]


def _limits() -> list[tuple[str, str]]:
    fields = MachineConfig.model_fields
    rows = [
        (fields[one].description or "", f"`{one}`, default {fields[one].default}")
        for one in (
            "web_requests",
            "web_instance_mb",
            "web_request_mb",
            "min_free_mb",
            "network_timeout_s",
            "min_rate_kb_s",
        )
    ]
    return [
        ("Until a TLS handshake is complete.", f"{HANDSHAKE_S:.0f} s"),
        ("Until a request's line and headers are complete.", f"{HEAD_S:.0f} s"),
        *rows,
    ]


def _user_agent() -> list[str]:
    study = {"StudyInstanceUID": "1"}
    series = {**study, "SeriesInstanceUID": "1"}
    found = [_template(resources.search(level, keys)[0], keys) for level, keys in _levels(study, series)]
    fetched = [
        _template(resources.resource(level, keys), keys)
        for level, keys in (
            ("STUDY", study),
            ("SERIES", series),
            ("IMAGE", {**series, "SOPInstanceUID": "1"}),
        )
    ]
    accepted = _types(resources.JSON_TYPES)
    return [
        "#### 3.7.2 As user agent\n",
        "Requests go to the peer's base URL; no redirect is followed, no content coding asked for. Authorization: a bearer "
        "token, where `token_env` or `token_key` names one; by TLS the certificate of `tls_certificate`, where the server "
        "asks for one.\n",
        "**STOW-RS.** Each instance has a request of its own, `POST /studies`, with the bytes that it has: "
        f'`Content-Type: multipart/related; type="{related.DICOM}"`, `Accept: {JSON}`; read are {accepted}.\n',
        table(
            ("HTTP status", "taken as"),
            [
                *((str(code), words) for code, words in send.TAKEN.items()),
                (", ".join(map(str, sorted(send.PASSING))) + ", 500 and above", "not stored; tried again"),
                ("any other", "refused for good"),
            ],
        ),
        "Failure reasons are taken as C-STORE's statuses are (3.4); "
        f"{' and '.join(f'{code:04X}H' for code in sorted(send.KEPT_ALREADY))} say that the instance may be held: it is "
        "asked for.\n",
        f"**QIDO-RS.** `GET` {', '.join(f'`{one}`' for one in found)}; `Accept: {JSON}`; read are {accepted}. Parameters: "
        "attributes by keyword, as in 3.4; `includefield` for those to be returned; `limit` and `offset`, "
        f"{search.PAGE} matches a page, {search.MOST_MATCHES} at most. Not used: `fuzzymatching`, `emptyvaluematching`.\n",
        table(("HTTP status", "taken as"), _taken(search.TAKEN)),
        f"**WADO-RS.** `GET` {', '.join(f'`{one}`' for one in fetched)}; `Accept: {retrieve.ACCEPT}`: the transfer syntax "
        "that the server keeps. Classes other than those of 3.3 count as failed.\n",
        table(("HTTP status", "taken as"), _taken(retrieve.TAKEN)),
        f"**UPS-RS** (IHE AIW-I, pull), for a peer with `workitems`. Media type `{JSON}` in both directions.\n",
        table(
            ("request", "for"),
            [
                (
                    "`GET /workitems?ProcedureStepState={state}&ScheduledWorkitemCodeSequence.CodeValue={code}&"
                    f"ScheduledWorkitemCodeSequence.CodingSchemeDesignator={{scheme}}&limit={workitems.MOST_AT_ONCE}`",
                    f"workitems that are {workitems.SCHEDULED} or {workitems.IN_PROGRESS}",
                ),
                ("`GET /workitems/{workitem}`", "one of them"),
                (
                    "`PUT /workitems/{workitem}/state`",
                    f"claiming it ({workitems.IN_PROGRESS}), ending it ({workitems.COMPLETED}, {workitems.CANCELED})",
                ),
                ("`POST /workitems/{workitem}?{transaction}`", "its progress"),
            ],
        ),
        f"A change that is answered {', '.join(map(str, workitems.REFUSED))} means that somebody else has the workitem, or "
        "that it has ended. No subscriptions, no requests of workitems.\n",
    ]


def _levels(study: dict[str, str], series: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    return [
        ("STUDY", {}),
        ("SERIES", {}),
        ("SERIES", study),
        ("IMAGE", {}),
        ("IMAGE", study),
        ("IMAGE", series),
    ]


def _template(path: str, keys: dict[str, str]) -> str:
    """A path with names in the place of its UIDs."""
    for keyword in keys:
        path = path.replace("/1", f"/{_UIDS[keyword]}", 1)
    return path


def _taken(found: dict[int, str]) -> list[tuple[str, str]]:
    return [
        *((str(code), words) for code, words in found.items()),
        ("any other", "a failure, with a sentence"),
    ]


def _types(kinds: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{one}`" for one in sorted(kinds))
