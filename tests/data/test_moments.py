"""Moments in blocks beside numpy on whole tables; columns are taken as they are where nobody can write to them."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data import moments as module
from aitia.data.moments import blocks, moments, table_moments
from aitia.data.table import Table
from aitia.discovery import discover
from aitia.stats.search.auto import choose_test


@settings(deadline=None, max_examples=40)
@given(n=st.integers(2, 90), p=st.integers(1, 7), gaps=st.sampled_from([0.0, 0.05]), seed=st.integers(0, 1 << 30))
def test_moments_are_numpys_of_the_complete_rows(n, p, gaps, seed):
    rng = np.random.default_rng(seed)
    x = 1e3 + rng.normal(size=(n, p)) @ rng.normal(size=(p, p))
    x[rng.random(x.shape) < gaps] = np.nan
    whole = x[~np.isnan(x).any(axis=1)]
    if len(whole) < 2:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 40)
        patch.setattr(module, "ROWS", 5)
        found = moments(list(x.T))
        shifted = np.concatenate([block.copy() for block in blocks(list(x.T), np.ones(p), np.full(p, 2.0))], axis=1)
    assert found.n == len(whole)
    assert found.mean == pytest.approx(whole.mean(axis=0))
    assert found.covariance == pytest.approx(np.cov(whole.T, bias=True).reshape(p, p), abs=1e-9)
    assert found.correlation == pytest.approx(np.corrcoef(whole.T).reshape(p, p), abs=1e-9)
    assert np.array_equal(shifted, 2 * (x.T - 1), equal_nan=True)


def test_a_column_without_spread_has_no_correlation():
    found = moments([np.zeros(5), np.arange(5.0)])
    assert found.correlation.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_table_computes_its_moments_once_and_selecting_all_columns_is_the_table():
    table = Table.of(np.random.default_rng(0).normal(size=(50, 3)))
    assert table_moments(table, table.names) is table_moments(table, list(table.names))
    assert table.select(table.names) is table
    assert table.select(reversed(table.names)).names == ("x2", "x1", "x0")


def bent(values):
    """The published bounds on whole columns: what speaks against linear Gaussian relations."""
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    slack = 4 / np.sqrt(len(z))
    if ((np.abs((z**3).mean(axis=0)) > 0.5 + slack) | (np.abs((z**4).mean(axis=0) - 3) > 1 + 2 * slack)).any():
        return "far from Gaussian"
    correlation = z.T @ z / len(z)
    squares = z**2 - 1
    squares /= squares.std(axis=0)
    left = squares.T @ z / len(z) - correlation * (squares * z).mean(axis=0)[:, None]
    found = np.abs(left) / np.sqrt(np.maximum(1 - correlation**2, 1e-9))
    np.fill_diagonal(found, 0)
    return "bends with" if found.max() > 0.15 + slack else "straight lines"


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_of_a_test_is_that_of_the_whole_table_at_once(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1500, 4))
    x[:, 1] += (0.25 if seed % 3 else 0.12) * x[:, 0] ** 2 * (seed % 2)
    x[:, 2] += (seed % 4 == 0) * rng.exponential(size=1500)
    x = 5 + x * np.arange(1, 5)
    assert bent(x) in choose_test(Table.of(x), 1)[1]


def test_what_nobody_can_write_to_is_not_copied_and_all_else_is():
    frozen, open_ = np.arange(0.5, 100), np.arange(0.5, 100)
    frozen.flags.writeable = False
    view = open_[:]
    view.flags.writeable = False  # its base can be written to
    table = Table.of({"a": frozen, "b": open_, "c": view})
    assert [np.shares_memory(table.column(n), v) for n, v in (("a", frozen), ("b", open_), ("c", view))] == [
        True, False, False,
    ]  # fmt: skip
    open_[:] = 0
    assert table.column("b")[3] == table.column("c")[3] == 3.5
    assert not any(table.column(name).flags.writeable for name in table.names)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_becomes_the_columns_that_it_has(dtype, order):
    array = np.asarray(np.random.default_rng(0).normal(50, 20, (3000, 17)).clip(0), dtype=dtype, order=order)
    before = array.copy()
    table = Table.of(array)
    assert np.array_equal(np.column_stack([table.labels(name) for name in table.names]).astype(dtype), array)
    array[:] = 0
    assert table == Table.of(before)


def test_a_search_of_many_rows_holds_no_more_than_two_tables_more():
    x = np.random.default_rng(0).normal(size=(200_000, 10))
    x[:, 1] += x[:, 0]
    discover(x[:2000], bootstrap=0)  # what is loaded once
    tracemalloc.start()
    try:
        discover(x, bootstrap=0)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2 * x.nbytes
