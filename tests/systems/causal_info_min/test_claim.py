"""The claim of causal information minimisation on few rows: it gains where the bias moved, and its swap does not."""

import pytest

import aitia.systems.causal_info_min.claim as claim
from aitia.evidence import swap_holds


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "ROWS", 2000)
    monkeypatch.setattr(claim, "HELD", 500)
    monkeypatch.setattr(claim, "TEST", 1500)
    monkeypatch.setattr(claim, "STEPS", 200)
    monkeypatch.setattr(claim, "BRANCH_STEPS", 150)
    monkeypatch.setattr(claim, "ARMS", {name: claim.ARMS[name] for name in (claim.CONTINUED, claim.PRODUCT, claim.OURS)})


def _of_three(seed):
    data = claim._Data(seed)
    models = claim._trained(data, seed, claim.ARMS)
    accuracy = {name: model.evaluate(data.splits) for name, model in models.items()}
    bias = {split: claim._right(models[claim.OURS].bias(data.splits[split]), data.tests[split]) for split in data.tests}
    return {"accuracy": accuracy, "bias": bias}


def test_it_gains_where_the_bias_moved_and_erm_continued_does_not(small, development):
    found = development(4).over_seeds("a", _of_three, 4)
    for f in found: print(f)
