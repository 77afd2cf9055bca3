"""Views of a row that show the same thing: turned, moved, scaled, lit otherwise, with grain; numbers with noise.

What a view may change is what a cluster must not tell: the choice is an assumption, and the report lists it.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from aitia.systems.gedi.config import GediConfig

__all__ = ["told", "viewed"]


def viewed(x: Tensor, config: GediConfig) -> Tensor:
    """One view of each row, (n, ...) as x, each with changes of its own from torch's generator."""
    if x.ndim == 2:
        return x + config.grain * torch.randn_like(x)
    n, _, height, width = x.shape

    def spread(most: float) -> Tensor:
        return (2 * torch.rand(n, device=x.device) - 1) * most

    turn, zoom = spread(math.radians(config.turn)), 1 + spread(config.zoom)
    across = torch.ones(n, device=x.device)
    if config.flip:
        across = torch.where(torch.rand(n, device=x.device) < 0.5, -1.0, 1.0)
    cos, sin, ratio = torch.cos(turn) * zoom, torch.sin(turn) * zoom, height / width
    # A shift is told as a share of the side, which is 2 long in the units of the grid.
    rows = [
        torch.stack([cos * across, -sin * ratio, 2 * spread(config.shift)], 1),
        torch.stack([sin * across / ratio, cos, 2 * spread(config.shift)], 1),
    ]
    grid = affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    moved = grid_sample(x, grid, padding_mode="border", align_corners=False)
    lit = (moved + 1) * (1 + spread(config.light))[:, None, None, None] - 1
    return (lit + config.grain * torch.randn_like(lit)).clamp(-1, 1)


def told(config: GediConfig, picture: bool) -> str:
    """What is assumed to leave the cluster of a row as it is, in one sentence."""
    if not picture:
        return f"Taken to leave the cluster as it is: noise of {config.grain:g} standard deviations in every number."
    mirrored = ", mirrored" if config.flip else ""
    return (
        f"Taken to leave the cluster as it is: turned by up to {config.turn:g} degrees, sizes within "
        f"{config.zoom:.0%}, shifts of {config.shift:.0%} of the side, brightness within {config.light:.0%}, grain of "
        f"{config.grain / 2:.1%} of white{mirrored}."
    )
