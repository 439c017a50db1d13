"""The listener: the process that owns the DICOM port and says 0000H only for what is kept (`llmcxr node listener`).

Small on purpose: it receives and indexes, and takes storage commitment reports. No documents (and so no highdicom),
no outgoing associations, no decisions about studies; those are the courier's.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.presentation import PresentationContext

from dicom_node import sop_classes, statuses
from dicom_node.association import spool_into
from dicom_node.commitment import read_report
from dicom_node.provider import (
    Provider,
    ProviderLimits,
    answer,
    reject,
    service_contexts,
    start_provider,
    storage_contexts,
)
from dicom_node.reception import Incoming, Reception, reconcile
from dicom_node.tally import Tally
from llmcxr_ws.errors import DatabaseFailure, UserFacingError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.site import Peer
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit as trail
from llmcxr_ws.store import deliveries, services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_HEARTBEAT_S: Final = 5.0
_GRACE_S: Final = 5.0

Answer = TypeVar("Answer")


class Listener:
    """Serves one workplace; :meth:`start`, later :meth:`stop`."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self.tally = Tally()
        config = workplace.config
        self._reception = Reception(
            workplace.db,
            workplace.objects,
            min_free_bytes=config.min_free_mb * 1_000_000,
            tally=self.tally,
        )
        self._provider: Provider | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._provider.port if self._provider is not None else self._workplace.config.dicom_port

    def start(self, port: int | None = None) -> None:
        """Sweep the spool, restore missing index rows, then listen.

        Raises
        ------
        DicomError
            The port is taken.
        """
        swept = self._workplace.objects.sweep_spool()
        restored, unreadable = reconcile(self._workplace.db, self._workplace.objects)
        if swept or restored or unreadable:
            _LOG.warning("after the last run", swept=swept, rows_restored=restored, unreadable=unreadable)
        spool_into(self._workplace.objects.root / "spool")
        config = self._workplace.config
        self._provider = start_provider(
            config.ae_title,
            (config.bind_host, config.dicom_port if port is None else port),
            accepted_contexts(),
            [
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_ACCEPTED, self._on_accepted),
                (evt.EVT_REJECTED, self._on_rejected),
                (evt.EVT_CONN_CLOSE, drop_partial_file),
                (evt.EVT_C_ECHO, lambda event: statuses.SUCCESS),
                (
                    evt.EVT_C_STORE,
                    _guarded(self._on_store, answer(statuses.PROCESSING_FAILURE, "internal error")),
                ),
                (
                    evt.EVT_N_EVENT_REPORT,
                    _guarded(self._on_report, (answer(statuses.PROCESSING_FAILURE, "internal error"), None)),
                ),
            ],
            ProviderLimits(max_associations=config.max_associations, silence_s=config.network_timeout_s),
        )
        _LOG.info("listening", ae_title=config.ae_title, host=config.bind_host, port=self.port)

    def stop(self, grace_s: float = _GRACE_S) -> None:
        """Stop accepting, give open associations a few seconds, abort the rest."""
        if self._provider is not None:
            self._provider.stop(grace_s)
            self._provider = None

    def _on_requested(self, event: Any) -> None:
        """Reject a calling AE title that isn't a configured peer's, or that comes from elsewhere than it may."""
        calling = str(event.assoc.requestor.primitive.calling_ae_title).strip()
        try:
            peer = self._workplace.site().peer_of(calling)
        except UserFacingError as error:
            _LOG.error("the site's configuration can't be read", reason=error.message)
            peer = None
        address = event.assoc.requestor.address_info.address
        if peer is None:
            _LOG.warning("association rejected: calling AE title unknown", calling=calling, host=address)
            self.tally.rejected("", calling, address, "calling AE title unknown")
            reject(event, *statuses.CALLING_NOT_RECOGNISED)
        elif peer.from_host and not is_address_of(peer.host, address):
            _LOG.warning("association rejected: not from the peer's host", calling=calling, host=address)
            self.tally.rejected(peer.name, calling, address, "not from the peer's host")
            reject(event, *statuses.CALLING_NOT_RECOGNISED)

    def _on_accepted(self, event: Any) -> None:
        peer = self._peer_of(event)
        self.tally.association(peer.name if peer else "", "accepted")

    def _on_rejected(self, event: Any) -> None:
        """The library's own rejections: another called AE title, or too many associations."""
        requestor = event.assoc.requestor
        calling = str(requestor.primitive.calling_ae_title).strip()
        self.tally.rejected("", calling, requestor.address_info.address, "called AE title or limit")

    def detail(self) -> dict[str, Any]:
        """What the listener tells of itself: its title and port, and what it counted."""
        open_now = self._provider.associations if self._provider is not None else 0
        return {
            "ae_title": self._workplace.config.ae_title,
            "port": self.port,
            "tally": self.tally.snapshot(open_now),
        }

    def _on_store(self, event: Any) -> Dataset:
        """C-STORE: hand the spooled file to the reception and answer with its verdict."""
        path: Path | None = event.dataset_path
        if path is None:
            return answer(statuses.CANNOT_UNDERSTAND, "no data set")
        event.request._dataset_file.close()
        peer = self._peer_of(event)
        if peer is None or not peer.sends:
            self.tally.received(peer.name if peer else "", "not_authorised", path.stat().st_size)
            path.unlink(missing_ok=True)
            return answer(statuses.NOT_AUTHORISED, "this peer isn't configured to send")
        incoming = Incoming(
            path=path,
            AffectedSOPClassUID=str(event.request.AffectedSOPClassUID),
            AffectedSOPInstanceUID=str(event.request.AffectedSOPInstanceUID),
            peer=peer.name,
        )
        if event.context.abstract_syntax != incoming.AffectedSOPClassUID:
            self.tally.received(peer.name, "uid_mismatch", path.stat().st_size)
            path.unlink(missing_ok=True)
            return answer(
                statuses.DOES_NOT_MATCH_CLASS, "SOP class of command and presentation context differ"
            )
        verdict = self._reception.receive(incoming)
        return answer(verdict.status, verdict.comment)

    def _on_report(self, event: Any) -> tuple[Dataset, None]:
        """N-EVENT-REPORT of storage commitment: keep what the peer says; the courier draws the conclusion."""
        try:
            report = read_report(event.event_information)
        except UserFacingError as error:
            return answer(0x0115, error.message), None
        deliveries.record_commitment(
            self._workplace.db,
            report.transaction_uid,
            [reference.SOPInstanceUID for reference in report.committed],
            {reference.SOPInstanceUID: reason for reference, reason in report.failed.items()},
        )
        _LOG.info(
            "commitment report",
            calling=str(event.assoc.requestor.ae_title).strip(),
            transaction=mask(report.transaction_uid),
            committed=len(report.committed),
            failed=len(report.failed),
        )
        return answer(statuses.SUCCESS), None

    def _peer_of(self, event: Any) -> Peer | None:
        return self._workplace.site().peer_of(str(event.assoc.requestor.ae_title))


def accepted_contexts() -> list[PresentationContext]:
    """What the listener accepts when an association is negotiated; the conformance statement lists the same."""
    return [
        *service_contexts([sop_classes.VERIFICATION]),
        *service_contexts([sop_classes.STORAGE_COMMITMENT], both_roles=True),
        *storage_contexts(sop_classes.STORAGE_CLASSES),
    ]


def is_address_of(host: str, address: str) -> bool:
    """Whether an IP address is one of a host's; a name that can't be looked up has none."""
    try:
        known = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return _plain(address) in map(_plain, known)


def _plain(address: str) -> str:
    """An address without its zone, and as IPv4 where it is one in IPv6's clothes (RFC 4291 2.5.5.2)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def drop_partial_file(event: Any) -> None:
    """Remove the file of an object that was still arriving when its association ended (bind to EVT_CONN_CLOSE)."""
    message = event.assoc.dimse.message
    if message is not None and message._data_set_file is not None:
        message._data_set_file.close()
        Path(message._data_set_file.name).unlink(missing_ok=True)


def run_listener(home: Path, stop: threading.Event) -> None:
    """Listen until `stop` is set.

    Raises
    ------
    UserFacingError
        The home doesn't fit, or the port is taken.
    """
    warnings.filterwarnings("ignore", module="pydicom")  # its warnings quote values of the data set
    workplace = Workplace.open(home, durable=False)
    listener = Listener(workplace)
    listener.start()
    name = services.register(workplace.db, "listener", listener.detail())
    try:
        while not stop.wait(_HEARTBEAT_S):
            if services.beat(workplace.db, name, listener.detail()):
                note_rejections(workplace, listener.tally)
    finally:
        listener.stop()
        services.unregister(workplace.db, name)
        workplace.close()
        _LOG.info("stopped")


def note_rejections(workplace: Workplace, tally: Tally) -> None:
    """Write who was turned away since the last heartbeat to the audit trail, each place once with its number."""
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
            )


def _guarded(handler: Callable[[Any], Answer], failure: Answer) -> Callable[[Any], Answer]:
    """Answer with a failure, and log where it was, when a handler breaks; the library would be silent."""

    def guarded(event: Any) -> Answer:
        try:
            return handler(event)
        except UserFacingError as error:
            _LOG.error("request failed", request=handler.__name__, reason=error.message)
        except Exception as error:
            # A process boundary: the association must get its answer. The message may quote the data set, so only
            # the place is logged.
            where = [
                f"{Path(frame.filename).name}:{frame.lineno}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
            _LOG.error(
                "request failed", request=handler.__name__, error=type(error).__name__, where=where[-4:]
            )
        return failure

    return guarded
