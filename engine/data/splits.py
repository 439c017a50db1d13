"""Which split a film belongs to, decided by its patient alone: the same on every machine and in every run.

The bucket is the first 8 bytes (big endian) of sha256("<name>:<source>:<patient>") modulo 10,000. The lowest
buckets are train, the next val, the highest test; a new patient never moves another one.
"""

import hashlib
from dataclasses import dataclass

from engine.data.records import Split
from engine.errors import DataError

BUCKETS = 10_000
DEFAULT_NAME = "llmcxr-split-1"


@dataclass(frozen=True)
class SplitRule:
    """Percent of the patients in val and in test; `name` is mixed into the hash: another name, another draw."""

    val_percent: float = 10.0
    test_percent: float = 10.0
    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to train on."""
        if self.val_percent < 0 or self.test_percent < 0 or self.val_percent + self.test_percent >= 100:
            raise DataError(
                f"{self.val_percent} percent val and {self.test_percent} percent test leave no films to train "
                "on. Give shares of 0 or more that sum to less than 100."
            )

    def split_of(self, source: str, patient: str) -> Split:
        """Give the split of a patient of a source."""
        place = bucket(self.name, source, patient)
        if place >= BUCKETS - round(self.test_percent * BUCKETS / 100):
            return "test"
        if place >= BUCKETS - round((self.test_percent + self.val_percent) * BUCKETS / 100):
            return "val"
        return "train"


def bucket(name: str, source: str, patient: str) -> int:
    """Give the number in 0..9999 that decides a patient's split."""
    digest = hashlib.sha256(f"{name}:{source}:{patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS
