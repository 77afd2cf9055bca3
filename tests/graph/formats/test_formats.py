"""Every format reads back what it wrote, and reads what others write."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import AitiaError, FormatError, GraphError, OptionError
from aitia.graph import Graph, Roles
from aitia.graph.formats import (
    from_bif,
    from_causallearn,
    from_csv,
    from_dagitty,
    from_dot,
    from_gml,
    from_graphml,
    from_json,
    from_networkx,
    from_pcalg_amat,
    parse_dagitty,
    read_graph,
    read_graph_and_roles,
    to_causallearn,
    to_csv,
    to_dagitty,
    to_dot,
    to_gml,
    to_graphml,
    to_json,
    to_networkx,
    to_pcalg_amat,
    write_graph,
)

TEXT = {
    "json": (to_json, from_json),
    "csv": (to_csv, from_csv),
    "dot": (to_dot, from_dot),
    "dagitty": (to_dagitty, from_dagitty),
}
XML = {"gml": (to_gml, from_gml), "graphml": (to_graphml, from_graphml)}


@pytest.mark.parametrize("name", [*TEXT, "networkx"])
@given(data=st.data())
def test_any_graph_with_any_names_round_trips(name, data, any_graphs):
    graph = data.draw(any_graphs)
    write, read = {**TEXT, "networkx": (to_networkx, from_networkx)}[name]
    if name == "csv" and not len(graph):
        return
    again = read(write(graph))
    assert again == graph
    assert again.nodes == graph.nodes


@pytest.mark.parametrize("name", XML)
@given(data=st.data())
def test_any_graph_round_trips_through_gml_and_graphml(name, data, any_graphs):
    graph = data.draw(any_graphs)
    plain = graph.rename({n: f"n{i}" for i, n in enumerate(graph.nodes)})
    write, read = XML[name]
    assert read(write(plain)) == plain


@given(data=st.data())
def test_matrices_round_trip(data, any_graphs, pdags):
    graph, pdag = data.draw(any_graphs), data.draw(pdags)
    assert from_causallearn(to_causallearn(graph), graph.nodes) == graph
    assert from_pcalg_amat(to_pcalg_amat(graph, "pag"), graph.nodes, "pag") == graph
    assert from_pcalg_amat(to_pcalg_amat(pdag), pdag.nodes) == pdag
    if len(pdag):
        assert from_csv(to_csv(pdag, edge_direction="column->row"), edge_direction="column->row") == pdag


def test_directions_are_those_of_the_formats_own_documents():
    graph = Graph("x -> y")
    # causal-learn: graph[j, i] = 1 and graph[i, j] = -1 means i -> j
    assert to_causallearn(graph).tolist() == [[0, -1], [1, 0]]
    # pcalg, amat.cpdag: [a, b] = 0 and [b, a] = 1 means a -> b
    assert to_pcalg_amat(graph).tolist() == [[0, 0], [1, 0]]
    # pcalg, amat.pag: [a, b] = 2 and [b, a] = 3 means a -> b
    assert to_pcalg_amat(graph, "pag").tolist() == [[0, 2], [3, 0]]
    assert list(to_networkx(graph).edges) == [("x", "y")]


def test_causal_learn_objects_are_read_with_their_names():
    general = pytest.importorskip("causallearn.graph.GeneralGraph").GeneralGraph
    from causallearn.graph.Edge import Edge
    from causallearn.graph.Endpoint import Endpoint
    from causallearn.graph.GraphNode import GraphNode

    a, b, c = (GraphNode(n) for n in ("a", "b", "c"))
    graph = general([a, b, c])
    graph.add_edge(Edge(a, b, Endpoint.TAIL, Endpoint.ARROW))
    graph.add_edge(Edge(b, c, Endpoint.CIRCLE, Endpoint.ARROW))
    assert from_causallearn(graph) == Graph("a -> b; b o-> c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("digraph G { a -> b -> c; }", "a -> b -> c"),
        (
            'digraph { "a b" -> {c d} [color=red, style="dashed"]; node [shape=box]; rankdir=LR }',
            '"a b" -> c; "a b" -> d',
        ),
        ("graph { a -- b; c }", "a --- b; c"),
        ("digraph { a -> b [dir=both]; }", "a <-> b"),
        ("digraph { a -> b [dir=none]; // note\n b -> c /* more */ }", "a --- b; b -> c"),
        ("digraph { a -> b; b -> a }", "a --- b"),
        ("strict digraph { subgraph cluster_1 { a; b } a:port -> b }", "a -> b"),
        ("digraph { a -> b [dir=both, arrowtail=odot] }", "a o-> b"),
        ("digraph { a -> b [dir=back] }", "b -> a"),
    ],
)
def test_dot_as_others_write_it(text, expected):
    assert from_dot(text) == Graph(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dag { x -> y }", "x -> y"),
        (
            'dag {\n bb="0,0,1,1"\n x [exposure,pos="-1.2,0.3"]\n y [outcome]\n x -> {y z}\n y <-> z }',
            "x -> y; x -> z; y <-> z",
        ),
        ("pdag { a -- b ; b -> c }", "a --- b; b -> c"),
        ("pag { a @-> b ; b @-@ c }", "a o-> b; b o-o c"),
        ('dag { "a b" <- c <- d }', 'c -> "a b"; d -> c'),
        ("mag { a <-> b c }", "a <-> b; c"),
        ("dag{a->b;a->c}", "a -> b; a -> c"),
    ],
)
def test_dagitty_as_its_users_write_it(text, expected):
    assert from_dagitty(text) == Graph(expected)


PAGE = """
dag {
bb='-2.1,-3.5,4,5'
"blood pressure" [pos="0.5,0.5"]
dose [exposure,
  pos="0.2,0.5"]
'recovery time' [outcome,pos='0.9,0.5']
frailty [latent,pos="0.5,0.1"]
age [adjusted]
ward [selected]
dose -> "blood pressure"
dose -> 'recovery time' [pos="0.1,0.3", beta=-0.5]
frailty -> { dose 'recovery time' }
age -> dose
dose -> ward
}
"""


def test_what_the_page_of_dagitty_writes_has_no_variable_beside_its_own_and_gives_the_roles(tmp_path):
    edges = (
        "dose -> 'blood pressure'; dose -> 'recovery time'; frailty -> dose; frailty -> 'recovery time'; age -> dose;"
        "dose -> ward"
    )
    graph, roles = parse_dagitty(PAGE)
    assert graph == from_dagitty(PAGE) == Graph(edges.replace("'", '"'))
    assert set(graph.nodes) == {"blood pressure", "dose", "recovery time", "frailty", "age", "ward"}
    assert roles == Roles(("dose",), ("recovery time",), ("frailty",), ("age",), ("ward",))
    assert str(roles) == "exposure dose; outcome recovery time; latent frailty; adjusted age; selected ward"
    (tmp_path / "page.txt").write_text(PAGE)
    assert read_graph_and_roles(tmp_path / "page.txt") == (graph, roles)
    assert read_graph(tmp_path / "page.txt") == graph
    (tmp_path / "plain.txt").write_text("x -> y")
    assert read_graph_and_roles(tmp_path / "plain.txt") == (Graph("x -> y"), Roles())


def test_the_page_of_a_user_is_read_with_its_roles():
    path = Path(__file__).parents[3] / "shared" / "data" / "as-people-have-it" / "site.dagitty"
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this project")
    graph, roles = read_graph_and_roles(path)
    assert set(graph.nodes) == {"blood pressure", "dose", "recovery", "frailty"}
    assert roles == Roles(("dose",), ("recovery",), ("frailty",))


@pytest.mark.parametrize(
    ("read", "text", "sentence"),
    [
        (from_dot, "digraph {\n a -- b }", "line 2: the edges of a digraph are written '->', got '--', or '-> "),
        (from_dot, "graph {\n a -> b }", "line 2: the edges of a graph are written '--', got '->'"),
        (from_dot, "digraph {\n a -> b /* }", "line 2: a comment begins with /* and nothing ends it"),
        (from_dot, "digraph {\n\n a -> a }", "line 3: an edge from 'a' to itself"),
        (from_dagitty, "dag {\n\n a -> }", "line 3: an edge ends in nothing"),
        (from_dagitty, "dag {\n a -> a }", "line 2: an edge from 'a' to itself"),
        (from_dagitty, "dag {\n a [exposure }", "line 2: expected a name, got '}'"),
        (from_dagitty, "dag { a } b", "line 1: text follows the closing brace"),
        (from_json, "[1]", "the graph holds a list, where an object was expected"),
        (from_json, '{"nodes": [1], "edges": []}', "the name of a variable is a text, got 1 of type int"),
        (from_graphml, "<!DOCTYPE x [<!ENTITY a 'b'>]><graphml/>", "it defines entities"),
        (from_gml, "graph [ node [ id 0 label 0 ] edge 1 ]", "the text is not valid GML: "),
    ],
)
def test_what_is_wrong_with_a_text_is_said_with_its_line(read, text, sentence):
    with pytest.raises(FormatError) as told:
        read(text)
    assert sentence in str(told.value)


DEEP, LONG = 100_000, 10_000_000


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (from_dot, "digraph " + "{" * DEEP),
        (from_dagitty, "dag " + "{" * DEEP),
        (from_gml, "graph " + "[ a " * DEEP),
        (from_json, "[" * DEEP),
        (from_json, '{"nodes": ' + "[" * 500 + "]" * 500 + "}"),
        (from_graphml, "<graphml>" + "<a>" * DEEP),
        *((read, "(" * LONG) for read in (from_dot, from_dagitty, from_gml, from_json, from_csv, from_graphml)),
        (from_dagitty, "dag {" + "(" * LONG),
        (from_dagitty, "dag {" + " /* " * (LONG // 40)),
        (from_dot, "digraph {" + " /* " * (LONG // 40)),
        (from_bif, "(" * LONG),
        (from_bif, "network " + "/*\n" * (LONG // 30)),
        (from_bif, "variable x { type discrete [ 2 ] { " + "a, " * (LONG // 30)),
        (from_dot, "digraph { {" + " ".join(f"a{k}" for k in range(5000)) + "} -> {" + " ".join("b" * 5000) + " c}"),
        (from_csv, ",".join(f"a{k}" for k in range(100_000))),
    ],
    ids=lambda value: value.__name__ if callable(value) else value[:12],
)
def test_deep_and_long_texts_are_read_or_refused_in_a_sentence(read, text):
    # Where time grew with the square of the length, this would not end.
    with contextlib.suppress(AitiaError):
        read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (from_json, "{"),
        (from_json, '{"nodes": []}'),
        (from_json, '{"nodes": ["a"], "edges": [{"from": "a", "to": "b", "from_mark": "tail", "to_mark": "arrow"}]}'),
        (
            from_json,
            '{"nodes": ["a", "b"], "edges": [{"from": "a", "to": "b", "from_mark": "tale", "to_mark": "arrow"}]}',
        ),
        (from_csv, ""),
        (from_csv, ",a,b\na,0,1\n"),
        (from_csv, ",a,b\nb,0,1\na,0,0\n"),
        (from_csv, ",a,b\na,0,x\nb,0,0\n"),
        (from_dot, "digraph { a -> b"),
        (from_dot, "hello"),
        (from_dot, "digraph { a -> }"),
        (from_dot, "digraph { a -> a }"),
        (from_dot, "digraph { a -> b } rest"),
        (from_dot, "digraph { a ~ b }"),
        (from_dagitty, "x -> y"),
        (from_dagitty, "dag { x -> y"),
        (from_dagitty, "dag { x -> }"),
        (from_dagitty, "dag { -> x }"),
        (from_dagitty, "dag { x -> y ; y -> x }"),
        (from_gml, "graph ["),
        (from_graphml, "<graphml>"),
    ],
)
def test_text_that_is_not_of_the_format_is_refused(read, text):
    with pytest.raises(FormatError):
        read(text)


def test_codes_of_another_format_are_refused():
    with pytest.raises(FormatError, match="no mark of this format"):
        from_causallearn(np.array([[0, 5], [1, 0]]))
    with pytest.raises(FormatError, match="'pag'"):
        from_pcalg_amat([[0, 2], [3, 0]])
    with pytest.raises(FormatError, match="one end only"):
        from_causallearn(np.array([[0, 1], [0, 0]]))
    with pytest.raises(OptionError):
        to_pcalg_amat(Graph("a -> b"), "dag")
    with pytest.raises(OptionError):
        to_csv(Graph("a -> b"), edge_direction="up")
    with pytest.raises(GraphError):
        to_pcalg_amat(Graph("a <-> b"))


@pytest.mark.parametrize("suffix", ["json", "csv", "dot", "gv", "gml", "graphml", "dagitty", "txt"])
def test_files_go_by_their_suffix(tmp_path, suffix):
    graph = Graph("a -> b; b --- c; d")
    path = tmp_path / f"graph.{suffix}"
    write_graph(graph, path)
    assert read_graph(path) == graph
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_text_file_may_hold_dagitty_and_a_csv_its_own_direction(tmp_path):
    (tmp_path / "g.txt").write_text("dag {\n a -> b\n}\n")
    assert read_graph(tmp_path / "g.txt") == Graph("a -> b")
    (tmp_path / "g.csv").write_text("a,b\n0,1\n0,0\n")
    assert read_graph(tmp_path / "g.csv") == Graph("a -> b")
    assert read_graph(tmp_path / "g.csv", edge_direction="column->row") == Graph("b -> a", ["a", "b"])


def test_files_that_are_missing_unknown_or_broken_get_one_sentence(tmp_path):
    with pytest.raises(FormatError, match=r"none\.json cannot be read: No such file"):
        read_graph(tmp_path / "none.json")
    with pytest.raises(FormatError, match=r"graph files end in .*\.txt, \.bif$"):
        read_graph(tmp_path / "none.png")
    with pytest.raises(FormatError, match=r"graph files end in .*\.txt$"):  # a BIF file holds more than a graph
        write_graph(Graph("a"), tmp_path / "x.png")
    with pytest.raises(OptionError, match="no graph format 'png'"):
        write_graph(Graph("a"), tmp_path / "x.json", "png")
    with pytest.raises(FormatError, match="cannot be written"):
        write_graph(Graph("a"), tmp_path / "nowhere" / "x.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(FormatError, match=r"x\.json: the graph is not valid JSON"):
        read_graph(tmp_path / "x.json")
