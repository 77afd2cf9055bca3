"""Texts of a small world of concepts, prompts, and a decoder that learnt what follows such texts."""

import csv
import io
from pathlib import Path

from aitia.files import write_whole
from aitia.nn.language import small_decoder, word_tokenizer
from aitia.system.example import Example
from aitia.systems.next_token_concepts.predictors import teach
from aitia.worlds.concept_text import ConceptTextWorld

__all__ = ["write"]

CONCEPTS = ("c1", "c2")


def write(folder: Path, seed: int) -> Example:
    """160 texts with two concepts as a CSV file, six prompts, and the folder of a decoder."""
    world = ConceptTextWorld(concepts=2, words=4, next_choices=12)
    decoder = small_decoder(
        word_tokenizer([*world.vocabulary, *world.next_vocabulary]), width=16, layers=1, longest=16, seed=seed
    )
    teach(decoder, world, rows=2000, steps=80, batch=64, learning_rate=1e-2, seed=seed)
    decoder.save(folder / "decoder")
    sample = world.sample(166, seed=seed)
    texts = world.render(sample).tolist()
    labels = [[world.latent(name).labels[int(v)] for v in sample[name]] for name in CONCEPTS]
    _write(folder / "texts.csv", ["text", *CONCEPTS], list(zip(texts, *labels, strict=True))[:160])
    _write(folder / "prompts.csv", ["text"], [(text,) for text in texts[160:]])
    return Example(
        folder / "texts.csv",
        roles={"text": "text", "labels": CONCEPTS},
        subjects={"model": str(folder / "decoder")},
        options={"autoencoder": "top-k", "features": 24, "k": 4, "steps": 30, "permutations": 3, "most": 1},
        do="do(c1=present)",
        other="do(c1=absent)",
        rows=folder / "prompts.csv",
        outcome="written",
    )


def _write(path: Path, head: list[str], lines: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\n")
    written.writerow(head)
    written.writerows(lines)
    write_whole(path, text.getvalue())
