"""What a guard says against a text, and the facts that it judges by. Frozen values, no rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_QUOTE = 90
MAX_END = 48


@dataclass(frozen=True, order=True)
class Place:
    """A stretch of the text, in characters: from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Objection:
    """One thing that speaks against a signature.

    `code` names the rule, `sentence` says what it found in words that stay the same while the text they speak of
    does; `places` point into the text (none where nothing in it can be shown). A reader may overrule it with a
    reason unless `overrulable` is false. `key` and `values` say of which of
    :data:`llmcxr_ws.guards.wording.SENTENCES` it is made and what stands in it, for who shows it in another
    language.
    """

    code: str
    sentence: str
    places: tuple[Place, ...] = ()
    overrulable: bool = True
    key: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SecondLook:
    """What the bundle's small classifier says of the film beside the draft.

    `probabilities` and `thresholds` are by label, as the draft's evidence holds them; a label without a threshold is
    not judged.
    """

    abnormal: bool
    probabilities: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Everything beside the text that the guards know.

    `kind` is "report" or "addendum". `has_prior`: an earlier film of the patient is at hand; the model is given
    none, so `ai_text` is held to the rule anyway. `orientation` is the film's Patient Orientation (0020,0020),
    empty where the header says nothing. `not_judged` are the findings that the model never speaks about,
    `looked_at` those of them that the reader has ticked off.
    """

    kind: str = "report"
    ai_text: str = ""
    has_prior: bool = False
    orientation: tuple[str, ...] = ()
    patient_id: str = ""
    second_look: SecondLook | None = None
    not_judged: tuple[str, ...] = ()
    looked_at: frozenset[str] = frozenset()


def quote(text: str, place: Place) -> str:
    """Return the words at a place as an objection's sentence quotes them: composed, on one line, not too long."""
    words = _composed(text, place)
    return words if len(words) <= MAX_QUOTE else f"{words[: MAX_QUOTE - 1].rstrip()}…"


def quote_end(text: str, place: Place) -> str:
    """Return the last words at a place, likewise."""
    words = _composed(text, place)
    return words if len(words) <= MAX_END else f"…{words[1 - MAX_END :].lstrip()}"


def _composed(text: str, place: Place) -> str:
    return " ".join(unicodedata.normalize("NFC", text[place.start : place.end]).split())
