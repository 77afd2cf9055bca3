"""What a discovery found: the graph, the evidence for each edge, what changed, and in which words to say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.discovery.turns import fastest
from aitia.graph import Edge, Graph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from aitia.stats.bootstrap import EdgeFrequencies
    from aitia.stats.search import ConstraintSearch

__all__ = ["Discovery"]


@dataclass(frozen=True)
class Discovery:
    """A causal graph learned from a table.

    Args:
        graph: The graph over the variables, the context left out.
        augmented: The graph with the context as a node; the same as `graph` where there is no context.
        table: The table it was learned from.
        learner: The fitted learner, with every detail.
        method: The slug of the search, such as `pc`.
        test: The independence test that was used.
        context: The context column, or None.
        reasons: What was chosen, and why, one sentence each.
        warnings: What to keep in mind when reading the result, in plain words.
        config: Every option, as JSON values.
        given: How table, knowledge and kinds were handed in, for the call that repeats the discovery.
        sortability: Varsortability and R2-sortability of the table under the graph; near 1 says that scale alone
            could have given the order.
    """

    graph: Graph
    augmented: Graph
    table: Table
    learner: "ConstraintSearch" = field(repr=False)
    method: str
    test: str
    context: str | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    config: Mapping[str, Any] = field(repr=False)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sortability: Mapping[str, float] = field(default_factory=dict)

    @property
    def edge_frequencies(self) -> "EdgeFrequencies | None":
        """How often the search found each edge in halves of the rows; None without resamples."""
        frequencies: EdgeFrequencies | None = self.learner.edge_frequencies_
        return frequencies

    @property
    def changing(self) -> tuple[Any, ...]:
        """The variables whose mechanism changes with the context, each with its p-value."""
        return tuple(getattr(self.learner, "changing_", ()))

    @property
    def forces(self) -> Mapping[str, Any]:
        """For each changing variable, the curve of its mechanism over the context."""
        forces: Mapping[str, Any] = getattr(self.learner, "forces_", {})
        return forces

    @property
    def fastest(self) -> dict[str, tuple[tuple[float, float], ...]]:
        """For each changing variable the times between which its mechanism moves fastest, the fastest first."""
        turns = {name: fastest(force.context, force.curves.curves[0]) for name, force in self.forces.items()}
        return {name: windows for name, windows in turns.items() if windows}

    def context_text(self, value: float) -> str:
        """A value of the context as a reader writes it: a date where it is a time, else the number."""
        from aitia.data.writing import date_text

        if self.context is not None and self.context in self.table and self.table.kind(self.context) is Kind.TIME:
            return date_text(value)
        return f"{value:g}"

    @property
    def summary(self) -> tuple[tuple[str, str, str], ...]:
        """Of a graph over time the causes and effects among the variables, with the lags; else nothing."""
        return tuple(getattr(self.learner, "summary_", ()))

    @property
    def read_as(self) -> str:
        """What the edges mean to a question of adjustment: `pag` where hidden common causes are looked for."""
        return getattr(self.learner, "read_as", "auto")

    @property
    def caption(self) -> str:
        """What the marks of the graph say, in a sentence."""
        plain = "An arrow points from a cause to its effect; a line without a head may point either way."
        return getattr(self.learner, "caption", plain)

    def evidence(self, edge: Edge) -> list[str]:
        """Why this edge stands, in sentences: its weakest test, its direction, its shares of the resamples."""
        return self.learner.why(edge)

    @property
    def doubts(self) -> dict[Edge, str]:
        """The edges that are not sure by `EdgeFrequencies.doubt`, each with the sentence that says why."""
        frequencies = self.edge_frequencies
        if frequencies is None:
            return {}
        told = {edge: frequencies.doubt(edge) for edge in self.graph.edges}
        return {edge: doubt for edge, doubt in told.items() if doubt is not None}

    def to_svg(self, **options: Any) -> str:
        """The graph as a picture, see `aitia.graph.drawing.to_svg`: the less sure an edge, the thinner and fainter.

        Beside an edge stand the shares of the resamples that join the two and, for an arrow, that point its way, or
        in a PAG that have the heads and tails it is drawn with; an edge that is not sure is dashed.
        """
        classes = {} if self.context is None else {self.context: "context"}
        drawn: dict[str, Any] = {"classes": classes, "highlight": [c.variable for c in self.changing]}
        return self.augmented.to_svg(**drawn, **self._sureness(labels=True), **options)

    def plot(self, ax: Any = None) -> "Figure":
        """The same as a matplotlib figure."""
        return self.augmented.plot(ax, **self._sureness(labels=False))

    def _repr_html_(self) -> str:
        return self.to_svg()

    def _sureness(self, labels: bool) -> dict[str, Any]:
        frequencies = self.edge_frequencies
        if frequencies is None:
            return {}
        shares = {
            (e.left, e.right): (frequencies.share(e.left, e.right), frequencies.drawn(e)) for e in self.graph.edges
        }
        found: dict[str, Any] = {
            "sureness": {ends: drawn for ends, (_, drawn) in shares.items()},
            "dashed": [(e.left, e.right) for e in self.doubts],
        }
        if labels:
            plain = {(e.left, e.right) for e in self.graph.edges if e.symbol in ("---", "o-o")}
            found["labels"] = {
                ends: f"{joined:.0%}" if ends in plain else f"{joined:.0%}, {drawn:.0%}"
                for ends, (joined, drawn) in shares.items()
            }
        return found

    @property
    def scores(self) -> Mapping[tuple[str, str], float]:
        """For each edge how many nats the score loses without it; empty for searches that go by tests."""
        return getattr(self.learner, "losses_", {})

    @property
    def limits(self) -> dict[str, list[str]]:
        """Of columns of numbers the cells of the file that say only that one lies beyond, `>365`, and are missing."""
        flow = self.table.flow
        return {} if flow is None else {n: list(cells) for n, cells in flow.limits.items() if n in self.table}

    def to_json(self) -> dict[str, Any]:
        """The discovery in JSON values, for programs."""
        frequencies = self.edge_frequencies
        return {
            "graph": str(self.graph),
            "edges": [
                {
                    "left": e.left,
                    "symbol": e.symbol,
                    "right": e.right,
                    "evidence": self.evidence(e),
                    "shares": None if frequencies is None else frequencies.shares(e.left, e.right),
                    "doubt": None if frequencies is None else frequencies.doubt(e),
                }
                | ({"nats": self.scores[e.left, e.right]} if self.scores else {})
                for e in self.graph.edges
            ],
            "resamples": 0 if frequencies is None else frequencies.graphs,
            "changing": [{"variable": c.variable, "p_value": c.p_value} for c in self.changing],
            "fastest": {name: [list(window) for window in windows] for name, windows in self.fastest.items()},
            "method": self.method,
            "read_as": self.read_as,
            "test": self.test,
            "context": self.context,
            "reasons": list(self.reasons),
            "warnings": list(self.warnings),
            **(
                {"summary": [dict(zip(("cause", "effect", "lags"), row, strict=True)) for row in self.summary]}
                if self.summary
                else {}
            ),
            "sortability": dict(self.sortability),
            **({"limits": limits} if (limits := self.limits) else {}),
        }

    def python(self) -> str:
        """The call that repeats the discovery."""
        defaults = {
            "method": "auto",
            "alpha": 0.05,
            "max_depth": None,
            "score": "auto",
            "colliders": "auto",
            "bootstrap": None,
            "missing": "testwise",
            "seed": 0,
        }
        defaults |= dict.fromkeys(("time", "series", "lags"))
        shown: dict[str, Any] = {"context": self.context, "context_kind": self.config.get("context_kind")}
        shown["test"] = None if self.scores else self.test
        shown |= {k: self.config[k] for k, plain in defaults.items() if self.config.get(k, plain) != plain}
        shown |= {name: self.given.get(name) for name in ("kinds", "drop", "accept_cost") if self.given.get(name)}
        told = [f"{name}={value!r}" for name, value in shown.items() if value is not None]
        if self.given.get("reading"):
            told.append(f"reading=aitia.Reading({self.given['reading']})")
        if self.given.get("knowledge"):
            told.append(f"knowledge={self.given['knowledge']!r}")
        elif self.config.get("knowledge"):
            told.append(f"knowledge=aitia.Knowledge.from_json({self.config['knowledge']!r})")
        source = repr(self.given["data"]) if self.given.get("data") else "table"
        return f"import aitia\n\nfound = aitia.discover({source}, {', '.join(told)})\nprint(found.graph.to_text())"
