"""Settings of the two long jobs on data: reading a collection into a prepared set, and encoding its films."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.settings import Settings

ReaderName = Literal["mimic", "openi", "manifest", "dicom"]
Handling = Literal["keep", "drop-sentences", "drop-report"]


class PrepareSettings(Settings):
    """Where a collection lies, how its reports are read, and which films stay."""

    reader: ReaderName = Field(description="Layout of the collection: mimic, openi, manifest or dicom.")
    source: str = Field(
        description="mimic: folder with `files` and the tables; openi: folder or archive of the XML reports, or "
        "`torchxrayvision`; manifest: the table; dicom: the folder."
    )
    out: Path = Field(description="Folder of the prepared set.")
    images: Path | None = Field(
        None, description="openi, manifest: folder of the films [default, manifest: the table's own]."
    )
    reports: Path | None = Field(
        None, description="mimic: folder that holds the reports' `files` [default: in the source]."
    )
    patients: Path | None = Field(
        None, description="mimic: MIMIC-IV's patients.csv(.gz), for age and sex; without it both are unknown."
    )
    views: Path | None = Field(
        None, description="openi: table of views (imageid or filename, View Position or projection)."
    )
    labeler: Literal["chexpert", "negbio", "none"] = Field(
        "chexpert", description="mimic: which table of labels."
    )
    texts_only: bool = Field(False, description="openi: one record for each report, without films.")
    salt: str = Field(
        "", description="dicom: secret of the site that goes into the hashes of its identifiers; keep it."
    )
    licence: str = Field("", description="manifest, dicom: terms of films that state none.")
    sections: Literal["robust", "published"] = Field(
        "robust",
        description="Rule that finds FINDINGS and IMPRESSION: robust, or published (as in the paper's code).",
    )
    blanks: Handling = Field(
        "drop-sentences", description="Blanked words (___): keep, drop-sentences or drop-report."
    )
    prior: Handling = Field(
        "drop-sentences", description="Mentions of earlier films: keep, drop-sentences or drop-report."
    )
    view: Literal["any", "frontal", "PA", "AP"] = Field("frontal", description="Views that stay.")
    first_study: bool = Field(False, description="Keep each patient's earliest study alone.")
    text: Literal["none", "any", "findings", "impression"] = Field(
        "none", description="Section that a film's report must have: none, any, findings or impression."
    )
    adults: bool = Field(False, description="Drop films of patients under 18 years and of unknown age.")
    known_age: bool = Field(False, description="Drop films of unknown age.")
    labelled: bool = Field(False, description="Drop films of which the source says no labels.")
    need_image: bool = Field(True, description="Drop films whose file isn't there.")
    split: Literal["source", "made"] = Field(
        "source", description="Keep the source's split where it has one, or make one by patient for all."
    )
    val_percent: float = Field(10.0, ge=0, lt=100, description="Made split: percent of patients in val.")
    test_percent: float = Field(10.0, ge=0, lt=100, description="Made split: percent of patients in test.")
    split_name: str = Field(
        "llmcxr-split-1", description="Made split: mixed into the hash; another name, another draw."
    )
    limit: int = Field(0, ge=0, description="Read only so many films (openi: reports); 0: all.")
    workers: int = Field(4, ge=1, le=256, description="Threads that read files.")
    replace: bool = Field(False, description="Replace a set that was prepared with other settings.")


class CodesSettings(Settings):
    """Which set is encoded by which tokenizer, and how often each film."""

    set: Path = Field(description="Folder of the prepared set.")
    tokenizer: str = Field(
        description="Film tokenizer: demo, a model's name or folder, or a checkpoint file."
    )
    models: Path | None = Field(
        None, description="Folder of the models [default: LLMCXR_MODELS, else the workstation's]."
    )
    variants: int = Field(
        1,
        ge=1,
        le=256,
        description="Codes of each film: one as inference sees it, the others slightly moved.",
    )
    seed: int = Field(0, ge=0, description="Seed of the moves.")
    rotate_degrees: float = Field(5.0, ge=0, le=45, description="Moves: largest turn.")
    shift: float = Field(0.04, ge=0, le=0.5, description="Moves: largest shift, as a share of the side.")
    scale: float = Field(0.07, ge=0, lt=0.5, description="Moves: largest change of size.")
    gamma: float = Field(0.15, ge=0, le=1, description="Moves: largest change of the logarithm of gamma.")
    contrast: float = Field(0.1, ge=0, lt=1, description="Moves: largest change of contrast.")
    batch: int = Field(16, ge=1, description="Films encoded at a time.")
    workers: int = Field(2, ge=1, le=256, description="Threads that read and move films.")
    threads: int = Field(0, ge=0, description="CPU threads of the tokenizer; 0: one for each core.")
    images: Path | None = Field(None, description="Folder of the films, where it was moved since.")
    reuse: Path | None = Field(
        None, description="Another set that is encoded already in the same way; films in both take its codes."
    )


class WordSettings(Settings):
    """Which set gets reports worded from its labels."""

    set: Path = Field(description="Folder of the prepared set.")
    variants: int = Field(6, ge=1, le=100, description="Wordings of each film.")
    seed: int = Field(0, ge=0, description="Seed of the wordings.")


class PhraseSettings(Settings):
    """Which training texts make which model's phrase store."""

    set: tuple[Path, ...] = Field(
        description="Folder of the prepared set, or several as [A, B]; training films alone are read."
    )
    model: str = Field(
        description="Name of an imported model, or a bundle's folder; its phrase store is replaced."
    )
    models: Path | None = Field(
        None, description="Folder of the models [default: LLMCXR_MODELS, else the workstation's]."
    )
    source: tuple[str, ...] = Field((), description="Films of these sources alone; else of all.")
