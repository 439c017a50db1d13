"""`llmcxr model build`: from a model's weights to the graphs that one runtime runs in one precision.

A build is a folder under a key of what went in: the weights, the precision, the runtime and its version. It is made
in a folder beside its place and moved there when it is whole; whoever starts the same build again goes on where the
last one stopped. `build.json` names every file with its SHA-256, and nothing is opened that differs.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import onnx
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from engine.building.neox import NeoXGraph, NeoXSizes, Precision, Weights
from engine.building.tensor_file import TensorFile
from engine.bundle import sha256_of
from engine.errors import BundleError, ExportError
from engine.safe_write import write_json

FORMAT = 1
MANIFEST = "build.json"
LANGUAGE = "lm.onnx"
_PART = ".part"
_GIB = 1024**3
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class BuildKey:
    """What a build is made of; builds of equal keys are equal."""

    weights_sha256: str
    precision: Precision
    runtime: str
    runtime_version: str
    device: str = "cpu"

    @property
    def folder(self) -> str:
        """The build's folder name: readable, and different wherever a part of the key is."""
        text = json.dumps([FORMAT, *asdict(self).values()])
        whole = hashlib.sha256(text.encode()).hexdigest()
        return f"{self.weights_sha256[:12]}-{self.runtime}-{self.precision}-{whole[:8]}"


@checked_dataclass(frozen=True, config=_STRICT)
class BuiltFile:
    """One file's hash and size."""

    sha256: str
    bytes: int


@checked_dataclass(frozen=True, config=_STRICT)
class BuildManifest:
    """`build.json`, format 1."""

    format: Literal[1]
    weights_sha256: str
    precision: Precision
    runtime: str
    runtime_version: str
    device: str
    sizes: dict[str, float]
    files: dict[str, BuiltFile]


def build_language_graph(builds: Path, key: BuildKey, sizes: NeoXSizes, weights: Weights) -> Path:
    """Make the language graph of a key, or find it whole; give its folder.

    Raises ExportError where the disk is too small, CheckpointError for weights that don't fit.
    """
    final = builds / key.folder
    if (final / MANIFEST).exists():
        load_build(final)
        return final
    part = builds / f"{key.folder}{_PART}"
    part.mkdir(parents=True, exist_ok=True)
    _check_room(part, sizes)
    with TensorFile(part / f"{LANGUAGE}.data") as file:
        model = NeoXGraph(sizes, key.precision, weights, file).write()
        file.finish()
    onnx.save(model, str(part / LANGUAGE))
    onnx.checker.check_model(str(part / LANGUAGE))
    names = (LANGUAGE, f"{LANGUAGE}.data")
    files = {
        name: {"sha256": sha256_of(part / name), "bytes": (part / name).stat().st_size} for name in names
    }
    write_json(part / MANIFEST, {"format": FORMAT, **asdict(key), "sizes": asdict(sizes), "files": files})
    part.rename(final)
    return final


def load_build(folder: Path) -> BuildManifest:
    """Read a build's manifest and compare every file; raise BundleError for the first that differs."""
    try:
        read: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = TypeAdapter(BuildManifest).validate_python(read)
    except (OSError, ValueError, ValidationError) as error:
        raise BundleError(f"The build {folder} can't be read: {error}. Remove it and build again.") from error
    for name, entry in manifest.files.items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != entry.bytes or sha256_of(file) != entry.sha256:
            raise BundleError(f"The file {name} of the build {folder} isn't the one that was built. Remove the build "
                              "and build again.")  # fmt: skip
    return manifest


def _check_room(part: Path, sizes: NeoXSizes) -> None:
    """Refuse a build that the disk can't hold, by the size of its weights in float32 at most."""
    matrices = sizes.layers * (4 * sizes.hidden**2 + 2 * sizes.hidden * sizes.inner)
    needed = 4 * (matrices + 2 * sizes.vocabulary * sizes.hidden)
    held = sum(file.stat().st_size for file in part.iterdir())
    free = shutil.disk_usage(part).free
    if needed > free + held:
        raise ExportError(
            f"The build may take {needed / _GIB:.1f} GiB in {part.parent}, and {free / _GIB:.1f} GiB are free. "
            "Make room, or name another folder with --builds."
        )
