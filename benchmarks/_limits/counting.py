"""Searches over labels beside the same tables counted on packed bits."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
from scipy.special import gammaincc

from _limits.base import Row, in_turn
from aitia.compiled import bit_count, njit
from aitia.data.table import Table
from aitia.scm import random_dag, random_discrete_scm
from aitia.stats.search import checks
from aitia.systems.pc.model import PC

__all__ = ["binary", "networks"]

SEARCH: dict[str, Any] = {"test": "chi2", "alpha": 0.01}
NETWORKS = {"alarm": 7.0, "insurance": None, "child": None, "water": None}


@njit(nogil=True)
def _tables(planes, first, sizes, tests, widths, values, freedoms):  # type: ignore[no-untyped-def]
    """Chi-square of each test: every cell of every stratum by AND and a count of bits, and nothing else."""
    words = planes.shape[1]
    masks = np.empty((2, words), np.uint64)
    cells = np.empty((64, 64))
    for t in range(tests.shape[0]):
        x, y = tests[t, 0], tests[t, 1]
        strata = 1
        for d in range(2, widths[t]):
            strata *= sizes[tests[t, d]]
        values[t], freedoms[t] = 0.0, 0
        for s in range(strata):
            masks[0, :] = ~np.uint64(0)
            rest = s
            for d in range(2, widths[t]):
                z = tests[t, d]
                for w in range(words):
                    masks[0, w] &= planes[first[z] + rest % sizes[z], w]
                rest //= sizes[z]
            here, rows, columns = 0.0, 0, 0
            for a in range(sizes[x]):
                for w in range(words):
                    masks[1, w] = masks[0, w] & planes[first[x] + a, w]
                for b in range(sizes[y]):
                    count = np.uint64(0)
                    for w in range(words):
                        count += bit_count(masks[1, w] & planes[first[y] + b, w])
                    cells[a, b] = count
                    here += count
            if here == 0:
                continue
            for a in range(sizes[x]):
                rows += cells[a, : sizes[y]].sum() > 0
            for b in range(sizes[y]):
                columns += cells[: sizes[x], b].sum() > 0
                for a in range(sizes[x]):
                    expected = cells[a, : sizes[y]].sum() * cells[: sizes[x], b].sum() / here
                    if expected > 0:
                        values[t] += (cells[a, b] - expected) ** 2 / expected
            freedoms[t] += (rows - 1) * (columns - 1)


def packed(table: Table, triples: list[Any]) -> Any:
    """The function that answers these tests on packed bits in one go."""
    place = {name: k for k, name in enumerate(table.names)}
    sizes = np.array([len(table.categories(name)) for name in table.names])
    first = np.cumsum(sizes) - sizes
    bits = np.zeros((int(sizes.sum()), (table.n + 63) // 64 * 8), np.uint8)
    for name, start in zip(table.names, first, strict=True):
        for label in range(len(table.categories(name))):
            bits[start + label, : (table.n + 7) // 8] = np.packbits(table.column(name) == label)
    widths = np.array([2 + len(given) for _, _, given in triples])
    tests = np.zeros((len(triples), int(widths.max())), np.int64)
    for row, (x, y, given) in zip(tests, triples, strict=True):
        row[: 2 + len(given)] = [place[name] for name in (x, y, *given)]
    values, freedoms = np.empty(len(tests)), np.empty(len(tests), np.int64)
    planes = bits.view(np.uint64)

    def answer() -> Any:
        _tables(planes, first, sizes, tests, widths, values, freedoms)
        return np.where(freedoms > 0, gammaincc(np.maximum(freedoms, 1) / 2, values / 2), 1.0)

    return answer


def search(table: Table) -> Any:
    return PC(**SEARCH).fit(table)


def silent(table: Table) -> Any:
    """Without the look for columns that two others determine."""
    with mock.patch.object(checks, "_function_warnings", return_value=[]):
        return search(table)


def theirs(table: Table) -> Any:
    """causal-learn, with the same test and level."""
    from causallearn.search.ConstraintBased.PC import pc

    return pc(table.matrix().astype(int), SEARCH["alpha"], "chisq", True, 0, 2, show_progress=False)


def asked(table: Table) -> Any:
    """The function that answers what a search of the table asks, with the same p-values."""
    tests = PC(**SEARCH, record="all").fit(table).tests_
    answer = packed(table, [(t.x, t.y, t.given) for t in tests])
    assert np.allclose(answer(), [t.p_value for t in tests], rtol=1e-9, atol=1e-300)
    return answer


def binary(full: bool) -> Iterator[Row]:
    """20 columns of two labels, 10,000 rows; with and without the warning about functions of two columns."""
    table = random_discrete_scm(random_dag(20, 3, seed=0), seed=0).sample(10_000, seed=0)
    answer = asked(table)
    for _ in range(4):  # the first half second of tests is not compiled
        search(table)
    limit, on, off, peer = in_turn(5, answer, lambda: search(table), lambda: silent(table), lambda: theirs(table))
    yield Row("chi2, 20 binary columns, 10,000 rows", limit, on, 35.0, peer)
    yield Row("the same without the warning", limit, off, 15.0, peer)
    del full


def networks(full: bool) -> Iterator[Row]:
    """Networks that pgmpy ships, 5,000 rows each."""
    del full
    from pgmpy.utils import get_example_model

    for name, target in NETWORKS.items():
        rows = get_example_model(name).simulate(5000, seed=0, show_progress=False)
        varied = rows.loc[:, rows.nunique() > 1].astype(str)
        table = Table.of(varied[sorted(varied)])
        answer = asked(table)
        for _ in range(2):
            search(table)
        limit, ours, peer = in_turn(5, answer, lambda t=table: search(t), lambda t=table: theirs(t))
        yield Row(f"chi2, {name}, {len(table.names)} columns, 5,000 rows", limit, ours, target, peer)
