"""What cannot be told is said in one sentence, and nothing is said that is false of the rows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.data.table import Table
from aitia.discovery import discover, estimate_effect, load_discovery
from aitia.discovery.comparing import compare_searches
from aitia.discovery.effects import Search, before_after
from aitia.errors import DataError, IdentifiabilityError, InterventionError, OptionError
from aitia.graph import Edge, Graph

GRAPH = Graph("age -> arm -> y; age -> y; age -> rare; arm -> rare; y -> double; y -> event")
ASK = {"against": "arm=no", "resamples": 40}
YES = np.array(["no", "yes"])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 80, 600)
    arm = rng.random(600) < 0.3 + 0.4 * (age > 50)
    y = 0.1 * age + arm + rng.normal(size=600)
    return Table.of({"age": age, "arm": YES[arm.astype(int)], "y": y, "double": 2 * y,
                     "event": YES[(y > 5.5).astype(int)], "rare": YES[(arm & (rng.random(600) < 0.15)).astype(int)],
                     "sales": np.where(arm, rng.exponential(10, 600), 0.0)})  # fmt: skip


@pytest.mark.parametrize("scale", ["ratio", "odds"])
def test_a_label_that_no_row_of_one_side_has_leaves_no_ratio(rows, scale):
    ask = {**ASK, "label": "yes", "scale": scale}
    with pytest.raises(OptionError, match=r'no row with arm = "no" has rare = yes: .*; say --scale difference'):
        estimate_effect(GRAPH, rows, "arm=yes", "rare", **ask)
    with pytest.raises(OptionError, match=r'no row with arm = "no" has rare = yes'):
        estimate_effect(GRAPH, rows, "arm=no", "rare", **{**ask, "against": "arm=yes"})
    numbers = Graph("age -> arm -> sales; age -> sales")
    if scale == "ratio":
        with pytest.raises(OptionError, match='every row with arm = "no" has sales = 0: a ratio to zero'):
            estimate_effect(numbers, rows, "arm=yes", "sales", against="arm=no", scale=scale)


def test_odds_of_a_label_that_all_rows_of_one_side_have_are_refused_and_a_ratio_is_not(rows):
    ask = {**ASK, "label": "no"}
    with pytest.raises(OptionError, match='every row with arm = "no" has rare = no: odds of that have no end'):
        estimate_effect(GRAPH, rows, "arm=yes", "rare", scale="odds", **ask)
    found = estimate_effect(GRAPH, rows, "arm=yes", "rare", scale="ratio", **ask)
    assert found.mean_against == 1
    assert found.low < found.estimate < found.high < 1


def test_a_share_of_which_no_row_has_any_is_zero_and_not_what_a_penalty_makes_of_it(rows):
    found = estimate_effect(GRAPH, rows, "arm=yes", "rare", label="yes", **ASK)
    assert found.mean_against == 0
    assert found.estimate == found.mean
    # What lies between what is set and the outcome may be had by the others: then the share is not zero.
    through = rows.with_columns(
        {"m": np.where(rows.labels("rare") == "yes", "a", np.where(np.arange(600) % 2, "a", "b"))}
    )
    ways = estimate_effect(
        Graph("age -> arm -> m -> rare; age -> rare"), through, "arm=yes", "rare", label="yes", **ASK
    )
    assert 0 < ways.mean_against < ways.mean


def test_samples_without_a_denominator_leave_no_upper_end(rows):
    few = np.array(rows.labels("rare"))
    few[np.flatnonzero(rows.labels("arm") == "no")[:2]] = "yes"
    found = estimate_effect(
        GRAPH, rows.with_columns({"rare": few}), "arm=yes", "rare", label="yes", scale="ratio", against="arm=no"
    )
    assert math.isinf(found.high)
    assert "in some samples the denominator is zero: the interval has no upper end" in found.warnings


@pytest.mark.parametrize(
    ("done", "outcome", "sentence"),
    [
        ("age=high", "y", "'age' is continuous and cannot be 'high': give a number"),
        ("arm=maybe", "y", "'arm' cannot be 'maybe': its labels are no, yes"),
        ("arm=shift(1)", "y", r"shift\(1\) cannot be done to 'arm', which has the labels no, yes"),
        ("age=[1, 2]", "y", r"'age' takes one number a row, got \[1, 2\]"),
        ("age=50, arm=3", "event", "'arm' cannot be 3"),
    ],
)
def test_what_cannot_be_done_to_a_column_is_one_sentence(rows, done, outcome, sentence):
    with pytest.raises(InterventionError, match=sentence):
        estimate_effect(GRAPH, rows, done, outcome, resamples=0)
    bow = Graph("z -> age -> y; age <-> y; arm -> z; arm -> age")  # where an instrument answers too
    with pytest.raises(InterventionError, match=sentence):
        estimate_effect(bow, rows.with_columns({"z": rows.column("double")}), done, "y", resamples=0)


@pytest.mark.parametrize(
    ("done", "against"),
    [
        ("age=40", "age=40"),
        ("age=40", "age=40.0"),
        ("arm=yes", "arm=yes"),
        ("age=shift(0)", None),
        ("age=scale(1), arm=no", "arm=no"),
        ("", None),
    ],
)
def test_a_comparison_with_the_same_is_refused(rows, done, against):
    with pytest.raises(
        InterventionError, match=r"does the same as what it is compared with, .*: no effect is to be told"
    ):
        estimate_effect(GRAPH, rows, done, "y", against=against)


def test_sides_that_differ_only_where_no_path_leads_are_zero_by_the_graph(rows):
    found = estimate_effect(GRAPH, rows, "arm=yes, rare=yes", "y", against="arm=yes, rare=no", resamples=5)
    assert (found.estimate, found.zero) == (0, True)
    assert str(found).endswith("no directed path in this graph")
    assert math.isnan(found.low)


def test_few_samples_are_told_and_one_is_refused(rows):
    with pytest.raises(
        OptionError, match="one resample tells no spread: resamples is 0, for no interval, or 2 or more"
    ):
        estimate_effect(GRAPH, rows, "arm=yes", "y", against="arm=no", resamples=1)
    sentence = (
        "2 resamples (--resamples) are too few for an interval at 0.95: its ends are the least and the largest of"
    )
    for many, confidence, told in ((2, 0.95, True), (38, 0.95, True), (39, 0.95, False), (19, 0.9, False)):
        found = estimate_effect(GRAPH, rows, "arm=yes", "y", against="arm=no", resamples=many, confidence=confidence)
        assert any("are too few for an interval" in note for note in found.warnings) == told
        assert many > 2 or any(note.startswith(sentence) for note in found.warnings)


def test_an_outcome_without_noise_has_no_interval_and_nothing_of_width_zero(rows):
    found = estimate_effect(GRAPH, rows, "y=5", "double", against="y=4", resamples=40, refute=True)
    assert found.estimate == pytest.approx(2)
    assert math.isnan(found.low)
    assert found.estimators == found.refutations == ()
    assert "--refute tried nothing: every sample of the rows gives the same effect" in found.warnings
    alone = estimate_effect(GRAPH, rows, "y=5", "double", against="y=4", resamples=0)
    assert "nan" not in "\n".join(alone.lines())
    assert alone.to_json()["estimators"][1]["low"] is None
    assert all(line.interval is None for line in alone.estimators)


def test_what_is_said_of_an_interval_is_not_said_where_there_is_none(rows):
    text = "\n".join(estimate_effect(GRAPH, rows, "y=500", "rare", label="yes", against="y=400", resamples=40).lines())
    assert "no directed path" in text
    never = rows.with_columns({"rare": np.where(np.arange(600) < 1, "yes", "no")}).take(range(1, 600))
    told = estimate_effect(
        Graph("age -> rare"), never, "age=500", "rare", label="yes", against="age=400", resamples=40
    ).lines()
    assert any("No interval is given." in line for line in told)
    assert not any("the interval is that of" in line for line in told)


@pytest.mark.parametrize("option", ["trim", "refute"])
def test_what_an_instrument_cannot_do_is_refused(option):
    rng = np.random.default_rng(0)
    z, u = rng.normal(size=(2, 400))
    rows = Table.of({"z": z, "x": z + u, "y": 2 * (z + u) - u + rng.normal(size=400)})
    graph = Graph("z -> x -> y; x <-> y")
    assert estimate_effect(graph, rows, "x=1", "y", against="x=0").method == "2SLS"
    sentence = (
        rf"--{option} is of fitted mechanisms, .* an instrument alone tells the effect \(z\). Leave out --{option}"
    )
    with pytest.raises(OptionError, match=sentence):
        estimate_effect(graph, rows, "x=1", "y", against="x=0", **{option: True})


def test_why_no_other_estimator_stands_beside_is_told(rows):
    gaps = rows.with_columns({"age": np.where(np.arange(600) < 9, np.nan, rows.column("age"))})
    for table, options, told in (
        (rows, {"scale": "ratio"}, "tell a difference, and this is --scale ratio: none stands beside it"),
        (rows, {"trim": True}, "tell the effect on all rows, and --trim leaves some out: none stands beside it"),
        (gaps, {"missing": "impute"}, "take whole rows, and this is --missing impute: none stands beside it"),
        (gaps, {"missing": "testwise"}, "take whole rows, and this is --missing testwise: none stands beside it"),
    ):
        found = estimate_effect(GRAPH, table, "arm=yes", "y", **ASK, **options)
        assert found.estimators == ()
        assert f"other estimators {told}" in found.warnings
    assert len(estimate_effect(GRAPH, gaps, "arm=yes", "y", **ASK).estimators) > 1
    rare = rows.with_columns({"site": np.where(np.arange(600) % 40, "a", "b")})
    alone = rare.with_columns({"arm": np.where(rare.labels("site") == "b", "yes", rare.labels("arm"))})
    found = estimate_effect(Graph("site -> arm -> event; site -> event"), alone, "arm=yes", "event", **ASK)
    assert 0 < found.lacking < 0.05
    assert any(note.startswith("other estimators carry on a line where") for note in found.warnings)


def test_an_instrument_does_not_carry_a_line_beyond_the_rows():
    rng = np.random.default_rng(0)
    z, u = rng.normal(size=(2, 400))
    rows = Table.of({"z": z, "x": z + u, "y": 2 * (z + u) - u + rng.normal(size=400)})
    found = estimate_effect(Graph("z -> x -> y; x <-> y"), rows, "x=500", "y", against="x=0")
    assert math.isnan(found.low)
    assert found.covers_line == "No interval is given."
    assert any("x = 500 lies outside of what is observed" in note for note in found.warnings)
    with pytest.raises(DataError, match="'x' has one value in these rows, 1"):
        estimate_effect(
            Graph("z -> x -> y; x <-> y"),
            rows.with_columns({"x": np.ones(400)}, {"x": "number"}),
            "x=2",
            "y",
            against="x=1",
        )


@given(st.integers(0, 50))
def test_trimmed_by_way_of_a_mediator_is_trimmed_by_what_is_adjusted_for(seed):
    rng = np.random.default_rng(seed)
    z, x = rng.integers(0, 3, 300), rng.integers(0, 2, 300)
    x[z == 2] = 1
    m = (rng.random(300) < 0.2 + 0.5 * x).astype(int)
    y = (rng.random(300) < 0.2 + 0.3 * m + 0.2 * (z == 1)).astype(int)
    rows = Table.of({"z": np.array(["a", "b", "c"])[z], "x": YES[x], "m": YES[m], "y": YES[y]})
    found = estimate_effect(
        Graph("z -> x -> m -> y; z -> y"), rows, "x=yes", "y", against="x=no", trim=True, resamples=0, draws=20_000
    )
    # By hand: both arms within each z that has both, weighted by its rows.
    inside = [0, 1]
    share = np.array([(z == k).mean() for k in inside])
    each = [y[(z == k) & (x == 1)].mean() - y[(z == k) & (x == 0)].mean() for k in inside]
    assert found.estimate == pytest.approx(share @ each / share.sum(), abs=0.02)
    assert found.trimmed == pytest.approx((z == 2).mean(), abs=0.02)


def test_clusters_that_a_sample_of_cannot_be_fitted_to_are_named(rows):
    sizes = np.minimum(np.arange(600), 5).astype(float) + 0.5  # five clusters of one row and one of the rest
    more = dict(zip("pqrst", np.random.default_rng(1).normal(size=(5, 600)), strict=True))
    graph = Graph([*GRAPH.edges, *(Edge(name, "y") for name in more)])
    with pytest.raises(DataError, match="in a sample of whole clusters, which differ too much in size"):
        estimate_effect(graph, rows.with_columns({"c": sizes, **more}), "arm=yes", "y", cluster="c", **ASK)


def test_frames_and_files_are_read(rows, tmp_path):
    file = tmp_path / "rows.csv"
    rows.to_pandas().to_csv(file, index=False)
    wanted = estimate_effect(GRAPH, rows, "arm=yes", "y", against="arm=no", resamples=0).estimate
    for given_ in (rows.to_pandas(), str(file), file):
        found = estimate_effect(GRAPH, given_, "arm=yes", "y", against="arm=no", resamples=0)
        assert found.estimate == pytest.approx(wanted, rel=1e-9)
    dated = before_after(rows.to_pandas(), "y", "age", 50)
    assert dated.estimate == before_after(rows, "y", "age", 50).estimate


def test_sides_that_set_different_variables_are_asked_each_on_its_own(rows):
    found = estimate_effect(GRAPH, rows, "arm=yes", "y", against="age=40", resamples=5)
    same = estimate_effect(GRAPH, rows, "y=5", "double", against="y=4, age=30", resamples=0)
    assert same.identification == "nothing confounds the effect"
    assert found.identification == (
        'for do(arm="yes") adjusting for age closes every non-causal path; for do(age=40) nothing confounds the effect'
    )
    # E[y | do(arm=yes)] - E[y | do(age=40)] by least squares: 0.1 age + arm, with arm as it follows from age.
    age, arm = rows.column("age"), rows.labels("arm") == "yes"
    design = np.column_stack([np.ones(600), age, arm])
    _, beta_age, beta_arm = np.linalg.lstsq(design, rows.column("y"), rcond=None)[0]
    share = estimate_effect(GRAPH, rows, "age=40", "arm", resamples=0, label="yes").mean
    wanted = beta_age * (age.mean() - 40) + beta_arm * (1 - share)
    assert found.estimate == pytest.approx(wanted, abs=0.02)


def test_that_both_together_follow_does_not_make_each_follow():
    rng = np.random.default_rng(0)
    rows = Table.of(dict(zip("xzyw", rng.normal(size=(4, 300)), strict=True)))
    # x and z have a hidden cause: with both set it does not matter, with x alone it does.
    bow = Graph("x -> z -> y; x <-> z")
    assert estimate_effect(bow, rows, "x=1, z=1", "y", against="x=0, z=0", resamples=0)
    with pytest.raises(IdentifiabilityError):
        estimate_effect(bow, rows, "x=1", "y", against="z=0", resamples=0)
    # x - z is open: z -> y is directed, so both together follow; x alone has two answers.
    open_ = Graph("x --- z; z -> y; w -> y")
    assert estimate_effect(open_, rows, "x=1, z=1", "y", against="x=0, z=0", resamples=0).members == ()
    found = estimate_effect(open_, rows, "x=1", "y", against="z=0", resamples=0)
    assert len(found.members) == 2
    # Where hidden causes leave the adjustment formula alone, one formula does not serve two sides.
    hidden = Graph("age -> x -> y; age -> z -> y; age <-> y")
    more = rows.with_columns({"age": rng.normal(size=300)})
    with pytest.raises(
        IdentifiabilityError, match=r"for do\(x=1\) .*; for do\(z=0\) .*only what an adjustment set gives"
    ):
        estimate_effect(hidden, more, "x=1", "y", against="z=0", resamples=0)


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 120))
    c = 0.3 * a + 0.3 * b + rng.normal(size=120)
    return discover({"a": a, "b": b, "c": c, "d": 0.4 * c + rng.normal(size=120)}, test="fisher-z", bootstrap=30)


def test_the_share_of_graphs_with_a_path_is_that_of_the_halves_that_the_discovery_looked_at(found):
    frequencies = found.edge_frequencies
    assert 0 < frequencies.directed("a", "c") < 1
    search = Search.of(found, 30)
    graphs = [search.graph(search.half(k)) for k in range(30)]
    for graph in graphs[:2]:
        assert set(graph.nodes) == set("abcd")
    for a, b in (("a", "c"), ("c", "d"), ("d", "a")):
        directed = [Graph([e for e in g.edges if e.symbol == "-->"], g.nodes) for g in graphs]
        assert frequencies.directed(a, b) == sum(b in g.children(a) for g in directed) / 30
        effect = estimate_effect(found.graph, found.table, {a: 1.0}, b, against={a: 0.0}, search=search, resamples=40)
        assert effect.over.path == sum(b in g.descendants(a) for g in directed) / 30
        assert effect.over.halves == 30
        assert f"{effect.over.path:.0%} of the graphs from 30 random halves of the rows" in "\n".join(effect.lines())


def test_every_search_is_repeated_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    a, b, c, d = rng.exponential(size=(4, 300))
    rows = Table.of({"a": a, "b": b, "c": a + b + c, "d": a + b + c + d})
    compared = compare_searches(rows, out=tmp_path)
    assert len(compared.found) >= 5
    for method, again in compared.found.items():
        for one in (again, load_discovery(tmp_path / method)):
            assert Search.of(one, 4).graph(rows) == again.graph
        ask = {"against": "c=0", "search": Search.of(again, 4), "resamples": 40, "read_as": Search.of(again, 4).read_as}
        assert estimate_effect(again.graph, rows, "c=1", "d", **ask).over.answered >= 3  # a PAG may leave it open


def test_an_interval_does_not_cover_a_graph_that_was_not_found_again(found):
    search = replace(Search.of(found, 4), config={**found.config, "test": "fisher-z", "alpha": 2.0})
    chain = Graph("a -> c -> d; b -> c")
    effect = estimate_effect(chain, found.table, "c=1", "d", against="c=0", search=search, resamples=40)
    assert effect.over.answered == 0
    assert "not an error in the graph, as none of 4 bootstrap graphs answers" in effect.because


def test_samples_for_the_graph_keep_clusters_whole_and_rows_weighted(found):
    clusters = np.arange(120) // 4
    table = found.table.with_columns({"k": clusters + 0.5, "w": 1.0 + np.arange(120) % 2})
    search = replace(Search.of(found, 10), table=table)
    for number in range(3):
        _, times = np.unique(search.rows(number, "k").column("k"), return_counts=True)
        assert set(times % 4) == {0}
        assert times.sum() == 120
    ask = {"against": "c=0", "resamples": 40, "search": replace(search, graphs=40)}
    plain = estimate_effect(found.graph, table, "c=1", "d", **ask)
    assert plain.over != estimate_effect(found.graph, table, "c=1", "d", weights="w", **ask).over


def test_samples_of_the_graph_without_a_denominator_leave_no_upper_end():
    x = np.repeat([0, 1], 150)
    y = np.where(x == 1, np.arange(300) % 2, 0)
    y[:3] = 1
    rows = Table.of({"x": YES[x], "y": YES[y]})
    search = Search.of(discover(rows, test="chi2", bootstrap=None), 60)
    found = estimate_effect(
        Graph("x -> y"), rows, "x=yes", "y", against="x=no", label="yes", scale="ratio", search=search, resamples=0
    )
    assert found.over is None
    found = estimate_effect(
        Graph("x -> y"), rows, "x=yes", "y", against="x=no", label="yes", scale="ratio", search=search, resamples=40
    )
    assert math.isinf(found.high)
    assert found.over.answered == 60
    assert found.to_json()["high"] is None
    assert found.warnings.count("in some samples the denominator is zero: the interval has no upper end") == 1


def test_a_zero_of_a_graph_that_was_not_found_again_says_so(found):
    ask = {"against": "d=0", "resamples": 5}
    told = str(estimate_effect(found.graph, found.table, "d=1", "a", search=Search.of(found, 0), **ask))
    assert told.endswith("no directed path in this graph; whether one is in graphs of other rows was not looked at")
    given_ = str(estimate_effect(found.graph, found.table, "d=1", "a", **ask))
    assert given_.endswith("no directed path in this graph")


def test_the_command_says_it_without_a_traceback(rows, tmp_path):
    rows.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "g.txt").write_text("age -> arm -> y; age -> y; age -> rare; arm -> rare")
    start = ["do", str(tmp_path / "t.csv")]
    end = ["--graph", str(tmp_path / "g.txt")]
    for ask, told in (
        (["do(age=high)", "--outcome", "y"], "'age' is continuous and cannot be 'high': give a number"),
        (["do(age=4)", "--against", "do(age=4)", "--outcome", "y"], "no effect is to be told"),
        (["do(arm=yes)", "--against", "do(arm=no)", "--outcome", "rare", "--scale", "ratio"], 'no row with arm = "no"'),
    ):
        answer = CliRunner().invoke(app, [*start, *ask, *end])
        assert answer.exit_code != 0
        assert told in str(answer.exception) + answer.output
