"""What tests of a draft's evidence, drawings and answers share: a draft whose sentences tell how sure they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from llmcxr_ws import jobs
from llmcxr_ws.domain import NewDraft
from llmcxr_ws.errors import StoreError
from llmcxr_ws.store import reports
from tests.ui.conftest import Seat
from tests.ui.homes import FILMS, MODEL, House
from ui.desk import Desk
from ui.evidence.panel import EvidencePanel

TEXT = "Pneumonia is present. Infiltration is present."
FIRST, SECOND = "Pneumonia is present.", "Infiltration is present."
SENTENCES = [
    {"text": FIRST, "confidence": 0.74, "agreement": 0.875, "weak": False},
    {"text": SECOND, "confidence": 0.31, "agreement": 0.25, "weak": True},
]
SEEN = {"left": 0.1, "top": 0.0, "right": 0.9, "bottom": 1.0, "rows": 512, "columns": 512, "grid": [16, 16]}


def draft(home: House, *, withheld: str = "", trip: bool = False, **evidence: Any) -> int:
    """Receive a film and draft it as an engine does that knows how sure its sentences are; return the study."""
    study_id = home.receive(FILMS / "DEMO0001.dcm")
    home.settle()
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["draft"], owner="test", lease_s=60)
    assert claimed is not None
    wanted = reports.begin_draft(db, claimed)
    assert wanted is not None
    new = NewDraft(
        film_sop_instance_uid=wanted.film_sop_instance_uid,
        instances=wanted.instances,
        ai_text=TEXT,
        confidence=0.7,
        codes=(1,),
        seed=0,
        started_at=datetime.now(UTC),
        evidence={"sentences": SENTENCES, "samples": 8, "seen": SEEN, **evidence},
        withheld=withheld,
        **MODEL,
    )
    reports.finish_draft(db, claimed, new, then_round_trip=trip)
    return study_id


def open_at(seat: Seat, study_id: int) -> EvidencePanel:
    seat.log_in()
    seat.open(study_id)
    seat.window.side.show_part(seat.window.evidence)
    return seat.window.evidence


def application() -> QApplication:
    """Return the application of these tests."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


def failing_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let one of the desk's calls fail the next time, as where the database is away for a moment."""
    plain, failed = getattr(Desk, name), list[bool]()

    def call(desk: Desk, *given: Any) -> Any:
        if not failed:
            failed.append(True)
            raise StoreError("The database can't be reached.")
        return plain(desk, *given)

    monkeypatch.setattr(Desk, name, call)
