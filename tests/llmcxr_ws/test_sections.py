"""Findings and impression in one text, and apart again."""

from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.sections import Sections, heading_length, join_sections, parts_of, split_sections, tidy

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


def test_a_text_without_headings_is_saved_as_it_is_and_an_empty_section_loses_its_heading() -> None:
    assert tidy("No acute finding. \n") == "No acute finding. \n"
    assert tidy("Findings:\n\n\nImpression:\nClear.") == "Clear."
    assert tidy("Findings:\nHeart normal.\n\n\nImpression:\nClear. ") == (
        "Findings:\nHeart normal.\n\nImpression:\nClear."
    )


@given(WORDS, WORDS)
def test_tidying_twice_is_tidying_once(findings: str, impression: str) -> None:
    once = tidy(f"Findings:{findings}\nImpression: {impression}")
    assert tidy(once) == once


@given(WORDS, WORDS, WORDS)
def test_parts_cover_the_whole_text(before: str, findings: str, impression: str) -> None:
    text = f"{before}\nFindings: {findings}\nIMPRESSION:{impression}"
    at = 0
    for part in parts_of(text):
        assert part.heading[0] == at
        at = part.end
    assert at == len(text)


def test_a_line_that_begins_with_a_heading_is_known() -> None:
    assert heading_length("Findings: none") == len("Findings: ")
    assert heading_length("The findings: none") == 0
