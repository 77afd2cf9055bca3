"""Distances between samples that a network can be trained by, for many pairs of sets at once.

    SW2^2(x, y) = mean over directions t of W2^2(t'x, t'y)                                                          (1)
    MMD^2(x, y) = E k(x, x') + E k(y, y') - 2 E k(x, y),   unbiased                                                 (2)
    S(x, y)     = OT_e(x, y) - (OT_e(x, x) + OT_e(y, y)) / 2,   OT_e = min_P <P, ‖x - y‖²> + e KL(P ‖ uniform)     (3)

Each takes x (..., n, d) and y (..., m, d) and gives (...). (1) sorts all sets and directions in one call. In one
dimension the best coupling pairs quantiles, and quantile functions of samples are steps: for n other than m the steps
are merged, which is exact and needs no interpolation. (1) of two samples of one distribution is not zero, but of order
1/n: compare it with that of two fresh samples.

Sources:
    Bonneel, Rabin, Peyré and Pfister, Sliced and Radon Wasserstein barycenters of measures, 2015.
    Gretton, Borgwardt, Rasch, Schölkopf and Smola, A kernel two-sample test, JMLR 2012.
    Feydy, Séjourné, Vialard, Amari, Trouvé and Peyré, Interpolating between optimal transport and MMD using Sinkhorn
    divergences, AISTATS 2019 (the symmetric updates and the annealing).
"""

import math

import numpy as np
import torch
from torch import Tensor

from aitia.errors import DataError, OptionError

__all__ = ["directions", "mmd2", "sinkhorn_divergence", "sliced_w2"]


def directions(count: int, size: int, generator: torch.Generator | None = None) -> Tensor:
    """Directions uniform on the sphere, (count, size).

    Raises:
        OptionError: If a number is not positive.
    """
    if count < 1 or size < 1:
        raise OptionError(f"directions are 1 or more in 1 dimension or more, got {count} in {size}")
    drawn = torch.randn(count, size, generator=generator)
    return drawn / drawn.square().sum(1, keepdim=True).sqrt()


def sliced_w2(x: Tensor, y: Tensor, along: Tensor) -> Tensor:
    """The squared sliced distance (1), in squared units of the data.

    Args:
        x: (..., n, d).
        y: (..., m, d), with leading axes that broadcast.
        along: Directions, (count, d).

    Raises:
        DataError: If the numbers of columns differ, or a set is empty.

    Example:
        >>> x = torch.randn(200, 3)
        >>> bool(torch.allclose(sliced_w2(x, x + 2.0, torch.eye(3)), torch.tensor(4.0)))
        True
    """
    _check(x, y)
    a, b = (_sorted(along @ side.transpose(-1, -2)) for side in (x, y))
    n, m = a.shape[-1], b.shape[-1]
    if n == m:
        return (a - b).square().mean((-1, -2))
    i, j, weight = _steps(n, m)
    return ((a[..., i] - b[..., j]).square() @ weight.to(a)).mean(-1)


def _sorted(values: Tensor) -> Tensor:
    """Along the last axis; by numpy where no gradient is asked for, which is several times faster on a CPU."""
    if values.requires_grad or values.device.type != "cpu":
        return values.sort(dim=-1).values
    return torch.from_numpy(np.sort(values.detach().numpy(), axis=-1))


def _steps(n: int, m: int) -> tuple[Tensor, Tensor, Tensor]:
    """Between which quantiles the mass goes, and how much: the merged steps of n and m equal parts."""
    whole = n * m  # in units of 1 / (n m) all ends of steps are whole numbers
    ends = torch.unique(torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]))
    begins = torch.cat([ends.new_zeros(1), ends[:-1]])
    return begins // m, begins // n, (ends - begins).double() / whole


def mmd2(x: Tensor, y: Tensor, bandwidth: float | None = None) -> Tensor:
    """The unbiased squared discrepancy (2) under exp(-‖a - b‖² / 2 bandwidth²).

    Args:
        x: (..., n, d), n of 2 or more.
        y: (..., m, d).
        bandwidth: None takes the median distance between x and y, of each pair of sets, without a gradient.

    Raises:
        DataError: If the numbers of columns differ, or a set has less than two points.
    """
    _check(x, y, least=2)
    between = _squares(x, y)
    if bandwidth is None:
        median = between.detach().flatten(-2).median(dim=-1).values.clamp(min=1e-12)
    else:
        median = between.new_full(between.shape[:-2], bandwidth**2)
    scale = -0.5 / median[..., None, None]
    n, m = x.shape[-2], y.shape[-2]
    within = [
        ((_squares(side, side) * scale).exp().sum((-1, -2)) - count) / (count * (count - 1))
        for side, count in ((x, n), (y, m))
    ]
    return within[0] + within[1] - 2 * (between * scale).exp().mean((-1, -2))


def sinkhorn_divergence(x: Tensor, y: Tensor, blur: float = 0.1, scaling: float = 0.9, last: int = 20) -> Tensor:
    """The debiased divergence (3), in squared units of the data; near W2^2 for a small blur.

    Args:
        x: (..., n, d).
        y: (..., m, d).
        blur: Root of e, in the unit of the data: what is closer than that is not told apart.
        scaling: By which the blur falls at a step, from the size of the data down.
        last: Steps at the last blur.

    Raises:
        DataError: If the numbers of columns differ, or a set is empty.
        OptionError: If the blur is not positive or the scaling not between 0 and 1.
    """
    _check(x, y)
    if not blur > 0 or not 0 < scaling < 1 or last < 1:
        raise OptionError(
            f"blur is positive, scaling between 0 and 1 and last at least 1, got {blur}, {scaling}, {last}"
        )
    return _entropic(x, y, blur, scaling, last) - 0.5 * (
        _entropic(x, x, blur, scaling, last) + _entropic(y, y, blur, scaling, last)
    )


def _entropic(x: Tensor, y: Tensor, blur: float, scaling: float, last: int) -> Tensor:
    """OT_e by its dual. The potentials take no gradient: at the optimum they need none (envelope theorem)."""
    cost = _squares(x, y)
    log_n, log_m = math.log(x.shape[-2]), math.log(y.shape[-2])
    with torch.no_grad():
        still = cost.detach()
        size = max(float(still.max()) ** 0.5, blur)
        blurs = [size * scaling**k for k in range(int(math.log(blur / size) / math.log(scaling)) + 1)]
        f, g = still.new_zeros(still.shape[:-1]), still.new_zeros((*still.shape[:-2], still.shape[-1]))
        for width in [*blurs, *[blur] * last]:
            e = width**2
            new_f = -e * (((g[..., None, :] - still) / e).logsumexp(-1) - log_m)
            new_g = -e * (((f[..., :, None] - still) / e).logsumexp(-2) - log_n)
            f, g = 0.5 * (f + new_f), 0.5 * (g + new_g)
    e = blur**2
    plan = ((f[..., :, None] + g[..., None, :] - cost.detach()) / e - log_n - log_m).exp()
    value = f.mean(-1) + g.mean(-1) - e * (plan.sum((-1, -2)) - 1)
    return value + (plan * (cost - cost.detach())).sum((-1, -2))


def _squares(x: Tensor, y: Tensor) -> Tensor:
    """(..., n, m) squared distances, from differences: inner products cancel around a far mean."""
    return (x[..., :, None, :] - y[..., None, :, :]).square().sum(-1)


def _check(x: Tensor, y: Tensor, least: int = 1) -> None:
    if x.shape[-1] != y.shape[-1]:
        raise DataError(f"one set has {x.shape[-1]} columns and the other {y.shape[-1]}: both need the same")
    if min(x.shape[-2], y.shape[-2]) < least:
        raise DataError(f"sets have {x.shape[-2]} and {y.shape[-2]} points: this distance needs {least} or more")
