"""Every attack of the table, against real listeners: answered or cut in time, in little memory, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.robustness.__main__ import running
from tests.robustness.attacks import ATTACKS, Attack
from tests.robustness.measure import measure
from tests.robustness.target import Target

Targets = dict[int, Target]
_NOT_GIVEN_BACK_KIB = 32 << 10
"""Memory that the system's allocator keeps after more than two thousand connections; a leak of 16 KiB each fails."""


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    """A listener for each limit of associations; at the end nothing of what they acknowledged is missing."""
    with ExitStack() as stack:
        limits = {attack.associations for attack in ATTACKS}
        made = {limit: stack.enter_context(running(limit)) for limit in limits}
        yield made
        for target in made.values():
            assert target.lost() == []
            assert target.memory_kib() - target.idle_kib < _NOT_GIVEN_BACK_KIB


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_answered_or_cut_in_time_and_in_little_memory(targets: Targets, attack: Attack) -> None:
    assert measure(targets[attack.associations], attack).faults == ()
