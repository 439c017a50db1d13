"""Marks that overlap are cut so that nothing is drawn twice and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.report.layers import layered

places = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(st.tuples(places, st.sampled_from("abc"))))
def test_every_letter_has_the_marks_that_lie_over_it(marks: list[tuple[tuple[int, int], str]]) -> None:
    made = layered(marks)
    for at in range(21):
        over = {name for (start, end), name in marks if start <= at < end}
        found = [names for (start, end), names in made if start <= at < end]
        assert found == ([frozenset(over)] if over else [])
    assert [place for place, _ in made] == sorted(place for place, _ in made)
