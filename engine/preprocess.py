"""From stored pixels to the film the tokenizer sees: the versioned preprocessing of a model bundle.

Follows what the published tokenizer was trained on: whole-image min-max scaling to 8 bits and OpenCV's
histogram equalisation (the way MIMIC-CXR-JPG was made), then short side to 256 with Lanczos, centre crop,
[-1, 1] (the published encoder). Deliberately not here: modality LUT, polarity and padding detection, which
belong to whoever reads the DICOM object.
"""

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from engine.errors import BundleError, FilmRefused

Film = NDArray[np.float32]
Stored = NDArray[np.uint8] | NDArray[np.uint16]
Source = Literal["file", "dicom"]

MAX_PIXELS = 100_000_000
_RESAMPLE = {"lanczos": Image.Resampling.LANCZOS}
# "1": min-max and equalisation for files too; "2": files as published, and the choice of the centre.
_VERSIONS = ("1", "2")


@dataclass(frozen=True)
class Steps:
    """The grey-value steps that a source goes through before it is resized."""

    min_max: bool = True
    equalize: bool = True


@dataclass(frozen=True)
class PreprocessingSpec:
    """One version of the preprocessing; sides are pixels.

    `crop` is where the centre square begins when an odd number of rows is left over: "down" half a pixel up,
    or "even" to the even row, as the published encoder's torchvision does.
    """

    version: str = "1"
    side: int = 256
    channels: int = 1
    resample: str = "lanczos"
    file: Steps = field(default_factory=Steps)
    dicom: Steps = field(default_factory=Steps)
    minimum_side: int = 200
    crop: str = "down"

    @classmethod
    def from_manifest(cls, entry: Mapping[str, Any]) -> "PreprocessingSpec":
        """Read the `preprocessing` entry of a bundle's manifest; raise BundleError for one we don't know."""
        try:
            steps = {name: Steps(**entry[name]) for name in ("file", "dicom")}
            spec = cls(**{**entry, **steps})
        except (KeyError, TypeError) as error:
            raise BundleError(f"The manifest's preprocessing entry can't be read: {error}.") from error
        if (
            spec.version not in _VERSIONS
            or spec.resample not in _RESAMPLE
            or spec.crop not in ("down", "even")
        ):
            raise BundleError(
                f"Preprocessing version {spec.version!r} with resampling {spec.resample!r} isn't known here. "
                "Install a workstation as new as the bundle."
            )
        return spec

    def to_manifest(self) -> dict[str, Any]:
        """Give the manifest's `preprocessing` entry."""
        return asdict(self)


@dataclass(frozen=True)
class Greys:
    """What became of a film's grey values: `low` to `high` were scaled to 0..255, level n became `levels[n]`."""

    low: int
    high: int
    levels: tuple[int, ...]


def film_from_file(path_or_bytes: str | Path | bytes, spec: PreprocessingSpec) -> Film:
    """Turn a PNG, JPEG or TIFF film into float32 [channels, side, side] in [-1, 1].

    Colour is averaged to grey by Pillow's luma weights; 16-bit grey keeps its depth until the min-max step.
    Raises FilmRefused for what isn't an image or is too small.
    """
    return film_from_array(read_stored(path_or_bytes), spec, source="file")


def film_from_array(
    stored: Stored,
    spec: PreprocessingSpec,
    padding_mask: NDArray[np.bool_] | None = None,
    source: Source = "dicom",
) -> Film:
    """Turn stored values [H, W] into float32 [channels, side, side] in [-1, 1].

    `stored` is after the modality LUT and polarity, bone bright. `padding_mask` is true where a pixel is
    padding: those count in neither minimum, maximum nor histogram and come out black.
    Raises FilmRefused with what is wrong.
    """
    return film_and_greys(stored, spec, padding_mask, source)[0]


def film_and_greys(
    stored: Stored,
    spec: PreprocessingSpec,
    padding_mask: NDArray[np.bool_] | None = None,
    source: Source = "dicom",
) -> tuple[Film, Greys]:
    """Do what `film_from_array` does, and say what became of the grey values."""
    steps = spec.file if source == "file" else spec.dicom
    grey, made = _prepared(stored, steps, spec.minimum_side, padding_mask)
    return film_from_grey(grey, spec), made


def film_from_grey(grey: NDArray[np.uint8], spec: PreprocessingSpec) -> Film:
    """Resize and crop prepared 8-bit grey [H, W] to float32 [channels, side, side] in [-1, 1]."""
    cropped = resized_and_cropped(grey, spec.side, _RESAMPLE[spec.resample], to_even=spec.crop == "even")
    scaled = cropped.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    return np.ascontiguousarray(np.broadcast_to(scaled, (spec.channels, spec.side, spec.side)))


def prepared_grey(
    stored: Stored, steps: Steps, minimum_side: int, padding_mask: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Apply the grey-value steps to stored values [H, W], giving 8 bits of the same size."""
    return _prepared(stored, steps, minimum_side, padding_mask)[0]


def _prepared(
    stored: Stored, steps: Steps, minimum_side: int, padding_mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint8], Greys]:
    if stored.ndim != 2 or stored.dtype not in (np.uint8, np.uint16):
        raise FilmRefused(
            f"A film must be one 2-D array of 8 or 16 bit unsigned values, this is {stored.ndim}-D "
            f"{stored.dtype}. Convert it first."
        )
    if min(stored.shape) < minimum_side:
        raise FilmRefused(
            f"The image is {stored.shape[1]} x {stored.shape[0]} pixels; the short side must have at least "
            f"{minimum_side}. Use the original film."
        )
    valid = _valid_pixels(stored, padding_mask)
    low, high, table = 0, 255, np.arange(256, dtype=np.uint8)
    if steps.min_max:
        grey, low, high = _min_max(stored, valid)
    elif stored.dtype == np.uint8:
        grey = stored.astype(np.uint8)
    else:
        raise FilmRefused(
            "16-bit values need the min-max step, which this bundle's preprocessing leaves out."
        )
    if steps.equalize:
        table = equalization(grey, valid)
        grey = table[grey]
    made = Greys(low, high, tuple(int(level) for level in table))
    return (grey if valid is None else np.where(valid, grey, np.uint8(0))), made


def equalize_histogram(grey: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Equalise 8-bit grey as OpenCV's equalizeHist defines it; only `valid` pixels are counted."""
    return np.asarray(equalization(grey, valid)[grey])


def equalization(grey: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Give what OpenCV's equalizeHist makes of each of the 256 levels; only `valid` pixels are counted.

    The first occupied grey value maps to 0; the others to the cumulated count without it, scaled to 255 in
    single precision and rounded half to even.
    """
    histogram = np.bincount((grey if valid is None else grey[valid]).ravel(), minlength=256)
    first = int(np.flatnonzero(histogram)[0])
    total = int(histogram.sum())
    if histogram[first] == total:
        return np.arange(256, dtype=np.uint8)
    scale = np.float32(255.0) / np.float32(total - histogram[first])
    cumulated = np.cumsum(histogram) - histogram[first]
    table = np.rint(np.clip(cumulated, 0, None).astype(np.float32) * scale)
    return np.asarray(np.clip(table, 0, 255).astype(np.uint8))


def published(side: int, channels: int) -> PreprocessingSpec:
    """Give the published tokenizer's preprocessing: files as they are, DICOM as MIMIC-CXR-JPG was made.

    The published encoder reads JPEGs that are already scaled and equalised, so a file of theirs and the DX it
    was made from give the same codes; it refuses a short side under 256.
    """
    return PreprocessingSpec(
        version="2", side=side, channels=channels, file=Steps(False, False), minimum_side=side, crop="even"
    )


def resized_and_cropped(
    grey: NDArray[np.uint8], side: int, resample: Image.Resampling, to_even: bool = False
) -> NDArray[np.uint8]:
    """Scale [H, W] so that its short side is `side` (each side rounded) and take the centre square."""
    height, width = grey.shape
    scaled, cut = cut_of(height, width, side, to_even=to_even)
    image = Image.fromarray(grey)
    if (height, width) != (side, side):
        image = image.resize(scaled, resample)
    return np.asarray(image.crop(cut))


def cut_of(
    height: int, width: int, side: int, *, to_even: bool
) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """Give the scaled size (width, height) of a film and its centre square (left, top, right, bottom) in it."""
    factor = side / min(height, width)
    scaled = max(side, round(width * factor)), max(side, round(height * factor))
    # Python rounds half to even, and so does torchvision's centre crop.
    left, top = (
        round(spare / 2) if to_even else spare // 2 for spare in (scaled[0] - side, scaled[1] - side)
    )
    return scaled, (left, top, left + side, top + side)


def _min_max(stored: Stored, valid: NDArray[np.bool_] | None) -> tuple[NDArray[np.uint8], int, int]:
    inside = stored if valid is None else stored[valid]
    low, high = int(inside.min()), int(inside.max())
    if high == low:
        raise FilmRefused(f"All pixels of the image have the value {low}; there is nothing to read on it.")
    shifted = np.clip(stored.astype(np.float64) - low, 0, high - low)
    return np.asarray(np.rint(shifted * (255.0 / (high - low))).astype(np.uint8)), low, high


def _valid_pixels(stored: Stored, padding_mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    if padding_mask is None or not padding_mask.any():
        return None
    if padding_mask.shape != stored.shape:
        raise FilmRefused(f"The padding mask {padding_mask.shape} doesn't fit the image {stored.shape}.")
    if padding_mask.all():
        raise FilmRefused("Every pixel of the image is marked as padding; there is nothing to read on it.")
    return np.logical_not(padding_mask)


def read_stored(path_or_bytes: str | Path | bytes) -> Stored:
    """Read an image file as stored grey values [H, W]; raise FilmRefused for what isn't an image."""
    source = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    try:
        with Image.open(source) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FilmRefused(
                    f"The image has {image.width} x {image.height} pixels, more than {MAX_PIXELS} in all. "
                    "Export it at the size of a film."
                )
            return _grey_array(image)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise FilmRefused(f"The file can't be read as an image: {error}. Use a PNG, JPEG or TIFF.") from error


def _grey_array(image: Image.Image) -> Stored:
    if image.mode in ("I;16", "I;16B", "I;16L"):
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":
        values = np.asarray(image)
        if values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
            raise FilmRefused(
                "The image's 32-bit grey values don't fit 16 bits. Export it with 8 or 16 bits."
            )
        return values.astype(np.uint16)
    if image.mode == "F":
        raise FilmRefused("The image holds floating point values. Export it with 8 or 16 bits.")
    return np.asarray(image.convert("L"))
