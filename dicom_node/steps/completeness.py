"""Settle studies that are complete: a film is chosen, or a sentence says why none is.

When a study is complete is decided in :mod:`llmcxr_ws.completeness`, which film it is, and why not, in
:mod:`llmcxr_ws.films`; the moves are the store's. Here peers are asked and the answers brought together.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from dicom_node import counts
from dicom_node.examine import examine
from dicom_node.steps.desk import Desk, find_peer
from dicom_node.steps.hashing import CHANGED, hash_received
from llmcxr_ws.completeness import Count, Verdict, Waiting, judge
from llmcxr_ws.domain import InstanceRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.film_facts import HeaderFacts
from llmcxr_ws.films import Choice, Exclusion, choose_film
from llmcxr_ws.log import logger
from llmcxr_ws.routing import judge_of, route
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import signals, studies
from llmcxr_ws.store.studies import DueStudy

_LOG = logger(__name__)
_SEND_AGAIN: Final = "Send the study again; a complete image heals it."
_LOOK_AGAIN_S: Final = 0.25
"""Pause before a study that waits is looked at again: many may wait, and each look asks the database."""


def settle_studies(desk: Desk) -> bool:
    """Settle every study that is complete, and say of every other one what it waits for."""
    settled = desk.each("settle", studies.due_studies(desk.db), lambda due: due.id, _look_at)
    return desk.each("await", studies.awaiting_studies(desk.db), lambda due: due.id, _note) or settled


def _look_at(desk: Desk, due: DueStudy) -> bool:
    verdict = _verdict(desk, due)
    if verdict.is_complete:
        return _settle(desk, due, verdict)
    is_first = due.state is StudyState.RECEIVING and not due.film_sop_instance_uid
    if desk.site.early_draft and is_first and not due.is_prior and _settle_early(desk, due, verdict):
        return True
    _note_verdict(desk, due, verdict)
    desk.put_off("settle", due.id, _LOOK_AGAIN_S)
    return False


def _note(desk: Desk, due: DueStudy) -> bool:
    _note_verdict(desk, due, _verdict(desk, due))
    return False


def _note_verdict(desk: Desk, due: DueStudy, verdict: Verdict) -> None:
    if studies.note_completeness(desk.db, due, verdict):
        _LOG.info("study looked at", study=due.id, outcome=verdict.code, missing=len(verdict.missing))


def _verdict(desk: Desk, due: DueStudy) -> Verdict:
    quiet_s, patience_s = desk.site.waits_of(due.source_peer)
    waiting = Waiting(quiet_for_s=due.quiet_for_s, quiet_s=quiet_s, patience_s=patience_s)
    if due.is_prior:
        return judge((), (), None, waiting)
    held = {row.sop_instance_uid for row in due.instances}
    notices = signals.notices_of(desk.db, due.study_instance_uid)
    verdict = judge(held, notices, None, waiting)
    asked = _peer_to_ask(desk, due)
    if asked is None or not waiting.is_quiet or verdict.code not in ("quiet", "discontinued"):
        return verdict
    return judge(held, notices, _count(desk, due, asked), waiting)


def _peer_to_ask(desk: Desk, due: DueStudy) -> Peer | None:
    source = find_peer(desk.site, due.source_peer)
    return find_peer(desk.site, source.count_from) if source is not None and source.count_from else None


def _count(desk: Desk, due: DueStudy, peer: Peer) -> Count:
    """What the peer said since the last image came; where it wasn't asked since then, it is now."""
    asked = next(
        (row for row in signals.inquiries_of(desk.db, due.id, "count") if row.peer == peer.name), None
    )
    is_fresh = asked is not None and asked.asked_at >= due.last_instance_at
    if asked is not None and is_fresh and asked.state == "told":
        images = frozenset(map(str, asked.found.get("images", ())))
        return Count(peer.name, True, int(asked.found.get("there", 0)), images)
    desk.aside("count", due.id, partial(_ask_count, desk, due, peer))
    return Count(peer.name)


def _ask_count(desk: Desk, due: DueStudy, peer: Peer) -> None:
    try:
        found = counts.images_at(desk.local, peer, due.study_instance_uid, len(due.instances))
    except DicomError as error:
        signals.note_inquiry(
            desk.db, due.id, kind="count", peer=peer.name, found=None, message=error.sentence
        )
        raise
    signals.note_inquiry(desk.db, due.id, kind="count", peer=peer.name, found=found)
    _LOG.info("counted", study=due.id, peer=peer.name, there=found["there"], here=len(due.instances))


def _settle_early(desk: Desk, due: DueStudy, verdict: Verdict) -> bool:
    """Draft what can be drafted although more images are expected."""
    if not _are_as_received(desk, due) or any(row.defect.startswith(CHANGED) for row in due.instances):
        return False
    chosen = _choose(desk, due, [row for row in due.instances if not row.defect and row.purged_at is None])
    if not isinstance(chosen, Choice):
        return False
    priority = _priority(desk, due, chosen)
    settled = studies.settle_film(desk.db, due, chosen.sop_instance_uid, verdict=verdict, priority=priority)
    if settled:
        _LOG.info("study drafted early", study=due.id, instances=len(due.instances))
    return settled


def _choose(desk: Desk, due: DueStudy, sound: list[InstanceRow]) -> Choice | Exclusion | None:
    judge = judge_of(desk.site.rules, due.source_peer)
    facts = [(row.sop_instance_uid, _facts(desk, row)) for row in sound]
    return choose_film(facts, judge=judge) if facts else None


def _priority(desk: Desk, due: DueStudy, chosen: Choice) -> int:
    """What the site's rules say of the draft of a film."""
    film = next(row for row in due.instances if row.sop_instance_uid == chosen.sop_instance_uid)
    return route(desk.site.rules, due.source_peer, _facts(desk, film)).priority


def _settle(desk: Desk, due: DueStudy, verdict: Verdict) -> bool:
    if not _are_as_received(desk, due):
        return True  # looked at anew, with what was found
    if due.is_prior:
        code, sentence = "prior", "It was fetched to compare with, and isn't drafted."
        return studies.settle_without_film(
            desk.db, due, code=code, sentence=sentence, failed=False, verdict=verdict
        )
    sound = [row for row in due.instances if not row.defect and row.purged_at is None]
    broken = [row for row in due.instances if row.defect]
    changed = next((row for row in broken if row.defect.startswith(CHANGED)), None)
    chosen = _choose(desk, due, sound) if changed is None else None
    if changed is not None:
        sentence = f"{changed.defect} {_SEND_AGAIN}"
        settled = studies.settle_without_film(
            desk.db, due, code="file_changed", sentence=sentence, failed=True, verdict=verdict
        )
        outcome = "failed: file_changed"
    elif isinstance(chosen, Choice):
        settled = studies.settle_film(
            desk.db,
            due,
            chosen.sop_instance_uid,
            verdict=verdict,
            priority=_priority(desk, due, chosen),
        )
        outcome = "complete"
    elif broken:
        # The missing film may be the one to draft: the reception failed, whatever the others are.
        code, sentence, outcome = "defective_instance", _broken_sentence(broken, len(sound)), "failed"
        settled = studies.settle_without_film(
            desk.db, due, code=code, sentence=sentence, failed=True, verdict=verdict
        )
    elif chosen is not None:
        settled = studies.settle_without_film(
            desk.db, due, code=chosen.code, sentence=chosen.sentence, failed=False, verdict=verdict
        )
        outcome = f"excluded: {chosen.code}"
    else:
        return False
    if settled:
        _LOG.info(
            "study settled", study=due.id, outcome=outcome, by=verdict.code, instances=len(due.instances)
        )
    return settled


def _are_as_received(desk: Desk, due: DueStudy) -> bool:
    """Hash what the listener hadn't the time for; False where a file isn't the one that was received."""
    wanted = [row for row in due.instances if not row.defect and row.purged_at is None]
    made = [hash_received(desk.workplace, due.id, row) for row in wanted]
    return all(sha256 or not row.file_stamp for row, sha256 in zip(wanted, made, strict=True))


def _broken_sentence(broken: list[InstanceRow], sound: int) -> str:
    which = (
        "The image" if len(broken) == 1 and not sound else f"{len(broken)} of {len(broken) + sound} images"
    )
    return f"{which} arrived damaged: {broken[0].defect} {_SEND_AGAIN}"


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
