"""Write a model bundle from trained networks: graphs, limits, thresholds, manifest, card and attribution.

Weights are rounded to float16 values first, so that everything is set and measured on what ships. Nothing is
trained, and no film of the test split is read.
"""

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import GPTNeoXForCausalLM

from engine.bundle import FORMAT, MANIFEST, PHRASES, Bundle, sha256_of, weights_sha256
from engine.calibration import Thresholds, fit_line, fit_thresholds, shares_named
from engine.card import attribution, findings_supported, model_card, summary
from engine.data.film_files import read_film
from engine.data.manifest import FilmRow, read_manifest, select
from engine.data.templates import JUDGED, NOT_JUDGED, context, usable
from engine.errors import ExportError
from engine.exporting.graphs import check_graphs, write_graphs
from engine.exporting.guard import export_guard
from engine.exporting.limits import REFERENCE_SOURCES, film_stack, input_limits
from engine.exporting.settings import ExportSettings
from engine.lm.graph import OPSET
from engine.lm.model import LanguageModelConfig
from engine.lm.prompt import GENERATE_INSTRUCTIONS, REPORT_INSTRUCTIONS, report_prompt
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary
from engine.model import Model
from engine.models import trained_tokenizer
from engine.phrases import open_sets, phrase_store
from engine.runtime.select import ONNXRUNTIME
from engine.train.common import codes_name, load_checkpoint
from engine.train.instruct.start import load_language_model, read_facts
from engine.train.rounding import round_to_half

INTENDED_USE = "research and demonstration only; not for clinical use"
LICENCE = "Apache-2.0; trained on public films with their own terms, see ATTRIBUTION.md"
SAMPLING: dict[str, dict[str, Any]] = {
    "report": {"temperature": 0.0, "top_p": 0.92, "max_new_tokens": 96, "seed": 0},
    "answer": {"temperature": 0.0, "top_p": 0.92, "max_new_tokens": 96, "seed": 0},
    "generate": {"temperature": 1.0, "top_p": 0.92, "max_new_tokens": 300, "seed": 0},
}
# Children's films that their threshold is set on.
_MOST_CHILDREN = 300


def export_bundle(settings: ExportSettings) -> dict[str, Any]:
    """Write the bundle's folder and give its manifest; raise ExportError where a graph disagrees.

    It is made beside its place and renamed at the end: a bundle that is there stays until the new one is whole.
    """
    _check_place(settings.out)
    _results(settings.results)
    out = settings.out.resolve()
    draft = out.with_name(f".{out.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        manifest = _write(settings.model_copy(update={"out": draft}))
        shutil.rmtree(out, ignore_errors=True)
        draft.replace(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _write(settings: ExportSettings) -> dict[str, Any]:
    _check_pair(settings)
    trained, spec = trained_tokenizer(settings.tokenizer)
    tokenizer = round_to_half(trained)
    network, vocabulary, config = read_network(settings.language_model)
    rows = read_manifest(settings.manifest, settings.images)
    guard = export_guard(settings, spec)
    shutil.copyfile(settings.language_model / "tokenizer.json", settings.out / "tokenizer.json")
    if settings.floors is not None:
        shutil.copyfile(settings.floors, settings.out / "floors.npz")
    if settings.prepared:
        phrase_store(open_sets(settings.prepared), vocabulary).save(settings.out / PHRASES)
    write_graphs(tokenizer, network, config, settings.out)
    films = film_stack(select(rows, "val", REFERENCE_SOURCES), spec)
    checks = check_graphs(tokenizer, network, config, vocabulary, films, settings.out)
    limits = input_limits(tokenizer, rows, spec)
    drawing = {name: getattr(settings, name) for name in ("temperature", "guidance", "candidates")}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "name": settings.name,
        "version": settings.version,
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "intended_use": INTENDED_USE,
        "preprocessing": spec.to_manifest(),
        "vocabulary": vocabulary_layout(vocabulary),
        "language_model": language_model_shape(config),
        "sampling": {
            **SAMPLING,
            "answer": {**SAMPLING["answer"], "draft_weight": settings.draft_weight},
            "generate": {**SAMPLING["generate"], **drawing},
        },
        "findings": {"judged": ["No Finding", *JUDGED], "not_judged": list(NOT_JUDGED)},
        "findings_supported": findings_supported(_results(settings.results)),
        "input_check": limits,
        "instructions": {"report": list(REPORT_INSTRUCTIONS), "generate": list(GENERATE_INSTRUCTIONS)},
        "context": settings.context,
        "licence": LICENCE,
        "training": training_record(settings, tokenizer.config.to_dict(), network.num_parameters(), checks),
        "guard": guard,
    }
    write_texts(manifest, settings)
    if settings.calibrate:
        finish_manifest(manifest, settings.out)
        thresholds, children = calibrated(settings, rows)
        biases = {"decision_bias": thresholds.decision_bias, "child_bias": children}
        manifest["sampling"]["report"] = {**SAMPLING["report"], **biases}
        manifest["training"]["thresholds"] = {
            "films": thresholds.films,
            "balanced_accuracy": round(thresholds.balanced_accuracy, 4),
            "macro_f1": round(thresholds.macro_f1, 4),
        }
        write_texts(manifest, settings)
    return finish_manifest(manifest, settings.out)


def calibrated(settings: ExportSettings, rows: list[FilmRow]) -> tuple[Thresholds, dict[str, float]]:
    """Set the thresholds of the bundle just written on the adult validation films of the source.

    How often findings are named goes by the labels of its adult training films. Gives also the biases of children's
    drafts, set on their validation films of all sources; none where the prompts don't tell an age.
    """
    model = Model.open(settings.out, ONNXRUNTIME, threads=1)
    adults = [row for row in select(rows, "val", [settings.source], adults_only=True) if usable(row)]
    if not adults:
        raise ExportError(
            f"The manifest has no adult validation film of the source {settings.source!r} to set thresholds on. "
            "Name another with --source, or leave them out with --no-calibrate."
        )
    training = select(rows, "train", [settings.source], adults_only=True)
    shares = shares_named([row for row in training if usable(row)])
    language, vocabulary = model.backends.language, model.bundle.vocabulary
    found = fit_thresholds(language, vocabulary, _prompts(model, adults, settings.context), adults, shares)
    children = [row for row in select(rows, "val") if usable(row) and row.age is not None and not row.adult]
    if not settings.context or not children:
        return found, {}
    # Every n-th, so that no source and no patient of many films is all that is looked at.
    some = children[:: -(-len(children) // _MOST_CHILDREN)]
    return found, fit_line(language, vocabulary, _prompts(model, some, True), some, found)


def _prompts(model: Model, rows: list[FilmRow], told: bool) -> list[list[int]]:
    """Give the prompts of the films' drafts, with view and age band where they are told."""
    return [
        report_prompt(
            model.bundle.vocabulary,
            model.encode(read_film(row.file, model.bundle.preprocessing)),
            REPORT_INSTRUCTIONS[0],
            context(row) if told else None,
        )
        for row in rows
    ]


def write_texts(manifest: dict[str, Any], settings: ExportSettings) -> None:
    """Write card and attribution."""
    card = model_card(manifest, _results(settings.results))
    (settings.out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    (settings.out / "ATTRIBUTION.md").write_text(attribution(), encoding="utf-8")


def finish_manifest(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Add the hashes of every file of the folder, write the manifest and read the bundle back."""
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    manifest |= {"files": files, "weights_sha256": weights_sha256(files)}
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    Bundle.load(folder)
    return manifest


def read_network(folder: Path) -> tuple[GPTNeoXForCausalLM, Vocabulary, LanguageModelConfig]:
    """Read a run's network, rounded to float16 values, with its vocabulary and sizes.

    Raises ExportError for an architecture that the graph doesn't have.
    """
    network, vocabulary = load_language_model(folder)
    if not isinstance(network, GPTNeoXForCausalLM):
        raise ExportError(
            f"{folder} holds a {type(network).__name__}; only GPT-NeoX is exported. Import it with "
            "`llmcxr model import` to run it in torch."
        )
    held = network.config
    config = LanguageModelConfig(
        vocabulary.size,
        held.hidden_size,
        held.num_hidden_layers,
        held.num_attention_heads,
        held.max_position_embeddings,
    )
    return round_to_half(network.eval()), vocabulary, config


def vocabulary_layout(vocabulary: Vocabulary) -> dict[str, int]:
    """Give the manifest's `vocabulary` entry."""
    return {
        "text_size": vocabulary.text_size,
        "codes": vocabulary.codes,
        "image_offset": vocabulary.image_offset,
        "codes_per_image": CODES_PER_IMAGE,
        "end": vocabulary.end,
        "instruction": vocabulary.instruction,
        "response": vocabulary.response,
        "less_than": vocabulary.less_than,
        "greater_than": vocabulary.greater_than,
        "pad": vocabulary.pad,
    }


def language_model_shape(config: LanguageModelConfig) -> dict[str, int | str]:
    """Give the manifest's `language_model` entry."""
    return {
        "layers": config.layers,
        "heads": config.heads,
        "head_dim": config.head_dim,
        "max_positions": config.max_positions,
        "opset": OPSET,
        "dtype": "float32",
    }


def training_record(
    settings: ExportSettings, sizes: dict[str, Any], parameters: int, checks: dict[str, float]
) -> dict[str, Any]:
    """Collect what the manifest and the card say about training and measurement."""
    held = load_checkpoint(settings.tokenizer)
    facts = read_facts(settings.language_model)
    return {
        "data": [
            "NIH ChestX-ray14 (tokenizer; adults: language model)",
            "Hannover COVID-19 image repository (tokenizer)",
            "Kermany et al., Mendeley Data rscbjbr9sj (children: tokenizer and language model, the age band told)",
        ],
        "texts": "templates worded from mined labels, and questions on such texts; no radiologist's report",
        "remark": settings.remark,
        "tokenizer": {**held.get("facts", {}), "sizes": sizes, "parameters": _count(held["model"])},
        "language_model": {**facts, "parameters": parameters},
        "export": checks,
        "results": summary(_results(settings.results)),
    }


def _results(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        return {}
    files = sorted(folder.glob("*.json"))
    if not files:
        raise ExportError(f"{folder} holds no JSON results. Write them with `llmcxr evaluate … --json`.")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def _check_pair(settings: ExportSettings) -> None:
    """Refuse a language model whose films were encoded by another tokenizer."""
    trained_on = str(read_facts(settings.language_model).get("image_tokenizer", ""))
    found = codes_name(settings.tokenizer)
    if not found.startswith(trained_on):
        raise ExportError(
            f"The language model {settings.language_model} was trained on codes of the tokenizer {trained_on}, and "
            f"{settings.tokenizer} is {found[:12]}. Give the tokenizer that encoded its films."
        )


def _count(model: dict[str, torch.Tensor]) -> int:
    return sum(tensor.numel() for tensor in model.values())


def _check_place(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise ExportError(f"The folder {folder} holds something that isn't a bundle. Name an empty one.")
