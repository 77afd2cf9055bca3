"""Scores of probabilities of classes: by hand, and beside scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import class_scores, expected_calibration_error, reliability


def draws(n=300, k=3, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), n)
    return np.array([rng.choice(k, p=row) for row in p]), p


def test_calibration_error_by_hand():
    # Told 0.9 twice, one right: |0.5 - 0.9|; told 0.6 once, right: |1 - 0.6|. Mean over three rows: 0.4.
    assert np.isclose(expected_calibration_error([0, 1, 0], [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]]), 0.4)


def test_classes_drawn_from_the_probabilities_are_calibrated():
    y, p = draws(40_000)
    assert expected_calibration_error(y, p) < 0.01
    assert expected_calibration_error(y, p**3 / (p**3).sum(axis=1, keepdims=True)) > 0.1  # too sure


def test_bins_hold_every_row_once():
    y, p = draws()
    found = reliability(y, p, bins=7)
    assert found.rows.sum() == len(y)
    assert np.isclose((found.rows * found.right).sum(), (p.argmax(axis=1) == y).sum())


@pytest.mark.parametrize("k", [2, 3, 5])
def test_scores_are_those_of_scikit_learn(k):
    y, p = draws(k=k)
    found = class_scores(y, p)
    wanted = roc_auc_score(y, p[:, 1]) if k == 2 else roc_auc_score(y, p, multi_class="ovo")
    assert np.isclose(found["AUC"], wanted)
    assert np.isclose(found["log loss"], log_loss(y, p))
    assert np.isclose(found["accuracy"], (p.argmax(axis=1) == y).mean())


def test_a_class_that_no_row_has_takes_no_part_in_the_auc():
    y, p = draws(k=3)
    kept = y < 2
    among = p[kept][:, :2] / p[kept][:, :2].sum(axis=1, keepdims=True)
    assert np.isclose(class_scores(y[kept], p[kept])["AUC"], roc_auc_score(y[kept], among[:, 1]))
    assert "AUC" not in class_scores(np.zeros(4, dtype=int), p[:4])


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        ([0, 1], [[0.5, 0.5]], "expected \\(n, classes\\) and \\(n,\\)"),
        ([0], [[0.5, 0.6]], "add up to 1"),
        ([0], [[1.5, -0.5]], "not negative"),
    ],
)
def test_what_are_no_probabilities_is_refused(y, p, said):
    with pytest.raises(DataError, match=said):
        class_scores(y, p)


def test_there_is_at_least_one_bin():
    with pytest.raises(OptionError, match="1 bin or more"):
        reliability([0], [[1.0]], bins=0)
