"""The sizes of a VQ-GAN, free of torch so that manifests and tests can read them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class VQGANConfig:
    """Sizes of the taming VQ-GAN; the defaults are the official f16/1024 ones (72,141,699 parameters).

    `stem` is ours: a stem of s folds s x s pixels into channels before the first convolution and unfolds
    them after the last one, which is about ten times cheaper to train on a CPU. 1 means none.
    """

    resolution: int = 256
    in_channels: int = 3
    out_channels: int = 3
    ch: int = 128
    ch_mult: tuple[int, ...] = (1, 1, 2, 2, 4)
    num_res_blocks: int = 2
    attn_resolutions: tuple[int, ...] = (16,)
    z_channels: int = 256
    embed_dim: int = 256
    n_embed: int = 1024
    beta: float = 0.25
    stem: int = 1

    @property
    def side(self) -> int:
        """Codes along one side of the film: the resolution over all foldings and halvings."""
        return int(self.resolution // (self.stem * 2 ** (len(self.ch_mult) - 1)))

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "VQGANConfig":
        """Read what `to_dict` wrote."""
        tuples = {key: tuple(values[key]) for key in ("ch_mult", "attn_resolutions")}
        return cls(**{**values, **tuples})


OFFICIAL = VQGANConfig()

# Demonstration size (7.2 M parameters): a 4 x 4 stem, three levels, one residual block each.
DEMO = VQGANConfig(
    in_channels=1,
    out_channels=1,
    ch=64,
    ch_mult=(1, 2, 3),
    num_res_blocks=1,
    attn_resolutions=(),
    z_channels=128,
    embed_dim=64,
    stem=4,
)
