"""Settings of the evaluations of films with labels. Light to import."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.settings import Settings

Split = Literal["all", "train", "val", "test"]


class FilmSettings(Settings):
    """What every evaluation of films is told: the model, the films, and where the figures go."""

    model: str = Field(
        "demo", description="Name of an imported model, `demo` for the shipped one, or a bundle's folder."
    )
    models: Path | None = Field(
        None, description="Folder of the imported models; else LLMCXR_MODELS, else the home's."
    )
    manifest: Path = Field(
        ..., description="CSV of the films: file, source, patient, view, age, sex, labels, split."
    )
    images: Path | None = Field(
        None, description="Folder that the manifest's files lie in; else the manifest's own."
    )
    split: Split = Field("all", description="Films of one split, or all.")
    source: str = Field("", description="Films of this source alone; else every source, never pooled.")
    json_: Path | None = Field(None, description="JSON file of the figures.")
    out: Path | None = Field(None, description="Folder for figures, tables and pictures.")
    threads: int = Field(1, ge=1, description="CPU threads.")
    draws: int = Field(2000, ge=10, description="Bootstrap draws, by patient.")


class FilmReportSettings(FilmSettings):
    """Settings of the evaluation of drafts and answers."""

    floors: Path | None = Field(
        None, description="Floors file; else the model's own, else fitted on the manifest's training split."
    )
    context: bool | None = Field(
        None, description="Give the model view and age band; else as the bundle was trained."
    )


class AnswerSettings(FilmReportSettings):
    """Settings of the evaluation of answers."""

    wordings: int = Field(2, ge=1, description="Held-out wordings of each question that every film is asked.")


class FloorSettings(Settings):
    """Settings of the fitting of the floors."""

    model: str = Field("demo", description="Model whose codes the probe is fitted on.")
    models: Path | None = Field(
        None, description="Folder of the imported models; else LLMCXR_MODELS, else the home's."
    )
    manifest: Path = Field(..., description="CSV of the films with a training and a validation split.")
    images: Path | None = Field(None, description="Folder of the films; else the manifest's own.")
    out: Path = Field(Path("floors.npz"), description="File to write; a bundle holds it by this name.")
    fewest: int = Field(
        10, ge=2, description="Normal, and abnormal, training films that a source must have for floors."
    )
    seed: int = Field(0, description="Seed of the wording of reports and of the films kept.")
    threads: int = Field(1, ge=1, description="CPU threads.")


class TokenizerSettings(FilmSettings):
    """Settings of the evaluation of the tokenizer."""

    judge: Path | None = Field(
        None, description="Classifier file that no loss of the tokenizer used; without it no AUROC drop."
    )
    floors: Path | None = Field(
        None, description="Floors file; else the model's own, else fitted on the manifest's training split."
    )
    pictures: int = Field(8, ge=0, description="Films on the sheet of reconstructions.")


class PrecisionSettings(FilmSettings):
    """Settings of the comparison of runtimes and precisions."""

    builds: Path | None = Field(
        None, description="Folder that the builds are made in, or found; else a temporary one."
    )
    context: bool | None = Field(
        None, description="Give the model view and age band; else as the bundle was trained."
    )


class GenerateSettings(FilmSettings):
    """Settings of the evaluation of generated films."""

    judge: Path | None = Field(None, description="Classifier file that tells abnormal films.")
    films: int = Field(200, ge=2, description="Films to generate, half asked normal, half asked abnormal.")
    seed: int = Field(0, description="Seed of the first film; every film has its own.")
    pictures: int = Field(12, ge=0, description="Generated films on the sheet.")


class ReferenceSettings(FilmSettings):
    """Settings of the comparison with a supervised reference."""

    reference: tuple[Path, ...] = Field(
        ...,
        description="The reference, one file a training seed: [a.pt, b.pt]; a folder stands for every best.pt "
        "below it, by their mean log-odds.",
    )
    cpu_seconds_per_step: float | None = Field(
        None,
        gt=0,
        description="CPU seconds of one step of a reference that was trained on a GPU, for its CPU hours.",
    )
    context: bool | None = Field(
        None, description="Give the model view and age band; else as the bundle was trained."
    )
