"""Contingency tables: scipy's statistic in every stratum, the same number plain and compiled, bits and rows counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency

from aitia.data.table import Table
from aitia.stats.independence import ChiSquare, GSquare, contingency

TESTS = {"chi2": (ChiSquare, "pearson"), "g2": (GSquare, "log-likelihood")}


def labels(rng, sizes, n, gaps=0.0):
    """Columns of so many labels, each leaning on the one before; a share of the cells is missing."""
    columns, before = {}, np.zeros(n)
    for k, size in enumerate(sizes):
        before = (before * (rng.random(n) < 0.5) + rng.integers(0, size, n)) % size
        columns[f"v{k}"] = np.where(rng.random(n) < gaps, np.nan, before)
    return Table.from_codes(columns, {f"v{k}": [f"l{j}" for j in range(size)] for k, size in enumerate(sizes)})


def published(table, x, y, given, kind):
    """The sum of scipy's statistics and degrees of freedom over the strata, without empty rows and columns."""
    codes = table.matrix((x, y, *given))
    codes = codes[~np.isnan(codes).any(axis=1)]
    value, freedom = 0.0, 0
    for stratum in np.unique(codes[:, 2:], axis=0):
        a, b = codes[(codes[:, 2:] == stratum).all(axis=1), :2].T
        counts = np.zeros((len(np.unique(a)), len(np.unique(b))))
        np.add.at(counts, (np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]), 1)
        if min(counts.shape) > 1:
            found = chi2_contingency(counts, correction=False, lambda_=kind)
            value, freedom = value + found.statistic, freedom + found.dof
    return value, chi2.sf(value, freedom) if freedom else 1.0, len(codes)


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("soon", [0.0, 1e9], ids=["compiled", "plain"])
@pytest.mark.parametrize(
    ("sizes", "n", "gaps"),
    [
        ((2, 2, 2, 2), 400, 0.0),
        ((2, 2, 2, 2), 130, 0.1),
        ((3, 2, 4, 5), 640, 0.0),  # too many cells for bits
        ((7, 6, 5, 9), 300, 0.05),  # more strata than rows
        ((40, 3, 2, 50), 500, 0.0),  # many labels
        ((1, 3, 2, 2), 64, 0.0),
    ],
)
def test_the_statistic_is_scipys_of_every_stratum(name, soon, sizes, n, gaps, monkeypatch):
    monkeypatch.setattr(contingency, "SOON", soon)
    monkeypatch.setattr(contingency, "MANY_CELLS", 1e9 if soon else -1)
    table = labels(np.random.default_rng(len(sizes) * n), sizes, n, gaps)
    kind, formula = TESTS[name]
    test = kind(table, missing="testwise")
    for x, y, given_ in [("v0", "v1", ()), ("v1", "v2", ("v0",)), ("v3", "v1", ("v2", "v0")), ("v0", "v3", ("v2",))]:
        value, p, rows = published(table, x, y, given_, formula)
        found = test(x, y, given_)
        assert (found.statistic, found.p_value) == pytest.approx((value, p), rel=1e-9, abs=1e-12)
        assert found.n == rows


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1 << 30), sizes=st.lists(st.integers(1, 9), min_size=3, max_size=6), n=st.integers(1, 200))
def test_plain_and_compiled_give_one_number_to_the_bit_in_batches_and_alone(seed, sizes, n):
    rng = np.random.default_rng(seed)
    table = labels(rng, sizes, n, rng.choice([0.0, 0.1]))
    names = list(table.names)
    triples = []
    for _ in range(6):
        x, y, *rest = rng.permutation(names).tolist()
        triples.append((x, y, tuple(rest[: rng.integers(0, len(rest) + 1)])))
    for kind, _ in TESTS.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(contingency, "SOON", 1e9)
            patch.setattr(contingency, "MANY_CELLS", 1e9)
            plain = [kind(table, missing="testwise")(*triple) for triple in triples]
            patch.setattr(contingency, "SOON", 0.0)
            assert kind(table, missing="testwise").test(triples) == plain
