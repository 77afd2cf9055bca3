"""The claim of CD-NOD: what changes between domains or over time shows a better graph than pooled data.

(a) Six variables, ten domains: skeleton, changed modules, directions; beside PC on the pooled rows, CD-NOD with a
    linear test, and the trivial graphs (empty, random, sorted by variance).
(b) Directions between two variables that both change (phase 3), over the number of domains, and over smooth time.
(c) The driving forces of a chain over time, beside a windowed mean; and whether exactly the two pushed variables are
    marked as changing.
(d) Two unrelated drifting variables: pooled PC links them, CD-NOD must not.
(e) Directions between two variables that both change, by the whole search: with phase 3 and, on the same rows, without.
(f) Series of an economy beside sunspots and the temperature of a sea, measured by others: pooled PC links them.

Bars of (e) were set on seeds 1000 to 1009 (10 of 10 right with phase 3, none without).

Control: the domains of (a) and (e), and the quarters of (f), dealt out anew among the rows, so that no mechanism
changes with them.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.graph import Graph, adjacency_scores, shd
from aitia.systems.cd_nod.claim_real import part_f, time_permuted
from aitia.systems.cd_nod.mechanism_change import coupling, evidence, leading_curves, mechanism_curve
from aitia.systems.cd_nod.model import CDNOD
from aitia.worlds import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld

__all__ = ["CLAIM"]

DOMAIN_COUNTS = {10: 60, 20: 40, 40: 25}
"""Domains of part (b), and the rows of each."""
SHUFFLED = "domains shuffled"
DIRECTED, WITHOUT = "direction found by the whole search, 40 domains of 25", "the same search without phase 3"


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    rows = [*_part_a(context), *_part_b(context), *_part_c(context), *_part_d(context), *_part_e(context)]
    rows += part_f(context)
    context.control(SHUFFLED, _domains_shuffled)
    return rows


# -- (a) ---------------------------------------------------------------------------------------------------------------


def _part_a(context: ClaimContext) -> list[Row]:
    results = context.over_seeds("a", partial(_heterogeneous, context.rival("pc")), 20)

    def values(method: str, metric: str) -> list[float]:
        return [r[method][metric] for r in results]

    pooled, linear = "PC, kernel test, pooled", "CD-NOD, Fisher-Z"
    trivial = ("empty graph", "random graph", "sorted by variance")
    names = (pooled, linear, *trivial)

    def share(hits: str, of: str) -> list[float]:
        return [r["changed"][hits] / r["changed"][of] for r in results if r["changed"][of]]

    return [
        row(
            "a", "skeleton F1", values("CD-NOD", "f1"), bar=0.9,
            baselines={name: values(name, "f1") for name in names}, ahead_of={pooled: 0.04, linear: 0.1},
            note="6 variables, mean degree 2, 10 domains of 50 rows; alpha 0.05.",
        ),
        row(
            "a", "edges oriented right", values("CD-NOD", "right"), bar=0.7,
            baselines={name: values(name, "right") for name in names}, ahead_of={pooled: 0.08},
            note="Share of the true edges that are found with their direction.",
        ),
        row("a", "structural Hamming distance", values("CD-NOD", "shd"), direction="lower",
            baselines={name: values(name, "shd") for name in names}),
        row("a", "changed modules: recall", share("hits", "true"), bar=0.85,
            baselines={linear: share("hits_linear", "true"), pooled: [0.0] * len(share("hits", "true"))},
            note="Recall over the worlds where something changes, precision over those where something was marked. PC "
            "knows no context and marks nothing."),
        row("a", "changed modules: precision", share("hits", "found"), bar=0.93,
            baselines={linear: share("hits_linear", "found_linear")}),
    ]  # fmt: skip


def _heterogeneous(pc: type[Any], seed: int) -> dict[str, Any]:
    world = HeterogeneousWorld(world_seed=seed)
    table = world.sample(500, seed=0)
    pooled = table.drop([world.context])
    ours = CDNOD(test="kci", phases=3, context_kind="domain").fit(table, context=world.context)
    linear = CDNOD(test="fisher-z", phases=3, context_kind="domain").fit(table, context=world.context)
    rng = np.random.default_rng([seed, 1])
    graphs = {
        "CD-NOD": ours.graph_,
        "PC, kernel test, pooled": pc(test="kci").fit(pooled).graph_,
        "CD-NOD, Fisher-Z": linear.graph_,
        "empty graph": Graph((), world.graph.nodes),
        "random graph": _random_graph(world.graph, rng),
        "sorted by variance": _sorted_by_variance(pooled, len(world.graph.edges)),
    }
    true = set(world.changing)
    marked, marked_linear = ({c.variable for c in m.changing_} for m in (ours, linear))
    return {name: _scores(world.graph, graph) for name, graph in graphs.items()} | {
        "changed": {
            "true": len(true),
            "found": len(marked),
            "hits": len(marked & true),
            "found_linear": len(marked_linear),
            "hits_linear": len(marked_linear & true),
        }
    }


def _domains_shuffled(seed: int) -> dict[str, float]:
    """How many of the modules that change are marked where the domains say nothing of them."""
    world = HeterogeneousWorld(world_seed=seed)
    table = world.sample(500, seed=0)
    domains = np.random.default_rng([seed, 2]).permutation(table.labels(world.context))
    mixed = table.with_columns({world.context: domains}, {world.context: "label"})
    found = CDNOD(test="kci", phases=3, context_kind="domain").fit(mixed, context=world.context)
    marked = {c.variable for c in found.changing_}
    recall = len(marked & set(world.changing)) / len(world.changing)
    directed = _whole(seed, shuffled=True)["phase 3"]
    return {"changed modules: recall": recall, DIRECTED: directed, **time_permuted(seed)}


def _scores(true: Graph, guess: Graph) -> dict[str, float]:
    right = sum(edge.left in guess.parents(edge.right) for edge in true.edges)
    f1 = adjacency_scores(true, guess).f1 if guess.edges or true.edges else 1.0
    share = right / len(true.edges) if true.edges else 1.0
    return {"f1": float(np.nan_to_num(f1)), "right": share, "shd": float(shd(true, guess))}


def _random_graph(true: Graph, rng: np.random.Generator) -> Graph:
    """As many edges as the truth has, anywhere."""
    nodes = list(rng.permutation(true.nodes))
    pairs = [(a, b) for k, a in enumerate(nodes) for b in nodes[k + 1 :]]
    chosen = rng.choice(len(pairs), min(len(true.edges), len(pairs)), replace=False)
    return Graph([(str(pairs[k][0]), str(pairs[k][1])) for k in chosen], true.nodes)


def _sorted_by_variance(table: Table, edges: int) -> Graph:
    """The strongest correlations, each pointing from the smaller to the larger variance."""
    values = table.matrix()
    correlation = np.abs(np.corrcoef(values.T))
    order = np.argsort(values.var(axis=0))
    pairs = [(int(a), int(b)) for k, a in enumerate(order) for b in order[k + 1 :]]
    strongest = sorted(pairs, key=lambda pair: -correlation[pair])[:edges]
    return Graph([(table.names[a], table.names[b]) for a, b in strongest], table.names)


# -- (b) ---------------------------------------------------------------------------------------------------------------


def _part_b(context: ClaimContext) -> list[Row]:
    rows = []
    for domains, size in DOMAIN_COUNTS.items():
        results = context.over_seeds(f"b, {domains} domains", _Pair(domains, domains * size), 40)
        rows.append(
            row(
                "b", f"direction right, {domains} domains of {size}", [r["coupling"] for r in results],
                kind="share", bar=0.85 if domains == 40 else None, baselines={"coin": [0.5] * len(results)},
                note="Two variables, both mechanisms change; smaller coupling wins. Chance is 0.5.",
            )
        )  # fmt: skip
    results = context.over_seeds("b, time", _Pair(0, 300), 40)
    rows.append(
        row(
            "b", "direction right, smooth time, T = 300", [r["evidence"] for r in results], bar=0.8,
            kind="share",
            baselines={
                "coin": [0.5] * len(results),
                "smaller coupling, as published": [r["coupling"] for r in results],
            },
            note="Over smooth time larger evidence wins. Three sinusoids of at most three periods are about ten "
            "independent values, so that couplings, whatever their widths and kernels, are as uncertain as with ten "
            "domains.",
        )
    )  # fmt: skip
    return rows


class _Pair:
    """One world of part (b): 1.0 under each score that tells the direction."""

    def __init__(self, domains: int, n: int) -> None:
        self.domains, self.n = domains, n

    def __call__(self, seed: int) -> dict[str, float]:
        world = PairWorld(domains=self.domains, world_seed=seed)
        table = world.sample(self.n, seed=0)
        cause, effect = world.graph.topological_order()

        def coupled(a: str, b: str) -> float:
            where = (world.context, world.context_kind)
            return coupling(mechanism_curve(table, (a,), (), *where), mechanism_curve(table, (b,), (a,), *where))

        def likely(a: str, b: str) -> float:
            return evidence(table, (a,), (), world.context) + evidence(table, (b,), (a,), world.context)

        right = {"coupling": float(coupled(cause, effect) < coupled(effect, cause))}
        if not self.domains:
            right["evidence"] = float(likely(cause, effect) > likely(effect, cause))
        return right


# -- (c) ---------------------------------------------------------------------------------------------------------------


def _part_c(context: ClaimContext) -> list[Row]:
    results = context.over_seeds("c", _chain, 20)
    window = {"windowed mean": [r["window"] for r in results]}
    return [
        row("c", "|correlation| with the true force on x2", [r["force"] for r in results], bar=0.8, baselines=window,
            note="Best of the two leading curves, given the true parent; T = 500."),
        row("c", "exactly x2 and x4 marked as changing", [r["exact"] for r in results], bar=0.8,
            kind="share", baselines={"all marked": [0.0] * len(results)}),
        row("c", "skeleton F1", [r["f1"] for r in results], baselines={"empty graph": [0.0] * len(results)}),
    ]  # fmt: skip


def _chain(seed: int) -> dict[str, float]:
    world = ChainWorld()
    table = world.sample(500, seed=seed)
    found = CDNOD(test="kci", phases=2, context_kind="time").fit(table, context=world.context)
    curves = leading_curves(mechanism_curve(table, ("x2",), ("x1",), world.context, "time"), 2)
    force = world.force("x2", curves.context)
    values = np.pad(table.column("x2"), 25, mode="edge")
    window = np.convolve(values, np.ones(51) / 51, "valid")
    return {
        "force": max(_correlation(curve, force) for curve in curves.curves),
        "window": _correlation(window, world.force("x2", table.column(world.context))),
        "exact": float({c.variable for c in found.changing_} == set(world.changing)),
        "f1": float(np.nan_to_num(adjacency_scores(world.graph, found.graph_).f1)),
    }


def _correlation(a: Sequence[float] | np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    return float(abs(np.corrcoef(a, b)[0, 1]))


# -- (d) ---------------------------------------------------------------------------------------------------------------


def _part_d(context: ClaimContext) -> list[Row]:
    results = context.over_seeds("d", partial(_drift, context.rival("pc")), 100)
    pooled = "PC, kernel test, pooled"
    return [
        row("d", "unrelated drifting variables linked", [r["ours"] for r in results], direction="lower", bar=0.1,
            kind="share", baselines={pooled: [r["pooled"] for r in results]}, ahead_of={pooled: 0.8}),
    ]  # fmt: skip


def _drift(pc: type[Any], seed: int) -> dict[str, float]:
    world = DriftWorld(world_seed=seed)
    table = world.sample(500, seed=0)
    ours = CDNOD(test="kci", phases=2, context_kind="time").fit(table, context=world.context)
    pooled = pc(test="kci").fit(table.drop([world.context]))
    return {"ours": float(ours.graph_.has_edge("x", "y")), "pooled": float(pooled.graph_.has_edge("x", "y"))}


# -- (e) ---------------------------------------------------------------------------------------------------------------


def _part_e(context: ClaimContext) -> list[Row]:
    results = context.over_seeds("e", _whole, 40)
    return [
        row("e", DIRECTED, [r["phase 3"] for r in results], kind="share", bar=0.85,
            baselines={WITHOUT: [r["phase 2"] for r in results]}, ahead_of={WITHOUT: 0.5}),
    ]  # fmt: skip


def _whole(seed: int, shuffled: bool = False) -> dict[str, float]:
    """Whether the edge between two variables that both change has its direction, without phase 3 and with it."""
    world = PairWorld(domains=40, world_seed=seed)
    table = world.sample(40 * DOMAIN_COUNTS[40], seed=0)
    if shuffled:
        domains = np.random.default_rng([seed, 4]).permutation(table.labels(world.context))
        table = table.with_columns({world.context: domains}, {world.context: "label"})
    cause, effect = world.graph.topological_order()
    return {
        f"phase {phases}": float(
            cause
            in CDNOD(test="kci", phases=phases, context_kind="domain")
            .fit(table, context=world.context)
            .graph_.parents(effect)
        )
        for phases in (2, 3)
    }


CLAIM = Claim(
    CDNOD.card, run, minutes=4, swap="PC, kernel test, pooled", cheapest=_part_a, controls=(SHUFFLED,)
)  # fmt: skip
