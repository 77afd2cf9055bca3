"""A latent that guides a pipeline: the adapter learns, the pipeline stays, and what no latent guides is said."""

import copy
import inspect
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from tests.systems.vqai.owned import pix2pix
from torch import nn

import aitia
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.nn.diffusion import Schedule
from aitia.nn.weights import fingerprint, read_weights
from aitia.runs import RunStore
from aitia.systems.vqai import Vqai, learning
from aitia.systems.vqai.adapter import DROP, Adapter, Denoising, frozen
from aitia.systems.vqai.pipelines import PipelineEditor, in_states

diffusers = pytest.importorskip("diffusers")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
SMALL = {"guide": "latent", "steps": 4, "reasoner_steps": 60, "batch": 12, "width": 12, "pixels": 8, "draw_steps": 2,
         "queries": 3, "device": "cpu"}  # fmt: skip
ASKED = [f"what if the light stood at {at} of 12?" for at in (0, 9)]


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    """A tiny InstructPix2Pix that heeds what it is told, though its weights are random; it says x_0."""
    folder = pix2pix(tmp_path_factory.mktemp("editor") / "tiny")
    whole = diffusers.StableDiffusionInstructPix2PixPipeline.from_pretrained(folder)
    with torch.no_grad():
        for name, leaf in whole.unet.named_parameters():
            leaf.mul_(6 if ".attn2.to_v" in name or ".attn2.to_out.0.weight" in name else 1)
            leaf.mul_(3 if name == "conv_out.weight" else 1)
    whole.vae.register_to_config(scaling_factor=10.0)
    whole.scheduler = diffusers.DDIMScheduler(prediction_type="sample")
    whole.save_pretrained(folder, safe_serialization=True)
    return folder


def rows(n=24, after=None):
    """Pictures that turn dark by one question and bright by another; the first so many have the picture after."""
    rng, which = np.random.default_rng(0), np.arange(n) % 2
    before = rng.integers(60, 200, (n, 16, 16, 3), dtype=np.uint8)
    turned = np.broadcast_to(np.where(which, 230, 20).astype(np.uint8)[:, None, None, None], before.shape).copy()
    shown = turned if after is None else [*turned[:after], *[None] * (n - after)]
    columns = {"image": before, "question": [ASKED[k] for k in which], "after": shown,
               "answer": [("light 0", "light 9")[k] for k in which]}  # fmt: skip
    kinds = {"image": "picture", "question": "text", "answer": "text", "after": "picture"}
    return Table.of(columns, kinds=kinds)


def asked(n=2):
    return rows(n).drop(["answer", "after"])


@pytest.fixture(scope="module")
def fitted(editor):
    return Vqai(**{**SMALL, "steps": 60, "adapter_rate": 1e-2}).fit(rows(), editor=editor)


def pipeline(folder):
    return diffusers.StableDiffusionInstructPix2PixPipeline.from_pretrained(folder)


class Recording(nn.Module):
    """A UNet that says nothing and keeps what it was shown."""

    dtype = torch.float32

    def __init__(self):
        super().__init__()
        self.leaf, self.shown = nn.Parameter(torch.zeros(())), []

    def forward(self, x, time, encoder_hidden_states, return_dict):
        self.shown.append((x, time, encoder_hidden_states))
        return (self.leaf + torch.zeros_like(x[:, : x.shape[1] // 2]),)


# -- the adapter -------------------------------------------------------------------------------------------------------


def test_scale_and_shift_of_a_latent_say_nothing_and_what_is_lost_is_the_learned_null():
    torch.manual_seed(0)
    adapter, h, nothing = Adapter(5, 7, 3), torch.randn(4, 5), torch.randn(3, 7)
    assert torch.allclose(adapter(h), adapter(1000 * h + 3), atol=1e-3)
    assert not torch.allclose(adapter(h), adapter(h.flip(0)), atol=1e-3)
    adapter.begin(nothing)
    with torch.no_grad():
        adapter.null.add_(1)
    said = adapter(h, torch.tensor([True, False, False, True]))
    assert torch.equal(said[0], nothing + 1)
    assert torch.equal(said[3], nothing + 1)
    assert torch.equal(said[1:3], adapter(h)[1:3])
    with torch.no_grad():
        adapter.scale.zero_()
    assert torch.equal(adapter(h), nothing.expand(4, -1, -1)), "it begins as the empty prompt"


def test_the_loss_is_that_of_denoising_and_rows_lose_what_guides_the_picture_and_both():
    torch.manual_seed(1)
    n, schedule = 1500, Schedule.cosine(20, prediction="epsilon")
    adapter, unet = Adapter(5, 7, 3), Recording()
    h, before, after = torch.randn(n, 5), torch.randn(n, 2, 2, 2), torch.randn(n, 2, 2, 2)
    torch.manual_seed(7)
    loss = Denoising(adapter, unet, schedule)(h, before, after)
    torch.manual_seed(7)
    time, noise = torch.randint(20, (n,)), torch.randn(n, 2, 2, 2)
    assert loss.item() == pytest.approx(noise.square().mean().item(), rel=1e-6)
    ((shown, told, said),) = unet.shown
    assert torch.equal(told, time)
    noisy = schedule.a[time][:, None, None, None] * after + schedule.s[time][:, None, None, None] * noise
    assert torch.allclose(shown[:, :2], noisy, atol=1e-6)
    blind = (shown[:, 2:] == 0).flatten(1).all(1)
    mute = (said == adapter.null).flatten(1).all(1)
    assert torch.equal(shown[~blind, 2:], before[~blind])
    assert torch.allclose(said[~mute], adapter(h)[~mute], atol=1e-5)
    for lost in (mute & ~blind, blind & ~mute, mute & blind):
        assert abs(lost.float().mean() - DROP) < 4 * (DROP / n) ** 0.5


def test_a_pipeline_of_half_precision_teaches_an_adapter_of_whole_numbers(editor):
    adapter, unet = Adapter(5, 16, 3), pipeline(editor).unet.to(torch.bfloat16)
    loss = Denoising(adapter, unet, Schedule.cosine(20))(torch.randn(3, 5), *torch.randn(2, 3, 4, 8, 8))
    loss.backward()
    assert all(leaf.grad.isfinite().all() and leaf.dtype == torch.float32 for leaf in adapter.parameters())
    assert adapter.scale.grad != 0


def test_what_was_frozen_wants_and_drops_again_as_before_also_after_an_error():
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Linear(2, 2)).train()
    module[0].weight.requires_grad_(False)
    module[2].eval()

    def stop():
        assert not any(leaf.requires_grad for leaf in module.parameters())
        assert not any(part.training for part in module.modules())
        raise KeyError

    with pytest.raises(KeyError), frozen(module):
        stop()
    assert [leaf.requires_grad for leaf in module.parameters()] == [False, True, True, True]
    assert [part.training for part in module] == [True, True, False]


# -- learning ----------------------------------------------------------------------------------------------------------


def test_the_adapter_learns_what_each_latent_asks_for(fitted):
    drawer, items = fitted._drawer, fitted.items(rows())
    told, latents = fitted._guides(items, ()), drawer.latents(items.pictures, items.after, fitted.config, None)
    fresh = Adapter(**fitted.adapter.settings)
    fresh.begin(drawer.nothing(3))

    def loss(adapter, h):
        objective, total = Denoising(adapter, drawer.library.unet, Schedule.of(drawer.library.scheduler)), 0.0
        for seed in range(8):
            torch.manual_seed(seed)
            with torch.no_grad():
                total += objective(h, *latents).item() / 8
        return total

    assert loss(fitted.adapter, told) < 0.95 * loss(fresh, told)
    assert loss(fitted.adapter, told) < 0.99 * loss(fitted.adapter, told.roll(1, 0)), "and not for all the same"
    name, losses = fitted.training.losses[-1]
    assert name == "the adapter"
    assert losses[-1]["step"] == 60
    assert not torch.equal(fitted.adapter.null, drawer.nothing(3)), "what stands for nothing is learned"


def test_an_adapter_begins_with_the_empty_prompt_of_its_pipeline_and_learns_at_its_own_rate(editor):
    model = Vqai(**{**SMALL, "steps": 1, "adapter_rate": 1e-9}).fit(rows(), editor=editor)
    library = pipeline(editor)
    ids = library.tokenizer("", padding="max_length", max_length=24, return_tensors="pt").input_ids
    with torch.no_grad():
        nothing = library.text_encoder(ids).last_hidden_state[0, :3]
    for begun in (model.adapter.base, model.adapter.null):
        assert torch.allclose(begun, nothing, atol=1e-6)


def test_a_pipeline_is_the_same_after_an_adapter_learned_bit_by_bit(fitted, editor):
    used, fresh = fitted._drawer.library, pipeline(editor)
    for name in ("unet", "vae", "text_encoder"):
        assert fingerprint(getattr(used, name)) == fingerprint(getattr(fresh, name))
        for one, other in zip(getattr(used, name).parameters(), getattr(fresh, name).parameters(), strict=True):
            assert one.requires_grad == other.requires_grad
            assert one.grad is None


def test_latents_are_what_the_pipeline_itself_reads_and_draws(fitted):
    drawer, shown = fitted._drawer, rows(10).pictures("image")
    before, after = drawer.latents(shown, shown[::-1], fitted.config, None)
    vae = drawer.library.vae
    x = torch.from_numpy(shown.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
    with torch.no_grad():
        by_hand = vae.encode(x).latent_dist.mean
    assert torch.allclose(before, by_hand, atol=1e-5)
    assert torch.allclose(after, 10 * by_hand.flip(0), atol=1e-4)
    seen = []
    drawer.latents(shown, shown, fitted.config, lambda what, done, total: seen.append((what, done, total)))
    assert seen == [("latents of pictures", 8, 10), ("latents of pictures", 10, 10)]


def test_rows_without_a_picture_after_teach_the_reasoner_alone(editor):
    model = Vqai(**SMALL).fit(rows(24, after=10), editor=editor)
    assert "24 rows ask, 10 of them with a picture after" in model.training.notes
    few = Vqai(**SMALL).fit(rows(10), editor=editor)
    few.reasoner = model.reasoner
    again = few.with_guide("latent", rows(24, after=10))
    assert fingerprint(again.adapter) == fingerprint(model.adapter)
    with pytest.raises(DataError, match="fewer than 2 rows have a picture after"):
        Vqai(**SMALL).fit(rows(24, after=1), editor=editor)


def test_a_training_that_was_stopped_goes_on_in_the_same_bytes(editor, tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "TrainConfig", partial(learning.TrainConfig, checkpoint_every=10))
    options = {**SMALL, "steps": 25}
    whole, seen = Vqai(**options).fit(rows(), editor=editor), []

    def stop(what, done, total):
        seen.append(what)
        if what == "the adapter" and done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Vqai(**options).fit(rows(), editor=editor, run=RunStore(checkpoint=tmp_path, progress=stop))
    assert list(dict.fromkeys(seen)) == ["the reasoner", "latents of pictures", "the adapter"]
    tensors, _ = read_weights(tmp_path / "adapter.safetensors")
    assert {name.split(".")[1] for name in tensors if name.startswith("now.")} == {"adapter"}, "no UNet is kept"
    again = Vqai(**options).fit(rows(), editor=editor, run=RunStore(checkpoint=tmp_path))
    assert fingerprint(again.adapter) == fingerprint(whole.adapter)
    assert np.array_equal(again.predict(asked()).pictures("after"), whole.predict(asked()).pictures("after"))


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_what_a_latent_draws_is_what_diffusers_draws_of_its_states_by_both_weights(fitted, editor):
    drawn = fitted.predict(asked(), seed=4).pictures("after")
    items = fitted.items(asked())
    with torch.no_grad():
        said = fitted.adapter(fitted.reasoner.latent(*fitted._seen(items)))
    theirs, shown = pipeline(editor), []
    theirs.set_progress_bar_config(disable=True)
    theirs.unet.register_forward_pre_hook(
        lambda module, given, named: shown.append((given[0], named["encoder_hidden_states"])), with_kwargs=True
    )
    for row in range(2):
        expected = theirs(
            image=Image.fromarray(items.pictures[row]), num_inference_steps=2, guidance_scale=7.5,
            prompt_embeds=said[row][None], negative_prompt_embeds=fitted.adapter.null.detach()[None],
            image_guidance_scale=1.8, generator=torch.Generator().manual_seed(4 * 100_003 + row), output_type="np",
        ).images[0]  # fmt: skip
        assert np.abs(drawn[row] / 255 - expected).max() <= 0.5 / 255 + 1e-6
    x, told = shown[0]
    assert torch.equal(told, torch.stack([said[0], fitted.adapter.null, fitted.adapter.null]))
    assert torch.equal(x[0, 4:], x[1, 4:])
    assert not x[2, 4:].any(), "eps(0, 0) is told the learned null and no picture, as in training"


def test_another_question_draws_another_picture_and_weights_are_heeded(fitted):
    dark, light = (fitted.do(question=question).predict(asked()).pictures("after") for question in ASKED)
    assert (dark != light).any()
    plain = copy.copy(fitted)
    for option, value in (("guidance", 3.0), ("picture_guidance", 1.0)):
        plain.config = Vqai(**{**vars(fitted.config), option: value}).config
        assert not np.array_equal(plain.predict(asked()).pictures("after"), fitted.predict(asked()).pictures("after"))
    assert fitted.targets.names == ("question",)


def test_what_is_saved_draws_the_same_and_holds_no_pipeline(fitted, editor, tmp_path):
    fitted.save_pretrained(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", "model.safetensors"]
    tensors, _ = read_weights(tmp_path / "model" / "model.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"reasoner", "adapter"}
    again = aitia.load(tmp_path / "model").bind(editor=editor)
    assert np.array_equal(again.predict(asked()).pictures("after"), fitted.predict(asked()).pictures("after"))
    assert again.config == fitted.config


def test_words_of_the_reasoner_guide_a_pipeline_too_without_a_look_at_the_picture(editor):
    model = Vqai(**{**SMALL, "guide": "words"}).fit(rows(), editor=editor)
    assert model.adapter.settings["told"] == 12
    items = model.items(asked())
    other = model.items(asked()).asking(items.questions[0])
    said = model._told_to_a_pipeline(other, ())
    assert torch.equal(said[0]["prompt_embeds"], said[1]["prompt_embeds"])


def test_scores_of_a_latent_stand_beside_another_question(fitted):
    given = fitted.given(rows(4))
    found = fitted.judge(given, given)
    assert found["changed"].value > 0
    assert "the question of another row" in found["changed"].baselines
    assert fitted.work(given) == (
        "60 steps of 24 rows for the reasoner, 60 steps of 12 rows for the adapter to the pipeline (4 rows)"
    )


# -- what no latent guides ---------------------------------------------------------------------------------------------


class Wordy(diffusers.StableDiffusionInstructPix2PixPipeline):
    """One whose call takes words alone."""

    def __call__(self, prompt, image, num_inference_steps=2):
        return super().__call__(prompt, image, num_inference_steps)


def unfit(kind, folder):
    """Pipelines that take a picture and words, and no states beside a picture."""
    parts = pipeline(folder).components
    parts.pop("image_encoder")
    of = diffusers.UNet2DConditionModel
    if kind == "words":
        return Wordy(requires_safety_checker=False, **parts)
    if kind == "mask":
        parts["unet"] = of.from_config({**parts["unet"].config, "in_channels": 9})
        return diffusers.StableDiffusionInpaintPipeline(requires_safety_checker=False, **parts)
    if kind == "picture":
        parts["unet"] = of.from_config({**parts["unet"].config, "in_channels": 4})
        return diffusers.StableDiffusionImg2ImgPipeline(requires_safety_checker=False, **parts)
    if kind == "narrow":
        parts["unet"] = of.from_config({**parts["unet"].config, "in_channels": 4})
        return diffusers.StableDiffusionInstructPix2PixPipeline(requires_safety_checker=False, **parts)
    if kind == "encoder":
        return diffusers.StableDiffusionInstructPix2PixPipeline(
            requires_safety_checker=False, **{**parts, "text_encoder": None}
        )
    if kind == "pooled":
        names = inspect.signature(diffusers.StableDiffusionXLInstructPix2PixPipeline.__init__).parameters
        kept = {name: part for name, part in parts.items() if name in names}
        return diffusers.StableDiffusionXLInstructPix2PixPipeline(text_encoder_2=None, tokenizer_2=None, **kept)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=16, caption_projection_dim=16, pooled_projection_dim=16,
    )  # fmt: skip
    empty = dict.fromkeys(f"{part}{end}" for part in ("text_encoder", "tokenizer") for end in ("", "_2", "_3"))
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    return diffusers.StableDiffusion3Img2ImgPipeline(transformer, scheduler, parts["vae"], **empty)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("transformer", "a StableDiffusion3Img2ImgPipeline, which draws with a SD3Transformer2DModel"),
        ("words", "a Wordy, whose call takes no prompt_embeds"),
        ("mask", "a StableDiffusionInpaintPipeline, whose UNet takes a mask beside the picture"),
        ("picture", "whose UNet takes 4 channels, not 4 of noise and 4 of the picture"),
        ("narrow", "a StableDiffusionInstructPix2PixPipeline, whose UNet takes 4 channels, not 4 of noise and 4 of .*"),
        ("encoder", "which has no text_encoder"),
        ("pooled", "whose UNet takes a pooled text beside the states"),
    ],
)
def test_a_pipeline_that_no_states_guide_is_refused_and_what_guides_it_is_said(kind, why, editor):
    with pytest.raises(
        OptionError, match=f"^tiny is .*{why}: no latent guides it. Take answer or question as the guide"
    ):
        PipelineEditor(unfit(kind, editor), "tiny").check_states()


def test_a_refusal_comes_before_anything_learns(editor, tmp_path):
    unfit("picture", editor).save_pretrained(tmp_path / "other")
    learnt = []
    with pytest.raises(OptionError, match="no latent guides it"):
        Vqai(**SMALL).fit(rows(), editor=tmp_path / "other", run=RunStore(progress=lambda *at: learnt.append(at)))
    assert learnt == []


def test_an_adapter_that_was_never_learned_and_guides_in_words_are_refused(editor, fitted):
    small = Vqai(**SMALL).fit(rows())
    assert small.adapter is None
    with pytest.raises(OptionError, match="guide=latent learned no adapter to a pipeline: fit with it"):
        small.bind(editor=editor).predict(asked())
    with pytest.raises(OptionError, match="a pipeline learns nothing that words guide"):
        fitted.with_guide("question", rows())
    for options in ({"queries": 0}, {"adapter_rate": 0}):
        with pytest.raises(OptionError):
            Vqai(**options)


def test_states_are_told_row_by_row_beside_what_says_nothing():
    said, null = torch.randn(2, 3, 4), torch.randn(3, 4)
    told = in_states(said, null)
    assert [one["prompt_embeds"].shape for one in told] == [(1, 3, 4)] * 2
    assert torch.equal(told[1]["prompt_embeds"][0], said[1])
    assert torch.equal(told[0]["negative_prompt_embeds"][0], null)
