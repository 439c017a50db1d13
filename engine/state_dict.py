"""Strict loading of tensors into a network, with the first key that doesn't fit named."""

from collections.abc import Mapping

from torch import Tensor, nn

from engine.errors import CheckpointError


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Copy `state` into `module`; raise CheckpointError naming the first missing, unexpected or misshapen key."""
    fault = first_fault(module, state)
    if fault:
        raise CheckpointError(f"{what} doesn't fit: {fault}. Check that it is the file for this network.")
    module.load_state_dict(dict(state))


def first_fault(module: nn.Module, state: Mapping[str, Tensor]) -> str:
    """Say what the first key is that doesn't fit, or give an empty text."""
    wanted = module.state_dict()
    for key, tensor in wanted.items():
        if key not in state:
            return f"the key {key!r} is missing"
        if not isinstance(state[key], Tensor):
            return f"{key!r} isn't a tensor"
        if state[key].shape != tensor.shape:
            return f"{key!r} has the shape {tuple(state[key].shape)} and should have {tuple(tensor.shape)}"
    stranger = next((key for key in state if key not in wanted), None)
    return "" if stranger is None else f"the key {stranger!r} is unexpected"
