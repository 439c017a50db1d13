"""What the commands on models and films share: options, where models lie, opening one, reading a film.

Light to import; the workstation and everything heavy is imported inside the functions.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands import told

if TYPE_CHECKING:
    from engine.model import Model
    from engine.preprocess import Film, PreprocessingSpec
    from llmcxr_ws.config import MachineConfig

_AUTO = "auto"
ACCEPTED = "accepted"
# What pydicom and Pillow are known to raise for headers and streams that nobody should have written.
_BROKEN = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError,
           RuntimeError, SyntaxError, TypeError, ValueError, struct.error)  # fmt: skip

RESEARCH_USE = "Research use only: not for diagnosis."

BundleOption = Annotated[
    Path | None,
    typer.Option(
        "--bundle",
        "--model",
        help="The model: demo, the name of an imported one, a folder, or accepted for the one that was accepted last "
        "for this site; else the setting, else the demo's.",
    ),
]
ModelsOption = Annotated[
    Path | None,
    typer.Option("--models", help="Folder of the imported models; else LLMCXR_MODELS, else the home's."),
]
ModelArgument = Annotated[
    Path | None, typer.Argument(metavar="[MODEL]", help="demo, a name or a folder; else the model in use.")
]
BuildsOption = Annotated[
    Path | None,
    typer.Option("--builds", help="Folder of the builds; else LLMCXR_BUILDS, else the home's."),
]
PrecisionOption = Annotated[
    str,
    typer.Option(
        help="auto, or a precision that the model was built in: float32, int8, int8-dynamic, int4, on a GPU float16 "
        "or bfloat16; auto is the setting, else engines that the GPU here can run, else a bundle's own graph, or an "
        "imported model's int8 build where there is one."
    ),
]
ThreadsOption = Annotated[
    int, typer.Option(min=0, help="CPU threads; 0: the setting, else one for each core.")
]
RuntimeOption = Annotated[
    str,
    typer.Option(
        help="auto, onnxruntime, torch, hybrid (torch reads, ONNX Runtime writes), tensorrt_rtx or tensorrt."
    ),
]
SeedOption = Annotated[int | None, typer.Option(help="Seed of the sampling; else the model's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FreeOption = Annotated[
    bool, typer.Option("--free", help="Sample as the published code does: no mask, nothing is forced.")
]
TriesOption = Annotated[
    int, typer.Option(min=1, help="With --free: how many draws a film may take to have its 256 codes.")
]


def models_folder(option: Path | None) -> Path:
    """Say where imported models lie: the option, else LLMCXR_MODELS, else `models` in the home."""
    from engine.models import ENVIRONMENT_VARIABLE
    from llmcxr_ws.cli import chosen_home
    from llmcxr_ws.home import resolve_home

    given = option or os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(given).expanduser() if given else resolve_home(chosen_home()) / "models"


def builds_folder(option: Path | None) -> Path:
    """Say where builds lie: the option, else LLMCXR_BUILDS, else `builds` in the home."""
    from engine.builds import ENVIRONMENT_VARIABLE
    from llmcxr_ws.cli import chosen_home
    from llmcxr_ws.home import resolve_home

    given = option or os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(given).expanduser() if given else resolve_home(chosen_home()) / "builds"


def wanted_model(option: Path | None, models: Path | None) -> Path | None:
    """Give the model asked for, else the one of the machine's setting; None for the demonstration's.

    "accepted" is the folder of the model that was accepted last for this site; raises EngineFailure without one.
    """
    setting = _machine_config().bundle
    wanted = option or (Path(setting).expanduser() if setting else None)
    if wanted is None or str(wanted) != ACCEPTED:
        return wanted
    from engine.commands.accepted import accepted_folder

    return accepted_folder(models_folder(models))


def _machine_config() -> MachineConfig:
    from llmcxr_ws.cli import chosen_home
    from llmcxr_ws.config import load_config
    from llmcxr_ws.home import resolve_home

    return load_config(resolve_home(chosen_home()))


@dataclass(frozen=True)
class ModelChoice:
    """Which model a command opens, and how; `spread` makes an option of each field."""

    bundle: BundleOption = None
    models: ModelsOption = None
    threads: ThreadsOption = 0
    runtime: RuntimeOption = _AUTO
    precision: PrecisionOption = _AUTO
    builds: BuildsOption = None

    def open(self, free: bool = False, tries: int = 1) -> Model:
        """Open the model asked for, else the one of the setting, else the demo's; runtime and precision likewise."""
        from engine.models import open_model

        config = _machine_config()
        with told():
            return open_model(
                wanted_model(self.bundle, self.models),
                models_folder(self.models),
                config.engine_runtime if self.runtime == _AUTO else self.runtime,
                self.threads or config.engine_threads or None,
                free,
                tries,
                precision=config.engine_precision if self.precision == _AUTO else self.precision,
                builds=builds_folder(self.builds),
            )


def read_film(file: Path, spec: PreprocessingSpec) -> Film:
    """Read a picture by the model's form for files, a DICOM instance by its form for DICOM."""
    return film_of(content_of(file), spec)


def film_of(content: bytes, spec: PreprocessingSpec) -> Film:
    """Turn a file's content into a film, as `read_film` does."""
    from engine.preprocess import film_from_array, film_from_file
    from llmcxr_ws import imaging

    if not is_dicom(content):
        return film_from_file(content, spec)
    with _readable_header():
        pixels = imaging.stored(imaging.read_dataset(content))
    return film_from_array(pixels.values, spec, pixels.padding_mask)


def film_context(model: Model, file: Path) -> str | None:
    """Give the context line of a film as the workstation does: from a DICOM header; a picture tells neither."""
    return context_of(model, content_of(file))


def context_of(model: Model, content: bytes) -> str | None:
    """Give the context line of a film by its file's content, as `film_context` does."""
    from llmcxr_ws.film_facts import read_facts
    from llmcxr_ws.imaging import read_dataset

    if not model.bundle.manifest.context or not is_dicom(content):
        return model.context("", None)
    with _readable_header():
        facts = read_facts(read_dataset(content))
    return model.context(facts.view, facts.patient_age_years)


def is_dicom(content: bytes) -> bool:
    """Tell by its first 132 bytes whether a file is DICOM (PS3.10 7.1)."""
    return content[128:132] == b"DICM"


def content_of(file: Path, most: int = -1) -> bytes:
    """Read a file, or its first `most` bytes; raise EngineFailure where it can't be read."""
    from llmcxr_ws.errors import EngineFailure

    try:
        with file.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise EngineFailure(
            f"{file} can't be read: {error.strerror}.", what_to_do="Check the path."
        ) from error


class SiteReader:
    """Reads films for engine.retrospective as the commands read a single one; each fault is a FilmRefused."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def content(self, file: Path) -> bytes:
        """Read a file."""
        with refusals():
            return content_of(file)

    def film(self, content: bytes) -> Film:
        """Turn a file's content into a film [C, side, side] in [-1, 1]."""
        with refusals():
            return film_of(content, self._model.bundle.preprocessing)

    def context(self, content: bytes) -> str | None:
        """Give the context line of the film's prompts."""
        with refusals():
            return context_of(self._model, content)


@contextmanager
def _readable_header() -> Iterator[None]:
    """Refuse a value whose length doesn't fit its VR, in words of our own: pydicom's quote its bytes."""
    from pydicom.errors import BytesLengthException

    from llmcxr_ws.errors import ImagingError

    try:
        yield
    except BytesLengthException as error:
        raise ImagingError(
            "The DICOM header can't be read: a value has a length that its VR doesn't allow.",
            what_to_do="Ask for the image to be sent again.",
        ) from error


@contextmanager
def refusals() -> Iterator[None]:
    """Make one film's fault, of whatever kind, its own reason: thousands of others wait behind it."""
    from engine.errors import FilmRefused, first_line
    from llmcxr_ws.errors import UserFacingError

    try:
        yield
    except UserFacingError as error:
        raise FilmRefused(str(error)) from error
    except _BROKEN as error:
        raise FilmRefused(
            f"The file can't be read as a film ({type(error).__name__}: {first_line(error)}). Check what was sent."
        ) from error
