"""Habits of archives that sites meet, by name. A habit is one behaviour, not a product: passing with it is a
rehearsal, and shows nothing about interoperability with any archive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Final

from dicom_node import sop_classes
from llmcxr_ws.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How the simulator differs from an archive that does everything."""

    commits: bool = True  # offers storage commitment
    counts: bool = True  # answers queries with Number of … Related …
    refused: frozenset[str] = frozenset()  # storage classes it doesn't negotiate
    merged_prefix: str = ""  # put before every Patient ID in answers: filed under another one
    index_s: float = 0.0  # what was stored is found only so many seconds later
    forgets: bool = False  # takes the commitment request and never reports

    def __or__(self, other: Habits) -> Habits:
        return Habits(
            commits=self.commits and other.commits,
            counts=self.counts and other.counts,
            refused=self.refused | other.refused,
            merged_prefix=self.merged_prefix or other.merged_prefix,
            index_s=max(self.index_s, other.index_s),
            forgets=self.forgets or other.forgets,
        )


@dataclass(frozen=True)
class Profile:
    """One habit: what it is, and what it stands for."""

    habits: Habits
    words: str
    stands_for: str


_STRUCTURED: Final = frozenset(
    {sop_classes.ENHANCED_SR, sop_classes.COMPREHENSIVE_SR, sop_classes.COMPREHENSIVE_3D_SR}
)

PROFILES: Final[dict[str, Profile]] = {
    "no-commitment": Profile(
        Habits(commits=False),
        "offers no storage commitment",
        "archives and routers without it: what they hold can only be asked for by C-FIND",
    ),
    "silent-commitment": Profile(
        Habits(forgets=True),
        "takes the commitment request and never reports",
        "archives that don't know the way back: our AE title has no address there",
    ),
    "no-counts": Profile(
        Habits(counts=False),
        "answers C-FIND without the numbers of related series and instances",
        "archives whose optional return keys are missing, so that nobody can tell whether a study is complete",
    ),
    "no-structured-reports": Profile(
        Habits(refused=_STRUCTURED),
        "refuses Enhanced, Comprehensive and Comprehensive 3D SR when the association is negotiated",
        "archives that take images and Basic Text SR only",
    ),
    "no-presentation-states": Profile(
        Habits(refused=frozenset({sop_classes.PRESENTATION_STATE, sop_classes.KEY_OBJECT_SELECTION})),
        "refuses presentation states and key objects",
        "archives and viewers that show neither",
    ),
    "merged-patients": Profile(
        Habits(merged_prefix="M-"),
        "answers with another Patient ID than the films bore",
        "patients that were merged or got the enterprise's ID after the film was taken",
    ),
    "slow-index": Profile(
        Habits(index_s=3.0),
        "finds what it stored only three seconds later",
        "archives that index in the background",
    ),
}
"""Every habit by its name on the command line."""


def habits_of(names: Iterable[str]) -> Habits:
    """All of these habits together.

    Raises
    ------
    ConfigError
        A name is unknown.
    """
    for name in names:
        if name not in PROFILES:
            raise ConfigError(
                f"The profile '{name}' is unknown.", what_to_do=f"One of: {', '.join(PROFILES)}."
            )
    return reduce(lambda one, two: one | two, (PROFILES[name].habits for name in names), Habits())
