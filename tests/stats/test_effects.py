"""Mean effects against scipy and closed forms."""

import numpy as np
import pytest
from scipy import stats

from aitia.errors import DataError, OptionError
from aitia.stats.effects import mean_effects
from aitia.stats.multiple import holm


def test_p_values_are_those_of_the_t_test_and_adjusted_as_asked():
    values = np.random.default_rng(0).normal([[0.0], [0.3], [1.0]], 1, (3, 40))
    table = mean_effects(values, ["a", "b", "c"], correction="holm")
    expected = stats.ttest_1samp(values, 0, axis=1).pvalue
    assert np.allclose(table.column("p"), expected)
    assert np.allclose(table.column("adjusted"), holm(expected))
    assert np.allclose(table.column("estimate"), values.mean(axis=1))
    assert table.labels("effect").tolist() == ["a", "b", "c"]


def test_intervals_are_as_wide_as_the_central_limit_says():
    values = np.random.default_rng(1).normal(2, 3, (1, 4000))
    table = mean_effects(values, ["a"], confidence=0.9, resamples=4000)
    half = 1.645 * values.std() / np.sqrt(4000)
    assert table.column("low")[0] == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert table.column("high")[0] == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(2)
    values = rng.exponential(1, (400, 60)) - 1
    table = mean_effects(values, [str(k) for k in range(400)])
    covered = np.mean((table.column("low") <= 0) & (table.column("high") >= 0))
    # All effects share their draws but not their rows; exponential rows lose a few points of 95 %.
    assert 0.89 < covered < 0.98


def test_rows_that_never_vary_decide_by_themselves():
    table = mean_effects([[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]], ["nothing", "always"])
    assert table.column("p").tolist() == [1.0, 0.0]
    assert table.column("low").tolist() == table.column("high").tolist() == [0.0, 2.0]


def test_questions_without_an_answer_are_refused():
    with pytest.raises(DataError, match="an interval needs more than one row"):
        mean_effects([[1.0]], ["a"])
    with pytest.raises(DataError, match="2 names"):
        mean_effects([[1.0, 2.0]], ["a", "b"])
    with pytest.raises(DataError, match="the effect 'b' has a row that is no number"):
        mean_effects([[1.0, 2.0], [1.0, float("nan")]], ["a", "b"])
    with pytest.raises(OptionError, match="correction is one of benjamini-hochberg, holm"):
        mean_effects([[1.0, 2.0]], ["a"], correction="none")
    with pytest.raises(OptionError, match="confidence is between 0 and 1"):
        mean_effects([[1.0, 2.0]], ["a"], confidence=95)
