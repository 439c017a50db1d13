"""The outbox by its commands, with Orthanc: held, released, and sent again where the archive has lost it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dicom_node import cli, scu, ways
from dicom_node.association import LocalEntity
from llmcxr_ws import commands
from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.states import DeliveryState, StudyState
from tests.certificates import Authority
from tests.dicom_node.films import write_film
from tests.integration.conftest import Orthanc
from tests.integration.places import beside, orthanc_by_tls

pytestmark = pytest.mark.peers


def llmcxr(*arguments: str, code: int = 0) -> str:
    """Run a command as a person does."""
    app = typer.Typer()
    commands.register(app)
    cli.register(app)
    said = CliRunner().invoke(app, list(arguments))
    assert said.exit_code == code, said.output
    return said.output + str(said.exception or "")


def reports_in(orthanc: Orthanc) -> list[str]:
    query = {"Level": "Series", "Query": {"Modality": "SR"}}
    found: list[str] = orthanc.rest("POST", "/tools/find", query)
    return found


@pytest.fixture(params=["clear", "tls"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Orthanc, Authority | None]]:
    """An Orthanc, and who issues its certificate where it speaks TLS."""
    if request.param == "clear":
        yield request.getfixturevalue("orthanc"), None
        return
    authority = Authority(tmp_path / "ca")
    folder = tmp_path / "archive"
    folder.mkdir()
    made = orthanc_by_tls(folder, authority)
    try:
        made.start()
        yield made, authority
    finally:
        made.kill()


def test_held_released_lost_and_sent_again(
    archive: tuple[Orthanc, Authority | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    orthanc, authority = archive
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(home))
    with beside(orthanc, home, authority=authority) as world:
        path = write_film(tmp_path, "o", accession="A-1")
        scu.store(world.desk.local, world.desk.site.peer("orthanc"), [path])
        scu.store(LocalEntity(ae_title="CR1"), world.node, [path])
        world.draft("A-1")
        monkeypatch.setattr(world.desk.lanes, "start", lambda *_: None)  # nothing leaves meanwhile
        world.ask_signature("A-1")
        world.work_until(lambda: world.deliveries("A-1", "signed"), "it is queued")
        monkeypatch.undo()
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(home))
        [row] = world.deliveries("A-1", "signed")
        number = str(row.id)
        assert "1 of 1" in llmcxr("outbox", "hold", number)
        world.send()
        [listed] = json.loads(llmcxr("outbox", "list", "--json"))
        assert (listed["id"], listed["state"]) == (row.id, "held") and not reports_in(orthanc)
        llmcxr("outbox", "release", number)
        world.work_until_state("A-1", StudyState.CONFIRMED)
        assert json.loads(llmcxr("dicom", "reports", "orthanc", "--json"))[0]["found"]

        # What the archive holds still doesn't go a second time.
        llmcxr("outbox", "again", number)
        assert world.study("A-1").state is StudyState.SIGNED
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ways, "open_storing", lambda *_: pytest.fail("it was sent again"))
            world.work_until_state("A-1", StudyState.CONFIRMED)

        [lost] = reports_in(orthanc)
        orthanc.rest("DELETE", f"/series/{lost}")
        assert f"llmcxr outbox again {number}" in llmcxr("dicom", "reports", "orthanc", code=1)
        llmcxr("outbox", "again", number)
        world.work_until_state("A-1", StudyState.CONFIRMED)
        assert world.deliveries("A-1", "signed")[0].state == DeliveryState.CONFIRMED
        assert len(reports_in(orthanc)) == 1
