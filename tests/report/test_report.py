from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from aitia.graph import Graph
from aitia.report import Callout, Code, GraphFigure, Line, Picture, Section, TableBlock, Text, line_chart, render

NASTY = '<script>alert("x")</script> & \'"'


class Tags(HTMLParser):
    VOID = ("meta", "br", "wbr")

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def page():
    graph = Graph([(NASTY, "y")])
    sections = [
        Section(
            NASTY, [Text(NASTY), Text("aside", small=True), Callout([NASTY], "warning", NASTY), Code(NASTY, NASTY)]
        ),
        Section("table", [TableBlock([NASTY, "n"], [[NASTY, 0.123456], ["b", 3]], NASTY)]),
        Section("graph", [GraphFigure(graph.to_svg(), {(NASTY, "y"): [NASTY]}, NASTY)]),
        Section(
            "chart", [Picture(line_chart([1, 2, 3], [Line(NASTY, [1.0, 2.0, 0.0])], x_label=NASTY, y_label="y"), NASTY)]
        ),
    ]
    return render(NASTY, NASTY, sections, NASTY)


def test_every_tag_is_closed_and_nothing_from_outside_runs_or_loads(page):
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert [t for t, _ in tags.seen].count("script") == 2  # the page's own, and the graph's data
    for _, attributes in tags.seen:
        assert not {"src", "onclick", "onload", "onerror"} & set(attributes)
        assert not str(attributes.get("href", "")).startswith("http")
    assert 'alert("x")</script>' not in page


def test_names_are_shown_as_they_are(page):
    tags = Tags()
    tags.feed(page)
    assert sum(NASTY in text for text in tags.text) >= 6


def test_numbers_stand_to_the_right_in_three_digits(page):
    assert '<td class="number">0.123</td>' in page
    assert '<td class="number">3</td>' in page


def test_pages_print(page):
    assert "@media print" in page


@pytest.mark.parametrize(
    ("x", "y"),
    [([3.0, 1.0, 2.0], [1.0, 5.0, 2.0]), (["a", "b"], [1.0, 2.0]), ([1.0], [2.0]), ([1.0, 2.0], [0.0, 0.0])],
)
def test_charts_are_sound_svg_with_one_curve_or_its_points(x, y):
    svg = ElementTree.fromstring(line_chart(x, [Line("first", y)], x_label="time", y_label="force"))
    space = "{http://www.w3.org/2000/svg}"
    curves = [p for p in svg.iter(f"{space}path") if p.get("stroke")]
    points = list(svg.iter(f"{space}circle"))
    assert (len(curves), len(points)) == ((1, 0) if not isinstance(x[0], str) else (0, len(x)))
    assert "nan" not in ElementTree.tostring(svg, encoding="unicode")
