"""Encoders of texts as modules that are trained: any that gives (n, d) from the tensors of a batch.

    bag of words       the sum of the vectors of a text's words, and a linear map: seconds on one core
    language model     the mean last hidden state: a small one made here, or any of the Hub

Both take `ids` and `mask`, (n, tokens) each, so that texts are tokenised once and a training step is tensors only. An
encoder tells itself as JSON, with which it is made again without its source: weights are kept apart.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import FormatError, OptionError
from aitia.nn.language import LanguageModel, last_states, load_language_model, mean_state, small_encoder

__all__ = ["BagEncoder", "StateEncoder", "TextEncoder", "text_encoder", "text_encoder_of", "words"]

MOST_WORDS = 20_000


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation.

    Example:
        >>> words("Good food, cold soup.")
        ['good', 'food', 'cold', 'soup']
    """
    return re.findall(r"\w+(?:'\w+)?", text.lower())


class TextEncoder(nn.Module):
    """What gives (n, d) from ids and mask; a subclass gives the three parts below."""

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask, (n, tokens) each."""
        raise NotImplementedError

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, d)."""
        raise NotImplementedError

    def described(self) -> dict[str, Any]:
        """All but the weights, as JSON values, for `text_encoder_of`."""
        raise NotImplementedError

    def codes(self, texts: Sequence[str], batch_size: int = 256) -> Tensor:
        """(n, d) without gradient."""
        if not len(texts):
            return torch.empty(0, 0)
        ids, mask = self.tokens(texts)
        return self.codes_of(ids, mask, batch_size)

    def codes_of(self, ids: Tensor, mask: Tensor, batch_size: int = 256) -> Tensor:
        """(n, d) of tokens, without gradient; texts of like length go together."""
        was, order = self.training, torch.argsort(mask.sum(1), stable=True)
        self.eval()
        parts = []
        with torch.no_grad():
            for rows in torch.split(order, batch_size):
                longest = max(int(mask[rows].sum(1).max()), 1)
                parts.append(self(ids[rows, :longest], mask[rows, :longest]))
        self.train(was)
        found = torch.cat(parts)
        codes = torch.empty_like(found)
        codes[order] = found
        return codes


class BagEncoder(TextEncoder):
    """A linear map of the sum of the vectors of the words that the vocabulary has; their order is not seen.

    Args:
        vocabulary: The words; others are left out.
        width: Of vectors and code.
        weights: How much each word counts before any training, such as the inverse of its frequency; None counts all
            alike. A wide encoder then starts out as near as the words weighted so are, up to chance.

    Example:
        >>> encoder = BagEncoder(["good", "food"], 8)
        >>> encoder.codes(["Good food", "nothing known"]).shape
        torch.Size([2, 8])
    """

    def __init__(self, vocabulary: Sequence[str], width: int = 64, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.vocabulary, self.width = tuple(vocabulary), width
        self._place = {word: k + 1 for k, word in enumerate(self.vocabulary)}
        self.embedding = nn.EmbeddingBag(len(self.vocabulary) + 1, width, mode="sum", padding_idx=0)
        self.map = nn.Linear(width, width)
        with torch.no_grad():
            scale = torch.ones(len(self.vocabulary)) if weights is None else torch.as_tensor(weights).float()
            # Small, so that what is learnt soon outweighs what was drawn; the map turns and keeps every angle.
            self.embedding.weight[1:] *= 0.3 * width**-0.5 * (scale / scale.mean())[:, None]
            nn.init.orthogonal_(self.map.weight)
            nn.init.zeros_(self.map.bias)

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids of the known words, 0 where a text has ended."""
        known = [[self._place[word] for word in words(text) if word in self._place] for text in texts]
        longest = max((len(row) for row in known), default=0) or 1
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in known]).reshape(len(known), longest)
        return ids, (ids > 0).long()

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, width)."""
        codes: Tensor = self.map(self.embedding(ids))
        return codes

    def described(self) -> dict[str, Any]:
        """Vocabulary and width."""
        return {"kind": "bag", "vocabulary": list(self.vocabulary), "width": self.width}


class StateEncoder(TextEncoder):
    """The mean last hidden state of a language model.

    Args:
        language: The model, without a head or with one that is not used, and its tokenizer.
    """

    def __init__(self, language: LanguageModel) -> None:
        super().__init__()
        model: Any = language.model
        self.language, self.base = language, getattr(model, "base_model", model)
        language.tokenizer.padding_side = "right"  # so that a batch of short texts can be cut to its longest

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask of the tokenizer."""
        made = self.language.batch(texts)
        return made["input_ids"], made["attention_mask"]

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, width)."""
        return mean_state(last_states(self.base, {"input_ids": ids, "attention_mask": mask}), mask)

    def described(self) -> dict[str, Any]:
        """Configuration, tokenizer and length.

        Raises:
            FormatError: If the tokenizer is not one of the `tokenizers` library.
        """
        tokenizer = self.language.tokenizer
        if not getattr(tokenizer, "backend_tokenizer", None):
            raise FormatError(
                f"{type(tokenizer).__name__} is no fast tokenizer: the encoder cannot be saved in one folder"
            )
        config: Any = self.base.config
        return {
            "kind": "states",
            "config": config.to_dict(),
            "tokenizer": tokenizer.backend_tokenizer.to_str(),
            "special": {name: str(token) for name, token in tokenizer.special_tokens_map.items()},
            "longest": self.language.longest,
            "pooler": getattr(self.base, "pooler", None) is not None,
        }


def text_encoder(
    source: str | Path, texts: Sequence[str], *, width: int = 64, longest: int | None = None, seed: int = 0
) -> TextEncoder:
    """An encoder, not yet trained for any purpose of ours.

    Args:
        source: `bag`; `small`, a two-layer transformer over whole words; or a Hugging Face encoder by id or folder.
        texts: Whose words the first two know.
        width: Of the first two.
        longest: Tokens at most; None takes the longest of the texts for `small`, and what the tokenizer says otherwise.
        seed: Of the weights of the first two.

    Raises:
        OptionError: If no text has a word.
        FormatError: If there is no such model.
    """
    if source not in ("bag", "small"):
        return StateEncoder(load_language_model(source, "encoder", longest=longest))
    split = [words(text) if source == "bag" else text.split() for text in texts]
    counted = Counter(word for row in split for word in dict.fromkeys(row))
    vocabulary = sorted(word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS])
    if not vocabulary:
        raise OptionError("no text has a word, so that there is nothing to encode")
    if source == "bag":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            rarity = [log((1 + len(texts)) / (1 + counted[word])) + 1 for word in vocabulary]
            return BagEncoder(vocabulary, width, rarity)
    length = longest or min(max(len(row) for row in split), 512)
    return StateEncoder(small_encoder(vocabulary, width=width, longest=length, seed=seed))


def text_encoder_of(described: Mapping[str, Any]) -> TextEncoder:
    """The encoder that `described` tells of, its weights still to be filled in.

    Raises:
        FormatError: If it tells of none.
    """
    try:
        if described["kind"] == "bag":
            return BagEncoder(described["vocabulary"], described["width"])
        from tokenizers import Tokenizer
        from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

        config = dict(described["config"])
        model = AutoModel.from_config(AutoConfig.for_model(config.pop("model_type"), **config), trust_remote_code=False)
        if not described["pooler"] and hasattr(model, "pooler"):
            model.pooler = None  # a model that came with a head has none, and it is not used here
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(described["tokenizer"]), **described["special"]
        )
        return StateEncoder(LanguageModel(model, tokenizer, described["longest"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"this tells of no text encoder: {error}") from error
