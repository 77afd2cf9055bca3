"""Probes and directions: against scikit-learn, and where (1) holds exactly and everything is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression

from aitia.systems.next_token_concepts.reading import Concept
from aitia.systems.next_token_concepts.readout import (
    Readout,
    agreement,
    fit_logistic,
    linear_r2,
    read_out,
    shuffled_sides,
)


@settings(deadline=None, max_examples=20)
@given(n=st.integers(6, 40), d=st.integers(1, 60), ridge=st.floats(0.05, 20), seed=st.integers(0, 10**6))
def test_the_probe_is_scikit_learns(n, d, ridge, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), np.arange(n) % 2
    weights, bias = fit_logistic(x, y.astype(float), ridge)
    other = LogisticRegression(C=1 / ridge, tol=1e-8, max_iter=500, solver="newton-cholesky").fit(x, y)
    assert np.allclose(weights, other.coef_[0], atol=1e-4)
    assert bias == pytest.approx(float(other.intercept_[0]), abs=1e-4)


def test_weights_stay_finite_where_classes_come_apart():
    x = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    weights, bias = fit_logistic(x, np.array([0.0, 0.0, 1.0, 1.0]), 1.0)
    assert 0.5 < weights[0] < 3
    assert abs(bias) < 1e-6


def exact(concepts, width, pairs, seed):
    """f(x) = sum_k a_k l_k + b without noise, in pairs whose log-odds of one concept alone change sign."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((concepts, width)), rng.standard_normal(width)
    states, each = [], []
    for k in range(concepts):
        log_odds = rng.choice((-1, 1), (pairs, concepts)) * rng.uniform(1, 3, (pairs, concepts))
        for side in (-1, 1):
            log_odds[:, k] = side * np.abs(log_odds[:, k])
            states.append(log_odds @ a + b)
        start = 2 * k * pairs
        rows = np.arange(start, start + pairs)
        each.append(Concept(f"c{k}", rows, rows + pairs, True))
    half = pairs // 2
    first = [c.take(np.arange(half), np.arange(half)) for c in each]
    second = [c.take(np.arange(half, pairs), np.arange(half, pairs)) for c in each]
    return np.concatenate(states), (first, second), a


def test_where_states_are_linear_in_log_odds_directions_are_the_columns_of_a():
    states, halves, a = exact(4, 12, 60, seed=1)
    found = read_out(states, halves, 1.0)
    for k in range(4):
        cosine = found.directions[k] @ a[k] / np.linalg.norm(found.directions[k]) / np.linalg.norm(a[k])
        assert cosine == pytest.approx(1, abs=1e-9)


def test_there_a_probe_lies_along_the_dual_direction_of_its_concept():
    """Where log-odds are independent of each other, the best probe is blind to all but its own."""
    rng = np.random.default_rng(2)
    a = rng.standard_normal((3, 3))
    log_odds = 2 * rng.standard_normal((20_000, 3))
    truth = rng.random((20_000, 3)) < 1 / (1 + np.exp(-log_odds))  # so that l_k is the log-odds of concept k
    concepts = [Concept(f"c{k}", np.flatnonzero(~truth[:, k]), np.flatnonzero(truth[:, k]), False) for k in range(3)]
    found = read_out(log_odds @ a, (concepts, concepts), 1.0)
    assert np.allclose(found.probes @ a.T, np.eye(3), atol=0.1)  # the probe says the log-odds themselves
    assert np.abs(found.intercepts).max() < 0.1


def test_shuffled_sides_have_nothing_to_find():
    states, halves, _ = exact(5, 40, 80, seed=3)
    real = agreement(read_out(states, halves, 1.0).products)
    null = [agreement(read_out(states, shuffled_sides(halves, k), 1.0).products) for k in range(10)]
    assert real > 0.3
    assert abs(np.mean(null)) < 0.1 < real


def test_labels_are_shuffled_within_the_texts_of_a_concept():
    concept = Concept("c", np.array([0, 1, 2]), np.array([5, 6]), False)
    (first,), _ = shuffled_sides(((concept,), (concept,)), 3)
    assert sorted(first.rows.tolist()) == [0, 1, 2, 5, 6]
    assert len(first.with_it) == 2


def test_directions_of_labelled_texts_are_regression_coefficients():
    # Two concepts that go together: a mean difference would mix them, a regression does not.
    rng = np.random.default_rng(5)
    c = rng.random(4000) < 0.5
    other = np.where(rng.random(4000) < 0.9, c, ~c)
    a = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 1.0]])
    states = np.stack([c, other], axis=1) @ a + 0.01 * rng.standard_normal((4000, 3))
    both = [Concept("c", np.flatnonzero(~c), np.flatnonzero(c), False),
            Concept("other", np.flatnonzero(~other), np.flatnonzero(other), False)]  # fmt: skip
    found = read_out(states, (both, both), 1.0).directions
    assert np.allclose(found, a, atol=0.01)
    wanted = LinearRegression().fit(np.stack([c, other], axis=1), states).coef_.T
    assert np.allclose(found, wanted, atol=1e-8)


def test_agreement_is_the_diagonal_less_the_rest():
    assert agreement(np.array([[0.9, -0.1], [0.3, 0.7]])) == pytest.approx(0.8 - 0.2)
    assert agreement(np.array([[0.5]])) == 0.5
    assert Readout(np.eye(2), np.zeros(2), 3 * np.eye(2)).products.tolist() == [[1, 0], [0, 1]]


def test_r2_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((80, 5)), rng.standard_normal((80, 2))
    y[:, 0] += x[:, 1]
    fit = LinearRegression().fit(x[:40], y[:40])
    error = np.square(y[40:] - fit.predict(x[40:])).sum()
    assert linear_r2(x[:40], y[:40], x[40:], y[40:]) == pytest.approx(
        1 - error / np.square(y[40:] - y[40:].mean(axis=0)).sum()
    )
