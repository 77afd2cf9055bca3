"""The losses of the networks that members share, and of some members, by hand and by differentiation."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import normalize

from aitia.representations.config import DecodingConfig, TransitionConfig
from aitia.representations.networks import ConditionalNetwork, PlainNetwork, decode
from aitia.representations.transitions import TransitionNetwork
from aitia.systems.idol import IDOLConfig
from aitia.systems.idol.model import _Instantaneous
from aitia.systems.multi_view import MultiViewConfig
from aitia.systems.multi_view.model import _Contrast
from aitia.systems.supervised.model import _label_of, _of_clip, _Regression
from aitia.systems.tdrl import TDRL

SMALL = {"latents": 2, "hidden": 6}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def asked(net, *given):
    """The loss and its parts, with q, the scaled rows and the error from the same draws."""
    torch.manual_seed(1)
    told = {name: part.item() for name, part in net(*given).items()}
    torch.manual_seed(1)
    scaled, q = net.vae.posterior(given[0])
    return told, q, Normal(q.mean, torch.exp(0.5 * q.log_variance)), net.vae.error(scaled, q.z).mean().item()


def test_draws_differ_from_the_means_by_what_the_variance_says():
    _, q = PlainNetwork((5,), DecodingConfig(**SMALL)).vae.posterior(torch.randn(4000, 5))
    off = (q.z - q.mean) / torch.exp(0.5 * q.log_variance)
    assert off.mean().item() == pytest.approx(0, abs=0.06)
    assert off.std().item() == pytest.approx(1, abs=0.06)


def test_the_bound_is_error_and_weighted_divergence_over_the_numbers_of_a_row():
    net, x = PlainNetwork((5,), DecodingConfig(**SMALL, kl_weight=3.0)), torch.randn(7, 5)
    told, _, law, error = asked(net, x)
    kl = kl_divergence(law, Normal(0.0, 1.0)).sum(-1).mean().item()
    assert told == pytest.approx({"error": error, "kl": kl, "loss": (error + 3 * kl) / 5}, rel=1e-4)


@pytest.mark.parametrize("shape", [(), (3,)])
def test_with_a_prior_for_each_value_the_divergence_is_from_that_of_the_rows_value(shape):
    net, x, u = ConditionalNetwork((5,), DecodingConfig(**SMALL), 4), torch.randn(6, *shape, 5), torch.arange(6) % 4
    with torch.no_grad():
        net.mean.normal_()
        net.log_variance.normal_()
    told, _, law, _ = asked(net, x, u)
    place = u if not shape else u[:, None].expand(6, 3)
    prior = Normal(net.mean[place], torch.exp(0.5 * net.log_variance[place]))
    assert told["kl"] == pytest.approx(kl_divergence(law, prior).sum(-1).mean().item(), rel=1e-4)


def test_what_is_decoded_is_in_the_units_of_the_rows():
    net, x = PlainNetwork((3,), DecodingConfig(**SMALL)), torch.randn(50, 3) * 4 + 7
    net.learn_scale(x, common=False)
    z = torch.randn(5, 2)
    by_hand = net.vae.decoder(z).detach().numpy() * x.std(0).numpy() + x.mean(0).numpy()
    assert np.allclose(decode(net, z.numpy()), by_hand, atol=1e-5)


def moved(net):
    """A transition prior away from where it starts."""
    with torch.no_grad():
        for parameter in net.prior.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return net


def test_the_loss_of_clips_counts_first_frames_by_the_standard_law_and_the_rest_by_the_transition():
    net, x = moved(TransitionNetwork((5,), TransitionConfig(**SMALL, lags=2, transition=0.6))), torch.randn(4, 6, 5)
    told, q, law, error = asked(net, x)
    first = kl_divergence(law, Normal(0.0, 1.0)).sum(-1)[:, :2].sum(1)
    rest = (law.log_prob(q.z).sum(-1)[:, 2:] - net.prior.log_prob(q.z)).sum(1)
    kl = ((first + 0.6 * rest) / 6).mean().item()
    assert told["kl"] == pytest.approx(kl, rel=1e-4)
    assert told["loss"] == pytest.approx((error + net.kl_weight * kl) / 5, rel=1e-4)


def test_the_influence_of_a_linear_process_is_its_coefficient_by_spread_over_noise_from_cause_to_effect():
    model = TDRL(**SMALL, steps=1, batch=16).fit(np.random.default_rng(0).normal(size=(40, 5, 4)))
    prior, (a, noise) = model._net.prior, (torch.tensor([[0.0, 0.8], [0.3, 0.0]]), torch.tensor([0.5, 2.0]))
    with torch.no_grad():
        for name in ("first", "last", "straight", "level", "offset"):
            getattr(prior, name).zero_()
        prior.log_v.fill_(-80.0)
        prior.level[:, 0] = -torch.log(noise)
        prior.straight[:, 1] = -a / noise[:, None]
    z = np.random.default_rng(1).normal(size=(30, 5, 2)) * [1.0, 3.0]
    spread = z.reshape(-1, 2).std(axis=0, ddof=1)
    found = model._influence_of(z)
    assert found.lagged[0] == pytest.approx((a.numpy() * spread / noise.numpy()[:, None]).T, rel=1e-4)
    assert not found.within.any()


def test_the_sparsity_of_idol_is_the_mean_jacobian_in_spreads_of_the_latents_over_the_numbers_of_a_row():
    options = {"sparsity": 2.0, "lagged": 0.5, "instantaneous": 3.0}
    net, z = (
        moved(_Instantaneous((5,), IDOLConfig(**SMALL, **options))),
        torch.randn(3, 4, 2) * torch.tensor([1.0, 4.0]),
    )
    told, spread = net.penalties(z), z.flatten(0, 1).std(0)
    lagged, within = [], []
    for clip in range(3):
        for t in range(1, 4):
            pair = z[clip, t - 1 : t + 1][None]
            whole = torch.autograd.functional.jacobian(lambda v: net.prior(v)[0][0, 0], pair)[:, 0]
            lagged.append(whole[:, 0].abs() * spread)
            within.append(whole[:, 1].tril(-1).abs() * spread)
    assert told["lagged"].item() == pytest.approx(2 * 0.5 * torch.stack(lagged).mean().item() / 5, rel=1e-4)
    assert told["instantaneous"].item() == pytest.approx(2 * 3 * torch.stack(within).mean().item() / 5, rel=1e-4)


def test_the_contrast_of_views_is_a_softmax_over_the_other_rows_of_both_at_its_temperature():
    net = _Contrast((5,), MultiViewConfig(**SMALL, temperature=0.3))
    one, other = torch.randn(4, 5), torch.randn(4, 5)
    h = normalize(net.encoder(torch.cat([one, other])), dim=-1)
    assert torch.allclose(net.encode(one), h[:4], atol=1e-6)
    near = torch.exp(h @ h.T / 0.3) * (1 - torch.eye(8))
    by_hand = -torch.stack([torch.log(near[i, (i + 4) % 8] / near[i].sum()) for i in range(8)]).mean()
    assert net(one, other)["loss"].item() == pytest.approx(by_hand.item(), rel=1e-4)


def test_the_regression_of_labels_is_the_mean_of_its_three_errors_and_says_what_it_was_told():
    targets = {
        "a": {"kind": "continuous", "mean": 2.0, "spread": 4.0},
        "turn": {"kind": "angle"},
        "kind": {"kind": "categorical", "categories": ["u", "v", "w"]},
    }
    net, x = _Regression((5,), targets, 4, 6), torch.randn(3, 5)
    a, turn, kind = torch.tensor([1.0, 2.0, 8.0]), torch.tensor([0.1, 2.0, -3.0]), torch.tensor([0.0, 2.0, 1.0])
    said = net.encode(x).detach().double().numpy()
    numbers = np.mean((said[:, 0] - (a.numpy() - 2) / 4) ** 2)
    turns = np.mean((said[:, 1:3] - torch.stack([turn.sin(), turn.cos()], dim=1).numpy()) ** 2)
    logits = np.column_stack([np.zeros(3), said[:, 3:]])
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    kinds = -np.mean([math.log(share[row, int(k)]) for row, k in enumerate(kind)])
    assert net(x, a, turn, kind)["loss"].item() == pytest.approx((numbers + turns + kinds) / 3, rel=1e-4)
    assert _label_of(targets["a"], np.array([[0.5]])).tolist() == [4.0]
    assert _label_of(targets["turn"], np.array([[math.sin(2.5), math.cos(2.5)]])) == pytest.approx([2.5])
    assert _label_of(targets["kind"], np.array([[-1.0, -2.0], [1.0, 2.0], [2.0, 1.0]])).tolist() == ["u", "w", "v"]
    assert np.abs(_of_clip("angle", np.array([[3.1, -3.1], [0.2, 0.4]]))) == pytest.approx([math.pi, 0.3])
