"""Does a part of a picture come out right, given all the rest? The region of an element is drawn anew around it.

    x_t <- (1 - m) (a_t x + s_t e) + m x_t    before each step,    m the mask of the region                         (1)

so that what is not masked is the picture at every step, with the noise of the drawing. An element that follows from
what is told (a shadow, a reflection) has to come out as the rest and the prompt demand.

Source:
    Lugmayr and others, RePaint, CVPR 2022, equation 8, without its jumps back. Yu and Lu, LINA, for the question.
"""

import torch
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.pipelines import ImagePipeline
from aitia.systems.lina.drawing import Prompted, Strengths, saying, spaced, walked

__all__ = ["redrawn"]


@torch.no_grad()
def redrawn(
    pipeline: ImagePipeline,
    prompted: Prompted,
    x: Tensor,
    mask: Tensor,
    noise: Tensor,
    strengths: Strengths,
    steps: int,
) -> Tensor:
    """Pictures (n, 3, height, width) whose masked region is drawn anew; the rest is what it was.

    Args:
        pipeline: Which draws.
        prompted: One row a picture.
        x: (n, 3, height, width) of -1 to 1.
        mask: (n, height, width) of bool: the region.
        noise: As the denoiser's pictures.
        strengths: Of the drawing; contrast is left out.
        steps: How many.

    Raises:
        DataError: If a mask has another size than its picture, or is empty.
    """
    if mask.shape != (len(x), *x.shape[2:]) or not bool(mask.flatten(1).any(1).all()):
        raise DataError(
            f"each picture {tuple(x.shape[2:])} has a mask of its size that is not empty, got {tuple(mask.shape)}"
        )
    kept = pipeline.encode(x)
    inside = torch.nn.functional.interpolate(mask[:, None].to(kept), size=kept.shape[2:], mode="area") > 0
    way = spaced(len(pipeline.schedule), steps, strengths.spacing)
    say = saying(pipeline, prompted, strengths, 0)

    def outside(k: int, latents: Tensor) -> Tensor:
        a, s = pipeline.schedule.at(way[k], latents)
        return torch.where(inside, latents, a * kept + s * noise)

    drawn = walked(pipeline, noise, way, say, outside)
    return torch.where(mask[:, None], pipeline.decode(drawn), x)
