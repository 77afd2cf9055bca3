"""One intervention at many sites of a model, in batches: the machine behind `trace`.

Inside the blocks of a causal transformer all runs go through a block together, each from its own token on (`ragged`).
Elsewhere sites of one module run side by side as copies of the rows, and what comes before the module is replayed from
the plain run (`replay`). So a sweep costs less than the sum of its runs. A check at the start adds noise to one copy of
the rows and looks whether another one still measures as in the plain run; where it does not, whole models run, and
where rows do not stay apart (a metric that mixes them), one site at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.engine import Progress, Store
from aitia.errors import InterventionError, OptionError
from aitia.nn.sites.intervene import Recording, Step, call, hooked
from aitia.nn.sites.metrics import Metric, measured
from aitia.nn.sites.operations import Noise, Operation, Patch, as_operation
from aitia.nn.sites.places import Place, argument_names, find_places, get_part
from aitia.nn.sites.ragged import Ragged
from aitia.nn.sites.replay import Replay, repeat_rows
from aitia.nn.sites.site import Site
from aitia.nn.sites.windows import WindowReader, readers_around

__all__ = ["Sweep"]

Values = NDArray[np.float64]


class Sweep:
    """The plain run of a model, and what is to be done where.

    Args:
        model: Any module in evaluation mode.
        inputs: Of the run that is intervened on.
        sites: Where; `*` is spread out.
        metric: What is measured.
        replay: Whether what comes before a site is computed once.

    Attributes:
        inputs: Of the run, as it is run.
        places: Every place, in order.
        plain: (rows,) the metric of the run left alone.
        past: The run to replay; None where whole models run.
        ragged: Runs of a causal transformer; None where it is none.

    Raises:
        OptionError: If there is no site.
        InterventionError: If the inputs have no tensor, or the metric is not one finite number a row.
    """

    def __init__(self, model: nn.Module, inputs: Any, sites: Sequence[str], metric: Metric, replay: bool) -> None:
        self._model, self._metric = model, metric
        self.inputs = _prepared(model, inputs, metric)
        self._rows = _rows(self.inputs)
        wanted = find_places(model, sites)
        if not wanted:
            raise OptionError("a trace needs at least one site, such as 'transformer.h.*[position=*]'")
        self.places, output, self.past = _plain_run(model, self.inputs, self._rows, wanted, replay)
        self.plain = measured(metric, output, self._rows, "in the plain run")
        self.ragged = Ragged.of(model, self.inputs, self._rows, metric, self.plain, self.places) if replay else None
        self._done: dict[Site, Operation] = {}
        self._found: dict[Site, list[float]] = {}

    @property
    def values(self) -> Values:
        """(sites, rows) the metric under the intervention, once all have run."""
        return np.array([self._found[place.site] for place in self.places])

    def operate(self, operation: Any) -> None:
        """Does one operation at each site: a number, an action, an operation, or a function of the site."""
        chosen_by = operation if callable(operation) else lambda _: operation
        self._done = {p.site: as_operation(chosen_by(p.site), p.site) for p in self.places}

    def patch(self, against: Any) -> Values:
        """Patches each site from another run; returns the metric of that, (rows,).

        Where the two runs agree bit for bit nothing needs to be run.
        """
        other, source, own = self._both(against)
        self._done = {site: Patch(value) for site, value in source.items()}
        self._found = {s: self.plain.tolist() for s, value in source.items() if torch.equal(value, own[s])}
        return other

    def moved(self, against: Any) -> tuple[Values, dict[Site, Tensor]]:
        """The metric of another run, (rows,), and how the activations at each site differ there from those here."""
        other, source, own = self._both(against)
        return other, {site: value - own[site] for site, value in source.items()}

    def _both(self, against: Any) -> tuple[Values, Recording, Recording]:
        """The metric of another run, and what is at each site there and here."""
        against = _prepared(self._model, against, self._metric)
        _same_shapes(self.inputs, against)
        source = _recorded(self._model, against, self.places)
        other = measured(self._metric, source.output, self._rows, "in the run to patch from")
        return other, source, _recorded(self._model, self.inputs, self.places)

    def run(self, batch_size: int, store: Store | None, progress: Progress | None) -> None:
        """Runs what is not known yet, in batches of so many rows."""
        left = [place for place in self.places if place.site not in self._found]
        ragged = [] if self.ragged is None else [place for place in left if self.ragged.takes(place)]
        plan = [] if self.ragged is None or not ragged else self.ragged.batches(ragged, batch_size)
        if store is not None:  # after the batches are made: numbers depend, in their last digits, on what runs together
            self._found |= {p.site: list(store[str(p.site)]) for p in self.places if str(p.site) in store}
        for chosen in plan:
            if self.ragged is not None and any(place.site not in self._found for place in chosen):
                self._keep(chosen, self.ragged.values(chosen, self._done), store, progress)
        groups: dict[tuple[nn.Module, str], list[Place]] = {}
        for place in left:
            if place.site not in self._found:
                groups.setdefault((place.module, place.at), []).append(place)
        together = self._checked(list(groups.values())) if groups else True
        for group in groups.values():
            alone = not together or _among_weights(group[0].site)  # copies of a row cannot have weights of their own
            most = 1 if alone else max(1, batch_size // self._rows)
            for first in range(0, len(group), most):
                chosen = group[first : first + most]
                self._keep(chosen, self._side_by_side(chosen, alone), store, progress)

    def _keep(self, places: Sequence[Place], found: Values, store: Store | None, progress: Progress | None) -> None:
        for place, values in zip(places, found, strict=True):
            self._found[place.site] = values.tolist()
            if store is not None:
                store[str(place.site)] = self._found[place.site]
        if progress is not None:
            progress("trace", len(self._found), len(self.places))

    def _checked(self, groups: Sequence[Sequence[Place]]) -> bool:
        """Whether copies of the rows may run together; drops a replay that changes numbers."""
        past = self.past
        probe = max((group[0] for group in groups), key=lambda place: len(past.replayed(place)) if past else 0)
        probe = replace(probe, site=probe.site.whole)
        if not (self.past is not None and self._copies_stay_apart(probe)):
            self.past = None
        return self.past is not None or self._copies_stay_apart(probe)

    def _side_by_side(self, chosen: Sequence[Place], alone: bool) -> Values:
        """(places, rows) the metric under the interventions at places of one module, one copy of the rows for each."""
        rows, copies = self._rows, len(chosen)
        steps = [
            Step(place, self._done[place.site], None if alone else slice(k * rows, (k + 1) * rows))
            for k, place in enumerate(chosen)
        ]
        with hooked(self._model, steps):
            output = call(self._runner(chosen[0], copies), repeat_rows(self.inputs, rows, copies))
        when = f"under interventions at {chosen[0].site}"
        return measured(self._metric, output, rows * copies, when).reshape(copies, rows)

    def _runner(self, place: Place, copies: int) -> nn.Module:
        if self.past is None:
            return self._model
        self.past.copies = copies
        return self.past.before(place)

    def _copies_stay_apart(self, place: Place) -> bool:
        """Whether a copy of the rows measures as in the plain run while noise is added at the place to another copy."""
        rows = self._rows
        try:
            with hooked(self._model, [Step(place, Noise(1.0), slice(0, rows))]):
                output = call(self._runner(place, 2), repeat_rows(self.inputs, rows, 2))
            found = self._metric(output).detach().double().cpu().numpy()
        except (RuntimeError, TypeError, AttributeError, LookupError):
            return False
        return found.shape == (2 * rows,) and bool(np.allclose(found[rows:], self.plain, rtol=1e-3, atol=1e-4))


def _prepared(model: nn.Module, inputs: Any, metric: Metric) -> Any:
    """Inputs without a cache, which copies could not share, and with the last logits only where no others are read."""
    if not isinstance(inputs, Mapping):
        return inputs
    names = argument_names(model)
    made = dict(inputs)
    if "use_cache" in names:
        made["use_cache"] = False
    if "logits_to_keep" in names and getattr(metric, "last_position_only", False):
        made.setdefault("logits_to_keep", 1)
    return made


def _tensors(inputs: Any) -> dict[Any, Tensor]:
    several = inputs if isinstance(inputs, (tuple, list)) else [inputs]
    parts = inputs if isinstance(inputs, Mapping) else dict(enumerate(several))
    return {name: value for name, value in parts.items() if isinstance(value, Tensor) and value.ndim > 0}


def _rows(inputs: Any) -> int:
    tensors = _tensors(inputs)
    if not tensors:
        raise InterventionError("a trace needs inputs that are tensors, with the rows first")
    return len(next(iter(tensors.values())))


def _same_shapes(inputs: Any, against: Any) -> None:
    there = _tensors(against)
    for name, value in _tensors(inputs).items():
        if name not in there or there[name].shape != value.shape:
            shape = tuple(there[name].shape) if name in there else "nothing"
            raise InterventionError(
                f"{name} has shape {tuple(value.shape)} in the run that is patched and {shape} in the run to patch "
                "from: a patch needs as many rows and prompts of the same token length"
            )


def _plain_run(
    model: nn.Module, inputs: Any, rows: int, wanted: Sequence[Place], replay: bool
) -> tuple[list[Place], Any, Replay | None]:
    """The places with every `*` spread out, the output, and the run to replay."""
    spread: dict[Place, dict[str, int]] = {}
    readers: dict[nn.Module, WindowReader] = {}
    handles = []
    for place in wanted:
        axes_of = (place.site.head, place.site.unit, place.site.channel, place.site.feature, place.site.position)
        if "*" not in axes_of:
            continue
        around = readers_around(place.around, readers) if place.site.position == "*" else []
        readers |= {reader.module: reader for reader in around}

        def look(
            module: nn.Module, args: Any, kwargs: Any, output: Any = None, place: Place = place, around: Any = around
        ) -> None:
            value = {**dict(enumerate(args)), **kwargs} if place.at == "in" else output
            window = next((reader.window for reader in around if reader.window is not None), None)
            spread[place] = place.axes(get_part(value, place.site.part, place.site), window)

        handles.append(
            place.module.register_forward_pre_hook(look, with_kwargs=True)
            if place.at == "in"
            else place.module.register_forward_hook(look, with_kwargs=True)
        )
    handles += [m.register_forward_pre_hook(r, with_kwargs=True, prepend=True) for m, r in readers.items()]
    try:
        past = Replay(model, inputs, rows, wanted) if replay else None
        output = call(model, inputs) if past is None else past.output
    finally:
        for handle in handles:
            handle.remove()
    places = []
    for place in wanted:
        axes = spread.get(place, {})
        for numbers in product(*(range(size) for size in axes.values())):
            site = place.site.with_(**dict(zip(axes, numbers, strict=True)))
            places.append(replace(place, site=site))
    return list({place.site: place for place in places}.values()), output, past


def _recorded(model: nn.Module, inputs: Any, places: Sequence[Place]) -> Recording:
    if place := next((p for p in places if _among_weights(p.site)), None):
        raise OptionError(f"{place.site} is among the weights, which are the same in every run: give an operation")
    with hooked(model, [Step(place, None) for place in places]) as run:
        run.output = call(model, inputs)
    return run


def _among_weights(site: Site) -> bool:
    return site.source is not None or site.to is not None
