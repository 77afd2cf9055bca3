"""The coding rate against singular values, and the bottleneck's divergence against what the code really holds."""

import math

import numpy as np
import pytest
import torch

from aitia.errors import OptionError
from aitia.systems.causal_info_min.information import InformationBottleneck, coding_rate


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (1, 3)])
def test_the_coding_rate_is_the_sum_over_singular_values_whichever_side_is_taken(shape):
    rows, columns = shape
    z = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sizes = np.linalg.svd(z.numpy(), compute_uv=False)
    expected = 0.5 * sum(math.log(1 + columns / (rows * 0.01) * s**2) for s in sizes)
    assert math.isclose(coding_rate(z).item(), expected, rel_tol=1e-12)
    direct = np.linalg.slogdet(np.eye(columns) + columns / (rows * 0.01) * z.numpy().T @ z.numpy())[1] / 2
    assert math.isclose(coding_rate(z).item(), direct, rel_tol=1e-12)


def test_the_rate_falls_when_codes_are_only_scaled_down_unless_rows_have_unit_length():
    z = torch.randn(20, 6, generator=torch.Generator().manual_seed(1))
    assert coding_rate(0.1 * z) < 0.5 * coding_rate(z)
    assert torch.allclose(coding_rate(0.1 * z, normalise=True), coding_rate(z, normalise=True), rtol=1e-5)
    unit = z / z.norm(dim=1, keepdim=True)
    assert torch.allclose(coding_rate(z, normalise=True), coding_rate(unit), rtol=1e-5)


def test_half_precision_is_computed_in_single_and_lets_gradients_through():
    z = torch.randn(30, 8, generator=torch.Generator().manual_seed(2)).half().requires_grad_(True)
    rate = coding_rate(z)
    rate.backward()
    assert rate.dtype == torch.float32
    assert torch.allclose(rate, coding_rate(z.detach().float()))
    assert torch.isfinite(z.grad).all()


def test_what_is_no_set_of_codes_is_refused():
    with pytest.raises(OptionError, match="codes \\(rows, columns\\), got shape \\(2, 3, 4\\)"):
        coding_rate(torch.zeros(2, 3, 4))
    with pytest.raises(OptionError, match="got shape \\(0, 3\\)"):
        coding_rate(torch.zeros(0, 3))
    with pytest.raises(OptionError, match="eps of a coding rate is positive, got 0"):
        coding_rate(torch.eye(2), eps=0)


def test_the_code_never_holds_more_than_its_divergence_says():
    """Two equally frequent inputs; what the code holds of them is integrated over a grid."""
    torch.manual_seed(3)
    bottleneck = InformationBottleneck(2, 1).double()
    x = torch.eye(2, dtype=torch.float64)
    with torch.no_grad():
        mean, log_variance = bottleneck.net(x).chunk(2, dim=-1)
        nats = bottleneck(x)[1].mean().item()
    grid = np.linspace(-12, 12, 40_001)
    width = grid[1] - grid[0]
    density = [
        np.exp(-0.5 * (grid - m) ** 2 / v) / math.sqrt(2 * math.pi * v)
        for m, v in zip(mean[:, 0].tolist(), log_variance[:, 0].exp().tolist(), strict=True)
    ]
    mixture = 0.5 * (density[0] + density[1])
    held = sum(0.5 * (d * np.log((d + 1e-300) / (mixture + 1e-300))).sum() * width for d in density)
    normal = np.exp(-0.5 * grid**2) / math.sqrt(2 * math.pi)
    charged = sum(0.5 * (d * np.log((d + 1e-300) / normal)).sum() * width for d in density)
    assert 0 <= held <= nats + 1e-9
    assert math.isclose(charged, nats, abs_tol=1e-6)


def test_the_code_is_noisy_in_training_and_its_mean_otherwise():
    bottleneck, x = InformationBottleneck(5, 3, hidden=4), torch.randn(6, 5)
    bottleneck.train()
    assert not torch.equal(bottleneck(x)[0], bottleneck(x)[0])
    bottleneck.eval()
    assert torch.equal(bottleneck(x)[0], bottleneck(x)[0])
    assert bottleneck(x)[0].shape == (6, 3)
    assert bottleneck(x)[1].shape == (6,)
    with pytest.raises(OptionError, match="from 1 to 5 wide, the width of the feature, got 6"):
        InformationBottleneck(5, 6)
