"""Building blocks of the VQ-GAN with the names and arithmetic of taming-transformers.

GroupNorm of 32 groups and eps 1e-6, swish, residual blocks without time embedding, single-head attention
of 1 x 1 convolutions. Nothing here knows the layout of a whole network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def norm(channels: int) -> nn.GroupNorm:
    """Give the group norm used everywhere in the network."""
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResnetBlock(nn.Module):
    """norm-swish-conv twice plus the input; a 1 x 1 `nin_shortcut` where the channel count changes."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm1 = norm(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = norm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        if in_channels != out_channels:
            self.nin_shortcut = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, in, H, W] -> [B, out, H, W]."""
        h = self.conv1(functional.silu(self.norm1(x)))
        h = self.conv2(functional.silu(self.norm2(h)))
        added: Tensor = h + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)
        return added


class AttnBlock(nn.Module):
    """Single-head self-attention over all positions, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm(channels)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> the same shape."""
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2).transpose(1, 2) for layer in (self.q, self.k, self.v))
        weights = torch.softmax(q @ k.transpose(1, 2) * float(x.shape[1]) ** -0.5, dim=-1)
        attended = (weights @ v).transpose(1, 2).reshape(x.shape)
        projected: Tensor = self.proj_out(attended)
        return x + projected


class Downsample(nn.Module):
    """Halve height and width: one zero row and column at right and bottom, then 3 x 3 with stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H/2, W/2]."""
        halved: Tensor = self.conv(functional.pad(x, (0, 1, 0, 1)))
        return halved


class Upsample(nn.Module):
    """Double height and width by nearest neighbour, then 3 x 3."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, 2H, 2W]."""
        doubled: Tensor = self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return doubled


class Level(nn.Module):
    """One resolution: residual blocks, attention after each where the level has it, and a resampler."""

    def __init__(self, block: nn.ModuleList, attn: nn.ModuleList) -> None:
        super().__init__()
        self.block = block
        self.attn = attn
        self.downsample: Downsample | None = None
        self.upsample: Upsample | None = None

    def forward(self, h: Tensor) -> Tensor:
        """Run blocks and attention, then the resampler if there is one."""
        for index, block in enumerate(self.block):
            h = block(h)
            if len(self.attn):
                h = self.attn[index](h)
        if self.downsample is not None:
            h = self.downsample(h)
        if self.upsample is not None:
            h = self.upsample(h)
        return h


class Middle(nn.Module):
    """The bottleneck: residual block, attention, residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels)
        self.attn_1 = AttnBlock(channels)
        self.block_2 = ResnetBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> the same shape."""
        h: Tensor = self.block_2(self.attn_1(self.block_1(x)))
        return h
