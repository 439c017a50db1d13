"""The watcher: the process that serves metrics and health, and writes and sends audit messages
(`llmcxr node watcher`).

The supervisor starts it when a setting asks for one of these.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from dicom_node.watching.endpoint import Endpoint
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
    endpoint = Endpoint(workplace, workplace.config.metrics_port) if workplace.config.metrics_port else None
    name = services.register(workplace.db, "watcher", {"port": endpoint.port} if endpoint else None)
    _LOG.info("watching", port=endpoint.port if endpoint else None)
    try:
        while not stop.wait(_BEAT_S):
            services.beat(workplace.db, name)
    finally:
        if endpoint is not None:
            endpoint.close()
        services.unregister(workplace.db, name)
        workplace.close()
        _LOG.info("stopped")
