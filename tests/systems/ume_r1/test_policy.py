"""Policy optimisation against its definition, and on a bandit whose best arm is known."""

import copy

import numpy as np
import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.model import SequenceModel
from aitia.systems.ume_r1.policy import PolicyConfig, PolicyLoss, Rollouts, advantages, policy_loss
from aitia.train import TrainConfig, train


def test_advantages_are_relative_to_the_group():
    found = advantages(torch.tensor([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]))
    assert found[0].tolist() == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
    assert found[1].tolist() == [0, 0, 0]


def test_a_group_that_is_all_but_alike_moves_little_where_the_batch_scales():
    rewards = torch.tensor([[1.0, 1.0, 1.01], [0.0, 3.0, 3.0]])
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    found = advantages(rewards, "batch")
    assert torch.allclose(found, centred / centred.square().mean().sqrt())
    assert found[0].abs().max() < 0.01 < 0.5 < advantages(rewards)[0].abs().max()
    assert (advantages(torch.ones(2, 3), "batch") == 0).all()


def test_the_loss_is_what_its_definition_says():
    now, then = torch.tensor([[-1.0, -0.1, -2.0]]), torch.tensor([[-1.5, -1.0, -2.0]])
    reference, written = torch.tensor([[-1.2, -0.3, -2.5]]), torch.tensor([[True, True, False]])
    ratio = np.exp([0.5, 0.9])
    away = np.exp([-0.2, -0.2]) + 0.2 - 1
    for a in (2.0, -2.0):
        gain = np.minimum(ratio * a, np.clip(ratio, 0.8, 1.28) * a)
        wanted = float(np.mean(0.1 * away - gain))
        loss, kl = policy_loss(now, then, reference, torch.tensor([a]), written, beta=0.1)
        assert float(loss) == pytest.approx(wanted, rel=1e-5)
        assert float(kl) == pytest.approx(away.mean(), rel=1e-5)


def rewarded(wanted):
    return lambda numbers, texts: np.array([float(t[:1] == [wanted[n]]) for n, t in zip(numbers, texts, strict=True)])


@pytest.mark.parametrize("updates", [1, 2])
def test_what_is_rewarded_is_written_more_often_and_shuffled_rewards_teach_nothing(updates):
    prompts = torch.tensor([[5, 6], [7, 8]])

    def after(judged):
        model = tiny.model("llama", seed=3, layers=1)
        with torch.no_grad():
            before = model.logits(prompts)[:, -1].softmax(-1)
        best = before.argsort(dim=1)[:, -3].tolist()  # the third likeliest is the one that is rewarded
        config = PolicyConfig(prompts=2, group=16, most=2, beta=0.01, updates=updates)
        reference = SequenceModel(copy.deepcopy(model.model), model.vocabulary)
        rollouts = Rollouts(model, prompts.tolist(), judged(rewarded(best)), config, reference)
        train(PolicyLoss(model, config), rollouts, TrainConfig(steps=60, learning_rate=3e-3, device="cpu"))
        with torch.no_grad():
            p = model.logits(prompts)[:, -1].softmax(-1)
        return (p[[0, 1], best] - before[[0, 1], best]).tolist(), rollouts.history

    noise = np.random.default_rng(0)
    gained, history = after(lambda reward: reward)
    shuffled, _ = after(lambda reward: lambda numbers, texts: noise.permutation(reward(numbers, texts)))
    assert np.mean(history[-5:]) > 0.8
    assert min(gained) > 0.5
    assert max(shuffled) < 0.3


def test_the_same_step_writes_the_same_texts():
    model = tiny.model("llama")
    config = PolicyConfig(prompts=2, group=2, most=3, beta=0)
    made = [Rollouts(model, [[5], [6], [7]], lambda n, t: np.arange(4.0), config) for _ in range(2)]
    for a, b in zip(made[0](3, 0, 1), made[1](3, 0, 1), strict=True):
        assert torch.equal(a, b)
    ids, present, written, *_ = made[0](3, 0, 1)
    assert bool((written <= present[:, 1:]).all())
    assert not bool(written[:, :0].any())
    assert len(ids) == 4


def test_bad_input_is_refused():
    model = tiny.model("llama")
    with pytest.raises(OptionError, match="beta wants a reference"):
        Rollouts(model, [[5]], rewarded({}), PolicyConfig())
    with pytest.raises(DataError, match="there are none"):
        Rollouts(model, [], rewarded({}), PolicyConfig(beta=0))
    with pytest.raises(OptionError, match="group at least 2"):
        PolicyConfig(group=1)
    bad = Rollouts(model, [[5]], lambda n, t: np.full(len(n), np.nan), PolicyConfig(prompts=1, group=2, beta=0))
    with pytest.raises(DataError, match="one finite number a text"):
        bad(0, 0, 1)
