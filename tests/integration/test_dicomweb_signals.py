"""Priors and counts by DICOMweb: Orthanc is asked by QIDO-RS, and WADO-RS fetches; no DICOM port is in reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest

from dicom_node import counts, scu
from dicom_node.association import LocalEntity
from dicom_node.examine import content_sha256
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import priors, signals
from llmcxr_ws.store.configuration import import_site, site_text
from tests.conftest import AllowLog
from tests.dicom_node.world import World
from tests.integration.counted_films import MODALITY, films_of_one_study, waits_for_the_second
from tests.integration.earlier_films import archive, film, others
from tests.integration.orthanc_web import OrthancWeb
from tests.integration.places import beside

pytestmark = pytest.mark.peers
ASKED = "priors = true\nprior_years = 3\nprior_count = 2\n"


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[OrthancWeb]:
    """Orthanc with DICOMweb."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    running = OrthancWeb(folder)
    try:
        running.start()
        yield running
    finally:
        running.kill()


@contextmanager
def by_web(pacs: OrthancWeb, home: Path, *, peer: str = "", **settings: object) -> Iterator[World]:
    """A node that knows Orthanc by its URL; where its DICOM port should be nobody is."""
    lines = f'dicomweb = "{pacs.web_peer.dicomweb}"\n{peer}'
    with beside(pacs, home, peer=lines, **settings) as world:  # type: ignore[arg-type]
        text = site_text(world.workplace.db).replace(f"port = {pacs.dicom_port}", "port = 2")
        import_site(world.workplace.db, text, user="test")
        yield world


def test_the_relevant_priors_come_with_their_report(pacs: OrthancWeb, tmp_path: Path) -> None:
    archive(pacs, tmp_path)
    with by_web(pacs, tmp_path / "home", peer=ASKED) as world:
        scu.store(MODALITY, world.node, [film(tmp_path, "new", "2026-03-04")])
        study = world.study("ACC-new").id
        world.work_until(
            lambda: [row.state for row in priors.priors_of(world.workplace.db, study)] == ["here", "here"],
            "both priors are here",
        )
        world.work_until_state("ACC-new", StudyState.COMPLETE)
        world.work_until(
            lambda: all(one.study.state is StudyState.EXCLUDED for one in others(world, "ACC-new")), "settled"
        )
        found = others(world, "ACC-new")
        assert [one.study.identity.accession_number for one in found] == ["ACC-unsure", "ACC-last"]
        assert [len(one.instances) for one in found] == [1, 2]
        kept = world.workplace.objects
        sent = {content_sha256(path) for path in tmp_path.glob("*.dcm")}
        assert {content_sha256(kept.path(row.path)) for one in found for row in one.instances} < sent


def test_a_study_waits_for_what_the_archive_holds(pacs: OrthancWeb, tmp_path: Path) -> None:
    films = films_of_one_study(tmp_path)
    scu.store(LocalEntity(), pacs.peer, films[:2])
    with by_web(pacs, tmp_path / "home", count_from="orthanc") as world:
        waits_for_the_second(world, films)


def test_documents_arent_counted(pacs: OrthancWeb, tmp_path: Path) -> None:
    archive(pacs, tmp_path)
    last = pydicom.dcmread(tmp_path / "last.dcm")
    found = counts.images_at(LocalEntity(), pacs.web_peer, str(last.StudyInstanceUID), 1)
    assert found == {"there": 1, "images": [str(last.SOPInstanceUID)]}


def test_an_archive_that_is_away_is_asked_again(
    pacs: OrthancWeb, tmp_path: Path, allow_log: AllowLog
) -> None:
    allow_log("priors not asked")
    archive(pacs, tmp_path)
    with by_web(pacs, tmp_path / "home", peer=ASKED) as world:
        pacs.kill()
        scu.store(MODALITY, world.node, [film(tmp_path, "new", "2026-03-04")])
        study = world.study("ACC-new").id

        def tries() -> int:
            return sum(row.tries for row in signals.inquiries_of(world.workplace.db, study, "priors"))

        world.work_until(lambda: tries() >= 1, "asked once")
        pacs.start()
        world.work_until(lambda: len(others(world, "ACC-new")) == 2, "both priors are here")
