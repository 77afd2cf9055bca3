"""Information minimisation: its losses against their formulas, what stays fixed, what is saved, and what it refuses."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from aitia.errors import DataError, FormatError, OptionError, UnknownVariableError
from aitia.nn.information import coding_rate
from aitia.systems.causal_info_min import CausalInfoMin, CausalInfoMinConfig, sufficiency
from aitia.systems.causal_info_min.debiasers import Product, PublishedTotalEffect
from aitia.systems.causal_info_min.dictionary import TiedAutoencoder, cluster
from aitia.systems.causal_info_min.losses import answer_loss, contrast_loss, rate_coefficient, row_weights

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


def fitted(variant="total-effect-adjusted", **options):
    x, y = rows()
    expert = np.full((80, 3), 1 / 3) if variant == "product" else None
    given = {**QUICK, "dictionary": 6, **options}
    return CausalInfoMin(variant=variant, **given).fit(x, y, validation=rows(40, 1), expert=expert)


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


def test_the_rate_counts_in_its_first_updates_only():
    torch.manual_seed(3)
    net = PublishedTotalEffect(12, 3, CausalInfoMinConfig(variant="total-effect-published", rate_steps=1)).train()
    x, target = torch.randn(6, 12), torch.eye(3).repeat(2, 1)
    first, second = (net.losses(x, x, target, torch.zeros(6, 0)) for _ in range(2))
    assert first["loss"] > second["loss"]
    rest = second["main"] + second["bias"] + second["contrast"]
    assert torch.allclose(second["loss"], rest)


def test_the_bottleneck_is_the_one_that_holds_least_among_those_that_keep_enough():
    x, y = rows(400)
    model = CausalInfoMin(
        steps=2, branch_steps=120, kl_weights=(0.01, 0.1, 5.0), kept=0.7, learning_rate=5e-3, bottleneck=6
    )
    model.fit(x, y, validation=rows(200, 1))
    enough = [each for each in model.tried if each.accuracy >= 0.7 * model.full_accuracy]
    chosen = [each for each in model.tried if each.chosen]
    assert chosen == [min(enough, key=lambda each: each.nats)]
    assert 0 < len(enough) < 3
    assert [each.nats for each in model.tried] == sorted((each.nats for each in model.tried), reverse=True)
    assert model.warnings == ()


def test_a_fit_in_which_no_bottleneck_keeps_enough_takes_the_most_accurate_one_and_says_so():
    x, y = rows(200)
    model = CausalInfoMin(steps=1, branch_steps=60, kl_weights=(0.5, 20.0), kept=1.0, learning_rate=5e-3)
    model.fit(x, y, validation=rows(100, 1))
    assert max(model.tried, key=lambda each: each.accuracy).chosen
    assert "no bottleneck keeps 100% of the full accuracy" in model.warnings[0]


def test_the_branch_stays_as_it_was_while_the_main_branch_learns():
    short, long = fitted(steps=1), fitted(steps=40)
    x = rows(20, 2)[0]
    assert np.array_equal(short.bias(x), long.bias(x))
    assert np.array_equal(short.confounder(x), long.confounder(x))
    assert not np.array_equal(short.predict(x), long.predict(x))


def test_tie_is_the_answer_with_the_bias_taken_out_and_its_weight_costs_no_more_than_a_standard_error():
    model, (x, y) = fitted(steps=60, branch_steps=60), rows(40, 1)
    main, bias = model.predict(x), model.bias(x)
    by_hand = main / bias**0.6
    assert np.allclose(model.predict(x, tie=0.6), by_hand / by_hand.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(model.predict(x, tie=0.0), main, atol=1e-6)
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
    assert np.allclose(model.predict(x), total.numpy(), atol=1e-5)
    logits = fitted("treatment-effect-augment", average="logits")
    part = logits._network().debiaser
    with torch.no_grad():
        total = sum(
            share * part.head(torch.cat([x, part.map(z).expand(7, -1)], dim=1))
            for z, share in zip(part.dictionary.centroids, part.dictionary.shares, strict=True)
        )
    assert np.allclose(logits.predict(x), total.softmax(dim=1).numpy(), atol=1e-5)


def test_attenuation_multiplies_by_one_minus_the_cosine_to_the_mean_entry():
    model, x = fitted("treatment-effect-attenuate"), torch.from_numpy(rows(7, 3)[0])
    part = model._network().debiaser
    book = part.dictionary
    middle = (book.shares[:, None] * book.centroids).sum(0)
    for row in range(7):
        z = book.weight @ x[row]
        cosine = float(z @ middle / z.norm() / middle.norm())
        assert torch.allclose(part._attenuated(x)[row], x[row] * (1 - cosine), atol=1e-5)


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
    before = sufficiency(model.bias(x), model.biased(x), target)
    after = sufficiency(model.bias(x), model.predict(x), target)
    for asked, expected in ((model.sufficiency(x, y, before=True), before), (model.sufficiency(x, y), after)):
        assert math.isclose(asked.accuracy_ratio, expected.accuracy_ratio, rel_tol=1e-6)
        assert math.isclose(asked.chosen_probability, expected.chosen_probability, rel_tol=1e-6)
    assert before != after


# -- networks --------------------------------------------------------------------------------------------------------


def test_a_network_is_left_as_it_is_and_a_copy_learns_with_the_rest():
    inputs, answers = both()
    model = Two().train()
    before = {name: leaf.clone() for name, leaf in model.state_dict().items()}
    fit = CausalInfoMin(**QUICK, bottleneck=2).debias(model, inputs, answers, feature="last.0", validation=both(20, 1))
    assert model.training
    assert all(torch.equal(leaf, before[name]) for name, leaf in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
    assert not torch.equal(fit.network.seen.weight, before["seen.weight"])
    assert torch.equal(fit._network().original.model.seen.weight, before["seen.weight"])
    frozen = CausalInfoMin(**QUICK, train_backbone=False).debias(
        model, inputs, answers, feature="last.0", validation=both(20, 1)
    )
    assert torch.equal(frozen.network.seen.weight, before["seen.weight"])
    assert frozen.confounder(inputs).shape == (60, 8)


def test_features_recorded_before_and_a_frozen_network_give_the_same_answers():
    inputs, answers = both()
    model = Two().eval()
    with torch.no_grad():
        given = {name: torch.from_numpy(value) for name, value in inputs.items()}
        features = torch.relu(model.words(given["question"]) + model.seen(given["image"]))
        held = both(20, 1)
        seen = {name: torch.from_numpy(value) for name, value in held[0].items()}
        other = torch.relu(model.words(seen["question"]) + model.seen(seen["image"]))
    ours = CausalInfoMin(**QUICK).fit(features, answers, validation=(other, held[1]))
    tapped = CausalInfoMin(**QUICK, train_backbone=False).debias(
        model, inputs, answers, feature="last.0", validation=held
    )
    assert np.allclose(ours.predict(features), tapped.predict(inputs), atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_saved_and_read_answers_the_same(variant, tmp_path):
    model, x = fitted(variant), rows(9, 7)[0]
    model.save_pretrained(tmp_path)
    again = CausalInfoMin.from_pretrained(tmp_path)
    assert np.array_equal(again.predict(x), model.predict(x))
    assert again.vocabulary == model.vocabulary == ("no", "perhaps", "yes")
    assert (again.config, again.tried, again.tie_weight) == (model.config, model.tried, model.tie_weight)
    assert again.answer(x) == model.answer(x)


def test_a_network_of_ones_own_is_attached_to_what_was_saved(tmp_path):
    inputs, answers = both()
    model = CausalInfoMin(**QUICK, bottleneck=2).debias(
        Two(), inputs, answers, feature="last.0", validation=both(20, 1)
    )
    model.save_pretrained(tmp_path)
    lone = CausalInfoMin.from_pretrained(tmp_path)
    with pytest.raises(OptionError, match="fitted on a Two of your own: attach it first"):
        lone.predict(inputs)
    lone.save_pretrained(tmp_path / "again")
    again = CausalInfoMin.from_pretrained(tmp_path / "again", Two())
    assert np.array_equal(again.predict(inputs), model.predict(inputs))
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
    model = CausalInfoMin(**QUICK).debias(
        tmp_path / "source", inputs, answers, feature="pooler", validation=regions(12, 1)
    )
    assert model.confounder(inputs).shape == (24, 24)
    model.save_pretrained(tmp_path / "fit")
    again = CausalInfoMin.from_pretrained(tmp_path / "fit")
    assert type(again.network).__name__ == "LxmertModel"
    assert np.array_equal(again.predict(inputs), model.predict(inputs))


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
    model = CausalInfoMin(**QUICK, variant="plain", train_backbone=False)
    model.debias(bert, {"input_ids": ids, "attention_mask": mask}, rng.integers(2, size=16), feature="bert.encoder")
    longer = {"input_ids": np.pad(ids, ((0, 0), (0, 3))), "attention_mask": np.pad(mask, ((0, 0), (0, 3)))}
    assert np.allclose(model.predict({"input_ids": ids, "attention_mask": mask}), model.predict(longer), atol=1e-5)
    conv = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 2))
    pictures = rng.normal(size=(20, 3, 8, 8)).astype(np.float32)
    maps = CausalInfoMin(**QUICK, variant="plain").debias(conv, {"input": pictures}, [0, 1] * 10, feature="1")
    assert maps._network().debiaser.features == 6


def test_a_fit_that_was_stopped_goes_on_to_the_same_answers(tmp_path):
    x, y = rows()
    whole = fitted(steps=12)
    short = CausalInfoMin(**{**QUICK, "steps": 12})

    def stops(what, done, total):
        if what == "training" and done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        short.fit(x, y, validation=rows(40, 1), checkpoint=tmp_path, progress=stops)
    assert {path.name for path in tmp_path.iterdir()} >= {"full head.safetensors", "bottleneck at 0.1.safetensors"}
    done = short.fit(x, y, validation=rows(40, 1), checkpoint=tmp_path)
    again = CausalInfoMin(**{**QUICK, "steps": 12}).fit(x, y, validation=rows(40, 1), checkpoint=tmp_path)
    z = rows(9, 3)[0]
    assert np.array_equal(done.predict(z), whole.predict(z))
    assert np.array_equal(again.predict(z), whole.predict(z))


def test_what_the_weights_were_chosen_on_is_told():
    x, y = rows()
    assert fitted().selected_on == "accuracy on iid validation rows"
    both_splits = CausalInfoMin(**QUICK).fit(x, y, validation=rows(40, 1), balanced=rows(40, 2))
    assert both_splits.selected_on == "accuracy on iid validation and held-out balanced rows"
    assert CausalInfoMin(**QUICK, variant="plain").fit(x, y).selected_on == "nothing: the last weights"


# -- what is refused -------------------------------------------------------------------------------------------------


def test_a_feature_that_is_not_there_is_refused_with_the_modules_that_are():
    inputs, answers = both()
    with pytest.raises(UnknownVariableError, match=r"'pooler' is no module of this Two.*one of: words, seen, last"):
        CausalInfoMin(**QUICK).debias(Two(), inputs, answers, feature="pooler", validation=both(20, 1))


def test_answers_outside_of_the_vocabulary_and_scores_outside_of_zero_to_one_are_refused():
    x, y = rows()
    model = CausalInfoMin(**QUICK, variant="plain")
    with pytest.raises(DataError, match="'yes' is no answer of the vocabulary, which has 2: no, perhaps"):
        model.fit(x, y, vocabulary=["no", "perhaps"])
    with pytest.raises(DataError, match="'never' is no answer of the vocabulary"):
        model.fit(x, y).evaluate({"other": (x[:3], ["never"] * 3)})
    with pytest.raises(DataError, match="scores are of 2 answers, the vocabulary, got 3 columns"):
        model.fit(x, np.zeros((80, 3)), vocabulary=["no", "yes"])
    scores = np.full((80, 2), 0.5)
    scores[4, 1] = 1.2
    with pytest.raises(DataError, match=r"a score is from 0 to 1, got 1\.2 in row 4 for 'yes'"):
        model.fit(x, scores, vocabulary=["no", "yes"])
    scores[4, 1] = np.nan
    with pytest.raises(DataError, match="a score is from 0 to 1, got nan in row 4"):
        model.fit(x, scores)
    with pytest.raises(DataError, match="for each of 80 rows"):
        model.fit(x, y[:5])


def test_soft_scores_are_learned_from():
    x, y = rows(300)
    labels = sorted(set(y))
    soft = 0.3 + 0.6 * np.eye(3)[[labels.index(label) for label in y]]
    model = CausalInfoMin(variant="plain", loss="binary", steps=200, learning_rate=3e-3)
    model.fit(x, soft, vocabulary=labels)
    z, answers = rows(200, 1)
    assert np.mean(np.array(model.answer(z)) == answers) > 0.8
    own = np.array([labels.index(label) for label in answers])
    assert abs(model.predict(z)[np.arange(200), own].mean() - 0.9) < 0.2
    others = model.predict(z)[np.arange(200), (own + 1) % 3].mean()
    assert abs(others - 0.3) < 0.2


def test_a_bottleneck_wider_than_the_feature_is_refused():
    x, y = rows()
    for variant in ("total-effect-published", "total-effect-adjusted", "treatment-effect-augment"):
        model = CausalInfoMin(**QUICK, variant=variant, bottleneck=13)
        with pytest.raises(OptionError, match="at most as wide as the feature, 12 columns, got bottleneck=13"):
            model.fit(x, y, validation=rows(40, 1))


def test_a_missing_modality_is_refused_in_fitting_and_in_asking():
    inputs, answers = both()
    held, model = both(20, 1), CausalInfoMin(**QUICK)
    lone = {"question": inputs["question"]}
    with pytest.raises(DataError, match="'image' is missing: Two takes question, image, got question"):
        model.debias(Two(), lone, answers, feature="last.0", validation=held)
    with pytest.raises(DataError, match="Two takes no input 'sound'; it takes question, image"):
        model.debias(Two(), {**inputs, "sound": inputs["image"]}, answers, feature="last.0", validation=held)
    model.debias(Two(), inputs, answers, feature="last.0", validation=held)
    with pytest.raises(DataError, match="'image' is missing: this takes question, image, got question"):
        model.predict(lone)
    with pytest.raises(DataError, match="each input has one row a question"):
        model.predict({**inputs, "image": inputs["image"][:5]})


def test_a_split_that_is_the_training_rows_is_refused():
    x, y = rows()
    with pytest.raises(DataError, match="the validation is the training rows"):
        CausalInfoMin(**QUICK).fit(x, y, validation=(x, y))
    with pytest.raises(DataError, match="the balanced split is the training rows"):
        CausalInfoMin(**QUICK).fit(x, y, validation=rows(40, 1), balanced=(x.copy(), y))
    with pytest.raises(DataError, match="the split 'OOD' is the training rows"):
        fitted().evaluate({"iid": rows(40, 1), "OOD": (x.copy(), list(y))})


def test_numbers_that_are_none_are_refused_in_inputs_and_in_features():
    x, y = rows()
    x[3, 1] = np.nan
    with pytest.raises(DataError, match="features has a number that is not finite in row 3"):
        CausalInfoMin(**QUICK).fit(x, y, validation=rows(40, 1))
    inputs, answers = both()
    model = Two()
    with torch.no_grad():
        model.words.weight[2] = float("inf")
    row = int(np.flatnonzero(inputs["question"] == 2)[0])
    with pytest.raises(DataError, match=f"the feature has a number that is not finite in row {row}"):
        CausalInfoMin(**QUICK).debias(model, inputs, answers, feature="last.0", validation=both(20, 1))


def test_a_dictionary_larger_than_the_rows_is_refused():
    x, y = rows(20)
    with pytest.raises(DataError, match="a dictionary of 32 entries needs as many rows at least, got 20"):
        CausalInfoMin(**QUICK, variant="treatment-effect-augment").fit(x, y)


def test_what_a_variant_lacks_is_refused():
    x, y = rows()
    with pytest.raises(OptionError, match="give validation"):
        CausalInfoMin(**QUICK).fit(x, y)
    with pytest.raises(OptionError, match="give expert"):
        CausalInfoMin(**QUICK, variant="product").fit(x, y)
    with pytest.raises(DataError, match="the expert gives probabilities \\(80, 3\\)"):
        CausalInfoMin(**QUICK, variant="product").fit(x, y, expert=np.ones((80, 2)))
    plain = fitted("plain")
    for ask in (plain.bias, plain.confounder):
        with pytest.raises(OptionError, match="plain has no bias-only head"):
            ask(x)
    with pytest.raises(OptionError, match="tie needs a bias-only head"):
        plain.predict(x, tie=True)
    with pytest.raises(OptionError, match="no head on the feature as it came"):
        plain.biased(x)
    with pytest.raises(OptionError, match="no network behind them"):
        _ = plain.network
    with pytest.raises(OptionError, match="has not been fitted"):
        CausalInfoMin().predict(x)
    with pytest.raises(DataError, match="one array of real numbers"):
        fitted().predict(x[0])


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
        ({"speed": 1}, "CausalInfoMin: .*speed"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        CausalInfoMin(**options)


def test_a_folder_without_a_network_is_refused(tmp_path):
    inputs, answers = regions()
    with pytest.raises(FormatError, match="cannot be loaded as a network"):
        CausalInfoMin(**QUICK).debias(tmp_path, inputs, answers, validation=regions(12, 1))
