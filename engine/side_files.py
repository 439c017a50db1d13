"""Files put beside a model after it was made: its manifest lists them, its weights stay what they were."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import bundle as bundles
from engine import imported
from engine.bundle import Bundle, sha256_of
from engine.errors import DataError
from engine.imported import ImportedBundle
from engine.safe_write import write_json


@contextmanager
def beside(package: Bundle | ImportedBundle, *names: str) -> Iterator[Path]:
    """Give the place of the first of these files; at the end the manifest lists all of them as they are then.

    Raises DataError where the model's folder can't be written.
    """
    manifest = package.folder / (bundles.MANIFEST if isinstance(package, Bundle) else imported.MANIFEST)
    try:
        yield package.folder / names[0]
        held = json.loads(manifest.read_text(encoding="utf-8"))
        for name in names:
            path = package.folder / name
            entry = sha256_of(path)
            size = path.stat().st_size
            held["files"][name] = entry if isinstance(package, Bundle) else {"sha256": entry, "bytes": size}
        held["files"] = dict(sorted(held["files"].items()))
        write_json(manifest, held)
    except OSError as error:
        raise DataError(
            f"The model's folder {package.folder} can't be written: {error.strerror}. Copy the model "
            "elsewhere and name that folder."
        ) from error
