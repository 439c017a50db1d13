"""Fonts for the PDF: Inter, which ships, then what the machine has, until every character of the text is covered.

A character that no font has a glyph for is refused by its name; nothing is replaced by a question mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from fontTools.ttLib import TTFont

from llmcxr_ws.errors import DicomError

# Debian's places, in the order in which they are tried: Latin and Greek ship; wide ones before those of one script.
_SYSTEM = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoNaskhArabic-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansHebrew-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf",
    "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
_PACKAGES = {
    "CJK": "fonts-droid-fallback",
    "HIRAGANA": "fonts-ipafont-gothic",
    "KATAKANA": "fonts-ipafont-gothic",
    "HANGUL": "fonts-droid-fallback",
}
_INVISIBLE = "\t\n\r\f\u200b\u200c\u200d\u200e\u200f\ufeff"


def fonts_for(text: str) -> list[Path]:
    """Return the fonts that cover a text between them, Inter first.

    Raises
    ------
    DicomError
        No font here has a glyph for one of its characters.
    """
    left = {character for character in text if character not in _INVISIBLE}
    chosen = [inter()]
    left -= _covered(inter())
    for path in map(Path, _SYSTEM):
        if not left:
            break
        if path.is_file() and left & _covered(path):
            chosen.append(path)
            left -= _covered(path)
    if left:
        message, what_to_do = _refusal(left)
        raise DicomError(message, what_to_do=what_to_do)
    return chosen


def inter() -> Path:
    """Return the font that ships: Latin, Greek, Cyrillic."""
    return Path(str(files("dicom_node") / "resources" / "Inter-Regular.ttf"))


def inter_bold() -> Path:
    """Return its heavier cut, for headings."""
    return Path(str(files("dicom_node") / "resources" / "Inter-SemiBold.ttf"))


def _refusal(left: Iterable[str]) -> tuple[str, str]:
    character = min(left)
    name = unicodedata.name(character, "a character without a name")
    package = _PACKAGES.get(name.split()[0], "fonts-noto-core")
    return (
        f"The PDF wasn't made: no font of this machine can show U+{ord(character):04X} ({name}).",
        f"Install a font for it (Debian: apt-get install {package}) and send the document again.",
    )


@lru_cache(maxsize=32)
def _covered(path: Path) -> frozenset[str]:
    with TTFont(path, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap() or ()))
