"""Are shares of resamples calibrated: of what a share s of the halves has, is about the part s in the true graph?

Worlds of known truth: Gaussian (6 to 15 variables, 100 to 2,000 rows, weights of .1 or .3 to .9, about one cause each)
and discrete (6 to 10 variables of two or three labels, 500 to 5,000 rows). In each the default search (level .05) is
repeated in random halves of the rows, as `aitia discover` does, and beside it in rows drawn with replacement, as many
as there are (the usual bootstrap). The truth is the DAG for pairs, its CPDAG for directions.

python benchmarks/shares.py [--worlds N] [--samples B] [--json FILE] [--write]

`--write` puts the table and the picture into docs/shares.md. About three CPU minutes for 30 worlds of each kind.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from _measure import write
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.graph import Graph, cpdag
from aitia.report import Line, line_chart
from aitia.stats.bootstrap import EdgeFrequencies
from aitia.systems.pc.model import PC

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"(?<=<!-- shares:begin -->\n).*?(?=<!-- shares:end -->)", re.DOTALL)
EDGES = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0001)
"""Between them lie the shares of one line of the table."""
HALVES, REPEATED = "halves of the rows", "rows with replacement"


def dag(rng: np.random.Generator, p: int, degree: float) -> Graph:
    """A random DAG over v0, v1, ... in a random order."""
    order = rng.permutation(p)
    there = np.triu(rng.random((p, p)) < degree / (p - 1), 1)
    names = [f"v{k}" for k in range(p)]
    return Graph([(names[order[i]], names[order[j]]) for i, j in np.argwhere(there)], names)


def gaussian(rng: np.random.Generator) -> tuple[Table, Graph]:
    """A linear Gaussian world and its DAG."""
    graph = dag(rng, int(rng.integers(6, 16)), float(rng.choice([1.5, 2.5])))
    n, least = int(rng.choice([100, 200, 500, 1000, 2000])), float(rng.choice([0.1, 0.3]))
    columns: dict[str, NDArray[np.float64]] = {}
    for name in graph.topological_order():
        columns[name] = rng.normal(size=n)
        for cause in graph.parents(name):
            columns[name] += rng.choice([-1, 1]) * rng.uniform(least, 0.9) * columns[cause]
    return Table.of({name: columns[name] for name in graph.nodes}), graph


def discrete(rng: np.random.Generator) -> tuple[Table, Graph]:
    """A world of labels, each from a table of probabilities given its causes, and its DAG."""
    graph = dag(rng, int(rng.integers(6, 11)), 1.5)
    n = int(rng.choice([500, 1000, 2000, 5000]))
    sizes = {name: int(rng.choice([2, 3])) for name in graph.nodes}
    codes: dict[str, NDArray[np.int64]] = {}
    for name in graph.topological_order():
        causes = graph.parents(name)
        tables = rng.dirichlet(np.full(sizes[name], 1.0), [sizes[cause] for cause in causes])
        chances = tables[tuple(codes[cause] for cause in causes)] if causes else np.tile(tables, (n, 1))
        codes[name] = (rng.random((n, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=sizes[name] - 1)
    return Table.of({name: [f"l{k}" for k in codes[name]] for name in graph.nodes}), graph


@dataclass
class Told:
    """Shares, and whether what they are of is true."""

    shares: list[float] = field(default_factory=list)
    truths: list[bool] = field(default_factory=list)

    def add(self, share: float, truth: bool) -> None:
        """One more."""
        self.shares.append(share)
        self.truths.append(truth)

    def lines(self) -> Iterator[tuple[float, float, int]]:
        """Mean share, part that is true and how many, for each interval of shares that holds any."""
        shares, truths = np.array(self.shares), np.array(self.truths, float)
        for low, high in pairwise(EDGES):
            inside = (shares >= low) & (shares < high)
            if inside.any():
                yield float(shares[inside].mean()), float(truths[inside].mean()), int(inside.sum())

    @property
    def error(self) -> float:
        """The mean distance of share and truth over the intervals, each by how much it holds."""
        return sum(abs(share - true) * many for share, true, many in self.lines()) / len(self.shares)


def with_replacement(table: Table, search: PC, samples: int, rng: np.random.Generator) -> EdgeFrequencies:
    """The usual bootstrap."""
    graphs = []
    while len(graphs) < samples:
        try:
            graphs.append(search.fit(table.take(rng.integers(0, table.n, table.n))).graph_)
        except DataError:  # a label is gone: draw again
            continue
    return EdgeFrequencies.of(graphs)


def study(
    world: Callable[..., tuple[Table, Graph]], test: str, worlds: int, samples: int
) -> dict[str, dict[str, Told]]:
    """For both ways to draw rows the shares of pairs, of directions, and of the arrows that are drawn."""
    found = {how: {what: Told() for what in ("adjacent", "direction", "drawn arrow")} for how in (HALVES, REPEATED)}
    ratios: dict[str, list[float]] = {HALVES: [], REPEATED: []}
    sure: dict[str, list[bool]] = {}
    for seed in range(worlds):
        rng = np.random.default_rng([1000, seed])
        table, graph = world(rng)
        true = cpdag(graph)
        search = PC(test=test)
        try:
            drawn = search.fit(table).graph_
        except DataError:  # a column that is constant or repeats another one
            continue
        shares = {HALVES: search.resample(samples), REPEATED: with_replacement(table, search, samples, rng)}
        for how, frequencies in shares.items():
            for k, a in enumerate(graph.nodes):
                for b in graph.nodes[:k]:
                    found[how]["adjacent"].add(frequencies.share(a, b), graph.has_edge(a, b))
                    for x, y in ((a, b), (b, a)):
                        found[how]["direction"].add(frequencies.directed(x, y), x in true.parents(y))
            for edge in drawn.edges:
                if edge.symbol == "-->":
                    right = edge.left in graph.parents(edge.right)
                    found[how]["drawn arrow"].add(frequencies.drawn(edge), right)
                    if how == HALVES:
                        doubt = re.sub(r"\d+% ", "", frequencies.doubt(edge) or "sure")
                        sure.setdefault(doubt, []).append(right)
            total = sum(sum(of.values()) for of in frequencies.counts.values()) / frequencies.graphs
            ratios[how].append(total / max(len(drawn.edges), 1))
    for doubt, of in sure.items():
        print(f"{world.__name__}, arrows, {doubt}: {sum(of)} of {len(of)} are right", file=sys.stderr)
    for how in found:
        print(
            f"{world.__name__}, {how}: {np.mean(ratios[how]):.2f} times the edges of the first search", file=sys.stderr
        )
    return found


def page(studies: dict[str, dict[str, dict[str, Told]]]) -> str:
    """The tables in Markdown."""
    parts = []
    for world, found in studies.items():
        for what in ("adjacent", "direction", "drawn arrow"):
            parts.append(
                f"\n{world}, {what}:\n\n| share | true, halves (how many) | true, with replacement |\n|---|---|---|"
            )
            rows: dict[str, dict[str, str]] = {}
            for how in (HALVES, REPEATED):
                for share, true, many in found[how][what].lines():
                    low = max(edge for edge in EDGES if edge <= share)
                    high = min(1.0, EDGES[EDGES.index(low) + 1])
                    rows.setdefault(f"{low:.0%} to {high:.0%}", {})[how] = f"{true:.0%} ({many})"
            parts += [f"| {name} | {of.get(HALVES, '-')} | {of.get(REPEATED, '-')} |" for name, of in rows.items()]
            errors = [f"**{found[how][what].error:.3f}**" for how in (HALVES, REPEATED)]
            parts.append(f"| mean distance | {errors[0]} | {errors[1]} |")
    return "\n".join(parts).strip()


def picture(studies: dict[str, dict[str, dict[str, Told]]]) -> str:
    """Part that is true over the share, of directions in Gaussian worlds; the diagonal is calibrated."""
    found = studies["Gaussian"]
    middles = [(low + min(high, 1.0)) / 2 for low, high in pairwise(EDGES)]
    lines = [Line("calibrated", middles)]
    for how in (HALVES, REPEATED):
        shares = np.array(list(found[how]["direction"].lines()))
        lines.append(Line(how, np.interp(middles, shares[:, 0], shares[:, 1]).tolist()))
    return line_chart(middles, lines, x_label="share of the resamples", y_label="part that is true")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=30)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true", help="put the table and the picture into docs/")
    given = parser.parse_args()
    studies = {
        "Gaussian": study(gaussian, "fisher-z", given.worlds, given.samples),
        "Discrete": study(discrete, "chi2", given.worlds, given.samples),
    }
    told = page(studies)
    print(told)
    rows = [
        {"world": world, "drawn": how, "what": what, "error": of.error, "lines": list(of.lines())}
        for world, found in studies.items()
        for how, kinds in found.items()
        for what, of in kinds.items()
    ]
    write(given.json, rows)
    if given.write:
        path = DOCS / "shares.md"
        path.write_text(BLOCK.sub(lambda _: told + "\n", path.read_text(encoding="utf-8")), encoding="utf-8")
        (DOCS / "_static" / "shares.svg").write_text(picture(studies) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
