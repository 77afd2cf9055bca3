"""Paths, mediators and controls against networks whose effects are known by hand."""

import copy

import numpy as np
import pytest
import torch
from site_models import OTHER
from torch import nn

from aitia.errors import InterventionError, OptionError
from aitia.nn.sites import LogitDifference, Patch, intervene, mediation, path_patch, record
from aitia.nn.sites.controls import random_labels, random_subspace, random_units


class Diamond(nn.Module):
    """y = c s + b r + e q with s = a x, r = d s, q = f s: one direct path and two that go through r and q."""

    def __init__(self):
        super().__init__()
        for name in "abcdef":
            self.add_module(name, nn.Linear(1, 1, bias=False))
        with torch.no_grad():
            for name, value in zip("abcdef", (2.0, 3.0, 5.0, 7.0, 11.0, 13.0), strict=True):
                self.get_submodule(name).weight.fill_(value)

    def forward(self, x):
        s = self.a(x)
        r, q = self.d(s), self.f(s)
        return self.c(s) + self.b(r) + self.e(q)


ZERO, ONE = torch.zeros(2, 1), torch.ones(2, 1)


def test_effects_of_a_diamond_are_products_along_its_paths():
    # By hand: x moves s by 2, so the paths carry 2*5 = 10 directly, 2*7*3 = 42 through r, 2*13*11 = 286 through q.
    net = Diamond().eval()
    found = mediation(net, ZERO, ONE, ["d"], lambda y: y[:, 0])
    assert (found.total == 338).all()
    assert (found.direct == 296).all()
    assert (found.indirect == 42).all()
    sender = {"a": Patch(record(net, ONE, ["a"])["a"])}
    assert (path_patch(net, ZERO, sender, ["d[in]"], ["c", "f"]) == 42).all()
    assert (path_patch(net, ZERO, sender, ["f"], ["c", "d"]) == 286).all()
    assert (path_patch(net, ZERO, sender, ["f[in]", "d[in]"], ["c"]) == 328).all()
    assert (path_patch(net, ZERO, sender, [], ["d", "f"]) == 10).all()
    assert (path_patch(net, ZERO, sender, [], []) == 338).all()
    with pytest.raises(InterventionError, match="a is a sender and a receiver"):
        path_patch(net, ZERO, sender, ["a"], [])


def test_a_path_in_a_transformer_equals_three_runs_by_hand(gpt2):
    model, sender, receiver = gpt2.model, "transformer.h.0.attn[head=1]", "transformer.h.2.mlp[in]"
    frozen = ["transformer.h.*.attn", "transformer.h.*.mlp"]
    source = record(model, gpt2.other, [sender])[sender]
    found = path_patch(model, gpt2.inputs, {sender: Patch(source)}, [receiver], frozen)
    # The residual stream carries the head's output from block 0 to the layer norm before the last perceptron.
    plain = record(model, gpt2.inputs, ["transformer.h.0.attn", "transformer.h.2.ln_2[in]"])
    moved = record(model, gpt2.inputs, ["transformer.h.0.attn"], {sender: Patch(source)})
    change = moved["transformer.h.0.attn"] - plain["transformer.h.0.attn"]
    given = model.transformer.h[2].ln_2(plain["transformer.h.2.ln_2[in]"])
    assert not torch.equal(given, model.transformer.h[2].ln_2(plain["transformer.h.2.ln_2[in]"] + change))
    held = ["transformer.h.0.mlp", "transformer.h.1.attn", "transformer.h.1.mlp", "transformer.h.2.attn"]
    kept = record(model, gpt2.inputs, held)
    with intervene(
        model, {**{site: Patch(value) for site, value in kept.items()}, sender: Patch(source)}, record=[receiver]
    ) as run:
        model(**gpt2.inputs)
    assert torch.allclose(
        run[receiver], model.transformer.h[2].ln_2(plain["transformer.h.2.ln_2[in]"] + change), atol=1e-5
    )
    with intervene(model, {receiver: Patch(run[receiver])}):
        expected = model(**gpt2.inputs).logits
    assert torch.allclose(found.logits, expected, atol=1e-6)
    assert not torch.allclose(found.logits, model(**gpt2.inputs).logits)


def test_freezing_everything_or_sending_the_same_changes_nothing(gpt2):
    sender = "transformer.h.0.attn"
    frozen = ["transformer.h.*.attn", "transformer.h.*.mlp"]
    own = record(gpt2.model, gpt2.inputs, [sender])[sender]
    found = path_patch(gpt2.model, gpt2.inputs, {sender: Patch(own)}, ["transformer.h.2.mlp[in]"], frozen)
    assert torch.equal(found.logits, gpt2.model(**gpt2.inputs).logits)
    through_all = mediation(gpt2.model, gpt2.inputs, {"input_ids": OTHER}, ["transformer.h.2"], LogitDifference(3, 7))
    assert np.allclose(through_all.direct, 0, atol=1e-5)
    assert np.allclose(through_all.indirect, through_all.total, atol=1e-5)


def test_controls_are_as_many_and_mean_nothing():
    sets = random_units([0, 3, -1], 10, draws=200, seed=1)
    assert all(len(set(units)) == 3 and not {0, 3, 9} & set(units) for units in sets)
    assert {unit for units in sets for unit in units} == {1, 2, 4, 5, 6, 7, 8}
    with pytest.raises(OptionError, match="6 of 10 units were chosen"):
        random_units(range(6), 10, draws=1)
    basis = random_subspace(6, 2, seed=3)
    assert torch.allclose(basis.T @ basis, torch.eye(2), atol=1e-6)
    narrow = torch.randn(50, 1, generator=torch.Generator().manual_seed(0)) * torch.tensor([[1.0, 2.0, 0.0, 0.0]])
    direction = random_subspace(4, 1, like=narrow)[:, 0].abs()
    assert torch.allclose(direction, torch.tensor([1.0, 2.0, 0.0, 0.0]) / 5**0.5, atol=1e-5)
    with pytest.raises(OptionError, match="rank from 1 to 4"):
        random_subspace(4, 5)
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    drawn = random_labels(labels, seed=4)
    assert np.array_equal(np.bincount(drawn), np.bincount(labels))
    assert (drawn == labels).mean() < 0.6
    assert not np.array_equal(labels, drawn)
    assert copy.copy(labels).tolist() == np.repeat([0, 1, 2], [50, 30, 20]).tolist()
