"""Many interventions of a causal transformer in one ragged batch a block; keys and values before them are kept.

In a causal model nothing before a token depends on it, and nothing before a block depends on the block. So a run that
is intervened on at block b and token p is computed for blocks b, b + 1, ... and tokens p, p + 1, ... alone. Runs have
different starts, but all that a block does to tokens one by one can be done to the tokens of all runs at once, one
after another as if they were a single text: (1, tokens of all runs, width). Only attention looks at other tokens. It is
taken over while runs last: each run sees the plain run's keys and values before its start, and its own from there on.

    block b    runs that started before b, joined by those that start in it, in one batch
    last       keys and values of all tokens, and the rest of the block for the last token alone, which is read

It is for transformers of Hugging Face that ask `AttentionInterface` for their attention, prompts without padding, and
metrics that read the last position. Whether a model is such a one is measured, not believed: the plain run and a run
with noise have to come out as they do in the whole model.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.nn.sites.intervene import Step, call, hooked
from aitia.nn.sites.metrics import Metric, measured
from aitia.nn.sites.operations import Noise, Operation
from aitia.nn.sites.places import Place, find_places, get_part, set_part
from aitia.nn.sites.ragged_attention import Packed, RaggedAttention
from aitia.nn.sites.ragged_blocks import BlockCall, changing, list_of_blocks, read_only, tokens_alone, watch
from aitia.nn.sites.replay import Replay
from aitia.nn.sites.site import Site
from aitia.nn.sites.windows import Window

__all__ = ["Ragged"]

Values = NDArray[np.float64]

_UNFIT = (RuntimeError, TypeError, AttributeError, LookupError, ValueError)
"""What a model that is called in a way it was not made for ends in."""


@dataclass(eq=False)
class _Runs:
    """Runs under way that start at one token.

    Args:
        of: Their numbers in the batch.
        hidden: (runs * rows, tokens from there on, width).
    """

    of: list[int]
    hidden: Tensor


class Ragged:
    """The plain run of a causal transformer, and interventions that go on from it. Made by `Ragged.of`.

    Args:
        model: Any module.
        inputs: Of the run.
        rows: That they have.
        blocks: The name of the list of blocks.
        metric: That reads the last position.
    """

    def __init__(self, model: nn.Module, inputs: Mapping[str, Any], rows: int, blocks: str, metric: Metric) -> None:
        self._model, self._inputs, self._rows, self._metric = model, inputs, rows, metric
        self._stem, self._blocks = f"{blocks}.", list(model.get_submodule(blocks).children())
        self._calls = [BlockCall() for _ in self._blocks]
        self._fitting: set[tuple[nn.Module, str]] = set()
        self._attention = RaggedAttention(model)
        self._last = find_places(model, [f"{blocks}.{len(self._blocks) - 1}"])[0]
        self.length = 0

    @classmethod
    def of(
        cls, model: nn.Module, inputs: Any, rows: int, metric: Metric, plain: Values, places: Sequence[Place]
    ) -> "Ragged | None":
        """The runs of a model; None where the model, its inputs or the metric do not allow it.

        Args:
            model: Any module.
            inputs: Of the plain run.
            rows: That they have.
            metric: What is measured.
            plain: (rows,) the metric of the plain run.
            places: Where it will be intervened on.
        """
        blocks = list_of_blocks(model, places)
        if blocks is None or not tokens_alone(model, inputs, metric):
            return None
        made = cls(model, inputs, rows, blocks, metric)
        try:
            fits = made._keep(plain, places) and made._runs_as_the_model_does()
        except _UNFIT:
            return None
        return made if fits else None

    # -- the plain run -------------------------------------------------------------------------------------------------

    def _keep(self, plain: Values, places: Sequence[Place]) -> bool:
        """Runs the model once and keeps what runs go on from; whether it came out as without us."""
        shapes: dict[tuple[nn.Module, str], list[tuple[int, ...]]] = {}
        handles = []
        for module, at in dict.fromkeys(
            (place.module, place.at) for place in places if self._inside(place) is not None
        ):
            seen = shapes.setdefault((module, at), [])
            handles.append(watch(module, at, seen))
        for block, known in zip(self._blocks, self._calls, strict=True):
            handles += known.hooks(block)
        try:
            with self._attention.keeping():
                self._past = Replay(self._model, self._inputs, self._rows, [self._last])
        finally:
            for handle in handles:
                handle.remove()
        if any(known.runs != 1 for known in self._calls):
            return False
        hidden = self._calls[0].hidden
        self.length = hidden.shape[1]
        for before, after in zip(self._calls, self._calls[1:], strict=False):
            if not torch.equal(get_part(before.output, None, ""), after.hidden):
                return False  # something stands between the blocks
        self._fitting = {key for key, seen in shapes.items() if seen == [tuple(hidden.shape[:2])]}
        found = self._metric(self._past.output).detach().double().cpu().numpy()
        return self._attention.complete(len(self._blocks), hidden.shape[:2]) and _alike(found, plain, hidden.dtype)

    def _runs_as_the_model_does(self) -> bool:
        """Whether a run with noise in the middle comes out as in the whole model, beside a run with noise elsewhere."""
        names = (f"{self._stem}0[in, position={self.length // 2}]", f"{self._stem}{len(self._blocks) // 2}[position=0]")
        probe, beside = find_places(self._model, names)
        self._fitting |= {(place.module, place.at) for place in (probe, beside)}
        with hooked(self._model, [Step(probe, Noise(1.0))]):
            whole = self._metric(call(self._model, self._inputs)).detach().double().cpu().numpy()
        found = self.values([beside, probe], {probe.site: Noise(1.0), beside.site: Noise(1.0)})
        return _alike(found[1], whole, self._calls[0].hidden.dtype)

    # -- where runs start ----------------------------------------------------------------------------------------------

    def takes(self, place: Place) -> bool:
        """Whether an intervention at this place can be run here."""
        site = place.site
        plain = all(part is None for part in (site.part, site.token, site.step, site.source, site.to, site.mask))
        return plain and self._inside(place) is not None and (place.module, place.at) in self._fitting

    def _inside(self, place: Place) -> int | None:
        """The number of the block that a place is in; None where it is in none."""
        number = place.name.removeprefix(self._stem).split(".")[0]
        return int(number) if place.name.startswith(self._stem) and number.isdigit() else None

    def _entry(self, place: Place) -> tuple[int, bool]:
        """The block, and whether the run starts behind it."""
        k = self._inside(place)
        assert k is not None  # `takes` was asked
        return k, place.module is self._blocks[k] and place.at == "out"

    def start(self, place: Place) -> int:
        """The first token that depends on what is done at the place."""
        position, length = place.site.position, self.length
        if isinstance(position, slice):
            return min(range(*position.indices(length)), default=0)
        several = position if isinstance(position, tuple) else (position,)
        known = [p % length for p in several if isinstance(p, int) and -length <= p < length]
        return min(known) if len(known) == len(several) else 0

    def batches(self, places: Sequence[Place], batch_size: int) -> list[list[Place]]:
        """The places in batches of about as many tokens as so many whole rows have, early blocks first."""
        most, tokens = batch_size * self.length, 0
        found: list[list[Place]] = []
        for place in sorted(places, key=lambda p: (*self._entry(p), self.start(p))):
            own = self._rows * (self.length - self.start(place))
            full = found and (tokens + own > most or len(found[-1]) * self._rows >= 4 * batch_size)
            if not found or full:
                found.append([])
                tokens = 0
            found[-1].append(place)
            tokens += own
        return found

    # -- runs ----------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def values(self, places: Sequence[Place], done: Mapping[Site, Operation]) -> Values:
        """(places, rows) the metric under what is done at each place, in a run of its own."""
        entries = [self._entry(place) for place in places]
        given, end = self._calls[0].hidden, len(self._blocks) - 1
        last = torch.empty(len(places), self._rows, 1, given.shape[2]).to(given)
        runs: dict[int, _Runs] = {}
        with self._attention.packing():
            for k in range(min(k for k, _ in entries), len(self._blocks)):
                if k == end and runs:
                    self._last_block(runs)
                    self._collect(runs, last)
                    runs = {}
                inside = [n for n, entry in enumerate(entries) if entry == (k, False)]
                for n in inside:
                    self._join(runs, n, places[n], self._calls[k].hidden)
                if runs:
                    self._block(k, runs, places, inside, done)
                for n in (n for n, entry in enumerate(entries) if entry == (k, True)):
                    hidden = get_part(self._calls[k].output, None, places[n].site).clone()
                    self._do(places[n], done[places[n].site], hidden)
                    self._join(runs, n, places[n], hidden)
        self._collect(runs, last)
        output = self._read_out(last.flatten(0, 1))
        when = f"under interventions at {places[0].site}"
        return measured(self._metric, output, self._rows * len(places), when).reshape(len(places), self._rows)

    def _join(self, runs: dict[int, _Runs], number: int, place: Place, hidden: Tensor) -> None:
        """A run of its own starts with what the plain run had, (rows, tokens, width)."""
        start = self.start(place)
        own = hidden[:, start:]
        known = runs.get(start)
        runs[start] = (
            _Runs([number], own) if known is None else _Runs([*known.of, number], torch.cat([known.hidden, own]))
        )

    def _collect(self, runs: Mapping[int, _Runs], last: Tensor) -> None:
        """Puts the last token of each run where the run's number is, in (runs, rows, 1, width)."""
        for group in runs.values():
            last[group.of] = group.hidden[:, -1].reshape(len(group.of), self._rows, 1, -1)

    def _block(
        self,
        k: int,
        runs: dict[int, _Runs],
        places: Sequence[Place],
        inside: Sequence[int],
        done: Mapping[Site, Operation],
    ) -> None:
        """All runs go through block k, where something is done to those that start inside of it; changes `runs`."""
        order = sorted(runs)
        packed = Packed([(start, len(runs[start].hidden), self.length - start) for start in order])
        spans: dict[int, tuple[int, int]] = {}
        for start, first in zip(order, packed.firsts, strict=True):
            size = self._rows * (self.length - start)
            spans |= {n: (first + i * size, first + (i + 1) * size) for i, n in enumerate(runs[start].of)}
        with self._acting([places[n] for n in inside], [spans[n] for n in inside], done):
            new = self._run(k, packed, torch.cat([runs[start].hidden.flatten(0, 1) for start in order]))
        for start, hidden in zip(order, packed.split(new), strict=True):
            runs[start].hidden = hidden

    def _last_block(self, runs: dict[int, _Runs]) -> None:
        """The last block, whose last token alone is read: of the others it needs the keys and values."""
        k, order = len(self._blocks) - 1, sorted(runs)
        earlier = [start for start in order if start < self.length - 1]
        if earlier:
            packed = Packed([(s, len(runs[s].hidden), self.length - 1 - s) for s in earlier])
            with self._attention.until_keys():
                self._run(k, packed, torch.cat([runs[s].hidden[:, :-1].flatten(0, 1) for s in earlier]))
        packed = Packed([(s, len(runs[s].hidden), 1) for s in order], at_end=self.length - 1)
        new = self._run(k, packed, torch.cat([runs[s].hidden[:, -1] for s in order]))
        for start, hidden in zip(order, packed.split(new), strict=True):
            runs[start].hidden = hidden

    def _run(self, k: int, packed: Packed, flat: Tensor) -> Tensor:
        """(tokens, width): what block k makes of the tokens of all runs."""
        known, self._attention.packed = self._calls[k], packed
        positions, rows = packed.positions(self._rows)
        given = {name: self._gathered(name, value, positions, rows) for name, value in known.kwargs.items()}
        args = [self._gathered(n, v, positions, rows) for n, v in zip(known.names, known.args, strict=False)]
        if args:
            args[0] = flat[None]
        else:
            given["hidden_states"] = flat[None]
        output = self._attention.stopped(lambda: self._blocks[k](*args, **given))
        return flat if output is None else get_part(output, None, self._stem)[0]

    def _gathered(self, name: str, value: Any, positions: Tensor, rows: Tensor) -> Any:
        """What a block is given beside the hidden states, token by token as the runs have them."""
        if name == "attention_mask":
            return None
        if isinstance(value, (tuple, list)):
            return type(value)(self._gathered("", part, positions, rows) for part in value)
        if not isinstance(value, Tensor) or value.ndim == 0:
            return value
        if value.ndim == 1 and len(value) == self.length:
            return value[positions.to(value.device)]
        if value.ndim > 1 and value.shape[1] == self.length and len(value) in (1, self._rows):
            row = rows if len(value) == self._rows else torch.zeros_like(rows)
            return value[row.to(value.device), positions.to(value.device)][None]
        raise TypeError(f"{name} of shape {tuple(value.shape)} has no place for each token")

    def _read_out(self, last: Tensor) -> Any:
        """What the model gives when its last block gives this at the last token (runs * rows, 1, width)."""
        whole = torch.nn.functional.pad(last, (0, 0, self.length - 1, 0))  # some shape what follows as their inputs
        runner = self._past.giving(self._last, set_part(self._calls[-1].output, None, whole, self._stem))
        if (reads := getattr(self._metric, "reads", None)) is not None:
            read_only(runner, reads)
        return call(runner, self._inputs)

    # -- what is done --------------------------------------------------------------------------------------------------

    def _do(self, place: Place, operation: Operation, x: Tensor) -> None:
        """Does it, in place, to (rows, tokens from the start on, ...)."""
        start = self.length - x.shape[1]
        real = torch.arange(self.length, device=x.device).expand(self._rows, -1)
        prompt = torch.full((self._rows,), self.length, device=x.device)
        choice = place.choose(x, Window(real, start, x.shape[1], prompt, None, False))
        choice.write_(x, operation.change(choice.read(x), place.unit_axis(x)))

    @contextmanager
    def _acting(
        self, places: Sequence[Place], spans: Sequence[tuple[int, int]], done: Mapping[Site, Operation]
    ) -> Iterator[None]:
        """While the block lasts, operations act at modules in it, each on the tokens of its own run."""
        handles = []
        groups: dict[tuple[nn.Module, str], list[int]] = {}
        for n, place in enumerate(places):
            groups.setdefault((place.module, place.at), []).append(n)
        for (module, at), mine in groups.items():

            def act(value: Any, mine: Sequence[int] = mine) -> Any:
                x = get_part(value, None, places[mine[0]].site).clone(memory_format=torch.contiguous_format)
                for n in mine:
                    own = x[0, slice(*spans[n])]
                    own = own.view(self._rows, -1, *own.shape[1:])
                    self._do(places[n], done[places[n].site], own)
                return set_part(value, None, x, places[mine[0]].site)

            handles.append(changing(module, at, act))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _alike(found: Values, expected: Values, kind: torch.dtype) -> bool:
    """Whether two ways to the same numbers gave the same, as far as the type of the model's numbers goes."""
    step = torch.finfo(kind).eps
    close = np.allclose(found, expected, rtol=max(1e-3, 4 * step), atol=max(1e-4, 4 * step))
    return found.shape == expected.shape and bool(close)
