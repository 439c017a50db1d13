"""Write a model bundle: `python -m engine.export --tokenizer vqgan.pt --language-model lm-best.pt ...`.

Rounds both networks to float16 values, exports the three graphs, checks each against torch on real films,
sets the limits of the input check from training and validation films, and writes manifest, card and
attribution. It trains nothing and reads no film of the test split.
"""

import datetime
import json
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from transformers import GPTNeoXForCausalLM

from engine import input_check
from engine.bundle import FORMAT, MANIFEST, InputLimits, sha256_of, weights_sha256
from engine.card import attribution, model_card
from engine.data.manifest import FilmRow, read_manifest, select
from engine.data.templates import JUDGED, NOT_JUDGED
from engine.errors import ExportError
from engine.half_storage import store_half
from engine.lm.graph import OPSET, LanguageModelGraph, export_language_model
from engine.lm.model import LanguageModelConfig, build
from engine.lm.prompt import GENERATE_INSTRUCTIONS, REPORT_INSTRUCTIONS, report_prompt
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary
from engine.preprocess import PreprocessingSpec, film_from_file
from engine.tokenizer.graph import export_tokenizer
from engine.tokenizer.vqgan import VQModel
from engine.train.common import load_checkpoint, parse_settings
from engine.train.rounding import round_to_half
from engine.train.vqgan import load_tokenizer

INTENDED_USE = "research and demonstration only; not for clinical use"
LICENCE = "Apache-2.0; trained on public films with their own terms, see ATTRIBUTION.md"
SAMPLING = {
    "report": {"temperature": 0.0, "top_p": 0.92, "max_new_tokens": 96, "seed": 0},
    "answer": {"temperature": 0.0, "top_p": 0.92, "max_new_tokens": 96, "seed": 0},
    "generate": {"temperature": 1.0, "top_p": 0.92, "max_new_tokens": 300, "seed": 0},
}
AGREEMENT_MIN = 0.999
LOGITS_DIFFERENCE_MAX = 1e-3
ACCEPTED_MIN = 0.99
# The frontal films of adults that give the mean film of the input check.
REFERENCE_SOURCES = ("nih-cxr14", "hannover-covid")


@dataclass(frozen=True)
class ExportSettings:
    """What goes into a bundle.

    `results` is a folder of result files of `llmcxr evaluate`, if there are any yet; `remark` says what the
    recorded settings of the last run don't.
    """

    tokenizer: Path
    language_model: Path
    text_tokenizer: Path
    manifest: Path
    out: Path
    name: str = "llmcxr-demo"
    version: str = "2026.11.0"
    results: str = ""
    remark: str = ""


def main() -> None:
    """Write the bundle."""
    torch.set_num_threads(1)
    export_bundle(parse_settings(ExportSettings, "Write a model bundle."))


def export_bundle(settings: ExportSettings) -> dict[str, Any]:
    """Write the bundle's folder and give its manifest; raise ExportError where a graph disagrees."""
    tokenizer = round_to_half(load_tokenizer(settings.tokenizer))
    network, config, state = load_language_model(settings.language_model)
    spec = PreprocessingSpec(side=tokenizer.config.resolution, channels=tokenizer.config.in_channels)
    rows = read_manifest(settings.manifest)
    _fresh_folder(settings.out)
    shutil.copyfile(settings.text_tokenizer, settings.out / "tokenizer.json")
    vocabulary = Vocabulary.from_file(settings.out / "tokenizer.json")
    write_graphs(tokenizer, network, config, settings.out)
    films = film_stack(select(rows, "val", REFERENCE_SOURCES), spec)
    checks = check_graphs(tokenizer, network, config, vocabulary, films, settings.out)
    limits = input_limits(tokenizer, rows, spec)
    training = training_record(settings, state, checks)
    manifest = {
        "format": FORMAT,
        "name": settings.name,
        "version": settings.version,
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "intended_use": INTENDED_USE,
        "preprocessing": spec.to_manifest(),
        "vocabulary": vocabulary_layout(vocabulary),
        "language_model": language_model_shape(config),
        "sampling": SAMPLING,
        "findings": {"judged": ["No Finding", *JUDGED], "not_judged": list(NOT_JUDGED)},
        "input_check": limits,
        "instructions": {"report": list(REPORT_INSTRUCTIONS), "generate": list(GENERATE_INSTRUCTIONS)},
        "licence": LICENCE,
        "training": training,
    }
    (settings.out / "MODEL_CARD.md").write_text(model_card(manifest), encoding="utf-8")
    (settings.out / "ATTRIBUTION.md").write_text(attribution(), encoding="utf-8")
    return finish_manifest(manifest, settings.out)


def finish_manifest(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Add the hashes of every file of the folder and write the manifest."""
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    manifest |= {"files": files, "weights_sha256": weights_sha256(files)}
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def load_language_model(path: Path) -> tuple[GPTNeoXForCausalLM, LanguageModelConfig, dict[str, Any]]:
    """Read a checkpoint of engine.train.lm, rounded to float16 values, with its configuration and state."""
    state = load_checkpoint(path)
    config = LanguageModelConfig(**state["config"])
    network = build(config)
    network.load_state_dict(state["model"])
    return round_to_half(network.eval()), config, state


def write_graphs(
    tokenizer: VQModel, network: GPTNeoXForCausalLM, config: LanguageModelConfig, folder: Path
) -> None:
    """Export encoder, decoder and language model into the folder, weights stored as float16."""
    graph = LanguageModelGraph(config)
    graph.load_hugging_face(network.state_dict())
    with warnings.catch_warnings():
        # torch 2.13's exporter warns about a class of its own that is to be replaced, and about the one
        # name that all caches share for their first axis.
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*shares the same shape constraints", category=UserWarning)
        export_tokenizer(tokenizer, folder / "encoder.onnx", folder / "decoder.onnx")
        export_language_model(graph, folder / "lm.onnx")
    for name in ("encoder.onnx", "decoder.onnx", "lm.onnx"):
        store_half(folder / name)


@torch.no_grad()
def check_graphs(
    tokenizer: VQModel,
    network: GPTNeoXForCausalLM,
    config: LanguageModelConfig,
    vocabulary: Vocabulary,
    films: NDArray[np.float32],
    folder: Path,
) -> dict[str, float]:
    """Compare each graph with torch on films [N, C, R, R]; raise ExportError where they differ."""
    wanted = np.concatenate([tokenizer.encode(torch.from_numpy(film[None])).numpy() for film in films])
    encoder, decoder = _session(folder / "encoder.onnx"), _session(folder / "decoder.onnx")
    got = np.concatenate([encoder.run(["codes"], {"film": film[None]})[0] for film in films])
    agreement = float((wanted == got).mean())
    picture = decoder.run(["film"], {"codes": wanted[:2]})[0]
    pixels = float(np.abs(picture - tokenizer.decode(torch.from_numpy(wanted[:2])).numpy()).max())
    prompt = report_prompt(vocabulary, wanted[0].tolist(), REPORT_INSTRUCTIONS[0])
    logits = network(torch.tensor([prompt])).logits[0].numpy()
    difference = float(np.abs(_logits_in_two_calls(folder / "lm.onnx", config, prompt) - logits).max())
    if agreement < AGREEMENT_MIN or pixels > LOGITS_DIFFERENCE_MAX or difference > LOGITS_DIFFERENCE_MAX:
        raise ExportError(
            f"The graphs differ from torch: codes agree on {agreement:.4f}, films differ by {pixels:.2g}, "
            f"logits by {difference:.2g}. Don't ship them."
        )
    return {
        "films": len(films),
        "code_agreement": agreement,
        "film_difference_max": pixels,
        "logits_difference_max": difference,
    }


def input_limits(tokenizer: VQModel, rows: Sequence[FilmRow], spec: PreprocessingSpec) -> dict[str, Any]:
    """Set the limits of the input check from films of the training and validation splits.

    The reference is the mean training film of the adults' sources without its best-fitting plane: a plain
    gradient would go along with the plane. Raises ExportError where validation films don't pass.
    """
    training = film_stack(select(rows, "train", REFERENCE_SOURCES), spec)
    validation = film_stack(select(rows, "val", REFERENCE_SOURCES), spec)
    reference = without_plane(np.mean([input_check.small(film) for film in training], axis=0))
    errors = [_copy_error(tokenizer, film) for film in training[::3]]
    error_max = float(1.15 * np.quantile(errors, 0.995))
    likeness_min = float(np.quantile([input_check.correlation(f, reference) for f in training], 0.02))
    limits = InputLimits(error_max, likeness_min, tuple(tuple(line) for line in reference.tolist()))
    accepted = np.mean([_accepted(tokenizer, film, limits) for film in validation])
    if accepted < ACCEPTED_MIN:
        raise ExportError(f"Only {accepted:.1%} of the validation films pass the input check just set.")
    return {
        "reconstruction_max": round(error_max, 4),
        "correlation_min": round(likeness_min, 4),
        "reference": [[round(float(value), 4) for value in line] for line in reference],
        "how": "1.15 x the 99.5th percentile of the error over a third of the adult-source training films, "
        "and the 2nd percentile of the correlation over all of them; the mean film is without its plane",
        "films": len(training),
        "validation_films": len(validation),
        "validation_accepted": float(accepted),
    }


def without_plane(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the best-fitting plane off a picture [H, W]."""
    y, x = (axis.ravel().astype(np.float64) for axis in np.indices(picture.shape))
    basis = np.stack([np.ones_like(x), x, y], axis=1)
    fitted = basis @ np.linalg.lstsq(basis, picture.ravel(), rcond=None)[0]
    return np.asarray(picture - fitted.reshape(picture.shape))


def _copy_error(tokenizer: VQModel, film: NDArray[np.float32]) -> float:
    return input_check.reconstruction_error(film, _copy(tokenizer, film))


def _accepted(tokenizer: VQModel, film: NDArray[np.float32], limits: InputLimits) -> bool:
    return input_check.verdict(film, _copy(tokenizer, film), (), limits).accepted


def _copy(tokenizer: VQModel, film: NDArray[np.float32]) -> NDArray[np.float32]:
    copy: NDArray[np.float32] = tokenizer.decode(tokenizer.encode(torch.from_numpy(film[None])))[0].numpy()
    return copy


def film_stack(rows: Sequence[FilmRow], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Preprocess the films of rows as inference does: [N, C, side, side]."""
    return np.stack([film_from_file(row.file, spec) for row in rows])


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
    settings: ExportSettings, state: dict[str, Any], checks: dict[str, float]
) -> dict[str, Any]:
    """Collect what the manifest and the card say about training and measurement."""
    tokenizer_state = load_checkpoint(settings.tokenizer)
    files = sorted(Path(settings.results).glob("*.json")) if settings.results else []
    return {
        "data": [
            "NIH ChestX-ray14 (adults: tokenizer and language model; under 18: tokenizer alone)",
            "Hannover COVID-19 image repository (tokenizer alone)",
            "Kermany et al., Mendeley Data rscbjbr9sj (children: tokenizer alone)",
        ],
        "texts": "templates worded from mined labels; no radiologist's report",
        "remark": settings.remark,
        "tokenizer": _run_record(tokenizer_state) | {"parameters": _count(tokenizer_state["model"])},
        "language_model": _run_record(state) | {"parameters": _count(state["model"])},
        "export": checks,
        "results": {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files},
    }


def _run_record(state: dict[str, Any]) -> dict[str, Any]:
    hidden = ("manifest", "out", "cache", "tokenizer")
    settings = {key: value for key, value in state["settings"].items() if key not in hidden}
    return {"steps": state["step"], "cpu_seconds": round(state["cpu_seconds"]), "settings": settings}


def _count(model: dict[str, torch.Tensor]) -> int:
    return sum(tensor.numel() for tensor in model.values())


def _logits_in_two_calls(path: Path, config: LanguageModelConfig, prompt: list[int]) -> NDArray[np.float32]:
    """Run a prompt as a prefill and a continuation, so that the cache is part of the comparison."""
    session = _session(path)
    shape = (1, config.heads, config.max_positions, config.head_dim)
    names = [f"{kind}_{number}" for number in range(config.layers) for kind in ("key", "value")]
    caches = {name: np.zeros(shape, dtype=np.float32) for name in names}
    parts, cut = [], len(prompt) - 7
    for start, stop in ((0, cut), (cut, len(prompt))):
        inputs = {
            "ids": np.array([prompt[start:stop]], dtype=np.int64),
            "write": np.array([start], dtype=np.int64),
            "keep": np.array([stop - start], dtype=np.int64),
        }
        logits, *updated = session.run(None, {**inputs, **caches})
        caches = dict(zip(names, updated, strict=True))
        parts.append(logits[0])
    return np.concatenate(parts)


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _fresh_folder(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise ExportError(f"The folder {folder} holds something that isn't a bundle. Name an empty one.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


if __name__ == "__main__":
    main()
