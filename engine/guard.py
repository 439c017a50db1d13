"""The guard: a small classifier beside the model that looks at the film itself and says normal or abnormal.

Whether it goes along with a draft is evidence and a figure to watch, nothing more: it changes no text, holds none
back, and can't tell a film from a picture that is none (engine.input_check does that). Runs in ONNX Runtime
whatever the model runs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.bundle import GUARD, Bundle, GuardEntry
from engine.errors import BackendError
from engine.preprocess import Film
from engine.question import says_abnormal
from engine.runtime.onnx_backend import open_session

Agreement = Literal["agrees", "disagrees", "not judged"]
AGREEMENTS: tuple[Agreement, ...] = ("agrees", "disagrees", "not judged")


@dataclass(frozen=True)
class GuardReading:
    """What the guard says about one film, and whether a draft of it goes along on normal or abnormal.

    `probabilities` are by label and no calibrated chances; `abnormal` is the verdict by its threshold.
    """

    probabilities: dict[str, float]
    abnormal: bool
    agreement: Agreement
    version: str


class Guard:
    """An opened guard of a bundle."""

    def __init__(self, path: Path, entry: GuardEntry, threads: int) -> None:
        self.entry = entry
        self._session = open_session(path, threads)
        outputs = self._session.get_outputs()
        if [node.name for node in outputs] != ["probabilities"] or outputs[0].shape[1] != len(entry.labels):
            raise BackendError(
                f"{path.name} gives {outputs[0].name} of shape {outputs[0].shape}, the manifest names "
                f"{len(entry.labels)} labels. Export the bundle again."
            )

    def probabilities(self, film: Film) -> dict[str, float]:
        """Give each label's probability for a film [C, side, side] in [-1, 1]."""
        inputs = {"film": np.ascontiguousarray(film[None], dtype=np.float32)}
        values = self._session.run(["probabilities"], inputs)[0][0]
        return {label: float(value) for label, value in zip(self.entry.labels, values, strict=True)}

    def read(self, film: Film, text: str) -> GuardReading:
        """Look at a film [C, side, side] and compare with the draft of it; an empty text is not judged."""
        return self.judge(self.probabilities(film), text)

    def judge(self, found: Mapping[str, float], text: str) -> GuardReading:
        """Compare what was found on a film with the draft of it, as `read` does."""
        abnormal = found[self.entry.abnormal] > self.entry.thresholds[self.entry.abnormal]
        said = says_abnormal(text)
        agreement: Agreement = "not judged"
        if said is not None:
            agreement = "agrees" if said == abnormal else "disagrees"
        return GuardReading(dict(found), abnormal, agreement, self.entry.version)


def open_guard(bundle: Bundle, threads: int) -> Guard | None:
    """Open the bundle's guard, if it has one; raise BackendError where it can't be opened."""
    entry = bundle.manifest.guard
    return None if entry is None else Guard(bundle.path(GUARD), entry, threads)
