"""Answers that come while somebody waits: analyses that are opened are kept, with the model that was fitted to each."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from aitia.data.kinds import DISCRETE, Kind
from aitia.discovery import load_discovery
from aitia.discovery.save import SavedDiscovery
from aitia.errors import GraphError, InterventionError
from aitia.graph import Graph, Knowledge, apply, consistent_extension
from aitia.graph.marks import quote
from aitia.scm import SCM

__all__ = ["Answers", "Member", "Opened"]

KEPT = 8
"""Analyses that are kept open, and models of each."""
DRAWS = 2000
"""Rows behind a distribution that is shown."""
BINS = 24
FIT_ROWS = 5000
"""Rows of a table that mechanisms are fitted to while somebody waits."""


@dataclass(frozen=True)
class Opened:
    """An analysis that is open.

    Args:
        found: It.
    """

    found: SavedDiscovery
    _members: "OrderedDict[tuple[tuple[str, str], ...], Member]" = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def member(self, directed: Sequence[tuple[str, str]] = ()) -> "Member":
        """The model of a member of what was found.

        Args:
            directed: Lines whose direction is said, (cause, effect) each; the others are drawn one way.

        Raises:
            GraphError: If there is none: hidden causes, or lines that no DAG agrees with.
        """
        key = tuple(sorted({(cause, effect) for cause, effect in directed}))
        with self._lock:
            if key not in self._members:
                self._members[key] = Member(self.found, self._graph(key), key)
            self._members.move_to_end(key)
            while len(self._members) > KEPT:
                self._members.popitem(last=False)
            return self._members[key]

    def _graph(self, directed: Sequence[tuple[str, str]]) -> Graph:
        graph = self.found.graph
        if any(edge.symbol not in ("-->", "---") for edge in graph.edges):
            raise GraphError(
                "this graph leaves room for hidden common causes, so no model of its columns alone gives "
                "distributions: ask for an effect, which says what can be told"
            )
        told = apply(graph, Knowledge(required=directed)) if directed else graph
        return told if told.is_dag else consistent_extension(told)


@dataclass(frozen=True)
class Member:
    """A DAG of a discovery, with the model that is fitted to it.

    Args:
        found: The discovery.
        graph: The DAG, over its columns.
        directed: Lines whose direction was said.
    """

    found: SavedDiscovery
    graph: Graph
    directed: tuple[tuple[str, str], ...] = ()
    _fitting: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def chosen(self) -> list[dict[str, Any]]:
        """The lines that the data leave open, each as this member has it, and whether somebody said so."""
        free = {frozenset((e.left, e.right)) for e in self.found.graph.edges if e.symbol == "---"}
        return [{"cause": e.left, "effect": e.right, "said": (e.left, e.right) in self.directed,
                 "knowledge": f"required: {quote(e.left)} -> {quote(e.right)}"}
                for e in self.graph.edges if frozenset((e.left, e.right)) in free]  # fmt: skip

    @cached_property
    def scm(self) -> SCM:
        """The model of the member, fitted to the rows."""
        table = self.found.table
        if table.n > FIT_ROWS:
            table = table.take(np.random.default_rng(0).permutation(table.n)[:FIT_ROWS])
        return SCM.fit(self.graph, table)

    @cached_property
    def _before(self) -> Any:
        exogenous = self.scm.draw(DRAWS, seed=0)
        return exogenous, self.scm.solve(exogenous)

    @property
    def sliders(self) -> list[dict[str, Any]]:
        """What can be set, with its range or labels, and how it is distributed."""
        with self._fitting:  # who comes while the model is fitted waits for that fit
            return self._sliders

    def done(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        """How everything is distributed when these are set, with the noise of the rows before."""
        sliders = self.sliders
        model = self.scm.do(values) if values else self.scm
        with np.errstate(over="ignore", invalid="ignore"):  # what is beyond all numbers is told by its variable
            after = model.solve(self._before[0])
            return [before | _after(after, before) for before in sliders]

    @cached_property
    def _sliders(self) -> list[dict[str, Any]]:
        return [self._shown(name) for name in self.graph.nodes]

    def _shown(self, name: str) -> dict[str, Any]:
        table, before = self.found.table, self._before[1]
        if table.kind(name) in DISCRETE:
            labels = [str(label) for label in table.categories(name)]
            return {"name": name, "labels": labels, "before": _shares(before, name, len(labels)), "after": None}
        seen = table.column(name)
        low, high = (float(v) for v in np.nanquantile(seen, [0.005, 0.995]))
        low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
        return {"name": name, "low": low, "high": high, "whole": table.kind(name) is Kind.COUNT,
                "mean": float(np.mean(before.column(name))), "before": _counts(before, name, low, high)}  # fmt: skip


def _after(table: Any, before: dict[str, Any]) -> dict[str, Any]:
    """How a variable is distributed in other rows."""
    name = before["name"]
    if "labels" in before:
        return {"after": _shares(table, name, len(before["labels"]))}
    mean = float(np.mean(table.column(name)))
    if not np.isfinite(mean):
        raise InterventionError(f"{name} is beyond all numbers then: set something smaller")
    return {"after": _counts(table, name, before["low"], before["high"]), "mean after": mean}


def _shares(table: Any, name: str, labels: int) -> list[float]:
    counts = np.bincount(table.column(name).astype(np.int64), minlength=labels)
    found: list[float] = np.round(counts / counts.sum(), 4).tolist()
    return found


def _counts(table: Any, name: str, low: float, high: float) -> list[float]:
    """Shares in bins; what lies beyond is in the outermost."""
    places = (np.clip(table.column(name), low, high) - low) * (BINS / (high - low))
    counts = np.bincount(np.minimum(places.astype(np.int64), BINS - 1), minlength=BINS)
    found: list[float] = np.round(counts / table.n, 4).tolist()
    return found


class Answers:
    """Opened analyses by their folder, as long as they are as they were."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[Path, int], Opened] = OrderedDict()
        self._lock = threading.Lock()

    def opened(self, run: Path) -> Opened:
        """The analysis in a folder.

        Raises:
            RunError: If it is no finished one.
        """
        key = (run, (run / "summary.json").stat().st_mtime_ns if (run / "summary.json").is_file() else 0)
        with self._lock:
            if key not in self._held:
                self._held[key] = Opened(load_discovery(run))
            self._held.move_to_end(key)
            while len(self._held) > KEPT:
                self._held.popitem(last=False)
            return self._held[key]
