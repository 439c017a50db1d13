"""What became of drafts, as rows to count: texts, labels, codes and where the film came from; nobody's name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from llmcxr_ws.states import ReportState
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit, Instance, Report, Study
from llmcxr_ws.store.spans import first_id

MOST = 10_000
"""Drafts that are counted at most; reading and counting more would take many seconds."""
_HOUSE = "InstitutionName"
# Not its tokens and evidence, which are most of a report's row.
_COUNTED = (
    Report.study_id,
    Report.state,
    Report.state_before,
    Report.reason_before,
    Report.created_at,
    Report.signed_at,
    Report.ai_text,
    Report.signed_text,
    Report.confidence,
    Report.ai_labels,
    Report.signed_labels,
    Report.model_name,
    Report.model_version,
    Report.model_device_uid,
)
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


def draft_fates(db: Database, since: datetime, *, limit: int = MOST) -> tuple[DraftFate, ...]:
    """Drafts since a moment, the latest `limit` of them, oldest first."""
    origin = [Instance.facts[name].as_string() for name in ("Manufacturer", "ManufacturerModelName", _HOUSE)]
    with db.read() as session:
        rows = session.execute(
            select(Report, Study.source_peer, *origin)
            .join(Study, Report.study_id == Study.id)
            .outerjoin(Instance, Instance.sop_instance_uid == Report.film_sop_instance_uid)
            .where(
                Report.id >= first_id(session, Report.id, Report.created_at, since),
                Report.created_at >= since,
                Report.kind == "report",
                Report.model_device_uid != "",
            )
            .options(load_only(*_COUNTED, raiseload=True))
            .order_by(Report.id.desc())
            .limit(limit)
        ).all()
        rejected = _rejected_before(session, [row.Report for row in rows])
        return tuple(
            DraftFate(
                report_id=row.id,
                made_at=row.created_at,
                decided_at=row.signed_at,
                fate="rejected" if row.id in rejected else _fate(row),
                ai_text=row.ai_text,
                signed_text=row.signed_text,
                confidence=row.confidence,
                ai_labels=row.ai_labels,
                signed_labels=row.signed_labels,
                model=f"{row.model_name} {row.model_version}".strip(),
                model_device_uid=row.model_device_uid,
                scanner=_scanner(maker or "", device or ""),
                site=house or peer or "",
            )
            for row, peer, maker, device, house in reversed(rows)
        )


def _rejected_before(session: Session, rows: Sequence[Report]) -> frozenset[int]:
    """Those whose draft was rejected before a text was preliminary: the row says only that it was set aside."""
    studies = [row.study_id for row in rows if _was_set_aside(row)]
    if not studies:
        return frozenset()
    found = session.scalars(
        select(Audit.detail).where(Audit.event == "report.rejected", Audit.study_id.in_(studies))
    )
    return frozenset(int(json.loads(detail)["report"]) for detail in found)


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
        if row.state_before == ReportState.WITHHELD or _was_set_aside(row):
            return "withheld"
        return "rejected" if row.state_before == ReportState.REJECTED else "signed"
    return _WAYS.get(ReportState(row.state), "open")


def _was_set_aside(row: Report) -> bool:
    """Whether a preliminary report was signed whose draft had been withheld or rejected; it keeps the reason why."""
    return row.state_before == ReportState.PRELIMINARY and bool(row.reason_before)


def _scanner(maker: str, model: str) -> str:
    """Maker and model as the header names them; a model that names its maker isn't given twice."""
    return model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}".strip()
