"""Shares of halves are calibrated on worlds of known truth, where rows drawn with replacement are not."""

from functools import cache

import numpy as np
import pytest

from aitia.graph import Graph, cpdag
from aitia.stats.bootstrap import EdgeFrequencies
from aitia.systems.pc.model import PC

SAMPLES = 20


def repeated(x, search, rng):
    """The usual bootstrap, from the same learner."""
    return EdgeFrequencies.of([search.fit(x[rng.integers(0, len(x), len(x))]).graph_ for _ in range(SAMPLES)])


def world(seed, edges=True):
    """A linear Gaussian table of fourteen columns with ten edges or so, and its DAG."""
    rng = np.random.default_rng(seed)
    p, n = 14, int(rng.choice([200, 500, 1000]))
    there = np.triu(rng.random((p, p)) < 0.11, 1) & edges
    weights = there * rng.uniform(0.15, 0.9, (p, p)) * rng.choice([-1, 1], (p, p))
    x = np.zeros((n, p))
    for j in range(p):
        x[:, j] = x @ weights[:, j] + rng.normal(size=n)
    names = [f"x{k}" for k in range(p)]
    return x, Graph([(names[i], names[j]) for i, j in np.argwhere(there)], names), rng


@cache
def shares_of_nothing():
    """The mean share of pairs that are independent, in halves and in rows drawn with replacement."""
    halves, drawn = [], []
    for seed in range(12):
        x, graph, rng = world(seed, edges=False)
        search = PC(test="fisher-z", max_depth=0)
        search.fit(x)
        pairs = [(a, b) for k, a in enumerate(graph.nodes) for b in graph.nodes[:k]]
        of = search.resample(SAMPLES)
        halves += [of.share(*pair) for pair in pairs]
        of = repeated(x, search, rng)
        drawn += [of.share(*pair) for pair in pairs]
    return np.mean(halves), np.mean(drawn)


def test_independent_pairs_are_joined_as_often_as_the_level_says():
    halves, _ = shares_of_nothing()
    # 1,092 pairs: a half has each with probability .05, and shares of a pair have a deviation of .12 or so.
    assert halves == pytest.approx(0.05, abs=0.02)


def test_rows_that_repeat_join_them_three_times_as_often():
    # By hand: the statistic has twice the variance, and P(|N(0, 2)| > 1.96) = .166.
    _, drawn = shares_of_nothing()
    assert drawn == pytest.approx(0.166, abs=0.035)


def distance(told):
    """The mean distance of share and truth over intervals of shares, each by how many it holds."""
    shares, truths = np.array(told, float).T
    place = np.digitize(shares, [0.025, 0.125, 0.375, 0.625, 0.875])
    parts = [place == k for k in range(6)]
    return sum(abs(shares[at].mean() - truths[at].mean()) * at.sum() for at in parts if at.any()) / len(shares)


def test_of_the_directions_that_some_share_of_the_halves_has_about_that_part_is_true():
    halves, drawn = [], []
    for seed in range(100, 116):
        x, graph, rng = world(seed)
        true = cpdag(graph)
        search = PC(test="fisher-z").fit(x)
        for told, of in ((halves, search.resample(SAMPLES)), (drawn, repeated(x, search, rng))):
            told += [(of.directed(a, b), a in true.parents(b)) for a in graph.nodes for b in graph.nodes if a != b]
    assert distance(halves) < 0.02
    assert distance(halves) < 0.8 * distance(drawn)
