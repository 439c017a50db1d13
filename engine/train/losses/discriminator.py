"""The adversarial term: a patch discriminator with taming's keys, hinge losses and the adaptive weight."""

import torch
from torch import Tensor, nn
from torch.nn import functional

IN_CHECKPOINT = "loss.discriminator."
_MOST = 1e4


class Discriminator(nn.Module):
    """The BatchNorm patch discriminator: `layers` halvings, then two 4 x 4 convolutions to one map.

    With 3 layers and 64 channels these are the 22 tensors of the published checkpoints.
    """

    def __init__(self, in_channels: int = 3, width: int = 64, layers: int = 3) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        channels = width
        for number in range(1, layers + 1):
            wider = width * min(2**number, 8)
            stride = 2 if number < layers else 1
            parts += [
                nn.Conv2d(channels, wider, 4, stride, 1, bias=False),
                nn.BatchNorm2d(wider),
                nn.LeakyReLU(0.2),
            ]
            channels = wider
        parts.append(nn.Conv2d(channels, 1, 4, 1, 1))
        self.main = nn.Sequential(*parts)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)

    def forward(self, film: Tensor) -> Tensor:
        """[B, C, H, W] -> a map of logits [B, 1, h, w], high for real."""
        logits: Tensor = self.main(film)
        return logits


def generator_loss(logits_fake: Tensor) -> Tensor:
    """Minus the mean logit of the reconstructions."""
    return -logits_fake.mean()


def hinge_loss(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Half the mean hinge of real ones below 1 and half that of reconstructions above -1."""
    return 0.5 * (functional.relu(1.0 - logits_real).mean() + functional.relu(1.0 + logits_fake).mean())


def adaptive_weight(reconstruction_loss: Tensor, adversarial_loss: Tensor, last: Tensor) -> Tensor:
    """Give |gradient of the first| / (|gradient of the second| + 1e-4) at `last`, at most 1e4, detached.

    `last` is the weight of decoder.conv_out; disc_weight is multiplied by the caller.
    """
    (wanted,) = torch.autograd.grad(reconstruction_loss, last, retain_graph=True)
    (given,) = torch.autograd.grad(adversarial_loss, last, retain_graph=True)
    weight: Tensor = (wanted.norm() / (given.norm() + 1e-4)).clamp(0.0, _MOST).detach()
    return weight
