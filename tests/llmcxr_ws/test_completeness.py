"""When a study is complete: four signals, their order, and that nothing is waited for for ever."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.completeness import (
    AVAILABLE,
    COMPLETED,
    DISCONTINUED,
    IN_PROGRESS,
    WORDS,
    Count,
    Notice,
    Waiting,
    is_worth_saying,
    judge,
    sentence,
)

A, B, C = "1.1", "1.2", "1.3"


def notice(state: str, *images: str, peer: str = "cr", kind: str = "mpps") -> Notice:
    return Notice(kind, peer, state, frozenset(images))


def waiting(quiet_for_s: float) -> Waiting:
    return Waiting(quiet_for_s=quiet_for_s, quiet_s=30, patience_s=600)


@pytest.mark.parametrize(
    ("held", "notices", "count", "quiet_for_s", "code", "missing"),
    [
        # Without any signal the quiet time alone decides.
        ([A], [], None, 5, "arriving", ()),
        ([A], [], None, 30, "quiet", ()),
        # A step that is over lists its images.
        ([A], [notice(COMPLETED, A)], None, 0, "told", ()),
        ([A, B], [notice(COMPLETED, A)], None, 0, "told", ()),
        ([A], [notice(COMPLETED, A, B)], None, 5, "arriving", ()),
        ([A], [notice(COMPLETED, A, B)], None, 31, "missing", (B,)),
        ([A], [notice(COMPLETED, A, B)], None, 601, "gave_up", (B,)),
        ([A], [notice(DISCONTINUED, A)], None, 0, "told", ()),
        ([A], [notice(DISCONTINUED)], None, 31, "discontinued", ()),
        ([A], [notice(COMPLETED)], None, 5, "arriving", ()),
        ([A], [notice(COMPLETED)], None, 31, "quiet", ()),
        # One that goes on outweighs one that is over, and the quiet time.
        ([A], [notice(COMPLETED, A), notice(IN_PROGRESS)], None, 31, "in_progress", ()),
        ([A], [notice(IN_PROGRESS, A)], None, 601, "gave_up_step", ()),
        # A notice that closes no step says what there is, not that there is no more.
        ([A], [notice(AVAILABLE, A, kind="ian")], None, 5, "arriving", ()),
        ([A], [notice(AVAILABLE, A, B, kind="ian")], None, 31, "missing", (B,)),
        ([A], [notice(COMPLETED, A), notice(AVAILABLE, A, B, kind="ian")], None, 5, "arriving", ()),
        # A count is a veto after the quiet time, and nothing before it.
        ([A], [], Count("pacs"), 5, "arriving", ()),
        ([A], [], Count("pacs"), 31, "asking", ()),
        ([A], [], Count("pacs"), 601, "gave_up_asking", ()),
        ([A], [], Count("pacs", True, 1), 31, "counted", ()),
        ([A, B], [], Count("pacs", True, 1), 31, "counted", ()),
        ([A], [], Count("pacs", True, 2, frozenset({A, B})), 31, "missing", (B,)),
        ([A], [], Count("pacs", True, 2, frozenset({A, B})), 601, "gave_up", (B,)),
        ([A, B], [], Count("pacs", True, 2, frozenset({A, C})), 31, "missing", (C,)),
        ([A], [], Count("pacs", True, 2), 31, "more", ()),
        ([A], [], Count("pacs", True, 2), 601, "gave_up_unnamed", ()),
        ([A], [notice(COMPLETED, A)], Count("pacs", True, 9), 0, "told", ()),
    ],
)
def test_what_the_signals_say_together(
    held: list[str],
    notices: list[Notice],
    count: Count | None,
    quiet_for_s: float,
    code: str,
    missing: tuple[str, ...],
) -> None:
    found = judge(held, notices, count, waiting(quiet_for_s))
    assert (found.code, found.missing) == (code, missing)
    waits = code in ("arriving", "in_progress", "missing", "more", "asking")
    assert found.is_complete is not waits
    said = sentence(found.to_dict())
    assert said.endswith(".") and "{" not in said
    assert is_worth_saying(found.to_dict()) is (waits or code.startswith("gave_up"))


UIDS = st.frozensets(st.sampled_from([A, B, C]))
NOTICES = st.lists(
    st.builds(
        Notice,
        st.sampled_from(["mpps", "ian"]),
        st.sampled_from(["cr", "pacs"]),
        st.sampled_from([IN_PROGRESS, COMPLETED, DISCONTINUED, AVAILABLE]),
        UIDS,
    ),
    max_size=4,
)
COUNTS = st.none() | st.builds(Count, st.just("pacs"), st.booleans(), st.integers(0, 5), UIDS)


@given(UIDS, NOTICES, COUNTS, st.floats(0, 2000))
def test_it_ends_always_and_says_why(
    held: frozenset[str], notices: list[Notice], count: Count | None, quiet_for_s: float
) -> None:
    found = judge(held, notices, count, waiting(quiet_for_s))
    if quiet_for_s >= 600:
        assert found.is_complete
    if quiet_for_s < 30 and found.is_complete:
        assert found.code == "told"
    if found.code in ("told", "counted", "quiet", "discontinued"):
        assert not any(notice.images - held for notice in notices)
        assert not any(notice.state == IN_PROGRESS for notice in notices)
    assert sentence(found.to_dict())
    assert set(found.missing).isdisjoint(held)


def test_three_missing_images_are_named_and_the_others_counted() -> None:
    many = [f"1.{number}" for number in range(9)]
    said = sentence(judge([], [notice(COMPLETED, *many)], None, waiting(31)).to_dict())
    assert said == "Waits for 9 images that cr listed: 1.0, 1.1, 1.2, …."


def test_nothing_is_said_of_a_study_that_nobody_looked_at() -> None:
    assert sentence({}) == "" and not is_worth_saying({}) and sentence({"code": "odd"}) == ""


@pytest.mark.parametrize("code", WORDS)
def test_every_word_has_its_values(code: str) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(WORDS[code]) if name}
    assert names <= {"by", "names", "missing", "there", "here"}
