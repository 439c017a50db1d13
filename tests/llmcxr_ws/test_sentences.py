"""Sentences and their origin: nothing is lost, nothing is used twice, nothing untouched counts as edited."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.sentences import align, removed, spans, split, with_origin

WORDS = st.sampled_from(["heart", "lung", "large", "small", "no", "effusion", "left", "right", "a", "b", "c"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=6).map(lambda words: " ".join(words) + ".")
TEXTS = st.lists(SENTENCES, max_size=6).map(" ".join)
ANY = st.text(st.characters(exclude_categories=("Cs",)))


@given(ANY)
def test_splitting_loses_no_word(text: str) -> None:
    assert " ".join(split(text)).split() == text.split()
    assert all(part and part == part.strip() for part in split(text))
    assert split("\n".join(split(text))) == split(text)


@given(ANY)
def test_an_untouched_text_is_kept(text: str) -> None:
    assert {sentence.origin for sentence in with_origin(text, text)} <= {"ai_kept"}
    assert removed(text, text) == []


@given(ANY)
def test_without_an_ai_text_all_is_human(text: str) -> None:
    assert {sentence.origin for sentence in with_origin("", text)} <= {"human"}
    assert removed(text, "") == split(text)


@given(TEXTS, TEXTS)
def test_every_ai_sentence_is_kept_edited_or_removed_once(ai_text: str, text: str) -> None:
    origins = with_origin(ai_text, text)
    assert [sentence.text for sentence in origins] == split(text)
    kept = Counter(sentence.text for sentence in origins if sentence.origin == "ai_kept")
    assert kept == Counter(split(ai_text)) & Counter(split(text))
    edited = sum(sentence.origin == "ai_edited" for sentence in origins)
    gone = Counter(removed(ai_text, text))
    assert gone <= Counter(split(ai_text)) - kept
    assert sum(kept.values()) + edited + sum(gone.values()) == len(split(ai_text))


@given(TEXTS, st.permutations(range(6)))
def test_order_doesnt_matter_for_kept_sentences(text: str, order: list[int]) -> None:
    parts = split(text)
    moved = [parts[i] for i in order if i < len(parts)]
    assert all(sentence.origin == "ai_kept" for sentence in with_origin(text, " ".join(moved)))


def test_a_report_as_a_reader_edits_it() -> None:
    ai = "The heart is of normal size. There is no pleural effusion. Old rib fractures."
    mine = "The heart is of normal size. There is a small pleural effusion.\nDr Smith was told."
    assert [(s.text, s.origin) for s in with_origin(ai, mine)] == [
        ("The heart is of normal size.", "ai_kept"),
        ("There is a small pleural effusion.", "ai_edited"),
        ("Dr Smith was told.", "human"),
    ]
    assert removed(ai, mine) == ["Old rib fractures."]


def test_an_edited_sentence_doesnt_take_the_place_of_a_kept_one() -> None:
    ai = "a b c d. c x q y."
    assert [s.origin for s in with_origin(ai, "a b c x y. a b c d.")] == ["ai_edited", "ai_kept"]
    assert removed(ai, "a b c x y. a b c d.") == []


def test_decimals_end_no_sentence() -> None:
    assert split("A nodule of 3.5 cm. It is new!\nIs it? Yes") == [
        "A nodule of 3.5 cm.",
        "It is new!",
        "Is it?",
        "Yes",
    ]


def test_headings_are_no_sentences_and_sections_are_known() -> None:
    text = "Findings:\nHeart normal. No effusion.\n\nImpression:\nClear."
    assert split(text) == ["Heart normal.", "No effusion.", "Clear."]
    assert [span.section for span in spans(text)] == ["findings", "findings", "impression"]
    assert all(text[span.start : span.end] == span.text for span in spans(text))


def test_a_sentence_that_went_to_the_findings_is_still_the_ais() -> None:
    ai = "Heart size is normal. No effusion."
    mine = "Findings:\nHeart size is normal.\n\nImpression:\nNo effusion."
    assert [(s.origin, s.section) for s in with_origin(ai, mine)] == [
        ("ai_kept", "findings"),
        ("ai_kept", "impression"),
    ]


def test_of_two_equal_sentences_each_goes_to_its_own_section() -> None:
    both = "Findings:\nNo effusion.\n\nImpression:\nNo effusion."
    pairs = align(both, "Findings:\nMore.\n\nImpression:\nNo effusion.")
    kept = [pair for pair in pairs if pair.origin == "ai_kept"]
    assert [(pair.ai.section, pair.mine.section) for pair in kept if pair.ai and pair.mine] == [
        ("impression", "impression")
    ]


def test_what_was_taken_out_stands_where_it_stood() -> None:
    ai = "Heart normal. No effusion. No fracture. Clear lungs."
    pairs = align(ai, "Heart normal. Clear lungs. My own.")
    assert [(pair.ai.text if pair.ai else "", pair.mine.text if pair.mine else "") for pair in pairs] == [
        ("Heart normal.", "Heart normal."),
        ("No effusion.", ""),
        ("No fracture.", ""),
        ("Clear lungs.", "Clear lungs."),
        ("", "My own."),
    ]


AI = "Heart size is normal. There is a small left pleural effusion. No pneumothorax."


def test_what_was_written_before_the_draft_was_seen_is_the_readers_own() -> None:
    first = "Heart size is normal. A nodule on the right."
    final = "Heart size is normal. A nodule on the right. No pneumothorax."
    assert [row.origin for row in with_origin(AI, final, [first])] == ["human", "human", "ai_kept"]
    assert [row.origin for row in with_origin(AI, final)] == ["ai_kept", "human", "ai_kept"]


def test_an_own_sentence_that_was_edited_later_isnt_an_edit_of_the_ais() -> None:
    final = "There is a large right pleural effusion."
    (alone,) = with_origin(AI, final)
    assert alone.origin == "ai_edited"
    (own,) = with_origin(AI, final, ["There is a large right effusion."])
    assert own.origin == "human"
    # One that is nearer to the AI's stays an edit of the AI's.
    (taken,) = with_origin(AI, "There is a small left pleural effusion now.", ["There is fluid."])
    assert taken.origin == "ai_edited"


def test_each_own_sentence_counts_once() -> None:
    twice = "No pneumothorax. No pneumothorax."
    ai = twice
    found = [row.origin for row in with_origin(ai, twice, ["No pneumothorax."])]
    assert found == ["human", "ai_kept"]


@given(TEXTS, TEXTS, TEXTS)
def test_own_first_words_only_ever_turn_ai_sentences_into_own_ones(ai: str, text: str, first: str) -> None:
    before, after = with_origin(ai, text), with_origin(ai, text, [first])
    assert [row.text for row in before] == [row.text for row in after]
    assert all(new.origin in (old.origin, "human") for old, new in zip(before, after, strict=True))
    assert {row.origin for row in with_origin(ai, text, [text])} <= {"human"}
