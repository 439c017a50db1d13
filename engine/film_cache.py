"""What was once seen on a film is kept: its codes, the input check and the guard's look, under the film's own hash.

The same film need not be read, encoded and decoded again for another question, another seed or another precision of
the language model. What was seen with another tokenizer, preprocessing, guard or other limits lies in another folder
and is never taken for this. A file bears the SHA-256 of the film's file as its name and tells no patient; codes can
be decoded into films, so the folder is as confidential as they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.imported import TOKENIZER_WEIGHTS, ImportedBundle
from engine.input_check import InputCheck
from engine.lm.vocabulary import CODES_PER_IMAGE
from engine.model import Model
from engine.safe_write import write_json

# To be raised whenever films are read, checked or written down in another way than before.
FORMAT = 1
MADE_WITH = "made_with.json"


@dataclass(frozen=True)
class Seen:
    """What is known of a film before a word is said: its check with its codes, and the guard's probabilities."""

    check: InputCheck
    looked: dict[str, float] | None


class FilmCache:
    """The films that one model has seen, in a folder that may serve several models.

    Raises DataError where the folder can't be written.
    """

    def __init__(self, folder: Path, model: Model) -> None:
        made_with = _made_with(model)
        name = hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:16]
        self.folder = folder / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (self.folder / MADE_WITH).exists():
                write_json(self.folder / MADE_WITH, made_with)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def find(self, sha256: str) -> Seen | None:
        """Give what was seen on the film whose file has this SHA-256; None where there is no whole entry."""
        try:
            entry = json.loads(self._path(sha256).read_text(encoding="utf-8"))
            check = InputCheck(**{**entry["check"], "codes": tuple(entry["check"]["codes"])})
            looked = entry["looked"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # A film that was refused before it was encoded has none.
        whole = len(check.codes) == CODES_PER_IMAGE or not (check.accepted or check.codes)
        return Seen(check, looked) if whole else None

    def keep(self, sha256: str, seen: Seen) -> None:
        """Keep what was seen, whole or not at all; raise DataError where it can't be written."""
        try:
            write_json(self._path(sha256), asdict(seen))
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}.json"


def _made_with(model: Model) -> dict[str, Any]:
    """Give all that what is seen on a film depends on, beside the film."""
    bundle = model.bundle
    if isinstance(bundle, ImportedBundle):
        tokenizer = {TOKENIZER_WEIGHTS: bundle.manifest.files[TOKENIZER_WEIGHTS].sha256}
    else:
        graphs = ("encoder.", "decoder.", "guard.")
        tokenizer = {name: held for name, held in bundle.manifest.files.items() if name.startswith(graphs)}
    limits = bundle.manifest.input_check
    return {
        "format": FORMAT,
        "tokenizer": tokenizer,
        "preprocessing": bundle.preprocessing.to_manifest(),
        "input_check": None if limits is None else asdict(limits),
        "guard": model.backends.guard is not None,
        # Runtimes, precisions and devices round differently, and a code can lie on the edge between two.
        "runtime": type(model.backends.images).__name__,
        "arithmetic": model.backends.images.arithmetic,
    }


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"The folder {folder} of films already seen can't be written: {error.strerror}. Choose another with --cache, "
        "or go without by --no-cache."
    )
