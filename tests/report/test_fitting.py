"""What a report shows stays inside its picture, is cut in no table, and stays whole on paper.

Widths are measured with the outlines of DejaVu Sans, the widest of the common fonts, as matplotlib ships it.
"""

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from aitia.graph import Graph
from aitia.report import (
    Code,
    Line,
    Multiples,
    Picture,
    ScatterPanel,
    Section,
    TableBlock,
    histogram,
    line_chart,
    render,
    scatter_panels,
    shaded_matrix,
)
from aitia.report.intervals import Interval, interval_chart

SPACE = "{http://www.w3.org/2000/svg}"
SPECIES = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
LONG = "median household income of the district, in thousands of dollars a year, before taxes and transfers"
SIZES = {"chart wide": {"tick": 15, "axis": 16, "axis mark": 16}, "chart": {"tick": 12, "axis": 13}}
"""Of letters, as the page's style has them; of wide charts on a small screen, where they are largest."""


def measured(text, size):
    pytest.importorskip("matplotlib")
    import matplotlib
    from PIL import ImageFont

    font = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), 100)
    return font.getlength(text) * size / 100


def boxes(svg):
    """Left and right end, and the text, of every line that is written from left to right; slanted ones by shadow."""
    root = ElementTree.fromstring(svg)
    sizes = SIZES[root.get("class")]
    for text in root.iter(f"{SPACE}text"):
        shown = "".join([text.text or "", *(child.tail or "" for child in text)])
        wide = measured(shown, sizes[text.get("class")])
        place = text.get("transform")
        x = float(text.get("x") or re.search(r"translate\(([-\d.]+)", place)[1])
        turned = float(re.search(r"rotate\(([-\d.]+)\)", place)[1]) if place else 0.0
        wide *= np.cos(np.radians(turned))
        left = {"middle": x - wide / 2, "end": x - wide}.get(text.get("text-anchor"), x)
        yield left, left + wide, shown


def charts():
    values = np.linspace(-1, 1, 12)
    draws = {"unrelated groups (the null)": values, LONG: values / 2}
    points = {"men " + LONG: np.column_stack([values, values]), "women": np.column_stack([values, -values])}
    yield line_chart(SPECIES, [Line("first curve (69%)", [1, 2, 3])], x_label="species", y_label="driving force")
    yield line_chart([LONG] * 12, [Line(LONG, list(values))] * 3, x_label=LONG, y_label=LONG)
    yield line_chart(
        list(np.linspace(1959, 2009.75, 12)), [Line("first", list(values * 1e-7))], x_label="when", y_label="x"
    )
    yield line_chart([0, 123456789.0], [Line("first", [1e9, 2e9])], x_label="when", y_label="x")
    yield histogram(draws, mark=0.95, x_label=LONG, told=f"found here: {LONG}")
    yield histogram(draws, mark=-0.95, x_label=LONG, told="found")
    yield interval_chart([Interval(LONG, 0.5, 0.25, 0.75), Interval("b", -12.5, -13, 1)], x_label=LONG)
    yield shaded_matrix([LONG, "MMMMWWWW"], ["WINDOWS MM", "b"], [[0.1, -0.22], [1, 2]])
    yield scatter_panels([ScatterPanel(LONG, points, axes=(LONG, LONG))] * 2)


@pytest.mark.parametrize("svg", list(charts()))
def test_no_text_leaves_its_chart(svg):
    left, _, wide, _ = map(float, ElementTree.fromstring(svg).get("viewBox").split())
    found = list(boxes(svg))
    assert found
    for begin, end, text in found:
        assert begin >= left - 0.5, text
        assert end <= left + wide + 0.5, text


def test_labels_of_a_context_are_written_whole():
    svg = line_chart(SPECIES, [Line("first", [1, 2, 3])], x_label="species", y_label="force")
    assert all(f">{label}</text>" in svg for label in SPECIES)


def test_labels_side_by_side_do_not_touch():
    svg = line_chart(SPECIES, [Line("first", [1, 2, 3])], x_label="species", y_label="force")
    row = sorted(box for box in boxes(svg) if box[2] in SPECIES)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(row))


def test_labels_that_do_not_fit_side_by_side_are_slanted_and_told_whole_to_a_pointer():
    svg = line_chart([LONG, *SPECIES] * 2, [Line("first", list(range(8)))], x_label="species", y_label="force")
    assert svg.count("rotate(-40)") == 8
    assert svg.count(f"<title>{LONG}</title>") == 2
    assert "Iris-versicolor</text>" in svg


def test_curves_begin_and_end_inside_and_the_legend_lies_below_the_axis():
    root = ElementTree.fromstring(
        line_chart([1.0, 2.0], [Line("first", [0.0, 1.0]), Line("second", [1.0, 0.0])], x_label="when", y_label="y")
    )
    axis = next(float(t.get("y")) for t in root.iter(f"{SPACE}text") if t.text == "when")
    names = [float(t.get("y")) for t in root.iter(f"{SPACE}text") if t.text in ("first", "second")]
    assert len(names) == 2
    assert all(y - 15 > axis for y in names)
    assert max(names) + 4 < float(root.get("viewBox").split()[3])


def test_the_label_of_an_edge_lies_on_ground_as_wide_as_itself():
    svg = Graph("cause -> effect").to_svg(labels={("cause", "effect"): "+12.08"})
    root = ElementTree.fromstring(svg)
    (ground,) = [r for r in root.iter(f"{SPACE}rect") if r.get("class") == "back"]
    assert float(ground.get("width")) >= measured("+12.08", 11)


def table(columns, rows):
    return TableBlock(columns, rows).html()


def test_a_wide_table_is_stacked_on_a_phone_with_the_head_beside_every_cell():
    page = table(["site", "effect", "95 % interval", "its control"], [["layers.3", "+1.2", "+1.0 to +1.4", "-0.1"]])
    assert "<table class=stack>" in page
    assert re.findall(r'data-head="([^"]*)"', page) == ["site", "effect", "95 % interval", "its control"]
    assert "class=stack" not in table(["order", "share"], [["a then b", "55%"]])


def test_long_names_may_be_broken_behind_their_marks_and_read_as_before():
    site = "model.layers.12.self_attn.o_proj[head=3, position=-1]"
    page = table(["site"], [[site]])
    assert page.count("<wbr>") >= 5
    assert site in page.replace("<wbr>", "")
    assert "<wbr>" not in table(["text"], [["a sentence of many short words, which breaks at blanks."]])
    assert "&lt;b&gt;" in table(["site"], [["<b>" + "a." * 20]]).replace("<wbr>", "")


def rules(page, medium):
    """The rules that the page's style has for a medium."""
    style = page.split("<style>")[1].split("</style>")[0]
    block = style.split(f"@media {medium}{{")[1].split("@media")[0]
    return {
        (s, d)
        for found in re.findall(r"([^{}]+)\{([^}]*)\}", block)
        for s in found[0].split(",")
        for d in found[1].split(";")
    }


@pytest.fixture
def page():
    return render("title", "lead", [Section("code", [Code("aitia discover " + "x" * 300)])], "footer")


def test_on_paper_pictures_and_rows_stay_whole_and_heads_stay_with_what_follows(page):
    found = {(s.strip(), d.strip()) for s, d in rules(page, "print")}
    assert {(s, "break-inside:avoid") for s in ("figure", "tr", "pre", ".callout")} <= found
    assert ("h2", "break-after:avoid") in found
    assert ("thead", "display:table-header-group") in found
    assert ("figure img", "max-height:21cm") in found
    assert not any(s == "section" for s, _ in found)  # longer than a page, it would push its first picture away


def test_on_a_small_screen_charts_have_larger_letters_and_wide_tables_are_stacked(page):
    found = {(s.strip(), d.strip()) for s, d in rules(page, "(max-width:640px)")}
    for kind in ("tick", "axis"):
        assert (f".chart.wide .{kind}", f"font-size:{SIZES['chart wide'][kind]}px") in found
    assert ("table.stack thead", "display:none") in found
    assert ("table.stack td::before", "content:attr(data-head)") in found


def test_a_line_of_code_is_wrapped_and_not_hidden_behind_a_scroll_bar(page):
    pre = re.search(r"\npre\{([^}]*)\}", page)[1]
    assert "white-space:pre-wrap" in pre
    assert "overflow-wrap:anywhere" in pre
    assert "overflow-x" not in pre


def test_graphs_side_by_side_are_one_block_of_small_pictures():
    shown = Multiples([Picture(Graph("a -> b").to_svg(), "first"), Picture(Graph("b -> a").to_svg(), "second")]).html()
    assert shown.startswith('<div class="multiples"><figure>')
    assert (shown.count("<figure>"), shown.count("<figcaption>")) == (2, 2)
