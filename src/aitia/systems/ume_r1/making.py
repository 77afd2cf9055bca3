"""The language model that embeds: one that was given, or a small decoder over the words of the rows."""

import copy
from collections.abc import Iterable, Sequence

from aitia.data.subjects import Network
from aitia.errors import DataError
from aitia.nn.language import word_tokenizer
from aitia.nn.opening import open_language_model
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.nn.sequences.causality import check_causal
from aitia.nn.sequences.prefill import check_reads_on
from aitia.systems.ume_r1.config import UmeR1Config
from aitia.systems.ume_r1.items import Item
from aitia.systems.ume_r1.layout import MARKERS, Layout

__all__ = ["check_written", "made_decoder", "opened_decoder"]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def made_decoder(config: UmeR1Config, items: Iterable[Item], codes: int) -> SequenceModel:
    """A small decoder over the words of the items, apart by white space, codes of pictures and markers."""
    items = list(items)
    said = [config.ask]
    for item in items:
        said += [item.text, item.instruction, item.reasoning or "", item.answer or ""]
    tokenizer = word_tokenizer(sorted({word for text in said for word in text.split()} - {*SPECIAL, *MARKERS}))
    tokenizer.eos_token = "[SEP]"
    vocabulary = Vocabulary(tokenizer, codes=codes, markers=MARKERS)
    layout = Layout(vocabulary, config.ask)
    longest = config.longest or max(len(layout.prompt(item)) for item in items) + 2 * config.most + 1
    return small_sequence_model(
        vocabulary, width=config.width, layers=config.layers, heads=config.heads, longest=longest,
        seed=config.seed,
    )  # fmt: skip


def opened_decoder(named: Network, config: UmeR1Config, codes: int) -> SequenceModel:
    """The model that was given, as a copy: it is trained, and theirs stays. It gets the tokens that it lacks.

    Raises:
        OptionError: If its tokens see those behind them, as in an encoder, or it is a state space, which keeps
            nothing to write on.
    """
    held = open_language_model(named, "causal")
    vocabulary = Vocabulary(copy.deepcopy(held.tokenizer), codes=codes, markers=MARKERS)
    found = SequenceModel(copy.deepcopy(held.model), vocabulary, longest=config.longest or None)
    check_causal(found, named.id)
    check_reads_on(found)
    return found


def check_written(layout: Layout, items: Sequence[Item], most: int) -> None:
    """Whether all that is to be learnt can be written in so many tokens.

    Raises:
        DataError: If something is too long; says how many are, and the longest.
    """
    lengths = [len(layout.said(item.reasoning or "", item.answer or "")) for item in items]
    if (longest := max(lengths, default=0)) > most:
        over = sum(length > most for length in lengths)
        raise DataError(
            f"{over} of {len(lengths)} reasonings with their answers are longer than most={most} tokens, the longest "
            f"{longest}, and would never be finished: raise most"
        )
