"""What a fit keeps: the settings that were tried, how they did, and the policy. Weights of the pipeline are not."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import RunError
from aitia.systems.lina.drawing import Strengths
from aitia.systems.lina.policy import Policy

__all__ = ["Found"]

_TENSORS = ("mean", "basis", "weights", "base", "marks", "right")


class Found(nn.Module):
    """What was found on the prompts of the fit.

    Args:
        settings: That were tried.
        labels: Of each wanted attribute.
        width: Of pooled embeddings.
        components: That the policy sees.
        penalty: Of the policy.
        gain: Of the policy over the best single setting, on prompts held out of its training, by the evaluator.
        fingerprints: Of the evaluator that chose and of the one that scores.
        seen: For each prompt of the fit the number of its setting.
        told: For each attribute the share of rows whose prompt says the label that is wanted.
        notes: In sentences.
        warnings: In sentences.

    Attributes:
        mean: (width,) and `basis`, `weights`, `base`: those of the policy.
        marks: (settings,) mean probability, by the evaluator, that all that is wanted is shown.
        right: (settings, attributes) share right by the referee.
    """

    mean: Tensor
    basis: Tensor
    weights: Tensor
    base: Tensor
    marks: Tensor
    right: Tensor

    def __init__(
        self,
        settings: Sequence[Strengths],
        labels: Mapping[str, Sequence[str]],
        width: int,
        components: int,
        penalty: float,
        gain: float,
        fingerprints: Sequence[str],
        seen: Mapping[str, int],
        told: Mapping[str, float],
        notes: Sequence[str] = (),
        warnings: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.settings = tuple(settings)
        self.labels = {name: tuple(of) for name, of in labels.items()}
        self.width, self.components, self.penalty, self.gain = int(width), int(components), float(penalty), float(gain)
        self.seen = {prompt: int(number) for prompt, number in seen.items()}
        self.fingerprints, self.told = tuple(fingerprints), {name: float(share) for name, share in told.items()}
        self.notes, self.warnings = tuple(notes), tuple(warnings)
        count = len(self.settings)
        shapes = {
            "mean": (width,), "basis": (width, components), "weights": (components, count), "base": (count,),
            "marks": (count,), "right": (count, len(self.labels)),
        }  # fmt: skip
        for name in _TENSORS:
            self.register_buffer(name, torch.zeros(shapes[name], dtype=torch.float64))

    def with_numbers(self, **tensors: Tensor) -> "Found":
        """The same with its tensors filled in."""
        for name, value in tensors.items():
            getattr(self, name).copy_(value)
        return self

    @property
    def policy(self) -> Policy:
        """Chooses a setting for a prompt."""
        return Policy(self.mean, self.basis, self.weights, self.base, self.penalty, self.gain)

    @property
    def single(self) -> Strengths:
        """The best setting for all prompts."""
        return self.settings[self.policy.single]

    def chosen(self, h: NDArray[Any], prompts: Sequence[str]) -> list[Strengths]:
        """The settings of prompts with these pooled embeddings (n, width): its own where the fit tried it, else (3).

        Raises:
            RunError: If they are of another width: the pipeline is another one.
        """
        if h.shape[1] != self.width:
            raise RunError(
                f"prompts have {h.shape[1]} numbers in this pipeline, and {self.width} in that of the fit: give "
                "that one"
            )
        picked = self.policy.choose(h)
        return [self.settings[self.seen.get(prompt, int(k))] for prompt, k in zip(prompts, picked, strict=True)]

    def options(self) -> dict[str, Any]:
        """All but the tensors, as JSON values."""
        settings = [[one.guidance, one.push, one.contrast, one.spacing] for one in self.settings]
        penalty = self.penalty if self.penalty != float("inf") else -1.0
        names = ("labels", "width", "components", "gain", "fingerprints", "seen", "told", "notes", "warnings")
        return {"settings": settings, "penalty": penalty, **{name: getattr(self, name) for name in names}}

    @classmethod
    def of_options(cls, options: Mapping[str, Any]) -> "Found":
        """As `options` gave it, its tensors still to be filled in."""
        penalty = float("inf") if options["penalty"] < 0 else options["penalty"]
        settings = [Strengths(*map(float, one)) for one in options["settings"]]
        return cls(**{**options, "settings": settings, "penalty": penalty})
