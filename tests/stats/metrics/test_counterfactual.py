import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import composition_error, counterfactual_mse, effectiveness, reversibility_error

SEEDS = st.integers(0, 2**32 - 1)


def test_the_error_stands_beside_the_one_of_doing_nothing():
    # Squares 0, 4 and 1, 9: means 2 and 5.
    found = counterfactual_mse([[1.0, 4.0]], [[1.0, 2.0]], do_nothing=[[2.0, 5.0]])
    assert (found.value, found.do_nothing, found.relative) == (2.0, 5.0, 0.4)
    assert counterfactual_mse([1.0], [2.0]).do_nothing is None
    assert counterfactual_mse([1.0], [2.0], do_nothing=[2.0]).relative is None  # the intervention changed nothing


@given(SEEDS)
def test_the_truth_has_no_error_and_the_fact_is_as_good_as_doing_nothing(seed):
    fact, true = np.random.default_rng(seed).normal(size=(2, 5, 3))
    assert counterfactual_mse(true, true, fact).value == 0
    assert counterfactual_mse(fact, true, fact).relative == 1


@given(SEEDS)
def test_the_axioms_are_distances(seed):
    a, b, c = np.random.default_rng(seed).normal(size=(3, 4, 2, 2))
    for error in (composition_error, reversibility_error):
        assert error(a, a) == 0
        assert error(a, b) == error(b, a) > 0
        assert error(a, c) <= error(a, b) + error(b, c)
        assert error(a, b, distance="mse") == pytest.approx(np.mean((a - b) ** 2))
        assert error(a, b) == pytest.approx(np.mean(np.abs(a - b)))


def test_effectiveness_by_kind():
    assert effectiveness([1.0, 2.0], [1.0, 4.0], "continuous") == 1
    assert effectiveness([0, 1, 1, 1], [0, 1, 1, 0], "categorical") == 0.25
    assert effectiveness([0.1], [2 * np.pi - 0.1], "angle") == pytest.approx(0.2)
    assert effectiveness([0.0], [5 * np.pi], "angle") == pytest.approx(np.pi)


def test_bad_input_is_named():
    with pytest.raises(DataError, match=r"estimated has shape \(2,\) and true \(3,\)"):
        counterfactual_mse([1, 2], [1, 2, 3])
    with pytest.raises(DataError, match=r"do_nothing has shape \(1,\) and true \(2,\)"):
        counterfactual_mse([1, 2], [1, 2], [1])
    with pytest.raises(DataError, match="x_back holds nan in column 0, row 1"):
        composition_error([[1.0], [2.0]], [[1.0], [np.nan]])
    with pytest.raises(OptionError, match="'l1' or 'mse'"):
        reversibility_error([1.0], [1.0], distance="l2")
    with pytest.raises(OptionError, match="'continuous', 'categorical' or 'angle'"):
        effectiveness([1.0], [1.0], "ordinal")
    with pytest.raises(DataError, match="compared entry by entry"):
        effectiveness(["a"], ["a", "b"], "categorical")
    with pytest.raises(DataError, match="measured holds nan"):
        effectiveness([np.nan], [1.0], "categorical")
