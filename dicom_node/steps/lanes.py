"""A thread for each destination that something is to be done with, so that one that is down delays no other.

One thing at a time is done with a destination. The courier's round waits a moment for those it has started, which is
enough where all is well; slow ones go on beside its next rounds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 0.25
"""How long a round waits for what it has started."""


class Lanes:
    """The destinations with which something is being done at this moment."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy: dict[str, threading.Thread] = {}
        self._worked = False
        self._closed = False

    def start(self, destination: str, do: Callable[[], bool]) -> bool:
        """Do something with a destination in a thread of its own, unless its last thing isn't done; True if begun.

        Parameters
        ----------
        do : callable
            Handles its own errors, and gives whether it did something.
        """

        def work() -> None:
            worked = False
            try:
                worked = do()
            finally:
                with self._changed:
                    self._worked = self._worked or worked
                    self._busy.pop(destination, None)
                    self._changed.notify_all()

        with self._changed:
            if self._closed or destination in self._busy:
                return False
            thread = threading.Thread(target=work, name=f"lane {destination}", daemon=True)
            self._busy[destination] = thread
            thread.start()
            return True

    def settle(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until nothing is being done, or so long; whether anything was done since the last call."""
        deadline = time.monotonic() + patience_s
        with self._changed:
            while self._busy and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            worked, self._worked = self._worked, False
            return worked

    def close(self, patience_s: float) -> bool:
        """Start nothing more and wait for what is being done; whether it came to its end in time."""
        with self._changed:
            self._closed = True
        self.settle(patience_s)
        return not self._busy
