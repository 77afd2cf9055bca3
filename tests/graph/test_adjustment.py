"""Adjustment sets against numbers (the formula is the do-distribution iff the criterion says so) and definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graph.explicit import random_bowed

from aitia.errors import GraphError, IdentifiabilityError, OptionError, UnknownVariableError
from aitia.graph.adjustment import (
    adjustment_set,
    adjustment_sets,
    is_adjustment_set,
    is_backdoor_set,
    why_not_adjustment_set,
)
from aitia.graph.equivalence import cpdag, is_mag, mag, meek, pag
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark

NAMES = ("x", "y", "a", "b", "c", "e", "f", "g")


def subsets(names):
    return [s for k in range(len(names) + 1) for s in itertools.combinations(names, k)]


def all_dags(d):
    """Every DAG on the first d names (543 for d = 4), by trying all orientations of all pairs."""
    pairs = list(itertools.combinations(range(d), 2))
    for choice in itertools.product((0, 1, 2), repeat=len(pairs)):
        marks = np.zeros((d, d), dtype=int)
        for (i, j), edge in zip(pairs, choice, strict=True):
            if edge:
                a, b = (i, j) if edge == 1 else (j, i)
                marks[a, b], marks[b, a] = Mark.ARROW, Mark.TAIL
        graph = Graph.from_marks(marks, NAMES[:d])
        if graph.is_acyclic:
            yield graph


DAGS = list(all_dags(4))


def random_admg(rng, d, share=0.5, bidirected=0.3):
    """A random acyclic graph of --> and <-> on the first d names."""
    order, marks = rng.permutation(d), np.zeros((d, d), dtype=int)
    for a, b in itertools.combinations(order, 2):
        if rng.random() < share:
            marks[a, b] = Mark.ARROW
            marks[b, a] = Mark.ARROW if rng.random() < bidirected else Mark.TAIL
    return Graph.from_marks(marks, NAMES[:d])


class Network:
    """A random binary network on a DAG or ADMG; each <-> has a latent cause of four states."""

    def __init__(self, graph, rng):
        self.names, self.factors = graph.nodes, {}
        self.axis = {name: i for i, name in enumerate(graph.nodes)}
        self.latents = [f"u{k}" for k, e in enumerate(graph.edges) if e.left_mark == Mark.ARROW]
        for k, name in enumerate(self.latents):
            self.axis[name] = len(graph) + k
        self.size = {name: 4 if name in self.latents else 2 for name in self.axis}
        causes = {name: list(graph.parents(name)) for name in graph.nodes}
        hidden = [e for e in graph.edges if e.left_mark == Mark.ARROW]
        for name, edge in zip(self.latents, hidden, strict=True):
            causes[edge.left].append(name)
            causes[edge.right].append(name)
            self.factors[name] = self.table((), name, rng)
        for name in graph.nodes:
            self.factors[name] = self.table(causes[name], name, rng)

    def table(self, causes, name, rng):
        shape = [self.size[n] if n == name or n in causes else 1 for n in self.axis]
        values = rng.uniform(0.1, 0.9, shape)
        return values / values.sum(axis=self.axis[name], keepdims=True)

    def joint(self, do=()):
        """P(v | do(x)) for every value of the targets at once, one axis per observed name."""
        value = np.ones((1,) * len(self.axis))
        for name, factor in self.factors.items():
            if name not in do:
                value = value * factor
        value = np.broadcast_to(value, tuple(self.size.values()))
        return value.sum(axis=tuple(range(len(self.names), len(self.axis))))


def margin(joint, names, keep):
    return joint.sum(axis=tuple(i for i, n in enumerate(names) if n not in keep), keepdims=True)


def adjusted_formula(joint, names, x, y, z):
    """sum_z P(y | x, z) P(z), axes kept."""
    inside = margin(joint, names, {*x, *y, *z}) / margin(joint, names, {*x, *z}) * margin(joint, names, set(z))
    return margin(inside, names, {*x, *y})


def formula_is_right(graph, x, y, z, rng):
    network = Network(graph, rng)
    truth = margin(network.joint(do=x), graph.nodes, {*x, *y})
    # Sums of at most 256 products of probabilities are exact to about 1e-14; a bias down a long chain can be 1e-8.
    return np.allclose(adjusted_formula(network.joint(), graph.nodes, x, y, z), truth, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("x", "y"), [(("x",), ("y",)), (("x", "a"), ("y",)), (("x",), ("y", "a"))])
def test_on_all_dags_of_4_nodes_the_criterion_holds_iff_the_formula_gives_the_effect(x, y):
    rng = np.random.default_rng(0)
    rest = [n for n in NAMES[:4] if n not in x + y]
    for graph in DAGS:
        for z in subsets(rest):
            assert is_adjustment_set(graph, x, y, z) == formula_is_right(graph, x, y, z, rng), (graph, z)


def test_on_admgs_the_criterion_holds_iff_the_formula_gives_the_effect():
    rng = np.random.default_rng(1)
    for k in range(250):
        one = k % 2 == 0  # edge a pair, or --> beside <->
        graph = random_admg(rng, 4, share=0.6, bidirected=0.4) if one else random_bowed(rng, 4, share=0.6)
        for z in subsets(("a", "b")):
            assert is_adjustment_set(graph, "x", "y", z) == formula_is_right(graph, ("x",), ("y",), z, rng), (graph, z)


def test_a_set_is_valid_in_a_cpdag_iff_it_is_valid_in_every_dag_of_its_class():
    classes = {}
    for dag in DAGS:
        classes.setdefault(cpdag(dag), []).append(dag)
    assert len(classes) == 185
    for graph, members in classes.items():
        for x, y, rest in ((("x",), ("y",), ("a", "b")), (("x", "a"), ("y",), ("b",))):
            for z in subsets(rest):
                every = all(is_adjustment_set(dag, x, y, z) for dag in members)
                assert is_adjustment_set(graph, x, y, z) == every, (graph, z)


def test_a_set_is_valid_under_background_knowledge_iff_it_is_valid_in_every_dag_that_agrees_with_it():
    rng = np.random.default_rng(2)
    classes = {}
    for dag in DAGS:
        classes.setdefault(cpdag(dag), []).append(dag)
    seen = 0
    for graph, members in classes.items():
        undirected = [e for e in graph.edges if e.symbol == "---"]
        if len(undirected) < 2:
            continue
        for _ in range(4):
            dag = members[rng.integers(len(members))]
            known = [e for e in undirected if rng.random() < 0.4]
            told = [(e.left, e.right) if e.left in dag.parents(e.right) else (e.right, e.left) for e in known]
            pdag = meek(graph.with_edges(told))
            agree = [m for m in members if all(a in m.parents(b) for a, b in told)]
            seen += pdag != graph
            for z in subsets(("a", "b")):
                every = all(is_adjustment_set(m, "x", "y", z) for m in agree)
                assert is_adjustment_set(pdag, "x", "y", z) == every, (pdag, z)
    assert seen > 50


def random_mag(rng, d):
    """The MAG of a random DAG with hidden nodes, with the DAG."""
    observed = NAMES[:d]
    hidden = ("u1", "u2")
    names = (*observed, *hidden)
    order = [*rng.permutation(hidden), *rng.permutation(observed)]
    edges = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if rng.random() < 0.45]
    dag = Graph(edges, names)
    return dag, mag(dag, hidden)


def confounded_versions(graph):
    """DAGs with latents that a MAG stands for: its canonical one, and that with one edge confounded where it can be."""

    def canonical(extra=None):
        edges, hidden = [], []
        for k, e in enumerate(graph.edges):
            if e.left_mark == Mark.TAIL:
                edges.append((e.left, e.right))
            if e.left_mark == Mark.ARROW or e is extra:
                hidden.append(f"u{k}")
                edges += [(hidden[-1], e.left), (hidden[-1], e.right)]
        return Graph(edges, [*graph.nodes, *hidden]), hidden

    yield canonical()[0]
    for e in graph.edges:
        if e.left_mark == Mark.TAIL:
            dag, hidden = canonical(e)
            if mag(dag, hidden) == graph:
                yield dag


def test_a_set_is_valid_in_a_mag_iff_it_is_valid_in_the_dags_with_latents_behind_it():
    rng = np.random.default_rng(3)
    valid = 0
    for _ in range(120):
        dag, seen = random_mag(rng, 4)
        versions = list(confounded_versions(seen))
        for z in subsets(("a", "b")):
            verdict = is_adjustment_set(seen, "x", "y", z, read_as="mag")
            every = all(is_adjustment_set(version, "x", "y", z) for version in versions)
            assert verdict == every, (seen, z)
            assert not verdict or is_adjustment_set(dag, "x", "y", z), (dag, z)
            valid += verdict
    assert valid > 30


def test_a_set_is_valid_in_a_pag_iff_it_is_valid_in_every_mag_of_its_class():
    pairs = list(itertools.combinations(range(4), 2))
    ends = {0: (0, 0), 1: (Mark.TAIL, Mark.ARROW), 2: (Mark.ARROW, Mark.TAIL), 3: (Mark.ARROW, Mark.ARROW)}
    rng = np.random.default_rng(4)
    choices = np.array(list(itertools.product(range(4), repeat=6)))
    classes = {}
    for choice in choices:
        marks = np.zeros((4, 4), dtype=int)
        for (i, j), edge in zip(pairs, choice, strict=True):
            marks[j, i], marks[i, j] = ends[int(edge)]
        graph = Graph.from_marks(marks, NAMES[:4])
        if is_mag(graph):
            key = (graph.skeleton(), frozenset(_colliders(graph)))
            classes.setdefault(key, []).append(graph)
    valid = 0
    keys = list(classes)
    for k in rng.permutation(len(keys))[:400]:
        by_pag = {}
        for member in classes[keys[k]]:
            by_pag.setdefault(pag(member), []).append(member)
        for graph, members in by_pag.items():
            for z in subsets(("a", "b")):
                every = all(is_adjustment_set(m, "x", "y", z, read_as="mag") for m in members)
                assert is_adjustment_set(graph, "x", "y", z, read_as="pag") == every, (graph, z)
                valid += every
    assert valid > 20


def _colliders(graph):
    for c in graph.nodes:
        into = [n for n in graph.adjacent(c) if graph.mark(n, c) == Mark.ARROW]
        yield from ((a, c, b) for a, b in itertools.combinations(into, 2) if not graph.has_edge(a, b))


def test_an_arrow_is_a_direct_effect_in_an_admg_and_needs_visibility_in_a_mag():
    graph = Graph("x -> y")
    assert is_adjustment_set(graph, "x", "y")
    assert not is_adjustment_set(graph, "x", "y", read_as="mag")
    assert is_adjustment_set(Graph("i -> x -> y"), "x", "y", read_as="mag")  # i makes x --> y visible
    collider_path = Graph("i -> v <-> x; v -> y; x -> y")  # i does so through v, a collider and parent of y
    assert is_adjustment_set(collider_path, "x", "y", "v", read_as="mag")
    assert not is_adjustment_set(Graph("i -> v <-> x; v -> y; x -> y; i -> y"), "x", "y", ["v", "i"], read_as="mag")


def test_back_door_sets_are_the_valid_sets_without_descendants_on_all_dags_of_4_nodes():
    # For one treatment and Z free of its descendants, Pearl's criterion and the adjustment criterion agree.
    for graph in DAGS:
        below = set(graph.descendants("x"))
        for z in subsets(("a", "b")):
            expected = not below & set(z) and is_adjustment_set(graph, "x", "y", z)
            if "y" not in below and not expected:
                continue  # with no causal path the two differ only in paths that leave x
            assert is_backdoor_set(graph, "x", "y", z) == expected, (graph, z)


def brute_sets(graph, x, y, include=(), restrict=None, **options):
    rest = [n for n in graph.nodes if n not in (x, y) and (restrict is None or n in {*restrict, *include})]
    return {z for z in subsets(rest) if set(include) <= set(z) and is_adjustment_set(graph, x, y, z, **options)}


def smallest(sets):
    return {z for z in sets if not any(set(other) < set(z) for other in sets)}


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32 - 1), bounded=st.booleans())
def test_the_listings_are_all_sets_and_all_minimal_sets_without_repetition(seed, bounded):
    rng = np.random.default_rng(seed)
    graph = random_admg(rng, 8, share=rng.uniform(0.25, 0.5))
    bounds = {"include": rng.choice(["a", "b"], 1).tolist(), "restrict": ["a", "c", "e", "f"]} if bounded else {}
    every = brute_sets(graph, "x", "y", **bounds)
    if not every:
        with pytest.raises(IdentifiabilityError):
            next(adjustment_sets(graph, "x", "y", **bounds))
        return
    for minimal, expected in ((False, every), (True, smallest(every))):
        listed = list(adjustment_sets(graph, "x", "y", minimal=minimal, **bounds))
        assert len(listed) == len(set(listed))
        assert set(listed) == expected
    assert adjustment_set(graph, "x", "y", **bounds) in smallest(every)
    assert adjustment_set(graph, "x", "y", "canonical", **bounds) in every


@given(seed=st.integers(0, 2**32 - 1))
def test_canonical_and_minimal_sets_exist_in_cpdags_and_pags_iff_any_set_does(seed):
    rng = np.random.default_rng(seed)
    dag, seen = random_mag(rng, 5)
    for graph, options in ((cpdag(dag), {}), (pag(seen), {"read_as": "pag"})):
        every = brute_sets(graph, "x", "y", **options)
        if every:
            assert adjustment_set(graph, "x", "y", **options) in smallest(every)
            assert adjustment_set(graph, "x", "y", "canonical", **options) in every
        else:
            with pytest.raises(IdentifiabilityError):
                adjustment_set(graph, "x", "y", **options)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_optimal_set_has_the_least_asymptotic_variance_of_all_valid_sets(seed):
    rng = np.random.default_rng(seed)
    graph = random_admg(rng, 6, share=0.5, bidirected=0.0)
    if "y" not in graph.descendants("x"):
        return
    weights = np.where(graph.adjacency, rng.uniform(0.3, 1.5, (6, 6)), 0)
    inverse = np.linalg.inv(np.eye(6) - weights.T)
    covariance = inverse @ np.diag(rng.uniform(0.5, 2, 6)) @ inverse.T

    def residual(target, given):
        t, g = graph.index(target), [graph.index(n) for n in given]
        return covariance[t, t] - covariance[t, g] @ np.linalg.solve(covariance[np.ix_(g, g)], covariance[g, t])

    def variance(z):  # Henckel et al. (2022), equation 2
        return residual("y", ("x", *z)) / residual("x", z)

    every = brute_sets(graph, "x", "y")
    if not every:
        return
    best = adjustment_set(graph, "x", "y", "optimal")
    assert best in every
    assert variance(best) <= min(map(variance, every)) * (1 + 1e-9)
    if not why_not_adjustment_set(cpdag(graph), "x", "y", best):
        assert adjustment_set(cpdag(graph), "x", "y", "optimal") == best


@given(seed=st.integers(0, 2**32 - 1))
def test_renaming_and_permuting_nodes_changes_no_verdict(seed):
    rng = np.random.default_rng(seed)
    graph = random_admg(rng, 5)
    names = dict(zip(NAMES[:5], rng.permutation([n.upper() for n in NAMES[:5]]).tolist(), strict=True))
    other = graph.reorder(rng.permutation(graph.nodes).tolist()).rename(names)
    for z in subsets(("a", "b", "c")):
        there = is_adjustment_set(other, names["x"], names["y"], [names[n] for n in z])
        assert is_adjustment_set(graph, "x", "y", z) == there


def test_two_ways_to_the_same_minimal_set_list_it_once():
    graph = Graph("x -> y; w -> x; w -> a -> y; w -> b -> y")
    assert sorted(adjustment_sets(graph, "x", "y")) == [("a", "b"), ("w",)]


def test_parents_are_valid_for_one_treatment_and_refused_where_they_are_not():
    assert adjustment_set(Graph("z -> x -> y; z -> y"), "x", "y", "parents") == ("z",)
    with pytest.raises(IdentifiabilityError, match=r"not given by the parents set \{\}: the non-causal path x <-> y"):
        adjustment_set(Graph("x -> m; x <-> y"), "x", "y", "parents")


@pytest.mark.parametrize("degree", [4, 60])
def test_every_kind_of_set_is_found_among_500_nodes(degree):
    rng = np.random.default_rng(5)
    adjacency = np.triu(rng.random((500, 500)) < degree / 499, 1)
    graph = Graph.from_adjacency(adjacency)
    # The last treatment from which y = x499 is reached and that is confounded: many sets.
    x = next(n for n in reversed(graph.nodes[:400]) if "x499" in graph.descendants(n) and graph.parents(n))
    for kind in ("minimal", "canonical", "optimal", "parents"):
        found = adjustment_set(graph, x, "x499", kind)
        assert is_adjustment_set(graph, x, "x499", found)
    for minimal in (True, False):
        few = list(itertools.islice(adjustment_sets(graph, x, "x499", minimal=minimal), 5))
        assert all(is_adjustment_set(graph, x, "x499", z) for z in few)


def test_a_listing_of_exponentially_many_minimal_sets_starts_at_once():
    # k back-door paths of two nodes each: 2^k minimal sets.
    k = 200
    graph = Graph([("x", "y"), *(e for i in range(k) for e in ((f"a{i}", "x"), (f"b{i}", "y"), (f"a{i}", f"b{i}")))])
    listed = list(itertools.islice(adjustment_sets(graph, "x", "y"), 50))
    assert len(set(listed)) == 50
    assert {len(z) for z in listed} == {k}
    small = Graph([("x", "y"), *(e for i in range(6) for e in ((f"a{i}", "x"), (f"b{i}", "y"), (f"a{i}", f"b{i}")))])
    assert len(list(adjustment_sets(small, "x", "y"))) == 2**6
    assert len(list(adjustment_sets(small, "x", "y", minimal=False))) == 3**6


@pytest.mark.parametrize(
    ("graph", "z", "reason"),
    [
        ("x -> y; x <- z -> y", (), "the non-causal path x <-- z --> y is open"),
        ("x -> c <- y; x -> y", ("c",), "c is a descendant of the outcome y"),
        ("x -> m -> y", ("m",), "m lies on a causal path from treatment to outcome"),
        ("x -> m -> y; m -> d", ("d",), "d is a descendant of m, which lies on a causal path to the outcome"),
        ("x <- a -> c <- b -> y; x -> y", ("c",), "the non-causal path x <-- a --> c <-- b --> y is open given c"),
        ("x -> y", ("y",), "y cannot be adjusted for: treatment or outcome itself"),
        ("x --- y", (), "x --- y is undirected: its direction decides the effect"),
        ("x --- m --- y", (), "x --- m is undirected and may lead to y: its direction decides the effect"),
        ("x o-> m; m -> y; a o-> m", (), "x o-> m leaves open whether x causes m, and it may lead to y"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_set_is_named(graph, z, reason):
    assert why_not_adjustment_set(Graph(graph), "x", "y", z) == reason


def test_where_there_is_no_set_the_error_names_the_edge_or_path():
    cases = {
        "x -> m -> y; x <-> y": "no allowed set closes the non-causal path x <-> y",
        "x o-o y": "x o-o y leaves open whether x causes y",
        "y -> x": "no allowed set closes the non-causal path x <-- y",
    }
    for text, reason in cases.items():
        with pytest.raises(IdentifiabilityError, match=reason):
            adjustment_set(Graph(text), "x", "y")
    with pytest.raises(IdentifiabilityError, match=r"x --> y is not visible \(a hidden common cause may stand behind"):
        adjustment_set(Graph("x -> y"), "x", "y", read_as="mag")
    with pytest.raises(IdentifiabilityError, match="x <-- z --> y"):
        adjustment_set(Graph("x -> y; x <- z -> y"), "x", "y", restrict=())
    with pytest.raises(IdentifiabilityError, match="m lies on a causal path"):
        adjustment_set(Graph("x -> m -> y"), "x", "y", include="m")
    with pytest.raises(IdentifiabilityError, match="no causal path leads to y, so the effect on it is zero"):
        adjustment_set(Graph("z -> x; z -> y"), "x", "y", "optimal")


def test_questions_that_make_no_sense_get_one_sentence():
    dag = Graph("x -> y; z -> y")
    with pytest.raises(GraphError, match="x cannot be both treatment and outcome"):
        adjustment_set(dag, "x", ["x", "y"])
    with pytest.raises(GraphError, match="name at least one outcome"):
        adjustment_set(dag, "x", [])
    with pytest.raises(UnknownVariableError, match="Did you mean"):
        adjustment_set(dag, "x", "yy")
    with pytest.raises(OptionError, match="kind is one of minimal, optimal, canonical, parents, got 'best'"):
        adjustment_set(dag, "x", "y", "best")
    with pytest.raises(OptionError, match="read_as is one of auto"):
        adjustment_set(dag, "x", "y", read_as="swig")
    with pytest.raises(OptionError, match="include and restrict go with"):
        adjustment_set(dag, "x", "y", "optimal", restrict=["z"])
    with pytest.raises(GraphError, match="cannot be read as a DAG: x <-> y"):
        adjustment_set(Graph("x <-> y"), "x", "y", read_as="dag")
    with pytest.raises(GraphError, match="directed cycle"):
        adjustment_set(Graph("x -> y -> z -> x"), "x", "y")
    with pytest.raises(GraphError, match="selection"):
        adjustment_set(Graph("x --- y; y <-> z"), "x", "y")
    with pytest.raises(GraphError, match="although x is an ancestor of z"):
        adjustment_set(Graph("x -> y -> z; x <-> z"), "x", "y", read_as="mag")
    with pytest.raises(GraphError, match="no DAG has"):
        adjustment_set(Graph("x --- y --- z --- w --- x"), "x", "y")
    with pytest.raises(GraphError, match="back-door criterion is defined on"):
        is_backdoor_set(Graph("x --- y"), "x", "y")
