"""A report as a FHIR R4 DiagnosticReport that refers to its ImagingStudy (HL7 FHIR R4, diagnosticreport.html).

Patient, order and study are referred to by identifiers: the receiver's own resources stand for them, and none of
them is written. fhir.resources judges the resource (its R4B classes, whose DiagnosticReport is R4's).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final
from urllib.parse import quote

from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from pydantic import ValidationError
from pydicom.dataset import Dataset

from dicom_node.documents.header import offset_from_utc
from dicom_node.documents.narrative import HEADINGS, Narrative, person_in_words
from llmcxr_ws.errors import DicomError

IDENTIFIER_SYSTEM: Final = "urn:ietf:rfc:3986"
DICOM_UID: Final = "urn:dicom:uid"
_STATUS: Final = {"draft": "preliminary", "signed": "final", "addendum": "appended"}
_DRAFT_NOTE: Final = "AI DRAFT - not reviewed by anybody."
_WITHDRAWN: Final = "This report was withdrawn. Its earlier content is void."
_XHTML: Final = "http://www.w3.org/1999/xhtml"


def build_report(narrative: Narrative, *, withdrawn: bool = False) -> bytes:
    """Return the resource as JSON; with `withdrawn` the one that takes the report back, without its content.

    Raises
    ------
    DicomError
        It isn't a valid resource.
    """
    header = narrative.patient_and_study
    resource: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": IDENTIFIER_SYSTEM, "value": _urn(narrative.identifier)}],
        "status": "entered-in-error" if withdrawn else _STATUS[narrative.stage],
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}
        ],
        "code": {
            "coding": [
                {"system": "http://loinc.org", "code": "18748-4", "display": "Diagnostic imaging study"}
            ]
        },
        "subject": _subject(header),
        "issued": narrative.at.isoformat(timespec="seconds"),
        "imagingStudy": [
            {
                "type": "ImagingStudy",
                "identifier": {"system": DICOM_UID, "value": _urn(str(narrative.film.StudyInstanceUID))},
            }
        ],
    }
    if effective := _study_time(narrative):
        resource["effectiveDateTime"] = effective
    if orders := _orders(header):
        resource["basedOn"] = orders
    if narrative.parts[-1].by and not withdrawn:
        resource["resultsInterpreter"] = [
            {"type": "Practitioner", "display": person_in_words(narrative.parts[-1].by)}
        ]
    resource |= _content(narrative, _WITHDRAWN if withdrawn else "")
    text = json.dumps(resource, ensure_ascii=False, sort_keys=True).encode("utf-8")
    read(text)
    return text


def read(text: bytes) -> DiagnosticReport:
    """Parse a resource and judge it.

    Raises
    ------
    DicomError
        It isn't a valid DiagnosticReport; the sentence quotes nothing of it.
    """
    try:
        return DiagnosticReport.model_validate_json(text)
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})
        raise DicomError(
            f"The FHIR resource was refused: {', '.join(places)} isn't valid.",
            what_to_do="Look at the film's header.",
        ) from error


def address(base_url: str, resource: bytes) -> str:
    """Return the URL of a conditional update: the report is found by its identifier, or made."""
    identifier = json.loads(resource)["identifier"][0]
    token = quote(f"{identifier['system']}|{identifier['value']}", safe="")
    return f"{base_url}/DiagnosticReport?identifier={token}"


def plain_text(resource: bytes) -> str:
    """Read the report's plain form: headings and sentences, one a line."""
    return base64.b64decode(json.loads(resource)["presentedForm"][0]["data"]).decode("utf-8")


def check_fhir(text: bytes, narrative: Narrative, sources: Iterable[Dataset]) -> Iterator[str]:
    """Yield what a resource says otherwise than the source instances' headers and the written sentences."""
    read(text)
    resource = json.loads(text)
    subject, orders = resource["subject"], resource.get("basedOn", [])
    said = {
        "PatientID": subject.get("identifier", {}).get("value", ""),
        "AccessionNumber": orders[0]["identifier"]["value"] if orders else "",
    }
    if said["PatientID"]:  # without one there is nothing that was issued
        said["IssuerOfPatientID"] = subject["identifier"].get("assigner", {}).get("display", "")
    for source in sources:
        for keyword, value in said.items():
            if value != str(source.get(keyword) or "").strip(" \0"):
                yield f"{keyword} differs between the resource and its source instances."
        if subject.get("display", "") != person_in_words(str(source.get("PatientName") or "")):
            yield "PatientName differs between the resource and its source instances."
        if resource["imagingStudy"][0]["identifier"]["value"] != _urn(str(source.StudyInstanceUID)):
            yield "StudyInstanceUID differs between the resource and its source instances."
    if resource["status"] != "entered-in-error" and plain_text(text) != "\n".join(_lines(narrative)):
        yield "The resource's sentences aren't those that were written."


def _subject(header: Dataset) -> dict[str, Any]:
    subject: dict[str, Any] = {"type": "Patient"}
    if patient_id := str(header.PatientID or "").strip():
        subject["identifier"] = {"value": patient_id}
        if issuer := str(header.get("IssuerOfPatientID") or "").strip():
            subject["identifier"]["assigner"] = {"display": issuer}
    if name := person_in_words(str(header.PatientName or "")):
        subject["display"] = name
    return subject


def _orders(header: Dataset) -> list[dict[str, Any]]:
    accession = str(header.AccessionNumber or "").strip()
    if not accession:
        return []
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
    return [{"type": "ServiceRequest", "identifier": {"type": kind, "value": accession}}]


def _study_time(narrative: Narrative) -> str:
    header = narrative.patient_and_study
    date, time = str(header.StudyDate or ""), str(header.StudyTime or "").split(".")[0]
    if not re.fullmatch(r"\d{8}", date):
        return ""
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if not re.fullmatch(r"\d{6}", time):
        return day
    zone = narrative.at.astimezone(offset_from_utc(narrative.film, narrative.at)).isoformat()[-6:]
    return f"{day}T{time[:2]}:{time[2:4]}:{time[4:]}{zone}"


def _content(narrative: Narrative, instead: str) -> dict[str, Any]:
    if instead:
        div = f'<div xmlns="{_XHTML}"><p>{escape(instead)}</p></div>'
        return {"text": {"status": "generated", "div": div}, "conclusion": instead}
    html = "".join(f"<p>{escape(line)}</p>" for line in _lines(narrative))
    impression = [
        _one_line(sentence)
        for part in narrative.parts
        for passage in part.passages
        for sentence in passage.sentences
        if passage.section != "findings"
    ]
    data = base64.b64encode("\n".join(_lines(narrative)).encode("utf-8")).decode("ascii")
    return {
        "text": {"status": "generated", "div": f'<div xmlns="{_XHTML}">{html}</div>'},
        # What is concluded; a report without an impression has no other words to stand here.
        "conclusion": " ".join(
            [
                *([_DRAFT_NOTE] if narrative.is_draft else []),
                *(impression or map(_one_line, narrative.sentences)),
            ]
        ),
        "presentedForm": [{"contentType": "text/plain; charset=utf-8", "data": data}],
    }


def _lines(narrative: Narrative) -> list[str]:
    lines = [_DRAFT_NOTE] if narrative.is_draft else []
    for passage in (passage for part in narrative.parts for passage in part.passages):
        lines += [HEADINGS[passage.section][2], *map(_one_line, passage.sentences)]
    return lines


def _one_line(sentence: str) -> str:
    return " ".join(sentence.split())


def _urn(uid: str) -> str:
    return f"urn:oid:{uid}"
