"""Predicted costs: the rehearsal counts what the search asks, and over a minute something cheaper is named."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.errors import CostError
from aitia.stats.independence import KCI, FisherZ, independence_test
from aitia.stats.search.cost import Cost, counted, in_words, rehearsed, search_sizes, seen_by_kernels
from aitia.stats.search.evidence import verdicts
from aitia.stats.search.skeleton import Asker, Constraints, find_skeleton
from aitia.systems.pc.model import PC


def rows(n, p, seed, bent=False):
    rng = np.random.default_rng(seed)
    there = np.triu(rng.random((p, p)) < 2 / p, 1)
    x = np.zeros((n, p))
    for j in range(p):
        causes = x[:, there[:, j]]
        x[:, j] = (np.tanh(1.5 * causes) if bent else causes).sum(axis=1) + rng.normal(size=n)
    return Table.of(x)


@pytest.mark.parametrize("seed", range(8))
def test_the_rehearsal_of_partial_correlations_is_the_search_itself_arrows_included(seed):
    table = rows(400, 8, seed)
    asker = Asker(FisherZ(table))
    skeleton = find_skeleton(asker, alpha=0.05, max_depth=6, limits=Constraints.of(table.names, None))
    of_skeleton = asker.count
    verdicts(skeleton, "strongest-first", asker, 0.05, 6)
    lines = np.corrcoef(table.matrix(list(table.names)).T)
    sizes = counted(lines, 400, table.names, alpha=0.05, max_depth=6)
    assert +sizes == Counter(len(given) for _, _, given in asker.answers)
    assert sum(sizes.values()) > of_skeleton


def test_the_rehearsal_sees_squares_and_is_near_the_lines_of_gaussian_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 4))
    x[:, 1] += x[:, 0]
    x[:, 2] += x[:, 3] ** 2
    seen = seen_by_kernels(x)
    lines = np.corrcoef(x.T)
    assert seen[0, 1] == pytest.approx(lines[0, 1], abs=0.15)
    assert abs(lines[2, 3]) < 0.1
    assert abs(seen[2, 3]) > 0.5
    assert np.abs(seen[:2, 2:]).max() < 0.06
    bent = Table.of(x)
    assert rehearsed(bent, alpha=0.05, max_depth=3)[0] == 6


@given(seed=st.integers(0, 2**16), n=st.integers(12, 60), same=st.booleans())
def test_what_kernels_see_is_a_matrix_of_correlations(seed, n, same):
    x = np.random.default_rng(seed).normal(size=(n, 6))
    if same:
        x[:, 1] = x[:, 0] ** 2
        x[:, 2] = 1.0
    seen = seen_by_kernels(x)
    assert seen == pytest.approx(seen.T, abs=1e-12)
    assert (np.diagonal(seen) == 1).all()
    assert np.linalg.eigvalsh(seen)[0] > 0.015


@pytest.mark.parametrize(("name", "n"), [("kci", 150), ("rcit", 400)])
@pytest.mark.parametrize("seed", range(4))
def test_kernel_tests_are_predicted_within_a_factor_of_two(seed, name, n):
    table = rows(n, 6, seed, bent=True)
    test = independence_test(name, table)
    cost = Cost(test, lambda t, name: independence_test(name, t), search_sizes(test, alpha=0.05, max_depth=3))
    found = PC(test=name, max_depth=3, record="all").fit(table)
    asked = sum(test.cost(len(t.given)) for t in found.tests_)
    assert asked / 2 < cost.seconds < asked * 2 + 0.01
    assert found.predicted_seconds_ == cost.seconds


def cost_of(n, sizes, samples=0, jobs=1):
    table = rows(n, 4, 0)
    return Cost(KCI(table), lambda t, name: independence_test(name, t), sizes, samples, jobs)


def test_halves_and_cores_are_counted():
    sizes = {0: 6, 1: 20}
    once = cost_of(1000, sizes)
    assert once.half < once.seconds
    assert cost_of(1000, sizes, 100).seconds == pytest.approx(once.seconds + 100 * once.half)
    assert cost_of(1000, sizes, 100, 2).seconds == pytest.approx(once.seconds + 50 * once.half)


def test_over_a_minute_it_says_what_is_cheaper_and_no_dearer():
    cost = cost_of(3000, {0: 6, 1: 40, 2: 60, 3: 40})
    assert cost.seconds > 60
    told = cost.told()
    assert re.match(r"about \d+ minutes of kci tests; cheaper: ", told)
    for option in ("--test rcit", "--test fisher-z", "--max-depth 1", "half of the rows"):
        assert option in told
    assert "--bootstrap" not in told
    assert "--bootstrap 20" in cost_of(2000, {0: 6, 1: 40, 2: 60, 3: 10}, 100).told()
    assert cost_of(200, {0: 6, 1: 10}).cheaper() == ""


def test_words_for_a_time():
    assert [in_words(s) for s in (0.1, 34.2, 119, 600, 9000)] == [
        "under two seconds", "about 34 s", "about 119 s", "about 10 minutes", "about 2.5 hours",
    ]  # fmt: skip


def test_more_than_an_hour_needs_to_be_accepted_by_search_and_by_halves(monkeypatch):
    monkeypatch.setattr(KCI, "cost", lambda self, given: 100.0)
    with pytest.raises(CostError, match=r"the search with kci, with 50 bootstrap samples, is predicted to take about"):
        PC(test="kci", bootstrap=50).fit(rows(60, 4, 0))
    found = PC(test="kci", max_depth=1).fit(rows(60, 4, 0))
    with pytest.raises(CostError, match=r"50 resamples are predicted to take about .* hours: take fewer"):
        found.resample(50)


def test_what_halves_are_predicted_to_cost_is_told_where_it_takes_seconds(monkeypatch):
    said = []
    found = PC(test="fisher-z").fit(rows(300, 4, 0))
    found.resample(2, progress=lambda what, done, total: said.append(what))
    assert not any(what.startswith("predicted") for what in said)
    monkeypatch.setattr(PC, "sample_seconds", lambda self: 10.0)
    found.resample(4, progress=lambda what, done, total: said.append((what, done, total)))
    (told,) = (what for what in said if re.match("predicted", str(what[0])))
    assert told[0] == "predicted: about 40 s of 4 resamples"
    assert ("bootstrap", 4 // 2, 2) in said
