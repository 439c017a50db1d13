"""What the worklist says about the chosen study in full sentences: where it stands, why, and what to do."""

from __future__ import annotations

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import ReportState, StudyState
from ui.text import clock, person_name
from ui.worklist.status import status_of

_SENTENCES = {
    StudyState.RECEIVING: "Images are still coming in. The study is drafted when none has come for a while.",
    StudyState.COMPLETE: "All images are here. The draft waits for the engine.",
    StudyState.DRAFTING: "The engine is reading the film.",
    StudyState.DRAFTED: "A draft is ready to be read.",
    StudyState.IN_REVIEW: "A reader has begun to edit the draft.",
    StudyState.SIGNED: "The report is signed. Its delivery to the PACS isn't confirmed yet.",
    StudyState.CONFIRMED: "The report is signed and the PACS has confirmed that it keeps it.",
    StudyState.RETRACTED: "The report was retracted.",
}

_OF_REPORT = {
    ReportState.SIGN_PENDING: "The signature waits for the node, which first asks the PACS who the patient is.",
    ReportState.WITHHELD: "The AI draft is withheld; write the report yourself.",
    ReportState.REJECTED: "The AI draft was rejected; write the report yourself.",
    ReportState.REFUSED: "The signature was refused; open the study for the reason.",
}


def sentences(row: StudyRow) -> tuple[str, ...]:
    """Return what to know about a study, the most important first."""
    found: list[str] = []
    if row.needs_addendum:
        found.append("Images came after the signature: look at them and write an addendum.")
    found.append(row.reason or _SENTENCES.get(row.state, ""))
    if row.state in (StudyState.DRAFTED, StudyState.IN_REVIEW) and row.report_state in _OF_REPORT:
        found[-1] = _OF_REPORT[row.report_state]
    if row.held_by:
        since = f" since {clock(row.held_at)}" if row.held_at else ""
        found.append(f"Held by {row.held_by}{since}.")
    return tuple(sentence for sentence in found if sentence)


def facts(row: StudyRow) -> tuple[tuple[str, str], ...]:
    """Return the smaller facts of a study as pairs of heading and value."""
    images = f"{row.instances} image" + ("" if row.instances == 1 else "s")
    pairs = (
        ("Order", row.study_description),
        ("Referred by", person_name(row.referring_physician) if row.referring_physician else ""),
        (
            "Received",
            f"{clock(row.received_at)}, {images}" + (f" from {row.source_peer}" if row.source_peer else ""),
        ),
    )
    return tuple((heading, value) for heading, value in pairs if value)


def heading(row: StudyRow) -> str:
    """Return state and patient in one line."""
    return f"{status_of(row).word} · {person_name(row.identity.patient_name)}"
