"""Intervals beside scipy's, closed forms and simulated coverage."""

import numpy as np
import pytest
from scipy import stats

from aitia.evidence.intervals import mean_interval, median_interval, paired_shares, wilson
from aitia.evidence.rows import row

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_few_seeds_have_students_t(n):
    x = RNG.exponential(size=n)
    theirs = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    assert np.allclose(mean_interval(x.tolist()), (theirs.low, theirs.high))


def test_a_rival_is_compared_seed_by_seed_as_in_a_paired_t_test():
    ours, theirs = RNG.normal(1, 1, 6), RNG.normal(0, 1, 6)
    judged = row("a", "m", ours, baselines={"R": theirs}, ahead_of={"R": 0.0}).judged[0]
    assert np.allclose(judged.interval, stats.ttest_rel(ours, theirs).confidence_interval(0.95))
    assert np.isclose(judged.middle, (ours - theirs).mean())
    less = row("a", "m", theirs, direction="lower", baselines={"R": ours}, ahead_of={"R": 0.0}).judged[0]
    assert np.allclose(less.interval, judged.interval), "ahead is higher, whatever the direction"


@pytest.mark.parametrize("n", [10, 25, 100])
def test_many_seeds_have_the_accelerated_bootstrap(n):
    x = np.random.default_rng(n).exponential(size=n)
    theirs = stats.bootstrap((x,), np.mean, n_resamples=40_000, method="BCa", rng=np.random.default_rng(1))
    ours, wide = mean_interval(x.tolist()), theirs.confidence_interval.high - theirs.confidence_interval.low
    # 10,000 draws place a 2.5 % quantile to about 1 % of the width of the interval, and ours is not their draw.
    assert np.allclose(ours, theirs.confidence_interval, atol=0.05 * wide)
    assert ours == mean_interval(x.tolist()), "the draws are seeded"


def test_ratios_are_judged_by_their_logarithms():
    r = row("a", "m", [0.5, 1.0, 2.0, 4.0], kind="ratio")
    theirs = stats.ttest_1samp(np.log(r.values), 0).confidence_interval(0.95)
    assert np.allclose(r.interval, np.exp([theirs.low, theirs.high]))
    assert np.isclose(r.ours, 2**0.5)
    over = row("a", "m", [1.0, 0.5, 0.25, 2.0], kind="ratio").interval
    assert np.allclose(over, (1 / row("a", "m", [1.0, 2.0, 4.0, 0.5], kind="ratio").interval.high, over.high))
    assert row("a", "m", [1.0, 0.0], kind="ratio").interval is None


def test_a_ratio_is_ahead_of_a_rival_by_a_factor():
    judged = row("a", "error", [1.0, 2.0, 4.0], kind="ratio", direction="lower",
                 baselines={"R": [1.5, 3.3, 5.6]}, ahead_of={"R": 0.1}).judged[0]  # fmt: skip
    theirs = stats.ttest_1samp(np.log([1.5, 1.65, 1.4]), 0).confidence_interval(0.95)
    assert np.allclose(judged.interval, np.exp([theirs.low, theirs.high]))
    assert (judged.bar, judged.verdict) == (1.1, "holds")


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (3, 7), (37, 40), (99, 100)])
def test_shares_have_wilsons_interval(hits, n):
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert np.allclose(wilson(hits, n), (theirs.low, theirs.high))
    # By hand: the ends p solve (k / n - p)^2 = z^2 p (1 - p) / n.
    z = stats.norm.ppf(0.975)
    for p in wilson(hits, n):
        assert np.isclose((hits / n - p) ** 2, z**2 * p * (1 - p) / n)


def test_medians_have_order_statistics():
    # By hand: of 6 seeds 1 - 2 / 2^6 = 0.969 lie between the extremes; of 10, P(Bin(10, 1/2) <= 1) = 11 / 1024.
    assert median_interval([6.0, 1.0, 5.0, 2.0, 4.0, 3.0]) == (1.0, 6.0)
    assert median_interval([float(k) for k in range(1, 11)]) == (2.0, 9.0)
    assert median_interval([1.0] * 5) is None


@pytest.mark.parametrize("p", [0.5, 0.9])
def test_paired_shares_are_covered_as_often_as_they_say(p):
    rng, hit = np.random.default_rng(3), 0
    for _ in range(600):
        common, one, other = rng.random((3, 20)) < np.array([0.5, p, 0.4])[:, None]
        a, b = np.where(common, one, other), np.where(common, one, rng.random(20) < 0.3)
        low, high = paired_shares(a.astype(float), b.astype(float))
        hit += low <= 0.5 * (0.4 - 0.3) <= high
    assert hit / 600 >= 0.93


def test_shares_that_agree_seed_by_seed_are_told_apart_more_closely():
    ours, agrees, differs = [1.0] * 12 + [0.0] * 8, [1.0] * 10 + [0.0] * 10, [0.0] * 10 + [1.0] * 10
    near, far = paired_shares(ours, agrees), paired_shares(ours, differs)
    apart = wilson(12, 20), wilson(10, 20)
    # By hand, with no correlation: the differences of the ends to the shares, added as squares.
    low = 0.1 - ((0.6 - apart[0].low) ** 2 + (apart[1].high - 0.5) ** 2) ** 0.5
    assert far.low < low < near.low < 0.1 < near.high < far.high
    assert paired_shares(agrees, ours) == pytest.approx((-near.high, -near.low))


def test_equal_shares_are_told_apart_only_by_enough_seeds():
    for n, verdict in ((2, "open"), (100, "holds")):
        judged = row("a", "share", [1.0] * n, kind="share", baselines={"R": [0.0] * n}, ahead_of={"R": 0.8}).judged[0]
        assert judged.verdict == verdict
        assert judged.interval.low < judged.middle == 1.0


@pytest.mark.parametrize("kind", ["value", "ratio", "share", "difference"])
def test_one_seed_or_none_has_no_interval_and_is_open(kind):
    for values in ([], [1.0]):
        r = row("a", "m", values, kind=kind, bar=-5.0, baselines={"R": [0.5] * len(values)}, ahead_of={"R": -9.0})
        assert r.interval is None
        assert {j.verdict for j in r.judged} == {"open"}
        assert r.ours == (1.0 if values else None)


def test_equal_values_have_an_interval_of_no_width():
    for n in (2, 12):
        assert row("a", "m", [0.25] * n, bar=0.25).judged[0].verdict == "holds"
