"""What the gate refused of a study, in words: a signed version that wasn't sent, documents in the outbox. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmcxr_ws.domain import DeliveryRow, ReportRow
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import DeliveryState, ReportState
from llmcxr_ws.store.supervision import QueuedDelivery
from ui.documents import document_name
from ui.language import mark, tr

REFUSED = mark("refused by the gate")
_OPEN = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.REJECTED, ReportState.PRELIMINARY)


@dataclass(frozen=True)
class Refusal:
    """One document that the gate refused.

    Attributes
    ----------
    title : which document, and where to
    faults : all that the gate found, a sentence each, without patient data
    delivery_id : what can be sent again; None for a signature, which is asked for anew
    """

    title: str
    sentence: str
    faults: tuple[str, ...]
    delivery_id: int | None = None


def is_refused(row: DeliveryRow | QueuedDelivery) -> bool:
    """Return whether a delivery is dead because the gate refused its document."""
    return row.state == DeliveryState.DEAD and bool(row.faults)


def of_delivery(row: DeliveryRow | QueuedDelivery) -> Refusal:
    """Return the refusal of a document in the outbox."""
    kind = row.kind if isinstance(row, DeliveryRow) else row.document
    title = tr("{document} to {peer}", document=document_name(kind), peer=row.peer)
    if isinstance(row, QueuedDelivery):
        study = row.accession_number or str(row.study_id)
        title = tr("Study {study}: {document}", study=study, document=title)
    return Refusal(title, row.message, row.faults, row.id)


def of_study(detail: StudyDetail, found: Mapping[int, tuple[str, ...]]) -> tuple[Refusal, ...]:
    """Return all refusals of a study that still matter.

    Parameters
    ----------
    found : mapping
        What the gate found in refused versions of the report, by report id.
    """
    versions = tuple(
        Refusal(_title(row), row.reason, found.get(row.id, ())) for row in refused_versions(detail)
    )
    return (*versions, *(of_delivery(row) for row in detail.deliveries if is_refused(row)))


def refused_versions(detail: StudyDetail) -> tuple[ReportRow, ...]:
    """Return the versions whose signature was refused over their document, and that nobody has signed since."""
    found = []
    for current in (detail.report, *detail.addenda):
        if current is None or current.state not in _OPEN:
            continue
        same = [
            row for row in detail.versions if (row.kind, row.amends_id) == (current.kind, current.amends_id)
        ]
        before = [row for row in same if row.id < current.id]
        signed = max((row.id for row in before if row.state is ReportState.SIGNED), default=0)
        refused = [row for row in before if row.state is ReportState.REFUSED and row.id > signed]
        found += refused[-1:]
    return tuple(found)


def refusal_line(detail: StudyDetail) -> str:
    """Return the banner's sentence about what the gate refused; empty when it refused nothing."""
    if any(row.state == "waiting" and row.kind == "sign" for row in detail.requests):
        return ""
    rows = of_study(detail, {})
    if not rows:
        return ""
    first = tr("Refused by the gate: {document}. {why}", document=rows[0].title, why=rows[0].sentence)
    more = tr("And %n more.", "", len(rows) - 1) if len(rows) > 1 else ""
    return f"{first} {more}".strip()


def as_text(refusals: Iterable[Refusal]) -> str:
    """Return refusals as plain text, each fault in a line of its own."""
    return "\n\n".join(
        "\n".join((one.title, one.sentence, *(f"- {fault}" for fault in one.faults))) for one in refusals
    )


def _title(row: ReportRow) -> str:
    if row.kind == "addendum":
        return tr("Addendum, version {version}", version=row.version)
    return tr("Signed report, version {version}", version=row.version)
