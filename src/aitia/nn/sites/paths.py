"""How an effect travels: along a path from senders to receivers, through mediators, or past them.

With m the metric, x and x' two inputs and M(x) what the mediators do on x,

    total      m(x') - m(x)
    direct     m(x', M <- M(x)) - m(x)         the mediators held where they were         (natural direct effect)
    indirect   m(x, M <- M(x')) - m(x)         the mediators alone moved                  (natural indirect effect)

and path patching asks for one path: the senders are changed while everything named `frozen` stays as it was, what
reaches the receivers is kept, and a last run changes the receivers alone to that.

Source:
    Pearl, Direct and indirect effects, UAI 2001; Vig et al., Investigating gender bias in language models using causal
    mediation analysis, NeurIPS 2020; Wang et al., Interpretability in the wild, ICLR 2023 (path patching).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.errors import InterventionError
from aitia.nn.sites.intervene import Recording, record
from aitia.nn.sites.metrics import Metric
from aitia.nn.sites.operations import Patch
from aitia.nn.sites.places import find_places
from aitia.nn.sites.site import Site

__all__ = ["Mediation", "mediation", "path_patch"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mediation:
    """Effects of one input against another, each (rows,). Where mediators do not interact, total = direct + indirect.

    Args:
        total: Of the change of inputs.
        direct: Past the mediators.
        indirect: Through the mediators.
    """

    total: Values
    direct: Values
    indirect: Values


@torch.no_grad()
def mediation(model: nn.Module, inputs: Any, changed: Any, mediators: Iterable[str], metric: Metric) -> Mediation:
    """The effect of changed inputs on a metric, through mediators and past them.

    Args:
        model: Any module in evaluation mode.
        inputs: The usual inputs.
        changed: Inputs of the same shapes.
        mediators: Sites that carry the indirect effect.
        metric: From the model's output to one number a row.

    Raises:
        UnknownVariableError: If a site names no module.
        InterventionError: If the inputs differ in shape, or as for `intervene`.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 2, bias=False), nn.Linear(2, 1, bias=False)).eval()
        >>> with torch.no_grad():
        ...     _ = net[0].weight.copy_(torch.tensor([[2.0], [3.0]])), net[1].weight.copy_(torch.tensor([[5.0, 7.0]]))
        >>> found = mediation(net, torch.zeros(1, 1), torch.ones(1, 1), ["0[unit=1]"], lambda y: y[:, 0])
        >>> found.total.item(), found.direct.item(), found.indirect.item()
        (31.0, 10.0, 21.0)
    """
    sites = list(mediators)
    before, after = record(model, inputs, sites), record(model, changed, sites)
    held = record(model, changed, [], _patches(before)).output
    moved = record(model, inputs, [], _patches(after)).output
    plain, other, direct, indirect = (
        metric(output).double().cpu().numpy() for output in (before.output, after.output, held, moved)
    )
    return Mediation(other - plain, direct - plain, indirect - plain)


@torch.no_grad()
def path_patch(
    model: nn.Module,
    inputs: Any,
    senders: Mapping[str, Any],
    receivers: Iterable[str],
    frozen: Iterable[str],
) -> Any:
    """The output when only the paths from senders to receivers carry a change, with everything frozen in between held.

    Args:
        model: Any module in evaluation mode.
        inputs: Of the run; every other part of it stays.
        senders: Sites and what is done there, such as `{"h.3.attn[head=2]": Patch(other["h.3.attn[head=2]"])}`.
        receivers: Sites, such as `["h.5.mlp[in]"]`; none means the output itself, so that only direct paths count.
        frozen: Sites that keep what they were, such as every attention and perceptron, `["h.*.attn", "h.*.mlp"]`.
            Senders, receivers and the modules that contain a sender are left out of them.

    Raises:
        UnknownVariableError: If a site names no module.
        InterventionError: If a sender is also a receiver, or as for `intervene`.
    """
    starts = {place: action for site, action in senders.items() for place in find_places(model, [site])}
    sending = {place.site: action for place, action in starts.items()}
    around = {module for place in starts for module in place.around}  # held, their outputs would swallow the change
    receiving = [place.site for place in find_places(model, receivers)]
    if both := set(sending) & set(receiving):
        raise InterventionError(f"{min(both)} is a sender and a receiver: a path needs two ends")
    held = [
        place.site
        for place in find_places(model, frozen)
        if place.site not in {*sending, *receiving} and not (place.at == "out" and place.module in around)
    ]
    plain = record(model, inputs, held)
    reached = record(model, inputs, receiving, {**_patches(plain), **sending})
    return record(model, inputs, [], _patches(reached)).output if receiving else reached.output


def _patches(run: Recording) -> dict[Site, Patch]:
    return {site: Patch(value) for site, value in run.items()}
