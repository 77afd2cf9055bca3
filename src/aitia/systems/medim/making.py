"""What the diffusion stands on, a small language model over the words of the reports or one that is given, and its
trainings."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import torch

from aitia.data.subjects import Network
from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.nn.image_tokens import DiffusersVQ, ImageTokenizer
from aitia.nn.language import word_tokenizer
from aitia.nn.opening import open_language_model
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.systems.medim.batches import DrawnPairs, PairLoss
from aitia.systems.medim.config import MedimConfig
from aitia.systems.medim.filling import PairNetwork
from aitia.systems.medim.layout import Attributes, Layout, Pair, markers_of
from aitia.systems.medim.masked_diffusion import MaskedDiffusion, TimeInput
from aitia.systems.medim.words import common_words
from aitia.train import TrainConfig, train

__all__ = ["diffusion_on", "made_model", "opened_model", "opened_tokenizer", "trained"]

TIME_WIDTH = 64
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def made_model(
    config: MedimConfig, reports: Sequence[str], attributes: Attributes, codes: int, places: int
) -> SequenceModel:
    """A small decoder with random weights over the words of the reports."""
    words = [word for word in common_words(reports, config.vocabulary) if word not in SPECIAL]
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    vocabulary = Vocabulary(tokenizer, codes=codes, sentinels=1, markers=markers_of(attributes, config.words))
    longest = Layout(vocabulary, attributes, places, config.words).longest
    model = small_sequence_model(
        vocabulary,
        config.visibility,
        width=config.width,
        layers=config.layers,
        longest=longest,
        positions=config.positions,
        seed=config.seed,
    )
    _in_one_kernel(cast(Any, model.model))
    return model


def _in_one_kernel(network: Any) -> None:
    """Has a GPT-2 take its GELU at once: the same function as its chain of powers and products, a fifth of a step."""
    if getattr(network.config, "activation_function", None) == "gelu_new":
        network.config.activation_function = "gelu_pytorch_tanh"
        for block in network.transformer.h:
            block.mlp.act = torch.nn.GELU(approximate="tanh")


def opened_model(named: Network, config: MedimConfig, attributes: Attributes, codes: int, places: int) -> SequenceModel:
    """A copy of a model that is given, with rows for codes, lengths and labels.

    Raises:
        OptionError: If it has no room for a pair, or attends in a way that takes no mask.
    """
    held = open_language_model(named, "causal")
    vocabulary = Vocabulary(
        copy.deepcopy(held.tokenizer), codes=codes, sentinels=1, markers=markers_of(attributes, config.words)
    )
    needed = Layout(vocabulary, attributes, places, config.words).longest
    # What the tokenizer says counts where the model has no bound of its own.
    longest = getattr(cast(Any, held.model).config, "max_position_embeddings", None) or held.longest
    if needed > longest:
        raise OptionError(
            f"a pair has up to {needed} tokens, {places} of them of its image, and the model takes {longest}: say "
            "fewer --words or a larger --patch"
        )
    return SequenceModel(copy.deepcopy(held.model), vocabulary, config.visibility, longest)


def opened_tokenizer(named: Network, size: tuple[int, int]) -> ImageTokenizer:
    """The VQ model that is given, for images of this size.

    Raises:
        DataError: If the images are no squares.
    """
    if size[0] != size[1]:
        raise DataError(f"a VQ model of diffusers takes square images, got {size[1]}x{size[0]}: scale them (--size)")
    return DiffusersVQ.load(named.where(), size[0])


def diffusion_on(model: SequenceModel, mask: int, config: MedimConfig) -> MaskedDiffusion:
    """The model with its mask, and time where it is told."""
    if not config.time_input:
        return MaskedDiffusion(model, mask)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return MaskedDiffusion(model, mask, TimeInput(model, TIME_WIDTH))


def trained(
    network: PairNetwork, pairs: Sequence[Pair], ends: Sequence[Sequence[int]], steps: int, *, left: bool, seed: int,
    what: str, checkpoint: Any, progress: Progress | None,
) -> tuple[str, tuple[Mapping[str, float], ...]]:  # fmt: skip
    """The losses of a training of the network in place, from the left or as a diffusion."""
    config, layout = network.config, network.layout
    unknown = layout.vocabulary.tokenizer.unk_token_id
    drawn = DrawnPairs(layout, pairs, ends, () if unknown is None else (int(unknown),), config, left, seed)
    diffusion = network.diffusion
    if left:  # the time is told by the diffusion alone
        diffusion = replace(diffusion, time=None)
        if network.diffusion.time is not None:
            network.diffusion.time.forget()
    options = TrainConfig(
        steps=steps, learning_rate=config.learning_rate, schedule="one-cycle", clip=1.0, seed=config.seed,
        validate_every=max(steps // 20, 1), device=config.device,
    )  # fmt: skip
    history = train(
        PairLoss(diffusion, layout.allowed, left), drawn, options, checkpoint=checkpoint, progress=progress, what=what
    )
    network.diffusion.model.model.eval()
    return what, tuple(history.losses)
