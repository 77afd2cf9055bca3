"""Tracing and closed-form edits of text-to-image pipelines, against closed forms, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import trained

from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.nn.pixels import to_bytes
from aitia.nn.sites import intervene
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.system import Given
from aitia.systems.diff_quickfix import DiffQuickfix
from aitia.systems.diff_quickfix.card import CARD
from aitia.systems.diff_quickfix.closed_form import random_edit, solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.effects import in_force, in_parts
from aitia.systems.diff_quickfix.measures import likeness
from aitia.systems.diff_quickfix.prompts import Pair, changed_words, read_prompts, reworded
from aitia.systems.diff_quickfix.states import Exchange, drawn, positions_of
from aitia.systems.diff_quickfix.tracing import Tracer, windows_of

WORDS = ["a", "red", "blue", "green", "disc", "square"]
ROWS = {"prompt": ["a red disc", "a red square", "a green disc"], "other": ["a blue disc", "a blue square", ""]}
FAST = {"layer": 0, "steps": 2, "noises": 1, "denoiser": False}
PAIRS = [Pair("a red disc", "a blue disc", "red", "blue"), Pair("a red square", "a blue square", "red", "blue")]
ENDS = [(pair.ending, pair.other_ending) for pair in PAIRS]


def tiny(layers=2):
    return small_text_to_image(WORDS, PainterConfig(size=8, channels=(8, 8), width=8, layers=layers, longest=8))


def published(**options):
    return DiffQuickfixConfig(method="published", **options)


# -- the edit ----------------------------------------------------------------------------------------------------------


def test_the_published_edit_is_its_closed_form_with_the_bias_counted_once():
    model, config = tiny(), published(ridge=0.05, later=False)
    name = "text_encoder.encoder.layers.0.self_attn.out_proj"
    with torch.no_grad(), intervene(model, record=[f"{name}[in]", name]) as run:
        model.embed([p.prompt for p in PAIRS] + [p.other for p in PAIRS])
    at = positions_of(model, ENDS, "text_encoder", False, 8)
    k = torch.stack([run[f"{name}[in]"][row, mine[0]] for row, (mine, _) in enumerate(at)]).double()
    v = torch.stack([run[name][2 + row, theirs[0]] for row, (_, theirs) in enumerate(at)]).double()
    layer = dict(model.named_modules())[name]
    w, b = layer.weight.detach().double(), layer.bias.detach().double()
    size = 0.05 * (k @ k.T).diagonal().mean()
    new = (size * w + (v - b).T @ k) @ torch.linalg.inv(size * torch.eye(8, dtype=torch.float64) + k.T @ k)
    edit = solve_edit(model, 0, PAIRS, [], config)
    assert edit.name == name
    assert torch.allclose(edit.delta.double(), new - w, atol=1e-6)


def test_after_a_kept_edit_without_ridge_the_stream_is_that_of_the_other_prompt():
    model = tiny(1)
    pair = [PAIRS[0]]
    edit = solve_edit(model, 0, pair, [], DiffQuickfixConfig(ridge=1e-9, later=False))
    place = "text_encoder.encoder.layers.0.layer_norm2[in]"
    with torch.no_grad(), in_force(model, edit), intervene(model, record=[place]) as run:
        model.embed(["a red disc"])
    changed = run[place][0, 2]
    with torch.no_grad(), intervene(model, record=[place]) as run:
        model.embed(["a blue disc"])
    assert torch.allclose(changed, run[place][0, 2], atol=1e-4)


def test_an_edit_is_taken_back_bit_for_bit_and_a_random_one_is_as_long():
    model = tiny()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    edit = solve_edit(model, 0, PAIRS, ["a green disc"], DiffQuickfixConfig())
    with pytest.raises(RuntimeError), in_force(model, edit):
        raise RuntimeError
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert float(random_edit(edit, 0).delta.norm()) == pytest.approx(float(edit.delta.norm()), rel=1e-5)


def test_a_tied_weight_an_adapter_and_a_quantised_layer_are_refused():
    model = tiny()
    layers = model.library.text_encoder.encoder.layers
    layers[1].self_attn.out_proj.weight = layers[0].self_attn.out_proj.weight
    with pytest.raises(InterventionError, match=r"tied to .*layers\.1"):
        solve_edit(model, 0, PAIRS, [], DiffQuickfixConfig())
    model = tiny()
    model.library.text_encoder.encoder.layers[0].self_attn.out_proj.base_layer = torch.nn.Identity()
    with pytest.raises(InterventionError, match="adapter"):
        solve_edit(model, 0, PAIRS, [], DiffQuickfixConfig())
    model = tiny()
    model.library.text_encoder.encoder.layers[0].self_attn.out_proj = torch.nn.Bilinear(8, 8, 8)
    with pytest.raises(InterventionError, match="no plain linear layer"):
        solve_edit(model, 0, PAIRS, [], DiffQuickfixConfig())


# -- tracing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corruption", ["noise", "other"])
def test_the_last_layer_from_the_concept_on_restores_everything_and_the_whole_denoiser_too(corruption):
    model = tiny()
    config = DiffQuickfixConfig(steps=2, noises=2, corruption=corruption)
    tracer = Tracer(model, PAIRS, config)
    last = tracer.text("text_encoder.encoder.layers.1", "layer", later=True)
    assert last.share == pytest.approx(1, abs=1e-3)
    block = tracer.block("unet.up_blocks.1", "layer", slice(0, 2))
    assert block.share == pytest.approx(1, abs=1e-3)
    assert block.low <= block.share <= block.high


def test_a_state_before_the_concept_restores_nothing():
    model = tiny()
    noise = model.noise(1, 0)
    at = [([1], [1])]
    x = drawn(model, ["a red disc", "a blue disc"], noise, 2, 3.0,
              {"text_encoder.encoder.layers.0": Exchange(at)}, first=1)  # fmt: skip
    assert torch.allclose(x, drawn(model, ["a red disc"], noise, 2, 3.0), atol=1e-5)


@given(st.integers(1, 60), st.integers(1, 6))
@settings(deadline=None)
def test_windows_share_all_steps(steps, windows):
    if windows <= steps:
        parts = windows_of(steps, windows)
        assert [k for part in parts for k in range(part.start, part.stop)] == list(range(steps))
        assert all(part.stop > part.start for part in parts)


def test_the_painter_carries_colour_in_its_first_self_attention_and_an_edit_there_takes_it_away():
    """The small model of worlds, which no part of this system trained."""
    model, reader = trained.read("painter"), trained.read("reader")
    pairs = [Pair(f"a {size} red {it}", f"a {size} blue {it}", "red", "blue")
             for size in ("small", "large") for it in ("circle", "square")]  # fmt: skip
    config = DiffQuickfixConfig(steps=6, noises=1, corruption="other")
    tracer = Tracer(model, pairs, config, reader, "colour")
    shares = {site: tracer.text(site, part).share for site, part in tracer.encoder_sites()}
    first = "text_encoder.encoder.layers.0.self_attn"
    assert shares[first] >= 0.75
    assert max(share for site, share in shares.items() if site != first) <= 0.25
    edit = solve_edit(
        model, 0, pairs, [f"a {s} {c} circle" for s in ("tiny", "huge") for c in ("green", "pink")], config
    )
    asked = ["a medium red triangle", "a huge red square", "a large red diamond"]
    said = []
    for change in (None, edit):
        with in_force(model, change):
            said.append(reader.read(to_bytes(in_parts(model, asked, model.noise(3, 1), config))).words("colour"))
    assert said[0] == ["red"] * 3
    assert "red" not in said[1]


def test_a_model_that_does_not_know_the_concept_is_refused():
    model = tiny()
    weight = model.library.text_encoder.embeddings.token_embedding.weight
    ids = model.library.tokenizer(["red", "blue"], add_special_tokens=False).input_ids
    with torch.no_grad():
        weight[ids[0]] = weight[ids[1]]
    with pytest.raises(DataError, match="does not know"):
        Tracer(model, PAIRS, DiffQuickfixConfig(steps=1, windows=1, noises=1, corruption="other"))


# -- prompts -----------------------------------------------------------------------------------------------------------


def read(**columns):
    return read_prompts(Given.of(CARD, columns))


def test_concepts_are_named_or_are_where_the_two_differ():
    pairs, kept = read(**ROWS)
    assert [(p.concept, p.words) for p in pairs] == [("red", "blue")] * 2
    assert kept == ["a green disc"]
    assert changed_words("a red disc", "a red disc at night") == ("", "at night")


@pytest.mark.parametrize(
    ("prompt", "other", "concept", "ends"),
    [
        ("a red disc by a red square", "a blue disc by a red square", "", ("a red", "a blue")),
        ("a red disc by a blue square", "a blue disc by a blue square", "", ("a red", "a blue")),
        ("a red disc by a red square", "a red disc by a dark blue square", "Red",
         ("a red disc by a red", "a red disc by a dark blue")),
        ("a  Red, shiny disc", "a blue, shiny disc", "", ("a Red", "a blue")),
        ("a red disc in a hundred", "a blue disc in a hundred", "red", ("a red", "a blue")),
    ],
)  # fmt: skip
def test_the_concept_is_where_the_two_prompts_differ_whatever_else_holds_its_words(prompt, other, concept, ends):
    (pair,), _ = read(prompt=[prompt], other=[other], **({"concept": [concept]} if concept else {}))
    assert (pair.ending.text, pair.other_ending.text) == ends
    assert pair.concept == "red"
    assert reworded(pair, "green").other == f"{ends[0][:-3]}green{pair.prompt[len(ends[0]) :]}"


@pytest.mark.parametrize(
    ("prompt", "other", "concept", "told"),
    [
        ("a red disc", "a blue disc", "crimson", "does not hold"),
        ("a hundred discs", "a hundblue discs", "red", "words of its own"),
        ("a red disc, red", "a blue disc, blue", "red", "for one 'red': all else stays"),
        ("a red disc", "A red disc", "", "its own other"),
        ("a red disc", "a disc", "", "leaves out or adds"),
        ("a red disc", "the blue disc", "red", "all else stays"),
        ("a red disc", "a  disc", "red", "nothing in the place"),
        ("a red disc", "", "", "no row says"),
        ("  ", "a disc", "", "no prompt"),
    ],
)
def test_rows_that_say_no_edit_are_refused(prompt, other, concept, told):
    columns = {"prompt": [prompt], "other": [other]} | ({"concept": [concept]} if concept else {})
    with pytest.raises(DataError, match=told):
        read(**columns)


def test_a_concept_beyond_the_last_token_is_refused():
    long = "a disc a disc a disc a red disc"
    with pytest.raises(DataError, match="beyond"):
        DiffQuickfix(**FAST).fit({"prompt": [long], "other": [long.replace("red", "blue")]}, model=tiny())


# -- the system --------------------------------------------------------------------------------------------------------


def test_pickles_missing_parts_and_other_networks_are_refused(tmp_path):
    tiny().save_pretrained(tmp_path / "model")
    weights = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(FormatError, match="pickle"):
        DiffQuickfix(**FAST).fit(ROWS, model=str(tmp_path / "model"))
    with pytest.raises(FormatError):
        DiffQuickfix(**FAST).fit(ROWS, model=str(tmp_path))
    with pytest.raises(OptionError, match="no pipeline"):
        DiffQuickfix(**FAST).fit(ROWS, model=torch.nn.Linear(2, 2))
    with pytest.raises(OptionError, match="say which"):
        DiffQuickfix(**FAST).fit(ROWS)


def test_no_layer_that_carries_it_is_refused_with_the_trace():
    with pytest.raises(OptionError, match="carries the concept: layer"):
        DiffQuickfix(**{**FAST, "layer": None, "least": 1.0}).fit(ROWS, model=tiny())
    with pytest.raises(DataError, match="2 layers"):
        DiffQuickfix(**{**FAST, "layer": 5}).fit(ROWS, model=tiny())


def test_do_with_other_words_is_the_edit_towards_them_and_a_state_is_that_of_the_other():
    model = tiny()
    system = DiffQuickfix(**FAST, guidance=1.0).fit(ROWS, model=model)
    asked = {"prompt": ["a red disc"], "other": ["a blue disc"]}
    pictures = {do: system.do({"red": do}).predict(asked).pictures("image") for do in ("absent", "blue", "green")}
    assert (pictures["absent"] == pictures["blue"]).all()
    assert (pictures["absent"] != pictures["green"]).any()
    state = system.do({"text_encoder.encoder.layers.1": "other"}).predict(asked).pictures("image")
    plain = system.predict({"prompt": ["a blue disc"]}).pictures("image")
    assert np.abs(state.astype(int) - plain.astype(int)).max() <= 1
    whole = system.do({"unet.up_blocks.1": "other"}).predict(asked).pictures("image")
    assert np.abs(whole.astype(int) - plain.astype(int)).max() <= 1
    with pytest.raises(InterventionError, match="row's other"):
        system.do({"text_encoder.encoder.layers.1": "other"}).predict({"prompt": ["a red disc"]})
    with pytest.raises(DataError, match="replaced by other words"):
        system.do({"red": "red"}).predict(asked)


def test_what_is_exported_draws_what_the_edit_draws(tmp_path):
    system = DiffQuickfix(**FAST).fit(ROWS, model=tiny())
    held = system.do({"red": "absent"})
    held.export(tmp_path / "edited")
    from aitia.nn.pipelines import load_pipeline

    again = load_pipeline(tmp_path / "edited")
    x = drawn(again, ["a red disc"], again.noise(1, 0), 2, 3.0)
    assert (to_bytes(x) == held.predict({"prompt": ["a red disc"]}).pictures("image")).all()
    with pytest.raises(InterventionError, match="no weights hold it"):
        system.do({"unet.mid_block": "other"}).export(tmp_path / "none")


def test_shares_are_those_of_their_equation():
    a, b = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    assert likeness(a, a, b, [0, 1]).share == 1
    assert likeness(b, a, b, [0, 1]).share == 0
    assert likeness(0.25 * b, a, b, [0, 1]).share == pytest.approx(0.75)
    assert likeness(a, a, a, [0, 0]).share == 0
