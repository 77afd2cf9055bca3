"""An effect that was estimated, with what its interval covers, in words and in JSON values."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aitia.discovery.effects.estimators import Estimator
from aitia.discovery.effects.refute import Refutation
from aitia.discovery.effects.scale import NULL, in_percent
from aitia.do import Effect
from aitia.graph import Edge, Graph
from aitia.graph.marks import Triple
from aitia.stats.worth import LEAST

__all__ = ["EstimatedEffect", "Member", "OverGraphs", "Unidentified", "deciding"]


@dataclass(frozen=True)
class Member:
    """The effect in the members of the equivalence class that share the parents of what is set.

    Args:
        graph: The DAG whose mechanisms were fitted.
        estimate: Of the effect there; NaN where the rows only bound it.
        low: Lower end of its interval, which covers sampling and the fit.
        high: Upper end.
        count: How many MAGs of a PAG's class answer so; None where they were not counted.
    """

    graph: Graph
    estimate: float
    low: float
    high: float
    count: int | None = None


@dataclass(frozen=True)
class Unidentified:
    """The members of a PAG's class in which no adjustment set gives the effect.

    Args:
        reason: What stands in the way, of one of them.
        count: How many they are; None where they were not counted.
        members: How many the class has.
    """

    reason: str
    count: int | None
    members: int | None

    def told(self, what: str) -> str:
        """That the others say `what`, and these nothing, in words.

        Example:
            >>> print(Unidentified("x --> y is not visible", 1, 5).told("0"))
            0 in 4 of the 5 members of the class, not identified in 1, where x --> y is not visible
        """
        if self.count is None or self.members is None:
            return f"{what} in some members of the class, not identified in others, where {self.reason}"
        rest, of = self.members - self.count, f"of the {self.members} members of the class"
        return f"{what} in {rest} {of}, not identified in {self.count}, where {self.reason}"


@dataclass(frozen=True)
class OverGraphs:
    """The effect over graphs that were found anew in bootstrap samples, with every member of their classes.

    Args:
        graphs: How many were found.
        answered: In how many of them the question had an answer.
        low: Lower end over all of them.
        high: Upper end.
        path: Share of the graphs from halves of the rows in which a directed path leads from what is set to the
            outcome; NaN without any.
        possible: The same where some member of the class has one, which an edge of open direction may be on.
        halves: How many graphs were found in halves of the rows.
    """

    graphs: int
    answered: int
    low: float
    high: float
    path: float
    possible: float
    halves: int

    @property
    def path_told(self) -> str:
        """In how many graphs there is a directed path, in words, after `a directed path in`."""
        if not self.halves:
            return "none, as no half of the rows could be searched"
        told = f"{self.path:.0%} of the graphs from {self.halves} random halves of the rows"
        if self.possible == self.path:
            return told
        return f"{told}, and in some members of the classes of a further {self.possible - self.path:.0%}"

    @property
    def told(self) -> str:
        """How many graphs, in words."""
        if self.answered == self.graphs:
            return f"{self.graphs} bootstrap graphs"
        return f"those {self.answered} of {self.graphs} bootstrap graphs that answer"


def _ends(line: Estimator) -> str:
    """The interval of an estimator; nothing where it has none."""
    return "" if line.interval is None else f"[{line.low:.4g}, {line.high:.4g}]  "


def deciding(edges: Sequence[Edge], triples: Sequence[Triple] = ()) -> str:
    """Which edges decide, and which open triples, in words.

    Example:
        >>> print(deciding(Graph("a --- b").edges), deciding(Graph("x o-> y").edges), sep="; ")
        the direction of a - b decides; the circle of x o-> y decides
        >>> print(deciding((), [("a", "b", "c")]))
        whether b is a collider between a and c decides
    """
    if triples:
        told = ", ".join(f"{b} is a collider between {a} and {c}" for a, b, c in triples)
        if not edges:
            return f"whether {told} decides"
        return f"whether {told}, and the direction of {', '.join(f'{e.left} - {e.right}' for e in edges)} decide"
    plain = all(edge.symbol == "---" for edge in edges)
    what = "direction" if plain else "circle"
    named = ", ".join(f"{e.left} - {e.right}" if plain else str(e) for e in edges)
    one = len(edges) == 1 and (plain or edges[0].symbol != "o-o")
    return f"the {what}{'' if one else 's'} of {named} decide{'s' if one else ''}"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, kw_only=True)
class EstimatedEffect(Effect):
    """An `Effect` on fitted mechanisms; its interval is a percentile bootstrap over the rows, or follows Rubin's rules
    over imputations with a bootstrap in each.

    `estimate` is NaN where the rows, or the members of the class, leave it open; `low` and `high` are bounds then. Both
    are NaN where no interval can be given: a value that no row comes near, or an effect that is zero by the graph.

    Args:
        identification: Why the effect follows from the graph, in words.
        graph: The DAG whose mechanisms were fitted, of the first member where there are several.
        resamples: Number of bootstrap samples behind the interval.
        rows: That the mechanisms were fitted to.
        scale: `difference`, `ratio` or `odds`.
        lacking: Share of the rows of which the table says nothing: the interval holds every outcome for them.
        trimmed: Share of the rows that was left out because of that.
        members: The members of the class, where they do not agree.
        undecided: Edges whose direction, or of a PAG whose marks, tell them apart.
        open_triples: Triples (a, b, c) that do, as the graph leaves open whether b is a collider.
        unidentified: The members of a PAG's class in which it is not identified: no estimate and no interval then.
        over: The effect over bootstrap graphs, where the graph was found and not given.
        uncovered: Whether the graph was found, and not found again in other rows.
        overlap: What the table lacks of what is needed, in sentences.
        imputations: How many times the gaps were filled; 0 where they were not.
        flow: How the rows came to be, and which were left out, a line each.
        warnings: What to keep in mind, in sentences.
        method: `g-formula` on fitted mechanisms, or `2SLS` where instruments alone tell the effect.
        estimators: The effect by other estimators, the one that is reported first.
        refutations: What the effect came to where it should be nothing, or the same.
        clustered: Column of the clusters that were drawn again.
        weighted: Column of the weights.
    """

    identification: str
    graph: Graph
    resamples: int
    rows: int
    scale: str = "difference"
    lacking: float = 0.0
    trimmed: float = 0.0
    members: tuple[Member, ...] = ()
    undecided: tuple[Edge, ...] = ()
    open_triples: tuple[Triple, ...] = ()
    unidentified: Unidentified | None = None
    over: OverGraphs | None = None
    uncovered: bool = False
    overlap: tuple[str, ...] = ()
    imputations: int = 0
    flow: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    method: str = "g-formula"
    estimators: tuple[Estimator, ...] = ()
    refutations: tuple[Refutation, ...] = ()
    clustered: str | None = None
    weighted: str | None = None

    @property
    def alarms(self) -> tuple[str, ...]:
        """Why the effect is worth little, in sentences."""
        if self.rows >= LEAST:
            return ()
        return (f"the effect rests on {self.rows} rows, fewer than {LEAST}: on others it may be anything",)

    def __str__(self) -> str:
        what = self.outcome if self.label is None else f"P({self.outcome} = {self.label})"
        against = str(self.against) if self.against else "the system left alone"
        of = {"difference": "by", "ratio": "by a factor of", "odds": "by an odds ratio of"}[self.scale]
        if self.zero:
            return (
                f"{self.intervention} changes {what} {of} {NULL[self.scale]:.4g} against {against}: {self._no_path()}"
            )
        interval = "" if math.isnan(self.low) else f"[{self.low:.4g}, {self.high:.4g}]"
        if math.isnan(self.estimate):
            if not interval:
                return f"what {self.intervention} changes in {what} is left open"
            return f"{self.intervention} changes {what} {of} {self.low:.4g} to {self.high:.4g} against {against}"
        sides = "" if math.isnan(self.mean) else f" ({self.mean_against:.4g} -> {self.mean:.4g})"
        told = f"{self.intervention} changes {what} {of} {self.estimate:.4g}"
        return f"{told}{' ' if interval else ''}{interval} against {against}{sides}"

    def _no_path(self) -> str:
        if self.over is None:
            looked = "; whether one is in graphs of other rows was not looked at" if self.uncovered else ""
            return f"no directed path in this graph{looked}"
        return f"no directed path in this graph, and one in {self.over.path_told}"

    @property
    def range_line(self) -> str | None:
        """What the members of the class leave open, such as `-0.2 to 0.6: the direction of a - b decides`."""
        if not self.members:
            return None
        ends = [m.estimate for m in self.members if not math.isnan(m.estimate)]
        low, high = (f"{end(ends):.4g}" if ends else "" for end in (min, max))
        span = "between the bounds of each" if not ends else low if low == high else f"{low} to {high}"
        if self.unidentified is not None:
            span = self.unidentified.told(span)
        return f"{span}: {deciding(self.undecided, self.open_triples)}"

    @property
    def because(self) -> str:
        """Why this is the effect, and what it rests on, in words."""
        why = self.identification[:1].upper() + self.identification[1:].rstrip(".")
        fitted = "" if self.members or self.method != "g-formula" else f" Mechanisms fitted on: {self.graph}."
        return f"{why}.{fitted} {self.covers_line}"

    def lines(self) -> list[str]:
        """All that is to be read of it, a line each: the effect, what decides it, why, and what to keep in mind."""
        lines = [str(self)]
        if self.range_line is not None:
            lines.append(self.range_line)
        if (over := self.over) is not None:
            path = "" if self.zero else f"; a directed path in {over.path_told}"
            told = f"Over {over.told} and all members of their classes: {over.low:.4g} to {over.high:.4g}{path}"
            lines.append(told if over.answered else f"Of {over.graphs} bootstrap graphs none answers")
        lines.append(self.because)
        if len(self.estimators) > 1:
            width = max(len(e.name) for e in self.estimators)
            lines += ["By other estimators:"]
            lines += [
                f"  {e.name:<{width}}  {e.estimate:9.4g}  {_ends(e)}rests on: {e.rests_on}" for e in self.estimators
            ]
        if self.refutations:
            lines += ["Refutations:", *(f"  {told}" for told in self.refutations)]
        return [*lines, *(f"Note: {told}" for told in (*self.overlap, *self.warnings))]

    @property
    def covers_line(self) -> str:
        """What the interval covers, in words."""
        if self.zero:
            return f"What is zero by the graph is as sure as the graph: it has no interval.{self._uncovered}"
        if self.method == "2SLS" and math.isnan(self.low):
            return "No interval is given."
        if self.method == "2SLS":
            return (
                "The interval covers sampling, with errors robust to unequal spread"
                f"{' and clusters' if self.clustered else ''}; where rows differ in their effect it is that of those "
                "whom the instrument moves."
            )
        if not self.resamples:
            return "No interval was asked for (0 resamples)."
        if math.isnan(self.low):
            return "No interval is given."
        drawn = f"whole clusters of {self.clustered}" if self.clustered else "the rows"
        parts = [f"sampling of {drawn} and the fit of the mechanisms ({self.resamples} resamples)"]
        if self.imputations:
            parts.append(f"gaps filled {self.imputations} times (Rubin's rules)")
        if self.lacking:
            parts.append(f"every outcome of the {in_percent(self.lacking)} of the rows that the table says nothing of")
        if self.members:
            parts.append("the members of the equivalence class")
        if self.over is not None and self.over.answered:
            parts.append(f"the graph ({self.over.answered} of {self.over.graphs} bootstrap graphs answer)")
            return f"The interval covers {', '.join(parts)}."
        lost = f", as none of {self.over.graphs} bootstrap graphs answers" if self.over is not None else ""
        return f"The interval covers {', '.join(parts)}; not an error in the graph{lost}.{self._uncovered}"

    @property
    def _uncovered(self) -> str:
        """What would make the interval cover the graph, where that was found."""
        if not self.uncovered:
            return ""
        return " The graph was found in these rows: --graphs 50 finds it again in others, and the interval covers it."

    def to_json(self) -> dict[str, Any]:
        """In JSON values, for programs."""
        over = self.over
        return {
            "intervention": str(self.intervention),
            "against": str(self.against),
            "resamples": self.resamples,
            "outcome": self.outcome,
            "label": self.label if self.label is None else str(self.label),
            "scale": self.scale,
            "estimate": _number(self.estimate),
            "low": _number(self.low),
            "high": _number(self.high),
            "confidence": self.confidence,
            "covers": self.covers_line,
            "mean": _number(self.mean),
            "mean_against": _number(self.mean_against),
            "zero_by_the_graph": self.zero,
            "lacking": self.lacking,
            "trimmed": self.trimmed,
            "overlap": list(self.overlap),
            "members": [
                {
                    "graph": str(m.graph),
                    "estimate": _number(m.estimate),
                    "low": _number(m.low),
                    "high": _number(m.high),
                    "members": m.count,
                }
                for m in self.members
            ],
            "undecided": [[edge.left, edge.right] for edge in self.undecided],
            **({"open_triples": [list(triple) for triple in self.open_triples]} if self.open_triples else {}),
            "unidentified": None if self.unidentified is None else asdict(self.unidentified),
            "range": self.range_line,
            "over_graphs": None
            if over is None
            else {
                "graphs": over.graphs,
                "answered": over.answered,
                "low": _number(over.low),
                "high": _number(over.high),
                "directed_path": _number(over.path),
                "possible_path": _number(over.possible),
                "halves": over.halves,
            },
            "method": self.method,
            "estimators": [
                {
                    "name": e.name,
                    "estimate": _number(e.estimate),
                    "low": None if e.interval is None else _number(e.low),
                    "high": None if e.interval is None else _number(e.high),
                    "rests_on": e.rests_on,
                    "first_stage": e.first_stage,
                    "anderson_rubin": None
                    if e.anderson_rubin is None
                    else [[_number(low), _number(high)] for low, high in e.anderson_rubin],
                }
                for e in self.estimators
            ],
            "refutations": [r.to_json() for r in self.refutations],
            "identification": self.identification,
            "graph": str(self.graph),
            "weights": self.weighted,
            "cluster": self.clustered,
            "alarms": list(self.alarms),
            "imputations": self.imputations,
            "flow": list(self.flow),
            "warnings": list(self.warnings),
        }
