"""The VQ-GAN: encoder, quantiser and decoder with the state-dict keys of taming-transformers.

The official f16/1024 configuration gives exactly the 343 tensors of the published checkpoints without their
`loss.` part. No attribute is called `code`: that name breaks torch's exporter.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.layers import AttnBlock, Downsample, Level, Middle, ResnetBlock, Upsample, norm


class Encoder(nn.Module):
    """Film to latent grid: [B, C, R, R] -> [B, z_channels, side, side]."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.stem = config.stem
        widths = [config.ch * mult for mult in config.ch_mult]
        resolution = config.resolution // config.stem
        self.conv_in = nn.Conv2d(config.in_channels * config.stem**2, config.ch, 3, padding=1)
        self.down = nn.ModuleList()
        channels = config.ch
        for number, width in enumerate(widths):
            level = _level(channels, width, config.num_res_blocks, resolution in config.attn_resolutions)
            channels = width
            if number < len(widths) - 1:
                level.downsample = Downsample(channels)
                resolution //= 2
            self.down.append(level)
        self.mid = Middle(channels)
        self.norm_out = norm(channels)
        self.conv_out = nn.Conv2d(channels, config.z_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Encode a film in [-1, 1]."""
        h = self.conv_in(functional.pixel_unshuffle(x, self.stem) if self.stem > 1 else x)
        for level in self.down:
            h = level(h)
        h = self.conv_out(functional.silu(self.norm_out(self.mid(h))))
        return h  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """Latent grid to film: [B, z_channels, side, side] -> [B, C, R, R], not clamped."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.stem = config.stem
        widths = [config.ch * mult for mult in config.ch_mult]
        resolution = config.side
        channels = widths[-1]
        self.conv_in = nn.Conv2d(config.z_channels, channels, 3, padding=1)
        self.mid = Middle(channels)
        levels: list[Level] = []
        for number, width in reversed(list(enumerate(widths))):
            level = _level(channels, width, config.num_res_blocks + 1, resolution in config.attn_resolutions)
            channels = width
            if number > 0:
                level.upsample = Upsample(channels)
                resolution *= 2
            levels.append(level)
        # Stored with the highest resolution first, run from the last to the first.
        self.up = nn.ModuleList(reversed(levels))
        self.norm_out = norm(channels)
        self.conv_out = nn.Conv2d(channels, config.out_channels * config.stem**2, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Decode a latent grid."""
        h = self.mid(self.conv_in(z))
        for number in reversed(range(len(self.up))):
            h = self.up[number](h)
        h = self.conv_out(functional.silu(self.norm_out(h)))
        return functional.pixel_shuffle(h, self.stem) if self.stem > 1 else h


class Quantized(NamedTuple):
    """What the quantiser gives: latents with straight-through gradient, its loss, the indices [B, side^2]."""

    z: Tensor
    loss: Tensor
    indices: Tensor


class Quantizer(nn.Module):
    """Nearest neighbour in the codebook by squared distance."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.beta = config.beta
        self.embedding = nn.Embedding(config.n_embed, config.embed_dim)
        nn.init.uniform_(self.embedding.weight, -1.0 / config.n_embed, 1.0 / config.n_embed)

    def nearest(self, z: Tensor) -> Tensor:
        """[B, C, H, W] -> indices [B, H*W] in raster order; distances in float32 whatever the input."""
        flat = z.float().permute(0, 2, 3, 1).flatten(1, 2)
        book = self.embedding.weight.float()
        # |z|^2 is the same for every entry of the codebook and left out.
        distances = book.square().sum(dim=1) - 2.0 * flat @ book.t()
        return distances.argmin(dim=-1)

    def forward(self, z: Tensor) -> Quantized:
        """Quantise with the legacy loss of taming: beta weighs the codebook term, not the commitment."""
        indices = self.nearest(z)
        batch, _, height, width = z.shape
        z_q = self.embedding(indices).reshape(batch, height, width, -1).permute(0, 3, 1, 2)
        z = z.float()
        loss = (z_q.detach() - z).square().mean() + self.beta * (z_q - z.detach()).square().mean()
        return Quantized(z + (z_q - z).detach(), loss, indices)


class VQModel(nn.Module):
    """The whole tokenizer: films [B, C, R, R] in [-1, 1] to code indices [B, side^2] and back."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantize = Quantizer(config)
        self.quant_conv = nn.Conv2d(config.z_channels, config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.z_channels, 1)

    def latent(self, film: Tensor) -> Tensor:
        """Give the latents before quantisation [B, embed_dim, side, side]."""
        return self.quant_conv(self.encoder(film))  # type: ignore[no-any-return]

    def decode_latent(self, z: Tensor) -> Tensor:
        """Decode (quantised) latents; not clamped."""
        return self.decoder(self.post_quant_conv(z))  # type: ignore[no-any-return]

    def forward(self, film: Tensor) -> tuple[Tensor, Quantized]:
        """Give the reconstruction and what the quantiser returned."""
        quantized = self.quantize(self.latent(film))
        return self.decode_latent(quantized.z), quantized

    @torch.no_grad()
    def encode(self, film: Tensor) -> Tensor:
        """Give the code indices [B, side^2], row by row."""
        return self.quantize.nearest(self.latent(film))

    @torch.no_grad()
    def decode(self, indices: Tensor) -> Tensor:
        """Give films clamped to [-1, 1] for code indices [B, side^2]."""
        side = self.config.side
        z_q = self.quantize.embedding(indices).reshape(len(indices), side, side, -1).permute(0, 3, 1, 2)
        return self.decode_latent(z_q).clamp(-1.0, 1.0)


def _level(channels: int, width: int, blocks: int, attention: bool) -> Level:
    block = nn.ModuleList([ResnetBlock(channels if i == 0 else width, width) for i in range(blocks)])
    attn = nn.ModuleList([AttnBlock(width) for _ in range(blocks)] if attention else [])
    return Level(block, attn)
