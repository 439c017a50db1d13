"""Findings and impression in one text, and apart again."""

from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.sections import Sections, join_sections, split_sections

WORDS = st.text(alphabet="abc. \nÄ,", max_size=40)


def test_a_text_without_headings_is_the_impression() -> None:
    assert split_sections("No acute finding.") == Sections("", "No acute finding.")


def test_headings_in_any_case_and_order() -> None:
    assert split_sections("IMPRESSION: Clear.\nfindings:\nHeart normal.") == Sections(
        "Heart normal.", "Clear."
    )


def test_what_stands_before_the_first_heading_isnt_lost() -> None:
    text = "Portable film.\nFindings: Clear lungs.\nImpression: Normal."
    assert split_sections(text) == Sections("Clear lungs.", "Portable film.\nNormal.")


def test_a_word_in_the_middle_of_a_line_is_no_heading() -> None:
    text = "Compare with the findings: there are none."
    assert split_sections(text) == Sections("", text)


@given(WORDS, WORDS)
def test_joined_and_split_again_is_the_same(findings: str, impression: str) -> None:
    sections = Sections(findings.strip(), impression.strip())
    assert split_sections(join_sections(sections)) == sections
