"""Marks show exactly what a reader changed, whatever he did."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ui.report.changes import compare, count_origins
from ui.sign.dialogs import untouched_sentence

texts = st.lists(
    st.sampled_from(["No", "effusion", "left", "Left", ".", ",", "\n", "is", "small", "ä", "1.5"]),
    max_size=25,
).map(" ".join)


def test_a_changed_word_is_marked_on_both_sides() -> None:
    ai, text = "The heart is normal in size.", "The heart is enlarged in size."
    changes = compare(ai, text)
    assert [text[start:end] for start, end in changes.inserted] == ["enlarged"]
    assert [ai[start:end] for start, end in changes.removed] == ["normal"]


@given(texts, texts)
def test_places_cover_every_word_once(ai: str, text: str) -> None:
    changes = compare(ai, text)
    marked = sorted(changes.kept + changes.inserted)
    assert all(before[1] <= after[0] for before, after in pairwise(marked))
    shown = "".join(text[start:end] for start, end in marked)
    assert "".join(shown.split()) == "".join(text.split())


@given(texts)
def test_an_untouched_text_has_no_changes(text: str) -> None:
    changes = compare(text, text)
    assert (changes.inserted, changes.removed) == ((), ())


def test_the_confirmation_counts_untouched_ai_sentences() -> None:
    ai = "Lungs are clear. Heart is normal. No effusion."
    assert untouched_sentence(ai, ai)[0] == "3 of 3 sentences are the AI's own, unedited."
    assert untouched_sentence("Clear.", "Clear.")[0] == "The one sentence is the AI's own, unedited."
    words, tone = untouched_sentence(ai, "Pneumothorax on the left.")
    assert (words, tone) == ("No sentence is the AI's own, unedited.", "good")
    origins = count_origins(ai, "Lungs are clear. Heart is enlarged. Fracture of rib five.")
    assert (origins.ai_kept, origins.ai_edited, origins.human) == (1, 1, 1)
