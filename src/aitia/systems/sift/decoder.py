"""The small decoder that is tuned where no language model is given, over the words of the texts."""

from collections.abc import Sequence

from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.systems.sift.config import SiftConfig
from aitia.systems.sift.prompts import TEMPLATE
from aitia.systems.sift.sentences import words_of

__all__ = ["made_decoder"]


def made_decoder(config: SiftConfig, texts: Sequence[str], types: Sequence[str]) -> SequenceModel:
    """A small decoder over the words of the texts, of the prompts and of the types."""
    words = sorted({*TEMPLATE.split(), *(w for kind in types for w in kind.split()), *words_of(texts)})
    tokenizer = word_tokenizer([word for word in words if word not in ("[SEP]", "[PAD]")])
    tokenizer.eos_token = "[SEP]"
    longest = config.longest or 64 * (config.demonstrations + 1) + config.most
    return small_sequence_model(
        Vocabulary(tokenizer), width=config.width, layers=config.layers, longest=longest, seed=config.seed
    )
