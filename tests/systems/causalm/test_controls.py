"""Controls of a training: the same start and as many updates, with labels that mean nothing or with none."""

import numpy as np
import pytest

from aitia.errors import DataError, TrainingError
from aitia.systems.causalm.controls import shuffled, with_controls


def test_shuffled_labels_are_as_frequent_and_another_row_s():
    labels = np.array([0] * 300 + [1] * 100)
    other = shuffled(labels, seed=1)
    assert np.bincount(other).tolist() == [300, 100]
    assert abs(np.corrcoef(labels, other)[0, 1]) < 0.15
    assert np.array_equal(other, shuffled(labels, seed=1))
    assert not np.array_equal(other, shuffled(labels, seed=2))
    with pytest.raises(DataError, match="all the same"):
        shuffled(np.zeros(5), seed=0)


def test_a_training_runs_with_its_labels_with_shuffled_ones_and_with_none():
    labels = np.arange(50)
    done = with_controls(lambda given: (given, 7), labels, seed=3)
    assert done.real is labels
    assert done.without is None
    assert np.array_equal(done.placebo, shuffled(labels, 3))
    assert done.updates == 7
    assert with_controls(lambda given: (given, 7), labels, placebo=False).placebo is None
    taken = with_controls(lambda given: ("trained", 7), labels, without=("from before", 7))
    assert (taken.real, taken.without) == ("trained", "from before")


def test_a_control_with_fewer_updates_is_none():
    with pytest.raises(TrainingError, match=r"these took \[5, 7\]"):
        with_controls(lambda given: (given, 5 if given is None else 7), np.arange(4))
