"""In causal transformers all sites run together from their own tokens on: the same numbers as whole runs, less work."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from site_models import CASES, IDS, OTHER
from torch.utils.flop_counter import FlopCounterMode

from aitia.nn.sites import Interchange, LogitDifference, LogProbability, Noise, trace
from aitia.nn.sites.sweep import Sweep

METRIC = LogitDifference([3, 4], 7)


def _blocks(name):
    return "transformer.h" if name == "GPT-2" else "model.layers"


def _ragged(case, sites, metric=METRIC, inputs=None):
    return Sweep(case.model, case.inputs if inputs is None else inputs, sites, metric, True).ragged


@pytest.mark.parametrize("name", ["GPT-2", "Llama", "Qwen2", "Gemma"])
@pytest.mark.parametrize("embedded", [True, False])
def test_all_sites_together_measure_as_whole_runs_one_by_one(name, embedded):
    case, block = CASES[name](), _blocks(name)
    attention = "attn" if name == "GPT-2" else "self_attn"
    sites = [
        f"{block}.*[position=*]",
        f"{block}.*.mlp[position=*]",
        f"{block}.*.{attention}[head=*, position=-2]",
        f"{block}.1[position=2:4]",
        f"{block}.2[in, position=1+3]",
        f"{block}.0.mlp[unit=5]",
    ]
    inputs, other = case.inputs, case.other
    if embedded:
        table = case.model.get_input_embeddings()
        inputs, other = ({"inputs_embeds": table(run["input_ids"])} for run in (inputs, other))
    ragged = _ragged(case, sites, inputs=inputs)
    assert ragged is not None
    for metric in (METRIC, LogProbability(5)):
        for how in ({"against": other}, {"operation": 0.5}, {"operation": Noise(1.0)}):
            whole = trace(case.model, inputs, sites, metric, replay=False, **how)
            for size in (2, 7, 64):
                found = trace(case.model, inputs, sites, metric, batch_size=size, **how)
                assert np.allclose(found.values, whole.values, atol=1e-5)
    assert np.ptp(whole.values) > 1e-3


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_choice_of_sites_measures_as_whole_runs(data):
    case = CASES["Llama"]()
    parts = ("", ".mlp", ".self_attn", ".mlp.down_proj[in]", "[in]", ".input_layernorm")
    picked = st.tuples(st.integers(0, 2), st.sampled_from(parts), st.integers(-6, 5))
    sites = []
    for layer, part, position in data.draw(st.lists(picked, min_size=1, max_size=8)):
        inside = f"in, position={position}" if part.endswith("[in]") else f"position={position}"
        sites.append(f"model.layers.{layer}{part.removesuffix('[in]')}[{inside}]")
    operation = data.draw(st.sampled_from([0.0, Noise(2.0, 1), Interchange([1, 0])]))
    found = trace(case.model, case.inputs, sites, METRIC, operation=operation, batch_size=data.draw(st.integers(1, 9)))
    whole = trace(case.model, case.inputs, sites, METRIC, operation=operation, replay=False)
    assert np.allclose(found.values, whole.values, atol=1e-5)


def test_a_grid_runs_no_more_than_what_comes_after_its_sites():
    # By hand: a token costs a block 24 w^2 flops; site (b, p) needs the blocks after b for the tokens from p on, and of
    # the last of them keys, values and queries (6 w^2) of all but the last token.
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    layers, width, tokens = 6, 192, 16
    model = GPT2LMHeadModel(GPT2Config(n_layer=layers, n_head=4, n_embd=width, vocab_size=60, n_positions=32)).eval()
    clean, corrupted = torch.randint(60, (2, 1, tokens), generator=torch.Generator().manual_seed(1))
    later = torch.arange(tokens, 0, -1)
    full = sum(int(later.sum()) * (layers - 2 - b) for b in range(layers - 1))
    needed = 24 * width**2 * (full + (layers - 1) * tokens) + 6 * width**2 * (layers - 1) * int((later - 1).sum())
    with FlopCounterMode(display=False) as counted:
        found = trace(
            model, {"input_ids": corrupted}, "transformer.h.*[position=*]", METRIC_ONE, against={"input_ids": clean}
        )
    runs = 6 * 24 * width**2 * tokens * layers  # the plain run, the other, and those that are measured at the start
    assert needed < counted.get_total_flops() < 1.1 * (needed + runs)
    whole = trace(
        model, {"input_ids": corrupted}, "transformer.h.*[position=*]", METRIC_ONE, against={"input_ids": clean},
        replay=False,
    )  # fmt: skip
    assert np.allclose(found.values, whole.values, atol=1e-5)


METRIC_ONE = LogitDifference(3, 7)


def test_a_model_whose_attention_does_more_is_run_in_another_way_with_the_same_numbers():
    from transformers import Gemma2Config, Gemma2ForCausalLM, MistralConfig, MistralForCausalLM

    sizes = {"hidden_size": 32, "intermediate_size": 48, "vocab_size": 50, "pad_token_id": 0, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    torch.manual_seed(0)
    capped = Gemma2ForCausalLM(Gemma2Config(**sizes, **heads, head_dim=8, sliding_window=64)).eval()
    narrow, wide = (MistralForCausalLM(MistralConfig(**sizes, **heads, sliding_window=w)).eval() for w in (3, 32))
    for model, fits in ((capped, False), (narrow, False), (wide, True)):
        sites, inputs, other = "model.layers.*[position=*]", {"input_ids": IDS}, {"input_ids": OTHER}
        assert (Sweep(model, inputs, [sites], METRIC, True).ragged is not None) == fits
        found = trace(model, inputs, sites, METRIC, against=other)
        whole = trace(model, inputs, sites, METRIC, against=other, replay=False)
        assert np.allclose(found.values, whole.values, atol=1e-5)
        assert model.config._attn_implementation == ("eager" if model is capped else "sdpa")


def test_padding_other_metrics_and_encoders_do_not_run_together(gpt2, t5):
    sites = ["transformer.h.*[position=*]"]
    assert _ragged(gpt2, sites) is not None
    padded = {"input_ids": IDS, "attention_mask": torch.tensor([[0] + [1] * 5, [1] * 6])}
    assert _ragged(gpt2, sites, inputs=padded) is None
    assert _ragged(gpt2, sites, inputs={**padded, "attention_mask": torch.ones_like(IDS)}) is not None
    assert _ragged(gpt2, sites, metric=lambda output: output.logits[:, 0, 0]) is None
    assert _ragged(gpt2, ["transformer.wte[position=*]"]) is None
    assert _ragged(t5, ["decoder.block.*[position=*]"]) is None
    bert = CASES["BERT"]()
    assert _ragged(bert, ["bert.encoder.layer.*[position=*]"], metric=LogitDifference(1, 0)) is None


def test_an_attention_that_sees_later_tokens_is_noticed(llama):
    class Ahead(type(llama.model.model.layers[0].self_attn)):
        """Sees one token more than it should."""

        def forward(self, hidden_states, **given):
            return super().forward(hidden_states + 0.1 * hidden_states.roll(-1, dims=1), **given)

    model = CASES["Llama"]().model
    model.model.layers[1].self_attn.__class__ = Ahead
    sites = ["model.layers.*[position=*]"]
    assert Sweep(model, llama.inputs, sites, METRIC, True).ragged is None
    found = trace(model, llama.inputs, sites, METRIC, against=llama.other)
    whole = trace(model, llama.inputs, sites, METRIC, against=llama.other, replay=False)
    assert np.allclose(found.values, whole.values, atol=1e-5)
