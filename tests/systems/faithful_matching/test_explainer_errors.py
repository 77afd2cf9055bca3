"""Explainers beside the truth: the tables of errors against brute force."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import effect_errors, order_agreement, treatment_error
from aitia.systems.faithful_matching.explainer_errors import EffectPairs, ExplainerErrors


def _pairs(n, seed, groups=None):
    rng = np.random.default_rng(seed)
    treatment = rng.choice(["a", "b"], n).tolist()
    start = rng.integers(0, 3, n)
    end = (start + rng.integers(1, 3, n)) % 3
    return EffectPairs([f"t{k}" for k in range(n)], [f"u{k}" for k in range(n)], treatment, start, end, groups)


def _errors(n=60, seed=0, **options):
    rng = np.random.default_rng(seed)
    before, after = rng.dirichlet(np.ones(3), (2, n))
    said = {"truth": after - before, "noise": after - before + rng.normal(0, 0.3, (n, 3)), "nothing": 0 * after}
    return ExplainerErrors(_pairs(n, seed), before, after, said, **options)


def test_errors_are_those_of_the_metrics():
    errors = _errors()
    pairs, true = errors.pairs, errors.true
    for name, said in errors.said.items():
        for distance in ("l2", "cosine", "norm"):
            single = effect_errors(true, said, distance)
            assert errors.error(name, distance) == treatment_error(single, pairs.treatment, pairs.start, pairs.end)
    assert errors.error("truth") == 0
    assert errors.order("truth") == 1
    assert errors.order("nothing") == 0.5


def test_average_effects_are_compared_change_by_change():
    errors = _errors()
    by_treatment = {"a": [], "b": []}
    for change in set(errors.pairs.changes):
        rows = [k for k, one in enumerate(errors.pairs.changes) if one == change]
        gap = errors.true[rows].mean(0) - errors.said["noise"][rows].mean(0)
        by_treatment[change[0]].append(np.linalg.norm(gap))
    assert errors.average_error("noise") == pytest.approx(np.mean([np.mean(v) for v in by_treatment.values()]))


def test_the_interval_is_that_of_drawing_whole_groups_again():
    n = 40
    groups = [k // 4 for k in range(n)]
    rng = np.random.default_rng(3)
    before, after = rng.dirichlet(np.ones(3), (2, n))
    pairs = _pairs(n, 3, groups)
    errors = ExplainerErrors(pairs, before, after, {"nothing": np.zeros((n, 3))}, resamples=200, seed=5)
    counts = np.random.default_rng(5).multinomial(10, np.full(10, 0.1), size=200)
    single = effect_errors(after - before, np.zeros((n, 3)))
    means = []
    for line in counts:
        rows = [k for k in range(n) for _ in range(line[groups[k]])]
        columns = ([part[k] for k in rows] for part in (pairs.treatment, pairs.start, pairs.end))
        means.append(treatment_error(single[rows], *columns))
    assert errors.interval("nothing") == pytest.approx(np.quantile(means, [0.025, 0.975]))


def test_the_lead_of_an_explainer_over_itself_is_nothing_and_over_a_worse_one_is_positive():
    errors = _errors()
    assert errors.lead("noise", "noise") == (0, 0, 0)
    lead, low, high = errors.lead("truth", "noise")
    assert 0 < low < lead < high


def test_the_table_names_the_best_first():
    table = _errors().table()
    assert table.labels("explainer").tolist()[0] == "truth"
    low, middle, high = (table.column(name) for name in ("low", "l2", "high"))
    assert (low <= middle + 1e-12).all()
    assert (middle <= high + 1e-12).all()
    one = _errors().said["noise"]
    assert table.column("order")[1:].max() <= order_agreement(one, one)


def test_mistakes_have_their_sentence():
    with pytest.raises(DataError, match="pair 1 is the same text twice, 'b': drop it"):
        EffectPairs(["a", "b"], ["c", "b"], ["t", "t"], [0, 0], [1, 1])
    with pytest.raises(DataError, match="pair 0 does not change 't', which stays 1: drop it"):
        EffectPairs(["a"], ["c"], ["t"], [1], [1])
    with pytest.raises(DataError, match="pairs have a text, counterfactual, treatment, start and end each"):
        EffectPairs(["a"], ["c"], ["t"], [1], [])
    pairs = EffectPairs(["a"], ["c"], ["t"], [0], [1])
    with pytest.raises(DataError, match="there are 1 pairs and 2 answers"):
        ExplainerErrors(pairs, np.eye(2), np.eye(2), {})
    with pytest.raises(OptionError, match="at least one resample"):
        ExplainerErrors(pairs, [[1.0, 0.0]], [[0.0, 1.0]], {}, resamples=0)
