"""Files put beside a model after it was made: its manifest lists them, its weights stay what they were."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from engine import bundle as bundles
from engine import imported
from engine.bundle import Bundle, sha256_of
from engine.errors import DataError
from engine.imported import ImportedBundle
from engine.safe_write import replacing, write_json

# Writes one file at the path that it is given.
Write = Callable[[Path], object]


def put_beside(package: Bundle | ImportedBundle, files: Mapping[str, Write]) -> None:
    """Put files beside a model in place of those it has, and list them in its manifest.

    All are written before any takes its place: a file without its entry would be refused as changed, and the model
    with it. Raises DataError where the model's folder can't be written.
    """
    manifest = package.folder / (bundles.MANIFEST if isinstance(package, Bundle) else imported.MANIFEST)
    try:
        held = json.loads(manifest.read_text(encoding="utf-8"))
        with ExitStack() as places:
            listed = places.enter_context(replacing(manifest))
            for name, write in files.items():
                made = places.enter_context(replacing(package.folder / name))
                write(made)
                held["files"][name] = _entry(package, made)
            held["files"] = dict(sorted(held["files"].items()))
            write_json(listed, held)
    except OSError as error:
        raise DataError(
            f"The model's folder {package.folder} can't be written: {error.strerror}. Copy the model "
            "elsewhere and name that folder."
        ) from error


def _entry(package: Bundle | ImportedBundle, path: Path) -> str | dict[str, Any]:
    """Give a file's entry in the manifest of this kind of model."""
    if isinstance(package, Bundle):
        return sha256_of(path)
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}
