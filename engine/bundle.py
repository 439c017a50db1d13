"""A model bundle: the folder that holds everything a draft is made with, checked before anything is loaded.

The manifest is read strictly and every file is compared with its SHA-256, so that a draft can always be
traced to exact weights. Nothing here loads a network or knows a runtime.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import uuid
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from engine.errors import BundleError
from engine.evidence.file import evidence_of
from engine.lm.vocabulary import Vocabulary
from engine.preprocess import PreprocessingSpec

FORMAT = 1
MANIFEST = "manifest.json"
GRAPHS = ("encoder.onnx", "decoder.onnx", "lm.onnx")
TOKENIZER = "tokenizer.json"
GUARD = "guard.onnx"
# What makes texts come faster (engine.runtime.speculation); no part of the weights, and a bundle may lack it.
PHRASES = "phrases.npz"
WEIGHT_SUFFIXES = (".onnx", ".data")

# A fixed name space of this product: the same weights have the same Device UID on every site.
DEVICE_NAMESPACE = uuid.UUID("6f0e2b1c-4f37-5d0a-9d55-0c8f6c1b7a21")
_STRICT = ConfigDict(extra="forbid")
# The input check may state how its limits were set.
_OPEN = ConfigDict(extra="ignore")


@dataclass(frozen=True, config=_STRICT)
class VocabularyLayout:
    """Where the tokens stand in the id space; must equal what the tokenizer file gives."""

    text_size: int
    codes: int
    image_offset: int
    codes_per_image: int
    end: int
    instruction: int
    response: int
    less_than: int
    greater_than: int
    pad: int


@dataclass(frozen=True, config=_STRICT)
class LanguageModelShape:
    """Sizes of the language model's key and value caches, and how its graph was written."""

    layers: int
    heads: int
    head_dim: int
    max_positions: int
    opset: int
    dtype: Literal["float32", "float16"]


@dataclass(frozen=True, config=_STRICT)
class Sampling:
    """How one task samples: temperature 0 is greedy, `top_p` 1 keeps every token.

    `free` is the published code's way: no mask, and an image answer counts only with exactly 256 codes; then up
    to `tries` are drawn, each with the next seed. `decision_bias` is added to the logit of the first token of
    each of its texts, such as `" Pleural effusion"`: the thresholds of a draft's decisions, each of which is taken
    once, in their order. `child_bias` stands in for them where the prompt tells an age under 18 years. A `guidance`
    above 1 draws a film farther towards its report and away from a film without one (classifier-free guidance,
    arXiv 2207.12598); it takes a model that learned films without report too. `draft_weight` is for answers: the
    log-odds by which a yes or no leans towards what the model's draft of the same film says of what is asked. Of
    `candidates` drawn films the one is kept from which the model would likeliest read its report again (as in
    CogView's self-reranking, arXiv 2105.13290).
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 256
    seed: int = 0
    free: bool = False
    tries: int = 1
    decision_bias: dict[str, float] = field(default_factory=dict)
    child_bias: dict[str, float] = field(default_factory=dict)
    guidance: float = 1.0
    draft_weight: float = 0.0
    candidates: int = 1


@dataclass(frozen=True, config=_STRICT)
class TaskSampling:
    """The sampling of each task; without one of its own, `instruct` samples like `answer`."""

    report: Sampling
    answer: Sampling
    generate: Sampling
    instruct: Sampling | None = None


@dataclass(frozen=True, config=_STRICT)
class Findings:
    """What the model was trained and tested to judge, and what it never speaks about."""

    judged: tuple[str, ...]
    not_judged: tuple[str, ...]


@dataclass(frozen=True, config=_OPEN)
class InputLimits:
    """Limits of the input check; `reference` is the mean film as 32 rows of 32 values in [-1, 1]."""

    reconstruction_max: float
    correlation_min: float
    reference: tuple[tuple[float, ...], ...]
    # A film whose copy is better than any radiograph's, or that is smoother than any, has no structure; bundles
    # before these limits lack them.
    reconstruction_min: float = 0.0
    structure_min: float = 0.0


@dataclass(frozen=True, config=_STRICT)
class GuardEntry:
    """The small classifier beside the model, `guard.onnx`: film [B, channels, side, side] -> [B, labels] in [0, 1].

    `thresholds` were fixed on validation films; above its own one a label counts as present. `abnormal` is the
    label that says whether a film is abnormal, `version` the start of the weights' hash, `validation` what was
    measured on those films with this graph, and `training` what the classifier was trained on.
    """

    labels: tuple[str, ...]
    thresholds: dict[str, float]
    abnormal: str
    side: int
    version: str
    validation: dict[str, Any]
    training: dict[str, Any]


@dataclass(frozen=True, config=_STRICT)
class Instructions:
    """The instruction variants of the two directions, in the wording the model was trained with."""

    report: tuple[str, ...]
    generate: tuple[str, ...]


@dataclass(frozen=True, config=_STRICT)
class Manifest:
    """`manifest.json`, format 1."""

    format: Literal[1]
    name: str
    version: str
    created: str
    intended_use: str
    files: dict[str, str]
    weights_sha256: str
    preprocessing: dict[str, Any]
    vocabulary: VocabularyLayout
    language_model: LanguageModelShape
    sampling: TaskSampling
    findings: Findings
    input_check: InputLimits
    instructions: Instructions
    licence: str
    training: dict[str, Any]
    # Whether the prompts hold the film's view and age band above the image.
    context: bool = False
    # The judged findings that an evaluation showed to be recognised; the others may be named, but no surface
    # may say that the model recognises them.
    findings_supported: tuple[str, ...] = ()
    # Bundles made without a guard have none.
    guard: GuardEntry | None = None


class Identified:
    """What tells weights apart, from a manifest's name, version and hash."""

    manifest: Any

    @property
    def device_uid(self) -> str:
        """The Device UID of these weights: `2.25.` and a UUID derived from their hash (DICOM PS3.5 B.2)."""
        return f"2.25.{uuid.uuid5(DEVICE_NAMESPACE, self.manifest.weights_sha256).int}"

    @property
    def model_key(self) -> str:
        """Name, version and the first 12 digits of the weights' hash: what tells models apart in jobs."""
        return f"{self.manifest.name}-{self.manifest.version}-{self.manifest.weights_sha256[:12]}"


@plain_dataclass(frozen=True)
class Bundle(Identified):
    """A bundle whose files have all been checked; made by :meth:`load`."""

    folder: Path
    manifest: Manifest
    preprocessing: PreprocessingSpec

    @classmethod
    def load(cls, folder: str | Path) -> Bundle:
        """Read and verify the bundle in `folder`.

        Raises BundleError for a manifest that is missing or of another format, a file that is missing, not
        listed or changed, a tokenizer that isn't the manifest's, and evidence of other weights.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        _check_files(folder, manifest)
        bundle = cls(folder, manifest, PreprocessingSpec.from_manifest(manifest.preprocessing))
        _check_vocabulary(bundle)
        _check_guard(bundle)
        evidence_of(bundle)
        return bundle

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokenizer with the image codes behind it."""
        return Vocabulary.from_file(self.path(TOKENIZER), self.manifest.vocabulary.codes)

    def path(self, name: str) -> Path:
        """Give the path of one of the bundle's files."""
        return self.folder / name


def default_bundle_folder() -> Path:
    """Find the bundle that ships with the package; raise BundleError where the installation lacks it."""
    resource = importlib.resources.files("engine") / "bundles" / "demo"
    folder = Path(str(resource))
    if not (folder / MANIFEST).is_file():
        raise BundleError(
            f"This installation has no model bundle at {folder}. "
            "Install the package again, or name a bundle folder."
        )
    return folder


def sha256_of(path: Path) -> str:
    """Hash one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def weights_sha256(files: Mapping[str, str]) -> str:
    """Hash the sorted lines `name sha256` of the graphs, their data files and the tokenizer."""
    weights = sorted(name for name in files if name == TOKENIZER or name.endswith(WEIGHT_SUFFIXES))
    return hashlib.sha256("".join(f"{name} {files[name]}\n" for name in weights).encode()).hexdigest()


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"There is no model bundle at {folder}: {MANIFEST} can't be read ({error.strerror}). "
            "Name a folder that holds one."
        ) from error
    try:
        return TypeAdapter(Manifest).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        value = repr(first["input"])[:80]
        raise BundleError(
            f"The manifest {path} is refused: {where}: {first['msg']} (found {value}). "
            f"Use a bundle of format {FORMAT} made for this version."
        ) from error


def _check_files(folder: Path, manifest: Manifest) -> None:
    again = "Take the bundle from its source again."
    listed = set(manifest.files)
    for name in (*GRAPHS, TOKENIZER):
        if name not in listed:
            raise BundleError(f"The manifest of {folder} lists no {name}. {again}")
    for name in sorted(listed):
        # A name with a folder in it could point outside of the bundle.
        if Path(name).name != name:
            raise BundleError(
                f"The manifest of {folder} lists {name!r}, which isn't a plain file name. {again}"
            )
        path = folder / name
        if not path.is_file():
            raise BundleError(f"The bundle {folder} lacks its file {name}. {again}")
        found = sha256_of(path)
        if found != manifest.files[name]:
            raise BundleError(
                f"The file {name} of the bundle {folder} was changed: its SHA-256 is {found}, "
                f"the manifest says {manifest.files[name]}. {again}"
            )
    unlisted = sorted(entry.name for entry in folder.iterdir() if entry.name not in {MANIFEST, *listed})
    if unlisted:
        raise BundleError(
            f"The bundle {folder} holds {unlisted[0]!r}, which its manifest doesn't list. "
            f"Remove it or {again.lower()}"
        )
    weights = weights_sha256(manifest.files)
    if weights != manifest.weights_sha256:
        raise BundleError(
            f"The manifest of {folder} gives {manifest.weights_sha256} as hash of the weights, "
            f"the files give {weights}. {again}"
        )


def _check_vocabulary(bundle: Bundle) -> None:
    layout, vocabulary = bundle.manifest.vocabulary, bundle.vocabulary
    for name in ("text_size", "image_offset", "end", "instruction", "response", "less_than", "greater_than"):
        stated, found = getattr(layout, name), getattr(vocabulary, name)
        if stated != found:
            raise BundleError(
                f"The manifest of {bundle.folder} gives {name} = {stated}, its {TOKENIZER} gives {found}. "
                "Export the bundle again."
            )


def _check_guard(bundle: Bundle) -> None:
    entry = bundle.manifest.guard
    if (entry is not None) != (GUARD in bundle.manifest.files):
        has, lacks = ("an entry for a guard", GUARD) if entry is not None else (GUARD, "entry for it")
        raise BundleError(
            f"The manifest of {bundle.folder} has {has}, but no {lacks}. Export the bundle again."
        )
    if entry is None:
        return
    strangers = sorted({entry.abnormal, *entry.thresholds} - set(entry.labels))
    if strangers or entry.abnormal not in entry.thresholds or entry.side != bundle.preprocessing.side:
        found = f"the label {strangers[0]!r}" if strangers else f"{entry.abnormal!r} at side {entry.side}"
        raise BundleError(
            f"The manifest of {bundle.folder} has a guard with {found}: it needs a threshold for its label of "
            f"abnormal films among {', '.join(entry.labels)}, at side {bundle.preprocessing.side}. "
            "Export the bundle again."
        )
