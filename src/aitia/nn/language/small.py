"""Small language models with random weights, and their tokenizers."""

from collections.abc import Sequence
from typing import Any

import torch

from aitia.errors import OptionError
from aitia.nn.language.model import LanguageModel

__all__ = ["piece_tokenizer", "small_decoder", "small_encoder", "word_tokenizer"]

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def word_tokenizer(vocabulary: Sequence[str], longest: int = 512) -> Any:
    """A tokenizer of whole words, apart by white space; a word outside the vocabulary is `[UNK]`.

    Raises:
        OptionError: If a word is given twice, is empty or holds white space.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel(_vocabulary(vocabulary), unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), _SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=longest, **named)


def piece_tokenizer(words: Sequence[str], pieces: Sequence[str], longest: int = 512) -> Any:
    """A tokenizer of texts whose words are made of pieces, such as syllables; other words may be given whole.

    A word is cut from the left into the longest pieces there are, as WordPiece does. Its end of sequence is `[SEP]`,
    which it adds nowhere.

    Raises:
        OptionError: As for `word_tokenizer`.

    Example:
        >>> tokenizer = piece_tokenizer(["[west]"], ["ka", "to"])
        >>> tokenizer.tokenize("kato [west] tokato")
        ['ka', '##to', '[west]', 'to', '##ka', '##to']
        >>> tokenizer.decode(tokenizer("kato toka")["input_ids"])
        'kato toka'
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = _vocabulary([*words, *pieces, *(f"##{piece}" for piece in pieces)])
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, model_max_length=longest, pad_token="[PAD]", unk_token="[UNK]", eos_token="[SEP]"
    )


def _vocabulary(words: Sequence[str]) -> dict[str, int]:
    held = [*_SPECIAL, *words]
    if len(set(held)) < len(held) or any(len(word.split()) != 1 for word in held):
        raise OptionError("a vocabulary holds single words, each once, and none of " + ", ".join(_SPECIAL))
    return {word: k for k, word in enumerate(held)}


def small_decoder(
    tokenizer: Any,
    *,
    width: int = 64,
    layers: int = 3,
    heads: int = 4,
    longest: int = 64,
    seed: int = 0,
) -> LanguageModel:
    """A Llama of small width with random weights: what reads from left to right, and writes on.

    Args:
        tokenizer: Such as that of `piece_tokenizer`; it has a token for padding and one for the end of a sequence.
        width: Of its hidden states.
        layers: How many.
        heads: Of attention.
        longest: Tokens at most.
        seed: Of the weights.

    Example:
        >>> model = small_decoder(piece_tokenizer(["[west]"], ["ka", "to"]), width=16, layers=1)
        >>> len(model.generate(["kato [west]", "toka [west]"], most=3))
        2
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=longest,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    return LanguageModel(model, tokenizer, longest)


def small_encoder(
    vocabulary: Sequence[str],
    *,
    width: int = 64,
    layers: int = 2,
    heads: int = 4,
    longest: int = 64,
    dropout: float = 0.0,
    seed: int = 0,
) -> LanguageModel:
    """A BERT with a masked-word head and random weights, over whole words.

    Args:
        vocabulary: The words.
        width: Of its hidden states.
        layers: How many.
        heads: Of attention.
        longest: Tokens at most.
        dropout: Share of units dropped in training.
        seed: Of the weights.

    Example:
        >>> model = small_encoder(["good", "bad", "food"], width=16, heads=2)
        >>> model.states(["good food", "bad"]).shape
        torch.Size([2, 16])
    """
    from transformers import BertConfig, BertForMaskedLM

    tokenizer = word_tokenizer(vocabulary, longest)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=longest,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertForMaskedLM(config)
    return LanguageModel(model, tokenizer, longest)
