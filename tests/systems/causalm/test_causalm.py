"""CausaLM: hiding a concept, and what is told of it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from aitia.data.table import Table
from aitia.errors import (
    DataError,
    FormatError,
    IdentifiabilityError,
    InterventionError,
    OptionError,
    UnknownVariableError,
)
from aitia.nn.language import LanguageModel, load_language_model, word_tokenizer
from aitia.stats.concept_effects import conexp, effect_size, icace
from aitia.system import Given, example_of, load
from aitia.systems.causalm import PUBLISHED, CausaLM, CausaLMConfig, probing
from aitia.systems.causalm.corpus import Corpus
from aitia.systems.causalm.effects import LINEARLY, ConceptEffect, conexp_sizes, estimates, table_of
from aitia.systems.causalm.page import concept_report
from aitia.systems.causalm.pretraining import (
    NO_LABEL,
    CorpusTensors,
    CounterfactualObjective,
    _Updates,
    balancing_weights,
    first_model,
    token_codes,
    trained_on,
)
from aitia.systems.causalm.readers import Reader
from aitia.worlds.mood import MoodWorld

SMALL = {"first_steps": 6, "steps": 4, "head_steps": 10, "width": 16, "batch": 16, "device": "cpu"}
ROLES = {"label": "mood", "concept": "gender", "controls": ("place",)}


def _rows(n, seed, env="gentle"):
    world = MoodWorld()
    sample = world.sample(n, seed=seed, env=env)
    labels = {name: [world.latent(name).labels[int(v)] for v in sample[name]] for name in ("mood", "gender", "place")}
    return {"text": world.render(sample).tolist(), **labels}


ROWS = _rows(240, 0)
TEXTS, MOOD = ROWS["text"], ROWS["mood"]
FEW = {"text": TEXTS[:20]}


def _corpus(config, rows=ROWS, concept="gender", controls=("place",)):
    return Corpus(config, rows["text"], rows["mood"], concept, rows[concept], {name: rows[name] for name in controls})


@pytest.fixture(scope="module")
def model():
    return CausaLM(**SMALL).fit(ROWS, **ROLES)


@pytest.fixture(scope="module")
def published(model):
    return CausaLM(**{**SMALL, **PUBLISHED, "placebo": False}).sharing(model).fit(ROWS, **ROLES)


def _objective(**options):
    config = CausaLMConfig(**{**SMALL, **options})
    corpus = _corpus(config)
    start = first_model(config, corpus, None)
    data = CorpusTensors(corpus, start, config.tag)
    return CounterfactualObjective(start, config, data, data.treated, controls=True), data


def _step(objective, whole=True, update=3):
    rows = [tensor[:32] for tensor in objective.tensors]
    return objective(*rows, torch.tensor([int(whole), 5, update]))


# -- the objective -----------------------------------------------------------------------------------------------------


def test_behind_the_reversal_the_head_learns_the_concept_and_the_encoder_unlearns_it():
    """The encoder's gradient is -lambda times the plain one, the head's is the plain one."""
    objective, _ = _objective(objective="reversal", adversaries=("mean",), strength=2.5, ramp=False, hold=False)
    ids, mask, tokens, tags, treated, weight, _ = (tensor[:32] for tensor in objective.tensors)
    states = torch.randn(*ids.shape, 16, requires_grad=True)
    objective._hide(states, mask, tokens, tags, treated, weight, 3).backward()
    (head,) = objective.adversaries
    turned, learnt = states.grad.clone(), head.scores.weight.grad.clone()
    states.grad = head.scores.weight.grad = None
    share = weight / weight.sum()
    (share * torch.nn.functional.cross_entropy(head(states, mask), treated, reduction="none")).sum().backward()
    assert torch.allclose(turned, -2.5 * states.grad, atol=1e-7)
    assert torch.allclose(learnt, head.scores.weight.grad, atol=1e-7)
    assert states.grad.abs().max() > 0


def test_confusion_pulls_the_encoder_to_equal_scores_and_leaves_the_head_to_its_own_loss():
    objective, _ = _objective(adversaries=("mean",), strength=1.0, ramp=False, hold=False)
    ids, mask, tokens, tags, treated, weight, _ = (tensor[:32] for tensor in objective.tensors)
    states = torch.randn(*ids.shape, 16, requires_grad=True)
    (head,) = objective.adversaries
    objective._hide(states, mask, tokens, tags, treated, weight, 3).backward()
    learnt = head.scores.weight.grad.clone()
    head.scores.weight.grad = None
    share = weight / weight.sum()
    plain = torch.nn.functional.cross_entropy(head(states.detach(), mask), treated, reduction="none")
    (share * plain).sum().backward()
    assert torch.allclose(learnt, head.scores.weight.grad, atol=1e-7)

    def spread(at):
        scores = head(at, mask)
        return float((scores[:, 0] - scores[:, 1]).abs().mean())

    with torch.no_grad():
        assert spread(states - 200 * states.grad) < spread(states)


def test_an_adversary_at_chance_does_not_push():
    objective, _ = _objective(hold=True, ramp=False, strength=2.0)
    assert objective._push(0, 3) == 2.0
    objective.accuracy[0] = objective.chance
    assert objective._push(0, 3) == 0.0
    assert objective._push(1, 3) == 2.0


def test_between_two_updates_of_the_encoder_only_adversaries_have_gradients():
    objective, _ = _objective()
    objective.zero_grad(set_to_none=True)
    _step(objective, whole=False)["loss"].backward()
    assert all(p.grad is None for p in objective.model.parameters())
    assert all(p.grad is not None for p in objective.adversaries.parameters())
    assert int(objective.updates) == 0
    parts = _step(objective)
    assert set(parts) == {"loss", "words", "kept", "treated"}
    assert torch.allclose(parts["loss"], parts["words"] + parts["kept"] + parts["treated"])
    parts["loss"].backward()
    assert any(p.grad is not None for p in objective.model.parameters())
    assert int(objective.updates) == 1


def test_weights_make_the_concept_independent_of_what_it_goes_with():
    rng = np.random.default_rng(0)
    strata = torch.from_numpy(rng.integers(0, 4, 3000))
    treated = (torch.rand(3000, generator=torch.Generator().manual_seed(0)) < 0.15 + 0.2 * strata).long()
    weight = balancing_weights(treated, strata).double()
    assert abs(float(weight.mean()) - 1) < 1e-6
    for stratum in range(4):
        of = [float(weight[(strata == stratum) & (treated == value)].sum()) for value in (0, 1)]
        assert abs(of[0] / of[1] - 1) < 1e-5
    with pytest.raises(DataError, match="take fewer controls or balanced=False"):
        balancing_weights(strata % 2, strata)


def test_a_control_has_the_same_start_the_same_batches_and_as_many_updates():
    config = CausaLMConfig(**{**SMALL, "adversary_updates": 3, "strength": 0.0, "ramp": False})
    corpus = _corpus(config, controls=())
    start = first_model(config, corpus, None)
    before = {name: p.clone() for name, p in start.model.state_dict().items()}
    data = CorpusTensors(corpus, start, None)
    (plain, nothing), updates = trained_on(start, data, config, None, None)
    (real, found), as_many = trained_on(start, data, config, data.treated, None)
    assert updates == as_many == 4
    assert nothing == {}
    assert set(found) == {"mean", "attention", "chance"}
    assert all(torch.equal(p, before[name]) for name, p in start.model.state_dict().items())
    # Without a push the two differ by the clipping of gradients alone, whatever lies between two updates.
    pairs = zip(plain.model.parameters(), real.model.parameters(), strict=True)
    assert max(float((a - b).detach().abs().max()) for a, b in pairs) < 2e-3
    assert any(not torch.equal(p, before[name]) for name, p in plain.model.state_dict().items())


def test_an_update_sees_the_same_texts_however_many_steps_of_the_adversaries_lie_before_it():
    ids = torch.arange(1, 61).reshape(20, 3)
    tensors = (ids, torch.ones_like(ids), ids, ids, ids[:, 0])
    one, three = (_Updates(tensors, 4, 0, phases) for phases in (1, 3))
    for update in range(5):
        assert all(torch.equal(a, b) for a, b in zip(one(update, 0, 1), three(3 * update + 2, 0, 1), strict=True))
        assert [int(three(3 * update + phase, 0, 1)[-1][0]) for phase in range(3)] == [0, 0, 1]


def test_probes_read_what_the_closed_form_leaves_and_are_asked_on_other_texts(monkeypatch):
    config, asked = CausaLMConfig(**SMALL), []

    def probe(states, codes, train_rows, test_rows):
        asked.append((states, sorted(train_rows.tolist()), sorted(test_rows.tolist())))
        return 0.5

    monkeypatch.setattr(probing, "linear_probe", probe)
    start = first_model(config, _corpus(config, ROWS, "gender", ()), None)
    codes = np.arange(len(TEXTS)) % 2
    readers = {"original": SimpleNamespace(erased=lambda states: 0 * states + 7)}
    probing.erasure_of(config, {"original": start}, readers, TEXTS, codes, {"place": codes}, None)
    assert len(asked) == 2
    for states, train_rows, test_rows in asked:
        assert (states == 7).all()
        assert not set(train_rows) & set(test_rows)
        assert len(train_rows) + len(test_rows) == len(TEXTS)


# -- concepts of words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["right", "left"])
def test_every_token_has_the_code_of_its_word(side):
    model = LanguageModel(torch.nn.Linear(1, 1), word_tokenizer(["big", "dog", "the"]))
    model.tokenizer.padding_side = side
    codes = token_codes(model, ["the  big dog", "dog"], [[4, 5, 6], [7]], 3)
    assert codes.tolist() == [[4, 5, 6], [7, NO_LABEL, NO_LABEL] if side == "right" else [NO_LABEL, NO_LABEL, 7]]


def test_parts_of_words_have_the_code_of_the_whole():
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = ["[CLS]", "[UNK]", "[PAD]", "play", "##ing", "dog", "##s"]
    core = Tokenizer(models.WordPiece({piece: k for k, piece in enumerate(pieces)}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 0)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, cls_token="[CLS]", unk_token="[UNK]", pad_token="[PAD]", model_max_length=16
    )
    codes = token_codes(LanguageModel(torch.nn.Linear(1, 1), tokenizer), ["playing dogs dog"], [[1, 2, 3]], 6)
    assert codes.tolist() == [[NO_LABEL, 1, 1, 2, 2, 3]]


def test_as_many_words_are_masked_with_the_tag_as_without():
    config = CausaLMConfig(tag="mood", mask=0.3, **SMALL)
    corpus = _corpus(config, {**ROWS, "pos": MoodWorld().tags(TEXTS)}, "pos", ())
    start = first_model(config, corpus, None)
    data = CorpusTensors(corpus, start, "mood")
    objective = CounterfactualObjective(start, config, data, data.treated, controls=True)
    shown, wanted = objective._masked(data.ids, data.mask, data.tags, torch.Generator().manual_seed(0))
    drawn = wanted != NO_LABEL
    assert torch.equal(shown[drawn], torch.full_like(shown[drawn], start.tokenizer.mask_token_id))
    assert torch.equal(shown[~drawn], data.ids[~drawn])
    having = (data.tags == data.tag) & drawn
    assert (having.sum(dim=1) == 1).all()
    assert (drawn.sum(dim=1) == 2).all()
    assert set(_step(objective)) == {"loss", "words", "kept", "treated"}
    # The head that keeps tags is not asked for the one that is to be hidden.
    objective.tagger.scores.bias.data[data.tag] = 50.0
    assert _step(objective)["kept"].item() == pytest.approx(50, abs=2)


def test_a_space_that_is_counted_to_the_next_word_does_not_make_it_the_word_before():
    class Spaced:
        is_fast, padding_side = True, "right"

        def __call__(self, texts, **options):
            return {"offset_mapping": [[(0, 3), (3, 7), (7, 11)]]}

    codes = token_codes(SimpleNamespace(tokenizer=Spaced(), longest=8), ["the big dog"], [[4, 5, 6]], 3)
    assert codes.tolist() == [[4, 5, 6]]


def test_a_causal_model_is_asked_for_the_next_word_of_each_that_has_one():
    stub = SimpleNamespace(config=CausaLMConfig(family="causal"))
    ids, mask = torch.tensor([[5, 6, 7, 0]]), torch.tensor([[1, 1, 1, 0]])
    shown, wanted = CounterfactualObjective._masked(stub, ids, mask, ids, torch.Generator())
    assert torch.equal(shown, ids)
    assert wanted.tolist() == [[6, 7, NO_LABEL, NO_LABEL]]


def test_where_other_words_are_few_as_few_with_the_tag_are_masked():
    stub, tags = SimpleNamespace(config=CausaLMConfig(tag="a", mask=0.9), tag=1), torch.tensor([[1, 1, 1, 1, 1, 0]])
    drawn = CounterfactualObjective._as_many(stub, tags, torch.Generator().manual_seed(0))
    assert (drawn[0, :5].sum().item(), drawn[0, 5].item()) == (1, True)


def test_a_concept_of_words_runs_from_fit_to_estimate():
    tags = [line if isinstance(line, list) else line.split() for line in MoodWorld().tags(TEXTS)]
    rows = Table.of({**ROWS, "pos": tags}, kinds={"text": "text", "pos": "list"})
    model = CausaLM(tag="mood", **SMALL).fit(rows, label="mood", tags="pos", controls=("place",))
    gone = [
        " ".join(w for w, t in zip(x.split(), y, strict=True) if t != "mood") for x, y in zip(TEXTS, tags, strict=True)
    ]
    asked = rows.with_columns({"edited": gone}, {"edited": "text"})
    names = [effect.name for effect in model.estimate(asked, rewritten="edited", resamples=20)]
    assert model.targets.names == ("pos",)
    words = {**ROWS, "pos": [" ".join(line) for line in tags]}
    as_text = CausaLM(tag="mood", **SMALL).fit(words, label="mood", concept="pos", controls=("place",))
    assert np.array_equal(as_text.predict_proba(FEW), model.predict_proba(FEW))
    assert names == ["TReATE", "flip-scaled TReATE", "true ATE", "left in f_CF", "closed form alone", "placebo TReATE"]


# -- estimators --------------------------------------------------------------------------------------------------------


def test_estimates_are_those_computed_by_hand(model, monkeypatch):
    """Original says (.9, .1) and (.5, .5); without the concept (.6, .4) and (.4, .6); on the edited texts reversed."""
    original, without = np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([[0.6, 0.4], [0.4, 0.6]])

    def said(given, of="counterfactual"):
        kept = original if of in ("original", "LEACE", "INLP", "closed form alone") else without
        return kept[:, ::-1] if given.texts("text")[0] == "edited" else kept

    monkeypatch.setattr(model, "predict_proba", said)
    readers = model._fitted()
    taken = torch.zeros(len(readers.names), 2, 2)  # log 3 more for the first class of female texts
    taken[readers.names.index("counterfactual"), model.values.index("female"), 0] = -np.log(3.0)
    monkeypatch.setitem(readers._buffers, "taken", taken)
    rows = {"text": ["a", "b"], "gender": ["female", "male"], "rewritten": ["edited", "edited"]}
    effects = model.estimate(rows, resamples=400)
    found = {effect.name: effect for effect in effects}
    wanted = {
        "TReATE": (0.6 + 0.2) / 2, "flip-scaled TReATE": 0.8, "true ATE": (1.6 + 0.0) / 2, "left in f_CF": 0.4,
        "calibrated TReATE": (2 * (0.9 - 0.75) + 2 * (0.75 - 0.5)) / 2,  # odds 9 to 3, and 1 to 3
        "CONEXP": 0.8, "placebo TReATE": 0.4, **dict.fromkeys(LINEARLY, 0.0), "calibrated placebo TReATE": 0.0,
        **{f"{name}, calibrated": 0.0 for name in LINEARLY},
    }  # fmt: skip
    assert {name: round(effect.estimate, 6) for name, effect in found.items()} == pytest.approx(wanted, abs=2e-6)
    # Two texts drawn again are both the first, both the second, or one of each.
    assert (found["TReATE"].low, found["TReATE"].high) == pytest.approx((0.2, 0.6))
    placebos = ["placebo TReATE", "calibrated placebo TReATE"]
    assert [name for name, effect in found.items() if not effect.causal] == ["left in f_CF", "CONEXP", *placebos]
    table = model.effects(rows)
    assert table.labels("by").tolist() == list(found)
    assert np.allclose(table.column("effect"), [effect.estimate for effect in found.values()])
    assert set(table.labels("target")) == {"gender"}
    assert set(table.labels("outcome")) == {"mood"}
    assert np.allclose(table.column("control"), [0.0 if "calibrated" in name else 0.4 for name in found])
    assert set(table.labels("causal")[table.labels("by") == "CONEXP"]) == {"no"}


def test_the_control_of_an_effect_is_the_placebo_and_no_number_without_one():
    found = (ConceptEffect("TReATE", 0.5, 0.4, 0.6), ConceptEffect("placebo TReATE", 0.2, 0.1, 0.3, False))
    table = table_of(found, "gender", "mood")
    assert table.column("control").tolist() == [0.2, 0.2]
    assert table.column("high").tolist() == [0.6, 0.3]
    assert np.isnan(table_of(found[:1], "gender", "mood").column("control")).all()


def test_conexp_in_each_draw_is_that_of_the_drawn_texts():
    rng = np.random.default_rng(0)
    outputs, codes = rng.dirichlet(np.ones(3), 12), np.repeat([0, 1, 1, 0], 3)
    draws = rng.multinomial(12, np.full(12, 1 / 12), size=5)
    for size, draw in zip(conexp_sizes(outputs, codes, draws), draws, strict=True):
        rows = np.repeat(np.arange(12), draw)
        assert np.isclose(size, np.abs(conexp(outputs[rows], codes[rows].tolist(), 0, 1)).sum())
    three = np.repeat([0, 1, 2], 4)
    means = [outputs[three == k].mean(axis=0) for k in range(3)]
    wanted = np.mean([np.abs(means[a] - means[b]).sum() for a, b in ((0, 1), (0, 2), (1, 2))])
    assert np.isclose(conexp_sizes(outputs, three, np.ones((1, 12), dtype=int))[0], wanted)
    without = np.abs(means[0] - means[1]).sum()  # a draw without the third value has one pair
    assert np.isclose(conexp_sizes(outputs, three, (three < 2).astype(int)[None])[0], without)


def test_the_interval_of_conexp_is_that_of_its_size_in_drawn_texts():
    rng = np.random.default_rng(0)
    said, codes = rng.dirichlet((1, 1), 30), rng.integers(0, 2, 30)
    found = estimates({"original": said, "counterfactual": said}, None, codes, resamples=300, seed=4)
    told = next(effect for effect in found if effect.name == "CONEXP")
    sizes = []
    for count in np.random.default_rng(4).multinomial(30, np.full(30, 1 / 30), size=300):
        rows = np.repeat(np.arange(30), count)
        with_it, without = (said[rows[codes[rows] == value]].mean(axis=0) for value in (1, 0))
        sizes.append(np.abs(with_it - without).sum())
    assert np.allclose((told.low, told.high), np.quantile(sizes, (0.025, 0.975)))
    assert told.estimate == pytest.approx(np.abs(said[codes == 1].mean(0) - said[codes == 0].mean(0)).sum())


def test_the_true_effect_is_that_of_the_pairs(model):
    world = MoodWorld()
    sample = world.sample(60, seed=9)
    texts = world.render(sample).tolist()
    other = world.render(world.counterfactual(sample, "do(gender=female)")).tolist()
    (truth,) = [e for e in model.estimate({"text": texts, "rewritten": other}) if e.name == "true ATE"]
    pairs = icace(*(model.predict_proba({"text": each}, of="original") for each in (texts, other)))
    assert np.isclose(truth.estimate, effect_size(pairs))
    assert truth.low <= truth.estimate <= truth.high
    same = model.estimate({"text": texts, "rewritten": texts})
    assert not [e for e in same if e.name == "true ATE" and e.estimate > 1e-6]


def test_a_world_that_knows_gives_the_texts_with_the_concept_set_anew(model):
    world = MoodWorld()
    given = Given.of(CausaLM.card, Given.of_world(CausaLM.card, world, 40, seed=3), **ROLES)
    both = {v: world.render(world.counterfactual(given.sample, {"gender": v})).tolist() for v in ("female", "male")}
    other = {"female": "male", "male": "female"}
    flipped = [both[other[value]][k] for k, value in enumerate(given.table.labels("gender"))]
    by_world, by_hand = (
        {effect.name: effect.estimate for effect in model.estimate(rows)}
        for rows in (given, {**{n: given.table.labels(n) for n in ("text", "gender")}, "rewritten": flipped})
    )
    assert by_world == by_hand
    assert by_world["true ATE"] > 0
    asked = given
    scores = model.judge(asked, model.given(ROWS))
    assert scores["left of gender"].value == pytest.approx(by_hand["left in f_CF"])
    assert scores["left of gender"].baselines["the classifier that knows it"] == pytest.approx(by_hand["true ATE"])
    right = model.predict_proba(asked).argmax(axis=1)
    assert scores["accuracy"].value == pytest.approx(
        np.mean([model.classes[k] == label for k, label in zip(right, asked.labels("label"), strict=True)])
    )
    assert scores["accuracy without gender"].value == model.accuracy(asked, of="counterfactual")
    often = max(set(MOOD), key=MOOD.count)
    assert scores["accuracy"].baselines["most frequent label"] == pytest.approx(np.mean(asked.labels("label") == often))


def test_a_closed_form_leaves_no_direction_of_the_concept_in_the_mean_state():
    rows = _rows(400, 3, "balanced")
    model = CausaLM(**{**SMALL, "balanced": False, "placebo": False}).fit(rows, **ROLES)
    reader = model._fitted()["counterfactual"]
    with torch.no_grad():
        states = reader.erased(model._encoders["counterfactual"].states(rows["text"]))
    male = torch.tensor([value == "male" for value in rows["gender"]])
    assert (states[male].mean(dim=0) - states[~male].mean(dim=0)).abs().max() < 1e-4
    codes = model.do("do(gender=absent)").encode(rows).matrix()
    assert np.allclose(codes, states.numpy(), atol=1e-5)
    plain = model._encoders["original"].states(rows["text"])
    assert np.allclose(model.encode(rows).matrix(), plain.numpy(), atol=1e-5)


# -- a fit -------------------------------------------------------------------------------------------------------------


def test_probabilities_are_probabilities_and_a_seed_gives_them_again(model):
    again = CausaLM(**SMALL).fit(ROWS, **ROLES)
    for of in ("original", "counterfactual", "placebo", "LEACE", "INLP", "closed form alone"):
        said = model.predict_proba(FEW, of=of)
        assert said.shape == (20, 5)
        assert np.allclose(said.sum(axis=1), 1, atol=1e-6)
        assert np.array_equal(said, again.predict_proba(FEW, of=of))
    assert model.classes == ("anger", "fear", "joy", "neutral", "sadness")
    assert model.adversary["chance"] == pytest.approx(0.5, abs=1e-5)


def test_a_start_and_phi_o_can_be_shared_and_only_with_the_like(model, published):
    same = [p._encoders["original"].model.state_dict() for p in (model, published)]
    assert all(torch.equal(a, b) for a, b in zip(same[0].values(), same[1].values(), strict=True))
    assert "original, mean" in published._fitted().names
    with pytest.raises(OptionError, match="shared was fitted with steps=4, this one has steps=5"):
        CausaLM(**{**SMALL, "steps": 5}).sharing(model).fit(ROWS, **ROLES)
    with pytest.raises(OptionError, match="shared was fitted on other texts"):
        CausaLM(**SMALL).sharing(model).fit({k: v[1:] for k, v in ROWS.items()}, **ROLES)


def test_a_saved_fit_says_the_same_and_is_no_pickle(model, tmp_path):
    held = model.do("do(gender=absent)")
    held.save_pretrained(tmp_path)
    again = load(tmp_path)
    for of in (*model._fitted().names, None):
        assert np.allclose(again.predict_proba(FEW, of=of), held.predict_proba(FEW, of=of), atol=1e-6)
    assert (again.held, again.concept, again.kept) == (held.held, "gender", ("place",))
    assert again.predict(FEW).labels("mood").tolist() == held.predict(FEW).labels("mood").tolist()
    assert (again.config, again.classes, again.values) == (model.config, model.classes, model.values)
    assert json.loads((tmp_path / "config.json").read_text())["class"] == "CausaLM"
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]
    with pytest.raises(OptionError, match="not one that was loaded"):
        CausaLM(**SMALL).sharing(again).fit(ROWS, **ROLES)
    with pytest.raises(FormatError, match="there is no folder"):
        CausaLM.from_pretrained(tmp_path / "elsewhere" / "deeper")


def test_the_encoder_without_the_concept_is_a_folder_that_others_read(model, tmp_path):
    from safetensors.torch import load_file

    model.export(tmp_path)
    states = model._encoders["counterfactual"].states(TEXTS[:20])
    theirs = AutoModel.from_pretrained(tmp_path).eval()
    inputs = AutoTokenizer.from_pretrained(tmp_path)(TEXTS[:20], padding=True, return_tensors="pt")
    with torch.no_grad():
        last = theirs(**inputs).last_hidden_state
    there = inputs["attention_mask"][:, :, None]
    assert torch.allclose(states, (last * there).sum(1) / there.sum(1), atol=1e-5)
    assert torch.allclose(load_language_model(tmp_path).states(TEXTS[:20]), states, atol=1e-6)
    eraser = load_file(tmp_path / "eraser.safetensors")
    by_hand = states - (states - eraser["centre"]) @ eraser["matrix"].T
    reader = model._fitted()["counterfactual"]
    assert torch.allclose(by_hand, reader.erased(states), atol=1e-6)


def test_probes_tell_what_can_be_read_and_what_is_kept(model):
    original, counterfactual, placebo = model.erasure(ROWS)
    assert (original.encoder, counterfactual.encoder, placebo.encoder) == ("original", "counterfactual", "placebo")
    for found in (original, counterfactual, placebo):
        assert set(found.controls) == {"place"}
        assert 0 <= min(found.linear, found.attention) <= max(found.linear, found.attention) <= 1
        assert 0.5 <= found.chance < 0.75
    with pytest.raises(DataError, match="'place' has one value in these texts"):
        model.erasure({**{k: v[:10] for k, v in ROWS.items()}, "place": ["indoors"] * 10})
    with pytest.raises(DataError, match="the concept 'gender' is missing: there are text"):
        model.erasure(FEW)


def test_any_hugging_face_model_is_trained_on_by_its_folder(tmp_path):
    from transformers import DistilBertConfig, DistilBertForMaskedLM, GPT2Config, GPT2LMHeadModel

    tokenizer = word_tokenizer(MoodWorld().vocabulary, 32)
    size, pad = len(tokenizer), tokenizer.pad_token_id
    made = {
        "masked": DistilBertForMaskedLM(
            DistilBertConfig(vocab_size=size, dim=16, n_layers=1, n_heads=2, hidden_dim=32, pad_token_id=pad)
        ),
        "causal": GPT2LMHeadModel(
            GPT2Config(vocab_size=size, n_embd=16, n_layer=1, n_head=2, n_positions=32, pad_token_id=pad)
        ),
    }
    for family, network in made.items():
        LanguageModel(network, tokenizer).save(tmp_path / family)
        options = {**SMALL, "family": family, "placebo": False}
        model = CausaLM(**options).fit(ROWS, model=tmp_path / family, **ROLES)
        assert model.predict_proba({"text": TEXTS[:3]}).shape == (3, 5)
        model.save_pretrained(tmp_path / f"{family} kept")
        assert CausaLM.from_pretrained(tmp_path / f"{family} kept").config.family == family
    with pytest.raises(OptionError, match="has no tokenizer: give the folder of the model"):
        CausaLM(**SMALL).fit(ROWS, model=network, **ROLES)


def test_the_report_stands_by_itself_and_warns(model, tmp_path):
    effects = model.estimate({**ROWS, "rewritten": TEXTS[::-1]})
    page = concept_report(model, effects, tmp_path / "report.html", erasure=model.erasure(ROWS)).read_text()
    estimates = ("flip-scaled TReATE", "calibrated TReATE")
    for said in (*estimates, "attention probe", "Do not trust this TReATE", "<svg", "keeps place"):
        assert said in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"gender": ["male"] * 240}, DataError, "concept 'gender' is 'male' in every text"),
        ({"place": ["indoors"] * 240}, DataError, "control 'place' is 'indoors' in every text: leave it out"),
        ({"place": ROWS["gender"]}, DataError, "control 'place' equals the treated 'gender'"),
        ({"gender": ROWS["gender"][:9]}, DataError, "columns differ in length"),
        ({"gender": [None, *ROWS["gender"][1:]]}, DataError, "'gender' is missing in row 0"),
    ],
)
def test_concepts_that_cannot_be_told_are_refused(changed, error, sentence):
    with pytest.raises(error, match=sentence):
        CausaLM(**SMALL).fit({**ROWS, **changed}, **ROLES)


def test_a_concept_that_is_the_label_is_refused_with_the_cross_table():
    label = ["glad" if gender == "male" else "odd" for gender in ROWS["gender"]]
    males = ROWS["gender"].count("male")
    sentence = (
        rf"each label goes with one value of 'gender'.*glad: female 0, male {males}; odd: female {240 - males}, male 0"
    )
    with pytest.raises(IdentifiabilityError, match=sentence):
        CausaLM(**SMALL).fit({**ROWS, "mood": label}, **ROLES)


def test_other_mistakes_have_their_sentence(model):
    with pytest.raises(DataError, match="the text of row 7 is empty"):
        CausaLM(**SMALL).fit({**ROWS, "text": [*TEXTS[:7], "  ", *TEXTS[8:]]}, **ROLES)
    with pytest.raises(UnknownVariableError, match="'place' is not a"):
        CausaLM(**SMALL).fit({name: ROWS[name] for name in ("text", "mood", "gender")}, **ROLES)
    with pytest.raises(OptionError, match="name each concept once"):
        CausaLM(**SMALL).fit(ROWS, **{**ROLES, "controls": ("gender",)})
    with pytest.raises(OptionError, match=r"say which column it is \(--concept\)"):
        CausaLM(**SMALL).fit(ROWS, label="mood")
    with pytest.raises(OptionError, match=r"say which column is the label \(--label\)"):
        CausaLM(**SMALL).fit(ROWS, concept="gender")
    with pytest.raises(DataError, match="every text has the label 'joy'"):
        CausaLM(**SMALL).fit({**ROWS, "mood": ["joy"] * 240}, **ROLES)
    tagged = {"label": "mood", "concept": "pos"}
    with pytest.raises(DataError, match=r"row 0 has \d+ words and 2 tags of 'pos'"):
        CausaLM(tag="ADJ").fit({**ROWS, "pos": ["ADJ NOUN"] * 240}, **tagged)
    with pytest.raises(DataError, match="no word has the tag 'ADJ'"):
        CausaLM(tag="ADJ").fit({**ROWS, "pos": [" ".join("X" for _ in text.split()) for text in TEXTS]}, **tagged)
    with pytest.raises(DataError, match="the true effect needs counterfactual texts"):
        model.estimate(ROWS, truth=True)
    with pytest.raises(DataError, match="columns differ in length"):
        model.estimate({"text": TEXTS, "rewritten": TEXTS[:1]})
    with pytest.raises(DataError, match="'rewritten' is missing in row 1"):
        model.estimate(
            Table.of({"text": TEXTS[:2], "rewritten": ["he", None]}, kinds={"text": "text", "rewritten": "text"})
        )
    with pytest.raises(DataError, match="'gender' is 'other' in row 1, which was not in the training"):
        model.estimate({"text": TEXTS[:2], "gender": ["male", "other"]})
    with pytest.raises(DataError, match="'label' is 'envy' in row 1, which was not in the training"):
        model.accuracy({"text": TEXTS[:2], "mood": ["joy", "envy"]})
    with pytest.raises(DataError, match="the text of row 1 is empty"):
        model.predict_proba({"text": ["fine", ""]})
    with pytest.raises(OptionError, match="there is no classifier 'truth'"):
        model.predict_proba(ROWS, of="truth")
    with pytest.raises(OptionError, match="has not been fitted"):
        CausaLM(**SMALL).predict_proba(FEW)
    with pytest.raises(UnknownVariableError, match=r"'gendre' is not a variable of this system. Did you mean 'gender'"):
        model.do("do(gendre=absent)")
    with pytest.raises(InterventionError, match="'gender' is set to one of absent, got 'male'"):
        model.do("do(gender=male)")
    with pytest.raises(UnknownVariableError, match="'anger'"):
        model.effects(ROWS, outcome="anger")


# -- by the verbs ------------------------------------------------------------------------------------------------------


def test_a_file_is_fitted_and_asked_by_the_names_of_its_columns(tmp_path):
    example = example_of("causalm", tmp_path)
    model = CausaLM(**example.options).fit(example.files, **example.roles)
    said, held = model.predict(example.rows), model.do(example.do)
    done = held.predict(example.rows)
    names = [f"P({each})" for each in model.classes]
    assert np.array_equal(said.matrix(names), model.predict_proba(example.rows, of="original"))
    assert np.array_equal(done.matrix(names), model.predict_proba(example.rows, of="counterfactual"))
    assert [model.classes[k] for k in done.matrix(names).argmax(axis=1)] == done.labels("mood").tolist()
    assert not np.array_equal(said.matrix(names), done.matrix(names))
    assert len(model.predict(example.rows, draws=3)) == 15
    fresh = model.given(example.files)
    assert model.report(fresh)
    assert not model.report(fresh.take([0]))
    assert "3 encoders of 8 steps" in model.work(fresh)
    assert any("told gender in" in note for note in model.training.notes)


def test_only_holes_are_filled_and_texts_without_a_label_are_left_out_and_counted(model):
    holes = np.array(MOOD, dtype=object)
    holes[200:] = None
    less = CausaLM(**SMALL).fit(Table.of({**ROWS, "mood": holes}, kinds={"text": "text", "mood": "label"}), **ROLES)
    same = CausaLM(**SMALL).fit({name: values[:200] for name, values in ROWS.items()}, **ROLES)
    assert np.array_equal(less.predict_proba(FEW), same.predict_proba(FEW))
    assert less.training.warnings == ("40 texts have no label and are left out",)
    given = Table.of(
        {**FEW, "mood": np.array(["joy", None] * 10, dtype=object)}, kinds={"text": "text", "mood": "label"}
    )
    filled, whole = (model.predict(rows).labels("mood").tolist() for rows in (given, FEW))
    assert filled[::2] == ["joy"] * 10
    assert filled[1::2] == whole[1::2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"objective": "hope"}, "objective is one of reversal, confusion, got 'hope'"),
        ({"adversaries": ()}, "adversaries are one or more of mean, attention"),
        ({"steps": 0}, "steps is at least 1, got 0"),
        ({"strength": -1.0}, "strength 0 or more"),
        ({"pooling": "attention"}, "take pooling='mean' or closed_form=False"),
        ({"tag": "ADJ", "family": "causal"}, "take family='masked'"),
        ({"nonsense": 1}, "causalm has no option 'nonsense'"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        CausaLM(**{**SMALL, **options})


def test_a_reader_without_a_closed_form_leaves_states_alone():
    states = torch.randn(3, 2, 8)
    assert torch.equal(Reader("mean", 2, 8).erased(states), states)
