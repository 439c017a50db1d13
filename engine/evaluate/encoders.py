"""Encoders of films for the Fréchet distance, from local files: Inception, and a DenseNet of chest films.

Inception is the TorchScript file `inception-2015-12-05.pt` that NVIDIA published with StyleGAN's metrics (the
2015 network of the first FID, 2,048 features); it scales films to 299 pixels itself. The chest encoder is
any file that `engine.classifier` reads, so TorchXRayVision's published DenseNets too. Nothing is downloaded,
and a missing file gives no encoder.
"""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CheckpointError

INCEPTION = "FID, Inception"
CXR = "FID, CXR encoder"
INCEPTION_FILE = "inception-2015-12-05.pt"
_BATCH = 16

Films = NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """Something that turns films [N, 1, R, R] in [-1, 1] into features [N, D], and what must be told of it."""

    name: str
    how: str
    features: Callable[[Films], NDArray[np.float64]]
    facts: dict[str, Any] = field(default_factory=dict)


def inception_encoder(path: str | Path) -> Encoder:
    """Open the published TorchScript Inception; raise CheckpointError where the file is missing or another one."""
    import torch

    path = _file(path, f"Inception's TorchScript file ({INCEPTION_FILE})")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the published file is TorchScript
            net = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} isn't a TorchScript file: {str(error).splitlines()[0]}.") from error

    @torch.no_grad()
    def features(films: Films) -> NDArray[np.float64]:
        # As the published metric takes them: three equal channels of 8 bits.
        grey = np.clip(np.round((np.asarray(films) + 1.0) * 127.5), 0, 255).astype(np.uint8)
        parts = []
        for start in range(0, len(grey), _BATCH):
            part = torch.from_numpy(grey[start : start + _BATCH]).repeat(1, 3, 1, 1)
            try:
                given = net(part, return_features=True)
            except RuntimeError as error:
                raise CheckpointError(
                    f"{path} doesn't give features for films of 8 bits; it isn't {INCEPTION_FILE}."
                ) from error
            parts.append(given.double().numpy())
        return np.concatenate(parts)

    how = f"Inception v3 (2015) from {path.name}, 8-bit grey as three channels, scaled by the file itself"
    return Encoder(INCEPTION, how, features, {"file": path.name, "sha256": _sha256(path)})


def cxr_encoder(path: str | Path) -> Encoder:
    """Open a DenseNet of chest films; raise CheckpointError where the file is missing or doesn't fit."""
    from engine.classifier.model import Classifier

    path = _file(path, "a chest film classifier (TorchXRayVision's or our own)")
    classifier = Classifier.load(path)

    def features(films: Films) -> NDArray[np.float64]:
        return np.asarray(classifier.features(films), dtype=np.float64)

    how = f"DenseNet from {path.name}, one channel in [-1024, 1024], its own side, pooled after the last ReLU"
    return Encoder(CXR, how, features, {"file": path.name, "sha256": _sha256(path)})


def _file(path: str | Path, what: str) -> Path:
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}: {what} must be put there by hand.")
    return path


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
