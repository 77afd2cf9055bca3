"""Graphs with open triples against all DAGs of their skeletons: members, adjustment, identification, the IDA set."""

import itertools
import pickle
import random
from collections.abc import Iterator

import pytest

from aitia.discovery.effects.question import asked
from aitia.do import Intervention
from aitia.errors import CostError, FormatError, GraphError, IdentifiabilityError
from aitia.graph import (
    Edge,
    Graph,
    Mark,
    adjustment_set,
    adjustment_sets,
    consistent_extension,
    cpdag,
    decided,
    identify,
    is_adjustment_set,
    is_cpdag,
    is_separated,
    markov_equivalence_class,
    meek,
    unshielded_colliders,
    why_not_adjustment_set,
)
from aitia.graph.formats import from_dot, from_json, to_causallearn, to_csv, to_dagitty, to_dot, to_graphml, to_json

OPEN = "a --- b --- c; a ? b ? c"


def _dags(names: str, pairs: list[tuple[str, str]]) -> Iterator[Graph]:
    for turned in itertools.product((False, True), repeat=len(pairs)):
        edges = [(b, a) if turn else (a, b) for (a, b), turn in zip(pairs, turned, strict=True)]
        dag = Graph(edges, names)
        if dag.is_dag:
            yield dag


def _case(seed: int) -> tuple[Graph, list[Graph]] | None:
    """A graph with open triples, and every DAG that it stands for, told from all DAGs of its skeleton."""
    rng = random.Random(seed)
    names = "abcde"[: rng.choice([4, 5])]
    pairs = [pair for pair in itertools.combinations(names, 2) if rng.random() < 0.55]
    dags = list(_dags(names, pairs))
    truth = rng.choice(dags)
    apart = [
        (a, b, c)
        for b in names
        for a, c in itertools.combinations(truth.adjacent(b), 2)
        if not truth.has_edge(a, c) and rng.random() < 0.5
    ]
    colliders = set(unshielded_colliders(truth)) - set(apart)
    alike = [dag for dag in dags if set(unshielded_colliders(dag)) - set(apart) == colliders]
    arms = {(a, b) for x, b, z in colliders for a in (x, z)}
    arrows = [
        (a, b)
        for a, b in itertools.permutations(names, 2)
        if all(a in dag.parents(b) for dag in alike) and ((a, b) in arms or rng.random() < 0.9)
    ]
    lines = [(a, b) for a, b in pairs if (a, b) not in arrows and (b, a) not in arrows]
    edges = [*(Edge(a, b) for a, b in arrows), *(Edge(a, b, Mark.TAIL, Mark.TAIL) for a, b in lines)]
    plain = Graph(edges, names)
    triples = [t for t in apart if plain._is_open(*map(plain.index, t))]
    if not triples:
        return None
    wanted = set(unshielded_colliders(plain))
    found = [
        dag
        for dag in dags
        if set(unshielded_colliders(dag)) - set(triples) == wanted and all(a in dag.parents(b) for a, b in arrows)
    ]
    return Graph(edges, names, open_triples=triples), found


CASES = [case for case in map(_case, range(120)) if case is not None]


def test_the_members_are_all_dags_with_the_skeleton_the_arrows_and_the_decided_colliders() -> None:
    assert len(CASES) > 60
    for graph, dags in CASES:
        members = list(markov_equivalence_class(graph))
        assert len(members) == len(set(members)) == len(dags), str(graph)
        assert set(members) == set(dags), str(graph)
        assert consistent_extension(graph) in set(dags)
        assert all(meek(one) == one for one in decided(graph))


@pytest.mark.parametrize("start", range(3))
def test_a_set_adjusts_where_it_does_in_each_member(start: int) -> None:
    answered = 0
    for number, (graph, dags) in enumerate(CASES[start::6]):
        x, y = random.Random(number).sample(graph.nodes, 2)
        rest = [name for name in graph.nodes if name not in (x, y)]
        every = [s for size in range(len(rest) + 1) for s in itertools.combinations(rest, size)]
        valid = [s for s in every if all(is_adjustment_set(dag, x, y, s) for dag in dags)]
        minimal = [s for s in valid if not any(set(other) < set(s) for other in valid)]
        assert [s for s in every if is_adjustment_set(graph, x, y, s)] == valid
        answer = identify(graph, x, y)
        idle = not any(y in dag.descendants(x) for dag in dags)
        assert answer.identified == (bool(valid) or idle), f"{graph}: {x} on {y}"
        answered += answer.identified
        if not valid:
            with pytest.raises(IdentifiabilityError, match="no adjustment set"):
                adjustment_set(graph, x, y)
            continue
        assert adjustment_set(graph, x, y) in minimal
        assert sorted(adjustment_sets(graph, x, y)) == sorted(minimal)
        assert sorted(adjustment_sets(graph, x, y, minimal=False)) == sorted(valid)
        assert idle or answer.adjustment in valid
    assert answered


def test_effects_over_the_members_are_the_ida_set_over_all_dags() -> None:
    several = 0
    for number, (graph, dags) in enumerate(CASES[:50]):
        x, y = random.Random(number).sample(graph.nodes, 2)
        if identify(graph, x, y).identified:
            assert len(asked(graph, [Intervention({x: 1.0}), Intervention({})], y, ()).parts) == 1
            continue
        question = asked(graph, [Intervention({x: 1.0}), Intervention({})], y, ())
        sets = {dag.parents(x) if y in dag.descendants(x) else None for dag in dags}
        said = {a.adjustment if a.method == "adjustment" else None for a in question.answers}
        assert said == sets, f"{graph}: {x} on {y}"
        assert len(question.parts) == len(sets)
        several += bool(question.open_triples)
    assert several > 10


def test_the_triple_that_decides_is_named() -> None:
    graph = Graph("a --- x --- b; x -> y <- a; b -> y; a ? x ? b")
    assert identify(graph, "x", "y", "a").reason.endswith("where x is no collider between a and b")
    fault = why_not_adjustment_set(graph, "x", "y", ["a", "b"])
    assert fault is not None
    assert fault.startswith("x --- a is undirected")
    assert fault.endswith("where x is no collider between a and b")
    question = asked(graph, [Intervention({"x": 1.0}), Intervention({})], "y", ())
    assert question.open_triples == (("a", "x", "b"),)
    assert [str(edge) for edge in question.undecided] == ["x --- a", "x --- b"]
    assert ("a", "b") in [answer.adjustment for answer in question.answers]


def test_open_triples_are_part_of_what_a_graph_is() -> None:
    graph, plain = Graph(OPEN), Graph("a --- b --- c")
    assert graph != plain
    assert hash(graph) != hash(plain)
    assert not is_cpdag(graph)
    assert str(graph) == "a --- b; b --- c; a ? b ? c"
    assert repr(plain) == "Graph('a --- b; b --- c')"
    assert graph == Graph("c ? b ? a; c --- b --- a") == pickle.loads(pickle.dumps(graph))
    for again in (Graph(str(graph)), from_json(to_json(graph)), from_dot(to_dot(graph))):
        assert again == graph
        assert again.open_triples == (("a", "b", "c"),)
    assert "open_triples" not in to_json(plain) + to_dot(plain)
    odd = Graph('"a ?" --- "b\\"" --- ?; "a ?" ? "b\\"" ? ?')
    assert odd.open_triples == (("a ?", 'b"', "?"),)
    assert Graph(str(odd)) == odd == from_dot(to_dot(odd))


def test_what_changes_a_graph_keeps_the_triples_that_stay_open() -> None:
    graph = Graph("a --- b --- c --- d; a ? b ? c; b ? c ? d")
    assert graph.subgraph(["a", "b", "c"]) == Graph(OPEN)
    assert graph.with_edges("b -> a").open_triples == (("b", "c", "d"),)
    assert graph.with_edges("a -- c").open_triples == (("b", "c", "d"),)
    assert graph.without_edges([("c", "d")]).open_triples == (("a", "b", "c"),)
    assert graph.rename({"b": "z"}).open_triples == (("a", "z", "c"), ("z", "c", "d"))
    assert graph.reorder(["d", "c", "b", "a"]) == graph
    assert graph.skeleton().open_triples == ()


def test_a_graph_that_is_one_class_is_its_own_decision() -> None:
    graph = cpdag(Graph("a -> b <- c; b -> d"))
    assert decided(graph) == (graph,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a -> b --- c; b -> c; a ? b ? c", "two edges"),
        ("a -> b <- c; a ? b ? c", "a ? b ? c leaves open whether b is a collider between a and c, and the edges say"),
        ("a --- b --- c --- a; a ? b ? c", "not to each other"),
        ("b -> a; b --- c; a ? b ? c", "no arrow leads from b"),
        ("a o-o b --- c; a ? b ? c", "a graph of --> and --- only"),
        ("a --- b --- c; a ? b", "cannot read a graph"),
        ("a --- b --- c; a ? b ? c ? d", "cannot read a graph"),
        ("a --- b ? c", "cannot read a graph"),
    ],
)
def test_a_triple_that_is_not_open_is_refused(text: str, said: str) -> None:
    with pytest.raises(GraphError) as error:
        Graph(text)
    assert said in str(error.value)


def test_what_cannot_say_it_or_needs_one_class_refuses() -> None:
    graph = Graph(OPEN)
    for write, name in ((to_dagitty, "dagitty"), (to_csv, "CSV"), (to_graphml, "GraphML"), (to_causallearn, "learn")):
        with pytest.raises(GraphError, match=f"{name}.* cannot say that a graph leaves open whether b is a collider"):
            write(graph)
    with pytest.raises(GraphError, match=r"several classes of DAGs, which decided\(graph\) gives"):
        meek(graph)
    with pytest.raises(GraphError, match="open triples"):
        is_separated(graph, "a", "c", "b")
    with pytest.raises(FormatError, match="an open triple is a list of three names"):
        from_json(to_json(graph).replace('"open_triples": [', '"open_triples": ["x",'))


def test_too_many_ways_to_decide_are_one_sentence() -> None:
    text = "; ".join(f"a{k} --- b{k} --- c{k}; a{k} ? b{k} ? c{k}" for k in range(9))
    with pytest.raises(CostError, match=r"leaves 9 triples open .a0 - b0 - c0 is the first., .* more than 256 ways"):
        decided(Graph(text))


def test_a_graph_that_no_decision_extends_is_refused() -> None:
    with pytest.raises(GraphError, match="however its open triples are decided"):
        decided(Graph("a --- b --- c --- d --- a; d --- e --- f; d ? e ? f"))
