"""A trained classifier of films: probabilities by name and features, from one file, whatever its size.

Reads what `llmcxr train classifier` writes and TorchXRayVision's published DenseNets. Films come as the
tokenizer sees them, in [-1, 1]; the network's own range and side are its own affair.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.classifier.densenet import VALUE_RANGE, DenseNet, DenseNetConfig
from engine.classifier.plain import PlainConfig, PlainNet
from engine.classifier.published import load_published, published_labels
from engine.errors import CheckpointError
from engine.state_dict import load_strictly
from engine.train.common import load_checkpoint, save_checkpoint

KIND = "llmcxr-classifier"
BATCH = 16

Films = NDArray[np.float32] | Tensor
Network = DenseNet | PlainNet


@dataclass
class Classifier:
    """A network in evaluation mode with the names of its heads.

    `thresholds` are each head's probability above which it counts as present, chosen on the validation split;
    `facts` is what the training recorded (data, steps, CPU seconds, scores).
    """

    net: Network
    labels: tuple[str, ...]
    thresholds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file of ours or a published one; raise CheckpointError naming what doesn't fit."""
        path = Path(path)
        if not path.is_file():
            raise CheckpointError(
                f"There is no classifier file {path}. Train one with `llmcxr train classifier`."
            )
        if path.suffix != ".safetensors":
            try:
                held = load_checkpoint(path)
            except CheckpointError:
                held = {}  # not a plain dictionary of tensors: the published form
            if isinstance(held, dict) and held.get("kind") == KIND:
                return cls._ours(held, path)
        net = load_published(path)
        return cls(net, published_labels(path, net.config.num_classes))

    def save(self, path: Path) -> None:
        """Write the classifier whole, so that a crash leaves the old file or the new one."""
        state = {
            "kind": KIND,
            "network": "densenet" if isinstance(self.net, DenseNet) else "plain",
            "config": self.net.config.to_dict(),
            "labels": list(self.labels),
            "thresholds": self.thresholds,
            "facts": self.facts,
            "state": {
                key: tensor.detach().cpu().contiguous() for key, tensor in self.net.state_dict().items()
            },
        }
        save_checkpoint(path, state)

    def probabilities(self, films: Films) -> NDArray[np.float32]:
        """Give [N, heads] for films [N, 1 or 3, R, R] in [-1, 1]."""
        return self._batched(films, self.net.probabilities)

    def features(self, films: Films) -> NDArray[np.float32]:
        """Give [N, width] (1024 for DenseNet121), pooled after the last ReLU, for films [N, 1 or 3, R, R]."""
        return self._batched(films, self.net.pooled)

    def column(self, label: str) -> int:
        """Give the column of a head; raise CheckpointError naming the heads there are."""
        if label not in self.labels:
            raise CheckpointError(f"The classifier has no head {label!r}, only {', '.join(self.labels)}.")
        return self.labels.index(label)

    @torch.no_grad()
    def _batched(self, films: Films, call: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
        # torch wants memory that it may write to, which a mapped file isn't.
        tensor = films if isinstance(films, Tensor) else torch.from_numpy(np.array(films, dtype=np.float32))
        parts = [call(film_values(part)).float() for part in torch.split(tensor, BATCH)]
        return np.asarray(torch.cat(parts).cpu().numpy())

    @classmethod
    def _ours(cls, held: dict[str, Any], path: Path) -> Self:
        try:
            net = made_network(held.get("network", "densenet"), held["config"])
            labels, thresholds, facts, state = (
                held[key] for key in ("labels", "thresholds", "facts", "state")
            )
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"The classifier file {path} can't be read: {error!r}.") from error
        load_strictly(net, state, f"The classifier file {path}")
        return cls(net.eval(), tuple(labels), dict(thresholds), dict(facts))


def weights_sha256(net: Network) -> str:
    """Hash a network's weights by name and float32 value, whatever file or device holds them."""
    digest = hashlib.sha256()
    for key, tensor in sorted(net.state_dict().items()):
        if tensor.is_floating_point():  # not the counters of batch norms, which change no output
            digest.update(f"{key} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def film_values(films: Tensor) -> Tensor:
    """Films [B, C, R, R] in [-1, 1] -> [B, 1, R, R] in [-1024, 1024]: the mean over channels."""
    grey = films if films.shape[1] == 1 else films.mean(dim=1, keepdim=True)
    return grey * VALUE_RANGE


def made_network(network: str, config: dict[str, Any]) -> Network:
    """Build a fresh network of either kind from its sizes; raise KeyError or TypeError for wrong ones."""
    if network == "plain":
        return PlainNet(PlainConfig.from_dict(config))
    return DenseNet(DenseNetConfig.from_dict(config))
