"""What the guards say, as sentences with places to fill in: in English in every store, translated by a window.

A key is a rule's code, and behind a slash which of the rule's sentences it is. The filled-in English sentence is
what a reader overrules and what the node compares; a window may show the same in another language.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmcxr_ws.guards.objections import Objection, Place
from llmcxr_ws.wording import mark

SENTENCES: dict[str, str] = {
    "comparison.ai": mark("The AI was given no earlier film, yet compares: “{said}”"),
    "comparison.no_prior": mark("No earlier film was given, yet it compares: “{said}”"),
    "contradiction.negation/one": mark("One sentence denies and affirms {finding}: “{said}”"),
    "contradiction.negation/two": mark("The text denies and affirms {finding}: “{said}” against “{other}”"),
    "laterality.sections": mark(
        "Findings and impression name different sides for {finding}: “{said}” against “{other}”"
    ),
    "orientation.situs": mark(
        "The text says that organs lie on the other side: “{said}” The film's header doesn't say which side is "
        "which, and a mirrored film looks the same. Check the side marker on the film."
    ),
    "orientation.mirrored": mark(
        "The text names a side, but the film is mirrored by its header (Patient Orientation {shown})."
    ),
    "orientation.turned": mark(
        "The text names a side, but the film isn't upright by its header (Patient Orientation {shown})."
    ),
    "orientation.side_on": mark(
        "The text names a side, but the film is a lateral one by its header (Patient Orientation {shown})."
    ),
    "second_look.abnormal": mark(
        "A second network calls this film abnormal; the text names no finding as present."
    ),
    "second_look.normal": mark("A second network calls this film normal; the text affirms a finding."),
    "second_look.denied": mark(
        "The text denies {finding}; a second network sees it ({probability}, threshold {threshold})."
    ),
    "second_look.affirmed": mark(
        "The text affirms {finding}; a second network doesn't see it ({probability}, threshold {threshold})."
    ),
    "section.empty": mark("The text is empty: there is nothing to sign."),
    "section.impression": mark("The report has no impression."),
    "section.findings": mark("The heading of the findings stands there with nothing under it."),
    "text.left_open": mark("Something was left to be filled in: “{said}”"),
    "text.broken_off": mark("The text breaks off in the middle of a sentence: “{said}”"),
    "scope.not_addressed": mark("The model can't judge these, and nobody has addressed them: {findings}."),
    "identity.no_patient_id": mark(
        "The study bears no patient ID. Have it corrected in the PACS and sent again."
    ),
}


# What no reason sets aside.
FINAL = frozenset({"section.empty", "identity.no_patient_id"})


def objection(key: str, places: Iterable[Place] = (), **values: str) -> Objection:
    """Make an objection in the words of one of the sentences."""
    return Objection(
        code=key.partition("/")[0],
        sentence=SENTENCES[key].format(**values),
        places=tuple(places),
        overrulable=key not in FINAL,
        key=key,
        values=tuple(values.items()),
    )
