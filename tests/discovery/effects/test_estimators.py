"""Regressions beside statsmodels and linearmodels; AIPW and partialling out beside loops and known truths."""

import numpy as np
import pytest
import statsmodels.api as sm
from linearmodels import iv
from statsmodels.sandbox.regression import gmm

from aitia.data.table import Table
from aitia.discovery import estimate_effect
from aitia.discovery.effects.estimators import FOLDS, Columns, beside, disagreement
from aitia.discovery.effects.estimators import _folds as folds_of
from aitia.discovery.effects.regression import chance, least_squares, logistic, two_stage
from aitia.discovery.effects.weak import anderson_rubin, in_words
from aitia.do import Intervention
from aitia.errors import DataError, IdentifiabilityError, OptionError
from aitia.graph import Graph

YES = np.array(["no", "yes"])
BOW = Graph("i -> x -> y; x <-> y")


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    n = 400
    clusters = rng.integers(0, 25, n)
    shared = rng.normal(size=25)[clusters]
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), shared + rng.normal(size=n)])
    y = X @ [1, 2, -1, 0.5] + shared + rng.normal(size=n) * (1 + np.abs(X[:, 1]))
    return X, y, rng.random(n) + 0.1, clusters.astype(np.intp)


def test_least_squares_are_those_of_statsmodels(arrays):
    X, y, w, clusters = arrays
    plain = sm.OLS(y, X).fit()
    ours = least_squares(X, y)
    np.testing.assert_allclose(ours.coefficients, plain.params, rtol=1e-9)
    np.testing.assert_allclose(ours.plain, plain.cov_params(), rtol=1e-9)
    np.testing.assert_allclose(ours.covariance, plain.get_robustcov_results("HC1").cov_params(), rtol=1e-9)
    weighted = sm.WLS(y, X, weights=w).fit(cov_type="HC1")
    np.testing.assert_allclose(least_squares(X, y, w).coefficients, weighted.params, rtol=1e-9)
    np.testing.assert_allclose(least_squares(X, y, w).covariance, weighted.cov_params(), rtol=1e-9)
    for weights, model in ((None, sm.OLS(y, X)), (w, sm.WLS(y, X, weights=w))):
        theirs = model.fit(cov_type="cluster", cov_kwds={"groups": clusters})
        np.testing.assert_allclose(least_squares(X, y, weights, clusters).covariance, theirs.cov_params(), rtol=1e-9)


def test_logistic_regressions_are_those_of_statsmodels(arrays):
    X, y, w, _ = arrays
    label = (y > y.mean()).astype(float)
    theirs = sm.GLM(label, X, family=sm.families.Binomial()).fit()
    np.testing.assert_allclose(logistic(X, label), theirs.params, rtol=1e-3)
    np.testing.assert_allclose(chance(X, logistic(X, label)), theirs.predict(X), atol=1e-4)
    theirs = sm.GLM(label, X, family=sm.families.Binomial(), freq_weights=w).fit()
    np.testing.assert_allclose(logistic(X, label, w), theirs.params, rtol=1e-3)
    apart = (X[:, 1] > 0).astype(float)
    assert np.isfinite(logistic(X, apart)).all(), "labels that are told apart without error"
    assert ((chance(X, logistic(X, apart)) > 0.5) == (apart == 1)).all()


@pytest.fixture(scope="module")
def instrumented():
    rng = np.random.default_rng(1)
    n = 500
    i, j, u, w = rng.normal(size=(4, n))
    x = 0.7 * i + 0.3 * j + u + 0.5 * w + rng.normal(size=n)
    return i, j, x, 2 * x + 3 * u + w + rng.normal(size=n), w, rng.integers(0, 40, n).astype(np.intp)


def test_two_stages_are_those_of_statsmodels_and_linearmodels(instrumented):
    i, j, x, y, w, clusters = instrumented
    Z, controls = np.column_stack([i, j]), np.column_stack([np.ones(len(x)), w])
    ours = two_stage(y, x, Z, controls)
    theirs = gmm.IV2SLS(y, np.column_stack([controls, x]), np.column_stack([controls, Z])).fit()
    assert ours.coefficient == pytest.approx(theirs.params[-1], rel=1e-9)
    robust = iv.IV2SLS(y, controls, x, Z).fit(cov_type="robust", debiased=True)
    assert ours.coefficient == pytest.approx(robust.params.iloc[-1], rel=1e-9)
    assert ours.variance == pytest.approx(robust.cov.iloc[-1, -1], rel=1e-9)
    grouped = iv.IV2SLS(y, controls, x, Z).fit(cov_type="clustered", clusters=clusters, debiased=True)
    many = clusters.max() + 1
    # linearmodels corrects a clustered variance by its own factors: (G / (G - 1)) (n - 1) / (n - k), as we do.
    assert two_stage(y, x, Z, controls, clusters=clusters).variance == pytest.approx(grouped.cov.iloc[-1, -1], rel=1e-6)
    assert many == 40
    weights = np.random.default_rng(2).random(len(x)) + 0.2
    weighted = iv.IV2SLS(y, controls, x, Z, weights=weights).fit(cov_type="robust", debiased=True)
    assert two_stage(y, x, Z, controls, weights).coefficient == pytest.approx(weighted.params.iloc[-1], rel=1e-9)


def test_an_instrument_answers_where_hidden_causes_leave_no_adjustment(instrumented):
    i, _, x, y, _, _ = instrumented
    rows = Table.of({"i": i, "x": x, "y": y})
    found = estimate_effect(BOW, rows, "x=2", "y", against="x=0")
    theirs = gmm.IV2SLS(y, sm.add_constant(x), sm.add_constant(i)).fit()
    assert found.estimate == pytest.approx(2 * theirs.params[1], rel=1e-9)
    assert found.low < 4 < found.high
    assert found.method == "2SLS"
    assert "instruments tell the effect (2SLS by i)" in found.because
    assert "whom the instrument moves" in found.because
    confounded = estimate_effect(Graph("x -> y; i -> x"), rows, "x=2", "y", against="x=0", resamples=40)
    assert [line.name for line in confounded.estimators][::2] == ["g-formula", "2SLS by i"]
    assert any("a hidden cause, or the instrument may be amiss" in told for told in confounded.warnings)
    assert "By other estimators:" in confounded.lines()


def test_instruments_that_are_weak_or_none_are_named(instrumented):
    i, j, _, _, w, _ = instrumented
    rng = np.random.default_rng(3)
    x = 0.02 * i + w + rng.normal(size=len(i))
    rows = Table.of({"i": i, "x": x, "y": x + 2 * w + rng.normal(size=len(i)), "j": j})
    found = estimate_effect(BOW, rows, "x=1", "y", against="x=0")
    weak = [told for told in found.warnings if told.startswith("the instrument is weak, F = ") and "below 10" in told]
    kept = anderson_rubin(rows.column("y"), x, i[:, None], np.ones((len(i), 1)))
    assert [told.endswith(f"holds however weak it is, is {in_words(kept)}") for told in weak] == [True]
    twice = estimate_effect(BOW, rows, "x=-2", "y", against="x=0").estimators[0].anderson_rubin
    wanted = sorted(tuple(sorted((-2 * low, -2 * high))) for low, high in kept)
    np.testing.assert_allclose(twice, wanted, rtol=1e-9)
    assert len(found.to_json()["estimators"][0]["anderson_rubin"]) == len(kept)
    with pytest.raises(OptionError, match="'i' is no instrument for x and y by the graph: i reaches y past x"):
        estimate_effect(Graph("i -> x -> y; i -> y"), rows, "x=1", "y", against="x=0", instrument="i")
    with pytest.raises(OptionError, match="by the graph i would do"):
        estimate_effect(Graph("i -> x -> y; x <-> y; j -> y"), rows, "x=1", "y", against="x=0", instrument="j")
    with pytest.raises(IdentifiabilityError, match=r"i would tell it as an instrument, .*: say --against what x"):
        estimate_effect(BOW, rows, "x=1", "y")
    with pytest.raises(OptionError, match="instruments tell a difference, and the scale is 'ratio'"):
        estimate_effect(BOW, rows, "x=1", "y", against="x=0", scale="ratio")
    three = rows.with_columns({"x": np.array(list("abc"))[np.arange(len(i)) % 3]})
    with pytest.raises(DataError, match="2SLS takes a number or two labels, and 'x' has 3"):
        estimate_effect(BOW, three, "x=a", "y", against="x=b")


def test_instruments_that_cannot_stand_beside_a_fit_are_told_and_refuse_nothing():
    rng = np.random.default_rng(0)
    w, i = rng.integers(0, 2, 600), rng.integers(0, 3, 600)
    x = np.clip(w + i + rng.integers(-1, 2, 600), 0, 2)
    rows = Table.of({"w": np.array(list("uv"))[w], "i": np.array(list("klm"))[i], "x": np.array(list("abc"))[x],
                     "y": x + 2.0 * w + rng.normal(size=600), "one": np.full(600, 2.5)})  # fmt: skip
    graph = Graph("i -> x -> y; w -> x; w -> y")
    found = estimate_effect(graph, rows, "x=b", "y", against="x=a", resamples=40)
    alone = estimate_effect(Graph("x -> y; w -> x; w -> y"), rows, "x=b", "y", against="x=a", resamples=40)
    assert "no 2SLS stands beside it: 2SLS takes a number or two labels, and 'x' has 3" in found.warnings
    assert (found.estimate, found.low, found.high) == (alone.estimate, alone.low, alone.high)
    assert [line.name for line in found.estimators] == ["g-formula", "AIPW, cross-fitted"]
    with pytest.raises(DataError, match="2SLS takes a number or two labels"):
        estimate_effect(graph, rows, "x=b", "y", against="x=a", instrument="i")
    two = rows.with_columns({"x": np.array(["no", "yes"])[x % 2]})
    idle = estimate_effect(Graph("one -> x -> y; w -> x; w -> y"), two, "x=yes", "y", against="x=no", resamples=40)
    assert any(told.startswith("no 2SLS stands beside it: ") for told in idle.warnings)


def test_what_the_treatment_causes_is_no_instrument_for_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    rows = Table.of({"x": x, "m": x + rng.normal(size=400), "y": 2 * x + rng.normal(size=400)})
    graph = Graph("x -> y; x -> m")
    found = estimate_effect(graph, rows, "x=1", "y", against="x=0", resamples=40)
    assert [line.name for line in found.estimators] == ["g-formula", "partialling out, cross-fitted"]
    with pytest.raises(OptionError, match="'m' is no instrument for x and y by the graph: x causes it"):
        estimate_effect(graph, rows, "x=1", "y", against="x=0", instrument="m")


def test_what_an_instrument_must_be_given_is_not_called_one(instrumented):
    i, j, x, y, _, _ = instrumented
    rows = Table.of({"i": i, "j": j, "x": x, "y": y})
    graph = Graph("i -> x -> y; x <-> y; j -> i; j -> y")
    with pytest.raises(OptionError, match=r"an instrument alone tells the effect \(i given j\)\. Leave out --refute"):
        estimate_effect(graph, rows, "x=1", "y", against="x=0", refute=True)


@pytest.mark.parametrize("many", [1, 2, 3])
@pytest.mark.parametrize("strength", [0.0, 0.1, 0.8])
@pytest.mark.parametrize("how", ["plain", "clusters", "weights"])
def test_the_interval_of_anderson_and_rubin_is_that_of_its_test_inverted_by_statsmodels(many, strength, how):
    rng = np.random.default_rng([many, int(10 * strength)])
    n = 150
    Z, (w, u) = rng.normal(size=(n, many)), rng.normal(size=(2, n))
    x = strength * Z.sum(axis=1) + u + 0.5 * w + rng.normal(size=n)
    y = 2 * x + 3 * u + w + rng.normal(size=n) * (1 + np.abs(Z[:, 0]))
    controls, X = np.column_stack([np.ones(n), w]), np.column_stack([np.ones(n), w, Z])
    clusters = rng.integers(0, 25, n).astype(np.intp) if how == "clusters" else None
    weights = rng.random(n) + 0.2 if how == "weights" else None
    kept = anderson_rubin(y, x, Z, controls, weights, clusters)
    kind = {"cov_type": "HC1"} if clusters is None else {"cov_type": "cluster", "cov_kwds": {"groups": clusters}}
    left = np.eye(2 + many)[2:]
    ends = [end + off for pair in kept for end in pair for off in (-1e-4, 1e-4) if np.isfinite(end)]
    for b in (*np.tan(np.linspace(-1.57, 1.57, 60)), *ends):
        fit = sm.WLS(y - b * x, X, weights=1.0 if weights is None else weights).fit(use_t=True, **kind)
        assert any(low <= b <= high for low, high in kept) == (fit.f_test(left).pvalue > 0.05), b


def test_an_interval_of_anderson_and_rubin_may_be_anything():
    rng = np.random.default_rng(0)
    z, u = rng.normal(size=(2, 300))
    one = np.ones((300, 1))
    assert in_words(anderson_rubin(z + u, rng.normal(size=300), rng.normal(size=(300, 1)), one)) == (
        "every number: the rows say nothing of the effect"
    )
    other = rng.normal(size=300)
    both = np.column_stack([z, other])  # one says 1, the other -5
    torn = anderson_rubin(z - 5 * other + u, z + other + u, both, one)
    assert (torn, in_words(torn)) == ((), "empty: no one effect agrees with all instruments")


def doubly(seed, n=8000, steep=1.2):
    """The chance of x is logistic in z; y bends in z in a way that no line or square follows."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = (rng.random(n) < 1 / (1 + np.exp(0.8 - steep * z))).astype(int)
    y = x + 3 * np.sin(2 * z) + rng.normal(size=n)
    return Table.of({"z": z, "x": YES[x], "y": y})


def contrast(rows, **more):
    return Columns.of(rows, Intervention(x="yes"), Intervention(x="no"), "y", None,
                      more.get("weights"), more.get("clusters"))  # fmt: skip


def test_aipw_is_right_where_the_outcome_is_modelled_wrong():
    ours, theirs = [], []
    for seed in range(8):
        rows = doubly(seed)
        line = beside(contrast(rows), ["z"], 0.95, 0)
        ours.append((line.estimate - 1) / ((line.high - line.low) / 3.92))
        z = rows.column("z")
        fit = least_squares(np.column_stack([np.ones(rows.n), rows.labels("x") == "yes", z, z**2]), rows.column("y"))
        theirs.append((fit.coefficients[1] - 1) / fit.covariance[1, 1] ** 0.5)
    # In standard errors; the mean of eight has one of .35.
    assert abs(np.mean(ours)) < 1
    assert abs(np.mean(theirs)) > 3


def test_partialling_out_is_a_loop_over_folds():
    rng = np.random.default_rng(0)
    z = rng.normal(size=300)
    x = z**2 + rng.normal(size=300)
    rows = Table.of({"z": z, "x": x, "y": 2 * x - z + rng.normal(size=300)})
    columns = Columns.of(rows, Intervention(x=3.0), Intervention(x=1.0), "y", None, None, None)
    line = beside(columns, ["z"], 0.95, 0)
    folds, Z = folds_of(columns, 0), sm.add_constant(np.column_stack([z, z**2]))
    v, e = np.empty(300), np.empty(300)
    for k in range(FOLDS):
        out = folds == k
        v[out] = x[out] - sm.OLS(x[~out], Z[~out]).fit().predict(Z[out])
        e[out] = rows.column("y")[out] - sm.OLS(rows.column("y")[~out], Z[~out]).fit().predict(Z[out])
    slope = (v * e).sum() / (v * v).sum()
    assert line.estimate == pytest.approx(2 * slope, rel=1e-9)
    score = v * (e - slope * v)
    error = np.sqrt((score**2).sum()) / (v * v).sum()
    assert (line.high - line.low) / 2 == pytest.approx(1.959964 * 2 * error, rel=3e-3)


def test_weights_and_clusters_reach_every_estimator():
    rows = doubly(1, 600, steep=0.5)
    weights = np.random.default_rng(0).random(600) + 0.5
    clusters = (np.arange(600) // 6).astype(np.intp)
    rows = rows.with_columns({"w": weights, "c": clusters.astype(float)})
    plain, other = (estimate_effect(Graph("z -> x -> y <- z"), rows, "x=yes", "y", against="x=no", resamples=30, **more)
                    for more in ({}, {"weights": "w", "cluster": "c"}))  # fmt: skip
    assert len(plain.estimators) == len(other.estimators) == 2
    assert all(a.estimate != b.estimate for a, b in zip(plain.estimators, other.estimators, strict=True))
    assert "whole clusters of c" in other.because
    twice = Table.of({n: np.concatenate([rows.labels(n)] * 2) for n in ("z", "x", "y")})
    folded = contrast(twice, clusters=np.tile(np.arange(600), 2).astype(np.intp))
    line, alone = beside(folded, ["z"], 0.95, 0), beside(contrast(twice), ["z"], 0.95, 0)
    assert line.high - line.low > 1.3 * (alone.high - alone.low), "rows that stand twice say no more than once"


def test_estimators_that_do_not_meet_are_told():
    rows = doubly(2)
    lines = estimate_effect(Graph("z -> x -> y <- z"), rows, "x=yes", "y", against="x=no", resamples=20).estimators
    shifted = [lines[0], type(lines[1])(lines[1].name, 9.0, 8.9, 9.1, "")]
    assert disagreement(lines) == []
    assert "AIPW, cross-fitted says 9 [8.9, 9.1], which does not meet g-formula" in disagreement(shifted)[0]
