"""Builds: what `llmcxr model build` made of a model for one runtime in one precision, checked before it is opened.

A build is a folder named by a key of what went in; `build.json` names every file with its SHA-256. All models' builds
lie beside each other in one folder. Nothing here makes a build (engine.building does) or loads one (engine.runtime).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from engine.bundle import LanguageModelShape, sha256_of
from engine.errors import BackendError, BundleError

FORMAT = 1
MANIFEST = "build.json"
# A folder whose name ends so holds a build that isn't whole.
PART = ".part"
LANGUAGE, ENCODER, DECODER = "lm.onnx", "encoder.onnx", "decoder.onnx"
ENVIRONMENT_VARIABLE = "LLMCXR_BUILDS"
# ONNX Runtime reads a graph as it is, in any version that knows its operators; what may change is how we write it.
GRAPH_VERSION = "opset24-1"

Precision = Literal["float32", "float16", "bfloat16", "int8", "int4", "int8-dynamic"]
# What ONNX Runtime's CPU side computes fast; float16 and bfloat16 are for GPUs.
CpuPrecision = Literal["float32", "int8", "int8-dynamic", "int4"]
CPU_PRECISIONS: tuple[CpuPrecision, ...] = get_args(CpuPrecision)
GpuPrecision = Literal["float16", "bfloat16"]
GPU_PRECISIONS: tuple[GpuPrecision, ...] = get_args(GpuPrecision)

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class BuildKey:
    """What a build is made of; builds of equal keys are equal. `device` is what it runs on: "cpu", "sm89"."""

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
    """`build.json`, format 1; `sizes` are the language model's (engine.building.neox.NeoXSizes)."""

    format: Literal[1]
    weights_sha256: str
    precision: Precision
    runtime: str
    runtime_version: str
    device: str
    sizes: dict[str, float]
    files: dict[str, BuiltFile]

    @property
    def shape(self) -> LanguageModelShape:
        """The caches that the language graph takes."""
        heads = int(self.sizes["heads"])
        return LanguageModelShape(
            layers=int(self.sizes["layers"]),
            heads=heads,
            head_dim=int(self.sizes["hidden"]) // heads,
            max_positions=int(self.sizes["max_positions"]),
            opset=24,
            dtype="float16" if self.precision == "float16" else "float32",
        )

    @property
    def vocabulary_size(self) -> int:
        """How many logits a position has."""
        return int(self.sizes["vocabulary"])

    @property
    def bytes(self) -> int:
        """What all files take on the disk."""
        return sum(file.bytes for file in self.files.values())


AnyManifest = TypeVar("AnyManifest", bound=BuildManifest)


def onnxruntime_key(weights_sha256: str, precision: Precision) -> BuildKey:
    """Give the key of a model's build for ONNX Runtime on the CPU."""
    return BuildKey(weights_sha256, precision, "onnxruntime", GRAPH_VERSION)


def cpu_precision(name: str) -> CpuPrecision:
    """Give a precision by its name; raise BackendError for one that the CPU has no builds of."""
    for precision in CPU_PRECISIONS:
        if name == precision:
            return precision
    raise BackendError(f"There is no precision {name!r} for the CPU. Use one of {', '.join(CPU_PRECISIONS)}.")


def gpu_precision(name: str) -> GpuPrecision:
    """Give a precision by its name; raise BackendError for one that engines for GPUs don't have."""
    for precision in GPU_PRECISIONS:
        if name == precision:
            return precision
    raise BackendError(f"There is no precision {name!r} for GPUs. Use one of {', '.join(GPU_PRECISIONS)}.")


def find_build(builds: Path | None, key: BuildKey) -> Path | None:
    """Give the folder of a finished build, None where there is none; nothing is checked."""
    if builds is None:
        return None
    folder = builds / key.folder
    return folder if (folder / MANIFEST).is_file() else None


def load_build(folder: Path) -> BuildManifest:
    """Read a build's manifest and compare every file; raise BundleError for the first that differs."""
    return read_build(folder, BuildManifest)


def read_build(folder: Path, kind: type[AnyManifest]) -> AnyManifest:
    """Read a build's manifest of this kind and compare every file; raise BundleError for the first that differs."""
    try:
        read: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = TypeAdapter(kind).validate_python(read)
    except (OSError, ValueError, ValidationError) as error:
        raise BundleError(f"The build {folder} can't be read: {error}. Remove it and build again.") from error
    for name, entry in manifest.files.items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != entry.bytes or sha256_of(file) != entry.sha256:
            raise BundleError(
                f"The file {name} of the build {folder} isn't the one that was built. "
                "Remove the folder and build again."
            )
    return manifest
