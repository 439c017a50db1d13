"""Bring a film tokenizer, official or trained here, and a language model into a named model folder.

The folder is made beside its place under another name, written through to the disk, and renamed at the end: a
crash leaves a leftover with a dot in front, never half a model. Nothing is fetched from anywhere, and no weight
is changed: the tokenizer is rewritten as safetensors, the language model is copied byte by byte or left where
it is. Reading such a folder is engine.imported's.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from engine.bundle import Findings, Instructions, Sampling, TaskSampling, sha256_of
from engine.errors import BundleError, CheckpointError
from engine.imported import (
    CARD,
    LANGUAGE_FOLDER,
    MANIFEST,
    TEXT_TOKENIZER,
    TOKENIZER_WEIGHTS,
    FileEntry,
    ImportedBundle,
    ImportedLanguageModel,
    ImportedManifest,
    ImportedTokenizer,
    layout_of,
    weights_sha256,
)
from engine.imported_card import LICENCE, model_card
from engine.lm.official import LanguageModelFolder, check_rows, inspect_folder, text_tokenizer
from engine.lm.prompt import GENERATE_INSTRUCTIONS, REPORT_INSTRUCTIONS
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary
from engine.models import trained_tokenizer
from engine.preprocess import PreprocessingSpec, published
from engine.tokenizer.official import load_official, read_config, save_tokenizer
from engine.tokenizer.vqgan import VQModel
from engine.train.common import codes_name
from engine.train.instruct.start import FACTS, read_facts

# As published: everything is sampled with top-p 0.92 at temperature 1, within these lengths.
PUBLISHED_SAMPLING = TaskSampling(
    report=Sampling(temperature=1.0, top_p=0.92, max_new_tokens=128),
    answer=Sampling(temperature=1.0, top_p=0.92, max_new_tokens=256),
    generate=Sampling(temperature=1.0, top_p=0.92, max_new_tokens=300),
    instruct=Sampling(temperature=1.0, top_p=0.92, max_new_tokens=256),
)


def import_model(
    models: Path,
    name: str,
    tokenizer: Path,
    tokenizer_config: Path | None = None,
    language_model: Path | None = None,
    copy: bool = True,
) -> ImportedBundle:
    """Check everything, write `models/name`, and give it as it will be opened.

    Without `tokenizer_config` the tokenizer is a checkpoint of `llmcxr train vqgan`, which names its own sizes
    and preprocessing. Raises BundleError for a name that is taken, CheckpointError and VocabularyError for files
    that don't fit.
    """
    place = models / name
    if place.exists():
        raise BundleError(
            f"There is already a model {name} at {models}. Choose another name, or remove that folder."
        )
    network, spec = _tokenizer(tokenizer, tokenizer_config)
    config = network.config
    language = None if language_model is None else inspect_folder(language_model.resolve())
    if language is not None and config.side**2 != CODES_PER_IMAGE:
        raise BundleError(
            f"The tokenizer turns a film into {config.side**2} codes; LLM-CXR's prompts hold {CODES_PER_IMAGE}. "
            "Import it without --language-model, or use a tokenizer of 16 x 16 codes."
        )
    models.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(models, name)
    draft = Path(tempfile.mkdtemp(prefix=_leftover(name), dir=models))
    try:
        source = _tokenizer_entry(network, tokenizer, tokenizer_config or tokenizer)
        manifest = _write(draft, name, network, spec, source, language, copy)
        _write_through(draft)
        draft.chmod(0o755)
        draft.rename(place)
        _sync(models)
    except OSError as error:
        raise BundleError(f"The model {name} can't be written to {models}: {error.strerror}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return ImportedBundle(place, manifest, spec)


def _tokenizer(checkpoint: Path, config: Path | None) -> tuple[VQModel, PreprocessingSpec]:
    if config is None:
        try:
            return trained_tokenizer(checkpoint)
        except CheckpointError as error:
            raise CheckpointError(f"{error} An official one needs its YAML: --tokenizer-config.") from error
    sizes = read_config(config)
    return load_official(checkpoint, sizes), published(sizes.resolution, sizes.in_channels)


def _check_pair(language: Path, tokenizer: ImportedTokenizer, weights: str) -> None:
    """Refuse a language model of our training whose films were encoded by another tokenizer."""
    facts = language / FACTS
    trained_on = str(read_facts(language).get("image_tokenizer", "")) if facts.is_file() else ""
    names = (tokenizer.source_sha256, tokenizer.encodes_as, weights)
    if not any(sha256.startswith(trained_on) for sha256 in names):
        raise CheckpointError(
            f"The language model {language} was trained on codes of the tokenizer {trained_on}, and "
            f"{tokenizer.source} is {tokenizer.source_sha256[:12]}. Give the tokenizer that encoded its films."
        )


def _write(
    folder: Path,
    name: str,
    network: VQModel,
    spec: PreprocessingSpec,
    tokenizer: ImportedTokenizer,
    language: LanguageModelFolder | None,
    copy: bool,
) -> ImportedManifest:
    save_tokenizer(network, folder / TOKENIZER_WEIGHTS)
    config = network.config
    vocabulary = None
    if language is not None:
        _check_pair(language.folder, tokenizer, sha256_of(folder / TOKENIZER_WEIGHTS))
        (folder / TEXT_TOKENIZER).write_text(text_tokenizer(language.folder), encoding="utf-8")
        vocabulary = Vocabulary.from_file(folder / TEXT_TOKENIZER, config.n_embed)
        check_rows(language.rows, vocabulary, language.folder)
    entry = None if language is None else _language_model(folder, language, copy)
    names = [TOKENIZER_WEIGHTS] + ([] if vocabulary is None else [TEXT_TOKENIZER])
    files = {file: _file_entry(folder / file) for file in names}
    weights = weights_sha256(files, entry)
    manifest = ImportedManifest(
        format=1,
        name=name,
        version=weights[:12],
        created=datetime.date.today().isoformat(),
        intended_use="research only; not for clinical use",
        files=files,
        weights_sha256=weights,
        preprocessing=spec.to_manifest(),
        tokenizer=tokenizer,
        language_model=entry,
        vocabulary=None if vocabulary is None else layout_of(vocabulary, config.side**2),
        sampling=PUBLISHED_SAMPLING,
        findings=Findings(judged=(), not_judged=()),
        input_check=None,
        instructions=Instructions(report=REPORT_INSTRUCTIONS, generate=GENERATE_INSTRUCTIONS),
        licence=LICENCE,
        training={},
    )
    (folder / CARD).write_text(model_card(manifest), encoding="utf-8")
    manifest.files[CARD] = _file_entry(folder / CARD)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n")
    return manifest


def _tokenizer_entry(network: VQModel, checkpoint: Path, config: Path) -> ImportedTokenizer:
    return ImportedTokenizer(
        config=network.config.to_dict(),
        parameters=sum(tensor.numel() for tensor in network.parameters()),
        tensors=len(network.state_dict()),
        source=checkpoint.name,
        source_sha256=sha256_of(checkpoint),
        encodes_as=codes_name(checkpoint),
        config_source=config.name,
        config_sha256=sha256_of(config),
    )


def _language_model(folder: Path, language: LanguageModelFolder, copy: bool) -> ImportedLanguageModel:
    source = language.folder
    if copy:
        target = folder / LANGUAGE_FOLDER
        target.mkdir()
        for file in language.files:
            shutil.copyfile(source / file, target / file)
        source = target
    return ImportedLanguageModel(
        architecture=language.architecture,
        parameters=language.parameters,
        layers=language.layers,
        max_positions=language.max_positions,
        source=language.folder.name,
        folder="" if copy else str(language.folder),
        files={file: _file_entry(source / file) for file in language.files},
    )


def _file_entry(path: Path) -> FileEntry:
    return FileEntry(sha256=sha256_of(path), bytes=path.stat().st_size)


def _leftover(name: str) -> str:
    return f".importing-{name}-"


def _remove_leftovers(models: Path, name: str) -> None:
    """Remove what an import of this name left when it was killed."""
    for folder in models.glob(f"{_leftover(name)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _write_through(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    # Windows has no handle for a folder, and renames there are written through by the file system.
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
