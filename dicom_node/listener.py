"""The listener: the process that owns the DICOM port and says 0000H only for what is kept (`llmcxr node listener`).

Small on purpose: it receives and indexes, and takes storage commitment reports. No documents (and so no highdicom),
no outgoing associations, no decisions about studies; those are the courier's.
"""

from __future__ import annotations

import gc
import ssl
import threading
import time
import warnings
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.presentation import PresentationContext

from dicom_node import sop_classes, statuses
from dicom_node.admission import Decision, admit, request_of, restrict
from dicom_node.commitment import read_report
from dicom_node.connection import LoopLimits, Received, guarded
from dicom_node.loop import Loop
from dicom_node.notices import Notices
from dicom_node.pace import PeerLimits
from dicom_node.provider import answer, data_set_of, reject, service_contexts, storage_contexts
from dicom_node.reception import Reception, reconcile
from dicom_node.served import ServedAssociation
from dicom_node.store_command import StoreRequest, Verdict
from dicom_node.tally import Tally
from dicom_node.tls import server_context
from dicom_node.turned_away import note_rejections
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
_SITE_S: Final = 1.0
"""How old may be what an association knows of the site; a look at the database for each object costs too much."""


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
            largest_bytes=config.max_instance_mb * 1_000_000,
            tally=self.tally,
        )
        self._peer_limits = PeerLimits()
        self._loop: Loop | None = None
        self._by_tls: Loop | None = None
        self._notices = Notices(workplace.db, lambda event: self._peer_of(event.assoc))

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._loop.port if self._loop is not None else self._workplace.config.dicom_port

    @property
    def tls_port(self) -> int:
        """The port on which it listens by TLS; 0 where it doesn't."""
        return self._by_tls.port if self._by_tls is not None else 0

    def start(self, port: int | None = None) -> None:
        """Sweep the spool, restore missing index rows, then listen.

        Raises
        ------
        DicomError
            A port is taken.
        ConfigError
            A certificate or key for TLS can't be used.
        """
        swept = self._workplace.objects.sweep_spool()
        restored, unreadable = reconcile(self._workplace.db, self._workplace.objects)
        if swept or restored or unreadable:
            _LOG.warning("after the last run", swept=swept, rows_restored=restored, unreadable=unreadable)
        config = self._workplace.config
        tls = server_context(config, self._workplace.home) if config.tls_port else None
        plain = config.dicom_port if port is None else port
        if config.tls_port == config.dicom_port:
            self._loop = self._by_tls = self._serve(plain, tls)
        else:
            self._loop = self._serve(plain, None)
            if tls is not None:
                self._by_tls = self._serve(config.tls_port if port is None else 0, tls)
        _LOG.info(
            "listening",
            ae_title=config.ae_title,
            host=config.bind_host,
            port=self.port,
            tls_port=self.tls_port,
        )

    def _serve(self, port: int, tls: ssl.SSLContext | None) -> Loop:
        config = self._workplace.config
        failed: tuple[Dataset, Dataset | None] = answer(statuses.PROCESSING_FAILURE, "internal error"), None
        return Loop(
            config.ae_title,
            (config.bind_host, port),
            accepted_contexts(),
            [
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_ACCEPTED, self._on_accepted),
                (evt.EVT_REJECTED, self._on_rejected),
                (evt.EVT_CONN_CLOSE, self._on_closed),
                (evt.EVT_C_ECHO, lambda event: statuses.SUCCESS),
                (
                    evt.EVT_N_EVENT_REPORT,
                    guarded(self._on_report, failed),
                ),
                *((event, guarded(handler, failed)) for event, handler in self._notices.handlers()),
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
            tls,
            self._on_handshake_failed,
        )

    def stop(self, grace_s: float = _GRACE_S) -> None:
        """Stop accepting, give open associations a few seconds, abort the rest."""
        for loop in {self._loop, self._by_tls}:
            if loop is not None:
                loop.stop(grace_s)
        self._loop = self._by_tls = None
        self._reception.close()

    def _on_requested(self, event: Any) -> None:
        """Let in whom the site's configuration names, with what it may send."""
        request = request_of(event.assoc)
        try:
            decision = admit(self._workplace.site(), request, self._workplace.home)
        except UserFacingError as error:
            _LOG.error("the site's configuration can't be read", reason=error.message)
            decision = Decision(rejection=statuses.CONGESTED, why="no site's configuration")
        if decision.rejection is not None:
            _LOG.warning(
                f"association rejected: {decision.why}", calling=request.calling, host=request.address
            )
            self.tally.rejected(decision.name, request.calling, request.address, decision.why)
            reject(event, *decision.rejection)
        elif decision.peer is not None:
            self._let_in(event, decision.peer, decision.classes)

    def _let_in(self, event: Any, peer: Peer, classes: frozenset[str] | None) -> None:
        """Count it in, unless its peer has as many associations as it may."""
        if not self._peer_limits.enter(peer):
            request, why = request_of(event.assoc), "the peer has as many as it may"
            _LOG.warning(f"association rejected: {why}", calling=request.calling, host=request.address)
            self.tally.rejected(peer.name, request.calling, request.address, why)
            reject(event, *statuses.LIMIT_REACHED)
            return
        event.assoc.counted_as = peer.name
        event.assoc.pace = self._peer_limits.pace_of(peer)
        restrict(event.assoc, classes)

    def _on_closed(self, event: Any) -> None:
        """An association has ended, however."""
        if event.assoc.counted_as:
            self._peer_limits.leave(event.assoc.counted_as)

    def _on_accepted(self, event: Any) -> None:
        peer = self._peer_of(event.assoc)
        self.tally.association(peer.name if peer else "", "accepted")

    def _on_rejected(self, event: Any) -> None:
        """Rejections that aren't admission's: another called AE title, or too many associations."""
        requestor = event.assoc.requestor
        calling = str(requestor.primitive.calling_ae_title).strip()
        self.tally.rejected("", calling, requestor.address_info.address, "called AE title or limit")

    def _on_handshake_failed(self, address: str, why: str) -> None:
        """Somebody couldn't come in by TLS."""
        _LOG.warning("connection refused", host=address, reason=why)
        self.tally.rejected("", "", address, why)

    def detail(self) -> dict[str, Any]:
        """What the listener tells of itself: its title and port, and what it counted."""
        open_now = sum(loop.associations for loop in {self._loop, self._by_tls} if loop is not None)
        return {
            "ae_title": self._workplace.config.ae_title,
            "port": self.port,
            "tls_port": self.tls_port,
            "tally": self.tally.snapshot(open_now),
        }

    def begin(
        self, association: ServedAssociation, context: PresentationContext, request: StoreRequest
    ) -> Received | Verdict:
        """C-STORE: where the data set goes, or why it isn't taken."""
        peer = self._peer_of(association)
        if peer is None or not peer.sends:
            self.tally.received(peer.name if peer else "", "not_authorised", 0)
            return Verdict(statuses.NOT_AUTHORISED, "this peer isn't configured to send")
        if context.abstract_syntax != request.AffectedSOPClassUID:
            self.tally.received(peer.name, "uid_mismatch", 0)
            return Verdict(
                statuses.DOES_NOT_MATCH_CLASS, "SOP class of command and presentation context differ"
            )
        return self._reception.begin(request, str(context.transfer_syntax[0]), peer.name)

    def _on_report(self, event: Any) -> tuple[Dataset, None]:
        """N-EVENT-REPORT of storage commitment: keep what the peer says; the courier draws the conclusion."""
        try:
            report = read_report(data_set_of(event, "event_information"))
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
        """The association's peer as the site has it now, or had it less than a second ago."""
        now = time.monotonic()
        asked_at: float
        peer: Peer | None
        asked_at, peer = association.peer
        if now - asked_at > _SITE_S:
            peer = self._workplace.site().peer_of(str(association.requestor.ae_title))
            association.peer = now, peer
        return peer


def accepted_contexts() -> list[PresentationContext]:
    """What the listener accepts when an association is negotiated; the conformance statement lists the same."""
    return [
        *service_contexts([sop_classes.VERIFICATION, *sop_classes.NOTICES]),
        *service_contexts([sop_classes.STORAGE_COMMITMENT], both_roles=True),
        *storage_contexts(sop_classes.STORAGE_CLASSES),
    ]


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
    gc.collect()
    gc.freeze()  # what is there now stays: looking at it again and again costs a twentieth of the time
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
