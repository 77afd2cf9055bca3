"""The language model that is tuned: one that was given, or a small decoder over the words of the texts."""

import copy
from collections.abc import Sequence

from aitia.data.subjects import Network
from aitia.nn.language import word_tokenizer
from aitia.nn.opening import open_language_model
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.nn.sequences.causality import check_causal
from aitia.systems.sift.config import SiftConfig
from aitia.systems.sift.prompts import TEMPLATE
from aitia.systems.sift.sentences import words_of

__all__ = ["made_decoder", "opened_decoder"]


def made_decoder(config: SiftConfig, texts: Sequence[str], types: Sequence[str]) -> SequenceModel:
    """A small decoder over the words of the texts, of the prompts and of the types."""
    words = sorted({*TEMPLATE.split(), *(w for kind in types for w in kind.split()), *words_of(texts)})
    tokenizer = word_tokenizer([word for word in words if word not in ("[SEP]", "[PAD]")])
    tokenizer.eos_token = "[SEP]"
    longest = config.longest or 64 * (config.demonstrations + 1) + config.most
    return small_sequence_model(
        Vocabulary(tokenizer), width=config.width, layers=config.layers, longest=longest, seed=config.seed
    )


def opened_decoder(named: Network, config: SiftConfig) -> SequenceModel:
    """The model that was given, as a copy: it is tuned, and theirs stays.

    Raises:
        OptionError: If its tokens see those behind them, as in an encoder.
    """
    held = open_language_model(named, "causal")
    if isinstance(held, SequenceModel):
        copied = copy.copy(held)
        copied.model = copy.deepcopy(held.model)
        return copied
    found = SequenceModel(copy.deepcopy(held.model), Vocabulary(held.tokenizer), longest=config.longest)
    check_causal(found, named.id)
    return found
