"""x --> y beside x <-> y in every format that can say it, and the sentence of those that cannot."""

from types import SimpleNamespace

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import FormatError, GraphError
from aitia.graph import Graph
from aitia.graph.formats import (
    BayesianNetwork,
    from_ananke,
    from_causallearn,
    from_csv,
    from_dagitty,
    from_dot,
    from_gml,
    from_graphml,
    from_json,
    from_networkx,
    from_y0,
    read_graph,
    to_ananke,
    to_causallearn,
    to_csv,
    to_dagitty,
    to_dot,
    to_gml,
    to_graphml,
    to_json,
    to_networkx,
    to_pcalg_amat,
    to_y0,
    write_graph,
)

BOW = Graph("z -> x -> y; x <-> y")


def ananke(vertices, di_edges, bi_edges):
    """What ananke.graphs.ADMG keeps of its arguments: a dict of vertices, and sets of pairs."""
    return SimpleNamespace(vertices=dict.fromkeys(vertices), di_edges=set(di_edges), bi_edges=set(bi_edges))


def y0(nodes, directed, undirected):
    """What y0.graph.NxMixedGraph keeps of its arguments: two networkx graphs over variables with a name."""
    variables = {name: SimpleNamespace(name=name) for name in nodes}
    kept = SimpleNamespace(directed=networkx.DiGraph(), undirected=networkx.Graph())
    for graph, edges in ((kept.directed, directed), (kept.undirected, undirected)):
        graph.add_nodes_from(variables[name].name for name in nodes)
        graph.add_edges_from((variables[a].name, variables[b].name) for a, b in edges)
    return kept


ROUNDS = {
    "text": lambda graph: Graph(str(graph), graph.nodes),
    "json": lambda graph: from_json(to_json(graph)),
    "dot": lambda graph: from_dot(to_dot(graph)),
    "dagitty": lambda graph: from_dagitty(to_dagitty(graph)),
    "networkx": lambda graph: from_networkx(to_networkx(graph)),
    "causal-learn": lambda graph: from_causallearn(to_causallearn(graph), graph.nodes),
    "ananke": lambda graph: from_ananke(ananke(**to_ananke(graph))),
    "y0": lambda graph: from_y0(y0(**to_y0(graph))),
}


@pytest.mark.parametrize("name", ROUNDS)
@given(data=st.data())
def test_any_admg_with_any_names_round_trips(name, data, admgs):
    graph = data.draw(admgs)
    again = ROUNDS[name](graph)
    assert again == graph
    assert again.nodes == graph.nodes


@given(data=st.data())
def test_any_admg_round_trips_through_gml_and_graphml(data, admgs):
    graph = data.draw(admgs)
    plain = graph.rename({n: f"n{i}" for i, n in enumerate(graph.nodes)})
    assert from_gml(to_gml(plain)) == plain
    assert from_graphml(to_graphml(plain)) == plain


@pytest.mark.parametrize("suffix", ["json", "dot", "gv", "gml", "graphml", "dagitty", "txt"])
def test_files_keep_both_edges(tmp_path, suffix):
    write_graph(BOW, tmp_path / f"graph.{suffix}")
    assert read_graph(tmp_path / f"graph.{suffix}") == BOW


@pytest.mark.parametrize(
    ("write", "form"),
    [
        (to_csv, "CSV"),
        (to_pcalg_amat, "a pcalg matrix"),
        (lambda graph: to_pcalg_amat(graph, "pag"), "a pcalg matrix"),
        (lambda graph: graph.marks, "a matrix of marks"),
    ],
)
def test_formats_of_one_code_a_pair_say_that_they_are(write, form):
    with pytest.raises(GraphError, match=f"{form} says one edge of a pair, and x --> y stands beside x <-> y: text, "):
        write(BOW)


def test_a_graph_in_json_of_before_there_were_bows_still_reads():
    text = """{"format": "aitia-graph", "version": 1, "nodes": ["x", "y", "z"], "edges": [
      {"from": "x", "to": "y", "from_mark": "tail", "to_mark": "arrow"},
      {"from": "y", "to": "z", "from_mark": "arrow", "to_mark": "arrow"}]}"""
    assert from_json(text) == Graph("x -> y <-> z")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (from_dagitty, "dag { z->x->y; x<->y }"),
        (from_dagitty, "dag { z -> x <-> y x -> y z -> x }"),
        (from_dot, "digraph { z -> x -> y; x -> y [dir=both]; x -> y }"),
        (from_dot, "digraph { x -> y [dir=both] z -> x; y -> x [dir=back] }"),
        (from_graphml, to_graphml(BOW).replace("DiGraph", "x")),
    ],
)
def test_bows_as_others_write_them(read, text):
    assert read(text) == BOW


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (from_dagitty, "dag { x -> y; y -> x; x <-> y }"),
        (from_dagitty, "dag { x -> y; x -- y }"),
        (from_dot, "digraph { x -> y; x -> y [dir=both]; y -> x }"),
        (from_dot, "digraph { x -> y [dir=none]; x -> y [dir=both] }"),
    ],
)
def test_other_pairs_of_edges_are_refused_by_readers(read, text):
    with pytest.raises(FormatError, match="at most one, or --> beside <->"):
        read(text)


def test_dagitty_calls_a_graph_with_a_bow_a_dag():
    assert to_dagitty(BOW).startswith("dag {\n")
    assert to_dagitty(Graph("x -> y <-> z")).startswith("mag {\n")


def test_networkx_has_two_edges_and_directions_both_ways_stay_undirected():
    assert isinstance(to_networkx(BOW), networkx.MultiDiGraph)
    assert not to_networkx(Graph("x -> y")).is_multigraph()
    both = networkx.DiGraph([("x", "y"), ("y", "x")])
    assert from_networkx(both) == Graph("x --- y")
    assert from_networkx(networkx.MultiDiGraph([("x", "y"), ("y", "x"), ("x", "y")])) == Graph("x --- y")
    assert from_networkx(networkx.MultiDiGraph([("x", "y"), ("x", "y")])) == Graph("x -> y")
    crossed = networkx.DiGraph([("x", "y")])
    crossed.add_edge("y", "x", from_mark="circle", to_mark="arrow")
    with pytest.raises(FormatError, match="at most one"):
        from_networkx(crossed)


def test_codes_of_causal_learn_are_its_own():
    general = pytest.importorskip("causallearn.graph.GeneralGraph").GeneralGraph
    from causallearn.graph.Edge import Edge
    from causallearn.graph.Endpoint import Endpoint
    from causallearn.graph.GraphNode import GraphNode

    z, x, y = (GraphNode(n) for n in ("z", "x", "y"))
    graph = general([z, x, y])
    graph.add_edge(Edge(z, x, Endpoint.TAIL, Endpoint.ARROW))
    graph.add_edge(Edge(x, y, Endpoint.ARROW, Endpoint.ARROW))
    graph.add_edge(Edge(x, y, Endpoint.TAIL, Endpoint.ARROW))
    assert from_causallearn(graph) == BOW
    assert (to_causallearn(BOW) == graph.graph).all()
    with pytest.raises(FormatError, match="4 is no mark of this format"):
        from_causallearn(np.array([[0, 4], [4, 0]]))


def test_graphs_of_ananke_and_y0_are_read_or_refused_in_a_sentence():
    with pytest.raises(GraphError, match=r"ananke has ADMGs, .* this graph has the edge x --- y"):
        to_ananke(Graph("x --- y"))
    with pytest.raises(GraphError, match=r"y0 has ADMGs, .* this graph has the cycle x -> y -> z -> x"):
        to_y0(Graph("x -> y -> z -> x"))
    with pytest.raises(FormatError, match="a graph of ananke has vertices, di_edges and bi_edges; got a int"):
        from_ananke(1)
    with pytest.raises(FormatError, match="a graph of y0 has directed and undirected edges; got a int"):
        from_y0(1)
    with pytest.raises(FormatError, match="two edges between 'y' and 'x'"):
        from_ananke(ananke(["x", "y"], [("x", "y"), ("y", "x")], []))


def test_y0_takes_and_gives_what_is_written():
    """ananke 0.5 asks for numpy below 2, so that its graph stands here as what it keeps."""
    mixed = pytest.importorskip("y0.graph", reason="y0 is not installed").NxMixedGraph
    graph = Graph("z -> x -> y; x <-> y; w")
    assert from_y0(mixed.from_str_edges(**to_y0(graph))) == graph


def test_a_bayesian_network_has_no_hidden_causes():
    table = {"x": np.array([0.5, 0.5]), "y": np.array([[0.5, 0.5], [0.5, 0.5]])}
    states, parents = {"x": ("0", "1"), "y": ("0", "1")}, {"x": (), "y": ("x",)}
    with pytest.raises(GraphError, match="a Bayesian network has a DAG, and this graph has x <-> y"):
        BayesianNetwork(Graph("x -> y; x <-> y"), states, parents, table)


def test_a_matrix_with_names_says_one_edge_a_pair_on_reading_too():
    assert from_csv(",x,y\nx,,arrow\ny,arrow,\n") == Graph("x <-> y")
