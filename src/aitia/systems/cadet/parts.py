"""Encoder, tokenizer and decoder of CADET: made, loaded, and kept as JSON beside the weights."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.language import load_language_model, small_encoder, token_batch, word_tokenizer
from aitia.systems.cadet.config import CadetConfig
from aitia.systems.cadet.network import CadetNetwork, ParallelDecoder, SequenceDecoder

__all__ = ["Parts", "tokens"]


class Parts:
    """The architecture of a network, without its weights.

    Args:
        tokenizer: Of the encoder.
        encoder: Configuration of the encoder.
        decoder: Configuration of a sequence-to-sequence decoder; None for the parallel one.
        positions: Tokens of a text at most.
        targets: How many; 1 where none are known.
    """

    def __init__(self, tokenizer: Any, encoder: Any, decoder: Any, positions: int, targets: int) -> None:
        self.tokenizer, self.encoder, self.decoder = tokenizer, encoder, decoder
        self.positions, self.targets = positions, targets

    @property
    def end(self) -> int:
        """The token that ends a text.

        Raises:
            OptionError: If the tokenizer has none.
        """
        found = self.tokenizer.sep_token_id if self.tokenizer.sep_token_id is not None else self.tokenizer.eos_token_id
        if found is None:
            raise OptionError("the encoder's tokenizer has no token that ends a text: take another encoder")
        return int(found)

    def network(self, config: CadetConfig, encoder: nn.Module, decoder: nn.Module | None = None) -> CadetNetwork:
        """The network around an encoder, and around the decoder of a sequence-to-sequence model where there is one."""
        base = copy.deepcopy(cast(Any, encoder).base_model)
        if getattr(base, "pooler", None) is not None:
            base.pooler = None  # the first state is read as it is
        writer: nn.Module | None = None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            width, vocabulary = int(self.encoder.hidden_size), int(self.encoder.vocab_size)
            if config.variant != "erm" and decoder is None:
                writer = ParallelDecoder(width, self.positions, vocabulary)
            elif config.variant != "erm":
                writer = SequenceDecoder(cast(nn.Module, decoder), width, self.positions)
            return CadetNetwork(base, writer, self.targets, config.u_size, config.pooling == "mean")

    def to_json(self) -> dict[str, Any]:
        """All of it, for `from_json`."""
        return {
            "tokenizer": self.tokenizer.backend_tokenizer.to_str(),
            "special": {name: str(token) for name, token in self.tokenizer.special_tokens_map.items()},
            "longest": int(min(self.tokenizer.model_max_length, 10**6)),
            "encoder": self.encoder.to_dict(),
            "decoder": None if self.decoder is None else self.decoder.to_dict(),
            "positions": self.positions,
            "targets": self.targets,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], config: CadetConfig) -> tuple["Parts", CadetNetwork]:
        """What was kept, and a network of it with weights still to be filled in."""
        from tokenizers import Tokenizer
        from transformers import AutoConfig, AutoModel, AutoModelForSeq2SeqLM, PreTrainedTokenizerFast

        core = Tokenizer.from_str(told["tokenizer"])
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=told["longest"], **told["special"])
        encoder, decoder = (
            None if told[name] is None else AutoConfig.for_model(**told[name]) for name in ("encoder", "decoder")
        )
        parts = cls(tokenizer, encoder, decoder, told["positions"], told["targets"])
        with torch.random.fork_rng(devices=[]):
            made = AutoModel.from_config(encoder, trust_remote_code=False)
            writer = None if decoder is None else AutoModelForSeq2SeqLM.from_config(decoder, trust_remote_code=False)
        return parts, parts.network(config, made, writer)


def start(config: CadetConfig, texts: Sequence[str], targets: int) -> tuple[Parts, CadetNetwork, Tensor, Tensor, int]:
    """Parts and network for these texts, and their `tokens`.

    Raises:
        DataError: If a text is empty.
        OptionError: If encoder and decoder do not share their vocabulary.
        FormatError: If one cannot be loaded.
    """
    if config.encoder is not None:
        language = load_language_model(config.encoder, "encoder", longest=config.longest)
    else:
        reserved = set(word_tokenizer([]).all_special_tokens)
        words = sorted({word for text in texts for word in str(text).split()} - reserved)
        language = small_encoder(
            words, width=config.width, layers=config.layers, longest=config.longest, seed=config.seed
        )
    ids, mask, cut = tokens(language.tokenizer, texts, config.longest)
    decoder = None if config.decoder is None else load_language_model(config.decoder, "seq2seq")
    if decoder is not None and decoder.tokenizer.get_vocab() != language.tokenizer.get_vocab():
        raise OptionError(
            f"{config.decoder} and {config.encoder or 'the small encoder'} do not share a vocabulary, so that what is "
            "written cannot be read again: take a pair that does, such as roberta-base and facebook/bart-base"
        )
    encoder_config = cast(Any, language.model).base_model.config
    decoder_config = None if decoder is None else cast(Any, decoder.model).config
    parts = Parts(language.tokenizer, encoder_config, decoder_config, ids.shape[1], targets)
    network = parts.network(config, language.model, None if decoder is None else decoder.model)
    return parts, network, ids, mask, cut


def tokens(tokenizer: Any, texts: Sequence[str], longest: int) -> tuple[Tensor, Tensor, int]:
    """Token ids and mask, (n, tokens) each with first and last tokens, and how many texts were cut at `longest`.

    Raises:
        DataError: If a text is no string or is empty; names the row.
    """
    made = token_batch(tokenizer, texts, longest)
    ids, mask = made["input_ids"], made["attention_mask"]
    if tokenizer.cls_token_id is not None and int(ids[0, 0]) != tokenizer.cls_token_id:
        # A tokenizer of whole words adds none itself.
        kept = [" ".join(text.split()[: longest - 2]) for text in texts]
        cut = sum(len(text.split()) > longest - 2 for text in texts)
        made = token_batch(tokenizer, [f"{tokenizer.cls_token} {text} {tokenizer.sep_token}" for text in kept], longest)
        return made["input_ids"], made["attention_mask"], cut
    full = mask.sum(1) == longest
    lengths = [len(tokenizer(texts[int(row)])["input_ids"]) for row in full.nonzero()[:, 0]]
    return ids, mask, sum(length > longest for length in lengths)
