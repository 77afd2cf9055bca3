"""The tests of one level by arrays and by loops: the same answer to the bit, and to the test that is collinear."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.stats.search._fisher_z_kernel import by_arrays, level


def asked(p, seed, size, copies):
    """What both are given: random adjacencies and correlations, the first columns alike where there are copies."""
    rng = np.random.default_rng(seed)
    near = np.triu(rng.random((p, p)) < 0.7, 1)
    near = near | near.T
    x = rng.normal(size=(40, p)) @ rng.normal(size=(p, p))
    if copies and p > 2:
        x[:, 1] = x[:, 0]
    correlation = np.corrcoef(x.T)
    start = np.concatenate([[0], near.sum(axis=1).cumsum()]).astype(np.int64)
    neighbors = np.argwhere(near)[:, 1].astype(np.int64)
    packed = np.zeros((p, 8), np.uint8)
    packed[:, : (p + 7) // 8] = np.packbits(near, axis=1, bitorder="little")
    locked = rng.random(len(neighbors)) < 0.2
    return correlation, start, neighbors, size, 0.1, locked, packed.view(np.uint64)


def answer(function, later, correlation, start, neighbors, size, threshold, locked, rows):
    apart, least = np.zeros(len(neighbors), np.bool_), np.full(len(neighbors), np.inf)
    least_set = np.full((len(neighbors), size), -1, np.int64)
    nodes, tied = np.arange(len(correlation)), np.zeros(len(neighbors), np.bool_)
    count, x = function(
        nodes, correlation, start, neighbors, size, threshold, later, locked, apart, least, least_set, tied, rows
    )
    return count, x, apart, least, least_set


@given(p=st.integers(2, 9), seed=st.integers(0, 9999), size=st.integers(1, 4), later=st.booleans())
@settings(deadline=None, max_examples=150)
def test_arrays_and_loops_give_the_same_bits(p, seed, size, later):
    given_ = asked(p, seed, size, copies=False)
    ours, plain = answer(by_arrays, later, *given_), answer(level, later, *given_)
    assert ours[:2] == plain[:2]
    for mine, theirs in zip(ours[2:], plain[2:], strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_both_find_the_same_collinear_set(size):
    for seed in range(20):
        given_ = asked(6, seed, size, copies=True)
        ours, plain = answer(by_arrays, True, *given_), answer(level, True, *given_)
        assert ours[1] == plain[1]
        if (x := plain[1]) >= 0:
            first = given_[1][x]
            assert set(ours[4][first].tolist()) == set(plain[4][first].tolist())
