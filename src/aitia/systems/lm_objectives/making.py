"""What an arm begins with: a small model over the words of the rows, or one that is given; and pieces of documents."""

import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.subjects import Network
from aitia.errors import DataError, OptionError
from aitia.nn.hugging_face import load_tokenizer
from aitia.nn.language import word_tokenizer
from aitia.nn.opening import open_language_model
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.nn.sequences.causality import check_causal
from aitia.nn.sequences.prefill import check_reads_on
from aitia.systems.lm_objectives.config import LmObjectivesConfig
from aitia.systems.lm_objectives.stages import Stage, most_spans

__all__ = ["begin_of", "begun", "opened", "pieces_of", "sentinels_of", "tokenizer_of", "with_sentinels"]

Ids = NDArray[np.int64]
ROOM = 32
"""Tokens that a small model takes beyond the longest of its training."""


def tokenizer_of(config: LmObjectivesConfig, texts: Iterable[str]) -> Any:
    """The tokenizer of small models: the one that is named, or whole words, the commonest.

    Raises:
        FormatError: If there is no such tokenizer.
    """
    if config.tokenizer:
        return load_tokenizer(config.tokenizer)
    counts = Counter(word for text in texts for word in text.split())
    for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
        counts.pop(name, None)
    kept = sorted(counts, key=lambda word: (-counts[word], word))[: config.words]
    tokenizer = word_tokenizer(sorted(kept))
    tokenizer.eos_token = "[SEP]"
    return tokenizer


def begun(config: LmObjectivesConfig, stage: Stage, tokenizer: Any, longest: int) -> SequenceModel:
    """A small model with random weights.

    Args:
        config: Its size and seed.
        stage: The first of the arm, which says who sees whom.
        tokenizer: Of its tokens.
        longest: Tokens of the texts that it is to take.
    """
    # Rows for masked spans are there whatever the objective: all arms are of one size, and can be changed to any other.
    vocabulary = Vocabulary(copy.deepcopy(tokenizer))
    if (spans := most_spans(config.length)) > len(sentinels_of(vocabulary)):
        vocabulary = Vocabulary(vocabulary.tokenizer, sentinels=spans)
    return small_sequence_model(
        vocabulary, stage.visibility, width=config.width, layers=config.layers, longest=longest + ROOM,
        seed=config.seed,
    )  # fmt: skip


def opened(named: Network, config: LmObjectivesConfig, arm: str, stages: Sequence[Stage]) -> SequenceModel:
    """A copy of a model that is given, under the visibility of the first stage.

    Raises:
        OptionError: If it has no encoder and the arm needs one or the reverse, it attends in a way that takes no mask,
            its tokens see those behind them, it is a state space, or it lacks the rows for masked spans.
        FormatError: If there is no such model.
    """
    visibility = stages[0].visibility
    if named.opened is None and ":" not in named.id:
        # Its own way to attend: one that takes no mask is named where a mask is needed.
        model = SequenceModel.load(
            named.where(), visibility=visibility, revision=named.revision or None, attn_implementation=None
        )
    else:
        held = open_language_model(named, "seq2seq" if visibility == "encoder-decoder" else "causal")
        vocabulary = Vocabulary.of(copy.deepcopy(held.tokenizer))
        model = SequenceModel(copy.deepcopy(held.model), vocabulary, visibility, held.longest)
    if visibility == "causal":
        check_causal(model, named.id)
        check_reads_on(model)
    return with_sentinels(model, config, named.id, arm, stages)


def with_sentinels(
    model: SequenceModel, config: LmObjectivesConfig, who: str, arm: str, stages: Sequence[Stage]
) -> SequenceModel:
    """The model with the rows that masked spans need; the very model where it has them, or needs none.

    Raises:
        OptionError: If it lacks some and the options do not say to add them.
    """
    needed, there = most_spans(config.length), len(sentinels_of(model.vocabulary))
    if there >= needed or all(stage.objective != "mlm" for stage in stages):
        return model
    if not config.add_sentinels:
        raise OptionError(
            f"{who} has {there} sentinel rows, and {arm} needs {needed} for documents of {config.length} tokens: say "
            "--add-sentinels, and they begin as the mean of the others"
        )
    return SequenceModel(
        model.model, Vocabulary(model.vocabulary.tokenizer, sentinels=needed), model.visibility, model.longest
    )


def sentinels_of(vocabulary: Vocabulary) -> Ids:
    """Ids that stand for masked spans: ours, or those of T5, `<extra_id_0>` on."""
    if len(vocabulary.mask):
        return vocabulary.mask
    held = vocabulary.tokenizer.get_vocab()
    found: list[int] = []
    while (name := f"<extra_id_{len(found)}>") in held:
        found.append(held[name])
    return np.array(found, dtype=np.int64)


def begin_of(model: SequenceModel) -> int:
    """The id that a decoder behind an encoder reads first; 0 where there is none."""
    return int(cast(Any, model.model).config.decoder_start_token_id) if model.has_encoder else 0


def pieces_of(
    documents: Sequence[tuple[int, str]], vocabulary: Vocabulary, length: int, stages: Sequence[Stage]
) -> tuple[list[Ids], int]:
    """Documents in tokens with the end of a sequence, cut to a length; and how many rests were too short to learn from.

    Raises:
        DataError: If a document is too short for the objective; names the row.
    """
    least, strictest = max((stage.shortest, str(stage)) for stage in stages)
    pieces: list[Ids] = []
    left_out = 0
    for row, text in documents:
        ids = np.append(vocabulary.encode(text), vocabulary.end)
        if len(ids) - 1 < least:
            raise DataError(
                f"the text of row {row} has {len(ids) - 1} tokens, and {strictest} needs {least}: drop the row or join "
                "short texts"
            )
        cut = [ids[start : start + length] for start in range(0, len(ids), length)]
        pieces += [piece for piece in cut if len(piece) >= least]
        left_out += sum(len(piece) < least for piece in cut)
    return pieces, left_out
