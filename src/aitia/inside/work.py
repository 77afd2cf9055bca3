"""The runs of a trace: how a prompt is corrupted, what is done at each site, and what random changes do there."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.engine import Engine, Progress, Store
from aitia.inside.prompt import Question, embedded, noised, same_length, telling_word
from aitia.inside.spread import spread_trace
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites import Add, Noise, Operation, Patch, Site, Trace, attribution, record, trace

__all__ = ["TraceWork", "compared_sites"]

Values = NDArray[np.float64]


class TraceWork:
    """A question, and the runs that answer it.

    Args:
        language: The model.
        question: What is asked.
        operation: What is done at each site.
        noise: In standard deviations.
        draws: Of the noise, and of each control.
        seed: Of noise and controls.
        batch_size: Rows that run at once.
        engine: Where batches run; None runs them here.
    """

    def __init__(
        self,
        language: CausalLanguageModel,
        question: Question,
        operation: str,
        noise: float,
        draws: int,
        seed: int,
        batch_size: int,
        engine: Engine | None = None,
    ) -> None:
        self.language, self.question, self.operation = language, question, operation
        self.noise, self.draws, self.seed, self.batch_size = noise, draws, seed, batch_size
        self.engine = engine
        self.inputs: dict[str, Any] = {}
        self.source: dict[str, Any] | None = None
        self.corrupted: str | None = None
        self.costs: dict[str, float] = {}
        self.act: Callable[[Site], Operation] | None = None

    @property
    def seeds(self) -> list[int]:
        """Of the draws."""
        return [self.seed + k for k in range(self.draws)]

    def restore(self, sites: Sequence[str], store: Store | None, tell: Progress | None) -> Trace:
        """Patches the corrupted run, once prepared, from the clean one."""
        return self._trace(sites, store, tell, against=self.source)

    def estimate(self, sites: Sequence[str]) -> Trace:
        """What those patches would do, to first order."""
        return attribution(self.language.model, self.inputs, sites, self.question.metric, against=self.source)

    def prepare(self, against: str | None, subject: str | None) -> None:
        """Makes the corrupted run and the clean one: from another prompt, or by noise on a part of this one."""
        language, ids = self.language, self.question.ids
        if against is not None:
            self.inputs, self.source = (
                {"input_ids": same_length(language, self.question.prompt, against)},
                {"input_ids": ids},
            )
            self.corrupted = f"the prompt {against!r}"
        else:
            numbers = ids[0].tolist()
            if subject is not None:
                span = language.span_of(subject, numbers)
            else:
                span, costs = telling_word(language, self.question, self.noise, self.seeds)
                self.costs = {"".join(self.question.words[a:b]): cost for (a, b), cost in costs.items()}
            self.inputs = {"inputs_embeds": noised(language, ids, span, self.noise, self.seeds)}
            self.source = {"inputs_embeds": embedded(language, ids, self.draws)}
            self.corrupted = f"noise on {''.join(self.question.words[slice(*span)])!r}"

    def ablate(
        self, sites: Sequence[str], reference: Sequence[str], store: Store | None, tell: Progress | None
    ) -> Trace:
        """Takes from each site what it has."""
        language, ids = self.language, self.question.ids
        rows = self.draws if self.operation == "noise" else 1
        self.inputs = {"input_ids": ids.expand(rows, -1)}
        texts = [language.encode(text) for text in reference] if self.operation == "mean" else [ids]
        kept: dict[Site, Operation] = {}

        def act(site: Site) -> Operation:
            place = site.with_(position=None)
            if place not in kept:
                if self.operation == "zero":
                    kept[place] = Patch(torch.tensor(0.0))
                else:
                    seen = torch.cat([record(language.model, {"input_ids": t}, [place])[place][0] for t in texts])
                    sd = self.noise * float(seen.float().std())
                    kept[place] = Patch(seen.mean(dim=0)) if self.operation == "mean" else Noise(sd, self.seed)
            return kept[place]

        self.act = act
        return self._trace(sites, store, tell, operation=act)

    def _trace(self, sites: Sequence[str], store: Store | None, tell: Progress | None, **how: Any) -> Trace:
        model, metric = self.language.model, self.question.metric
        return spread_trace(
            self.engine,
            model,
            self.inputs,
            sites,
            metric,
            batch_size=self.batch_size,
            store=store,
            progress=tell,
            **how,
        )

    @torch.no_grad()
    def controls(self, sites: Sequence[Site], tell: Progress | None) -> Values | None:
        """(sites, draws): change of the metric when each site moves as far in a random direction."""
        if self.operation == "noise" or any(site.source is not None or site.to is not None for site in sites):
            return None
        model = self.language.model
        now = record(model, self.inputs, sites)
        there = None if self.source is None else record(model, self.source, sites)
        moved: dict[Site, Tensor] = {}
        for k, site in enumerate(sites):
            x = now[site]
            new = self.act(site).change(x, -1) if there is None and self.act is not None else cast(Any, there)[site]
            size = (new - x).flatten(1).norm(dim=1).expand(self.draws)
            drawn = torch.randn(
                (self.draws, *x.shape[1:]), generator=torch.Generator().manual_seed(self.seed + 1000 + k)
            )
            drawn = drawn / drawn.flatten(1).norm(dim=1).reshape(-1, *[1] * (x.ndim - 1))
            moved[site] = drawn.to(x) * size.reshape(-1, *[1] * (x.ndim - 1))
        rows = {name: value.expand(self.draws, *value.shape[1:]) for name, value in self.inputs.items()}
        told = None if tell is None else lambda _, done, total: tell("controls", done, total)
        found = trace(
            model,
            rows,
            list(sites),
            self.question.metric,
            operation=lambda site: Add(moved[site]),
            batch_size=self.batch_size,
            progress=told,
        )
        return found.changes


def compared_sites(found: Trace, strongest: Sequence[Site], seed: int) -> list[Site]:
    """The strongest sites and as many others, drawn: where estimates are held against patches."""
    others = [site for site in found.sites if site not in set(strongest)]
    drawn = np.random.default_rng(seed).permutation(len(others))[: len(strongest)]
    return [*strongest, *(others[k] for k in sorted(drawn.tolist()))]
