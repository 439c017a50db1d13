"""The report of the study that stands beside the open one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from PySide6.QtTest import QTest

from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.test_comparison import BEFORE, NOW, film, opened, receive
from ui.prior_report import NONE

TEXT = "Small nodule in the left upper lobe."


def report_of(study: Dataset, text: str) -> Dataset:
    """A Basic Text SR in the study of a film."""
    ds, item = Dataset(), Dataset()
    for element in study:
        if element.tag.group in (0x0008, 0x0010, 0x0020) and element.keyword != "ImageType":
            ds[element.tag] = element
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.Modality = "1.2.840.99.1", "1.2.840.99.2", "SR"
    ds.ContentDate, ds.VerificationFlag = "20260501", "UNVERIFIED"
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", text
    ds.ValueType, ds.ContentSequence = "CONTAINER", [item]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return ds


@pytest.fixture
def patient(home: House, tmp_path: Path) -> int:
    """A study of today, an earlier one with a report, and one before that without any."""
    receive(home, film("older", datetime(2025, 5, 1, 8), view="AP"), tmp_path)
    old = film("old", BEFORE)
    receive(home, old, tmp_path)
    receive(home, report_of(old, TEXT), tmp_path)
    return receive(home, film("new", NOW), tmp_path)


def test_the_report_stands_under_the_films_as_long_as_they_are_compared(seat: Seat, patient: int) -> None:
    opened(seat, patient)
    shown = seat.window.film.prior_report
    assert not shown.isVisible()
    QTest.keyClicks(seat.window.film.view, "p")
    seat.wait(lambda: shown.text.toPlainText() == TEXT)
    assert shown.isVisible() and shown.text.isReadOnly()
    assert shown.title.text() == "Report of this study, not verified, of 2026-05-01"
    panel = seat.window.film
    panel.films.setCurrentIndex(1)
    panel.films.activated.emit(1)
    seat.wait(lambda: shown.title.text() == NONE)
    assert not shown.text.isVisible()
    QTest.keyClicks(seat.window.film.view, "p")
    assert not shown.isVisible()
