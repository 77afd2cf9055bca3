r"""Attribution patching: what a patch at every site would do, to first order, from one backward pass.

    m(x; s <- s(x'))  -  m(x)    ~    sum over the units of s of   (s(x') - s(x)) * dm/ds                            (1)

The gradient at all sites comes from one run of the model, where a patch takes a run for each. It is exact where the
metric is linear in what is patched, as it is at the last layers but for the final norm, and can be far off where what
is changed is large and passes a bend, as in the first layers. `agreement` holds it against patches.

Source:
    Nanda, Attribution patching: activation patching at industrial scale (2023); Syed, Rager and Conmy, Attribution
    patching outperforms automated circuit discovery, BlackboxNLP 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from aitia.errors import InterventionError
from aitia.nn.sites.intervene import Step, call, check_ready, hooked
from aitia.nn.sites.metrics import Metric
from aitia.nn.sites.operations import Operation
from aitia.nn.sites.sweep import Sweep
from aitia.nn.sites.trace import Trace

__all__ = ["Agreement", "agreement", "attribution"]


class _Watched(Operation):
    """Adds zeros, whose gradient is that of the activations."""

    def __init__(self) -> None:
        self.zeros: Tensor | None = None

    def change(self, now: Tensor, units: int) -> Tensor:
        if self.zeros is not None:
            raise InterventionError("a site runs several times: name the step ([step=0]), or patch without --fast")
        self.zeros = torch.zeros_like(now, requires_grad=True)
        return now + self.zeros


def attribution(model: nn.Module, inputs: Any, sites: Sequence[str] | str, metric: Metric, *, against: Any) -> Trace:
    """What patching each site from another run would do to a metric, to first order (1).

    Args:
        model: Any module in evaluation mode.
        inputs: Of the run that would be patched; tensors have the rows first.
        sites: Where. `*` in a name or an index stands for each module, head, unit or position.
        metric: From the model's output to one number a row, differentiable and of each row by itself.
        against: Inputs of the run to patch from; rows and token lengths as in `inputs`.

    Returns:
        A trace, whose values are the plain metric plus the estimate of its change.

    Raises:
        UnknownVariableError: If a site names no module.
        OptionError: If there is no site, or it is among the weights.
        InterventionError: If a site runs several times, no gradient reaches the metric, or as for `trace`.

    Example:
        >>> torch.manual_seed(0)
        <torch._C.Generator object at 0x...>
        >>> net = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1)).eval()
        >>> found = attribution(net, torch.ones(3, 2), "0[unit=*]", lambda y: y[:, 0], against=torch.zeros(3, 2))
        >>> by_hand = -(net[0].weight.sum(dim=1) * net[1].weight[0])
        >>> np.allclose(found.changes[:, 0], by_hand.detach(), atol=1e-6)
        True
    """
    check_ready(model)
    with torch.no_grad():
        sweep = Sweep(model, inputs, [sites] if isinstance(sites, str) else sites, metric, replay=False)
        other, moved = sweep.moved(against)
    watched = {place.site: _Watched() for place in sweep.places}
    with torch.enable_grad(), hooked(model, [Step(place, watched[place.site]) for place in sweep.places]):
        total = metric(call(model, sweep.inputs)).sum()
    zeros = [operation.zeros for operation in watched.values()]
    given = [x for x in zeros if x is not None]
    if not total.requires_grad:
        raise InterventionError("no gradient of the metric reaches any site: patch without --fast")
    slopes = torch.autograd.grad(total, given, allow_unused=True)
    changes = np.zeros((len(sweep.places), len(sweep.plain)))
    for k, (site, slope) in enumerate(zip(watched, slopes, strict=True)):
        if slope is not None:  # what does not reach the metric changes nothing
            changes[k] = (slope.double() * moved[site].double()).flatten(1).sum(dim=1).cpu().numpy()
    return Trace(tuple(watched), sweep.plain + changes, sweep.plain, other, False)


@dataclass(frozen=True)
class Agreement:
    """How well estimates agree with patches at the same sites.

    Args:
        compared: Sites that were patched too, over all prompts.
        prompts: Pairs of prompts that they are of.
        correlation: Of the two changes, over these sites; NaN where one of them does not vary.
        gap: Mean absolute difference, as a share of the way between the two runs.
    """

    compared: int
    prompts: int
    correlation: float
    gap: float

    def __str__(self) -> str:
        of = "" if self.prompts == 1 else f" of {self.prompts} pairs"
        return (
            f"Fast: effects are estimated by one backward pass. At {self.compared} sites{of} that were patched too, "
            f"the correlation is {self.correlation:.3f} and the mean gap {self.gap:.1%} of the way between the runs."
        )


def agreement(changes: Sequence[tuple[ArrayLike, ArrayLike]], ways: ArrayLike) -> Agreement:
    """How well estimates agree with patches.

    Args:
        changes: For each pair of prompts the estimated and the patched changes, (sites,) each.
        ways: (pairs,) how far the metric is apart in the two runs of each.
    """
    ours, theirs = (np.concatenate([np.asarray(both[k], dtype=np.float64) for both in changes]) for k in (0, 1))
    way = float(np.abs(np.asarray(ways, dtype=np.float64)).mean())
    known = len(ours) > 1 and ours.std() > 0 and theirs.std() > 0
    correlation = float(np.corrcoef(ours, theirs)[0, 1]) if known else float("nan")
    gap = float(np.abs(ours - theirs).mean()) / way if way else float("nan")
    return Agreement(len(ours), len(changes), correlation, gap)
