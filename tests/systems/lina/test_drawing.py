"""Guidance in both spaces and spaced steps: against the pipeline, formulas by hand, and a count of calls."""

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aitia.errors import DataError, OptionError
from aitia.nn.diffusion import Schedule
from aitia.nn.pipelines import load_pipeline
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Strengths, calls, check_strengths, drawn, pushed, saying, spaced
from aitia.systems.lina.inpainting import redrawn
from aitia.systems.lina.marks import Wants
from aitia.systems.lina.prompts import prompted, without
from aitia.systems.lina.search import by_strengths, pictures
from aitia.systems.lina.switching import Decided, decided

diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")
WORDS = ("a", "red", "blue", "circle", "ring", "the")
PROMPTS = ["a red circle", "the blue ring", "a blue circle"]


@pytest.fixture(scope="module")
def tiny():
    return small_text_to_image(WORDS, PainterConfig(size=8, channels=(8, 16), width=16, layers=1, noise_steps=40))


@pytest.fixture(scope="module")
def said(tiny):
    return prompted(tiny, PROMPTS, ["red", "blue", ""], ["a blue ring", "", "a red ring"])


@settings(deadline=None, max_examples=60)
@given(count=st.integers(1, 40), spacing=st.floats(0.1, 8), length=st.integers(40, 300))
def test_steps_fall_begin_with_noise_and_are_the_usual_ones_where_they_are_even(count, spacing, length):
    way = spaced(length, count, spacing)
    assert len(way) == count
    assert way[0] == length - 1
    assert all(a > b >= 0 for a, b in pairwise(way))
    assert spaced(length, count, 1.0) == Schedule.cosine(length).timesteps(count)


def test_spacing_above_one_stays_longer_in_high_noise():
    even, high, low = (np.mean(spaced(200, 12, a)) for a in (1.0, 2.0, 0.5))
    assert low < even < high
    with pytest.raises(OptionError, match="there are 1 to 200 steps"):
        spaced(200, 201, 1.0)


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_guidance_alone_is_what_the_pipeline_draws(tiny, said, weight):
    noise = tiny.noise(3, 0)
    expected = tiny.draw(said.said, noise, steps=8, guidance=weight)
    assert torch.allclose(drawn(tiny, said, noise, Strengths(weight), 8), expected, atol=1e-5)


def test_one_step_is_the_formula(tiny, said):
    x, time = tiny.noise(3, 1), torch.full((3,), 30)
    strengths = Strengths(3.0, 0.7, 0.4)
    within = pushed(said.said, said.without, 0.7)
    empty, mine, away = (tiny.denoise(part)(x, time) for part in (said.empty, within, said.instead))
    contrast = 0.4 * torch.tensor([1.0, 0.0, 1.0]).reshape(3, 1, 1, 1)  # the second says nothing to guide away from
    say = saying(tiny, said, strengths, early=2)
    with torch.no_grad():
        assert torch.allclose(say(1, x, time), empty + 3 * (mine - empty) + contrast * (mine - away), atol=1e-5)
        assert torch.allclose(say(2, x, time), empty + 3 * (mine - empty), atol=1e-5)


def test_a_push_keeps_lengths_and_none_keeps_the_embedding(tiny, said):
    before = said.said.tensors["encoder_hidden_states"]
    after = pushed(said.said, said.without, 2.0).tensors["encoder_hidden_states"]
    assert torch.allclose(after.norm(dim=-1), before.norm(dim=-1), rtol=1e-4)
    assert not torch.allclose(after, before)
    assert pushed(said.said, said.without, 0.0) is said.said
    assert without("a red circle, red", "red") == "a red circle,"


@pytest.mark.parametrize("strengths", [Strengths(1), Strengths(3), Strengths(3, contrast=0.5), Strengths(1, 0.5, 0.5)])
def test_calls_are_those_that_are_made(tiny, said, strengths):
    count = []
    handle = tiny.denoiser.register_forward_hook(lambda _, given, __: count.append(len(given[0])))
    try:
        drawn(tiny, said, tiny.noise(3, 0), strengths, 6, early=0.5)
    finally:
        handle.remove()
    assert sum(count) == 3 * calls(strengths, 6, 0.5)


def test_batches_and_rows_of_their_own_strengths_change_nothing(tiny, said):
    config, noise = LinaConfig(steps=4, batch=2), tiny.noise(3, 5)
    each = [Strengths(1), Strengths(3), Strengths(1)]
    mixed = by_strengths(tiny, said, noise, each, config)
    for row, one in enumerate(each):
        alone = pictures(tiny, said.take([row]), noise[[row]], one, config)
        assert torch.allclose(mixed[row], alone[0], atol=1e-4)


def test_what_is_not_masked_stays_and_what_is_masked_is_drawn_anew(tiny, said):
    x, mask = torch.rand(3, 3, 8, 8) * 2 - 1, torch.zeros(3, 8, 8, dtype=torch.bool)
    mask[:, 2:5, 3:6] = True
    made = redrawn(tiny, said, x, mask, tiny.noise(3, 2), Strengths(2), 6)
    keep = ~mask[:, None].expand_as(x)
    assert torch.equal(made[keep], x[keep])
    assert not torch.isclose(made[~keep], x[~keep], atol=1e-3).all()
    with pytest.raises(DataError, match="a mask of its size that is not empty"):
        redrawn(tiny, said, x, torch.zeros(3, 8, 8, dtype=torch.bool), tiny.noise(3, 2), Strengths(2), 6)


class Brightness:
    """Says dark or bright by the mean of a picture."""

    labels: ClassVar = {"light": ("dark", "bright")}
    fingerprint = "brightness"

    def probabilities(self, images, attribute, labels):
        bright = images.reshape(len(images), -1).mean(1) / 255
        return np.stack([1 - bright, bright], axis=1)


def test_all_steps_of_one_prompt_are_that_prompt(tiny, said):
    wants = [Wants(Brightness.labels, np.array([[k], [k], [k]])) for k in (0, 1)]
    found = decided(tiny, (said, wants[0]), (said, wants[1]), Brightness(), Strengths(2), LinaConfig(steps=6))
    assert found.steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert np.allclose(found.first["light"] + found.second["light"], 1)  # both prompts are one here: either is shown
    assert len(set(found.first["light"].tolist())) == 1


@pytest.mark.parametrize(
    ("ahead", "half", "spacing"),
    [
        ((-1, 1, 1, 1), 1 / 6, 2.0),
        ((-1, -1, -1, 1), 5 / 6, 0.5),
        ((-1, -1, 1, 1), 0.5, 1.0),
        ((-1, -1, -1, -1), 1.0, 0.5),
    ],
)
def test_the_middle_of_the_map_gives_the_spacing(ahead, half, spacing):
    first = {"light": (np.array(ahead) + 1) / 2}
    found = Decided(np.array([0, 2, 4, 6]), 6, first, {"light": 1 - first["light"]})
    assert found.half == pytest.approx(half)
    assert found.spacing == spacing


def test_guidance_that_is_built_in_is_refused_and_push_is_not(tiny):
    tiny.denoiser.register_to_config(time_cond_proj_dim=8)
    try:
        with pytest.raises(OptionError, match=r"has its guidance built in .* guidance=1 and contrast=0"):
            check_strengths(tiny, [Strengths(1), Strengths(3)])
        with pytest.raises(OptionError, match="built in"):
            check_strengths(tiny, [Strengths(1, contrast=0.5)])
        check_strengths(tiny, [Strengths(1, push=0.5, spacing=2.0)])
    finally:
        tiny.denoiser.register_to_config(time_cond_proj_dim=None)


def test_a_transformer_that_learnt_a_flow_is_driven_too(tiny, tmp_path):
    """SD3 with two encoders: pooled embeddings are pushed as well."""
    count = len(tiny.library.tokenizer.get_vocab())
    clip = transformers.CLIPTextConfig(
        vocab_size=count, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=10, projection_dim=16, eos_token_id=count - 1, bos_token_id=count - 2,
        pad_token_id=count - 1,
    )  # fmt: skip
    torch.manual_seed(0)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=32, caption_projection_dim=16, pooled_projection_dim=32,
        pos_embed_max_size=8,
    )  # fmt: skip
    for weight in transformer.parameters():  # its last layer is zero as it begins
        nn.init.normal_(weight, std=0.2)
    vae = diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4, layers_per_block=1)
    kind, words = transformers.CLIPTextModelWithProjection, tiny.library.tokenizer
    diffusers.StableDiffusion3Pipeline(
        transformer, diffusers.FlowMatchEulerDiscreteScheduler(), vae, kind(clip), words, kind(clip), words, None, None
    ).save_pretrained(tmp_path / "sd3")
    sd3 = load_pipeline(tmp_path / "sd3")
    said, noise = prompted(sd3, PROMPTS[:2], ["red", "blue"]), sd3.noise(2, 0)
    expected = sd3.draw(said.said, noise, steps=4, guidance=3.0)
    assert torch.allclose(drawn(sd3, said, noise, Strengths(3), 4), expected, atol=1e-4)
    moved = pushed(said.said, said.without, 1.0).tensors
    assert all(not torch.equal(moved[name], said.said.tensors[name]) for name in moved)
    assert not torch.allclose(drawn(sd3, said, noise, Strengths(3, push=1.0), 4), expected, atol=1e-4)
