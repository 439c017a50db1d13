"""Film tokenizers by name for `llmcxr data codes`: a model's, or a checkpoint file of our own training."""

from pathlib import Path

from engine.data.encode import FilmTokenizer
from engine.data.prepared import CODES_PER_FILM
from engine.errors import DataError
from engine.imported import TOKENIZER_WEIGHTS, ImportedBundle
from engine.models import load_package, open_tokenizer
from engine.train.common import codes_name

# Codes are stored as int16.
MOST_CODES = 32_768


def open_film_tokenizer(
    tokenizer: str | Path, models: str | Path | None = None, threads: int | None = None
) -> FilmTokenizer:
    """Open a tokenizer ("demo", a model's name or folder, a checkpoint file) with the sha256 of its weights.

    Raises EngineError where it can't be opened, DataError where a film has another number of codes than 256.
    """
    opened = open_tokenizer(tokenizer, models, threads)
    if opened.codes_per_image != CODES_PER_FILM:
        raise DataError(
            f"The tokenizer {opened.name} gives {opened.codes_per_image} codes for a film; prepared sets hold "
            f"{CODES_PER_FILM}."
        )
    if opened.codes > MOST_CODES:
        raise DataError(
            f"The tokenizer {opened.name} has {opened.codes} codes; prepared sets hold up to {MOST_CODES}."
        )
    return FilmTokenizer(
        tokenizer_sha256(tokenizer, models), opened.name, opened.images, opened.preprocessing
    )


def tokenizer_sha256(tokenizer: str | Path, models: str | Path | None = None) -> str:
    """Give the sha256 that a tokenizer's codes are found by: that of the file with its encoder's weights."""
    if Path(tokenizer).is_file():
        return codes_name(Path(tokenizer))
    package = load_package(tokenizer, models, language_model=False)
    if isinstance(package, ImportedBundle):
        return package.manifest.files[TOKENIZER_WEIGHTS].sha256
    return package.manifest.files["encoder.onnx"]
