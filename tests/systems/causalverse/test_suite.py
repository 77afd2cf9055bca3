"""The score of the suite: both numbers that go by the name MCC, R2, angles, categories, constants."""

import numpy as np
import pytest

from aitia.errors import DataError
from aitia.systems.causalverse import CausalVerse, Observations

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(600, 2))


def truth(**labels):
    angles = labels.pop("angles", ())
    n = len(next(iter(labels.values())))
    return Observations.of(np.zeros((n, 1)), labels=labels, angles=angles, source="a toy")


def test_the_truth_in_another_order_and_scale_scores_one():
    score = CausalVerse().score(Z[:, ::-1] * [-3, 2], truth(a=Z[:, 0], b=Z[:, 1]))
    assert score.mcc == pytest.approx(1)
    assert score.r2 > 0.99


def test_a_turned_truth_has_all_of_r2_and_not_of_mcc():
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    score = CausalVerse().score(Z @ turn, truth(a=Z[:, 0], b=Z[:, 1]))
    assert score.r2 > 0.99
    assert score.mcc < 0.8


def test_one_latent_for_two_variables_is_a_high_best_correlation_and_a_low_mcc():
    a = Z[:, 0]
    score = CausalVerse().score(np.column_stack([a, Z[:, 1]]), truth(a=a, b=a + 0.01 * RNG.normal(size=600)))
    assert score.best_correlation > 0.99
    assert score.mcc < 0.6


def test_angles_count_by_sine_and_cosine():
    turn = RNG.uniform(-np.pi, np.pi, 600)
    score = CausalVerse().score(np.column_stack([np.sin(turn), np.cos(turn)]), truth(turn=turn, angles=("turn",)))
    assert score.mcc == pytest.approx(1)
    assert set(score.r2_by_variable) == {"sin turn", "cos turn"}


def test_categories_count_by_accuracy_beside_the_most_frequent_one():
    kind = (Z[:, 0] > 0.5).astype(int)
    score = CausalVerse().score(Z, truth(a=Z[:, 1], kind=np.array(["u", "v"])[kind]))
    assert set(score.r2_by_variable) == {"a"}
    assert score.accuracy["kind"] > 0.95
    assert score.majority["kind"] == pytest.approx(1 - kind.mean(), abs=0.05)


def test_a_constant_variable_is_left_out_and_named():
    score = CausalVerse().score(Z, truth(a=Z[:, 0], still=np.full(600, 0.5)))
    assert score.dropped == ("still",)
    assert score.mcc == pytest.approx(1)


def test_with_fewer_latents_than_variables_there_is_no_mcc_but_the_rest():
    score = CausalVerse().score(Z[:, :1], truth(a=Z[:, 0], b=Z[:, 1]))
    assert score.mcc is None
    assert score.r2_by_variable["a"] > 0.99


def test_clips_count_frame_by_frame_and_constants_of_a_clip_in_every_frame():
    z = RNG.normal(size=(60, 8, 2))
    mass = RNG.normal(size=60)
    data = Observations.of(np.zeros((60, 8, 1)), labels={"a": z[..., 0], "mass": mass})
    codes = np.concatenate([z[..., :1], np.repeat(mass[:, None, None], 8, axis=1)], axis=2)
    assert CausalVerse().score(codes, data).mcc == pytest.approx(1)


def test_codes_of_other_rows_labels_that_are_absent_and_all_constant_are_refused():
    with pytest.raises(DataError, match=r"codes have shape \(5, 2\), expected one row for each of the 600"):
        CausalVerse().score(Z[:5], truth(a=Z[:, 0]))
    with pytest.raises(DataError, match="a toy offers none"):
        CausalVerse().score(Z, Observations.of(np.zeros((600, 1)), source="a toy"))
    with pytest.raises(DataError, match="every label of a toy is constant"):
        CausalVerse().score(Z, truth(a=np.full(600, 0.5)))
