"""The words of questions made from labels: what is asked, and which wordings training never sees.

Every question has a training list and a held-out list that share no wording; evaluation asks in held-out
wordings, so that a right answer can't come from knowing the sentence. Single words may stand in both. Training
questions are many and some have a lead-in, since a small model reads only what it has met in many forms.
Answers are made in `engine.vqa.rules`.
"""

import re
from dataclasses import dataclass
from typing import Literal

from engine.data.findings import JUDGED

ABNORMAL, OPEN, VIEW, KIND, OUTSIDE, BEYOND = "abnormal", "open", "view", "kind", "outside", "beyond"

Wordings = Literal["training", "held-out"]


@dataclass(frozen=True)
class Asked:
    """One wording. `yes_means` tells what Yes says of the subject: True present (or abnormal), False not."""

    question: str
    yes_means: bool = True


NAMES = {
    "Pneumonia": ("pneumonia", "a pneumonia", "signs of pneumonia"),
    "Infiltration": ("infiltration", "an infiltrate", "a pulmonary infiltrate"),
    "Atelectasis": ("atelectasis", "an atelectasis", "collapse of lung tissue (atelectasis)"),
    "Edema": ("edema", "pulmonary edema", "signs of edema", "fluid in the lungs (edema)"),
    "Effusion": ("an effusion", "a pleural effusion", "pleural effusion", "fluid in the pleural space"),
}

# Findings asked by name that no answer affirms or denies. Those of the held-out list are never trained on.
OUTSIDE_NAMES: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "a pneumothorax",
        "pneumothorax",
        "a nodule",
        "a pulmonary nodule",
        "a mass",
        "a lung mass",
        "a fracture",
        "a rib fracture",
        "cardiomegaly",
        "an enlarged heart",
        "a consolidation",
        "emphysema",
        "fibrosis",
        "a hernia",
        "pleural thickening",
        "tuberculosis",
        "COVID-19",
        "lung cancer",
    ),
    "held-out": (
        "pulmonary fibrosis",
        "a hiatal hernia",
        "a tumour",
        "bronchiectasis",
        "sarcoidosis",
        "a lung abscess",
        "free air under the diaphragm",
        "scoliosis",
    ),
}

_PRESENCE: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "Is there {finding}?",
        "Is {finding} present?",
        "Does this film show {finding}?",
        "Does the patient have {finding}?",
        "Do you see {finding}?",
        "Can you see {finding} on this film?",
        "Is {finding} visible on the chest X-ray?",
        "Any {finding}?",
        "Is there evidence of {finding} in this image?",
        "Would you report {finding} here?",
        "Is {finding} seen?",
        "Does the chest radiograph show {finding}?",
        "Tell me whether there is {finding}.",
        "Are there findings of {finding}?",
        "Does the X-ray show {finding}?",
        "Does the picture show {finding}?",
        "Does this chest film show any sign of {finding}?",
        "Please look for {finding}.",
        "Search the film for {finding}.",
        "I am looking for {finding}: is it there?",
        "Is it {finding}?",
        "Could this be {finding}?",
        "Could there be {finding}?",
        "Can {finding} be made out?",
        "Does he have {finding}?",
        "Does she have {finding}?",
        "Do we see {finding} here?",
        "Do you find {finding}?",
        "Did you find {finding}?",
        "What about {finding}?",
        "And {finding}?",
        "How about {finding}: is it present?",
        "Yes or no: {finding}?",
        "{finding}: yes or no?",
        "{finding}?",
        "Decide whether there is {finding}.",
        "Say whether {finding} is present.",
        "State if {finding} is seen.",
        "Tell me if the film shows {finding}.",
        "Should I report {finding}?",
        "Should {finding} be mentioned?",
        "Would you say that there is {finding}?",
        "Do you think this is {finding}?",
        "Is {finding} among the findings?",
        "Is {finding} one of the findings?",
        "Was {finding} found?",
        "Has {finding} been seen?",
        "The question is {finding}. Is it there?",
        "Fever and cough: is there {finding}?",
        "The doctor thinks of {finding}. Do you see it?",
    ),
    "held-out": (
        "Could you check this radiograph for {finding}?",
        "Has this patient got {finding}?",
        "Does the image suggest {finding}?",
        "Is the film positive for {finding}?",
        "I would like to know whether {finding} can be seen.",
        "Do the lungs show {finding}?",
    ),
}
# Yes means that the finding isn't there.
_ABSENCE: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "Is the film free of {finding}?",
        "Is the chest without {finding}?",
        "Is {finding} absent?",
        "Can {finding} be ruled out?",
        "Can you exclude {finding}?",
        "Would you rule out {finding}?",
    ),
    "held-out": (),
}
_NORMALITY: dict[Wordings, tuple[Asked, ...]] = {
    "training": (
        Asked("Is this film normal?", False),
        Asked("Is the chest X-ray normal?", False),
        Asked("Is this a normal chest radiograph?", False),
        Asked("Is everything normal on this film?", False),
        Asked("Would you call this film normal?", False),
        Asked("Is this film abnormal?"),
        Asked("Is there any abnormality?"),
        Asked("Is there an abnormal finding on this film?"),
        Asked("Do you see anything abnormal?"),
        Asked("Is anything wrong on this chest X-ray?"),
        Asked("Is this film within normal limits?", False),
        Asked("Is the chest unremarkable?", False),
        Asked("Does everything seem fine?", False),
        Asked("Is the radiograph without any finding?", False),
        Asked("Is the chest free of disease?", False),
        Asked("Are the lungs healthy?", False),
        Asked("Is there nothing abnormal?", False),
        Asked("Normal film?", False),
        Asked("Would you sign this as normal?", False),
        Asked("Is this picture of a healthy chest?", False),
        Asked("Are there any abnormal findings?"),
        Asked("Is this radiograph abnormal?"),
        Asked("Is the picture abnormal in any way?"),
        Asked("Is there something abnormal to report?"),
        Asked("Can an abnormality be seen?"),
        Asked("Is there any sign of disease?"),
        Asked("Would you call this chest abnormal?"),
        Asked("Does this film show disease?"),
        Asked("Is something not normal here?"),
        Asked("Abnormal film?"),
    ),
    "held-out": (
        Asked("Does this radiograph look normal?", False),
        Asked("Is this chest film free of abnormal findings?", False),
        Asked("Does the image show an abnormality?"),
        Asked("Has this patient got an abnormal chest X-ray?"),
    ),
}
_OPEN: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "What do you see?",
        "What does this film show?",
        "What is on this chest X-ray?",
        "Which findings are present?",
        "What are the findings?",
        "What is your impression?",
        "Describe what you see.",
        "What is wrong with this patient's chest?",
        "Name the findings on this film.",
        "What are your findings?",
        "What did you find?",
        "Tell me the findings.",
        "List what you see.",
        "What should stand in the report?",
        "What is the result?",
        "What do you make of this picture?",
        "What is the matter with the chest?",
    ),
    "held-out": (
        "What can be seen on this radiograph?",
        "Please tell me what the image shows.",
        "What would you write about this film?",
    ),
}
_VIEW: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "Is this a PA or an AP film?",
        "What is the view?",
        "Which projection is this?",
        "Was this film taken posteroanterior or anteroposterior?",
        "What view position does this chest X-ray have?",
        "AP or PA?",
        "Which view is it?",
        "What projection is it?",
        "Name the view of the film.",
    ),
    "held-out": (
        "In which projection was the radiograph taken?",
        "Tell me the view of this image: AP or PA?",
    ),
}
_KIND: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "Is the pneumonia bacterial or viral?",
        "Is this a bacterial or a viral pneumonia?",
        "What kind of pneumonia is it, bacterial or viral?",
        "Bacterial or viral?",
    ),
    "held-out": (
        "Does this look more like a viral or a bacterial pneumonia?",
        "Which type of pneumonia does the child have, viral or bacterial?",
    ),
}
# What labels never say: these are asked too, so that the model learns to leave them.
_BEYOND: dict[Wordings, tuple[str, ...]] = {
    "training": (
        "On which side is it?",
        "Is it on the left or on the right?",
        "Which lobe is affected?",
        "Where is the finding?",
        "How large is it?",
        "How severe is it?",
        "Is it mild or severe?",
        "Is there a tube or a line?",
        "Is there a pacemaker?",
        "Are there any support devices?",
        "Has anything changed since the last film?",
        "Is it better or worse than before?",
        "How should the patient be treated?",
    ),
    "held-out": (
        "Is the left or the right lung affected?",
        "What is the extent of the finding?",
        "Can you see a catheter?",
        "Is this worse than on the prior study?",
        "What should be done next?",
    ),
}


# What people say before they ask.
_LEADS = (
    "",
    "Please answer: ",
    "One question: ",
    "Look at the image. ",
    "About this film: ",
    "A colleague asks: ",
    "Be brief. ",
)


def asked(subject: str, wordings: Wordings) -> tuple[Asked, ...]:
    """Give every wording of a subject: a finding of NAMES, or ABNORMAL, OPEN, VIEW, KIND, OUTSIDE, BEYOND.

    Raises KeyError for another subject.
    """
    plain = {OPEN: _OPEN, VIEW: _VIEW, KIND: _KIND, BEYOND: _BEYOND}.get(subject)
    if subject == ABNORMAL:
        found = _NORMALITY[wordings]
    elif plain is not None:
        found = tuple(Asked(question) for question in plain[wordings])
    else:
        names = OUTSIDE_NAMES[wordings] if subject == OUTSIDE else NAMES[subject]
        found = _each(_PRESENCE[wordings], names, True) + _each(_ABSENCE[wordings], names, False)
    if wordings == "held-out":
        return found
    return tuple(Asked(_led(lead, each.question), each.yes_means) for lead in _LEADS for each in found)


def _each(patterns: tuple[str, ...], names: tuple[str, ...], yes_means: bool) -> tuple[Asked, ...]:
    return tuple(
        Asked(_capital(pattern.format(finding=name)), yes_means)
        for pattern in patterns
        for name in names
        if _grammatical(pattern, name)
    )


def _grammatical(pattern: str, name: str) -> bool:
    """Leave out `Is signs of …` and `Any a …`."""
    if name.startswith("signs"):
        takes_plural = re.search(
            r"\b(show|see|have|find|report|for|suggest|got|whether) \{finding\}(?! is)", pattern
        )
        return takes_plural is not None and not pattern.startswith("Is ")
    return not (pattern.startswith("Any") and name.startswith(("a ", "an ")))


def _led(lead: str, question: str) -> str:
    """Put a lead-in before a question, which goes on in small letters behind a colon."""
    small = lead.endswith(": ") and not question[:2].isupper() and not question.startswith("I ")
    return lead + (question[:1].lower() + question[1:] if small else question)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_SUBJECTS = (*JUDGED, ABNORMAL, OPEN, VIEW, KIND, OUTSIDE, BEYOND)
TRAINING_QUESTIONS: dict[str, tuple[Asked, ...]] = {s: asked(s, "training") for s in _SUBJECTS}
HELD_OUT_QUESTIONS: dict[str, tuple[Asked, ...]] = {s: asked(s, "held-out") for s in _SUBJECTS}
