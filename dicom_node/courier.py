"""The courier: the process that settles studies, decides requests, makes documents and delivers them
(`llmcxr node courier`).

One loop of small steps over the database, one thing after the other; whatever it was doing when it died is taken up
at its next start. It opens associations and accepts none.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dicom_node.steps.completeness import settle_quiet_studies
from dicom_node.steps.confirmation import confirm_stored
from dicom_node.steps.desk import Desk, place_of
from dicom_node.steps.drafts import send_drafts, withdraw_drafts
from dicom_node.steps.outbox import send_due
from dicom_node.steps.outputs import make_outputs
from dicom_node.steps.requests import decide_requests
from dicom_node.steps.workitems import do_workitems
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.store import deliveries, services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_HEARTBEAT_S: Final = 4.0
_AFTER_ERROR_S: Final = 5.0

Step = Callable[[Desk], bool]

STEPS: Final[tuple[Step, ...]] = (
    decide_requests,
    do_workitems,
    settle_quiet_studies,
    withdraw_drafts,
    send_drafts,
    make_outputs,
    send_due,
    confirm_stored,
)
"""What one round does; a person waits for the first."""


def run_round(desk: Desk) -> bool:
    """Do every step once; True when any of them did something.

    A step that breaks is logged and left alone for a few seconds; the others go on.
    """
    worked = False
    for step in STEPS:
        if not desk.is_due("step", step.__name__):
            continue
        try:
            worked = step(desk) or worked
        except UserFacingError as error:
            _LOG.error("step failed", step=step.__name__, reason=error.sentence)
            desk.put_off("step", step.__name__, _AFTER_ERROR_S)
        except Exception as error:
            # A process boundary; the message may quote patient data, so only the place is logged.
            _LOG.error("step failed", step=step.__name__, error=type(error).__name__, where=place_of(error))
            desk.put_off("step", step.__name__, _AFTER_ERROR_S)
    return worked


def run_courier(home: Path, stop: threading.Event) -> None:
    """Work until `stop` is set.

    Raises
    ------
    UserFacingError
        The home doesn't fit, or this account can't read the service's key.
    """
    warnings.filterwarnings("ignore", module="pydicom")  # its warnings quote values of the data set
    workplace = Workplace.open(home)
    desk = Desk.set_up(workplace)
    interrupted = deliveries.requeue_interrupted(workplace.db)
    if interrupted:
        _LOG.warning("after the last run", deliveries_of_unknown_outcome=interrupted)
    with _registered(workplace):
        _LOG.info("at work", ae_title=desk.local.ae_title)
        while not stop.is_set():
            if not run_round(desk):
                stop.wait(workplace.config.poll_s)
    workplace.close()
    _LOG.info("stopped")


@contextmanager
def _registered(workplace: Workplace) -> Iterator[None]:
    """Say that the courier runs, also while a step waits for a slow peer."""
    name = services.register(workplace.db, "courier")
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_HEARTBEAT_S):
            services.beat(workplace.db, name)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        services.unregister(workplace.db, name)
