"""Take work from a UPS worklist (IHE AIW-I, pull): claim it, fetch its study, say how far it is, end it.

What a study is on its way is said by its own state; the worklist is told from there, and nothing about workitems is
kept here: the transaction UID of a claim follows from this installation and the workitem.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from dicom_node import ways
from dicom_node.examine import announced_kind
from dicom_node.reception import Incoming, Reception
from dicom_node.steps.desk import Desk, find_peer
from dicom_node.web import workitems
from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.outputs import way_of
from llmcxr_ws.site import Peer
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import deliveries, studies
from llmcxr_ws.uids import derived_uid

_LOG = logger(__name__)
_POLL_S: Final = 10.0
_FOREIGN_S: Final = 3600.0
_SENT: Final = (DeliveryState.STORED, DeliveryState.CONFIRMED)
_ENDED_WITHOUT: Final = (StudyState.EXCLUDED, StudyState.FAILED, StudyState.RETRACTED)
_PERCENT: Final[dict[StudyState, int]] = {
    StudyState.RECEIVING: 10,
    StudyState.COMPLETE: 20,
    StudyState.DRAFTING: 30,
    StudyState.DRAFTED: 50,
    StudyState.IN_REVIEW: 60,
    StudyState.SIGNED: 90,
}


def do_workitems(desk: Desk) -> bool:
    """Claim one scheduled workitem at each worklist, and say of the claimed ones how far they are.

    Each worklist in a thread of its own: one that answers slowly, or sends a study slowly, holds up no signature, no
    other study and no other worklist.
    """
    for peer in desk.site.peers:
        if peer.workitems:
            desk.aside("workitems", peer.name, partial(_at, desk, peer))
    return False


def _at(desk: Desk, peer: Peer) -> bool:
    desk.put_off("workitems", peer.name, _POLL_S)
    for uid in workitems.scheduled(desk.local, peer, workitems.IN_PROGRESS):
        if desk.is_due("workitem", uid):
            _report(desk, peer, uid)
    claimed = False
    for uid in workitems.scheduled(desk.local, peer, workitems.SCHEDULED):
        if desk.is_due("workitem", uid) and _claim(desk, peer, uid):
            claimed = True
            desk.put_off("workitems", peer.name, 0.0)  # the next one soon; a person's requests go between
            break
    return claimed


def _transaction(desk: Desk, uid: str) -> str:
    return derived_uid("workitem", desk.installation, uid)


def _claim(desk: Desk, peer: Peer, uid: str) -> bool:
    """Claim a workitem and fetch its study; False when somebody else was quicker."""
    wanted = _inputs(workitems.retrieve(desk.local, peer, uid))
    try:
        workitems.change_state(desk.local, peer, uid, _transaction(desk, uid), workitems.IN_PROGRESS)
    except workitems.NotOurs:
        desk.put_off("workitem", uid, _FOREIGN_S)
        return False
    _LOG.info("workitem claimed", peer=peer.name, workitem=mask(uid), studies=len(wanted))
    _fetch_all(desk, peer, uid, wanted)
    return True


def _fetch_all(desk: Desk, peer: Peer, uid: str, wanted: Sequence[str]) -> None:
    if not sum(_fetch(desk, peer, study) for study in wanted):
        _cancel(desk, peer, uid, "None of its instances could be fetched and kept.")


def _inputs(workitem: Dataset) -> list[str]:
    """The studies of its input (PS3.4 table CC.2.5-3, Input Information Sequence), each once."""
    items = workitem.get("InputInformationSequence") or []
    uids = [str(item.get("StudyInstanceUID", "")) for item in items]
    return list(dict.fromkeys(uid for uid in uids if uid))


def _fetch(desk: Desk, peer: Peer, study: str) -> int:
    """Fetch a study by WADO-RS and take its instances in as if they had been sent; how many were kept."""
    objects = desk.workplace.objects
    spool = objects.own_spool(f"workitems-{derived_uid('spool', desk.installation, peer.name)}")
    least = desk.workplace.config.min_free_mb * 1_000_000
    with closing(Reception(desk.db, objects, min_free_bytes=least)) as reception:

        def sink(fetched: Path) -> int:
            sop_class, instance, _ = announced_kind(fetched)
            path = Path(shutil.move(fetched, spool / "instance"))  # onto the object store's file system
            return reception.receive(
                Incoming(
                    path=path,
                    AffectedSOPClassUID=sop_class,
                    AffectedSOPInstanceUID=instance,
                    peer=peer.name,
                    StudyInstanceUID=study,
                )
            ).status

        try:
            return ways.get(desk.local, peer, "STUDY", {"StudyInstanceUID": study}, sink).completed
        except DicomError as error:
            _LOG.error("workitem's study not fetched", peer=peer.name, reason=error.sentence)
            return 0


def _report(desk: Desk, peer: Peer, uid: str) -> None:
    """Say how far a workitem is, or end it; one that isn't ours is left alone for an hour."""
    wanted = _inputs(workitems.retrieve(desk.local, peer, uid))
    rows = [studies.find_study(desk.db, study_instance_uid=study) for study in wanted]
    known = [row for row in rows if row is not None]
    try:
        if known:
            _tell(desk, peer, uid, known)
        else:  # claimed, and the courier ended before it had fetched; a stranger's refuses the update
            workitems.update(desk.local, peer, uid, _transaction(desk, uid), _progress(0))
            _fetch_all(desk, peer, uid, wanted)
    except workitems.NotOurs:
        desk.put_off("workitem", uid, _FOREIGN_S)


def _tell(desk: Desk, peer: Peer, uid: str, rows: Sequence[StudyRow]) -> None:
    without = next((row for row in rows if row.state in _ENDED_WITHOUT), None)
    if without is not None:
        _cancel(desk, peer, uid, without.reason or f"The study ended as '{without.state}'.")
    elif all(row.state is StudyState.CONFIRMED for row in rows):
        _complete(desk, peer, uid, rows)
    else:
        percent = min(_PERCENT.get(row.state, 100) for row in rows)
        if desk.is_due("progress", (uid, percent)):
            workitems.update(desk.local, peer, uid, _transaction(desk, uid), _progress(percent))
            desk.put_off("progress", (uid, percent), _FOREIGN_S)


def _progress(percent: int) -> Dataset:
    item = Dataset()
    item.ProcedureStepProgress = str(percent)
    changes = Dataset()
    changes.ProcedureStepProgressInformationSequence = [item]
    return changes


def _complete(desk: Desk, peer: Peer, uid: str, rows: Sequence[StudyRow]) -> None:
    """Name what was made and where it is, then end the workitem (PS3.4 CC.2.5.1.1: what its final state needs)."""
    performed = Dataset()
    performed.PerformedProcedureStepStartDateTime = _moment(min(row.received_at for row in rows))
    performed.PerformedProcedureStepEndDateTime = _moment(datetime.now(UTC))
    performed.PerformedStationNameCodeSequence = []
    value, _, scheme = peer.workitems.partition("^")
    performed.PerformedWorkitemCodeSequence = [_code(value, scheme, "Film reading")]
    performed.OutputInformationSequence = [item for row in rows for item in _outputs(desk, row)]
    changes = _progress(100)
    changes.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    transaction = _transaction(desk, uid)
    workitems.update(desk.local, peer, uid, transaction, changes)
    workitems.change_state(desk.local, peer, uid, transaction, workitems.COMPLETED)
    _LOG.info("workitem completed", peer=peer.name, workitem=mask(uid))


def _outputs(desk: Desk, study: StudyRow) -> list[Dataset]:
    """The documents of a study that a peer holds, with where each can be had."""
    items = []
    for row in deliveries.deliveries_of(desk.db, study.id):
        to = find_peer(desk.site, row.peer)
        if row.state not in _SENT or way_of(row.path) != "dicom" or to is None:
            continue
        if row.is_forwarded or row.deidentified:  # no result; nor may a copy say whose it is
            continue
        instance = Dataset()
        instance.ReferencedSOPClassUID = row.sop_class_uid
        instance.ReferencedSOPInstanceUID = row.sop_instance_uid
        item = Dataset()
        item.TypeOfInstances = "DICOM"
        item.StudyInstanceUID = study.study_instance_uid
        item.SeriesInstanceUID = row.series_instance_uid
        item.ReferencedSOPSequence = [instance]
        place = Dataset()
        if to.dicomweb:
            place.RetrieveURL = f"{to.dicomweb}/studies/{study.study_instance_uid}"
            item.WADORSRetrievalSequence = [place]
        else:
            place.RetrieveAETitle = to.ae_title
            item.DICOMRetrievalSequence = [place]
        items.append(item)
    return items


def _cancel(desk: Desk, peer: Peer, uid: str, reason: str) -> None:
    """End a workitem without a result, with the sentence that the study has (PS3.4 CC.2.5.1.1)."""
    item = Dataset()
    item.ProcedureStepCancellationDateTime = _moment(datetime.now(UTC))
    item.ReasonForCancellation = reason[:1024]
    item.ProcedureStepDiscontinuationReasonCodeSequence = [
        _code("110513", "DCM", "Discontinued for unspecified reason")
    ]
    changes = Dataset()
    changes.ProcedureStepProgressInformationSequence = [item]
    transaction = _transaction(desk, uid)
    workitems.update(desk.local, peer, uid, transaction, changes)
    workitems.change_state(desk.local, peer, uid, transaction, workitems.CANCELED)
    _LOG.warning("workitem canceled", peer=peer.name, workitem=mask(uid))


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _moment(at: datetime) -> str:
    """A DT with its offset (PS3.5 6.2)."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
