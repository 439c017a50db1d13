"""What in a header identifies somebody: names, numbers, dates, places, UIDs.

Collected from whole data sets, sequences, private elements and report trees included, before anything is changed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from dicom_node.deidentify.table import basic, words
from llmcxr_ws.errors import DicomError

_NUMBERS: Final = frozenset(
    words(
        """
PatientID OtherPatientIDs IssuerOfPatientID AccessionNumber StudyID AdmissionID MilitaryRank
InsurancePlanIdentification ServiceEpisodeID RequestedProcedureID ScheduledProcedureStepID
PerformedProcedureStepID MedicalRecordLocator PlacerOrderNumberImagingServiceRequest
FillerOrderNumberImagingServiceRequest PatientTelephoneNumbers PatientTelecomInformation
OrderCallbackPhoneNumber ReferringPhysicianTelephoneNumbers PersonTelephoneNumbers RequestAttributesSequence
LocalNamespaceEntityID UniversalEntityID
"""
    )
)
_DEVICES: Final = frozenset(
    {"DeviceSerialNumber", "StationName", "DetectorID", "PlateID", "CassetteID", "GantryID"}
)
_PLACES: Final = frozenset(
    words(
        """
InstitutionName InstitutionAddress InstitutionalDepartmentName PatientAddress ReferringPhysicianAddress
PersonAddress CountryOfResidence RegionOfResidence VerifyingOrganization PatientInstitutionResidence
CurrentPatientLocation RequestingService IssuerOfAdmissionID
"""
    )
)
_INSTITUTIONS: Final = frozenset({"InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName"})

# Concepts of report trees whose text names somebody or something (DCM, PS3.16 TID 1001 to 1010).
SAID_NAMES: Final = frozenset({"128774"})
SAID_NUMBERS: Final = frozenset({"121030", "121022", "121020", "121021", "121025", "121026", "121016"})
SAID_PLACES: Final = frozenset({"121009"})

_NOT_A_NAME: Final = frozenset(
    words(
        """
dr med prof professor doctor herr frau mr mrs ms miss sir md phd rad msc dipl von van der den de la le du
"""
    )
)
_GENERIC: Final = frozenset(
    words(
        """
hospital clinic clinics klinik kliniken klinikum krankenhaus university universität universitätsklinikum medical
center centre zentrum institut institute department abteilung radiology radiologie praxis saint sankt general
street straße strasse north south west east central imaging diagnostic diagnostische gemeinschaftspraxis health
healthcare
"""
    )
)
_SHORTEST_NUMBER: Final = 4
_SHORTEST_WORD: Final = 5


@dataclass
class Identifiers:
    """What identified the patient, physicians, order and place in some headers."""

    names: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    birth: set[date] = field(default_factory=set)
    uids: set[str] = field(default_factory=set)


def collect(sources: Iterable[Dataset], options: frozenset[str] = frozenset()) -> Identifiers:
    """What identifies somebody in these data sets, but for what the options retain."""
    found = Identifiers()
    for source in sources:
        for element, item in walk(source):
            _collect_element(found, element, item, options)
    found.dates |= found.birth
    return found


def walk(ds: Dataset) -> Iterator[tuple[DataElement, Dataset]]:
    """Every element with the item that it stands in, sequences first themselves, then what is in them.

    Raises
    ------
    DicomError
        An element can't be read; the value isn't quoted.
    """
    for tag in sorted(ds.keys()):
        try:
            element = ds[tag]
        except Exception as error:
            # Outside data break pydicom's decoding with any exception; what can't be read can't be judged.
            raise DicomError(
                f"The element {Tag(tag)} can't be read, so it can't be de-identified.",
                what_to_do="Have the sender correct it.",
            ) from error
        yield element, ds
        if element.VR == "SQ":
            for item in element.value or ():
                yield from walk(item)


def texts(element: DataElement) -> list[str]:
    """The values of an element as texts; none of bytes."""
    value = element.value
    if value is None or isinstance(value, bytes) or element.VR == "SQ":
        return []
    many = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [str(one) for one in many if one is not None]


def said(item: Dataset) -> str:
    """The code of the concept that an item of a report tree is about; only of the scheme DCM."""
    concepts = item.get("ConceptNameCodeSequence") or ()
    return next(
        (str(one.get("CodeValue", "")) for one in concepts if one.get("CodingSchemeDesignator") == "DCM"), ""
    )


def letters(text: str) -> Iterator[tuple[int, int]]:
    """Where words begin and end: runs of letters with their accents, whatever stands between them."""
    start = None
    for at, sign in enumerate(text):
        if unicodedata.category(sign)[0] in "LM":
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, len(text)


def name_parts(name: str) -> set[str]:
    """The words of a name that may stand alone in a text: two letters and more, no titles."""
    words = [name[start:end] for start, end in letters(name)]
    return {word for word in words if len(word) >= 2 and word.casefold() not in _NOT_A_NAME}


def plain_number(number: str) -> set[str]:
    """A number as it may be written elsewhere: as it is, without leading zeros, without signs between digits."""
    text = number.strip()
    bare = re.sub(r"[\s./_-]", "", text)
    forms = {text, bare, text.lstrip("0"), bare.lstrip("0"), re.sub(r"\D", "", text).lstrip("0")}
    return {form for form in forms if _is_telling(form)}


def read_date(text: str) -> date | None:
    """The day of a DA or DT value (PS3.5 6.2), if it is one."""
    match = re.match(r"^(\d{4})\.?(\d{2})\.?(\d{2})", text.strip())
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def is_protected_uid(element: DataElement) -> bool:
    """Whether an element's UIDs name this patient's objects: not classes, syntaxes, coding schemes."""
    if element.tag.group == 0x0002 and element.keyword != "MediaStorageSOPInstanceUID":
        return False
    keyword = element.keyword
    if keyword.endswith(("ClassUID", "TransferSyntaxUID")) or keyword in _KEPT_UIDS:
        return False
    return not element.tag.is_private or element.VR == "UI"


_KEPT_UIDS: Final = frozenset(
    words(
        """
CodingSchemeUID ContextUID MappingResourceUID ContextGroupExtensionCreatorUID LongCodeValue
TemplateExtensionCreatorUID ImplementationClassUID InstanceCreatorUID
"""
    )
)


def is_well_known(uid: str) -> bool:
    """Whether a UID is one of the standard's own."""
    return uid.startswith("1.2.840.10008.")


def _is_telling(form: str) -> bool:
    if form.isalpha() or len(set(form)) == 1:
        return len(form) >= _SHORTEST_WORD
    return len(form) >= _SHORTEST_NUMBER


def _collect_element(
    found: Identifiers, element: DataElement, item: Dataset, options: frozenset[str]
) -> None:
    keyword, values = element.keyword, texts(element)
    if element.VR == "PN":
        for value in values:
            found.names |= name_parts(value)
    elif element.VR == "UI":
        of_device = element.keyword == "DeviceUID" or said(item) == "121012"
        if of_device and "retain_device_identity" in options:
            return
        if is_protected_uid(element) and "retain_uids" not in options:
            found.uids |= {value for value in values if value and not is_well_known(value)}
    elif element.VR in ("DA", "DT"):
        days = {day for value in values if (day := read_date(value))}
        if keyword in ("PatientBirthDate", "PatientBirthDateInAlternativeCalendar"):
            found.birth |= days
        elif int(element.tag) in basic() and "retain_full_dates" not in options:
            found.dates |= days
    elif keyword in _NUMBERS or (keyword in _DEVICES and "retain_device_identity" not in options):
        _add_numbers(found, values)
    elif keyword in _PLACES:
        if not (keyword in _INSTITUTIONS and "retain_institution_identity" in options):
            _add_places(found, values)
    elif keyword in ("TextValue", "UnformattedTextValue"):
        _collect_said(found, said(item), values, options)


def _collect_said(found: Identifiers, concept: str, values: list[str], options: frozenset[str]) -> None:
    if concept in SAID_NAMES:
        found.names |= {part for value in values for part in name_parts(value)}
    elif concept in SAID_NUMBERS and not (concept == "121016" and "retain_device_identity" in options):
        _add_numbers(found, values)
    elif concept in SAID_PLACES and "retain_institution_identity" not in options:
        _add_places(found, values)


def _add_numbers(found: Identifiers, values: list[str]) -> None:
    for value in values:
        found.numbers |= plain_number(value)


def _add_places(found: Identifiers, values: list[str]) -> None:
    for value in values:
        whole = " ".join(value.split())
        if len(whole) >= _SHORTEST_NUMBER and whole.casefold() not in _GENERIC:
            found.places.add(whole)
        words = re.findall(r"[^\W\d_]+", whole)
        found.places |= {
            word for word in words if len(word) >= _SHORTEST_WORD and word.casefold() not in _GENERIC
        }
