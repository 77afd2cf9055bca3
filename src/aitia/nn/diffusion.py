"""Diffusion without chance: schedules, deterministic steps both ways, guidance.

    x_t = a_t x_0 + s_t e,        e standard normal                                                              (1)
    x_t' = a_t' x^_0 + s_t' e^    with x^_0 and e^ from what the denoiser says of x_t                            (2)

The denoiser says e (`epsilon`), x_0 (`sample`), a e - s x_0 (`v_prediction`) or e - x_0 (`flow`, where a = 1 - s); each
gives x^_0 and e^ by (1). Steps (2) down from noise draw; the same steps up from a picture are the inversion: the noise
from which the picture would be drawn. An inversion is exact only in the limit of small steps, as e^ is read at the
lower end of a step instead of the upper; `refine` solves each step for its upper end by fixed-point iteration, and
`Inversion.error` says how far the picture that is drawn again is from the one that was given.

Sources:
    Song, Meng and Ermon, Denoising diffusion implicit models, ICLR 2021, equation 12 with no noise, and section 4.3.
    Ho and Salimans, Classifier-free diffusion guidance, 2022, equation 6, with weight w + 1 here called weight.
    Salimans and Ho, Progressive distillation, ICLR 2022 (v). Pan and others, AIDI, ICCV 2023 (fixed-point inversion).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor

from aitia.errors import DataError, OptionError
from aitia.nn.pages import keep_pages

__all__ = ["Denoise", "Inversion", "Prediction", "Schedule", "draw", "guided", "invert"]

Prediction = Literal["epsilon", "sample", "v_prediction", "flow"]
Denoise = Callable[[Tensor, Tensor], Tensor]
"""From x_t (n, ...) and the time of each row, (n,), to what is predicted, as x_t."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """a and s of (1) at each step.

    Args:
        a: (steps,) falling.
        s: (steps,) rising.
        prediction: What the denoiser says.
        times: (steps,) what the denoiser is told; None tells the number of the step.

    Raises:
        OptionError: If lengths differ or there is no such prediction.
    """

    a: Tensor
    s: Tensor
    prediction: Prediction
    times: Tensor | None = None

    def __post_init__(self) -> None:
        if self.prediction not in get_args(Prediction):
            raise OptionError(f"a denoiser predicts {', '.join(get_args(Prediction))}, got {self.prediction!r}")
        if self.a.ndim != 1 or self.a.shape != self.s.shape or len(self.a) < 2:
            raise OptionError(f"a schedule has two rows of numbers of one length, got {self.a.shape}, {self.s.shape}")

    @classmethod
    def cosine(cls, steps: int = 200, least: float = 1e-4, prediction: Prediction = "v_prediction") -> Self:
        """a^2 falls like the square of a cosine, and nowhere under `least`, so that something is left to invert."""
        place = (torch.arange(1, steps + 1, dtype=torch.float64)) / steps
        kept = (torch.cos((place + 0.008) / 1.008 * math.pi / 2) ** 2).clamp(min=least, max=1 - 1e-5)
        return cls.of_kept(kept, prediction)

    @classmethod
    def of_kept(cls, kept: Tensor, prediction: Prediction) -> Self:
        """From a^2, (steps,), with a^2 + s^2 = 1."""
        kept = kept.double()
        return cls(kept.sqrt().float(), (1 - kept).sqrt().float(), prediction)

    @classmethod
    def of(cls, scheduler: Any) -> Self:
        """That of a scheduler of diffusers: by its `alphas_cumprod`, or, of flow matching, by its `sigmas`.

        Raises:
            OptionError: If it has neither, or predicts something else.
        """
        settings = scheduler.config
        if hasattr(scheduler, "alphas_cumprod"):
            return cls.of_kept(scheduler.alphas_cumprod, str(settings.get("prediction_type", "epsilon")))  # type: ignore[arg-type]  # checked by the class
        if "FlowMatch" in type(scheduler).__name__:
            s = torch.as_tensor(scheduler.sigmas).float().flip(0)
            s = s[s > 0]
            return cls(1 - s, s, "flow", s * float(settings.get("num_train_timesteps", 1000)))
        raise OptionError(
            f"a {type(scheduler).__name__} has neither alphas_cumprod nor flow-matching sigmas: give the folder a "
            "DDIMScheduler of the same betas"
        )

    def __len__(self) -> int:
        return len(self.a)

    def timesteps(self, count: int) -> list[int]:
        """So many steps, the noisiest first, evenly spaced and ending at the last one ("trailing" in diffusers).

        Raises:
            OptionError: If there are fewer than one, or more than the schedule has.
        """
        if not 1 <= count <= len(self):
            raise OptionError(f"there are 1 to {len(self)} steps, got {count}")
        return [round(len(self) - k * len(self) / count) - 1 for k in range(count)]

    def at(self, t: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """a and s at a step; -1 is the picture itself, a = 1 and s = 0."""
        if t < 0:
            return like.new_ones(()), like.new_zeros(())
        return self.a[t].to(like), self.s[t].to(like)

    def noised(self, x: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """(1), each row at its own step t (n,)."""
        a, s = (part.to(x)[t].reshape(-1, *[1] * (x.ndim - 1)) for part in (self.a, self.s))
        return a * x + s * noise

    def target(self, x: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """What the denoiser should say of `noised`."""
        a, s = (part.to(x)[t].reshape(-1, *[1] * (x.ndim - 1)) for part in (self.a, self.s))
        said = {"epsilon": noise, "sample": x, "v_prediction": a * noise - s * x, "flow": noise - x}
        return said[self.prediction]

    def time(self, t: int, x: Tensor) -> Tensor:
        """What the denoiser is told of a step, (n,) as many as rows of x."""
        told = torch.tensor(t) if self.times is None else self.times[t]
        return told.to(x.device).expand(len(x))

    def parts(self, said: Tensor, x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """x^_0 and e^ by (1) from what the denoiser says of x at step t."""
        a, s = self.at(max(t, 0), x)
        if self.prediction == "epsilon":
            return (x - s * said) / a, said
        if self.prediction == "sample":
            return said, (x - a * said) / s
        if self.prediction == "flow":
            return x - s * said, x + (1 - s) * said
        return a * x - s * said, s * x + a * said

    def step(self, said: Tensor, x: Tensor, t: int, to: int) -> Tensor:
        """(2), up or down; `to=-1` gives the picture."""
        clean, noise = self.parts(said, x, t)
        a, s = self.at(to, x)
        return a * clean + s * noise


def draw(
    denoise: Denoise, noise: Tensor, schedule: Schedule, steps: int | Sequence[int] = 50, *, start: int | None = None
) -> Tensor:
    """The pictures of a noise: (2) down to the last step.

    Args:
        denoise: The denoiser, with its condition and guidance inside.
        noise: (n, ...).
        schedule: Of its training.
        steps: How many, or which, the noisiest first.
        start: Begin at the first of the steps that is no noisier than this; None begins at the first.

    Raises:
        OptionError: If steps do not fall, or the schedule has no such step.
    """
    keep_pages()
    x, way = noise, _way(schedule, steps)
    way = way if start is None else [t for t in way if t <= start]
    for t, to in pairwise([*way, -1]):
        x = schedule.step(denoise(x, schedule.time(t, x)), x, t, to)
    return x


@dataclass(frozen=True, eq=False)
class Inversion:
    """What `invert` found.

    Args:
        noise: As the pictures: what they are drawn from again.
        again: The pictures drawn from it, with the same steps.
        error: (n,) mean absolute difference of `again` from the pictures, in their units; 0 is an exact inversion.
    """

    noise: Tensor
    again: Tensor
    error: Tensor


def invert(
    denoise: Denoise, pictures: Tensor, schedule: Schedule, steps: int | Sequence[int] = 50, *, refine: int = 0
) -> Inversion:
    """The noise of pictures: (2) from the picture up to the noisiest step; all rows at once.

    Args:
        denoise: The denoiser, with its condition inside, best without guidance: under a weight above 1 the error grows.
        pictures: (n, ...) in the range that the denoiser was trained on.
        schedule: Of its training.
        steps: How many, or which, the noisiest first; 50 and more, as few steps invert badly.
        refine: Iterations that solve each step for its upper end; each costs one more run of the denoiser a step.

    Raises:
        OptionError: If steps do not fall, there is no such step, or refine is negative.
        DataError: If a picture is not finite.
    """
    if refine < 0:
        raise OptionError(f"refine is a number of iterations, zero or more, got {refine}")
    if not bool(torch.isfinite(pictures).all()):
        raise DataError("a picture to invert holds a number that is not finite")
    keep_pages()
    way = _way(schedule, steps)
    x = pictures
    for t, to in pairwise([-1, *reversed(way)]):
        below = x
        x = schedule.step(denoise(below, schedule.time(max(t, 0), below)), below, t, to)
        for _ in range(refine):
            # The noise read at the upper end, put into (2) solved for x: x = a' (below - s e) / a + s' e.
            noise = schedule.parts(denoise(x, schedule.time(to, x)), x, to)[1]
            (a, s), (up_a, up_s) = schedule.at(t, x), schedule.at(to, x)
            x = up_a * (below - s * noise) / a + up_s * noise
    again = draw(denoise, x, schedule, way)
    return Inversion(x, again, (again - pictures).abs().flatten(1).mean(1))


def guided(conditional: Tensor, empty: Tensor, weight: float | Tensor) -> Tensor:
    """Classifier-free guidance: empty + weight (conditional - empty); weight 1 is the conditional model, 0 the other.

    Args:
        conditional: What the denoiser says given the condition, (n, ...).
        empty: What it says given none.
        weight: One number, or one a row (n,).
    """
    w = torch.as_tensor(weight, dtype=conditional.dtype, device=conditional.device)
    w = w.reshape(-1, *[1] * (conditional.ndim - 1)) if w.ndim else w
    return empty + w * (conditional - empty)


def _way(schedule: Schedule, steps: int | Sequence[int]) -> list[int]:
    way = schedule.timesteps(steps) if isinstance(steps, int) else [int(t) for t in steps]
    if not way or any(t <= to for t, to in pairwise(way)) or not 0 <= way[-1] <= way[0] < len(schedule):
        raise OptionError(f"steps fall from {len(schedule) - 1} at most to 0 at least, got {str(way)[:80]}")
    return way
