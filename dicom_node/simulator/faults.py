"""Faults that the simulator makes on purpose, as the receiver of our results and as the sender of films.

Whether an object is struck follows from the seed, the fault, the object's UID and how often it came: the same
rehearsal has the same course whatever order the network gives it.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from llmcxr_ws.errors import ConfigError


@dataclass(frozen=True)
class FaultKind:
    """What a fault does in each direction; empty where it has no meaning there."""

    receiving: str
    sending: str


FAULTS: Final[dict[str, FaultKind]] = {
    "drop": FaultKind(
        "answers success and keeps nothing", "leaves the object out, as a modality that gave up does"
    ),
    "duplicate": FaultKind("reports storage commitment twice", "sends the object twice"),
    "altered": FaultKind("", "sends the object again with other pixels under the same SOP Instance UID"),
    "delay": FaultKind("waits before it answers C-STORE and C-FIND", "waits before it sends the object"),
    "truncate": FaultKind(
        "keeps half of the object, answers success, and doesn't commit to it",
        "sends the object without the end of its pixels",
    ),
    "charset": FaultKind(
        "answers queries in UTF-8 and calls it ISO_IR 100", "sends names in UTF-8 and calls them ISO_IR 100"
    ),
    "patient": FaultKind(
        "answers queries with another patient's ID and name",
        "sends the object under another patient's ID and name",
    ),
    "refuse": FaultKind("refuses the object: A700H, out of resources", ""),
    "die": FaultKind(
        "breaks the association off when the object is there, before it answers",
        "breaks the connection off in the middle of the object",
    ),
}
"""Every fault by its name on the command line."""


class Faults:
    """Which faults strike, and how often; :meth:`strikes` decides for one object.

    Parameters
    ----------
    rates : mapping of name to probability
        From 0 to 1 each.
    seed : int
        Another seed strikes other objects.
    times : int
        How often one object is struck by one fault at most; 0: always. With 2, a third try succeeds.
    delay_s : float
        Length of a delay, seconds.
    """

    def __init__(
        self,
        rates: Mapping[str, float] | None = None,
        *,
        seed: int = 0,
        times: int = 0,
        delay_s: float = 5.0,
    ) -> None:
        self.rates = dict(rates or {})
        self.seed = seed
        self.times = times
        self.delay_s = delay_s
        self._lock = threading.Lock()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._struck: Counter[tuple[str, str]] = Counter()

    def strikes(self, name: str, key: str) -> bool:
        """Whether this fault strikes this object (by its UID) now; each call counts as one more time."""
        rate = self.rates.get(name, 0.0)
        if not rate:
            return False
        with self._lock:
            self._seen[name, key] += 1
            if self.times and self._struck[name, key] >= self.times:
                return False
            draw = random.Random(f"{self.seed}/{name}/{key}/{self._seen[name, key]}").random()
            if draw >= rate:
                return False
            self._struck[name, key] += 1
            return True

    @property
    def struck(self) -> dict[str, int]:
        """How often each fault has struck."""
        with self._lock:
            counts: Counter[str] = Counter()
            for (name, _), count in self._struck.items():
                counts[name] += count
            return dict(counts)


def parse_faults(values: Iterable[str], *, sending: bool) -> dict[str, float]:
    """Read ``NAME`` or ``NAME=RATE``.

    Raises
    ------
    ConfigError
        The fault is unknown, has no meaning in this direction, or its rate isn't between 0 and 1.
    """
    rates: dict[str, float] = {}
    for value in values:
        name, _, rate = value.partition("=")
        kind = FAULTS.get(name)
        if kind is None:
            raise ConfigError(f"The fault '{name}' is unknown.", what_to_do=f"One of: {', '.join(FAULTS)}.")
        if not (kind.sending if sending else kind.receiving):
            raise ConfigError(
                f"The fault '{name}' has no meaning for a {'sender' if sending else 'receiver'}.",
                what_to_do="`llmcxr simulator faults` lists what each does.",
            )
        try:
            number = float(rate) if rate else 1.0
        except ValueError:
            number = -1.0
        if not 0 < number <= 1:
            raise ConfigError(
                f"The rate '{rate}' of fault '{name}' was refused.", what_to_do="A number above 0, at most 1."
            )
        rates[name] = number
    return rates


def with_another_patient(ds: Dataset) -> None:
    """Make a data set another patient's; only what is there is changed, so that a query's answer stays one."""
    if "PatientID" in ds:
        ds.PatientID = f"X-{ds.PatientID}"[:64]
    if "PatientName" in ds:
        ds.PatientName = "Rehearsal^Another"


def with_wrong_charset(ds: Dataset) -> None:
    """Give texts as a sender does that writes UTF-8 and declares ISO_IR 100; ASCII alone doesn't change."""
    for keyword in ("PatientName", "StudyDescription", "ReferringPhysicianName", "InstitutionName"):
        if ds.get(keyword):
            setattr(ds, keyword, str(ds[keyword].value).encode("utf-8").decode("latin-1"))
    ds.SpecificCharacterSet = "ISO_IR 100"
