import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import UnknownVariableError
from aitia.graph import Edge, Graph, Mark
from aitia.graph._layout import NODE_HEIGHT, layout

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw):
    n = draw(st.integers(0, 9))
    names = draw(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=12),
                          min_size=n, max_size=n, unique=True))  # fmt: skip
    mark = st.sampled_from(list(Mark))
    edges = [Edge(a, b, draw(mark), draw(mark)) for a, b in combinations(names, 2) if draw(st.integers(0, 2)) == 0]
    return Graph(edges, names)


@given(graphs())
def test_boxes_do_not_overlap_and_arrows_point_down(graph):
    placed = layout(graph)
    boxes = [(x, y, placed.widths[n]) for n, (x, y) in placed.centers.items()]
    for k, (x, y, w) in enumerate(boxes):
        assert x - w / 2 >= -1e-6
        assert x + w / 2 <= placed.width + 1e-6
        for x2, y2, w2 in boxes[k + 1 :]:
            assert abs(y - y2) >= NODE_HEIGHT or abs(x - x2) >= (w + w2) / 2 - 1e-6
    if graph.is_acyclic:
        for e in graph.edges:
            if e.symbol == "-->":
                assert placed.centers[e.left][1] < placed.centers[e.right][1]


@given(graphs())
def test_the_picture_is_sound_and_has_every_node_and_edge_with_its_marks(graph):
    root = ElementTree.fromstring(graph.to_svg())
    groups = list(root.iter(f"{SVG}g"))
    edges = {(g.get("data-from"), g.get("data-to")): g for g in groups if g.get("class") == "edge"}
    assert set(edges) == {(e.left, e.right) for e in graph.edges}
    assert {g.get("data-name") for g in groups if "node" in (g.get("class") or "").split()} == set(graph.nodes)
    for e in graph.edges:
        group = edges[e.left, e.right]
        marks = (e.left_mark, e.right_mark)
        assert len(list(group.iter(f"{SVG}polygon"))) == marks.count(Mark.ARROW)
        assert len(list(group.iter(f"{SVG}circle"))) == marks.count(Mark.CIRCLE)


def test_the_same_graph_gives_the_same_picture_and_titles_are_escaped():
    graph = Graph('"<a>" -> b')
    assert graph.to_svg() == graph.to_svg()
    svg = graph.to_svg(titles={("b", "<a>"): "<why>"}, labels={("<a>", "b"): "5 & 6"}, highlight=["b"])
    assert "&lt;why&gt;" in svg
    assert "5 &amp; 6" in svg
    assert "node highlight" in svg
    assert graph._repr_html_() == graph.to_svg()
    with pytest.raises(UnknownVariableError):
        graph.to_svg(highlight=["c"])


def test_a_figure_can_be_saved(tmp_path):
    figure = Graph("a -> b <-> c; b o-> d; d --- e").plot()
    figure.savefig(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").stat().st_size > 3000
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert Graph("a -> b").plot(axes) is axes.figure


def test_text_groups_causes_by_effect():
    graph = Graph("b -> c; a -> c; c <-> d; e")
    assert graph.to_text() == "c  <-  b, a\nc <->  d\ne (no edge)"


@pytest.mark.parametrize("text", ["x -> y; x <-> y", "x -> m -> y; x -> y; x <-> y", "x -> y -> x2; x2 -> x; x <-> y"])
def test_two_edges_of_a_pair_are_drawn_as_two_within_the_picture(text):
    graph = Graph(text)
    root = ElementTree.fromstring(graph.to_svg(labels={("x", "y"): "90%"}, titles={("y", "x"): "why"}))
    groups = [g for g in root.iter(f"{SVG}g") if {g.get("data-from"), g.get("data-to")} == {"x", "y"}]
    assert [g.find(f"{SVG}title").text for g in groups] == ["why", "x <-> y"]
    assert [len(list(g.iter(f"{SVG}text"))) for g in groups] == [1, 0]
    assert [len(list(g.iter(f"{SVG}polygon"))) for g in groups] == [1, 2]
    lines = [g.find(f"{SVG}path").get("d") for g in groups]
    width = float(root.get("viewBox").split()[2]) - 24
    ends = [[tuple(map(float, point)) for point in re.findall(r"(-?[\d.]+) (-?[\d.]+)", line)] for line in lines]
    middle = [points[len(points) // 2] for points in ends]
    assert abs(middle[0][0] - middle[1][0]) + abs(middle[0][1] - middle[1][1]) > 8
    assert all(-12 <= x <= width + 12 for points in ends for x, _ in points)
    assert graph.to_text().count("<->  ") == 1
    assert graph.plot().axes


def test_a_chain_is_drawn_straight():
    xs = {round(x, 3) for x, _ in layout(Graph("aa -> bb -> cc -> dd")).centers.values()}
    assert len(xs) == 1


def test_two_hundred_nodes_are_placed_without_crossing_boxes():
    graph = Graph([(f"v{i}", f"v{j}") for i in range(200) for j in (2 * i + 1, 2 * i + 2) if j < 200])
    assert len(layout(graph).centers) == 200
