"""CADET: its losses by hand, what draws let through, what it keeps, what it answers, what it refuses."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.nn.language import LanguageModel, small_encoder, word_tokenizer
from aitia.systems.cadet import LOSSES, Cadet, CadetConfig, back_door_weights
from aitia.systems.cadet.inputs import held_out, macro_f1
from aitia.systems.cadet.losses import Objective, conditional_hsic, label_loss, schedule
from aitia.systems.cadet.network import CadetNetwork, Inferred, ParallelDecoder, gumbel, pick_words
from aitia.worlds import ModerationWorld
from aitia.worlds.moderation import TARGETS

WORLD = ModerationWorld()
SMALL = {"width": 16, "u_size": 4, "batch": 32, "longest": 24, "layers": 0, "pooling": "mean"}


def posts(n=240, seed=0, env="train"):
    sample = WORLD.sample(n, seed=seed, env=env)
    codes = {name: sample[name].astype(int) for name in ("intent", "style", "target")}
    return list(WORLD.render(sample)), codes["intent"], codes["style"], np.array(TARGETS)[codes["target"]]


def fitted(n=240, **options):
    texts, label, style, target = posts(n, env="train" if n > 1000 else "balanced")
    return Cadet(**{**SMALL, "epochs": 1, **options}).fit(texts, label, style=style, target=target)


@pytest.fixture(scope="module")
def trained():
    """Writes texts well enough to be asked."""
    return fitted(1200, variant="adjusted", width=32, epochs=6, encoder_rate=1e-2, head_rate=1e-2)


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
    model, texts = fitted(variant="published"), posts(40, 1)[0]
    first = model.predict_proba(texts)
    assert np.array_equal(first, model.predict_proba(texts))
    assert np.allclose(first[7:9], model.predict_proba(texts[7:9]), atol=1e-6)
    assert np.allclose(first.sum(1), 1)
    assert set(model.predict(texts, threshold=0.0)) == {model.classes_[1]}


def test_a_seed_gives_the_same_model_and_another_another():
    texts = posts(20, 1)[0]
    one, again, other = (fitted(variant="adjusted", seed=seed).predict_proba(texts) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_what_is_saved_is_read_back(tmp_path, trained):
    texts = posts(20, 1)[0]
    trained.save_pretrained(tmp_path)
    back = Cadet.from_pretrained(tmp_path)
    assert np.array_equal(back.predict_proba(texts), trained.predict_proba(texts))
    assert back.config == trained.config
    assert (back.threshold, back.targets_, back.kl) == (trained.threshold, trained.targets_, trained.kl)
    one, other = (model.counterfactual(texts, "do(style=1)") for model in (trained, back))
    assert np.array_equal(one.texts, other.texts)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FormatError, match="missing or damaged"):
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
    model.fit(texts, names, style=style)
    assert texts == kept[0]
    assert np.array_equal(names, kept[1])
    assert np.array_equal(style, kept[2])
    assert set(model.predict(texts)) <= {"praise", "complaint"}
    assert model.classes_.tolist() == ["complaint", "praise"]


def test_do_style_writes_texts_in_that_style_and_do_target_about_it(trained):
    texts, _, style, _ = posts(300, 1, "balanced")
    for code in (0, 1):
        done = trained.counterfactual(texts, {"style": code})
        assert (WORLD.read(list(done.texts), "style") == code).mean() > 0.9
    other = trained.counterfactual(texts, "do(style=1)")
    assert other.texts[0] != other.reconstruction[0] or style[0] == 1
    assert len(set(other.label) - {0, 1}) == 0
    assert np.array_equal(other.label, (other.probability >= trained.threshold).astype(int))


def test_latents_have_their_shapes_and_the_styles_are_read(trained):
    texts, _, style, _ = posts(200, 1, "balanced")
    found = trained.encode(texts)
    assert found.motivation.shape == (200, 32)
    assert found.platform.shape == (200, 4)
    assert np.allclose(found.target.sum(1), 1)
    assert ((found.style > 0.5) == style).mean() > 0.9


def test_a_stopped_training_goes_on_and_ends_in_the_same_bytes(tmp_path):
    texts, label, style, target = posts(120)
    given = {**SMALL, "variant": "adjusted", "epochs": 3}
    whole = Cadet(**given).fit(texts, label, style=style, target=target).predict_proba(texts)

    def stop(what, done, of):
        raise KeyboardInterrupt

    place = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        Cadet(**given).fit(texts, label, style=style, target=target, checkpoint=place, progress=stop)
    assert place.exists()
    again = Cadet(**given).fit(texts, label, style=style, target=target, checkpoint=place)
    assert np.array_equal(again.predict_proba(texts), whole)


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
    texts = posts(5, 1)[0]
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
    model, texts = fitted(60, **options), posts(4, 1)[0]
    model.save_pretrained(tmp_path / "kept")
    done, again = (m.counterfactual(texts, {"style": 0}) for m in (model, Cadet.from_pretrained(tmp_path / "kept")))
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
        ({"speed": 3}, "Cadet: .*speed"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Cadet(**options)


def _fit(change):
    texts, label, style, target = posts(60, env="balanced")
    data = SimpleNamespace(texts=texts, label=label, style=style, target=target, confidence=None, validation=None)
    options = change(data) or {}
    return Cadet(**{**SMALL, "epochs": 1, **options}).fit(
        data.texts, data.label, style=data.style, target=data.target, confidence=data.confidence,
        validation=data.validation,
    )  # fmt: skip


def _set(**values):
    return lambda data: data.__dict__.update(values)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set(style=None), "learns from the style of each text: give style, or take"),
        (_set(style=np.zeros(60)), "every text has style 0, so nothing says what style is: give weak labels"),
        (_set(style=np.full(60, 2)), "style is 0 or 1, got 2: set style_threshold"),
        (_set(style=np.zeros(5)), "style is one finite number a text"),
        (_set(target=[str(k) for k in range(60)] * 1), None),
        (_set(target=np.arange(5)), "one target a text"),
        (_set(texts=["good", " "] * 30), "the text of row 1 is empty"),
        (_set(texts=[]), "no texts to fit"),
        (_set(label=np.arange(60) % 3), "labels have two values, got 3: 0, 1, 2"),
        (_set(label=np.arange(5)), "one label a text"),
        (_set(confidence=np.full(60, 2.0)), r"confidence is one number in \[0, 1\]"),
        (_set(validation=(["hey"], [1], [1])), "every validation text has the label 1: give texts of both labels"),
        (_set(validation=(["hey", "oi"], [1, 7], [1, 0])), "validation texts have the label 7, which no training"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(change, told):
    if told is None:
        assert len(_fit(change).targets_) == 60
        return
    with pytest.raises(DataError, match=told):
        _fit(change)


def test_too_few_texts_to_hold_any_out_are_refused():
    with pytest.raises(DataError, match="2 texts are too few to hold one of each label out: give validation texts"):
        Cadet(**SMALL, variant="erm").fit(["good", "bad"], [1, 0])


def test_a_collapsed_latent_is_told():
    model = fitted(60)
    model._net.m_law.weight.data.zero_()
    model._net.m_law.bias.data.zero_()
    ids, mask, _ = model._read(posts(5)[0])
    assert model._measure_kl(ids, mask)[0].startswith("motivation has collapsed: a text says 0.000 nats")


def test_more_than_two_hundred_targets_are_refused():
    texts, label, style, _ = posts(240)
    with pytest.raises(DataError, match="a target has at most 200 values, got 240: group them"):
        Cadet(**SMALL).fit(texts, label, style=style, target=np.arange(240))


def test_a_label_that_is_constant_within_a_style_is_warned_of_with_the_counts():
    texts, label, _, target = posts(60, env="balanced")
    with pytest.warns(
        RuntimeWarning, match="within a style every text has one label.*style 0: .* 0, 0 1; style 1: 0 0"
    ):
        Cadet(**SMALL, epochs=1, variant="published").fit(texts, label, style=label, target=target)


def test_texts_that_are_cut_are_counted():
    texts, label, style, _ = posts(60, env="balanced")
    texts[3] = "the " * 40
    with pytest.warns(RuntimeWarning, match="1 of 60 texts are longer than 24 tokens and are cut"):
        model = Cadet(**SMALL, epochs=1, variant="erm").fit(texts, label, style=style)
    assert any("are cut" in told for told in model.warnings)


def test_scores_of_style_become_styles_at_the_threshold_and_erm_does_without():
    texts, label, style, _ = posts(60, env="balanced")
    scores = style * 0.3 + 0.2
    one = Cadet(**SMALL, epochs=1, style_threshold=0.4).fit(texts, label, style=scores)
    other = Cadet(**SMALL, epochs=1).fit(texts, label, style=style)
    assert np.array_equal(one.predict_proba(texts), other.predict_proba(texts))
    assert Cadet(**SMALL, epochs=1, variant="erm").fit(texts, label).predict(texts).shape == (60,)


@pytest.mark.parametrize(
    ("do", "told"),
    [
        ("do(mood=1)", r"answers do\(style=0 or 1\) and do\(target=...\)"),
        ({"style": 2}, "style is set to one of 0, 1, got 2"),
        ({"target": "garden"}, "target is set to one of app, billing, delivery, staff"),
    ],
)
def test_interventions_without_sense_are_refused(trained, do, told):
    with pytest.raises(InterventionError, match=told):
        trained.counterfactual(["hey the parcel was late"], do)


def test_what_is_not_there_cannot_be_asked():
    with pytest.raises(OptionError, match="has not been fitted"):
        Cadet().predict(["hey"])
    model = fitted(60, variant="erm")
    with pytest.raises(OptionError, match="has no latents to set"):
        model.counterfactual(["hey"], {"style": 1})
    with pytest.raises(DataError, match="no texts to read"):
        model.predict([])
