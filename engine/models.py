"""Models by name: "demo" ships with the package, others were imported into a folder of models.

`open_model` gives the same object for a bundle and an imported model, `open_tokenizer` its film tokenizer
alone. Light to import; torch is loaded only for what needs it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine import bundle as bundles
from engine import imported
from engine.builds import ENVIRONMENT_VARIABLE as BUILDS_VARIABLE
from engine.bundle import Bundle, default_bundle_folder
from engine.errors import BundleError
from engine.imported import ImportedBundle
from engine.preprocess import PreprocessingSpec
from engine.runtime.backend import ImageBackend
from engine.runtime.select import AUTO, default_threads, open_backends, open_imported

if TYPE_CHECKING:
    from engine.model import Model
    from engine.tokenizer.vqgan import VQModel

DEMO = "demo"
_TAKEN = (DEMO, "accepted")
ENVIRONMENT_VARIABLE = "LLMCXR_MODELS"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Tokenizer:
    """A film tokenizer that is ready: what it is called, how films are prepared, and how many codes they get."""

    name: str
    images: ImageBackend
    preprocessing: PreprocessingSpec
    codes: int
    codes_per_image: int


def models_folder(folder: str | Path | None = None) -> Path:
    """Say where named models lie: the folder given, else LLMCXR_MODELS; raise BundleError without either."""
    given = folder or os.environ.get(ENVIRONMENT_VARIABLE)
    if not given:
        raise BundleError(
            f"No folder of models is known. Set {ENVIRONMENT_VARIABLE}, or give the model's folder."
        )
    return Path(given).expanduser()


def builds_folder(folder: str | Path | None = None) -> Path | None:
    """Say where builds lie: the folder given, else LLMCXR_BUILDS; without either none are known."""
    given = folder or os.environ.get(BUILDS_VARIABLE)
    return Path(given).expanduser() if given else None


def checked_name(name: str) -> str:
    """Give a name for a new model back, or raise BundleError where it can't be one."""
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise BundleError(
            f"{name!r} can't be the name of a model. Use up to 64 letters, digits, dots, hyphens and underscores, "
            f"beginning with a letter or digit; {' and '.join(map(repr, _TAKEN))} are taken."
        )
    return name


def names(models: str | Path | None = None) -> tuple[str, ...]:
    """List the models that can be opened by name."""
    folder = models_folder(models)
    found = sorted(path.parent.name for path in folder.glob(f"[!.]*/{imported.MANIFEST}"))
    return (DEMO, *found)


def find_model(model: str | Path | None = None, models: str | Path | None = None) -> Path:
    """Give the folder of a model: "demo" or nothing for the one that ships, a name, or a folder.

    Raises BundleError where there is none.
    """
    if model is None or str(model) == DEMO:
        return default_bundle_folder()
    text = str(model)
    if _NAME.fullmatch(text) and (models or os.environ.get(ENVIRONMENT_VARIABLE)):
        named = models_folder(models) / text
        if named.is_dir():
            return named
        if not Path(text).is_dir():
            raise BundleError(
                f"There is no model {text!r} in {models_folder(models)}; there are "
                f"{', '.join(names(models))}. Import it with `llmcxr model import`, or name a folder."
            )
    return Path(model).expanduser()


def load_package(
    model: str | Path | None = None, models: str | Path | None = None, language_model: bool = True
) -> Bundle | ImportedBundle:
    """Find a model and check every file of it, without loading a network.

    With `language_model` false an imported model's film tokenizer alone is checked. Raises BundleError.
    """
    folder = find_model(model, models)
    if (folder / imported.MANIFEST).is_file():
        return ImportedBundle.load(folder, language_model)
    if not (folder / bundles.MANIFEST).is_file():
        raise BundleError(
            f"There is no model bundle at {folder} and no imported model: it holds neither {bundles.MANIFEST} nor "
            f"{imported.MANIFEST}. Name a folder that does."
        )
    return Bundle.load(folder)


def open_model(
    model: str | Path | None = None,
    models: str | Path | None = None,
    runtime: str = AUTO,
    threads: int | None = None,
    free: bool = False,
    tries: int = 1,
    language_model: bool = True,
    precision: str = AUTO,
    builds: str | Path | None = None,
) -> Model:
    """Open "demo", a model's name, or a folder; `models` is where names are looked up, else LLMCXR_MODELS.

    `builds` is where what `llmcxr model build` made is looked up, else LLMCXR_BUILDS.
    `free` samples as the published code does, a film within `tries` draws. With `language_model` false an imported
    model is opened for its films alone, and needs no language model. Raises EngineError where the model can't be
    opened.
    """
    from engine.model import Model

    package = load_package(model, models, language_model)
    built = builds_folder(builds)
    if isinstance(package, ImportedBundle):
        imported_model = open_imported(package, runtime, threads, language_model, precision, built)
        return Model(package, imported_model, free, tries)
    return Model(package, open_backends(package, runtime, threads, precision, built), free, tries)


def open_tokenizer(
    tokenizer: str | Path, models: str | Path | None = None, threads: int | None = None
) -> Tokenizer:
    """Open a model's film tokenizer alone: "demo", a name, a folder, or a checkpoint file of our training.

    Raises EngineError where it can't be opened.
    """
    if Path(tokenizer).is_file():
        return _from_checkpoint(Path(tokenizer))
    package = load_package(tokenizer, models, language_model=False)
    label = f"{package.manifest.name} {package.manifest.version}"
    if isinstance(package, ImportedBundle):
        from engine.runtime.hf_backend import load_images
        from engine.tokenizer.config import VQGANConfig

        config = VQGANConfig.from_dict(package.manifest.tokenizer.config)
        return Tokenizer(label, load_images(package), package.preprocessing, config.n_embed, config.side**2)
    from engine.runtime.onnx_backend import OnnxImageModel

    images = OnnxImageModel(
        package.path("encoder.onnx"), package.path("decoder.onnx"), threads or default_threads()
    )
    layout = package.manifest.vocabulary
    return Tokenizer(label, images, package.preprocessing, layout.codes, layout.codes_per_image)


def trained_tokenizer(file: Path) -> tuple[VQModel, PreprocessingSpec]:
    """Read a checkpoint of `llmcxr train vqgan` with the preprocessing it was trained on; raise CheckpointError."""
    from engine.train.common import load_checkpoint
    from engine.train.vqgan import load_tokenizer

    network = load_tokenizer(file)
    stated = load_checkpoint(file).get("preprocessing")
    own = PreprocessingSpec(side=network.config.resolution, channels=network.config.in_channels)
    return network, own if stated is None else PreprocessingSpec.from_manifest(stated)


def _from_checkpoint(file: Path) -> Tokenizer:
    from engine.runtime.hf_backend import TorchTokenizer, best_device

    network, spec = trained_tokenizer(file)
    config = network.config
    label = f"{file.name} {bundles.sha256_of(file)[:12]}"
    return Tokenizer(label, TorchTokenizer(network, best_device()), spec, config.n_embed, config.side**2)
