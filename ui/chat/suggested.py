"""Which questions are suggested: those about the findings that the model of the draft was tested to judge. No Qt.

They are put to the model in English, which is what it was trained on; the window shows them in its own language.
"""

from __future__ import annotations

from llmcxr_ws.reading import SUGGESTED_QUESTIONS, StudyDetail
from ui.language import mark

WHAT = mark("What does this film show?")
# By the names that bundles use for findings; one that isn't here is asked about in the reader's own words.
QUESTIONS = {
    "No Finding": mark("Is this film normal?"),
    "Atelectasis": mark("Is there an atelectasis?"),
    "Cardiomegaly": mark("Is the heart enlarged?"),
    "Consolidation": mark("Is there a consolidation?"),
    "Edema": mark("Is there pulmonary edema?"),
    "Effusion": mark("Is there a pleural effusion?"),
    "Emphysema": mark("Is there emphysema?"),
    "Fibrosis": mark("Is there fibrosis?"),
    "Hernia": mark("Is there a hernia?"),
    "Infiltration": mark("Is there an infiltration?"),
    "Mass": mark("Is there a mass?"),
    "Nodule": mark("Is there a nodule?"),
    "Pleural_Thickening": mark("Is there pleural thickening?"),
    "Pneumonia": mark("Is there a pneumonia?"),
    "Pneumothorax": mark("Is there a pneumothorax?"),
}


def suggested_questions(detail: StudyDetail | None) -> tuple[str, ...]:
    """Return what to suggest for a study: the findings that its draft's model judges, else the usual ones."""
    report = detail.report if detail is not None else None
    judged = report.evidence.get("findings_judged", ()) if report is not None else ()
    asked = tuple(QUESTIONS[name] for name in judged if name in QUESTIONS)
    return (WHAT, *asked) if asked else SUGGESTED_QUESTIONS
