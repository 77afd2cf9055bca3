"""The logit lens: at the last layer the model's own logits, before it the final norm and head by hand."""

import json

import numpy as np
import pytest
import torch
from tests.inside.test_cli import aitia
from tests.nn.sites.models import CASES, IDS

from aitia.errors import OptionError
from aitia.inside import logit_lens
from aitia.inside.lens import lens_logits

PROMPT = "the capital of France is"


def _gemma2():
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "vocab_size": 50, "pad_token_id": 0, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "final_logit_softcapping": 0.5}
    return Gemma2ForCausalLM(Gemma2Config(**sizes, **heads)).eval()


@pytest.mark.parametrize("name", ["GPT-2", "Llama", "Qwen2", "Gemma", "capped"])
def test_the_last_layer_is_the_model_and_the_others_go_through_its_norm_and_head(name):
    model = _gemma2() if name == "capped" else CASES[name]().model
    inputs = {"input_ids": IDS}
    blocks = "transformer.h.*" if name == "GPT-2" else "model.layers.*"
    with torch.no_grad():
        plain = model(**inputs, output_hidden_states=True)
        names, found = lens_logits(model, inputs, blocks)
        assert torch.allclose(found[-1], plain.logits, atol=1e-6)
        assert [len(found), len(names)] == [4, 4]
        norm = model.transformer.ln_f if name == "GPT-2" else model.model.norm
        for hidden, logits in zip(plain.hidden_states[:-1], found, strict=False):
            by_hand = model.lm_head(norm(hidden))
            by_hand = 0.5 * torch.tanh(by_hand / 0.5) if name == "capped" else by_hand
            assert torch.allclose(logits, by_hand, atol=1e-5)


def test_a_lens_tells_what_the_model_says_at_the_end(language):
    found = logit_lens(language, PROMPT)
    logs = language.log_probabilities([PROMPT])[0]
    assert found.layers == ("transformer.h.0[in]", "transformer.h.0", "transformer.h.1", "transformer.h.2")
    assert found.question.answer_text == found.said[-1][-1] == language.words([int(logs.argmax())])[0]
    assert found.answer[-1, -1] == pytest.approx(float(logs.max().exp()), abs=1e-5)
    assert found.sure.shape == found.answer.shape == (4, 5)
    assert found.rank[-1] == 1
    assert found.first in found.layers
    rome = logit_lens(language, PROMPT, "Rome")
    rank = 1 + int((logs > logs[language.continuation("Rome")[0]]).sum())
    assert rome.rank[-1] == rank
    assert (rome.first is None) == (rank > 1)
    assert np.allclose(rome.sure, found.sure)


def test_the_command_and_its_files(folder, tmp_path):
    told = aitia("trace", folder, PROMPT, "--lens", "--answer", "Rome", "--out", tmp_path / "run")
    assert "read after each layer as if it were the last: 'Rome' is" in told
    assert "transformer.h.2" in told
    assert {"lens.csv", "lens.json", "lens.png", "report.html"} <= {p.name for p in (tmp_path / "run").iterdir()}
    lines = (tmp_path / "run" / "lens.csv").read_text().splitlines()
    assert len(lines) == 1 + 4 * 5
    kept = json.loads((tmp_path / "run" / "lens.json").read_text())
    assert kept == json.loads(aitia("trace", folder, PROMPT, "--lens", "--answer", "Rome", "--json"))
    with pytest.raises(OptionError, match="--against is of a trace, and --lens changes nothing"):
        aitia("trace", folder, PROMPT, "--lens", "--against", "the city")
