"""Look in a de-identified file for what identified the patient in its source: the last check before it leaves.

Independent of the cleaner: it reads the bytes that would leave, folds every text to plain letters, and looks for
names, numbers, places, UIDs and dates in the forms in which people write them; in private elements, file meta
information and bytes as well. It says where something is left, never what.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom_node.deidentify import pixels
from dicom_node.deidentify.identifiers import Identifiers, collect, texts, walk
from dicom_node.deidentify.known_codes import is_known_code
from dicom_node.deidentify.profile import Profile

_DATES_BY_RULE: Final = frozenset({"DA", "DT", "TM"})
_GLUED: Final = 5
_LEAST_BYTES: Final = 6
_MONTHS: Final = (
    ("january", "januar", "jan"),
    ("february", "februar", "feb"),
    ("march", "marz", "mar"),
    ("april", "apr"),
    ("may", "mai"),
    ("june", "juni", "jun"),
    ("july", "juli", "jul"),
    ("august", "aug"),
    ("september", "sept", "sep"),
    ("october", "oktober", "oct", "okt"),
    ("november", "nov"),
    ("december", "dezember", "dec", "dez"),
)


@dataclass(frozen=True)
class Finding:
    """What kind of thing is left, and at which element; the value isn't in it."""

    kind: str
    tag: str

    @property
    def sentence(self) -> str:
        """In words."""
        return f"{_KINDS[self.kind]} of the source is left at {self.tag}"


_KINDS: Final = {
    "name": "a name",
    "number": "a number",
    "place": "a place",
    "date": "a date",
    "uid": "a UID",
    "pixels": "what may be writing",
}


def residual(copy: Dataset | bytes, sources: Dataset | Iterable[Dataset], profile: Profile) -> list[Finding]:
    """What is left in a de-identified object of what identified somebody in its sources; empty when nothing is.

    Parameters
    ----------
    copy : Dataset or bytes
        The object, or better the bytes of its file.
    sources : Dataset or iterable of Dataset
        What it was made of, with further headers of the study.
    """
    many = [sources] if isinstance(sources, Dataset) else list(sources)
    found = collect(many, profile.options)
    ds = pydicom.dcmread(BytesIO(copy), force=True) if isinstance(copy, bytes) else copy
    search = _Search(found, many[0] if many else Dataset(), profile)
    left = [one for element, item in _everything(ds) for one in search.element(element, item)]
    if isinstance(copy, bytes) and copy[:128].strip(b"\0"):
        left.append(Finding("name", "the preamble"))
    if _border_is_written(ds):
        left.append(Finding("pixels", "the border of the image"))
    return list(dict.fromkeys(left))


def _everything(ds: Dataset) -> Iterator[tuple[DataElement, Dataset]]:
    yield from walk(getattr(ds, "file_meta", Dataset()))
    yield from walk(ds)


def _is_longer(value: str, uid: str) -> bool:
    """Whether a UID only begins with the digits of another: 2.25.421 isn't 2.25.42, and no part of its tree."""
    return value.startswith(uid) and value[len(uid) : len(uid) + 1].isdigit()


class _Search:
    def __init__(self, found: Identifiers, source: Dataset, profile: Profile) -> None:
        self._names = {_fold(name) for name in found.names}
        self._short = {name for name in found.names if len(name) == 2}
        self._numbers = {re.sub(r"[\W_]", "", number).casefold() for number in found.numbers}
        self._places = {_fold(place) for place in found.places}
        self._uids = found.uids
        days = found.birth if profile.dates != "REMOVED" else found.dates
        if profile.dates == "MODIFIED":
            # A moved date may fall on another one of the patient's: only those of no moved date are looked for.
            moved = {profile.shifted(source, day) for day in found.dates}
            days = found.dates - moved
        self._dates = {form for day in days for form in _forms(day)}
        self._days = {day.strftime("%Y%m%d") for day in days}
        self._raw = _raw_forms(found)

    def element(self, element: DataElement, item: Dataset) -> Iterator[Finding]:
        where = _where(element.tag)
        if isinstance(element.value, bytes):
            yield from self._bytes(element.value, where)
            return
        for text in texts(element):
            for kind in self._kinds(element, item, text):
                yield Finding(kind, where)

    def _kinds(self, element: DataElement, item: Dataset, text: str) -> Iterator[str]:
        VR = element.VR
        if VR in _DATES_BY_RULE:
            if text[:8] in self._days and VR != "TM":
                yield "date"
            return
        if any(uid in text and not (VR == "UI" and _is_longer(text, uid)) for uid in self._uids):
            yield "uid"
        if VR == "UI" or (element.keyword == "CodeMeaning" and is_known_code(item)):
            return
        if VR in ("IS", "DS", "CS", "AS") and not element.tag.is_private:
            if self._has_number(text, exactly=True) or (VR == "CS" and self._has_name(text)):
                yield "number" if VR != "CS" else "name"
            return
        if element.keyword in ("PatientID", "PatientName"):  # the pseudonym, which is nobody's words
            text = text.partition("-")[2]
        if self._has_name(text):
            yield "name"
        if self._has_number(text):
            yield "number"
        if any(place in _fold(text) for place in self._places if len(place) >= _GLUED):
            yield "place"
        if any(re.search(rf"(?<!\d){re.escape(form)}(?!\d)", _fold(text)) for form in self._dates):
            yield "date"

    def _has_name(self, text: str) -> bool:
        folded = _fold(text)
        words = set(re.findall(r"[^\W\d_]+", folded))
        for name in self._names:
            if name in words and len(name) > 2:
                return True
            glued = len(name) >= _GLUED or not any(sign.islower() for sign in name)
            if glued and len(name) >= 2 and name in folded:
                return True
        return any(
            re.search(rf"\b(?:{re.escape(n.capitalize())}|{re.escape(n.upper())})\b", text)
            for n in self._short
        )

    def _has_number(self, text: str, *, exactly: bool = False) -> bool:
        if exactly:
            bare = text.strip().lstrip("0").casefold()
            return len(bare) >= _LEAST_BYTES and bare in self._numbers
        bare = re.sub(r"[\s./_-]", "", text).casefold()
        return any(
            re.search(rf"(?<!\d){re.escape(number)}(?!\d)", bare) for number in self._numbers if number
        )

    def _bytes(self, data: bytes, where: str) -> Iterator[Finding]:
        for kind, form in self._raw:
            if form in data:
                yield Finding(kind, where)


def _raw_forms(found: Identifiers) -> list[tuple[str, bytes]]:
    """What is looked for in bytes: long enough not to stand in pixels by chance."""
    words: list[tuple[str, str]] = [("number", one) for one in found.numbers]
    words += [("uid", one) for one in found.uids]
    spelled = {form for one in found.names for form in _spellings(one)}
    words += [("name", form) for one in spelled for form in (one, one.upper(), one.capitalize(), one.lower())]
    words += [("place", one) for one in found.places]
    forms = {
        (kind, word.encode(encoding, "ignore"))
        for kind, word in words
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
    }
    return sorted((kind, form) for kind, form in forms if len(form) >= _LEAST_BYTES)


def _spellings(name: str) -> set[str]:
    """A name with its umlauts, with two letters for each, and with none."""
    wide = name
    for umlaut, pair in (
        ("ä", "ae"),
        ("ö", "oe"),
        ("ü", "ue"),
        ("ß", "ss"),
        ("Ä", "Ae"),
        ("Ö", "Oe"),
        ("Ü", "Ue"),
    ):
        wide = wide.replace(umlaut, pair)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return {name, wide, bare}


def _fold(text: str) -> str:
    """Plain lower-case letters: no accents, and one spelling of umlauts."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    for pair, single in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"), ("ß", "s"), ("ø", "o")):
        plain = plain.replace(pair, single)
    return " ".join(re.sub(r"[,;]", " ", plain).split())


def _forms(day: date) -> set[str]:
    """A day as people write it, folded."""
    y, m, d = day.year, day.month, day.day
    two = f"{y % 100:02}"
    forms = {f"{y:04}{m:02}{d:02}", f"{y}-{m:02}-{d:02}", f"{y}/{m:02}/{d:02}", f"{y}.{m:02}.{d:02}"}
    for dd, mm in ((f"{d:02}", f"{m:02}"), (str(d), str(m))):
        for yy in (str(y), two):
            forms |= {f"{dd}.{mm}.{yy}", f"{dd}/{mm}/{yy}", f"{mm}/{dd}/{yy}", f"{dd}-{mm}-{y}"}
    for month in _MONTHS[m - 1]:
        forms |= {f"{d} {month} {y}", f"{d}. {month} {y}", f"{month} {d} {y}", f"{d}th {month} {y}"}
        forms.add(f"{month} {d}th {y}")
    return {_fold(form) for form in forms}


def _border_is_written(ds: Dataset) -> bool:
    if "PixelData" not in ds or ds.get("SyntheticData") == "YES" or not getattr(ds, "file_meta", None):
        return False
    if ds.get("NumberOfFrames", 1) not in (1, None, "1") or ds.get("SamplesPerPixel") != 1:
        return False
    try:
        return pixels.edge_text(ds.pixel_array)
    except (AttributeError, ValueError, RuntimeError, NotImplementedError):
        return False  # what can't be decoded was refused at reception, or isn't a film


def _where(tag: BaseTag) -> str:
    return f"({tag.group:04X},{tag.element:04X})"
