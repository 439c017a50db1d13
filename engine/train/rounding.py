"""Rounding of weights to half precision before anything is measured with them.

The bundle stores float16 weights; training the language model on codes of the rounded tokenizer, and
measuring the rounded networks, makes what was measured the same as what ships.
"""

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


@torch.no_grad()
def round_to_half(network: Network) -> Network:
    """Round every parameter to the nearest float16 value in place, keeping float32 storage."""
    for parameter in network.parameters():
        parameter.copy_(parameter.to(torch.float16).to(parameter.dtype))
    return network
