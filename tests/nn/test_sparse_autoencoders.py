"""Sparse autoencoders: losses against their definitions written out, gradients, scales, and the files of SAELens."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.saelens import CONFIG, WEIGHTS, TrainedOn, read_saelens, write_saelens
from aitia.nn.sparse_autoencoders import (
    KINDS,
    SparseAutoencoder,
    SparseLoss,
    check_activations,
    kept_in_batch,
    kept_in_rows,
)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def shaken(module, seed=3):
    """The module with no leaf left at its start."""
    with torch.no_grad():
        for k, leaf in enumerate(module.parameters()):
            leaf += 0.3 * noise(*leaf.shape, seed=seed + k)
    return module


@settings(deadline=None, max_examples=25)
@given(rows=st.integers(1, 5), features=st.integers(1, 7), seed=st.integers(0, 10**6), data=st.data())
def test_what_is_kept_are_the_largest_above_zero(rows, features, seed, data):
    k = data.draw(st.integers(1, features))
    numbers = noise(rows, features, seed=seed)
    for row, kept in zip(numbers.tolist(), kept_in_rows(numbers, k).tolist(), strict=True):
        largest = sorted(row, reverse=True)[:k]
        assert kept == [value if value in largest and value > 0 else 0.0 for value in row]
    flat = sorted(numbers.flatten().tolist(), reverse=True)[: k * rows]
    together = [[value if value in flat and value > 0 else 0.0 for value in row] for row in numbers.tolist()]
    assert kept_in_batch(numbers, k).tolist() == together


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_is_its_definition_written_out(kind):
    loss = shaken(SparseLoss(4, 6, kind, sparsity=0.3, k=2, steps=11, rank=2, low_rank=0.7)).eval()
    loss.step.fill_(5)  # half of the way: p is 0.6
    x, made = noise(9, 4), loss.autoencoder
    rows = made.decoder / made.decoder.square().sum(dim=1, keepdim=True).sqrt()
    numbers = torch.stack([(x[i] - made.decoder_bias) @ made.encoder + made.encoder_bias for i in range(9)])
    z = {"top-k": lambda: kept_in_rows(numbers, 2), "batch-top-k": lambda: kept_in_batch(numbers, 2)}.get(
        kind, lambda: torch.clamp(numbers, min=0)
    )()
    r = torch.zeros(9, 6)
    if kind == "structured":
        r = (x - made.decoder_bias) @ made.read @ made.spread.T
    wanted = sum(((z[i] + r[i]) @ rows + made.decoder_bias - x[i]).square().sum() for i in range(9)) / 9
    if kind not in ("top-k", "batch-top-k"):
        wanted = wanted + 0.3 * z.sum() / 9  # (5) has the size of (4) at every p
    if kind == "structured":
        wanted = wanted + 0.7 * torch.linalg.matrix_norm(r, "nuc") / 3
    assert torch.allclose(loss(x)["loss"], wanted, rtol=1e-4)
    assert loss.p == pytest.approx(0.6 if kind in ("p-annealing", "structured") else 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    loss = shaken(SparseLoss(3, 4, kind, sparsity=0.2, k=2, rank=2)).double().eval()
    x = noise(6, 3, seed=8).double()
    leaves = list(loss.parameters())
    found = torch.autograd.grad(loss(x)["loss"], leaves)
    for leaf, slope in zip(leaves, found, strict=True):
        for place in range(min(leaf.numel(), 6)):
            with torch.no_grad():
                flat = leaf.view(-1)
                before = float(flat[place])
                sides = []
                for move in (1e-6, -1e-6):
                    flat[place] = before + move
                    sides.append(float(loss(x)["loss"]))
                flat[place] = before
            assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(float(slope.reshape(-1)[place]), rel=1e-4, abs=1e-6)


def test_the_gradient_of_an_annealed_norm_points_along_that_of_the_norm():
    loss = SparseLoss(3, 4, "p-annealing", sparsity=1.0, steps=2)
    loss.step.fill_(1)
    assert loss.p == pytest.approx(0.2)
    z = torch.tensor([[0.5, 2.0, 0.0, 1.0], [0.1, 0.0, 3.0, 1.5]], requires_grad=True)
    (slope,) = torch.autograd.grad(loss._norm(z), z)
    one, power = z.sum() / 2, (z[z > 0] ** 0.2).sum() / 2
    wanted = one / power * 0.2 * z[z > 0] ** -0.8 / 2
    assert torch.allclose(slope[z > 0], wanted, rtol=1e-2)  # 1e-12 ** 0.2 is 0.004


def test_the_threshold_of_a_batch_is_the_running_least_that_was_kept():
    loss = SparseLoss(4, 8, "batch-top-k", k=2).train()
    least, x = 0.0, [noise(16, 4, seed=k) for k in range(4)]
    for step, batch in enumerate(x):
        loss(batch)
        kept = kept_in_batch(loss.autoencoder.linear(batch), 2)
        smallest = float(kept[kept > 0].min().detach())
        least = smallest if step == 0 else 0.99 * least + 0.01 * smallest
    made = loss.finished()
    assert made.threshold.tolist() == pytest.approx([least] * 8)
    numbers = made.linear(x[0])
    assert torch.equal(made.encode(x[0]) > 0, numbers > least)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_of_the_activations_goes_into_the_weights(kind):
    made = shaken(SparseLoss(5, 8, kind, k=3, rank=2)).finished()
    mean, scale = noise(5, seed=1), noise(5, seed=2).abs() + 0.1
    x = noise(20, 5, seed=4)
    other = made.on_scale(mean, scale)
    raw = x * scale + mean
    assert torch.allclose(other.encode(raw), made.encode(x), atol=1e-5)
    assert torch.allclose(other(raw), made(x) * scale + mean, atol=1e-5)
    again = SparseAutoencoder(**json.loads(json.dumps(made.options())))
    again.load_state_dict(made.state_dict())
    assert torch.equal(again(x), made(x))


# -- the files of SAELens ----------------------------------------------------------------------------------------------


def config_of(architecture, **more):
    """As SAELens 6 writes it."""
    return {
        "d_in": 5, "d_sae": 9, "dtype": "float32", "device": "cpu", "apply_b_dec_to_input": True,
        "normalize_activations": "none", "reshape_activations": "none", "architecture": architecture,
        "metadata": {"sae_lens_version": "6.21.0", "hook_name": "blocks.7.hook_resid_post", "model_name": "gpt2"},
        **more,
    }  # fmt: skip


def tensors_of(*names):
    shapes = {"W_enc": (5, 9), "W_dec": (9, 5), "b_dec": (5,)}
    return {name: noise(*shapes.get(name, (9,)), seed=k) for k, name in enumerate(("W_enc", "W_dec", "b_dec", *names))}


def written(folder, config, tensors):
    folder.mkdir(exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(config))
    save_file(tensors, folder / WEIGHTS)
    return folder


def layer_normed(x):
    mean = x.mean(dim=-1, keepdim=True)
    spread = (x - mean).std(dim=-1, keepdim=True)
    return (x - mean) / (spread + 1e-5), spread, mean


CASES = {
    "standard": (
        config_of("standard"), ("b_enc",), lambda x, w: torch.relu((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]),
    ),
    "standard, old": (
        {"d_in": 5, "d_sae": 9, "hook_name": "blocks.7.hook_resid_post", "model_name": "gpt2",
         "architecture": "standard", "activation_fn_str": "relu", "activation_fn_kwargs": {},
         "apply_b_dec_to_input": False},
        ("b_enc",), lambda x, w: torch.relu(x @ w["W_enc"] + w["b_enc"]),
    ),
    "topk": (
        config_of("topk", k=3, rescale_acts_by_decoder_norm=False), ("b_enc",),
        lambda x, w: kept_in_rows((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], 3),
    ),
    "topk, old": (
        config_of("standard", activation_fn_str="topk", activation_fn_kwargs={"k": 2}), ("b_enc",),
        lambda x, w: kept_in_rows((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], 2),
    ),
    "topk, by length": (
        config_of("topk", k=3, rescale_acts_by_decoder_norm=True), ("b_enc",),
        lambda x, w: kept_in_rows(((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]) * w["W_dec"].norm(dim=1), 3),
    ),
    "jumprelu": (
        config_of("jumprelu"), ("b_enc", "threshold"),
        lambda x, w: (h := (x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]).relu() * (h > w["threshold"]),
    ),
    "gated": (
        config_of("gated"), ("b_gate", "r_mag", "b_mag"),
        lambda x, w: ((x - w["b_dec"]) @ w["W_enc"] + w["b_gate"] > 0)
        * torch.relu((x - w["b_dec"]) @ (w["W_enc"] * w["r_mag"].exp()) + w["b_mag"]),
    ),
}  # fmt: skip
"""Config, further tensors, and the features in the formulas of SAELens."""


@pytest.mark.parametrize("case", CASES)
def test_a_folder_of_saelens_is_read_and_written_with_equal_outputs(case, tmp_path):
    config, names, features = CASES[case]
    tensors, x = tensors_of(*names), noise(30, 5, seed=50)
    made, on = read_saelens(written(tmp_path / "one", config, tensors))
    assert on == TrainedOn("gpt2", "blocks.7.hook_resid_post")
    z = features(x, tensors)
    assert torch.allclose(made.encode(x), z, atol=1e-5)
    used = z / tensors["W_dec"].norm(dim=1) if case == "topk, by length" else z
    assert torch.allclose(made(x), used @ tensors["W_dec"] + tensors["b_dec"], atol=1e-5)
    write_saelens(made, tmp_path / "two", on)
    again, told = read_saelens(tmp_path / "two")
    assert told == on
    assert torch.equal(again(x), made(x))
    kept = load_file(tmp_path / "two" / WEIGHTS)
    assert kept.keys() == tensors.keys()
    assert all(torch.equal(kept[name], tensors[name]) for name in tensors)


def test_the_scales_of_saelens_are_undone_after_decoding(tmp_path):
    tensors, x = tensors_of("b_enc"), noise(30, 5, seed=50) * 3 + 1
    for scale in ("layer_norm", "constant_norm_rescale"):
        config = config_of("standard", normalize_activations=scale)
        made, _ = read_saelens(written(tmp_path / scale, config, tensors))
        if scale == "layer_norm":
            given, spread, mean = layer_normed(x)
        else:
            spread, mean = x.norm(dim=1, keepdim=True) / 5**0.5, 0
            given = x / spread
        z = torch.relu((given - tensors["b_dec"]) @ tensors["W_enc"] + tensors["b_enc"])
        assert torch.allclose(made.encode(x), z, atol=1e-5)
        assert torch.allclose(made(x), (z @ tensors["W_dec"] + tensors["b_dec"]) * spread + mean, atol=1e-4)
        with pytest.raises(OptionError, match="only a plain centred autoencoder"):
            made.on_scale(torch.zeros(5), torch.ones(5))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "structured"])
def test_what_was_trained_here_comes_back_from_the_files(kind, tmp_path):
    loss = shaken(SparseLoss(5, 9, kind, k=3))
    loss.train()(noise(20, 5))
    made = loss.finished().on_scale(noise(5, seed=1), noise(5, seed=2).abs() + 0.1)
    write_saelens(made, tmp_path / "sae")
    again, _ = read_saelens(tmp_path / "sae")
    x = noise(30, 5, seed=6)
    assert torch.equal(again(x), made(x))
    assert torch.equal(again.encode(x), made.encode(x))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c, t: c.update(architecture="matryoshka"), "the architecture 'matryoshka' is none of standard"),
        (lambda c, t: c.update(normalize_activations="expected_average_only_in"), "a number that is not in the files"),
        (lambda c, t: c.pop("d_in"), "is no config of SAELens: it lacks 'd_in'"),
        (lambda c, t: c.update(d_sae="many"), "is no config of SAELens"),
        (lambda c, t: t.pop("b_enc"), r"lacks b_enc, here of shape \(9,\)"),
        (lambda c, t: t.update(W_dec=torch.zeros(9, 4)), r"W_dec has shape \(9, 4\), not \(9, 5\)"),
        (
            lambda c, t: t["W_dec"][2, :2].fill_(torch.nan),
            f"{WEIGHTS}: 2 of the 45 numbers of W_dec are NaN or infinite: save the autoencoder anew",
        ),
        (lambda c, t: t["b_enc"][3:4].fill_(-torch.inf), "1 of the 9 numbers of b_enc are NaN or infinite"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused(change, told, tmp_path):
    config, tensors = config_of("standard"), tensors_of("b_enc")
    change(config, tensors)
    with pytest.raises(FormatError, match=told):
        read_saelens(written(tmp_path / "sae", config, tensors))


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda f: SparseLoss(8, 4), OptionError, "4 features are fewer than the 8 units"),
        (lambda f: SparseLoss(4, 8, "dense"), OptionError, "a sparse autoencoder is top-k.*got 'dense'"),
        (lambda f: SparseLoss(4, 8, k=9), OptionError, "top-k keeps 1 to 8 features"),
        (lambda f: SparseAutoencoder(4, 8, "top-k"), OptionError, "got k=0"),
        (lambda f: write_saelens(SparseLoss(4, 8, "structured", rank=2).finished(), f), OptionError, "no place for"),
        (lambda f: read_saelens(f / "nothing"), FormatError, "cfg.json"),
        (lambda f: check_activations(torch.zeros(2, 3), 4), DataError, r"are \(n, 4\), got \(2, 3\)"),
        (lambda f: check_activations(torch.tensor([[0.0], [float("inf")]]), 1, "states of h.3"), DataError,
         "states of h.3 are not finite in row 1.*half precision"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, error, told, tmp_path):
    with pytest.raises(error, match=told):
        call(tmp_path)
