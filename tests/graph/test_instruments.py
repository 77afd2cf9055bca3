"""Instruments against every set in the graph with its latents drawn, against covariances, and what DAGitty prints."""

from pathlib import Path

import numpy as np
import pytest
from tests.graph.explicit import between, bowed, d_separated, explicit, random_bowed, subsets, without_first

from aitia.errors import GraphError, UnknownVariableError
from aitia.graph import Graph, Instrument, instruments, is_instrument, why_not_instrument
from aitia.graph.formats import parse_dagitty


def all_instruments(graph, x, y, latent=()):
    """Of each variable every set that the definition allows, on the DAG with its latents drawn."""
    dag, _ = explicit(graph)
    causal = between(dag, x, y)
    if not causal:
        return {}
    cut, after = without_first(dag, x, y), {x, *dag.descendants(causal)}
    free = [n for n in graph.nodes if n not in after and n not in latent]
    found = {}
    for z in free:
        for given in subsets([n for n in free if n != z]):
            if d_separated(cut, z, y, given) and not d_separated(dag, z, x, given):
                found.setdefault(z, []).append(set(given))
    return found


def compare(graph, x, y, latent=()):
    """Checks both lists; returns whether there was a conditional instrument, and an unconditional one."""
    expected = all_instruments(graph, x, y, latent)
    plain = instruments(graph, x, y, latent=latent)
    assert plain == tuple(Instrument(z) for z in graph.nodes if set() in expected.get(z, [])), (graph, x, y)
    found = instruments(graph, x, y, conditional=True, latent=latent)
    assert bool(found) == bool(expected), (graph, x, y, latent)
    cut = without_first(explicit(graph)[0], x, y)
    for z, sets in expected.items():
        listed = [i for i in found if i.name == z]
        assert bool(listed) == any(s <= set(cut.ancestors([y, z])) for s in sets), (graph, x, y, latent, z)
    for name, given in found:
        assert set(given) in expected[name]
        assert not any(smaller < set(given) for smaller in expected[name]), (graph, x, y, latent, name)
    return bool(found), bool(plain)


def test_in_every_admg_of_three_nodes_instruments_are_those_of_the_definition():
    for graph in bowed(3):
        for y in ("y", "a"):
            compare(graph, "x", y)


def test_in_random_admgs_of_4_to_6_nodes_instruments_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(500):
        graph = random_bowed(rng, int(rng.integers(4, 7)), share=rng.choice([0.3, 0.45]), hidden=0.25)
        latent = [n for n in graph.nodes if n not in ("x", "y") and rng.random() < 0.15]
        seen.append(compare(graph, "x", "y", latent))
    assert sum(conditional for conditional, _ in seen) > 20
    assert sum(conditional and not plain for conditional, plain in seen) > 3


def covariance(graph, rng):
    """Of a random linear model on the graph, with the total effects; hidden causes have coefficients of their own."""
    dag, latent = explicit(graph)
    d = len(dag)
    direct = np.zeros((d, d))
    for edge in dag.edges:
        direct[dag.index(edge.left), dag.index(edge.right)] = rng.uniform(0.5, 1.5) * rng.choice([-1, 1])
    total = np.linalg.inv(np.eye(d) - direct)
    sigma = total.T @ np.diag(rng.uniform(0.5, 2, d)) @ total
    seen = d - len(latent)
    return sigma[:seen, :seen], total


def test_the_ratio_of_covariances_is_the_total_effect_exactly_where_the_criterion_says_so():
    rng = np.random.default_rng(1)
    counts = [0, 0]
    for _ in range(400):
        graph = random_bowed(rng, 5, share=0.4, hidden=0.25)
        (sigma, total), x, y = covariance(graph, rng), 0, 1
        if "y" not in graph.descendants("x"):
            continue
        after = graph.descendants(between(graph, "x", "y"))
        for z in graph.nodes[2:]:
            for given in subsets([n for n in graph.nodes[2:] if n != z]):
                if {z, *given} & set(after):
                    continue  # the ratio may be right by chance there, and the criterion does not say
                w = [graph.index(n) for n in given]
                rest = sigma - sigma[:, w] @ np.linalg.inv(sigma[np.ix_(w, w)]) @ sigma[w, :]
                moved, reached = rest[graph.index(z), [x, y]]
                if why_not_instrument(graph, z, "x", "y", given) is None:
                    assert abs(moved) > 1e-9
                    assert reached / moved == pytest.approx(total[x, y], rel=1e-6)
                    counts[0] += 1
                elif abs(moved) > 1e-9:
                    assert abs(reached / moved - total[x, y]) > 1e-9
                    counts[1] += 1
    assert min(counts) > 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # the examples of instrumentalVariables() in DAGitty's manual, and of its own tests of conditional instruments
        ("dag { x [exposure] y [outcome] i->x->y; x<->y }", ["i"]),
        ("dag { x [exposure] y [outcome] i->x->y; x<->y ; y<-z->i }", ["i given z"]),
        ("dag { u [latent] x [exposure] y [outcome] w -> z -> x -> y w -> u -> x u -> y }", ["z given w"]),
        ("dag { u [latent] x [exposure] y [outcome] z -> x -> y u -> x u -> y }", ["z"]),
        ("dag { x [exposure] y [outcome] i->x->y; i2->x->y; x<->y }", ["i", "i2"]),  # ggdag's
    ],
)
def test_instruments_are_those_that_dagitty_publishes(text, expected):
    graph, roles = parse_dagitty(text)
    found = instruments(graph, *roles.exposure, *roles.outcome, conditional=True, latent=roles.latent)
    assert [str(instrument) for instrument in found] == expected


def test_instruments_of_random_admgs_are_those_that_dagitty_lists():
    """The table was written by conditionalInstruments() of DAGitty's library as R's dagitty 0.3-4 ships it."""
    rows = (Path(__file__).parent / "dagitty_instruments.tsv").read_text().splitlines()[1:]
    assert len(rows) == 90
    for row in rows:
        text, latent, expected = row.split("\t")
        found = instruments(Graph(text), "x", "y", conditional=True, latent=latent.split(", ") if latent else ())
        told = {" | ".join([name, *([", ".join(sorted(given))] if given else [])]) for name, given in found}
        assert told == (set(expected.split("; ")) if expected else set()), row


def test_what_comes_after_a_mediator_is_not_held_fixed():
    """DAGitty holds only mediators back, and lists `b | e` here, which gives another number."""
    graph = Graph("x -> y; x -> a -> y; a -> e; x <-> b; x <-> c <-> y; b <-> c; e -> b; e -> c")
    assert instruments(graph, "x", "y", conditional=True, latent=["c"]) == ()
    sigma, total = covariance(graph, np.random.default_rng(0))
    x, y, b, e = map(graph.index, "xybe")
    moved, reached = (sigma[b, k] - sigma[b, e] * sigma[e, k] / sigma[e, e] for k in (x, y))
    assert abs(reached / moved - total[x, y]) > 0.1


def test_with_a_mediator_the_instrument_gives_the_total_effect():
    graph = Graph("z -> x -> m -> y; x -> y; x <-> y; m -> d")
    assert instruments(graph, "x", "y") == (Instrument("z"),)
    assert why_not_instrument(graph, "d", "x", "y") == "d lies on a causal path from x to y or comes after it"
    assert why_not_instrument(graph, "z", "x", "y", "m") == "m lies on a causal path from x to y or comes after it"


@pytest.mark.parametrize(
    ("text", "arguments", "clause"),
    [
        ("z -> x -> y; x <-> y; z -> y", ("z", "x", "y"), "z reaches y past x: the path z --> y is open"),
        ("z -> x -> y; x <-> y; z <-> y", ("z", "x", "y"), "z reaches y past x: the path z <-> y is open"),
        ("z -> x -> y; x <-> y", ("z", "x", "y", "x"), "x cannot be given: treatment, outcome or instrument itself"),
        ("z; x -> y; x <-> y", ("z", "x", "y"), "z does not move x: no path joins them"),
        ("z -> m -> x -> y; x <-> y", ("z", "x", "y", "m"), "z does not move x: no path joins them given m"),
        ("z -> x; y", ("z", "x", "y"), "x does not cause y"),
        ("z -> x -> y; x <-> y", ("x", "x", "y"), "x is treatment or outcome itself"),
    ],
)
def test_what_is_no_instrument_is_told_why(text, arguments, clause):
    graph = Graph(text)
    assert why_not_instrument(graph, *arguments) == clause
    assert not is_instrument(graph, *arguments)


def test_bad_questions_are_refused_in_a_sentence():
    graph = Graph("z -> x -> y; x <-> y")
    assert why_not_instrument(graph, "z", "x", "y", latent="z") == "z is not observed"
    assert instruments(graph, "x", "y", latent="z") == ()
    assert instruments(graph, "y", "x") == ()
    with pytest.raises(GraphError, match="a DAG or ADMG"):
        instruments(Graph("x --- y"), "x", "y")
    with pytest.raises(GraphError, match="x cannot be latent"):
        instruments(graph, "x", "y", latent="x")
    with pytest.raises(GraphError, match="both treatment and outcome"):
        instruments(graph, "x", "x")
    with pytest.raises(UnknownVariableError, match="'w'"):
        is_instrument(graph, "w", "x", "y")
