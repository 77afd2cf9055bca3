"""The effect over graphs found anew in bootstrap samples: the graph is part of what the rows leave open.

Each sample is searched as the table was, and the effect is measured on the same sample, in every member of the class
that was found. The interval holds the least of each sample and the largest, at the tails.

How often a directed path leads to the outcome is told of graphs from random halves of the rows, the halves that say how
sure a discovery is of each edge, so that both agree. An interval from halves would be too narrow: they lose edges and
turn arrows, alike in all of them.

An edge that no test insisted on is not known to be absent: where no directed path leads to the outcome, and none back,
the sample holds beside 0 the effect that there is once an arrow is put in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.table import Table
from aitia.discovery.effects.contrast import quantile, scaled
from aitia.discovery.effects.job import Job
from aitia.discovery.effects.question import asked, restricted, targets_of
from aitia.discovery.effects.result import OverGraphs
from aitia.discovery.effects.rows import rows_of
from aitia.discovery.effects.scale import NULL
from aitia.do import Intervention
from aitia.engine import Engine, Progress
from aitia.errors import AitiaError, OptionError
from aitia.graph import Edge, Graph, Knowledge, consistent_extension
from aitia.graph._question import ReadAs
from aitia.graph.marks import Mark
from aitia.scm import SCM
from aitia.scm.fit import kinds_of
from aitia.stats.bootstrap import half

if TYPE_CHECKING:
    from aitia.discovery.result import Discovery
    from aitia.discovery.save import SavedDiscovery

__all__ = ["Search", "over_graphs"]

CHEAP = ("fisher-z", "ranks", "degenerate-gaussian", "chi2", "g2")
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

    def rows(self, number: int, cluster: str | None = None) -> Table:
        """Sample `number` of the rows, or of whole clusters, drawn with replacement."""
        rng = np.random.default_rng([int(self.config.get("seed", 0)), 23, number])
        if cluster is None:
            return self.table.take(np.sort(rng.integers(0, self.table.n, self.table.n)))
        values, of = np.unique(self.table.column(cluster), return_inverse=True)
        times = np.bincount(rng.integers(0, len(values), len(values)), minlength=len(values))
        return self.table.take(np.repeat(np.arange(self.table.n), times[of]))

    def half(self, number: int) -> Table:
        """Half `number` of the rows, as the discovery halves them for the shares of edges."""
        pair, second = divmod(number, 2)
        context = self.config.get("context")
        labelled = context is not None and self.table.categories(context)
        strata = self.table.column(str(context)) if labelled else None
        mask = half(self.table.n, int(self.config.get("seed", 0)), pair, strata)
        return self.table.take(~mask if second else mask)

    def graph(self, rows: Table) -> Graph:
        """What the search finds in these rows."""
        from aitia.discovery.discover import discover
        from aitia.system import systems

        own = {field.name for field in fields(systems()[str(self.config["method"])].config())} | {"missing"}
        options = ("test", "score", "colliders", "alpha", "max_depth", "missing", "seed")
        said = {name: self.config[name] for name in options if name in self.config and name in own}
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
    weights: str | None = None
    cluster: str | None = None
    seen: dict[tuple[str, tuple[str, ...]], Any] = field(default_factory=dict)

    def path(self, number: int) -> tuple[bool, bool] | None:
        """Whether a directed path is in the graph from half `number`, and in some member of its class; None where it
        cannot be searched.
        """
        try:
            graph = self.search.graph(self.search.half(number))
        except AitiaError:
            return None
        return self._path(graph), _possible(graph, targets_of(self.intervention, self.against), self.outcome)

    def _path(self, graph: Graph) -> bool:
        directed = Graph([e for e in graph.edges if e.symbol == "-->"], graph.nodes)
        return self.outcome in directed.descendants(targets_of(self.intervention, self.against))

    def answer(self, number: int) -> tuple[float, float] | None:
        """The least and the largest effect over the members of sample `number`; None where there is no answer."""
        rows = self.search.rows(number, self.cluster)
        try:
            graph = self.search.graph(rows)
            targets = targets_of(self.intervention, self.against)
            sides = self.intervention, self.against
            question = asked(graph, sides, self.outcome, (), self.search.read_as, count=False)
            if question.unidentified is not None:
                return None
            ends = [self._effect(part, rows, number) for part in question.parts]
            if not self._path(graph) and (joined := _joined(graph, targets, self.outcome)) is not None:
                ends.append(self._effect(joined, rows, number))
        except AitiaError:  # a column that is constant in the sample, an effect that hidden causes leave open
            return None
        return min(low for low, _ in ends), max(high for _, high in ends)

    def _effect(self, part: Graph, rows: Table, number: int) -> tuple[float, float]:
        done, other = restricted(self.intervention, part), restricted(self.against, part)
        if done == other:
            return NULL[self.scale], NULL[self.scale]
        whole = rows_of(rows, part.nodes, "complete", self.weights, None)
        job = Job(
            part, whole.table, done, other, self.outcome, self.label, self.draws, self.seed + number,
            weights=whole.weights, mechanisms="auto" if self.weights else self._kinds(part),
        )  # fmt: skip
        found = job.means(None)
        low = scaled(self.scale, found.low, found.high_against)
        return low, scaled(self.scale, found.high, found.low_against)

    def _kinds(self, part: Graph) -> dict[str, Any]:
        """Of each mechanism the kind that the whole table gives it: rows that stand twice would bend a line.

        With weights there are lines alone.
        """
        for name in part.nodes:
            parents = part.parents(name)
            if (name, parents) not in self.seen:
                alone = Graph([(parent, name) for parent in parents], [*parents, name])
                scm = SCM.fit(alone, self.search.table.select(alone.nodes).complete(), seed=self.seed)
                self.seen[name, parents] = kinds_of(scm.mechanisms, "auto")[name]
        return {name: self.seen[name, part.parents(name)] for name in part.nodes}


def _possible(graph: Graph, targets: Sequence[str], outcome: str) -> bool:
    """Whether a directed path leads to the outcome in some member of the class of a graph.

    It does where a path has no head that points back and no two of its nodes that are two steps apart are joined: any
    possibly directed path holds such a one (Perkovic, Kalisch and Maathuis, UAI 2017, lemma 3.6; Zhang 2006, lemma
    B.1, for PAGs).
    """
    onwards: dict[str, list[str]] = {name: [] for name in graph.nodes}
    joined = set()
    for edge in graph.edges:
        joined |= {(edge.left, edge.right), (edge.right, edge.left)}
        for one in (edge, edge.reversed()):
            if one.left_mark != Mark.ARROW:
                onwards[one.left].append(one.right)
    waiting: list[tuple[str | None, str]] = [(None, name) for name in targets]
    seen = dict.fromkeys(waiting)
    while waiting:
        before, at = waiting.pop()
        for name in onwards[at]:
            if name == before or (before, name) in joined or (at, name) in seen:
                continue
            if name == outcome:
                return True
            seen[at, name] = None
            waiting.append((at, name))
    return False


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
    weights: str | None = None,
    cluster: str | None = None,
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
        weights: Column of the weights.
        cluster: Column of the clusters, which are drawn whole.
    """
    # The estimate itself carries the shared parts of its own fit, which a sample has no use for.
    bare = replace(search, config=dict(search.config), doubts={})
    sample = _Sample(
        bare, sides[0], sides[1], job.outcome, job.label, scale, min(job.draws, 2000), job.seed, weights,
        cluster,
    )  # fmt: skip
    found = engine.map(sample.answer, range(search.graphs), progress=progress, what="bootstrap of the graph")
    answers = [answer for answer in found if answer is not None]
    looked = engine.map(sample.path, range(search.graphs), progress=progress, what="halves of the rows")
    paths = [there for there in looked if there is not None]
    nothing = float("nan")
    share = sum(there for there, _ in paths) / len(paths) if paths else nothing
    possible = sum(some for _, some in paths) / len(paths) if paths else nothing
    if not answers:
        return OverGraphs(search.graphs, 0, nothing, nothing, share, possible, len(paths))
    tail = (1 - confidence) / 2
    low, high = quantile([a for a, _ in answers], tail), quantile([b for _, b in answers], 1 - tail)
    return OverGraphs(search.graphs, len(answers), low, high, share, possible, len(paths))
