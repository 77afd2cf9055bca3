"""The same numbers as dowhy and DoubleML on the same rows: regression, weighting, instruments, refutations."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn.linear_model import LinearRegression, LogisticRegression

from aitia.data.table import Table
from aitia.discovery import estimate_effect
from aitia.discovery.effects.contrast import point
from aitia.discovery.effects.estimators import FOLDS, Columns, beside, columns_of
from aitia.discovery.effects.estimators import _folds as folds_of
from aitia.discovery.effects.job import Job
from aitia.discovery.effects.refute import _placebos as placebos_of
from aitia.discovery.effects.regression import RIDGE
from aitia.do import Intervention
from aitia.graph import Graph

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import doubleml
    import dowhy

pytestmark = pytest.mark.filterwarnings("ignore")
"""Of the peers: what they call themselves is no longer what their own requirements call it."""
N = 500
YES = np.array(["no", "yes"])
GRAPH = "z -> x -> y; z -> y"


@pytest.fixture(scope="module")
def rows():
    """One cause z of what is set, a number x or a label b, and of the outcomes y and l."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=N)
    x = z + rng.normal(size=N)
    b = (rng.random(N) < 1 / (1 + np.exp(-0.5 * z))).astype(int)  # every chance between .01 and .99: they cut both
    label = (rng.random(N) < 1 / (1 + np.exp(0.5 - b - 0.5 * z))).astype(int)
    y = 2 * x - z + rng.normal(size=N)
    return Table.of({"z": z, "x": x, "y": y, "b": YES[b], "yb": b - z + rng.normal(size=N), "l": YES[label]})


class Logistic(LogisticRegression):
    """That of scikit-learn with our ridge, so that both have the same learners."""

    def __init__(self):
        super().__init__(tol=1e-12, max_iter=10_000, solver="newton-cholesky")

    def fit(self, X, y):
        self.C, self.spread_ = 1 / (RIDGE * len(X)), X.std(axis=0)
        return super().fit(X / self.spread_, y)

    def predict_proba(self, X):
        return super().predict_proba(X / self.spread_)


def of_dowhy(frame, graph, treatment, outcome):
    """Their model, and the estimand that they identify."""
    dot = "digraph {" + graph.replace("<->", "->") + "}"
    model = dowhy.CausalModel(frame, treatment, outcome, graph=dot)
    return model, model.identify_effect(proceed_when_unidentifiable=True)


def frame_of(rows, *names):
    return pd.DataFrame({n: rows.column(n) if rows.continuous(n) else rows.labels(n) == "yes" for n in names})


def test_a_regression_on_the_adjustment_set_is_that_of_dowhy(rows):
    model, estimand = of_dowhy(frame_of(rows, "z", "x", "y"), GRAPH, "x", "y")
    theirs = model.estimate_effect(estimand, method_name="backdoor.linear_regression", target_units="ate")
    ours = estimate_effect(Graph(GRAPH), rows, "x=3", "y", against="x=1", resamples=0)
    assert estimand.get_backdoor_variables() == ["z"]
    assert "Adjusting for z" in ours.because
    assert ours.estimate == pytest.approx(2 * theirs.value, rel=1e-9)


def test_two_stages_are_those_of_dowhy():
    rng = np.random.default_rng(1)
    i, u = rng.normal(size=(2, N))
    x = 0.7 * i + u + rng.normal(size=N)
    data = {"i": i, "x": x, "y": 2 * x + 3 * u + rng.normal(size=N)}
    model, estimand = of_dowhy(pd.DataFrame(data), "i -> x; x -> y; u -> x; u -> y", "x", "y")
    theirs = model.estimate_effect(estimand, method_name="iv.instrumental_variable")
    ours = estimate_effect(Graph("i -> x -> y; x <-> y"), Table.of(data), "x=1", "y", against="x=0")
    assert estimand.get_instrumental_variables() == ["i"]
    assert ours.method == "2SLS"
    assert ours.estimate == pytest.approx(theirs.value, rel=1e-9)


def of_doubleml(rows, columns, model, learners):
    """Their estimate and error with our columns and our folds."""
    Z = columns_of(columns.table, ["z"])[:, 1:]
    x = rows.column(columns.target)
    data = doubleml.DoubleMLData.from_arrays(Z, columns.outcome, x)
    theirs = model(data, *learners, n_folds=FOLDS)
    folds = folds_of(columns, 0)
    theirs.set_sample_splitting([(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(FOLDS)])
    theirs.fit()
    return float(theirs.coef[0]), float(theirs.se[0])


def columns_to(rows, target, sides, outcome, label=None):
    done, against = (Intervention({target: side}) for side in sides)
    return Columns.of(rows, done, against, outcome, label, None, None)


def same(line, theirs, relative):
    """The estimate, and the interval but for its n / (n - 1)."""
    estimate, error = theirs
    assert line.estimate == pytest.approx(estimate, rel=relative)
    half = 1.959963985 * error * np.sqrt(N / (N - 1))
    np.testing.assert_allclose((line.low, line.high), (estimate - half, estimate + half), rtol=relative)


def test_partialling_out_is_the_partially_linear_regression_of_doubleml(rows):
    columns = columns_to(rows, "x", (1.0, 0.0), "y")
    learners = (LinearRegression(), LinearRegression())
    same(beside(columns, ["z"], 0.95, 0), of_doubleml(rows, columns, doubleml.DoubleMLPLR, learners), 1e-7)


@pytest.mark.parametrize("outcome", ["yb", "l"])
def test_aipw_is_the_interactive_regression_of_doubleml(rows, outcome):
    label = "yes" if outcome == "l" else None
    columns = columns_to(rows, "b", ("yes", "no"), outcome, label)
    learners = (LinearRegression() if label is None else Logistic(), Logistic())
    same(beside(columns, ["z"], 0.95, 0), of_doubleml(rows, columns, doubleml.DoubleMLIRM, learners), 1e-7)


def test_aipw_lies_within_an_error_of_the_weighting_of_dowhy(rows):
    model, estimand = of_dowhy(frame_of(rows, "z", "b", "yb"), "z -> b; b -> yb; z -> yb", "b", "yb")
    theirs = model.estimate_effect(
        estimand, method_name="backdoor.propensity_score_weighting", method_params={"weighting_scheme": "ips_weight"}
    )
    line = beside(columns_to(rows, "b", ("yes", "no"), "yb"), ["z"], 0.95, 0)
    assert abs(line.estimate - theirs.value) < (line.high - line.low) / 3.92


def test_refutations_come_to_what_those_of_dowhy_come_to(rows):
    model, estimand = of_dowhy(frame_of(rows, "z", "x", "y"), GRAPH, "x", "y")
    effect = model.estimate_effect(estimand, method_name="backdoor.linear_regression")
    ours = estimate_effect(Graph(GRAPH), rows, "x=1", "y", against="x=0", resamples=20, refute=True)
    found = {line.name: line.values for line in ours.refutations}

    def theirs(method, **more):
        np.random.seed(0)  # noqa: NPY002 - they draw from it
        return model.refute_estimate(estimand, effect, method_name=method, num_simulations=20, **more).new_effect

    sd = found["placebo treatment"]["sd"]
    placebo = theirs("placebo_treatment_refuter", placebo_type="permute")
    assert abs(found["placebo treatment"]["mean"] - placebo) < 4 * sd * np.sqrt(2 / 20)
    assert found["subsets"]["least"] < theirs("data_subset_refuter", subset_fraction=0.8) < found["subsets"]["most"]
    moved = abs(theirs("random_common_cause") - effect.value)
    assert moved < 0.01 > found["random common cause"]["moved"]


def test_placebos_are_spread_as_those_of_dowhy(rows):
    model, estimand = of_dowhy(frame_of(rows, "z", "x", "y"), GRAPH, "x", "y")
    effect = model.estimate_effect(estimand, method_name="backdoor.linear_regression")
    np.random.seed(1)  # noqa: NPY002 - they draw from it
    one = {"method_name": "placebo_treatment_refuter", "placebo_type": "permute", "num_simulations": 1}
    theirs = [model.refute_estimate(estimand, effect, **one).new_effect for _ in range(60)]
    table, sides = rows.select(["z", "x", "y"]), (Intervention(x=1.0), Intervention(x=0.0))
    ours: list[float] = []
    for seed in range(3):
        job = Job(Graph(GRAPH), table, *sides, "y", None, 100, seed)
        ours += placebos_of(job, lambda other: point(other.means(None), "difference")).tolist()
    assert len(ours) == 60
    assert ks_2samp(theirs, ours).pvalue > 0.01
