"""Interventions on weights: do(w[to, source] = u), by running a module once more with other weights.

The module itself is never written to: a shallow copy of it holds the changed weights, and its forward runs on the same
input. What comes out is, bit for bit, what the module with those weights written into it would give.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import InterventionError
from aitia.nn.sites.operations import Operation
from aitia.nn.sites.places import indices
from aitia.nn.sites.site import Site

__all__ = ["ChangedWeights", "oriented"]


class ChangedWeights:
    """A module with other weights on some of its paths.

    Args:
        module: Linear, convolution, embedding, or another module with a `weight`.
        edits: Sites among its weights, and what is done there, in this order.

    Raises:
        InterventionError: If the module has no weights of its own, or they are quantised.
    """

    def __init__(self, module: nn.Module, edits: Sequence[tuple[Site, Operation]]) -> None:
        self._module, self._edits = module, edits
        self._twin: nn.Module | None = None
        self._version = -1
        for site, _ in edits:
            oriented(module, site)

    def forward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the module would give with those weights."""
        version = self._module.weight._version
        if self._twin is None or version != self._version:
            self._twin, self._version = self._changed(), version
        return type(self._module).forward(self._twin, *args, **kwargs)

    def _changed(self) -> nn.Module:
        twin = copy.copy(self._module)
        weight = self._module.weight.detach().clone()  # type: ignore[operator]  # `oriented` found a parameter
        twin.__dict__["_parameters"] = {**self._module._parameters, "weight": nn.Parameter(weight, requires_grad=False)}
        for site, operation in self._edits:
            view = oriented(twin, site)
            rows, columns = (
                torch.tensor(indices(slice(None) if index is None else index, size, what, site, view.shape))
                for index, size, what in ((site.to, view.shape[0], "output"), (site.source, view.shape[1], "input"))
            )
            chosen = (rows[:, None].to(view.device), columns[None].to(view.device))
            view[chosen] = operation.change(view[chosen], 0)
        return twin


def oriented(module: nn.Module, site: object) -> Tensor:
    """The weights of a module as (outputs, inputs, ...), a view.

    Raises:
        InterventionError: If it has none of its own, or they are quantised or grouped.
    """
    weight = module._parameters.get("weight")
    if weight is None or weight.ndim < 2 or "forward" in module.__dict__:
        raise InterventionError(
            f"{site}: {type(module).__name__} has no weights of its own from inputs to outputs: "
            "name a linear layer, convolution or embedding"
        )
    if not weight.is_floating_point():
        raise InterventionError(
            f"{site}: the weights are quantised ({str(weight.dtype).removeprefix('torch.')}) and cannot be edited: "
            "load the model without quantisation"
        )
    if getattr(module, "groups", 1) != 1 and getattr(site, "source", 0) is not None:
        raise InterventionError(f"{site}: a grouped convolution has no path from every input to every output")
    first_axis_is_input = isinstance(module, nn.Embedding) or getattr(module, "transposed", False)
    first_axis_is_input = first_axis_is_input or (hasattr(module, "nf") and hasattr(module, "nx"))  # Conv1D of GPT-2
    data = weight.detach()
    return data.transpose(0, 1) if first_axis_is_input else data
