"""A trace over several workers: each gets the model once, and runs batches of the plan that one process would run.

The numbers of a site depend, in their last digits, on which sites run beside it. So the plan is made once, of all
sites, and every worker makes the same again and runs some of its batches whole: no number depends on who ran it.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from aitia.cluster import workers
from aitia.engine import Engine, Progress, Store
from aitia.nn.sites import Trace, trace
from aitia.nn.sites.metrics import Metric
from aitia.nn.sites.sweep import Sweep

__all__ = ["spread_trace"]


def spread_trace(
    engine: Engine | None,
    model: nn.Module,
    inputs: Any,
    sites: Sequence[str],
    metric: Metric,
    *,
    store: Store | None = None,
    progress: Progress | None = None,
    **how: Any,
) -> Trace:
    """`trace`, whose batches run on the workers of an engine where it has more than one.

    Args:
        engine: Where batches run; None runs them here.
        model: Any module in evaluation mode.
        inputs: Of the run that is intervened on.
        sites: Where.
        metric: What is measured.
        store: Keeps finished sites.
        progress: Told after each part.
        how: Of `trace`: `against` or `operation`, and `batch_size`.

    Raises:
        OptionError: As `trace`, and so are the others.
    """
    if engine is None or workers(engine) < 2:
        return trace(model, inputs, sites, metric, store=store, progress=progress, **how)
    kept: Store = {} if store is None else store
    part = _Part(model, inputs, tuple(sites), metric, dict(how))
    with torch.no_grad():
        left = [group for group in part.plan() if any(name not in kept for name in group)]
    most = 2 * workers(engine)  # so that one whose batches are quick takes over from one whose are not
    parts = [[name for group in left[k::most] for name in group] for k in range(min(most, len(left)))]
    total = sum(map(len, parts))

    def tell(what: str, number: int, of: int) -> None:
        if progress is not None:
            progress("trace", round(total * number / max(of, 1)), total)

    for found in engine.map(part, parts, progress=tell, what="trace"):
        kept.update(found)
    return trace(model, inputs, sites, metric, store=kept, **how)


@dataclass
class _Part:
    """The trace on a worker, of which it runs the sites that it is given; picklable."""

    model: nn.Module
    inputs: Any
    sites: tuple[str, ...]
    metric: Metric
    how: dict[str, Any]

    def plan(self) -> list[list[str]]:
        """The sites that run together, as `Sweep.run` puts them together."""
        sweep = Sweep(self.model, self.inputs, self.sites, self.metric, True)
        batch = self.how.get("batch_size", 64)
        same: set[str] = set()
        if self.how.get("against") is not None:  # where both runs agree nothing runs
            _, moved = sweep.moved(self.how["against"])
            same = {str(site) for site, way in moved.items() if not way.any()}
        places = [place for place in sweep.places if str(place.site) not in same]
        ragged = [] if sweep.ragged is None else [place for place in places if sweep.ragged.takes(place)]
        groups = [] if sweep.ragged is None or not ragged else sweep.ragged.batches(ragged, batch)
        together = {place.site for group in groups for place in group}
        others: dict[tuple[nn.Module, str], list[Any]] = {}
        for place in places:
            if place.site not in together:
                others.setdefault((place.module, place.at), []).append(place)
        return [[str(place.site) for place in group] for group in [*groups, *others.values()]]

    def __call__(self, wanted: Sequence[str]) -> dict[str, list[float]]:
        rows = next(len(value) for value in self.inputs.values() if isinstance(value, torch.Tensor))
        store = _Only(frozenset(wanted), rows)
        trace(self.model, self.inputs, self.sites, self.metric, store=store, **self.how)
        return store.found


@dataclass
class _Only(MutableMapping[str, Any]):
    """A store in which all sites are done but some, and which keeps those."""

    wanted: frozenset[str]
    rows: int
    found: dict[str, list[float]] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return name not in self.wanted or name in self.found

    def __getitem__(self, name: str) -> list[float]:
        return self.found.get(name, [0.0] * self.rows)

    def __setitem__(self, name: str, values: list[float]) -> None:
        if name in self.wanted:
            self.found[name] = values

    def __delitem__(self, name: str) -> None:
        del self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)
