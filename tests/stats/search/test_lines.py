"""Columns that follow from others as a test of lines sees them: told or refused, and a search still ends."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia import discover
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.stats.independence import independence_test
from aitia.stats.search.checks import check_lines
from aitia.stats.search.likelihood import score_of

ROWS = 300


def indicators(labels=3, seed=1):
    """One column for each label of a site, of which the second moves x, and x moves z."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, labels, ROWS)
    x = rng.normal(size=ROWS) + (site == 1)
    own = {f"s{k}": (site == k).astype(int) for k in range(labels)}
    return Table.of({**own, "x": x, "z": x + rng.normal(size=ROWS)}, kinds=dict.fromkeys(own, "label"))


@pytest.mark.parametrize("test", ["auto", "ranks", "degenerate-gaussian"])
@pytest.mark.parametrize("labels", [3, 4])
def test_a_search_of_indicators_that_sum_to_one_ends_and_says_so(test, labels):
    """Their scores had no bound, and edges were turned for ever."""
    found = discover(indicators(labels), test=test, bootstrap=20)
    assert found.graph.has_edge("s1", "x")
    assert found.graph.has_edge("x", "z")
    last, others = f"s{labels - 1}", [f"s{k}" for k in range(labels - 1)]
    told = [line for line in found.warnings if line.startswith(f"{last} follows exactly from ")]
    assert len(told) == 1
    assert all(name in told[0] for name in others)


def test_halves_in_which_columns_are_the_same_are_searched():
    table = indicators(2, 3).drop(["s1"])
    rare = np.zeros(ROWS, int)
    rare[:20] = 1
    other = rare.copy()
    other[[0, 150]] = 1 - other[[0, 150]]
    names = {"rare": rare, "other": other}
    found = discover(table.with_columns(names, kinds=dict.fromkeys(names, "label")), test="ranks", bootstrap=60)
    assert found.edge_frequencies is not None
    assert found.edge_frequencies.share("rare", "other") == 1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 30), test=st.sampled_from(["ranks", "degenerate-gaussian"]))
def test_scores_of_columns_that_follow_from_others_are_those_of_one_distribution(seed, test):
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 3, 80)
    columns = {f"s{k}": np.array(["no", "yes"])[(site == k).astype(int)] for k in range(3)}
    columns["flag"] = np.where(rng.random(80) < 0.02, "yes", columns["s0"])
    score = score_of(independence_test(test, Table.of({**columns, "x": rng.normal(size=80)})))
    assert score is not None
    whole = []
    for order in permutations(range(5)):
        parts = [score(node, sum(1 << k for k in order[:at])) for at, node in enumerate(order)]
        assert np.isfinite(parts).all()
        whole.append(sum(parts))
    assert np.ptp(whole) < 1e-5


def test_a_column_that_rises_with_another_is_it_by_ranks():
    x = np.random.default_rng(0).normal(size=ROWS)
    z = x + np.random.default_rng(1).normal(size=ROWS)
    told = "'e' and 'x' rise together in every row, or one falls where the other rises: by ranks they are one variable"
    for e in (np.exp(x), -(x**3)):
        table = Table.of({"x": x, "e": e, "z": z})
        for options in ({"test": "ranks"}, {"method": "boss", "score": "ranks"}):
            with pytest.raises(DataError, match=told):
                discover(table, **options)
        with pytest.raises(DataError, match="'e' follows exactly from 'x'"):
            discover(table, test="degenerate-gaussian")
        assert discover(table, test="fisher-z", bootstrap=0).graph.has_edge("x", "e")


def test_huge_values_hide_nothing_from_ranks_and_are_told_where_they_hide_all_rows():
    rng = np.random.default_rng(42)
    income = np.exp(rng.standard_t(2, size=ROWS))
    income[7] = 1e30
    table = Table.of(
        {"income": income, "spend": income * 0.3 * np.exp(0.3 * rng.normal(size=ROWS)), "age": rng.normal(size=ROWS)}
    )
    found = discover(table, bootstrap=0)
    assert (found.test, str(found.graph)) == ("ranks", "income --- spend; age")
    with pytest.raises(
        DataError, match=r"a few huge values of 'spend' leave nothing to see.*beside income: take ranks"
    ):
        discover(table, test="fisher-z")
    same = table.with_columns({"spend": 3 - 0.3 * table.column("income")})
    with pytest.raises(DataError, match="'spend' repeats 'income' up to scale"):
        discover(same)


def test_tests_that_see_more_than_lines_are_not_looked_at():
    assert check_lines(independence_test("kci", indicators())) == []
    assert check_lines(independence_test("ranks", indicators().drop(["s0"]))) == []
