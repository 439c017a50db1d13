"""The grey-scale pipeline against DCMTK's renderer over everything a header may combine, and on real files.

One grey level is allowed: DCMTK rounds its own intermediate tables. Narrow LINEAR_EXACT windows are held to
pydicom instead: DCMTK 3.6.7 divides by the width less one there, which PS3.3 C.11.2.1.3.2 does not.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from llmcxr_ws.imaging import displayed, read_dataset, render
from llmcxr_ws.pixels import decode
from tests.factories import make_film, make_pixels, save
from tests.llmcxr_ws.test_imaging import dcmtk_picture, differs_by, lut_item

DATA = Path(__file__).parents[1] / "data" / "dicom"
SHAPES = (None, "IDENTITY", "INVERSE")

pytestmark = pytest.mark.peers


def film(bits: int, *, is_signed: bool = False, **header: Any) -> Dataset:
    """A film of the whole range of its bits; signed values lie around 0."""
    pixels = make_pixels(bits=bits)
    ds = make_film(pixels, bits_stored=bits, **header)
    if is_signed:
        ds.PixelRepresentation = 1
        signed = pixels.astype(np.int32) - (1 << (bits - 1))
        kind = np.int8 if bits == 8 else np.int16
        ds.PixelData = signed.astype(kind).tobytes()
    return ds


def check(ds: Dataset, folder: Path, *options: str) -> None:
    path = save(ds, folder)
    ours = render(displayed(path))
    theirs = dcmtk_picture(path, *options)
    assert ours.std() > 2, "a flat picture would prove nothing"
    assert differs_by(ours, theirs) <= 1


DEPTHS = [
    (bits, function)
    for bits in (8, 10, 12, 14, 15, 16)
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")
    if (bits, function) != (8, "LINEAR_EXACT")
]


@pytest.mark.parametrize(("bits", "function"), DEPTHS)
@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
def test_windows_at_every_depth(bits: int, is_signed: bool, function: str, tmp_path: Path) -> None:
    size = 1 << bits
    middle = 0.45 * size - (size / 2 if is_signed else 0)
    ds = film(bits, is_signed=is_signed, WindowCenter=f"{middle:.1f}", WindowWidth=f"{size * 0.37:.1f}")
    ds.VOILUTFunction = function
    check(ds, tmp_path, "+Wi", "1")


@pytest.mark.parametrize(("photometric", "shape"), list(product(("MONOCHROME1", "MONOCHROME2"), SHAPES)))
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_exactly_one_inversion_whatever_the_header_combines(
    function: str, photometric: str, shape: str | None, tmp_path: Path
) -> None:
    ds = film(12, photometric=photometric, WindowCenter="1500.5", WindowWidth="2100", VOILUTFunction=function)
    ds.PresentationLUTShape = shape
    if shape is None:
        del ds.PresentationLUTShape
    check(ds, tmp_path, "+Wi", "1")


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(
    ("slope", "intercept"), [("1", "-1024"), ("0.25", "0"), ("2.5", "17.5"), ("-1", "4095"), ("-0.5", "-3")]
)
def test_windows_apply_to_rescaled_values(slope: str, intercept: str, function: str, tmp_path: Path) -> None:
    middle = 1700 * float(slope) + float(intercept)
    width = max(2300 * abs(float(slope)), 2)
    ds = film(12, RescaleSlope=slope, RescaleIntercept=intercept)
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = f"{middle:.2f}", f"{width:.2f}", function
    check(ds, tmp_path, "+Wi", "1")


@pytest.mark.parametrize(
    ("center", "width", "function"),
    [
        ("2048", "1", "LINEAR"),
        ("2048", "2", "LINEAR"),
        ("-50", "5000", "LINEAR"),
        ("9000", "12000", "LINEAR"),
        ("9000", "12000", "SIGMOID"),
        ("2048", "40000", "SIGMOID"),
        ("2048", "30000", "LINEAR_EXACT"),
    ],
)
def test_windows_narrow_wide_and_beside_the_data(
    center: str, width: str, function: str, tmp_path: Path
) -> None:
    ds = film(12, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    path = save(ds, tmp_path)
    assert differs_by(render(displayed(path)), dcmtk_picture(path, "+Wi", "1")) <= 1


@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("width", ["0.25", "1", "1.5", "3", "60", "94.7", "180"])
@pytest.mark.parametrize("center", ["115.2", "128", "128.25"])
def test_narrow_linear_exact_windows_follow_the_standard(center: str, width: str, is_signed: bool) -> None:
    ds = film(8, is_signed=is_signed, WindowWidth=width, VOILUTFunction="LINEAR_EXACT")
    ds.WindowCenter = f"{float(center) - (128 if is_signed else 0):.2f}"
    raw = decode(ds)
    # pydicom gives the window's output over the range of the stored values.
    shown = apply_windowing(raw, ds)
    expected = np.rint(shown + (128 if is_signed else 0))
    assert differs_by(render(displayed(ds)), expected) <= 1


CURVES = {
    "rising": lambda n: np.linspace(0, 1, n) ** 0.6,
    "falling": lambda n: 1 - np.linspace(0, 1, n) ** 1.7,
    "there and back": lambda n: np.sin(np.linspace(0, np.pi, n)),
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize(
    ("first", "entries"),
    [(0, 4096), (1000, 1024), (-3000, 10000), (-500, 3000), (2000, 8000)],
    ids=["as the data", "within", "beyond both ends", "begins before", "ends behind"],
)
def test_voi_luts_within_and_beyond_the_data(
    first: int, entries: int, bits: int, curve: str, tmp_path: Path
) -> None:
    values = np.rint(CURVES[curve](entries) * ((1 << bits) - 1)).astype(int).tolist()
    # A first value below 0 needs signed data (PS3.3 C.11.1.1): the values are then shifted to lie around 0.
    is_signed = first < 0
    item = lut_item(values, 0, bits)
    item["LUTDescriptor"].VR = "SS" if is_signed else "US"
    item.LUTDescriptor = [entries, first - 2048 if is_signed else first, bits]
    ds = film(12, is_signed=is_signed, VOILUTSequence=[item])
    check(ds, tmp_path, "+Wl", "1")


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("slope", ["1", "2", "-1"])
def test_a_voi_lut_after_a_rescale_and_before_the_inversion(
    slope: str, photometric: str, tmp_path: Path
) -> None:
    intercept = "4095" if slope == "-1" else "0"
    values = np.rint(np.linspace(0, 1, 8192) ** 0.7 * 4095).astype(int).tolist()
    ds = film(12, photometric=photometric, RescaleSlope=slope, RescaleIntercept=intercept)
    ds.VOILUTSequence = [lut_item(values, 0, 12)]
    check(ds, tmp_path, "+Wl", "1")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_every_voi_lut_of_the_header_can_be_chosen(index: int, tmp_path: Path) -> None:
    items = [
        lut_item(np.rint(np.linspace(0, 1, 4096) ** power * 4095).astype(int).tolist(), 0, 12)
        for power in (0.5, 1, 2)
    ]
    path = save(film(12, VOILUTSequence=items), tmp_path)
    image = displayed(path)
    assert differs_by(render(image, image.voi_luts[index]), dcmtk_picture(path, "+Wl", str(index + 1))) <= 1


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
def test_padding_is_black_and_everything_else_as_dcmtk_shows_it(
    is_signed: bool, photometric: str, tmp_path: Path
) -> None:
    ds = film(12, is_signed=is_signed, photometric=photometric, WindowCenter="200", WindowWidth="2500")
    shift = 2048 if is_signed else 0
    low, high = 3600 - shift, 4095 - shift
    ds.add_new("PixelPaddingValue", "SS" if is_signed else "US", high)
    ds.add_new("PixelPaddingRangeLimit", "SS" if is_signed else "US", low)
    path = save(ds, tmp_path)
    image = displayed(path)
    mask = image.padding_mask
    assert mask is not None
    raw = decode(path)
    assert np.array_equal(mask, (raw >= low) & (raw <= high))
    ours, theirs = render(image), dcmtk_picture(path, "+Wi", "1")
    assert differs_by(ours[~mask], theirs[~mask]) <= 1
    assert (ours[mask] == 0).all()


def test_padding_written_with_the_other_vr_is_read_by_its_bits(tmp_path: Path) -> None:
    ds = film(16, is_signed=True, WindowCenter="0", WindowWidth="40000")
    ds.add_new("PixelPaddingValue", "US", 0x8000)
    raw = decode(save(ds, tmp_path))
    mask = displayed(ds).padding_mask
    assert mask is not None
    assert np.array_equal(mask, raw == -32768)


def test_a_real_cr_of_fifteen_bits(tmp_path: Path) -> None:
    """DCMTK can't read its JPEG 2000: it gets the decoded values, we get the file."""
    real = DATA / "RG1_J2KI.dcm"
    native = read_dataset(real)
    native.decompress()
    path = save(native, tmp_path)
    assert np.array_equal(decode(real), decode(path))
    image = displayed(real)
    assert image.invert
    assert image.spacing is None, "a spacing of 0 is none"
    assert differs_by(render(image), dcmtk_picture(path, "+Wi", "1")) <= 1
    # Outside the body a PA film is dark, the mediastinum bright: polarity as a person expects it.
    shown = render(image)
    assert shown[900:1000, 880:960].mean() > shown[600:800, 400:600].mean() + 20


def test_a_real_dx_with_an_inverse_presentation_lut() -> None:
    path = DATA / "highdicom_dx_image.dcm"
    image = displayed(path)
    assert image.invert
    assert image.spacing is not None
    assert image.spacing.basis == "detector", "Pixel Spacing equal to Imager Pixel Spacing is no calibration"
    assert differs_by(render(image), dcmtk_picture(path, "+Wi", "1")) <= 1
