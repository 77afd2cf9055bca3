"""Pictures of prompts with states of their others in their place: what `do(SITE=other)` draws."""

from collections.abc import Sequence

import torch
from torch import Tensor

from aitia.errors import InterventionError
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.sites import Site
from aitia.system import Given
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.states import Exchange, drawn

__all__ = ["other_states"]


def other_states(
    pipeline: ImagePipeline,
    given: Given,
    prompts: Sequence[str],
    draws: int,
    sites: Sequence[str],
    noise: Tensor,
    config: DiffQuickfixConfig,
) -> Tensor:
    """Pictures of prompts, with the states at some sites taken from a run of the others; both have the same noise.

    Args:
        pipeline: It.
        given: Rows with `other`.
        prompts: One a picture.
        draws: Pictures a row.
        sites: Of text encoders and the denoiser; without positions the whole state.
        noise: One a picture.
        config: Of drawing.

    Raises:
        InterventionError: If a row has no other.
    """
    column = given.column("other")
    others = given.table.texts(column) if column is not None and column in given.table else []
    if not others or not all(text.strip() for text in others):
        raise InterventionError("a state is replaced by that of the row's other: every row has to say it")
    other = [text for text in others for _ in range(draws)]
    inside = {site: Exchange() for site in sites if Site(site).module.split(".")[0] == pipeline.denoiser_name}
    told = {site: Exchange() for site in sites if site not in inside}
    found = []
    for start in range(0, len(prompts), config.batch):
        part = slice(start, start + config.batch)
        both, count = [*prompts[part], *other[part]], len(prompts[part])
        noises = torch.cat([noise[part], noise[part]])
        x = drawn(pipeline, both, noises, config.steps, config.guidance, told, within=inside)
        found.append(x[:count])
    return torch.cat(found)
