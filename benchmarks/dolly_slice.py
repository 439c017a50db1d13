"""A slice of a dolly-v2-3b: its width, its vocabulary, some of its layers, random weights; and its builds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.import_dolly_size import make_language_model
from engine.builds import BuildManifest, CpuPrecision, load_build, onnxruntime_key

HIDDEN, HEADS, LAYERS = 2560, 32, 4


def made_slice(folder: Path, layers: int = LAYERS) -> Path:
    """Write the slice's Hugging Face folder, or find it there."""
    path = folder / f"slice-{layers}"
    if not (path / "model.safetensors.index.json").exists():
        make_language_model(path, HIDDEN, layers, HEADS)
    return path


def built_slice(language: Path, builds: Path, precision: CpuPrecision) -> tuple[Path, BuildManifest]:
    """Build the slice in one precision, or find the build; give its folder and what it says of itself."""
    from engine.building.build import build_language_graph
    from engine.building.sources import folder_sizes
    from engine.building.weights import FolderWeights

    files = sorted(path.name for path in language.glob("*.safetensors"))
    name = hashlib.sha256(language.name.encode()).hexdigest()
    weights = FolderWeights(language, files)
    folder = build_language_graph(builds, onnxruntime_key(name, precision), folder_sizes(language), weights)
    return folder, load_build(folder)


def bytes_read_per_step(manifest: BuildManifest, positions: int) -> int:
    """Count what a step has to read: every weight and scale but the embedding's, keys and values so far."""
    hidden, inner = int(manifest.sizes["hidden"]), int(manifest.sizes["inner"])
    layers, vocabulary = int(manifest.sizes["layers"]), manifest.vocabulary_size
    weights = layers * (4 * hidden**2 + 2 * hidden * inner) + vocabulary * hidden
    columns = layers * (4 * hidden + inner + hidden) + vocabulary
    per_weight = {"float32": 4.0, "int8": 1 + 4 / 128, "int4": 0.5 + 4 / 32, "int8-dynamic": 1.0}[
        manifest.precision
    ]
    scales = 4 * columns if manifest.precision == "int8-dynamic" else 0
    small = 4 * (columns - vocabulary + (4 * layers + 2) * hidden)
    return int(weights * per_weight) + scales + small + 2 * 4 * layers * hidden * positions
