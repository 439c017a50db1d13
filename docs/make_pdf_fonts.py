"""Make dicom_node/resources/*.ttf: Inter's Latin, Greek and Cyrillic with TrueType outlines, for PDF files.

The window's Inter has CFF outlines, which the PDF library embeds as something they aren't. Run it when
ui/resources/Inter-*.otf change: ``python docs/make_pdf_fonts.py``. Inter's licence (OFL, no reserved name) allows it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable

ROOT = Path(__file__).parents[1]
RANGES = (
    (0x20, 0x24F),
    (0x2B0, 0x52F),
    (0x1E00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x20CF),
    (0x2100, 0x22FF),
)
_ERROR = 1.0  # font units of 2048 or so: invisible


def convert(source: Path, target: Path) -> None:
    """Write a font's chosen characters with quadratic outlines."""
    font = TTFont(source)
    options = Options(layout_features=["kern", "mark", "mkmk", "ccmp", "locl"], hinting=False, name_IDs=["*"])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, _ERROR, reverse_direction=True))
        table.glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), table
    for name, glyph in table.glyphs.items():
        advance, _ = font["hmtx"][name]
        glyph.recalcBounds(table)
        font["hmtx"][name] = (advance, getattr(glyph, "xMin", 0))
    _set_maxima(font)
    font["post"].formatType, font["post"].extraNames, font["post"].mapping = 2.0, [], {}
    font["post"].glyphOrder = order
    for tag in ("CFF ", "VORG"):
        if tag in font:
            del font[tag]
    font.sfntVersion = "\x00\x01\x00\x00"
    font["head"].glyphDataFormat = 0
    font.recalcTimestamp = False
    font.save(target)


def _set_maxima(font: TTFont) -> None:
    maxp = font["maxp"]
    maxp.tableVersion, maxp.maxZones = 0x00010000, 1
    for name in (
        "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
        "maxSizeOfInstructions", "maxComponentElements",
    ):  # fmt: skip
        setattr(maxp, name, 0)


def main() -> int:
    """Convert both cuts and put the licence beside them."""
    target = ROOT / "dicom_node" / "resources"
    target.mkdir(exist_ok=True)
    for cut in ("Regular", "SemiBold"):
        convert(ROOT / "ui" / "resources" / f"Inter-{cut}.otf", target / f"Inter-{cut}.ttf")
    (target / "OFL.txt").write_bytes((ROOT / "ui" / "resources" / "OFL.txt").read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
