"""`llmcxr model build`: make a model's graphs for one runtime in one precision. Light to import."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.commands import told
from engine.commands.opening import (
    BuildsOption,
    JsonOption,
    ModelArgument,
    ModelsOption,
    builds_folder,
    configured_model,
    models_folder,
)


def build_model(
    model: ModelArgument = None,
    precision: Annotated[str, typer.Option(help="float32, int8, int8-dynamic or int4.")] = "int8",
    models: ModelsOption = None,
    builds: BuildsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the graphs that a runtime runs, and keep them under a key of what they were made from.

    A build that was cut off goes on where it stopped; one that is there already is checked and named.
    """
    import json
    from dataclasses import asdict

    from engine.models import load_package
    from engine.progress import track

    with told():
        from engine.building.package import build_package
        from engine.builds import load_build

        package = load_package(model or configured_model(), models_folder(models))
        folder = build_package(package, precision, builds_folder(builds), track)
        manifest = load_build(folder)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **asdict(manifest)}, indent=1))
        return
    typer.echo(
        f"{folder}: {len(manifest.files)} files, {manifest.bytes / 1e6:.1f} MB, {precision} for {manifest.runtime}.\n"
        f"Opened by --precision {precision}, or by the setting engine_precision."
    )
