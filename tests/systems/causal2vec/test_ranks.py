"""Ranks, hits and gains, held against their definitions and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from aitia.errors import DataError, OptionError
from aitia.systems.causal2vec.ranks import hits, ndcg, ranks_of_own


@given(st.integers(1, 20), st.integers(2, 30), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_gain_of_one_right_answer_is_that_of_scikit_learn(n, candidates, k, seed):
    random = np.random.default_rng(seed)
    near, own = random.random((n, candidates)), random.integers(candidates, size=n)
    right = np.zeros((n, candidates))
    right[np.arange(n), own] = 1
    ranks = ranks_of_own(near, own)
    assert ndcg(ranks, k) == pytest.approx(ndcg_score(right, near, k=k))
    assert hits(ranks, k) == pytest.approx(np.mean([own[i] in np.argsort(-near[i])[:k] for i in range(n)]))


def test_what_is_as_near_stands_before_the_right_one():
    assert ranks_of_own(np.ones((2, 4)), [0, 3]).tolist() == [4, 4]


def test_bad_numbers_are_refused():
    with pytest.raises(DataError, match="1 right candidates are told of similarities of shape"):
        ranks_of_own(np.ones((2, 4)), [0])
    with pytest.raises(DataError, match="there are 4 candidates, and one numbered 4"):
        ranks_of_own(np.ones((1, 4)), [4])
    with pytest.raises(OptionError, match="k is 1 or more"):
        hits(np.array([1]), 0)
    with pytest.raises(DataError, match="no query"):
        ndcg(np.array([], dtype=np.int64))
