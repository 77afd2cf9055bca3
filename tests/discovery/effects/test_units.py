"""Scales, weights, clusters and bad input: each refusal is one sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect, load_discovery
from aitia.discovery.effects import Search
from aitia.discovery.effects.over import _Sample
from aitia.discovery.effects.scale import on_scale
from aitia.discovery.effects.unsure import unsure_line
from aitia.do import Intervention
from aitia.errors import DataError, OptionError, RunError
from aitia.graph import Graph

YES = np.array(["no", "yes"])
GRAPH = Graph("z -> x -> y <- z")
ASK = {"against": "x=no", "resamples": 40}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    z, n = rng.integers(0, 2, 900), 900
    x = (rng.random(n) < 0.3 + 0.4 * z).astype(int)
    y = (rng.random(n) < 0.2 + 0.2 * x + 0.3 * z).astype(int)
    return Table.of({"z": YES[z], "x": YES[x], "y": YES[y], "number": y + x + rng.normal(size=n),
                     "w": rng.integers(1, 4, n), "c": rng.integers(0, 50, n).astype(float)})  # fmt: skip


def standardised(rows, weights=None):
    """P(y = yes) under both sides by sums over z."""
    z, x, y = (rows.labels(n) == "yes" for n in "zxy")
    w = np.ones(rows.n) if weights is None else weights
    return [
        sum(w[z == k].sum() / w.sum() * np.average(y[(z == k) & (x == s)], weights=w[(z == k) & (x == s)])
            for k in (0, 1))
        for s in (1, 0)
    ]  # fmt: skip


def test_each_scale_is_that_of_the_sums_by_hand(rows):
    a, b = standardised(rows)
    wanted = {"difference": a - b, "ratio": a / b, "odds": a / (1 - a) / (b / (1 - b))}
    for scale, value in wanted.items():
        found = estimate_effect(GRAPH, rows, "x=yes", "y", scale=scale, **ASK)
        assert found.estimate == pytest.approx(value, rel=1e-9)
        assert found.low < value < found.high
        assert found.to_json()["scale"] == scale
    assert "by an odds ratio of" in str(found)


def test_weights_are_rows_that_stand_as_often(rows):
    a, b = standardised(rows, rows.labels("w").astype(float))
    found = estimate_effect(GRAPH, rows, "x=yes", "y", weights="w", **ASK)
    assert found.estimate == pytest.approx(a - b, rel=1e-9)
    many = rows.take(np.repeat(np.arange(rows.n), rows.labels("w").astype(int)))
    same = estimate_effect(GRAPH, many, "x=yes", "y", **ASK)
    assert found.estimate == pytest.approx(same.estimate, rel=1e-9)
    line = estimate_effect(Graph("z -> x -> number <- z"), rows, "x=yes", "number", weights="w", **ASK)
    assert line.to_json()["weights"] == "w"


def test_clusters_of_rows_that_agree_widen_the_interval():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 40).repeat(15)
    y = x + rng.normal(size=40).repeat(15) + 0.1 * rng.normal(size=600)
    rows = Table.of({"x": YES[x], "y": y, "c": np.arange(40).repeat(15).astype(float)})
    alone, whole = (
        estimate_effect(Graph("x -> y"), rows, "x=yes", "y", against="x=no", cluster=c, resamples=200)
        for c in (None, "c")
    )
    # With 40 clusters of 15 rows that agree the standard error is sqrt 15 times as large.
    ratio = (whole.high - whole.low) / (alone.high - alone.low)
    assert 0.7 * 15**0.5 < ratio < 1.4 * 15**0.5


@pytest.mark.parametrize(
    ("columns", "options", "sentence"),
    [
        ({"w": -1.0}, {"weights": "w"}, "a weight is zero or more, and 'w' is -1 in row 0"),
        ({"w": 0.0}, {"weights": "w"}, "every weight in 'w' is zero: no row counts"),
        ({"w": "heavy"}, {"weights": "w"}, "weights are numbers, and 'w' has the labels heavy"),
        ({"c": 1.5}, {"cluster": "c"}, "'c' has one cluster: how clusters differ is not seen"),
        ({"c": "two"}, {"cluster": "c"}, "'c' has 2 clusters, of 1, 899 rows: at least 5 are needed"),
        ({"c": None}, {"cluster": "c"}, "every cluster of 'c' has one row: these are the rows themselves"),
        ({}, {"scale": "log"}, "scale is difference, ratio or odds, got 'log'"),
        ({}, {"scale": "odds", "outcome": "number"}, "'number' is a number, and odds are of a label"),
    ],
)
def test_bad_options_are_one_sentence(rows, columns, options, sentence):
    for name, value in columns.items():
        values = np.arange(900) + 0.5 if value is None else np.full(900, value)
        values = np.where(np.arange(900), 1.5, 0.5) if value == "two" else values
        rows = rows.with_columns({name: values})
    outcome = options.pop("outcome", "y") if "outcome" in options else "y"
    graph = Graph(f"z -> x -> {outcome} <- z")
    with pytest.raises(OptionError, match=sentence):
        estimate_effect(graph, rows, "x=yes", outcome, **ASK, **options)


def test_clusters_of_one_row_among_others_are_told(rows):
    c = np.arange(900) // 20
    c[-1] = 99
    rows = rows.with_columns({"c": c + 0.5})
    found = estimate_effect(GRAPH, rows, "x=yes", "y", cluster="c", **ASK)
    assert any("1 of 46 clusters of 'c' have one row, such as 99.5" in told for told in found.warnings)
    few = rows.with_columns({"c": np.arange(900) // 100 + 0.5})
    found = estimate_effect(GRAPH, few, "x=yes", "y", cluster="c", **ASK)
    assert any("'c' has 9 clusters: with fewer than 30" in told for told in found.warnings)


def test_a_row_without_weight_or_cluster_is_refused(rows):
    gap = np.where(np.arange(900) < 3, np.nan, 1.5)
    with pytest.raises(DataError, match="'w' is missing in 3 of 900 rows"):
        estimate_effect(GRAPH, rows.with_columns({"w": gap}), "x=yes", "y", weights="w", **ASK)


def test_denominators_of_zero_are_one_sentence(rows):
    with pytest.raises(OptionError, match="a ratio needs a denominator above zero, and the outcome is 0 under"):
        on_scale("ratio", 0.5, 0.0)
    with pytest.raises(OptionError, match="odds have a zero denominator where a share is 1"):
        on_scale("odds", 0.5, 1.0)
    never = rows.with_columns({"y": np.where(rows.labels("x") == "no", "no", rows.labels("y"))})
    with pytest.raises(OptionError, match='no row with x = "no" has y = yes: a ratio to zero, or of it, tells nothing'):
        estimate_effect(GRAPH, never, "x=yes", "y", scale="ratio", **ASK)
    low = rows.with_columns({"number": rows.column("number") - 50})
    with pytest.raises(OptionError, match="a ratio needs a denominator above zero"):
        estimate_effect(Graph("z -> x -> number <- z"), low, "x=yes", "number", scale="ratio", **ASK)
    counts = rows.with_columns({"y": np.where(rows.labels("x") == "no", 0, np.arange(900) % 3)}, kinds={"y": "label"})
    with pytest.raises(OptionError, match="say --scale difference, or --continuous y where it is a number"):
        estimate_effect(Graph("z -> x -> y <- z"), counts, "x=yes", "y", scale="ratio", **{**ASK, "label": 2})
    odd = rows.with_columns({"number": np.where(rows.labels("x") == "yes", -3.0, 3.0) + rows.column("number") * 0.01})
    with pytest.raises(OptionError, match="a ratio is of numbers above zero, and the outcome is -"):
        estimate_effect(Graph("z -> x -> number <- z"), odd, "x=yes", "number", scale="ratio", **ASK)


def test_censored_outcomes_are_refused_with_what_to_do(rows):
    days = np.minimum(np.random.default_rng(0).exponential(300, 900), 365.0)
    graph = Graph("z -> x -> y <- z")
    with pytest.raises(DataError, match=r"'y' looks censored: \d+ of 900 rows have its largest value, 365"):
        estimate_effect(graph, rows.with_columns({"y": days}), "x=yes", "y", **ASK)
    marked = np.where(days < 365, np.round(days / 100).astype(int).astype(str), ">365")
    with pytest.raises(DataError, match="'y' is censored: >365 says only that it lies beyond"):
        estimate_effect(graph, rows.with_columns({"y": marked}), "x=yes", "y", **ASK)
    for y in (days, marked):
        told = estimate_effect(graph, rows.with_columns({"y": y}), "x=yes", "y", accept_censored=True, **ASK).warnings
        assert "censored" in told[0]
        assert told[0].endswith("it is taken as it stands (--accept-censored), and what lies beyond changes nothing")
    plain = estimate_effect(graph, rows.with_columns({"y": days[::-1].cumsum()}), "x=yes", "y", **ASK)
    assert not any("censored" in told for told in plain.warnings)
    for kept in (np.maximum(days - 200, 0), np.round(days / 40), np.array(["low", "a+", "b"])[np.arange(900) % 3]):
        estimate_effect(graph, rows.with_columns({"y": kept}), "x=yes", "y", **ASK)


def test_samples_that_do_not_differ_give_no_interval_of_width_zero(rows):
    never = rows.with_columns({"y": np.where(np.arange(900) < 1, "yes", "no")}).take(range(1, 900))
    found = estimate_effect(GRAPH, never, "x=yes", "y", label="yes", **ASK)
    least = min((never.labels("x") == side).sum() for side in ("yes", "no"))
    assert (found.estimate, found.high) == (0, pytest.approx(1 - 0.025 ** (1 / least)))
    assert any(f"a share that none of {least} rows has" in told for told in found.warnings)
    x = np.arange(60) + 0.5
    exact = estimate_effect(Graph("x -> y"), Table.of({"x": x, "y": 2 * x}), "x=3", "y", against="x=2", resamples=20)
    assert exact.estimate == pytest.approx(2)
    assert np.isnan(exact.low) or exact.high > exact.low


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 300))
    c = a + b + 0.7 * rng.normal(size=300)
    table = {"a": a, "b": b, "c": c, "d": 0.8 * c + rng.normal(size=300)}
    out = tmp_path_factory.mktemp("discovery") / "run"
    return discover(table, test="fisher-z", out=out), out


def test_the_interval_over_bootstrap_graphs_holds_what_the_graph_leaves_open(found):
    discovery, out = found
    search = Search.of(discovery, 20)
    ask = {"against": "c=0", "resamples": 60}
    given = estimate_effect(discovery.graph, discovery.table, "c=1", "d", **ask)
    wide = estimate_effect(discovery.graph, discovery.table, "c=1", "d", search=search, **ask)
    assert wide.estimate == given.estimate
    assert wide.low <= given.low < given.high <= wide.high
    assert wide.over.graphs == 20
    assert wide.over.path > 0.6
    assert "bootstrap graphs answer)" in wide.because
    assert "not an error in the graph" in given.because
    back = estimate_effect(discovery.graph, discovery.table, "d=1", "a", against="d=0", resamples=20, search=search)
    told = f"and one in {back.over.path:.0%} of the graphs from 20 random halves of the rows"
    assert told in str(back)
    assert back.estimate == 0
    apart = estimate_effect(discovery.graph, discovery.table, "a=1", "b", against="a=0", resamples=20, search=search)
    assert apart.low <= 0 <= apart.high
    assert apart.low < apart.high, "an edge that no test insisted on is not known to be absent"
    assert Search.of(discovery).graphs == 50
    assert Search.of(load_discovery(out)).config["test"] == "fisher-z"
    kernels = Search.of(replace(discovery, test="kci"))
    assert kernels.graphs == 0
    plain = estimate_effect(discovery.graph, discovery.table, "c=1", "d", search=kernels, **ask)
    assert (plain.low, plain.high, plain.over) == (given.low, given.high, None)
    covers = "The graph was found in these rows: --graphs 50 finds it again in others, and the interval covers it."
    assert plain.because.endswith(f"; not an error in the graph. {covers}")
    assert covers not in given.because
    assert covers not in wide.because
    none = estimate_effect(discovery.graph, discovery.table, "d=1", "a", against="d=0", resamples=9, search=kernels)
    assert none.because.endswith(f"it has no interval. {covers}")
    with pytest.raises(OptionError, match="graphs is 0 or more, got -1"):
        Search.of(discovery, -1)


def test_lines_of_the_table_stay_lines_in_samples_whose_rows_stand_twice(found):
    discovery, _ = found
    search = Search.of(discovery, 1)
    sample = _Sample(search, Intervention(c=1.0), Intervention(c=0.0), "d", None, "difference", 100, 0)
    same = 0
    for number in range(40):
        rows = search.rows(number)
        if search.graph(rows) == discovery.graph:
            same += 1
            slope = np.polyfit(rows.column("c"), rows.column("d"), 1)[0]
            assert sample.answer(number) == (pytest.approx(slope), pytest.approx(slope))
    assert same > 10
    assert set(sample.seen.values()) == {"linear"}


def test_an_arrow_that_decides_the_effect_and_is_not_sure_is_told(found):
    discovery, _ = found
    doubts = {
        edge: f"Not sure: only 4{k}% of the resamples join the two." for k, edge in enumerate(discovery.graph.edges)
    }
    assert [str(edge) for edge in doubts] == ["a --> c", "b --> c", "c --> d"]
    search = Search(discovery.table, discovery.config, 0, doubts)
    ask = {"against": "c=0", "resamples": 5, "search": search}
    told = estimate_effect(discovery.graph, discovery.table, "c=1", "d", **ask).warnings[0]
    assert told == (
        "the effect rests on what the discovery is not sure of: a --> c (only 40% of the resamples join the two); "
        "b --> c (only 41% of the resamples join the two); c --> d (only 42% of the resamples join the two)"
    )
    ask |= {"search": replace(search, doubts=dict(list(doubts.items())[:1])), "against": "b=0"}
    assert not any(
        "not sure" in told for told in estimate_effect(discovery.graph, discovery.table, "b=1", "d", **ask).warnings
    )


def test_an_arrow_to_elsewhere_decides_only_by_its_direction():
    graph = Graph("z -> x -> y <- z; x -> w -> v")
    edge = next(e for e in graph.edges if e.right == "w")
    assert unsure_line(graph, {edge: "Not sure: only 40% of the resamples join the two."}, ["x"], "y") == []
    turned = {edge: "Not sure of its direction: only 20% of the resamples point this way."}
    assert unsure_line(graph, turned, ["x"], "y") == [
        "the effect rests on what the discovery is not sure of: x --> w (only 20% of the resamples point this way)"
    ]
    assert unsure_line(graph, turned, ["z"], "y") == []
    many = dict.fromkeys(
        Graph("a -> x; b -> x; c -> x; x -> y").edges, "Not sure: only 40% of the resamples join the two."
    )
    (told,) = unsure_line(Graph(list(many)), many, ["x"], "y")
    assert told.endswith("c --> x (only 40% of the resamples join the two) and 1 more")


def test_doubts_of_a_discovery_come_from_its_folder(tmp_path):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 60))
    rows = {"a": a, "b": b, "c": 0.5 * a + 0.5 * b + rng.normal(size=60)}
    discovery = discover(rows, test="fisher-z", out=tmp_path / "run")
    assert discovery.doubts
    assert load_discovery(tmp_path / "run").doubts == Search.of(discovery).doubts == discovery.doubts
    edge, doubt = next(iter(discovery.doubts.items()))
    ask = ["do", str(tmp_path / "run"), f"do({edge.left}=1)", "--against", f"do({edge.left}=0)"]
    told = CliRunner().invoke(app, [*ask, "--outcome", edge.right, "--resamples", "5", "--graphs", "0"]).output
    assert f"Note: the effect rests on what the discovery is not sure of: {edge} (" in told
    assert doubt.partition(": ")[2].rstrip(".") in told


def test_the_command_does_what_the_function_does(found, rows, tmp_path):
    _, out = found
    ask = ["do", str(out), "do(c=1)", "--against", "do(c=0)", "--outcome", "d", "--resamples", "30", "--graphs", "10"]
    told = CliRunner().invoke(app, [*ask, "--json"])
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert answer["over_graphs"]["graphs"] == 10
    assert answer["low"] <= answer["estimate"] <= answer["high"]
    assert "Over 10 bootstrap graphs and all members of their classes" in CliRunner().invoke(app, ask).output
    rows.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "g.txt").write_text("z -> x; x -> y; z -> y")
    ask = ["do", str(tmp_path / "t.csv"), "do(x=yes)", "--against", "do(x=no)", "--graph", str(tmp_path / "g.txt"),
           "--outcome", "y", "--resamples", "30", "--scale", "odds", "--weights", "w", "--cluster", "c",
           "--refute"]  # fmt: skip
    told = CliRunner().invoke(app, ask)
    assert told.exit_code == 0, told.output
    assert "by an odds ratio of" in told.output
    assert "placebo treatment" in told.output
    written = CliRunner().invoke(app, [*ask, "--out", str(tmp_path / "answer")])
    assert written.output.endswith(f"Report: {tmp_path / 'answer' / 'report.html'}\n")
    kept = json.loads((tmp_path / "answer" / "answer.json").read_text())
    assert (kept["scale"], kept["files"]) == ("odds", ["report.html"])
    told = (tmp_path / "answer" / "report.html").read_text()
    for part in ("by an odds ratio of", "placebo treatment", "Adjusting for z", "The command"):
        assert part in told
    (tmp_path / "mine.txt").write_text("mine")
    taken = CliRunner().invoke(app, [*ask, "--out", str(tmp_path)])
    assert isinstance(taken.exception, RunError)
    days = np.minimum(np.random.default_rng(0).exponential(300, 900), 365.0)
    rows.with_columns({"y": days}).to_pandas().to_csv(tmp_path / "days.csv", index=False)
    at = [
        str(tmp_path / "days.csv") if part.endswith("t.csv") else part
        for part in ask
        if part not in ("--refute", "odds", "--scale")
    ]
    refused = CliRunner().invoke(app, at)
    assert str(refused.exception).endswith("or say that these are its values (--accept-censored)")
    assert "(--accept-censored), and what lies" in CliRunner().invoke(app, [*at, "--accept-censored"]).output
    (tmp_path / "days.csv").write_text((tmp_path / "days.csv").read_text().replace(",365.0", ",>365"))
    refused = CliRunner().invoke(app, at)
    assert str(refused.exception).startswith("'y' is censored: >365 says only that it lies beyond, and is read as miss")
    assert str(refused.exception).endswith(
        """where the file is read (--keep-value "y=>365"), or let these cells be gaps (--accept-censored)"""
    )
    assert "these cells are gaps (--accept-censored)" in CliRunner().invoke(app, [*at, "--accept-censored"]).output
    kept = CliRunner().invoke(app, [*at, "--keep-value", "y=>365"])
    assert str(kept.exception).startswith("'y' looks censored")
    run = str(tmp_path / "run")
    made = CliRunner().invoke(app, ["discover", str(tmp_path / "days.csv"), "--bootstrap", "0", "--out", run])
    assert made.exit_code == 0, made.output
    refused = CliRunner().invoke(app, ["do", run, "do(x=yes)", "--outcome", "y"])
    assert str(refused.exception).startswith("'y' is censored: >365 says only")
    refused = CliRunner().invoke(app, [*ask, "--graphs", "5"])
    assert "--graphs finds the graph again, and --graph says which it is: leave one out" in str(refused.exception)
