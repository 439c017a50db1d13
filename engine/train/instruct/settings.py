"""Settings of the two stages of instruction tuning; the defaults are the published ones. Light: no torch here."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from engine.settings import Settings

TASKS = ("report", "generate", "answer", "instruct")


def _as_list(given: Any) -> Any:
    return [given] if isinstance(given, str | Path) else given


Paths = Annotated[list[Path], BeforeValidator(_as_list)]
Words = Annotated[list[str], BeforeValidator(_as_list)]


class InstructSettings(Settings):
    """What both stages share; a subclass sets the stage's published defaults."""

    # Data.
    prepared: Paths = Field(
        description="Prepared sets with codes: one folder, or [A, B] for several.", min_length=1
    )
    codes: str = Field(
        "", description="Which codes: the first digits of the tokenizer's sha256; empty: the only ones there."
    )
    instruct: Path | None = Field(
        None,
        description="Plain-language set as databricks-dolly-15k.jsonl; without it the project's own few pairs.",
    )
    text: Literal["findings_and_impression", "impression", "table"] = Field(
        "findings_and_impression",
        description="What a report is: sections of the record (and worded texts), or the rows of "
        "reports.parquet alone (table).",
    )
    directions: Literal["alternate", "both"] = Field(
        "alternate",
        description="alternate: films at even places of the sorted keys teach reports, odd ones teach films "
        "(as published); both: every film teaches both.",
    )
    mix: Literal["shares", "repository"] = Field(
        "shares",
        description="shares: tasks by their shares; repository: films and questions in one pool at 0.8, plain "
        "language at 0.2.",
    )
    shares: dict[str, float] = Field(
        description=f"Share of each task among the examples, of {', '.join(TASKS)}; a task left out has none."
    )
    sources: dict[str, float] = Field(
        {}, description="Share of each source among a task's films; films of other sources aren't drawn."
    )
    data_share: float = Field(1.0, gt=0, le=1, description="Share of the patients whose films are used.")
    vary_codes: bool = Field(True, description="Draw among a film's variants of codes; else the exact ones.")
    code_dropout: float = Field(0.0, ge=0, lt=1, description="Share of a prompt's codes made random.")
    report_dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the drawn films that are asked for without a report, for guidance.",
    )
    context_share: float = Field(
        0.0, ge=0, le=1, description="Share of the prompts with a film that tell view and age band."
    )

    # Loss.
    loss: Literal["response", "joint"] = Field(
        "response", description="response: loss on the response alone; joint: on the prompt too (ablation)."
    )
    normalise: Literal["tokens", "examples"] = Field(
        "tokens",
        description="tokens: weighted mean over the batch's tokens (as published); examples: one eighth of the "
        "sum over an example, so that long responses don't thin out short ones.",
    )
    text_weight: float = Field(1.0, ge=0, description="Loss weight of a text response's tokens.")
    first_token_weight: float = Field(
        1.0, ge=0, description="Factor on the first token of a text, where the decision is."
    )
    sentence_weight: float = Field(
        1.0,
        ge=0,
        description="Factor on the token after each sentence's end (the next sentence, or the text's end).",
    )
    emphasis_words: Words = Field([], description="Words of text responses with a weight of their own.")
    emphasis_weight: float = Field(1.0, ge=0, description="Factor on the tokens of the emphasised words.")
    answer_image_weight: float = Field(1.0, ge=0, description="Loss weight of the codes of a drawn film.")
    prompt_image_weight: float = Field(0.0, ge=0, description="Loss weight of the codes in a prompt.")

    # Start.
    base: Path | None = Field(
        None, description="Folder of a Hugging Face causal language model to start from."
    )
    new: bool = Field(False, description="Start from a new GPT-NeoX of the sizes below instead.")
    hidden: int = Field(256, ge=8, description="New network: width.")
    layers: int = Field(4, ge=1, description="New network: layers.")
    heads: int = Field(4, ge=1, description="New network: attention heads.")
    max_positions: int = Field(512, ge=320, description="New network: longest sequence in tokens.")
    dropout: float = Field(0.0, ge=0, lt=1, description="New network: dropout of the hidden states.")
    text_tokenizer: Path | None = Field(
        None, description="New network: tokenizer.json to use; without it one is trained on the texts."
    )
    text_tokens: int = Field(1500, ge=300, description="New network: size of the text tokenizer trained.")
    image_codes: int = Field(1024, ge=2, description="Codes of the image tokenizer.")
    image_tokenizer: Path | None = Field(
        None, description="Image tokenizer whose codebook the embeddings of the image tokens start from."
    )
    max_length: int = Field(
        2048, ge=300, description="Longest example in tokens, at most the network's positions; longer ones are "
        "dropped and counted.",
    )  # fmt: skip

    # Low-rank adaptation.
    lora_rank: int = Field(0, ge=0, description="Rank of the adapters; 0 trains every weight.")
    lora_alpha: float = Field(32.0, gt=0, description="Scale of the adapters, divided by their rank.")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the adapters.")

    # Optimisation.
    steps: int = Field(ge=1, description="Optimiser steps.")
    batch: int = Field(16, ge=1, description="Examples a step, over all processes and accumulated parts.")
    accumulate: int = Field(1, ge=1, description="Parts that a batch is worked off in.")
    learning_rate: float = Field(5e-6, gt=0, description="Learning rate of AdamW.")
    beta2: float = Field(0.999, gt=0, lt=1, description="Second momentum of AdamW.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of AdamW, not on norms and biases.")
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="Learning rate after the warm-up: constant, or a cosine down to 5 %."
    )
    warmup: int = Field(50, ge=0, description="Steps of linear warm-up.")
    clip: float = Field(1.0, gt=0, description="Largest norm of the gradient.")
    bf16: bool = Field(True, description="Compute in bfloat16 (autocast); weights stay in float32.")
    weights: Literal["float32", "bfloat16"] = Field("float32", description="Type of the weights in memory.")
    checkpoint_activations: bool = Field(True, description="Gradient checkpointing: less memory, more time.")
    seed: int = Field(42, ge=0, description="Seed of weights, draws and dropout.")
    device: Literal["auto", "cpu"] = Field("auto", description="auto: the GPU where there is one.")
    threads: int = Field(0, ge=0, description="CPU threads; 0 leaves torch's own choice.")
    workers: int = Field(0, ge=0, description="Processes that build examples.")
    fsdp: bool = Field(False, description="Shard the network over the processes of torchrun (FSDP).")
    fsdp_config: Path | None = Field(None, description="FSDP configuration file (JSON).")
    deepspeed: Path | None = Field(None, description="DeepSpeed configuration file (JSON).")

    # Run.
    out: Path = Field(description="Folder of the run: checkpoints, best, last, log.")
    resume: bool = Field(False, description="Go on from the newest whole checkpoint in the run's folder.")
    log_every: int = Field(50, ge=1, description="Steps between lines of the log.")
    validate_every: int = Field(1500, ge=1, description="Steps between validations.")
    validation_examples: int = Field(200, ge=1, description="Validation examples for each task.")
    validation_source: str = Field(
        "", description="Source whose films give the areas under the curve; empty: the first set's first."
    )
    validation_adults: bool = Field(
        False, description="Films of adults alone give the areas under the curve."
    )
    select_by: str = Field(
        "loss",
        description="What keeps `best`: loss, loss_TASK (lower is better), auroc_abnormal, auroc_findings or "
        "auroc, their mean (higher is better).",
    )
    save_every: int = Field(1500, ge=1, description="Steps between checkpoints.")
    keep: int = Field(2, ge=1, description="Checkpoints that are kept.")

    @field_validator("shares")
    @classmethod
    def _known_tasks(cls, shares: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(shares) - set(TASKS))
        if unknown:
            raise ValueError(f"there is no task {', '.join(unknown)}; the tasks are {', '.join(TASKS)}")
        return _positive_share(shares)

    @field_validator("sources")
    @classmethod
    def _some_source(cls, shares: dict[str, float]) -> dict[str, float]:
        return _positive_share(shares) if shares else shares

    @field_validator("select_by")
    @classmethod
    def _known_figure(cls, name: str) -> str:
        known = ("loss", *(f"loss_{task}" for task in TASKS), "auroc_abnormal", "auroc_findings", "auroc")
        if name not in known:
            raise ValueError(f"it must be one of {', '.join(known)}")
        return name

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.new == (self.base is not None):
            raise ValueError("give either `base`, a folder to start from, or `new`")
        if self.new and self.hidden % self.heads:
            raise ValueError(f"hidden ({self.hidden}) must be a multiple of heads ({self.heads})")
        if self.fsdp and self.deepspeed is not None:
            raise ValueError("give either `fsdp` or `deepspeed`")
        return self

    @property
    def higher_is_better(self) -> bool:
        """Tell whether the figure that keeps `best` is better when it is higher."""
        return self.select_by.startswith("auroc")


class Stage1Settings(InstructSettings):
    """Stage 1: all films with findings and impression, all questions, plain language (paper section 3.2)."""

    shares: dict[str, float] = Field(
        {"report": 0.30, "generate": 0.30, "answer": 0.20, "instruct": 0.20},
        description="Share of each task among the examples.",
    )
    steps: int = Field(76_000, ge=1, description="Optimiser steps.")


class Stage2Settings(InstructSettings):
    """Stage 2: frontal films of first studies with their impression, more questions (paper section 3.2).

    The paper prints 21/21/63/5, which sums to 110; 53 follows from its number of questions.
    """

    shares: dict[str, float] = Field(
        {"report": 0.21, "generate": 0.21, "answer": 0.53, "instruct": 0.05},
        description="Share of each task among the examples.",
    )
    text: Literal["findings_and_impression", "impression", "table"] = Field(
        "impression", description="What a report is, as in stage 1."
    )
    steps: int = Field(9_000, ge=1, description="Optimiser steps.")


def _positive_share(shares: dict[str, float]) -> dict[str, float]:
    if min(shares.values(), default=0.0) < 0 or not sum(shares.values()) > 0:
        raise ValueError("shares can't be negative, and one must be above 0")
    return shares
