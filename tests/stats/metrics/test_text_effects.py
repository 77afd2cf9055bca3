import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import effect_errors, order_agreement, treatment_error

SEEDS = st.integers(0, 2**32 - 1)


def test_distances_by_hand():
    true, said = [[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [-2.0, 0.0], [0.0, 1.0]]
    assert effect_errors(true, said, "l2").tolist() == [0, 3, 1]
    assert effect_errors(true, said, "cosine") == pytest.approx([0, 2, 1])
    assert effect_errors(true, said, "norm").tolist() == [0, 1, 1]


@given(SEEDS)
def test_the_norm_error_is_no_more_than_the_distance_and_the_truth_has_none(seed):
    true, said = np.random.default_rng(seed).normal(size=(2, 5, 3))
    assert (effect_errors(true, said, "norm") <= effect_errors(true, said, "l2") + 1e-12).all()
    for distance in ("l2", "cosine", "norm"):
        assert effect_errors(true, true, distance) == pytest.approx(np.zeros(5), abs=1e-12)


@given(SEEDS)
def test_the_cosine_error_does_not_see_the_size_of_an_effect(seed):
    true, said = np.random.default_rng(seed).normal(size=(2, 5, 3))
    assert effect_errors(true, 7 * said, "cosine") == pytest.approx(effect_errors(true, said, "cosine"))


def test_a_frequent_change_counts_no_more_than_a_rare_one():
    # Treatment a: changes (0, 1) with errors 1, 1, 1, 5 and (1, 0) with 0: mean of 2 and 0; treatment b: 7.
    errors, treatment = [1, 1, 1, 5, 0, 7], ["a"] * 5 + ["b"]
    assert treatment_error(errors, treatment, [0, 0, 0, 0, 1, 0], [1, 1, 1, 1, 0, 1]) == pytest.approx((1 + 7) / 2)


@given(SEEDS)
def test_any_explainer_with_less_error_than_half_the_gap_orders_all_effects_rightly(seed):
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(6, 2))
    gaps = np.abs(true[:, None] - true[None])[~np.eye(6, dtype=bool)]
    said = true + rng.uniform(-0.499, 0.499, true.shape) * gaps.min()
    assert order_agreement(true, said) == 1
    assert order_agreement(true, -said) == 0


def test_an_explainer_that_says_one_thing_of_all_is_at_chance():
    assert order_agreement([[0.0], [1.0], [3.0]], [[2.0], [2.0], [2.0]]) == 0.5
    # Of the pairs (0, 1), (0, 3), (1, 3) only the last two differ by more than 1.5, and one of them is told rightly.
    assert order_agreement([[0.0], [1.0], [3.0]], [[0.0], [5.0], [2.0]], gap=1.5) == 0.5


def test_mistakes_have_their_sentence():
    with pytest.raises(OptionError, match="distance is one of l2, cosine, norm, got 'l1'"):
        effect_errors([[1.0]], [[1.0]], "l1")
    with pytest.raises(DataError, match="true has shape"):
        effect_errors([[1.0]], [[1.0, 2.0]])
    with pytest.raises(DataError, match=r"\(n, classes\), one row a pair, got \(2,\)"):
        effect_errors([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(DataError, match="each error has its treatment, start and end"):
        treatment_error([1.0], ["a"], [0], [])
    with pytest.raises(DataError, match="no two of the 2 true effects differ by more than 0"):
        order_agreement([[1.0], [1.0]], [[1.0], [2.0]])
    with pytest.raises(OptionError, match="the gap is zero or more, got -1"):
        order_agreement([[1.0], [2.0]], [[1.0], [2.0]], gap=-1)
