"""What the model saw of a film: the picture it was given, made again from what the engine noted with its draft.

The engine's preprocessing is versioned and its own; a draft's evidence holds the numbers that came of it for
this one film. So the picture shown is the one that was drafted from, whatever engine is installed today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from llmcxr_ws.grey import Curve
from llmcxr_ws.imaging import Displayed

_RESAMPLE = {"lanczos": Image.Resampling.LANCZOS}
NAME = "What the model saw"


@dataclass(frozen=True)
class FilmSeen:
    """The entry `film_seen` of a draft's evidence; see `engine.preprocess.FilmSeen` for what each number means."""

    size: tuple[int, int]
    low: int
    high: int
    greys: tuple[int, ...]
    scaled: tuple[int, int]
    cut: tuple[int, int, int, int]
    resample: str

    @classmethod
    def from_evidence(cls, evidence: Mapping[str, Any]) -> FilmSeen | None:
        """Return what a draft's evidence says, or None where it says nothing that can be drawn."""
        entry = evidence.get("film_seen")
        if not isinstance(entry, Mapping):
            return None
        try:
            made = cls(
                size=tuple(entry["size"]),
                low=int(entry["low"]),
                high=int(entry["high"]),
                greys=tuple(int(grey) for grey in entry["greys"]),
                scaled=tuple(entry["scaled"]),
                cut=tuple(entry["cut"]),
                resample=str(entry["resample"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        sound = (
            (len(made.size), len(made.scaled), len(made.cut), len(made.greys)) == (2, 2, 4, 256)
            and made.low < made.high
            and made.resample in _RESAMPLE
            and min(made.greys) >= 0
            and max(made.greys) <= 255
        )
        return made if sound else None

    @property
    def region(self) -> tuple[float, float, float, float]:
        """The part of the film that the model saw (left, top, right, bottom), in pixels of the file as stored."""
        across, down = self.size[1] / self.scaled[0], self.size[0] / self.scaled[1]
        left, top, right, bottom = self.cut
        return left * across, top * down, right * across, bottom * down

    def grey(self, values: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the model's grey level of each stored value (as `llmcxr_ws.imaging.stored` gives them)."""
        shifted = np.clip(values.astype(np.float64) - self.low, 0, self.high - self.low)
        table = np.array(self.greys, dtype=np.uint8)
        return np.asarray(table[np.rint(shifted * (255.0 / (self.high - self.low))).astype(np.intp)])

    def picture(self, image: Displayed, stored: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the picture that the model was given, uint8 [side, side].

        Parameters
        ----------
        image : Displayed
        stored : uint8 or uint16 array
            What `llmcxr_ws.imaging.stored_table` gives for each of the image's levels.
        """
        picture = self.grey(stored)[image.levels]
        if image.padding_mask is not None:
            picture = np.where(image.padding_mask, np.uint8(0), picture)
        drawn = Image.fromarray(picture)
        if drawn.size != self.scaled:
            drawn = drawn.resize(self.scaled, _RESAMPLE[self.resample])
        return np.asarray(drawn.crop(self.cut))

    def curve(self, image: Displayed, stored: NDArray[np.uint8] | NDArray[np.uint16]) -> Curve:
        """Return the model's grey levels as a look of the whole film at its full resolution."""
        bright = self.grey(stored) / 255.0
        return Curve.over(image.units, 1.0 - bright if image.invert else bright, NAME)
