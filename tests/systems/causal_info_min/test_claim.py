"""The claim of causal information minimisation on few rows: the branch holds the bias, and its swap less of it."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from aitia.evidence import swap_holds
from aitia.systems.causal_info_min import CausalInfoMin, claim, study


@pytest.fixture
def small(monkeypatch):
    for name, value in {"ROWS": 2000, "HELD": 500, "TEST": 1500, "STEPS": 250, "BRANCH_STEPS": 300}.items():
        monkeypatch.setattr(claim, name, value)
    kept = (claim.CONTINUED, claim.OURS)
    monkeypatch.setattr(claim, "ARMS", {name: claim.ARMS[name] for name in kept})
    # One bottleneck in place of the six that are tried.
    quick = partial(CausalInfoMin, learning_rate=3e-3, kl_weights=(0.2,))
    monkeypatch.setattr(study, "CausalInfoMin", quick)


def _of_both(seed):
    data = claim._Data(seed)
    models = claim._trained(data, seed, tuple(claim.ARMS))
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


def _told(seed):
    """What a seed of the first four parts gives, with numbers that nobody measured."""
    rng = np.random.default_rng(seed)
    arms = (*claim.ARMS, "ERM", "ERM, binary loss", "TE-D adjusted, TIE", study.DIVIDED)
    bias = [name for name in arms if name.startswith("TE-D")]
    return {
        "accuracy": {arm: dict(zip(study.SPLITS, rng.random(3), strict=True)) for arm in arms},
        "distance": {arm: rng.random() for arm in arms},
        "bias": {arm: dict(zip(study.SPLITS, rng.random(3), strict=True)) for arm in bias},
        "probes": {"type and shape": 0.8, "answer": 0.4},
        "sufficiency": {"before": 0.7, "after": 0.6},
        "nats": 5.0,
        "kept": 0.94,
        "selected_on": "nothing",
    }


def test_every_row_is_judged_and_stands_beside_those_who_are_told_the_bias():
    found = [_told(seed) for seed in range(3)]
    rows = [*claim._part_a(found), *claim._part_b(found), *claim._part_c(found), claim._sufficiency(found)]
    assert all(row.judged for row in rows)
    assert {claim.CONTINUED, "ERM", study.PRODUCT, study.DIVIDED} == set(rows[0].ahead_of) <= set(rows[0].arms)
    assert not any(word in arm for arm in rows[0].arms for word in ("published", "ATE-D", "binary"))
    assert [row.part for row in rows] == list("aaaaaabbbbbbccccd")
    gained = [found[0]["accuracy"][name]["OOD"] for name in (claim.OURS, claim.CONTINUED)]
    assert rows[2].values[0] == gained[0] - gained[1]


def test_answers_are_divided_by_the_shares_that_their_question_had():
    shares = study.frequencies(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2]), 3, np.array([1, 0]))
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert shares[0] == pytest.approx([0, 0, 1], abs=2e-3)
    assert shares[1] == pytest.approx([2 / 3, 1 / 3, 0], abs=2e-3)
    even = study.frequencies(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2]), 3, np.array([0]), before=1.0)
    assert even[0] == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    asked = SimpleNamespace(
        answers="xyz", asked=dict.fromkeys(study.SPLITS, np.array([0])), splits=dict.fromkeys(study.SPLITS),
        truth=dict.fromkeys(study.SPLITS, np.array([1])),
    )  # fmt: skip
    model = SimpleNamespace(predict_proba=lambda _: np.array([[0.6, 0.4, 0.0]]))
    learnt = np.array([0] * 4), np.array([0, 0, 0, 1])
    assert study.divided(asked, model, learnt) == dict.fromkeys(study.SPLITS, 1.0)
