"""A sweep of one intervention over many sites: which layer, position, head or unit carries what the metric sees.

    plain   m(x),   patched at site s   m(x; s <- s(x'))   or under an operation   m(x; s <- o(s(x)))

Sites of one module run side by side as copies of the rows, and what comes before the module is replayed from the plain
run (`replay`), and in causal language models tokens before the site too (`tail`), so a sweep costs less than the sum of
its runs. A check at the start adds noise to one copy of the rows
and looks whether another one still measures as in the plain run; where it does not, whole models run, and where rows do
not stay apart (a metric that mixes them), one site at a time.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022 (causal tracing);
    Heimersheim and Nanda, How to use and interpret activation patching, 2024.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.table import Kind, Table
from aitia.engine import Progress, Store
from aitia.errors import InterventionError, OptionError
from aitia.nn.sites.intervene import Recording, Step, call, check_ready, hooked
from aitia.nn.sites.operations import Noise, Operation, Patch, as_operation
from aitia.nn.sites.places import Place, argument_names, find_places, get_part
from aitia.nn.sites.replay import Replay, repeat_rows
from aitia.nn.sites.site import Site
from aitia.nn.sites.tail import Tail, batches
from aitia.nn.sites.windows import WindowReader, readers_around

__all__ = ["LogProbability", "LogitDifference", "Metric", "Trace", "trace"]

Values = NDArray[np.float64]

Metric = Callable[[Any], Tensor]
"""From the model's output to one number a row, (rows,)."""


class LogitDifference:
    """How much more the model says one thing than another: logit of `right` minus logit of `wrong`, at the last place.

    Prompts of different length are padded on the left.

    Args:
        right: A token or class for each row, or one for all.
        wrong: The same; None takes the logit of `right` alone.

    Example:
        >>> LogitDifference([0, 1], 2)(torch.tensor([[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]]))
        tensor([-4., -3.])
    """

    last_position_only = True

    def __init__(self, right: int | Sequence[int] | Tensor, wrong: int | Sequence[int] | Tensor | None = None) -> None:
        self.right = torch.as_tensor(right).reshape(-1)
        self.wrong = None if wrong is None else torch.as_tensor(wrong).reshape(-1)

    def __call__(self, output: Any) -> Tensor:
        """One number a row; where the rows are there several times, the tokens are taken in turn."""
        last = _last_logits(output)
        said = _of_tokens(last, self.right)
        return said if self.wrong is None else said - _of_tokens(last, self.wrong)


class LogProbability:
    """The logarithm of the probability of a token or class at the last place.

    Args:
        token: One for each row, or one for all.

    Example:
        >>> LogProbability(0)(torch.tensor([[0.0, 0.0]])).exp()
        tensor([0.5000])
    """

    last_position_only = True

    def __init__(self, token: int | Sequence[int] | Tensor) -> None:
        self.token = torch.as_tensor(token).reshape(-1)

    def __call__(self, output: Any) -> Tensor:
        """One number a row; where the rows are there several times, the tokens are taken in turn."""
        return _of_tokens(_last_logits(output).float().log_softmax(dim=-1), self.token)


def _last_logits(output: Any) -> Tensor:
    logits: Tensor = output if isinstance(output, Tensor) else output.logits
    return logits[:, -1] if logits.ndim == 3 else logits


def _of_tokens(logits: Tensor, tokens: Tensor) -> Tensor:
    rows = len(logits)
    if rows % len(tokens):
        raise InterventionError(f"the metric has tokens for {len(tokens)} rows, the output has {rows}")
    index = tokens.to(logits.device).repeat(rows // len(tokens))
    return logits.gather(1, index[:, None])[:, 0]


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
        for axis in ("position", "head", "unit", "channel", "source"):
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
    inputs = _prepared(model, inputs, metric)
    rows = _rows(inputs)
    wanted = find_places(model, [sites] if isinstance(sites, str) else sites)
    if not wanted:
        raise OptionError("a trace needs at least one site, such as 'transformer.h.*[position=*]'")
    places, plain_output, past = _plain_run(model, inputs, rows, wanted, replay)
    plain = _measured(metric, plain_output, rows, "in the plain run")
    found: dict[Site, list[float]] = {}
    if against is None:
        chosen_by = operation if callable(operation) else lambda _: operation
        done: Mapping[Site, Operation] = {p.site: as_operation(chosen_by(p.site), p.site) for p in places}
        other = None
    else:
        against = _prepared(model, against, metric)
        _same_shapes(inputs, against)
        source = _recorded(model, against, places)
        other = _measured(metric, source.output, rows, "in the run to patch from")
        own = _recorded(model, inputs, places)
        done = {site: Patch(value) for site, value in source.items()}
        found = {site: plain.tolist() for site, value in source.items() if torch.equal(value, own[site])}
    found |= {p.site: list(store[str(p.site)]) for p in places if store is not None and str(p.site) in store}
    groups: dict[tuple[nn.Module, str], list[Place]] = {}
    for place in places:
        if place.site not in found:
            groups.setdefault((place.module, place.at), []).append(place)
    together, tail = True, None
    if groups:
        probe = max((group[0] for group in groups.values()), key=lambda place: len(past.replayed(place)) if past else 0)
        check = (model, replace(probe, site=probe.site.whole), inputs, rows, metric, plain)
        if past is not None and not _copies_stay_apart(past, None, *check):
            past = None
        if past is not None and any(place.site.position not in (None, 0) for place in places):
            tail = Tail.of(model, inputs, metric)
        if tail is not None and not _copies_stay_apart(past, tail, *check):
            tail = None
        together = past is not None or _copies_stay_apart(None, None, *check)
    for group in groups.values():
        runner = model if past is None else past.before(group[0])
        alone = not together or _among_weights(group[0].site)  # copies of a row cannot have weights of their own
        most = 1 if alone else max(1, batch_size // rows)
        for chosen in batches(group, most, rows, tail):
            start = 0 if tail is None else min(map(tail.start, chosen))
            if past is not None:
                past.copies, past.start = len(chosen), start
            copies = len(chosen)
            given = tail.inputs(start, copies) if tail is not None and start else repeat_rows(inputs, rows, copies)
            steps = [
                Step(place, done[place.site], None if alone else slice(k * rows, (k + 1) * rows))
                for k, place in enumerate(chosen)
            ]
            with hooked(model, steps):
                output = call(runner, given)
            measured = _measured(metric, output, rows * len(chosen), f"under interventions at {chosen[0].site}")
            for place, values in zip(chosen, measured.reshape(len(chosen), rows), strict=True):
                found[place.site] = values.tolist()
                if store is not None:
                    store[str(place.site)] = found[place.site]
            if progress is not None:
                progress("trace", len(found), len(places))
    values = np.array([found[place.site] for place in places])
    return Trace(tuple(place.site for place in places), values, plain, other, past is not None)


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
        if "*" not in (place.site.head, place.site.unit, place.site.channel, place.site.position):
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


def _copies_stay_apart(
    past: Replay | None,
    tail: Tail | None,
    model: nn.Module,
    place: Place,
    inputs: Any,
    rows: int,
    metric: Metric,
    plain: Values,
) -> bool:
    """Whether a copy of the rows measures as in the plain run while noise is added at the place to another copy."""
    start = 0 if tail is None else tail.length // 2
    try:
        if past is not None:
            past.copies, past.start = 2, start
        with hooked(model, [Step(place, Noise(1.0), slice(0, rows))]):
            both = repeat_rows(inputs, rows, 2) if tail is None else tail.inputs(start, 2)
            output = call(model if past is None else past.before(place), both)
        found = metric(output).detach().double().cpu().numpy()
    except (RuntimeError, TypeError, AttributeError, LookupError):
        return False
    return found.shape == (2 * rows,) and bool(np.allclose(found[rows:], plain, rtol=1e-3, atol=1e-4))


def _among_weights(site: Site) -> bool:
    return site.source is not None or site.to is not None


def _measured(metric: Metric, output: Any, rows: int, when: str) -> Values:
    value = metric(output)
    if not isinstance(value, Tensor) or value.shape != (rows,):
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise InterventionError(f"a metric gives one number a row, here a tensor ({rows},), got {shape}")
    numbers: Values = value.detach().double().cpu().numpy()
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise InterventionError(
            f"the metric is {numbers[row]} {when} (row {row}): the model gives no finite numbers there"
        )
    return numbers
