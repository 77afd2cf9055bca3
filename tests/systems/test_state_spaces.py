"""Models without sdpa: a state space is refused by what writes, before a training, and read again by an embedder."""

import numpy as np
import pytest
import torch
from tests.nn.sequences.without_sdpa import network, written

import aitia
from aitia.errors import OptionError
from aitia.nn.sequences import SequenceModel, Vocabulary
from aitia.systems.axiomatic_training import AxiomaticTraining
from aitia.systems.causal2vec import Causal2Vec
from aitia.systems.cm3 import Cm3
from aitia.systems.lm_objectives import LmObjectives
from aitia.systems.ume_r1 import UmeR1
from aitia.worlds import AxiomsWorld


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


REASONED = {
    name: texts * 2
    for name, texts in {
        "text": ["two and two", "ann left"], "reasoning": ["makes four", "bob left"], "answer": ["four", "bob"],
        "positive": ["four there", "bob met"], "positive_reasoning": ["four", "met"],
        "positive_answer": ["four", "bob"],
    }.items()
}  # fmt: skip
WRITERS = {
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
