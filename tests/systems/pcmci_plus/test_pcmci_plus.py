"""PCMCI+ against the truth in the population, a plain implementation and tigramite; through discover; bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_lyapunov
from tests.commands import command
from tests.systems.pcmci_plus.processes import plain_links, process

from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect, load_discovery
from aitia.do import Intervention
from aitia.errors import DataError, GraphError, IdentifiabilityError, OptionError, UnknownVariableError
from aitia.graph import Graph, Knowledge, meek, unshielded_colliders
from aitia.graph.lagged import is_stationary, lag_of, lagged_name, variable_of
from aitia.graph.marks import Edge, Mark
from aitia.system import Given, load
from aitia.systems.pcmci_plus import PCMCIPlus
from aitia.systems.pcmci_plus.denied import denied
from aitia.systems.pcmci_plus.links import CorrelatedLinks
from aitia.systems.pcmci_plus.search import Search

OPEN = (Mark.TAIL, Mark.TAIL)


def names_of(variables, depth):
    return [lagged_name(f"v{k}", lag) for lag in range(depth + 1) for k in range(variables)]


def table_of(rows):
    return Table.of({"when": np.arange(len(rows), dtype=float), **{f"v{k}": rows[:, k] for k in range(rows.shape[1])}})


def population(of, depth):
    """The correlations of the process at lags 0 to depth, exactly: the stationary solution of its companion form."""
    lags, n = len(of) - 1, of.shape[1]
    now = np.linalg.inv(np.eye(n) - of[0].T)
    step = np.eye(n * lags, k=-n)
    step[:n] = np.hstack([now @ of[lag].T for lag in range(1, lags + 1)])
    noise = np.zeros_like(step)
    noise[:n, :n] = now @ now.T
    spread = solve_discrete_lyapunov(step, noise)
    ahead = [np.linalg.matrix_power(step, lag) @ spread for lag in range(depth + 1)]
    covariance = np.block(
        [
            [ahead[b - a][:n, :n] if b >= a else ahead[a - b][:n, :n].T for b in range(depth + 1)]
            for a in range(depth + 1)
        ]
    )
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)


def truth(of):
    """The template with the directions that time, unshielded colliders and Meek's rules decide."""
    lags, n = len(of) - 1, of.shape[1]
    name = [[lagged_name(f"v{k}", lag) for k in range(n)] for lag in range(lags + 1)]
    edges = [Edge(name[lag][i], name[0][j]) for lag, i, j in np.argwhere(of).tolist()]
    dag = Graph(edges, [name[lag][k] for lag in range(lags, -1, -1) for k in range(n)])
    sure = {(a, c) for x, c, y in unshielded_colliders(dag) for a in (x, y)}
    return meek(
        Graph(
            [e if lag_of(e.left) or (e.left, e.right) in sure else Edge(e.left, e.right, *OPEN) for e in edges],
            dag.nodes,
        )
    )


@pytest.mark.parametrize("rule", ["majority", "conservative", "max-p"])
@pytest.mark.parametrize("seed", range(8))
def test_in_the_population_the_graph_is_the_true_one(seed, rule):
    variables, lags = 3 + seed % 4, 1 + seed % 2
    _, of = process(variables, 10, seed, lags)
    links = CorrelatedLinks(names_of(variables, 2 * lags), population(of, 2 * lags), 10**9)
    none = np.zeros((variables, variables), dtype=bool)
    found = Search(links, variables, lags, 1e-6, rule, variables, none).run()
    assert PCMCIPlus(lags=lags)._graph(found, links.names, variables) == truth(of)
    assert found.conflicts == []
    assert found.ambiguous == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_links_are_those_of_a_plain_implementation(seed):
    rows, _ = process(4, 200, seed)
    graph = PCMCIPlus(lags=2, alpha=0.05).fit(table_of(rows), time="when").graph_
    found = set()
    for edge in graph.edges:
        i, j = (int(variable_of(end)[1:]) for end in (edge.left, edge.right))
        lag = lag_of(edge.left)
        found |= {(i, lag, j)} if lag else {(i, 0, j), (j, 0, i)}
    assert found == plain_links(rows, 2, 0.05)


@pytest.mark.parametrize("rule", ["majority", "conservative"])
@pytest.mark.filterwarnings("ignore")
def test_links_directions_and_p_values_are_those_of_tigramite(rule):
    pytest.importorskip("tigramite", reason="needs tigramite")
    from tigramite.data_processing import DataFrame
    from tigramite.independence_tests.parcorr import ParCorr
    from tigramite.pcmci import PCMCI

    for seed in range(8):
        rows, _ = process(4 + seed % 5, [150, 400][seed % 2], seed)
        alpha = [0.01, 0.05][seed // 4]
        search = PCMCI(DataFrame(rows), ParCorr(significance="analytic"), verbosity=0)
        theirs = search.run_pcmciplus(tau_max=2, pc_alpha=alpha, contemp_collider_rule=rule)
        ours = PCMCIPlus(lags=2, alpha=alpha, colliders=rule).fit(table_of(rows), time="when")
        edges = []
        for i, j, lag in np.argwhere(theirs["graph"] != "").tolist():
            symbol, ends = theirs["graph"][i, j, lag], (lagged_name(f"v{i}", lag), lagged_name(f"v{j}", 0))
            if symbol == "-->":
                edges.append(Edge(*ends))
            elif symbol in ("o-o", "x-x") and i < j:
                edges.append(Edge(*ends, *OPEN))
        assert ours.graph_ == Graph(edges, ours.graph_.nodes), seed
        for record in ours.tests_:
            if ours.graph_.has_edge(record.x, record.y):
                i, j = (int(variable_of(end)[1:]) for end in (record.x, record.y))
                assert record.p_value == pytest.approx(theirs["p_matrix"][i, j, lag_of(record.x)], rel=1e-6, abs=1e-12)


def test_a_link_that_is_lost_where_effects_cancel_is_told():
    # Given z[t] what is left of x[t-1] --> y[t] is -0.53 + 0.8 * 0.7 over a sum: next to nothing.
    rng = np.random.default_rng(0)
    x, y, z = np.zeros((3, 600))
    for t in range(1, 600):
        x[t] = 0.6 * x[t - 1] + rng.normal()
        y[t] = -0.53 * x[t - 1] + rng.normal()
        z[t] = 0.4 * z[t - 1] + 0.8 * y[t] - 0.7 * x[t - 1] + rng.normal()
    model = PCMCIPlus(lags=1).fit({"day": np.arange(600.0), "x": x, "y": y, "z": z}, time="day")
    assert not model.graph_.has_edge("x[t-1]", "y[t]")
    told = [line for line in model.warnings_ if line.startswith("The graph contradicts the table")]
    assert len(told) == 1
    assert "x[t-1] and y[t] are independent given x[t-2] by it, and dependent" in told[0]
    p_value = float(told[0].split("p = ")[1].split(")")[0])
    assert p_value < 1e-6


def test_in_the_population_what_contradicts_a_graph_is_what_it_lacks():
    tried = 0
    for seed in range(12):
        variables, lags = 3 + seed % 4, 1 + seed % 2
        _, of = process(variables, 10, seed, lags)
        links = CorrelatedLinks(names_of(variables, 2 * lags), population(of, 2 * lags), 10**9)
        none = np.zeros((variables, variables), dtype=bool)
        found = Search(links, variables, lags, 1e-6, "majority", variables, none).run()
        assert denied(found, links, variables, lags, none) == []
        if not found.open:
            less = replace(found, lagged=found.lagged[1:])
            assert denied(less, links, variables, lags, none) != []
            tried += 1
    assert tried


@settings(max_examples=20)
@given(seed=st.integers(0, 30), data=st.data())
def test_neither_the_order_of_columns_nor_of_rows_nor_scales_nor_the_clock_change_the_graph(seed, data):
    rows, _ = process(4, 120, seed)
    found = PCMCIPlus(lags=2).fit(table_of(rows), time="when").graph_
    order = data.draw(st.permutations(range(4)))
    scale = data.draw(st.sampled_from([1e-3, 1.0, 50.0]))
    mixed = np.random.default_rng(seed).permutation(len(rows))
    moved = {f"v{k}": scale * rows[mixed, k] for k in order} | {"clock": 3.0 + 0.5 * mixed}
    assert PCMCIPlus(lags=2).fit(moved, time="clock").graph_ == found


def test_a_panel_of_two_halves_finds_what_one_long_series_has():
    rows, _ = process(3, 3000, 1, 1)
    half = np.repeat(["first", "second"], 1500)
    table = table_of(rows).with_columns({"of": half, "when": np.tile(np.arange(1500.0), 2)})
    found = PCMCIPlus(lags=1, alpha=0.001).fit(table, time="when", series="of")
    assert found.graph_ == PCMCIPlus(lags=1, alpha=0.001).fit(table_of(rows), time="when").graph_
    assert found.samples_ == 3000 - 2 * 2


def nonlinear(n=400):
    rng = np.random.default_rng(2)
    x, y = np.zeros((2, n))
    for t in range(1, n):
        x[t] = 0.3 * x[t - 1] + rng.normal()
        y[t] = 1.5 * np.abs(x[t - 1]) + 0.5 * rng.normal()
    return {"when": np.arange(float(n)), "x": x, "y": y}


def test_other_tests_see_what_partial_correlation_does_not():
    assert not PCMCIPlus(alpha=0.01).fit(nonlinear(), time="when").graph_.has_edge("x[t-1]", "y[t]")
    found = PCMCIPlus(alpha=0.01, test="rcit").fit(nonlinear(), time="when")
    assert "y[t]" in found.graph_.children("x[t-1]")
    labels = {"when": np.arange(400.0), **{n: np.where(nonlinear()[n] > 0.8, "high", "low") for n in "xy"}}
    chosen = PCMCIPlus(alpha=0.01).fit(labels, time="when")
    assert chosen.test_name_ == "chi2"
    assert chosen.graph_.has_edge("x[t-1]", "y[t]") or chosen.graph_.has_edge("x[t-1]", "x[t]")


def test_a_window_is_stationary_and_every_edge_has_its_evidence():
    rows, _ = process(4, 400, 3)
    found = PCMCIPlus(lags=2, bootstrap=5, alpha=0.01).fit(table_of(rows), time="when")
    assert is_stationary(found.graph_)
    for edge in found.graph_.edges:
        told = " ".join(found.why(edge))
        assert "its weakest test of all" in told
        assert "Of 5 resamples" in told
        assert 0 < found.strengths_[edge.left, edge.right] <= 1
    lagged = next(edge for edge in found.graph_.edges if lag_of(edge.left))
    assert "a cause comes before its effect" in " ".join(found.why(lagged))
    again = PCMCIPlus(lags=2, bootstrap=5, alpha=0.01, jobs=2).fit(table_of(rows), time="when")
    assert again.edge_frequencies_ == found.edge_frequencies_


def test_what_is_forbidden_holds_at_every_lag():
    rows, of = process(3, 1500, 1, 1)
    of[0] = 0
    _, i, j = next(place for place in np.argwhere(of).tolist() if place[1] != place[2])
    known = Knowledge(forbidden=[(f"v{i}", f"v{j}")])
    found = PCMCIPlus(lags=1, knowledge=known).fit(table_of(rows), time="when").graph_
    assert not found.has_edge(f"v{i}[t-1]", f"v{j}[t]")
    assert f"v{i}[t]" not in found.parents(f"v{j}[t]")
    with pytest.raises(OptionError, match="does not say at which lag"):
        PCMCIPlus(knowledge=Knowledge(required=[("v0", "v1")]))
    with pytest.raises(GraphError, match="'v9' is not a variable"):
        PCMCIPlus(knowledge=Knowledge(forbidden=[("v9", "v1")])).fit(table_of(rows), time="when")


def test_evidence_that_contradicts_itself_leaves_links_open():
    search = Search(CorrelatedLinks(["a", "b"], np.eye(2), 10), 3, 1, 0.05, "majority", 3, np.zeros((3, 3), dtype=bool))
    search.now = np.ones((3, 3), dtype=bool) & ~np.eye(3, dtype=bool)
    search.to = np.zeros((3, 3), dtype=bool)
    search.barred = search.to.copy()
    assert search._orient([(0, 1), (1, 0), (1, 2)])
    assert (search.to[1, 2], search.to[0, 1], search.barred[0, 1]) == (True, False, True)
    assert not search._orient([(0, 1)])
    search.barred[:] = False
    search.to[0, 1] = search.to[2, 0] = True  # a cycle
    search._open_cycles()
    assert not search.to.any()
    assert search.barred[1, 2]


def test_bad_input_is_refused_in_a_sentence():
    rows, _ = process(3, 60, 0)
    table = table_of(rows)
    for options, sentence in [
        ({"lags": 0}, "lags is 1 or more steps, got 0"),
        ({"colliders": "likelihood"}, "colliders is majority, conservative or max-p"),
        ({"missing": "impute"}, "gaps of a series are not imputed"),
        ({"alpha": 1.5}, "alpha lies between"),
    ]:
        with pytest.raises(OptionError, match=sentence):
            PCMCIPlus(**options)
    with pytest.raises(DataError, match=r"with 30 lags a sample spans 61 times .* there are 60 in a row"):
        PCMCIPlus(lags=30).fit(table, time="when")
    with pytest.raises(DataError, match="samples are too few to test a link given"):
        PCMCIPlus(lags=25, alpha=0.99).fit(table, time="when")
    with pytest.raises(DataError, match="still: every row has the same value"):
        PCMCIPlus().fit(table.with_columns({"still": np.ones(60)}), time="when")
    ahead = np.append(table.column("v0")[1:], 0.3)  # v0 one step early
    with pytest.raises(DataError, match="collinear: one of them follows"):
        PCMCIPlus(lags=1, alpha=0.9).fit(table.with_columns({"ahead": ahead}), time="when")
    labels = np.where(table.column("v0") > 0, "a", "b")
    with pytest.raises(DataError, match="holds labels such as"):
        PCMCIPlus(test="partial-correlation").fit(table.with_columns({"v0": labels}), time="when")
    with pytest.raises(IdentifiabilityError, match="a window of a process is no system of its own"):
        PCMCIPlus().fit(table, time="when").scm()


def test_what_was_saved_has_the_same_findings(tmp_path):
    rows, _ = process(3, 300, 2)
    found = PCMCIPlus(lags=2, bootstrap=3).fit(table_of(rows), time="when")
    found.save_pretrained(tmp_path)
    read = load(tmp_path)
    assert read.graphs() == found.graphs()
    assert read.tests_ == found.tests_
    assert read.strengths_ == found.strengths_
    assert [read.why(edge) for edge in read.graph.edges] == [found.why(edge) for edge in found.graph.edges]
    assert read.graphs(table_of(rows))["graph"] == found.graph_


def test_what_the_graph_states_is_asked_of_fresh_rows():
    rows, _ = process(3, 2000, 2, 1)
    found = PCMCIPlus(alpha=0.001).fit(table_of(rows[:1000]), time="when")
    fresh = Given.of(PCMCIPlus.card, table_of(rows[1000:]), time="when")
    score = found.judge(fresh, fresh)["statements upheld"]
    assert score.value > 0.9
    noise = np.random.default_rng(0).normal(size=(1000, 3))
    other = Given.of(PCMCIPlus.card, table_of(noise), time="when")
    assert found.judge(other, fresh)["statements upheld"].value < 0.6


# -- through discover -------------------------------------------------------------------------------------------------


def write(path, rows, when=None):
    times = range(len(rows)) if when is None else when
    lines = [f"{t}," + ",".join(f"{value:.5f}" for value in row) for t, row in zip(times, rows, strict=True)]
    path.write_text("\n".join(["when,sales,ads,price", *lines, ""]))
    return path


def test_text_json_and_report_have_the_window_and_the_summary(tmp_path):
    rows, _ = process(3, 600, 1, 1)
    months = [f"{1960 + k // 12}-{k % 12 + 1:02d}-01" for k in range(600)]
    path = write(tmp_path / "shop.csv", rows, months)
    told = command("discover", path, "--time", "when", "--lags", "2", "--alpha", "0.001", "--out", tmp_path / "run")
    assert "Method PCMCI-PLUS: 'when' orders the rows, and a cause may lie up to 2 steps back." in told
    assert "ads[t]    <-  sales[t-1], ads[t-1]" in told
    assert "  ads --> ads  lag 1" in told
    assert "  sales --> ads  lags 0, 1" in told
    assert "[t-2] (no edge)" not in told
    kept = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {"cause": "sales", "effect": "ads", "lags": "0, 1"} in kept["summary"]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "Over all lags" in report
    assert "x[t-2] is x two steps before now" in report
    assert report.count('<figure class="graph">') >= 1
    assert load_discovery(tmp_path / "run").graph.plot().axes
    saved = load_discovery(tmp_path / "run")
    with pytest.raises(IdentifiabilityError, match="no effect follows from a window of a process"):
        estimate_effect(saved.graph, saved.table, Intervention({"sales[t-1]": 1}), "ads[t]")


def test_files_of_a_panel_are_one_process_and_repeat_from_python(tmp_path):
    rows, _ = process(3, 800, 1, 1)
    north, south = write(tmp_path / "north.csv", rows[:400]), write(tmp_path / "south.csv", rows[400:])
    found = discover([north, south], time="when", lags=1, alpha=0.001)
    assert found.table.names == ("when", "sales", "ads", "price", "series")
    assert found.learner.samples_ == 800 - 4
    alone = discover(found.table, time="when", series="series", lags=1, alpha=0.001)
    assert alone.graph == found.graph
    names: dict = {}
    exec(found.python(), names)
    assert names["found"].graph == found.graph
    command("discover", north, south, "--time", "when", "--out", tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["source"] == "north.csv, south.csv"


def test_what_does_not_go_together_is_refused_by_discover(tmp_path):
    rows, _ = process(3, 100, 1, 1)
    path, other = write(tmp_path / "a.csv", rows), write(tmp_path / "b.csv", rows)
    odd = tmp_path / "odd.csv"
    odd.write_text(other.read_text().replace("price", "prize"))
    refused = [
        ({"lags": 2}, OptionError, "--lags is of a search over time: name the column that says when"),
        ({"series": "ads"}, OptionError, "--series is of a search over time"),
        ({"method": "pcmci-plus"}, OptionError, "pcmci-plus searches series in time: name the column"),
        ({"method": "pc", "time": "when"}, OptionError, "pc has no use for --time: drop it, or choose pcmci-plus"),
        ({"time": "when", "context": "ads"}, OptionError, "ask one at a time"),
        ({"time": "wen"}, UnknownVariableError, "Did you mean 'when'"),
        ({"time": "when", "series": "when"}, OptionError, "cannot be both the time and the series"),
    ]
    for options, error, sentence in refused:
        with pytest.raises(error, match=sentence):
            discover(path, **options)
    with pytest.raises(OptionError, match="several files are several series: name the column"):
        discover([path, other])
    with pytest.raises(OptionError, match="each file is a series already"):
        discover([path, other], time="when", series="ads")
    with pytest.raises(DataError, match="odd has no column 'price', which a has"):
        discover([path, odd], time="when")
