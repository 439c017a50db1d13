"""Which questions are suggested: those about the findings that the model of the draft was tested to judge. No Qt."""

from __future__ import annotations

from llmcxr_ws.reading import SUGGESTED_QUESTIONS, StudyDetail

WHAT = "What does this film show?"
# By the names that bundles use for findings; one that isn't here is asked about in the reader's own words.
QUESTIONS = {
    "No Finding": "Is this film normal?",
    "Atelectasis": "Is there an atelectasis?",
    "Cardiomegaly": "Is the heart enlarged?",
    "Consolidation": "Is there a consolidation?",
    "Edema": "Is there pulmonary edema?",
    "Effusion": "Is there a pleural effusion?",
    "Emphysema": "Is there emphysema?",
    "Fibrosis": "Is there fibrosis?",
    "Hernia": "Is there a hernia?",
    "Infiltration": "Is there an infiltration?",
    "Mass": "Is there a mass?",
    "Nodule": "Is there a nodule?",
    "Pleural_Thickening": "Is there pleural thickening?",
    "Pneumonia": "Is there a pneumonia?",
    "Pneumothorax": "Is there a pneumothorax?",
}


def suggested_questions(detail: StudyDetail | None) -> tuple[str, ...]:
    """Return what to suggest for a study: the findings that its draft's model judges, else the usual ones."""
    report = detail.report if detail is not None else None
    judged = report.evidence.get("findings_judged", ()) if report is not None else ()
    asked = tuple(QUESTIONS[name] for name in judged if name in QUESTIONS)
    return (WHAT, *asked) if asked else SUGGESTED_QUESTIONS
