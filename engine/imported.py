"""An imported model: the folder that an official tokenizer and a Hugging Face language model were brought into.

Read and checked here, like a bundle: the manifest strictly, every file by its SHA-256. The language model may
lie in the folder or be referred to where it was. Light to import; nothing here loads a network, and nothing
here makes such a folder (engine.importing does).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass as plain_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from engine.bundle import (
    PHRASES,
    Findings,
    Identified,
    InputLimits,
    Instructions,
    TaskSampling,
    VocabularyLayout,
    sha256_of,
)
from engine.errors import BundleError
from engine.evidence.file import EVIDENCE, evidence_of
from engine.lm.vocabulary import Vocabulary
from engine.preprocess import PreprocessingSpec

MANIFEST = "model.json"
TOKENIZER_WEIGHTS = "tokenizer.safetensors"
TEXT_TOKENIZER = "tokenizer.json"
CARD = "MODEL_CARD.md"
LANGUAGE_FOLDER = "language_model"

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class FileEntry:
    """One file's hash and size."""

    sha256: str
    bytes: int


@dataclass(frozen=True, config=_STRICT)
class ImportedTokenizer:
    """The film tokenizer: its sizes (VQGANConfig) and where it came from."""

    config: dict[str, Any]
    parameters: int
    tensors: int
    source: str
    source_sha256: str
    config_source: str
    config_sha256: str
    # What its codes are found by, where that isn't the source (see `codes_name`).
    encodes_as: str = ""


@dataclass(frozen=True, config=_STRICT)
class ImportedLanguageModel:
    """The language model; `folder` is empty where its files were copied, else where they stayed."""

    architecture: str
    parameters: int
    layers: int
    max_positions: int
    source: str
    folder: str
    files: dict[str, FileEntry]


@dataclass(frozen=True, config=_STRICT)
class ImportedManifest:
    """`model.json`, format 1; `vocabulary` and `language_model` are absent in an import of a tokenizer alone."""

    format: Literal[1]
    name: str
    version: str
    created: str
    intended_use: str
    files: dict[str, FileEntry]
    weights_sha256: str
    preprocessing: dict[str, Any]
    tokenizer: ImportedTokenizer
    language_model: ImportedLanguageModel | None
    vocabulary: VocabularyLayout | None
    sampling: TaskSampling
    findings: Findings
    input_check: InputLimits | None
    instructions: Instructions
    licence: str
    training: dict[str, Any]
    # As in a bundle: whether the prompts hold the film's view and age band.
    context: bool = False
    # As in a bundle; nobody measured here what an imported model recognises.
    findings_supported: tuple[str, ...] = ()


@plain_dataclass(frozen=True)
class ImportedBundle(Identified):
    """An imported model whose files were checked; made by :meth:`load`."""

    folder: Path
    manifest: ImportedManifest
    preprocessing: PreprocessingSpec

    @classmethod
    def load(cls, folder: str | Path, language_model: bool = True) -> ImportedBundle:
        """Read the manifest and compare every file with its hash, `language_model` false: the tokenizer's alone.

        Raises BundleError for a manifest that can't be read, for the first file that is missing or differs, and for
        evidence of other weights.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        bundle = cls(folder, manifest, PreprocessingSpec.from_manifest(manifest.preprocessing))
        for path, entry in bundle.entries(language_model):
            _check(path, entry)
        stated = weights_sha256(manifest.files, manifest.language_model)
        if stated != manifest.weights_sha256:
            raise BundleError(
                f"The manifest {folder / MANIFEST} gives {manifest.weights_sha256} as hash of the weights, its "
                f"own list of files gives {stated}. Import the model again."
            )
        evidence_of(bundle)
        return bundle

    def entries(self, language_model: bool = True) -> Iterator[tuple[Path, FileEntry]]:
        """Give every file with its hash and size, in the order in which they are checked."""
        for name, entry in sorted(self.manifest.files.items()):
            yield self.folder / name, entry
        if language_model and self.manifest.language_model is not None:
            for name, entry in sorted(self.manifest.language_model.files.items()):
                yield self.language_folder / name, entry

    @property
    def language_folder(self) -> Path:
        """Where the language model's files lie."""
        entry = self.manifest.language_model
        if entry is None:
            raise BundleError(
                f"The model {self.manifest.name} was imported without a language model: it turns films into "
                "codes and back, nothing else. Import it again with --language-model."
            )
        return Path(entry.folder) if entry.folder else self.folder / LANGUAGE_FOLDER

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The text tokenizer with the image codes behind it; raise BundleError where there is none."""
        layout = self.manifest.vocabulary
        if layout is None:
            raise BundleError(f"The model {self.manifest.name} has no text tokenizer, only one for films.")
        vocabulary = Vocabulary.from_file(self.folder / TEXT_TOKENIZER, layout.codes)
        found = layout_of(vocabulary, layout.codes_per_image)
        if found != layout:
            raise BundleError(
                f"The manifest of {self.folder} gives the vocabulary {layout}, its {TEXT_TOKENIZER} gives {found}. "
                "Import the model again."
            )
        return vocabulary


def layout_of(vocabulary: Vocabulary, codes_per_image: int) -> VocabularyLayout:
    """Give the manifest's entry for a vocabulary."""
    return VocabularyLayout(
        text_size=vocabulary.text_size,
        codes=vocabulary.codes,
        image_offset=vocabulary.image_offset,
        codes_per_image=codes_per_image,
        end=vocabulary.end,
        instruction=vocabulary.instruction,
        response=vocabulary.response,
        less_than=vocabulary.less_than,
        greater_than=vocabulary.greater_than,
        pad=vocabulary.pad,
    )


def weights_sha256(files: Mapping[str, FileEntry], language_model: ImportedLanguageModel | None) -> str:
    """Hash the sorted lines `name sha256` of all that answers depend on: not card, phrases, evidence."""
    lines = [
        f"{name} {entry.sha256}\n" for name, entry in files.items() if name not in (CARD, PHRASES, EVIDENCE)
    ]
    if language_model is not None:
        lines += [
            f"{LANGUAGE_FOLDER}/{name} {entry.sha256}\n" for name, entry in language_model.files.items()
        ]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _read_manifest(folder: Path) -> ImportedManifest:
    path = folder / MANIFEST
    try:
        return TypeAdapter(ImportedManifest).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise BundleError(
            f"There is no imported model at {folder}: {MANIFEST} can't be read ({error.strerror})."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BundleError(
            f"The manifest {path} is refused: {where}: {first['msg']} (found {first['input']!r:.80}). "
            "Import the model again with this version."
        ) from error


def _check(path: Path, entry: FileEntry) -> None:
    again = "Import the model again from its source."
    if not path.is_file():
        raise BundleError(f"The file {path} of an imported model is missing. {again}")
    size = path.stat().st_size
    if size != entry.bytes:
        raise BundleError(
            f"The file {path} differs from what was imported: it has {size} bytes, the manifest says "
            f"{entry.bytes}. {again}"
        )
    found = sha256_of(path)
    if found != entry.sha256:
        raise BundleError(
            f"The file {path} differs from what was imported: its SHA-256 is {found}, the manifest says "
            f"{entry.sha256}. {again}"
        )
