"""Make the de-identified copy of an object (PS3.15 E.1.1).

Every level of every sequence is gone through with table E.1-1. What the table doesn't name is kept, but for what may
speak of people wherever it stands: names, dates, UIDs of objects, private and unknown elements, and texts, which are
cleaned. The same object gives the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

import pydicom
from pydicom.datadict import dictionary_has_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from dicom_node.deidentify import pixels
from dicom_node.deidentify.identifiers import (
    SAID_NAMES,
    SAID_NUMBERS,
    SAID_PLACES,
    Identifiers,
    collect,
    is_protected_uid,
    is_well_known,
    read_date,
    said,
    texts,
)
from dicom_node.deidentify.known_codes import is_known_code
from dicom_node.deidentify.private import safe_private
from dicom_node.deidentify.profile import Profile
from dicom_node.deidentify.subject import OLDEST, clean_subject
from dicom_node.deidentify.table import EDITION, Action, actions, of_repeating, words
from dicom_node.deidentify.text import TextCleaner
from dicom_node.documents.values import put
from llmcxr_ws.deidentification import BASIC, OPTIONS
from llmcxr_ws.errors import DicomError
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_TEXT: Final = frozenset({"SH", "LO", "ST", "LT", "UT", "UC"})
_LONGEST: Final = {"SH": 16, "LO": 64, "ST": 1024, "LT": 10240}
_DUMMY: Final[dict[str, Any]] = {
    "AE": "ANONYMIZED",
    "AS": "000Y",
    "CS": "ANONYMIZED",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "IS": "0",
    "PN": "Anonymized",
    "TM": "000000",
    "UR": "http://anonymized.invalid",
    **dict.fromkeys(("SH", "LO", "ST", "LT", "UT", "UC"), "ANONYMIZED"),
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"), 0),
}
# A code's own parts: what names the concept isn't a text about somebody.
_OF_CODES: Final = frozenset(
    words(
        """
CodeValue LongCodeValue URNCodeValue CodingSchemeDesignator CodingSchemeVersion MappingResource
ContextIdentifier MappingResourceName CodingSchemeName CodingSchemeResponsibleOrganization CodingSchemeRegistry
CodingSchemeExternalID TemplateIdentifier CodingSchemeURL
"""
    )
)
METHOD: Final = f"LLM-CXR Workstation, PS3.15 {EDITION} Basic Profile"


def deidentify(ds: Dataset, profile: Profile, context: Iterable[Dataset] = ()) -> Dataset:
    """Return a de-identified copy; the data set itself isn't changed.

    Parameters
    ----------
    context : iterable of Dataset
        Further headers of the study: what identifies somebody in one of them is taken out of this one's texts.

    Raises
    ------
    DicomError
        It can't be de-identified under this profile, with the reason; no value is quoted.
    """
    pixels.check(ds)
    found = collect([ds, *context], profile.options)
    return _Copier(ds, profile, found).copy()


def written(ds: Dataset) -> bytes:
    """The bytes of a de-identified file (PS3.10)."""
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


class _Copier:
    def __init__(self, source: Dataset, profile: Profile, found: Identifiers) -> None:
        self.source = source
        self.profile = profile
        self.table = actions(profile.options, profile.dates)
        self.cleaner = TextCleaner(found, profile.dates, lambda day: profile.shifted(source, day))

    def copy(self) -> Dataset:
        if "ContentSequence" in self.source and "clean_structured_content" not in self.profile.options:
            raise DicomError(
                "A structured report was refused: the basic profile leaves nothing of its content.",
                what_to_do="Give the peer the option clean_structured_content.",
            )
        if "EncapsulatedDocument" in self.source:
            raise DicomError(
                "An encapsulated document was refused: what it shows can't be cleaned.",
                what_to_do="Send the structured report instead.",
            )
        copy = self.item(self.source, dummy=False)
        if "PixelData" in copy:
            copy["PixelData"].value = pixels.shown_bits(self.source)
        pseudonym = self.profile.pseudonym(self.source)
        put(copy, "PatientID", "LO", pseudonym)
        put(copy, "PatientName", "PN", pseudonym)
        self._mark(copy)
        self._cap_age(copy)
        copy.file_meta = self._meta(copy)
        return copy

    def item(self, source: Dataset, *, dummy: bool) -> Dataset:
        """A copy of a data set or item; `dummy` where a sequence is to be replaced by one that says nothing."""
        copy = Dataset()
        for tag in sorted(source.keys()):
            if tag.is_private or tag.group == 0x0002:
                continue
            element = source[tag]
            action = self._action(element, dummy=dummy)
            if action is not Action.REMOVE:
                self._apply(action, element, source, copy)
        if "ConceptNameCodeSequence" in source:
            clean_subject(source, copy, retained="retain_patient_characteristics" in self.profile.options)
        if "retain_safe_private" in self.profile.options:
            for element in safe_private(source):
                put(copy, element.tag, element.VR, self._cleaned(element))
        return copy

    def _action(self, element: DataElement, *, dummy: bool) -> Action:
        tag, VR = int(element.tag), element.VR
        if of_repeating(tag) or not dictionary_has_tag(tag) or VR == "UN" or tag == 0xFFFCFFFC:
            return Action.REMOVE
        if tag >> 16 & 0xFF00 in (0x5000, 0x6000) and tag >> 16 != 0x5FFF:
            return Action.REMOVE  # a curve or an overlay without its data is none
        if element.keyword in _NEVER_GONE and self.table.get(tag) is Action.REMOVE:
            return Action.DUMMY
        if tag in self.table:
            return self.table[tag]
        if tag >> 16 == 0x0004 or element.keyword in _NEVER_LEAVES:
            return Action.REMOVE
        if VR == "PN":
            return Action.DUMMY
        if VR == "UR" and element.keyword not in _OF_CODES:
            return Action.REMOVE  # an address leads to whose it is
        if VR in ("DA", "DT", "TM"):
            return {"REMOVED": Action.EMPTY, "MODIFIED": Action.SHIFT, "UNMODIFIED": Action.KEEP}[
                self.profile.dates
            ]
        if VR == "UI" and is_protected_uid(element) and "retain_uids" not in self.profile.options:
            return Action.UID
        if VR in _TEXT and element.keyword not in _OF_CODES:
            return Action.DUMMY if dummy else Action.CLEAN
        return Action.KEEP

    def _apply(self, action: Action, element: DataElement, item: Dataset, copy: Dataset) -> None:
        VR = element.VR
        if VR == "SQ":
            empty = action is Action.EMPTY or (action is Action.DUMMY and element.keyword in _EMPTIED)
            items = () if empty else (element.value or ())
            put(copy, element.tag, VR, [self.item(one, dummy=action is Action.DUMMY) for one in items])
        elif action is Action.EMPTY or element.is_empty:
            put(copy, element.tag, VR, b"" if VR in ("OB", "OW", "UN") else "")
        elif action is Action.DUMMY:
            put(copy, element.tag, VR, b"\0\0" if VR in ("OB", "OW", "OF") else self._dummy(element))
        elif action is Action.UID:
            if said(item) == "121012" and "retain_device_identity" in self.profile.options:
                put(copy, element.tag, VR, _plain(element))  # Device Observer UID
                return
            uids = [one if is_well_known(one) else self.profile.uid(one) for one in texts(element)]
            put(copy, element.tag, VR, uids if len(uids) > 1 else uids[0])
        elif action is Action.SHIFT:
            put(copy, element.tag, VR, self._shifted(element))
        elif action is Action.CLEAN or VR in _TEXT:
            put(copy, element.tag, VR, self._said(element, item))
        else:
            put(copy, element.tag, VR, _plain(element))

    def _dummy(self, element: DataElement) -> Any:
        if element.VR == "UI":
            return self.profile.uid(texts(element)[0])
        return _DUMMY.get(element.VR, "")

    def _shifted(self, element: DataElement) -> Any:
        if element.VR not in ("DA", "DT"):
            return _plain(element)
        values = [self._shifted_text(text) for text in texts(element)]
        return values if len(values) > 1 else values[0]

    def _shifted_text(self, text: str) -> str:
        day = read_date(text)
        if day is None:
            return ""
        moved = self.profile.shifted(self.source, day).strftime("%Y%m%d")
        return moved + text.replace(".", "", 2 if text[4:5] == "." else 0)[8:]

    def _said(self, element: DataElement, item: Dataset) -> Any:
        """The cleaned text of an element; of what a report says of persons, nothing."""
        if element.keyword in ("TextValue", "UnformattedTextValue"):
            concept = said(item)
            of_device = concept == "121016" and "retain_device_identity" in self.profile.options
            of_place = concept in SAID_PLACES and "retain_institution_identity" in self.profile.options
            if concept in SAID_NAMES | SAID_NUMBERS | SAID_PLACES and not of_device and not of_place:
                return "[removed]"
        if element.keyword in _OF_CODES or (element.keyword == "CodeMeaning" and is_known_code(item)):
            return _plain(element)
        return self._cleaned(element)

    def _cleaned(self, element: DataElement) -> Any:
        if element.VR not in _TEXT:
            return _plain(element)
        longest = _LONGEST.get(element.VR)
        values = [self.cleaner.clean(text)[:longest] for text in texts(element)]
        return values if len(values) > 1 else values[0] if values else ""

    def _mark(self, copy: Dataset) -> None:
        """Say what was done (PS3.3 C.7.1.1, C.12.1)."""
        options = [option for option in OPTIONS if option in self.profile.options]
        copy.PatientIdentityRemoved = "YES"
        copy.DeidentificationMethod = METHOD
        copy.DeidentificationMethodCodeSequence = [
            _code(value, meaning) for value, meaning in (BASIC, *(OPTIONS[option] for option in options))
        ]
        copy.LongitudinalTemporalInformationModified = self.profile.dates
        copy.SpecificCharacterSet = "ISO_IR 192"

    def _cap_age(self, copy: Dataset) -> None:
        """Who is 90 or older is `090Y`: there are too few of them."""
        age = str(copy.get("PatientAge") or "")
        if age.endswith("Y") and age[:-1].isdigit() and int(age[:-1]) > OLDEST:
            copy.PatientAge = f"{OLDEST:03}Y"

    def _meta(self, copy: Dataset) -> FileMetaDataset:
        source = getattr(self.source, "file_meta", Dataset())
        meta = FileMetaDataset()
        meta.FileMetaInformationVersion = b"\0\1"
        meta.MediaStorageSOPClassUID = UID(copy.SOPClassUID)
        meta.MediaStorageSOPInstanceUID = UID(copy.SOPInstanceUID)
        syntax = UID(str(source.get("TransferSyntaxUID") or ExplicitVRLittleEndian))
        plain = syntax == DeflatedExplicitVRLittleEndian or not syntax.is_encapsulated
        meta.TransferSyntaxUID = ExplicitVRLittleEndian if plain and syntax.is_little_endian else syntax
        meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
        return meta


# The table removes them, and in a request's items or a presentation state they must be there.
_NEVER_GONE: Final = frozenset(
    {"RequestedProcedureID", "PresentationCreationDate", "PresentationCreationTime"}
)
# Not in the table: what another de-identifier locked in, file names, drawings and keys of another system's records.
_NEVER_LEAVES: Final = frozenset(
    {"EncryptedAttributesSequence", "FilenameInContainer", "HPGLDocument", "RecordKey", "PriorRecordKey"}
)
# Replacing these with items that say nothing is no better than none, and their attribute may be empty.
_EMPTIED: Final = frozenset({"ReferencedPerformedProcedureStepSequence"})


def _plain(element: DataElement) -> Any:
    value = element.value
    if isinstance(value, MultiValue | list):
        return [one if isinstance(one, int | float) else str(one) for one in value]
    return value


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning[:64]
    return item
