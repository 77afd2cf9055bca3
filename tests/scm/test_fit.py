"""Fitted mechanisms recover known ones; missing rows, small tables and wrong choices."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.do import do, effect
from aitia.errors import CostError, DataError, GraphError, OptionError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.scm import (
    SCM,
    AdditiveNoise,
    Function,
    Gaussian,
    Laplace,
    Linear,
    Softmax,
    TableMechanism,
    random_dag,
    random_linear_scm,
)


def test_linear_coefficients_are_least_squares():
    scm = random_linear_scm(random_dag(6, 3, seed=2), seed=2, noise=Laplace(1.0))
    rows = scm.sample(500)
    fitted = SCM.fit(scm.graph, rows, mechanisms="linear")
    for name, mechanism in fitted.mechanisms.items():
        X = np.column_stack([np.ones(500), *(rows.column(p) for p in mechanism.parents)])
        beta = np.linalg.solve(X.T @ X, X.T @ rows.column(name))
        assert np.allclose([mechanism.intercept, *mechanism.coefficients], beta, atol=1e-10)


def test_auto_keeps_lines_straight_and_bends_what_is_bent():
    rng = np.random.default_rng(0)
    n = 1000
    x, z = rng.normal(size=(2, n))
    data = {
        "x": x,
        "z": z,
        "line": x - 2 * z + rng.laplace(size=n),
        "wave": np.sin(2 * x) + 0.3 * rng.normal(size=n),
        "gate": x * z + 0.3 * rng.normal(size=n),
    }
    scm = SCM.fit(Graph("x -> line <- z; x -> wave; x -> gate <- z"), data)
    kinds = {name: type(mechanism).__name__ for name, mechanism in scm.mechanisms.items()}
    assert kinds == {"x": "Linear", "z": "Linear", "line": "Linear", "wave": "AdditiveNoise", "gate": "AdditiveNoise"}
    for at in (-1.0, 0.0, 1.5):
        mean = do(scm, x=at).sample(4000).column("wave").mean()
        assert abs(mean - np.sin(2 * at)) < 0.1
    gate = do(scm, x=1.5, z=-1).sample(4000).column("gate")
    assert abs(gate.mean() + 1.5) < 0.2
    assert abs(gate.std() - 0.3) < 0.05
    # Far from the data the kernel's share vanishes and the trend goes on, here that of a product: about none.
    assert abs(do(scm, x=50, z=50).sample(10).column("gate").mean()) < 20


def test_chance_alone_rarely_bends_a_line():
    scm = random_linear_scm(random_dag(10, 3, seed=0), seed=0)
    kinds = [type(m) for seed in range(5) for m in SCM.fit(scm.graph, scm.sample(300, seed=seed)).mechanisms.values()]
    assert sum(kind is AdditiveNoise for kind in kinds) <= 2  # of 50


def test_the_effect_of_a_fitted_system_is_that_of_the_true_one(mixed):
    rows = mixed.sample(8000, seed=3)
    fitted = SCM.fit(mixed.graph, rows)
    for outcome in ("risk", "ill"):
        truth = effect(mixed, "dose=1", "dose=-1", outcome=outcome, n=20_000).estimate
        found = effect(fitted, "dose=1", "dose=-1", outcome=outcome, n=20_000, resamples=0)
        assert found.estimate == pytest.approx(truth, abs=0.05)


def test_tables_are_frequencies_with_or_without_smoothing():
    data = {"x": ["a", "a", "a", "b"], "y": ["n", "n", "y", "y"]}
    graph = Graph("x -> y")
    plain, smooth = SCM.fit(graph, data), SCM.fit(graph, data, smoothing=1)
    assert np.allclose(plain.mechanisms["y"].table, [[2 / 3, 1 / 3], [0, 1]])
    assert np.allclose(smooth.mechanisms["y"].table, [[3 / 5, 2 / 5], [1 / 3, 2 / 3]])
    assert plain.categories("y") == ("n", "y")


def test_parents_labels_never_seen_together_give_the_overall_frequencies():
    data = {"x": ["a", "a", "b", "b"], "z": ["p", "p", "p", "q"], "y": ["n", "y", "y", "y"]}
    table = SCM.fit(Graph("x -> y <- z"), data).mechanisms["y"].table
    assert np.allclose(table[0, 1], [0.25, 0.75])


def test_a_softmax_finds_the_weights_it_came_from():
    weights = np.array([[0.0, 1.0, -1.0], [0.0, 0.5, 0.5]])
    truth = Softmax(("x", "c"), weights, [0.0, 0.2, -0.3], (0, 2))
    parts = {"x": Linear(), "c": TableMechanism((), [0.4, 0.6]), "y": truth}
    rows = SCM(Graph("x -> y <- c"), parts).sample(20_000)
    found = SCM.fit(Graph("x -> y <- c"), rows).mechanisms["y"]
    assert isinstance(found, Softmax)
    contrast = found.weights - found.weights[:, :1]  # only differences between labels are identified
    assert np.abs(contrast - weights).max() < 0.12  # standard errors are about 0.025
    assert np.isfinite(
        SCM.fit(Graph("x -> y"), {"x": [-2.0, -1.0, 1.0, 2.0], "y": list("aabb")}).mechanisms["y"].weights
    ).all()


def test_each_family_uses_its_complete_rows():
    scm = SCM(Graph("x -> y -> z"), {"x": Linear(), "y": Linear(("x",), [2.0]), "z": Linear(("y",), [1.0])})
    rows = scm.sample(300)
    holes = np.where(np.arange(300) % 3 == 0, np.nan, rows.column("z"))
    fitted = SCM.fit(scm.graph, rows.with_columns({"z": holes}), mechanisms="linear")
    whole = SCM.fit(scm.graph, rows, mechanisms="linear")
    part = SCM.fit(scm.graph, rows.take(np.arange(300) % 3 != 0), mechanisms="linear")
    assert fitted.mechanisms["y"].coefficients == whole.mechanisms["y"].coefficients
    assert fitted.mechanisms["z"].coefficients == pytest.approx(part.mechanisms["z"].coefficients)


def test_any_regressor_of_scikit_learn_may_serve():
    ensemble = pytest.importorskip("sklearn.ensemble")
    x = np.random.default_rng(0).normal(size=400)
    data = {"x": x, "y": np.where(x > 0, 3.0, 0.0) + 0.1 * np.random.default_rng(1).normal(size=400)}
    forest = ensemble.RandomForestRegressor(20, min_samples_leaf=5, random_state=0)
    scm = SCM.fit(Graph("x -> y"), data, mechanisms={"y": forest})
    assert not hasattr(forest, "estimators_"), "the user's own object was fitted"
    found = effect(scm, "x=1", "x=-1", outcome="y", n=1000, resamples=3)
    assert found.estimate == pytest.approx(3, abs=0.1)
    assert found.low < found.estimate < found.high, "the user's regressor is fitted again"
    assert not scm.mechanisms["y"].saveable


def test_a_finished_mechanism_is_taken_as_it_is():
    own = Function(("x",), lambda x, u: x + u)
    assert (
        SCM.fit(Graph("x -> y"), {"x": np.arange(30.0), "y": np.arange(30.0)}, mechanisms={"y": own}).mechanisms["y"]
        is own
    )


def test_the_same_seed_fits_the_same_system_and_the_table_is_left_alone():
    x = np.random.default_rng(0).normal(size=1500)
    table = Table.of({"x": x, "y": np.cos(2 * x) + 0.1 * x})
    before = table.hash()
    first, second = (SCM.fit(Graph("x -> y"), table, seed=3).sample(50) for _ in range(2))
    assert first == second
    assert table.hash() == before
    gaussian = SCM.fit(Graph("x -> y"), table, noise="gaussian").mechanisms["x"]
    assert isinstance(gaussian.noise, Gaussian)


@pytest.mark.parametrize(
    ("graph", "data", "options", "error", "sentence"),
    [
        ("x --- y", {}, {}, GraphError, "needs a DAG"),
        ("x -> w", {}, {}, UnknownVariableError, "'w' is not a variable of this table"),
        ("x -> y", {}, {"mechanisms": {"w": "linear"}}, UnknownVariableError, "'w'"),
        ("x -> y", {}, {"mechanisms": "cubic"}, OptionError, "is one of auto, linear, nonlinear, softmax, table"),
        ("x -> y", {}, {"mechanisms": {"y": "table"}}, OptionError, "'y' is continuous and takes no 'table'"),
        ("x -> c", {}, {"mechanisms": {"c": "table"}}, OptionError, "'c' has a continuous parent"),
        ("x -> y", {}, {"noise": "cauchy"}, OptionError, "noise is 'empirical' or 'gaussian'"),
        ("x -> y", {}, {"smoothing": -1}, OptionError, "smoothing is zero or more"),
        ("x -> y", {"y": [np.nan] * 20}, {}, DataError, "no row has 'y'"),
        ("x -> y", {"y": [1.5, 2.5] + [np.nan] * 18}, {}, DataError, "1 columns of parents and 2 complete rows"),
    ],
)
def test_what_cannot_be_fitted_is_refused(graph, data, options, error, sentence):
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=20), "y": rng.normal(size=20), "c": list("ab") * 10, **data}
    with pytest.raises(error, match=sentence):
        SCM.fit(Graph(graph), table, **options)


def test_a_table_too_large_to_hold_is_refused_with_its_size():
    rng = np.random.default_rng(0)
    data = {f"p{i}": rng.integers(0, 10, 100).astype(str) for i in range(7)}
    with pytest.raises(CostError, match="has 10,000,000 cells, at most 2,000,000"):
        SCM.fit(Graph([(f"p{i}", "p6") for i in range(6)]), data)
