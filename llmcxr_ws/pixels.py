"""Decode the stored values of one grey single-frame image, or say plainly why it can't be done.

Chooses the decoder per transfer syntax instead of leaving it to chance. Deliberately knows nothing of
windows, polarity or models: see :mod:`llmcxr_ws.imaging`.
"""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from llmcxr_ws.elements import has_value, number
from llmcxr_ws.errors import ImagingError

_NATIVE = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
        ExplicitVRBigEndian,
    }
)

# The quickest exact decoder of those that come with the product. Pillow's 8-bit JPEG is the common libjpeg.
_PLUGINS: dict[UID, str] = {
    RLELossless: "pylibjpeg",
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pylibjpeg",
    JPEGLossless: "pylibjpeg",
    JPEGLosslessSV1: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
}

SUPPORTED_TRANSFER_SYNTAXES: frozenset[str] = frozenset({*_NATIVE, *_PLUGINS})

_SEND_AGAIN = "Ask for the image to be sent again."


def read_dataset(source: Path | bytes) -> Dataset:
    """Read a DICOM file, or the bytes of one, pixel data included.

    Raises
    ------
    ImagingError
        If the file can't be read, isn't DICOM or ends before its data set does.
    """
    try:
        return dcmread(source if isinstance(source, Path) else BytesIO(source))
    except InvalidDicomError as error:
        raise ImagingError("The file isn't a DICOM file.", what_to_do=_SEND_AGAIN) from error
    except (EOFError, struct.error) as error:
        raise ImagingError("The DICOM file is cut short.", what_to_do=_SEND_AGAIN) from error
    except OSError as error:
        raise ImagingError(f"The DICOM file can't be read: {error.strerror}.") from error


def decode(source: Path | Dataset) -> NDArray[Any]:
    """Return the stored values [H, W] of a single-frame grey image as integers within BitsStored.

    Unused high bits are cleared, signed values sign-extended (PS3.5 8.1.1).

    Raises
    ------
    ImagingError
        If there is no pixel data, too little of it, colour, several frames, a transfer syntax or a bit depth
        that isn't supported, or a stream that the decoder refuses.
    """
    ds = read_dataset(source) if isinstance(source, Path) else source
    transfer_syntax = _check_decodable(ds)
    if transfer_syntax in _NATIVE:
        _check_length(ds)
    try:
        raw, _ = get_decoder(transfer_syntax).as_array(
            ds, raw=True, index=0, decoding_plugin=_PLUGINS.get(transfer_syntax, "")
        )
    except (ValueError, RuntimeError, AttributeError, TypeError, NotImplementedError, struct.error) as error:
        # The decoders' texts are technical but hold no patient data; the person needs the kind of encoding.
        raise ImagingError(
            f"The pixel data can't be decoded ({transfer_syntax.name}): {_first_line(error)}.",
            what_to_do=_SEND_AGAIN,
        ) from error
    if raw.shape != (ds.Rows, ds.Columns):
        raise ImagingError(
            f"The pixel data holds {raw.shape} values where the header says {(ds.Rows, ds.Columns)}.",
            what_to_do=_SEND_AGAIN,
        )
    return _only_stored_bits(raw, ds, is_native=transfer_syntax in _NATIVE)


def _check_decodable(ds: Dataset) -> UID:
    if "PixelData" not in ds:
        raise ImagingError(
            "The instance holds no pixel data.", what_to_do="Send the image itself, not only its header."
        )
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "SamplesPerPixel"):
        if not number(ds, keyword):
            raise ImagingError(
                f"The image header lacks a value for {keyword}, or holds one that can't be read.",
                what_to_do="Have the sender mend the header.",
            )
    for keyword in ("HighBit", "PixelRepresentation"):
        if has_value(ds, keyword) and number(ds, keyword) is None:
            raise ImagingError(
                f"The image header's value for {keyword} can't be read.",
                what_to_do="Have the sender mend the header.",
            )
    if ds.SamplesPerPixel != 1 or ds.get("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        raise ImagingError(
            f"The image isn't grey (Photometric Interpretation '{ds.get('PhotometricInterpretation', '')}').",
            what_to_do="Send the grey original.",
        )
    frames = number(ds, "NumberOfFrames")
    if has_value(ds, "NumberOfFrames") and frames not in (0.0, 1.0):
        said = "an unreadable number of" if frames is None else f"{frames:.0f}"
        raise ImagingError(
            f"The image holds {said} frames; a chest film holds one.",
            what_to_do="Send each film as an instance of its own.",
        )
    if ds.BitsAllocated not in (8, 16) or not 1 <= ds.BitsStored <= ds.BitsAllocated:
        raise ImagingError(
            f"The image has {ds.BitsStored} bits stored in {ds.BitsAllocated}; 8 or 16 are supported.",
            what_to_do="Send the image with 8 or 16 bits allocated.",
        )
    meta = getattr(ds, "file_meta", None)
    transfer_syntax = UID(meta.get("TransferSyntaxUID", "")) if meta is not None else UID("")
    if transfer_syntax not in SUPPORTED_TRANSFER_SYNTAXES:
        raise ImagingError(
            f"The transfer syntax '{transfer_syntax.name or 'none given'}' isn't supported.",
            what_to_do="Have the sender use Explicit VR Little Endian.",
        )
    return transfer_syntax


def _check_length(ds: Dataset) -> None:
    promised = ds.Rows * ds.Columns * ds.BitsAllocated // 8
    present = len(ds.PixelData)
    if present < promised:
        raise ImagingError(
            f"The pixel data is cut short: {present} of {promised} bytes are there.", what_to_do=_SEND_AGAIN
        )


def _only_stored_bits(raw: NDArray[Any], ds: Dataset, *, is_native: bool) -> NDArray[Any]:
    bits: int = ds.BitsStored
    width = 8 * raw.itemsize
    given = number(ds, "HighBit")
    high_bit = bits - 1 if given is None else int(given)
    shift = high_bit + 1 - bits if is_native else 0
    if shift < 0 or high_bit >= width:
        raise ImagingError(
            f"High Bit {high_bit} doesn't fit {bits} bits stored.",
            what_to_do="Have the sender mend the header.",
        )
    if bits == width and shift == 0:
        return raw
    # Up, then down: clears what lies above, and extends the sign where the type is signed.
    kept: NDArray[Any] = np.right_shift(np.left_shift(raw, width - bits - shift), width - bits)
    return kept


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
