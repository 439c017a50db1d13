"""Test objects of each kind at a real PACS, and the ticks that an administrator leaves."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pydicom
import pytest

from dicom_node.display_probe import OBJECTS, bench, objects
from llmcxr_ws.store.configuration import load_site
from tests.dicom_node.world import SITE
from tests.integration.conftest import Orthanc
from tests.llmcxr_ws.test_cli import llmcxr
from tests.peers import dciodvfy_errors


@pytest.fixture
def home(tmp_path: Path, orthanc: Orthanc) -> Path:
    place = tmp_path / "home"
    llmcxr("db", "upgrade", home=place)
    site = SITE.format(ae_title="ORTHANC", port=orthanc.dicom_port, commitment="find")
    (tmp_path / "site.toml").write_text(f"# kept\n{site}")
    llmcxr("config", "import", str(tmp_path / "site.toml"), home=place)
    return place


def test_one_object_of_each_kind_arrives_as_a_test_patient(home: Path, orthanc: Orthanc) -> None:
    refused = llmcxr("dicom", "display", "pacs", home=home, code=1)
    assert "used for patients' care" in refused.stderr and "--yes" in refused.stderr
    assert orthanc.rest("GET", "/instances") == []
    said = json.loads(llmcxr("dicom", "display", "pacs", "--yes", "--json", home=home).stdout)
    assert [(one["kind"], one["stored"]) for one in said] == [(kind, True) for kind in OBJECTS]
    llmcxr("dicom", "display", "pacs", "--yes", "--json", home=home)  # again: nothing is there twice
    held = [pydicom.dcmread(io.BytesIO(orthanc.file(one))) for one in orthanc.rest("GET", "/instances")]
    assert len(held) == len(OBJECTS) + 1  # the rejection note has a draft of its own to hide
    assert {str(ds.PatientName) for ds in held} == {"TEST^DISPLAY PROBE"}
    assert {ds.PatientID for ds in held} == {"LLMCXR-PROBE"} and len(
        {ds.StudyInstanceUID for ds in held}
    ) == 1


def test_ticks_are_kept_with_the_peer(home: Path) -> None:
    from llmcxr_ws.workplace import Workplace

    llmcxr("dicom", "display", "pacs", "--appears", "pdf", "--appears", "film", home=home)
    wrong = llmcxr("dicom", "display", "pacs", "--appears", "fdp", home=home, code=1)
    assert "'fdp' is unknown" in wrong.stderr
    workplace = Workplace.open(home)
    assert load_site(workplace.db).peer("pacs").shows == ("film", "pdf")
    assert "# kept" in llmcxr("config", "export", home=home).stdout
    llmcxr("dicom", "display", "pacs", "--nothing-appears", home=home)
    assert load_site(workplace.db).peer("pacs").shows == ()
    workplace.close()


def test_every_test_object_is_valid_by_dciodvfy(tmp_path: Path) -> None:
    for kind, several in objects(bench("test")).items():
        for ds in several:
            path = tmp_path / f"{kind}.dcm"
            ds.save_as(path, enforce_file_format=True)
            assert dciodvfy_errors(path) == []


def test_an_administrator_s_window_has_the_node_send_them(home: Path, orthanc: Orthanc) -> None:
    from dicom_node.steps.desk import Desk
    from llmcxr_ws.store import accounts
    from llmcxr_ws.workplace import Workplace
    from tests.dicom_node.test_probe import decided

    workplace = Workplace.open(home)
    accounts.create_user(
        workplace.db, workplace.service_key(), name="ann", password="a long one", role="admin"
    )
    desk = Desk.set_up(workplace)
    peer = workplace.site().peer("pacs")
    assert peer.role == "clinical"
    asked = {"peer": peer.model_dump(mode="json"), "kinds": ["film", "pdf"], "agreed": False}
    state, outcome = decided(desk, "ann", "display", asked)
    assert state == "refused" and "TEST^DISPLAY PROBE" in outcome
    # What stands in the form only may not lift that.
    as_test = asked | {"peer": asked["peer"] | {"role": "test"}}  # type: ignore[operator]
    state, outcome = decided(desk, "ann", "display", as_test)
    assert state == "refused" and "isn't in force" in outcome
    assert orthanc.rest("GET", "/instances") == []
    state, outcome = decided(desk, "ann", "display", asked | {"agreed": True})
    found = json.loads(outcome)
    assert state == "granted" and [(one["kind"], one["stored"]) for one in found["shown"]] == [
        ("film", True),
        ("pdf", True),
    ]
    assert len(orthanc.rest("GET", "/instances")) == 2
    workplace.close()
