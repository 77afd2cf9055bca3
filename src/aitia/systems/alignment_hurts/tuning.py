"""Fine-tuning itself: the model that is trained, the steps, the adapters; plain fine-tuning stands here whole."""

import copy
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from aitia.data.subjects import Network
from aitia.engine import Progress
from aitia.errors import MissingExtraError, OptionError
from aitia.nn.language import LanguageModel
from aitia.nn.opening import open_language_model
from aitia.system import Given
from aitia.systems.alignment_hurts.audit import tensors_of
from aitia.systems.alignment_hurts.card import CARD
from aitia.systems.alignment_hurts.config import DecouplingConfig
from aitia.systems.alignment_hurts.penalty import Likelihood
from aitia.systems.alignment_hurts.reading import sentences_of
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["fine_tune", "own", "refuse_too_large", "steps_of", "with_adapters"]

BILLION = 10**9


def fine_tune(
    model: LanguageModel | str | Path,
    data: Any,
    config: DecouplingConfig,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> LanguageModel:
    """Plain fine-tuning on rows of any number of varieties, with the loss and the options that `Decoupling` has.

    Args:
        model: A causal language model, or its id or folder; it stays as it is.
        data: Rows, as in `Decoupling.fit`.
        config: The options.
        checkpoint: File to resume from, and to keep the state of the training in.
        progress: Told how far it is.

    Raises:
        FormatError, DataError, OptionError, TrainingError: As `Decoupling.fit`.
    """
    language, rows = own(Network.of(model)), sentences_of(Given.of(CARD, data))
    refuse_too_large(language, config)
    batch = tensors_of(language, rows, config)
    train(
        Likelihood(language.model),
        RowBatches(tuple(batch.values()), config.batch, config.seed),
        steps_of(config),
        checkpoint=checkpoint,
        progress=progress,
        what="fine-tuning",
    )
    language.model.cpu().eval()
    return language


def own(network: Network) -> LanguageModel:
    """A model that may be trained: just loaded, or a copy of what was given.

    Raises:
        OptionError: If it has no end of sequence, or no tokenizer.
        FormatError: If there is no such model.
    """
    found = open_language_model(network, "causal")
    shared = network.opened is not None or ":" in network.id
    made = LanguageModel(copy.deepcopy(found.model), found.tokenizer, found.longest) if shared else found
    made.model.requires_grad_(True)
    if made.tokenizer.eos_token_id is None:
        raise OptionError("the tokenizer has no end of sequence, so the model would never stop: give it an eos_token")
    return made


def refuse_too_large(language: LanguageModel, config: DecouplingConfig) -> None:
    """Refuses a model that would be trained for days, and says what memory it takes."""
    weights = list(language.model.parameters())
    size = sum(weight.numel() for weight in weights)
    if size <= BILLION or torch.cuda.is_available() or config.force:
        return
    held = sum(weight.numel() * weight.element_size() for weight in weights)
    taken = held * (1.2 if config.lora else 4)  # weights, gradients and two moments of Adam
    raise OptionError(
        f"the model has {size / BILLION:.1f} billion parameters and there is no GPU: training takes about "
        f"{taken / 2**30:.0f} GiB and days; take a smaller model, lora=8 on a GPU, or say force=True"
    )


def steps_of(config: DecouplingConfig) -> TrainConfig:
    """The options of the training."""
    return TrainConfig(
        steps=config.steps,
        learning_rate=config.learning_rate,
        schedule="cosine",
        clip=config.clip,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        device=config.device,
    )


def with_adapters(model: nn.Module, config: DecouplingConfig) -> Any:
    """Low-rank adapters inside the model's linear layers; the modules keep their names."""
    try:
        import peft
    except ImportError as error:
        raise MissingExtraError("lora needs peft, which is not installed: pip install 'aitia[language]'") from error
    made = peft.LoraConfig(r=cast(int, config.lora), lora_alpha=2 * cast(int, config.lora), target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that is on its way out
        return peft.get_peft_model(cast(Any, model), made)
