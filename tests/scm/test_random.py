"""Random families: their shape, their seeds, and the sortability that they claim; closed forms of linear systems."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.do import Intervention, Normal, Scale, Shift, Uniform, do
from aitia.errors import DataError, GraphError, OptionError
from aitia.graph.graph import Graph
from aitia.scm import (
    SCM,
    Laplace,
    linear_moments,
    r2_sortability,
    random_dag,
    random_discrete_scm,
    random_linear_scm,
    random_nonlinear_scm,
    sortabilities,
    total_effect,
    varsortability,
)


@given(d=st.integers(1, 20), share=st.floats(0, 1), kind=st.sampled_from(["er", "sf"]), seed=st.integers(0, 99))
def test_random_graphs_are_dags_and_a_seed_gives_one(d, share, kind, seed):
    graph = random_dag(d, share * (d - 1), kind, seed=seed)
    assert graph.is_dag
    assert len(graph) == d
    assert graph == random_dag(d, share * (d - 1), kind, seed=seed)


def test_the_degree_is_as_asked_and_names_say_nothing_of_the_order():
    graphs = [random_dag(40, 4, seed=s) for s in range(30)]
    degree = np.mean([2 * len(g.edges) / 40 for g in graphs])
    assert abs(degree - 4) < 0.15  # standard error 0.045
    forward = np.mean([g.index(e.left) < g.index(e.right) for g in graphs for e in g.edges])
    assert abs(forward - 0.5) < 0.06
    hubs = [max(len(g.adjacent(v)) for v in g) for g in (random_dag(200, 4, "sf", seed=s) for s in range(5))]
    assert min(hubs) > 15  # Erdős-Rényi of this degree has at most about 12


def test_linear_families_have_the_sortability_that_they_state():
    raw, level, r2 = [], [], []
    for seed in range(10):
        graph = random_dag(20, 4, seed=seed)
        rows = random_linear_scm(graph, standardized=False, seed=seed).sample(2000, seed=seed)
        raw.append(varsortability(rows, graph))
        even = random_linear_scm(graph, seed=seed)
        rows = even.sample(2000, seed=seed)
        level.append(varsortability(rows, graph))
        r2.append(r2_sortability(rows, graph))
        assert np.allclose(np.diagonal(linear_moments(even)[1]), 1)
    assert np.mean(raw) > 0.9
    assert abs(np.mean(level) - 0.5) < 0.08
    assert abs(np.mean(r2) - 0.5) < 0.2


def test_nonlinear_systems_have_variances_near_one():
    graph = random_dag(10, 3, seed=1)
    scm = random_nonlinear_scm(graph, seed=1)
    rows = scm.sample(5000, seed=1)
    assert all(0.6 < rows.column(v).var() < 1.6 for v in graph)


@pytest.mark.parametrize("make", [random_linear_scm, random_discrete_scm, random_nonlinear_scm])
def test_a_seed_gives_one_system(make):
    graph = random_dag(5, 2, seed=0)
    assert make(graph, seed=4).sample(20) == make(graph, seed=4).sample(20)
    assert make(graph, seed=4).sample(20) != make(graph, seed=5).sample(20)
    with pytest.raises(GraphError, match="DAG"):
        make(Graph("x --- y"))


def test_sortability_by_hand():
    # x -> y -> z with variances 1, 4, 2: paths x-y rising, y-z falling, x-z rising, so 2 of 3.
    base = np.array([1.0, -1.0, 1.0, -1.0])
    data = {"x": base, "y": 2 * base, "z": np.sqrt(2) * base}
    assert varsortability(data, Graph("x -> y -> z")) == pytest.approx(2 / 3)
    assert varsortability({"x": base, "y": base}, Graph("x -> y")) == 0.5
    # Two paths of different length count once each: x -> z and x -> y -> z make four pairs, three rising.
    assert varsortability(data, Graph("x -> y -> z; x -> z")) == pytest.approx(3 / 4)
    assert np.isnan(varsortability(data, Graph("x; y; z")))


def _as_published(score, adjacency):
    """Equation 1 of Reisach et al. (2021), with a matrix product for every path length."""
    pairs, right, paths = 0, 0.0, np.eye(len(score), dtype=object)
    for _ in score:
        paths = paths @ adjacency.astype(object)
        for i, j in np.argwhere(paths.astype(bool)):
            pairs += 1
            right += 0.5 if np.isclose(score[i], score[j], rtol=1e-9) else float(score[j] > score[i])
    return right / pairs


@pytest.mark.parametrize(("nodes", "degree"), [(3, 1), (9, 2), (40, 3), (66, 8)])
def test_both_sortabilities_are_the_published_formula(nodes, degree):
    for seed in range(3):
        graph = random_dag(nodes, degree, seed=seed)
        x = random_linear_scm(graph, standardized=False, seed=seed).sample(200).matrix()
        centred = x - x.mean(axis=0)
        left = [
            ((y := centred[:, k]) - (rest := np.delete(centred, k, 1)) @ np.linalg.lstsq(rest, y)[0]).var() / y.var()
            for k in range(nodes)
        ]
        both = sortabilities(dict(zip(graph.nodes, x.T, strict=True)), graph)
        assert both == pytest.approx(
            (_as_published(x.var(axis=0), graph.adjacency), _as_published(1 - np.array(left), graph.adjacency))
        )
        x[:, 1], x[:, 2] = 1 - x[::-1, 0], x[::-1, 0] + 4  # three columns of one variance
        tied = dict(zip(graph.nodes, x.T, strict=True))
        assert varsortability(tied, graph) == pytest.approx(_as_published(x.var(axis=0), graph.adjacency))
        assert sortabilities(tied, graph)[0] == varsortability(tied, graph)


def test_r2_sortability_does_not_depend_on_units_and_varsortability_does():
    graph = random_dag(8, 3, seed=3)
    rows = random_linear_scm(graph, standardized=False, seed=3).sample(500)
    scaled = {v: rows.column(v) / (1 + i) ** 3 for i, v in enumerate(graph)}
    assert r2_sortability(scaled, graph) == pytest.approx(r2_sortability(rows, graph))
    unit = {v: rows.column(v) / rows.column(v).std() for v in graph}
    assert varsortability(unit, graph) == pytest.approx(0.5)
    X = rows.matrix()
    for i in range(3):  # the score is the R2 of a regression: check the shortcut through the inverse
        others = np.column_stack([np.ones(500), np.delete(X, i, axis=1)])
        rest = X[:, i] - others @ np.linalg.lstsq(others, X[:, i], rcond=None)[0]
        inverse = np.linalg.inv(np.corrcoef(X, rowvar=False))
        assert 1 - rest.var() / X[:, i].var() == pytest.approx(1 - 1 / inverse[i, i])


def test_bad_arguments_are_refused():
    for arguments in ((0,), (3, 5), (3, -1), (3, 1, "tree")):
        with pytest.raises(OptionError):
            random_dag(*arguments)
    with pytest.raises(OptionError, match="0 < low"):
        random_linear_scm(Graph("x"), weights=(0.0, 1.0))
    with pytest.raises(OptionError, match="two or more"):
        random_discrete_scm(Graph("x"), 1)
    with pytest.raises(OptionError, match="share between 0 and 1"):
        random_nonlinear_scm(Graph("x"), explained=1.0)
    with pytest.raises(DataError, match="'y' is constant"):
        r2_sortability({"x": [1.0, 2.0], "y": [1.0, 1.0]}, Graph("x -> y"))
    with pytest.raises(DataError, match="one number a row"):
        varsortability({"x": list("ab"), "y": [1.0, 2.5]}, Graph("x -> y"))
    with pytest.raises(GraphError, match="DAG"):
        varsortability({"x": [1.0, 2.0], "y": [1.0, 1.0]}, Graph("x --- y"))


# -- closed forms -----------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 500))
def test_the_total_effect_is_the_difference_of_two_fixed_means(seed):
    scm = random_linear_scm(random_dag(5, 3, seed=seed), seed=seed)
    cause, outcome = scm.graph.nodes[:2]
    means = [linear_moments(do(scm, {cause: value}))[0][outcome] for value in (1.0, 0.0)]
    assert total_effect(scm, cause, outcome) == pytest.approx(means[0] - means[1], abs=1e-12)
    if outcome not in scm.graph.descendants(cause):
        assert total_effect(scm, cause, outcome) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("action", [2.0, Shift(1.0), Scale(-2.0), Normal(1.0, 2.0), Uniform(0.0, 3.0)])
def test_moments_agree_with_sampling_under_every_action(action):
    scm = do(random_linear_scm(random_dag(5, 3, seed=9), noise=Laplace(1.5), seed=9), Intervention(x3=action))
    n = 100_000
    rows = scm.sample(n).matrix()
    means, covariance = linear_moments(scm)
    sd = np.sqrt(np.diagonal(covariance))
    assert (np.abs(rows.mean(axis=0) - list(means.values())) <= 5 * sd / np.sqrt(n) + 1e-9).all()
    # A sample covariance has a standard error of at most sd_i sd_j sqrt(kurtosis / n); Laplace has kurtosis 6.
    assert (np.abs(np.cov(rows, rowvar=False) - covariance) <= 5 * np.outer(sd, sd) * np.sqrt(6 / n) + 1e-9).all()


def test_closed_forms_need_lines(mixed):
    with pytest.raises(OptionError, match="linear in numbers"):
        linear_moments(mixed)


def test_a_shift_of_a_held_variable_has_no_effect_beyond_it():
    scm = SCM.fit(Graph("x -> y"), {"x": np.arange(20.0), "y": 2 * np.arange(20.0) + 1}, mechanisms="linear")
    assert linear_moments(do(scm, x=3))[0]["y"] == pytest.approx(7)
