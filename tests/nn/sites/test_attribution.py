"""Attribution patching is the slope of a patch: against finite differences, and exact where all is linear."""

import numpy as np
import pytest
import torch
from site_models import CASES
from torch import nn

from aitia.errors import InterventionError, OptionError
from aitia.nn.sites import Add, Agreement, LogitDifference, agreement, attribution, intervene, record, trace
from aitia.nn.sites.intervene import call

METRIC = LogitDifference([3, 4], 7)
SITES = {
    "GPT-2": ["transformer.h.*[position=*]", "transformer.h.1.attn[head=*, position=-1]", "transformer.h.2.mlp"],
    "Llama": ["model.layers.*.mlp[position=*]", "model.layers.1.self_attn[head=2]", "model.layers.0[in, unit=3]"],
}


@pytest.mark.parametrize("name", SITES)
def test_estimates_are_the_slope_of_patches(name):
    case, small = CASES[name](), 1e-2  # some norms are of single precision in any model
    case.model.double()
    found = attribution(case.model, case.inputs, SITES[name], METRIC, against=case.other)
    here, there = (record(case.model, inputs, found.sites) for inputs in (case.inputs, case.other))
    assert np.allclose(found.plain, METRIC(call(case.model, case.inputs)))
    for k in range(0, len(found.sites), 5):
        site = found.sites[k]
        measured = []
        for step in (-small, small):
            with intervene(case.model, {site: Add(step * (there[site] - here[site]))}):
                measured.append(METRIC(call(case.model, case.inputs)).numpy())
        assert np.allclose(found.changes[k], (measured[1] - measured[0]) / (2 * small), atol=1e-5)
    assert np.abs(found.changes).max() > 1e-3


def test_estimates_are_patches_where_all_is_linear():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 4), nn.Linear(4, 2)).eval()
    one, two = torch.randn(2, 6, 3)
    for sites in ("0[unit=*]", ["1", "0[in, unit=2]"]):
        fast = attribution(net, one, sites, lambda y: y[:, 1], against=two)
        patched = trace(net, one, sites, lambda y: y[:, 1], against=two)
        assert np.allclose(fast.values, patched.values, atol=1e-5)
        assert np.allclose(fast.other, patched.other)


def test_the_model_is_left_as_it_was(gpt2):
    before = [p.clone() for p in gpt2.model.parameters()]
    attribution(gpt2.model, gpt2.inputs, "transformer.h.*", METRIC, against=gpt2.other)
    assert all(torch.equal(a, b) for a, b in zip(before, gpt2.model.parameters(), strict=True))
    assert all(p.grad is None for p in gpt2.model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in gpt2.model.modules())


def test_agreement_by_hand():
    found = agreement([([1.0, 2.0], [1.0, 4.0]), ([0.0], [0.0])], [2.0, -2.0])
    assert (found.compared, found.prompts) == (3, 2)
    assert found.correlation == pytest.approx(np.corrcoef([1, 2, 0], [1, 4, 0])[0, 1])
    assert found.gap == pytest.approx((2 / 3) / 2)
    assert np.isnan(agreement([([1.0], [1.0])], [1.0]).correlation)
    assert "At 3 sites of 2 pairs that were patched too" in str(found)
    assert "At 4 sites that were patched too, the correlation is 0.900" in str(Agreement(4, 1, 0.9, 0.1))


def test_what_has_no_slope_is_refused():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)).eval()
    x, other = torch.randn(2, 4, 3)
    with pytest.raises(InterventionError, match="no gradient of the metric reaches any site"):
        attribution(net, x, "0", lambda y: y[:, 0].round().detach(), against=other)
    with pytest.raises(OptionError, match="at least one site"):
        attribution(net, x, [], lambda y: y[:, 0], against=other)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(self.layer(x))

    with pytest.raises(InterventionError, match="ran 2 times"):
        attribution(Twice().eval(), x, "layer", lambda y: y[:, 0], against=other)
