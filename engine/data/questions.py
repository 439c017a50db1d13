"""Questions about films with answers from labels: yes or no first, then one short sentence.

Only findings of JUDGED are asked; whoever draws the pairs balances yes and no per finding, so that the
question alone gives nothing away.
"""

import numpy as np

from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED, impression, judged_findings

ABNORMAL = "abnormal"
OPEN = "open"
SUBJECTS = (*JUDGED, ABNORMAL)

NAMES = {
    "Pneumonia": ("pneumonia", "a pneumonia", "signs of pneumonia"),
    "Infiltration": ("infiltration", "an infiltrate", "a pulmonary infiltrate"),
    "Atelectasis": ("atelectasis", "an atelectasis", "collapse of lung tissue (atelectasis)"),
    "Edema": ("edema", "pulmonary edema", "signs of edema", "fluid in the lungs (edema)"),
    "Effusion": ("an effusion", "a pleural effusion", "pleural effusion", "fluid in the pleural space"),
}
PRESENCE = (
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
)
NORMALITY = (  # (question, whether "yes" means abnormal)
    ("Is this film normal?", False),
    ("Is the chest X-ray normal?", False),
    ("Is this a normal chest radiograph?", False),
    ("Is everything normal on this film?", False),
    ("Is this film abnormal?", True),
    ("Is there any abnormality?", True),
    ("Is there an abnormal finding on this film?", True),
    ("Do you see anything abnormal?", True),
)
OPEN_QUESTIONS = (
    "What do you see?",
    "What does this film show?",
    "What is on this chest X-ray?",
    "Which findings are present?",
    "What are the findings?",
    "What is your impression?",
    "Describe what you see.",
    "What is wrong with this patient's chest?",
)


def is_yes(row: FilmRow, subject: str) -> bool:
    """Tell what the labels answer to a subject: a finding of JUDGED or ABNORMAL."""
    return not row.normal if subject == ABNORMAL else subject in judged_findings(row)


def question_and_answer(row: FilmRow, subject: str, random: np.random.Generator) -> tuple[str, str]:
    """Word one question on a subject (or OPEN) and the answer that the row's labels give."""
    if subject == OPEN:
        return str(random.choice(OPEN_QUESTIONS)), impression(row, random)
    present = is_yes(row, subject)
    if subject == ABNORMAL:
        question, yes_means_abnormal = NORMALITY[int(random.integers(len(NORMALITY)))]
        word = "Yes" if present == yes_means_abnormal else "No"
        return question, f"{word}, the film is {'abnormal' if present else 'normal'}."
    question = str(random.choice(PRESENCE)).format(finding=random.choice(NAMES[subject]))
    name = {"Edema": "pulmonary edema", "Effusion": "pleural effusion"}.get(subject, subject.lower())
    return question, f"Yes, there is {name}." if present else f"No, there is no {name}."
