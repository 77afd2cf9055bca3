"""Encoders of sets see the empirical distribution and nothing else; a sum does not pass."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aitia.errors import DataError, OptionError
from aitia.nn.choices import BLOCKS
from aitia.nn.layers import ConvEncoder
from aitia.systems.gde.set_encoders import KernelMean, Moments, SetEncoder, calibrate, pool

ALL = [(kind, pooling) for kind in BLOCKS for pooling in ("mean", "median")]
every = pytest.mark.parametrize(("kind", "pooling"), ALL)
seeds = st.integers(0, 2**31)


def encoder(kind="pooled", pooling="mean", **options):
    torch.manual_seed(0)
    return SetEncoder(3, 5, width=16, kind=kind, pooling=pooling, **options).eval()


def points(seed, sets=2, n=7):
    return torch.randn(sets, n, 3, generator=torch.Generator().manual_seed(seed))


@every
@settings(max_examples=8, deadline=None)
@given(seed=seeds, n=st.integers(1, 9))
def test_the_order_of_the_points_does_not_count(kind, pooling, seed, n):
    x = points(seed, n=n)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    net = encoder(kind, pooling)
    assert torch.allclose(net(x), net(x[:, order]), atol=1e-5)


@every
@settings(max_examples=8, deadline=None)
@given(seed=seeds, n=st.integers(1, 9), times=st.integers(2, 5))
def test_a_set_repeated_is_the_same_set(kind, pooling, seed, n, times):
    x = points(seed, n=n)
    net = encoder(kind, pooling)
    assert (net(x) - net(x.repeat(1, times, 1))).abs().max() < 1e-5


@every
@settings(max_examples=8, deadline=None)
@given(
    seed=seeds,
    n=st.integers(1, 6),
    more=st.integers(1, 5),
    value=st.sampled_from([0.0, 1e6, float("nan"), float("inf")]),
)
def test_what_stands_where_no_point_is_has_no_influence(kind, pooling, seed, n, more, value):
    x = points(seed, n=n)
    padded = torch.cat([x, torch.full((2, more, 3), value)], 1)
    present = (torch.arange(n + more) < n).expand(2, -1)
    net = encoder(kind, pooling)
    assert torch.allclose(net(padded, present), net(x), atol=1e-5)


@pytest.mark.parametrize("kind", ["pooled", "residual"])
@settings(max_examples=8, deadline=None)
@given(seed=seeds, n=st.integers(1, 40), piece=st.integers(1, 11))
def test_a_set_read_in_pieces_is_the_set_read_at_once(kind, seed, n, piece):
    x = points(seed, sets=1, n=n)
    net = encoder(kind)
    assert torch.allclose(net.stream(lambda: x[0].split(piece)), net(x)[0], atol=1e-5)


def test_a_sum_knows_the_number_of_points_and_fails_the_laws_of_a_mean():
    x = points(1, n=12)
    net = encoder(pooling="sum", per=12)
    assert torch.allclose(net(x), encoder()(x), atol=1e-5), "at 12 points it is the mean"
    assert (net(x) - net(x.repeat(1, 4, 1))).abs().max() > 1e-2


def test_errors_fall_as_one_over_the_root_of_the_number_of_points():
    """The central limit theorem: the deviation at 10 points is 10 times that at 1000."""
    net = encoder()
    with torch.no_grad():
        few, many = (net(points(2, sets=400, n=m)).std(0).norm() for m in (10, 1000))
    assert 8 < few / many < 12.5


def test_means_of_unequal_sets_are_the_means_of_each():
    x = points(3, sets=1, n=6)
    assert torch.allclose(pool(x, torch.tensor([[True] * 4 + [False] * 2])), x[:, :4].mean(1))
    medians = pool(x, torch.tensor([[True] * 5 + [False]]), "median")
    assert torch.allclose(medians, x[:, :5].median(1).values)


def test_gradients_reach_every_weight_that_a_kind_uses():
    for kind, pooling in ALL:
        net = encoder(kind, pooling)
        net(points(4)).square().sum().backward()
        missing = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        assert all("attention.in_proj_bias" in name for name in missing), (kind, missing)


def test_any_module_may_read_the_points():
    images = torch.rand(2, 4, 3, 16, 16)
    net = SetEncoder(6, 5, width=16, trunk=ConvEncoder(16, 6, width=4))
    assert net(images).shape == (2, 5)
    assert torch.allclose(net.stream(lambda: images[0].split(3)), net(images)[0], atol=1e-5)


def test_a_language_model_of_hugging_face_may_read_the_points():
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )

    class Trunk(nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = transformers.BertModel(config, add_pooling_layer=False)

        def forward(self, ids):
            return self.bert(input_ids=ids).last_hidden_state.mean(1)

    torch.manual_seed(0)
    net = SetEncoder(16, 5, width=16, trunk=Trunk()).eval()
    ids = torch.randint(20, (2, 3, 8))
    assert torch.allclose(net(ids), net(ids.repeat(1, 2, 1)), atol=1e-5)


# -- vectors that are not learnt -------------------------------------------------------------------------------------


def test_inner_products_of_kernel_means_are_means_of_the_kernel():
    torch.manual_seed(0)
    net = KernelMean(3, 20_000, bandwidth=1.5)
    x, y = points(5, sets=1, n=40), points(6, sets=1, n=30)
    exact = torch.exp(-torch.cdist(x[0], y[0]).square() / (2 * 1.5**2)).mean()
    assert abs(float((net.raw(x) * net.raw(y)).sum() - exact)) < 0.02  # error about 1 / sqrt(10,000)


def test_moments_are_means_and_deviations_and_calibration_standardises_them():
    sets = [torch.from_numpy(np.random.default_rng(k).normal(k, 1 + k, (50, 2))).float() for k in range(4)]
    net = Moments(2)
    assert torch.allclose(net.raw(sets[1][None])[0], torch.cat([sets[1].mean(0), sets[1].std(0, correction=0)]))
    calibrate(net, sets)
    z = torch.stack([net(s[None])[0] for s in sets])
    assert torch.allclose(z.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(z.std(0, correction=0), torch.ones(4), atol=1e-4)


# -- refusals --------------------------------------------------------------------------------------------------------


def test_attention_and_medians_cannot_be_read_in_pieces():
    for net in (encoder("attention"), encoder(pooling="median")):
        with pytest.raises(OptionError, match="reads a set in one piece: take mean pooling"):
            net.stream(lambda: points(0)[0].split(2))


def test_an_empty_set_and_sizes_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="a set has at least one point, this one has none"):
        encoder().stream(list)
    with pytest.raises(OptionError, match="size, latents, width and per are at least 1"):
        SetEncoder(0, 2)
    with pytest.raises(OptionError, match="attention has 4 heads: width is a multiple of 4, got 6"):
        SetEncoder(2, 2, width=6, kind="attention")
    with pytest.raises(OptionError, match="even number of latents and a positive bandwidth, got 3 and 1"):
        KernelMean(2, 3)
