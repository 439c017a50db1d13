"""The clinical-information-preserving term: a film and its reconstruction must look alike to a classifier.

The paper gives 100 x L2 on the 1024-d features of TorchXRayVision's DenseNet and nothing more; what it leaves
open is a field here. `maps` is ours: a small net's inner maps instead of its pooled features.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from engine.classifier.model import Network, film_values

Compared = Literal["pooled", "maps"]


@dataclass(frozen=True)
class CIPChoices:
    """How features are compared: after the last ReLU or before it, squared or its root, mean or sum of them."""

    compared: Compared = "pooled"
    relu: bool = True
    root: bool = False
    summed: bool = False


class CIPLoss(nn.Module):
    """Compare films by a frozen network: channel mean, x 1024, its own side by antialiased bilinear."""

    def __init__(self, net: Network, choices: CIPChoices | None = None) -> None:
        super().__init__()
        self.net = net.eval().requires_grad_(False)
        self.choices = choices or CIPChoices()

    def train(self, mode: bool = True) -> "CIPLoss":
        """Stay in evaluation mode: the network is a fixed measure."""
        super().train(False)
        return self

    def forward(self, film: Tensor, reconstruction: Tensor) -> Tensor:
        """Two batches [B, C, H, W] in [-1, 1] -> one number."""
        if self.choices.compared == "maps":
            return self._maps(film, reconstruction)
        wanted, got = (
            self.net.pooled(film_values(x), self.choices.relu).float()
            for x in (film.detach(), reconstruction)
        )
        squares = (got - wanted).square()
        each = squares.sum(dim=1) if self.choices.summed else squares.mean(dim=1)
        # The root has no finite slope at 0, which is where a perfect reconstruction lies.
        return ((each + 1e-12).sqrt() if self.choices.root else each).mean()

    def _maps(self, film: Tensor, reconstruction: Tensor) -> Tensor:
        """Mean squared difference of the last two blocks' maps, each over the film's own mean square."""
        total = film.new_zeros(())
        both = (self.net.last_maps(film_values(x)) for x in (film.detach(), reconstruction))
        for wanted, got in zip(*both, strict=True):
            wanted = wanted.detach().float()
            total = total + (got.float() - wanted).square().mean() / (wanted.square().mean() + 1e-6)
        return total
