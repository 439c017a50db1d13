"""Burn a banner, boxes and their words into a picture: what can't be switched off or lost on the way.

Banner and words stand on strips of their own above and below the picture, so that they hide none of it and no window
setting hides them; the banner stands on both. Knows arrays alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import combining, normalize

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dicom_node.documents.regions import Region

Rgb = NDArray[np.uint8]
_LONGEST_SIDE: Final = 2048
# A smaller picture is enlarged, so that its marks can be read.
_SHORTEST_SIDE: Final = 512
AMBER: Final = (255, 176, 46)
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
# The banner's letters, in parts of the picture's shorter side.
_LETTERS: Final = 24
_LEAST_LETTERS: Final = 12
_MOST_LINES: Final = 8
_LONGEST_WORDS: Final = 240
# What Pillow's own font lacks and plain letters say as well.
_PLAIN: Final = {
    "—": "-",
    "–": "-",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "≥": ">=",
    "≤": "<=",
    "…": "...",
    "\u00a0": " ",
}
_SEE_REPORT: Final = "in the report"
_ABOUT_BOXES: Final = "Boxes show what the words depend on. They outline no disease."


def burn(grey: NDArray[np.uint8], banner: str, regions: Sequence[Region] = (), aspect: float = 1.0) -> Rgb:
    """Return the picture in colour with its marks, uint8 [H', W', 3].

    Parameters
    ----------
    grey : uint8 array [H, W]
        The picture as people see it. One longer than 2,048 pixels is made smaller, one shorter than 512 is enlarged.
    banner : str
        Written above and below.
    regions : sequence of Region
        Boxes in the picture's own pixels, as it came; they are numbered, their words stand below.
    aspect : float
        A pixel's height over its width; the result's pixels are square.
    """
    picture, across, down = _square(grey, aspect)
    letters = max(min(picture.width, picture.height) // _LETTERS, _LEAST_LETTERS)
    font, small = _font(letters), _font(max(letters * 2 // 3, _LEAST_LETTERS))
    draw = ImageDraw.Draw(picture)
    for index, region in enumerate(regions, 1):
        left, top, right, bottom = region.box
        _draw_box(
            draw, (left * across, top * down, right * across, bottom * down), str(index), small, picture.size
        )
    lines = [
        line
        for index, region in enumerate(regions[:_MOST_LINES], 1)
        for line in _wrapped(f"{index}  {legible(region.words)}", small, picture.width * 0.96)
    ]
    if regions:
        lines += _wrapped(_ABOUT_BOXES, small, picture.width * 0.96)
    head = _strip(picture.width, [(banner, font)])
    foot = _strip(picture.width, [*((line, small) for line in lines), (banner, font)])
    return np.vstack([np.asarray(part, dtype=np.uint8) for part in (head, picture, foot)])


def legible(words: str) -> str:
    """Return words as the font can write them, in one line and not too many: never a box in place of a letter.

    An accent that the font lacks is left out. Words in a script that it doesn't have are left to the documents that
    hold text.
    """
    font = _font(_LEAST_LETTERS)
    absent = bytes(font.getmask("\ufffe"))

    def is_there(letters: str) -> bool:
        return all(bytes(font.getmask(letter)) != absent for letter in letters)

    written, line = "", " ".join(words.split())
    for letter in line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 3]}...":
        plain = _PLAIN.get(letter, letter)
        bare = "".join(part for part in normalize("NFKD", plain) if not combining(part))
        if not is_there(plain) and not (bare and is_there(bare)):
            return _SEE_REPORT
        written += plain if is_there(plain) else bare
    return written


def _square(grey: NDArray[np.uint8], aspect: float) -> tuple[Image.Image, float, float]:
    """Return the picture with square pixels, and how far it was stretched across and down."""
    rows, columns = grey.shape
    wide, high = (float(columns), rows * aspect) if aspect >= 1 else (columns / aspect, float(rows))
    scale = float(-(-_SHORTEST_SIDE // min(wide, high)))
    if scale <= 1 or scale * max(wide, high) > _LONGEST_SIDE:
        scale = min(1.0, _LONGEST_SIDE / max(wide, high))
    size = max(round(wide * scale), 1), max(round(high * scale), 1)
    picture = Image.fromarray(grey)
    if size != (columns, rows):
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return picture.convert("RGB"), size[0] / columns, size[1] / rows


def _draw_box(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    number: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: tuple[int, int],
) -> None:
    """Draw an outline in amber between two in black, seen on bright and dark, and its number inside its corner."""
    thick = max(min(size) // 250, 1)
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[2], size[0] - 1), min(box[3], size[1] - 1)
    draw.rectangle((left, top, right, bottom), outline=_BLACK, width=3 * thick)
    if right - left > 2 * thick and bottom - top > 2 * thick:
        draw.rectangle((left + thick, top + thick, right - thick, bottom - thick), outline=AMBER, width=thick)
    at = (left + 4 * thick, top + 3 * thick)
    draw.text(at, number, fill=AMBER, font=font, stroke_width=max(thick, 1), stroke_fill=_BLACK)


def _strip(
    width: int, lines: Sequence[tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]]
) -> Image.Image:
    """Return lines of text on black; one that is too wide gets smaller letters rather than losing its end."""
    fitted = [(text, _fitted(text, font, width * 0.96)) for text, font in lines]
    heights = [_height(font) for _, font in fitted]
    strip = Image.new("RGB", (width, sum(heights)), _BLACK)
    draw, y = ImageDraw.Draw(strip), 0
    for (text, font), height in zip(fitted, heights, strict=True):
        is_banner = text == lines[-1][0]
        x = (width - font.getlength(text)) / 2 if is_banner else width * 0.02
        draw.text((x, y + height / 2), text, fill=AMBER if is_banner else _WHITE, font=font, anchor="lm")
        y += height
    return strip


def _fitted(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    letters = float(getattr(font, "size", _LEAST_LETTERS))
    while font.getlength(text) > width and letters > 6:
        letters *= 0.9
        font = _font(letters)
    return font


def _height(font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    return round(float(getattr(font, "size", _LEAST_LETTERS)) * 1.6)


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    lines: list[str] = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip() if lines[-1] else word
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font(letters: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    # Pillow's own, which is there on every machine.
    return ImageFont.load_default(letters)
