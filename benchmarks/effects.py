"""How often the intervals of effects hold the truth: with the true graph given, and with the graph found from the rows.

Tables are drawn from random systems whose effect is known: linear ones in closed form, discrete ones by summing out.
The truth counts as held by an interval, by bounds, and by "0 by the graph" where it is 0; refusals are counted apart.

python benchmarks/effects.py [--full] [--json FILE]

100 tables of each kind, or 500 with --full.
"""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from _measure import arguments, write
from aitia import SCM, Graph, Table, discover, estimate_effect
from aitia.discovery.effects import Search
from aitia.do import do
from aitia.errors import AitiaError
from aitia.scm import Linear
from aitia.scm.means import mean_under

RESAMPLES, ROWS = 200, 400
SHARE = 0.45
"""Of the pairs of columns that are joined."""


@dataclass
class World:
    """A system, a question, and the truth."""

    scm: SCM
    cause: str
    outcome: str
    sides: tuple[Any, Any]
    truth: float

    @property
    def label(self) -> object | None:
        """Of the outcome that is watched."""
        labels = self.scm.categories(self.outcome)
        return labels[-1] if labels else None


def graph(rng: np.random.Generator, p: int) -> Graph:
    """A random DAG in which the second-last column in causal order acts on the last."""
    names = [f"v{k}" for k in rng.permutation(p)]
    pairs = [
        (names[i], names[j]) for j in range(p) for i in range(j) if rng.random() < SHARE or (i, j) == (p - 2, p - 1)
    ]
    return Graph(pairs, sorted(names))


def world(kind: str, seed: int) -> World:
    """A random one of five columns; the treatment is a parent of the outcome two times of three, else any other."""
    rng = np.random.default_rng([seed, 71])
    dag = graph(rng, 5)
    outcome = dag.topological_order()[-1]
    others = [name for name in dag if name != outcome]
    near = list(dag.parents(outcome))
    cause = str(rng.choice(near if near and rng.random() < 2 / 3 else others))
    if kind == "linear":
        parts = {
            name: Linear(ps := dag.parents(name), rng.uniform(0.3, 1, len(ps)) * rng.choice([-1, 1], len(ps)))
            for name in dag
        }
        scm, sides = SCM(dag, parts), (0.5, -0.5)
    else:
        tables = {}
        for name in dag:
            shape = (2,) * len(dag.parents(name))
            tables[name] = np.stack([q := rng.uniform(0.15, 0.85, shape), 1 - q], axis=-1)
        scm, sides = SCM.from_tables(dag, tables), (1, 0)
    label = scm.categories(outcome)[-1] if kind == "discrete" else None
    one, two = (mean_under(do(scm, {cause: side}), outcome, label) for side in sides)
    return World(scm, cause, outcome, sides, one - two)


def asked(world: World, found: Graph, rows: Table, search: Search | None, seed: int) -> Any:
    """The effect, or None where it is refused."""
    try:
        return estimate_effect(
            found, rows, {world.cause: world.sides[0]}, world.outcome, against={world.cause: world.sides[1]},
            label=world.label, resamples=RESAMPLES, search=search, seed=seed,
        )  # fmt: skip
    except AitiaError:
        return None


def held(answer: Any, truth: float) -> bool:
    """Whether the answer is true of this truth."""
    if np.isnan(answer.low):
        return bool(answer.zero and abs(truth) < 1e-12)
    return bool(answer.low <= truth <= answer.high)


def study(kind: str, tables: int, rows: int, learned: bool) -> dict[str, Any]:
    """Coverage, median width, and shares of refusals and of bounds."""
    answers, refused, start = [], 0, time.process_time()
    for seed in range(tables):
        w = world(kind, seed)
        table = w.scm.sample(rows, seed=seed)
        dag, search = w.scm.graph, None
        if learned:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = discover(table)
            dag, search = found.graph, Search.of(found)
        answer = asked(w, dag, table, search, seed)
        if answer is None:
            refused += 1
        else:
            answers.append((held(answer, w.truth), answer.high - answer.low, np.isnan(answer.estimate)))
    hits = np.array([hit for hit, _, _ in answers], dtype=float)
    widths = np.array([width for _, width, _ in answers])
    return {
        "system": kind, "graph": "found" if learned else "given", "tables": tables, "rows": rows,
        "coverage": float(hits.mean()), "error": float(1.96 * hits.std() / np.sqrt(len(hits))),
        "median_width": float(np.nanmedian(widths)), "refused": refused / tables,
        "open": float(np.mean([left for _, _, left in answers])), "cpu_seconds": time.process_time() - start,
    }  # fmt: skip


def main() -> None:
    given = arguments(__doc__)
    tables = 500 if given.full else 100
    lines = []
    print("| system | graph | tables | rows | coverage | median width | no estimate | refused |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in ("linear", "discrete"):
        for learned in (False, True):
            line = study(kind, tables, ROWS, learned)
            lines.append(line)
            print(
                f"| {kind} | {line['graph']} | {line['tables']} | {line['rows']} | {line['coverage']:.3f} ± "
                f"{line['error']:.3f} | {line['median_width']:.3g} | {line['open']:.0%} | {line['refused']:.1%} |",
                flush=True,
            )
    write(given.json, lines)


if __name__ == "__main__":
    main()
