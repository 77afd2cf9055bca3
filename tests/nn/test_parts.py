"""The shared parts of networks against closed forms and a peer."""

import math

import numpy as np
import pytest
import torch
import zuko
from torch import nn

from aitia.errors import FormatError, OptionError, RunError
from aitia.nn.contrastive import info_nce, supervised_contrastive
from aitia.nn.flows import CouplingFlow
from aitia.nn.gaussian import draw, gaussian_kl, gaussian_log_prob, mixture_log_prob, standard_log_prob
from aitia.nn.layers import Condition, ConvDecoder, ConvEncoder, mlp
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.systems.causal_motion.invariance import irm_penalty, vrex_penalty
from aitia.systems.domain_counterfactuals.domain_affine import DomainAffine


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# -- Gaussians ---------------------------------------------------------------------------------------------------------


def test_densities_and_divergences_agree_with_torch_distributions():
    mean, log_variance, x = torch.randn(3, 5, 4)
    normal = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    assert torch.allclose(gaussian_log_prob(x, mean, log_variance), normal.log_prob(x).sum(-1), atol=1e-5)
    assert torch.allclose(standard_log_prob(x), standard.log_prob(x).sum(-1), atol=1e-5)
    divergence = torch.distributions.kl_divergence(normal, standard).sum(-1)
    assert torch.allclose(gaussian_kl(mean, log_variance), divergence, atol=1e-5)


def test_a_mixture_far_out_does_not_underflow():
    weights, means, variances = torch.log(torch.tensor([0.3, 0.7])), torch.zeros(2, 2), torch.zeros(2, 2)
    far = torch.full((1, 2), 40.0)
    assert torch.allclose(mixture_log_prob(far, weights, means, variances), standard_log_prob(far))


def test_draws_have_the_mean_and_variance_asked_for():
    drawn = draw(torch.full((100_000,), 2.0), torch.full((100_000,), math.log(9.0)))
    assert abs(float(drawn.mean()) - 2) < 0.05
    assert abs(float(drawn.std()) - 3) < 0.05


# -- flows -------------------------------------------------------------------------------------------------------------


def test_a_flow_goes_there_and_back_with_opposite_log_determinants():
    flow = CouplingFlow(6, layers=4).double()
    for parameter in flow.parameters():
        nn.init.normal_(parameter, std=0.5)
    x = torch.randn(50, 6, dtype=torch.float64)
    y, there = flow(x)
    back, away = flow(y, inverse=True)
    assert torch.allclose(back, x, atol=1e-8)
    assert torch.allclose(there, -away, atol=1e-8)


def test_the_log_determinant_is_that_of_the_jacobian():
    flow = CouplingFlow(4, layers=3).double()
    for parameter in flow.parameters():
        nn.init.normal_(parameter, std=0.5)
    for x in torch.randn(5, 4, dtype=torch.float64):
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v)[0], x)
        assert torch.allclose(torch.linalg.slogdet(jacobian)[1], flow(x)[1], atol=1e-9)


def test_a_flow_starts_near_the_identity_up_to_a_shift_and_matches_the_peers_density_there():
    flow = CouplingFlow(2, layers=1).double()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.zero_()
    peer = zuko.distributions.DiagNormal(torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    x = torch.randn(20, 2, dtype=torch.float64)
    z, log_det = flow(x)
    assert torch.allclose(standard_log_prob(z) + log_det, peer.log_prob(x))


def test_an_odd_size_is_refused():
    with pytest.raises(OptionError, match="even size, got 3"):
        CouplingFlow(3)


# -- domain-wise affine maps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", ["relaxed", "canonical", "dense"])
def test_the_map_is_the_paper_s_and_its_inverse_undoes_it(structure):
    layer = DomainAffine(4, 3, structure, 2, copies=2).double()
    nn.init.normal_(layer.log_scale, std=0.3)
    eps = torch.randn(2, 3, 7, 4, dtype=torch.float64)
    z = layer(eps)
    lower, log_scale, shift = layer.parts()
    for copy in range(2):
        for d in range(3):
            matrix = torch.linalg.inv(torch.eye(4) - lower[copy, d])
            by_hand = (eps[copy, d] * log_scale[copy, d].exp() + shift[copy, d]) @ matrix.T
            assert torch.allclose(z[copy, d], by_hand, atol=1e-10)
    back, log_det = layer.inverse(z)
    assert torch.allclose(back, eps, atol=1e-10)
    assert torch.allclose(log_det, -log_scale.sum(-1))


def test_only_the_last_rows_differ_between_domains():
    lower, log_scale, shift = DomainAffine(5, 3, "relaxed", 2).parts()
    for part in (lower, log_scale[..., None], shift[..., None]):
        assert torch.equal(part[0, 0, :3], part[0, 1, :3])
        assert torch.equal(part[0, 0, :3], part[0, 2, :3])
    assert not torch.equal(lower[0, 0, 3:], lower[0, 1, 3:])
    assert (torch.triu(lower[0]) == 0).all()


def test_the_canonical_form_is_the_identity_in_the_first_domain_and_above():
    layer = DomainAffine(5, 3, "canonical", 2).double()
    eps = torch.randn(1, 3, 6, 5, dtype=torch.float64)
    z = layer(eps)
    assert torch.equal(z[0, 0], eps[0, 0])
    assert torch.equal(z[..., :3], eps[..., :3])
    assert not torch.allclose(z[0, 1, :, 3:], eps[0, 1, :, 3:])


@pytest.mark.parametrize("changing", [0, 4])
def test_a_number_of_changing_latents_out_of_range_is_refused(changing):
    with pytest.raises(OptionError, match="between 1 and 3"):
        DomainAffine(4, 2, "relaxed", changing)


# -- invariance --------------------------------------------------------------------------------------------------------


def test_the_irm_penalty_of_least_squares_is_its_gradient_squared():
    """For risks (w a - b)^2 the derivative at w = 1 is 2 a (a - b)."""
    a, b = torch.randn(2, 3, 8)
    gradient = (2 * a * (a - b)).mean(1)
    penalty = irm_penalty(lambda w: (w * a - b) ** 2, halves=False)
    assert torch.allclose(penalty, (gradient**2).sum(), atol=1e-5)
    even, odd = (2 * a * (a - b))[:, ::2].mean(1), (2 * a * (a - b))[:, 1::2].mean(1)
    assert torch.allclose(irm_penalty(lambda w: (w * a - b) ** 2), (even * odd).sum(), atol=1e-5)


def test_the_half_split_penalty_has_no_bias_where_the_gradient_vanishes_on_average():
    a = torch.randn(4000, 4)
    noise = torch.randn(4000, 4)
    split = irm_penalty(lambda w: (w * a - a - noise) ** 2) / len(a)
    whole = irm_penalty(lambda w: (w * a - a - noise) ** 2, halves=False) / len(a)
    assert abs(split.item()) < 0.15
    assert whole.item() > 0.8


def test_vrex_is_the_variance_of_the_risks():
    risks = torch.tensor([1.0, 2.0, 6.0])
    assert float(vrex_penalty(risks)) == pytest.approx(np.var([1, 2, 6]))
    with pytest.raises(OptionError, match="at least 2, got 1"):
        vrex_penalty(risks[:1])


# -- contrast ----------------------------------------------------------------------------------------------------------


def test_the_supervised_contrastive_loss_is_the_sum_written_out():
    codes, labels, t = torch.randn(7, 3), torch.tensor([0, 0, 1, 1, 1, 2, 0]), 0.2
    h = codes / codes.norm(dim=1, keepdim=True)
    losses = []
    for i in range(7):
        positives = [p for p in range(7) if p != i and labels[p] == labels[i]]
        if positives:
            below = sum(math.exp(float(h[i] @ h[a]) / t) for a in range(7) if a != i)
            losses.append(-np.mean([float(h[i] @ h[p]) / t - math.log(below) for p in positives]))
    assert float(supervised_contrastive(codes, labels, t)) == pytest.approx(np.mean(losses), rel=1e-5)


def test_a_batch_without_positives_is_refused():
    with pytest.raises(OptionError, match="raise the batch size"):
        supervised_contrastive(torch.randn(3, 2), torch.tensor([0, 1, 2]))


def test_matching_views_have_a_smaller_loss_than_shuffled_ones():
    a = torch.randn(32, 8)
    assert float(info_nce(a, a, 0.1)) < float(info_nce(a, a.roll(1, 0), 0.1)) - 1
    uniform = torch.ones(16, 4)
    assert float(info_nce(uniform, uniform, within=False)) == pytest.approx(math.log(16), rel=1e-5)


# -- plain layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 16, 64])
def test_encoder_and_decoder_fit_each_other(size):
    images = torch.rand(2, 3, size, size)
    back = ConvDecoder(size, 5)(ConvEncoder(size, 5)(images))
    assert back.shape == images.shape
    assert 0 <= back.min().item() <= back.max().item() <= 1


def test_an_image_side_that_is_no_power_of_two_is_refused():
    with pytest.raises(OptionError, match="power of two, 8 or more, got 20"):
        ConvEncoder(20, 4)


def test_conditioning_adds_to_what_comes_in():
    block = Condition(4, 2)
    with torch.no_grad():
        for parameter in block.net[-1].parameters():
            parameter.zero_()
    x = torch.randn(3, 5, 4)
    assert torch.equal(block(x, torch.randn(2)), x)


# -- weights as files --------------------------------------------------------------------------------------------------


def test_weights_come_back_bit_by_bit_and_the_file_is_the_same_each_time(tmp_path):
    tensors = {"a": torch.randn(3, 4), "b": torch.arange(5)}
    for name in ("one", "two"):
        write_weights(tmp_path / name, tensors, {"x": [1, 2], "y": {"z": None}, "w": "text"})
    read, metadata = read_weights(tmp_path / "one")
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    assert metadata == {"x": [1, 2], "y": {"z": None}, "w": "text"}
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_weights_of_another_model_name_the_leaf():
    model = mlp((2, 3, 1))
    state = model.state_dict()
    with pytest.raises(FormatError, match=r"it lacks 0\.weight"):
        load_into(model, {}, "file")
    with pytest.raises(FormatError, match=r"0\.weight has shape \(3, 5\) there, \(3, 2\) here"):
        load_into(model, {**state, "0.weight": torch.zeros(3, 5)}, "file")
    with pytest.raises(FormatError, match=r"extra \(1,\) is not in this one"):
        load_into(model, {**state, "extra": torch.zeros(1)}, "file")


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(FormatError, match="there is no file"):
        read_weights(tmp_path / "none")
    (tmp_path / "bad").write_bytes(b"not tensors at all")
    with pytest.raises(FormatError, match="damaged"):
        read_weights(tmp_path / "bad")
    with pytest.raises(RunError):
        write_weights(tmp_path / "no" / "folder", {"a": torch.zeros(1)}, {})
