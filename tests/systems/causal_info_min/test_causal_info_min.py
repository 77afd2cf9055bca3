"""Information minimisation: its losses against their formulas, what stays fixed, what is saved, and what it refuses."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from safetensors.torch import load_model
from torch import nn

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.runs import RunStore
from aitia.system import Given, example_of, load
from aitia.systems.causal_info_min import CausalInfoMin, CausalInfoMinConfig, fitting, sufficiency
from aitia.systems.causal_info_min.debiasers import (
    AdjustedTotalEffect,
    Branch,
    Product,
    PublishedTotalEffect,
    TreatmentEffect,
)
from aitia.systems.causal_info_min.dictionary import Dictionary, TiedAutoencoder, cluster
from aitia.systems.causal_info_min.information import coding_rate
from aitia.systems.causal_info_min.losses import answer_loss, contrast_loss, rate_coefficient, row_weights
from aitia.systems.causal_info_min.people import frequent_answers, scores_of_people
from aitia.systems.causal_info_min.rows import columns_of, inputs_of

QUICK = {"steps": 4, "branch_steps": 4, "batch": 16, "kl_weights": (0.1, 0.5)}
VARIANTS = (
    "plain",
    "product",
    "total-effect-published",
    "total-effect-adjusted",
    "treatment-effect-attenuate",
    "treatment-effect-augment",
    "treatment-effect-contrast",
)


def rows(n=80, seed=0, columns=12):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, columns)).astype(np.float32)
    return x, np.array(["no", "perhaps", "yes"])[np.argmax(x[:, :3], axis=1)]


def given(train, validation=None, balanced=None, **more):
    """A table of these rows, with a column that says which split each is of."""
    parts = {"train": train, "validation": validation, "balanced": balanced}
    parts = {name: part for name, part in parts.items() if part is not None}
    inputs = [
        x if isinstance(x, dict) else {f"x{k}": column for k, column in enumerate(x.T)} for x, _ in parts.values()
    ]
    columns = {name: np.concatenate([np.asarray(x[name]) for x in inputs]) for name in inputs[0]}
    kinds = {name: "list" for name, values in columns.items() if values.ndim > 2 or name in LISTS}
    columns = {name: values.tolist() if name in kinds else values for name, values in columns.items()}
    columns["answer"] = np.concatenate([np.asarray(y) for _, y in parts.values()])
    columns["split"] = [name for name, (_, y) in parts.items() for _ in range(len(y))]
    return Table.of({**columns, **more}, kinds={**kinds, "answer": "label", "split": "label"})


LISTS = ("input_ids", "attention_mask")
"""Inputs of whole numbers."""


def answered(x, y):
    """Rows with answers, to be asked."""
    return given((x, y)).drop(["split"])


def asked(x):
    """Rows without answers."""
    n = len(next(iter(x.values()))) if isinstance(x, dict) else len(x)
    return given((x, [0] * n)).drop(["answer", "split"])


def fitted(variant="total-effect-adjusted", **options):
    more = {"expert": np.full((120, 3), 1 / 3)} if variant == "product" else {}
    return CausalInfoMin(variant=variant, **{**QUICK, "dictionary": 6, **options}).fit(
        given(rows(), rows(40, 1), **more)
    )


def tapped(model, train, validation, **options):
    feature = options.pop("feature", "last.0")
    return CausalInfoMin(**{**QUICK, **options}, feature=feature).debias(
        model, given(train, validation), inputs=tuple(train[0])
    )


class Two(nn.Module):
    """A network of two modalities."""

    def __init__(self):
        super().__init__()
        self.words, self.seen = nn.Embedding(5, 8), nn.Linear(4, 8)
        self.last = nn.Sequential(nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))

    def forward(self, question, image):
        return self.last(self.words(question) + self.seen(image))


def both(n=60, seed=0):
    rng = np.random.default_rng(seed)
    inputs = {"question": rng.integers(5, size=n), "image": rng.normal(size=(n, 4)).astype(np.float32)}
    return inputs, rng.integers(3, size=n)


# -- losses ----------------------------------------------------------------------------------------------------------


def test_losses_of_answers_are_their_formulas():
    torch.manual_seed(0)
    logits, target = torch.randn(5, 4, dtype=torch.float64), torch.rand(5, 4, dtype=torch.float64)
    soft, binary = answer_loss(logits, target, "softmax"), answer_loss(logits, target, "binary")
    for row in range(5):
        z, t = logits[row].tolist(), target[row].tolist()
        total = math.log(sum(math.exp(v) for v in z))
        assert math.isclose(soft[row].item(), -sum(a * (v - total) for a, v in zip(t, z, strict=True)), rel_tol=1e-12)
        p = [1 / (1 + math.exp(-v)) for v in z]
        by_hand = -sum(a * math.log(q) + (1 - a) * math.log(1 - q) for a, q in zip(t, p, strict=True))
        assert math.isclose(binary[row].item(), by_hand, rel_tol=1e-12)


def test_the_contrast_is_its_formula_over_the_axis_of_the_feature():
    torch.manual_seed(1)
    anchor, near, far = torch.randn(3, 2, 7, 5, dtype=torch.float64)
    found = contrast_loss(anchor, near, far)
    assert found.shape == (2, 7)
    a, b, c = (v[1, 3].numpy() for v in (anchor, near, far))

    def cosine(u, v):
        return float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))

    up = math.exp(cosine(a, b))
    assert math.isclose(found[1, 3].item(), -math.log(up / (up + math.exp(cosine(a, c)))), rel_tol=1e-9)


def test_the_coefficient_of_the_rate_is_capped_at_one_and_lets_no_gradient_through():
    loss, rate = torch.tensor(2.0, requires_grad=True), torch.tensor(10.0, requires_grad=True)
    coefficient = rate_coefficient(loss, rate, 0.25)
    assert math.isclose(coefficient.item(), 0.05, rel_tol=1e-6)
    assert not coefficient.requires_grad
    assert rate_coefficient(loss, torch.tensor(0.1), 0.25).item() == 1.0


def test_inverse_weights_make_the_answer_independent_of_the_confounder_and_complement_ones_only_weaken_it():
    """With p_bias = P(y | c): the weighted table of (c, y) is even in y for every c."""
    table = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    c = torch.arange(2).repeat_interleave(300)
    y = torch.cat([torch.tensor([0] * 210 + [1] * 60 + [2] * 30), torch.tensor([0] * 30 + [1] * 90 + [2] * 180)])
    target = nn.functional.one_hot(y, 3).float()
    shares = {}
    for weighting in ("inverse", "complement", "none"):
        weights = row_weights(target, table[c], weighting)
        summed = torch.stack([torch.bincount(y[c == k], weights[c == k], minlength=3) for k in range(2)])
        shares[weighting] = summed / summed.sum(dim=1, keepdim=True)
    assert torch.allclose(shares["inverse"], torch.full((2, 3), 1 / 3), atol=1e-5)
    assert torch.allclose(shares["none"], table, atol=1e-5)
    by_hand = table * (1 - table)
    assert torch.allclose(shares["complement"], by_hand / by_hand.sum(dim=1, keepdim=True), atol=1e-5)


# -- the variants ----------------------------------------------------------------------------------------------------


def test_the_published_loss_is_the_sum_of_its_parts_and_its_branch_moves_no_feature():
    torch.manual_seed(2)
    config = CausalInfoMinConfig(variant="total-effect-published", loss="binary")
    net = PublishedTotalEffect(12, 3, config)
    x, target = torch.randn(9, 12, requires_grad=True), torch.eye(3).repeat(3, 1)
    parts = net.losses(x, x, target, torch.zeros(9, 0))
    x_c, d, main, bias = net.parts(x)
    c = min(1.0, 0.25 * answer_loss(bias, target, "binary").mean().item() / coding_rate(x_c).item())
    by_hand = answer_loss(main, target, "binary").mean() + answer_loss(bias, target, "binary").mean()
    by_hand = by_hand + c * coding_rate(x_c) + contrast_loss(x, d, x_c).mean()
    assert torch.allclose(parts["loss"], by_hand)
    assert torch.autograd.grad(parts["bias"] + parts["rate"], x, allow_unused=True)[0] is None


def test_the_adjusted_loss_weighs_rows_by_what_the_bias_does_not_answer():
    torch.manual_seed(4)
    config = CausalInfoMinConfig(contrast=0.5)
    net = AdjustedTotalEffect(12, 3, config, Branch(12, 3, config, 0.1)).eval()
    x, x_0, target = torch.randn(9, 12), torch.randn(9, 12), torch.eye(3).repeat(3, 1)
    parts = net.losses(x, x_0, target, torch.zeros(9, 0))
    said = net.branch(x, x_0)
    assert torch.equal(said.confounder, net.branch.widen(net.branch.narrow(x_0)[0])), "of the network as it came"
    d = torch.relu(net.clean(x - said.confounder))
    weights = 1 - (said.bias.exp() * target).sum(dim=1)
    main = (weights * answer_loss(net.head(d), target, "softmax")).sum() / weights.sum()
    assert torch.allclose(parts["main"], main)
    assert torch.allclose(parts["loss"], main + 0.5 * contrast_loss(x, d, said.confounder).mean())
    assert weights.std() > 0.01


def test_weights_are_chosen_on_balanced_rows_too(monkeypatch):
    """The state after an update is kept where it is better on validation and balanced rows alike."""
    seen = []

    def recorded(*given, **more):
        seen.append(more["validate"]())
        return whole(*given, **more)

    whole = fitting.train
    monkeypatch.setattr(fitting, "train", recorded)
    held, even = rows(40, 1), rows(30, 9)
    wrong = even[0], np.roll(even[1], 1)
    for balanced in (None, even, wrong):
        CausalInfoMin(**QUICK, variant="plain").fit(given(rows(), held, balanced))
    assert len(set(seen)) == 3


def test_the_rate_counts_in_its_first_updates_only():
    torch.manual_seed(3)
    net = PublishedTotalEffect(12, 3, CausalInfoMinConfig(variant="total-effect-published", rate_steps=1)).train()
    x, target = torch.randn(6, 12), torch.eye(3).repeat(2, 1)
    first, second = (net.losses(x, x, target, torch.zeros(6, 0)) for _ in range(2))
    assert first["loss"] > second["loss"]
    rest = second["main"] + second["bias"] + second["contrast"]
    assert torch.allclose(second["loss"], rest)


def test_the_bottleneck_is_the_one_that_holds_least_among_those_that_keep_enough():
    model = CausalInfoMin(
        steps=2, branch_steps=120, kl_weights=(0.01, 0.1, 5.0), kept=0.7, learning_rate=5e-3, bottleneck=6
    )
    model.fit(given(rows(400), rows(200, 1)))
    enough = [each for each in model.tried if each.accuracy >= 0.7 * model.full_accuracy]
    chosen = [each for each in model.tried if each.chosen]
    assert chosen == [min(enough, key=lambda each: each.nats)]
    assert 0 < len(enough) < 3
    assert [each.nats for each in model.tried] == sorted((each.nats for each in model.tried), reverse=True)
    assert model.warnings == ()


def test_a_fit_in_which_no_bottleneck_keeps_enough_takes_the_most_accurate_one_and_says_so():
    model = CausalInfoMin(steps=1, branch_steps=60, kl_weights=(0.5, 20.0), kept=1.0, learning_rate=5e-3)
    model.fit(given(rows(200), rows(100, 1)))
    assert max(model.tried, key=lambda each: each.accuracy).chosen
    assert "no bottleneck keeps 100% of the full accuracy" in model.warnings[0]


def test_the_branch_stays_as_it_was_while_the_main_branch_learns():
    short, long = fitted(steps=1), fitted(steps=40)
    x = asked(rows(20, 2)[0])
    assert np.array_equal(short.bias(x), long.bias(x))
    assert np.array_equal(short.confounder(x), long.confounder(x))
    assert np.array_equal(short.encode(x).matrix(), short.confounder(x))
    assert not np.array_equal(short.predict_proba(x), long.predict_proba(x))


def test_tie_is_the_answer_with_the_bias_taken_out_and_its_weight_costs_no_more_than_a_standard_error():
    model, (x, y) = fitted(steps=60, branch_steps=60), rows(40, 1)
    x = asked(x)
    main, bias = model.predict_proba(x), model.bias(x)
    by_hand = main / bias**0.6
    assert np.allclose(model.predict_proba(x, tie=0.6), by_hand / by_hand.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(model.predict_proba(x, tie=0.0), main, atol=1e-6)
    held, set_to = model.do("do(bias=absent)"), fitted(steps=60, branch_steps=60, tie=0.6).do("do(bias=absent)")
    assert np.array_equal(held.predict_proba(x), model.predict_proba(x, tie=True))
    assert np.array_equal(held.predict_proba(x, tie=False), main)
    assert np.array_equal(set_to.predict_proba(x), model.predict_proba(x, tie=0.6))
    right = [
        np.mean([model.vocabulary[k] == label for k, label in zip(p.argmax(axis=1), y, strict=True)])
        for p in (main / bias ** (k / 10) for k in range(11))
    ]
    least = max(right) - math.sqrt(max(right) * (1 - max(right)) / 40)
    assert model.tie_weight == max(k / 10 for k in range(11) if right[k] >= least - 1e-12)


def test_averaging_over_the_dictionary_is_the_sum_over_its_entries():
    model, x = fitted("treatment-effect-augment"), torch.from_numpy(rows(7, 3)[0])
    part = model._network().debiaser
    with torch.no_grad():
        total = torch.zeros(7, 3)
        for z, share in zip(part.dictionary.centroids, part.dictionary.shares, strict=True):
            total += share * part.head(torch.cat([x, part.map(z).expand(7, -1)], dim=1)).softmax(dim=1)
    assert np.allclose(model.predict_proba(x.numpy()), total.numpy(), atol=1e-5)
    logits = fitted("treatment-effect-augment", average="logits")
    part = logits._network().debiaser
    with torch.no_grad():
        total = sum(
            share * part.head(torch.cat([x, part.map(z).expand(7, -1)], dim=1))
            for z, share in zip(part.dictionary.centroids, part.dictionary.shares, strict=True)
        )
    assert np.allclose(logits.predict_proba(x.numpy()), total.softmax(dim=1).numpy(), atol=1e-5)


def test_the_entry_beside_a_row_in_training_is_the_one_next_to_the_feature_of_the_network_as_it_came():
    torch.manual_seed(7)
    config = CausalInfoMinConfig(variant="treatment-effect-augment")
    entries = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0]])
    part = TreatmentEffect(4, 3, config, Dictionary(torch.eye(2, 4), entries, torch.tensor([0.5, 0.3, 0.2])))
    x, x_0, place = torch.randn(6, 4), torch.randn(6, 4), [0, 1, 2, 2, 1, 0]
    x_0[:, :2] = entries[place] + 0.1 * torch.randn(6, 2)
    x[:, :2] = entries[place[1:] + place[:1]]
    target = torch.eye(3)[[0, 1, 2, 0, 1, 2]]
    told = part.losses(x, x_0, target, torch.zeros(6, 0))["loss"]
    likely = part.head(torch.cat([x, part.map(entries[place])], dim=1)).log_softmax(dim=1)
    assert torch.allclose(told, -(target * likely).sum() / 6)


def test_attenuation_multiplies_by_one_minus_the_cosine_to_the_mean_entry():
    model, x = fitted("treatment-effect-attenuate"), torch.from_numpy(rows(7, 3)[0])
    part = model._network().debiaser
    book = part.dictionary
    middle = (book.shares[:, None] * book.centroids).sum(0)
    for row in range(7):
        z = book.weight @ x[row]
        cosine = float(z @ middle / z.norm() / middle.norm())
        assert torch.allclose(part._attenuated(x)[row], x[row] * (1 - cosine), atol=1e-5)


def test_the_contrast_with_the_dictionary_keeps_the_feature_near_what_the_dictionary_leaves_of_it():
    torch.manual_seed(8)
    config = CausalInfoMinConfig(variant="treatment-effect-contrast", contrast=0.7)
    book = Dictionary(torch.linalg.qr(torch.randn(4, 4))[0][:2], torch.randn(3, 2), torch.tensor([0.5, 0.3, 0.2]))
    part, x, target = TreatmentEffect(4, 3, config, book), torch.randn(5, 4), torch.eye(3)[[0, 1, 2, 0, 1]]
    told = part.losses(x, torch.randn(5, 4), target, torch.zeros(5, 0))
    main = -(target * part.head(x).log_softmax(dim=1)).sum() / 5
    inside = x @ book.weight.T @ book.weight
    near, far = ((x * other).sum(1) / x.norm(dim=1) / other.norm(dim=1) for other in (x - inside, inside))
    contrast = -torch.log(near.exp() / (near.exp() + far.exp())).mean()
    assert torch.allclose(told["main"], main)
    assert torch.allclose(told["loss"], main + 0.7 * contrast)


def test_the_tied_autoencoder_finds_the_principal_subspace_and_the_dictionary_its_shares():
    rng = torch.Generator().manual_seed(4)
    x = torch.randn(500, 2, generator=rng) @ torch.randn(2, 6, generator=rng) * 2
    x = x + 0.1 * torch.randn(500, 6, generator=rng)
    torch.manual_seed(5)
    coder = TiedAutoencoder(6, 2)
    optimizer = torch.optim.Adam(coder.parameters(), 0.02)
    for _ in range(500):
        optimizer.zero_grad()
        coder(x).backward()
        optimizer.step()
    best = np.linalg.svd(x.numpy(), compute_uv=False)[2:] ** 2
    assert coder(x).item() < 1.02 * best.sum() / 500
    book = cluster(coder.weight, x, 5, 0)
    codes = book.encode(x)
    nearest = book.nearest(x)
    for k in range(5):
        assert torch.allclose(book.centroids[k], codes[nearest == k].mean(0), atol=1e-2)
        assert math.isclose(book.shares[k].item(), (nearest == k).float().mean().item(), abs_tol=0.01)


def test_the_loss_of_a_product_is_that_of_the_two_laws_multiplied_and_normalised():
    torch.manual_seed(6)
    part = Product(5, 3, CausalInfoMinConfig(variant="product"))
    x, y, expert = torch.randn(4, 5), [0, 2, 1, 1], torch.rand(4, 3).softmax(dim=1)
    found = part.losses(x, x, torch.eye(3)[y], expert.log())["loss"].item()
    main = part(x, x).answers.exp()
    product = (main * expert).tolist()
    by_hand = [-math.log(row[label] / sum(row)) for row, label in zip(product, y, strict=True)]
    assert math.isclose(found, sum(by_hand) / 4, rel_tol=1e-5)
    assert torch.allclose(main, part.head(x).softmax(dim=1))


# -- sufficiency -----------------------------------------------------------------------------------------------------


def test_sufficiency_is_computed_by_hand_over_all_rows_and_for_each_type():
    bias = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
    full = np.array([[0.8, 0.2], [0.9, 0.1], [0.1, 0.9], [0.3, 0.7]])
    target = np.eye(2)[[0, 0, 1, 1]]
    found = sufficiency(bias, full, target, ["a", "a", "b", "b"])
    assert found.accuracy_ratio == 0.25  # one of four right, of four
    assert math.isclose(found.chosen_probability, (0.9 + 0.2 + 0.4 + 0.5) / 4)
    assert found.by_type["a"].accuracy_ratio == 0.5
    assert math.isclose(found.by_type["b"].chosen_probability, 0.45)
    assert math.isnan(sufficiency(bias, 1 - full, target).accuracy_ratio)
    with pytest.raises(DataError, match="one shape"):
        sufficiency(bias, full, target[:2])
    with pytest.raises(DataError, match="one type for each of 4 rows"):
        sufficiency(bias, full, target, ["a"])


def test_sufficiency_before_is_that_of_the_head_without_debiasing():
    model, (x, y) = fitted(steps=30, branch_steps=30), rows(40, 5)
    target = np.eye(3)[[model.vocabulary.index(label) for label in y]]
    some = answered(x, y)
    before = sufficiency(model.bias(some), model.biased(some), target)
    after = sufficiency(model.bias(some), model.predict_proba(some), target)
    for told, expected in ((model.sufficiency(some, before=True), before), (model.sufficiency(some), after)):
        assert math.isclose(told.accuracy_ratio, expected.accuracy_ratio, rel_tol=1e-6)
        assert math.isclose(told.chosen_probability, expected.chosen_probability, rel_tol=1e-6)
    kinds = model.sufficiency(some.with_columns({"kind": ["a", "b"] * 20})).by_type
    assert set(kinds) == {"a", "b"}
    even = model.sufficiency(some.take(range(0, 40, 2)))
    assert math.isclose(kinds["a"].chosen_probability, even.chosen_probability, rel_tol=1e-6)
    assert before != after


# -- networks --------------------------------------------------------------------------------------------------------


def test_a_network_is_left_as_it_is_and_a_copy_learns_with_the_rest():
    inputs, _ = both()
    model = Two().train()
    before = {name: leaf.clone() for name, leaf in model.state_dict().items()}
    fit = tapped(model, both(), both(20, 1), bottleneck=2)
    assert model.training
    assert all(torch.equal(leaf, before[name]) for name, leaf in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
    assert not torch.equal(fit.network.seen.weight, before["seen.weight"])
    assert torch.equal(fit._network().original.model.seen.weight, before["seen.weight"])
    frozen = tapped(model, both(), both(20, 1), train_backbone=False)
    assert torch.equal(frozen.network.seen.weight, before["seen.weight"])
    assert frozen.confounder(asked(inputs)).shape == (60, 8)


def test_features_recorded_before_and_a_frozen_network_give_the_same_answers():
    inputs, answers = both()
    model = Two().eval()
    with torch.no_grad():
        tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
        features = torch.relu(model.words(tensors["question"]) + model.seen(tensors["image"]))
        held = both(20, 1)
        seen = {name: torch.from_numpy(value) for name, value in held[0].items()}
        other = torch.relu(model.words(seen["question"]) + model.seen(seen["image"]))
    ours = CausalInfoMin(**QUICK).fit(given((features.numpy(), answers), (other.numpy(), held[1])))
    whole = torch.cat([features, other]).tolist()
    table = given((features.numpy(), answers), (other.numpy(), held[1])).select(["answer", "split"])
    lists = CausalInfoMin(**QUICK).fit(table.with_columns({"feature": whole}, {"feature": "list"}))
    own = tapped(model, (inputs, answers), held, train_backbone=False)
    assert np.allclose(ours.predict_proba(features.numpy()), own.predict_proba(asked(inputs)), atol=1e-5)
    again = {"feature": features.tolist()}
    assert np.array_equal(lists.predict_proba(again), ours.predict_proba(features.numpy()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_saved_and_read_answers_the_same(variant, tmp_path):
    model, x = fitted(variant), rows(9, 7)[0]
    held = model.do("do(bias=absent)") if variant.startswith("total") else model
    held.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert np.array_equal(again.predict_proba(x), held.predict_proba(x))
    assert again.vocabulary == model.vocabulary == ("no", "perhaps", "yes")
    assert (again.config, again.tried, again.tie_weight) == (model.config, model.tried, model.tie_weight)
    assert again.predict(x) == held.predict(x)
    assert again.held == held.held
    assert again.targets.names == (("bias",) if variant.startswith("total") else ())


def test_a_network_of_ones_own_is_attached_to_what_was_saved(tmp_path):
    inputs = asked(both()[0])
    model = tapped(Two(), both(), both(20, 1), bottleneck=2)
    model.save_pretrained(tmp_path)
    lone = CausalInfoMin.from_pretrained(tmp_path)
    with pytest.raises(OptionError, match="fitted on a Two of your own: attach it first"):
        lone.predict(inputs)
    lone.save_pretrained(tmp_path / "again")
    again = CausalInfoMin.from_pretrained(tmp_path / "again", Two())
    assert np.array_equal(again.predict_proba(inputs), model.predict_proba(inputs))
    bound = load(tmp_path, model=Two())
    assert np.array_equal(bound.predict_proba(inputs), model.predict_proba(inputs))
    model.export(tmp_path / "plain")
    plain = Two()
    load_model(plain, tmp_path / "plain" / "model.safetensors")
    assert torch.equal(plain.seen.weight, model.network.seen.weight)
    tensors = {name: torch.from_numpy(values) for name, values in both()[0].items()}
    with torch.no_grad():
        assert torch.equal(plain.eval()(**tensors), model.network.eval()(**tensors))
    with pytest.raises(OptionError, match="nothing to attach"):
        again.attach(Two())
    with pytest.raises(FormatError, match="holds another model"):
        CausalInfoMin.from_pretrained(tmp_path, nn.Linear(3, 3))


def lxmert():
    from transformers import LxmertConfig, LxmertModel

    torch.manual_seed(0)
    config = LxmertConfig(
        vocab_size=40, hidden_size=24, num_attention_heads=2, intermediate_size=32, l_layers=1, x_layers=1, r_layers=1,
        visual_feat_dim=10, max_position_embeddings=16,
    )  # fmt: skip
    return LxmertModel(config)


def regions(n=24, seed=0):
    rng = np.random.default_rng(seed)
    inputs = {
        "input_ids": rng.integers(40, size=(n, 6)),
        "visual_feats": rng.normal(size=(n, 3, 10)).astype(np.float32),
        "visual_pos": rng.random((n, 3, 4)).astype(np.float32),
    }
    return inputs, rng.integers(3, size=n)


def test_a_hugging_face_model_of_two_modalities_by_its_folder_is_debiased_saved_and_read(tmp_path):
    inputs, answers = regions()
    lxmert().save_pretrained(tmp_path / "source")
    model = CausalInfoMin(**QUICK, feature="pooler").debias(
        tmp_path / "source", given((inputs, answers), regions(12, 1))
    )
    inputs = asked(inputs)
    assert model.confounder(inputs).shape == (24, 24)
    model.save_pretrained(tmp_path / "fit")
    again = CausalInfoMin.from_pretrained(tmp_path / "fit")
    assert type(again.network).__name__ == "LxmertModel"
    assert np.array_equal(again.predict_proba(inputs), model.predict_proba(inputs))
    model.export(tmp_path / "plain")
    opened = type(again.network).from_pretrained(tmp_path / "plain")
    assert all(torch.equal(leaf, model.network.state_dict()[name]) for name, leaf in opened.state_dict().items())
    tensors = {name: torch.from_numpy(values) for name, values in regions()[0].items()}
    with torch.no_grad():
        told = [net.eval()(**{n: v.float() if v.is_floating_point() else v for n, v in tensors.items()}).pooled_output
                for net in (opened, model.network)]  # fmt: skip
    assert torch.equal(*told)


def test_tokens_and_maps_are_averaged_and_padding_is_left_out():
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=3
    )
    bert = BertForSequenceClassification(config).eval()
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 30, size=(16, 5))
    mask = np.ones_like(ids)
    model = CausalInfoMin(**QUICK, variant="plain", train_backbone=False, feature="bert.encoder")
    model.debias(bert, given(({"input_ids": ids, "attention_mask": mask}, rng.integers(2, size=16))))
    longer = {"input_ids": np.pad(ids, ((0, 0), (0, 3))), "attention_mask": np.pad(mask, ((0, 0), (0, 3)))}
    short = {"input_ids": ids, "attention_mask": mask}
    assert np.allclose(model.predict_proba(asked(short)), model.predict_proba(asked(longer)), atol=1e-5)
    conv = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 2))
    pictures = rng.normal(size=(20, 3, 8, 8)).astype(np.float32)
    maps = CausalInfoMin(**QUICK, variant="plain", feature="1").debias(conv, given(({"input": pictures}, [0, 1] * 10)))
    assert maps._network().debiaser.features == 6


def test_a_fit_that_was_stopped_goes_on_to_the_same_answers(tmp_path):
    some = given(rows(), rows(40, 1))
    whole = fitted(steps=12)
    short = CausalInfoMin(**{**QUICK, "steps": 12})

    def stops(what, done, total):
        if what == "training" and done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        short.fit(some, run=RunStore(tmp_path, stops))
    assert {path.name for path in tmp_path.iterdir()} >= {"full head.safetensors", "bottleneck at 0.1.safetensors"}
    done = short.fit(some, run=RunStore(tmp_path))
    again = CausalInfoMin(**{**QUICK, "steps": 12}).fit(some, run=RunStore(tmp_path))
    z = rows(9, 3)[0]
    assert np.array_equal(done.predict_proba(z), whole.predict_proba(z))
    assert np.array_equal(again.predict_proba(z), whole.predict_proba(z))


def test_what_the_weights_were_chosen_on_is_told():
    x, y = rows()
    assert fitted().selected_on == "accuracy on iid validation rows"
    both_splits = CausalInfoMin(**QUICK).fit(given((x, y), rows(40, 1), rows(40, 2)))
    assert both_splits.selected_on == "accuracy on iid validation and held-out balanced rows"
    assert CausalInfoMin(**QUICK, variant="plain").fit(given((x, y))).selected_on == "nothing: the last weights"


# -- what is refused -------------------------------------------------------------------------------------------------


def test_a_feature_that_is_not_there_is_refused_with_the_modules_that_are():
    with pytest.raises(UnknownVariableError, match=r"'pooler' is no module of this Two.*one of: words, seen, last"):
        tapped(Two(), both(), both(20, 1), feature="pooler")


def test_answers_outside_of_the_vocabulary_and_scores_outside_of_zero_to_one_are_refused():
    x, y = rows()

    def plain(*vocabulary):
        return CausalInfoMin(**QUICK, variant="plain", vocabulary=vocabulary)

    with pytest.raises(DataError, match="'yes' is no answer of the vocabulary, which has 2: no, perhaps"):
        plain("no", "perhaps").fit(given((x, y)))
    with pytest.raises(DataError, match="'never' is no answer of the vocabulary"):
        plain().fit(given((x, y))).evaluate({"other": (x[:3], ["never"] * 3)})
    with pytest.raises(DataError, match="scores are of 2 answers, the vocabulary, got 3 columns"):
        plain("no", "yes").fit({"features": x, "scores": np.zeros((80, 3))})
    scores = np.full((80, 2), 0.5)
    scores[4, 1] = 1.2
    with pytest.raises(DataError, match=r"a score is from 0 to 1, got 1\.2 in row 4 for 'yes'"):
        plain().fit({"features": x, "no": scores[:, 0], "yes": scores[:, 1]}, scores=("no", "yes"))
    with pytest.raises(DataError, match="for 1"):
        plain().fit({"features": x, "scores": scores})
    with pytest.raises(DataError, match="columns differ in length"):
        plain().fit({"features": x, "answer": y[:5]})
    with pytest.raises(DataError, match="the split of a row is one of train, validation, balanced, got 'test'"):
        plain().fit({"features": x, "answer": y, "split": ["test"] * 80})
    with pytest.raises(OptionError, match="say which column is the answer"):
        plain().fit({"features": x})


def test_soft_scores_are_learned_from():
    x, y = rows(300)
    labels = sorted(set(y))
    soft = 0.3 + 0.6 * np.eye(3)[[labels.index(label) for label in y]]
    model = CausalInfoMin(variant="plain", loss="binary", steps=200, learning_rate=3e-3)
    model.fit(Table.of(x).with_columns(dict(zip(labels, soft.T, strict=True))), scores=tuple(labels))
    assert model.vocabulary == tuple(labels)
    one = CausalInfoMin(variant="plain", loss="binary", steps=2, vocabulary=labels)
    other = CausalInfoMin(variant="plain", loss="binary", steps=2)
    z, answers = rows(200, 1)
    assert np.array_equal(
        one.fit(Table.of(x).with_columns({"scores": soft})).predict_proba(z),
        other.fit(Table.of(x).with_columns(dict(zip(labels, soft.T, strict=True))), scores=tuple(labels)).predict_proba(
            z
        ),
    )
    assert np.mean(model.predict(z).labels("answer") == answers) > 0.8
    own = np.array([labels.index(label) for label in answers])
    assert abs(model.predict_proba(z)[np.arange(200), own].mean() - 0.9) < 0.2
    others = model.predict_proba(z)[np.arange(200), (own + 1) % 3].mean()
    assert abs(others - 0.3) < 0.2


def test_a_bottleneck_wider_than_the_feature_is_refused():
    for variant in ("total-effect-published", "total-effect-adjusted", "treatment-effect-augment"):
        model = CausalInfoMin(**QUICK, variant=variant, bottleneck=13)
        with pytest.raises(OptionError, match="at most as wide as the feature, 12 columns, got bottleneck=13"):
            model.fit(given(rows(), rows(40, 1)))


def test_a_missing_modality_is_refused_in_fitting_and_in_asking():
    inputs, answers = both()
    held = both(20, 1)

    def lone(part):
        return {"question": part[0]["question"]}, part[1]

    def loud(part):
        return {**part[0], "sound": part[0]["image"]}, part[1]

    with pytest.raises(DataError, match="'image' is missing: Two takes question, image, got question"):
        tapped(Two(), lone((inputs, answers)), lone(held))
    with pytest.raises(DataError, match="Two takes no input 'sound'; it takes question, image"):
        tapped(Two(), loud((inputs, answers)), loud(held))
    model = tapped(Two(), (inputs, answers), held)
    with pytest.raises(DataError, match="'image' is missing: this takes question, image, got question"):
        model.predict(asked(lone(both())[0]))
    with pytest.raises(DataError, match="columns differ in length"):
        model.predict({**inputs, "image": inputs["image"][:5]})


def test_a_network_takes_the_columns_that_it_names_where_nobody_says_which():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.seen = nn.Linear(4, 8)

        def forward(self, image):
            return self.seen(image)

    (inputs, answers), held = both(), both(20, 1)
    model = CausalInfoMin(**QUICK, variant="plain").debias(Named(), given((inputs, answers), held))
    assert model._columns == {"image": "numbers"}
    assert model.predict_proba({"image": inputs["image"]}).shape == (60, 3)


def test_numbers_that_look_like_labels_are_read_as_the_numbers_that_they_are():
    x, y = np.tile([[3, 7], [7, 3], [3, 3]], (20, 1)), ["a", "b", "c"] * 20
    frame = Table.of({"x": x[:, 0], "z": x[:, 1], "y": y}, kinds={"x": "label"})
    rows = Given.of(CausalInfoMin.card, frame, answer="y")
    assert columns_of(rows, (), False) == {"x": "numbers", "z": "numbers"}
    assert inputs_of(rows.table, columns_of(rows, (), False), False)["features"].tolist() == x.tolist()
    named = Given.of(CausalInfoMin.card, frame, answer="y", inputs=("x", "z"))
    assert columns_of(named, ("x", "z"), True) == {"x": "whole", "z": "whole"}
    words = Given.of(CausalInfoMin.card, {"x": y, "answer": y}, inputs=("x",))
    with pytest.raises(DataError, match="the input 'x' holds labels such as 'a'"):
        columns_of(words, ("x",), True)


def test_a_split_that_is_the_training_rows_is_refused():
    x, y = rows()
    with pytest.raises(DataError, match="the validation is the training rows"):
        CausalInfoMin(**QUICK).fit(given((x, y), (x, y)))
    with pytest.raises(DataError, match="the balanced split is the training rows"):
        CausalInfoMin(**QUICK).fit(given((x, y), rows(40, 1), (x.copy(), y)))
    with pytest.raises(DataError, match="the split 'OOD' is the training rows"):
        fitted().evaluate({"iid": rows(40, 1), "OOD": (x.copy(), list(y))})


def test_numbers_that_are_none_are_refused_in_inputs_and_in_features():
    x, y = rows()
    x[3, 1] = np.nan
    with pytest.raises(DataError, match="x1 has a number that is not finite in row 3"):
        CausalInfoMin(**QUICK).fit(given((x, y), rows(40, 1)))
    lists = [[1.0, 2.0]] * 60
    lists[7] = [1.0]
    with pytest.raises(DataError, match="the lists of words differ in length: pad them"):
        CausalInfoMin(**QUICK, variant="plain").fit({"words": lists, "answer": y[:60]})
    inputs, answers = both()
    model = Two()
    with torch.no_grad():
        model.words.weight[2] = float("inf")
    row = int(np.flatnonzero(inputs["question"] == 2)[0])
    with pytest.raises(DataError, match=f"the feature has a number that is not finite in row {row}"):
        tapped(model, (inputs, answers), both(20, 1))


def test_a_dictionary_larger_than_the_rows_is_refused():
    with pytest.raises(DataError, match="a dictionary of 32 entries needs as many rows at least, got 20"):
        CausalInfoMin(**QUICK, variant="treatment-effect-augment").fit(given(rows(20)))


def test_what_a_variant_lacks_is_refused(tmp_path):
    x, y = rows()
    with pytest.raises(OptionError, match="give validation"):
        CausalInfoMin(**QUICK).fit(given((x, y)))
    with pytest.raises(OptionError, match="give expert"):
        CausalInfoMin(**QUICK, variant="product").fit(given((x, y)))
    with pytest.raises(DataError, match="the expert gives probabilities \\(80, 3\\)"):
        CausalInfoMin(**QUICK, variant="product").fit(given((x, y), expert=np.ones((80, 2))))
    plain = fitted("plain")
    for ask in (plain.bias, plain.confounder, plain.encode):
        with pytest.raises(OptionError, match="plain has no bias-only head"):
            ask(x)
    with pytest.raises(OptionError, match="tie needs a bias-only head"):
        plain.predict_proba(x, tie=True)
    with pytest.raises(OptionError, match="no bias-only head and weight here"):
        plain.effects(x)
    with pytest.raises(InterventionError, match="causal-info-min answers no do"):
        plain.do("do(bias=absent)")
    with pytest.raises(InterventionError, match="'bias' is set to one of absent, got 'none'"):
        fitted().do("do(bias=none)")
    with pytest.raises(UnknownVariableError, match=r"'bais' is not a variable of this system. Did you mean 'bias'"):
        fitted().do("do(bais=absent)")
    with pytest.raises(OptionError, match="no head on the feature as it came"):
        plain.biased(x)
    with pytest.raises(OptionError, match="no network behind them"):
        _ = plain.network
    with pytest.raises(OptionError, match="no network behind them"):
        plain.export(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(OptionError, match="has not been fitted"):
        CausalInfoMin().predict(x)


# -- by the verbs ----------------------------------------------------------------------------------------------------


def test_a_file_is_fitted_and_asked_by_the_names_of_its_columns(tmp_path):
    example = example_of("causal-info-min", tmp_path)
    model = CausalInfoMin(**example.options).fit(example.files, **example.roles)
    assert model.vocabulary == ("no", "perhaps", "yes")
    said = model.predict(example.rows)
    assert [model.vocabulary[k] for k in model.predict_proba(example.rows).argmax(axis=1)] == said.texts("answer")
    assert np.array_equal(said.matrix(["P(no)", "P(perhaps)", "P(yes)"]), model.predict_proba(example.rows))
    done = model.do(example.do).predict(example.rows)
    assert not np.allclose(done.matrix(["P(no)"]), said.matrix(["P(no)"]))
    assert len(model.predict(example.rows, draws=2)) == 10
    fresh = model.given(example.files)
    assert model.report(fresh)
    assert not model.report(fresh.take([0]))
    assert not fitted("plain").report(fresh)


def test_only_holes_are_filled_and_rows_without_an_answer_are_left_out_and_counted():
    (x, y), held = rows(), rows(40, 1)
    holes = np.array(y, dtype=object)
    holes[60:] = None
    model = CausalInfoMin(**QUICK).fit(given((x, holes), held))
    same = CausalInfoMin(**QUICK).fit(given((x[:60], y[:60]), held))
    assert np.array_equal(model.predict_proba(x), same.predict_proba(x))
    assert "20 rows have no answer and are left out" in model.training.warnings
    wrong = np.where(y == "no", "yes", "no").astype(object)
    wrong[::2] = None
    filled = model.predict(x, wrong).labels("answer")
    assert filled[1::2].tolist() == wrong[1::2].tolist()
    assert filled[::2].tolist() == model.predict(x).labels("answer")[::2].tolist()


def test_effects_are_the_mean_changes_and_the_control_divides_by_the_bias_of_other_rows():
    model, (x, y) = fitted(steps=60, branch_steps=60, tie=0.7), rows(50, 3)
    some = answered(x, y)
    main, erased = model.predict_proba(some), model.do("do(bias=absent)").predict_proba(some)
    own = [model.vocabulary.index(label) for label in y]
    table = model.effects(some)
    assert table.labels("outcome").tolist() == ["answer", "P(no)", "P(perhaps)", "P(yes)"]
    by_hand = [(erased - main)[np.arange(50), own].mean(), *(erased - main).mean(axis=0)]
    assert np.allclose(table.column("effect"), by_hand, atol=1e-6)
    assert (table.column("low") <= table.column("effect")).all()
    assert (table.column("effect") <= table.column("high")).all()
    order, bias = np.random.default_rng(0).permutation(50), model.bias(some)
    other = main / bias[order] ** 0.7
    shuffled = other / other.sum(axis=1, keepdims=True) - main
    assert np.allclose(table.column("control")[1:], shuffled.mean(axis=0), atol=1e-5)
    alone = model.effects(asked(x), outcome="answer")
    chosen = (erased - main)[np.arange(50), main.argmax(axis=1)].mean()
    assert alone.column("effect")[0] == pytest.approx(chosen, abs=1e-6)
    with pytest.raises(UnknownVariableError, match="'never'"):
        model.effects(some, outcome="never")


def test_scores_stand_beside_the_most_frequent_answer_the_head_before_and_the_bias_alone():
    model = fitted(steps=60, branch_steps=60)
    fresh, seen = model.given(answered(*rows(60, 5))), model.given(answered(*rows()))
    scores = model.judge(fresh, seen)
    assert scores["accuracy"].value == pytest.approx(model.evaluate({"new": fresh})["new"])
    often = max(set(rows()[1]), key=list(rows()[1]).count)
    assert scores["accuracy"].baselines["most frequent answer"] == pytest.approx(np.mean(rows(60, 5)[1] == often))
    last = model.judge(fresh, model.given(answered(rows()[0][:6], ["yes"] * 6)))
    assert last["accuracy"].baselines["most frequent answer"] == pytest.approx(np.mean(rows(60, 5)[1] == "yes"))
    right = np.array(model.vocabulary)[model.bias(fresh).argmax(axis=1)] == rows(60, 5)[1]
    assert scores["accuracy"].baselines["the bias alone"] == pytest.approx(right.mean())
    assert scores["sufficiency"].value == pytest.approx(model.sufficiency(fresh).chosen_probability)
    assert model.judge(model.given(asked(rows(5, 6)[0])), seen) == {}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"variant": "te"}, "variant is one of plain"),
        ({"loss": "hinge"}, "loss is one of softmax, binary"),
        ({"weighting": "odd"}, "weighting is one of complement"),
        ({"average": "votes"}, "average is one of probabilities, logits"),
        ({"steps": 0}, "steps is at least 1"),
        ({"dictionary": 0}, "dictionary is at least 1"),
        ({"contrast": -1.0}, "contrast and rate are not negative"),
        ({"kl_weights": ()}, "kl_weights are positive, one at least"),
        ({"kept": 0.0}, "kept is above 0 and at most 1"),
        ({"variant": "product", "loss": "binary"}, "take loss='softmax'"),
        ({"speed": 1}, "causal-info-min has no option 'speed'"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        CausalInfoMin(**options)


def test_a_folder_without_a_network_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("nothing")
    with pytest.raises(FormatError, match="cannot be loaded as a network"):
        CausalInfoMin(**QUICK).debias(tmp_path, given(regions(), regions(12, 1)))
    with pytest.raises(FormatError, match="gives no network"):
        CausalInfoMin(**QUICK).debias("torch.nn:Nothing", given(both(), both(20, 1)))
    with pytest.raises(FormatError, match="is a OrderedDict, not a torch module"):
        CausalInfoMin(**QUICK).debias("collections:OrderedDict", given(both(), both(20, 1)))


# -- what several people said ------------------------------------------------------------------------------------------

PEOPLE = [["red"] * 5 + ["blue"] * 3 + ["pink"] * 2, ["yes"] * 9 + ["no"], ["no"] * 10]


def test_scores_of_people_are_the_mean_over_all_subsets_that_leave_one_out():
    words = ["blue", "no", "pink", "red", "yes"]
    scores = scores_of_people(PEOPLE, words)
    for row, given in enumerate(PEOPLE):
        for column, word in enumerate(words):
            by_hand = np.mean([min(nine.count(word) / 3, 1) for nine in combinations(given, 9)])
            assert abs(scores[row, column] - by_hand) < 1e-12
    assert scores_of_people([[], ["x"]], ["x"]).tolist() == [[0.0], [0.0]]


def test_the_vocabulary_is_the_frequent_answers():
    assert frequent_answers(PEOPLE, least=1) == ("no", "red", "yes")
    with pytest.raises(DataError, match="no answer is the most frequent one of 9 questions: give a vocabulary"):
        frequent_answers(PEOPLE)


def test_a_list_of_answers_is_learnt_as_its_scores_are():
    x, labels = rows(90, 3)
    said = [[label] * 7 + ["yes"] * 3 for label in labels]
    features, new = Table.of(x), rows(20, 4)[0]
    options = {**QUICK, "variant": "plain", "loss": "binary"}
    of_people = CausalInfoMin(**options).fit(features.with_columns({"answers": said}, kinds={"answers": "list"}))
    assert of_people.vocabulary == ("no", "perhaps", "yes")
    scores = {"scores": scores_of_people(said, of_people.vocabulary)}
    of_scores = CausalInfoMin(**options, vocabulary=of_people.vocabulary).fit(features.with_columns(scores))
    assert np.array_equal(of_people.predict_proba(new), of_scores.predict_proba(new))
    unasked = of_people.given(Table.of(new))
    assert of_people.judge(unasked, unasked) == {}
    with pytest.raises(DataError, match="these rows have no column 'answers': give their answers"):
        of_people.evaluate({"new": new})
