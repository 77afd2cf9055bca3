"""Estimands equal the truth on random discrete models with latent causes; refusals come with a hedge that is one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graph.explicit import bowed, random_bowed

from aitia.errors import DataError, GraphError, UnknownVariableError
from aitia.graph.equivalence import cpdag, mag, pag
from aitia.graph.estimands import Probability, Product, Ratio, Sum
from aitia.graph.front_door import front_door_set, is_front_door_set
from aitia.graph.graph import Graph
from aitia.graph.identification import identify
from aitia.graph.instruments import Instrument, instruments
from aitia.graph.marks import Mark

NAMES = ("x", "y", "a", "b", "c")


class Model:
    """A random discrete network on a DAG some of whose nodes are latent; a <-> becomes a latent node."""

    def __init__(self, graph, latent, rng):
        hidden = [e for e in graph.edges if e.left_mark == Mark.ARROW]
        self.observed = [n for n in graph.nodes if n not in latent]
        unseen = [*latent, *(f"{e.left}<->{e.right}" for e in hidden)]
        self.axis = {n: i for i, n in enumerate([*self.observed, *unseen])}
        # Three and four states for latents and one observed node: shapes differ, so mixed-up axes show.
        self.size = {n: 3 if n in unseen or n == "a" else 2 for n in self.axis}
        causes = {n: list(graph.parents(n)) if n in graph else [] for n in self.axis}
        for e in hidden:
            causes[e.left].append(f"{e.left}<->{e.right}")
            causes[e.right].append(f"{e.left}<->{e.right}")
        self.factors = {}
        for name in self.axis:
            shape = [self.size[n] if n == name or n in causes[name] else 1 for n in self.axis]
            values = rng.uniform(0.05, 1, shape) ** 2
            self.factors[name] = values / values.sum(axis=self.axis[name], keepdims=True)

    def observe(self, do=()):
        """P(observed | do(...)) for every value of the targets, one axis per observed name."""
        value = np.ones((1,) * len(self.axis))
        for name, factor in self.factors.items():
            if name not in do:
                value = value * factor
        value = np.broadcast_to(value, tuple(self.size.values()))
        return value.sum(axis=tuple(range(len(self.observed), len(self.axis))))

    def truth(self, x, y, w=()):
        """P(y | do(x), w) with axes kept."""
        joint = self.observe(do=x)

        def margin(keep):
            return joint.sum(axis=tuple(i for i, n in enumerate(self.observed) if n not in keep), keepdims=True)

        return margin({*x, *y, *w}) / margin({*x, *w})


def right(result, graph, x, y, w, latent, rng):
    model = Model(graph, latent, rng)
    found = result.formula.evaluate(model.observe(), model.observed)
    truth = model.truth(x, y, w)
    found, truth = np.broadcast_arrays(found, truth)
    return np.allclose(found, truth, rtol=0, atol=1e-9)


def is_hedge(graph, x, y, latent, hedge):
    """The definition, on the graph with explicit latents: two confounded, nested forests, the smaller above y."""
    big, small = (set(part) for part in hedge)
    linked = {
        (p, q)
        for p, q in itertools.combinations(big, 2)
        if q in graph.spouses(p) or any({p, q} <= set(graph.children(u)) for u in latent)
    }

    def joined(nodes):
        reached, grown = {next(iter(nodes))}, True
        while grown:
            more = {q for p, q in linked | {(q, p) for p, q in linked} if p in reached and q in nodes}
            grown = bool(more - reached)
            reached |= more
        return reached == nodes

    above_y = set(graph.do(x).ancestors(y))
    return (
        small < big
        and bool(big & set(x))
        and not small & set(x)
        and joined(big)
        and joined(small)
        and small <= above_y
        and big <= set(graph.subgraph([*big, *latent]).ancestors(small))
    )


def test_on_all_admgs_of_3_nodes_the_estimand_is_true_or_the_refusal_has_a_hedge():
    rng = np.random.default_rng(0)
    for graph in bowed(3):
        for x, y in ((("x",), ("y",)), (("x", "a"), ("y",)), (("x",), ("y", "a"))):
            result = identify(graph, x, y)
            if result:
                assert right(result, graph, x, y, (), (), rng), (graph, result)
            else:
                assert is_hedge(graph, x, y, (), result.hedge), (graph, x, y, result)


@pytest.mark.parametrize("seed", range(80))
def test_on_random_admgs_of_4_and_5_nodes_the_estimand_is_true_or_the_refusal_has_a_hedge(seed):
    rng = np.random.default_rng(seed)
    graph = random_bowed(rng, 4 + seed % 2)
    for w in ((), ("a",)):
        result = identify(graph, "x", "y", w)
        if result:
            assert right(result, graph, ("x",), ("y",), w, (), rng), (graph, w, result)
        elif not w:
            assert is_hedge(graph, ("x",), ("y",), (), result.hedge), (graph, result)


def test_where_no_adjustment_exists_instruments_are_offered():
    graph = Graph("z -> x -> y; x <-> y; w -> z; w -> y")
    result = identify(graph, "x", "y")
    assert result.instruments == instruments(graph, "x", "y", conditional=True) == (Instrument("z", ("w",)),)
    assert result.reason == (
        "not identified: hidden common causes link x, y, so that the effect on y cannot be told from confounding, "
        "unless effects are linear: the instrument z given w gives it then"
    )
    front = identify(Graph("z -> x -> m -> y; x <-> y"), "x", "y")
    assert (front.method, front.instruments) == ("front-door", (Instrument("z"),))
    assert identify(Graph("z -> x -> y"), "x", "y").instruments == ()
    assert "instrument" not in identify(graph, "x", "y", latent=["w"]).reason
    assert identify(graph, ["x", "z"], "y").instruments == ()


def all_models_of_three():
    """Every DAG on x, y, a with every set of latent common causes of a pair (bow arcs included)."""
    pairs = list(itertools.combinations(("x", "y", "a"), 2))
    for choice in itertools.product((None, 0, 1), repeat=3):
        edges = [
            pair if turn == 0 else pair[::-1] for pair, turn in zip(pairs, choice, strict=True) if turn is not None
        ]
        if not Graph(edges, ("x", "y", "a")).is_acyclic:
            continue
        for hidden in itertools.product((False, True), repeat=3):
            latent = [f"u{k}" for k in range(3) if hidden[k]]
            more = [(f"u{k}", end) for k in range(3) if hidden[k] for end in pairs[k]]
            yield Graph([*edges, *more], ["x", "y", "a", *latent]), latent


def test_on_all_models_of_3_observed_nodes_the_estimand_is_true_or_the_refusal_has_a_hedge():
    rng = np.random.default_rng(0)
    counts = {}
    for graph, latent in all_models_of_three():
        for x, y in ((("x",), ("y",)), (("x", "a"), ("y",)), (("x",), ("y", "a"))):
            result = identify(graph, x, y, latent=latent)
            counts[result.method] = counts.get(result.method, 0) + 1
            if result:
                assert right(result, graph, x, y, (), latent, rng), (graph, result)
            else:
                assert is_hedge(graph, x, y, latent, result.hedge), (graph, x, y, result)
    assert set(counts) == {"no-effect", "adjustment", "front-door", "id", "none"}


@settings(max_examples=400)
@given(seed=st.integers(0, 2**32 - 1), conditional=st.booleans())
def test_on_random_models_of_5_observed_nodes_the_estimand_is_true_or_the_refusal_has_a_hedge(seed, conditional):
    rng = np.random.default_rng(seed)
    order = rng.permutation(NAMES).tolist()
    edges = [(p, q) for p, q in itertools.combinations(order, 2) if rng.random() < 0.5]
    pairs = [pair for pair in itertools.combinations(order, 2) if rng.random() < 0.35]
    latent = [f"u{k}" for k in range(len(pairs))]
    edges += [(u, end) for u, pair in zip(latent, pairs, strict=True) for end in pair]
    graph = Graph(edges, [*NAMES, *latent])
    names = rng.permutation(NAMES).tolist()
    x = tuple(names[: rng.integers(1, 3)])
    y, w = (names[2],), tuple(names[3 : 3 + rng.integers(1, 3)]) if conditional else ()
    result = identify(graph, x, y, w, latent=latent)
    if result:
        assert right(result, graph, x, y, w, latent, rng), (graph, result)
    elif not conditional:
        assert is_hedge(graph, x, y, latent, result.hedge), (graph, x, y, result)


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_latent_chain_counts_like_the_admg_it_projects_to(seed):
    rng = np.random.default_rng(seed)
    order = [*rng.permutation(["u", "v"]), *rng.permutation(NAMES[:4])]
    order.insert(int(rng.integers(2, 6)), "w")  # a latent mediator: not a root
    pairs = [(p, q) for p, q in itertools.combinations(order, 2) if rng.random() < 0.4]
    edges = [f"{p} {'<->' if rng.random() < 0.25 else '->'} {q}" for p, q in pairs]
    graph = Graph(edges, [*NAMES[:4], "u", "v", "w"])
    result = identify(graph, "x", "y", latent=["u", "v", "w"])
    if result:
        assert right(result, graph, ("x",), ("y",), (), ("u", "v", "w"), rng), (graph, result)


BIDIRECTED = {  # observed edges, latent common causes of these pairs
    "bow arc": ("x -> y", ["xy"]),
    "instrument": ("z -> x -> y", ["xy"]),
    "bow on the first mediator": ("x -> m -> y", ["xm"]),
    "confounded mediator and outcome, bow above": ("x -> m -> y", ["xm", "my"]),
    "Shpitser-Pearl 2006 figure 1b": ("x -> z -> y", ["xz", "zy"]),
    "front door with confounded mediator": ("x -> m -> y", ["xy", "xm"]),
    "M with x -> y under two bows": ("x -> y; z -> y", ["xz", "zy"]),
}
IDENTIFIED = {
    "back door": ("x -> y; z -> x; z -> y", [], "adjustment", "Σ_z P(y | x, z) P(z)"),
    "front door": ("x -> m -> y", ["xy"], "front-door", "Σ_m P(m | x) Σ_x' P(y | x', m) P(x')"),
    "napkin": ("w -> r -> x -> y", ["wx", "wy"], "id", "Σ_w P(x, y | w, r) P(w)"),
    "M-bias": ("x -> y", ["xz", "zy"], "adjustment", "P(y | x)"),
    "reversed arrow": ("y -> x", ["xy"], "no-effect", "P(y)"),
}


def with_latents(text, pairs):
    edges = [f"u{k} -> {p[0]}; u{k} -> {p[1]}" for k, p in enumerate(pairs)]
    return Graph("; ".join([text, *edges])), [f"u{k}" for k in range(len(pairs))]


@pytest.mark.parametrize("name", BIDIRECTED)
def test_the_classic_graphs_without_a_formula_are_refused(name):
    graph, latent = with_latents(*BIDIRECTED[name])
    result = identify(graph, "x", "y", latent=latent)
    assert not result
    assert result.method == "none"
    assert result.estimand == ""
    assert is_hedge(graph, ("x",), ("y",), latent, result.hedge)
    assert result.reason.startswith("not identified: hidden common causes link")


@pytest.mark.parametrize("name", IDENTIFIED)
def test_the_classic_graphs_with_a_formula_get_it(name):
    text, pairs, method, estimand = IDENTIFIED[name]
    graph, latent = with_latents(text, pairs)
    result = identify(graph, "x", "y", latent=latent)
    assert result
    assert result.method == method
    assert estimand in result.estimand
    assert right(result, graph, ("x",), ("y",), (), latent, np.random.default_rng(0))


def test_conditional_effects_move_what_separation_allows_into_do():
    graph = Graph("x -> y; w -> x; w -> y")
    result = identify(graph, "x", "y", "w")
    assert result.estimand == "P(y | x, w)"
    bow = Graph("x -> y; u -> x; u -> y; y -> w")
    assert not identify(bow, "x", "y", "w", latent="u")
    mediator = Graph("x -> m -> y; u -> x; u -> y")
    result = identify(mediator, "x", "y", "m", latent="u")
    assert result.method == "idc"
    assert result.estimand == "Σ_x' P(y | x', m) P(x')"
    assert right(result, mediator, ("x",), ("y",), ("m",), ("u",), np.random.default_rng(0))


def test_what_do_cuts_off_is_cut_before_separation_moves_a_given_variable():
    # P(y, a | do(x)) has a hedge (x and a share u2), but with arrows into x gone a says nothing about y.
    graph = Graph("x -> a; u1 -> x; u1 -> b; u2 -> x; u2 -> a; b -> y; u0 -> y; u0 -> b")
    result = identify(graph, "x", "y", "a", latent=["u0", "u1", "u2"])
    assert result.estimand == "P(y)"
    assert not identify(graph, "x", ["y", "a"], latent=["u0", "u1", "u2"])


def test_given_a_descendant_of_the_treatment_no_adjustment_formula_is_claimed():
    graph = Graph("x -> y; x -> a; u0 -> x; u0 -> b; u1 -> x; u1 -> a; a -> y; b -> y; b -> a")
    assert not identify(graph, "x", "y", "a", latent=["u0", "u1"])


@given(seed=st.integers(0, 2**32 - 1))
def test_in_a_cpdag_the_formula_is_true_in_every_dag_and_refusal_names_the_edge_that_decides(seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(NAMES).tolist()
    dag = Graph([(p, q) for p, q in itertools.combinations(order, 2) if rng.random() < 0.5], NAMES)
    graph = cpdag(dag)
    result = identify(graph, "x", "y")
    if result:
        assert right(result, dag, ("x",), ("y",), (), (), rng)
        return
    edge = result.reason.removeprefix("not identified: ").split(" is undirected")[0]
    assert edge in {str(e) for e in graph.edges} | {str(e.reversed()) for e in graph.edges}
    # Identified in none: two DAGs of the class differ in the effect for one and the same joint distribution.
    assert "decides the effect" in result.reason


@given(seed=st.integers(0, 2**32 - 1))
def test_in_a_pag_what_is_identified_is_true_behind_it(seed):
    rng = np.random.default_rng(seed)
    order = ["u", *rng.permutation(NAMES).tolist()]
    dag = Graph([(p, q) for p, q in itertools.combinations(order, 2) if rng.random() < 0.5], [*NAMES, "u"])
    graph = pag(mag(dag, "u"))
    result = identify(graph, "x", "y", read_as="pag")
    if result:
        assert right(result, dag, ("x",), ("y",), (), ("u",), rng), (dag, graph, result)
    else:
        assert result.reason.endswith("other formulas are not searched for in a PAG")


def test_front_door_sets_are_found_iff_there_are_any():
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        order = rng.permutation(NAMES).tolist()
        edges = [(p, q) for p, q in itertools.combinations(order, 2) if rng.random() < 0.35]
        edges += [("v", end) for end in rng.permutation(["y", "a", "b", "c"])[:2].tolist()]
        graph = Graph([*edges, ("u", "x"), ("u", "y")], [*NAMES, "u", "v"])
        sets = [
            z
            for k in range(4)
            for z in itertools.combinations(("a", "b", "c"), k)
            if is_front_door_set(graph, "x", "y", z)
        ]
        answer = front_door_set(graph, "x", "y", latent=["u", "v"])
        assert (answer is not None) == bool(sets), graph
        if answer is not None:
            found += bool(answer)
            assert answer in sets
            assert not any(set(z) == set(answer) - {n} for z in sets for n in answer)
    assert found > 5


def test_evaluation_follows_the_formula_by_hand():
    # sum_z P(y | x, z) P(z) at x = 0: P(z) = (0.5, 0.5), P(y=1 | x=0, z) = (0.2, 0.6) -> 0.4.
    joint = np.zeros((2, 2, 2))  # z, x, y
    for z, share in ((0, 0.2), (1, 0.6)):
        joint[z, 0] = 0.25 * np.array([1 - share, share])
        joint[z, 1] = 0.25 * np.array([0.5, 0.5])
    formula = Sum(("z",), Product((Probability(("y",), ("x", "z")), Probability(("z",)))))
    value = formula.evaluate(joint, ["z", "x", "y"])
    assert value.shape == (1, 2, 2)
    assert np.allclose(value[0, 0], [0.6, 0.4])
    states = {index: float(p) for index, p in np.ndenumerate(joint)}
    assert np.array_equal(formula.evaluate(states, ["z", "x", "y"]), value)
    assert Sum(("z",), Probability(("y",))).evaluate(joint, ["z", "x", "y"]).ravel().tolist() == pytest.approx(
        [1.1, 0.9]
    )


def test_where_support_is_missing_the_value_is_nan_only_if_it_matters():
    # x = 1 never meets z = 1, so the adjusted effect of x = 1 is undefined; of x = 0 it is not.
    joint = np.array([[[0.1, 0.2], [0.1, 0.1]], [[0.2, 0.3], [0.0, 0.0]]])  # z, x, y
    formula = Sum(("z",), Product((Probability(("y",), ("x", "z")), Probability(("z",)))))
    value = formula.evaluate(joint, ["z", "x", "y"])[0]
    assert np.isfinite(value[0]).all()
    assert np.isnan(value[1]).all()
    joint = np.array([[[0.3, 0.2], [0.4, 0.1]], [[0.0, 0.0], [0.0, 0.0]]])  # z = 1 never happens: it does not matter
    assert np.isfinite(formula.evaluate(joint, ["z", "x", "y"])).all()


def test_formulas_print_as_they_are_read():
    inner = Sum(("x",), Product((Probability(("y",), ("x", "m")), Probability(("x",)))))
    assert str(Product((Probability(("m",), ("x",)), inner))) == "P(m | x) Σ_x' P(y | x', m) P(x')"
    assert str(Ratio(inner, Sum(("y",), inner))) == "(Σ_x P(y | x, m) P(x)) / (Σ_y' Σ_x P(y' | x, m) P(x))"
    assert str(Product((inner, inner))) == "[Σ_x P(y | x, m) P(x)] [Σ_x P(y | x, m) P(x)]"
    assert str(Product(())) == "1"


def test_questions_that_make_no_sense_get_one_sentence():
    graph = Graph("x -> y; z -> y; x <-> z")
    with pytest.raises(GraphError, match="x cannot be given and also treatment or outcome"):
        identify(graph, "x", "y", "x")
    with pytest.raises(GraphError, match="y cannot be latent"):
        identify(graph, "x", "y", latent="y")
    with pytest.raises(GraphError, match="latent= goes with a DAG or ADMG; a CPDAG has no hidden causes"):
        identify(Graph("x --- y; z"), "x", "y", latent="z")
    with pytest.raises(UnknownVariableError, match="'t' is not a variable of this graph"):
        identify(graph, "t", "y")
    formula = identify(graph, "x", "y").formula
    with pytest.raises(UnknownVariableError, match="'z' is not a variable of this joint distribution"):
        formula.evaluate(np.full((2, 2), 0.25), ["x", "y"])
    with pytest.raises(DataError, match="the joint has 2 axes for the 3 names x, y, z"):
        formula.evaluate(np.full((2, 2), 0.25), ["x", "y", "z"])
    with pytest.raises(DataError, match="these sum to 2"):
        formula.evaluate(np.full((2, 2, 2), 0.25), ["x", "y", "z"])
    with pytest.raises(DataError, match="each state is 3 codes from 0 up"):
        formula.evaluate({(0, 1): 1.0}, ["x", "y", "z"])
    with pytest.raises(GraphError, match="front-door criterion is defined on"):
        front_door_set(Graph("x --- y"), "x", "y")
