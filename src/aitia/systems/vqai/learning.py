"""How the small reasoner, the small editor and the adapter to a pipeline learn from rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import DataError
from aitia.nn.diffusion import Schedule
from aitia.nn.pixels import from_bytes
from aitia.nn.sequences.saving import state_file
from aitia.runs import RunStore
from aitia.systems.vqai.adapter import Adapter, Denoising, frozen
from aitia.systems.vqai.config import VqaiConfig
from aitia.systems.vqai.networks import Editor, Reasoner, bags_of, slots_of, terms_of
from aitia.systems.vqai.pipelines import PipelineEditor
from aitia.systems.vqai.reading import Items
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["Losses", "fit_adapter", "fit_editor", "fit_reasoner", "parts_of", "vocabulary"]

Losses = tuple[str, tuple[Mapping[str, float], ...]]
MOST_PARTS = 4096
"""Things that a part of an answer may say."""


def vocabulary(texts: Sequence[str]) -> list[str]:
    """All terms of some texts."""
    return sorted({term for text in set(texts) for term in terms_of(text)})


def parts_of(answers: Sequence[str]) -> tuple[list[list[str]], Tensor]:
    """What each part of answers may say, and (n, parts) the number of what each says.

    Answers with different numbers of parts are one part each, whole.

    Raises:
        DataError: If too many things are said to be told apart.
    """
    split = [slots_of(answer) for answer in answers]
    if len({len(parts) for parts in split}) > 1:
        split = [(", ".join(parts),) for parts in split]
    slots = [sorted(set(said)) for said in zip(*split, strict=True)]
    if most := max((len(slot) for slot in slots if len(slot) > MOST_PARTS), default=0):
        raise DataError(
            f"answers say {most} different things, and {MOST_PARTS} are told apart at most: write them in parts that "
            "commas set apart, as many in each row, or give a --client that answers in prose"
        )
    places = [{part: k for k, part in enumerate(slot)} for slot in slots]
    codes = [[place[part] for place, part in zip(places, parts, strict=True)] for parts in split]
    return slots, torch.tensor(codes)


def fit_reasoner(items: Items, config: VqaiConfig, run: RunStore) -> tuple[Reasoner, Losses]:
    """The reasoner of rows that have an answer."""
    slots, codes = parts_of(items.answers)
    terms = vocabulary(items.questions)
    made: Reasoner = _seeded(config.seed, lambda: Reasoner(config.pixels, config.width, terms, slots))
    tensors = (from_bytes(items.pictures), bags_of(items.questions, terms), codes)
    return made, _trained(made, tensors, config.reasoner_steps, 2 * config.batch, config, "the reasoner", run)


def fit_editor(items: Items, told: Tensor, config: VqaiConfig, run: RunStore) -> tuple[Editor, Losses]:
    """The editor of rows that have a picture after.

    Args:
        items: Rows.
        told: (n, guide) what guides it.
        config: Sizes and training.
        run: Where the state is kept.
    """
    made: Editor = _seeded(config.seed, lambda: Editor(config.pixels, config.width, told.shape[1]))
    tensors = (from_bytes(items.pictures), told, from_bytes(items.after))
    return made, _trained(made, tensors, config.steps, config.batch, config, "the editor", run)


def fit_adapter(
    pairs: Items, told: Tensor, drawer: PipelineEditor, config: VqaiConfig, run: RunStore
) -> tuple[Adapter, Losses]:
    """The adapter of rows that have a picture after; the pipeline stays as it is.

    Args:
        pairs: Rows, in the size of the pipeline.
        told: (n, numbers) what guides it.
        drawer: The pipeline.
        config: Sizes and training.
        run: Where the state is kept.
    """
    library, nothing = drawer.library, drawer.nothing(config.queries)
    made: Adapter = _seeded(config.seed, lambda: Adapter(told.shape[1], nothing.shape[1], config.queries))
    made.begin(nothing)
    before, after = drawer.latents(pairs.pictures, pairs.after, config, run.progress)
    objective = Denoising(made, library.unet, Schedule.of(library.scheduler))
    config = replace(config, learning_rate=config.adapter_rate)
    with frozen(library.unet):
        losses = _trained(objective, (told, before, after), config.steps, config.batch, config, "the adapter", run)
    return made, losses


def _seeded(seed: int, make: Any) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _trained(
    network: nn.Module, tensors: tuple[Tensor, ...], steps: int, batch: int, config: VqaiConfig, what: str,
    run: RunStore,
) -> Losses:  # fmt: skip
    training = TrainConfig(
        steps=steps, learning_rate=config.learning_rate, weight_decay=0.01, schedule="cosine", clip=1.0,
        seed=config.seed, device=config.device,
    )  # fmt: skip
    network.train()
    history = train(
        network, RowBatches(tensors, batch, config.seed), training,
        checkpoint=state_file(run.checkpoint, what.split()[-1]), progress=run.progress, what=what,
    )  # fmt: skip
    network.cpu().eval()
    return what, tuple(history.losses)
