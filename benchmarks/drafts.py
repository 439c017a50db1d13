"""Times of the demonstration model on the films that ship: whole drafts, first tokens with and without codes."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from engine.commands.opening import film_context, read_film
from engine.model import Model
from engine.models import open_model

FILMS = Path(__file__).parents[1] / "dicom_node" / "films"


def draft_times(threads: int) -> dict[str, Any]:
    """Give the seconds from a DICOM file to the draft's text: pixels, input check, codes, text, guard."""
    model = open_model("demo", threads=threads)
    films = sorted(FILMS.glob("*.dcm"))
    _drafted(model, films[0])
    seconds = []
    for film in films:
        start = time.perf_counter()
        _drafted(model, film)
        seconds.append(time.perf_counter() - start)
    return {
        "films": len(films),
        "median_s": round(statistics.median(seconds), 3),
        "longest_s": round(max(seconds), 3),
    }


def first_tokens(threads: int) -> dict[str, Any]:
    """Give the milliseconds to the first token from a film, and from known codes; `ratio` is their quotient."""
    model = open_model("demo", threads=threads)
    cold, cached = [], []
    for path in sorted(FILMS.glob("*.dcm")):
        film, context = read_film(path, model.bundle.preprocessing), film_context(model, path)
        start = time.perf_counter()
        codes = model.check_film(film).codes
        encoded = time.perf_counter()
        came: list[float] = []
        model.report(codes, context=context, on_step=lambda came=came: came.append(time.perf_counter()))  # type: ignore[misc]
        cold.append(came[0] - start)
        cached.append(came[0] - encoded)
    return {
        "cold_ms": round(statistics.median(cold) * 1e3, 1),
        "cached_ms": round(statistics.median(cached) * 1e3, 1),
        "ratio": statistics.median(cold) / statistics.median(cached),
    }


def _drafted(model: Model, path: Path) -> str:
    film = read_film(path, model.bundle.preprocessing)
    check = model.check_film(film)
    if not check.accepted:
        return ""
    return model.report(check.codes, context=film_context(model, path), film=film).text
