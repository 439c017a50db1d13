"""Macros: what a trigger is, what is kept of them, how their sentences are known again."""

from __future__ import annotations

import pytest

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.macros import (
    Macro,
    check,
    find,
    from_preference,
    placeholders,
    sentence_patterns,
    to_preference,
    trigger_before,
)

NL = Macro("nl", "The lungs are clear without [finding].")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nl", "nl"),
        ("No effusion. nl", "nl"),
        ("(nl", "nl"),
        ("nl ", ""),
        ("", ""),
        ("-nl", ""),
        ("a/b-2.c", "a/b-2.c"),
    ],
)
def test_the_word_before_the_cursor(text: str, word: str) -> None:
    assert trigger_before(text) == word


def test_upper_case_finds_the_same_macro() -> None:
    assert find([NL], "NL") == NL
    assert find([NL], "n") is None


def test_what_is_kept_comes_back_and_damage_is_left_out() -> None:
    assert from_preference(to_preference([NL])) == (NL,)
    assert from_preference({}) == ()
    damaged = {
        "macros": [
            7,
            {"trigger": "two words", "text": "x"},
            {"trigger": "a", "text": " "},
            {"trigger": "b", "text": "B."},
        ]
    }
    assert from_preference(damaged) == (Macro("b", "B."),)


@pytest.mark.parametrize(
    ("macros", "says"),
    [
        ([Macro("two words", "x")], "'two words' was refused"),
        ([NL, Macro("NL", "x")], "stands there twice"),
        ([Macro("a", "  ")], "empty"),
        ([Macro("a", "x" * 4001)], "longer than 4000"),
    ],
)
def test_macros_that_cant_be_used_are_refused_in_words(macros: list[Macro], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        check(macros)


def test_places_to_fill_in() -> None:
    text = "A [side] effusion of [size] (see [1])."
    assert [text[start:end] for start, end in placeholders(text)] == ["[side]", "[size]", "[1]"]


def test_a_filled_in_sentence_is_known_again_and_a_mere_placeholder_is_not() -> None:
    patterns = sentence_patterns([NL, Macro("x", "[anything]")])
    assert len(patterns) == 1
    assert patterns[0].match("The lungs are clear without focal consolidation.")
    assert not patterns[0].match("The lungs are clear without consolidation, and more")
    assert not patterns[0].match("The lungs are clear.")
