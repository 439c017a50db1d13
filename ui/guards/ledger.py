"""What a reader has ticked off and set aside for the report on the screen. No Qt.

One ledger for panel and dialogs, so that a reason given beside the editor needn't be given again at the signature.
It lives as long as the window: what was set aside is written down with the signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from llmcxr_ws.guards import Objection, Overruling, standing


@dataclass
class Ledger:
    """Ticks and reasons of one report version."""

    looked_at: set[str] = field(default_factory=set)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)

    def reason_of(self, objection: Objection) -> str:
        """Return why an objection was set aside; empty while it stands."""
        return self.reasons.get((objection.code, objection.sentence), "") if objection.overrulable else ""

    def overrule(self, objection: Objection, reason: str) -> None:
        """Set an objection aside with a reason, or with an empty one let it stand again."""
        key = (objection.code, objection.sentence)
        if reason.strip():
            self.reasons[key] = reason.strip()
        else:
            self.reasons.pop(key, None)

    def overruled(self, objections: Iterable[Objection]) -> tuple[Overruling, ...]:
        """Return those of the present objections that are set aside, as a signature carries them."""
        return tuple(
            Overruling(one.code, one.sentence, self.reason_of(one))
            for one in objections
            if self.reason_of(one)
        )

    def standing(self, objections: Iterable[Objection]) -> list[Objection]:
        """Return the objections that still stop a signature."""
        present = tuple(objections)
        return standing(present, self.overruled(present))
