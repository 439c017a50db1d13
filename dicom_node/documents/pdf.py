"""Lay a report out as a PDF for people: whose it is, what was written, the film, regions of its sentences.

The same report gives the same bytes. A draft bears its banner on every page, in the middle too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import numpy as np
from fpdf import FPDF, XPos, YPos
from numpy.typing import NDArray
from PIL import Image

from dicom_node.documents import pdf_fonts
from dicom_node.documents.narrative import HEADINGS, Narrative, Passage, Written, person_in_words

DRAFT_BANNER = "AI DRAFT - NOT REVIEWED BY ANYBODY - NOT FOR DIAGNOSIS"
_RESEARCH = "Research use only. Not for diagnosis."
_RED, _GREY, _INK = (176, 0, 32), (95, 95, 95), (20, 20, 20)
_REGION = (255, 176, 0)
_MARGIN_MM, _FILM_MM, _FILM_PIXELS = 18.0, 120.0, 1200


@dataclass(frozen=True)
class Marked:
    """A box that a sentence rests on: left, top, right, bottom as shares of the film's width and height."""

    sentence: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """The film as people see it, uint8 [H, W], and a pixel's height over its width."""

    grey: NDArray[np.uint8]
    aspect: float = 1.0


class _Pages(FPDF):
    """A4 pages with a head and a foot."""

    def __init__(self, banner: str, foot: str) -> None:
        super().__init__(format="A4")
        self._banner, self._foot = banner, foot
        self.set_margins(_MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(True, margin=22)

    def header(self) -> None:
        if not self._banner:
            return
        self.set_font("bold", size=11)
        self.set_fill_color(*_RED)
        self.set_text_color(255, 255, 255)
        self.cell(0, 8, self._banner, align="C", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font("bold", size=44)
        self.set_text_color(245, 214, 219)
        with self.rotation(52, self.w / 2, self.h / 2):
            self.text(self.w / 2 - self.get_string_width("AI DRAFT") / 2, self.h / 2, "AI DRAFT")
        self.set_text_color(*_INK)
        self.ln(3)

    def footer(self) -> None:
        self.set_y(-16)
        self.set_font("text", size=8)
        self.set_text_color(*_GREY)
        self.cell(0, 5, f"{self._foot}  Page {self.page_no()}", align="C")
        self.set_text_color(*_INK)


def make_pdf(narrative: Narrative, picture: Picture | None, regions: Sequence[Marked] = ()) -> bytes:
    """Return the PDF of a report.

    Parameters
    ----------
    regions : sequence of Marked
        Drawn and numbered where their sentence stands in the report; others are left out.

    Raises
    ------
    DicomError
        A character of it can't be shown by any font of this machine.
    """
    shown = [region for region in regions if region.sentence in narrative.sentences]
    rows = _head_rows(narrative)
    text = "".join(
        [*(f"{name}{value}" for name, value in rows), *narrative.sentences, *_signatures(narrative)]
    )
    pages = _Pages(DRAFT_BANNER if narrative.is_draft else "", _RESEARCH)
    pages.set_creation_date(narrative.at.astimezone(UTC))
    pages.set_producer("LLM-CXR Workstation")
    pages.set_title(title_of(narrative))
    _add_fonts(pages, text)
    pages.add_page()
    _head(pages, narrative, rows)
    numbers = {region.sentence: number for number, region in enumerate(shown, start=1)}
    for part in narrative.parts:
        _part(pages, part, numbers, is_addendum=any(p.section == "addendum" for p in part.passages))
    if picture is not None:
        _film(pages, picture, shown)
    return bytes(pages.output())


def title_of(narrative: Narrative) -> str:
    """Return the document's title."""
    return "AI DRAFT, not reviewed" if narrative.is_draft else "Radiology report"


def _add_fonts(pages: FPDF, text: str) -> None:
    main, *others = pdf_fonts.fonts_for(text)
    pages.add_font("text", fname=str(main))
    pages.add_font("bold", fname=str(pdf_fonts.inter_bold()))
    for number, path in enumerate(others):
        pages.add_font(f"other{number}", fname=str(path))
    if others:
        pages.set_fallback_fonts([f"other{number}" for number in range(len(others))], exact_match=False)
    pages.set_text_shaping(True)


def _head_rows(narrative: Narrative) -> list[tuple[str, str]]:
    header = narrative.patient_and_study
    values = [
        ("Patient", person_in_words(str(header.PatientName))),
        ("Patient ID", str(header.PatientID or "")),
        ("Born", str(header.PatientBirthDate or "")),
        ("Sex", str(header.PatientSex or "")),
        ("Accession number", str(header.AccessionNumber or "")),
        ("Study date", str(header.StudyDate or "")),
        ("Study", str(header.get("StudyDescription") or "")),
        ("Institution", narrative.institution),
    ]
    return [(name, value) for name, value in values if value]


def _head(pages: FPDF, narrative: Narrative, rows: list[tuple[str, str]]) -> None:
    pages.set_font("bold", size=16)
    pages.cell(0, 10, title_of(narrative), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for name, value in rows:
        pages.set_font("text", size=9)
        pages.set_text_color(*_GREY)
        pages.cell(38, 5.5, name)
        pages.set_text_color(*_INK)
        pages.set_font("text", size=10)
        pages.multi_cell(0, 5.5, value, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pages.ln(3)


def _part(pages: FPDF, part: Written, numbers: dict[str, int], *, is_addendum: bool) -> None:
    for passage in part.passages:
        _passage(pages, passage, numbers)
    pages.set_font("text", size=9)
    pages.set_text_color(*_GREY)
    pages.multi_cell(0, 5, _signature(part, is_addendum), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pages.set_text_color(*_INK)
    pages.ln(4)


def _passage(pages: FPDF, passage: Passage, numbers: dict[str, int]) -> None:
    pages.set_font("bold", size=11)
    pages.cell(0, 7, HEADINGS[passage.section][2], new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pages.set_font("text", size=11)
    for sentence in passage.sentences:
        mark = f" [{numbers[sentence]}]" if sentence in numbers else ""
        pages.multi_cell(
            0, 6, " ".join(sentence.split()) + mark, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
    pages.ln(2)


def _signatures(narrative: Narrative) -> list[str]:
    return [_signature(part, is_addendum=False) for part in narrative.parts]


def _signature(part: Written, is_addendum: bool) -> str:
    at = part.at.strftime("%Y-%m-%d %H:%M %z")
    if not part.by:
        return f"Written by a model, {at}. Nobody has reviewed it."
    what = "Addendum signed" if is_addendum else "Signed"
    organisation = f", {part.organisation}" if part.organisation else ""
    prepared = [name for name in part.authors if name != part.by]
    with_whom = f" Prepared by {', '.join(map(person_in_words, prepared))}." if prepared else ""
    return f"{what} by {person_in_words(part.by)}{organisation}, {at}.{with_whom}"


def _film(pages: FPDF, picture: Picture, regions: Sequence[Marked]) -> None:
    grey = Image.fromarray(picture.grey)
    height = round(grey.height * picture.aspect)
    scale = min(1.0, _FILM_PIXELS / max(grey.width, height))
    grey = grey.resize((max(1, round(grey.width * scale)), max(1, round(height * scale))))
    wide = _FILM_MM * min(1.0, grey.width / grey.height)
    high = wide * grey.height / grey.width
    if pages.get_y() + high + 12 > pages.h - 24:
        pages.add_page()
    left, top = (pages.w - wide) / 2, pages.get_y()
    pages.image(grey, x=left, y=top, w=wide, h=high)
    pages.set_draw_color(*_REGION)
    pages.set_text_color(*_REGION)
    pages.set_font("bold", size=9)
    pages.set_line_width(0.5)
    for number, region in enumerate(regions, start=1):
        x0, y0, x1, y1 = region.box
        pages.rect(left + x0 * wide, top + y0 * high, (x1 - x0) * wide, (y1 - y0) * high)
        pages.text(left + x0 * wide + 1, top + y0 * high + 4, str(number))
    pages.set_text_color(*_GREY)
    pages.set_font("text", size=8)
    pages.set_xy(pages.l_margin, top + high + 2)
    words = "The film that was read, not for diagnosis."
    if regions:
        words += " Boxes: what the model's sentence of that number rests on most; computed, drawn by nobody."
    pages.multi_cell(0, 4, words, align="C")
    pages.set_text_color(*_INK)
