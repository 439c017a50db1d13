"""The model that an administrator accepted last for this site, found on this machine by the hash of its weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path


def accepted_folder(models: Path) -> Path:
    """Give the folder of the model accepted last: the demonstration's, or one that was imported into `models`.

    Another one is never taken instead. Raises EngineFailure where none was accepted, or where this machine hasn't
    the one that was.
    """
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.errors import EngineFailure

    with open_workplace() as workplace:
        wanted = workplace.site().promoted_model
    if wanted is None:
        raise EngineFailure(
            "The engine was told to take the model accepted for this site, and none is.",
            what_to_do="Accept one on the window's model page, or start the engine with --model and a name.",
        )
    for folder, weights in _known(models):
        if weights == wanted.weights_sha256:
            return folder
    raise EngineFailure(
        f"The model accepted for this site, {wanted.name} {wanted.version} with weights "
        f"{wanted.weights_sha256[:12]}…, isn't on this machine: neither in {models} nor as the demonstration's.",
        what_to_do="Import it with `llmcxr model import`, or start the engine with --model and a name.",
    )


def _known(models: Path) -> Iterator[tuple[Path, str]]:
    """Folders of models with the hash that their manifests state; opening one checks every file against it."""
    from engine import bundle, imported
    from engine.bundle import default_bundle_folder

    folders = sorted(path for path in models.glob("[!.]*") if path.is_dir()) if models.is_dir() else []
    for folder in (default_bundle_folder(), *folders):
        for name in (imported.MANIFEST, bundle.MANIFEST):
            try:
                stated = json.loads((folder / name).read_text(encoding="utf-8"))
            except (OSError, ValueError):  # no model, or none that could be opened
                continue
            if isinstance(stated, dict):
                yield folder, str(stated.get("weights_sha256", ""))
