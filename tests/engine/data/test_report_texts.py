"""Sentences on earlier films and blanked words: found, dropped and counted."""

from __future__ import annotations

import pytest

from engine.data.report_texts import TextRules, read_report
from engine.data.sections import NO_SECTIONS
from engine.data.sentences import has_blank, sentences, speaks_of_earlier, without

EARLIER = [
    "In comparison with the study of ___, the effusion is larger.",
    "Compared to the prior film, the lungs are clear.",
    "The previously seen opacity is gone.",
    "Unchanged cardiomegaly.",
    "Stable appearance of the heart.",
    "There is a new left effusion.",
    "Interval removal of the chest tube.",
    "Again seen is a large heart.",
    "The edema has improved.",
    "Worsening consolidation in the right lung.",
    "No significant change.",
    "The pneumothorax is no longer visible.",
    "The effusion persists.",
    "A small effusion remains.",
    "The endotracheal tube has been removed.",
    "Cardiomegaly is similar in degree.",
    "Since the last examination the edema has cleared.",
    "Resolution of the pneumonia.",
    "Opacities are more prominent on the left.",
    "The patient was extubated.",
    "The right base looks slightly worse.",
    "A small effusion has developed.",
]
NOT_EARLIER = [
    "No focal consolidation, effusion or pneumothorax.",
    "Low lung volumes with increased interstitial markings.",
    "Evidence of prior granulomatous disease.",
    "The patient had previous median sternotomy.",
    "Old rib fractures on the right.",
    "Degenerative changes of the thoracic spine.",
    "High-resolution CT would show more.",
    "Chronic scarring at the left base.",
    "The heart is moderately enlarged.",
    "Unremarkable mediastinum.",
    "A follow-up film is advised.",
    "Degenerative changes in the spine.",
    "Blunted angles, left worse than right.",
    "Follow up to resolution is recommended.",
    "A short interval follow-up is advised.",
]


@pytest.mark.parametrize("sentence", EARLIER)
def test_sentences_on_earlier_films_are_found(sentence: str) -> None:
    assert speaks_of_earlier(sentence)


@pytest.mark.parametrize("sentence", NOT_EARLIER)
def test_sentences_on_this_film_alone_are_left(sentence: str) -> None:
    assert speaks_of_earlier(sentence) == ""


def test_sentences_end_where_they_end() -> None:
    text = "1. Dr. ___ was told at 3 p.m. by phone. 2. A nodule of 1.5 cm is seen! Is it new? See above"
    assert sentences(text) == [
        "1. Dr. ___ was told at 3 p.m. by phone.",
        "2. A nodule of 1.5 cm is seen!",
        "Is it new?",
        "See above",
    ]


@pytest.mark.parametrize(
    ("text", "blanked"),
    [("Told Dr. ___.", True), ("Normal chest x-XXXX.", True), ("XXXX XXXX view.", True), ("Clear.", False),
     ("X-ray of the chest.", False)],
)  # fmt: skip
def test_blanked_words(text: str, blanked: bool) -> None:
    assert has_blank(text) is blanked


def test_list_numbers_go_with_the_sentences_that_go() -> None:
    assert without("1. Unchanged heart. 2. Clear lungs.", speaks_of_earlier) == ("Clear lungs.", 1)
    assert without("1. Large heart. 2. Clear lungs.", speaks_of_earlier) == (
        "1. Large heart. 2. Clear lungs.",
        0,
    )


REPORT = "FINDINGS: Clear lungs. Unchanged heart.\nIMPRESSION: 1. Normal chest. 2. ___ was told by telephone."


def test_sentences_are_dropped_and_counted() -> None:
    read = read_report(REPORT, TextRules())
    assert (read.sections.findings, read.sections.impression) == ("Clear lungs.", "Normal chest.")
    assert read.sections.joined == "Clear lungs. Normal chest."
    assert read.counts == {
        "blanked words": 1,
        "sentences with blanked words": 1,
        "sentences dropped for blanked words": 1,
        "sentences with references to earlier films": 1,
        "sentences dropped for references to earlier films": 1,
    }


def test_kept_sentences_are_counted_too() -> None:
    read = read_report(REPORT, TextRules("published", blanks="keep", prior="keep"))
    assert read.sections.impression == "1. Normal chest. 2. ___ was told by telephone."
    assert read.counts["sentences with references to earlier films"] == 1
    assert "sentences dropped for references to earlier films" not in read.counts


@pytest.mark.parametrize(
    ("rules", "refused"),
    [
        (TextRules(prior="drop-report", blanks="keep"), "report with references to earlier films"),
        (TextRules(blanks="drop-report"), "report with blanked words"),
    ],
)
def test_a_report_is_dropped_with_its_reason(rules: TextRules, refused: str) -> None:
    read = read_report(REPORT, rules)
    assert (read.refused, read.sections) == (refused, NO_SECTIONS)


def test_a_report_of_which_nothing_is_left_is_counted() -> None:
    read = read_report("IMPRESSION: No change since ___.", TextRules())
    assert read.sections == NO_SECTIONS and read.refused == ""
    assert read.counts["reports of which no sentence was left"] == 1


def test_a_text_without_headers_is_an_impression_only_where_the_source_says_so() -> None:
    assert read_report("Normal chest.", TextRules(headerless=True)).sections.impression == "Normal chest."
    read = read_report("Normal chest.", TextRules())
    assert read.sections == NO_SECTIONS and read.counts == {"reports without a section": 1}
