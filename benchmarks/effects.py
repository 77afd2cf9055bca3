"""How often the intervals of effects hold the truth: with the true graph given, and with the graph found from the rows.

Tables are drawn from random systems whose effect is known: linear ones in closed form, discrete ones by summing out.
The truth counts as held by an interval, by bounds, and by "0 by the graph" where it is 0; refusals are counted apart.

python benchmarks/effects.py [--full | --tables N] [--only STUDY ...] [--first SEED] [--json FILE] [--keep LINES]

100 tables of each kind, or 500 with --full, of the seeds from SEED (0) on. --keep appends a line of JSON for each
table, and does not do again what stands there.
"""

import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from _measure import options, write
from aitia import SCM, Graph, Table, discover, estimate_effect
from aitia.discovery.effects import Search
from aitia.do import do
from aitia.errors import AitiaError
from aitia.scm import Linear
from aitia.scm.means import mean_under

RESAMPLES, ROWS = 200, 400
STUDIES = ("linear-given", "linear-found", "discrete-given", "discrete-found")
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


def kind_of(answer: Any) -> str:
    """What an answer is: one estimate, 0 by the graph, or a range that members of the class or empty cells leave."""
    return "zero" if answer.zero else "range" if np.isnan(answer.estimate) else "one"


def table_of(kind: str, seed: int, rows: int, learned: bool) -> dict[str, Any]:
    """One table: what came of its question."""
    start = time.process_time()
    w = world(kind, seed)
    table = w.scm.sample(rows, seed=seed)
    dag, search = w.scm.graph, None
    if learned:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = discover(table)
        dag, search = found.graph, Search.of(found)
    answer = asked(w, dag, table, search, seed)
    line: dict[str, Any] = {"system": kind, "graph": "found" if learned else "given", "rows": rows, "seed": seed}
    if answer is None:
        line["answer"] = "refused"
    else:
        width = None if np.isnan(answer.low) else float(answer.high - answer.low)
        line |= {"answer": kind_of(answer), "held": held(answer, w.truth), "width": width}
    return line | {"cpu_seconds": time.process_time() - start}


def study(kind: str, seeds: range, rows: int, learned: bool, keep: Path | None) -> dict[str, Any]:
    """Coverage, median width, and shares of the kinds of answers; tables that `keep` has are not done again."""
    done: dict[int, dict[str, Any]] = {}
    if keep is not None and keep.exists():
        wanted = {"system": kind, "graph": "found" if learned else "given", "rows": rows}
        lines = [json.loads(line) for line in keep.read_text(encoding="utf-8").splitlines()]
        done = {line["seed"]: line for line in lines if wanted.items() <= line.items()}
    for seed in seeds:
        if seed not in done:
            done[seed] = table_of(kind, seed, rows, learned)
            if keep is not None:
                with keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[seed]) + "\n")
        if seed == seeds[9]:  # the first few compile what the others use
            each = float(np.median([done[k]["cpu_seconds"] for k in seeds[:10]]))
            print(f"{kind}, graph {done[seed]['graph']}: {each:.2f} CPU seconds a table", file=sys.stderr, flush=True)
    return summary(kind, rows, [done[seed] for seed in seeds])


def summary(kind: str, rows: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of all tables; coverage and width of each kind of answer beside those of all."""
    answered = [line for line in lines if line["answer"] != "refused"]
    hits = np.array([line["held"] for line in answered], dtype=float)
    found: dict[str, Any] = {
        "system": kind, "graph": lines[0]["graph"], "tables": len(lines), "rows": rows, "coverage": float(hits.mean()),
        "error": float(1.96 * hits.std() / np.sqrt(len(hits))), "median_width": _width(answered),
        "refused": 1 - len(answered) / len(lines), "cpu_seconds": sum(line["cpu_seconds"] for line in lines),
    }  # fmt: skip
    for what in ("one", "range", "zero"):
        own = [line for line in answered if line["answer"] == what]
        if own:
            found[what] = {
                "share": len(own) / len(lines), "coverage": float(np.mean([line["held"] for line in own])),
                "median_width": _width(own),
            }  # fmt: skip
    return found


def _width(lines: list[dict[str, Any]]) -> float | None:
    widths = [line["width"] for line in lines if line["width"] is not None]
    return float(np.median(widths)) if widths else None


def main() -> None:
    parser = options(__doc__, keep="a line of JSON for each table; what stands there is not done again")
    parser.add_argument("--tables", type=int, help="how many of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", nargs="+", choices=STUDIES, help="some of the studies")
    given = parser.parse_args()
    tables = given.tables or (500 if given.full else 100)
    lines = []
    heads = (
        "system",
        "graph",
        "tables",
        "rows",
        "coverage",
        "median width",
        "one estimate",
        "a range",
        "0 by the graph",
    )
    print(f"| {' | '.join((*heads, 'refused'))} |\n{'|---' * 10}|")
    for what in given.only or STUDIES:
        kind, graph = what.split("-")
        line = study(kind, range(given.first, given.first + tables), ROWS, graph == "found", given.keep)
        lines.append(line)
        print(
            f"| {kind} | {line['graph']} | {line['tables']} | {line['rows']} | {line['coverage']:.3f} ± "
            f"{line['error']:.3f} | {line['median_width']:.3g} | {_part(line, 'one')} | {_part(line, 'range')} | "
            f"{_part(line, 'zero')} | {line['refused']:.1%} |",
            flush=True,
        )
    write(given.json, lines)


def _part(line: dict[str, Any], what: str) -> str:
    """One kind of answer: its share, and its coverage and width."""
    if what not in line:
        return "0%"
    part = line[what]
    width = "" if part["median_width"] is None else f", {part['median_width']:.2g}"
    return f"{part['share']:.0%} ({part['coverage']:.3f}{width})"


if __name__ == "__main__":
    main()
