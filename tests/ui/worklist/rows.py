"""Rows of the worklist as tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from llmcxr_ws.domain import Identity, StudyRow
from llmcxr_ws.states import ReportState, StudyState

ARRIVED = datetime(2026, 11, 22, 8, tzinfo=UTC)


def row(number: int, **changes: object) -> StudyRow:
    made = StudyRow(
        id=number,
        study_instance_uid=f"1.2.{number}",
        state=StudyState.DRAFTED,
        reason_code="",
        reason="",
        needs_addendum=False,
        late_images=False,
        identity=Identity(patient_name=f"NAME{number:02}^X", accession_number=f"ACC{number:02}"),
        study_date="20261102",
        study_time="0930",
        study_description="Chest",
        referring_physician="",
        source_peer="pacs",
        film_sop_instance_uid="1.2.3",
        view="PA",
        received_at=ARRIVED + timedelta(minutes=number),
        last_instance_at=ARRIVED,
        instances=1,
        report_id=number,
        report_state=ReportState.DRAFT,
        confidence=0.5,
        drafted_at=ARRIVED,
        held_by="",
        held_at=None,
        updated_seq=number,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
