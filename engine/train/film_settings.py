"""Settings that every training on pixels shares: which films, how they are drawn and moved, what runs it.

Free of torch, so that the command line can read them.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.settings import Settings

ABNORMAL = "Abnormal"


class Head(BaseModel):
    """One yes/no question to the labels: is `label` among those of a film of `source`?

    `Abnormal` is any label but No Finding, Normal and Support Devices. `within` keeps to films that have another
    label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(default="*", description="Source whose films it asks; * is every source with labels.")
    label: str = Field(description="A label of the source, or Abnormal.")
    within: str = Field(default="", description="Only films that have this label (or are Abnormal).")
    weight: float = Field(default=1.0, gt=0, description="Weight in the loss.")

    @property
    def name(self) -> str:
        """Its name in figures and files, `source/label`, or the label where the source is any."""
        return self.label if self.source == "*" else f"{self.source}/{self.label}"


class FilmSettings(Settings):
    """Where films come from, how they are drawn and moved, and what computes."""

    out: Path = Field(description="Folder of the run: last.pt, best.pt, metrics. An existing run goes on.")
    resume: bool = Field(True, description="Go on from OUT/last.pt; off refuses a folder that has one.")
    manifest: Path | None = Field(None, description="CSV manifest of films (or name prepared sets).")
    images: Path | None = Field(None, description="Folder that the manifest's files lie in; else its own.")
    sets: tuple[Path, ...] = Field((), description="Prepared sets, [DIR, …]; they come beside the manifest.")
    cache: Path | None = Field(None, description="Folder of the prepared pixels; else OUT/canvas.")
    skip_unreadable: bool = Field(
        False, description="Leave films out that can't be read, and say how many; else the first one ends it."
    )
    sources: dict[str, float] = Field(
        {}, description="Share of each source among the films drawn, {a: 0.6, b: 0.4}; else all films alike."
    )
    balance: str = Field(
        "",
        description="Label (or Abnormal) that half of the films of each source and view shall have; "
        "'' leaves them as they come.",
    )
    balance_in: tuple[str, ...] = Field((), description="Sources that are balanced so; () is all.")
    preprocessing: Literal["published", "equalized"] = Field(
        "published",
        description="published: files as they are (MIMIC-CXR-JPG). equalized: min-max and histogram first.",
    )
    adults_of: tuple[str, ...] = Field((), description="Sources of which only adults are validated.")
    validation_films: int = Field(0, ge=0, description="Most films validated of each source; 0 is all.")
    rotate_degrees: float = Field(0.0, ge=0, le=45, description="Films are turned by up to this angle.")
    shift: float = Field(0.0, ge=0, le=0.12, description="Films are shifted by up to this part of the side.")
    scale: float = Field(0.0, ge=0, le=0.5, description="Films are scaled by up to this part.")
    gamma: float = Field(0.0, ge=0, le=1, description="Largest logarithm of the gamma.")
    contrast: float = Field(0.0, ge=0, le=1, description="Largest change of contrast.")
    blur: float = Field(0.0, ge=0, le=8, description="Largest sigma of a Gaussian blur, in pixels.")
    untouched: float = Field(0.15, ge=0, le=1, description="Part of the films that are left as they are.")
    seed: int = Field(1, ge=0, description="Seed of everything that is drawn.")
    threads: int = Field(1, ge=1, description="CPU threads of the arithmetic.")
    workers: int = Field(0, ge=0, description="Processes that draw films beside the training.")
    device: Literal["auto", "cpu"] = Field("auto", description="auto: the accelerator, if there is one.")
    precision: Literal["fp32", "bf16"] = Field("fp32", description="bf16: autocast of the trained networks.")
    save_every: int = Field(500, ge=1, description="Steps between checkpoints.")
    tensorboard: bool = Field(True, description="Write metrics for TensorBoard to OUT/tensorboard.")

    @property
    def moved(self) -> bool:
        """Tell whether films are moved or changed at all."""
        moves = (self.rotate_degrees, self.shift, self.scale, self.gamma, self.contrast, self.blur)
        return self.untouched < 1 and any(moves)

    @model_validator(mode="after")
    def _has_films(self) -> Self:
        if self.manifest is None and not self.sets:
            raise ValueError("give a manifest or prepared sets")
        return self
