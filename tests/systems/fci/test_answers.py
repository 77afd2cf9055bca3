"""What discover and do say of a graph of FCI: shares of each mark, bootstrap graphs, members that leave it open."""

import json
import re

import numpy as np
import pytest
from tests.commands import command

from aitia.cli.discover import text_of
from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect, load_discovery
from aitia.discovery.effects import Search
from aitia.discovery.report import report


@pytest.fixture(scope="module")
def chain():
    """a -> x -> y, of which the rows tell no direction and no hidden cause."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=800)
    x = 0.8 * a + rng.normal(size=800)
    return Table.of({"a": a, "x": x, "y": 0.7 * x + rng.normal(size=800)})


@pytest.fixture(scope="module")
def run(tmp_path_factory, chain):
    """A run whose graph shows that p causes q, and leaves open what x does to y."""
    rng = np.random.default_rng(4)
    z, w, h = rng.normal(size=(3, 800))
    p = z + w + rng.normal(size=800)
    rows = chain.with_columns({"z": z, "w": w, "p": p, "q": 0.8 * p + h, "r": h + rng.normal(size=800)})
    folder = tmp_path_factory.mktemp("hidden") / "run"
    discover(rows, method="fci", test="fisher-z", alpha=0.001, bootstrap=0, out=folder)
    return folder


def effect(run, x, y, graphs=None):
    saved = load_discovery(run)
    search = Search.of(saved, graphs)
    return estimate_effect(saved.graph, saved.table, {x: 1}, y, against={x: 0}, resamples=20, read_as="pag",
                           search=search)  # fmt: skip


def test_an_effect_in_a_pag_covers_bootstrap_graphs_on_request(run):
    plain = effect(run, "p", "q")
    assert plain.over is None
    told = json.loads(command("do", run, "do(p=1)", "--against", "do(p=0)", "--outcome", "q", "--resamples", "20",
                              "--graphs", "8", "--json"))  # fmt: skip
    over = told["over_graphs"]
    assert over["graphs"] == 8
    assert 0 < over["answered"] <= 8
    assert over["low"] <= 0.8 <= over["high"]
    assert told["low"] <= min(plain.low, over["low"])
    assert told["high"] >= max(plain.high, over["high"])
    assert "the graph (" in told["covers"]


def test_bootstrap_graphs_whose_members_leave_it_open_do_not_answer(run):
    found = effect(run, "x", "y", 5)
    assert "not identified in" in found.range_line
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert found.over.graphs == 5
    assert found.over.answered < 5
    assert any("bootstrap graphs" in line for line in found.lines())


def test_the_search_of_a_pag_is_repeated_as_a_pag(run, chain):
    saved = load_discovery(run)
    assert Search.of(saved).graphs == 0, "not by default"
    search = Search.of(saved, 3)
    assert search.read_as == "pag"
    assert search.graph(search.table) == saved.graph
    found = discover(chain, method="fci", test="fisher-z", alpha=0.001, bootstrap=0)
    answer = estimate_effect(found.graph, chain, "x=1", "y", against="x=0", resamples=5, read_as="pag",
                             search=Search.of(found, 4))  # fmt: skip
    assert answer.over.graphs == 4
    assert np.isnan(answer.low)


def test_each_kind_of_edge_of_a_pag_has_its_own_column_and_its_ends_are_told_in_words():
    rng = np.random.default_rng(0)
    water, bees, blight = rng.normal(size=(3, 600))
    leaves, fruit = (kind - blight + 0.5 * rng.normal(size=600) for kind in (water, bees))
    table = Table.of({"water": water, "leaves": leaves, "fruit": fruit, "bees": bees})
    found = discover(table, method="fci", test="fisher-z", alpha=0.01, bootstrap=10)
    assert str(found.graph) == "water o-> leaves; leaves <-> fruit; bees o-> fruit"
    text = text_of(found)
    assert re.search(r"adjacent +--> +<-- +<-> +o-> +<-o +o-o +none\n", text)
    shares = {(e["left"], e["right"]): e["shares"] for e in found.to_json()["edges"]}
    hidden = shares["leaves", "fruit"]
    assert hidden["bidirected"] > 0.8
    assert re.search(rf"leaves <-> fruit +100% .* {hidden['bidirected']:.0%} ", text)
    assert "other" not in hidden
    (told,) = (line for line in found.evidence(found.graph.edges[0]) if "join the two" in line)
    assert "at leaves 100% have a head, 0% a tail; at water 0% have a head, 0% a tail, the others a circle" in told
    assert found.doubts == {}
    page = report(found, "aitia discover t.csv --method fci", {"aitia": "0"})
    assert re.search(r"<th[^>]*>&lt;-&gt;</th><th[^>]*>o-&gt;</th><th[^>]*>&lt;-o</th><th[^>]*>o-o</th>", page)
    assert "in how many the edge has the heads and tails that are drawn" in page
