"""Drawing with strengths of guidance, in prompt space, in latent space and over the steps.

    h' = h + g1 d,    d = h - h(without the element), each token brought back to the length that it had
    v' = v(x, h0) + w [v(x, h') - v(x, h0)] + g2 [v(x, h') - v(x, h-)]                                             (1)
    t_i = T (1 - (i / N)^a),    i = 0 .. N - 1                                                                     (2)

h is the embedding of the prompt, h0 of the empty one, h- of what is drawn instead; the last term of (1) acts in the
first steps only. With a = 1 the steps (2) are those of `Schedule.timesteps`. Where w = 1 or g2 = 0 the denoiser is not
asked for what is not needed: `calls` says how often it runs for a picture.

Source:
    Yu and Lu, LINA, arXiv 2512.13290, for guidance in both spaces and steps that are not even; formulas are ours, made
    from the abstract. Ho and Salimans, Classifier-free diffusion guidance, 2022 (w).
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

import torch
from torch import Tensor

from aitia.errors import OptionError
from aitia.nn.conditions import Condition
from aitia.nn.pipelines import ImagePipeline

__all__ = [
    "NAMES", "Prompted", "Strengths", "calls", "check_strengths", "drawn", "pushed", "saying", "spaced", "walked",
]  # fmt: skip

NAMES = ("guidance", "push", "contrast", "spacing")
_MOVED = ("encoder_hidden_states", "text_embeds", "pooled_projections")
"""What of a condition is an embedding of the prompt: of its tokens, and pooled."""
Say = Callable[[int, Tensor, Tensor], Tensor]
Before = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class Strengths:
    """How hard a picture is guided.

    Args:
        guidance: w of (1).
        push: g1.
        contrast: g2.
        spacing: a of (2).
    """

    guidance: float = 1.0
    push: float = 0.0
    contrast: float = 0.0
    spacing: float = 1.0

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in zip(NAMES, astuple(self), strict=True))


@dataclass(frozen=True, eq=False)
class Prompted:
    """What the denoiser is told of prompts, one row each.

    Args:
        said: h.
        without: h of the prompt without its element; of the empty prompt, where it names none.
        instead: h-; None where no row says what is drawn instead. A row that does not has the empty prompt, and no
            contrast.
        contrasted: (n,) of bool: the rows that say it.
        empty: h0.
    """

    said: Condition
    without: Condition
    instead: Condition | None
    contrasted: Tensor
    empty: Condition

    def __len__(self) -> int:
        return len(self.said)

    def take(self, rows: Sequence[int] | Tensor) -> "Prompted":
        """These rows, which may come several times."""
        index = torch.as_tensor(rows, dtype=torch.long)
        parts = [self.said.take(index), self.without.take(index), None if self.instead is None else
                 self.instead.take(index), self.contrasted[index], self.empty.take(index)]  # fmt: skip
        return Prompted(*parts)  # type: ignore[arg-type]


def spaced(length: int, count: int, spacing: float) -> list[int]:
    """The steps (2) of a schedule of this length, the noisiest first; they fall by one at least.

    Raises:
        OptionError: If the schedule has fewer steps than are asked for.
    """
    if not 1 <= count <= length:
        raise OptionError(f"there are 1 to {length} steps, got {count}")
    made: list[int] = []
    for k in range(count):
        past = k * length / count if spacing == 1 else length * (k / count) ** spacing
        t = round(length - past) - 1
        most = made[-1] - 1 if made else length - 1
        made.append(min(max(t, count - 1 - k), most))
    return made


def calls(strengths: Strengths, steps: int, early: float) -> int:
    """How often the denoiser runs for a picture."""
    each = 1 if strengths.guidance == 1 else 2
    return steps * each + (round(early * steps) if strengths.contrast else 0)


def check_strengths(pipeline: ImagePipeline, strengths: Sequence[Strengths]) -> None:
    """Refuses guidance of a model that has it built in.

    Raises:
        OptionError: If the denoiser is told its guidance as a number, as distilled ones are.
    """
    settings = pipeline.denoiser.config
    built_in = settings.get("time_cond_proj_dim") is not None or settings.get("guidance_embeds")
    if built_in and any(one.guidance != 1 or one.contrast for one in strengths):
        raise OptionError(
            f"{pipeline.source} has its guidance built in (it is distilled): ask for guidance=1 and contrast=0, so "
            "that push and spacing alone are tried"
        )


def pushed(said: Condition, without: Condition, push: float) -> Condition:
    """h' of (1)."""
    if not push:
        return said
    moved = {}
    for name in _MOVED:
        if name in said.tensors:
            h = said.tensors[name]
            far = h + push * (h - without.tensors[name])
            length = torch.linalg.vector_norm(far, dim=-1, keepdim=True).clamp(min=1e-9)
            moved[name] = far * torch.linalg.vector_norm(h, dim=-1, keepdim=True) / length
    return said.with_(**moved)


@torch.no_grad()
def walked(
    pipeline: ImagePipeline, noise: Tensor, way: Sequence[int], say: Say, before: Before | None = None
) -> Tensor:
    """The latents of a noise, step by step.

    Args:
        pipeline: Whose schedule is walked.
        noise: Where it begins.
        way: The steps.
        say: What is predicted, by the number of the step, x, and the time of each row.
        before: What becomes of x before a step, by its number.
    """
    x = noise
    for k, (t, to) in enumerate(pairwise([*way, -1])):
        x = x if before is None else before(k, x)
        x = pipeline.schedule.step(say(k, x, pipeline.schedule.time(t, x)), x, t, to)
    return x


@torch.no_grad()
def drawn(
    pipeline: ImagePipeline, prompted: Prompted, noise: Tensor, strengths: Strengths, steps: int, early: float = 0.5
) -> Tensor:
    """Pictures (n, 3, height, width) of -1 to 1, all rows with these strengths.

    Args:
        pipeline: Which draws.
        prompted: One row a picture.
        noise: (n, channels, height, width).
        strengths: Of all.
        steps: How many.
        early: Share of the steps in which contrast acts.
    """
    way = spaced(len(pipeline.schedule), steps, strengths.spacing)
    return pipeline.decode(walked(pipeline, noise, way, saying(pipeline, prompted, strengths, round(early * steps))))


def saying(pipeline: ImagePipeline, prompted: Prompted, strengths: Strengths, early: int) -> Say:
    """(1), with contrast in the first `early` steps."""
    within = pushed(prompted.said, prompted.without, strengths.push)
    alone = strengths.guidance == 1
    plain = pipeline.denoise(within if alone else prompted.empty.over(within))
    instead = prompted.instead if strengths.contrast and prompted.contrasted.any() else None
    away = None if instead is None else pipeline.denoise(instead)
    strength = strengths.contrast * prompted.contrasted.to(next(iter(within.tensors.values())))

    def say(k: int, x: Tensor, time: Tensor) -> Tensor:
        if alone:
            mine = found = plain(x, time)
        else:
            empty, mine = plain(torch.cat([x, x]), torch.cat([time, time])).chunk(2)
            found = empty + strengths.guidance * (mine - empty)
        if away is not None and k < early:
            found = found + strength.reshape(-1, *[1] * (x.ndim - 1)) * (mine - away(x, time))
        return found

    return say
