"""A report as an HL7 v2.5.1 unsolicited observation message, ORU^R01 (HL7 v2.5.1 chapter 7).

Segments are written here, with every text escaped (chapter 2.7); hl7apy then reads the message back and judges its
structure, data types and lengths, so that what doesn't fit is refused and nothing is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Final

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message
from pydicom.dataset import Dataset

from dicom_node.documents.header import offset_from_utc
from dicom_node.documents.narrative import HEADINGS, Narrative
from llmcxr_ws import __version__
from llmcxr_ws.errors import DicomError
from llmcxr_ws.outputs import Hl7Destination
from llmcxr_ws.uids import derived_uid

_ESCAPES: Final = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_PLAIN: Final = {escape: character for character, escape in _ESCAPES.items()}
# Table 0085 for each OBX, table 0123 for the order.
_STATUS: Final = {"draft": "P", "signed": "F", "addendum": "C"}
_DRAFT_NOTE: Final = "AI DRAFT - not reviewed by anybody."
_WITHDRAWN: Final = "This report was withdrawn. Its earlier content is void."
_LONGEST_NAMESPACE: Final = 20
_NAME_GROUPS: Final = ("A", "I", "P")


@dataclass(frozen=True)
class Observation:
    """One OBX: its data type, concept and value, unescaped; `sub` groups the lines of one heading."""

    type: str
    concept: tuple[str, str, str]
    value: str
    sub: str = ""


def build_oru(narrative: Narrative, to: Hl7Destination, *, withdrawn_at: datetime | None = None) -> str:
    """Return the message, its segments ended by CR.

    Parameters
    ----------
    withdrawn_at : datetime, optional
        Take the report back at this time instead: the order's status X, one line with status W, no content of it.

    Raises
    ------
    DicomError
        A value doesn't fit the field that has to hold it.
    """
    at = withdrawn_at or narrative.at
    status = "X" if withdrawn_at else _STATUS[narrative.stage]
    lines = [_msh(narrative, to, at, status), _pid(narrative.patient_and_study), "PV1|1|N"]
    lines += [_obr(narrative, at, status)]
    observations = _withdrawal() if withdrawn_at else list(_observations(narrative))
    lines += [
        _obx(number, one, "W" if withdrawn_at else status, at)
        for number, one in enumerate(observations, start=1)
    ]
    text = "\r".join(lines) + "\r"
    read(text)
    return text


def read(text: str) -> Message:
    """Parse a message and judge it strictly.

    Raises
    ------
    DicomError
        It doesn't conform; the sentence quotes nothing of it.
    """
    try:
        message = parse_message(text, find_groups=True, validation_level=VALIDATION_LEVEL.STRICT)
        message.validate()
    except (HL7apyException, ValueError) as error:
        raise DicomError(
            f"The HL7 message was refused: it doesn't conform to ORU^R01 v2.5.1 ({type(error).__name__}).",
            what_to_do="Look for a name, ID or sentence that is too long.",
        ) from error
    return message


def escape(text: str) -> str:
    """Write a text so that it is one value; a line's end becomes a space, since each OBX is one sentence."""
    return "".join(_ESCAPES.get(character, character) for character in " ".join(text.splitlines()))


def unescape(text: str) -> str:
    """Read a value back as text."""
    return re.sub(r"\\[EFSTR]\\", lambda found: _PLAIN[found[0]], text)


def sent_to(text: str) -> Hl7Destination:
    """Return the parties of a message that was made here, as a destination without an address."""
    parties = text.split("\r", 1)[0].split("|")[2:6]
    names = ("sending_application", "sending_facility", "receiving_application", "receiving_facility")
    return Hl7Destination(name="sent", host="-", port=1, **dict(zip(names, parties, strict=True)))


def control_id_of(message: bytes) -> str:
    """Read MSH-10 of a message that was made here."""
    return message.split(b"\r", 1)[0].split(b"|")[9].decode("ascii")


def control_id(narrative: Narrative, to: Hl7Destination, status: str) -> str:
    """Return MSH-10: the same for the same message, so that a receiver knows a repeated one."""
    written = [part.SOPInstanceUID for part in narrative.parts]
    number = int(derived_uid("oru", to.name, status, narrative.identifier, *written).rpartition(".")[2])
    return f"{number % 10**20:020d}"


def _msh(narrative: Narrative, to: Hl7Destination, at: datetime, status: str) -> str:
    parties = (to.sending_application, to.sending_facility, to.receiving_application, to.receiving_facility)
    return "|".join(
        [
            "MSH|^~\\&",
            *parties,
            _ts(at),
            "",
            "ORU^R01^ORU_R01",
            control_id(narrative, to, status),
            "P",
            "2.5.1",
            *("", "", "AL", "NE", ""),
            "UNICODE UTF-8",
        ]
    )


def _pid(header: Dataset) -> str:
    issuer = escape(str(header.get("IssuerOfPatientID") or ""))
    if len(issuer) > _LONGEST_NAMESPACE:
        issuer = f"&{issuer}&L"  # HD: a local universal ID instead of a namespace
    identifier = f"{escape(str(header.PatientID or ''))}^^^{issuer}".rstrip("^")
    sex = str(header.PatientSex or "").strip()
    fields = ["PID", "1", "", identifier, "", _xpn(str(header.PatientName or "")), ""]
    return "|".join([*fields, str(header.PatientBirthDate or ""), sex])


def _xpn(name: str) -> str:
    """A person name of DICOM (family, given, middle, prefix, suffix; three groups) as repetitions of XPN."""
    groups = []
    for group, code in zip_longest(name.split("=")[:3], _NAME_GROUPS, fillvalue=""):
        parts = [*(escape(part) for part in group.split("^")), "", "", "", "", ""][:5]
        family, given, middle, prefix, suffix = parts
        if any(parts):
            groups.append("^".join([family, given, middle, suffix, prefix, "", "L", code]))
    return "~".join(groups)


def _obr(narrative: Narrative, at: datetime, status: str) -> str:
    header = narrative.patient_and_study
    order = narrative.requests[0] if narrative.requests else Dataset()
    placer = str(order.get("PlacerOrderNumberImagingServiceRequest") or "")
    filler = str(order.get("FillerOrderNumberImagingServiceRequest") or header.AccessionNumber or "")
    fields = [""] * 33
    fields[0], fields[1] = "OBR", "1"
    fields[2] = escape(placer)
    fields[3] = escape(filler) if filler else f"^^{narrative.film.StudyInstanceUID}^ISO"
    procedure = str(order.get("RequestedProcedureDescription") or header.get("StudyDescription") or "")
    fields[4] = f"18748-4^{escape(procedure) or 'Diagnostic imaging study'}^LN"
    fields[7] = _study_time(narrative)
    fields[18] = escape(str(header.AccessionNumber or ""))
    fields[19] = escape(str(order.get("RequestedProcedureID") or ""))
    fields[22], fields[24], fields[25] = _ts(at), "RAD", status
    if narrative.parts[-1].by:
        fields[32] = _interpreter(narrative.parts[-1].by)
    return "|".join(fields).rstrip("|")


def _interpreter(name: str) -> str:
    """OBR-32 (NDL): who verified, as CNN in its first component."""
    parts = [*(escape(part) for part in name.split("=")[0].split("^")), "", "", "", ""][:5]
    family, given, middle, prefix, suffix = parts
    return "&".join(["", family, given, middle, suffix, prefix]).rstrip("&")


def _study_time(narrative: Narrative) -> str:
    header = narrative.patient_and_study
    date, time = str(header.StudyDate or ""), str(header.StudyTime or "").split(".")[0]
    if not re.fullmatch(r"\d{8}", date):
        return ""
    if not re.fullmatch(r"\d{4}|\d{6}", time):
        return date
    return f"{date}{time}{offset(narrative.film, narrative.at)}"


def offset(film: Dataset, at: datetime) -> str:
    """Return the offset from UTC that the study's times are in, such as +0100."""
    return at.astimezone(offset_from_utc(film, at)).strftime("%z")[:5]


def _observations(narrative: Narrative) -> Iterator[Observation]:
    yield Observation("HD", ("113014", "DCM", "DICOM Study"), str(narrative.film.StudyInstanceUID))
    if narrative.is_draft:
        yield Observation("TX", ("55112-7", "LN", "Document summary"), _DRAFT_NOTE)
    passages = (passage for part in narrative.parts for passage in part.passages)
    for place, passage in enumerate(passages, start=1):
        for number, sentence in enumerate(passage.sentences, start=1):
            code, scheme, meaning = HEADINGS[passage.section]
            yield Observation("TX", (code, scheme, meaning), sentence, sub=f"{place}.{number}")


def _withdrawal() -> list[Observation]:
    return [Observation("TX", ("55112-7", "LN", "Document summary"), _WITHDRAWN)]


def _obx(number: int, one: Observation, status: str, at: datetime) -> str:
    code, scheme, meaning = one.concept
    concept = f"{code}^{escape(meaning)}^{scheme}"
    fields = ["OBX", str(number), one.type, concept, one.sub, escape(one.value), *([""] * 5), status]
    return "|".join([*fields, "", "", _ts(at), f"LLMCXR {__version__}"]).rstrip("|")


def _ts(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")[:19]


def sentences_of(message: Message) -> tuple[str, ...]:
    """Read the report's sentences out of a parsed message, in their order."""
    headings = {code for code, _, _ in HEADINGS.values()}
    return tuple(
        unescape(obx.obx_5.value)
        for obx in _obx_segments(message)
        if obx.obx_2.value == "TX" and obx.obx_3.ce_1.value in headings
    )


def _obx_segments(message: Message) -> Iterable[Message]:
    results = message.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION
    return [group.obx for group in results.ORU_R01_OBSERVATION]


def check_oru(text: str, narrative: Narrative, sources: Iterable[Dataset]) -> Iterator[str]:
    """Yield what a message says otherwise than the source instances' headers and the written sentences."""
    message = read(text)
    pid = message.ORU_R01_PATIENT_RESULT.ORU_R01_PATIENT.pid
    obr = message.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr
    issuer = pid.pid_3.cx_4
    said = {
        "PatientID": unescape(pid.pid_3.cx_1.value or ""),
        "IssuerOfPatientID": unescape(issuer.hd_1.to_er7() or issuer.hd_2.to_er7()),
        "PatientBirthDate": pid.pid_7.value or "",
        "PatientSex": pid.pid_8.value or "",
        "AccessionNumber": unescape(obr.obr_18.value or ""),
    }
    name = "~".join(repetition.to_er7() for repetition in pid.pid_5)
    studies = [obx.obx_5.to_er7() for obx in _obx_segments(message) if obx.obx_2.value == "HD"]
    for source in sources:
        if obr.obr_25.value != "X" and studies != [str(source.StudyInstanceUID)]:
            yield "StudyInstanceUID differs between the message and its source instances."
        for keyword, value in said.items():
            if value != str(source.get(keyword) or "").strip(" \0"):
                yield f"{keyword} differs between the message and its source instances."
        if name.rstrip("~") != _xpn(str(source.get("PatientName") or "")):
            yield "PatientName differs between the message and its source instances."
    written = tuple(unescape(escape(sentence)) for sentence in narrative.sentences)  # other line ends are one
    if obr.obr_25.value != "X" and sentences_of(message) != written:
        yield "The message's sentences aren't those that were written."
