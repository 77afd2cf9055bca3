"""The claim of causal information minimisation on few rows: it gains where the bias moved, and its swap does not."""

from functools import partial

import pytest

import aitia.systems.causal_info_min.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.causal_info_min import CausalInfoMin


@pytest.fixture
def small(monkeypatch):
    for name, value in {"ROWS": 2000, "HELD": 500, "TEST": 1500, "STEPS": 250, "BRANCH_STEPS": 300}.items():
        monkeypatch.setattr(claim, name, value)
    kept = (claim.CONTINUED, claim.PRODUCT, claim.OURS)
    monkeypatch.setattr(claim, "ARMS", {name: claim.ARMS[name] for name in kept})
    # One bottleneck in place of the six that are tried.
    quick = partial(CausalInfoMin, learning_rate=3e-3, kl_weights=(0.2,))
    monkeypatch.setattr(claim, "CausalInfoMin", quick)


def _of_three(seed):
    data = claim._Data(seed)
    models = claim._trained(data, seed, claim.ARMS)
    accuracy = {name: model.evaluate(data.splits) for name, model in models.items()}
    bias = {split: claim._right(models[claim.OURS].bias(data.splits[split]), data.tests[split]) for split in data.tests}
    return {"accuracy": accuracy, "bias": bias}


def test_it_gains_where_the_bias_moved_and_erm_continued_does_not(small, development):
    found = development(4).over_seeds("a", _of_three, 4)
    for f in found: print(f)
