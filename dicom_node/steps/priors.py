"""Fetch earlier chest studies of a new study's patient, with their reports, before its draft is read.

A peer is asked once a study, in a thread of its own: slow archives hold nobody up. What is fetched comes through the
reception like everything else, and is marked as a prior: it isn't drafted, and it is no work of anybody's.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import pydicom

from dicom_node import priors, scu, ways
from dicom_node.reception import Incoming, Reception
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer
from llmcxr_ws.store import priors as store
from llmcxr_ws.store import signals
from llmcxr_ws.store.priors import PriorRow

_LOG = logger(__name__)
_LOOK_EVERY_S: Final = 1.0
_NO_MOVE_S: Final = 3600.0
"""How long a peer whose C-MOVE failed is asked by C-GET instead, where it may be asked by either."""


def fetch_priors(desk: Desk) -> bool:
    """Look for priors of studies that came lately, and fetch what was found; beside the courier's work."""
    for peer in desk.site.peers:
        if not peer.priors or not desk.is_due("look for priors", peer.name):
            continue
        desk.put_off("look for priors", peer.name, _LOOK_EVERY_S)
        new = store.unasked(desk.db, "priors", peer.name, desk.workplace.config.retry_s)
        if new or store.due(desk.db, peer.name):
            desk.aside("priors", peer.name, partial(_search_and_fetch, desk, peer, new))
    return False


def _search_and_fetch(desk: Desk, peer: Peer, new: list[StudyRow]) -> None:
    for study in new:
        _search(desk, peer, study)
    for prior in store.due(desk.db, peer.name):
        _fetch(desk, peer, prior)


def _search(desk: Desk, peer: Peer, study: StudyRow) -> None:
    if not study.identity.patient_id.strip():
        found = []
    else:
        try:
            found = priors.earlier_studies(
                desk.local,
                peer,
                study.identity,
                (study.study_instance_uid, study.study_date),
                years=peer.prior_years,
                most=peer.prior_count,
            )
        except DicomError as error:
            signals.note_inquiry(
                desk.db, study.id, kind="priors", peer=peer.name, found=None, message=error.sentence
            )
            _LOG.warning("priors not asked", study=study.id, peer=peer.name, reason=error.sentence)
            return
    wanted = store.want(desk.db, study.id, peer.name, [(one.StudyInstanceUID, one.series) for one in found])
    signals.note_inquiry(desk.db, study.id, kind="priors", peer=peer.name, found={"studies": len(found)})
    _LOG.info("priors", study=study.id, peer=peer.name, found=len(found), wanted=wanted)


def _fetch(desk: Desk, peer: Peer, prior: PriorRow) -> None:
    store.begin(desk.db, prior.id)
    message = ""
    try:
        for series in prior.series:
            keys = {"StudyInstanceUID": prior.study_instance_uid, "SeriesInstanceUID": series}
            _retrieve(desk, peer, keys)
    except DicomError as error:
        message = error.sentence
    state = store.end(desk.db, prior.id, message=message, pause_s=desk.pause_s(prior.tries + 1))
    tell = _LOG.info if state == store.HERE else _LOG.warning
    tell("prior", study=prior.study_id, peer=peer.name, state=state, reason=message)


def _retrieve(desk: Desk, peer: Peer, keys: dict[str, str]) -> None:
    """Have the peer send a series: by C-MOVE to our listener, on the same association, or by WADO-RS."""
    without_move = bool(peer.dicomweb) or not desk.is_due("move", peer.name)
    if peer.retrieve == "get" or (peer.retrieve == "auto" and without_move):
        _get(desk, peer, keys)
        return
    try:
        scu.move(desk.local, peer, "SERIES", keys, desk.local.ae_title)
    except DicomError as error:
        if peer.retrieve == "move":
            raise
        _LOG.info("no C-MOVE", peer=peer.name, reason=error.sentence)
        desk.put_off("move", peer.name, _NO_MOVE_S)
        _get(desk, peer, keys)


def _get(desk: Desk, peer: Peer, keys: dict[str, str]) -> None:
    objects = desk.workplace.objects
    least = desk.workplace.config.min_free_mb * 1_000_000
    with closing(Reception(desk.db, objects, min_free_bytes=least)) as reception:

        def sink(path: Path) -> int:
            meta = pydicom.filereader.read_file_meta_info(path)
            spooled = objects.spool_file()
            shutil.move(path, spooled)
            incoming = Incoming(
                path=spooled,
                AffectedSOPClassUID=str(meta.MediaStorageSOPClassUID),
                AffectedSOPInstanceUID=str(meta.MediaStorageSOPInstanceUID),
                peer=peer.name,
            )
            return reception.receive(incoming).status

        ways.get(desk.local, peer, "SERIES", keys, sink)
