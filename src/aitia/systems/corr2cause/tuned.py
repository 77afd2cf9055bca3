"""A model of one's own that is tuned to answer: the encoder or decoder of a folder with a head of two classes.

Premise and hypothesis are one text, and the last layer says whether it follows. Every weight is trained, or low-rank
updates of the attention and the head alone.

Source:
    Jin et al., Can large language models infer causation from correlation?, ICLR 2024, section 5: encoders and decoders
    are tuned on questions with labels there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.subjects import Client, Network, Subject
from aitia.errors import DataError, OptionError
from aitia.nn.language import LanguageModel, by_length, load_language_model
from aitia.nn.sequences.low_rank import read_low_rank, with_low_rank, without_low_rank, write_low_rank
from aitia.nn.sequences.saving import state_file
from aitia.runs import RunStore
from aitia.systems.corr2cause.config import Corr2CauseConfig
from aitia.systems.corr2cause.encoder import Drawn, Weighted
from aitia.train import TrainConfig, train

__all__ = ["Tuned", "network_of"]

AT_ONCE = 32
"""Questions that are answered at once."""
UNBOUND = 512
"""Tokens of a model that says no bound of its own."""
Texts = Sequence[tuple[str, str]]


def network_of(model: Subject) -> Network:
    """What is asked as what is tuned.

    Raises:
        OptionError: If it has no weights that could be tuned: an endpoint, a GGUF file, or an object of Python.
    """
    asked = cast(Client, model)
    if asked.is_endpoint or asked.opened is not None or asked.id.endswith(".gguf"):
        raise OptionError(
            f"{asked.id} can be asked and not tuned: give the folder of a model, or owner/name of the Hub, or leave "
            "out --tune"
        )
    return Network(asked.id, asked.revision, asked.hash, place=asked.place)


@dataclass
class Tuned:
    """A model with its head.

    Args:
        language: Model and tokenizer.
        lora: Rank of its updates; 0 where every weight is its own.
    """

    language: LanguageModel
    lora: int
    losses: tuple[Any, ...] = ()

    @classmethod
    def opened(cls, model: Subject, config: Corr2CauseConfig) -> Self:
        """The model that was given, with a new head of two classes, before any training."""
        network = network_of(model)
        with torch.random.fork_rng(devices=[]), _new_heads_expected():
            torch.manual_seed(config.seed)
            language = load_language_model(
                network.where(), "classifier", revision=network.revision or None, num_labels=2,
                ignore_mismatched_sizes=True,
            )  # fmt: skip
        found = cls(_bounded(language), config.lora)
        if config.lora:
            with_low_rank(language, config.lora, config.seed, classes=True)
        return found

    @classmethod
    def fit(
        cls, model: Subject, texts: Texts, naming: Callable[[int, int], tuple[str, str]], labels: NDArray[np.bool_],
        config: Corr2CauseConfig, run: RunStore,
    ) -> Self:  # fmt: skip
        """Tunes it on labelled questions.

        Args:
            model: The folder, or owner/name.
            texts: Premise and hypothesis of each.
            naming: From the number of a question, and that of a naming, to its texts.
            labels: Whether each is entailed.
            config: Steps, batch, rate, rank.
            run: Keeps the state of the training.

        Raises:
            DataError: If a question is longer than the model reads; names it.
            OptionError: As for `check`.
        """
        tuned = cls.opened(model, config)
        tuned.check(texts)
        network = _Classifier(tuned.language)
        drawn = Drawn(tuned.batch, lambda row, which: _said(naming(row, which)), labels, config)
        history = train(
            network, drawn,
            TrainConfig(
                steps=config.steps, learning_rate=config.tuning_rate, schedule="cosine", clip=1.0, weight_decay=0.01,
                seed=config.seed, device=config.device,
            ),
            progress=run.progress, what="tuning the model", checkpoint=state_file(run.checkpoint, "tuning"),
        )  # fmt: skip
        tuned.language.model.eval()
        tuned.losses = tuple(history.losses)
        return tuned

    def scores(self, texts: Texts) -> NDArray[np.float64]:
        """(n,) probability that each is entailed.

        Raises:
            DataError: If a question is longer than the model reads; names it.
        """
        self.check(texts)
        said = [_said(text) for text in texts]
        found = np.zeros(len(said))
        network = _Classifier(self.language).eval()
        with torch.no_grad():
            for rows in by_length(said, AT_ONCE):
                ids, mask = self.batch([said[row] for row in rows])
                found[rows] = network.logits(ids, mask).float().softmax(dim=-1)[:, 1].double().cpu().numpy()
        return found

    def batch(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens and mask."""
        made = self.language.batch(texts)
        return made["input_ids"], made["attention_mask"]

    def check(self, texts: Texts) -> None:
        """Refuses what is longer than the model reads: a premise that is cut would be another one.

        Raises:
            DataError: Names the question.
            OptionError: If the head of the model reads at an end of sequence that its tokenizer does not put.
        """
        config = cast(Any, self.language.model).config
        for row, text in enumerate(texts):
            ids = self.language.tokenizer(_said(text))["input_ids"]
            if getattr(config, "is_encoder_decoder", False) and config.eos_token_id not in ids:
                raise OptionError(
                    "the tokenizer of the model puts no end of sequence behind a text, at which an encoder with a "
                    "decoder is read: take a tokenizer that does"
                )
            length = len(ids)
            if length > self.language.longest:
                raise DataError(
                    f"question {row} has {length} tokens, and the model reads {self.language.longest}: take a model "
                    "that reads more, or drop the question; one that is cut would be another one"
                )

    def save(self, folder: Path) -> None:
        """Writes the model, which transformers opens, or its updates alone, which peft does."""
        if self.lora:
            write_low_rank(self.language, folder)
        else:
            self.language.save(folder)

    @classmethod
    def load(cls, folder: Path, model: Subject, config: Corr2CauseConfig) -> Self:
        """What `save` wrote; updates are put on the model that was given."""
        if not config.lora:
            return cls(_bounded(load_language_model(folder, "classifier", num_labels=2)), 0)
        plain = cls.opened(model, Corr2CauseConfig(lora=0, seed=config.seed))
        read_low_rank(plain.language, folder, config.lora, classes=True)
        return cls(plain.language, config.lora)

    def merged(self) -> LanguageModel:
        """The model with its updates added to its weights."""
        return without_low_rank(self.language)


class _Classifier(Weighted):
    def __init__(self, language: LanguageModel) -> None:
        super().__init__()
        self.model = language.model

    def logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        device = next(self.model.parameters()).device
        scores: Tensor = self.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
        return scores


@contextmanager
def _new_heads_expected() -> Iterator[None]:
    """Without the table in which transformers says that the head is new: it is what is asked for."""
    from transformers.utils import logging

    was = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(was)


def _bounded(language: LanguageModel) -> LanguageModel:
    """With the bound that model and tokenizer say, and the padding by which a decoder finds its last token."""
    config = cast(Any, language.model).config
    bounds = (language.tokenizer.model_max_length, getattr(config, "max_position_embeddings", None) or UNBOUND)
    language.longest = int(min(bounds))
    config.pad_token_id = language.tokenizer.pad_token_id
    return language


def _said(text: tuple[str, str]) -> str:
    return "\n".join(part.strip() for part in text)
