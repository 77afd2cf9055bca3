"""A cause and a hidden common cause of one pair: every answer is that of the graph with the hidden cause drawn."""

import itertools
import pickle

import numpy as np
import pytest
from tests.graph.explicit import (
    between,
    bowed,
    d_separated,
    explicit,
    random_bowed,
    subsets,
    without_first,
    without_out,
)

from aitia.errors import GraphError, IdentifiabilityError, OptionError
from aitia.graph import (
    Edge,
    Graph,
    Mark,
    adjacency_scores,
    adjustment_set,
    adjustment_sets,
    ancestor_aid,
    apply,
    arrowhead_scores,
    compare,
    consistent_extension,
    count_class,
    cpdag,
    front_door_set,
    identify,
    implied_independencies,
    is_adjustment_set,
    is_backdoor_set,
    is_front_door_set,
    is_mag,
    is_pag,
    is_separated,
    mag,
    markov_blanket,
    markov_equivalence_class,
    markov_equivalent,
    meek,
    member_mag,
    minimal_separator,
    oset_aid,
    pag,
    parent_aid,
    sample_member,
    shd,
    sid,
    why_not_adjustment_set,
)
from aitia.graph.knowledge import Knowledge
from aitia.stats.bootstrap import EdgeFrequencies

SMALL = list(bowed(3))
LARGE = [random_bowed(np.random.default_rng(seed), 4 + seed % 2) for seed in range(60)]


def queries(graph):
    for x, y in itertools.combinations(graph.nodes, 2):
        for given in subsets([n for n in graph.nodes if n not in (x, y)]):
            yield x, y, given


def test_there_are_200_admgs_of_three_nodes():
    """Of 25 DAGs each with every set of the three hidden causes."""
    assert len(SMALL) == 25 * 8 == len(set(SMALL))


@pytest.mark.parametrize("graphs", [SMALL, LARGE], ids=["all of three", "random"])
def test_separation_is_that_of_the_graph_with_its_hidden_causes_drawn(graphs):
    for graph in graphs:
        dag, _ = explicit(graph)
        for x, y, given in queries(graph):
            assert is_separated(graph, x, y, given) == d_separated(dag, x, y, given), (graph, x, y, given)


@pytest.mark.parametrize("graphs", [SMALL, LARGE], ids=["all of three", "random"])
def test_separators_and_blankets_are_the_smallest_ones(graphs):
    for graph in graphs:
        for x, y in itertools.combinations(graph.nodes, 2):
            sets = [given for a, b, given in queries(graph) if (a, b) == (x, y) and is_separated(graph, x, y, given)]
            found = minimal_separator(graph, x, y)
            assert (found is None) == (not sets)
            assert found is None or (found in sets and not any(set(s) < set(found) for s in sets))
        for node in graph.nodes:
            blanket = set(markov_blanket(graph, node))
            others = [n for n in graph.nodes if n != node]
            rests = [s for s in subsets(others) if all(is_separated(graph, node, o, s) for o in others if o not in s)]
            assert blanket == min(map(set, rests), key=len)
        for x, y, given in implied_independencies(graph):
            assert d_separated(explicit(graph)[0], x, y, given)


@pytest.mark.parametrize("graphs", [SMALL, LARGE], ids=["all of three", "random"])
def test_districts_are_what_hidden_causes_link(graphs):
    for graph in graphs:
        dag, latent = explicit(graph)
        linked = np.eye(len(graph), dtype=bool)
        for u in latent:
            i, j = (graph.index(n) for n in dag.children(u))
            linked[i, j] = linked[j, i] = True
        for _ in graph.nodes:
            linked = linked @ linked
        expected = {tuple(n for n, there in zip(graph.nodes, row, strict=True) if there) for row in linked}
        assert set(graph.districts()) == expected


def is_valid(graph, x, y, given):
    """The adjustment criterion on the DAG with latents drawn."""
    dag, _ = explicit(graph)
    causal = between(dag, x, y)
    after = set(dag.descendants(causal)) | {x}
    return not after & set(given) and d_separated(without_first(dag, x, y), x, y, given)


@pytest.mark.parametrize("graphs", [SMALL, LARGE], ids=["all of three", "random"])
def test_adjustment_sets_are_those_of_the_criterion_with_latents_drawn(graphs):
    for graph in graphs:
        for x, y in itertools.permutations(graph.nodes[:3], 2):
            rest = [n for n in graph.nodes if n not in (x, y)]
            valid = {s for s in subsets(rest) if is_valid(graph, x, y, s)}
            assert valid == {s for s in subsets(rest) if is_adjustment_set(graph, x, y, s)}, (graph, x, y)
            if not valid:
                with pytest.raises(IdentifiabilityError):
                    adjustment_set(graph, x, y)
                continue
            assert set(adjustment_sets(graph, x, y, minimal=False)) == valid
            smallest = {s for s in valid if not any(set(t) < set(s) for t in valid)}
            assert set(adjustment_sets(graph, x, y)) == smallest
            assert adjustment_set(graph, x, y) in smallest
            assert adjustment_set(graph, x, y, "canonical") in valid


@pytest.mark.parametrize("graphs", [SMALL, LARGE], ids=["all of three", "random"])
def test_back_door_and_front_door_sets_are_those_of_pearls_definitions(graphs):
    for graph in graphs:
        dag, _ = explicit(graph)
        for x, y in itertools.permutations(graph.nodes[:3], 2):
            rest = [n for n in graph.nodes if n not in (x, y)]
            front = set()
            for given in subsets(rest):
                before = not set(given) & set(dag.descendants(x))
                back = before and d_separated(without_out(dag, x), x, y, given)
                assert is_backdoor_set(graph, x, y, given) == back
                carried = y not in dag.do(given).descendants(x) if given else y not in dag.descendants(x)
                apart = all(d_separated(without_out(dag, x), x, m, ()) for m in given)
                cut = Graph([e for e in dag.edges if e.left not in given], dag.nodes)
                shown = all(d_separated(cut, m, y, (x,)) for m in given)
                assert is_front_door_set(graph, x, y, given) == (carried and apart and shown), (graph, x, y, given)
                front |= {given} if carried and apart and shown else set()
            found = front_door_set(graph, x, y)
            assert (found is None) == (not front)
            assert found is None or found in front


def test_effects_are_identified_where_they_are_with_latents_drawn_and_by_the_same_formula():
    """`tests/graph/test_identification.py` holds the formulas with drawn latents against numbers, and their hedges."""
    verdicts = set()
    for graph in (*SMALL, *LARGE):
        dag, latent = explicit(graph)
        for x, y, given in (("x", "y", ()), ("x", "y", "a"), (("x", "a"), "y", ()), ("x", ("y", "a"), ())):
            found = identify(graph, x, y, given)
            drawn = identify(dag, x, y, given, latent=latent)
            assert (found.identified, found.method, found.estimand) == (drawn.identified, drawn.method, drawn.estimand)
            assert (found.hedge, found.reason) == (drawn.hedge, drawn.reason)
            verdicts.add(found.method)
    assert verdicts == {"no-effect", "adjustment", "front-door", "id", "idc", "none"}


@pytest.mark.parametrize("graphs", [SMALL, LARGE], ids=["all of three", "random"])
def test_the_mag_is_that_of_the_graph_with_latents_drawn(graphs):
    for graph in graphs:
        dag, latent = explicit(graph)
        seen = mag(graph)
        assert seen == mag(dag, latent)
        assert is_mag(seen)
        assert is_mag(graph) == (seen == graph)


def test_identity_text_and_new_graphs_keep_both_edges():
    for graph in (*SMALL, *LARGE):
        for again in (Graph(str(graph), graph.nodes), eval(repr(graph)), pickle.loads(pickle.dumps(graph))):
            assert again == graph
            assert hash(again) == hash(graph)
        order = graph.nodes[::-1]
        assert graph.reorder(order) == graph
        assert graph.rename({"x": "y", "y": "x"}).rename({"x": "y", "y": "x"}) == graph
        assert graph.subgraph(graph.nodes) == graph
        assert set(graph.bows) == {(p, n) for n in graph.nodes for p in graph.parents(n) if p in graph.spouses(n)}
        assert len(graph.edges) == len(set(graph.edges)) == len(explicit(graph)[0].edges) - len(explicit(graph)[1])
        pairs = {tuple(sorted((e.left, e.right))) for e in graph.edges}
        assert graph.skeleton() == Graph([Edge(*pair, Mark.TAIL, Mark.TAIL) for pair in pairs], graph.nodes)
        for node in graph.nodes:
            cut = graph.do(node)
            assert cut.children(node) == graph.children(node)
            assert not cut.parents(node)
            assert not cut.spouses(node)
            kept = [e for e in graph.edges if node not in (e.left, e.right)]
            assert [e for e in cut.edges if node not in (e.left, e.right)] == kept


def test_edges_are_added_and_taken_pair_by_pair():
    bow = Graph("x -> y; x <-> y; z -> x")
    assert Graph("z -> x -> y").with_edges("x -> y; x <-> y") == bow
    assert bow.with_edges("x <-> y") == Graph("x <-> y; z -> x")
    assert bow.without_edges([("y", "x")]) == Graph("z -> x; y")
    assert bow.has_edge("y", "x")
    assert bow.adjacent("x") == ("y", "z")
    assert (bow.is_admg, bow.is_dag, bow.is_directed, bow.is_pdag, bow.is_undirected) == (True, *[False] * 4)


@pytest.mark.parametrize(
    "text",
    [
        "x -> y; x -> y",
        "x -> y; y -> x",
        "x <-> y; y <-> x",
        "x -> y; x --- y",
        "x <-> y; x o-> y",
        "x o-o y; x -> y",
        "x <-> y; x --- y",
        "x -> y; x <-> y; y -> x",
        "x -> y; x <-> y; x <-> y",
    ],
)
def test_two_other_edges_of_a_pair_are_refused(text):
    with pytest.raises(GraphError, match=r"two edges between .* at most one, or --> beside <->"):
        Graph(text)


@pytest.mark.parametrize("other", ["z --- w", "z o-> w", "z o-o x", "w o-- y"])
def test_a_bow_beside_edges_of_an_equivalence_class_is_refused(other):
    with pytest.raises(GraphError, match=r"x --> y beside x <-> y has a meaning among edges --> and <-> only .* has "):
        Graph(f"x -> y; x <-> y; {other}")


BOW = Graph("z -> x -> y; x <-> y")


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: BOW.marks, "a matrix of marks says one edge of a pair, and x --> y stands beside x <-> y: text, JSON"),
        (lambda: BOW.adjacency, "directed and undirected edges only"),
        (lambda: BOW.mark("x", "y"), "two edges join 'x' and 'y'"),
        (lambda: BOW.mark("y", "x"), "two edges join 'y' and 'x'"),
        (lambda: cpdag(BOW), "takes a DAG; this graph has the edge x <-> y"),
        (lambda: meek(BOW), "this graph has x <-> y"),
        (lambda: apply(BOW, Knowledge(forbidden=[("x", "z")])), "this graph has x <-> y"),
        (lambda: consistent_extension(BOW), "this graph has x <-> y"),
        (lambda: count_class(BOW), "takes a CPDAG, and this graph is none"),
        (lambda: sample_member(BOW, 0), "takes a CPDAG, and this graph is none"),
        (lambda: next(markov_equivalence_class(BOW)), "this graph has x <-> y"),
        (lambda: pag(BOW), "x <-> y although 'x' is an ancestor of 'y'"),
        (lambda: member_mag(BOW), "not a PAG"),
        (lambda: markov_equivalent(BOW, BOW), "x <-> y although 'x' is an ancestor of 'y'"),
        (lambda: adjustment_set(BOW, "x", "y", read_as="mag"), "x <-> y although x is an ancestor of y"),
        (lambda: adjustment_set(BOW, "x", "y", read_as="pag"), "x <-> y although x is an ancestor of y: no PAG"),
        (lambda: adjustment_set(BOW, "x", "y", read_as="cpdag"), "cannot be read as a CPDAG"),
    ],
)
def test_what_has_no_meaning_for_a_bow_is_refused_in_a_sentence(ask, sentence):
    with pytest.raises(GraphError) as caught:
        ask()
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("a", "b", "pair", "reversal_two", "adjacency", "arrowhead"),
    [
        ("x -> y; x <-> y", "x -> y; x <-> y", 0, 0, 1, 1),
        ("x -> y; x <-> y", "x -> y", 1, 1, 1, 2 / 3),
        ("x -> y; x <-> y", "x <-> y", 1, 1, 1, 1),
        ("x -> y; x <-> y", "y -> x", 1, 2, 1, 2 / 3),
        ("x -> y; x <-> y", "y -> x; x <-> y", 1, 2, 1, 1),
        ("x -> y; x <-> y", "x; y", 1, 1, 0, 0),
        ("x -> y; x <-> y; z -> x", "z -> x -> y", 1, 1, 1, 4 / 5),
    ],
)
def test_distances_count_pairs_and_ends(a, b, pair, reversal_two, adjacency, arrowhead):
    for one, other in ((Graph(a), Graph(b)), (Graph(b), Graph(a))):
        assert (shd(one, other), shd(one, other, "reversal_two")) == (pair, reversal_two)
        assert (adjacency_scores(one, other).f1, arrowhead_scores(one, other).f1) == (adjacency, arrowhead)
        result = compare(one, other)
        assert (result.true_edges, result.guess_edges, result.shd) == (len(one.edges), len(other.edges), pair)
        assert result.sid is None
        with pytest.raises(
            GraphError, match=r"the distance of marks says one edge of a pair, .* the convention 'pair'"
        ):
            shd(one, other, "marks")
        for distance in (parent_aid, ancestor_aid, oset_aid, sid):
            with pytest.raises(GraphError, match="DAGs"):
                distance(one, other)


def test_shares_of_bootstrap_graphs_are_not_counted_for_two_edges_of_a_pair():
    with pytest.raises(GraphError, match="a share of graphs says one edge of a pair"):
        EdgeFrequencies.of([BOW])


def test_a_bow_is_no_mag_and_no_pag():
    assert (is_mag(BOW), is_pag(BOW)) == (False, False)


def test_the_open_path_names_which_of_the_two_edges_it_takes():
    assert why_not_adjustment_set(BOW, "x", "y") == "the non-causal path x <-> y is open"
    graph = Graph("x <- a -> b <-> y; a <-> b; x -> y")
    assert why_not_adjustment_set(graph, "x", "y", "b") == "the non-causal path x <-- a --> b <-> y is open given b"
    collider = Graph("x <-> a <-> b -> y; a -> b; x -> y")
    assert why_not_adjustment_set(collider, "x", "y", "a") == "the non-causal path x <-> a <-> b --> y is open given a"
    with pytest.raises(OptionError):
        adjustment_set(BOW, "x", "y", "parents", include="z")
