"""Langevin steps, and draws that are kept and walked on with."""

from collections.abc import Callable

import torch
from torch import Tensor

from aitia.systems.gedi.config import GediConfig
from aitia.systems.gedi.network import Network

__all__ = ["langevin", "replayed"]


def langevin(
    score: Callable[[Tensor], Tensor],
    x: Tensor,
    steps: int,
    stepping: tuple[float, float],
    box: tuple[Tensor, Tensor],
    *,
    generator: torch.Generator | None = None,
    free: Tensor | None = None,
    settle: bool = False,
) -> Tensor:
    """(2): uphill in `score` with noise, inside a box.

    Args:
        score: From rows to (n,); its gradient is followed.
        x: Where to begin, (n, ...).
        steps: How many.
        stepping: a and s. At s^2 = a these would be draws from exp(score); with less they are drawn to its hills.
        box: The least that a number may be, and the most.
        generator: Of the noise; None takes torch's.
        free: Of the shape of x, what may move; None says all.
        settle: Whether a falls evenly to a twentieth, and s with its root, so that what is drawn comes to rest.
    """
    start, (step, noise), (low, high) = x, stepping, box
    for number in range(steps):
        part = 1 - 0.95 * number / max(steps - 1, 1) if settle else 1.0
        x = x.detach().requires_grad_(True)
        with torch.enable_grad():
            (uphill,) = torch.autograd.grad(score(x).sum(), x)
        grain = torch.randn(x.shape, generator=generator, device=None if generator else x.device).to(x)
        x = torch.minimum(torch.maximum(x.detach() + part * step / 2 * uphill + part**0.5 * noise * grain, low), high)
        if free is not None:
            x = torch.where(free, x, start)
    return x.detach()


def replayed(net: Network, config: GediConfig, n: int) -> Tensor:
    """n draws: those of the buffer, of which some begin anew, a few steps further; the buffer takes them up."""
    picked = torch.randint(len(net.replay), (n,), device=net.replay.device)
    x = net.replay[picked]
    anew = torch.rand(n, device=x.device) < config.restart
    x = torch.where(anew.reshape(-1, *[1] * (x.ndim - 1)), net.noise(n), x)
    x = langevin(net.log_density, x, config.walk, net.stepping, (net.low, net.high))
    net.replay[picked] = x
    return x
