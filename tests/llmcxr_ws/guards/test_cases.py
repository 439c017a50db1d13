"""A table of texts that a guard must object to, and of those it must leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from llmcxr_ws.guards import Facts, SecondLook, objections

UPRIGHT = {"orientation": ("L", "F"), "patient_id": "P-1"}
NEGATION, SECTIONS = "contradiction.negation", "laterality.sections"
COMPARES = "comparison.no_prior"


def codes(text: str, **changes: Any) -> set[str]:
    return {one.code for one in objections(text, Facts(**{**UPRIGHT, **changes}))}


CONTRADICTIONS = [
    "No effusion. Left pleural effusion.",
    "No pleural effusion is seen. There is a small right effusion.",
    "No effusion, pneumothorax or consolidation. Consolidation in the right lower lobe.",
    "The lungs are clear. There is consolidation in the left lower lobe.",
    "Clear lungs. Right upper lobe mass.",
    "Heart size is normal. Cardiomegaly.",
    "The heart is not enlarged. The heart is enlarged.",
    "No pneumothorax. Large left pneumothorax.",
    "There is no left effusion. A small left effusion is present.",
    "No consolidation in the left lower lobe. Left lower lobe consolidation.",
    "Small left effusion. The pleural effusion has resolved.",
    "Effusion: none. There is a right effusion.",
    "No acute fracture. Acute fracture of the left clavicle.",
    "No bilateral effusions. Right effusion.",
    "Neither effusion nor pneumothorax. Right pneumothorax.",
    "Normal chest. There is a left lower lobe pneumonia.",
    "Without pneumothorax. Left apical pneumothorax is seen.",
    "The costophrenic angles are sharp. Left pleural effusion.",
    "Findings:\nNo effusion.\n\nImpression:\nBilateral pleural effusions.",
    "The left lung is clear. Left upper lobe opacity.",
    "Pneumonia is not seen. Pneumonia in the right lower lobe.",
    "No evidence of edema. Pulmonary edema is present.",
]
NO_CONTRADICTIONS = [
    "The left lung is clear. Right effusion.",
    "No left effusion; right effusion present.",
    "No left effusion, right effusion is present.",
    "No effusion on the left but a small effusion on the right.",
    "No left effusion and a small right effusion.",
    "No acute fracture. Old rib fracture.",
    "No large effusion. Small left effusion.",
    "No tension pneumothorax. Small right apical pneumothorax.",
    "No effusion except for a trace left effusion.",
    "No pneumothorax. No effusion. Heart size is normal.",
    "No consolidation in the left lower lobe. Left upper lobe consolidation.",
    "No change in the left effusion. The left effusion is small.",
    "History of pneumonia. No pneumonia.",
    "Evaluate for pneumothorax. No pneumothorax.",
    "Pneumothorax cannot be excluded. No effusion.",
    "The lungs are clear. Small left effusion.",
    "The lungs are otherwise clear. Left lower lobe opacity.",
    "The right lung is clear. Left lower lobe pneumonia.",
    "No pericardial effusion. Small left pleural effusion.",
    "No effusion or pneumothorax on the right. Small left effusion.",
    "No small, moderate or large pneumothorax. Left effusion.",
    "Is there an effusion? No effusion.",
    "Left effusion without pneumothorax.",
    "Subcutaneous emphysema. No emphysema.",
    "No acute cardiopulmonary disease. Mild bibasilar atelectasis.",
    "The lungs are clear. Calcified granuloma in the right upper lobe.",
    "No focal consolidation, pneumothorax, or large effusion. Trace right effusion.",
    "Right lower lobe opacity. No opacity on the left.",
    "The cardiac silhouette is normal. The left heart border is sharp.",
    "Bedside ultrasound is recommended to exclude an effusion. No effusion.",
]
OTHER_SIDES = [
    "Findings:\nLeft pleural effusion.\n\nImpression:\nRight pleural effusion.",
    "Findings: There is a small right pneumothorax.\nImpression: Small left pneumothorax.",
    "Findings:\nLeft lower lobe opacity.\n\nImpression:\nRight lower lobe pneumonia.",
    "Findings:\nNodule in the right upper lobe.\nImpression:\nPossible nodule on the left.",
    "FINDINGS: Left-sided effusion.\nIMPRESSION: Right-sided effusion.",
]
SAME_SIDES = [
    "Findings:\nLeft pleural effusion.\n\nImpression:\nLeft effusion.",
    "Findings:\nBilateral effusions.\n\nImpression:\nRight effusion.",
    "Findings:\nPleural effusion.\n\nImpression:\nRight effusion.",
    "Findings:\nLeft effusion.\n\nImpression:\nEffusion.",
    "Findings:\nLeft effusion. Right pneumothorax.\n\nImpression:\nRight pneumothorax and left effusion.",
    "Left effusion. Right effusion.",
    "Findings:\nLeft chest tube. Right jugular line.\n\nImpression:\nRight jugular line.",
    "Findings:\nThe left hemidiaphragm is raised. Right effusion.\n\nImpression:\nRight effusion.",
]
COMPARISONS = [
    "The heart is unchanged.",
    "Stable cardiomegaly.",
    "The effusion has improved.",
    "Compared with the prior film the effusion is smaller.",
    "In comparison, the lungs are clearer.",
    "New left lower lobe consolidation.",
    "New since yesterday: a small effusion.",
    "Again seen is a left effusion.",
    "A left effusion is again noted.",
    "Interval increase of the effusion.",
    "No significant change.",
    "No interval change in the effusion.",
    "The consolidation persists.",
    "The effusion has resolved.",
    "The pneumothorax is no longer seen.",
    "The heart remains enlarged.",
    "The effusion is larger than before.",
    "Worsening edema.",
    "The effusion has increased.",
    "Previously noted nodule in the right upper lobe.",
    "No new consolidation.",
    "A newly placed central line.",
    "The left effusion is gone.",
]
NO_COMPARISONS = [
    "No change in position is needed.",
    "Old rib fracture.",
    "Comparison: None.",
    "No prior films are available for comparison.",
    "No previous study.",
    "The patient is hemodynamically stable.",
    "Prior median sternotomy.",
    "Previous granulomatous disease.",
    "A follow-up film to document resolution is recommended.",
    "Repeat film with improved inspiration.",
    "A new examination is recommended.",
    "Short interval follow-up in six weeks.",
    "Degenerative changes of the spine.",
    "No acute changes.",
    "Increased interstitial markings.",
    "Decreased lung volumes.",
    "It remains unclear whether this is a nodule.",
    "Similar densities on both sides.",
    "The opacity is larger than 3 cm.",
    "Chronic rib deformity.",
    "Emphysematous change.",
    "If the opacity persists, CT should follow.",
]


@pytest.mark.parametrize("text", CONTRADICTIONS)
def test_a_text_that_denies_and_affirms_the_same(text: str) -> None:
    assert NEGATION in codes(text)


@pytest.mark.parametrize("text", NO_CONTRADICTIONS)
def test_a_text_that_only_looks_as_if_it_did(text: str) -> None:
    assert NEGATION not in codes(text)


@pytest.mark.parametrize("text", OTHER_SIDES)
def test_findings_and_impression_on_different_sides(text: str) -> None:
    assert SECTIONS in codes(text)


@pytest.mark.parametrize("text", SAME_SIDES)
def test_findings_and_impression_on_sides_that_go_together(text: str) -> None:
    assert SECTIONS not in codes(text)


@pytest.mark.parametrize("text", COMPARISONS)
def test_a_comparison_without_an_earlier_film(text: str) -> None:
    assert COMPARES in codes(text)
    assert COMPARES not in codes(text, has_prior=True)


@pytest.mark.parametrize("text", NO_COMPARISONS)
def test_words_that_compare_with_no_film(text: str) -> None:
    assert COMPARES not in codes(text)


def test_the_ai_compares_with_nothing_also_where_an_earlier_film_exists() -> None:
    ai_text = "The heart is unchanged. No effusion."
    assert codes(ai_text, has_prior=True, ai_text=ai_text) == {"comparison.ai"}
    assert codes("The heart is of unchanged size. No effusion.", has_prior=True, ai_text=ai_text) == set()


@pytest.mark.parametrize(
    ("text", "orientation", "code"),
    [
        ("Left effusion.", (), ""),  # most CR films say nothing: an empty header contradicts no side
        ("Left effusion.", ("", ""), ""),
        ("No left effusion.", (), ""),
        ("Dextrocardia.", (), "orientation.situs"),
        ("There is situs inversus.", (), "orientation.situs"),
        ("Right-sided aortic arch. No effusion.", (), "orientation.situs"),
        ("The cardiac apex points to the right.", ("", ""), "orientation.situs"),
        ("The gastric bubble is on the right.", (), "orientation.situs"),
        ("The heart is shifted to the right.", (), ""),
        ("No dextrocardia.", (), ""),
        ("Known situs inversus.", (), ""),
        ("The heart is shifted to the right.", ("L", "F"), ""),
        ("Dextrocardia.", ("L", "F"), ""),
        ("The heart is normal. Effusion on the right.", (), ""),
        ("Left effusion.", ("R", "H"), "orientation.turned"),
        ("Left effusion.", ("R", "F"), "orientation.mirrored"),
        ("Right effusion.", ("RA", "F"), "orientation.mirrored"),
        ("Left effusion.", ("A", "F"), "orientation.side_on"),
        ("Left effusion.", ("P", "F"), "orientation.side_on"),
        ("Left effusion.", ("L", "H"), "orientation.turned"),
        ("Left effusion.", ("L", "F"), ""),
        ("Left effusion.", ("L",), ""),
        ("No effusion.", (), ""),
        ("Bilateral effusions.", ("R", "F"), ""),
        ("The left ventricle is enlarged. The drain was left in place.", (), ""),
    ],
)
def test_sides_and_the_films_orientation(text: str, orientation: tuple[str, ...], code: str) -> None:
    found = {one for one in codes(text, orientation=orientation) if one.startswith("orientation")}
    assert found == ({code} if code else set())


EFFUSION = {"nih-cxr14/Effusion": 0.5}


@pytest.mark.parametrize(
    ("text", "abnormal", "probability", "expected"),
    [
        ("No effusion. The lungs are clear.", True, 0.1, {"second_look.abnormal"}),
        ("No effusion.", True, 0.8, {"second_look.abnormal", "second_look.denied"}),
        ("Left effusion.", False, 0.1, {"second_look.normal", "second_look.affirmed"}),
        ("Left effusion.", True, 0.1, {"second_look.affirmed"}),
        ("Left effusion.", True, 0.4, set()),
        ("Left effusion.", True, 0.9, set()),
        ("No effusion.", False, 0.2, set()),
        ("No large effusion.", False, 0.9, set()),
        ("Possible effusion.", True, 0.2, set()),
        ("Cardiomegaly. No effusion.", True, 0.2, set()),
        ("A pacemaker is in place.", False, 0.2, set()),
        ("Nothing of note.", True, 0.9, set()),
    ],
)
def test_the_text_against_the_second_network(
    text: str, abnormal: bool, probability: float, expected: set[str]
) -> None:
    seen = SecondLook(abnormal, {"nih-cxr14/Effusion": probability, "x/Unknown": 0.9}, EFFUSION)
    assert codes(text, second_look=seen) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Findings:\nNo effusion.", {"section.impression"}),
        ("Findings:\n\nImpression:\nNo effusion.", {"section.findings"}),
        ("Findings:\nNo effusion.\n\nImpression:\nNormal chest.", set()),
        ("No effusion.", set()),
        ("Effusion of [..] cm.", {"text.left_open"}),
        ("Effusion of ___ cm.", {"text.left_open"}),
        ("Effusion on the <side>.", {"text.left_open"}),
        ("Effusion of xx cm.", {"text.left_open"}),
        ("No effusion ...", {"text.left_open"}),
        ("A nodule of < 5 mm in size. No effusion.", set()),
        ("There is a", {"text.broken_off"}),
        ("No effusion,", {"text.broken_off"}),
        ("Findings:\nNo effusion and\n\nImpression:\nNormal chest.", {"text.broken_off"}),
        ("No effusion", set()),
        ("The lungs are\nclear.", set()),
        ("  \n", {"section.empty"}),
    ],
)
def test_a_text_that_is_not_finished(text: str, expected: set[str]) -> None:
    assert codes(text) == expected


NOT_JUDGED = ("Fracture", "Mass", "Pleural thickening", "Pericardial calcification")


@pytest.mark.parametrize(
    ("text", "looked_at", "missing"),
    [
        ("No effusion.", (), NOT_JUDGED),
        ("No fracture. No mass.", (), ("Pleural thickening", "Pericardial calcification")),
        (
            "The ribs are not fractured. A mass is possible.",
            ("Pleural thickening", "Pericardial calcification"),
            (),
        ),
        ("Pericardial calcifications.", ("Fracture", "Mass"), ("Pleural thickening",)),
        ("The lungs are clear.", ("Fracture",), NOT_JUDGED[1:]),
    ],
)
def test_findings_that_the_model_cant_judge_are_named_until_somebody_addresses_them(
    text: str, looked_at: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    facts = Facts(**UPRIGHT, not_judged=NOT_JUDGED, looked_at=frozenset(looked_at))  # type: ignore[arg-type]
    found = [one.sentence for one in objections(text, facts) if one.code == "scope.not_addressed"]
    assert found == (
        [f"The model can't judge these, and nobody has addressed them: {', '.join(missing)}."]
        if missing
        else []
    )


def test_identity_is_the_one_thing_that_cant_be_overruled_in_a_written_report() -> None:
    everything = objections(
        "No effusion. Left effusion, unchanged, of [..] cm and",
        Facts(second_look=SecondLook(False), not_judged=("Mass",)),
    )
    assert len({one.code for one in everything}) >= 7
    assert {one.code for one in everything if not one.overrulable} == {"identity.no_patient_id"}


def test_an_addendum_repeats_neither_impression_nor_what_the_model_cant_judge() -> None:
    assert codes("Findings:\nNo fracture.", kind="addendum", not_judged=("Mass",)) == set()
    assert codes("No effusion. Left effusion.", kind="addendum") == {NEGATION}
