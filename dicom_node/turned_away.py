"""Who was turned away, in the audit trail: by the listener or the STOW-RS server, with each one's heartbeat."""

from __future__ import annotations

from contextlib import suppress

from dicom_node.tally import Tally
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit as trail
from llmcxr_ws.workplace import Workplace

ASSOCIATIONS = "associations"
REQUESTS = "STOW-RS requests"


def note_rejections(workplace: Workplace, tally: Tally, what: str = ASSOCIATIONS) -> None:
    """Write who was turned away since the last heartbeat to the audit trail, each place once with its number.

    Parameters
    ----------
    what : str
        What was rejected: associations, or requests.
    """
    with suppress(DatabaseFailure):  # they are in the log too; receiving goes on
        for calling, address, reason, count in tally.take_rejections():
            trail.note(
                workplace.db,
                actor=Actor.NODE,
                event="association.rejected",
                calling=calling,
                host=address,
                reason=reason,
                count=count,
                what=what,
            )
