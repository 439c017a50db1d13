"""`llmcxr model build`: make what one runtime runs of a model in one precision. Light to import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands import told
from engine.commands.opening import (
    BuildsOption,
    JsonOption,
    ModelArgument,
    ModelsOption,
    builds_folder,
    models_folder,
    wanted_model,
)

if TYPE_CHECKING:
    from engine.bundle import Bundle
    from engine.imported import ImportedBundle

_CPU = "onnxruntime"


def build_model(
    model: ModelArgument = None,
    precision: Annotated[
        str,
        typer.Option(
            help="For the CPU float32, int8, int8-dynamic or int4 (auto: int8); for a GPU float16 or bfloat16 (auto: "
            "float16)."
        ),
    ] = "auto",
    runtime: Annotated[
        str,
        typer.Option(
            help="onnxruntime; tensorrt_rtx for GPUs of workstations, which needs none to build; tensorrt for the "
            "data-centre GPU that is here."
        ),
    ] = _CPU,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            help="With tensorrt_rtx: a compute capability such as sm89; may be repeated, else sm86, sm89, sm120.",
        ),
    ] = None,
    models: ModelsOption = None,
    builds: BuildsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make what a runtime runs, and keep it under a key of what it was made from.

    A build that was cut off goes on where it stopped; one that is there already is checked and named.
    """
    import json
    from dataclasses import asdict

    from engine.models import load_package

    with told():
        from engine.builds import BuildManifest, read_build
        from engine.tensorrt_builds import EngineManifest

        package = load_package(wanted_model(model, models), models_folder(models))
        folder = _built(package, precision, runtime, device, builds_folder(builds))
        manifest = read_build(folder, BuildManifest if runtime == _CPU else EngineManifest)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **asdict(manifest)}, indent=1))
        return
    typer.echo(
        f"{folder}: {len(manifest.files)} files, {manifest.bytes / 1e6:.1f} MB, {manifest.precision} for "
        f"{manifest.runtime} {manifest.runtime_version} on {manifest.device}.\n"
        f"Opened by --runtime {manifest.runtime} --precision {manifest.precision}, or by the settings of these names."
    )


def _built(
    package: Bundle | ImportedBundle, precision: str, runtime: str, devices: list[str] | None, builds: Path
) -> Path:
    from engine.builds import gpu_precision
    from engine.errors import ExportError
    from engine.progress import track

    if runtime == _CPU:
        from engine.building.package import build_package

        if devices:
            raise ExportError(f"--device {devices[0]} was given, and {_CPU} runs on the CPU. Leave it out.")
        return build_package(package, "int8" if precision == "auto" else precision, builds, track)
    from engine.tensorrt_builds import FLAVOURS, flavour_of

    if runtime not in FLAVOURS:
        raise ExportError(
            f"Nothing is built for the runtime {runtime!r}. Use one of {', '.join((_CPU, *FLAVOURS))}."
        )
    from engine.building.gpu_package import build_for_gpu
    from engine.building.package import film_graphs_of

    wanted = gpu_precision("float16" if precision == "auto" else precision)
    return build_for_gpu(
        package,
        builds,
        wanted,
        flavour_of(runtime),
        devices,
        film_graphs=film_graphs_of(package),
        progress=_tell,
        track=track,
    )


def _tell(phase: str, done: int, steps: int) -> None:
    """Tell the ends of the builder's phases, of which it has many."""
    if done == steps:
        typer.echo(f"{phase}: {steps}", err=True)
