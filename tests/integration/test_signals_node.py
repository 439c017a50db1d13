"""The node as processes: DCMTK sends the films, a modality tells of its step, and the quiet time isn't waited for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from llmcxr_ws.completeness import sentence
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film
from tests.dicom_node.tellers import Step
from tests.integration.node import NodeProcess, running, state_of
from tests.network import free_port, run, wait_for

pytestmark = pytest.mark.peers

SITE = """
quiet_s = 120

[[peer]]
name = "cr"
ae_title = "CR1"
host = "127.0.0.1"
port = 1
tells = ["mpps"]
"""


def test_a_step_that_is_over_ends_the_waiting_also_after_a_restart(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    home.mkdir(mode=0o700)
    (home / "llmcxr.toml").write_text(f'bind_host = "127.0.0.1"\ndicom_port = {port}\npoll_s = 0.05\n')
    workplace = Workplace.open(home, upgrade=True)
    import_site(workplace.db, SITE, user="test")
    study, films = generate_uid(prefix=None), []
    for name, view in (("pa", "PA"), ("ll", "LL")):
        film = make_film(name, accession="ACC-S")
        film.StudyInstanceUID, film.ViewPosition = study, view
        films.append(tmp_path / f"{name}.dcm")
        film.save_as(films[-1], enforce_file_format=True)
    step = Step(Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=port), "CR1")
    send = ("storescu", "-aet", "CR1", "-aec", "LLMCXR", "127.0.0.1", port)

    def said() -> str:
        found = studies.find_study(workplace.db, accession_number="ACC-S")
        return sentence(found.completeness) if found is not None else ""

    node = NodeProcess(home, port)
    with running(node):
        assert step.begin(str(study)).Status == 0
        assert run(*send, films[0]).returncode == 0
        wait_for(lambda: "Images are coming in" in said(), "it is looked at")
        assert step.end(*films).Status == 0
        time.sleep(0.5)
        assert state_of(workplace.db, "ACC-S") == StudyState.RECEIVING  # the lateral is missing
        node.stop()
    with running(NodeProcess(home, port)):
        assert run(*send, films[1]).returncode == 0
        wait_for(lambda: state_of(workplace.db, "ACC-S") == StudyState.COMPLETE, "complete", timeout_s=20)
    assert said() == "Complete: all images that cr listed are here."
    workplace.close()
