"""What the header of one instance says that decides whether it is drafted.

``HeaderFacts`` is small and JSON-serialisable: the node takes it once at reception and keeps it in the index.
Deliberately holds no identity and no judgement: see :mod:`llmcxr_ws.films`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from typing import Any, Literal, Protocol


class Header(Protocol):
    """What is needed of a data set; pydicom's Dataset has it."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """An element's value by keyword."""


View = Literal["PA", "AP", "frontal", "lateral", "oblique", "unknown"]

# View Position (0018,5101), PS3.3 C.8.1.2.1 and C.8.11.5.
_BY_POSITION: dict[str, View] = {
    "PA": "PA",
    "AP": "AP",
    "LL": "lateral",
    "RL": "lateral",
    "LLD": "lateral",
    "RLD": "lateral",
    "LLO": "oblique",
    "RLO": "oblique",
}

# View Code Sequence (0054,0220): PS3.16 CID 4010 in SNOMED CT, and the SNOMED-RT codes of older senders.
_BY_CODE: dict[str, View] = {
    **dict.fromkeys(("272479007", "R-40888", "R-10214"), "PA"),
    **dict.fromkeys(("399348003", "R-10206"), "AP"),
    **dict.fromkeys(("399033003", "R-10202"), "frontal"),
    **dict.fromkeys(("399067008", "R-102CD", "399198007", "R-10232", "399173006", "R-10236"), "lateral"),
    **dict.fromkeys(("399182000", "R-102C1", "399236003", "R-10234", "399184004", "R-10238"), "oblique"),
}

# Words in a description, from the telling to the vague; two different views in one text settle nothing.
_BY_WORDS: tuple[tuple[str, View], ...] = (
    (r"\b(obl|oblique)\b", "oblique"),
    (r"\b(lat|lateral|ll|seitlich|profil)\b", "lateral"),
    (r"\b(pa|p\.\s?a\.?|postero-?anterior)(?!\w)", "PA"),
    (r"\b(ap|a\.\s?p\.?|antero-?posterior)(?!\w)", "AP"),
)

_ABSENT = object()
_DESCRIPTIONS = (
    "SeriesDescription",
    "ProtocolName",
    "PerformedProcedureStepDescription",
    "AcquisitionDeviceProcessingDescription",
    "StudyDescription",
)


@dataclass(frozen=True, kw_only=True)
class HeaderFacts:
    """The facts of one instance; ages in years, date and time as DICOM writes them (YYYYMMDDhhmmss)."""

    SOPClassUID: str
    Modality: str
    transfer_syntax: str
    view: View
    view_says: str
    body_part: str
    patient_age_years: float | None
    presentation_intent: str
    image_type: tuple[str, ...]
    burned_in_annotation: str
    patient_orientation: tuple[str, ...]
    rows: int
    columns: int
    frames: int
    photometric: str
    has_pixels: bool
    acquired: str
    # Where the film was made; rows of before they were kept lack them, and are still whole.
    Manufacturer: str = ""
    ManufacturerModelName: str = ""
    StationName: str = ""
    InstitutionName: str = ""
    requested_priority: str = ""
    StudyDescription: str = ""
    SeriesDescription: str = ""
    # Why it was asked for, as the order in the header says it.
    indication: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        values = ((name, getattr(self, name)) for name in _FACTS)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> HeaderFacts:
        """Return the facts that :meth:`to_dict` wrote, whatever else the dictionary holds."""
        known = {
            field.name: values[field.name]
            if field.default is MISSING
            else values.get(field.name, field.default)
            for field in fields(cls)
        }
        for name in ("image_type", "patient_orientation"):
            known[name] = tuple(known[name])
        return cls(**known)


_FACTS = tuple(field.name for field in fields(HeaderFacts))


def read_facts(ds: Header, *, has_pixels: bool | None = None) -> HeaderFacts:
    """Return the facts of a data set that was read as far as its pixel data.

    `has_pixels` is for a header read with ``stop_before_pixels``; by default the data set is looked at. An
    element that is absent, empty or malformed becomes the empty value: nothing is refused here.
    """
    view, view_says = _view(ds)
    meta = getattr(ds, "file_meta", None)
    return HeaderFacts(
        SOPClassUID=_text(ds, "SOPClassUID"),
        Modality=_text(ds, "Modality"),
        transfer_syntax=_text(meta, "TransferSyntaxUID") if meta is not None else "",
        view=view,
        view_says=view_says,
        body_part=_body_part(ds),
        patient_age_years=_age_years(ds),
        presentation_intent=_text(ds, "PresentationIntentType"),
        image_type=_texts(ds, "ImageType"),
        burned_in_annotation=_text(ds, "BurnedInAnnotation"),
        patient_orientation=_texts(ds, "PatientOrientation"),
        rows=_whole(ds, "Rows", 0),
        columns=_whole(ds, "Columns", 0),
        frames=_whole(ds, "NumberOfFrames", 1),
        photometric=_text(ds, "PhotometricInterpretation"),
        has_pixels=ds.get("PixelData", _ABSENT) is not _ABSENT if has_pixels is None else has_pixels,
        acquired=_acquired(ds),
        Manufacturer=_text(ds, "Manufacturer"),
        ManufacturerModelName=_text(ds, "ManufacturerModelName"),
        StationName=_text(ds, "StationName"),
        InstitutionName=_text(ds, "InstitutionName"),
        requested_priority=_requested_priority(ds),
        StudyDescription=_text(ds, "StudyDescription"),
        SeriesDescription=_text(ds, "SeriesDescription"),
        indication=_indication(ds),
    )


def _indication(ds: Header) -> str:
    """Return Reason for the Requested Procedure (0040,1002), PS3.3 C.4.11, wherever the modality put it."""
    orders = ds.get("RequestAttributesSequence") or ()
    found = [_text(item, "ReasonForTheRequestedProcedure") for item in (ds, *orders)]
    return next((reason for reason in found if reason), "")


def _requested_priority(ds: Header) -> str:
    """Return Requested Procedure Priority (0040,1003), PS3.3 C.4.11, wherever the modality put it."""
    orders = ds.get("RequestAttributesSequence") or ()
    found = [_text(item, "RequestedProcedurePriority") for item in (ds, *orders)]
    return next((priority.upper() for priority in found if priority), "")


def _view(ds: Header) -> tuple[View, str]:
    """Return the view and the words that say so: attribute, then code, then descriptions."""
    position = _text(ds, "ViewPosition")
    view = _BY_POSITION.get(position.upper()) or _view_in(position)
    if view:
        return view, f"View Position {position}"
    codes = ds.get("ViewCodeSequence")
    if codes:
        code, meaning = _text(codes[0], "CodeValue"), _text(codes[0], "CodeMeaning")
        view = _BY_CODE.get(code) or _view_in(meaning)
        if view:
            return view, f"View Code {code} '{meaning}'"
    for keyword in _DESCRIPTIONS:
        words = _text(ds, keyword)
        view = _view_in(words)
        if view:
            return view, f"{keyword} '{words}'"
    return "unknown", ""


def _view_in(words: str) -> View | None:
    plain = re.sub(r"[_/,+]", " ", words)
    found: list[View] = [view for pattern, view in _BY_WORDS if re.search(pattern, plain, re.IGNORECASE)]
    if "oblique" in found:
        return "oblique"
    if not found and re.search(r"\bfrontal\b", plain, re.IGNORECASE):
        return "frontal"
    return found[0] if len(found) == 1 else None


def _body_part(ds: Header) -> str:
    named = _text(ds, "BodyPartExamined")
    regions = ds.get("AnatomicRegionSequence")
    return (named or (_text(regions[0], "CodeMeaning") if regions else "")).upper()


def _age_years(ds: Header) -> float | None:
    """Patient's Age (PS3.5 6.2, AS), else birth date against the study's or acquisition's date."""
    written = re.fullmatch(r"(\d{3})([DWMY])", _text(ds, "PatientAge").upper())
    if written:
        per_year = {"Y": 1, "M": 12, "W": 52.18, "D": 365.25}[written[2]]
        return int(written[1]) / per_year
    born = _date(ds, "PatientBirthDate")
    for keyword in ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate"):
        taken = _date(ds, keyword)
        if born and taken:
            return _years_between(born, taken)
    return None


def _years_between(born: date, taken: date) -> float | None:
    if taken < born:
        return None
    whole = taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day))
    return float(whole) if whole >= 1 else (taken - born).days / 365.25


def _acquired(ds: Header) -> str:
    moment = _text(ds, "AcquisitionDateTime")
    if moment:
        return moment[:14]
    for kind in ("Acquisition", "Content", "Series", "Study"):
        day = _text(ds, f"{kind}Date")
        if day:
            return (day + _text(ds, f"{kind}Time"))[:14]
    return ""


def _date(ds: Header, keyword: str) -> date | None:
    written = _text(ds, keyword)
    if not re.fullmatch(r"\d{8}", written):
        return None
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:  # the 31st of February: as good as no date
        return None


def _text(ds: Header, keyword: str) -> str:
    value = ds.get(keyword)
    if value is None:
        return ""
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        value = next(iter(value), "")
    return str(value).strip()


def _texts(ds: Header, keyword: str) -> tuple[str, ...]:
    value = ds.get(keyword)
    if value is None or value == "":
        return ()
    return (value.strip(),) if isinstance(value, str) else tuple(str(part).strip() for part in value)


def _whole(ds: Header, keyword: str, absent: int) -> int:
    value = ds.get(keyword)
    return absent if value is None or value == "" else int(value)
