"""The facts of one report for the guards, from the rows that window and node both read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmcxr_ws.domain import InstanceRow, ReportRow, StudyRow
from llmcxr_ws.guards.objections import Facts, SecondLook


def facts_of(
    study: StudyRow,
    report: ReportRow,
    instances: Iterable[InstanceRow],
    *,
    has_prior: bool,
    looked_at: Iterable[str] = (),
) -> Facts:
    """Return the facts of a report: of its film's header, its draft's evidence, and what its reader has ticked off.

    A draft that was withheld or rejected isn't the text's origin, so nothing of it is held against the text; what the
    model can't judge isn't anybody's then, and the reader reports on his own.
    """
    film = next((row for row in instances if row.sop_instance_uid == report.film_sop_instance_uid), None)
    header: Mapping[str, Any] = film.facts if film is not None else {}
    is_drafted = not report.draft_set_aside
    return Facts(
        kind=report.kind,
        ai_text=report.ai_text if is_drafted else "",
        has_prior=has_prior,
        orientation=tuple(str(part) for part in header.get("patient_orientation") or ()),
        patient_id=study.identity.patient_id,
        second_look=_second_look(report.evidence),
        not_judged=tuple(str(name) for name in report.evidence.get("findings_not_judged") or ())
        if is_drafted
        else (),
        looked_at=frozenset(looked_at),
    )


def _second_look(evidence: Mapping[str, Any]) -> SecondLook | None:
    guard = evidence.get("guard")
    if not guard:
        return None
    return SecondLook(
        abnormal=bool(guard.get("abnormal")),
        probabilities={str(k): float(v) for k, v in (guard.get("probabilities") or {}).items()},
        thresholds={str(k): float(v) for k, v in (evidence.get("guard_thresholds") or {}).items()},
    )
