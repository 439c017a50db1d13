"""Which spacing a length is measured with, and what it is said to refer to (PS3.3 10.7.1)."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from llmcxr_ws.spacing import Spacing, read_spacing


def header(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


IMAGER, PIXEL = ["0.143", "0.139"], ["0.130", "0.126"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"ImagerPixelSpacing": IMAGER}, Spacing(0.143, 0.139, "detector")),
        ({"ImagerPixelSpacing": IMAGER, "PixelSpacing": IMAGER}, Spacing(0.143, 0.139, "detector")),
        (
            {"ImagerPixelSpacing": IMAGER, "PixelSpacing": ["0.14301", "0.139"]},
            Spacing(0.14301, 0.139, "detector"),
        ),
        ({"ImagerPixelSpacing": IMAGER, "PixelSpacing": PIXEL}, Spacing(0.130, 0.126, "calibrated")),
        (
            {
                "ImagerPixelSpacing": IMAGER,
                "PixelSpacing": PIXEL,
                "PixelSpacingCalibrationType": "FIDUCIAL",
                "PixelSpacingCalibrationDescription": "ball of 25 mm",
            },
            Spacing(0.130, 0.126, "calibrated", "FIDUCIAL", "ball of 25 mm"),
        ),
        (
            {"PixelSpacing": PIXEL, "PixelSpacingCalibrationType": "GEOMETRY"},
            Spacing(0.130, 0.126, "calibrated", "GEOMETRY"),
        ),
        ({"PixelSpacing": PIXEL}, Spacing(0.130, 0.126, "unsaid")),
        ({"NominalScannedPixelSpacing": PIXEL}, Spacing(0.130, 0.126, "scanned")),
        ({"PixelSpacing": PIXEL, "NominalScannedPixelSpacing": PIXEL}, Spacing(0.130, 0.126, "scanned")),
        (
            {"ImagerPixelSpacing": IMAGER, "EstimatedRadiographicMagnificationFactor": "1.1"},
            Spacing(0.143, 0.139, "detector", magnification=1.1),
        ),
        ({"ImagerPixelSpacing": ["0", "0.1"]}, None),
        ({"ImagerPixelSpacing": None}, None),
        ({"ImagerPixelSpacing": "0.1"}, None),
        ({}, None),
    ],
)
def test_spacing_and_what_it_refers_to(values: dict[str, Any], expected: Spacing | None) -> None:
    assert read_spacing(header(**values)) == expected


def test_an_unusable_pixel_spacing_leaves_the_detectors() -> None:
    found = read_spacing(header(PixelSpacing=["0", "0"], ImagerPixelSpacing=IMAGER))
    assert found == Spacing(0.143, 0.139, "detector")


def test_a_length_uses_each_direction_with_its_own_spacing() -> None:
    spacing = Spacing(0.3, 0.4, "detector")
    assert spacing.length_mm(100, 0) == pytest.approx(30)
    assert spacing.length_mm(0, 100) == pytest.approx(40)
    assert spacing.length_mm(-100, 100) == pytest.approx(50)
