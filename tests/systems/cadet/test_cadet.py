"""CADET: its losses by hand, what draws let through, what it keeps, what it answers, what it refuses."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.systems.cadet.trained import SMALL, WORLD, fitted, posts, rows
from tests.trained import read
from torch import nn

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.nn.language import LanguageModel, small_encoder, word_tokenizer
from aitia.runs import RunStore
from aitia.system import Given, load
from aitia.systems.cadet import LOSSES, Cadet, CadetConfig, back_door_weights
from aitia.systems.cadet.inputs import held_out, macro_f1, read_posts
from aitia.systems.cadet.losses import Objective, conditional_hsic, label_loss, schedule
from aitia.systems.cadet.network import CadetNetwork, Inferred, ParallelDecoder, gumbel, pick_words
from aitia.systems.cadet.training import collapsed, nats_of_latents
from aitia.worlds.moderation import TARGETS


def asked(n, seed=1, env="train"):
    return {"text": posts(n, seed, env)[0]}


def part(table, begin):
    return table.matrix([name for name in table.names if name.startswith(begin)])


@pytest.fixture(scope="module")
def trained():
    return read("cadet")


# -- draws and weights -----------------------------------------------------------------------------------------------


def test_a_straight_through_draw_is_one_category_with_the_gradient_of_the_soft_draw():
    values = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    reader = torch.randn(5, generator=torch.Generator().manual_seed(1))
    gradients, draws = [], []
    for hard in (True, False):
        logits = values.clone().requires_grad_()
        torch.manual_seed(3)
        draws.append(gumbel(logits, hard=hard))
        (draws[-1] @ reader).sum().backward()
        gradients.append(logits.grad)
    assert torch.equal(gradients[0], gradients[1])
    assert gradients[0].abs().sum() > 0.1
    assert torch.allclose(draws[0].sort(-1).values, torch.tensor([0.0, 0, 0, 0, 1]).expand(6, 5), atol=1e-6)
    assert torch.equal(draws[0].argmax(-1), draws[1].argmax(-1))


def test_draws_come_as_often_as_the_softmax_says():
    torch.manual_seed(0)
    logits = torch.tensor([0.5, -1.0, 1.0])
    share = gumbel(logits.expand(40_000, 3), hard=True).mean(0)
    assert torch.allclose(share, logits.softmax(-1), atol=0.01)


def test_the_weights_make_style_and_label_independent_exactly():
    rng = np.random.default_rng(0)
    label = rng.random(500) < 0.3
    style = np.where(rng.random(500) < 0.9, label, ~label)
    s, y = torch.from_numpy(style.astype(int)), torch.from_numpy(label.astype(int))
    weights = back_door_weights(s, y).double()
    joint = torch.stack([torch.stack([weights[(s == a) & (y == b)].sum() for b in (0, 1)]) for a in (0, 1)]) / 500
    assert torch.allclose(joint, joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True), atol=1e-7)
    assert torch.allclose(joint.sum(0), torch.bincount(y).double() / 500, atol=1e-7)
    assert torch.allclose(joint.sum(1), torch.bincount(s).double() / 500, atol=1e-7)


def test_words_end_with_the_first_end():
    logits = torch.full((1, 4, 3), -9.0)
    logits[0, torch.arange(4), torch.tensor([1, 2, 0, 2])] = 9.0
    words, there = pick_words(logits, 2, sample=False)
    assert words.argmax(-1).tolist() == [[1, 2, 0, 2]]
    assert there.tolist() == [[True, True, False, False]]


# -- the losses, by hand ---------------------------------------------------------------------------------------------


class Handmade(nn.Module):
    """A network whose every part is known: M is h, the label reads its first two numbers."""

    def __init__(self):
        super().__init__()
        self.decoder = nn.Identity()
        self.label_head = self.target_head = self.style_head = nn.Identity()
        self.compare = {name: nn.Identity() for name in "mtsu"}
        self.guess_u = {name: nn.Identity() for name in "mts"}

    def see(self, ids, mask):
        return ids[:, :2].float()

    def infer(self, h, *, sample):
        u = torch.tensor([[0.5, -0.5]]).expand(len(h), 2)
        t, s = torch.tensor([[0.8, 0.2]]).expand(len(h), 2), torch.tensor([[0.0, 1.0]]).expand(len(h), 2)
        self.calls = getattr(self, "calls", 0) + 1
        law = torch.tensor([[1.0]]).expand(len(h), 1), torch.tensor([[math.log(0.5)]]).expand(len(h), 1)
        m = h + (0.0 if self.calls == 1 else 1.0) * torch.tensor([1.0, 0.0])
        return Inferred(
            m, u, t, s, torch.zeros(len(h), 2), torch.tensor([[0.0, math.log(3)]]).expand(len(h), 2), {"m": law}
        )

    def code(self, m, u, t, s):
        return m

    def words(self, code, ids):
        return torch.zeros(*ids.shape, 4)


def by_hand(**options):
    objective = Objective(Handmade(), CadetConfig(**options), steps=1, end=3)
    objective.begin(9)
    ids, label = torch.tensor([[1, 2, 3], [2, 0, 3]]), torch.tensor([0, 1])
    ones = torch.ones(2)
    found = objective(
        ids, torch.ones_like(ids), label, torch.tensor([1, 1]), label, torch.tensor([1.0, 0.0]), ones, ones
    )  # fmt: skip
    return {name: float(value) for name, value in found.items()}


def test_every_published_loss_is_its_formula():
    found = by_hand()
    softmax = lambda a, b: math.exp(a) / (math.exp(a) + math.exp(b))  # noqa: E731
    u = np.array([0.5, -0.5])
    m = np.array([[1.0, 2.0], [2.0, 0.0]])
    t, s = np.array([0.8, 0.2]), np.array([0.0, 1.0])

    def cosine(a, b):
        return (a @ b / np.linalg.norm(a) / np.linalg.norm(b)) ** 2

    pairs = [np.mean([cosine(a, b) for a in m]) for b in (t, s, u)] + [cosine(t, s), cosine(t, u), cosine(s, u)]
    said = [(softmax(2, 1), softmax(2, 2)), (softmax(0, 2), softmax(0, 3))]
    expected = {
        "reconstruction": math.log(4),
        "label": -(math.log(softmax(1, 2)) + math.log(softmax(0, 2))) / 2,
        "target": -math.log(softmax(0.8, 0.2)),  # the second row has no confidence
        "style": -math.log(softmax(1, 0)),
        "kl": 0.5 * (1 + 0.5 - 1 - math.log(0.5)) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75) + math.log(2),
        "orthogonality": np.mean(pairs),
        "adversarial": np.mean([((m - u) ** 2).mean(), ((t - u) ** 2).mean(), ((s - u) ** 2).mean()]),
        "counterfactual": np.mean([(a - b) ** 2 for a, b in said]),
        "cycle": 0.5,
    }
    assert {name: round(found[name], 5) for name in expected} == {k: round(float(v), 5) for k, v in expected.items()}
    assert math.isclose(found["loss"], sum(LOSSES[name] * value for name, value in expected.items()), rel_tol=1e-5)


class Leaves(Handmade):
    """What is inferred takes gradients; every token but the last of a text is told with certainty e^2 : 1 : 1 : 1."""

    def infer(self, h, *, sample):
        found = super().infer(h, sample=sample)
        self.style_adversary = nn.Identity()
        self.fact = replace(found, **{name: getattr(found, name).clone().requires_grad_() for name in "muts"})
        return self.fact

    def words(self, code, ids):
        return 2.0 * nn.functional.one_hot(ids, 4) * torch.tensor([1.0, 1.0, 0.0])[:, None]


def with_leaves(mask=(1, 1, 1), balance=(1.0, 1.0), **options):
    net = Leaves()
    objective = Objective(net, CadetConfig(drop=("counterfactual", "cycle"), **options), steps=1, end=3)
    ids, label = torch.tensor([[1, 2, 3], [2, 0, 3]]), torch.tensor([0, 1])
    mask, ones = torch.tensor([[1, 1, 1], mask]), torch.ones(2)
    return net, objective(ids, mask, label, torch.tensor([1, 0]), label, ones, ones, torch.tensor(balance))


def test_the_parts_unlearn_u_and_u_does_not_move():
    net, found = with_leaves()
    m, u, t, s = net.fact.m, net.fact.u, net.fact.t, net.fact.s
    gradients = torch.autograd.grad(found["adversarial"], (m, u, t, s), allow_unused=True)
    assert gradients[1] is None
    for part, gradient in zip((m, t, s), (gradients[0], *gradients[2:]), strict=True):
        assert torch.allclose(gradient, -2 * (part - u) / 4 / 3)  # behind a reversed gradient


def test_the_adversary_of_the_style_counts_rows_by_their_balance_and_m_unlearns_it():
    net, found = with_leaves(balance=(1.0, 3.0), style_adversary=1.0)
    share = net.fact.m.softmax(-1)
    by_hand = -(share[0, 1].log() + 3 * share[1, 0].log()) / 4
    assert torch.allclose(found["style adversary"], by_hand)
    reversed_one, plain = (torch.autograd.grad(loss, net.fact.m)[0] for loss in (found["style adversary"], by_hand))
    assert torch.allclose(reversed_one, -plain)


def test_the_first_epoch_begins_at_one_and_the_sum_weighs_each_loss_by_its_schedule():
    objective = Objective(Handmade(), CadetConfig(), steps=4, end=3)
    ids, label, ones = torch.tensor([[1, 2, 3], [2, 0, 3]]), torch.tensor([0, 1]), torch.ones(2)
    for step, epoch in ((0, 1.0), (6, 2.5), (14, 4.5)):
        objective.net.calls = 0
        objective.begin(step)
        found = objective(ids, torch.ones_like(ids), label, label, label, ones, ones, ones)
        total = sum(weight * schedule(name, epoch, "published") * found[name] for name, weight in LOSSES.items())
        assert torch.allclose(found["loss"], total)


def test_padding_is_not_written_again():
    sure = math.log(1 + 3 * math.exp(-2))
    assert with_leaves()[1]["reconstruction"].item() == pytest.approx((4 * sure + 2 * math.log(4)) / 6)
    assert with_leaves(mask=(1, 1, 0))[1]["reconstruction"].item() == pytest.approx((4 * sure + math.log(4)) / 5)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "label"])
def test_a_dropped_loss_leaves_the_sum(name):
    whole, without = by_hand(), by_hand(drop=(name,))
    assert math.isclose(whole["loss"] - without["loss"], LOSSES[name] * whole[name], rel_tol=1e-4)


def test_free_bits_are_free():
    assert by_hand(free_bits=1.0)["kl"] == pytest.approx(by_hand()["kl"] + 1 - 0.5 * (0.5 - math.log(0.5)))


def test_the_schedule_is_the_published_one():
    told = {
        "reconstruction": [0.2, 0.4, 0.6, 0.8, 1.0, 1.0],
        "kl": [0, 0, 0.25, 0.5, 0.75, 1.0],
        "orthogonality": [0, 0, 1, 1, 1, 1],
        "adversarial": [0.1, 0.1, 0.4, 0.7, 1.0, 1.0],
        "counterfactual": [1.0] * 6,
        "label": [1.0] * 6,
    }
    for name, shares in told.items():
        assert [schedule(name, epoch, "published") for epoch in range(1, 7)] == pytest.approx(shares), name
    assert [schedule("cycle", epoch, "adjusted") for epoch in (1, 2, 3.5, 5)] == [0, 0, 0.5, 1]


def test_the_loss_of_the_label_weighs_rows_and_classes():
    logits, label, weight = torch.tensor([[1.0, 0], [0, 0], [0, 2]]), torch.tensor([0, 0, 1]), torch.tensor([1.0, 3, 1])
    rows = [math.log(1 + math.exp(-1)), math.log(2), math.log(1 + math.exp(-2))]
    scale = [0.75, 2.25, 1.5]
    expected = sum(a * b for a, b in zip(rows, scale, strict=True)) / sum(scale)
    assert float(label_loss(logits, label, weight)) == pytest.approx(expected)


def test_hsic_given_the_label_is_nought_for_what_the_label_explains_and_not_for_style():
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(400) % 2
    style = (torch.rand(400, generator=generator) < 0.2 + 0.6 * label).long()
    noise = 0.3 * torch.randn(400, 3, generator=generator)
    of_label, of_style = (noise + codes[:, None] for codes in (label, style))
    assert conditional_hsic(of_style, style, label) > 10 * conditional_hsic(of_label, style, label)
    assert conditional_hsic(of_label, label, label) == 0


def test_the_published_label_never_sees_the_flipped_style_and_the_adjusted_one_reads_what_was_written():
    """The gradient of the counterfactual loss reaches the decoder in the adjusted variant alone."""
    reached = {}
    for variant in ("published", "adjusted"):
        encoder = small_encoder(["a", "b", "c"], width=8, layers=1, heads=2, longest=8).model.bert
        net = CadetNetwork(encoder, ParallelDecoder(8, 5, 8), 2, 2)
        objective = Objective(net, CadetConfig(variant=variant), 1, 3)
        ids = torch.tensor([[2, 5, 6, 3], [2, 7, 5, 3]])
        mask, codes, ones = torch.ones_like(ids), torch.tensor([0, 1]), torch.ones(2)
        torch.manual_seed(0)
        objective(ids, mask, codes, codes, codes, ones, ones, ones)["counterfactual"].backward()
        reached[variant] = net.decoder.read.weight.grad is not None
        assert (net.into_code["s"].weight.grad is not None) == reached[variant]
    assert reached == {"published": False, "adjusted": True}


# -- what is fitted --------------------------------------------------------------------------------------------------


def test_predictions_are_the_same_whenever_asked_and_rows_do_not_matter_to_each_other():
    model, texts = fitted(variant="published", threshold=0.0), asked(40)
    first = model.predict_proba(texts)
    assert np.array_equal(first, model.predict_proba(texts))
    assert np.allclose(first[7:9], model.predict_proba({"text": texts["text"][7:9]}), atol=1e-6)
    assert np.allclose(first.sum(1), 1)
    assert model.threshold == 0.0
    said = model.predict(texts)
    assert set(said.labels("label")) == {model.classes_[1]}
    assert np.array_equal(part(said, "P("), first)
    assert said.names == ("text", "label", "P(0)", "P(1)")


def test_only_holes_are_filled_and_every_draw_is_a_row():
    model = fitted(variant="published", threshold=0.0)
    texts, label = asked(4)["text"], np.array([0, None, None, 0], dtype=object)
    given = Table.of(
        {"text": texts, "label": label, "more": [1.5, 2.5, 3.5, 4.5]}, kinds={"text": "text", "label": "label"}
    )
    said = model.predict(given)
    assert said.labels("label").tolist() == [0, 1, 1, 0]
    assert said.labels("more").tolist() == [1.5, 2.5, 3.5, 4.5]
    twice = model.predict(given, draws=2)
    assert twice.labels("label").tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert twice.column("row").tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_rows_without_a_label_are_left_out_of_the_fit_and_counted():
    given = rows(120, env="balanced")
    label = np.array(given["label"], dtype=object)
    label[100:] = None
    table = Table.of({**given, "label": label}, kinds={"text": "text", "label": "label"})
    with pytest.warns(RuntimeWarning, match="20 texts have no label and are left out"):
        model = Cadet(**SMALL, epochs=1).fit(table)
    same = Cadet(**SMALL, epochs=1).fit({name: values[:100] for name, values in given.items()})
    assert np.array_equal(model.predict_proba(asked(9)), same.predict_proba(asked(9)))


def test_a_seed_gives_the_same_model_and_another_another():
    one, again, other = (fitted(variant="adjusted", seed=seed).predict_proba(asked(20)) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_what_is_saved_is_read_back_with_what_it_holds(tmp_path, trained):
    texts, held = asked(20), trained.do("do(style=1)")
    held.save_pretrained(tmp_path)
    back = Cadet.from_pretrained(tmp_path)
    assert np.array_equal(back.do("do(style=0)").predict_proba(texts), trained.do("do(style=0)").predict_proba(texts))
    assert back.config == trained.config
    assert (back.threshold, back.targets_, back.kl) == (trained.threshold, trained.targets_, trained.kl)
    assert (back.held, back.targets.names, back.styles_) == (held.held, ("style", "target"), ("0", "1"))
    assert np.array_equal(back.rewrite(texts).texts, held.rewrite(texts).texts)
    assert np.array_equal(load(tmp_path).predict_proba(texts), held.predict_proba(texts))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FormatError, match="is damaged: it lacks 'class'"):
        Cadet.from_pretrained(tmp_path)


def test_scikit_learns_contract():
    from sklearn.base import clone

    model = Cadet(**SMALL, variant="erm", epochs=1)
    assert model.get_params()["variant"] == "erm"
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(epochs=2).config.epochs == 2
    texts, label, style, _ = posts(60, env="balanced")
    names = np.array(["praise", "complaint"])[label]
    kept = (list(texts), names.copy(), style.copy())
    model.fit({"text": texts, "label": names, "style": style})
    assert texts == kept[0]
    assert np.array_equal(names, kept[1])
    assert np.array_equal(style, kept[2])
    assert set(model.predict({"text": texts}).labels("label")) <= {"praise", "complaint"}
    assert model.classes_.tolist() == ["complaint", "praise"]


def test_a_file_is_fitted_and_asked_by_the_names_of_its_columns(tmp_path):
    from aitia.system.example import example_of

    example = example_of("cadet", tmp_path)
    model = Cadet(**example.options).fit(example.files, **example.roles)
    assert model.targets.names == ("style", "about")
    said = model.predict(example.rows)
    assert set(said.labels("intent")) <= {"praise", "complaint"}
    done = model.do(example.do).edit(example.rows)
    assert done.names == ("post", "intent", "style", "about")
    assert set(done.labels("style")) == {"polite"}
    assert done.texts("post") == model.do(example.do).rewrite(example.rows).texts.tolist()
    assert done.select(["intent", "about"]) == model.given(example.rows).table.select(["intent", "about"])
    with pytest.raises(OptionError, match=r"no role or subject 'styl'. Did you mean 'style'"):
        Cadet().fit(example.files, text="post", label="intent", styl="style")


def test_do_style_writes_texts_in_that_style_and_do_target_about_it(trained):
    texts, _, style, _ = posts(300, 1, "balanced")
    for code in (0, 1):
        done = trained.do({"style": code}).rewrite({"text": texts})
        assert (WORLD.read(list(done.texts), "style") == code).mean() > 0.9
    held = trained.do("do(style=1)")
    other = held.rewrite({"text": texts})
    assert other.texts[0] != other.reconstruction[0] or style[0] == 1
    assert len(set(other.label) - {0, 1}) == 0
    assert np.array_equal(other.label, (other.probability >= trained.threshold).astype(int))
    assert np.array_equal(held.predict_proba({"text": texts})[:, 1], other.probability)
    assert held.predict({"text": texts}).labels("label").tolist() == other.label.tolist()


def test_an_edit_without_an_intervention_is_the_row_and_the_latest_wins(trained):
    given = Table.of(rows(12, 1), kinds={"text": "text", "target": "label"})
    assert trained.edit(given) == trained.given(given).table
    one, both = trained.do("do(style=1)").edit(given), trained.do("do(style=0)").do("do(style=1)").edit(given)
    assert one == both
    assert one.texts("text") != given.texts("text")
    assert set(map(str, one.labels("style"))) == {"1"}
    assert trained.held == trained.do().held


def test_latents_have_their_shapes_and_the_styles_are_read(trained):
    texts, _, style, _ = posts(200, 1, "balanced")
    found = trained.encode({"text": texts})
    assert part(found, "motivation").shape == (200, 32)
    assert part(found, "platform").shape == (200, 4)
    assert np.allclose(part(found, "P(target=").sum(1), 1)
    assert ((found.column("P(style=1)") > 0.5) == style).mean() > 0.9
    held = trained.do("do(style=0, target=app)").encode({"text": texts})
    assert set(held.column("P(style=1)")) == {0.0}
    assert set(held.column("P(target=app)")) == {1.0}
    assert set(held.column("P(target=staff)")) == {0.0}
    assert np.array_equal(part(held, "motivation"), part(found, "motivation"))


def test_effects_are_the_means_of_what_is_read_again(trained):
    texts = asked(60, env="balanced")
    table = trained.effects(texts)
    assert table.labels("target").tolist() == ["style"] * 2 + ["target"] * 4
    assert table.labels("value").tolist() == ["0", "1", *sorted(TARGETS)]
    done = trained.do("do(style=1)").rewrite(texts)
    assert table.column("effect")[1] == pytest.approx((done.probability - done.reconstruction_probability).mean())
    assert (table.column("low") <= table.column("effect")).all()
    assert (table.column("effect") <= table.column("high")).all()
    assert np.isfinite(table.column("control")).all()
    assert np.ptp(table.column("control")) == 0
    assert np.abs(table.column("control")).max() > 0
    assert trained.effects(texts, target="style", outcome="label").n == 2
    with pytest.raises(UnknownVariableError, match="'mood' is not a variable"):
        trained.effects(texts, target="mood")
    with pytest.raises(UnknownVariableError, match="'P\\(2\\)'"):
        trained.effects(texts, outcome="P(2)")


def test_scores_stand_beside_the_most_frequent_label_and_the_style_alone(trained):
    roles = {"label": "intent"}
    seen = Given.of_world(Cadet.card, WORLD, 400, seed=5).take(range(200))
    fresh = seen.fresh(Cadet.card, 300, seed=6)
    model = Cadet(**SMALL, variant="adjusted", epochs=1).fit(seen, **roles)
    scores = model.judge(fresh, seen)
    assert list(scores) == ["macro-F1", "accuracy", "effect of style"]
    said = np.where(model.predict_proba(fresh)[:, 1] >= model.threshold, *model.classes_[::-1])
    assert scores["accuracy"].value == pytest.approx((said == fresh.labels("label")).mean())
    assert set(scores["accuracy"].baselines) == {"most frequent label", "style alone"}
    assert scores["accuracy"].baselines["most frequent label"] < scores["accuracy"].baselines["style alone"]
    texts = {name: WORLD.render(WORLD.counterfactual(fresh.sample, {"style": name})) for name in ("polite", "blunt")}
    flipped = [texts["blunt" if style == "polite" else "polite"][k] for k, style in enumerate(fresh.labels("style"))]
    moved = np.abs(model.predict_proba({"text": flipped}) - model.predict_proba(fresh))[:, 1].mean()
    assert scores["effect of style"].value == pytest.approx(moved)
    assert model.report(fresh.take(range(6)))
    assert not model.report(fresh.take([0]))


def test_a_stopped_training_goes_on_and_ends_in_the_same_bytes(tmp_path):
    given = {**SMALL, "variant": "adjusted", "epochs": 3}
    whole = Cadet(**given).fit(rows(120)).predict_proba(rows(120))

    def stop(what, done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cadet(**given).fit(rows(120), run=RunStore(tmp_path / "state", stop))
    assert (tmp_path / "state" / "training.safetensors").exists()
    again = Cadet(**given).fit(rows(120), run=RunStore(tmp_path / "state"))
    assert np.array_equal(again.predict_proba(rows(120)), whole)


def test_any_encoder_in_a_folder_is_taken(tmp_path):
    from transformers import BertConfig, BertModel

    tokenizer = word_tokenizer(WORLD.vocabulary, 32)
    encoder = BertModel(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    LanguageModel(encoder, tokenizer, 32).save(tmp_path)
    model = fitted(60, encoder=str(tmp_path), pooling="first", variant="adjusted")
    texts = asked(5)
    model.save_pretrained(tmp_path / "kept")
    assert np.array_equal(Cadet.from_pretrained(tmp_path / "kept").predict_proba(texts), model.predict_proba(texts))


def test_a_sequence_decoder_with_the_encoders_words_is_taken(tmp_path):
    from transformers import BartConfig, BartForConditionalGeneration, BertConfig, BertModel

    tokenizer = word_tokenizer(WORLD.vocabulary, 32)
    common = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    encoder = BertModel(BertConfig(**common, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                   intermediate_size=32, max_position_embeddings=32))  # fmt: skip
    writer = BartForConditionalGeneration(
        BartConfig(**common, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
                   decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=32,
                   bos_token_id=tokenizer.cls_token_id, eos_token_id=tokenizer.sep_token_id,
                   decoder_start_token_id=tokenizer.sep_token_id, forced_eos_token_id=tokenizer.sep_token_id)
    )  # fmt: skip
    for name, model in (("reads", encoder), ("writes", writer)):
        LanguageModel(model, tokenizer, 32).save(tmp_path / name)
    options = {"encoder": str(tmp_path / "reads"), "decoder": str(tmp_path / "writes"), "variant": "adjusted"}
    model, texts = fitted(60, **options), asked(4)
    model.save_pretrained(tmp_path / "kept")
    both = (model, Cadet.from_pretrained(tmp_path / "kept"))
    done, again = (m.do({"style": 0}).rewrite(texts) for m in both)
    assert np.array_equal(done.texts, again.texts)
    LanguageModel(writer, word_tokenizer(["other", *WORLD.vocabulary[1:]], 32), 32).save(tmp_path / "strange")
    with pytest.raises(OptionError, match="do not share a vocabulary"):
        fitted(60, **{**options, "decoder": str(tmp_path / "strange")})


def test_macro_f1_is_that_of_scikit_learn():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    label, said, weight = rng.integers(0, 2, 80), rng.random(80) < 0.4, rng.random(80)
    assert macro_f1(label, said, weight) == pytest.approx(
        f1_score(label, said.astype(int), average="macro", sample_weight=weight)
    )


def test_every_pair_of_style_and_label_is_held_out():
    style, label = np.arange(80) % 2, np.arange(80) // 40
    rows, held = held_out(style, label, 0.1, 0)
    assert sorted([*rows, *held]) == list(range(80))
    assert np.bincount(2 * style[held] + label[held]).tolist() == [2, 2, 2, 2]


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"drop": ("reconstructoin",)}, "no loss 'reconstructoin' to drop. Did you mean 'reconstruction'"),
        ({"drop": ("label",)}, "without the loss of the label"),
        ({"variant": "both"}, "variant is one of published, adjusted, erm, got 'both'"),
        ({"pooling": "last"}, "pooling is one of first, mean"),
        ({"layers": 0}, "take pooling='mean'"),
        ({"epochs": 0}, "epochs is at least 1, got 0"),
        ({"longest": 2}, "longest is at least 4 tokens"),
        ({"free_bits": -1.0}, "free_bits is not negative"),
        ({"variant": "erm", "decoder": "x"}, "erm writes no texts"),
        ({"validation_share": 1.0}, "validation_share lies between 0 and 1"),
        ({"speed": 3}, "cadet has no option 'speed'"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Cadet(**options)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"style": None}, "learns from the style of each text: give style, or take"),
        ({"style": np.zeros(60)}, "every text has style 0, so nothing says what style is: give weak labels"),
        ({"style": ["a"] * 60}, "every text has style a, so nothing says what style is: give weak labels"),
        ({"style": np.full(60, 2)}, "style is 0 or 1, got 2: set style_threshold"),
        ({"style": ["a", "b", "c"] * 20}, "style has two values, got a, b, c"),
        ({"style": [0.0, np.nan, 1.0] * 20}, "the style of row 1 is missing"),
        ({"style": np.zeros(5)}, "columns differ in length"),
        ({"target": [str(k) for k in range(60)] * 1}, None),
        ({"target": np.arange(5)}, "columns differ in length"),
        ({"text": ["good", " "] * 30}, "the text of row 1 is empty"),
        ({name: [] for name in ("text", "label", "style", "target")}, "the table has no rows"),
        ({"label": np.arange(60) % 3}, "labels have two values, got 3: 0, 1, 2"),
        ({"label": np.arange(5)}, "columns differ in length"),
        ({"confidence": np.full(60, 2.0)}, r"confidence is one number in \[0, 1\]"),
        ({"split": ["train"] * 59 + ["test"]}, "the split of a text is train or validation, got 'test'"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(change, told):
    given = {name: values for name, values in {**rows(60, env="balanced"), **change}.items() if values is not None}
    model = Cadet(**SMALL, epochs=1)
    if told is None:
        assert len(model.fit(given).targets_) == 60
        return
    with pytest.raises(DataError, match=told):
        model.fit(given)


def _with_validation(texts, label, style, n=60):
    given = rows(n, env="balanced")
    more = {"text": texts, "label": label, "style": style, "target": ["app"] * len(texts)}
    whole = {name: [*values, *more[name]] for name, values in given.items()}
    return {**whole, "split": ["train"] * n + ["validation"] * len(texts)}


@pytest.mark.parametrize(
    ("validation", "told"),
    [
        ((["hey"], [1], [1]), "every validation text has the label 1: give texts of both labels"),
        ((["hey", "oi"], [1, 7], [1, 0]), "validation texts have the label 7, which no training"),
    ],
)
def test_validation_texts_that_lack_a_label_are_refused(validation, told):
    with pytest.raises(DataError, match=told):
        Cadet(**SMALL, epochs=1).fit(_with_validation(*validation))


def test_validation_texts_choose_and_are_not_trained_on():
    texts, label, style, _ = posts(40, 7, "balanced")
    given = _with_validation(texts, label, style)
    one = Cadet(**SMALL, epochs=1).fit(given)
    worse = Cadet(**SMALL, epochs=1).fit({**given, "label": [*given["label"][:60], *(1 - label)]})
    assert np.array_equal(one.predict_proba(asked(9)), worse.predict_proba(asked(9)))
    own = Cadet(**SMALL, epochs=1).fit(rows(60, env="balanced"))
    assert not np.array_equal(one.predict_proba(asked(9)), own.predict_proba(asked(9)))


def test_a_fit_without_a_column_of_labels_says_how_to_name_it():
    given = {name: values for name, values in rows(60).items() if name != "label"}
    with pytest.raises(OptionError, match="say which column is the label"):
        Cadet(**SMALL).fit(given)


def test_too_few_texts_to_hold_any_out_are_refused():
    with pytest.raises(DataError, match="2 texts are too few to hold one of each label out: give validation texts"):
        Cadet(**SMALL, variant="erm").fit({"text": ["good", "bad"], "label": [1, 0]}, text="text")


def test_a_collapsed_latent_is_told():
    model = fitted(60)
    model._net.m_law.weight.data.zero_()
    model._net.m_law.bias.data.zero_()
    ids, mask, _ = model._read(model.given(asked(5, 0)))
    told = collapsed(nats_of_latents(model._net, ids, mask), model.config)
    assert told[0].startswith("motivation has collapsed: a text says 0.000 nats")


def test_more_than_two_hundred_targets_are_refused():
    with pytest.raises(DataError, match="a topic has at most 200 values, got 240: group them"):
        Cadet(**SMALL).fit({**rows(240), "target": [f"t{k}" for k in range(240)]})


def test_a_label_that_is_constant_within_a_style_is_warned_of_with_the_counts():
    given = rows(60, env="balanced")
    with pytest.warns(
        RuntimeWarning, match="within a style every text has one label.*style 0: .* 0, 0 1; style 1: 0 0"
    ):
        Cadet(**SMALL, epochs=1, variant="published").fit({**given, "style": given["label"]})


def test_texts_that_are_cut_are_counted():
    given = rows(60, env="balanced")
    given["text"][3] = "the " * 40
    with pytest.warns(RuntimeWarning, match="1 of 60 texts are longer than 24 tokens and are cut"):
        model = Cadet(**SMALL, epochs=1, variant="erm").fit(given)
    assert any("are cut" in told for told in model.warnings)
    assert model.training.warnings == model.warnings


def test_scores_of_style_become_styles_at_the_threshold_and_erm_does_without():
    given = rows(60, env="balanced")
    one = Cadet(**SMALL, epochs=1, style_threshold=0.4).fit({**given, "style": given["style"] * 0.3 + 0.2})
    other = Cadet(**SMALL, epochs=1).fit(given)
    words = Cadet(**SMALL, epochs=1).fit({**given, "style": np.array(["a", "b"])[given["style"]]})
    assert np.array_equal(one.predict_proba(given), other.predict_proba(given))
    assert np.array_equal(words.predict_proba(given), other.predict_proba(given))
    assert words.styles_ == ("a", "b")
    plain = Cadet(**SMALL, epochs=1, variant="erm").fit({"text": given["text"], "label": given["label"]})
    assert len(plain.predict({"text": given["text"]})) == 60
    assert not plain.targets


def test_a_topic_that_is_missing_or_unsure_does_not_count():
    given = rows(80, env="balanced")
    lost = np.array(given["target"], dtype=object)
    lost[::2] = None
    table = Table.of({**given, "target": lost}, kinds={"text": "text", "target": "label"})
    sure = {**given, "confidence": np.where(np.arange(80) % 2, 1.0, 0.2)}
    one = Cadet(**SMALL, epochs=1).fit(table)
    other = Cadet(**SMALL, epochs=1, least_confidence=0.5).fit(sure)
    assert one.targets_ == other.targets_
    assert np.array_equal(one.predict_proba(asked(9)), other.predict_proba(asked(9)))
    whole = Cadet(**SMALL, epochs=1).fit(given)
    assert not np.array_equal(one.predict_proba(asked(9)), whole.predict_proba(asked(9)))


@pytest.mark.parametrize(
    ("do", "error", "told"),
    [
        ("do(mood=1)", UnknownVariableError, "'mood' is not a variable of this system.*It has: style, target"),
        ({"style": 2}, InterventionError, "'style' is set to one of 0, 1, got '2'"),
        ({"target": "garden"}, InterventionError, "'target' is set to one of app, billing, delivery, staff"),
    ],
)
def test_interventions_without_sense_are_refused(trained, do, error, told):
    with pytest.raises(error, match=told):
        trained.do(do)


def test_what_is_not_there_cannot_be_asked():
    with pytest.raises(OptionError, match="has not been fitted"):
        Cadet().predict({"text": ["hey"]})
    model = fitted(60, variant="erm")
    with pytest.raises(OptionError, match="has no latents to set"):
        model.rewrite({"text": ["hey"]})
    with pytest.raises(OptionError, match="has no latents to set"):
        model.effects({"text": ["hey"]})
    with pytest.raises(InterventionError, match=r"cadet answers no do: .*variant erm has no latents"):
        model.do({"style": 1})
    with pytest.raises(DataError, match="no texts to read"):
        model.predict()


def test_the_adjusted_losses_ask_for_the_style_that_was_not_there():
    """What is written from the flipped style, and what it is asked to be read as, by hand."""
    written, style, h = [], torch.tensor([[0.0, 1.0], [0.0, 1.0]]), torch.tensor([[1.0, 2.0], [2.0, 0.0]])

    class Writes(Handmade):
        def code(self, m, u, t, s):
            written.append(s)
            return m

        def see_words(self, words, mask):
            return h

    objective = Objective(Writes(), CadetConfig(variant="adjusted"), steps=1, end=3)
    objective.begin(9)
    ids, label, ones = torch.tensor([[1, 2, 3], [2, 0, 3]]), torch.tensor([0, 1]), torch.ones(2)
    torch.manual_seed(0)
    found = objective(ids, torch.ones_like(ids), label, torch.tensor([1, 1]), label, ones, ones, ones)
    assert torch.equal(written[0], style)  # the reconstruction, as it is
    assert torch.equal(written[1], style.flip(-1))  # the counterfactual, the other style
    softmax = lambda a, b: math.exp(a) / (math.exp(a) + math.exp(b))  # noqa: E731
    moved = np.mean([(softmax(2, 1) - softmax(2, 2)) ** 2, (softmax(0, 2) - softmax(0, 3)) ** 2])
    other_style = -math.log(softmax(0, 1))  # the handmade text is still read as style 1, and style 0 is asked for
    assert float(found["counterfactual"]) == pytest.approx(moved + other_style, rel=1e-5)


def test_the_category_that_is_set_is_the_one_that_the_head_reads_as_the_label():
    model, texts = fitted(60, variant="adjusted"), asked(6)
    before = {code: model.do({"style": code}).rewrite(texts).texts.tolist() for code in (0, 1)}
    head = model._net.style_head
    head.weight.data.copy_(4.0 * torch.eye(2).flip(0))  # category 0 is read as style 1
    head.bias.data.zero_()
    assert model.do({"style": 1}).rewrite(texts).texts.tolist() == before[0]
    assert model.do({"style": 0}).rewrite(texts).texts.tolist() == before[1]
    assert before[0] != before[1]


def test_a_missing_topic_does_not_count_however_sure_the_annotators_are():
    given = rows(20, env="balanced")
    lost = np.array(given["target"], dtype=object)
    lost[3] = None
    table = Table.of({**given, "target": lost, "confidence": np.ones(20)}, kinds={"text": "text", "target": "label"})
    posts, _, _ = read_posts(Given.of(Cadet.card, table), CadetConfig(**SMALL))
    assert posts.sure.tolist() == [1.0] * 3 + [0.0] + [1.0] * 16


def test_before_all_losses_are_in_force_no_state_is_kept_for_good(monkeypatch):
    from aitia.systems.cadet import training

    falling = iter(range(1000, 0, -1))
    monkeypatch.setattr(training, "macro_f1", lambda *_: next(falling) / 1000)
    history = fitted(60, variant="published", epochs=4, patience=1).history
    assert history.best_step == 4 * 2
