"""What a graph says of roles that a model gave: valid sets, instruments, mediators, controls, and nothing to name."""

from itertools import combinations

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import AitiaError
from aitia.graph import Graph
from aitia.graph.adjustment import is_adjustment_set
from aitia.workflow.knowing_roles import by_the_graph

GRAPH = Graph("age -> dose; age -> cure; trial -> dose; dose -> level; level -> cure; cure -> mood; age -> weight")


def told(role, *named, graph=GRAPH):
    return by_the_graph(role, "dose", "cure", named, graph)


def test_a_set_that_identifies_and_one_that_does_not():
    assert told("confounders", "age") == ["By the graph adjusting for age identifies the effect."]
    (said,) = told("confounders")
    assert said.startswith("By the graph adjusting for nothing does not identify the effect: the non-causal path")
    assert said.endswith("; adjusting for age does.")
    assert "level" in told("confounders", "age", "level")[0]
    hidden = Graph("dose -> cure; dose <-> cure")
    assert told("confounders", graph=hidden)[0].endswith("no set of these columns does.")


@pytest.mark.parametrize(
    ("role", "right", "wrong", "why"),
    [
        ("mediators", ["level"], "age", "no directed path from dose to cure leads through it"),
        ("controls", ["age", "trial", "weight"], "mood", "dose has an effect on it"),
        ("instruments", ["trial"], "age", "age reaches cure past dose"),
    ],
)
def test_roles_are_those_of_the_graph(role, right, wrong, why):
    assert told(role, *right) == [f"The graph agrees: {', '.join(right)}."]
    said = told(role, wrong)
    if wrong not in right:
        assert said[0].startswith(f"By the graph {wrong} is none: {why}")
    assert said[-1] == f"By the graph it might have named {', '.join(right)} too."


def test_none_is_right_where_the_graph_has_none():
    assert told("mediators", graph=Graph("dose -> cure; age -> cure")) == ["The graph agrees: there is none."]


def test_what_the_graph_does_not_have_is_told():
    assert told("mediators", "level", "luck") == ["The graph does not have luck.", "The graph agrees: level."]
    with pytest.raises(AitiaError):
        told("mediators", graph=Graph("age -> cure"))


@given(st.integers(0, 2**30))
def test_mediators_and_controls_are_those_of_networkx(seed):
    random = np.random.default_rng(seed)
    names = [*random.permutation(["a", "b", "c", "dose", "cure"])]
    edges = [(str(a), str(b)) for a, b in combinations(names, 2) if random.random() < 0.5]
    graph, other = Graph(edges, nodes=map(str, names)), networkx.DiGraph(edges)
    other.add_nodes_from(map(str, names))
    below, above = networkx.descendants(other, "dose"), networkx.ancestors(other, "cure")
    rest = [name for name in graph.nodes if name not in ("dose", "cure")]
    for role, right in (("mediators", below & above), ("controls", set(rest) - below)):
        named = [name for name in rest if name in right]
        assert told(role, *named, graph=graph)[0].startswith("The graph agrees")
    chosen = [name for name in rest if random.random() < 0.5]
    (said,) = told("confounders", *chosen, graph=graph)
    assert ("does not identify" not in said) == is_adjustment_set(graph, "dose", "cure", chosen)
