"""What the worklist says about the chosen study in full sentences: where it stands, why, and what to do."""

from __future__ import annotations

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.sent_back import is_sent_back
from llmcxr_ws.states import ReportState, StudyState
from ui.completeness import completeness_of, what_is_missing
from ui.language import mark, tr
from ui.text import clock, person_name
from ui.worklist.priority import Level, priority_of
from ui.worklist.status import status_of

_SENTENCES = {
    StudyState.RECEIVING: mark(
        "Images are still coming in. The study is drafted when none has come for a while."
    ),
    StudyState.COMPLETE: mark("All images are here. The draft waits for the engine."),
    StudyState.DRAFTING: mark("The engine is reading the film."),
    StudyState.DRAFTED: mark("A draft is ready to be read."),
    StudyState.IN_REVIEW: mark("A reader has begun to edit the draft."),
    StudyState.SIGNED: mark("The report is signed. Its delivery to the PACS isn't confirmed yet."),
    StudyState.CONFIRMED: mark("The report is signed and the PACS has confirmed that it keeps it."),
    StudyState.RETRACTED: mark("The report was retracted."),
    StudyState.EXCLUDED: mark(
        "It gets no draft. Read it where you read without this program, or have done what the reason asks for; "
        "images that come later are looked at by themselves."
    ),
    StudyState.FAILED: mark(
        "It has no draft. Read it where you read without this program; an administrator can have it done again "
        "under Administration, Queues."
    ),
}

_OF_REPORT = {
    ReportState.SIGN_PENDING: mark(
        "The signature waits for the node, which first asks the PACS who the patient is."
    ),
    ReportState.WITHHELD: mark("The AI draft is withheld; write the report yourself."),
    ReportState.REJECTED: mark("The AI draft was rejected; write the report yourself."),
    ReportState.REFUSED: mark("The signature was refused; open the study for the reason."),
}


_WORTH_SAYING = (Level.URGENT, Level.RAISED)
_OF_PRIORITY = {
    "Late images": "",
    "Order: STAT": mark("The order asks for it at once (STAT)."),
    "Order: high": mark("The order asks for it with high priority."),
    "AI disagrees": mark("A second network and the draft disagree about this film."),
    "AI: abnormal": mark("A second network calls this film abnormal."),
}


def sentences(row: StudyRow, *, tells_ai: bool = True) -> tuple[str, ...]:
    """Return what to know about a study, the most important first."""
    found: list[str] = []
    if row.needs_addendum:
        found.append(tr("Images came after the signature: look at them and write an addendum."))
    found.append(row.reason)
    found.append(what_is_missing(row))
    if not is_sent_back(row) and not _says_it_better(row):
        found.append(tr(_standing(row)))
    priority = priority_of(row, tells_ai=tells_ai)
    if priority.level in _WORTH_SAYING:
        found.append(tr(_OF_PRIORITY[priority.why]))
    if row.held_by and row.held_at:
        found.append(tr("Held by {name} since {time}.", name=row.held_by, time=clock(row.held_at)))
    elif row.held_by:
        found.append(tr("Held by {name}.", name=row.held_by))
    return tuple(sentence for sentence in found if sentence)


def _says_it_better(row: StudyRow) -> bool:
    """Whether what is waited for says all that the state would."""
    return row.state is StudyState.RECEIVING and bool(what_is_missing(row))


def _standing(row: StudyRow) -> str:
    """Return where a study stands, or what to do about it."""
    if row.state in (StudyState.DRAFTED, StudyState.IN_REVIEW) and row.report_state in _OF_REPORT:
        return _OF_REPORT[row.report_state]
    return _SENTENCES[row.state]


def facts(row: StudyRow) -> tuple[tuple[str, str], ...]:
    """Return the smaller facts of a study as pairs of heading and value."""
    images = tr("%n image(s)", "", row.instances)
    received = (
        clock(row.received_at),
        images,
        tr("from {peer}", peer=row.source_peer) if row.source_peer else "",
    )
    order = row.ordered
    asked = order.get("RequestedProcedureDescription", "")
    referring = row.referring_physician or order.get("ReferringPhysicianName", "")
    requesting = order.get("RequestingPhysician", "")
    said = completeness_of(row) if row.completeness.get("complete") else ""
    pairs = (
        (tr("Order"), row.study_description),
        (tr("Requested"), asked if asked != row.study_description else ""),
        (tr("Clinical question"), order.get("ReasonForTheRequestedProcedure", "")),
        (tr("Requested by"), person_name(requesting) if requesting else ""),
        (tr("Referred by"), person_name(referring) if referring else ""),
        (tr("Admission"), order.get("AdmissionID", "")),
        (tr("Received"), ", ".join(part for part in received if part)),
        (tr("Images"), "" if what_is_missing(row) else said),
    )
    return tuple((heading, value) for heading, value in pairs if value)


def heading(row: StudyRow) -> str:
    """Return state and patient in one line."""
    return f"{status_of(row).said} · {person_name(row.identity.patient_name)}"
