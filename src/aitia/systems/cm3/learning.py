"""Examples of pages for each objective, and the small decoder that learns from them where no model is given."""

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.data.subjects import Network
from aitia.errors import OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.opening import open_language_model
from aitia.nn.sequences import Example, SequenceModel, Visibility, Vocabulary, objectives, small_sequence_model
from aitia.nn.sequences.causality import check_causal
from aitia.nn.sequences.prefill import check_reads_on
from aitia.systems.cm3.config import Cm3Config, Objective
from aitia.systems.cm3.documents import MASKS, Part, tags_of
from aitia.systems.cm3.layout import Said

__all__ = ["hidden_spans", "made_model", "page_example", "visibility_of"]

Ids = NDArray[np.int64]
HIDDEN = (0.15, 0.5)
"""Share of a page that the masked objective hides, from and to."""
LONGEST_HIDDEN = 16


def visibility_of(objective: Objective) -> Visibility:
    """Who sees whom."""
    return "bidirectional" if objective == "masked" else "causal"


def page_example(
    ids: Ids, config: Cm3Config, vocabulary: Vocabulary, longest: int, random: np.random.Generator
) -> Example:
    """A page to learn from; the sign of its begin is never moved or hidden.

    Args:
        ids: Of the page, `<page>` first.
        config: Says the objective.
        vocabulary: Of the model.
        longest: Tokens that the model takes.
        random: Draws what is moved or hidden.
    """
    if config.objective == "causal":
        return objectives.full_language(np.append(ids, vocabulary.end))
    if config.objective == "masked":
        return hidden_spans(np.append(ids, vocabulary.end), random, int(vocabulary.mask[0]))
    room = max((longest - len(ids) - 1) // 2, 1)
    sentinels = vocabulary.mask[:room].tolist()
    made = objectives.causal_masking(ids[1:], random, sentinels, vocabulary.end, whole=config.whole)
    tokens = np.concatenate([ids[:1], made.tokens])
    first = float(tokens[1] not in sentinels)
    return Example(tokens, objectives.next_tokens(tokens), np.concatenate([[first], made.weights]))


def hidden_spans(ids: Ids, random: np.random.Generator, mask: int) -> Example:
    """Spans are hidden, token by token, and said at their own place; between 15 and 50 % of a page.

    Args:
        ids: Of the page, `<page>` first.
        random: Draws share, lengths (even from 1 to 16) and places.
        mask: Id that stands for what is hidden.
    """
    count = len(ids) - 1
    wanted = max(1, round(random.uniform(*HIDDEN) * count))
    hidden = np.zeros(len(ids), dtype=bool)
    while hidden.sum() < wanted:
        length = min(int(random.integers(1, LONGEST_HIDDEN + 1)), wanted - int(hidden.sum()), count)
        start = 1 + int(random.integers(0, count - length + 1))
        hidden[start : start + length] = True
    return Example(np.where(hidden, mask, ids), ids, hidden.astype(float))


def made_model(
    config: Cm3Config, named: Network | None, pages: Sequence[Sequence[Part]], said: Sequence[Said], codes: int
) -> SequenceModel:
    """The model that learns: a copy of the one that was given, or a small decoder over the words of the pages."""
    visibility, markers = visibility_of(config.objective), tags_of(pages)
    if named is not None:
        held = open_language_model(named, "causal")
        bound = int(getattr(getattr(held.model, "config", None), "max_position_embeddings", 0) or held.longest)
        if config.longest is not None and config.longest > bound:
            raise OptionError(f"longest is {config.longest}, and the model takes {bound} tokens")
        tokenizer = copy.deepcopy(held.tokenizer)
        vocabulary = Vocabulary(tokenizer, codes=codes, sentinels=MASKS, markers=markers)
        model = SequenceModel(copy.deepcopy(held.model), vocabulary, visibility, config.longest)
        if visibility == "causal":
            check_causal(model, named.id)
            check_reads_on(model)
        return model
    texts = [part.text for parts in pages for part in parts if part.kind != "tag" and part.kind != "image"]
    texts += [text for row in said for text in (row.alt, row.title, *(row.infill or ())) if text]
    words = {word for text in texts for word in text.split()}
    tokenizer = word_tokenizer(sorted(words - {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}))
    tokenizer.eos_token = "[SEP]"
    vocabulary = Vocabulary(tokenizer, codes=codes, sentinels=MASKS, markers=markers)
    return small_sequence_model(
        vocabulary, visibility, width=config.width, layers=config.layers, longest=config.longest or 1024,
        seed=config.seed,
    )  # fmt: skip
