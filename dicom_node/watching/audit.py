"""Audit messages from the trail to the file and to the syslog server: a reader and a sender, each at its own pace."""

from __future__ import annotations

import threading
from typing import Final

from dicom_node.watching import syslog
from dicom_node.watching.audit_events import EVENTS, Reporter, process_id
from dicom_node.watching.audit_message import as_xml
from dicom_node.watching.audit_spool import AuditSpool
from dicom_node.watching.health import Look
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.store import services, watching
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_BATCH: Final = 500
_TIMEOUT_S: Final = 15.0
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 300.0


class AuditMessages:
    """The audit messages of one home; :meth:`read_on` regularly, :meth:`send_all` or :meth:`start` for the server.

    Raises
    ------
    UserFacingError
        On construction, when the folder or a certificate can't be used.
    """

    def __init__(self, workplace: Workplace) -> None:
        config = workplace.config
        self._workplace = workplace
        self.spool = AuditSpool(workplace.home)
        self._server = syslog.address_of(config.audit_syslog) if config.audit_syslog else None
        self._tls = (
            syslog.context(
                *(
                    str(workplace.home / path) if path else ""
                    for path in (
                        config.audit_syslog_ca,
                        config.audit_syslog_certificate,
                        config.audit_syslog_key,
                    )
                )
            )
            if self._server
            else None
        )
        self._lock = threading.Lock()  # of the spool: reader and sender keep one position
        self._failure = ""
        self._ended = threading.Event()
        self._sender: threading.Thread | None = None
        if self.spool.position.event < 0:  # begins now, not with what was before it was asked for
            self.spool.position.event = watching.last_event(workplace.db)
            self.spool.save()

    def read_on(self) -> int:
        """Write the messages of what happened since the last call; give their number."""
        written = self._processes()
        while events := watching.events_after(self._workplace.db, self.spool.position.event, _BATCH):
            with self._lock:
                messages = self._reporter().of_trail(event for event in events if event.event in EVENTS)
                written += self.spool.append(map(as_xml, messages))
                self.spool.position.event = events[-1].id
                self.spool.save()
        return written

    def send_all(self) -> None:
        """Send what waits.

        Raises
        ------
        DicomError
            The server didn't take it; it waits on.
        """
        if self._server is None or self._tls is None:
            return
        while True:
            with self._lock:
                batch = self.spool.waiting()
            if batch is None:
                return
            frames = [syslog.frame(message, process=process_id()) for message in batch.messages]
            syslog.send(self._server, self._tls, frames, timeout_s=_TIMEOUT_S)
            with self._lock:
                self.spool.taken(batch)

    def start(self) -> None:
        """Send in the background until :meth:`close`."""
        if self._server is not None:
            self._sender = threading.Thread(target=self._keep_sending, name="audit", daemon=True)
            self._sender.start()

    def close(self) -> None:
        """Stop sending; what waits is sent after the next start."""
        self._ended.set()
        if self._sender is not None:
            self._sender.join()

    def look(self) -> Look:
        """For the health page: whether messages reach their server."""
        with self._lock:
            waiting = self.spool.backlog_bytes() if self._server is not None else 0
        if self._failure:
            return Look("audit", False, False, f"{waiting} bytes of audit messages wait. {self._failure}")
        return Look("audit", True, False, "Audit messages are written.")

    def _keep_sending(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._ended.wait(pause):
            try:
                self.send_all()
            except UserFacingError as error:
                if not self._failure:
                    _LOG.warning("audit messages wait", reason=error.message)
                self._failure = error.sentence
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                if self._failure:
                    _LOG.info("audit messages are taken again")
                self._failure, pause = "", _FIRST_PAUSE_S

    def _processes(self) -> int:
        """Messages of processes that came, went or fell silent since the last look."""
        now = {
            row.name: row.kind
            for row in services.running(self._workplace.db)
            if row.seconds_since_seen < services.ALIVE_S
        }
        known = self.spool.position.services
        if now == known:
            return 0
        reporter = self._reporter()
        messages = [
            message
            for names, started in ((known.keys() - now.keys(), False), (now.keys() - known.keys(), True))
            for name in sorted(names)
            for message in reporter.of_process((known | now)[name], started=started)
        ]
        with self._lock:
            written = self.spool.append(map(as_xml, messages))
            self.spool.position.services = now
            self.spool.save()
        return written

    def _reporter(self) -> Reporter:
        config = self._workplace.config
        return Reporter(
            self._workplace.db,
            self._workplace.site(),
            config.ae_title,
            masked=config.audit_messages == "masked",
        )
