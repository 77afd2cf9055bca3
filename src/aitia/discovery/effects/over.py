"""The effect over graphs found anew in bootstrap samples: the graph is part of what the rows leave open.

Each sample is searched as the table was, and the effect is measured on the same sample, in every member of the class
that was found. The interval holds the least of each sample and the largest, at the tails.

An edge that no test insisted on is not known to be absent: where no directed path leads to the outcome, and none back,
the sample holds beside 0 the effect that there is once an arrow is put in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.table import Table
from aitia.discovery.effects.contrast import quantile
from aitia.discovery.effects.job import Job
from aitia.discovery.effects.question import asked, restricted, targets_of
from aitia.discovery.effects.result import OverGraphs
from aitia.discovery.effects.scale import NULL, on_scale
from aitia.do import Intervention
from aitia.engine import Engine, Progress
from aitia.errors import AitiaError, OptionError
from aitia.graph import Edge, Graph, Knowledge, consistent_extension
from aitia.graph._question import ReadAs
from aitia.scm import SCM
from aitia.scm.fit import kinds_of

if TYPE_CHECKING:
    from aitia.discovery.result import Discovery
    from aitia.discovery.save import SavedDiscovery

__all__ = ["Search", "over_graphs"]

CHEAP = ("fisher-z", "ranks", "chi2", "g2")
"""Tests that are cheap enough to search again by default,"""
MANY = 50
"""so many times."""


@dataclass(frozen=True)
class Search:
    """How the graph was found, so that it can be found again in other rows.

    Args:
        table: That was searched.
        config: Options of the discovery, as its run folder keeps them.
        graphs: How many times; 0 where the interval is not to cover the graph.
        doubts: Why an edge of the graph is not sure, as the discovery says it.
    """

    table: Table
    config: Mapping[str, Any]
    graphs: int
    doubts: Mapping[Edge, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: "Discovery | SavedDiscovery", graphs: int | None = None) -> "Search":
        """The search of a discovery, 50 times where its tests are cheap and else none, unless `graphs` says otherwise.

        Raises:
            OptionError: If `graphs` is below 0.
        """
        config = {**found.config, "test": getattr(found, "test", found.config.get("test"))}
        if graphs is None:
            graphs = MANY if config["test"] in CHEAP and config.get("method") == "pc" else 0
        if graphs < 0:
            raise OptionError(f"graphs is 0 or more, got {graphs}")
        return cls(found.table, config, graphs, found.doubts)

    @property
    def read_as(self) -> ReadAs:
        """What the edges of the graphs mean."""
        from aitia.system import systems

        read_as: ReadAs = getattr(systems()[str(self.config["method"])].load(), "read_as", "auto")
        return read_as

    def rows(self, number: int) -> Table:
        """Sample `number` of the rows."""
        rng = np.random.default_rng([int(self.config.get("seed", 0)), 23, number])
        return self.table.take(np.sort(rng.integers(0, self.table.n, self.table.n)))

    def graph(self, rows: Table) -> Graph:
        """What the search finds in these rows."""
        from aitia.discovery.discover import discover

        said = {name: self.config[name] for name in ("test", "alpha", "max_depth", "missing") if name in self.config}
        known = self.config.get("knowledge")
        knowledge = None if known is None else Knowledge.from_json(known)
        context = self.config.get("context")
        kind: Any = self.config.get("context_kind") or "auto"
        return discover(
            rows, method=self.config["method"], context=context, context_kind=kind, knowledge=knowledge, bootstrap=0,
            accept_cost=True, **said,
        ).graph  # fmt: skip


@dataclass(frozen=True)
class _Sample:
    """The question put to one sample; picklable."""

    search: Search
    intervention: Intervention
    against: Intervention
    outcome: str
    label: object | None
    scale: str
    draws: int
    seed: int
    seen: dict[tuple[str, tuple[str, ...]], Any] = field(default_factory=dict)

    def answer(self, number: int) -> tuple[float, float, bool] | None:
        """The least and the largest effect over the members, and whether a directed path is there; None without one."""
        rows = self.search.rows(number)
        try:
            graph = self.search.graph(rows)
            directed = Graph([e for e in graph.edges if e.symbol == "-->"], graph.nodes)
            targets = targets_of(self.intervention, self.against)
            path = self.outcome in directed.descendants(targets)
            question = asked(graph, targets, self.outcome, (), self.search.read_as, count=False)
            if question.unidentified is not None:
                return None
            ends = [self._effect(part, rows, number) for part in question.parts]
            if not path and (joined := _joined(graph, targets, self.outcome)) is not None:
                ends.append(self._effect(joined, rows, number))
        except AitiaError:  # a column that is constant in the sample, an effect that hidden causes leave open
            return None
        return min(low for low, _ in ends), max(high for _, high in ends), path

    def _effect(self, part: Graph, rows: Table, number: int) -> tuple[float, float]:
        done, other = restricted(self.intervention, part), restricted(self.against, part)
        if not done and not other:
            return NULL[self.scale], NULL[self.scale]
        job = Job(
            part, rows.select(part.nodes).complete(), done, other, self.outcome, self.label, self.draws,
            self.seed + number, mechanisms=self._kinds(part),
        )  # fmt: skip
        found = job.means(None)
        low = on_scale(self.scale, found.low, found.high_against)
        return low, on_scale(self.scale, found.high, found.low_against)

    def _kinds(self, part: Graph) -> dict[str, Any]:
        """Of each mechanism the kind that the whole table gives it: rows that stand twice would bend a line."""
        for name in part.nodes:
            parents = part.parents(name)
            if (name, parents) not in self.seen:
                alone = Graph([(parent, name) for parent in parents], [*parents, name])
                scm = SCM.fit(alone, self.search.table.select(alone.nodes).complete(), seed=self.seed)
                self.seen[name, parents] = kinds_of(scm.mechanisms, "auto")[name]
        return {name: self.seen[name, part.parents(name)] for name in part.nodes}


def _joined(graph: Graph, targets: Sequence[str], outcome: str) -> Graph | None:
    """The mechanisms above the outcome once what is set acts on it; None where the outcome is a cause of it itself."""
    if not graph.is_pdag:
        return None
    dag = consistent_extension(graph)
    apart = [name for name in targets if name not in dag.descendants(outcome)]
    if not apart or set(targets) & set(dag.ancestors(outcome)):
        return None
    joined = dag.with_edges([(name, outcome) for name in apart])
    return joined.subgraph(joined.ancestors(outcome))


def over_graphs(
    search: Search,
    job: Job,
    sides: Sequence[Intervention],
    scale: str,
    confidence: float,
    engine: Engine,
    progress: Progress | None,
) -> OverGraphs:
    """The effect over the graphs that a search finds in bootstrap samples.

    Args:
        search: How graphs are found.
        job: The question to the graph that was found; of it outcome, label, draws and seed are taken.
        sides: What is done, and what it is compared with.
        scale: Of the effect.
        confidence: Coverage of the interval.
        engine: Where the samples run.
        progress: Told how far it is.
    """
    # The estimate itself carries the shared parts of its own fit, which a sample has no use for.
    bare = replace(search, config=dict(search.config), doubts={})
    sample = _Sample(bare, sides[0], sides[1], job.outcome, job.label, scale, min(job.draws, 2000), job.seed)
    found = engine.map(sample.answer, range(search.graphs), progress=progress, what="bootstrap of the graph")
    answers = [answer for answer in found if answer is not None]
    if not answers:
        return OverGraphs(search.graphs, 0, float("nan"), float("nan"), 0.0)
    tail = (1 - confidence) / 2
    low = quantile([a for a, _, _ in answers], tail)
    high = quantile([b for _, b, _ in answers], 1 - tail)
    path = sum(there for _, _, there in answers) / len(answers)
    return OverGraphs(search.graphs, len(answers), low, high, path)
