"""Samplers given a vector: they learn laws that are known, a point keeps its noise, and one interface serves all."""

import copy

import pytest
import torch
from torch import nn

from aitia.errors import OptionError
from aitia.systems.gde.samplers import DiffusionSampler, DirectSampler, FlowSampler, GaussianSampler, VaeSampler
from aitia.systems.gde.sequence_sampler import ABSENT, SequenceSampler
from aitia.systems.gde.transport import directions, sliced_w2

MADE = {
    "direct": lambda: DirectSampler(2, 2, 32),
    "mmd": lambda: DirectSampler(2, 2, 32, "mmd"),
    "sinkhorn": lambda: DirectSampler(2, 2, 32, "sinkhorn"),
    "gaussian": lambda: GaussianSampler(2, 2, 32),
    "flow": lambda: FlowSampler(2, 2, 32),
    "diffusion": lambda: DiffusionSampler(2, 2, 32, steps=100),
    "vae": lambda: VaeSampler(2, 2, 32),
}
every = pytest.mark.parametrize("kind", MADE)
Z = torch.tensor([[1.0, -1.0], [-1.0, 0.5]])


def populations(n, seed):
    """Two Gaussians, one of each vector."""
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(2, n, 2, generator=rng)
    return torch.stack([x[0] * torch.tensor([1.0, 0.3]) + 2, x[1] @ torch.tensor([[0.6, 0.4], [0.0, 0.5]])])


def trained(sampler, steps):
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(sampler.parameters(), lr=5e-3)
    for step in range(steps):
        optimizer.zero_grad()
        sampler.loss(Z, populations(64, step)).mean().backward()
        optimizer.step()
    return sampler.eval()


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("direct", 200),
        ("mmd", 200),
        pytest.param("sinkhorn", 60, marks=pytest.mark.slow),
        ("gaussian", 200),
        ("flow", 200),
        ("diffusion", 400),
        ("vae", 400),
    ],
)
def test_a_trained_sampler_draws_each_population_far_nearer_than_the_other(kind, steps):
    torch.manual_seed(1)
    sampler = trained(MADE[kind](), steps)
    truth, along = populations(500, 10**6), directions(50, 2, torch.Generator().manual_seed(0))
    drawn = sampler.sample(Z, 500, torch.Generator().manual_seed(2))
    own = sliced_w2(drawn, truth, along)
    assert (own < 0.15 * sliced_w2(truth, truth.flip(0), along)).all(), own


@every
def test_a_seed_gives_the_same_points_and_every_point_its_own_noise(kind):
    sampler = MADE[kind]()
    one, two = (sampler.sample(Z, 6, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    noise = torch.randn(5, sampler.noise)
    with torch.no_grad():
        z = Z[:1].expand(5, -1)
        assert torch.allclose(sampler.draw(z, noise)[2:4], sampler.draw(z[2:4], noise[2:4]), atol=1e-5)
        assert sampler.draw(z, noise).shape == (5, 2)


@every
def test_the_loss_is_of_sets_and_its_gradient_reaches_z(kind):
    sampler, z = MADE[kind](), Z.clone().requires_grad_()
    loss = sampler.loss(z, populations(20, 0))
    assert loss.shape == (2,)
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    assert (gradient.abs().sum(1) > 0).all()


def test_the_flow_is_a_density_that_integrates_to_one():
    torch.manual_seed(0)
    sampler = FlowSampler(2, 2, 16)
    for p in sampler.parameters():
        nn.init.normal_(p, std=0.3)
    line = torch.linspace(-12, 12, 401)
    grid = torch.cartesian_prod(line, line)[None]
    with torch.no_grad():  # the loss is a mean of -log p; of one point a set it is -log p itself
        density = (-sampler.loss(Z[:1].expand(grid.shape[1], -1), grid[0][:, None])).exp()
    assert abs(float(density.sum() * (24 / 400) ** 2) - 1) < 0.02


def test_points_of_odd_size_get_a_column_of_noise_in_the_flow():
    sampler = FlowSampler(3, 2, 16)
    assert sampler.noise == 4
    assert sampler.sample(Z, 5).shape == (2, 5, 3)
    assert sampler.loss(Z, torch.randn(2, 5, 3)).shape == (2,)


def test_no_points_are_refused():
    with pytest.raises(OptionError, match="a sample has at least 1 point, got 0"):
        DirectSampler(2, 2).sample(Z, 0)


# -- sequences -------------------------------------------------------------------------------------------------------


def language_model():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=6, n_positions=16, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0
    )
    return transformers.GPT2LMHeadModel(config).eval()


def test_the_loss_of_a_sequence_is_its_log_probability_token_by_token():
    sampler = SequenceSampler(language_model(), 2, prefix=3, length=4)
    ids = torch.tensor([[[1, 2, 3, 4], [5, 1, ABSENT, ABSENT]], [[2, 2, 2, 2], [3, ABSENT, ABSENT, ABSENT]]])
    with torch.no_grad():
        loss = sampler.loss(Z, ids)
        for s in range(2):
            total = 0.0
            for sequence in ids[s]:
                tokens = [t for t in sequence.tolist() if t != ABSENT]
                for k, token in enumerate(tokens):
                    before = sampler.read(Z[s : s + 1]).reshape(1, 3, 16)
                    seen = torch.cat(
                        [before, sampler.model.get_input_embeddings()(torch.tensor([tokens[:k]]).long())], 1
                    )
                    total -= float(sampler.model(inputs_embeds=seen).logits[0, -1].log_softmax(-1)[token])
            assert abs(float(loss[s]) - total / 2) < 1e-4


def test_a_sampler_of_sequences_learns_two_populations_and_ends_at_the_end():
    sampler = SequenceSampler(copy.deepcopy(language_model()), 2, length=4, end=5)
    optimizer = torch.optim.Adam(sampler.parameters(), lr=1e-2)
    told = torch.tensor([[[1, 2, 5, ABSENT]], [[3, 4, 4, 5]]])
    for _ in range(60):
        optimizer.zero_grad()
        sampler.loss(Z, told).sum().backward()
        optimizer.step()
    drawn = sampler.sample(Z, 20, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 20, 4)
    assert ((drawn == told).all(-1).float().mean(1) > 0.8).all()


def test_what_is_no_language_model_is_refused():
    with pytest.raises(OptionError, match="needs a causal language model, got a Linear"):
        SequenceSampler(nn.Linear(2, 2), 2)
    with pytest.raises(OptionError, match="at least 1 sequence, got 0"):
        SequenceSampler(language_model(), 2).sample(Z, 0)


def test_the_loss_of_a_gaussian_is_its_likelihood_and_draws_have_its_moments():
    torch.manual_seed(0)
    sampler = GaussianSampler(3, 2, 8)
    points = torch.randn(2, 7, 3)
    mean, lower = sampler._law(Z)
    law = torch.distributions.MultivariateNormal(mean[:, None], scale_tril=lower[:, None])
    assert torch.allclose(sampler.loss(Z, points), -law.log_prob(points).mean(1), atol=1e-5)
    drawn = sampler.sample(Z, 40_000, torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.mean(1), mean, atol=0.05)
    assert torch.allclose(torch.cov(drawn[0].T), lower[0] @ lower[0].T, atol=0.1)
