"""Take out of a text who it is about: names, numbers, dates and places of the header, and what looks like them.

English and German. A mark in brackets stands where something was taken out. A word of the header goes also where it
isn't meant (a patient called Klein, a `kleiner Erguss`): too much is taken out rather than too little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from dicom_node.deidentify.identifiers import Identifiers, letters
from dicom_node.deidentify.table import words

_MARK: Final = "[{}]"
_GLUED: Final = 5
"""Names of so many letters are found inside longer words too."""

_MONTHS: Final = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|maerz|apr(?:il)?|may|mai|june?|juni|july?|juli|"
    "aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?"
)
_MONTH_NUMBERS: Final = {
    **dict(
        zip(
            words(
                """
jan feb mar apr may jun jul aug sep oct nov dec
"""
            ),
            range(1, 13),
            strict=True,
        )
    ),
    "mär": 3,
    "mae": 3,
    "mai": 5,
    "okt": 10,
    "dez": 12,
}
_DATE: Final = re.compile(
    rf"(?<![\d.])(?:(?P<y1>(?:19|20)\d\d)[-/.](?P<m1>\d\d?)[-/.](?P<d1>\d\d?)"
    rf"|(?P<y2>(?:19|20)\d\d)(?P<m2>[01]\d)(?P<d2>[0-3]\d)"
    rf"|(?P<d3>\d\d?)\.\s?(?P<m3>\d\d?)\.\s?(?P<y3>(?:19|20)?\d\d)"
    rf"|\d\d?/\d\d?/(?:19|20)?\d\d"
    rf"|(?P<d5>\d\d?)\.?(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m5>{_MONTHS})\.?,?\s+(?P<y5>(?:19|20)\d\d)"
    rf"|(?P<m6>{_MONTHS})\.?\s+(?P<d6>\d\d?)(?:st|nd|rd|th)?,?\s+(?P<y6>(?:19|20)\d\d)"
    rf"|\d\d?\.\d\d?\.(?!\d)(?=\s|$)"
    rf"|\d\d?\.?(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTHS})\b"
    rf"|\b(?:{_MONTHS})\.?\s+(?:\d\d?(?:st|nd|rd|th)?\b|(?:19|20)\d\d))(?!\d)",
    re.IGNORECASE,
)

_NAME: Final = r"[A-ZÄÖÜ][\w'’-]+"
_TITLED: Final = re.compile(
    rf"\b(?i:dr|prof|professor|doctor|mr|mrs|ms|miss|herrn?|frau|hr|fr)\b\.?(?:\s?(?:med|h\.?c|dent|rer\.?\s?nat)\.?)*"
    rf"(?:\s+(?i:dr|prof)\b\.?(?:\s?med\.?)?)*\s+{_NAME}(?:\s+(?:von|van|de|der|la)?\s?{_NAME})?"
)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE)
_PHONE: Final = re.compile(
    r"(?i:\b(?:tel|phone|fon|telefon|fax|mobil|mobile|call|pager|beeper|ext)\b)\.?:?\s*[+(]?\d[\d\s()/.-]{1,}\d"
    r"|(?<![\w.])(?:\+\d{1,3}[\s/-]?|0)\(?\d{2,5}\)?[\s/-]\d[\d\s/-]{3,}\d|\(?\b\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}\b"
)
_LABELLED: Final = re.compile(
    r"\b(?:(?:mrn|pid|ssn|kvnr|accession)[\s.-]*(?:no|nr|number|id)?\.?\s*[:#]?"
    r"|(?:acc|patient(?:en)?|pat|fall|case|auftrags?|order|versicherten|insurance)[\s.-]*(?:(?:no|nr|number|nummer|id)\b\.?"
    r"\s*[:#]?|[:#])|id\s*[:#])\s*[A-Z]{0,4}[-/]?\d[\w/-]*",
    re.IGNORECASE,
)
_LONG_NUMBER: Final = re.compile(r"(?<![\w.,])[A-Z]{0,4}\d{6,}[A-Z]?(?![\w.,]*\d)")
_STREET: Final = re.compile(
    r"\b[A-ZÄÖÜ][\w-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ring)\s+\d+\w?"
    r"|\b\d+\s+[A-Z]\w+\s+(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive)\b\.?"
)
_OLD: Final = re.compile(r"\b(?:9\d|1[01]\d)(?=[\s-]*(?:years?|yrs?|y/?o|jähr|jaehr|jahre))", re.IGNORECASE)


class TextCleaner:
    """Cleans the texts of one object.

    Parameters
    ----------
    found : Identifiers
        What the headers name.
    dates : str
        REMOVED, MODIFIED or UNMODIFIED: what becomes of dates in a text.
    shifted : callable
        Gives the modified date of a day.
    """

    def __init__(self, found: Identifiers, dates: str, shifted: Callable[[date], date]) -> None:
        self._dates = dates
        self._shifted = shifted
        self._birth = found.birth
        self._places = _any_of(found.places, _place_pattern)
        self._numbers = _any_of(found.numbers, _number_pattern)
        parted = [name for name in found.names if _is_cased(name)]
        self._names = {plain(name) for name in parted if len(name) > 2}
        self._short = {
            form for name in parted if len(name) == 2 for form in (name.capitalize(), name.upper())
        }
        glued = {name for name in found.names if len(name) >= _GLUED or not _is_cased(name)}
        self._glued = {plain(name) for name in glued} - {""}
        self._place_words = {plain(place) for place in found.places if " " not in place}

    def clean(self, text: str) -> str:
        """The text with marks for what was taken out."""
        text = unicodedata.normalize("NFC", text)
        for pattern, mark in (
            (_MAIL, "address"),
            (self._places, "place"),
            (self._numbers, "number"),
            (_LABELLED, "number"),
        ):
            if pattern is not None:
                text = pattern.sub(_MARK.format(mark), text)
        text = _DATE.sub(self._date, text)
        for pattern, mark in ((_PHONE, "phone"), (_STREET, "place"), (_TITLED, "name")):
            text = pattern.sub(_MARK.format(mark), text)
        text = self._without_names(text)
        text = _LONG_NUMBER.sub(self._long_number, text)
        return _OLD.sub("90", text)

    def _without_names(self, text: str) -> str:
        for start, end in reversed(list(letters(text))):
            word = text[start:end]
            if text[start - 1 : start] == "[" and text[end : end + 1] == "]":
                continue  # a mark
            if self._is_name(word):
                text = f"{text[:start]}[name]{text[end:]}"
            elif plain(word) in self._place_words:
                text = f"{text[:start]}[place]{text[end:]}"
        return text

    def _is_name(self, word: str) -> bool:
        bare = plain(word)
        named = (
            bare in self._names or (bare.endswith("s") and bare[:-1] in self._names) or word in self._short
        )
        return named or any(name in bare for name in self._glued)

    def _date(self, match: re.Match[str]) -> str:
        day = _day_of(match)
        if self._dates == "UNMODIFIED" and day not in self._birth:
            return match[0]
        if self._dates == "MODIFIED" and day is not None and day not in self._birth:
            return self._shifted(day).isoformat()
        return _MARK.format("date")

    def _long_number(self, match: re.Match[str]) -> str:
        kept = self._dates != "REMOVED" and _DATE.fullmatch(match[0])
        return match[0] if kept else _MARK.format("number")


def _day_of(match: re.Match[str]) -> date | None:
    """The day of a date whose order of day and month is plain."""
    for number in ("1", "2", "3", "5", "6"):
        year, month, day = (match.groupdict().get(part + number) for part in "ymd")
        if not (year and month and day):
            continue
        named = _MONTH_NUMBERS.get(month[:3].casefold())
        try:
            years = int(year) + (2000 if len(year) == 2 and int(year) < 70 else 1900 if len(year) == 2 else 0)
            return date(years, named or int(month), int(day))
        except ValueError:
            return None
    return None


def _any_of(words: Iterable[str], pattern: Callable[[str], str]) -> re.Pattern[str] | None:
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(pattern(word) for word in ordered), re.IGNORECASE) if ordered else None


def _number_pattern(number: str) -> str:
    loose = r"[\s./_-]?".join(re.escape(sign) for sign in re.sub(r"[\s./_-]", "", number))
    return rf"(?<!\d)0*{loose}(?!\d)"


def _place_pattern(place: str) -> str:
    return r"[\s,]+".join(re.escape(word) for word in re.split(r"[\s,]+", place) if word)


def plain(word: str) -> str:
    """A word in small letters without accents, an umlaut as its vowel, however it was written."""
    for umlaut, written in (("ä", "a"), ("ö", "o"), ("ü", "u"), ("ß", "s")):
        word = word.casefold().replace(umlaut, written)
    decomposed = unicodedata.normalize("NFKD", word)
    bare = "".join(sign for sign in decomposed if not unicodedata.category(sign).startswith("M"))
    for pair, single in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s")):
        bare = bare.replace(pair, single)
    return bare


def _is_cased(word: str) -> bool:
    """Whether a word is of a script with capital letters; others part no words by spaces."""
    return any(sign.isupper() or sign.islower() for sign in word)
