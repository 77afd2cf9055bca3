"""Columns that others determine: the first look beside every pair and triple of rows."""

from itertools import combinations
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search import check_table
from aitia.stats.search.functions import determines, may_determine, two_may_determine


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 1 << 30), n=st.integers(2, 80), sizes=st.lists(st.integers(1, 5), min_size=3, max_size=6))
def test_the_first_look_at_labels_is_right_of_every_pair_and_triple(seed, n, sizes):
    rng = np.random.default_rng(seed)
    codes = np.array([rng.integers(0, size, n) for size in sizes]).astype(float)
    for k in range(2, len(sizes)):  # functions of one or two others, whole or nearly
        if rng.random() < 0.6:
            made = (codes[rng.integers(0, k)] * rng.integers(0, 3) + codes[rng.integers(0, k)]) % sizes[k]
            codes[k] = np.where(rng.random(n) < rng.choice([0, 0.02]), codes[k], made)
    codes[rng.random(codes.shape) < rng.choice([0, 0.1])] = np.nan
    names = [f"v{k}" for k in range(len(sizes))]
    table = Table.from_codes(
        dict(zip(names, codes, strict=True)),
        {name: range(size) for name, size in zip(names, sizes, strict=True)},
    )

    def settled(given_, k):
        rows = [tuple(row) for row in codes[[*given_, k]].T if not np.isnan(row).any()]
        return len(set(rows)) == len({row[:-1] for row in rows})

    one = may_determine(table, names)
    with mock.patch.object(Contingency, "plain_seconds", -np.inf):
        two = two_may_determine(table, names)
    with mock.patch.object(Contingency, "plain_seconds", np.inf):
        assert (two_may_determine(table, names) == two).all()
    for i, j in combinations(range(len(sizes)), 2):
        assert one[i, j] == settled([i], j)
        assert one[j, i] == settled([j], i)
        for k in set(range(len(sizes))) - {i, j}:
            assert two[i, j, k] == settled([i, j], k)
            assert two[i, j, k] or not determines(table, (names[i], names[j]), names[k])


@pytest.mark.parametrize("same", [True, False])
def test_columns_that_name_the_same_groups_are_refused_whatever_the_names(same):
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 400)
    b = rng.permutation(4)[a] if same else rng.permutation(a)  # the same sizes of groups either way
    table = Table.of({"a": np.array(list("pqrs"))[a], "b": np.array(list("wxyz"))[b]})
    if same:
        with pytest.raises(DataError, match="'b' repeats 'a'"):
            check_table(table)
    else:
        check_table(table)
