"""A sweep of one intervention over many sites: which layer, position, head or unit carries what the metric sees.

    plain   m(x),   patched at site s   m(x; s <- s(x'))   or under an operation   m(x; s <- o(s(x)))

How it is run in batches is told in `sweep`.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022 (causal tracing);
    Heimersheim and Nanda, How to use and interpret activation patching, 2024.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.table import Kind, Table
from aitia.engine import Progress, Store
from aitia.errors import OptionError
from aitia.nn.sites.intervene import check_ready
from aitia.nn.sites.metrics import Metric
from aitia.nn.sites.site import Site
from aitia.nn.sites.sweep import Sweep

__all__ = ["Trace", "trace"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trace:
    """What each site does to a metric.

    Args:
        sites: Where, one after another.
        values: (sites, rows) the metric under the intervention.
        plain: (rows,) the metric of the run left alone.
        other: (rows,) the metric of the run that patches came from, None where there was none.
        replayed: Whether what comes before a site was computed once.
    """

    sites: tuple[Site, ...]
    values: Values
    plain: Values
    other: Values | None
    replayed: bool

    @property
    def changes(self) -> Values:
        """(sites, rows): how much the intervention changes the metric."""
        return self.values - self.plain

    @property
    def recovered(self) -> Values:
        """(sites,): share of the way from the plain run to the other one, over all rows; NaN without another run."""
        if self.other is None or (way := float((self.other - self.plain).mean())) == 0:
            return np.full(len(self.sites), np.nan)
        return np.asarray(self.changes.mean(axis=1) / way)

    def table(self) -> Table:
        """One row a site: its parts, the mean of the metric, its change and the share recovered."""
        columns: dict[str, Any] = {
            "site": [str(site) for site in self.sites],
            "module": [site.module for site in self.sites],
            "layer": [_layer(site.module) for site in self.sites],
        }
        for axis in ("position", "head", "unit", "channel", "feature", "source"):
            if any(getattr(site, axis) is not None for site in self.sites):
                columns[axis] = [_number(getattr(site, axis)) for site in self.sites]
        numbers = {name: Kind.NUMBER for name in columns if name not in ("site", "module")}
        columns |= {"metric": self.values.mean(axis=1), "change": self.changes.mean(axis=1)}
        columns |= {} if self.other is None else {"recovered": self.recovered}
        kinds = dict.fromkeys(("metric", "change", *(["recovered"] if self.other is not None else [])), Kind.NUMBER)
        return Table.of(columns, kinds={**numbers, **kinds})


def _number(index: Any) -> float:
    return float(index) if isinstance(index, int) else float("nan")


def _layer(module: str) -> float:
    """The first number in the name, which counts the blocks."""
    found = re.search(r"(?:^|\.)(\d+)(?=\.|$)", module)
    return float(found[1]) if found else float("nan")


@torch.no_grad()
def trace(
    model: nn.Module,
    inputs: Any,
    sites: Sequence[str] | str,
    metric: Metric,
    *,
    against: Any = None,
    operation: Any = None,
    batch_size: int = 64,
    replay: bool = True,
    store: Store | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Intervenes at each site in turn and measures.

    Args:
        model: Any module in evaluation mode.
        inputs: Of the run that is intervened on; tensors have the rows first.
        sites: Where. `*` in a name or an index stands for each module, head, unit or position.
        metric: From the model's output to one number a row.
        against: Inputs of another run, from which each site is patched; rows and token lengths as in `inputs`. Where
            the two runs agree bit for bit, as before the first token that differs, nothing needs to be run.
        operation: What is done at each site, in place of a patch: a number, an action or an operation, or a function
            that gives one for each site.
        batch_size: Rows that run at once; it bounds memory and does not change the result beyond rounding.
        replay: Compute what comes before a site once. It keeps the activations of one run beside the sites.
        store: Keeps finished sites, so that a stopped sweep goes on; of this sweep alone.
        progress: Told after each batch.

    Raises:
        UnknownVariableError: If a site names no module.
        OptionError: If there is no site, neither or both of `against` and `operation` are given, or the batch size is
            below 1.
        InterventionError: If prompts differ in token length, the metric is not one finite number a row, or as for
            `intervene`.

    Example:
        >>> torch.manual_seed(0)
        <torch._C.Generator object at 0x...>
        >>> net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)).eval()
        >>> found = trace(net, torch.ones(3, 2), "1[unit=*]", lambda y: y[:, 0], operation=0.0)
        >>> expected = -torch.relu(net[0](torch.ones(2))) * net[2].weight[0]
        >>> np.allclose(found.changes[:, 0], expected.detach(), atol=1e-6)
        True
    """
    if (against is None) == (operation is None):
        raise OptionError("a trace patches from another run (against=...) or does one operation (operation=...)")
    if batch_size < 1:
        raise OptionError(f"batch_size is at least 1, got {batch_size}")
    check_ready(model)
    sweep = Sweep(model, inputs, [sites] if isinstance(sites, str) else sites, metric, replay)
    other = None if against is None else sweep.patch(against)
    if against is None:
        sweep.operate(operation)
    sweep.run(batch_size, store, progress)
    return Trace(tuple(place.site for place in sweep.places), sweep.values, sweep.plain, other, sweep.past is not None)
