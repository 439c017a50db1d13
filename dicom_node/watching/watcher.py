"""The watcher: the process that serves metrics and health, and writes and sends audit messages
(`llmcxr node watcher`).

The supervisor starts it when a setting asks for one of these.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from dicom_node.watching.audit import AuditMessages
from dicom_node.watching.endpoint import Endpoint
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.store import services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_BEAT_S: Final = 4.0


def run_watcher(home: Path, stop: threading.Event) -> None:
    """Watch until `stop` is set.

    Raises
    ------
    UserFacingError
        The home doesn't fit, or the port is taken.
    """
    workplace = Workplace.open(home)
    config = workplace.config
    audit = AuditMessages(workplace) if config.audit_messages != "off" else None
    looks = [audit.look] if audit is not None else []
    endpoint = Endpoint(workplace, config.metrics_port, looks) if config.metrics_port else None
    name = services.register(workplace.db, "watcher", {"port": endpoint.port} if endpoint else None)
    _LOG.info("watching", port=endpoint.port if endpoint else None)
    try:
        if audit is not None:
            audit.start()
        while not stop.wait(_BEAT_S):
            services.beat(workplace.db, name)
            _read_on(audit)
    finally:
        if audit is not None:
            audit.close()
        if endpoint is not None:
            endpoint.close()
        services.unregister(workplace.db, name)
        workplace.close()
        _LOG.info("stopped")


def _read_on(audit: AuditMessages | None) -> None:
    """Write new audit messages; where the disk or the database fails, the next round has them."""
    if audit is None:
        return
    try:
        audit.read_on()
    except UserFacingError as error:
        _LOG.error("audit messages can't be written", reason=error.message)
    except OSError as error:
        _LOG.error("audit messages can't be written", reason=error.strerror or type(error).__name__)
