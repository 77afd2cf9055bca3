"""From removing a concept to changing it: where knowing the concept adds to the log odds, the answer is exact."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.systems.causalm.calibration import set_anew, taken_from
from aitia.systems.causalm.effects import estimates


def _softmax(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _additive(seed, values=3, n=900, classes=4):
    """Texts whose concept goes with the stratum, and what two classifiers say: only one is moved by the concept."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 3, n)
    codes = (strata + rng.choice(values, n, p=[0.6, *[0.4 / (values - 1)] * (values - 1)])) % values
    rest = rng.normal(size=(n, classes)) + 2 * rng.normal(size=(3, classes))[strata]
    weight = rng.normal(size=(values, classes))
    return rest, weight, codes, strata


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), values=st.integers(2, 4))
def test_a_concept_that_adds_to_the_log_odds_is_set_anew_exactly(seed, values):
    """After is constant within each stratum, so that (1) needs the weights: the concept goes with the stratum."""
    rest, weight, codes, strata = _additive(seed, values)
    rest = np.eye(3)[strata] @ rest[:3]
    before, after = (torch.from_numpy(scores) for scores in (rest + weight[codes], rest + 5.0 * strata[:, None]))
    taken = taken_from(before, after, torch.from_numpy(codes), torch.from_numpy(strata)).double().numpy()
    said = _softmax(before.numpy())
    for value in range(values):
        wanted = _softmax(rest + weight[value])
        # The normalisers of log probabilities differ from text to text: that is the additive part's only error.
        found = set_anew(said, taken, codes, value)
        same = codes == value
        assert np.allclose(found[same], said[same], atol=1e-12)
        assert np.allclose(found.sum(axis=1), 1)
        assert np.abs(np.log(found) - np.log(wanted)).max() < 1e-4


def test_what_a_second_training_moves_alike_falls_out_and_noise_averages_out():
    rest, weight, codes, strata = _additive(0, n=6000)
    rng = np.random.default_rng(1)
    before = rest + weight[codes]
    alike = np.array([3.0, 0.0, -2.0, 1.0])
    moved = before + alike + rng.normal(size=before.shape)  # still knows the concept
    taken = taken_from(*map(torch.from_numpy, (before, moved, codes, strata))).double().numpy()
    shift = taken - taken.mean(axis=0)
    assert np.abs(shift - shift.mean(axis=1, keepdims=True)).max() < 0.15
    said = {"original": _softmax(before), "counterfactual": _softmax(moved), "placebo": _softmax(moved)}
    found = {e.name: e.estimate for e in estimates(said, None, codes, {"counterfactual": taken}, resamples=20)}
    assert found["TReATE"] > 0.5
    assert found["calibrated TReATE"] < 0.1
    assert "calibrated placebo TReATE" not in found


def test_a_concept_that_goes_with_the_strata_wholly_has_no_calibrated_estimate():
    codes, strata = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 1, 1])
    taken = taken_from(torch.zeros(4, 2), torch.ones(4, 2), codes, strata)
    assert taken.shape == (2, 2)
    assert taken.isnan().all()
    said = {"original": np.full((4, 2), 0.5), "counterfactual": np.full((4, 2), 0.5)}
    found = estimates(said, None, codes.numpy(), {"counterfactual": taken.numpy()}, resamples=5)
    assert "calibrated TReATE" not in [effect.name for effect in found]


@pytest.mark.parametrize("name", ["closed form alone", "LEACE", "INLP"])
def test_a_linear_baseline_is_calibrated_against_the_classifier_that_reads_the_same_states(name):
    """Where heads pool by attention the baselines' own reference is `original, mean`; by hand for two texts."""
    mean, codes = np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1])
    said = {"original": np.array([[0.9, 0.1]] * 2), "original, mean": mean, "counterfactual": mean, name: mean}
    taken = {name: np.log([[1.0, 1.0], [3.0, 1.0]])}
    found = {e.name: e.estimate for e in estimates(said, None, codes, taken, resamples=5)}
    first = abs(0.5 - (0.5 / 3) / (0.5 / 3 + 0.5)) * 2
    second = abs(0.2 - 0.2 * 3 / (0.2 * 3 + 0.8)) * 2
    assert found[f"{name}, calibrated"] == pytest.approx((first + second) / 2)
