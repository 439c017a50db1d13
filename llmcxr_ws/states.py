"""The three state tables and who may make each move.

A move that isn't listed raises :class:`~llmcxr_ws.errors.TransitionError`. The moves themselves are made by
functions in :mod:`llmcxr_ws.store.transitions`, one a move, each with its audit row.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from llmcxr_ws.errors import TransitionError


class Actor(StrEnum):
    """Which process makes a move."""

    NODE = "node"
    ENGINE = "engine"
    WINDOW = "window"


class StudyState(StrEnum):
    """Where a study is on its way from the PACS and back."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    DRAFTING = "drafting"
    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    SIGNED = "signed"
    CONFIRMED = "confirmed"
    EXCLUDED = "excluded"
    FAILED = "failed"
    RETRACTED = "retracted"


class ReportState(StrEnum):
    """What one version of a report is worth."""

    DRAFT = "draft"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    PRELIMINARY = "preliminary"
    SIGN_PENDING = "sign_pending"
    SIGNED = "signed"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


class DeliveryState(StrEnum):
    """Where one document is on its way to one destination."""

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    STORED = "stored"
    CONFIRMED = "confirmed"
    DEAD = "dead"
    IDENTIFYING = "identifying"


REPORTED = frozenset({StudyState.SIGNED, StudyState.CONFIRMED, StudyState.RETRACTED})
"""Studies that a signed report speaks of, or spoke of."""

State = TypeVar("State", StudyState, ReportState, DeliveryState)

_NODE, _ENGINE, _WINDOW = Actor.NODE, Actor.ENGINE, Actor.WINDOW
_S, _R, _D = StudyState, ReportState, DeliveryState

STUDY_MOVES: dict[tuple[StudyState, StudyState], frozenset[Actor]] = {
    (_S.RECEIVING, _S.COMPLETE): frozenset({_NODE}),
    (_S.RECEIVING, _S.EXCLUDED): frozenset({_NODE}),
    (_S.RECEIVING, _S.FAILED): frozenset({_NODE}),
    # More images, or a site rule that lifts an exclusion, open the study again.
    (_S.COMPLETE, _S.RECEIVING): frozenset({_NODE}),
    (_S.EXCLUDED, _S.RECEIVING): frozenset({_NODE}),
    (_S.FAILED, _S.RECEIVING): frozenset({_NODE}),
    (_S.DRAFTED, _S.RECEIVING): frozenset({_NODE}),
    (_S.COMPLETE, _S.DRAFTING): frozenset({_ENGINE}),
    (_S.DRAFTING, _S.DRAFTED): frozenset({_ENGINE}),
    (_S.DRAFTING, _S.EXCLUDED): frozenset({_ENGINE}),
    (_S.DRAFTING, _S.FAILED): frozenset({_ENGINE}),
    (_S.COMPLETE, _S.FAILED): frozenset({_ENGINE}),
    (_S.DRAFTED, _S.IN_REVIEW): frozenset({_WINDOW}),
    (_S.DRAFTED, _S.SIGNED): frozenset({_NODE}),
    (_S.IN_REVIEW, _S.SIGNED): frozenset({_NODE}),
    (_S.SIGNED, _S.CONFIRMED): frozenset({_NODE}),
    (_S.CONFIRMED, _S.SIGNED): frozenset({_NODE}),
    (_S.SIGNED, _S.RETRACTED): frozenset({_NODE}),
    (_S.CONFIRMED, _S.RETRACTED): frozenset({_NODE}),
    # A reader begins a new report after a retraction.
    (_S.RETRACTED, _S.IN_REVIEW): frozenset({_WINDOW}),
}

REPORT_MOVES: dict[tuple[ReportState, ReportState], frozenset[Actor]] = {
    (_R.DRAFT, _R.PRELIMINARY): frozenset({_NODE}),
    # An attending reader sends it back to who prepared it; a draft that was set aside stays so.
    (_R.PRELIMINARY, _R.DRAFT): frozenset({_NODE}),
    (_R.PRELIMINARY, _R.WITHHELD): frozenset({_NODE}),
    (_R.PRELIMINARY, _R.REJECTED): frozenset({_NODE}),
    # A resident may write an own report where the draft was withheld or rejected.
    (_R.WITHHELD, _R.PRELIMINARY): frozenset({_NODE}),
    (_R.REJECTED, _R.PRELIMINARY): frozenset({_NODE}),
    (_R.DRAFT, _R.REJECTED): frozenset({_NODE}),
    (_R.DRAFT, _R.SUPERSEDED): frozenset({_ENGINE, _NODE}),
    (_R.WITHHELD, _R.SUPERSEDED): frozenset({_ENGINE, _NODE}),
    (_R.PRELIMINARY, _R.SUPERSEDED): frozenset({_ENGINE, _NODE}),
    (_R.DRAFT, _R.SIGN_PENDING): frozenset({_NODE}),
    (_R.PRELIMINARY, _R.SIGN_PENDING): frozenset({_NODE}),
    (_R.WITHHELD, _R.SIGN_PENDING): frozenset({_NODE}),
    (_R.REJECTED, _R.SIGN_PENDING): frozenset({_NODE}),
    # A refused request gives the report back as it was (a withheld or rejected draft never becomes one that is
    # sent); a refused document stays as evidence.
    (_R.SIGN_PENDING, _R.DRAFT): frozenset({_NODE}),
    (_R.SIGN_PENDING, _R.WITHHELD): frozenset({_NODE}),
    (_R.SIGN_PENDING, _R.PRELIMINARY): frozenset({_NODE}),
    (_R.SIGN_PENDING, _R.REJECTED): frozenset({_NODE}),
    (_R.SIGN_PENDING, _R.SIGNED): frozenset({_NODE}),
    (_R.SIGN_PENDING, _R.REFUSED): frozenset({_NODE}),
    (_R.SIGN_PENDING, _R.SUPERSEDED): frozenset({_ENGINE, _NODE}),
}

DELIVERY_MOVES: dict[tuple[DeliveryState, DeliveryState], frozenset[Actor]] = {
    (_D.QUEUED, _D.SENDING): frozenset({_NODE}),
    (_D.QUEUED, _D.HELD): frozenset({_NODE}),
    (_D.HELD, _D.QUEUED): frozenset({_NODE}),
    (_D.SENDING, _D.QUEUED): frozenset({_NODE}),
    (_D.SENDING, _D.STORED): frozenset({_NODE}),
    (_D.SENDING, _D.DEAD): frozenset({_NODE}),
    (_D.QUEUED, _D.DEAD): frozenset({_NODE}),
    (_D.STORED, _D.CONFIRMED): frozenset({_NODE}),
    (_D.STORED, _D.QUEUED): frozenset({_NODE}),
    (_D.STORED, _D.DEAD): frozenset({_NODE}),
    (_D.DEAD, _D.QUEUED): frozenset({_NODE}),
    # The peer has lost what it held: an administrator sends it again.
    (_D.CONFIRMED, _D.QUEUED): frozenset({_NODE}),
    # De-identified, it would still have said who the patient is; or it can't be de-identified.
    (_D.QUEUED, _D.IDENTIFYING): frozenset({_NODE}),
    (_D.IDENTIFYING, _D.QUEUED): frozenset({_NODE}),
}


def check_move(
    moves: Mapping[tuple[State, State], frozenset[Actor]], current: State, target: State, actor: Actor
) -> None:
    """Raise :class:`TransitionError` unless `actor` may move from `current` to `target`."""
    allowed = moves.get((current, target))
    if allowed is None:
        raise TransitionError(f"There is no way from state '{current}' to '{target}'.")
    if actor not in allowed:
        raise TransitionError(f"The {actor} may not move a state from '{current}' to '{target}'.")
