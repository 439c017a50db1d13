"""Questions read by rules: every wording of training and held-out ones, and words that stand in neither."""

import pytest

from engine.data.findings import JUDGED
from engine.question import asked_about, says_abnormal, says_of
from engine.vqa.wordings import ABNORMAL, HELD_OUT_QUESTIONS, TRAINING_QUESTIONS


@pytest.mark.parametrize("questions", [TRAINING_QUESTIONS, HELD_OUT_QUESTIONS], ids=["training", "held-out"])
def test_wordings_of_the_rules_are_read_as_they_are_meant(questions):
    wrong = []
    for subject, each in questions.items():
        # Lead-ins make seven of each wording: a fifth has every wording and every lead-in.
        for asked in each[:: 5 if len(each) > 100 else 1]:
            meant = (subject, asked.yes_means) if subject in (*JUDGED, ABNORMAL) else None
            if asked_about(asked.question) != meant:
                wrong.append((asked.question, asked_about(asked.question)))
    assert not wrong


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("Do these lungs contain an effusion?", ("Effusion", True)),
        ("No effusion?", ("Effusion", False)),
        ("Isn't there a pneumonia?", ("Pneumonia", True)),
        ("Can I tell the patient that there is no pneumonia?", ("Pneumonia", False)),
        ("Is there pulmonary oedema?", ("Edema", True)),
        ("Everything in order here?", (ABNORMAL, False)),
        ("Is something wrong with this chest?", (ABNORMAL, True)),
        ("Nothing abnormal?", (ABNORMAL, False)),
        ("Is the effusion due to pneumonia?", None),
        ("Where is the effusion?", None),
        ("Is there a pneumothorax?", None),
        ("How old is the patient?", None),
        ("", None),
    ],
)
def test_questions_in_other_words(question, meant):
    assert asked_about(question) == meant


@pytest.mark.parametrize(
    ("subject", "text", "said"),
    [
        ("Effusion", "Pleural effusion is present.", True),
        ("Effusion", "Infiltration is present.", False),
        ("Effusion", "No acute finding.", False),
        (ABNORMAL, "Infiltration is seen.", True),
        (ABNORMAL, "No acute finding.", False),
        ("Effusion", "", None),
        (ABNORMAL, "The patient was rotated.", None),
    ],
)
def test_what_a_draft_says_of_a_subject(subject, text, said):
    assert says_of(subject, text) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Findings of pneumonia and atelectasis.", True),
        ("Rib fracture.", True),
        ("No acute cardiopulmonary abnormality.", False),
        ("", None),
    ],
)
def test_drafts_are_read_as_normal_or_abnormal(text, said):
    assert says_abnormal(text) is said
