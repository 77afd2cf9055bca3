"""What an edit does to pictures of its concept and to those of others, beside a random change of the same length."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from aitia.nn.edits import Edit
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.readers import AttributeReader
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.measures import Likeness, likeness, moved
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.states import drawn

__all__ = ["Seen", "in_force", "in_parts", "look", "of_pairs"]


@contextmanager
def in_force(pipeline: ImagePipeline, edit: Edit | None) -> Iterator[None]:
    """While the block lasts the edit is in the weights; None changes nothing."""
    if edit is None:
        yield
        return
    edit.apply(pipeline)
    try:
        yield
    finally:
        edit.undo()


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures of prompts from the same noises, before and after.

    Args:
        before: Of the prompts, as the model is.
        wanted: Of the other prompts, as the model is; None where the prompts are to stay.
        apart: Of the prompts from other noises.
        groups: The prompt of each picture.
        prompts: Of each picture.
        noise: Of each picture.
    """

    before: Tensor
    wanted: Tensor | None
    apart: Tensor
    groups: list[int]
    prompts: list[str]
    noise: Tensor

    def after(self, pipeline: ImagePipeline, edit: Edit | None, config: DiffQuickfixConfig) -> Tensor:
        """The pictures with an edit in force."""
        with in_force(pipeline, edit):
            return in_parts(pipeline, self.prompts, self.noise, config)

    def efficacy(self, x: Tensor, reader: AttributeReader | None) -> Likeness:
        """How far pictures went from what they were to those of the other prompts."""
        assert self.wanted is not None
        return likeness(x, self.wanted, self.before, self.groups, reader)

    def moved(self, x: Tensor, reader: AttributeReader | None) -> Likeness:
        """How far they went from what they were."""
        return moved(x, self.before, self.apart, self.groups, reader)


def look(
    pipeline: ImagePipeline, prompts: Sequence[str], others: Sequence[str] | None, config: DiffQuickfixConfig
) -> Seen:
    """Pictures of prompts, of the others in their place, and from other noises."""
    count = config.noises
    told = [prompt for prompt in prompts for _ in range(count)]
    groups = [k for k, _ in enumerate(prompts) for _ in range(count)]
    noise, far = (pipeline.noise(count, config.seed + more) for more in (0, 1))
    noise, far = (one.repeat(len(prompts), *[1] * (one.ndim - 1)) for one in (noise, far))
    wanted = None
    if others is not None:
        wanted = in_parts(pipeline, [other for other in others for _ in range(count)], noise, config)
    before = in_parts(pipeline, told, noise, config)
    return Seen(before, wanted, in_parts(pipeline, told, far, config), groups, told, noise)


def in_parts(pipeline: ImagePipeline, prompts: Sequence[str], noise: Tensor, config: DiffQuickfixConfig) -> Tensor:
    """Pictures, as many at once as `batch` says."""
    found = []
    for start in range(0, len(prompts), config.batch):
        part = slice(start, start + config.batch)
        found.append(drawn(pipeline, prompts[part], noise[part], config.steps, config.guidance))
    return torch.cat(found)


def of_pairs(pipeline: ImagePipeline, pairs: Sequence[Pair], config: DiffQuickfixConfig) -> Seen:
    """Pictures of pairs."""
    return look(pipeline, [pair.prompt for pair in pairs], [pair.other for pair in pairs], config)
