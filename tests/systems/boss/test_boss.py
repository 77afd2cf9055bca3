"""BOSS: what it finds, what it obeys, what it says of edges and of tables it can do little with."""

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aitia
from aitia.data.table import Table
from aitia.discovery.agreement import agreement
from aitia.errors import DataError, GraphError, OptionError
from aitia.graph import Graph, Knowledge, consistent_extension, cpdag, is_cpdag, shd
from aitia.graph.formats import from_causallearn
from aitia.stats.search.scores import LocalScore
from aitia.system import Given, load, verbs_of
from aitia.systems.boss import BOSS, BOSSConfig
from aitia.systems.boss.example import write


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


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write(tmp_path_factory.mktemp("boss"), 0)


@pytest.fixture(scope="module")
def found(example):
    return BOSS(bootstrap=4, **example.options).fit(example.files)


def test_the_graph_of_the_example_and_why_its_edges_stand(found):
    assert str(found.graph) == "sun --> harvest; soil --> harvest; season --> price; harvest --> price"
    assert verbs_of(BOSS) == BOSS.card.verbs == ("graphs",)
    edge = found.graph.edges[0]
    score, test, direction, share = found.why(edge)
    table = found.rows_
    by_hand = LocalScore(table, "bic", penalty=2.0)
    loss = by_hand.of("harvest", ["sun", "soil"]) - by_hand.of("harvest", ["soil"])
    assert found.losses_["sun", "harvest"] == pytest.approx(loss)
    assert score == f"Score: the best graph next to this one without the edge is {loss:.3g} nats worse."
    assert test.startswith("Test: fisher-z given soil has p = ")
    assert direction == "Direction: every graph of this score has it."
    assert share.startswith("Of 4 resamples 100% join the two: 100% point this way")
    page = "".join(block.html() for block in found.report(Given.of(BOSS.card, table)))
    assert "nats worse" in page


def test_what_was_saved_has_the_same_findings(found, tmp_path):
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    assert read.graphs() == found.graphs()
    assert read.losses_ == found.losses_
    assert read.score_ == found.score_
    assert read.config == found.config
    assert [read.why(edge) for edge in read.graph.edges] == [found.why(edge) for edge in found.graph.edges]
    assert read.graphs(found.rows_)["graph"] == found.graph_
    assert read.scm().sample(20, seed=0) == found.scm().sample(20, seed=0)
    assert BOSSConfig(**json.loads(json.dumps(read.config.to_json()))) == read.config


def test_fresh_rows_score_the_graph_above_no_edges_and_all_edges(found, example):
    rng = np.random.default_rng(9)
    sun, soil, season, one, two = rng.normal(size=(5, 400))
    harvest = sun + soil + 0.7 * one
    price = season - harvest + 0.7 * two
    fresh = {"sun": sun, "soil": soil, "season": season, "harvest": harvest, "price": price}
    score = found.judge(Given.of(BOSS.card, fresh), Given.of(BOSS.card, fresh))["score a row"]
    assert score.value > max(score.baselines.values())
    assert set(score.baselines) == {"empty graph", "full graph"}


def test_it_scores_no_lower_than_the_peer_and_is_no_farther_from_the_truth():
    boss = pytest.importorskip("causallearn.search.PermutationBased.BOSS").boss
    kept, ours, theirs = random.getstate(), 0, 0
    for seed in range(8):
        truth, table = linear(10, 3, 1000, seed)
        random.seed(seed)  # by which the peer shuffles
        x = table.matrix(list(table.names))
        peer = boss(x, "local_score_BIC_from_cov", {"lambda_value": 1}, verbose=False).graph
        other = from_causallearn(peer, table.names)
        found = BOSS().fit(table).graph_
        score = LocalScore(table, "bic", penalty=2.0)
        assert score.graph(consistent_extension(found)) >= score.graph(consistent_extension(other)) - 1e-6
        ours, theirs = ours + shd(found, truth), theirs + shd(other, truth)
        assert is_cpdag(found)
    random.setstate(kept)
    assert ours <= theirs


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_knowledge_is_obeyed_whatever_the_data_say(seed):
    rng = np.random.default_rng(seed)
    _, table = linear(6, 3, 80, seed)
    names = [str(name) for name in rng.permutation(table.names)]
    known = Knowledge(
        tiers=[names[:2], names[2:4]],
        required=[(names[0], names[4]), (names[4], names[5])],
        forbidden=[(names[5], names[2]), (names[3], names[5])],
    )
    graph = BOSS(knowledge=known, penalty=1.0).fit(table).graph_
    for edge in graph.edges:
        assert not (known.forbids(edge.left, edge.right) and edge.symbol != "<--"), edge
        assert edge.symbol == "-->" or not known.forbids(edge.right, edge.left), edge
    for cause, effect in known.required:
        assert cause in graph.parents(effect)
    assert consistent_extension(graph).is_dag


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_rows_names_and_scales_do_not_matter_and_a_seed_gives_the_same(seed):
    rng = np.random.default_rng(seed)
    _, table = linear(6, 3, 150, seed)
    first = BOSS(seed=seed).fit(table).graph_
    assert BOSS(seed=seed).fit(table).graph_ == first
    turned = Table.of(
        {f"v{k}": rng.uniform(0.1, 9) * table.column(n) + rng.normal() for k, n in enumerate(table.names)}
    ).take(rng.permutation(150))
    names = dict(zip(first.nodes, turned.names, strict=True))
    assert BOSS(seed=seed).fit(turned).graph_ == first.rename(names)


def test_another_order_of_the_columns_changes_the_graph_only_where_it_ends_at_another_score():
    changed = 0
    for seed in range(20):
        _, table = linear(8, 3, 500, seed)
        first = BOSS().fit(table)
        order = [table.names[k] for k in np.random.default_rng(seed).permutation(8)]
        other = BOSS().fit(table.select(order))
        same = other.graph_.reorder(table.names) == first.graph_
        assert same == (abs(other.score_ - first.score_) < 1e-6)
        changed += not same
    assert changed <= 1


def test_labels_and_numbers_together_go_by_the_degenerate_gaussian_score():
    rng = np.random.default_rng(0)
    age, dose = rng.normal(size=(2, 600))
    ward = np.array(["north", "south", "west"], object)[rng.integers(0, 3, 600)]
    weight = age + np.where(ward == "north", 1.5, 0) + 0.5 * rng.normal(size=600)
    found = BOSS().fit({"age": age, "ward": ward, "weight": weight, "dose": dose})
    assert found.score_name_ == "degenerate-gaussian"
    assert str(found.graph_) == "age --> weight; ward --> weight; dose"
    assert found.test_name_ == ""
    assert not any(line.startswith("Test:") for line in found.why(found.graph_.edges[0]))


def test_discover_runs_it_and_tells_the_loss_of_every_edge(example, tmp_path):
    told = aitia.discover(example.files, method="boss", out=tmp_path / "run")
    assert told.method == "boss"
    assert told.reasons[1:3] == (
        "Method BOSS: as asked.",
        "Score bic: every column holds numbers, whose relations are taken as straight lines. Test fisher-z stands "
        "beside it.",
    )
    assert [edge["nats"] for edge in told.to_json()["edges"]] == pytest.approx(list(told.learner.losses_.values()))
    assert "nats worse" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "method='boss'" in told.python()
    assert "test=" not in told.python()
    asked = aitia.discover(example.files, method="boss", score="bic", bootstrap=0)
    assert "score='bic'" in asked.python()
    assert asked.graph == told.graph
    with pytest.raises(OptionError, match="boss has no option test: drop it, or choose another method"):
        aitia.discover(example.files, method="boss", test="fisher-z")
    with pytest.raises(OptionError, match="boss has no use for a context"):
        aitia.discover(example.files, method="boss", context="sun")
    with pytest.raises(OptionError, match="boss goes by a score, which has no rules for colliders to compare"):
        agreement(told)


def test_rows_with_gaps_are_left_out_and_counted(example):
    table = Given.of(BOSS.card, example.files).table
    sun = table.column("sun").copy()
    sun[:7] = np.nan
    gappy = table.with_columns({"sun": sun})
    told = aitia.discover(gappy, method="boss", bootstrap=0)
    assert any("7 rows of 300 lack a value and were left out" in warning for warning in told.warnings)
    with pytest.raises(DataError, match=r"values are missing in sun, and .* the 293 rows of 300 that are complete"):
        BOSS().fit(gappy)
    nothing = Table.of({"a": [1.5, np.nan] * 8, "b": [np.nan, 2.5] * 8})
    with pytest.raises(DataError, match="no row is complete; 'a' lacks 8 of 16: drop the column"):
        BOSS(missing="complete").fit(nothing)


def test_more_columns_than_rows_are_searched_with_few_causes_and_that_is_said():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 30))
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    found = BOSS().fit(x)
    assert found.graph_.has_edge("x0", "x1")
    assert any(
        "20 rows are no more than the 30 columns: a variable gets at most 2 causes" in w for w in found.warnings_
    )
    assert all(len(consistent_extension(found.graph_).parents(name)) <= 2 for name in found.graph_.nodes)


def test_what_bends_or_is_thin_is_said():
    rng = np.random.default_rng(1)
    a = rng.normal(size=400)
    bent = BOSS().fit({"a": a, "b": a**2 + 0.3 * rng.normal(size=400)})
    assert any("The score sees straight lines of Gaussian columns only, and 'b'" in w for w in bent.warnings_)
    few = BOSS().fit({"a": a[:30], "b": a[30:60], "c": a[60:90]})
    assert "Only 30 rows: weak edges will be missed." in few.warnings_
    wide = BOSS().fit(rng.normal(size=(60, 9)))
    assert any("A variable gets at most 6 causes, one for every 10 of the 60 rows" in w for w in wide.warnings_)


def test_bad_input_gets_a_sentence(example):
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="b: every row has the same value; drop the column"):
        BOSS().fit({"a": rng.normal(size=50), "b": np.full(50, 1.5)})
    with pytest.raises(DataError, match="score bdeu is of labels"):
        BOSS(score="bdeu").fit({"a": rng.normal(size=50), "b": rng.normal(size=50)})
    for options, told in (
        ({"score": "aic"}, "score is one of auto, bic, bdeu, ranks, degenerate-gaussian"),
        ({"penalty": 0.0}, "penalty is above 0"),
        ({"prior": -1.0}, "prior is above 0"),
        ({"structure_prior": 0.0}, "structure_prior is above 0"),
        ({"starts": 0}, "starts is 1 or more"),
        ({"max_parents": -1}, "max_parents is 0 or more"),
        ({"bootstrap": 0}, "bootstrap is 1 or more"),
        ({"missing": "testwise"}, "missing is error or complete"),
    ):
        with pytest.raises(OptionError, match=told):
            BOSS(**options)
    known = Knowledge(tiers=[["sun"], ["soil"]], required=[("soil", "price"), ("price", "sun")])
    with pytest.raises(GraphError, match="no order of the variables obeys the knowledge"):
        BOSS(knowledge=known).fit(example.files)
    with pytest.raises(OptionError, match="has not been fitted"):
        BOSS().graphs()
