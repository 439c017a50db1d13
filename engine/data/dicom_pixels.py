"""Pixels of a DICOM film as the model is given them: after the modality LUT, bone bright, padding marked.

The same arithmetic as the workstation's own imaging, so that a film trained on from a folder equals the film that
the PACS sends (a test compares them). Stands alone so that a research site needs the engine only. No window, no
resizing: those belong to the preprocessing.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    JPEGBaseline8Bit,
    JPEGLSTransferSyntaxes,
)

from engine.errors import FilmRefused
from engine.preprocess import Stored

_BIG_ENDIAN = "1.2.840.10008.1.2.2"


@dataclass(frozen=True, eq=False)
class DicomFilm:
    """Stored values [H, W], bone bright; `padding_mask` [H, W] is true where a pixel is padding."""

    values: Stored
    padding_mask: NDArray[np.bool_] | None


def is_dicom(path: Path) -> bool:
    """Tell whether a file has DICOM's preamble; raise FilmRefused where it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError as error:
        raise FilmRefused(f"The file can't be read: {error.strerror}.") from error


def read_dicom_film(source: Path | Dataset) -> DicomFilm:
    """Decode one grey single-frame image.

    A rescale is linear, so values stay on the scale on which they are stored; a Modality LUT Sequence gives its
    own. MONOCHROME1, Presentation LUT Shape INVERSE, a negative slope and a falling VOI LUT each turn the polarity
    once (PS3.4 N.2). Raises FilmRefused with what is wrong with the image or its header.
    """
    try:
        ds = dcmread(source) if isinstance(source, Path) else source
        _check(ds)
        raw = _decode(ds)
        values = _bone_bright(ds, raw)
    except (InvalidDicomError, OSError, EOFError, struct.error) as error:
        raise FilmRefused(f"The DICOM file can't be read: {type(error).__name__}.") from error
    return DicomFilm(values, _padding_mask(ds, raw))


def _check(ds: Dataset) -> None:
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "SamplesPerPixel"):
        if not ds.get(keyword):
            raise FilmRefused(f"The image header lacks a value for {keyword}.")
    if ds.SamplesPerPixel != 1 or ds.get("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        raise FilmRefused(
            f"The image isn't grey ({ds.get('PhotometricInterpretation', 'no interpretation')})."
        )
    if int(ds.get("NumberOfFrames") or 1) != 1:
        raise FilmRefused(f"The image holds {ds.NumberOfFrames} frames; a film holds one.")
    if ds.BitsAllocated not in (8, 16) or not 1 <= ds.BitsStored <= ds.BitsAllocated:
        raise FilmRefused(
            f"The image has {ds.BitsStored} bits stored in {ds.BitsAllocated}; 8 or 16 are read."
        )


def _decode(ds: Dataset) -> NDArray[Any]:
    """Give the stored values [H, W] with the unused high bits cleared and the sign extended (PS3.5 8.1.1)."""
    meta = getattr(ds, "file_meta", None)
    syntax = UID(meta.get("TransferSyntaxUID", "")) if meta is not None else UID("")
    try:
        raw, _ = get_decoder(syntax).as_array(ds, raw=True, index=0, decoding_plugin=_plugin(syntax))
    except (ValueError, RuntimeError, AttributeError, TypeError, NotImplementedError, struct.error) as error:
        raise FilmRefused(
            f"The pixel data can't be decoded ({syntax.name or 'no transfer syntax'})."
        ) from error
    if raw.shape != (ds.Rows, ds.Columns):
        raise FilmRefused(f"The pixel data is of shape {raw.shape}, the header says {(ds.Rows, ds.Columns)}.")
    bits, width = int(ds.BitsStored), 8 * raw.itemsize
    high_bit = int(ds.get("HighBit", bits - 1))
    shift = 0 if syntax.is_compressed else high_bit + 1 - bits
    if shift < 0 or high_bit >= width:
        raise FilmRefused(f"High Bit {high_bit} doesn't fit {bits} bits stored.")
    if bits == width and shift == 0:
        return raw
    kept: NDArray[Any] = np.right_shift(np.left_shift(raw, width - bits - shift), width - bits)
    return kept


def _plugin(syntax: UID) -> str:
    """The quickest exact decoder of those installed with the product; pydicom's own for uncompressed data."""
    if not syntax.is_compressed or syntax.is_deflated:
        return ""
    if syntax == JPEGBaseline8Bit:
        return "pillow"
    return "pyjpegls" if syntax in JPEGLSTransferSyntaxes else "pylibjpeg"


def _bone_bright(ds: Dataset, raw: NDArray[Any]) -> Stored:
    bits = int(ds.BitsStored)
    count = 1 << bits
    lowest = -(count // 2) if ds.get("PixelRepresentation") == 1 else 0
    if int(raw.min()) < lowest or int(raw.max()) >= lowest + count:
        raise FilmRefused(
            f"The pixel data holds values outside its {bits} bits ({raw.min()} to {raw.max()})."
        )
    levels = (raw.astype(np.int32) - lowest).astype(np.uint16)
    units = _modality_units(ds, np.arange(lowest, lowest + count))
    table = np.arange(count, dtype=np.int64)
    if ds.get("ModalityLUTSequence"):
        table = np.rint(units).astype(np.int64)
        bits = max(int(table.max()).bit_length(), 8)
    if _falls(ds, levels, units, table, _padding_mask(ds, raw)):
        table = (1 << bits) - 1 - table
    return table.astype(np.uint8)[levels] if bits <= 8 else table.astype(np.uint16)[levels]


def _falls(
    ds: Dataset,
    levels: NDArray[np.uint16],
    units: NDArray[np.float32],
    table: NDArray[np.int64],
    padding_mask: NDArray[np.bool_] | None,
) -> bool:
    """Whether larger values of `table` are shown darker, over the levels that the image uses."""
    counts = np.bincount((levels if padding_mask is None else levels[~padding_mask]).ravel())
    used = np.flatnonzero(counts)[[0, -1]] if counts.any() else np.array([0, 0])
    shown = units[used].astype(np.float64)
    luts = ds.get("VOILUTSequence")
    # A window always rises; only a table can fall.
    if luts:
        shown = _looked_up(luts[0], ds, shown, is_signed=bool(units.min() < 0))
    shape = ds.get("PresentationLUTShape")
    invert = (
        shape == "INVERSE"
        if shape in ("IDENTITY", "INVERSE")
        else ds.PhotometricInterpretation == "MONOCHROME1"
    )
    rises = float(shown[1] - shown[0]) * float(table[used[1]] - table[used[0]]) >= 0
    return bool(invert) if rises else not invert


def _modality_units(ds: Dataset, stored: NDArray[Any]) -> NDArray[np.float32]:
    """The modality LUT's output for each stored value (PS3.3 C.11.1)."""
    if ds.get("ModalityLUTSequence"):
        item = ds.ModalityLUTSequence[0]
        return _looked_up(item, ds, stored, is_signed=ds.get("PixelRepresentation") == 1).astype(np.float32)
    slope, intercept = (ds.get(keyword) for keyword in ("RescaleSlope", "RescaleIntercept"))
    factor = 1.0 if slope is None else float(slope)
    if factor == 0:
        raise FilmRefused("Rescale Slope is 0.")
    return (stored * factor + (0.0 if intercept is None else float(intercept))).astype(np.float32)


def _looked_up(item: Dataset, ds: Dataset, units: NDArray[Any], *, is_signed: bool) -> NDArray[np.float64]:
    """A look-up table's value for each unit value; those outside take the nearest entry (PS3.3 C.11.1.1)."""
    descriptor = item.get("LUTDescriptor")
    if descriptor is None or len(descriptor) != 3 or item.get("LUTData") is None:
        raise FilmRefused("A look-up table in the header lacks its descriptor or data.")
    entries, first = int(descriptor[0]) % 65536 or 65536, int(descriptor[1])
    if is_signed and first > 32767:
        first -= 65536
    elif not is_signed and first < 0:
        first += 65536
    values = _entries(item.LUTData, entries, ds)
    if len(values) < entries:
        raise FilmRefused(f"A look-up table in the header holds {len(values)} of {entries} entries.")
    index = np.clip(np.rint(units).astype(np.int64) - first, 0, entries - 1)
    return np.asarray(values[:entries].astype(np.float64)[index])


def _entries(data: Any, entries: int, ds: Dataset) -> NDArray[np.int64]:
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, dtype=np.int64) % 65536)
    meta = getattr(ds, "file_meta", None)
    is_big = meta is not None and meta.get("TransferSyntaxUID") == _BIG_ENDIAN
    kind = np.uint8 if len(data) < 2 * entries else np.dtype(">u2" if is_big else "<u2")
    return np.frombuffer(data, kind).astype(np.int64)


def _padding_mask(ds: Dataset, raw: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Mark pixels within Pixel Padding Value .. Range Limit, in stored values (PS3.3 C.7.5.1.1.2)."""
    value = ds.get("PixelPaddingValue")
    if value is None:
        return None
    limit = ds.get("PixelPaddingRangeLimit")
    # A sender may have written the value with the other VR; its bits are what counts.
    low, high = sorted(_as_stored(ds, end) for end in (value, value if limit is None else limit))
    mask: NDArray[np.bool_] = (raw >= low) & (raw <= high)
    return mask if mask.any() else None


def _as_stored(ds: Dataset, value: int) -> int:
    if ds.get("PixelRepresentation") == 1:
        return value - 65536 if value > 32767 else value
    return value % 65536
