"""Weighted fits beside statsmodels and beside rows that stand several times; a fitted system tells its own doubt."""

import math
import warnings

import numpy as np
import pytest
import statsmodels.api as sm

import aitia
from aitia.data.table import Table
from aitia.do import FittedEffect, Intervention, effect
from aitia.errors import DataError, InterventionError, OptionError, RangeWarning, UnknownVariableError
from aitia.graph import Graph
from aitia.scm import SCM, Linear
from aitia.scm.means import mean_under

GRAPH = Graph("z -> x -> y <- z")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    z = rng.normal(size=500)
    x = z + rng.normal(size=500)
    return Table.of({"z": z, "x": x, "y": 2 * x - z + rng.normal(size=500), "w": rng.integers(0, 4, 500)})


def test_weighted_lines_are_those_of_statsmodels(rows):
    w = rows.labels("w").astype(float)
    line = SCM.fit(GRAPH, rows, weights=w).mechanisms["y"]
    X = sm.add_constant(np.column_stack([rows.column(p) for p in line.parents]))
    theirs = sm.WLS(rows.column("y"), X, weights=w).fit()
    np.testing.assert_allclose([line.intercept, *line.coefficients], theirs.params, rtol=1e-9)


def test_weighted_tables_and_softmax_are_those_of_rows_that_stand_as_often(rows):
    w = rows.labels("w").astype(int)
    label = {"l": np.array(["a", "b", "c"])[np.digitize(rows.column("x"), [-1, 1])], "m": (rows.column("z") > 0)}
    rows = rows.with_columns(label)
    many = rows.take(np.repeat(np.arange(rows.n), w))
    graph = Graph("m -> l; y -> m")
    one, other = SCM.fit(graph, rows, weights=w), SCM.fit(graph, many)
    np.testing.assert_allclose(one.mechanisms["l"].table, other.mechanisms["l"].table, rtol=1e-12)
    # The ridge weighs a little less beside more rows.
    np.testing.assert_allclose(one.mechanisms["m"].weights, other.mechanisms["m"].weights, atol=2e-3)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (np.ones(3), r"weights are one number for each of 500 rows, got shape \(3,\)"),
        (np.where(np.arange(500) == 7, -2.0, 1.0), "a weight is a number, zero or more, and row 7 has -2"),
        (np.zeros(500), "every weight is zero"),
    ],
)
def test_bad_weights_are_one_sentence(rows, weights, sentence):
    with pytest.raises(OptionError, match=sentence):
        SCM.fit(GRAPH, rows, weights=weights)
    with pytest.raises(OptionError, match="takes no weights"):
        SCM.fit(GRAPH, rows, mechanisms="nonlinear", weights=np.ones(500))


def test_a_fitted_system_tells_its_estimation_error_and_a_given_one_that_of_drawing(rows):
    scm = SCM.fit(GRAPH, rows, mechanisms="linear")
    found = effect(scm, "x=1", "x=0", outcome="y", n=500)
    fit = sm.OLS(rows.column("y"), sm.add_constant(np.column_stack([rows.column("x"), rows.column("z")]))).fit()
    half = (found.high - found.low) / 2
    # The standard error of 50 samples has one of a tenth of its own.
    assert 2 / 3 < half / (1.96 * fit.bse[1]) < 4 / 3
    assert isinstance(found, FittedEffect)
    assert found.resamples == 50
    alone = effect(scm, "x=1", "x=0", outcome="y", n=500, resamples=0)
    assert alone.estimate == found.estimate
    assert alone.high - alone.low < 1e-9
    given = SCM(Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), [2.0])})
    assert not isinstance(effect(given, "x=1", "x=0", outcome="y", n=100), FittedEffect)
    assert aitia.effect(scm, "x=1", "x=0", outcome="y", n=500, resamples=20).high > found.estimate
    with pytest.raises(OptionError, match="resamples is 0, or 2 or more, got -1"):
        effect(scm, "x=1", outcome="y", resamples=-1)


def test_do_of_a_system_takes_text_mappings_and_interventions(rows):
    scm = SCM.fit(GRAPH, rows, mechanisms="linear")
    wanted = aitia.do(scm, x=1.0).sample(5, seed=0)
    for done in ("do(x=1.0)", {"x": 1.0}, Intervention(x=1.0)):
        assert scm.do(done).sample(5, seed=0) == wanted
    assert scm.do("x=1").do({"z": 0}).intervention == Intervention(x=1, z=0)
    with pytest.raises(InterventionError, match="cannot read an intervention"):
        scm.do("x equals 1")


def test_means_are_exact_where_they_can_be_and_drawn_where_not(rows):
    scm = SCM.fit(GRAPH, rows, mechanisms="linear")
    line = scm.mechanisms["y"]
    at = dict(zip(line.parents, line.coefficients, strict=True))
    exact = line.intercept + 3 * at["x"] + rows.column("z").mean() * at["z"]
    assert mean_under(scm.do("x=3"), "y", None) == pytest.approx(exact, rel=1e-9)
    labels = rows.with_columns({"x": np.array(["a", "b"])[(rows.column("x") > 0).astype(int)]})
    mixed = SCM.fit(GRAPH, labels, mechanisms={"y": "linear"})
    drawn = mean_under(mixed.do("x=b"), "y", None, draws=50_000)
    line = mixed.mechanisms["y"]
    at = dict(zip(line.parents, line.coefficients, strict=True))
    assert drawn == pytest.approx(line.intercept + at["x"] + rows.column("z").mean() * at["z"], abs=0.02)


def test_the_effect_of_a_fitted_system_says_what_lies_outside_of_its_rows(rows):
    scm = SCM.fit(GRAPH, rows, mechanisms="linear")
    x = rows.column("x")
    with pytest.warns(RangeWarning, match=f"x = 500 lies outside of what is observed, {x.min():.4g} to {x.max():.4g}"):
        far = effect(scm, "x=500", "x=0", outcome="y", n=200)
    assert math.isnan(far.low)
    assert math.isnan(far.high)
    assert "lies outside of what is observed" in str(far)
    assert "[" not in str(far)
    moved = f"shift({0.3 * (x.max() - x.min())})"
    with pytest.warns(RangeWarning, match="of the rows outside of what is observed"):
        near = effect(scm, f"x={moved}", outcome="y", n=200, resamples=3)
    assert near.low < near.high
    assert len(near.warnings) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert effect(scm, "x=1", "x=0", outcome="y", n=200, resamples=3).warnings == ()
    with pytest.raises(DataError, match="'x' has one value in these rows, 3: what another would do, no row tells"):
        effect(SCM.fit(GRAPH, rows.with_columns({"x": np.full(500, 3.0)})), "x=1", "x=0", outcome="y", n=200)


def test_an_effect_without_a_path_is_zero_by_the_graph(rows):
    for system in (SCM.fit(GRAPH, rows), SCM(Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), [2.0])})):
        found = effect(system, "y=1", "y=0", outcome="x", n=200)
        assert (found.estimate, found.zero) == (0, True)
        assert str(found) == "do(y=1) changes x by 0 against do(y=0): no directed path in its graph"
        assert math.isnan(found.low)
    cut = SCM(Graph("x -> m -> y"), {"x": Linear(), "m": Linear(("x",), [1.0]), "y": Linear(("m",), [2.0])}).do(m=1)
    assert effect(cut, "x=1", "x=0", outcome="y", n=200).zero
    with pytest.raises(InterventionError, match="does the same as what it is compared with"):
        effect(cut, "x=1", "x=1", outcome="y")


def test_do_takes_names_as_the_verb_does(rows):
    scm = SCM.fit(GRAPH, rows)
    assert scm.do(x=1).intervention == scm.do("x=1").intervention == aitia.do(scm, x=1).intervention
    assert scm.do("x=1", z=0).intervention == aitia.Intervention(x=1, z=0)
    with pytest.raises(UnknownVariableError, match="'xx'"):
        scm.do(xx=1)
