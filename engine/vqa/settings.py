"""Settings of `llmcxr vqa synthesize`. Light: imports no model and no table library."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.data.findings import JUDGED
from engine.settings import Settings
from engine.vqa.wordings import Wordings

GeneratorName = Literal["hf", "server", "rules"]


class TextPairSettings(Settings):
    """How many questions on texts, and where they go."""

    out: Path = Field(description="File to write, in the layout of databricks-dolly-15k.jsonl.")
    count: int = Field(default=20_000, ge=1, description="Questions to make.")
    seed: int = Field(default=0, ge=0, description="Seed of everything that is drawn.")


class SynthesisSettings(Settings):
    """Where texts come from, what makes the pairs, and what becomes of them."""

    generator: GeneratorName = Field(
        description="hf: a model folder on this machine; server: an OpenAI-compatible server; rules: from labels."
    )
    set: Path | None = Field(
        default=None, description="Prepared set to make pairs for; they become its vqa.parquet."
    )
    reports: Path | None = Field(
        default=None, description="CSV or JSON Lines of `key` and `text` instead of a set's own reports."
    )
    out: Path | None = Field(default=None, description="Folder for the results; else the set's.")
    split: Literal["", "train", "val", "test"] = Field(
        default="", description="Only films of this split; else all."
    )
    text: Literal["sections", "report"] = Field(
        default="sections", description="Findings and impression of a report, or its whole text."
    )
    limit: int = Field(default=0, ge=0, description="At most so many reports or films; 0: all.")
    seed: int = Field(default=0, ge=0, description="Seed of all sampling.")
    replace: bool = Field(
        default=False,
        description="Drop the pairs that other generators made for the set; else they stay beside these.",
    )
    licence_note: str = Field(
        default="", description="Terms of the generating model's outputs, kept with every pair."
    )

    pairs: int = Field(default=5, ge=1, le=20, description="Pairs to ask for in each report.")
    min_answer_words: int = Field(default=4, ge=1, description="Shorter answers of a model are refused.")
    max_new_tokens: int = Field(
        default=1024, ge=16, description="Length limit of a model's answer to one report."
    )
    temperature: float = Field(
        default=0.7, ge=0, le=2, description="Of the model's sampling; 0: the likeliest words."
    )
    top_p: float = Field(default=0.95, gt=0, le=1, description="Share of probability that is sampled from.")

    model: str = Field(default="", description="hf: folder of the model. server: its name for the model.")
    batch_size: int = Field(default=8, ge=1, description="hf: reports at once.")
    device: str = Field(
        default="auto", description="hf: auto, cpu, cuda, cuda:1, … auto spreads over all GPUs."
    )
    dtype: Literal["bfloat16", "float16", "float32"] = Field(
        default="bfloat16", description="hf: number format."
    )

    url: str = Field(default="", description="server: base address, such as http://127.0.0.1:8000/v1.")
    api_key_env: str = Field(default="", description="server: environment variable that holds the API key.")
    timeout_s: float = Field(default=300, gt=0, description="server: longest wait for one answer in seconds.")
    retries: int = Field(default=5, ge=0, description="server: tries again after a failed request.")
    concurrency: int = Field(default=8, ge=1, le=256, description="server: requests at once.")
    allow_remote: bool = Field(
        default=False, description="server: allow an address outside of this machine and private networks."
    )

    judged: tuple[str, ...] = Field(
        default=JUDGED, description="rules: findings that answers may affirm or deny."
    )
    schemes: dict[str, str] = Field(
        default={"nih-cxr14": "nih", "kermany": "kermany"},
        description="rules: what a source's labels mean (nih, kermany, positives); others: positives.",
    )
    wordings: Wordings = Field(
        default="training", description="rules: training, or held-out (for evaluation only)."
    )
    per_subject: int = Field(
        default=1, ge=1, le=32, description="rules: wordings of each finding, of normal, open, view and kind."
    )
    subject_weights: dict[str, float] = Field(
        default={},
        description="rules: factors on the weight of questions on a subject, as {abnormal: 4, kind: 6}.",
    )
    outside_per_film: int = Field(
        default=1, ge=0, le=8, description="rules: questions on findings not judged."
    )
    beyond_per_film: int = Field(
        default=1,
        ge=0,
        le=8,
        description="rules: questions on side, size, severity, devices, change or treatment.",
    )
    max_weight: float = Field(default=10, ge=1, description="rules: highest weight of a pair in balancing.")


class ReadSettings(Settings):
    """Which question set is read for which films, and what becomes of it."""

    layout: Literal["physionet", "elixr", "study-files"] = Field(
        description="physionet, elixr: tables of questions; study-files: a text file for each study."
    )
    files: Path = Field(description="The table, or the folder of tables or study files.")
    set: Path = Field(description="Prepared set with the films that are asked about.")
    columns: dict[str, str] = Field(
        default={},
        description="Names of columns that aren't found by themselves, as {question: asks, film: picture}; keys: "
        "film, study, patient, question, answer, kind, group, split.",
    )
    out: Path | None = Field(default=None, description="CSV to write; else questions.csv in the set.")
    training: bool = Field(
        default=False,
        description="Add the pairs to the set's vqa.parquet instead: to train on, not to evaluate.",
    )
    licence_note: str = Field(default="", description="Terms of the questions, kept with every pair.")
