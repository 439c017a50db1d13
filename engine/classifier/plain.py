"""A plain strided convolution stack: a few times cheaper on a CPU than a DenseNet, for teachers and features.

It answers to the same calls as `DenseNet`, so that a classifier file may hold either.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from engine.classifier.densenet import VALUE_RANGE


@dataclass(frozen=True)
class PlainConfig:
    """Sizes: four stages of `base`, 2, 3 and 4 times `base` channels on films of `side` pixels."""

    base: int = 32
    num_classes: int = 18
    side: int = 128

    @property
    def width(self) -> int:
        """Length of the feature vector."""
        return 4 * self.base

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PlainConfig":
        """Read what `to_dict` wrote."""
        return cls(**values)


class PlainNet(nn.Module):
    """Four stages, each a strided and a plain 3 x 3 convolution with batch norms, then a mean and a linear."""

    def __init__(self, config: PlainConfig) -> None:
        super().__init__()
        self.config = config
        widths = [1, *(config.base * factor for factor in (1, 2, 3, 4))]
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.Conv2d(after, after, 3, padding=1),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            )
            for before, after in pairwise(widths)
        )
        self.classifier = nn.Linear(widths[-1], config.num_classes)

    def last_maps(self, x: Tensor) -> list[Tensor]:
        """Values in [-1024, 1024] [B, 1, H, H] -> the maps of the last two stages."""
        h = functional.adaptive_avg_pool2d(x / VALUE_RANGE, self.config.side)
        maps = []
        for stage in self.stages:
            h = stage(h)
            maps.append(h)
        return maps[-2:]

    def pooled(self, x: Tensor, relu: bool = True) -> Tensor:
        """Values in [-1024, 1024] [B, 1, H, H] -> features [B, width]; its last layer is a ReLU either way."""
        return self.last_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Values in [-1024, 1024] [B, 1, H, H] -> logits [B, heads]."""
        logits: Tensor = self.classifier(self.pooled(x))
        return logits

    def probabilities(self, x: Tensor) -> Tensor:
        """Give [B, heads] in [0, 1]."""
        return self.forward(x).float().sigmoid()
