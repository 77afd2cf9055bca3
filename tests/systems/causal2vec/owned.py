"""What the user of the page of this system has."""

import json

from aitia.nn.language import small_encoder, word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.worlds import RolesWorld


def owned(folder):
    world = RolesWorld(events=1)
    seen, fresh = world.triples(48, seed=0), world.triples(4, seed=1)
    lines = [
        json.dumps({"query": q, "positive": p, "negatives": [n], "instruction": "find"})
        for q, p, n, _ in zip(*seen, strict=True)
    ]
    (folder / "pairs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "queries.csv").write_text("\n".join(["query", *fresh.query]), encoding="utf-8")
    words = sorted({*world.vocabulary, "find"})
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=64).save(folder / "my-decoder")
    small_encoder(words, width=16, layers=1, heads=2).save(folder / "my-encoder")
    return {}
