"""Positions count tokens that are no padding: with padding on either side, in generation with and without a cache."""

import pytest
import torch
from site_models import IDS, OTHER

from aitia.errors import InterventionError
from aitia.nn.sites import Patch, Site, Transform, intervene, record

OUT = "model.layers.1.self_attn.o_proj[in]"
SHORT = torch.tensor([[8, 2, 31, 6]])
LEFT = {
    "input_ids": torch.tensor([[5, 9, 3, 14, 7, 22], [0, 0, 8, 2, 31, 6]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]]),
    "position_ids": torch.tensor([[0, 1, 2, 3, 4, 5], [0, 0, 0, 1, 2, 3]]),
}
RIGHT = {
    "input_ids": torch.tensor([[5, 9, 3, 14, 7, 22], [8, 2, 31, 6, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]),
}


@pytest.mark.parametrize("padded", [LEFT, RIGHT], ids=["left", "right"])
@pytest.mark.parametrize("position", [0, -1, 2, -2, (1, 3), (-1, 0)])
def test_padding_changes_neither_what_is_recorded_nor_what_a_patch_does(llama, padded, position):
    block = Site("model.layers.1", position=position)
    alone = record(llama.model, {"input_ids": SHORT}, [block])
    together = record(llama.model, padded, [block])
    assert torch.allclose(together[block][1:], alone[block], atol=1e-5)
    with intervene(llama.model, {block: 0.5}):
        logits = llama.model(**padded).logits[1, padded["attention_mask"][1].bool()]
        expected = llama.model(input_ids=SHORT).logits[0]
    assert torch.allclose(logits, expected, atol=1e-5)


def test_several_positions_recorded_are_several(gpt2):
    run = record(gpt2.model, gpt2.inputs, ["transformer.h.1", "transformer.h.1[position=1+4]"])
    assert torch.equal(run["transformer.h.1[position=1+4]"], run["transformer.h.1"][:, [1, 4]])
    sliced = record(gpt2.model, gpt2.inputs, ["transformer.h.1[position=2:5]", "transformer.h.1[position=-2:]"])
    assert torch.equal(sliced["transformer.h.1[position=2:5]"], run["transformer.h.1"][:, 2:5])
    assert torch.equal(sliced["transformer.h.1[position=-2:]"], run["transformer.h.1"][:, -2:])


def test_positions_heads_and_units_cross(gpt2):
    site = Site("transformer.h.1.attn", head=(1, 3), unit=(0, 2), position=(-1, 2))
    run = record(gpt2.model, gpt2.inputs, [site, "transformer.h.1.attn.c_proj[in]"])
    whole = run["transformer.h.1.attn.c_proj[in]"].reshape(2, 6, 4, 8)
    expected = whole[:, [5, 2]][:, :, [1, 3]][..., [0, 2]].reshape(2, 2, 4)
    assert torch.equal(run[site], expected)


def test_heads_of_keys_and_values_are_those_that_queries_share(llama):
    # 4 heads of queries, 2 of keys and values, 8 units each.
    run = record(
        llama.model, llama.inputs, ["model.layers.1.self_attn.v_proj[head=1]", "model.layers.1.self_attn.v_proj"]
    )
    whole = run["model.layers.1.self_attn.v_proj"]
    assert whole.shape[-1] == 16
    assert torch.equal(run["model.layers.1.self_attn.v_proj[head=1]"], whole[..., 8:])
    with intervene(llama.model, {"model.layers.1.self_attn[head=3]": 0.0}, record=[OUT]) as run:
        llama.model(**llama.inputs)
    assert (run[OUT][..., 24:] == 0).all()
    assert (run[OUT][..., :24] != 0).any()
    with pytest.raises(InterventionError, match=r"there is no head 2, only 2 of them"):
        record(llama.model, llama.inputs, ["model.layers.1.self_attn.v_proj[head=2]"])


def test_tokens_are_found_by_their_ids(gpt2):
    run = record(gpt2.model, gpt2.inputs, ["transformer.h.0[token=22+4]", "transformer.h.0"])
    assert torch.equal(run["transformer.h.0[token=22+4]"], run["transformer.h.0"][:, -1:])
    repeated = {"input_ids": torch.tensor([[5, 9, 5, 5], [7, 5, 7, 7]])}
    with intervene(gpt2.model, {"transformer.h.0[token=5]": 0.0}, record=["transformer.h.0"]) as run:
        gpt2.model(**repeated)
    assert ((run["transformer.h.0"] == 0).all(dim=-1) == (repeated["input_ids"] == 5)).all()
    with pytest.raises(InterventionError, match="fewer such positions"):
        record(gpt2.model, repeated, ["transformer.h.0[token=5]"])["transformer.h.0[token=5]"]


@pytest.mark.parametrize("position", [-1, 2, (0, -2), slice(1, 3), None, 7])
def test_generation_is_the_same_with_and_without_a_cache(llama, position):
    # Position 7 is the second token that is generated.
    site = Site("model.layers.1", position=position)
    prompts = {name: value for name, value in LEFT.items() if name != "position_ids"}
    direction = torch.linspace(-3, 3, 32)
    found = []
    for use_cache in (True, False):
        with intervene(llama.model, {site: Transform(lambda h: h + direction)}):
            found.append(llama.model.generate(**prompts, max_new_tokens=6, do_sample=False, use_cache=use_cache))
    plain = llama.model.generate(**prompts, max_new_tokens=6, do_sample=False)
    assert torch.equal(*found)
    assert not torch.equal(found[0], plain)


def test_a_prompt_keeps_its_last_position_only_inside_one_generation(llama):
    # Two prompts in one block, the second going on from the first: -1 is the end of each.
    site = "model.layers.1[position=-1]"
    with intervene(llama.model, record=[site]) as run:
        llama.model(input_ids=IDS[:, :5])
        llama.model(input_ids=IDS)
        llama.model.generate(IDS[:, :4], max_new_tokens=2, do_sample=False, use_cache=False)
        llama.model.generate(IDS, max_new_tokens=2, do_sample=False, use_cache=False)
    values = run.runs(site)
    for value, length in zip(values, (5, 6, 4, 4, 6, 6), strict=True):
        expected = record(llama.model, {"input_ids": IDS[:, :length]}, [site])[site]
        assert torch.allclose(value, expected, atol=1e-6)


def test_recording_cached_decoding_puts_the_pieces_together(llama):
    site = "model.layers.1[position=1+6+7]"
    with intervene(llama.model, record=[site]) as run:
        ids = llama.model.generate(IDS, max_new_tokens=4, do_sample=False)
    expected = record(llama.model, {"input_ids": ids}, [site])[site]
    assert torch.allclose(run[site], expected, atol=1e-5)


def test_beams_are_intervened_on_like_rows(llama):
    with intervene(llama.model, {"model.layers.1[position=-1]": 0.5}):
        beams = llama.model.generate(IDS, max_new_tokens=4, num_beams=3, do_sample=False)
        uncached = llama.model.generate(IDS, max_new_tokens=4, num_beams=3, do_sample=False, use_cache=False)
    assert torch.equal(beams, uncached)


def test_encoder_and_decoder_count_their_own_tokens(t5):
    inputs = {**t5.inputs, "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]])}
    sites = ["encoder.block.0[position=0]", "decoder.block.0[position=0]", "encoder.block.0", "decoder.block.0"]
    run = record(t5.model, inputs, sites)
    encoder = run["encoder.block.0"]
    assert torch.equal(run["encoder.block.0[position=0]"][:, 0], torch.stack([encoder[0, 0], encoder[1, 2]]))
    assert torch.equal(run["decoder.block.0[position=0]"], run["decoder.block.0"][:, :1])
    with intervene(t5.model, {"encoder.block.0[position=-1]": 0.5, "decoder.block.0[position=2]": 0.5}):
        cached = t5.model.generate(IDS, max_new_tokens=5, do_sample=False)
        uncached = t5.model.generate(IDS, max_new_tokens=5, do_sample=False, use_cache=False)
    assert torch.equal(cached, uncached)


def test_half_precision_stays_half_and_its_own_patch_exact():
    from site_models import gpt2

    case = gpt2()
    model = case.model.to(torch.bfloat16)
    run = record(model, case.inputs, ["transformer.h.1.attn[head=2, position=-1]"])
    (value,) = run.values()
    assert value.dtype == torch.bfloat16
    with intervene(model, {"transformer.h.1.attn[head=2, position=-1]": Patch(value.float())}):
        assert torch.equal(model(**case.inputs).logits, run.output.logits)


def test_steps_count_the_runs_of_a_module(gpt2):
    with intervene(gpt2.model, {"transformer.h.0[step=1]": 0.0}, record=["transformer.h.0[step=0+1]"]) as run:
        for ids in (IDS, OTHER):
            gpt2.model(input_ids=ids)
    first, second = run.runs("transformer.h.0[step=0+1]")
    assert first.abs().max() > 0
    assert second.abs().max() == 0


def test_positions_that_are_not_there_are_refused(gpt2):
    with pytest.raises(InterventionError, match=r"position 9 is beyond the prompt: row 0 has 6 tokens"):
        record(gpt2.model, gpt2.inputs, ["transformer.h.0[position=9]"])
    short = {"input_ids": IDS, "attention_mask": RIGHT["attention_mask"]}
    with pytest.raises(InterventionError, match=r"position -5 is beyond the prompt: row 1 has 4 tokens"):
        record(gpt2.model, short, ["transformer.h.0[position=-5]"])
    with (
        pytest.raises(InterventionError, match=r"position=40\] did not run in the block: .* never reached"),
        intervene(gpt2.model, {"transformer.h.0[position=40]": 0.0}),
    ):
        gpt2.model.generate(IDS, max_new_tokens=3, do_sample=False, pad_token_id=0)


def test_heads_are_found_inside_the_layers_of_an_encoder_decoder(t5):
    names = ("decoder.block.1.layer.0", "decoder.block.1.layer.0.SelfAttention", "decoder.block.1.layer.1")
    run = record(t5.model, t5.inputs, [f"{name}[head=2]" for name in names])
    first, second, cross = run.values()
    assert torch.equal(first, second)
    assert not torch.equal(first, cross)
    with pytest.raises(InterventionError, match="no attention is around it"):
        record(t5.model, t5.inputs, ["decoder.block.1[head=2]"])
