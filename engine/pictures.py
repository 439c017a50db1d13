"""Films of the model as pictures for people; a generated one bears its mark in the pixels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from engine.preprocess import Film

SYNTHETIC_MARK = "SYNTHETIC - NOT A PATIENT"
RECONSTRUCTION_MARK = "DECODED FROM IMAGE CODES - NOT AN ORIGINAL FILM"
_ENLARGED = 2
_FONT_SIZE = 22


def to_picture(film: Film) -> Image.Image:
    """Turn a film [C, H, W] in [-1, 1] into an 8-bit grey picture of its channels' mean."""
    grey = np.clip(np.rint((film.mean(axis=0) + 1.0) * 127.5), 0, 255).astype(np.uint8)
    return Image.fromarray(grey)


def to_marked_picture(film: Film) -> Image.Image:
    """Turn a generated film into a picture of twice its side with the mark across its top and bottom.

    The mark stands on black so that no window setting hides it, and twice so that no single crop removes it.
    """
    small = to_picture(film)
    picture = small.resize((small.width * _ENLARGED, small.height * _ENLARGED), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(_FONT_SIZE)
    left, top, right, bottom = draw.textbbox((0, 0), SYNTHETIC_MARK, font=font)
    height = int(bottom - top) + 8
    for y in (0, picture.height - height):
        draw.rectangle((0, y, picture.width, y + height), fill=0)
        draw.text(((picture.width - (right - left)) / 2, y + 4 - top), SYNTHETIC_MARK, fill=255, font=font)
    return picture


def save_marked_png(film: Film, path: Path, made_by: str) -> None:
    """Write a generated film as PNG, marked in its pixels and in its text chunks."""
    path.write_bytes(marked_png(film, made_by))


def marked_png(film: Film, made_by: str) -> bytes:
    """Give a generated film as the bytes of a PNG, marked as `save_marked_png` marks it."""
    stream = io.BytesIO()
    to_marked_picture(film).save(stream, format="PNG", pnginfo=_synthetic(made_by))
    return stream.getvalue()


def _synthetic(made_by: str) -> PngInfo:
    info = PngInfo()
    info.add_text("Synthetic", "YES")
    info.add_text("Description", SYNTHETIC_MARK)
    info.add_text("Software", made_by)
    return info


def save_decoded_png(film: Film, path: Path, made_by: str) -> None:
    """Write a film decoded from codes as PNG, marked as synthetic in its text chunks; its pixels stay clean."""
    info = PngInfo()
    info.add_text("Synthetic", "YES")
    info.add_text("Description", RECONSTRUCTION_MARK)
    info.add_text("Software", made_by)
    to_picture(film).save(path, format="PNG", pnginfo=info)
