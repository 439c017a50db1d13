"""LPIPS: weighted distance of VGG16's inner maps (Zhang et al. 2018), with taming's key names.

So it loads from the `loss.perceptual_loss.` part of an official tokenizer checkpoint, from a file of the same
names, or from torchvision's VGG16 beside the published linear heads. It is never trained here.
"""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import CheckpointError
from engine.state_dict import first_fault
from engine.tensor_pickle import read_tensors

IN_CHECKPOINT = "loss.perceptual_loss."
WIDTHS = (64, 128, 256, 512, 512)
_CONVOLUTIONS = (2, 2, 3, 3, 3)


class ScalingLayer(nn.Module):
    """Turn [-1, 1] into ImageNet's normalised range."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] -> the same shape."""
        return (x - self.shift) / self.scale


class VGG16(nn.Module):
    """VGG16's convolutions in five slices; each child bears the number of its layer in the whole network."""

    def __init__(self) -> None:
        super().__init__()
        number, channels = 0, 3
        for slice_number, (width, convolutions) in enumerate(zip(WIDTHS, _CONVOLUTIONS, strict=True), 1):
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            if slice_number > 1:
                layers[str(number)] = nn.MaxPool2d(2)
                number += 1
            for _ in range(convolutions):
                layers[str(number)] = nn.Conv2d(channels, width, 3, padding=1)
                layers[str(number + 1)] = nn.ReLU()
                number, channels = number + 2, width
            self.add_module(f"slice{slice_number}", nn.Sequential(layers))

    def forward(self, x: Tensor) -> list[Tensor]:
        """[B, 3, H, W] -> the maps after relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3."""
        maps = []
        for part in self.children():
            x = part(x)
            maps.append(x)
        return maps


class LinearHead(nn.Module):
    """One weight for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, 1, H, W]."""
        weighed: Tensor = self.model(x)
        return weighed


class LPIPS(nn.Module):
    """The perceptual distance of two batches of films, frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.scaling_layer = ScalingLayer()
        self.net = VGG16()
        for number, width in enumerate(WIDTHS):
            self.add_module(f"lin{number}", LinearHead(width))
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> "LPIPS":
        """Stay in evaluation mode: the heads' dropout isn't for a frozen distance."""
        super().train(False)
        return self

    def forward(self, film: Tensor, reconstruction: Tensor) -> Tensor:
        """Two batches [B, 1 or 3, H, W] in [-1, 1] -> the mean distance."""
        both = [self.net(self.scaling_layer(x.expand(-1, 3, -1, -1))) for x in (film, reconstruction)]
        total = film.new_zeros(())
        for number, (wanted, got) in enumerate(zip(*both, strict=True)):
            head = self.get_submodule(f"lin{number}")
            total = total + head((_unit(wanted) - _unit(got)).square()).mean()
        return total


def load_lpips(files: list[Path]) -> LPIPS:
    """Read the weights from one file or several that complete one another.

    Raises CheckpointError naming the first key that none of them has, or that is misshapen.
    """
    state: dict[str, Tensor] = {}
    for path in files:
        state |= _renamed(read_tensors(path))
    lpips = LPIPS()
    own = {"scaling_layer.shift": lpips.scaling_layer.shift, "scaling_layer.scale": lpips.scaling_layer.scale}
    state = {**own, **state}
    fault = first_fault(lpips, state)
    if fault:
        names = ", ".join(str(path) for path in files)
        raise CheckpointError(
            f"No whole LPIPS in {names}: {fault}. Give an official tokenizer checkpoint, or VGG16's weights and "
            "the linear heads, or switch the term off with lpips_weight 0."
        )
    lpips.load_state_dict(state)
    return lpips


def _renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Keep LPIPS's own keys, and give those of torchvision's VGG16 (`features.N.`) their slice."""
    with torch.device("meta"):
        wanted = list(LPIPS().state_dict())
    named = {}
    for key, tensor in tensors.items():
        own = key.removeprefix(IN_CHECKPOINT)
        if own.startswith("features."):
            own = next((k for k in wanted if k.endswith("." + own.removeprefix("features."))), own)
        if own in wanted:
            named[own] = tensor
    return named


def _unit(maps: Tensor) -> Tensor:
    return maps / (maps.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)
