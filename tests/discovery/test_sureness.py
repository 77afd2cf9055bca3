"""How sure each edge is: on by default where it takes seconds, the same words in text, picture, JSON and report."""

import json
import re
import sys

import numpy as np
import pytest

from aitia.cli.discover import text_of
from aitia.data.table import Table
from aitia.discovery import discover
from aitia.discovery.sureness import sureness
from aitia.errors import OptionError
from aitia.stats.bootstrap import EdgeFrequencies


@pytest.fixture(scope="module")
def rows():
    """x and y make z, z makes w; v is on its own."""
    rng = np.random.default_rng(3)
    x, y, v = rng.normal(size=(3, 300))
    z = x + y + rng.normal(size=300)
    return Table.of({"x": x, "y": y, "z": z, "w": z + rng.normal(size=300), "v": v})


@pytest.fixture(scope="module")
def found(rows):
    return discover(rows, test="fisher-z")


def test_a_hundred_halves_are_searched_where_nobody_says_how_many(found):
    assert found.edge_frequencies.graphs == 100
    assert "100 resamples, each a random half of the rows, say how sure each edge is." in found.reasons


def test_none_are_searched_on_request_and_any_number_is(rows):
    none = discover(rows, test="fisher-z", bootstrap=0)
    assert none.edge_frequencies is None
    assert none.doubts == {}
    assert none.to_json()["edges"][0]["shares"] is None
    assert "No resamples, as asked: nothing says how sure an edge is." in none.reasons
    assert "bootstrap=0" in none.python()
    seven = discover(rows, test="fisher-z", bootstrap=7)
    assert seven.edge_frequencies.graphs == 7
    with pytest.raises(OptionError, match="at least one sample"):
        discover(rows, test="fisher-z", bootstrap=-1)


def test_what_would_take_long_is_left_out_and_said(rows, monkeypatch):
    monkeypatch.setattr(sys.modules["aitia.discovery.discover"], "SOON", 1e-6)
    (told,) = (r for r in discover(rows, test="fisher-z").reasons if r.startswith("No resamples"))
    assert told == (
        "No resamples: 100 halves of the rows are predicted to take under two seconds (--bootstrap 100, bootstrap=100)."
    )


def test_a_table_that_is_too_small_to_halve_says_so():
    rng = np.random.default_rng(0)
    (told,) = (r for r in discover(rng.normal(size=(15, 2))).reasons if r.startswith("No resamples"))
    assert told == "No resamples: half of 15 rows is too little for any test to say how sure an edge is."


def test_the_shares_of_each_direction_stand_in_json_and_text(found):
    edges = {(e["left"], e["right"]): e for e in found.to_json()["edges"]}
    arrow = edges["z", "w"]
    assert arrow["symbol"] == "-->"
    shares = arrow["shares"]
    assert shares["adjacent"] == 1.0
    assert shares["forwards"] > 0.8
    assert shares["forwards"] + shares["backwards"] + shares["undirected"] == pytest.approx(shares["adjacent"])
    assert arrow["doubt"] is None
    assert json.dumps(found.to_json())
    text = text_of(found)
    assert re.search(r"adjacent +--> +<-- +--- +none\n", text)
    assert re.search(rf"z --> w +100% +{shares['forwards']:.0%} ", text)
    assert any("point this way" in line for line in found.evidence(found.graph.edges[0]))


def contradicted(found):
    """The same result, had the resamples turned z --> w round."""
    edge = next(e for e in found.graph.edges if {e.left, e.right} == {"z", "w"})
    plain = {(e.left, e.right): {e.symbol: 100} for e in found.graph.edges}
    counts = {**plain, (edge.left, edge.right): {"-->": 24, "<--": 64, "---": 12}}
    found.learner.edge_frequencies_ = EdgeFrequencies(found.edge_frequencies.nodes, counts, 100)
    return edge


def test_an_arrow_that_resamples_contradict_is_not_sure_everywhere(rows):
    found = discover(rows, test="fisher-z", bootstrap=2)
    edge = contradicted(found)
    said = "Not sure of its direction: 64% of the resamples point the other way, 24% this way."
    assert found.doubts == {edge: said}
    assert said in found.evidence(edge)
    told = {(e["left"], e["right"]): e["doubt"] for e in found.to_json()["edges"]}
    assert told[edge.left, edge.right] == said
    lines = sureness(found)
    assert next(line for line in lines if line.startswith(f"  {edge} ")).endswith("not sure")
    assert lines[-1] == f"  {edge}: {said}"
    picture = found.to_svg()
    drawn = re.search(r'data-from="z" data-to="w">.*?</g></g>', picture)[0]
    assert "stroke-dasharray" in drawn
    assert 'opacity="0.47"' in drawn, "0.3 + 0.7 of the share that points this way"
    assert ">100%, 24%<" in drawn
    assert picture.count("stroke-dasharray:5 3") == 1


def test_the_graph_itself_keeps_its_arrows_and_stays_what_it_is_called(rows):
    from aitia.graph import consistent_extension, cpdag

    found = discover(rows, test="fisher-z", bootstrap=2)
    before = found.graph
    contradicted(found)
    assert found.graph == before
    assert cpdag(consistent_extension(found.graph)) == found.graph


def test_the_report_shows_both_shares_and_what_is_not_sure(rows, tmp_path):
    from aitia.discovery.report import report

    found = discover(rows, test="fisher-z", bootstrap=2)
    contradicted(found)
    page = report(found, "aitia discover t.csv", {"aitia": "0"})
    for said in ("Edges that are not sure", "64% of the resamples point the other way", ">100%, 24%<", "each a random"):
        assert said in page
    assert re.search(r"<th[^>]*>adjacent</th><th[^>]*>--&gt;</th><th[^>]*>&lt;--</th>", page)


def test_a_picture_of_matplotlib_shows_it_too(rows):
    pytest.importorskip("matplotlib")
    from matplotlib.patches import PathPatch

    found = discover(rows, test="fisher-z", bootstrap=2)
    contradicted(found)
    lines = [patch for patch in found.plot().axes[0].patches if type(patch) is PathPatch]
    assert sorted(round(line.get_alpha(), 2) for line in lines)[0] == 0.47
    assert [line.get_linestyle() for line in lines].count("--") == 1


def test_what_is_saved_holds_the_share_of_each_direction(rows, tmp_path):
    discover(rows, test="fisher-z", bootstrap=5, out=tmp_path / "run")
    saved = json.loads((tmp_path / "run" / "bootstrap.json").read_text())
    assert saved["samples"] == 5
    pair = next(pair for pair in saved["pairs"] if {pair["left"], pair["right"]} == {"z", "w"})
    assert set(pair) == {"left", "right", "adjacent", "forwards", "backwards", "undirected", "absent"}


def test_a_label_that_every_other_row_lacks_takes_no_halves_away():
    """What a half costs is looked up in every other row, which holds one label of such a column."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    rare = np.where(np.isin(np.arange(200), (3, 9)), "yes", "no")
    table = Table.of({"rare": rare, "arm": rng.choice(list("uvw"), 200), "x": x, "y": x + rng.normal(size=200)})
    found = discover(table)
    assert found.test == "degenerate-gaussian"
    assert found.edge_frequencies is not None
    assert found.edge_frequencies.graphs == 100
    assert found.edge_frequencies.share("x", "y") == 1
