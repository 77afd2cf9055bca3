"""GES beside causal-learn, under other orders of the columns, and with knowledge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.errors import GraphError
from aitia.graph import Graph, Knowledge, consistent_extension, cpdag, is_cpdag
from aitia.graph.formats import from_causallearn
from aitia.system import verbs_of
from aitia.systems.ges import GES
from aitia.systems.ges.example import write


def linear(nodes, degree, n, seed):
    rng = np.random.default_rng(seed)
    edges = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)
    weights = edges * rng.uniform(0.4, 0.9, (nodes, nodes)) * rng.choice([-1, 1], (nodes, nodes))
    x = np.zeros((n, nodes))
    for j in range(nodes):
        x[:, j] = x @ weights[:, j] + rng.standard_normal(n)
    order = rng.permutation(nodes)
    table = Table.of(x[:, order])
    return cpdag(Graph.from_adjacency(edges[np.ix_(order, order)], table.names)), table


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore")
def test_the_cpdag_is_that_of_the_peer_by_the_same_score(seed):
    ges = pytest.importorskip("causallearn.search.ScoreBased.GES").ges
    _, table = linear(8, 2.5, 1000, seed)
    theirs = ges(table.matrix(list(table.names)), "local_score_BIC", parameters={"lambda_value": 1})["G"].graph
    assert GES().fit(table).graph_ == from_causallearn(theirs, table.names)


def test_the_example_has_the_graph_of_its_making(tmp_path):
    found = GES().fit(write(tmp_path, 0).files)
    assert str(found.graph) == "age --> treated; ward --> treated; treated --> recovery"
    assert found.score_name_ == "bdeu"
    assert found.test_name_ == "g2"
    assert verbs_of(GES) == GES.card.verbs == ("graphs",)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_the_order_of_columns_and_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    _, table = linear(7, 3, 120, seed)
    first = GES().fit(table).graph_
    assert is_cpdag(first)
    order = [table.names[k] for k in rng.permutation(7)]
    other = GES().fit(table.select(order).take(rng.permutation(120))).graph_
    assert other.reorder(first.nodes) == first


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_knowledge_is_obeyed_whatever_the_data_say(seed):
    rng = np.random.default_rng(seed)
    _, table = linear(6, 3, 80, seed)
    names = [str(name) for name in rng.permutation(table.names)]
    known = Knowledge(
        tiers=[names[:2], names[2:4]],
        required=[(names[0], names[4]), (names[4], names[5])],
        forbidden=[(names[5], names[2]), (names[3], names[5])],
    )
    graph = GES(knowledge=known, penalty=1.0).fit(table).graph_
    for edge in graph.edges:
        assert edge.symbol == "-->" or not known.forbids(edge.right, edge.left), edge
        assert not known.forbids(edge.left, edge.right), edge
    for cause, effect in known.required:
        assert cause in graph.parents(effect)
    assert consistent_extension(graph).is_dag


def test_the_limit_on_causes_holds_in_a_member_of_the_class():
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(5, 400))
    table = Table.of({**{f"c{k}": c for k, c in enumerate(causes)}, "y": causes.sum(axis=0) + rng.normal(size=400)})
    assert len(GES(max_parents=2).fit(table).graph_.parents("y")) == 2
    assert len(GES().fit(table).graph_.parents("y")) == 5


def test_knowledge_that_allows_no_graph_is_refused():
    _, table = linear(3, 1, 50, 0)
    known = Knowledge(tiers=[["x0"], ["x1"]], required=[("x1", "x2"), ("x2", "x0")])
    with pytest.raises(GraphError, match="no order of the variables obeys the knowledge"):
        GES(knowledge=known).fit(table)
