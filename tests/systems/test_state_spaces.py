"""Models without sdpa: a state space is refused by what writes, before a training, and read again by an embedder."""

import numpy as np
import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM, MambaConfig, MambaForCausalLM

import aitia
from aitia.errors import OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary
from aitia.systems.axiomatic_training import AxiomaticTraining
from aitia.systems.causal2vec import Causal2Vec
from aitia.systems.cm3 import Cm3
from aitia.systems.lm_objectives import LmObjectives
from aitia.systems.sift import Sift
from aitia.systems.ume_r1 import UmeR1
from aitia.worlds import AxiomsWorld

WORDS = (
    "ann", "met", "bob", "it", "rained", "left", "there", "was", "rain", "by", "two", "and", "makes", "four", "Yes",
    "No", "person", ":", ";", "none",
)  # fmt: skip


def network(kind):
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    torch.manual_seed(0)
    if kind == "mamba":
        sizes = {"hidden_size": 16, "state_size": 4, "num_hidden_layers": 1}
        return MambaForCausalLM(MambaConfig(vocab_size=len(tokenizer), **sizes, **ends)), tokenizer
    sizes = {"hidden_size": 16, "n_head": 2, "n_layer": 1}
    return BloomForCausalLM(BloomConfig(vocab_size=len(tokenizer), **sizes, **ends)), tokenizer


def written(kind, folder):
    model, tokenizer = network(kind)
    assert not model._supports_sdpa
    model.save_pretrained(folder / kind)
    tokenizer.save_pretrained(folder / kind)
    return folder / kind


@pytest.fixture(scope="module", params=["mamba", "bloom"])
def folder(request, tmp_path_factory):
    return written(request.param, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def mamba(tmp_path_factory):
    return written("mamba", tmp_path_factory.mktemp("models"))


def test_a_model_without_sdpa_is_loaded_as_it_was(folder, tmp_path):
    model, tokenizer = network(folder.name)
    SequenceModel(model, Vocabulary(tokenizer)).save(tmp_path)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        wanted = model.eval()(input_ids=ids).logits
        for place in (folder, tmp_path):
            assert torch.equal(SequenceModel.load(place).logits(ids), wanted)


def test_an_embedder_over_it_is_kept_and_read_again(folder, tmp_path):
    rows = {"text": ["ann met bob", "it rained"], "positive": ["bob was met by ann", "there was rain"]}
    model = Causal2Vec(arm="last-token", steps=1, batch=2, device="cpu").fit(rows, model=str(folder))
    model.save_pretrained(tmp_path / "kept")
    asked = ["ann left", "rain"]
    assert np.array_equal(aitia.load(tmp_path / "kept").vectors(asked), model.vectors(asked))


def test_low_rank_updates_of_a_state_space_are_refused(mamba):
    rows = {"text": ["ann met bob", "it rained"], "positive": ["bob was met by ann", "there was rain"]}
    with pytest.raises(OptionError, match="MambaForCausalLM has no attention that low-rank updates are known for"):
        Causal2Vec(arm="last-token", lora=2, steps=1, batch=2, device="cpu").fit(rows, model=str(mamba))


SPANS = {"text": ["ann met bob", "it rained"] * 2, "spans": [[[0, 3, "person"]], []] * 2}
REASONED = {
    name: texts * 2
    for name, texts in {
        "text": ["two and two", "ann left"], "reasoning": ["makes four", "bob left"], "answer": ["four", "bob"],
        "positive": ["four there", "bob met"], "positive_reasoning": ["four", "met"],
        "positive_answer": ["four", "bob"],
    }.items()
}  # fmt: skip
WRITERS = {
    Sift: (SPANS, {"demonstrations": 1}),
    LmObjectives: ({"text": ["ann met bob by rain", "it rained there and rained"] * 4}, {"arms": ("cd:flm",)}),
    UmeR1: (REASONED, {}),
    AxiomaticTraining: (None, {}),
    Cm3: ({"document": ["<p>ann met bob</p>", "<p>it rained</p>"] * 2}, {"objective": "causal"}),
}


@pytest.mark.parametrize("system", WRITERS)
def test_what_writes_or_ranks_refuses_a_state_space_before_any_step(system, mamba, monkeypatch):
    rows, options = WRITERS[system]
    if rows is None:
        rows = AxiomsWorld().rows(AxiomsWorld().sample(20, seed=0))
    monkeypatch.setattr(torch.optim.Optimizer, "__init__", lambda *_, **__: pytest.fail("a training began"))
    with pytest.raises(OptionError, match=r"MambaForCausalLM keeps no keys and values .* as state spaces do not"):
        system(device="cpu", **options).fit(rows, model=str(mamba))
