"""The simulator's services as pynetdicom event handlers: what is answered to each request.

Knows neither the folder's layout (:mod:`.archive`) nor matching (:mod:`.query`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.presentation import build_context

from dicom_node import sop_classes, statuses
from dicom_node.association import MAX_PDU_BYTES, LocalEntity, describe, open_association, user_handlers
from dicom_node.commitment import CommitmentReport, Reference, event_information, read_action
from dicom_node.provider import answer
from dicom_node.simulator import query
from dicom_node.simulator.archive import Archive, Held
from dicom_node.simulator.faults import Faults, with_another_patient, with_wrong_charset
from dicom_node.simulator.profiles import Habits
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger

_LOG = logger(__name__)
_REPORT_DELAY_S: Final = 0.1
_REPORT_TRIES: Final = 3
_CLASS_INSTANCE_CONFLICT: Final = 0x0119

Answers = Iterator[tuple[int | Dataset, Dataset | None]]


@dataclass(frozen=True)
class Destination:
    """Where an AE title is reached: for C-MOVE and for storage commitment reports."""

    ae_title: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """Its AE title, which is all the name it has here."""
        return self.ae_title


class Services:
    """What the simulator answers."""

    def __init__(
        self,
        archive: Archive,
        local: LocalEntity,
        destinations: Mapping[str, Destination],
        *,
        habits: Habits | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.habits = habits or Habits()
        self.faults = faults or Faults()
        self.archive = archive
        self.local = local
        self.destinations = destinations
        self._closing = threading.Event()
        self._reports: list[threading.Thread] = []
        self._cut: set[str] = set()

    def close(self) -> None:
        """Give up reports that haven't been delivered."""
        self._closing.set()
        for thread in self._reports:
            thread.join()

    def handlers(self) -> list[tuple[Any, ...]]:
        """The event handlers to bind."""
        return [
            (evt.EVT_C_ECHO, lambda event: statuses.SUCCESS),
            (evt.EVT_C_STORE, self.on_store),
            (evt.EVT_C_FIND, self.on_find),
            (evt.EVT_C_MOVE, self.on_move),
            (evt.EVT_C_GET, self.on_get),
            (evt.EVT_N_ACTION, self.on_action),
        ]

    def on_store(self, event: Any) -> Dataset:
        """C-STORE: keep the file; an instance already held stays as it is, answered with success."""
        if event.dataset_path is None:
            return answer(statuses.CANNOT_UNDERSTAND, "no data set")
        event.request._dataset_file.close()
        path, uid = event.dataset_path, str(event.request.AffectedSOPInstanceUID)
        if self.faults.strikes("delay", uid):
            self._closing.wait(self.faults.delay_s)
        if self.faults.strikes("refuse", uid):
            path.unlink()
            return answer(statuses.OUT_OF_RESOURCES, "rehearsal: refused")
        if self.faults.strikes("drop", uid):
            path.unlink()
            return answer(statuses.SUCCESS)
        if self.faults.strikes("truncate", uid):
            os.truncate(path, path.stat().st_size // 2)
            self._cut.add(uid)
        elif uid in self._cut:  # sent again, and whole
            self.archive.forget(uid)
            self._cut.discard(uid)
        return self._keep(event, dies=self.faults.strikes("die", uid))

    def _keep(self, event: Any, *, dies: bool) -> Dataset:
        try:
            new = self.archive.keep(event.dataset_path)
        except DicomError as error:
            return answer(statuses.CANNOT_UNDERSTAND, error.message)
        except OSError as error:
            return answer(statuses.OUT_OF_RESOURCES, error.strerror or "storage failed")
        if dies:
            event.assoc.abort()
        _LOG.info("stored", calling=event.assoc.requestor.ae_title, new=new, instances=len(self.archive))
        return answer(statuses.SUCCESS)

    def on_find(self, event: Any) -> Answers:
        """C-FIND: one pending response for each match."""
        if self.faults.strikes("delay", "query"):
            self._closing.wait(self.faults.delay_s)
        try:
            matches = query.find(
                self._visible(),
                event.identifier,
                patient_root=event.context.abstract_syntax == sop_classes.PATIENT_ROOT_FIND,
                ae_title=self.local.ae_title,
            )
            for match in matches:
                if event.is_cancelled:
                    yield statuses.CANCEL, None
                    return
                self._spoil(match)
                yield 0xFF00, match
        except DicomError as error:
            yield answer(statuses.DOES_NOT_MATCH_CLASS, error.message), None

    def _visible(self) -> Archive:
        """What queries find: all but what was stored too lately for an archive of this habit."""
        return self.archive.as_of(self.habits.index_s) if self.habits.index_s else self.archive

    def _spoil(self, match: Dataset) -> None:
        """Answer as the habits and faults have it."""
        if not self.habits.counts:
            for keyword in query.COUNTS:
                if keyword in match:
                    del match[keyword]
        if self.habits.merged_prefix and match.get("PatientID"):
            match.PatientID = f"{self.habits.merged_prefix}{match.PatientID}"
        key = str(match.get("SOPInstanceUID") or match.get("StudyInstanceUID", ""))
        if self.faults.strikes("patient", key):
            with_another_patient(match)
        if self.faults.strikes("charset", key):
            with_wrong_charset(match)

    def on_move(self, event: Any) -> Iterator[Any]:
        """C-MOVE: send to the destination, if it is in the table."""
        destination = self.destinations.get(str(event.move_destination).strip())
        if destination is None:
            yield None, None
            return
        chosen = self._chosen(event, sop_classes.PATIENT_ROOT_MOVE)
        options = {
            "contexts": _contexts_for(chosen or []),
            "max_pdu": MAX_PDU_BYTES,
            "evt_handlers": user_handlers(self.local.timeouts),
        }
        yield destination.host, destination.port, options
        yield from self._sub_operations(event, chosen)

    def on_get(self, event: Any) -> Iterator[Any]:
        """C-GET: send on the same association."""
        yield from self._sub_operations(event, self._chosen(event, sop_classes.PATIENT_ROOT_GET))

    def on_action(self, event: Any) -> tuple[Dataset, None]:
        """N-ACTION: take the storage commitment request and report on a new association."""
        calling = str(event.assoc.requestor.ae_title).strip()
        destination = self.destinations.get(calling)
        if destination is None:
            return answer(statuses.NOT_AUTHORISED, "no address is configured for this AE title"), None
        try:
            transaction, references = read_action(event.action_information)
        except DicomError as error:
            return answer(0x0115, error.message), None
        report = self._judge(transaction, references)
        copies = 0 if self.habits.forgets else 2 if self.faults.strikes("duplicate", transaction) else 1
        for _ in range(copies):
            threading.Thread(
                target=self._report, args=(destination, report), name="commitment", daemon=True
            ).start()
        return answer(statuses.SUCCESS), None

    def _chosen(self, event: Any, patient_root: str) -> list[Held] | None:
        """What a retrieve names; None when its identifier is refused."""
        try:
            root = event.context.abstract_syntax == patient_root
            return query.select(self.archive, event.identifier, patient_root=root)
        except DicomError as error:
            _LOG.info("retrieve refused", reason=error.message)
            return None

    def _sub_operations(self, event: Any, chosen: list[Held] | None) -> Iterator[Any]:
        if chosen is None:
            yield 1
            yield statuses.DOES_NOT_MATCH_CLASS, None
            return
        yield len(chosen)
        for held in chosen:
            if event.is_cancelled:
                yield statuses.CANCEL, None
                return
            yield 0xFF00, pydicom.dcmread(held.path)

    def _judge(self, transaction: str, references: list[Reference]) -> CommitmentReport:
        committed: list[Reference] = []
        failed: dict[Reference, int] = {}
        for reference in references:
            held = self.archive.instance(reference.SOPInstanceUID)
            if reference.SOPInstanceUID in self._cut:
                failed[reference] = statuses.PROCESSING_FAILURE
            elif held is None:
                failed[reference] = statuses.NO_SUCH_INSTANCE
            elif held.header.SOPClassUID != reference.SOPClassUID:
                failed[reference] = _CLASS_INSTANCE_CONFLICT
            else:
                committed.append(reference)
        return CommitmentReport(transaction_uid=transaction, committed=tuple(committed), failed=failed)

    def _report(self, destination: Destination, report: CommitmentReport) -> None:
        """Open an association to the requester, as provider of storage commitment, and report."""
        for attempt in range(1, _REPORT_TRIES + 1):
            if self._closing.wait(
                _REPORT_DELAY_S * attempt
            ):  # after the response to the request, as archives do
                return
            try:
                send_report(self.local, destination, report)
            except DicomError as error:
                _LOG.warning("commitment report not delivered", attempt=attempt, reason=error.message)
            else:
                _LOG.info("commitment reported", to=describe(destination), failed=len(report.failed))
                return


def send_report(local: LocalEntity, destination: Destination, report: CommitmentReport) -> None:
    """Send one N-EVENT-REPORT.

    Raises
    ------
    DicomError
        The destination can't be reached or didn't take the report.
    """
    event_type, information = event_information(report)
    syntaxes = (sop_classes.EXPLICIT_LITTLE, sop_classes.IMPLICIT_LITTLE)
    with open_association(
        local,
        destination,
        [(sop_classes.STORAGE_COMMITMENT, syntaxes)],
        provider_of=[sop_classes.STORAGE_COMMITMENT],
    ) as association:
        status, _ = association.raw.send_n_event_report(
            information, event_type, sop_classes.STORAGE_COMMITMENT, sop_classes.STORAGE_COMMITMENT_INSTANCE
        )
        if "Status" not in status or status.Status != statuses.SUCCESS:
            raise DicomError(f"{describe(destination)} didn't take the storage commitment report.")


def _contexts_for(chosen: list[Held]) -> list[Any]:
    """Contexts to send these instances: as they are stored, and uncompressed ones in the default syntax too."""
    kinds = dict.fromkeys(
        (str(h.header.SOPClassUID), str(h.header.file_meta.TransferSyntaxUID)) for h in chosen
    )
    contexts = [build_context(*kind) for kind in kinds]
    for sop_class in dict.fromkeys(
        sop_class for sop_class, syntax in kinds if syntax in sop_classes.UNCOMPRESSED
    ):
        contexts.append(build_context(sop_class, sop_classes.IMPLICIT_LITTLE))
    return contexts[:128] or [build_context(sop_classes.VERIFICATION)]
