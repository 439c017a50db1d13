"""Settings of `llmcxr model export`. Light to import."""

from pathlib import Path

from pydantic import Field

from engine.settings import Settings


class ExportSettings(Settings):
    """What goes into a bundle, and the films that its limits and thresholds are set on."""

    tokenizer: Path = Field(description="Tokenizer that `llmcxr train vqgan` wrote (best.pt).")
    language_model: Path = Field(description="Folder that `llmcxr train stage1` or `stage2` wrote (best).")
    manifest: Path = Field(description="CSV of the films with the splits that were trained and chosen on.")
    images: Path | None = Field(None, description="Folder of the films; else the manifest's own.")
    out: Path = Field(description="Folder of the bundle; one that is there is replaced.")
    name: str = Field("llmcxr-demo", min_length=1, description="The model's name.")
    version: str = Field(min_length=1, description="The model's version.")
    source: str = Field("nih-cxr14", description="Source whose adult validation films set the thresholds.")
    context: bool = Field(False, description="The prompts of the bundle tell view and age band.")
    calibrate: bool = Field(True, description="Set the drafts' decision thresholds on the validation films.")
    temperature: float = Field(1.0, gt=0, description="Temperature that films are drawn with.")
    guidance: float = Field(
        1.0, ge=1, description="How far a drawn film is led towards its report; 1 is not."
    )
    candidates: int = Field(
        1,
        ge=1,
        le=32,
        description="Films drawn at once, of which the one is kept that the model reads as its report; 1 draws one.",
    )
    draft_weight: float = Field(
        0.0,
        ge=0,
        description="Log-odds by which a yes or no leans towards the draft of the same film; 0 is not.",
    )
    guard: Path | None = Field(
        None, description="Classifier of `llmcxr train classifier` (best.pt) to put beside it as guard."
    )
    other_classifiers: tuple[Path, ...] = Field(
        (), description="Classifiers that the guard mustn't be (teacher, feature net, judge), [FILE, …]."
    )
    floors: Path | None = Field(None, description="Floors file of `llmcxr evaluate floors` to put beside it.")
    prepared: tuple[Path, ...] = Field(
        (),
        description="Prepared sets whose training texts make the phrase store that lets texts come faster, [A, B].",
    )
    results: Path | None = Field(
        None, description="Folder of evaluation results (JSON) that the model card is written from."
    )
    remark: str = Field("", description="What the card should say that the runs' settings don't.")
