"""What the model saw of a film: the picture it was given, made again from what the engine noted with its draft.

The engine's preprocessing is versioned and its own; a draft's evidence holds the numbers that came of it for
this one film. So the picture shown is the one that was drafted from, whatever engine is installed today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
    """What was done to one film, as numbers: whoever has its stored values can make the same picture again.

    A value v of `size` [rows, columns] becomes `greys[round((v - low) * 255 / (high - low))]`, with v kept between
    `low` and `high`; padding becomes black. Then the picture is scaled to `scaled` (width, height) by `resample`
    and cut to `cut` (left, top, right, bottom). `version` is the preprocessing's. The engine writes it as the entry
    `film_seen` of a draft's evidence, the window reads it there.
    """

    version: str
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
                version=str(entry.get("version", "")),
                size=_whole(entry["size"]),
                low=int(entry["low"]),
                high=int(entry["high"]),
                greys=_whole(entry["greys"]),
                scaled=_whole(entry["scaled"]),
                cut=_whole(entry["cut"]),
                resample=str(entry["resample"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        return made if made._is_sound else None

    @property
    def _is_sound(self) -> bool:
        """Whether a picture can be made by these numbers."""
        lengths = tuple(len(part) for part in (self.size, self.scaled, self.cut, self.greys))
        if lengths != (2, 2, 4, 256) or self.resample not in _RESAMPLE or self.low >= self.high:
            return False
        left, top, right, bottom = self.cut
        return (
            min(*self.size, *self.scaled) > 0
            and 0 <= left < right <= self.scaled[0]
            and 0 <= top < bottom <= self.scaled[1]
            and min(self.greys) >= 0
            and max(self.greys) <= 255
        )

    def to_evidence(self) -> dict[str, Any]:
        """Give the entry that is kept with a draft."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @property
    def shares(self) -> dict[str, float]:
        """The part of the film that the model saw, as shares of its width and height."""
        (wide, high), (left, top, right, bottom) = self.scaled, self.cut
        return {"left": left / wide, "top": top / high, "right": right / wide, "bottom": bottom / high}

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


def _whole(numbers: Any) -> tuple[Any, ...]:
    """Return a list of whole numbers; raise ValueError or TypeError for anything else."""
    return tuple(int(number) for number in numbers)
