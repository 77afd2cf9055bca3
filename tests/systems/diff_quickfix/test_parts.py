"""Rivals, effects, what several concepts together change, and the report, against what they are by their equations."""

from dataclasses import replace

import pytest
import torch

from aitia.errors import InterventionError, OptionError
from aitia.nn.edits import Edit
from aitia.nn.pipelines import load_pipeline
from aitia.nn.sites import intervene
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.system import Given
from aitia.systems.diff_quickfix import DiffQuickfix
from aitia.systems.diff_quickfix.card import CARD
from aitia.systems.diff_quickfix.closed_form import FLOOR, solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.effects import in_force, look, of_pairs
from aitia.systems.diff_quickfix.judge import judged
from aitia.systems.diff_quickfix.measures import likeness, moved
from aitia.systems.diff_quickfix.page import _denoiser_map, _most
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.rivals import copied, negated, tuned
from aitia.systems.diff_quickfix.single import ConceptEdit
from aitia.systems.diff_quickfix.states import Corrupt, drawn
from aitia.systems.diff_quickfix.tracing import Restored, Tracer

WORDS = ["a", "red", "blue", "green", "disc", "square"]
PAIRS = [Pair("a red disc", "a blue disc", "red", "blue"), Pair("a red square", "a blue square", "red", "blue")]
GREEN = Pair("a green disc", "a blue disc", "green", "blue")
ROWS = {"prompt": ["a red disc", "a green disc", "a blue square"], "other": ["a blue disc", "a blue disc", ""]}
FAST = {"layer": 0, "steps": 2, "noises": 2, "denoiser": False}
CONFIG = DiffQuickfixConfig(steps=2, noises=2)
STAY = ["a green disc", "a green square"]


def tiny():
    return small_text_to_image(WORDS, PainterConfig(size=8, channels=(8, 8), width=8, layers=1, longest=8))


@pytest.fixture(scope="module")
def model():
    return tiny()


@pytest.fixture(scope="module")
def system():
    return DiffQuickfix(**FAST).fit(ROWS, model=tiny())


# -- the edit ----------------------------------------------------------------------------------------------------------


def test_the_kept_edit_is_its_equation_with_prompts_that_stay_and_the_other_prompts_as_usual_keys(model):
    name = "text_encoder.encoder.layers.0.self_attn.out_proj"
    sites = [f"{name}[in]", name, "text_encoder.encoder.layers.0[in]"]
    told = [*(pair.prompt for pair in PAIRS), *(pair.other for pair in PAIRS), *STAY]
    with torch.no_grad(), intervene(model, record=sites) as run:
        model.embed(told)
    key, value, stream = (run[site].double() for site in sites)
    k = key[:2, 2:].flatten(0, 1)  # from the colour on, which is the third token of each
    v = (value[2:4, 2:] + stream[2:4, 2:] - stream[:2, 2:]).flatten(0, 1)
    usual = key[2:].flatten(0, 1)
    c = usual.T @ usual / len(usual) + FLOOR * usual.square().mean() * torch.eye(8, dtype=torch.float64)
    c *= len(usual) / (len(usual) + 8)  # the floor stands as eight rows more
    layer = model.get_submodule(name)
    gap = v - (k @ layer.weight.detach().double().T + layer.bias.detach().double())
    inner = k @ torch.linalg.inv(c) @ k.T
    inner = inner + inner.diagonal().mean() * torch.eye(len(k), dtype=torch.float64)
    wanted = gap.T @ torch.linalg.inv(inner) @ k @ torch.linalg.inv(c)
    assert torch.allclose(solve_edit(model, 0, PAIRS, STAY, DiffQuickfixConfig()).delta.double(), wanted, atol=1e-5)


def test_without_a_ridge_each_method_takes_its_own(model):
    for method, ridge in (("published", 0.01), ("kept", 1.0)):
        one, two = (solve_edit(model, 0, PAIRS, STAY, DiffQuickfixConfig(method=method, ridge=given))
                    for given in (None, ridge))  # fmt: skip
        assert torch.equal(one.delta, two.delta)


def test_concepts_that_are_held_together_are_solved_together_and_spare_what_is_to_stay(system, tmp_path):
    both = solve_edit(system.pipeline, 0, [system.pairs[0], GREEN], ["a blue square"], system.config)
    assert system.kept == ("a blue square",)
    assert torch.equal(system.edit_of(system.do(red="absent", green="absent").held).delta, both.delta)
    assert not torch.equal(system.edit_of(system.do(red="absent").held).delta, both.delta)
    system.export(tmp_path / "all")  # with nothing held all concepts are absent
    after, before = (one.get_submodule(both.name).weight for one in (load_pipeline(tmp_path / "all"), system.pipeline))
    assert torch.allclose(after, before + both.delta, atol=1e-6)


def test_pictures_that_are_known_stay_and_batches_change_nothing(system):
    known = system.predict({"prompt": ["a red disc"]}).pictures("image")
    rows = {"prompt": ["a green disc"], "image": known}
    assert (system.do(green="absent").predict(rows).pictures("image") == known).all()
    asked = {"prompt": ["a red disc", "a green disc"], "other": ["a blue disc", "a red disc"]}
    state = {"text_encoder.encoder.layers.0": "other"}
    again = DiffQuickfix(**FAST, batch=1).fit(ROWS, model=system.pipeline)
    one, two = (each.do(state).predict(asked).pictures("image").astype(int) for each in (system, again))
    assert abs(one - two).max() <= 1
    assert (one[0] != one[1]).any()


def test_a_concept_that_changes_next_to_nothing_is_told():
    model = tiny()
    weight = model.library.text_encoder.embeddings.token_embedding.weight
    red, blue = (model.library.tokenizer(word, add_special_tokens=False).input_ids[0] for word in ("red", "blue"))
    with torch.no_grad():
        weight[red] = weight[blue] + 0.02 * (weight[red] - weight[blue])
    found = DiffQuickfix(**FAST, corruption="other").fit(
        {"prompt": ["a red disc"], "other": ["a blue disc"]}, model=model
    )
    assert any("hardly knows it" in told for told in found.warnings)


def test_the_place_is_where_most_is_restored_beyond_a_random_change():
    sites = ["first", "second", "third"]
    found = [Restored(site, "self_attention", share, 0, 1, control)
             for site, share, control in zip(sites, (0.9, 0.7, 0.1), (0.6, 0.1, 0.8), strict=True)]  # fmt: skip
    layer, told = DiffQuickfix(least=0.6)._place(found, sites)
    assert layer == 1
    assert "layer 1 restores 0.70, a random change 0.10" in told
    with pytest.raises(OptionError, match=r"layer 1 restores 0\.70"):
        DiffQuickfix(least=0.61)._place(found, sites)
    assert DiffQuickfix(least=0.61, layer=2)._place(found, sites)[0] == 2


# -- what it stands beside ---------------------------------------------------------------------------------------------


def test_the_copied_embedding_reads_the_prompt_as_the_other_one(model):
    mine = copied(model, PAIRS[0], "text_encoder")
    with torch.no_grad():
        asked = [one.embed(["a red square", "a green disc"]).tensors["encoder_hidden_states"] for one in (mine, model)]
        assert torch.equal(asked[0][0], model.embed(["a blue square"]).tensors["encoder_hidden_states"][0])
    assert torch.equal(asked[0][1], asked[1][1])
    assert not torch.equal(asked[0][0], asked[1][0])
    with pytest.raises(InterventionError, match="'red' is 1 tokens and 'blue green' 2"):
        copied(model, Pair("a red disc", "a blue green disc", "red", "blue green"), "text_encoder")


def test_negation_guides_away_from_the_concept(model):
    noise = model.noise(1, 0)
    x = negated(model, ["a red disc"], "red", noise, CONFIG)
    with torch.no_grad():
        assert torch.equal(x, model.draw(model.embed(["a red disc"]), noise, steps=2, guidance=3.0,
                                         empty=model.embed(["red"])))  # fmt: skip
    assert not torch.equal(x, drawn(model, ["a red disc"], noise, 2, 3.0))


def test_fine_tuning_moves_keys_and_values_alone_towards_the_other_prompt(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    mine = tuned(model, PAIRS, CONFIG, updates=40, rate=0.02)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    changed = {name for name, value in mine.state_dict().items() if not torch.equal(before[name], value)}
    assert changed
    assert all(".attn2.to_k" in name or ".attn2.to_v" in name for name in changed)
    x, t = model.noise(2, 5), torch.tensor([20, 20])
    with torch.no_grad():
        wanted = model.denoise(model.embed([pair.other for pair in PAIRS]))(x, t)
        far, near = ((one.denoise(one.embed([pair.prompt for pair in PAIRS]))(x, t) - wanted).square().mean()
                     for one in (model, mine))  # fmt: skip
    assert near < 0.5 * far


def test_fine_tuning_asks_the_autoencoder_for_no_gradient(model, monkeypatch):
    scale = torch.nn.Parameter(torch.tensor(0.5))  # as the weights of one, which take gradients where they are loaded
    monkeypatch.setattr(type(model), "encode", lambda self, x: scale * x)
    tuned(model, PAIRS, CONFIG, updates=2)
    assert scale.grad is None


# -- tracing -----------------------------------------------------------------------------------------------------------


def test_corruption_is_noise_of_its_scale_at_its_places_and_another_draw_in_each_row():
    now = torch.zeros(4, 5, 8)
    once, twice = (Corrupt([[1], [2, 3]], scale, 7).change(now, 0) for scale in (1.0, 2.0))
    assert torch.equal(twice, 2 * once)
    assert [row[(once[k].abs().sum(1) > 0)].tolist() for k, row in enumerate(torch.arange(5).expand(4, 5))] == [
        [1], [2, 3], [], []
    ]  # fmt: skip
    assert not torch.equal(once[0, 1], once[1, 2])
    assert torch.equal(once, Corrupt([[1], [2, 3]], 1.0, 7).change(now, 0))


def test_a_trace_of_the_last_token_alone_leaves_the_positions_behind_and_one_attribute_is_counted_if_asked(model):
    tracer = Tracer(model, PAIRS, replace(CONFIG, corruption="other"), Marks(), "shape")
    tracer.reader = None
    whole, alone = (tracer.text("text_encoder.encoder.layers.0", "layer", later=later).share for later in (True, False))
    assert whole == pytest.approx(1, abs=1e-3)
    assert alone < 0.9
    tracer.reader, tracer.groups = Marks(), [0, 1]
    tracer.clean, tracer.corrupted = marked((1, 1), (1, 1)), marked((0, 0), (0, 0))
    found = tracer._restored("x", "layer", [marked((1, 0), (1, 1)), marked((1, 1), (1, 1))])
    assert (found.share, found.control) == (0.5, 1.0)
    longer = Pair("a red disc", "a blue green disc", "red", "blue green")
    for corruption, end in (("other", "a blue green"), ("noise", "a red")):
        ends = Tracer(model, [longer], replace(CONFIG, corruption=corruption))._corrupted_endings()
        assert {one.text for one in ends} == {end}
    tracer.only = None
    tracer.clean = marked((1, 1), (0, 1))
    assert tracer._restored("x", "layer", [marked((1, 0), (1, 1))] * 2).share == pytest.approx(2 / 3)


# -- what is measured --------------------------------------------------------------------------------------------------


def test_pictures_as_they_were_have_not_moved_and_those_of_other_noises_have_by_one(model):
    seen = look(model, STAY, None, CONFIG)
    assert seen.moved(seen.before, None).share == 0
    assert seen.moved(seen.apart, None).share == pytest.approx(1)
    pairs = of_pairs(model, PAIRS, CONFIG)
    assert pairs.efficacy(pairs.wanted, None).share == 1
    assert pairs.efficacy(pairs.before, None).share == 0
    with in_force(model, None):
        assert torch.equal(pairs.after(model, None, CONFIG), pairs.before)


class Marks:
    """A reader of two attributes that stand in the first two values of a picture."""

    labels = {"colour": ("red", "blue"), "shape": ("disc", "square")}  # noqa: RUF012

    def read(self, images):
        codes = {name: (images[:, 0, k, 0] > 127).astype(int) for k, name in enumerate(self.labels)}
        return type("Said", (), {"codes": codes})()


def marked(*rows):
    x = torch.full((len(rows), 3, 4, 4), -1.0)
    for row, marks in enumerate(rows):
        x[row, :, 0, :2] = torch.tensor([1.0 if mark else -1.0 for mark in marks])
    return x


def test_with_a_reader_the_attributes_that_differ_are_counted():
    b, c = marked((0, 0), (0, 0), (0, 1)), marked((1, 0), (1, 0), (1, 0))
    x = marked((1, 1), (0, 0), (1, 1))
    found = likeness(x, c, b, [0, 1, 2], Marks())
    assert found.near.tolist() == [1, 0, 1]
    assert found.whole.tolist() == [1, 1, 2]
    assert likeness(x, c, b, [0, 1, 2], Marks(), "shape").share == 0
    assert moved(x, b, b, [0, 1, 2], Marks()).share == pytest.approx(3 / 6)
    assert moved(x[:1], b[:1], b[:1], [0], Marks()).share == 1
    assert moved(b, b, b, [0, 1, 2], Marks()).share == 0
    alone = likeness(x, c, b, [7, 7, 7], Marks()).interval()
    assert alone[0] < alone[1]  # of one prompt the pictures are drawn again


def test_fresh_prompts_are_judged_as_effects_of_the_edit_and_others_are_left_out(system):
    table = system.effects()
    told = {(str(table.labels("target")[k]), str(table.labels("outcome")[k])): k for k in range(len(table))}
    red, green = told["red", "like other"], told["green", "like other"]
    scores = judged(system, Given.of(CARD, ROWS))["efficacy"], judged(system, Given.of(CARD, ROWS))["others moved"]
    effect, control = table.column("effect"), table.column("control")
    assert scores[0].value == pytest.approx((effect[red] + effect[green]) / 2)
    assert scores[0].baselines["a random change as long"] == pytest.approx((control[red] + control[green]) / 2)
    stays = [told[name, "others moved"] for name in ("red", "green")]
    assert scores[1].value == pytest.approx(effect[stays].mean())
    assert judged(system, Given.of(CARD, {"prompt": ["a disc"], "other": ["a square"]})) == {}
    assert judged(system, Given.of(CARD, {"prompt": ["a disc"], "other": [""]})) == {}


@pytest.mark.parametrize(("low", "control", "took"), [(0.1, -0.3, True), (0.1, 0.2, False), (-0.1, -0.3, False)])
def test_an_edit_took_where_it_went_surely_further_than_a_random_change_and_than_none(low, control, took):
    effects = ({"outcome": "like other", "effect": 0.5, "low": low, "high": 0.9, "control": control},)
    assert ConceptEdit(Edit("x", torch.zeros(1, 1)), "red", "blue", "", effects, (), ()).took is took


def test_the_report_shows_what_is_spoilt_as_such_and_the_places_that_restore_most():
    shares = {"0[step=0:1]": 0.5, "0[step=1:2]": -5.0, "1[step=0:1]": -0.001, "1[step=1:2]": 0.25}
    places = [Restored(f"unet.down.{site}", "layer", share, 0, 1, 0) for site, share in shares.items()]
    map_of = _denoiser_map(places).html()
    assert all(word in map_of for word in ("steps 0 to 1", "down.1", "0.50", "-1.00", "below -1"))
    assert "below" not in _denoiser_map(places[:1]).html()
    table = _most(places * 4).html()
    assert table.count("<tr>") == 11
    assert "The 10 that bring back most" in table
    assert "-0.00" not in _most(places).html()
    assert "that bring back most" not in _most(places).html()
