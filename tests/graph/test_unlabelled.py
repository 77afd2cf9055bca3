"""DAGs and equivalence classes up to names, against published counts, networkx and the library's graphs."""

from itertools import combinations, permutations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import OptionError
from aitia.graph import Graph, count_class, cpdag, is_separated, markov_equivalence_class
from aitia.graph.pair_relations import READINGS, RELATIONS, class_relations, pair_relations
from aitia.graph.unlabelled import (
    ancestors,
    class_independences,
    code_of_graph,
    graph_of_code,
    parents,
    renamed,
    separated,
    unlabelled_classes,
    unlabelled_dags,
)

UNLABELLED = {1: 1, 2: 2, 3: 6, 4: 31, 5: 302, 6: 5984}  # Robinson 1977; OEIS A003087
CLASSES = {1: 1, 2: 2, 3: 5, 4: 20, 5: 142, 6: 2201}
LABELLED = {1: 1, 2: 2, 3: 11, 4: 185, 5: 8782, 6: 1_067_825}  # Gillispie and Perlman 2002; OEIS A007984
MEMBERS = {2: 3, 3: 25, 4: 543, 5: 29_281, 6: 3_781_503}  # labelled DAGs, OEIS A003024

dags = st.integers(2, 6).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, 2 ** (n * (n - 1) // 2) - 1), st.permutations(range(n)))
)


def dag_of(drawn):
    n, upper, order = drawn
    names = [f"v{k}" for k in range(n)]
    pairs = [pair for k, pair in enumerate(combinations(range(n), 2)) if upper >> k & 1]
    return Graph("; ".join(f"{names[order[i]]} --> {names[order[j]]}" for i, j in pairs), names)


@pytest.mark.parametrize("nodes", UNLABELLED)
def test_the_counts_are_the_published_ones(nodes):
    classes = unlabelled_classes(nodes)
    assert len(unlabelled_dags(nodes)) == UNLABELLED[nodes]
    assert len(classes) == CLASSES[nodes]
    assert classes.orbits.sum() == LABELLED[nodes]
    assert classes.sizes.sum() == len(classes.members)


@pytest.mark.parametrize("nodes", MEMBERS)
def test_members_times_orbits_are_all_labelled_dags(nodes):
    classes = unlabelled_classes(nodes)
    assert (classes.orbits * classes.sizes).sum() == MEMBERS[nodes]


def test_no_two_dags_and_no_two_classes_are_renamings_of_each_other():
    found = [nx.DiGraph([(e.left, e.right) for e in graph_of_code(int(c), "abcd").edges]) for c in unlabelled_dags(4)]
    assert not any(nx.is_isomorphic(a, b) and len(a) and len(b) for a, b in combinations(found, 2) if len(a) == len(b))
    codes = unlabelled_classes(5).cpdags
    named = [
        set(codes_of.tolist()) for codes_of in (np.array([renamed(codes, 5, p) for p in permutations(range(5))])).T
    ]
    assert all(not a & b for a, b in combinations(named, 2))


def test_the_members_of_each_class_are_those_of_its_cpdag():
    for nodes in (2, 3, 4, 5):
        classes, names = unlabelled_classes(nodes), "abcde"[:nodes]
        for k in range(0, len(classes), 1 if nodes < 5 else 7):
            pattern = graph_of_code(int(classes.cpdags[k]), names)
            assert cpdag(graph_of_code(int(classes.of(k)[0]), names)) == pattern
            assert sorted(map(code_of_graph, markov_equivalence_class(pattern))) == classes.of(k).tolist()


def test_sizes_of_classes_of_six_nodes_are_those_of_clique_picking():
    classes = unlabelled_classes(6)
    for k in range(0, len(classes), 97):
        assert count_class(graph_of_code(int(classes.cpdags[k]), "abcdef")) == classes.sizes[k]


@given(drawn=dags)
@settings(deadline=None, max_examples=60)
def test_a_graph_is_its_number_and_separations_are_those_of_the_graph(drawn):
    graph = dag_of(drawn)
    n, names = len(graph), graph.nodes
    code = np.array([code_of_graph(graph)])
    assert graph_of_code(int(code[0]), names) == graph
    into = parents(code, n)
    above = ancestors(into)
    for i, name in enumerate(names):
        assert {names[k] for k in range(n) if above[i, 0] >> k & 1} == set(graph.ancestors([name])) | {name}
    for (i, x), (j, y) in combinations(enumerate(names), 2):
        for held in range(1 << n):
            if not held & (1 << i | 1 << j):
                given_names = [names[k] for k in range(n) if held >> k & 1]
                assert bool(separated(above, into, i, j, held)[0]) == is_separated(graph, x, y, given_names)


@given(drawn=dags, data=st.data())
@settings(deadline=None, max_examples=40)
def test_relations_are_those_that_networkx_finds_path_by_path(drawn, data):
    graph = dag_of(drawn)
    n = len(graph)
    free = nx.DiGraph()
    free.add_nodes_from(range(n))
    free.add_edges_from((graph.nodes.index(e.left), graph.nodes.index(e.right)) for e in graph.edges for e in [
        e if e.symbol == "-->" else e.reversed()])  # fmt: skip
    reading = data.draw(st.sampled_from(READINGS))
    held = pair_relations(np.array([code_of_graph(graph)]), n, reading)[0]
    for k, (i, j) in enumerate(combinations(range(n), 2)):
        told = {
            "parent": free.has_edge(i, j), "child": free.has_edge(j, i),
            "ancestor": any(len(p) > 2 for p in nx.all_simple_paths(free, i, j)),
            "descendant": any(len(p) > 2 for p in nx.all_simple_paths(free, j, i)),
            "collider": common(free.reverse(), i, j, reading), "confounder": common(free, i, j, reading),
        }  # fmt: skip
        assert dict(zip(RELATIONS, held[k].tolist(), strict=True)) == told


def common(free, i, j, reading):
    """Whether some node is a common cause, by all of its paths."""
    for c in set(free) - {i, j}:
        ways = [[set(p) - {c} for p in nx.all_simple_paths(free, c, end)] for end in (i, j)]
        if reading == "parent" and free.has_edge(c, i) and free.has_edge(c, j):
            return True
        if reading == "ancestor" and all(ways):
            return True
        if reading == "path" and any(not a & b for a, b in product(*ways)):
            return True
    return False


def test_the_shares_of_what_is_entailed_are_the_measured_ones():
    """Counted before by two programs that are not of this library."""
    shares = {2: (0.0, 83.3, 16.7), 3: (3.3, 66.7, 30.0), 4: (7.9, 63.8, 28.3), 5: (14.65, 60.8, 24.5)}
    for nodes, told in shares.items():
        every, some = class_relations(unlabelled_classes(nodes))
        counted = (every.mean(), (~some).mean(), (some & ~every).mean())
        assert np.allclose(np.array(counted) * 100, told, atol=0.051)


def test_the_readings_of_a_common_cause_differ_as_often_as_was_counted():
    found = {reading: class_relations(unlabelled_classes(5), reading)[0] for reading in READINGS}
    assert (found["path"] != found["ancestor"]).sum() == 144
    assert (found["path"] != found["parent"]).sum() == 52


def test_independences_of_a_class_are_those_of_each_member():
    classes = unlabelled_classes(4)
    told = class_independences(classes)
    for k in range(len(classes)):
        for code in classes.of(k).tolist():
            graph = graph_of_code(code, "abcd")
            for p, (i, j) in enumerate(combinations(range(4), 2)):
                for held in range(16):
                    if not held & (1 << i | 1 << j):
                        given_names = [n for q, n in enumerate("abcd") if held >> q & 1]
                        assert told[k, p, held] == is_separated(graph, "abcd"[i], "abcd"[j], given_names)


def test_what_is_remembered_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        unlabelled_classes(3).members[0] = 1


@pytest.mark.parametrize("nodes", [0, 8])
def test_graphs_that_do_not_fit_into_a_number_are_refused(nodes):
    with pytest.raises(OptionError, match=f"1 to 7 nodes, got {nodes}"):
        unlabelled_classes(nodes)


@pytest.mark.slow
def test_seven_nodes_have_the_published_counts():
    classes = unlabelled_classes(7)
    assert (len(unlabelled_dags(7)), len(classes), classes.orbits.sum()) == (243_668, 76_907, 312_510_571)
