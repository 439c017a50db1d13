"""What became of drafts, as rows to count: texts, labels, codes and where the film came from; nobody's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from llmcxr_ws.states import ReportState
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Instance, Report, Study

_WAYS = {
    ReportState.REJECTED: "rejected",
    ReportState.WITHHELD: "withheld",
    ReportState.SUPERSEDED: "superseded",
    ReportState.REFUSED: "superseded",
}


@dataclass(frozen=True)
class DraftFate:
    """One draft and what became of it.

    `fate` is ``signed``, ``rejected`` (signed afterwards or not), ``withheld``, ``superseded`` or ``open``; the
    labels are what the engine's labeler read in the AI text and in the signed one, empty where it hasn't read them.
    """

    report_id: int
    made_at: datetime
    decided_at: datetime | None
    fate: str
    ai_text: str
    signed_text: str
    confidence: float | None
    ai_labels: dict[str, Any]
    signed_labels: dict[str, Any]
    model: str
    model_device_uid: str
    scanner: str
    site: str


@dataclass(frozen=True)
class DraftCodes:
    """The image tokens of one draft's film."""

    report_id: int
    made_at: datetime
    codes: tuple[int, ...]


def draft_fates(db: Database, since: datetime) -> tuple[DraftFate, ...]:
    """Drafts since a moment, oldest first."""
    statement = (
        select(Report, Study.source_peer, Instance.facts)
        .join(Study, Report.study_id == Study.id)
        .outerjoin(Instance, Instance.sop_instance_uid == Report.film_sop_instance_uid)
        .where(Report.kind == "report", Report.model_device_uid != "", Report.created_at >= since)
        .order_by(Report.id)
        .execution_options(yield_per=500)
    )
    with db.read() as session:
        return tuple(
            DraftFate(
                report_id=row.id,
                made_at=row.created_at,
                decided_at=row.signed_at,
                fate=_fate(row),
                ai_text=row.ai_text,
                signed_text=row.signed_text,
                confidence=row.confidence,
                ai_labels=row.ai_labels,
                signed_labels=row.signed_labels,
                model=f"{row.model_name} {row.model_version}".strip(),
                model_device_uid=row.model_device_uid,
                scanner=_scanner(facts or {}),
                site=str((facts or {}).get("InstitutionName", "") or peer or ""),
            )
            for row, peer, facts in session.execute(statement)
        )


def draft_codes(
    db: Database, model_device_uid: str, *, first: int = 200, latest: int = 2000
) -> tuple[DraftCodes, ...]:
    """Image tokens of the films that a model drafted, oldest first: its first ones and its latest."""
    statement = select(Report.id, Report.created_at, Report.codes).where(
        Report.kind == "report", Report.model_device_uid == model_device_uid
    )
    with db.read() as session:
        oldest = session.execute(statement.order_by(Report.id).limit(first)).all()
        newest = session.execute(statement.order_by(Report.id.desc()).limit(latest)).all()
    rows = {number: (made_at, codes) for number, made_at, codes in (*oldest, *newest) if codes}
    return tuple(
        DraftCodes(number, made_at, tuple(codes)) for number, (made_at, codes) in sorted(rows.items())
    )


def _fate(row: Report) -> str:
    if row.signed_at is not None:
        if row.state_before == ReportState.WITHHELD:
            return "withheld"
        return "rejected" if row.state_before == ReportState.REJECTED else "signed"
    return _WAYS.get(ReportState(row.state), "open")


def _scanner(facts: dict[str, Any]) -> str:
    """Maker and model as the header names them; a model that names its maker isn't given twice."""
    maker, model = str(facts.get("Manufacturer", "")), str(facts.get("ManufacturerModelName", ""))
    if model.casefold().startswith(maker.casefold()):
        return model
    return f"{maker} {model}".strip()
