"""FCI against the PAG of the true MAG, against causal-learn, and on rows: order, knowledge, effects, bad input."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.commands import command
from tests.systems.fci.oracle import Oracle, learned, world

from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect, load_discovery
from aitia.do import Intervention
from aitia.errors import CostError, DataError, GraphError, IdentifiabilityError, OptionError
from aitia.graph import Graph, Knowledge, adjustment_set, identify, is_pag, mag, pag, shd, unshielded_colliders
from aitia.graph.marks import Mark
from aitia.stats.search.batch import partial_correlations
from aitia.system import load
from aitia.systems.fci import FCI
from aitia.systems.fci.marks import OrderFreeMarks, between, possible_d_sep, possibly_above
from aitia.systems.fci.turning import weakest_first


def agrees_with_the_truth(seed, rule="auto"):
    dag, hidden, selected = world(seed)
    found = learned(Oracle(dag, hidden, selected), colliders=rule)
    assert found.graph_ == pag(mag(dag, hidden, selected)), (seed, rule)
    assert found.warnings_ == []
    return found


@pytest.mark.parametrize("rule", ["auto", "strongest-first", "majority", "conservative"])
def test_with_an_oracle_the_graph_is_the_pag_of_the_true_mag(rule):
    for seed in range(5):
        agrees_with_the_truth(seed, rule)


@pytest.mark.slow
def test_with_an_oracle_500_graphs_are_the_pags_of_their_true_mags():
    for seed in range(500):
        agrees_with_the_truth(seed)


# By hand: b and c separate d from e along d <- b <-> e and d <-> c -> e, and open d <-> c <- a <-> b <-> e, which needs
# a: no neighbour of d or of e.
BEYOND = Graph("a <-> b; a -> c; b -> d; b <-> e; c <-> d; c -> e")


def test_a_pair_that_no_set_of_neighbours_separates_is_separated_in_the_second_stage():
    found = learned(Oracle(BEYOND))
    assert found.graph_ == pag(BEYOND)
    assert found.skeleton_.separating_set("d", "e") == ("a", "b", "c")
    early = learned(Oracle(BEYOND), max_depth=2)
    assert early.graph_.has_edge("d", "e")
    assert any("sets of 2" in warning for warning in early.warnings_)


def test_a_search_that_stops_early_makes_no_mark_that_the_truth_denies():
    for seed in range(1, 31, 3):
        dag, hidden, _ = world(seed)
        truth = mag(dag, hidden)
        for depth in (0, 1):
            found = learned(Oracle(dag, hidden), max_depth=depth).graph_
            for edge in found.edges:
                for cause, mark in ((edge.left, edge.left_mark), (edge.right, edge.right_mark)):
                    other = edge.right if cause == edge.left else edge.left
                    causes = cause in dag.ancestors(other)
                    assert mark != Mark.ARROW or not causes, (seed, depth, str(edge))
                    assert mark != Mark.TAIL or causes, (seed, depth, str(edge))
            assert all(found.has_edge(edge.left, edge.right) for edge in truth.edges)


@pytest.mark.filterwarnings("ignore")
def test_with_the_same_oracle_causal_learn_finds_the_same_graph():
    fci = pytest.importorskip("causallearn.search.ConstraintBased.FCI").fci
    networkx = pytest.importorskip("networkx")
    symbols = {-1: Mark.TAIL, 1: Mark.ARROW, 2: Mark.CIRCLE, 0: 0}
    same = 0
    for seed in range(1, 16, 3):  # without selection
        dag, hidden, _ = world(seed)
        order = [*Oracle(dag, hidden).names, *hidden]
        true = networkx.DiGraph()
        true.add_nodes_from(range(len(order)))
        true.add_edges_from((order.index(e.left), order.index(e.right)) for e in dag.edges)
        seen = len(order) - len(hidden)
        theirs, _ = fci(np.zeros((10, seen)), "d_separation", 0.05, show_progress=False, true_dag=true)
        marks = [[symbols[int(theirs.graph[j, i])] for j in range(seen)] for i in range(seen)]
        same += Graph.from_marks(marks, order[:seen]) == agrees_with_the_truth(seed).graph_
    assert same == 5


# -- rows -------------------------------------------------------------------------------------------------------------


def linear(seed, rows=600):
    """Rows of a random world, weights between .4 and .9 in size."""
    rng = np.random.default_rng([seed, 5])
    dag, hidden, _ = world(3 * seed + 1)
    values = {}
    for name in dag.topological_order():
        causes = sum((rng.choice([-1, 1]) * rng.uniform(0.4, 0.9) * values[c] for c in dag.parents(name)), 0.0)
        values[name] = causes + rng.normal(size=rows)
    return Table.of({name: values[name] for name in dag if name not in hidden})


ORCHARD = Graph("water o-> leaves <-> fruit <-o bees")


def orchard(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    water, bees, blight = rng.normal(size=(3, n))
    leaves = water - blight + 0.5 * rng.normal(size=n)
    fruit = bees - blight + 0.5 * rng.normal(size=n)
    return Table.of({"water": water, "leaves": leaves, "fruit": fruit, "bees": bees})


@pytest.mark.parametrize("options", [{"test": "fisher-z"}, {"test": "rcit"}, {"record": "all", "test": "fisher-z"}])
def test_a_hidden_common_cause_is_found_with_every_test(options):
    assert FCI(alpha=0.01, **options).fit(orchard()).graph_ == ORCHARD


@settings(max_examples=25)
@given(seed=st.integers(0, 40), data=st.data())
def test_neither_the_order_of_columns_nor_of_rows_nor_names_nor_scales_change_the_graph(seed, data):
    table = linear(seed, 200)
    options = {"test": "fisher-z", "alpha": 0.05, "colliders": data.draw(st.sampled_from(["auto", "majority"]))}
    found = FCI(**options).fit(table).graph_
    order = data.draw(st.permutations(table.names))
    rows = np.random.default_rng(seed).permutation(table.n)
    scales = {name: data.draw(st.sampled_from([1e-3, 1.0, 40.0])) for name in order}
    names = {name: f"{k} of {name}" for k, name in enumerate(order)}
    moved = Table.of({names[name]: scales[name] * table.column(name)[rows] for name in order})
    assert FCI(**options).fit(moved).graph_ == found.rename(names)


def test_partial_correlations_in_one_product_are_those_of_the_test_one_by_one():
    table = linear(3)
    found = FCI(test="fisher-z", record="decisive").fit(table)
    each = FCI(test="fisher-z", record="all").fit(table)
    assert found.graph_ == each.graph_
    assert found.skeleton_.separators == each.skeleton_.separators
    singular = np.corrcoef(np.column_stack([table.matrix()[:, :3], table.matrix()[:, 0]]).T)
    many = [np.array([0, 1]), np.array([1, 2]), np.array([[3], [3]])]
    values = partial_correlations(singular, *many)
    assert np.isnan(values[0])
    by_hand = np.linalg.inv(singular[np.ix_([3, 1, 2], [3, 1, 2])])
    assert values[1] == pytest.approx(-by_hand[1, 2] / np.sqrt(by_hand[1, 1] * by_hand[2, 2]))


def test_an_end_at_which_two_rules_disagree_keeps_its_circle():
    marks = OrderFreeMarks([0b10, 0b01])
    marks.put(0, 1, Mark.ARROW)
    marks.put(0, 1, Mark.TAIL)
    marks.put(1, 0, Mark.ARROW)
    marks.settle()
    marks.put(0, 1, Mark.ARROW)
    marks.settle()
    assert str(marks.graph(["a", "b"])) == "b o-> a"
    assert list(marks.contested) == [(0, 1)]


def test_possible_d_sep_goes_through_colliders_and_triangles_alone():
    marks = OrderFreeMarks([0b00010, 0b00101, 0b11010, 0b10100, 0b01100])  # a - b - c, and the triangle c, d, e
    marks.put(0, 1, Mark.ARROW)
    marks.put(2, 1, Mark.ARROW)
    marks.settle()
    # From a over the collider b to c and not on, for c is no collider; from d to e, c, and not past it.
    assert possible_d_sep(marks)[0] == 0b00110
    assert possible_d_sep(marks)[3] == 0b10100
    assert possibly_above(marks) == (0b00000, 0b00101, 0b11000, 0b10100, 0b01100)  # b, which has heads, is above none


def test_the_nodes_between_two_neighbours_are_those_of_their_biconnected_component():
    networkx = pytest.importorskip("networkx")
    for seed in range(40):
        graph = networkx.gnm_random_graph(9, 6 + seed % 9, seed=seed)
        rows = [sum(1 << j for j in graph[i]) for i in range(9)]
        expected = {}
        for edges in networkx.biconnected_component_edges(graph):
            nodes = sum(1 << k for k in {k for edge in edges for k in edge})
            expected |= {tuple(sorted(edge)): nodes for edge in edges}
        assert between(rows) == expected


def test_what_is_known_is_marked_and_what_it_forbids_is_not():
    found = FCI(test="fisher-z", alpha=0.01, knowledge=Knowledge(tiers=[["water"], ["*"]])).fit(orchard()).graph_
    assert found == ORCHARD
    told = Knowledge(required=[("water", "leaves")])
    assert FCI(test="fisher-z", alpha=0.01, knowledge=told).fit(orchard()).graph_.mark("leaves", "water") == Mark.TAIL
    apart = Knowledge(forbidden=[("leaves", "fruit"), ("fruit", "leaves")])
    assert not FCI(test="fisher-z", knowledge=apart).fit(orchard()).graph_.has_edge("leaves", "fruit")
    with pytest.raises(GraphError, match="'leafs' is not a variable"):
        FCI(knowledge=Knowledge(required=[("water", "leafs")])).fit(orchard())


def test_every_edge_says_what_it_means_and_why():
    found = FCI(test="fisher-z", alpha=0.01, bootstrap=4).fit(orchard())
    told = {edge.symbol: " ".join(found.why(edge)) for edge in found.graph.edges}
    assert told["<->"].startswith("A hidden variable causes both; neither causes the other. Dependent given")
    assert "Head at leaves: fruit and water are independent without leaves in the condition." in told["<->"]
    assert "water does not cause" not in told["o->"]
    assert "Of 4 resamples 100% join the two" in told["<->"]


def test_contradicting_tests_are_told_and_the_weaker_ones_are_passed_over():
    found = {seed: FCI(test="fisher-z", alpha=0.05, max_depth=3).fit(linear(seed, 500)) for seed in (0, 5, 12, 29)}
    told = {
        seed: "".join(warning for warning in search.warnings_ if "contradict" in warning)
        for seed, search in found.items()
    }
    assert all(is_pag(search.graph_) for search in found.values())
    assert told[0] == ""
    assert told[12] == (
        "The tests contradict each other: v7 is taken as no collider between v2 and v6 against its own tests "
        "(strength 0.5), as no graph with hidden causes has all marks otherwise."
    )
    assert "v2 is taken as a collider between v3 and v4 against its own tests (strength 5.7); v4 is taken" in told[5]
    assert "; and 9 more, as no graph" in told[29]
    colliders = set(unshielded_colliders(found[12].graph_))
    assert not colliders & {("v2", "v7", "v6"), ("v6", "v7", "v2")}


@pytest.mark.parametrize("seed", [19, 37])
def test_of_verdicts_that_weigh_the_same_the_order_of_the_columns_prefers_none(seed):
    # Two middles of one pair, each in the best set without the other: the same two tests speak for either.
    table = linear(seed, 300)
    search = FCI(test="fisher-z", alpha=0.05, max_depth=3).fit(table)
    assert any("contradict each other" in warning for warning in search.warnings_)
    for k in range(3):
        order = np.random.default_rng([seed, k]).permutation(table.names).tolist()
        assert FCI(test="fisher-z", alpha=0.05, max_depth=3).fit(table.select(order)).graph_ == search.graph_


def test_every_result_is_a_pag_that_answers_or_says_why_not():
    told = 0
    for seed in range(30):
        search = FCI(test="fisher-z", alpha=0.05, max_depth=3).fit(linear(seed, 300))
        graph = search.graph_
        assert is_pag(graph), seed
        told += any("contradict each other" in warning for warning in search.warnings_)
        if not any(edge.symbol in ("---", "o--", "--o") for edge in graph.edges):
            x, y = graph.nodes[:2]
            answer = identify(graph, x, y, read_as="pag")
            assert answer.identified or "no adjustment set" in answer.reason
    assert told >= 3


@settings(deadline=None)
@given(weights=st.dictionaries(st.tuples(*[st.integers(0, 4)] * 3), st.floats(0, 9), max_size=6))
def test_sets_of_verdicts_come_the_weakest_first_and_each_once(weights):
    groups = list(weakest_first(weights, 100))
    found = [turned for group in groups for turned in group]
    assert len({frozenset(turned) for turned in found}) == len(found) == 2 ** len(weights) - 1
    sums = [[sum(weights[triple] for triple in turned) for turned in group] for group in groups]
    assert all(max(of) - min(of) < 2e-9 for of in sums), "those of one sum come together"
    assert all(min(b) > min(a) for a, b in pairwise(sums))
    first = list(weakest_first(weights, 3))
    assert first == groups[: len(first)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_on_rows_it_loses_no_more_edges_and_errs_no_more_than_causal_learn():
    fci = pytest.importorskip("causallearn.search.ConstraintBased.FCI").fci
    symbols = {-1: Mark.TAIL, 1: Mark.ARROW, 2: Mark.CIRCLE, 0: 0}
    ours, theirs = np.zeros(2), np.zeros(2)
    for seed in range(1000, 1040):
        dag, hidden, _ = world(3 * seed + 1)
        table = linear(seed, 1000)
        true = pag(mag(dag, hidden)).reorder(table.names)
        peer, _ = fci(table.matrix(), "fisherz", 0.01, show_progress=False)
        seen = range(len(table.names))
        other = Graph.from_marks([[symbols[int(peer.graph[j, i])] for j in seen] for i in seen], table.names)
        for total, graph in ((ours, FCI(test="fisher-z", alpha=0.01).fit(table).graph_), (theirs, other)):
            total += [sum(not graph.has_edge(e.left, e.right) for e in true.edges), shd(graph, true)]
    assert (ours <= theirs).all(), (ours, theirs)


def test_a_sure_dependence_that_the_graph_denies_is_told():
    rng = np.random.default_rng(0)
    a, b, hidden = rng.normal(size=(3, 200))
    x, y = a + hidden + 0.5 * rng.normal(size=200), b - hidden + 0.5 * rng.normal(size=200)
    z = y + 0.5 * rng.normal(size=200)  # given z, nearly y itself, x and y look independent in 200 rows
    found = FCI(alpha=0.01, test="fisher-z").fit({"a": a, "x": x, "y": y, "b": b, "z": z})
    assert not found.graph.has_edge("x", "y")
    (told,) = (said for said in found.warnings_ if "by no open path" in said)
    assert "the surest is" in told
    assert "x and y" in told or "x and z" in told or "y and x" in told


def test_the_search_says_what_it_costs_before_it_starts_a_size(monkeypatch):
    monkeypatch.setattr("aitia.systems.fci.separation.LONG", 0.0)
    with pytest.raises(CostError, match="beyond the neighbours with 1 variables"):
        learned(Oracle(BEYOND))
    assert learned(Oracle(BEYOND), accept_cost=True).graph_ == pag(BEYOND)


def test_bad_input_is_refused_in_a_sentence():
    with pytest.raises(DataError, match="'twice' repeats 'water'"):
        FCI().fit(orchard().with_columns({"twice": 2 * orchard().column("water")}))
    with pytest.raises(OptionError, match="alpha lies between"):
        FCI(alpha=2)
    with pytest.raises(OptionError, match="a PAG has no likelihood here"):
        FCI(colliders="likelihood")
    with pytest.raises(OptionError, match="has not been fitted"):
        FCI().graphs()
    with pytest.raises(OptionError, match="fci has no use for a context"):
        discover(orchard(), method="fci", context="water")
    with pytest.raises(IdentifiabilityError, match="leaves open which way an edge points"):
        FCI(test="fisher-z").fit(orchard()).scm()


def test_what_was_saved_has_the_same_findings(tmp_path):
    found = FCI(test="fisher-z", alpha=0.01, bootstrap=3).fit(orchard())
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    assert read.graphs() == found.graphs()
    assert [read.why(edge) for edge in read.graph.edges] == [found.why(edge) for edge in found.graph.edges]
    assert read.skeleton_.separators == found.skeleton_.separators
    assert read.graphs(orchard())["graph"] == ORCHARD


# -- through discover and do ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of `discover` on rows in which x causes y alone, with z -> x <- w showing it, and h hidden between y, v."""
    rng = np.random.default_rng(1)
    z, w, h = rng.normal(size=(3, 2000))
    x = z + w + rng.normal(size=2000)
    y = 0.8 * x + h + rng.normal(size=2000)
    v = h + rng.normal(size=2000)
    folder = tmp_path_factory.mktemp("fci")
    lines = [",".join(f"{value:.5f}" for value in row) for row in zip(z, w, x, y, v, strict=True)]
    (folder / "rows.csv").write_text("\n".join(["z,w,x,y,v", *lines, ""]))
    told = command("discover", folder / "rows.csv", "--method", "fci", "--test", "fisher-z", "--alpha", "0.001",
                   "--out", folder / "run")  # fmt: skip
    (folder / "told.txt").write_text(told)
    return folder


def test_text_report_and_json_say_what_the_marks_mean(run):
    told = (run / "told.txt").read_text()
    assert "Method FCI: as asked." in told
    assert "y  <-  x" in told
    assert "at a circle the rows leave open which" in told
    told = json.loads((run / "run" / "summary.json").read_text())
    assert told["read_as"] == "pag"
    assert "x --> y" in told["graph"]
    report = (run / "run" / "report.html").read_text()
    assert "two heads that a hidden variable causes both" in report
    assert 'class="ring"' in report
    assert load_discovery(run / "run").graph.plot().axes


def test_do_adjusts_where_the_pag_allows_and_says_why_not_elsewhere(run):
    saved = load_discovery(run / "run")
    assert saved.read_as == "pag"
    assert adjustment_set(saved.graph, "x", "y", read_as="pag") == ()
    told = json.loads(command("do", run / "run", "do(x=1)", "--against", "do(x=0)", "--outcome", "y", "--resamples",
                              "20", "--json"))  # fmt: skip
    assert told["estimate"] == pytest.approx(0.8, abs=0.1)
    assert told["identification"] == "nothing confounds the effect"
    asked = Intervention({"z": 1})
    with pytest.raises(IdentifiabilityError, match="z o-> x leaves open whether z causes x, and it may lead to y"):
        estimate_effect(saved.graph, saved.table, asked, "y", read_as="pag")


def test_a_confounder_in_a_pag_is_adjusted_for_and_the_effect_is_the_true_one():
    # y = .9 x - .7 c + noise, x = c + a + b + noise: c confounds, and colliders at x and c make all arrows visible.
    rng = np.random.default_rng(0)
    a, b, d, e = rng.normal(size=(4, 4000))
    c = d + e + rng.normal(size=4000)
    x = c + a + b + rng.normal(size=4000)
    y = 0.9 * x - 0.7 * c + rng.normal(size=4000)
    table = Table.of({"a": a, "b": b, "d": d, "e": e, "c": c, "x": x, "y": y})
    found = FCI(test="fisher-z", alpha=0.001).fit(table).graph_
    one, nothing = (Intervention({"x": value}) for value in (1, 0))
    effect = estimate_effect(found, table, one, "y", against=nothing, resamples=20, read_as="pag")
    assert effect.identification == "adjusting for c closes every non-causal path"
    assert effect.low < 0.9 < effect.high
    assert abs(effect.estimate - 0.9) < 0.1
    none = estimate_effect(found, table, Intervention({"y": 1}), "x", resamples=5, read_as="pag")
    assert "no causal path" in none.identification


def test_marks_that_knowledge_put_into_a_pag_are_not_taken_for_an_effect_without_confounding():
    graph = Graph("water -> leaves")  # no circle is left, and a hidden cause may still stand behind the arrow
    assert estimate_effect(graph, orchard(), Intervention({"water": 1}), "leaves", resamples=0).mean > 0.8
    with pytest.raises(IdentifiabilityError, match="water o-o leaves leaves open whether water causes leaves"):
        estimate_effect(graph, orchard(), Intervention({"water": 1}), "leaves", read_as="pag")


def test_a_graph_that_is_no_pag_answers_no_do():
    wrong = Graph("water o-> leaves; leaves --> fruit; fruit --> bees; bees --> leaves")
    with pytest.raises((IdentifiabilityError, GraphError), match=r"cycle|no graph with hidden causes has its marks"):
        estimate_effect(wrong, orchard(), Intervention({"water": 1}), "fruit")
    wrong = Graph("water o-> leaves <-> fruit <-o bees; water --> fruit; leaves --> bees")
    with pytest.raises(IdentifiabilityError, match="no effect follows from this graph: no graph with hidden causes"):
        estimate_effect(wrong, orchard(), Intervention({"water": 1}), "fruit")
