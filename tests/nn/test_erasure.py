"""Erasure, angles, code lengths and edits against answers known beforehand."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles as scipy_angles
from sklearn.linear_model import LogisticRegression
from torch import nn

from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.nn.edits import Edit, edit_memory
from aitia.nn.erasure import GradientReversal, leace, null_space_projection, reversal_strength, subspace_angles
from aitia.nn.probes import code_length, online_code_length
from aitia.nn.sites import Transform, record


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def concept(n=2000, units=8, seed=0):
    """Activations with a covariance of their own; the label shifts them along one direction."""
    z = torch.randint(2, (n,), generator=torch.Generator().manual_seed(seed + 1))
    direction = drawn(units, seed=seed + 2)
    return drawn(n, units, seed=seed) @ drawn(units, units, seed=seed + 3) + z[:, None] * direction, z, direction


def accuracy(x, z):
    return LogisticRegression(max_iter=1000).fit(x, z).score(x, z)


# -- erasure -----------------------------------------------------------------------------------------------------------


def test_after_closed_form_erasure_no_linear_classifier_beats_a_constant():
    x, z, _ = concept()
    erased = leace(x, z)
    chance = float(torch.bincount(z).max()) / len(z)
    assert accuracy(x, z) > chance + 0.2
    assert accuracy(erased(x), z) <= chance + 1e-3
    assert erased.rank == 1
    centred = (erased(x) - erased(x).mean(0)).double()
    assert (centred.T @ (z.double() - z.double().mean()) / len(z)).abs().max() < 1e-6


def test_closed_form_erasure_of_white_activations_is_the_orthogonal_projection():
    # By hand: for S_xx = I the map is x - d d'(x - E x) with d the direction of the means.
    x, z, _ = concept(n=4000)
    centred = (x - x.mean(0)).double()
    size, axes = torch.linalg.eigh(centred.T @ centred / len(x))
    white = (centred @ axes / size.sqrt()).float()
    gap = white[z == 1].mean(0) - white[z == 0].mean(0)
    d = gap / gap.norm()
    assert torch.allclose(leace(white, z)(white), white - (white @ d)[:, None] * d, atol=1e-4)


def test_closed_form_erasure_changes_less_than_any_other_that_erases():
    x, z, _ = concept()
    change = (leace(x, z)(x) - x).square().sum(1).mean()
    gap = x[z == 1].mean(0) - x[z == 0].mean(0)
    d = gap / gap.norm()
    orthogonal = x - ((x - x.mean(0)) @ d)[:, None] * d
    assert accuracy(orthogonal, z) <= float(torch.bincount(z).max()) / len(z) + 1e-3
    assert change < (orthogonal - x).square().sum(1).mean()
    assert change < (null_space_projection(x, z)(x) - x).square().sum(1).mean() + 1e-6


def test_erasure_of_several_labels_takes_at_most_one_direction_fewer_than_labels():
    z = torch.arange(900) % 3
    x = drawn(900, 6) + nn.functional.one_hot(z).float() @ drawn(3, 6, seed=1) * 2
    erased = leace(x, z)
    assert erased.rank == 2
    assert accuracy(erased(x), z) <= 1 / 3 + 1e-3
    assert torch.allclose(leace(x, z + 5)(x), erased(x))


def test_directions_that_hold_only_rounding_are_left_alone():
    """A layer norm keeps the sum of the units constant: whitening must not blow up what is left of it."""
    x, z, _ = concept(400, units=16)
    x = nn.functional.layer_norm(x, (16,))
    eraser = leace(x, z)
    assert eraser.matrix.abs().max() < 10
    erased = eraser(x)
    assert (erased[z == 1].mean(dim=0) - erased[z == 0].mean(dim=0)).abs().max() < 1e-5


def test_repeated_projection_ends_at_chance():
    x, z, _ = concept()
    erased = null_space_projection(x, z)
    assert accuracy(erased(x), z) < float(torch.bincount(z).max()) / len(z) + 0.03
    assert 1 <= erased.rank < 8
    with pytest.raises(OptionError, match="at least one classifier"):
        null_space_projection(x, z, most=0)


def test_an_eraser_is_a_transform_at_a_site():
    net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)).eval()
    x, z, _ = concept()
    hidden = record(net, x, ["1"])["1"]
    erased = record(net, x, ["1"], {"1": Transform(leace(hidden, z))})["1"]
    assert accuracy(hidden, z) > accuracy(erased, z) + 0.1


@pytest.mark.parametrize(
    ("x", "z", "sentence"),
    [
        (drawn(5, 2), [0, 1], "one label a row"),
        (torch.tensor([[1.0, 2.0], [float("nan"), 1.0]]), [0, 1], "row 1, unit 0 is nan"),
        (drawn(5, 2), [1] * 5, "every row has the label 1"),
    ],
)
def test_concepts_that_cannot_be_erased_are_refused(x, z, sentence):
    for erase in (leace, null_space_projection):
        with pytest.raises(DataError, match=sentence):
            erase(x, z)


def test_a_reversed_gradient_turns_learning_into_hiding():
    x = drawn(4, 3).requires_grad_()
    weight = drawn(3)
    (GradientReversal(0.7)(x) @ weight).sum().backward()
    assert torch.allclose(x.grad, -0.7 * weight.expand(4, 3))
    assert torch.equal(GradientReversal()(x), x)
    assert [round(reversal_strength(p, 2.0), 3) for p in (0, 0.1, 1)] == [0.0, 0.924, 2.0]
    assert reversal_strength(0.1) == pytest.approx(math.tanh(0.5))


# -- angles ------------------------------------------------------------------------------------------------------------


def test_angles_are_scipys_also_where_they_are_tiny():
    for seed, (a, b) in enumerate([(3, 2), (2, 3), (4, 4), (1, 1)]):
        one, other = drawn(9, a, seed=seed).double(), drawn(9, b, seed=seed + 10).double()
        expected = np.sort(scipy_angles(one.numpy(), other.numpy()))
        assert np.allclose(subspace_angles(one, other), expected, atol=1e-10)
    one = drawn(9, 2).double()
    tilted = one + 1e-9 * drawn(9, 2, seed=3).double()
    found, expected = subspace_angles(one, tilted), np.sort(scipy_angles(one.numpy(), tilted.numpy()))
    assert np.allclose(found, expected, rtol=1e-3)
    assert 0 < found.max() < 1e-8
    with pytest.raises(DataError, match="linearly dependent"):
        subspace_angles(one, torch.ones(9, 2))
    with pytest.raises(DataError, match="over the same units"):
        subspace_angles(one, torch.ones(8, 2))


# -- code lengths ------------------------------------------------------------------------------------------------------


def test_labels_that_are_separated_have_a_short_code_and_noise_has_none():
    x, _, _ = concept(n=600)
    clear = (x[:, 0] > 0).long()
    found = code_length(x, clear)
    assert found.plain_bits == pytest.approx(
        -600 * sum(p * math.log2(p) for p in (clear.float().mean().item(), 1 - clear.float().mean().item())), rel=1e-4
    )
    assert found.compression > 2.5
    assert found.accuracy > 0.97
    noise = code_length(x, torch.randint(2, (600,), generator=torch.Generator().manual_seed(9)))
    assert noise.compression <= 1.0
    assert noise.bits < 1.1 * noise.plain_bits  # weights fall back to the prior, which costs next to nothing
    assert code_length(x, clear).bits == found.bits


def test_the_code_of_one_unit_agrees_with_an_integral_over_its_weight():
    # The bound (1) is above the exact -log2 of the evidence, by the distance of a normal posterior from the true one.
    x = torch.tensor([[-1.0], [1.0]]).repeat(40, 1)
    z = torch.tensor([0, 1]).repeat(40)
    z[:8] = 1 - z[:8]
    scaled = ((x - x.mean(0)) / x.std(0)).double()[:, 0]
    w = torch.linspace(-6, 6, 4001, dtype=torch.float64)
    # Two weights of N(0, 1) enter as their difference, N(0, 2); the bias is 0 by symmetry.
    likelihood = nn.functional.logsigmoid(w[:, None] * scaled * (2 * z - 1)).sum(1)
    evidence = torch.logsumexp(likelihood - w**2 / 4 - 0.5 * math.log(4 * math.pi), 0) + math.log(12 / 4000)
    exact = -float(evidence) / math.log(2)
    assert exact < code_length(x, z, steps=1500).bits < exact + 2.0


def test_the_online_code_of_noise_is_the_uniform_one_and_of_clear_labels_short():
    x = drawn(512, 4)
    clear, noise = (x[:, 0] > 0).long(), torch.randint(2, (512,), generator=torch.Generator().manual_seed(1))
    assert online_code_length(x, clear) < 512 * 0.35
    assert 512 < online_code_length(x, noise) < 1.1 * 512
    assert online_code_length(x, clear, shares=(1,)) == pytest.approx(512.0)
    three = torch.arange(512) % 3
    assert online_code_length(x, three, shares=(1,)) == pytest.approx(512 * math.log2(3))


def test_the_online_code_of_one_block_more_is_the_regression_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x = drawn(300, 3)
    z = (x[:, 0] + 0.5 * drawn(300, 3)[:, 1] > 0).long()
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    a, b = x[order][:150], x[order][150:]
    mean, scale = a.mean(0), a.std(0, correction=0)
    rows = torch.cat([(a - mean) / scale, torch.ones(150, 1)], 1).numpy()
    # Two classes: weights w and -w, so that ridge / 2 of both is ridge of w, of which logits are the double.
    fitted = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-8).fit(rows, z[order][:150].numpy())
    later = torch.cat([(b - mean) / scale, torch.ones(150, 1)], 1).numpy()
    log_p = fitted.predict_log_proba(later)[range(150), z[order][150:].numpy()]
    expected = 150 - log_p.sum() / math.log(2)
    assert online_code_length(x, z, shares=(0.5, 1)) == pytest.approx(expected, rel=1e-3)


def test_an_online_code_needs_rising_shares_and_two_labels():
    x = drawn(20, 2)
    with pytest.raises(OptionError, match="shares rise from above 0 to 1"):
        online_code_length(x, [0, 1] * 10, shares=(0.5, 0.5, 1))
    with pytest.raises(OptionError, match="shares rise"):
        online_code_length(x, [0, 1] * 10, shares=(0.5,))
    with pytest.raises(OptionError, match="ridge is positive"):
        online_code_length(x, [0, 1] * 10, ridge=0.0)
    with pytest.raises(DataError, match="nothing to code"):
        online_code_length(x, [0] * 20)


def test_contrasts_span_what_tells_a_label_apart():
    z = torch.arange(600) % 3
    x = drawn(600, 6)
    x[:, 0] += 3 * (z == 0)
    x[:, 1] += 3 * (z == 1)
    basis = code_length(x, z).contrasts(0)
    assert torch.allclose(basis.T @ basis, torch.eye(basis.shape[1]), atol=1e-5)
    assert subspace_angles(basis, torch.eye(6)[:, :2]).max() < 0.3
    with pytest.raises(OptionError, match="no label 3, only 3"):
        code_length(x, z, steps=1).contrasts(3)
    with pytest.raises(DataError, match="nothing to code"):
        code_length(x, [0] * 600)


# -- edits -------------------------------------------------------------------------------------------------------------


def memory():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))


def test_an_edit_holds_exactly_and_undo_is_bit_for_bit():
    net, keys, values = memory(), drawn(2, 6), drawn(2, 4, seed=1)
    before = net[0].weight.clone()
    edit = edit_memory(net, "0", keys, values)
    assert torch.equal(net[0].weight, before)
    edit.apply(net)
    assert torch.allclose(net[0](keys), values, atol=1e-5)
    with pytest.raises(InterventionError, match="in force already"):
        edit.apply(net)
    edit.undo()
    assert torch.equal(net[0].weight, before)
    with pytest.raises(InterventionError, match="nothing to undo"):
        edit.undo()


def test_an_edit_moves_usual_answers_least_among_all_that_hold():
    net, keys, values = memory(), drawn(1, 6), drawn(1, 4, seed=1)
    usual = drawn(200, 6, seed=2) * torch.tensor([5.0, 1, 1, 1, 1, 0.2])
    best = edit_memory(net, "0", keys, values, usual=usual).delta
    moved = (usual @ best.T).square().sum()
    assert moved < (usual @ edit_memory(net, "0", keys, values).delta.T).square().sum()
    for seed in range(20):  # other changes with the same answer on the key
        other = best + 0.05 * drawn(4, 6, seed=seed) @ (torch.eye(6) - keys.T @ keys / keys.square().sum())
        assert torch.allclose(other @ keys[0], best @ keys[0], atol=1e-4)
        assert (usual @ other.T).square().sum() >= moved
    gentle = edit_memory(net, "0", keys, values, usual=usual, ridge=1.0).delta
    assert torch.allclose(gentle, best / 2, atol=1e-5)  # by hand: one key, so (1) is divided by 1 + ridge


def test_an_edit_of_a_transposed_layer_is_the_same_edit():
    from transformers.pytorch_utils import Conv1D

    torch.manual_seed(0)
    net, keys, values = nn.Sequential(Conv1D(4, 6)), drawn(2, 6), drawn(2, 4, seed=1)
    edit_memory(net, "0", keys, values).apply(net)
    assert torch.allclose(net[0](keys), values, atol=1e-5)


def test_an_edit_is_saved_as_the_change_alone(tmp_path):
    net, keys, values = memory(), drawn(2, 6), drawn(2, 4, seed=1)
    edit_memory(net, "0", keys, values).save(tmp_path / "edit.safetensors")
    loaded = Edit.load(tmp_path / "edit.safetensors")
    loaded.apply(net)
    assert torch.allclose(net[0](keys), values, atol=1e-5)
    with pytest.raises(InterventionError, match="made for another model"):
        Edit("0", torch.zeros(3, 3)).apply(memory())
    with pytest.raises(FormatError, match="there is no file"):
        Edit.load(tmp_path / "other.safetensors")


def test_edits_that_cannot_be_are_refused():
    net = memory()
    with pytest.raises(InterventionError, match=r"takes keys \(n, 6\) and gives values \(n, 4\)"):
        edit_memory(net, "0", drawn(2, 5), drawn(2, 4))
    with pytest.raises(InterventionError, match="keys for 0 are linearly dependent"):
        edit_memory(net, "0", drawn(1, 6).expand(2, -1), drawn(2, 4))
    with pytest.raises(InterventionError, match="stands for 3 layers: an edit is of one"):
        edit_memory(net, "*", drawn(1, 6), drawn(1, 4))
    with pytest.raises(InterventionError, match="do not span its 6 inputs"):
        edit_memory(net, "0", drawn(1, 6), drawn(1, 4), usual=drawn(3, 6))
