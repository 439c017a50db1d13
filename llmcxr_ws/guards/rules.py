"""Why each rule is there, in the words that a reader gets who asks."""

from __future__ import annotations

from llmcxr_ws.wording import mark

WHY: dict[str, str] = {
    "comparison.no_prior": mark(
        "Neither this workstation nor the model had an earlier film of this patient. Words of comparison are then "
        "made up, or rest on a film that you saw elsewhere: say so in the reason, or take them out."
    ),
    "comparison.ai": mark(
        "The model reads one film and never an earlier one. A comparison in its words is made up, also where an "
        "earlier film exists. Compare the films yourself and put it in your words."
    ),
    "contradiction.negation": mark(
        "A finding is denied in one place and affirmed in another, of the same side and zone. Readers of the "
        "report will believe one of them."
    ),
    "laterality.sections": mark(
        "The same finding is on one side in the findings and on the other in the impression. Look at the film's "
        "side marker and correct one of them."
    ),
    "orientation.situs": mark(
        "A mirrored film of a usual patient looks like the film of a patient whose organs lie on the other side. "
        "Where the header says nothing, only the side marker on the film tells them apart."
    ),
    "orientation.mirrored": mark(
        "The header says that the patient's right is on the right of the picture: the film is mirrored."
    ),
    "orientation.turned": mark(
        "The header says that the film is shown turned, so sides on the screen may not be the patient's."
    ),
    "orientation.side_on": mark(
        "The header says that the film was taken from the side: left and right can't be told on it. Look at the "
        "frontal film."
    ),
    "second_look.abnormal": mark(
        "A small classifier beside the model has looked at the film itself. It calls the film abnormal where the "
        "text doesn't. It is wrong often enough that its word alone decides nothing: look again."
    ),
    "second_look.normal": mark(
        "A small classifier beside the model has looked at the film itself and finds nothing, where the text does. "
        "It misses findings; look again."
    ),
    "second_look.denied": mark(
        "A small classifier beside the model puts this finding above the threshold that was set on validation films, "
        "and the text denies it. Look again."
    ),
    "second_look.affirmed": mark(
        "A small classifier beside the model puts this finding far below its threshold, and the text affirms it. "
        "Look again."
    ),
    "section.empty": mark("An empty report can't be signed."),
    "section.impression": mark(
        "Whoever asked for the film reads the impression first, and often nothing else."
    ),
    "section.findings": mark("A heading without text looks as if something had been lost."),
    "text.left_open": mark("Brackets, underscores and dots stand for what a macro or a draft left to you."),
    "text.broken_off": mark(
        "The last sentence of a section ends with a word after which something must follow."
    ),
    "scope.not_addressed": mark(
        "The model was never trained or tested on these findings and says nothing of them, also where they are "
        "there. Look for each and tick it off, or write about it."
    ),
    "identity.no_patient_id": mark(
        "Identity can't be overruled: a report without a patient belongs to nobody, or to the wrong one."
    ),
}


def why(code: str) -> str:
    """Return why a rule is there; empty for a rule of a newer version."""
    return WHY.get(code, "")
