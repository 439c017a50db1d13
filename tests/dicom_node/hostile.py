"""Studies and reports as the world makes them: names of every script, thin headers, endless texts, broken bytes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents.report import Sentence
from dicom_node.documents.values import put
from llmcxr_ws import sentences
from tests.factories import make_film

AI_TEXT = "The lungs are clear. There is no pneumothorax."

# Specific Character Set (PS3.3 C.12.1.1.2) and letters that it can write.
_ALPHABETS: list[tuple[Any, str]] = [
    ("", "ABCabcxyz '-."),
    ("ISO_IR 100", "ÄÖÜäöüßéèçñå '-"),
    ("ISO_IR 101", "ŁłŻżŘřŠšĐđ -"),
    ("ISO_IR 110", "ĀāĒēĢģĶķ"),
    ("ISO_IR 144", "ЛюкceмбypгДЖжЩщЮя "),
    ("ISO_IR 126", "ΠαδοπούλυΕλένηςΐ "),
    ("ISO_IR 127", "قبانينزارءآةى "),
    ("ISO_IR 138", "שרוןדבורהאת "),
    ("ISO_IR 148", "ÇçĞğİıŞşÖö"),
    ("ISO_IR 166", "นามสกุลไทย"),
    ("GB18030", "王小东张李刘陈"),
    ("GBK", "王小东张李刘陈"),
    ("ISO_IR 192", "ŁΠя山قא王😀—’ñ̃"),
    (["", "ISO 2022 IR 100"], "ÄÖÜäöüß "),
    (["ISO 2022 IR 6", "ISO 2022 IR 126"], "ΠαδοΕλ"),
    (["ISO 2022 IR 100", "ISO 2022 IR 144"], "Люкce"),
    (["", "ISO 2022 IR 58"], "王小东张李"),
]
# Alphabetic, ideographic and phonetic component groups (PS3.5 6.2.1.1).
_GROUPED: list[tuple[Any, str, str, str]] = [
    (["", "ISO 2022 IR 87"], "YamdTrou", "山田太郎髙橋"[:4], "やまだたろう"),
    (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞﾀﾛｳ", "山田太郎", "やまだたろう"),
    (["", "ISO 2022 IR 149"], "HongGildo", "洪吉洞", "홍길동"),
    ("ISO_IR 192", "WangXio", "王小東", "ワン"),
]
_LINE = (
    "opacity — “likely” pneumonia ≥3 cm ½ lobe; right-sided, 50 % unchanged? Überblähung opacité лёгкие πνεύμονας "
    "胸部正常 心拡大なし 폐렴 رئة תקין ปอด naïve e\u0301tat Zoë's 1.5×2 <b>&amp; a=b c^d …"
)
_WORDS = _LINE.split()
_ENDS = (". ", ".\n", "! ", "? ", "\n")


# No shrinking: each example builds a whole document, and a failing one is small enough to read.
WHOLE_DOCUMENTS = settings(
    deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
_VRS = {
    "PatientName": "PN",
    "PatientID": "LO",
    "PatientBirthDate": "DA",
    "StudyDescription": "LO",
    "BodyPartExamined": "CS",
    "PatientOrientation": "CS",
    "WindowWidth": "DS",
}


def film_with(header: Mapping[str, object]) -> Dataset:
    """A film whose header says this, as it came, whatever the value representation allows."""
    film = make_film()
    for keyword, value in header.items():
        put(film, keyword, _VRS.get(keyword, "SH"), value)
    return film


@dataclass(frozen=True, repr=False)
class Case:
    """A film as it arrived, and what a reader made of a draft; `is_broken` where its bytes are no text."""

    film: Dataset
    text: str
    kind: str
    is_broken: bool

    def __repr__(self) -> str:
        said = self.film.get("SpecificCharacterSet")
        return f"Case({self.kind}, {said!r}, {str(self.film.get('PatientName'))!r}, {self.text[:200]!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What is signed, each with its origin, as the node takes it from a text."""
        if self.kind == "addendum":
            return tuple(Sentence(part, "addendum", "human") for part in sentences.split(self.text))
        return tuple(
            Sentence(one.text, one.section, one.origin) for one in sentences.with_origin(AI_TEXT, self.text)
        )


def _part(letters: str) -> st.SearchStrategy[str]:
    return st.text(letters, min_size=1, max_size=10).map(lambda text: text.strip(" ") or letters[0])


def _family_and_given(letters: str) -> st.SearchStrategy[str]:
    return st.lists(_part(letters), min_size=1, max_size=4).map("^".join)


_PLAIN = st.sampled_from(_ALPHABETS).flatmap(
    lambda row: st.tuples(st.just(row[0]), _family_and_given(row[1]))
)
_WITH_GROUPS = st.sampled_from(_GROUPED).flatmap(
    lambda row: st.tuples(
        st.just(row[0]), st.tuples(*[_family_and_given(letters) for letters in row[1:]]).map("=".join)
    )
)
_LIES = st.sampled_from(["ISO_IR 192", "ISO_IR 126", "no such set"]).map(lambda said: (said, "Müller^Jörg"))


def _long(words: int, start: int) -> str:
    made = [_WORDS[(start + 7 * number) % len(_WORDS)] for number in range(words)]
    every = max(11, words // 150)  # a sentence is a row of the tree, and each row takes its time to build
    return "".join(
        word + (_ENDS[(start + number) % len(_ENDS)] if number % every == every - 1 else " ")
        for number, word in enumerate(made)
    )


_TEXT = st.one_of(
    *[st.lists(st.sampled_from(_WORDS), min_size=1, max_size=40).map(" ".join)] * 8,
    st.builds(_long, st.integers(1, 400), st.integers(0, 30)),
    st.builds(_long, st.sampled_from([5_000, 10_000]), st.integers(0, 30)),
    st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffd"), min_size=1, max_size=80
    ),
    st.text(min_size=1, max_size=20),  # anything at all: much of it is refused
).map(lambda words: f"Findings:\n{words}\n\nImpression:\nThe lungs are clear." if len(words) % 3 else words)

_ABSENT: list[Callable[[Dataset], None]] = [
    lambda ds: None,
    lambda ds: [ds.pop(keyword, None) for keyword in ("AccessionNumber", "RequestAttributesSequence")],
    lambda ds: setattr(ds, "AccessionNumber", ""),
    lambda ds: ds.pop("PatientBirthDate"),
    lambda ds: setattr(ds, "PatientBirthDate", ""),
    lambda ds: ds.pop("StudyID"),
    lambda ds: setattr(ds, "StudyID", ""),
    lambda ds: ds.pop("PatientSex"),
    lambda ds: [ds.pop(keyword, None) for keyword in ("StudyDate", "StudyTime")],
    lambda ds: ds.pop("ReferringPhysicianName", None),
    lambda ds: put(ds, "PatientSex", "CS", "female"),
    lambda ds: put(ds, "StudyDescription", "LO", "Thorax " * 12),
    lambda ds: put(ds, "PatientBirthDate", "DA", "1974"),
]
_OFFSETS = ["", "+0000", "-0330", "+0545", "+1400", "-1200", "nonsense", "+9999"]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any of it at once."""
    lies = draw(st.integers(0, 11)) == 0
    character_set, name = draw(_LIES if lies else st.one_of(_PLAIN, _PLAIN, _WITH_GROUPS))
    if len(name.encode()) > 64:  # dciodvfy counts bytes; longer ones are in test_gate.py
        name = "=".join(group[:5].rstrip("^ ") for group in name.split("="))
    film = make_film(SpecificCharacterSet="ISO_IR 100" if lies else character_set)
    for take_away in draw(st.lists(st.sampled_from(_ABSENT), max_size=3)):
        if all(
            keyword in film for keyword in ("AccessionNumber", "PatientBirthDate", "StudyID", "PatientSex")
        ):
            take_away(film)
    put(film, "TimezoneOffsetFromUTC", "SH", draw(st.sampled_from(_OFFSETS)))
    put(film, "PatientName", "PN", name)
    put(film, "ReferringPhysicianName", "PN", name)
    kind = draw(st.sampled_from(["draft", "signed", "signed", "addendum"]))
    return Case(_as_received(film, character_set if lies else None), draw(_TEXT), kind, lies)


def _as_received(film: Dataset, lie: str | None) -> Dataset:
    """The film as it is read from its bytes, which a sender may have labelled with another character set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what was made illegal on purpose
        buffer = BytesIO()
        film.save_as(buffer, enforce_file_format=True)
        data = buffer.getvalue()
        if lie is not None:
            padded = lie + " " * (len(lie) % 2)
            old = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"
            assert data.count(old) == 1
            data = data.replace(
                old, b"\x08\x00\x05\x00CS" + len(padded).to_bytes(2, "little") + padded.encode()
            )
        read = dcmread(BytesIO(data), stop_before_pixels=True)
        for element in read.iterall():
            element.value  # noqa: B018 - decoded now, where the warnings are expected
    return read
