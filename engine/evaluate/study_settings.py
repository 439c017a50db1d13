"""Settings of the evaluations that need reference texts, and of the studies. Light to import."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from engine.settings import Settings

# The paper's 3,530 films are of validation and test together.
Split = Literal["train", "val", "test", "val+test"]
_MODEL = "Name of an imported model, `demo`, or a folder; a run's language model with `tokenizer`."
_SECTION = "Reference text: the impression, as in the paper, or findings and impression."


class OutSettings(Settings):
    """Where figures go and how often is drawn."""

    json_: Path | None = Field(None, description="JSON file of the figures.")
    out: Path | None = Field(
        None, description="Folder for figures, tables, pictures, and what was generated."
    )
    draws: int = Field(2000, ge=10, description="Bootstrap draws, by patient.")
    seed: int = Field(0, ge=0, description="Seed of the draws and of the first film's sampling.")


class ModelSettings(OutSettings):
    """The model, and the prepared set with the reference texts."""

    model: str = Field("demo", description=_MODEL)
    tokenizer: str = Field(
        "",
        description="Film tokenizer (name, folder or best.pt); then `model` is a run's best or last folder.",
    )
    models: Path | None = Field(
        None, description="Folder of the imported models; else LLMCXR_MODELS, else the home's."
    )
    greedy: bool = Field(False, description="With `tokenizer`: greedy instead of the published sampling.")
    prepared: Path | None = Field(None, description="Prepared set (`llmcxr data prepare`) with reports.")
    images: Path | None = Field(None, description="Folder of the set's films, where it was moved since.")
    split: Split = Field("test", description="Split that is measured.")
    limit: int = Field(0, ge=0, description="Only the first films; 0 is all.")
    threads: int = Field(1, ge=1, description="CPU threads.")


class TextSettings(ModelSettings):
    """Settings of `evaluate texts`: Tables 1, 2 and 5."""

    pairs: Path | None = Field(
        None, description="Ready pairs instead: CSV or .jsonl with key, patient, reference, generated."
    )
    section: Literal["impression", "findings_and_impression"] = Field("impression", description=_SECTION)
    uncertain: Literal["negative", "positive", "ignore"] = Field(
        "negative", description="What a doubtful label counts as in AUROC and F1 (open in the paper)."
    )
    nltk_data: Path | None = Field(
        None, description="NLTK's data folder with corpora/wordnet; without it METEOR isn't measured."
    )


class DrawnFilmSettings(ModelSettings):
    """Settings of `evaluate films`: Tables 4 and 6."""

    pairs: Path | None = Field(
        None, description="Ready pairs instead: CSV or .jsonl with key, patient, original, generated (files)."
    )
    section: Literal["impression", "findings_and_impression"] = Field("impression", description=_SECTION)
    classifier: Path | None = Field(
        None,
        description="Classifier file that labels both films: TorchXRayVision's as in the paper, or ours.",
    )
    inception: Path | None = Field(
        None, description="inception-2015-12-05.pt (TorchScript, NVIDIA); without it that FID isn't measured."
    )
    cxr_encoder: Path | None = Field(
        None, description="Classifier file whose features give the second FID; else `classifier`'s."
    )
    fid_draws: int = Field(200, ge=2, description="Bootstrap draws of the Fréchet distances.")


class QuestionSettings(ModelSettings):
    """Settings of `evaluate questions`: Table 3."""

    answers: Path | None = Field(
        None,
        description="Ready answers instead: CSV of key, patient, question, reference, answer[, kind, finding].",
    )
    grades: Path | None = Field(None, description="People's grades: CSV with key and grade (0, 0.5 or 1).")


class LanguageSettings(OutSettings):
    """Settings of `evaluate instruct`: language kept."""

    model: str = Field("demo", description=_MODEL)
    models: Path | None = Field(
        None, description="Folder of the imported models; else LLMCXR_MODELS, else the home's."
    )
    before: str = Field(
        "", description="The base before tuning: a Hugging Face folder, or a model as in `model`."
    )
    text: Path = Field(description="Text to be surprised by: .txt (blank lines between), .jsonl or .parquet.")
    documents: int = Field(0, ge=0, description="Only the first documents; 0 is all.")
    window: int = Field(512, ge=8, description="Tokens in a window; windows overlap by half.")
    pairs: Path | None = Field(None, description="Held-out instructions, dolly's .jsonl, for responses.")
    pair_limit: int = Field(50, ge=1, description="Responses to make.")
    threads: int = Field(1, ge=1, description="CPU threads.")


class ShiftSettings(OutSettings):
    """Settings of `evaluate shift`."""

    predictions: Path = Field(description="films.csv of `llmcxr evaluate report`.")
    manifest: Path = Field(description="The manifest that it was made from; may have manufacturer and model.")
    split: Literal["all", "train", "val", "test"] = Field("all", description="As the predictions were made.")
    source: str = Field("", description="As the predictions were made.")


class StudySettings(Settings):
    """Settings of `evaluate ablation` and `evaluate scaling`, most of them from a YAML file.

    `vqgan`, `stage1`, `stage2` hold the settings of `llmcxr train …`; `rows` lays changes over them by name.
    """

    out: Path = Field(description="Folder of the study: steps, rows, table. An interrupted study goes on.")
    prepared: list[Path] = Field(description="Prepared sets with reports: [DIR, …].", min_length=1)
    tokenizer: str = Field(
        "", description="Film tokenizer for every row, where none is trained (no `vqgan`)."
    )
    models: Path | None = Field(None, description="Folder of the imported models.")
    vqgan: dict[str, Any] | None = Field(None, description="Settings of `llmcxr train vqgan`.")
    start: dict[str, Any] = Field(
        {}, description="Where the first language stage starts: {base: DIR}, or {new: true, hidden: …}."
    )
    stage1: dict[str, Any] | None = Field(None, description="Settings of `llmcxr train stage1`.")
    stage2: dict[str, Any] | None = Field(None, description="Settings of `llmcxr train stage2`.")
    rows: dict[str, dict[str, Any]] = Field(
        {}, description="Rows: name -> changes by step, null drops a step. Empty: the paper's ablations."
    )
    refined_shares: tuple[float, ...] = Field(
        (), description="More rows: shares of the refined data in stage 2, [0.1, 0.5]."
    )
    bases: dict[str, dict[str, Any]] = Field(
        {},
        description="Scaling: name -> start of the language model ({base: DIR} or {new: true, hidden: …}).",
    )
    only: tuple[str, ...] = Field((), description="Only these rows: [full, no stage 1].")
    test: dict[str, Any] = Field(
        {}, description="How every row is measured: settings of `evaluate texts` and `evaluate films`."
    )
    variants: int = Field(1, ge=1, description="Variants of codes for each film.")
    threads: int = Field(1, ge=1, description="CPU threads.")
