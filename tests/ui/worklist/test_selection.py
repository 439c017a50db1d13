"""Which study lies open is the reader's doing alone: no search, filter or change of a state opens another one."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from llmcxr_ws.states import StudyState
from tests.ui.worklist.rows import row
from ui.worklist.filters import CHIPS
from ui.worklist.panel import WorklistPanel


@pytest.fixture
def panel(qtbot: QtBot) -> WorklistPanel:
    made = WorklistPanel()
    qtbot.addWidget(made)
    made.show()
    made.merge(tuple(row(number) for number in range(1, 6)))
    made.choose(2)
    return made


@pytest.fixture
def opened(panel: WorklistPanel) -> list[int]:
    found: list[int] = []
    panel.chosen.connect(found.append)
    return found


def current(panel: WorklistPanel) -> int | None:
    found = panel.current()
    return None if found is None else found.id


def test_a_search_that_hides_the_open_study_opens_no_other_and_gives_it_back(
    panel: WorklistPanel, opened: list[int]
) -> None:
    QTest.keyClicks(panel.search, "name04")
    assert (opened, current(panel)) == ([], None)
    panel.search.clear()
    assert (opened, current(panel)) == ([], 2)
    QTest.keyClicks(panel.search, "name04")
    panel.step(1)
    assert (opened, current(panel)) == ([4], 4)


def test_a_study_that_leaves_the_filter_takes_the_selection_with_it_and_the_next_one_is_a_key_away(
    panel: WorklistPanel, opened: list[int]
) -> None:
    panel.show_only(CHIPS[1])
    panel.merge((row(2, state=StudyState.CONFIRMED, updated_seq=50),))
    assert (opened, current(panel)) == ([], None)
    neighbour = panel.neighbour()
    assert neighbour is not None
    assert neighbour.id == 3
    panel.step(1)
    assert (opened, current(panel)) == ([3], 3)
    panel.merge((row(3, state=StudyState.CONFIRMED, updated_seq=51),))
    panel.step(-1)
    assert (opened, current(panel)) == ([3, 1], 1)
