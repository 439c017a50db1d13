"""One audit message as XML (PS3.15 A.5): its parts, its codes (PS3.16 CID 400 to 405), and how they are written.

Knows nothing of this product's events; those are translated in :mod:`.audit_events`. No library builds these messages
for Python; the standard's own XML writer does, and the tests hold what comes out against the schema of A.5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from xml.etree import ElementTree

Code = tuple[str, str, str]
"""Value, coding scheme, meaning."""

APPLICATION_ACTIVITY: Final[Code] = ("110100", "DCM", "Application Activity")
BEGIN_TRANSFERRING: Final[Code] = ("110102", "DCM", "Begin Transferring DICOM Instances")
INSTANCES_ACCESSED: Final[Code] = ("110103", "DCM", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED: Final[Code] = ("110104", "DCM", "DICOM Instances Transferred")
STUDY_DELETED: Final[Code] = ("110105", "DCM", "DICOM Study Deleted")
EXPORT: Final[Code] = ("110106", "DCM", "Export")
NETWORK_ENTRY: Final[Code] = ("110108", "DCM", "Network Entry")
QUERY: Final[Code] = ("110112", "DCM", "Query")
SECURITY_ALERT: Final[Code] = ("110113", "DCM", "Security Alert")
USER_AUTHENTICATION: Final[Code] = ("110114", "DCM", "User Authentication")

APPLICATION_START: Final[Code] = ("110120", "DCM", "Application Start")
APPLICATION_STOP: Final[Code] = ("110121", "DCM", "Application Stop")
LOGIN: Final[Code] = ("110122", "DCM", "Login")
ATTACH: Final[Code] = ("110124", "DCM", "Attach")
DETACH: Final[Code] = ("110125", "DCM", "Detach")
NODE_AUTHENTICATION: Final[Code] = ("110126", "DCM", "Node Authentication")
NETWORK_CONFIGURATION: Final[Code] = ("110128", "DCM", "Network Configuration")
RESTRICTED_FUNCTION: Final[Code] = ("110132", "DCM", "Use of Restricted Function")
USER_SECURITY_CHANGED: Final[Code] = ("110137", "DCM", "User Security Attributes Changed")

APPLICATION: Final[Code] = ("110150", "DCM", "Application")
DESTINATION: Final[Code] = ("110152", "DCM", "Destination Role ID")
SOURCE: Final[Code] = ("110153", "DCM", "Source Role ID")
DESTINATION_MEDIA: Final[Code] = ("110154", "DCM", "Destination Media")
URI: Final[Code] = ("110037", "DCM", "URI")

PATIENT_NUMBER: Final[Code] = ("2", "RFC-3881", "Patient Number")
STUDY_UID: Final[Code] = ("110180", "DCM", "Study Instance UID")
SOP_CLASS_UID: Final[Code] = ("110181", "DCM", "SOP Class UID")
NODE_ID: Final[Code] = ("110182", "DCM", "Node ID")
USER_ID: Final[Code] = ("11", "RFC-3881", "User Identifier")

SUCCESS: Final = "0"
MINOR_FAILURE: Final = "4"
SERIOUS_FAILURE: Final = "8"
_APPLICATION_SERVER: Final = "4"

Action = Literal["C", "R", "U", "D", "E"]


@dataclass(frozen=True)
class Participant:
    """Who took part (A.5.1, ActiveParticipant): a process, a peer or a person."""

    user_id: str
    requestor: bool
    roles: tuple[Code, ...] = ()
    alternative_id: str = ""
    name: str = ""
    address: str = ""
    address_type: Literal["1", "2"] = "1"  # machine name, IP address
    media: Code | None = None


@dataclass(frozen=True)
class Object:
    """What took part (ParticipantObjectIdentification): a patient, a study, a query, a node."""

    id: str
    id_type: Code
    type: Literal["1", "2", "3", "4"]
    role: str
    name: str = ""
    query: str = ""  # base64; goes before the name
    details: tuple[tuple[str, str], ...] = ()  # type and base64 value
    accession: str = ""
    sop_classes: tuple[tuple[str, int], ...] = ()
    life_cycle: str = ""


@dataclass(frozen=True)
class Message:
    """A whole message; `at` bears an offset from UTC."""

    event: Code
    action: Action
    at: datetime
    participants: Sequence[Participant]
    outcome: str = SUCCESS
    outcome_words: str = ""
    types: tuple[Code, ...] = ()
    objects: Sequence[Object] = field(default_factory=tuple)
    source: str = ""
    site: str = ""


def as_xml(message: Message) -> bytes:
    """The message in UTF-8, in one line."""
    root = ElementTree.Element("AuditMessage")
    event = ElementTree.SubElement(
        root,
        "EventIdentification",
        EventActionCode=message.action,
        EventDateTime=message.at.isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=message.outcome,
    )
    _code(event, "EventID", message.event)
    for kind in message.types:
        _code(event, "EventTypeCode", kind)
    if message.outcome_words:
        ElementTree.SubElement(event, "EventOutcomeDescription").text = _clean(message.outcome_words)
    for participant in message.participants:
        _participant(root, participant)
    source = ElementTree.SubElement(root, "AuditSourceIdentification")
    if message.site:
        source.set("AuditEnterpriseSiteID", _clean(message.site))
    source.set("AuditSourceID", _clean(message.source))
    ElementTree.SubElement(source, "AuditSourceTypeCode", {"csd-code": _APPLICATION_SERVER})
    for thing in message.objects:
        _object(root, thing)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def _code(parent: ElementTree.Element, name: str, code: Code) -> None:
    value, scheme, meaning = code
    ElementTree.SubElement(
        parent, name, {"csd-code": value, "codeSystemName": scheme, "originalText": meaning}
    )


def _participant(root: ElementTree.Element, one: Participant) -> None:
    element = ElementTree.SubElement(root, "ActiveParticipant", UserID=_clean(one.user_id))
    if one.alternative_id:
        element.set("AlternativeUserID", _clean(one.alternative_id))
    if one.name:
        element.set("UserName", _clean(one.name))
    element.set("UserIsRequestor", "true" if one.requestor else "false")
    if one.address:
        element.set("NetworkAccessPointID", _clean(one.address))
        element.set("NetworkAccessPointTypeCode", one.address_type)
    for role in one.roles:
        _code(element, "RoleIDCode", role)
    if one.media is not None:
        _code(ElementTree.SubElement(element, "MediaIdentifier"), "MediaType", one.media)


def _object(root: ElementTree.Element, one: Object) -> None:
    element = ElementTree.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_clean(one.id),
        ParticipantObjectTypeCode=one.type,
        ParticipantObjectTypeCodeRole=one.role,
    )
    if one.life_cycle:
        element.set("ParticipantObjectDataLifeCycle", one.life_cycle)
    _code(element, "ParticipantObjectIDTypeCode", one.id_type)
    if one.query:
        ElementTree.SubElement(element, "ParticipantObjectQuery").text = one.query
    else:
        ElementTree.SubElement(element, "ParticipantObjectName").text = _clean(one.name)
    for kind, value in one.details:
        ElementTree.SubElement(element, "ParticipantObjectDetail", type=kind, value=value)
    if one.accession or one.sop_classes:
        described = ElementTree.SubElement(element, "ParticipantObjectDescription")
        if one.accession:
            ElementTree.SubElement(described, "Accession", Number=_clean(one.accession))
        for uid, count in one.sop_classes:
            ElementTree.SubElement(described, "SOPClass", UID=uid, NumberOfInstances=str(count))


def _clean(text: str) -> str:
    """Without what XML 1.0 can't hold, and in one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
