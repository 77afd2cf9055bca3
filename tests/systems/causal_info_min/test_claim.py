"""The claim of causal information minimisation on few rows: the branch holds the bias, and its swap less of it."""

from functools import partial

import pytest

import aitia.systems.causal_info_min.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.causal_info_min import CausalInfoMin


@pytest.fixture
def small(monkeypatch):
    for name, value in {"ROWS": 2000, "HELD": 500, "TEST": 1500, "STEPS": 250, "BRANCH_STEPS": 300}.items():
        monkeypatch.setattr(claim, name, value)
    kept = (claim.CONTINUED, claim.OURS)
    monkeypatch.setattr(claim, "ARMS", {name: claim.ARMS[name] for name in kept})
    # One bottleneck in place of the six that are tried.
    quick = partial(CausalInfoMin, learning_rate=3e-3, kl_weights=(0.2,))
    monkeypatch.setattr(claim, "CausalInfoMin", quick)


def _of_both(seed):
    data = claim._Data(seed)
    models = claim._trained(data, seed, claim.ARMS)
    accuracy = {name: model.evaluate(data.splits) for name, model in models.items()}
    bias = {split: claim._right(models[claim.OURS].bias(data.splits[split]), data.tests[split]) for split in data.tests}
    return {"accuracy": accuracy, "bias": {claim.OURS: bias}}


def test_the_branch_holds_more_of_the_bias_than_a_classifier_that_is_trained_on(small, development):
    found = development(3).over_seeds("c", _of_both, 3)
    row = claim._gap(found)
    assert row.holds, row.judged
    assert swap_holds([row], claim.CLAIM.swap) is False


def test_without_a_bias_in_the_training_the_branch_holds_none(small):
    found = claim._unbiased(1000)
    assert abs(found[claim.GAP]) < 0.15
    assert found[f"{claim.GAIN}: OOD accuracy"] < 0.03
