"""The courier: the process that settles studies, decides requests, makes documents and delivers them
(`llmcxr node courier`).

Two loops of small steps over the database, each one thing after the other: what is decided and made, and beside it
what is delivered, each destination in a thread while it is sent or asked. Whatever it was doing when it died
is taken up at its next start. It opens associations and accepts none.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dicom_node.steps.completeness import settle_studies
from dicom_node.steps.confirmation import confirm_stored
from dicom_node.steps.desk import Desk, place_of
from dicom_node.steps.drafts import send_drafts, withdraw_drafts
from dicom_node.steps.forwarding import forward_received
from dicom_node.steps.orders import ask_orders
from dicom_node.steps.outbox import send_due
from dicom_node.steps.outputs import make_outputs
from dicom_node.steps.priors import fetch_priors
from dicom_node.steps.purging import purge_due, tidy
from dicom_node.steps.requests import decide_requests
from dicom_node.steps.workitems import do_workitems
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.store import deliveries, services
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_HEARTBEAT_S: Final = 4.0
_AFTER_ERROR_S: Final = 5.0
_GRACE_S: Final = 5.0

Step = Callable[[Desk], bool]

DECIDING: Final[tuple[Step, ...]] = (
    decide_requests,
    do_workitems,
    ask_orders,
    fetch_priors,
    settle_studies,
    forward_received,
    withdraw_drafts,
    send_drafts,
    make_outputs,
    purge_due,
)
"""What one round of decisions does; a person waits for the first."""
DELIVERING: Final[tuple[Step, ...]] = (confirm_stored, send_due)
"""What one round of the outbox does; beside the decisions, which may have to wait for a PACS's answer."""


STEPS: Final = DECIDING + DELIVERING


def run_round(desk: Desk, steps: Sequence[Step] | None = None) -> bool:
    """Do every step once, or each of these; True when any of them did something.

    A step that breaks is logged and left alone for a few seconds; the others go on.
    """
    worked = False
    for step in STEPS if steps is None else steps:
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
    tidy(workplace)
    with _registered(desk):
        _LOG.info("at work", ae_title=desk.local.ae_title)
        outbox = threading.Thread(target=_run, args=(desk, DELIVERING, stop), name="outbox", daemon=True)
        outbox.start()
        _run(desk, DECIDING, stop)
        outbox.join()
        if not desk.lanes.close(_GRACE_S):
            _LOG.warning("stopped while something was being sent; its outcome is asked for at the next start")
        desk.wait_for_asides(_GRACE_S)
    workplace.close()
    _LOG.info("stopped")


def _run(desk: Desk, steps: Sequence[Step], stop: threading.Event) -> None:
    while not stop.is_set():
        if not run_round(desk, steps):
            stop.wait(desk.workplace.config.poll_s)


@contextmanager
def _registered(desk: Desk) -> Iterator[None]:
    """Say that the courier runs, also while a step waits for a slow peer."""
    name = services.register(desk.db, "courier")
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_HEARTBEAT_S):
            services.beat(desk.db, name, dict(desk.told) or None)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        services.unregister(desk.db, name)
