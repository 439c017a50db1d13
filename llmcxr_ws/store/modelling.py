"""Models of a site: what runs, how fast drafts come, what a shadow says beside them, and which is accepted.

An acceptance stands twice: in the site document, where it counts, and in the trail with the figures that were seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only

from llmcxr_ws import site_document
from llmcxr_ws.errors import StoreError
from llmcxr_ws.site import parse_site
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import audit
from llmcxr_ws.store.configuration import import_in, newest_text
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Instance, Report, ShadowDraft, Study

MAX_FIGURES = 40
# Not its tokens and evidence, which are most of a report's row.
_BESIDE_A_SHADOW = (
    Report.study_id,
    Report.created_at,
    Report.ai_text,
    Report.confidence,
    Report.state,
    Report.reason,
    Report.state_before,
    Report.reason_before,
    Report.ai_labels,
    Report.signed_labels,
    Report.model_name,
    Report.model_version,
    Report.model_device_uid,
)


@dataclass(frozen=True)
class DraftSpeed:
    """How long one draft took, by whom, and on which machine; the latter empty for drafts of earlier versions."""

    model_device_uid: str
    model_name: str
    model_version: str
    runtime: str
    precision: str
    seconds: float
    made_at: datetime
    machine: str = ""


@dataclass(frozen=True)
class ShadowWanted:
    """A draft that another model hasn't spoken about yet."""

    report_id: int
    study_id: int
    draft_text: str
    film_path: str


@dataclass(frozen=True)
class NewShadow:
    """What another model says of the same film."""

    text: str
    confidence: float | None
    withheld: str
    labels: dict[str, Any]
    facts: dict[str, Any]
    model_name: str
    model_version: str
    model_device_uid: str
    seconds: float


@dataclass(frozen=True)
class ShadowRow:
    """A draft and what another model says of its film, side by side."""

    report_id: int
    study_id: int
    accession_number: str
    drafted_at: datetime
    text: str
    confidence: float | None
    withheld: str
    labels: dict[str, Any]
    model: str
    model_device_uid: str
    shadow_text: str
    shadow_confidence: float | None
    shadow_withheld: str
    shadow_labels: dict[str, Any]
    shadow_model: str
    shadow_device_uid: str
    shadow_weights: str
    shadow_seconds: float
    signed_labels: dict[str, Any]


def change_acceptance(session: Session, payload: dict[str, Any], *, by: str) -> str:
    """Accept a model for this site, or withdraw that; give a sentence about it.

    `payload` holds ``action`` (accept or withdraw), ``weights_sha256``, ``name``, ``version``, ``reason`` and
    ``figures``, the texts by name that the administrator had before him.

    Raises
    ------
    StoreError
        Nothing was said as the reason, or the model is (or isn't) accepted already.
    """
    action, weights = str(payload["action"]), str(payload["weights_sha256"])
    name, reason = str(payload["name"]), str(payload["reason"]).strip()
    figures = {str(key): str(value) for key, value in list(dict(payload["figures"]).items())[:MAX_FIGURES]}
    if not reason:
        raise StoreError("A decision without a reason was refused.", what_to_do="Say why.")
    text = newest_text(session)
    listed = [model.weights_sha256 for model in parse_site(text).accepted_models]
    if action == "accept":
        if weights in listed:
            raise StoreError(f"The model '{name}' is accepted already.")
        changed = site_document.with_table(
            text,
            "accepted_model",
            {
                "weights_sha256": weights,
                "name": name,
                "version": str(payload["version"]),
                "accepted_by": by,
                "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "reason": reason,
            },
        )
    elif action == "withdraw":
        if weights not in listed:
            raise StoreError(f"The model '{name}' isn't among the accepted ones.")
        changed = site_document.without_table(text, "accepted_model", listed.index(weights))
    else:
        raise StoreError(f"The model action '{action}' is unknown.", what_to_do="Upgrade the node.")
    version = import_in(session, changed, user=by, demo=bool(payload.get("demo")))
    audit.append(
        session,
        actor=by,
        event=f"model.{'accepted' if action == 'accept' else 'withdrawn'}",
        model=name,
        weights=weights,
        reason=reason,
        figures=figures,
        site_version=version,
    )
    done = "accepted" if action == "accept" else "no longer accepted"
    return f"The model '{name}' is {done}; the site document is in force as version {version}."


def draft_speeds(db: Database, *, limit: int = 500) -> tuple[DraftSpeed, ...]:
    """How long the latest drafts took, newest first."""
    runtime, precision, machine = (
        Report.evidence[name].as_string() for name in ("runtime", "precision", "machine")
    )
    statement = (
        select(
            Report.model_device_uid,
            Report.model_name,
            Report.model_version,
            runtime,
            precision,
            machine,
            Report.started_at,
            Report.created_at,
        )
        .where(Report.model_device_uid != "", Report.kind == "report")
        .order_by(Report.id.desc())
        .limit(limit)
    )
    with db.read() as session:
        return tuple(
            DraftSpeed(
                uid, name, version, ran or "", kept or "", (made - began).total_seconds(), made, at or ""
            )
            for uid, name, version, ran, kept, at, began, made in session.execute(statement)
        )


def next_for_shadow(
    db: Database, model_device_uid: str, *, within: int, skip: tuple[int, ...] = ()
) -> ShadowWanted | None:
    """The newest of the last `within` drafts by other models that this model hasn't drafted yet."""
    latest = (
        select(Report.id)
        .where(
            Report.kind == "report",
            Report.model_device_uid != "",
            Report.model_device_uid != model_device_uid,
        )
        .order_by(Report.id.desc())
        .limit(within)
    )
    done = select(ShadowDraft.report_id).where(ShadowDraft.model_device_uid == model_device_uid)
    statement = (
        select(Report.id, Report.study_id, Report.ai_text, Instance.path)
        .join(Instance, Instance.sop_instance_uid == Report.film_sop_instance_uid)
        .where(Report.id.in_(latest), Report.id.not_in(done), Report.id.not_in(skip))
        .order_by(Report.id.desc())
        .limit(1)
    )
    with db.read() as session:
        row = session.execute(statement).first()
        return ShadowWanted(*row) if row else None


def record_shadow(db: Database, wanted: ShadowWanted, made: NewShadow) -> bool:
    """Keep what another model says of a film; False when another shadow of that model was quicker."""
    try:
        with db.write(ordered=False) as session:
            session.add(ShadowDraft(report_id=wanted.report_id, study_id=wanted.study_id, **made.__dict__))
            session.flush()
    except IntegrityError:
        return False
    return True


def shadow_rows(db: Database, model_device_uid: str = "", *, limit: int = 1000) -> tuple[ShadowRow, ...]:
    """Drafts beside what another model says of their films, newest first."""
    statement = (
        select(ShadowDraft, Report, Study.accession_number)
        .join(Report, ShadowDraft.report_id == Report.id)
        .join(Study, Report.study_id == Study.id)
        .options(load_only(*_BESIDE_A_SHADOW, raiseload=True))
        .order_by(ShadowDraft.report_id.desc())
        .limit(limit)
    )
    if model_device_uid:
        statement = statement.where(ShadowDraft.model_device_uid == model_device_uid)
    with db.read() as session:
        return tuple(
            ShadowRow(
                report_id=report.id,
                study_id=report.study_id,
                accession_number=accession,
                drafted_at=report.created_at,
                text=report.ai_text,
                confidence=report.confidence,
                withheld=_withheld(report),
                labels=shadow.facts.get("draft_labels") or report.ai_labels,
                model=f"{report.model_name} {report.model_version}",
                model_device_uid=report.model_device_uid,
                shadow_text=shadow.text,
                shadow_confidence=shadow.confidence,
                shadow_withheld=shadow.withheld,
                shadow_labels=shadow.labels,
                shadow_model=f"{shadow.model_name} {shadow.model_version}",
                shadow_device_uid=shadow.model_device_uid,
                shadow_weights=str(shadow.facts.get("weights_sha256", "")),
                shadow_seconds=shadow.seconds,
                signed_labels=report.signed_labels,
            )
            for shadow, report, accession in session.execute(statement)
        )


def _withheld(report: Report) -> str:
    """Why the draft was withheld, also when its report was signed since; empty where it was shown."""
    if report.state == ReportState.WITHHELD:
        return report.reason
    return report.reason_before if report.state_before == ReportState.WITHHELD else ""
