"""Masked diffusion against enumeration: a model that knows the law of two tokens, and what its samplers then draw."""

import numpy as np
import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import DataError, InterventionError, OptionError
from aitia.systems.medim.masked_diffusion import FLOOR, MaskedDiffusion, TimeInput, times

MASK = 4
LAW = np.array([[0.5, 0.05, 0.05], [0.02, 0.2, 0.18]])
"""p(first, second), over ids 5..6 and 7..9."""


class Knowing:
    """Stands in for a model: the conditionals of LAW, exactly, at each place."""

    visibility = "bidirectional"

    def logits(self, ids, present):
        found = torch.zeros(*ids.shape, 10)
        for row, (a, b) in enumerate(ids.tolist()):
            first = LAW.sum(1) if b == MASK else LAW[:, b - 7] / LAW[:, b - 7].sum()
            second = LAW.sum(0) if a == MASK else LAW[a - 5] / LAW[a - 5].sum()
            found[row, 0, 5:7] = torch.tensor(first).log().float()
            found[row, 1, 7:10] = torch.tensor(second).log().float()
        return found


MAY = torch.zeros(2, 10, dtype=torch.bool)
MAY[0, 5:7] = MAY[1, 7:10] = True


def shares(found):
    table = np.zeros_like(LAW)
    for a, b in found.tolist():
        table[a - 5, b - 7] += 1 / len(found)
    return table


@pytest.mark.parametrize("sampler", ["ancestral", "confidence", "random"])
def test_one_token_a_step_draws_the_law_and_all_at_once_its_margins(sampler):
    diffusion, n = MaskedDiffusion(Knowing(), MASK), 4000
    ids, present = torch.full((n, 2), MASK), torch.ones(n, 2)
    if sampler != "ancestral":
        found = diffusion.sample(ids, present, MAY, steps=2, sampler=sampler, randomness=1e6, seed=1)
        assert shares(found) == pytest.approx(LAW, abs=0.03)
    once = diffusion.sample(ids, present, MAY, steps=1, sampler=sampler, seed=2)
    assert shares(once) == pytest.approx(np.outer(LAW.sum(1), LAW.sum(0)), abs=0.03)


def test_ancestral_steps_are_the_mixture_that_the_schedule_makes():
    # In two steps each token is drawn at the first with probability 1/2: both at the same step with 1/2, else apart.
    n = 6000
    found = MaskedDiffusion(Knowing(), MASK).sample(torch.full((n, 2), MASK), torch.ones(n, 2), MAY, steps=2, seed=3)
    assert shares(found) == pytest.approx(0.5 * LAW + 0.5 * np.outer(LAW.sum(1), LAW.sum(0)), abs=0.025)


def test_a_row_at_random_fills_one_mask_a_step_and_is_told_its_own_share():
    class Told(Knowing):
        def logits(self, ids, present):
            seen.append((ids == MASK).sum(dim=1).tolist())
            return super().logits(ids, present)

    class Clock:
        def set(self, time):
            told.append(time.tolist())

    seen, told = [], []
    ids = torch.tensor([[MASK, MASK], [6, MASK]])
    MaskedDiffusion(Told(), MASK, Clock()).sample(ids, torch.ones_like(ids), MAY, steps=9, sampler="random", seed=1)
    assert [row[0] for row in seen] == [2, 1]
    assert [row[0] for row in told] == [1, 0.5]
    assert told[0][1] == 1


def test_what_is_there_stays_and_the_rest_follows_it():
    ids = torch.tensor([[6, MASK]] * 3000)
    found = MaskedDiffusion(Knowing(), MASK).sample(ids, torch.ones_like(ids), MAY, steps=8, seed=4)
    assert (found[:, 0] == 6).all()
    assert np.bincount(found[:, 1], minlength=10)[7:] / 3000 == pytest.approx(LAW[1] / LAW[1].sum(), abs=0.03)


def test_guidance_sharpens_towards_what_is_given():
    ids = torch.tensor([[6, MASK]] * 3000)
    given = torch.tensor([[True, False]] * 3000)
    diffusion = MaskedDiffusion(Knowing(), MASK)
    found = diffusion.sample(ids, torch.ones_like(ids), MAY, guidance=1.0, given=given, seed=5)
    p = (LAW[1] / LAW[1].sum()) ** 2 / LAW.sum(0)
    assert np.bincount(found[:, 1], minlength=10)[7:] / 3000 == pytest.approx(p / p.sum(), abs=0.03)
    with pytest.raises(OptionError, match="which tokens are given"):
        diffusion.sample(ids, torch.ones_like(ids), MAY, guidance=1.0)


def test_the_loss_bounds_the_negative_log_likelihood_with_equality_in_any_order():
    # The mean of (2) over masks and times is the mean over orders of -log p, which for true conditionals is -log p(x).
    diffusion, x = MaskedDiffusion(Knowing(), MASK), torch.tensor([[5, 8]])
    total = 0.0
    for noised in ([True, False], [False, True], [True, True]):
        own = float(diffusion.loss(x, torch.ones_like(x), MAY, torch.tensor([noised]), torch.ones(1))) * 2
        total += own / 2  # over t in (0, 1) both t (1 - t) / t and t^2 / t have the integral 1/2
    assert total == pytest.approx(-np.log(LAW[0, 1]), rel=1e-5)


def test_the_mask_is_never_said_and_what_is_there_says_itself():
    model = tiny.model("llama", "bidirectional")
    ids = torch.tensor([[5, MASK, 7]])
    may = torch.ones(3, len(model.vocabulary), dtype=torch.bool)
    with torch.no_grad():
        found = MaskedDiffusion(model, MASK).log_probabilities(ids, torch.ones_like(ids), may, torch.ones(1))
    assert bool(torch.isneginf(found[..., MASK]).all())
    assert found[0, [0, 2], [5, 7]].tolist() == [0, 0]
    assert found.exp().sum(-1).numpy() == pytest.approx(np.ones((1, 3)), abs=1e-5)


def test_a_model_that_reads_from_the_left_says_a_token_one_place_before_it():
    model = tiny.model("llama", "causal")
    may = torch.ones(3, len(model.vocabulary), dtype=torch.bool)
    with torch.no_grad():
        one, other = (
            MaskedDiffusion(model, MASK).log_probabilities(ids, torch.ones_like(ids), may, torch.ones(1))
            for ids in (torch.tensor([[5, MASK, 7]]), torch.tensor([[5, MASK, 8]]))
        )
    assert torch.equal(one[0, 1], other[0, 1])


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_time_changes_nothing_at_first_and_something_once_it_is_learnt(family):
    model = tiny.model(family, "bidirectional")
    ids = torch.tensor([[5, 6, 7], [8, 9, 10]])
    with torch.no_grad():
        before = model.logits(ids)
        told = TimeInput(model, 8)
        told.set(torch.tensor([0.2, 0.9]))
        assert torch.allclose(model.logits(ids), before, atol=1e-6)
        for layer in told.modulations:
            torch.nn.init.normal_(layer.weight, std=0.1)
        told.set(torch.tensor([0.2, 0.9]))
        one = model.logits(ids)
        told.set(torch.tensor([0.2, 0.4]))
        other = model.logits(ids)
    assert torch.allclose(one[0], other[0], atol=1e-6)
    assert not torch.allclose(one[1], other[1], atol=1e-3)


def test_times_cover_every_part_of_the_unit_interval():
    found = times(10, torch.Generator().manual_seed(0))
    parts = ((found - FLOOR) / (1 - FLOOR) * 10).floor().sort().values
    assert parts.tolist() == list(range(10))


def test_bad_input_is_refused():
    diffusion, ids = MaskedDiffusion(Knowing(), MASK), torch.full((1, 2), MASK)
    with pytest.raises(OptionError, match="steps is at least 1"):
        diffusion.sample(ids, torch.ones_like(ids), MAY, steps=0)
    with pytest.raises(DataError, match="nothing may stand at a place"):
        diffusion.sample(ids, torch.ones_like(ids), MAY & False)
    with pytest.raises(OptionError, match="even width"):
        TimeInput(tiny.model(), 3)
    model = tiny.model()
    for block in model.model.model.layers:
        block.renamed = block._modules.pop("input_layernorm")
    with pytest.raises(InterventionError, match="have not the norms"):
        TimeInput(model)


def test_from_the_left_it_is_the_language_model_over_what_may_stand_there():
    model = tiny.model("llama", "bidirectional")
    ids = torch.tensor([[5, 6, 7, 8]])
    may = torch.zeros(4, len(model.vocabulary), dtype=torch.bool)
    may[:, 5:10] = True
    with torch.no_grad():
        found = MaskedDiffusion(model, MASK).from_left(ids, torch.ones_like(ids), may)
        plain = model.model(input_ids=ids).logits[0, :, 5:10].log_softmax(-1)
    assert torch.allclose(found[0, 1:, 5:10], plain[:-1], atol=1e-5)
    assert found[0, 0, 5:10].exp().tolist() == pytest.approx([0.2] * 5)
    assert bool(torch.isneginf(found[0, :, :5]).all())


def test_from_the_left_no_time_is_told():
    model = tiny.model("llama", "bidirectional")
    time = TimeInput(model, 8)
    for layer in time.modulations:
        torch.nn.init.normal_(layer.weight, std=0.1)
    ids, may = torch.tensor([[5, 6, 7]]), torch.ones(3, len(model.vocabulary), dtype=torch.bool)
    diffusion = MaskedDiffusion(model, MASK, time)
    with torch.no_grad():
        before = diffusion.from_left(ids, torch.ones_like(ids), may)
        diffusion.log_probabilities(torch.tensor([[5, MASK, 7]] * 2), torch.ones(2, 3), may, torch.tensor([0.2, 0.9]))
        assert torch.equal(diffusion.from_left(ids, torch.ones_like(ids), may), before)
