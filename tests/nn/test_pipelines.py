"""Pipelines of diffusers are opened, driven and traced, equal to what diffusers itself draws, or refused."""

import json
import shutil

import pytest
import torch

from aitia.data.subjects import Network
from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.conditions import Conditional
from aitia.nn.opening_pictures import open_pipeline
from aitia.nn.pipelines import ImagePipeline, load_pipeline
from aitia.nn.pixels import from_bytes, to_bytes
from aitia.nn.sites import Noise, Patch, intervene
from aitia.nn.text_to_image import PainterConfig, small_text_to_image

diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

WORDS = ("a", "red", "blue", "circle", "ring", "triangle")
PROMPTS = ["a red circle", "a blue triangle"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pipe") / "tiny"
    small_text_to_image(WORDS, PainterConfig(size=8, channels=(8, 16), width=16, layers=2)).save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def tiny(folder):
    return load_pipeline(folder)


@pytest.fixture
def copied(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "pipe")
    return tmp_path / "pipe"


def changed(folder, file, **values):
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_what_is_drawn_is_what_diffusers_draws(tiny, folder, weight):
    theirs = diffusers.StableDiffusionPipeline.from_pretrained(folder, vae=None)
    theirs.set_progress_bar_config(disable=True)
    noise = tiny.noise(2, seed=3)
    expected = theirs(
        PROMPTS, num_inference_steps=10, guidance_scale=weight, latents=noise, output_type="latent"
    ).images
    assert torch.allclose(tiny.draw(tiny.embed(PROMPTS), noise, steps=10, guidance=weight), expected, atol=2e-4)


def test_weight_one_is_the_conditional_model_and_zero_the_empty_prompt(tiny):
    said, noise = tiny.embed(PROMPTS), tiny.noise(2, seed=0)
    plain = tiny.draw(said, noise, steps=4)
    ones = tiny.draw(said, noise, steps=4, guidance=torch.ones(2))
    assert torch.allclose(plain, ones, atol=1e-5)
    nothing = tiny.draw(tiny.nothing(2), noise, steps=4)
    assert torch.allclose(tiny.draw(said, noise, steps=4, guidance=torch.zeros(2)), nothing, atol=1e-5)
    assert not torch.allclose(plain, nothing, atol=1e-3)
    alone = tiny.draw(said.take([1]), noise[1:], steps=4)
    assert torch.allclose(alone, plain[1:], atol=1e-5), "a row does not depend on its neighbours"


def test_inversion_is_batched_and_says_how_far_it_is_off(tiny):
    said = tiny.embed(PROMPTS)
    x = tiny.draw(said, tiny.noise(2, seed=1), steps=40)
    found = tiny.invert(x, said, steps=40, refine=5)
    assert torch.equal(found.again, tiny.draw(said, found.noise, steps=40))
    assert torch.allclose(found.error, (found.again - x).abs().flatten(1).mean(1))
    one = tiny.invert(x[:1], said.take([0]), steps=40, refine=5)
    assert torch.allclose(one.noise, found.noise[:1], atol=1e-4)
    assert float(found.error.max()) < float((x - tiny.draw(said, tiny.noise(2, seed=9), steps=40)).abs().mean())


def test_places_are_named_as_in_the_folder_and_hold_their_own_values(tiny):
    said, noise = tiny.embed(PROMPTS), tiny.noise(2, seed=0)
    attention, cross = tiny.sites("self_attention", "text_encoder"), tiny.sites("cross_attention")
    assert len(attention) == 2
    assert len(tiny.sites("layer", "text_encoder")) == len(tiny.sites("mlp", "text_encoder")) == 2
    assert all(str(site).endswith("attn2") for site in cross)
    assert {"unet.mid_block", "unet.down_blocks.0"} <= {str(site) for site in tiny.sites("layer")}
    assert tiny.sites("resnet")
    plain = tiny.draw(said, noise, steps=3)
    with intervene(tiny, record=[*cross[:1], "unet.mid_block"]) as run:
        tiny.draw(said, noise, steps=3)
    assert len(run.runs("unet.mid_block")) == 3
    own = {f"{cross[0]}[step={k}]": Patch(value) for k, value in enumerate(run.runs(cross[0]))}
    with intervene(tiny, own):
        assert torch.equal(tiny.draw(said, noise, steps=3), plain)
    with intervene(tiny, {"unet.mid_block[step=1]": 0.0}):
        assert not torch.equal(tiny.draw(said, noise, steps=3), plain)


def test_an_operation_acts_on_the_conditional_half_alone(tiny):
    said, noise = tiny.embed(PROMPTS), tiny.noise(2, seed=0)
    place = tiny.sites("cross_attention")[0]
    for weight in (0.0, 2.0):
        plain = tiny.draw(said, noise, steps=3, guidance=weight)
        with intervene(tiny, {place: Conditional(Noise(1.0, seed=0))}):
            moved = tiny.draw(said, noise, steps=3, guidance=weight)
        assert torch.allclose(plain, moved, atol=1e-5) == (weight == 0.0)


def test_a_state_of_the_text_encoder_is_put_into_another_prompt(tiny):
    clean, other = tiny.embed(PROMPTS[:1]), ["a blue ring"]
    last = str(tiny.sites("layer", "text_encoder")[-1])
    with intervene(tiny, record=[last]) as run:
        tiny.embed(PROMPTS[:1])
    with intervene(tiny, {last: Patch(run[last])}):
        restored = tiny.embed(other)
    assert torch.allclose(restored.tensors["encoder_hidden_states"], clean.tensors["encoder_hidden_states"], atol=1e-6)


def test_tokens_are_found_by_the_tokenizer_not_by_the_word(tiny):
    assert tiny.token_positions("a blue triangle", "triangle") == (3,)
    assert tiny.token_positions("a blue triangle", "blue triangle") == (2, 3)
    assert len(tiny.token_positions("a bluered circle", "bluered")) > 1
    with pytest.raises(DataError, match="does not hold 'ring'"):
        tiny.token_positions("a blue triangle", "ring")
    with pytest.raises(DataError, match="beyond the 10 tokens"):
        tiny.token_positions("a red " * 5 + "ring", "ring")


def test_every_word_is_one_token_and_hostile_words_are_refused(tiny):
    tokenizer = tiny.library.tokenizer
    assert all(len(tokenizer(word).input_ids) == 3 for word in WORDS)
    with pytest.raises(OptionError, match="letters a to z"):
        small_text_to_image(["Red"])


def test_bytes_come_back():
    images = torch.randint(0, 256, (2, 4, 4, 3), dtype=torch.uint8).numpy()
    assert (to_bytes(from_bytes(images)) == images).all()
    with pytest.raises(DataError, match="bytes"):
        from_bytes(images.astype(float))


def test_saved_and_opened_it_draws_the_same(tiny, tmp_path):
    said, noise = tiny.embed(PROMPTS), tiny.noise(2, seed=0)
    tiny.save_pretrained(tmp_path / "again")
    again = open_pipeline(Network.of(tmp_path / "again"))
    assert torch.equal(again.draw(again.embed(PROMPTS), noise, steps=3), tiny.draw(said, noise, steps=3))
    assert open_pipeline(Network.of(tiny)) is tiny
    with pytest.raises(OptionError, match="no pipeline"):
        open_pipeline(Network.of(tiny.denoiser))


# -- other kinds -------------------------------------------------------------------------------------------------------


def test_a_dit_of_classes_draws_what_diffusers_denoises(tmp_path):
    torch.manual_seed(0)
    transformer = diffusers.DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2, sample_size=4,
        norm_num_groups=4, num_embeds_ada_norm=3,
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4, layers_per_block=1)
    scheduler = diffusers.DDIMScheduler(num_train_timesteps=20, timestep_spacing="trailing", clip_sample=False)
    diffusers.DiTPipeline(transformer, vae, scheduler).save_pretrained(tmp_path / "dit")
    pipeline = load_pipeline(tmp_path / "dit")
    assert (pipeline.kind, pipeline.denoiser_name) == ("class", "transformer")
    said, noise = pipeline.of_classes([0, 2]), pipeline.noise(2, seed=0)
    x = pipeline.draw(said, noise, steps=2, guidance=2.0)
    assert x.shape == (2, 3, 4, 4)
    latents, scheduler = noise, pipeline.library.scheduler
    scheduler.set_timesteps(2)
    with torch.no_grad():
        for t in scheduler.timesteps:
            ask = [
                pipeline.denoiser(latents, timestep=t[None].expand(2), class_labels=torch.tensor(labels)).sample[:, :4]
                for labels in ([0, 2], [3, 3])
            ]
            latents = scheduler.step(ask[1] + 2.0 * (ask[0] - ask[1]), t, latents).prev_sample
        assert torch.allclose(x, pipeline.decode(latents), atol=1e-4)
    assert len(pipeline.sites("self_attention")) == 2
    with pytest.raises(OptionError, match="reads no prompts"):
        pipeline.embed(["a ring"])
    with pytest.raises(OptionError, match="classes are 0 to 3, got 7"):
        pipeline.of_classes([7])


def test_an_unconditional_unet_is_driven(tmp_path):
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    diffusers.DDIMPipeline(unet, diffusers.DDIMScheduler(num_train_timesteps=20)).save_pretrained(tmp_path / "ddim")
    pipeline = load_pipeline(tmp_path / "ddim")
    assert pipeline.kind == "unconditional"
    assert pipeline.draw(pipeline.nothing(3), pipeline.noise(3, seed=0), steps=2).shape == (3, 3, 8, 8)


def test_sd3_with_two_clips_and_no_t5_is_driven(tmp_path, tiny):
    torch.manual_seed(0)
    pipeline = load_pipeline(_sd3(tmp_path / "sd3", tiny))
    said = pipeline.embed(PROMPTS)
    x = pipeline.draw(said, pipeline.noise(2, seed=0), steps=2, guidance=2.0)
    assert x.shape == (2, 3, 8, 8)
    assert pipeline.schedule.prediction == "flow"
    assert len(pipeline.text_encoders) == 2
    assert pipeline.sites("self_attention")
    with pytest.raises(OptionError, match="has no cross_attention"):
        pipeline.sites("cross_attention")


def _clip(tiny, name):
    vocabulary = len(tiny.library.tokenizer.get_vocab())
    config = transformers.CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=10, projection_dim=16, eos_token_id=vocabulary - 1, bos_token_id=vocabulary - 2,
        pad_token_id=vocabulary - 1,
    )  # fmt: skip
    return getattr(transformers, name)(config)


def _sd3(place, tiny):
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=32, caption_projection_dim=16, pooled_projection_dim=32,
        pos_embed_max_size=8,
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4, layers_per_block=1)
    diffusers.StableDiffusion3Pipeline(
        transformer, diffusers.FlowMatchEulerDiscreteScheduler(), vae, _clip(tiny, "CLIPTextModelWithProjection"),
        tiny.library.tokenizer, _clip(tiny, "CLIPTextModelWithProjection"), tiny.library.tokenizer, None, None,
    ).save_pretrained(place)  # fmt: skip
    return place


def test_sdxl_with_two_encoders_is_driven(tmp_path, tiny):
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=2, addition_embed_type="text_time", addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=16 + 6 * 4,
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4, layers_per_block=1)
    diffusers.StableDiffusionXLPipeline(
        vae, _clip(tiny, "CLIPTextModel"), _clip(tiny, "CLIPTextModelWithProjection"), tiny.library.tokenizer,
        tiny.library.tokenizer, unet, diffusers.DDIMScheduler(num_train_timesteps=20, steps_offset=1),
        add_watermarker=False,
    ).save_pretrained(tmp_path / "xl")  # fmt: skip
    pipeline = load_pipeline(tmp_path / "xl")
    said = pipeline.embed(PROMPTS)
    assert set(said.tensors) == {"encoder_hidden_states", "text_embeds", "time_ids"}
    assert pipeline.draw(said, pipeline.noise(2, seed=0), steps=2, guidance=2.0).shape == (2, 3, 8, 8)
    assert len(pipeline.sites("self_attention", "text_encoder_2")) == 2


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_weights_that_are_a_pickle_are_refused_with_the_way_to_convert(copied):
    (copied / "unet" / "diffusion_pytorch_model.safetensors").rename(copied / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(FormatError, match=r"is a pickle.*safe_serialization=True"):
        load_pipeline(copied)


def test_a_missing_file_or_part_is_named(copied):
    (copied / "unet" / "config.json").unlink()
    with pytest.raises(FormatError, match=r"unet lacks config\.json"):
        load_pipeline(copied)
    shutil.rmtree(copied / "unet")
    with pytest.raises(FormatError, match=r"lacks the folder unet/"):
        load_pipeline(copied)
    (copied / "model_index.json").unlink()
    with pytest.raises(FormatError, match=r"holds no model_index\.json"):
        load_pipeline(copied)
    with pytest.raises(FormatError, match="looks like one part"):
        load_pipeline(copied / "text_encoder")


def test_classes_that_are_unknown_or_code_of_their_own_are_refused(copied):
    changed(copied, "model_index.json", unet=["diffusers", "UNet2DConditionModl"])
    with pytest.raises(FormatError, match="Did you mean 'UNet2DConditionModel'"):
        load_pipeline(copied)
    changed(copied, "model_index.json", unet=["my_unet", "MyUNet"])
    with pytest.raises(FormatError, match="never run"):
        load_pipeline(copied)
    changed(copied, "model_index.json", _class_name="StablePipeline")
    with pytest.raises(FormatError, match=r"which diffusers .* has not"):
        load_pipeline(copied)
    changed(copied, "model_index.json", _class_name=["pipeline", "Mine"])
    with pytest.raises(FormatError, match="code of its own"):
        load_pipeline(copied)


def test_damaged_files_are_one_sentence(copied):
    weights = copied / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(FormatError):
        load_pipeline(copied)
    (copied / "model_index.json").write_text("{")
    with pytest.raises(FormatError, match="model_index"):
        load_pipeline(copied)


def test_a_safety_checker_is_left_out_and_told(copied):
    changed(copied, "model_index.json", safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"])
    with pytest.warns(UserWarning, match="safety checker .* is left out"):
        pipeline = load_pipeline(copied)
    assert pipeline.library.safety_checker is None


def test_rows_that_do_not_match_are_refused(tiny):
    with pytest.raises(DataError, match="2 rows of a condition and 3 pictures"):
        tiny.draw(tiny.embed(PROMPTS), tiny.noise(3, seed=0), steps=2)
    with pytest.raises(DataError, match="takes"):
        tiny.draw(tiny.embed(PROMPTS), torch.zeros(2, 4, 8, 8), steps=2)
    with pytest.raises(DataError, match="at least"):
        tiny.embed([])
    with pytest.raises(OptionError, match="draws no classes"):
        tiny.of_classes([1])


def test_a_denoiser_of_another_kind_is_named():
    class Odd:
        components = {"unet": torch.nn.Linear(2, 2)}  # noqa: RUF012

    with pytest.raises(FormatError, match="draws with a Linear"):
        ImagePipeline(Odd())
