"""Marker words through the ways that came later: DICOMweb, priors, worklists, steps and notices, workitems,
forwarding, de-identification with its refusals, retention, files that were changed.

As in the test beside it, none may come out in logs, errors, metrics, health, file names, a manifest or a copy
without the patient. Audit messages hold Patient ID, accession number and Study Instance UID by the standard (PS3.15
A.5) unless they are masked: they are looked at apart, and never hold a name or a text. Here the node is in this
process, so that every log line of every module is seen.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dicom_node import cli, statuses
from dicom_node.courier import run_round
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from dicom_node.simulator.worklist import WorklistSimulator
from dicom_node.steps import workitems
from dicom_node.watching.audit import AuditMessages
from dicom_node.watching.endpoint import Endpoint
from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.site import Peer
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import deliveries, priors, studies
from llmcxr_ws.store.configuration import import_site, site_text
from tests.dicom_node.tellers import notify
from tests.dicom_node.web_sender import TOKEN, body_of, post, serving, write_key
from tests.dicom_node.world import World
from tests.integration.test_no_patient_data import (
    ACCESSION,
    BIRTH,
    DESCRIBED,
    DOCTOR,
    FIRST,
    NAME,
    PATIENT,
    UID,
    WORDS,
    found_in,
    marked,
    page,
    without_quotations,
)

CODE = "DRAFT^99SITE"
SITE = """
name = "Test site"
quiet_s = 0.2

[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}
identity = true
priors = true
worklist = true
retrieve = "get"
tells = ["mpps", "ian"]

[[peer]]
name = "study"
ae_title = "STUDY"
host = "127.0.0.1"
port = {study}
role = "research"
deidentify = "basic"
deidentify_options = ["clean_structured_content"]
project = "LUNG1"
commitment = "find"

[[peer]]
name = "archive"
ae_title = "ARCHIVE"
host = "127.0.0.1"
port = 2

[[peer]]
name = "gossip"
ae_title = "GOSSIP"
host = "127.0.0.1"
port = 1
dicomweb = "{gossip}"
priors = true
workitems = "DRAFT^99SITE"

[[peer]]
name = "list"
ae_title = "LIST"
host = "127.0.0.1"
port = 1
dicomweb = "{worklist}"
workitems = "DRAFT^99SITE"

[[peer]]
name = "sender"
ae_title = "SENDER"
host = "127.0.0.1"
port = 1
web_token_key = "sender"

[[rule]]
name = "on"
source = "sender"
forward_to = ["archive"]
deidentify_to = ["study"]
"""
RULES = """
[[retention]]
what = "films"
after_days = 0.000001
states = ["confirmed", "excluded", "failed"]

[[retention]]
what = "priors"
after_days = 0.000001
"""


class Gossip(BaseHTTPRequestHandler):
    """A web server that refuses everything and quotes the patient while it does."""

    def _refuse(self) -> None:
        words = f"no access to {NAME}^{FIRST} {PATIENT} {UID}".encode()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(500, f"not for {NAME}")
        self.send_header("Warning", f'299 gossip "{PATIENT}"')
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)

    do_GET = do_POST = do_PUT = _refuse

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: it isn't ours."""


@contextmanager
def gossiping() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gossip)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def in_archive(simulator: PacsSimulator, path: Path) -> None:
    spooled = simulator.archive.spool / path.name
    spooled.write_bytes(path.read_bytes())
    simulator.archive.keep(spooled)


def receive(world: World, simulator: PacsSimulator, folder: Path) -> None:
    """A film with a prior, an order and a step; a notice that lies; the draft and its signature."""
    db = world.workplace.db
    in_archive(simulator, marked(folder, 1, StudyDate="20250101"))
    new = marked(folder, 2)
    in_archive(simulator, new)
    assert world.push(new)[0].status == statuses.SUCCESS
    notify(world.node, "PACS", new, of_step=True)
    notify(world.node, "STUDY", new)  # who isn't believed
    study = world.study(f"{ACCESSION}2")
    world.work_until(
        lambda: [p for p in priors.priors_of(db, study.id) if p.state == "here"], "the prior came"
    )
    world.draft(f"{ACCESSION}2", f"The lungs are clear. {WORDS}.")


def store_by_web(world: World, folder: Path) -> None:
    """Good, burned in, broken, of another study, from strangers; one is changed on the disk afterwards."""
    good, burned, changed = marked(folder, 3), marked(folder, 4, BurnedInAnnotation="YES"), marked(folder, 5)
    with serving(world.workplace) as server:
        post(server.port, body_of(good.read_bytes(), burned.read_bytes()))
        post(server.port, body_of(f"{NAME} {PATIENT}".encode()))
        post(server.port, body_of(good.read_bytes()[:-500]))
        post(server.port, body_of(changed.read_bytes()), path=f"/dicom-web/studies/{UID}77")
        post(server.port, body_of(changed.read_bytes()), path=f"/dicom-web/{PATIENT}/{NAME}")
        post(server.port, body_of(changed.read_bytes()), token=f"{NAME}{PATIENT}-not-a-token")
        post(server.port, body_of(changed.read_bytes()))
    [row] = studies.instances_of(world.workplace.db, world.study(f"{ACCESSION}5").id)
    os.utime(world.workplace.objects.path(row.path))
    world.work_until_state(f"{ACCESSION}5", StudyState.FAILED)


def forward(world: World) -> None:
    """A copy goes to the study, one is kept back, and the archive isn't there."""
    db = world.workplace.db

    def states(number: int, peer: str) -> list[DeliveryState]:
        rows = deliveries.deliveries_of(db, world.study(f"{ACCESSION}{number}").id)
        return [row.state for row in rows if row.peer == peer and row.attempts + (peer == "study")]

    world.work_until(lambda: states(3, "study") == [DeliveryState.CONFIRMED], "the study has its copy", 40)
    world.work_until(lambda: states(4, "study") == [DeliveryState.IDENTIFYING], "the other is kept back")
    world.work_until(lambda: states(3, "archive"), "the archive was tried")


def take_work(world: World, worklist: WorklistSimulator, simulator: PacsSimulator, folder: Path) -> None:
    """A workitem of a child, which is canceled with the study's reason, and one that names nothing we get."""
    child = marked(folder, 6, PatientID=f"{PATIENT}6", PatientBirthDate="20240101", PatientAge="002Y")
    in_archive(simulator, child)
    worklist.schedule(f"{UID}501", f"{UID}61", CODE)
    worklist.schedule(f"{UID}502", f"{UID}888", CODE)
    for item in ("501", "502"):
        world.work_until(lambda item=item: worklist.state(UID + item) == "CANCELED", "canceled", 40)  # type: ignore[misc]


def export_and_purge(world: World, folder: Path) -> list[str]:
    """By command; what it says. Then the child's film goes; of the others a study is open."""
    app, said = typer.Typer(), []
    cli.register(app)
    out = folder / "out"
    for words in (
        ["deidentify", "export", "--study", f"{ACCESSION}3", "--study", f"{ACCESSION}4", "--out", str(out),
         "--project", "LUNG1"],
        ["deidentify", "export", "--study", f"{ACCESSION}2", "--to", "study", "--manifest", str(folder / "m.csv")],
        ["deidentify", "export", "--study", f"{PATIENT}", "--out", str(out), "--project", "LUNG1"],
        ["deidentify", "export", "--study", "1", "--to", "archive"],
    ):  # fmt: skip
        result = CliRunner().invoke(app, words)
        said += [result.output, str(result.exception or "")]
    assert "kept back, the image that came as number 1" in said[0] and len(list(out.rglob("*.dcm"))) == 1
    import_site(world.workplace.db, site_text(world.workplace.db) + RULES, user="test")
    said.append(CliRunner().invoke(app, ["retention", "dry-run", "--every", "--json"]).output)
    child = world.study(f"{ACCESSION}6").id
    world.desk._not_before.clear()
    world.work_until(
        lambda: all(row.purged_at for row in studies.instances_of(world.workplace.db, child)), "purged", 30
    )
    said += [(out / "manifest.csv").read_text(), (folder / "m.csv").read_text()]
    said += ["\n".join(str(path.relative_to(out)) for path in out.rglob("*"))]
    said += [path.read_bytes().decode("latin-1") for path in out.rglob("*.dcm")]
    return said


@pytest.mark.allow_log("")  # what is said is searched
@pytest.mark.timeout(300)
def test_no_marker_comes_out_of_the_later_ways(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workitems, "_POLL_S", 0.05)
    home, films = tmp_path / "home", tmp_path / "films"
    films.mkdir()
    texts: dict[str, str] = {}
    with (
        caplog.at_level("DEBUG"),
        PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as simulator,
        PacsSimulator(SimulatorSettings(storage=tmp_path / "study", ae_title="STUDY", port=0)) as project,
        WorklistSimulator(simulator.archive) as worklist,
        gossiping() as gossip,
    ):
        pacs = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=simulator.port)
        world = World(home, pacs, machine='log_level = "debug"\naudit_messages = "full"\n')
        simulator.add_destination(Destination("LLMCXR", "127.0.0.1", world.listener.port))
        site = SITE.format(pacs=simulator.port, study=project.port, gossip=gossip, worklist=worklist.url)
        import_site(world.workplace.db, site, user="test")
        write_key(home, "sender", TOKEN)
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(home))
        audit, watched = AuditMessages(world.workplace), Endpoint(world.workplace, 0)
        receive(world, simulator, films)
        store_by_web(world, films)
        forward(world)
        take_work(world, worklist, simulator, films)
        texts |= {
            f"said {n}": without_quotations(one) for n, one in enumerate(export_and_purge(world, films))
        }
        copies = project.archive.instances()
        assert copies
        texts |= {f"sent {n}": one.path.read_bytes().decode("latin-1") for n, one in enumerate(copies)}
        run_round(world.desk)
        texts["metrics"], texts["health"] = page(watched.port, "/metrics"), page(watched.port, "/health")
        assert audit.read_on() > 20
        watched.close()
        world.close()
    texts["logs"] = without_quotations(caplog.text)
    for what in (
        "kept back",
        "workitem canceled",
        "changed on the disk",
        "priors not asked",
        "purged",
        "refused",
    ):
        assert what in texts["logs"], f"the course didn't touch: {what}"
    texts["file names"] = "\n".join(str(path.relative_to(home)) for path in home.rglob("*"))
    assert found_in(texts) == []
    messages = "".join(path.read_text() for path in (home / "audit").glob("*.xml"))
    assert PATIENT in messages and UID in messages, "what the standard asks for"
    assert found_in({"audit": messages.replace(PATIENT, "").replace(ACCESSION, "").replace(UID, "")}) == []
    assert not [one for one in (NAME, FIRST, DESCRIBED, DOCTOR, WORDS, BIRTH) if one in messages]
