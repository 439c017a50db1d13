"""What every step of the courier works with."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from dicom_node.association import LocalEntity
from dicom_node.steps.lanes import Lanes
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer, SiteConfig
from llmcxr_ws.store.database import Database
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_AFTER_ERROR_S: Final = 5.0

Item = TypeVar("Item")


@dataclass
class Desk:
    """The open workplace, who we are on the network, and when what is looked at again.

    `defects` counts, by request, how often something unforeseen broke; `looking` holds the requests for which a
    peer is being looked at beside the courier's work; `down` the destinations that couldn't be reached last; `told`
    what the courier says of itself with its heartbeat.
    """

    workplace: Workplace
    local: LocalEntity
    service_key: bytes
    installation: str
    defects: dict[int, int] = field(default_factory=dict)
    looking: set[int] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    lanes: Lanes = field(default_factory=Lanes)
    told: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _not_before: dict[tuple[str, object], float] = field(default_factory=dict)
    _aside: dict[tuple[str, object], threading.Thread] = field(default_factory=dict)

    @classmethod
    def set_up(cls, workplace: Workplace) -> Desk:
        """A desk for this workplace.

        Raises
        ------
        AccessError
            This account can't read the service's key.
        """
        return cls(
            workplace=workplace,
            local=LocalEntity.of(workplace.config, workplace.home),
            service_key=workplace.service_key(),
            installation=workplace.db.store_uuid(),
        )

    @property
    def db(self) -> Database:
        """The database."""
        return self.workplace.db

    @property
    def site(self) -> SiteConfig:
        """The site's configuration in force."""
        return self.workplace.site()

    def pause_s(self, attempts: int) -> float:
        """The pause before the next try, after so many: it doubles up to the longest, less up to a quarter.

        What failed together isn't all tried again at the same moment.
        """
        config = self.workplace.config
        doubled: float = config.retry_s * 2.0 ** min(max(attempts - 1, 0), 30)
        return min(doubled, config.retry_max_s) * random.uniform(0.75, 1.0)

    def each(
        self,
        what: str,
        items: Iterable[Item],
        key: Callable[[Item], object],
        do: Callable[[Desk, Item], bool],
        on_defect: Callable[[Desk, Item, str], None] | None = None,
    ) -> bool:
        """Do something with every item that is due; one that breaks is put off and the others go on.

        Parameters
        ----------
        on_defect : callable, optional
            Told when something unforeseen broke, with the place in our code; the message of such an error may quote
            patient data and goes nowhere.
        """
        worked = False
        for item in items:
            if not self.is_due(what, key(item)):
                continue
            try:
                worked = do(self, item) or worked
            except UserFacingError as error:
                _LOG.error("put off", what=what, key=str(key(item)), reason=error.sentence)
                self.put_off(what, key(item), _AFTER_ERROR_S)
            except Exception as error:
                # A process boundary: one broken study, request or peer may not stop the others.
                place = place_of(error)
                _LOG.error("put off", what=what, key=str(key(item)), error=type(error).__name__, where=place)
                self.put_off(what, key(item), _AFTER_ERROR_S)
                if on_defect is not None:
                    on_defect(self, item, place)
        return worked

    def beside(self, request_id: int, do: Callable[[], None], on_defect: Callable[[str], None]) -> None:
        """Do something slow for a request in a thread of its own; nobody waits for it at the end.

        Parameters
        ----------
        on_defect : callable
            As of :meth:`each`, called in that thread.
        """

        def work() -> None:
            try:
                do()
            except UserFacingError as error:
                _LOG.error("put off", what="request", key=str(request_id), reason=error.sentence)
            except Exception as error:
                # A thread's boundary: who asked must hear of it, and the message may quote what a peer said.
                place = place_of(error)
                _LOG.error(
                    "put off", what="request", key=str(request_id), error=type(error).__name__, where=place
                )
                on_defect(place)
            finally:
                self.looking.discard(request_id)

        self.looking.add(request_id)
        threading.Thread(target=work, name=f"request {request_id}", daemon=True).start()

    def aside(self, what: str, key: object, do: Callable[[], object]) -> bool:
        """Ask a peer something in a thread of its own, so that a slow one holds nobody up.

        One thread at a time for the same thing; True when it was begun. What breaks is logged and the thing put off.
        """
        name = (what, key)
        if name in self._aside or not self.is_due(what, key):
            return False

        def work() -> None:
            try:
                do()
            except UserFacingError as error:
                _LOG.warning("put off", what=what, key=str(key), reason=error.sentence)
                self.put_off(what, key, self.workplace.config.retry_s)
            except Exception as error:
                # A thread's boundary; the message may quote what a peer said.
                _LOG.error(
                    "put off", what=what, key=str(key), error=type(error).__name__, where=place_of(error)
                )
                self.put_off(what, key, self.workplace.config.retry_s)
            finally:
                self._aside.pop(name, None)

        thread = threading.Thread(target=work, name=f"{what} {key}", daemon=True)
        self._aside[name] = thread
        thread.start()
        return True

    def wait_for_asides(self, timeout_s: float) -> None:
        """Wait for the threads of :meth:`aside`, at the end, so that none finds the database closed."""
        deadline = time.monotonic() + timeout_s
        for thread in list(self._aside.values()):
            thread.join(max(deadline - time.monotonic(), 0.0))

    def is_due(self, what: str, key: object) -> bool:
        """Whether a thing that was put off may be looked at again."""
        return time.monotonic() >= self._not_before.get((what, key), 0.0)

    def put_off(self, what: str, key: object, pause_s: float) -> None:
        """Don't look at a thing again for so many seconds; forgotten when the process ends."""
        now = time.monotonic()
        with self._lock:
            self._not_before = {entry: until for entry, until in self._not_before.items() if until > now}
            self._not_before[(what, key)] = now + pause_s


def find_peer(site: SiteConfig, name: str) -> Peer | None:
    """The peer of that name, if it is still configured."""
    return next((peer for peer in site.peers if peer.name == name), None)


def place_of(error: BaseException) -> str:
    """Where an error came from, without its message, which may quote patient data."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def failed_over(place: str) -> str:
    """What who asked is told when something unforeseen broke over a request."""
    return f"The node failed over this request ({place}). Repeat it, and report this if it fails again."
