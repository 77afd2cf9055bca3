"""Settings tried on prompts: the same noise for each, pictures drawn in batches, and read as they come."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Prompted, Strengths, drawn
from aitia.systems.lina.evaluators import Evaluator
from aitia.systems.lina.marks import Marks, Wants

__all__ = ["by_strengths", "first_settings", "marked", "more_settings", "pictures"]


def first_settings(config: LinaConfig) -> list[Strengths]:
    """The strengths of guidance, with the first value of all else."""
    return [Strengths(w, config.push[0], config.contrast[0], config.spacing[0]) for w in config.guidance]


def more_settings(config: LinaConfig, best: Strengths, contrasted: bool) -> list[Strengths]:
    """Each other value of push, contrast and spacing by itself, beside the best guidance, within the budget."""
    made = [Strengths(best.guidance, push, best.contrast, best.spacing) for push in config.push[1:]]
    made += [Strengths(best.guidance, best.push, c, best.spacing) for c in config.contrast[1:] if contrasted]
    made += [Strengths(best.guidance, best.push, best.contrast, a) for a in config.spacing[1:]]
    left = len(made) if config.budget is None else config.budget - len(config.guidance)
    return made[: max(left, 0)]


def pictures(
    pipeline: ImagePipeline, prompted: Prompted, noise: Tensor, strengths: Strengths, config: LinaConfig
) -> Tensor:
    """(n, 3, height, width) of rows with one noise each, in batches."""
    found = []
    for start in range(0, len(prompted), config.batch):
        rows = list(range(start, min(start + config.batch, len(prompted))))
        found.append(drawn(pipeline, prompted.take(rows), noise[rows], strengths, config.steps, config.early))
    return torch.cat(found)


def by_strengths(
    pipeline: ImagePipeline, prompted: Prompted, noise: Tensor, each: Sequence[Strengths], config: LinaConfig
) -> Tensor:
    """The same where each row has strengths of its own."""
    found: Tensor | None = None
    for one in dict.fromkeys(each):
        rows = [row for row, other in enumerate(each) if other == one]
        x = pictures(pipeline, prompted.take(rows), noise[rows], one, config)
        found = x.new_zeros(len(each), *x.shape[1:]) if found is None else found
        found[rows] = x
    assert found is not None
    return found


def marked(
    pipeline: ImagePipeline,
    prompted: Prompted,
    wants: Wants,
    judges: Sequence[Evaluator],
    noise: Tensor,
    strengths: Strengths | Sequence[Strengths],
    config: LinaConfig,
) -> list[Marks]:
    """What each judge says of the same pictures.

    Args:
        pipeline: Which draws.
        prompted: n rows.
        wants: Of these rows.
        judges: Who read.
        noise: (n * samples, ...), the pictures of a row one after the other.
        strengths: Of all rows, or one a row.
        config: Steps, batch, early.
    """
    n, samples = len(prompted), len(noise) // max(len(prompted), 1)
    rows = np.repeat(np.arange(n), samples)
    each = [strengths] * n if isinstance(strengths, Strengths) else list(strengths)
    x = to_bytes(by_strengths(pipeline, prompted.take(rows.tolist()), noise, [each[row] for row in rows], config))
    return [
        Marks({name: judge.probabilities(x, name, labels).reshape(n, samples, len(labels))
               for name, labels in wants.labels.items()})
        for judge in judges
    ]  # fmt: skip
