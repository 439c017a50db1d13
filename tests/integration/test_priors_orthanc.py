"""Earlier chest films and their reports come from Orthanc before a new study is read, and are nobody's work."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws import jobs, reading
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import priors, signals
from llmcxr_ws.store.configuration import import_site, site_text
from tests.conftest import AllowLog
from tests.integration.conftest import Orthanc
from tests.integration.earlier_films import archive, film, others
from tests.integration.places import beside

pytestmark = pytest.mark.peers
MODALITY = LocalEntity(ae_title="CR1")
ASKED = "priors = true\nprior_years = 3\nprior_count = 2\n"


@pytest.mark.parametrize("way", ["move", "get"])
def test_the_relevant_priors_come_with_their_report(orthanc: Orthanc, tmp_path: Path, way: str) -> None:
    archive(orthanc, tmp_path)
    with beside(orthanc, tmp_path / "home", peer=ASKED + f'retrieve = "{way}"') as world:
        scu.store(MODALITY, world.node, [film(tmp_path, "new", "2026-03-04")])
        world.work_until(
            lambda: (
                [row.state for row in priors.priors_of(world.workplace.db, world.study("ACC-new").id)]
                == ["here", "here"]
            ),
            "both priors are here",
        )
        world.work_until_state("ACC-new", StudyState.COMPLETE)
        world.work_until(
            lambda: all(one.study.state is StudyState.EXCLUDED for one in others(world, "ACC-new")), "settled"
        )
        found = others(world, "ACC-new")
        assert [one.study.identity.accession_number for one in found] == ["ACC-unsure", "ACC-last"]
        assert [len(one.instances) for one in found] == [1, 2]
        assert all(one.study.is_prior and one.study.reason_code == "prior" for one in found)
        assert [row.identity.accession_number for row in reading.worklist(world.workplace.db)] == ["ACC-new"]
        assert jobs.claim(world.workplace.db, kinds=("draft",), owner="t", lease_s=9) is not None
        assert jobs.claim(world.workplace.db, kinds=("draft",), owner="t", lease_s=9) is None


def test_c_get_where_c_move_fails(orthanc: Orthanc, tmp_path: Path) -> None:
    """Orthanc doesn't know where we are: C-MOVE fails, and the same association brings them."""
    archive(orthanc, tmp_path)
    with beside(orthanc, tmp_path / "home", peer=ASKED) as world:
        orthanc.rest("DELETE", "/modalities/llmcxr")
        scu.store(MODALITY, world.node, [film(tmp_path, "new", "2026-03-04")])
        world.work_until(lambda: len(others(world, "ACC-new")) == 2, "both priors are here")


def test_a_prior_that_is_sent_again_by_itself_is_work(orthanc: Orthanc, tmp_path: Path) -> None:
    archive(orthanc, tmp_path)
    with beside(orthanc, tmp_path / "home", peer=ASKED) as world:
        scu.store(MODALITY, world.node, [film(tmp_path, "new", "2026-03-04")])
        world.work_until(
            lambda: (
                [row.state for row in priors.priors_of(world.workplace.db, world.study("ACC-new").id)]
                == ["here", "here"]
            ),
            "both priors are here",
        )
        late = pydicom.dcmread(tmp_path / "last.dcm")
        late.SOPInstanceUID = late.file_meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
        late.save_as(tmp_path / "late.dcm", enforce_file_format=True)
        scu.store(MODALITY, world.node, [tmp_path / "late.dcm"])
        assert not world.study("ACC-last").is_prior
        world.work_until_state("ACC-last", StudyState.COMPLETE)


def test_an_archive_that_is_away_is_asked_again_and_left_at_last(
    orthanc: Orthanc, tmp_path: Path, allow_log: AllowLog
) -> None:
    allow_log("priors not asked")
    with beside(orthanc, tmp_path / "home", peer=ASKED) as world:
        site = site_text(world.workplace.db).replace(f"port = {orthanc.dicom_port}", "port = 2")
        import_site(world.workplace.db, site, user="test")
        scu.store(MODALITY, world.node, [film(tmp_path, "new", "2026-03-04")])

        def tries() -> int:
            rows = signals.inquiries_of(world.workplace.db, world.study("ACC-new").id, "priors")
            return sum(row.tries for row in rows)

        world.work_until(lambda: tries() == 4, "asked four times")
        world.work_until_state("ACC-new", StudyState.COMPLETE)  # the draft never waits for them
