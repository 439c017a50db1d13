"""DenseNet of TorchXRayVision's class: the same keys, shapes and arithmetic, at any size.

The defaults are `densenet121-res224-all`: one channel, values in [-1024, 1024], 224 pixels, 1024 features,
18 outputs. It reads no files; see `published` and `model`.
"""

from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

VALUE_RANGE = 1024.0


@dataclass(frozen=True)
class DenseNetConfig:
    """Sizes of a DenseNet; the defaults are DenseNet121 as TorchXRayVision publishes it."""

    growth_rate: int = 32
    block_config: tuple[int, ...] = (6, 12, 24, 16)
    num_init_features: int = 64
    bn_size: int = 4
    drop_rate: float = 0.0
    num_classes: int = 18
    in_channels: int = 1
    side: int = 224

    @property
    def width(self) -> int:
        """Length of the feature vector: each transition halves what the blocks before it have grown."""
        width = self.num_init_features
        for number, layers in enumerate(self.block_config):
            width += layers * self.growth_rate
            if number < len(self.block_config) - 1:
                width //= 2
        return width

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "DenseNetConfig":
        """Read what `to_dict` wrote."""
        return cls(**{**values, "block_config": tuple(values["block_config"])})


class DenseLayer(nn.Sequential):
    """Two norm-relu-convolution steps whose new maps are put behind the ones that came in."""

    def __init__(self, channels: int, config: DenseNetConfig) -> None:
        between = config.bn_size * config.growth_rate
        super().__init__(
            OrderedDict(
                norm1=nn.BatchNorm2d(channels),
                relu1=nn.ReLU(),
                conv1=nn.Conv2d(channels, between, 1, bias=False),
                norm2=nn.BatchNorm2d(between),
                relu2=nn.ReLU(),
                conv2=nn.Conv2d(between, config.growth_rate, 3, padding=1, bias=False),
            )
        )
        self.drop_rate = config.drop_rate

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C + growth, H, W]."""
        new: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        if self.drop_rate > 0:
            new = functional.dropout(new, self.drop_rate, self.training)
        return torch.cat([x, new], dim=1)


class DenseNet(nn.Module):
    """The classifier: `features` is the trunk with its keys, `classifier` the heads, `op_threshs` optional.

    `op_threshs` [heads] are TorchXRayVision's operating points, each mapped to 0.5; None leaves logits alone.
    """

    op_threshs: Tensor | None

    def __init__(self, config: DenseNetConfig | None = None, op_threshs: Tensor | None = None) -> None:
        super().__init__()
        self.config = config = config or DenseNetConfig()
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(config.in_channels, config.num_init_features, 7, stride=2, padding=3, bias=False),
            norm0=nn.BatchNorm2d(config.num_init_features),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, stride=2, padding=1),
        )
        channels = config.num_init_features
        for number, layers in enumerate(config.block_config, start=1):
            parts[f"denseblock{number}"] = _block(channels, layers, config)
            channels += layers * config.growth_rate
            if number < len(config.block_config):
                parts[f"transition{number}"] = _transition(channels)
                channels //= 2
        parts["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(parts)
        self.classifier = nn.Linear(channels, config.num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.classifier.bias)
        # Not part of the state dict, as in the published files.
        self.register_buffer("op_threshs", op_threshs, persistent=False)

    def sized(self, x: Tensor) -> Tensor:
        """Resize [B, 1, H, H] to the network's side by antialiased bilinear interpolation, as XRV does."""
        side = self.config.side
        if x.shape[-2:] == (side, side):
            return x
        return functional.interpolate(x, size=(side, side), mode="bilinear", antialias=True)

    def pooled(self, x: Tensor, relu: bool = True) -> Tensor:
        """Values in [-1024, 1024] [B, 1, H, H] -> features [B, width], with or without the last ReLU."""
        maps: Tensor = self.features(self.sized(x))
        return (functional.relu(maps) if relu else maps).mean(dim=(2, 3))

    def last_maps(self, x: Tensor) -> list[Tensor]:
        """Values in [-1024, 1024] [B, 1, H, H] -> the maps behind the last two blocks, the last after ReLU."""
        h, kept = self.sized(x), []
        for name, part in self.features.named_children():
            h = part(h)
            if name.startswith("transition"):
                kept.append(h)
        return [*kept, functional.relu(h)][-2:]

    def forward(self, x: Tensor) -> Tensor:
        """Values in [-1024, 1024] [B, 1, H, H] -> logits [B, heads]."""
        logits: Tensor = self.classifier(self.pooled(x))
        return logits

    def probabilities(self, x: Tensor) -> Tensor:
        """Give [B, heads] in [0, 1]; with operating points, each head's own one is mapped to 0.5.

        A head whose operating point is NaN says nothing and stays at 0.5.
        """
        chances = self.forward(x).float().sigmoid()
        points = self.op_threshs
        if points is None:
            return chances
        below, above = chances / (2 * points), 1 - (1 - chances) / (2 * (1 - points))
        return torch.where(points.isnan(), 0.5, torch.where(chances < points, below, above))


def _block(channels: int, layers: int, config: DenseNetConfig) -> nn.Sequential:
    grown = [DenseLayer(channels + i * config.growth_rate, config) for i in range(layers)]
    return nn.Sequential(OrderedDict((f"denselayer{i}", layer) for i, layer in enumerate(grown, start=1)))


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, stride=2),
        )
    )
