"""Engines that TensorRT compiled of a model: their key, their limits, and how they are found and checked.

An engine runs on the GPUs and with the version of TensorRT that it was built for, within the limits it was built
with. Light to import: neither flavour of TensorRT is needed to read what a build says of itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass

from engine.builds import GRAPH_VERSION, MANIFEST, PART, BuildKey, BuildManifest, read_build
from engine.errors import BackendError, BundleError, ExportError

Flavour = Literal["tensorrt_rtx", "tensorrt"]
# TensorRT for RTX workstation cards, which builds without a GPU; TensorRT for data-centre cards.
RTX: Flavour = "tensorrt_rtx"
DATACENTRE: Flavour = "tensorrt"
FLAVOURS: tuple[Flavour, ...] = (RTX, DATACENTRE)
EXTRAS = {RTX: "tensorrt", DATACENTRE: "tensorrt-datacenter"}

LANGUAGE_ENGINE, ENCODER_ENGINE, DECODER_ENGINE = "lm.engine", "encoder.engine", "decoder.engine"
# What engines are named by where one is to run on Ampere, Ada and Blackwell cards alike.
PORTABLE = ("sm86", "sm89", "sm120")

_STRICT = ConfigDict(extra="forbid")


@checked_dataclass(frozen=True, config=_STRICT)
class Limits:
    """The most that engines take in one call; memory is set aside for it.

    `rows` side by side, `count` ids of each, `positions` of each in the caches (read whole at every step), the logits
    of `keep` ids, and `films` to encode or decode.
    """

    rows: int = 8
    count: int = 512
    positions: int = 1024
    keep: int = 128
    films: int = 8

    def check(self, max_positions: int) -> None:
        """Raise ExportError for limits that contradict each other or the model's number of positions."""
        if min(self.rows, self.count, self.keep, self.films) < 1:
            raise ExportError(f"{self} has a limit below 1. Give at least 1 for each.")
        if not self.keep <= self.count <= self.positions <= max_positions:
            raise ExportError(
                f"{self} is refused: keep may not exceed count, count not positions, and positions not the "
                f"{max_positions} of the model."
            )


USUAL = Limits()


@dataclass(frozen=True)
class EngineKey(BuildKey):
    """What engines are made of: a build's key, their limits, and how the language graph was written.

    `runtime` is the flavour, `device` the GPUs.
    """

    limits: Limits = USUAL
    graph_version: str = GRAPH_VERSION


@checked_dataclass(frozen=True, config=_STRICT)
class TensorFacts:
    """One input or output of an engine; -1 is a size that is given with each call."""

    name: str
    mode: Literal["input", "output"]
    dtype: str
    shape: tuple[int, ...]


@checked_dataclass(frozen=True, config=_STRICT)
class EngineFacts:
    """What the builder saw of one engine: how many layers of each kind, and its inputs and outputs."""

    layers: dict[str, int]
    tensors: tuple[TensorFacts, ...]


@checked_dataclass(frozen=True, config=_STRICT)
class EngineManifest(BuildManifest):
    """`build.json` of engines, format 1; `engines` has an entry for each file."""

    limits: Limits
    graph_version: str
    engines: dict[str, EngineFacts]


def load_engines(folder: Path) -> EngineManifest:
    """Read the manifest of engines and compare every file; raise BundleError for the first that differs."""
    return read_build(folder, EngineManifest)


def find_engines(
    builds: Path | None,
    flavour: Flavour,
    version: str,
    weights_sha256: str,
    device: str,
    precision: str | None = None,
) -> Path | None:
    """Give the folder of a model's engines for this GPU, None where there are none; no file is compared.

    Engines built for this GPU alone come before portable ones.
    """
    wanted = {
        "runtime": flavour,
        "runtime_version": version,
        "weights_sha256": weights_sha256,
        "graph_version": GRAPH_VERSION,
    }
    if precision is not None:
        wanted["precision"] = precision
    found = []
    for folder, manifest in _manifests(builds):
        devices = devices_of(str(manifest.get("device")))
        if device in devices and all(manifest.get(part) == value for part, value in wanted.items()):
            found.append((len(devices), folder))
    return min(found)[1] if found else None


def has_engines(builds: Path | None, weights_sha256: str) -> bool:
    """Tell whether a model has engines of any kind."""
    return any(manifest.get("weights_sha256") == weights_sha256 for _, manifest in _manifests(builds))


def precision_of(folder: Path) -> str:
    """Give the precision of engines whose manifest was read and compared before."""
    stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["precision"]
    return str(stated)


def devices_of(device: str) -> tuple[str, ...]:
    """Take a key's device apart: "sm86+sm89" names two."""
    return tuple(device.split("+"))


def in_order(devices: Iterable[str]) -> list[str]:
    """Sort compute capabilities as numbers, each once."""
    return sorted(set(devices), key=lambda name: int(name.removeprefix("sm")))


def flavour_of(name: str) -> Flavour:
    """Give a flavour by its name; raise BackendError for a name that is none."""
    for flavour in FLAVOURS:
        if name == flavour:
            return flavour
    raise BackendError(f"There is no flavour {name!r} of TensorRT. Use one of {', '.join(FLAVOURS)}.")


def _manifests(builds: Path | None) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Read the manifests of all builds of engines that are whole."""
    if builds is None or not builds.is_dir():
        return
    for path in sorted(builds.glob(f"*/{MANIFEST}")):
        if path.parent.suffix == PART:
            continue
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(manifest, dict):
                raise ValueError(f"{MANIFEST} is no JSON object")
        except (OSError, ValueError) as error:
            raise BundleError(
                f"The build {path.parent} can't be read: {error}. Remove it and build again."
            ) from error
        if "engines" in manifest:
            yield path.parent, manifest
