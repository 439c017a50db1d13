"""A home with a past, for the pages beside the reading page; and a node that decides what windows ask.

Every row goes through the hall's own functions; only times are moved back, and labels and codes given.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
from sqlalchemy import update

from dicom_node.steps.desk import Desk
from dicom_node.steps.requests import _decide
from llmcxr_ws import jobs, reading
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.film_facts import HeaderFacts, read_facts
from llmcxr_ws.store import configuration, deliveries, modelling, requests, services, signing, studies
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.modelling import NewShadow
from llmcxr_ws.store.models import Report, Study
from llmcxr_ws.workplace import Workplace
from tests.llmcxr_ws.world import Person, arrival, claim, document, document_facts, draft, report, settle
from tests.ui.homes import FILMS, House

SITE = """# The site of the tests
name = "East House"
quiet_s = 30.0

[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = {port}
identity = true

[[peer]]
name = "archive"      # the long-term one
ae_title = "ARCHIVE"
host = "127.0.0.1"
port = 11999
sends = false

[[output]]
document = "signed"
to = "pacs"
"""
TEXTS = (
    "The lungs are clear. No pleural effusion.",
    "There is a small pleural effusion. The heart is of normal size.",
    "Infiltration in the lower lung. No pneumothorax.",
)
FAULTS = ("Modality is missing.", "StudyID holds too much.", "The report names no patient.")
REFUSAL = "The document wasn't sent: Modality is missing. Correct what it names; nothing has left."
FINDINGS = ("Pleural Effusion", "Edema", "Pneumonia", "Atelectasis")
SCANNERS = (("Acme", "DR 5000"), ("Beta", "Mobile 2"))
ENGINE = {
    "model_name": "demo",
    "model_version": "1",
    "model_device_uid": "2.25.1",
    "weights_sha256": "a" * 64,
    "runtime": "ONNX Runtime on the CPU, 2 threads",
    "runtime_name": "onnxruntime",
    "precision": "float32",
    "preprocessing": "1",
    "findings_judged": ["Pneumonia", "Effusion"],
    "findings_supported": ["No Finding"],
    "findings_not_judged": ["Fracture", "Mass"],
    "decision_bias": {"Infiltration": 1.5},
    "guard": True,
    "card": "# Demonstration model\n\n**Research only.** It knows *few* findings.\n\n- one\n- two\n",
}


class Past:
    """Puts a past into a home."""

    def __init__(self, home: House, port: int = 11112) -> None:
        self.home, self.db, self.key = home, home.workplace.db, home.workplace.service_key()
        configuration.import_site(self.db, SITE.format(port=port), user="service")
        self.reader = Person.enter(self.db, "ruth", "reader", self.key)
        self.facts = read_facts(pydicom.dcmread(FILMS / "DEMO0001.dcm"))
        self._count = 0
        self._random = np.random.default_rng(4)

    def arrive(self, facts: HeaderFacts | None = None, source: str = "pacs") -> int:
        """A study of one film comes in; return its id."""
        self._count += 1
        maker, model = SCANNERS[self._count % 2]
        known = replace(facts or self.facts, Manufacturer=maker, ManufacturerModelName=model)
        made = arrival(self._count, facts=known.to_dict(), source_peer=source)
        return studies.record_arrival(self.db, made).study_id

    def drafted(self, text: str = TEXTS[0], positive: tuple[str, ...] = (), machine: str = "") -> int:
        """A drafted study whose draft was labelled; return its id."""
        study_id = self.arrive()
        assert settle(self.db, study_id)
        draft(
            self.db,
            ai_text=text,
            codes=tuple(int(code) for code in self._random.integers(0, 64, 256)),
            evidence={"runtime": "onnxruntime", "precision": "float32", "machine": machine},
            started_at=datetime.now(UTC) - timedelta(seconds=2),
        )
        self.label(study_id, ai_labels=labels(positive))
        return study_id

    def signed(self, study_id: int, text: str, positive: tuple[str, ...] = ()) -> list[DeliveryRow]:
        """A reader signs the study's report; return the deliveries of its document."""
        detail = reading.open_study(self.db, study_id)
        number = reading.request_signature(self.db, self.reader.key, detail, text)
        order = signing.verify_sign_request(self.db, requests.request_by_id(self.db, number), self.key)
        assert order is not None
        site = self.home.workplace.site()
        assert signing.complete(self.db, order, self.key, site, document_facts(order.report.id, "signed"))
        self.label(study_id, signed_labels=labels(positive))
        return deliveries.deliveries_of(self.db, study_id)

    def rejected(self, study_id: int) -> None:
        """A reader rejects the study's draft."""
        number = reading.request_rejection(self.db, self.reader.key, report(self.db, study_id), "Wrong side")
        apply_request(self.db, requests.request_by_id(self.db, number), self.key)

    def label(self, study_id: int, **values: object) -> None:
        """The engine's labeler has read a text."""
        with self.db.write() as session:
            session.execute(update(Report).where(Report.id == report(self.db, study_id).id).values(**values))

    def long_ago(self, study_id: int, days: float, wait_s: float = 40.0) -> None:
        """Move everything about a study back in time."""
        at = datetime.now(UTC) - timedelta(days=days)
        made = at + timedelta(seconds=wait_s)
        with self.db.write() as session:
            session.execute(update(Study).where(Study.id == study_id).values(received_at=at))
            mine = update(Report).where(Report.study_id == study_id)
            session.execute(mine.values(created_at=made, started_at=made - timedelta(seconds=2.1)))
            session.execute(
                mine.where(Report.signed_at.is_not(None)).values(signed_at=at + timedelta(hours=1))
            )

    def shadow(self, text: str, positive: tuple[str, ...] = (), withheld: str = "") -> None:
        """Another model drafts the newest film that it hasn't drafted."""
        wanted = modelling.next_for_shadow(self.db, "2.25.2", within=1000)
        assert wanted is not None
        facts = {"weights_sha256": "b" * 64}
        new = NewShadow(text, 0.6, withheld, labels(positive), facts, "second", "2", "2.25.2", 1.4)
        assert modelling.record_shadow(self.db, wanted, new)

    def a_season(self, count: int = 60) -> None:
        """Drafts of three months: most accepted, some edited, some rejected, some still open."""
        for number in range(count):
            found = (FINDINGS[number % 4],) if number % 3 else ()
            study_id = self.drafted(TEXTS[number % 3], found)
            if number % 10 == 9:
                self.rejected(study_id)
            elif number % 10 < 6:
                self.signed(study_id, TEXTS[number % 3], found)
            elif number % 10 < 9 and number < count - 4:
                self.signed(study_id, f"{TEXTS[number % 3]} The hila are prominent.", (*found, "Edema"))
            self.long_ago(study_id, 90 * (1 - number / count), 20 + 3 * (number % 17))

    def problems(self) -> None:
        """A child's film, a dead job, a dead and a held delivery, a queued job."""
        child = self.arrive(replace(self.facts, patient_age_years=7.0))
        (due,) = [one for one in studies.due_studies(self.db) if one.id == child]
        studies.settle_without_film(
            self.db, due, code="child", sentence="The patient is a child.", failed=False
        )
        first, second = self.drafted(), self.drafted(TEXTS[1])
        (dead,) = document(self.db, report(self.db, first), "signed", self.home.workplace.site())
        deliveries.refused(self.db, dead.id, message="Peer pacs refused the object: out of resources.")
        document(self.db, report(self.db, second), "signed", self.home.workplace.site())
        settle(self.db, self.arrive())
        failing = claim(self.db)
        with self.db.write() as session:
            jobs.bury(session, failing, code="broke", sentence="The engine met an internal error.")
        settle(self.db, self.arrive())

    def refused(self, study_id: int) -> DeliveryRow:
        """The gate refuses the document that goes to the PACS for a drafted study; give its delivery."""
        site = self.home.workplace.site()
        (row,) = document(self.db, report(self.db, study_id), "signed", site)
        deliveries.refused(self.db, row.id, message=REFUSAL, faults=FAULTS)
        return row

    def engine(self, **changes: object) -> None:
        """An engine says that it runs."""
        services.register(self.db, "engine", ENGINE | changes)

    def log(self, *lines: dict[str, object], service: str = "courier") -> None:
        """A service has written to its log."""
        folder = self.home.home / "logs"
        folder.mkdir(exist_ok=True)
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        with (folder / f"{service}-1.jsonl").open("a", encoding="utf-8") as file:
            file.write(text)


def labels(positive: tuple[str, ...]) -> dict[str, str]:
    """Labels as the engine's labeler gives them."""
    return {name: "positive" if name in positive else "" for name in FINDINGS}


@contextmanager
def node_at(home: Path) -> Iterator[Desk]:
    """A courier that decides requests, and does nothing else."""
    workplace = Workplace.open(home)
    desk, stop = Desk.set_up(workplace), threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            for request in requests.waiting_requests(desk.db):
                # Signatures and rejections are decided where a past is made.
                if request.kind not in ("sign", "reject"):
                    _decide(desk, request)

    thread = threading.Thread(target=work, name="courier")
    thread.start()
    try:
        yield desk
    finally:
        stop.set()
        thread.join()
        workplace.close()
