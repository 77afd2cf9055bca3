"""Decoder and encoder: those that were given, or small ones over the words of the texts, which read these first."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from aitia.data.subjects import Network
from aitia.engine import Progress
from aitia.errors import OptionError
from aitia.nn.language import LanguageModel, small_encoder, word_tokenizer
from aitia.nn.language.tokens import mask_tokens
from aitia.nn.opening import open_language_model
from aitia.nn.sequences import (
    DrawnExamples,
    SequenceLoss,
    SequenceModel,
    Vocabulary,
    objectives,
    small_sequence_model,
)
from aitia.systems.causal2vec.config import Causal2VecConfig
from aitia.systems.causal2vec.embedder import headless
from aitia.train import RowBatches, TrainConfig, train
from aitia.train.state import History

__all__ = ["made_decoder", "made_encoder", "opened_encoder", "read_by_decoder", "read_by_encoder"]

MASKED = 0.15
"""Share of words that the small encoder has to guess."""
ROOM = 8
"""Tokens of the small models beside those of a text."""


def opened_encoder(named: Network) -> LanguageModel:
    """The encoder that was given, as a copy.

    Raises:
        OptionError: If its tokens do not see those behind them, as in a causal language model.
    """
    held = open_language_model(named, "encoder")
    if getattr(cast(Any, held.model).config, "is_encoder_decoder", False):
        raise OptionError(f"{named.id} has a decoder behind its encoder: give an encoder by itself, such as a BERT")
    found = headless(LanguageModel(copy.deepcopy(held.model), held.tokenizer, held.longest))
    if not _sees_ahead(found.model):
        raise OptionError(
            f"{named.id} is a causal language model, whose tokens see none behind them: give it as model, and an "
            "encoder such as a BERT as encoder"
        )
    return found


@torch.no_grad()
def _sees_ahead(model: nn.Module) -> bool:
    """Whether the state of the first token changes with the last."""
    device, was = next(model.parameters()).device, model.training
    ids = torch.tensor([[0, 1, 2, 1], [0, 1, 2, 3]], device=device)
    base = cast(Any, model).base_model
    states = base.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.float()
    model.train(was)
    return not torch.allclose(states[0, 0], states[1, 0], rtol=1e-4, atol=1e-6)


def made_decoder(config: Causal2VecConfig, texts: Sequence[str], instructions: Sequence[str]) -> SequenceModel:
    """A small decoder over the words of the texts, with room for a text given twice."""
    tokenizer = word_tokenizer(_words([*texts, *instructions]))
    tokenizer.eos_token = "[SEP]"
    room = 2 * _most(texts) + _most(instructions) + ROOM
    return small_sequence_model(
        Vocabulary(tokenizer), width=config.width, layers=config.layers, longest=config.longest or room,
        seed=config.seed,
    )  # fmt: skip


def made_encoder(config: Causal2VecConfig, texts: Sequence[str]) -> LanguageModel:
    """A small encoder over the words of the texts, with the head by which it guesses masked ones."""
    return small_encoder(
        _words(texts), width=config.encoder_width, layers=config.encoder_layers, longest=_most(texts) + ROOM,
        seed=config.seed,
    )  # fmt: skip


def read_by_decoder(
    model: SequenceModel, texts: Sequence[str], config: Causal2VecConfig, checkpoint: Path | None,
    progress: Progress | None,
) -> History:  # fmt: skip
    """Trains a decoder to write the texts on; one that is too long is cut before its end, as where it is embedded."""
    end, room = model.vocabulary.end, model.longest - 1
    ids = [np.array([*model.vocabulary.encode(text)[:room], end]) for text in texts]
    drawn = DrawnExamples(
        lambda row, _: objectives.full_language(ids[row]), len(ids), config.batch, model.vocabulary.pad, model.longest,
        config.seed,
    )  # fmt: skip
    what = "the decoder reads the texts"
    history = train(
        SequenceLoss(model), drawn, _reading(config), checkpoint=checkpoint, progress=progress, what=what
    )  # fmt: skip
    model.model.eval()
    return history


def read_by_encoder(
    encoder: LanguageModel, texts: Sequence[str], config: Causal2VecConfig, checkpoint: Path | None,
    progress: Progress | None,
) -> History:  # fmt: skip
    """Trains an encoder to guess masked words of the texts."""
    made = encoder.batch(texts)
    batches = RowBatches((made["input_ids"], made["attention_mask"]), min(config.batch, len(texts)), config.seed)
    what = "the encoder reads the texts"
    history = train(
        _Masked(encoder), batches, _reading(config), checkpoint=checkpoint, progress=progress, what=what
    )  # fmt: skip
    encoder.model.eval()
    return history


class _Masked(nn.Module):
    """Cross-entropy of masked words."""

    def __init__(self, encoder: LanguageModel) -> None:
        super().__init__()
        self.network, self._tokenizer = encoder.model, encoder.tokenizer

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        longest = int(mask.sum(dim=1).max())
        ids, mask = ids[:, :longest], mask[:, :longest]
        # The loop has seeded the step; a generator of its own keeps what is masked the same on every device.
        generator = torch.Generator().manual_seed(int(torch.randint(2**31, (1,))))
        inputs, labels = mask_tokens(
            {"input_ids": ids, "attention_mask": mask}, self._tokenizer, MASKED, generator
        )  # fmt: skip
        return cast(Tensor, self.network(input_ids=inputs, attention_mask=mask, labels=labels).loss)


def _reading(config: Causal2VecConfig) -> TrainConfig:
    return TrainConfig(
        steps=config.first_steps, learning_rate=2e-3, betas=(0.9, 0.95), weight_decay=0.01, schedule="one-cycle",
        clip=1.0, seed=config.seed, device=config.device,
    )  # fmt: skip


def _words(texts: Sequence[str]) -> list[str]:
    return sorted({word for text in texts for word in text.split()} - {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})


def _most(texts: Sequence[str]) -> int:
    return max((len(text.split()) for text in texts), default=0)
