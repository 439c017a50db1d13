"""Of which studies the worklist mustn't tell what the networks think: those whose reader is to go first. No widgets.

The same rule as `ui.report.first` keeps for the report itself, for all rows at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import ReportState


@dataclass(frozen=True)
class Cover:
    """What one person may not be told.

    Attributes
    ----------
    is_on : the site has readers go first, and this person writes reports
    unlocked : ids of the studies that this person has written an own impression of
    """

    is_on: bool = False
    unlocked: frozenset[int] = frozenset()

    def hides(self, row: StudyRow) -> bool:
        """Whether priority and confidence of a study must not come from the networks."""
        return self.is_on and row.report_state is ReportState.DRAFT and row.id not in self.unlocked


EVERYTHING = Cover(is_on=True)
NOTHING = Cover()
