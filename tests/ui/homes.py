"""A real home for window tests: films received as the node does it, drafts written as an engine does.

Only the words of a draft are given by the test; every row goes through the hall's own functions.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom

import dicom_node
from dicom_node.reception import Incoming, Reception
from llmcxr_ws import jobs
from llmcxr_ws.domain import NewDraft
from llmcxr_ws.films import Choice, HeaderFacts, choose_film
from llmcxr_ws.store import accounts, questions, reports, studies
from llmcxr_ws.workplace import Workplace

FILMS = Path(dicom_node.__file__).parent / "films"
PASSWORD = "correct horse"
MODEL: dict[str, Any] = {"model_name": "llm-cxr test", "model_version": "0", "model_device_uid": "2.25.1"}
NOT_JUDGED = ["Fracture", "Mass"]


@dataclass
class House:
    """A home with what the tests put into it."""

    workplace: Workplace

    @property
    def home(self) -> Path:
        """Its folder."""
        return self.workplace.home

    def add_user(self, name: str, role: str = "reader", display_name: str = "") -> None:
        """Add a user with the common password."""
        accounts.create_user(
            self.workplace.db,
            self.workplace.service_key(),
            name=name,
            password=PASSWORD,
            role=role,
            display_name=display_name or f"Test^{name}",
        )

    def receive(self, file: Path) -> int:
        """Take a film in as the listener does; return its study."""
        ds = pydicom.dcmread(file, stop_before_pixels=True)
        spooled = self.workplace.objects.spool_file()
        shutil.copy(file, spooled)
        reception = Reception(self.workplace.db, self.workplace.objects, min_free_bytes=0)
        verdict = reception.receive(
            Incoming(
                path=spooled,
                AffectedSOPClassUID=ds.SOPClassUID,
                AffectedSOPInstanceUID=ds.SOPInstanceUID,
                peer="test",
            )
        )
        assert verdict.status == 0, verdict
        found = studies.find_study(self.workplace.db, study_instance_uid=ds.StudyInstanceUID)
        assert found is not None
        return found.id

    def settle(self) -> None:
        """End the quiet time: choose a film for each study that waits for it, or say why not."""
        for due in studies.due_studies(self.workplace.db):
            facts = [(row.sop_instance_uid, HeaderFacts.from_dict(row.facts)) for row in due.instances]
            choice = choose_film(facts)
            if isinstance(choice, Choice):
                studies.settle_film(self.workplace.db, due, choice.sop_instance_uid)
            else:
                studies.settle_without_film(
                    self.workplace.db, due, code=choice.code, sentence=choice.sentence, failed=False
                )

    def draft(
        self,
        text: str,
        *,
        confidence: float | None = 0.71,
        withheld: str = "",
        guard: dict[str, object] | None = None,
    ) -> int:
        """Write the draft that waits longest, as an engine does; return its report."""
        db = self.workplace.db
        claimed = jobs.claim(db, kinds=["draft"], owner="test", lease_s=60)
        assert claimed is not None, "no draft is wanted"
        wanted = reports.begin_draft(db, claimed)
        assert wanted is not None
        new = NewDraft(
            film_sop_instance_uid=wanted.film_sop_instance_uid,
            instances=wanted.instances,
            ai_text=text,
            confidence=confidence,
            codes=(1, 2, 3),
            seed=1,
            started_at=datetime.now(UTC),
            evidence={"findings_not_judged": NOT_JUDGED, "guard": guard},
            withheld=withheld,
            **MODEL,
        )
        return reports.finish_draft(db, claimed, new)

    def answer(self, pieces: list[str], *, finish: bool = True) -> None:
        """Answer the question that waits, piece by piece."""
        db = self.workplace.db
        claimed = jobs.claim(db, kinds=["answer"], owner="test", lease_s=60)
        assert claimed is not None, "no answer is wanted"
        questions.begin_answer(db, claimed)
        for seq, piece in enumerate(pieces):
            questions.add_chunk(db, claimed, seq=seq, text=piece)
        if finish:
            questions.finish_answer(
                db, claimed, text="".join(pieces), model_name="llm-cxr test", model_version="0"
            )

    def drafted(self, file: str, text: str, **more: object) -> int:
        """Receive and draft one of the films that ship; return the study."""
        study = self.receive(FILMS / file)
        self.settle()
        self.draft(text, **more)  # type: ignore[arg-type]
        return study


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Open a new home in an empty folder."""
    workplace = Workplace.open(folder, upgrade=True)
    try:
        yield House(workplace)
    finally:
        workplace.close()
