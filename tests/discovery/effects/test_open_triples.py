"""Effects on graphs that leave colliders open: least squares in every member, conservative searches, a saved run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.commands import command

from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect
from aitia.discovery.save import load_discovery, open_discovery, save_discovery
from aitia.graph import Graph, decided, markov_equivalence_class, unshielded_colliders
from aitia.systems.cd_nod import CDNOD
from aitia.systems.pc import PC


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 800))
    x = 0.8 * a + 0.5 * b + rng.normal(size=800)
    y = 0.7 * x + 0.6 * a - 0.4 * b + rng.normal(size=800)
    return Table.of({"a": a, "b": b, "x": x, "y": y})


def slope(rows, x, y, adjusted):
    X = np.column_stack([np.ones(rows.n), *(rows.column(n) for n in (x, *adjusted))])
    return np.linalg.lstsq(X, rows.column(y), rcond=None)[0][1]


GRAPH = "a --- x --- b; x -> y <- a; b -> y; a ? x ? b"


def test_effects_are_the_least_squares_of_each_member_and_the_triple_is_named(rows):
    found = estimate_effect(Graph(GRAPH), rows, "x=1", "y", against="x=0", resamples=40)
    wanted = {dag.parents("x") for dag in markov_equivalence_class(Graph(GRAPH))}
    assert len(wanted) == len(found.members) == 4
    expected = sorted(slope(rows, "x", "y", set_) for set_ in wanted)
    assert sorted(m.estimate for m in found.members) == pytest.approx(expected, abs=1e-9)
    assert found.open_triples == (("a", "x", "b"),)
    decides = "whether x is a collider between a and b, and the direction of x - a, x - b decide"
    assert found.range_line.endswith(decides)
    told = (
        "leaves open whether x is a collider between a and b, and the direction of x - a, x - b, and its members give 4"
    )
    assert told in found.because
    assert found.to_json()["open_triples"] == [["a", "x", "b"]]
    truth = next(m for m in found.members if {"a", "b"} <= set(m.graph.parents("x")))
    assert truth.low < 0.7 < truth.high


def test_where_one_set_holds_in_all_members_it_is_adjusted_for(rows):
    graph = Graph("a --- c --- b; a -> x <- b; a -> y <- b; x -> y; a ? c ? b")
    table = Table.of({**{n: rows.column(n) for n in rows.names}, "c": rows.column("a") + rows.column("b")})
    assert len(decided(graph)) > 1
    found = estimate_effect(graph, table, "x=1", "y", against="x=0", resamples=20)
    assert found.members == ()
    assert found.open_triples == ()
    assert found.estimate == pytest.approx(slope(rows, "x", "y", ("a", "b")), abs=1e-9)
    assert "open_triples" not in found.to_json()


@pytest.fixture(scope="module")
def conservative():
    """A table in which a conservative search leaves triples open, and the search."""
    rng = np.random.default_rng(3)
    weights = np.triu(rng.random((6, 6)) < 0.5, 1) * rng.uniform(0.5, 1.2, (6, 6)) * rng.choice([-1, 1], (6, 6))
    values = np.zeros((150, 6))
    for j in range(6):
        values[:, j] = values @ weights[:, j] + rng.normal(size=150)
    table = Table.of({f"v{j}": values[:, j] for j in range(6)})
    return table, PC(test="ranks", colliders="conservative").fit(table)


def test_a_conservative_search_leaves_its_triples_in_the_graph(conservative, tmp_path):
    _, search = conservative
    triples = search.graph.open_triples
    assert triples == (("v2", "v4", "v5"), ("v0", "v5", "v3"))
    told = [line for line in search.warnings_ if line.startswith("The collider rule left open")]
    assert len(told) == 1
    assert all(" - ".join(triple) in told[0] for triple in triples)
    assert "v2 - v4 - v5 (open: a collider or not)" in search.graph.to_text()
    search.save_pretrained(tmp_path / "pc")
    assert PC.from_pretrained(tmp_path / "pc").graph == search.graph
    for one in decided(search.graph):
        assert not one.open_triples
        assert set(unshielded_colliders(search.graph)) <= set(unshielded_colliders(one))


def test_a_saved_conservative_discovery_answers_over_all_its_members(conservative, tmp_path):
    table, search = conservative
    found = discover(table, method="pc", test="ranks", bootstrap=0)
    found = replace(found, graph=search.graph, augmented=search.graph, learner=search, warnings=tuple(search.warnings_))
    with open_discovery(tmp_path / "run", table, found.config, None) as run:
        save_discovery(found, run, "aitia discover t.csv")
    assert load_discovery(tmp_path / "run").graph == search.graph
    assert not (tmp_path / "run" / "graph.dagitty").exists()
    assert "v2 - v4 - v5" in (tmp_path / "run" / "report.html").read_text()
    asked = ["do", tmp_path / "run", "v5=1", "--against", "v5=0", "--outcome", "v1", "--resamples", 10, "--graphs", 0]
    printed = " ".join(command(*asked).split())
    assert "is a collider between" in printed
    answer = json.loads(command(*asked, "--json"))
    assert answer["open_triples"]
    assert set(map(tuple, answer["open_triples"])) <= set(search.graph.open_triples)


def test_over_domains_the_triples_among_the_variables_stay_open():
    rng = np.random.default_rng(15)
    weights = np.triu(rng.random((6, 6)) < 0.5, 1) * rng.uniform(0.5, 1.2, (6, 6)) * rng.choice([-1, 1], (6, 6))
    values = np.zeros((160, 6))
    for j in range(6):
        values[:, j] = values @ weights[:, j] + rng.normal(size=160)
    site = np.repeat(np.arange(4), 40)
    values[:, 0] += site
    columns = {f"v{j}": values[:, j] for j in range(6)}
    table = Table.of({**columns, "site": [f"s{k}" for k in site]})
    search = CDNOD(test="fisher-z", colliders="conservative", phases=2).fit(table, context="site")
    assert search.graph.open_triples == (("v1", "v2", "v3"),)
    assert set(search.whole_graph_.open_triples) > {("v1", "v2", "v3"), ("v1", "v2", "site")}
    assert all(len(decided(graph)) > 1 for graph in (search.graph, search.whole_graph_))
