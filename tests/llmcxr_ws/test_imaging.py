"""The two pixel pipelines against DCMTK's renderer, and every refusal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import (
    MPEG2MPML,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from llmcxr_ws.errors import ImagingError
from llmcxr_ws.imaging import Window, decode, display_table, displayed, render, stored
from tests.factories import make_film, make_pixels, save
from tests.peers import run_peer

FILMS = sorted(Path(__file__).parents[2].glob("dicom_node/films/*.dcm"))


def dcmtk_picture(path: Path, *options: str) -> np.ndarray[Any, Any]:
    said = run_peer("dcmj2pnm", "--write-raw-pnm", *options, path)
    assert said.returncode == 0, said.stderr
    return np.asarray(Image.open(io.BytesIO(said.stdout)))


def differs_by(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> int:
    return int(np.abs(ours.astype(int) - theirs.astype(int)).max())


def lut_item(values: list[int], first: int = 0, bits: int = 8) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(values) % 65536, first, bits]
    item.add_new("LUTData", "US", values)
    return item


CURVE = [min(4095, int(4095 * (i / 4095) ** 0.5)) for i in range(4096)]
WINDOWED: dict[str, dict[str, Any]] = {
    "full range": {"bits_stored": 8},
    "12 bits, narrow": {"bits_stored": 12, "WindowCenter": "1500", "WindowWidth": "900"},
    "first of two": {"bits_stored": 12, "WindowCenter": ["1500", "9"], "WindowWidth": ["900", "4"]},
    "linear exact": {
        "bits_stored": 12,
        "WindowCenter": "2000",
        "WindowWidth": "512.5",
        "VOILUTFunction": "LINEAR_EXACT",
    },
    "sigmoid": {"bits_stored": 12, "WindowCenter": "2000", "WindowWidth": "800", "VOILUTFunction": "SIGMOID"},
    "rescaled": {
        "bits_stored": 12,
        "RescaleSlope": "0.5",
        "RescaleIntercept": "-100",
        "WindowCenter": "700",
        "WindowWidth": "600",
    },
    "falling rescale": {
        "bits_stored": 12,
        "RescaleSlope": "-1",
        "RescaleIntercept": "4095",
        "WindowCenter": "2000",
        "WindowWidth": "1500",
    },
    "MONOCHROME1 with INVERSE": {"photometric": "MONOCHROME1"},
    "MONOCHROME1 CR without a shape": {"photometric": "MONOCHROME1", "modality": "CR"},
    "MONOCHROME1 with IDENTITY": {"photometric": "MONOCHROME1", "PresentationLUTShape": "IDENTITY"},
    "10 bits, MONOCHROME1": {
        "photometric": "MONOCHROME1",
        "bits_stored": 10,
        "WindowCenter": "600",
        "WindowWidth": "500",
    },
    "window of width 1": {"bits_stored": 12, "WindowCenter": "2000", "WindowWidth": "1"},
}


@pytest.mark.peers
@pytest.mark.parametrize("case", WINDOWED)
def test_a_window_renders_as_dcmtk_renders_it(case: str, tmp_path: Path) -> None:
    path = save(make_film(**WINDOWED[case]), tmp_path)
    ours = render(displayed(path))
    assert ours.std() > 5, "a flat picture would prove nothing"
    assert differs_by(ours, dcmtk_picture(path, "+Wi", "1")) <= 1


@pytest.mark.peers
@pytest.mark.parametrize("index", [0, 1])
def test_every_window_of_the_header_can_be_chosen(index: int, tmp_path: Path) -> None:
    path = save(
        make_film(
            bits_stored=12,
            WindowCenter=["1500", "2500"],
            WindowWidth=["900", "3000"],
            WindowCenterWidthExplanation=["A", "B"],
        ),
        tmp_path,
    )
    image = displayed(path)
    assert [window.explanation for window in image.windows] == ["A", "B"]
    ours = render(image, image.windows[index])
    assert differs_by(ours, dcmtk_picture(path, "+Wi", str(index + 1))) <= 1


@pytest.mark.peers
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_voi_lut_comes_before_windows_and_renders_as_dcmtk_renders_it(
    bits: int, photometric: str, tmp_path: Path
) -> None:
    values = [value >> (12 - bits) if bits <= 12 else value << 4 for value in CURVE]
    ds = make_film(bits_stored=12, photometric=photometric, VOILUTSequence=[lut_item(values, 0, bits)])
    path = save(ds, tmp_path)
    image = displayed(path)
    assert image.voi is image.voi_luts[0]
    assert image.windows, "the header's window is still offered"
    assert differs_by(render(image), dcmtk_picture(path, "+Wl", "1")) <= 1


@pytest.mark.peers
def test_a_voi_lut_that_starts_late_clamps_below_and_above(tmp_path: Path) -> None:
    ds = make_film(bits_stored=12, VOILUTSequence=[lut_item(list(range(1024)), 1000, 10)])
    path = save(ds, tmp_path)
    assert differs_by(render(displayed(path)), dcmtk_picture(path, "+Wl", "1")) <= 1


@pytest.mark.peers
def test_a_modality_lut_comes_first(tmp_path: Path) -> None:
    item = lut_item(CURVE, 0, 12)
    item.ModalityLUTType = "US"
    ds = make_film(
        bits_stored=12,
        modality="CR",
        RescaleSlope=None,
        RescaleIntercept=None,
        RescaleType=None,
        ModalityLUTSequence=[item],
        WindowCenter="3000",
        WindowWidth="1500",
    )
    path = save(ds, tmp_path)
    assert differs_by(render(displayed(path)), dcmtk_picture(path, "+Wi", "1")) <= 1
    assert stored(path).values.tolist() == np.array(CURVE)[make_pixels(bits=12)].tolist()


@pytest.mark.peers
def test_signed_values_render_as_dcmtk_renders_them(tmp_path: Path) -> None:
    signed = make_pixels(bits=12).astype(np.int32) - 2048
    ds = make_film(bits_stored=12, PixelRepresentation=1, WindowCenter="-300", WindowWidth="1200")
    ds.PixelData = (
        (signed & 0x0FFF).astype("<u2").tobytes()
    )  # unused high bits clear: the sign must be extended
    path = save(ds, tmp_path)
    assert decode(path).tolist() == signed.tolist()
    assert differs_by(render(displayed(path)), dcmtk_picture(path, "+Wi", "1")) <= 1


@pytest.mark.peers
def test_without_a_window_the_whole_range_is_shown_and_said_to_be_ours(tmp_path: Path) -> None:
    pixels = make_pixels(bits=12) // 2 + 700
    path = save(make_film(pixels, bits_stored=12, WindowCenter=None, WindowWidth=None), tmp_path)
    image = displayed(path)
    assert not image.is_voi_from_header
    assert isinstance(image.voi, Window)
    assert "MIN-MAX" in image.voi.explanation
    assert differs_by(render(image), dcmtk_picture(path, "+Wm")) <= 1


@pytest.mark.peers
@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.stem)
def test_the_demonstration_films_render_as_dcmtk_renders_them(path: Path) -> None:
    assert differs_by(render(displayed(path)), dcmtk_picture(path, "+Wi", "1")) <= 1


def test_there_are_films_to_test() -> None:
    assert len(FILMS) >= 12


def test_a_mono1_film_and_its_mono2_twin_are_the_same_for_people_and_for_the_model() -> None:
    plain, inverted = make_film(), make_film(photometric="MONOCHROME1")
    assert plain.PixelData != inverted.PixelData
    assert render(displayed(plain)).tolist() == render(displayed(inverted)).tolist() == make_pixels().tolist()
    assert stored(plain).values.tolist() == stored(inverted).values.tolist() == make_pixels().tolist()


@pytest.mark.parametrize("case", WINDOWED)
def test_the_model_sees_bone_bright_wherever_people_do(case: str) -> None:
    ds = make_film(**WINDOWED[case])
    shown = render(displayed(ds)).ravel().astype(float)
    given = stored(ds).values.ravel().astype(float)
    assert np.corrcoef(shown, given)[0, 1] > 0.5


def test_a_falling_voi_lut_turns_the_models_polarity_too() -> None:
    ds = make_film(bits_stored=12, VOILUTSequence=[lut_item(list(range(4095, -1, -1)), 0, 12)])
    assert stored(ds).values.tolist() == (4095 - make_pixels(bits=12)).tolist()


def test_the_model_is_given_the_stored_bits_whatever_the_window() -> None:
    given = stored(make_film(bits_stored=12, WindowCenter="100", WindowWidth="2"))
    assert given.bits == 12
    assert given.values.dtype == np.uint16
    assert given.values.tolist() == make_pixels(bits=12).tolist()


def test_padding_is_masked_before_minimum_and_maximum_and_shown_black() -> None:
    pixels = make_pixels(bits=12) // 2 + 1000
    pixels[:, :5] = 4000
    ds = make_film(pixels, bits_stored=12, WindowCenter=None, WindowWidth=None)
    ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 4000, 3999
    image = displayed(ds)
    assert image.padding_mask is not None
    assert image.padding_mask[:, :5].all()
    assert not image.padding_mask[:, 5:].any()
    shown = render(image)
    assert (shown[:, :5] == 0).all()
    assert shown[:, 5:].max() == 255
    assert stored(ds).padding_mask is not None


def test_a_padding_value_that_occurs_nowhere_marks_nothing() -> None:
    assert displayed(make_film(make_pixels() // 2, PixelPaddingValue=255)).padding_mask is None


@pytest.mark.parametrize("transfer_syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_encodings_give_the_stored_values(transfer_syntax: str, bits: int, tmp_path: Path) -> None:
    ds = make_film(bits_stored=bits)
    ds.compress(transfer_syntax, generate_instance_uid=False)
    assert decode(save(ds, tmp_path)).tolist() == make_pixels(bits=bits).tolist()


@pytest.mark.peers
@pytest.mark.parametrize("option", ["+e1", "+el", "+eb", "+ee"])
def test_jpeg_encodings_made_by_dcmtk_are_read(option: str, tmp_path: Path) -> None:
    bits = 12 if option == "+ee" else 8
    path = save(make_film(bits_stored=bits), tmp_path)
    encoded = tmp_path / "encoded.dcm"
    said = run_peer("dcmcjpeg", option, path, encoded)
    assert said.returncode == 0, said.stderr
    ours = decode(encoded).astype(int)
    is_lossless = option in ("+e1", "+el")
    assert np.abs(ours - make_pixels(bits=bits)).max() <= (0 if is_lossless else 40)


@pytest.mark.peers
@pytest.mark.parametrize("option", ["+tb", "+ti", "+td"])
def test_native_encodings_made_by_dcmtk_are_read(option: str, tmp_path: Path) -> None:
    path = save(make_film(bits_stored=12), tmp_path)
    encoded = tmp_path / "encoded.dcm"
    said = run_peer("dcmconv", option, path, encoded)
    assert said.returncode == 0, said.stderr
    assert decode(encoded).tolist() == make_pixels(bits=12).tolist()


def test_bits_above_high_bit_are_cleared() -> None:
    ds = make_film(bits_stored=12)
    ds.PixelData = (make_pixels(bits=12) | 0xF000).astype("<u2").tobytes()
    assert decode(ds).tolist() == make_pixels(bits=12).tolist()


def test_an_empty_high_bit_is_the_usual_one() -> None:
    ds = make_film(make_pixels(bits=12), bits_stored=12)
    expected = decode(ds)
    ds.HighBit = None
    assert np.array_equal(decode(ds), expected)


def test_spacing_and_aspect_come_from_the_header() -> None:
    image = displayed(make_film(pixel_spacing_mm=(0.6, 0.8)))
    assert image.pixel_spacing_mm == (0.6, 0.8)
    assert image.pixel_aspect == pytest.approx(0.75)
    image = displayed(make_film(ImagerPixelSpacing=None, PixelAspectRatio=[3, 2]))
    assert image.pixel_spacing_mm is None
    assert image.pixel_aspect == pytest.approx(1.5)


def test_a_readers_invert_key_is_the_exact_opposite() -> None:
    image = displayed(make_film())
    assert (display_table(image).astype(int) + display_table(image, flip=True) == 255).all()


def without_pixels() -> Dataset:
    return make_film(PixelData=None)


def cut_short() -> Dataset:
    ds = make_film()
    ds.PixelData = ds.PixelData[:-100]
    return ds


def cut_stream() -> Dataset:
    ds = make_film()
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    ds.PixelData = ds.PixelData[:60]
    return ds


def several_frames() -> Dataset:
    ds = make_film(NumberOfFrames="2")
    ds.PixelData = ds.PixelData * 2
    return ds


def in_colour() -> Dataset:
    ds = make_film(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    ds.PixelData = ds.PixelData * 3
    return ds


def as_video() -> Dataset:
    ds = make_film()
    ds.file_meta.TransferSyntaxUID = MPEG2MPML
    return ds


def too_deep() -> Dataset:
    ds = make_film(BitsAllocated=32, BitsStored=32, HighBit=31)
    ds.PixelData = ds.PixelData * 4
    return ds


def without_rows() -> Dataset:
    return make_film(Rows=None)


def short_lut() -> Dataset:
    item = lut_item(list(range(256)), 0, 8)
    item.LUTDescriptor = [4096, 0, 8]
    return make_film(VOILUTSequence=[item])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (without_pixels, "no pixel data"),
        (cut_short, "cut short: 3484 of 3584"),
        (cut_stream, "JPEG 2000"),
        (several_frames, "2 frames"),
        (in_colour, "RGB"),
        (as_video, "MPEG2"),
        (too_deep, "32 bits stored"),
        (without_rows, "Rows"),
        (short_lut, "256 of 4096"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_reason(broken: Any, says: str) -> None:
    with pytest.raises(ImagingError, match=says) as refused:
        displayed(broken())
    assert refused.value.what_to_do


@pytest.mark.parametrize("keep", [10, 200, 900, 3000])
def test_a_file_that_ends_too_early_is_refused(keep: int, tmp_path: Path) -> None:
    path = save(make_film(), tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ImagingError):
        displayed(path)


@pytest.mark.peers
def test_look_up_data_in_words_is_read_in_its_byte_order(tmp_path: Path) -> None:
    item = lut_item([], 0, 12)
    item.LUTDescriptor = [4096, 0, 12]
    item.add_new("LUTData", "OW", np.array(CURVE, "<u2").tobytes())
    path, big_endian = save(make_film(bits_stored=12, VOILUTSequence=[item]), tmp_path), tmp_path / "big.dcm"
    said = run_peer("dcmconv", "+tb", path, big_endian)
    assert said.returncode == 0, said.stderr
    expected = render(displayed(make_film(bits_stored=12, VOILUTSequence=[lut_item(CURVE, 0, 12)])))
    assert render(displayed(path)).tolist() == render(displayed(big_endian)).tolist() == expected.tolist()


def with_raw(keyword: str, written: bytes, **header: Any) -> Dataset:
    """A film with an element as a careless sender writes it: its bytes, whatever they mean."""
    ds = make_film(make_pixels(bits=12), bits_stored=12, **header)
    tag = Tag(keyword)
    vr = dictionary_VR(tag).split(" or ")[0]
    ds._dict[tag] = RawDataElement(tag, vr, len(written), written, 0, False, True)
    return ds


UNREADABLE = (b"abc ", b"100\\", b"0,5 ", b"nan ", b"inf ", b"1e400 ")


@pytest.mark.parametrize("written", UNREADABLE)
@pytest.mark.parametrize("keyword", ["WindowCenter", "WindowWidth"])
def test_a_window_that_cannot_be_read_is_passed_over(keyword: str, written: bytes) -> None:
    ds = with_raw(keyword, written, WindowCenter="1500", WindowWidth="900")
    image = displayed(ds)
    assert image.windows == ()
    assert not image.is_voi_from_header
    assert render(image).std() > 2


@pytest.mark.parametrize("written", [*UNREADABLE, b"1\\2 ", b"1e300 "])
@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_rescale_that_cannot_be_read_is_refused_with_its_name(keyword: str, written: bytes) -> None:
    with pytest.raises(ImagingError, match="Slope" if b"300" in written else keyword) as refused:
        displayed(with_raw(keyword, written))
    assert refused.value.what_to_do


@pytest.mark.parametrize("written", [*UNREADABLE, b"1\\2 ", b"1\\1\\1 "])
@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImagerPixelSpacing"])
def test_a_spacing_that_cannot_be_read_is_none(keyword: str, written: bytes) -> None:
    ds = with_raw(keyword, written, PixelSpacing=None, ImagerPixelSpacing=None)
    is_pair = written == b"1\\2 "
    assert displayed(ds).pixel_spacing_mm == ((1.0, 2.0) if is_pair else None)


@pytest.mark.parametrize("written", [b"100\\0.1 ", b"0.1\\100 ", b"1e30\\1"])
def test_pixels_of_an_impossible_shape_are_shown_as_stored(written: bytes) -> None:
    assert displayed(with_raw("PixelSpacing", written)).pixel_aspect == 1.0
    assert displayed(with_raw("PixelSpacing", b"0.2\\0.1 ")).pixel_aspect == pytest.approx(2.0)


@pytest.mark.parametrize("written", [b"\x01", b"\x01\x00\x02\x00"])
@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsStored", "HighBit", "PixelRepresentation"])
def test_a_geometry_that_cannot_be_read_is_refused_with_its_name(keyword: str, written: bytes) -> None:
    with pytest.raises(ImagingError, match=keyword):
        displayed(with_raw(keyword, written))


@pytest.mark.parametrize("written", [b"\x01", b"\x01\x00\x02\x00"])
@pytest.mark.parametrize("keyword", ["PixelPaddingValue", "PixelPaddingRangeLimit"])
def test_padding_that_cannot_be_read_marks_no_more_than_is_said(keyword: str, written: bytes) -> None:
    ds = with_raw(keyword, written)
    if keyword == "PixelPaddingRangeLimit":
        ds.PixelPaddingValue = int(decode(ds).max())
        mask = displayed(ds).padding_mask
        assert mask is not None
        assert np.array_equal(mask, decode(ds) == decode(ds).max())
    else:
        assert displayed(ds).padding_mask is None


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize("written", [b"x ", b"1\\1 ", b"3 "])
def test_frames_that_cannot_be_counted_are_refused(written: bytes) -> None:
    with pytest.raises(ImagingError, match="frames"):
        displayed(with_raw("NumberOfFrames", written))


def test_a_table_of_odd_length_or_too_many_bits_is_read() -> None:
    item = Dataset()
    item.LUTDescriptor = [4, 0, 64]
    item.add_new("LUTData", "OW", np.array([0, 100, 200, 65535], "<u2").tobytes() + b"\0")
    lut = displayed(make_film(make_pixels(bits=12), bits_stored=12, VOILUTSequence=[item])).voi_luts[0]
    assert lut.bits == 16
    assert lut.apply(np.array([3.0]))[0] == 1.0
