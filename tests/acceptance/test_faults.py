"""What a hospital sends by mistake: every study ends with a sentence, and nothing stops.

A real node and engine in a home of their own, the simulator as PACS, DCMTK's storescu as the sender.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from llmcxr_ws import reading
from llmcxr_ws.demo.scene import NODE_AE, Scene, set_up, wait_until_ready
from llmcxr_ws.domain import StudyRow
from llmcxr_ws.store import studies
from tests.factories import make_film, make_non_film, save
from tests.network import run

FILMS = Path(__file__).parents[2] / "dicom_node" / "films"
END_S = 60.0
ENDED = ("excluded", "failed", "drafted")

pytestmark = [pytest.mark.peers, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class House:
    """A running node and engine, and how to send to them."""

    scene: Scene
    folder: Path

    def send(self, *instances: Dataset) -> StudyRow:
        """Send instances of one study with storescu and wait for the study's end."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        files = [save(ds, self.folder, f"{n}.dcm") for n, ds in enumerate(instances)]
        port = self.scene.workplace.config.dicom_port
        run("storescu", "-aet", "SIMULATOR", "-aec", NODE_AE, "127.0.0.1", port, *files)
        return self.end_of(str(instances[0].StudyInstanceUID))

    def end_of(self, StudyInstanceUID: str) -> StudyRow:
        """Wait until the study has a draft or a reason for having none."""
        deadline = time.monotonic() + END_S
        while time.monotonic() < deadline:
            self.scene.company.check()
            row = studies.find_study(self.scene.workplace.db, study_instance_uid=StudyInstanceUID)
            if row is not None and row.state in ENDED:
                return row
            time.sleep(0.1)
        raise AssertionError(f"no end within {END_S:.0f} s: {row.state if row else 'not received'}")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One node and one engine for all faults: what one study does must not stop the next."""
    scene = set_up(tmp_path_factory.mktemp("house") / "home", "simulator")
    try:
        wait_until_ready(scene)
        yield House(scene, tmp_path_factory.mktemp("films") / "out")
    finally:
        scene.company.stop()
        scene.workplace.close()


def _real_film(number: int = 1) -> Dataset:
    return pydicom.dcmread(FILMS / f"DEMO{number:04d}.dcm")


def _as_study(ds: Dataset, name: str) -> Dataset:
    """The same film as another study of a test patient."""
    ds.StudyInstanceUID = f"{ds.StudyInstanceUID[:40]}.{sum(name.encode())}.1"
    ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.2"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.StudyInstanceUID}.3"
    ds.AccessionNumber = name
    return ds


def _truncated() -> Dataset:
    ds = _as_study(_real_film(), "TRUNCATED")
    ds.PixelData = ds.PixelData[: len(ds.PixelData) // 2]
    return ds


def _blank() -> Dataset:
    ds = _as_study(_real_film(), "BLANK")
    ds.PixelData = bytes([128]) * len(ds.PixelData)
    return ds


def _noise() -> Dataset:
    ds = _as_study(_real_film(), "NOISE")
    ds.PixelData = np.random.default_rng(0).integers(0, 256, len(ds.PixelData), dtype=np.uint8).tobytes()
    return ds


def _mirrored() -> Dataset:
    ds = _as_study(_real_film(), "MIRRORED")
    ds.PatientOrientation = ["R", "F"]
    return ds


CASES = {
    "truncated": (_truncated, "failed", "bytes"),
    "no pixel data": (
        lambda: make_film(seed="nopix", study_seed="nopix", PixelData=None),
        "failed|excluded",
        "pixel",
    ),
    "lateral": (
        lambda: make_film(seed="lat", study_seed="lat", ViewPosition="LL", ViewCodeSequence=None),
        "excluded",
        "ateral",
    ),
    "child": (
        lambda: make_film(seed="child", study_seed="child", PatientAge="007Y", PatientBirthDate="20190101"),
        "excluded",
        "7",
    ),
    "unknown age": (
        lambda: make_film(seed="age", study_seed="age", PatientAge=None, PatientBirthDate=""),
        "excluded",
        "age",
    ),
    "mirrored": (_mirrored, "excluded", "mirror"),
    "a CT": (
        lambda: make_film(seed="ct", study_seed="ct", SOPClassUID=CTImageStorage, Modality="CT"),
        "excluded",
        "CT",
    ),
    "a PDF": (lambda: make_non_film(seed="pdf", study_seed="pdf"), "excluded", ""),
    "blank": (_blank, "excluded", ""),
    "noise": (_noise, "excluded", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_the_study_ends_with_a_sentence(house: House, case: str) -> None:
    """`excluded` or `failed`, with a code, a reason that names the fault, and no report."""
    make, states, words = CASES[case]
    row = house.send(make())
    assert row.state in states.split("|"), (row.state, row.reason)
    assert row.reason_code
    assert len(row.reason.split()) >= 5, row.reason
    assert words in row.reason
    assert row.report_id is None


def test_a_good_film_is_drafted_after_all_of_that(house: House) -> None:
    """The node and the engine still run."""
    row = house.send(_as_study(_real_film(3), "AFTERWARDS"))
    assert row.state == "drafted"
    detail = reading.open_study(house.scene.workplace.db, row.id)
    assert detail.report is not None and detail.report.ai_text


def test_a_complete_resend_heals_a_truncated_film(house: House) -> None:
    """What was refused as truncated is drafted once it arrives whole."""
    whole = _as_study(_real_film(5), "HEALED")
    broken = _as_study(_real_film(5), "HEALED")
    broken.PixelData = broken.PixelData[:1000]
    assert house.send(broken).state == "failed"
    house.send(whole)
    row = _wait_for_draft(house, str(whole.StudyInstanceUID))
    assert row.state == "drafted"


def _wait_for_draft(house: House, StudyInstanceUID: str) -> StudyRow:
    deadline = time.monotonic() + END_S
    while (row := house.end_of(StudyInstanceUID)).state != "drafted" and time.monotonic() < deadline:
        time.sleep(0.1)
    return row
