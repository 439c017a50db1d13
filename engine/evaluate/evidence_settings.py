"""Settings of the measurements that a model's evidence file is made from. Light to import."""

from pydantic import Field

from engine.evaluate.settings import FilmSettings, Split


class EvidenceSettings(FilmSettings):
    """Settings of the measurement of maps and confidence."""

    split: Split = Field("val", description="Films of one split, or all.")
    context: bool | None = Field(
        None, description="Give the model view and age band; else as the bundle was trained."
    )
    samples: int = Field(8, ge=1, description="Samples that the agreement on a sentence is counted in.")
    temperature: float = Field(1.0, gt=0, description="Temperature of the samples.")
    side: int = Field(4, ge=1, le=16, description="Side of the blocks that are put out, in tokens.")
    stride: int = Field(2, ge=1, le=16, description="Distance of the blocks, in tokens.")
    neutral_films: int = Field(300, ge=1, description="Normal training films that the neutral film is of.")
    others: int = Field(
        100, ge=0, description="Films of each other source, evenly chosen; it is in its figures alone."
    )
    seed: int = Field(0, description="Seed of folds, random orders and donor films.")
    add: bool = Field(False, description="Put the result beside the model as its evidence.json.")


class RoundTripSettings(FilmSettings):
    """Settings of the measurement of the round trip."""

    split: Split = Field("val", description="Films of one split, or all.")
    context: bool | None = Field(
        None, description="Give the model view and age band; else as the bundle was trained."
    )
    films: int = Field(
        200, ge=4, description="At most so many films, evenly chosen; each takes a drawn film."
    )
    seed: int = Field(0, description="Seed of the first drawn film.")
    add: bool = Field(False, description="Put the result into the model's evidence.json.")
