"""Films for training: prepared once at a larger side, augmented on the fly, never mirrored.

The grey-value steps are the bundle's own preprocessing, so that training and inference match; the canvas
keeps a margin for shifts. Mirroring is left out on purpose: the heart is on the left.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from engine.data.film_files import read_grey
from engine.errors import DataError, FilmRefused
from engine.preprocess import PreprocessingSpec, resized_and_cropped
from engine.progress import track
from engine.safe_write import write_json

CANVAS = 288
_MARK_EVERY = 256
Canvases = NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """How far a film may be moved and changed.

    Degrees, fractions of the side, factors of size, contrast and gamma, and a Gaussian blur's sigma in pixels.
    """

    rotate_degrees: float = 5.0
    shift: float = 0.04
    scale: float = 0.07
    gamma: float = 0.15
    contrast: float = 0.1
    untouched: float = 0.15
    blur: float = 0.0


def load_films(
    files: Sequence[Path],
    spec: PreprocessingSpec,
    cache: Path,
    side: int = CANVAS,
    skip_unreadable: bool = False,
) -> tuple[Canvases, dict[int, str]]:
    """Prepare every film once as 8-bit grey [N, side, side], memory-mapped from a cache folder.

    A pass that was cut off goes on where it stopped. Gives the films that can't be read by their number, with
    the reason, as well; they are black. Raises DataError naming the first one unless they are to be skipped.
    """
    key = json.dumps([[_named(file) for file in files], spec.to_manifest(), side])
    path = cache / f"canvas-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    marks = path.with_suffix(".json")
    if not path.exists():
        _prepare(files, spec, path, side, skip_unreadable)
    told = json.loads(marks.read_text(encoding="utf-8")) if marks.exists() else {"unreadable": {}}
    unreadable = {int(number): reason for number, reason in told["unreadable"].items()}
    return np.asarray(np.load(path, mmap_mode="r")), unreadable


def _named(file: Path) -> tuple[str, int, int]:
    """Name a file with its size and time, so that one that was changed is prepared again."""
    try:
        facts = file.stat()
    except OSError:
        return str(file), -1, -1
    return str(file), facts.st_size, facts.st_mtime_ns


def _prepare(files: Sequence[Path], spec: PreprocessingSpec, path: Path, side: int, skip: bool) -> None:
    """Write `path`, noting every few films beside it how far the pass is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, marks = path.with_suffix(".part.npy"), path.with_suffix(".json")
    done: dict[str, Any] = {"films": 0, "unreadable": {}}
    if part.exists() and marks.exists():
        done = json.loads(marks.read_text(encoding="utf-8"))
        canvases = np.lib.format.open_memmap(part, mode="r+")
    else:
        canvases = np.lib.format.open_memmap(part, "w+", np.uint8, (len(files), side, side))
    for number in track(range(done["films"], len(files)), "films prepared", done=done["films"]):
        try:
            canvases[number] = _canvas(files[number], spec, side)
        except DataError as error:
            if not skip:
                raise
            canvases[number] = 0
            done["unreadable"][str(number)] = str(error)
        done["films"] = number + 1
        if done["films"] % _MARK_EVERY == 0:
            canvases.flush()
            write_json(marks, done)
    canvases.flush()
    write_json(marks, done)
    part.replace(path)


def augmented(
    canvas: NDArray[np.uint8], side: int, random: np.random.Generator, settings: Augmentation
) -> NDArray[np.float32]:
    """Give the film [1, side, side] in [-1, 1] under one small random move and contrast change."""
    if random.random() < settings.untouched:
        image = Image.fromarray(canvas).resize((side, side), Image.Resampling.LANCZOS)
        return _scaled(np.asarray(image, dtype=np.float32) / np.float32(255.0))
    margin = CANVAS // 8
    padded = Image.fromarray(np.pad(canvas, margin, mode="edge"))
    angle = np.deg2rad(random.uniform(-1, 1) * settings.rotate_degrees)
    step = CANVAS / side * (1.0 + random.uniform(-1, 1) * settings.scale)
    cos, sin = step * np.cos(angle), step * np.sin(angle)
    centre = margin + CANVAS / 2
    x, y = centre + random.uniform(-1, 1, size=2) * settings.shift * CANVAS
    half = side / 2
    matrix = (cos, -sin, x - half * (cos - sin), sin, cos, y - half * (sin + cos))
    image = padded.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    if settings.blur:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, settings.blur)))
    values = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    values = values ** np.float32(np.exp(random.uniform(-1, 1) * settings.gamma))
    contrast = 1.0 + random.uniform(-1, 1) * settings.contrast
    return _scaled(np.clip((values - 0.5) * np.float32(contrast) + 0.5, 0.0, 1.0))


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return (values * np.float32(2.0) - np.float32(1.0)).astype(np.float32)[None]


def _canvas(file: Path, spec: PreprocessingSpec, side: int) -> NDArray[np.uint8]:
    try:
        grey = read_grey(file, spec)
    except FilmRefused as error:
        raise DataError(f"The film {file.name} can't be used: {error}") from error
    return resized_and_cropped(grey, side, Image.Resampling.LANCZOS, to_even=spec.crop == "even")
