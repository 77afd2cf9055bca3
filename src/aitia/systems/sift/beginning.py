"""The small decoder that every arm of the claim begins with: it has read plain text over all names of the world."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.evidence.trained_once import trained_once
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import (
    DrawnExamples,
    SequenceLoss,
    SequenceModel,
    Vocabulary,
    objectives,
    small_sequence_model,
)
from aitia.systems.sift.prompts import TEMPLATE
from aitia.train import TrainConfig, train
from aitia.worlds import EntitiesWorld

__all__ = ["WORLD", "Reading", "read_plain_text", "reader_of_plain_text"]

WORLD = EntitiesWorld()


@dataclass(frozen=True)
class Reading:
    """Sizes of a reading.

    Args:
        lines: Of plain text.
        steps: Updates.
        most_lines: Of a document.
        documents: Of an update.
        width: Of the decoder.
        layers: Of the same.
    """

    lines: int
    steps: int
    most_lines: int = 6
    documents: int = 14
    width: int = 96
    layers: int = 3


def reader_of_plain_text(seed: int, sizes: Reading) -> SequenceModel:
    """The decoder, trained or read from the cache."""
    return trained_once(
        __name__, WORLD.name, asdict(sizes), seed, train=lambda: read_plain_text(seed, sizes),
        save=lambda model, folder: model.save(folder), read=SequenceModel.load,
    )  # fmt: skip


def read_plain_text(seed: int, sizes: Reading) -> SequenceModel:
    """The decoder, trained anew."""
    tokenizer = word_tokenizer(sorted({*WORLD.vocabulary, *TEMPLATE.split()}))
    tokenizer.eos_token = "[SEP]"
    vocabulary = Vocabulary(tokenizer)
    model = small_sequence_model(vocabulary, width=sizes.width, layers=sizes.layers, longest=256, seed=seed)
    ids = _documents(vocabulary, seed, sizes, model.longest)
    drawn = DrawnExamples(
        lambda row, _: objectives.full_language(ids[row]), len(ids), sizes.documents, vocabulary.pad, model.longest,
        seed,
    )  # fmt: skip
    config = TrainConfig(
        steps=sizes.steps, learning_rate=2e-3, schedule="cosine", clip=1.0, validate_every=sizes.steps, seed=seed,
        device="cpu",
    )  # fmt: skip
    train(SequenceLoss(model), drawn, config)
    model.model.eval()
    return model


def _documents(vocabulary: Vocabulary, seed: int, sizes: Reading, longest: int) -> list[NDArray[np.int64]]:
    """Plain lines, some after one another: prompts are longer than a line, and what is copied stands further off."""
    lines = [[*vocabulary.encode(line), vocabulary.end] for line in WORLD.plain(sizes.lines, seed=seed)]
    random, found, first = np.random.default_rng([seed, 5]), [], 0
    while first < len(lines):
        behind = first + int(random.integers(1, sizes.most_lines + 1))
        found.append(np.array([token for line in lines[first:behind] for token in line][:longest]))
        first = behind
    return found
