"""The listener: the process that owns the DICOM port and says 0000H only for what is kept (`llmcxr node listener`).

Small on purpose: it receives and indexes, and takes storage commitment reports. No documents (and so no highdicom),
no outgoing associations, no decisions about studies; those are the courier's.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import warnings
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.presentation import PresentationContext

from dicom_node import sop_classes, statuses
from dicom_node.commitment import read_report
from dicom_node.connection import LoopLimits, Received, guarded
from dicom_node.loop import Loop
from dicom_node.provider import answer, reject, service_contexts, storage_contexts
from dicom_node.reception import Reception, reconcile
from dicom_node.served import ServedAssociation
from dicom_node.store_command import StoreRequest, Verdict
from dicom_node.wire import Patience
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger, mask
from llmcxr_ws.site import Peer
from llmcxr_ws.store import deliveries, services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_HEARTBEAT_S: Final = 5.0
_GRACE_S: Final = 5.0
_NEGOTIATION_S: Final = 10.0


class Listener:
    """Serves one workplace; :meth:`start`, later :meth:`stop`."""

    def __init__(self, workplace: Workplace, tls: ssl.SSLContext | None = None) -> None:
        self._workplace = workplace
        self._tls = tls
        config = workplace.config
        self._reception = Reception(
            workplace.db,
            workplace.objects,
            min_free_bytes=config.min_free_mb * 1_000_000,
            largest_bytes=config.max_instance_mb * 1_000_000,
        )
        self._loop: Loop | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._loop.port if self._loop is not None else self._workplace.config.dicom_port

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
        config = self._workplace.config
        self._loop = Loop(
            config.ae_title,
            (config.bind_host, config.dicom_port if port is None else port),
            [
                *service_contexts([sop_classes.VERIFICATION]),
                *service_contexts([sop_classes.STORAGE_COMMITMENT], both_roles=True),
                *storage_contexts(sop_classes.STORAGE_CLASSES),
            ],
            [
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_C_ECHO, lambda event: statuses.SUCCESS),
                (
                    evt.EVT_N_EVENT_REPORT,
                    guarded(self._on_report, (answer(statuses.PROCESSING_FAILURE, "internal error"), None)),
                ),
            ],
            self,
            LoopLimits(
                max_associations=config.max_associations,
                negotiation_s=min(_NEGOTIATION_S, config.network_timeout_s),
                patience=Patience(
                    silence_s=config.network_timeout_s,
                    pdu_s=config.pdu_timeout_s,
                    least_rate=config.min_rate_kb_s * 1000,
                ),
            ),
            self._tls,
        )
        _LOG.info("listening", ae_title=config.ae_title, host=config.bind_host, port=self.port)

    def stop(self, grace_s: float = _GRACE_S) -> None:
        """Stop accepting, give open associations a few seconds, abort the rest."""
        if self._loop is not None:
            self._loop.stop(grace_s)
            self._loop = None

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
            reject(event, *statuses.CALLING_NOT_RECOGNISED)
        elif peer.from_host and not is_address_of(peer.host, address):
            _LOG.warning("association rejected: not from the peer's host", calling=calling, host=address)
            reject(event, *statuses.CALLING_NOT_RECOGNISED)

    def begin(
        self, association: ServedAssociation, context: PresentationContext, request: StoreRequest
    ) -> Received | Verdict:
        """C-STORE: where the data set goes, or why it isn't taken."""
        peer = self._peer_of(association)
        if peer is None or not peer.sends:
            return Verdict(statuses.NOT_AUTHORISED, "this peer isn't configured to send")
        if context.abstract_syntax != request.AffectedSOPClassUID:
            return Verdict(
                statuses.DOES_NOT_MATCH_CLASS, "SOP class of command and presentation context differ"
            )
        return self._reception.begin(request, str(context.transfer_syntax[0]), peer.name)

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

    def _peer_of(self, association: ServedAssociation) -> Peer | None:
        return self._workplace.site().peer_of(str(association.requestor.ae_title))


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
    name = services.register(
        workplace.db, "listener", {"ae_title": workplace.config.ae_title, "port": listener.port}
    )
    try:
        while not stop.wait(_HEARTBEAT_S):
            services.beat(workplace.db, name)
    finally:
        listener.stop()
        services.unregister(workplace.db, name)
        workplace.close()
        _LOG.info("stopped")
