"""The state tables themselves: what isn't listed raises, for every state and every process."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.errors import TransitionError, UserFacingError
from llmcxr_ws.states import (
    DELIVERY_MOVES,
    REPORT_MOVES,
    STUDY_MOVES,
    Actor,
    DeliveryState,
    ReportState,
    StudyState,
    check_move,
)

TABLES: list[tuple[type[StrEnum], Any]] = [
    (StudyState, STUDY_MOVES),
    (ReportState, REPORT_MOVES),
    (DeliveryState, DELIVERY_MOVES),
]


@st.composite
def moves(draw: st.DrawFn) -> tuple[Any, Any, Any, Actor]:
    states, table = draw(st.sampled_from(TABLES))
    return (
        table,
        draw(st.sampled_from(list(states))),
        draw(st.sampled_from(list(states))),
        draw(st.sampled_from(Actor)),
    )


@given(moves())
def test_a_move_passes_exactly_when_it_is_listed(move: tuple[Any, Any, Any, Actor]) -> None:
    table, current, target, actor = move
    if actor in table.get((current, target), ()):
        check_move(table, current, target, actor)
    else:
        with pytest.raises(TransitionError) as refused:
            check_move(table, current, target, actor)
        assert f"'{current}'" in str(refused.value) and f"'{target}'" in str(refused.value)
        assert isinstance(refused.value, UserFacingError)


@pytest.mark.parametrize(("states", "table"), TABLES)
def test_every_state_can_be_reached_or_begins(states: type[StrEnum], table: Any) -> None:
    begins = {StudyState.RECEIVING, ReportState.DRAFT, ReportState.WITHHELD, DeliveryState.QUEUED}
    reached = {target for _, target in table}
    assert set(states) <= reached | begins


@pytest.mark.parametrize(("states", "table"), TABLES)
def test_no_move_leads_back_to_itself_or_belongs_to_nobody(states: type[StrEnum], table: Any) -> None:
    for (current, target), actors in table.items():
        assert current != target
        assert actors and actors <= set(Actor)


def test_who_moves_what() -> None:
    """The design's division: only a window begins to write, only an engine drafts, only the node signs and sends."""
    by_window = {move for move, actors in STUDY_MOVES.items() if Actor.WINDOW in actors}
    assert by_window == {
        (StudyState.DRAFTED, StudyState.IN_REVIEW),
        (StudyState.RETRACTED, StudyState.IN_REVIEW),
    }
    to_signed = [actors for (_, target), actors in STUDY_MOVES.items() if target == StudyState.SIGNED]
    assert all(actors == {Actor.NODE} for actors in to_signed)
    assert all(actors == {Actor.NODE} for actors in DELIVERY_MOVES.values())
    assert not any(Actor.WINDOW in actors for actors in REPORT_MOVES.values())


def test_a_signed_report_never_moves() -> None:
    assert [move for move in REPORT_MOVES if move[0] == ReportState.SIGNED] == []
