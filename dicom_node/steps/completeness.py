"""Settle studies that have been quiet for long enough: a film is chosen, or a sentence says why none is.

Which film it is, and why not, is decided in :mod:`llmcxr_ws.films`; the moves are the store's.
"""

from __future__ import annotations

from dicom_node.examine import examine
from dicom_node.steps.desk import Desk, find_peer
from llmcxr_ws.domain import InstanceRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.films import Choice, choose_film
from llmcxr_ws.log import logger
from llmcxr_ws.routing import judge_of
from llmcxr_ws.store import studies
from llmcxr_ws.store.studies import DueStudy

_LOG = logger(__name__)


def settle_quiet_studies(desk: Desk) -> bool:
    """Settle every study whose source has been quiet for its quiet time."""
    return desk.each("settle", studies.due_studies(desk.db), lambda due: due.id, _settle_when_quiet)


def _settle_when_quiet(desk: Desk, due: DueStudy) -> bool:
    peer = find_peer(desk.site, due.source_peer)
    quiet_s = peer.quiet_s if peer is not None and peer.quiet_s is not None else desk.site.quiet_s
    return due.quiet_for_s >= quiet_s and _settle(desk, due)


def _settle(desk: Desk, due: DueStudy) -> bool:
    sound = [row for row in due.instances if not row.defect and row.purged_at is None]
    broken = [row for row in due.instances if row.defect]
    judge = judge_of(desk.site.rules, due.source_peer)
    facts = [(row.sop_instance_uid, _facts(desk, row)) for row in sound]
    chosen = choose_film(facts, judge=judge) if facts else None
    if isinstance(chosen, Choice):
        settled = studies.settle_film(desk.db, due, chosen.sop_instance_uid)
        outcome = "complete"
    elif broken:
        # The missing film may be the one to draft: the reception failed, whatever the others are.
        code, sentence, outcome = "defective_instance", _broken_sentence(broken, len(sound)), "failed"
        settled = studies.settle_without_film(desk.db, due, code=code, sentence=sentence, failed=True)
    elif chosen is not None:
        settled = studies.settle_without_film(
            desk.db, due, code=chosen.code, sentence=chosen.sentence, failed=False
        )
        outcome = f"excluded: {chosen.code}"
    else:
        return False
    if settled:
        _LOG.info("study settled", study=due.id, outcome=outcome, instances=len(due.instances))
    return settled


def _broken_sentence(broken: list[InstanceRow], sound: int) -> str:
    which = (
        "The image" if len(broken) == 1 and not sound else f"{len(broken)} of {len(broken) + sound} images"
    )
    return f"{which} arrived damaged: {broken[0].defect} Send the study again; a complete image heals it."


def _facts(desk: Desk, row: InstanceRow) -> HeaderFacts:
    """The facts kept at reception; read again where an older version kept others."""
    try:
        return HeaderFacts.from_dict(row.facts)
    except KeyError:
        pass
    try:
        return HeaderFacts.from_dict(examine(desk.workplace.objects.path(row.path)).facts)
    except (KeyError, OSError) as error:
        raise DicomError(
            "A received file's header can't be read any more.", what_to_do="Have the study sent again."
        ) from error
