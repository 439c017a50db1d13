"""The file that fitted floors are kept in: one compressed archive of arrays, below a megabyte.

It knows the tokenizer whose codes its probe was fitted on. Nothing is fitted here.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluate.cohort import FINDINGS, PIXELS
from engine.evaluate.floors import Floors, Linear, SourceFloors
from engine.model import Model

FORMAT = 1
FILE = "floors.npz"
SAME_TOKENIZER = 0.9


def fingerprint(model: Model) -> NDArray[np.int16]:
    """Give the codes [256] of a made picture, by which a tokenizer is known again."""
    side = model.bundle.preprocessing.side
    rows, columns = np.mgrid[0:side, 0:side] / side
    picture = np.sin(9.0 * rows * columns + 5.0 * rows) * np.cos(7.0 * columns)
    return np.array(model.encode(picture.astype(np.float32)[None]), dtype=np.int16)


def check_tokenizer(path: Path, model: Model) -> None:
    """Raise DataError where a floors file was fitted on the codes of another tokenizer."""
    with np.load(path, allow_pickle=False) as held:
        same = float((held["fingerprint"] == fingerprint(model)).mean())
    # Runtimes may differ in a code or two.
    if same < SAME_TOKENIZER:
        raise DataError(
            f"The floors file {path} was fitted on the codes of another tokenizer ({same:.0%} of a made picture's "
            "codes agree). Make it again with `llmcxr evaluate floors` and this model."
        )


def save_floors(floors: Floors, model: Model, path: Path) -> int:
    """Write the floors as one compressed file and give its size in bytes; `model` gave the codes."""
    arrays: dict[str, Any] = {"format": np.array(FORMAT), "sources": np.array(sorted(floors))}
    arrays["fingerprint"] = fingerprint(model)
    for source, one in floors.items():
        for kind in ("context", "inside", "probe"):
            for name, value in vars(getattr(one, kind)).items():
                arrays[f"{source}/{kind}/{name}"] = value.astype(
                    np.float16 if name == "weights" else np.float32
                )
        texts = sorted(set(one.reports))
        arrays[f"{source}/texts"] = np.array(texts)
        arrays[f"{source}/reports"] = np.array([texts.index(text) for text in one.reports], dtype=np.uint16)
        arrays[f"{source}/pixels"] = one.pixels
        arrays[f"{source}/truth"] = np.packbits(np.column_stack([one.truth, one.abnormal]), axis=1)
        arrays[f"{source}/films"] = np.array(one.films)
        arrays[f"{source}/counts"] = np.array([one.counts[name] for name in FINDINGS])
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue())
    return len(stream.getvalue())


def load_floors(path: Path, model: Model) -> Floors:
    """Read a floors file without running code from it.

    Raises DataError where it can't be read, or was fitted on the codes of another tokenizer than `model`'s.
    """
    try:
        check_tokenizer(path, model)
        with np.load(path, allow_pickle=False) as held:
            if int(held["format"]) != FORMAT:
                raise DataError(f"{path} is of another format. Make it again with `llmcxr evaluate floors`.")
            return {str(source): _source_from(held, str(source)) for source in held["sources"]}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"The floors file {path} can't be read: {error}. Make it with `llmcxr evaluate floors`."
        ) from error


def _source_from(held: Any, source: str) -> SourceFloors:
    def linear(kind: str) -> Linear:
        return Linear(**{name: held[f"{source}/{kind}/{name}"] for name in Linear.__dataclass_fields__})

    texts, flags = held[f"{source}/texts"], np.unpackbits(held[f"{source}/truth"], axis=1).astype(bool)
    counts = held[f"{source}/counts"].tolist()
    return SourceFloors(
        context=linear("context"),
        inside=linear("inside"),
        probe=linear("probe"),
        reports=tuple(str(texts[i]) for i in held[f"{source}/reports"]),
        pixels=held[f"{source}/pixels"].reshape(-1, PIXELS, PIXELS),
        truth=flags[:, : len(FINDINGS)],
        abnormal=flags[:, len(FINDINGS)],
        films=int(held[f"{source}/films"]),
        counts=dict(zip(FINDINGS, counts, strict=True)),
    )
