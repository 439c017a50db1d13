"""Differences of pixels: absolute (the paper's), squared and of edges (ours, off by default)."""

from torch import Tensor


def pixel_loss(film: Tensor, reconstruction: Tensor, l1: float, l2: float, edges: float) -> Tensor:
    """Weigh mean |d|, mean d^2 and the mean |gradient of d| over width and height, d = difference."""
    difference = reconstruction - film
    total = film.new_zeros(())
    if l1:
        total = total + l1 * difference.abs().mean()
    if l2:
        total = total + l2 * difference.square().mean()
    if edges:
        across, down = difference.diff(dim=-1).abs().mean(), difference.diff(dim=-2).abs().mean()
        total = total + edges * (across + down)
    return total
