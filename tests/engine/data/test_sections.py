"""Sections of reports: the published rule to the letter, the robust one over many ways to write a report."""

from __future__ import annotations

import pytest

from engine.data.sections import Sections, parse, published_stage1, published_stage2

WHOLE = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___ year old woman with cough  // pneumonia?

 TECHNIQUE:  Chest PA and lateral

 COMPARISON:  ___

 FINDINGS:

 Both lungs are clear.
 The heart is of normal size.

 IMPRESSION:

 Normal chest.
"""


@pytest.mark.parametrize("rule", ["robust", "published"])
def test_a_plain_report_is_read_alike_by_both_rules(rule: str) -> None:
    found = parse(WHOLE, rule)  # type: ignore[arg-type]
    assert found.findings == "Both lungs are clear. The heart is of normal size."
    assert found.impression == "Normal chest."
    assert found.joined == "Both lungs are clear. The heart is of normal size. Normal chest."


@pytest.mark.parametrize(
    ("report", "stage1", "stage2"),
    [
        ("IMPRESSION: Normal.", "Normal.", "Normal."),
        ("FINDINGS: Clear lungs.", "Clear lungs.", None),
        ("FINDINGS: A.\nFINDINGS: B.\nIMPRESSION: C.", "C.", "C."),
        ("FINDINGS: A.\nIMPRESSION: B.\nIMPRESSION: C.", "A. B.\nIMPRESSION: C.".replace("\n", " "), None),
        ("FINDINGS: A.\nIMPRESSION:", "A.", None),
        ("FINDINGS:\n", None, None),
        ("IMPRESSION: C.\nFINDINGS: A.", "A.", "C. FINDINGS: A."),
        ("Findings: A. Impression: B.", None, None),
        ("findings and impression: A.", None, None),
        ("IMPRESSION: A. IMPRESSION: B.", None, None),
        ("FINDINGS: ___.\n\n  IMPRESSION:  New  since ___.", "___. New  since ___.", "New  since ___."),
        ("", None, None),
    ],
)  # fmt: skip
def test_the_published_rule(report: str, stage1: str | None, stage2: str | None) -> None:
    assert published_stage1(report) == stage1
    assert published_stage2(report) == stage2
    found = parse(report, "published")
    assert (found.joined, found.impression) == (stage1, stage2)


@pytest.mark.parametrize(
    "header",
    ["IMPRESSION:", "Impression:", "impression :", "IMPRESSION：", "IMPRESSION;", "IMPRESSION -", "IMPRESSION",
     "IMPRESSIONS:", "CONCLUSION:", "Conclusions:", "OPINION:", "SUMMARY:", "INTERPRETATION:",
     "FINAL IMPRESSION:", "**IMPRESSION:**", "IMPRESSION::", "IMPRESSION.:", "IMPRESSION AND RECOMMENDATIONS:"],
)  # fmt: skip
def test_headers_of_an_impression(header: str) -> None:
    found = parse(f"INDICATION: Cough.\nFINDINGS: Clear lungs.\n{header}\n Normal chest.\n")
    assert found == Sections("Clear lungs.", "Normal chest.", "Clear lungs. Normal chest.")


@pytest.mark.parametrize(
    "header",
    ["FINDINGS:", "Findings:", "FINDING:", "findings:", "CHEST FINDINGS:", "OBSERVATIONS:", "Findings"],
)
def test_headers_of_findings(header: str) -> None:
    found = parse(f"HISTORY: Cough.\n\n{header} \nClear lungs.\nIMPRESSION: Normal chest.")
    assert found == Sections("Clear lungs.", "Normal chest.", "Clear lungs. Normal chest.")


@pytest.mark.parametrize(
    "header",
    ["FINDINGS AND IMPRESSION:", "Findings and Impression:", "FINDINGS/IMPRESSION:", "FINDINGS & IMPRESSION:",
     "IMPRESSION AND FINDINGS:", "FINDINGS, IMPRESSION:"],
)  # fmt: skip
def test_one_section_for_both_counts_as_the_impression(header: str) -> None:
    assert parse(f"COMPARISON: None.\n{header} Normal chest.") == Sections(
        None, "Normal chest.", "Normal chest."
    )


def test_repeated_sections_are_joined_and_repeated_texts_are_not() -> None:
    report = "IMPRESSION: Normal chest.\nIMPRESSION: Normal chest.\nIMPRESSION: No fracture."
    assert parse(report).impression == "Normal chest. No fracture."


def test_headers_inside_a_line() -> None:
    report = "INDICATION: Cough. FINDINGS: Clear lungs. COMPARISON: None. Impression: Normal chest."
    assert parse(report) == Sections("Clear lungs.", "Normal chest.", "Clear lungs. Normal chest.")


def test_words_of_prose_are_no_headers() -> None:
    report = (
        "FINDINGS: There are no new findings: the heart is large.\nThis is the\nimpression\nof the study.\n"
        "LUNGS: Clear.\nHEART: Normal.\nIMPRESSION: Large heart."
    )
    found = parse(report)
    assert found.findings == (
        "There are no new findings: the heart is large. This is the impression of the study. "
        "LUNGS: Clear. HEART: Normal."
    )
    assert found.impression == "Large heart."


def test_a_preliminary_read_before_the_final_report_is_left_out() -> None:
    report = (
        "WET READ: ___ ___ ___ 8:14 PM\n Possible pneumonia.\n IMPRESSION: Pneumonia.\n"
        "______________________________________________________________________________\n"
        "                                 FINAL REPORT\n PA CHEST, 6:30 P.M.:\n\n HISTORY: Cough.\n\n"
        " IMPRESSION:  Normal chest.\n"
    )
    assert parse(report) == Sections(None, "Normal chest.", "Normal chest.")


def test_a_preliminary_read_after_the_report_is_left_out() -> None:
    report = "IMPRESSION: Normal chest.\n\nWET READ VERSION #1  ___ 3:04 AM\nWET READ: Possible pneumonia."
    assert parse(report).impression == "Normal chest."


@pytest.mark.parametrize(
    "header",
    ["PA AND LATERAL VIEWS OF THE CHEST:", "PORTABLE CHEST, 6:30 A.M., ___:", "AP CHEST, ___", "CHEST:",
     "SINGLE FRONTAL VIEW"],
)  # fmt: skip
def test_what_stands_under_the_name_of_the_films_is_taken_as_findings(header: str) -> None:
    found = parse(
        f"FINAL REPORT\n INDICATION: Cough.\n\n {header}\n\n Clear lungs.\n\n IMPRESSION: Normal chest."
    )
    assert found == Sections("Clear lungs.", "Normal chest.", "Clear lungs. Normal chest.")


@pytest.mark.parametrize(
    "lead_in",
    ["AP chest compared to ___:", "PA and lateral chest compared to ___ through ___:", "Two views of the chest:",
     "PA AND LATERAL VIEWS:"],
)  # fmt: skip
def test_a_lead_in_that_names_the_films_says_nothing(lead_in: str) -> None:
    for report in (f"IMPRESSION:  {lead_in}\n\n Clear lungs.", f"IMPRESSION:\n\n{lead_in} Clear lungs."):
        assert parse(report).impression == "Clear lungs."
    assert parse("IMPRESSION: PA and lateral films show this: clear lungs.").impression == (
        "PA and lateral films show this: clear lungs."
    )


def test_what_follows_a_section_does_not_belong_to_it() -> None:
    report = (
        "FINDINGS: Clear lungs.\nIMPRESSION: Normal chest.\nRECOMMENDATION(S): None.\n"
        "NOTIFICATION: Told by telephone.\nADDENDUM: Dictated again."
    )
    assert parse(report) == Sections("Clear lungs.", "Normal chest.", "Clear lungs. Normal chest.")


@pytest.mark.parametrize("report", ["", "   \n", "Clear lungs and a normal heart.", "INDICATION: Cough.\n"])
def test_a_report_without_sections_has_none(report: str) -> None:
    assert parse(report) == Sections(None, None, None)
