"""What is marked, struck through and counted, without a window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.macros import Macro, sentence_patterns
from ui.report.changes import key_of, markup, sources

AI = "Heart size is normal. There is a small left pleural effusion. No pneumothorax."
NOTHING = sources()
SENTENCES = st.sampled_from(
    [
        "Heart size is normal.",
        "Heart size is large.",
        "No effusion.",
        "Clear lungs.",
        "Mine alone, quite new.",
    ]
)
TEXTS = st.lists(SENTENCES, max_size=6).map(" ".join)


def test_words_that_are_gone_are_ghosts_where_they_stood() -> None:
    made = markup(AI, "Heart size is enlarged. No pneumothorax.", NOTHING)
    assert [(ghost.at, ghost.text) for ghost in made.ghosts] == [
        (len("Heart size is"), "normal"),
        (len("Heart size is enlarged."), "There is a small left pleural effusion."),
    ]
    assert [(change.ai, change.mine) for change in made.changes] == [
        ("Heart size is normal.", "Heart size is enlarged."),
        ("There is a small left pleural effusion.", ""),
    ]
    assert (made.count("ai_kept"), made.count("ai_edited")) == (1, 1)


def test_an_accepted_change_is_marked_no_more() -> None:
    text = "Heart size is enlarged. There is a small left pleural effusion. No pneumothorax."
    open_ = markup(AI, text, NOTHING)
    closed = markup(AI, text, NOTHING, frozenset(change.key for change in open_.changes))
    assert open_.changes and not closed.changes
    assert not closed.ghosts and not closed.inserted
    assert closed.count("ai_edited") == 1  # where it comes from is still told


def test_a_change_that_is_changed_again_is_open_again() -> None:
    accepted = frozenset([key_of("Heart size is normal.", "Heart size is enlarged.")])
    assert markup("Heart size is normal.", "Heart size is much enlarged.", NOTHING, accepted).changes


def test_macros_answers_and_own_first_words_are_told_apart() -> None:
    known = sources(
        sentence_patterns((Macro("nl", "The lungs are clear without [finding]."),)),
        answers=["Yes, there is edema. It is mild."],
        own=["No pneumothorax."],
    )
    made = markup(
        AI, "The lungs are clear without nodules. It is mild. No pneumothorax. Typed by hand alone.", known
    )
    assert [origin for _, origin in made.origins] == ["macro", "ai_answer", "human", "human"]


def test_an_ai_sentence_is_the_ais_even_when_a_macro_says_the_same() -> None:
    known = sources(sentence_patterns((Macro("pt", "No pneumothorax."),)))
    assert markup(AI, "No pneumothorax.", known).count("ai_kept") == 1


def test_without_an_ai_text_nothing_is_marked_but_origins_are_told() -> None:
    made = markup("", "My own words. More.", NOTHING)
    assert (made.kept, made.inserted, made.ghosts, made.changes) == ((), (), (), ())
    assert made.count("human") == 2


def test_a_removed_sentence_stands_in_its_own_section() -> None:
    text = "Findings:\nHeart size is normal.\n\nImpression:\nThere is a small left pleural effusion."
    made = markup("Heart size is normal. No pneumothorax.", text, NOTHING)
    (ghost,) = [ghost for ghost in made.ghosts if ghost.text == "No pneumothorax."]
    assert text[: ghost.at].endswith("Impression:\n")


@given(TEXTS, TEXTS)
def test_each_change_is_listed_once_and_stands_inside_the_text(ai: str, text: str) -> None:
    made = markup(ai, text, NOTHING)
    for change in made.changes:
        start, end = change.place
        assert text[start:end] == change.mine
        assert change.ai != change.mine
    assert all(0 <= ghost.at <= len(text) for ghost in made.ghosts)
    assert len(made.origins) == sum(made.count(origin) for origin in ("ai_kept", "ai_edited", "human"))
    if ai == text:
        assert made.changes == ()
