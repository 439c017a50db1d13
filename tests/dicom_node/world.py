"""A whole node in one process for tests: simulator, listener, courier's desk, and somebody who drafts and signs.

The drafts are written through the store as an engine writes them; everything on the network is real.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from dicom_node import scu, statuses
from dicom_node.association import LocalEntity
from dicom_node.courier import run_round
from dicom_node.listener import Listener
from dicom_node.simulator.server import PacsSimulator
from dicom_node.sop_classes import ENHANCED_SR
from dicom_node.steps.desk import Desk
from dicom_node.steps.outbox import send_due
from llmcxr_ws import jobs, reading
from llmcxr_ws.domain import DeliveryRow, NewDraft, StudyRow
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import accounts, deliveries, reports, requests, studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film, write_film

AI_TEXT = "The lungs are clear. No pleural effusion."
MACHINE = 'bind_host = "127.0.0.1"\nretry_s = 0.2\nretry_max_s = 0.4\nconnect_timeout_s = 2\npoll_s = 0.05\n'
SITE = """
name = "Test site"
institution = "Test hospital"
quiet_s = 0.2

[[peer]]
name = "pacs"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
identity = true
commitment = "{commitment}"

[[output]]
document = "signed"
to = "pacs"
"""
SEND_DRAFTS = '\n[[output]]\ndocument = "draft"\nto = "pacs"\nrequired = false\n'


class World:
    """One node; `pacs` is the peer that the site document names."""

    def __init__(
        self,
        home: Path,
        pacs: Peer,
        *,
        send_drafts: bool = False,
        commitment: str = "auto",
        machine: str = "",
    ) -> None:
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "llmcxr.toml").write_text(MACHINE + machine)
        self.workplace = Workplace.open(home, upgrade=True)
        self.pacs = pacs
        site = SITE.format(ae_title=pacs.ae_title, port=pacs.port, commitment=commitment)
        import_site(self.workplace.db, site + (SEND_DRAFTS if send_drafts else ""), user="test")
        accounts.create_user(
            self.workplace.db,
            self.workplace.service_key(),
            name="reader",
            password="a long password",
            role="reader",
            display_name="Reader^Rita",
            organization="Test hospital",
        )
        self.desk = Desk.set_up(self.workplace)
        self.listener = Listener(self.workplace)
        self.listener.start(port=0)
        self._key: UnlockedKey | None = None

    def close(self) -> None:
        """Stop the listener and close the workplace."""
        assert self.desk.lanes.close(20.0)
        self.desk.wait_for_asides(10)
        self.listener.stop(grace_s=0)
        self.workplace.close()

    @property
    def node(self) -> Peer:
        """The listener as the PACS knows it."""
        return Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=self.listener.port)

    def push(self, *paths: Path) -> list[scu.StoreResult]:
        """Send films to the listener as the PACS would."""
        return scu.store(LocalEntity(ae_title=self.pacs.ae_title), self.node, list(paths))

    def study(self, accession: str) -> StudyRow:
        """The study of this accession number."""
        found = studies.find_study(self.workplace.db, accession_number=accession)
        assert found is not None
        return found

    def deliveries(self, accession: str, kind: str) -> list[DeliveryRow]:
        """The deliveries of one kind of document."""
        rows = deliveries.deliveries_of(self.workplace.db, self.study(accession).id)
        return [row for row in rows if row.kind == kind]

    def send(self) -> bool:
        """One pass of the outbox to its end; whether it did anything."""
        worked = send_due(self.desk)
        return self.desk.lanes.settle(20) or worked

    def work_until(self, condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
        """Let the courier do its rounds until something holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
            if not run_round(self.desk):
                time.sleep(0.02)

    def work_until_state(self, accession: str, state: StudyState) -> None:
        """Let the courier do its rounds until the study is in a state."""
        self.work_until(lambda: self.study(accession).state == state, f"{accession} is {state}")

    def draft(self, accession: str, text: str = AI_TEXT) -> None:
        """Write the draft as an engine does, once the study is complete."""
        self.work_until_state(accession, StudyState.COMPLETE)
        claimed = jobs.claim(self.workplace.db, kinds=("draft",), owner="test", lease_s=30)
        assert claimed is not None
        wanted = reports.begin_draft(self.workplace.db, claimed)
        assert wanted is not None
        reports.finish_draft(
            self.workplace.db,
            claimed,
            NewDraft(
                film_sop_instance_uid=wanted.film_sop_instance_uid,
                instances=wanted.instances,
                ai_text=text,
                confidence=0.5,
                codes=(1, 2, 3),
                model_name="test-model",
                model_version="1",
                model_device_uid="2.25.42",
                seed=1,
                started_at=datetime.now(UTC),
            ),
        )

    def ask_signature(self, accession: str, text: str | None = None) -> int:
        """Sign as the reader does in a window; give the request's id."""
        db = self.workplace.db
        if self._key is None:
            self._key = reading.log_in(db, "reader", "a long password")
        detail = reading.open_study(db, self.study(accession).id)
        assert detail.report is not None
        return reading.request_signature(
            db, self._key, detail, text if text is not None else detail.report.text
        )

    def key(self) -> UnlockedKey:
        """The reader's key."""
        if self._key is None:
            self._key = reading.log_in(self.workplace.db, "reader", "a long password")
        return self._key


MakeWorld = Callable[..., World]


def documents_in(simulator: PacsSimulator, sop_class: str = ENHANCED_SR) -> list[Dataset]:
    """What the simulator holds of one kind of document."""
    return [
        pydicom.dcmread(held.path)
        for held in simulator.archive.instances()
        if held.header.SOPClassUID == sop_class
    ]


def in_pacs(simulator: PacsSimulator, film: Dataset, name: str) -> None:
    """Put a film into the simulator's archive."""
    path = simulator.archive.spool / f"{name}.dcm"
    film.save_as(path, enforce_file_format=True)
    simulator.archive.keep(path)


def drafted(world: World, simulator: PacsSimulator, folder: Path, held: Dataset | None = None) -> None:
    """A drafted study A-1; `held` is what the PACS holds of it, if not the same."""
    in_pacs(simulator, held or make_film("A-1", accession="A-1"), "A-1")
    assert world.push(write_film(folder, "A-1", accession="A-1"))[0].status == statuses.SUCCESS
    world.draft("A-1")


def decided(world: World, number: int) -> tuple[str, str]:
    """Work until a request is decided; give its state and outcome."""
    db = world.workplace.db
    world.work_until(lambda: requests.request_by_id(db, number).state != "waiting", "a decision")
    request = requests.request_by_id(db, number)
    return request.state, request.outcome
