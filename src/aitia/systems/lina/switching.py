"""When a picture is decided: another prompt is told from some step on, and one sees whose attributes it has.

    x_0 drawn with prompt A in the first k steps and with B in the others,    k = 0 .. N                           (1)

Where a switch late in the steps still gives all of B, the first steps decide nothing; where one after two steps leaves
A's, they decide it. What follows for the spacing of steps is read off the middle of this map.

Source:
    Yu and Lu, LINA, arXiv 2512.13290, for the finding that structure is set in the first steps of large models. Prompt
    switching is as in Hertz and others, Prompt-to-prompt, ICLR 2023, section 3.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Prompted, Strengths, saying, spaced, walked
from aitia.systems.lina.evaluators import Evaluator
from aitia.systems.lina.marks import Marks, Wants

__all__ = ["Decided", "decided"]


@dataclass(frozen=True, eq=False)
class Decided:
    """The map (1).

    Args:
        steps: (switches,) k.
        total: N.
        first: By attribute (switches,) the share of pictures that show what A wants.
        second: The same of B; rows that want the same of an attribute are left out.
    """

    steps: NDArray[np.int64]
    total: int
    first: dict[str, NDArray[np.float64]]
    second: dict[str, NDArray[np.float64]]

    @property
    def half(self) -> float:
        """The share of the steps after which as many attributes are A's as are B's; 1 where that is never."""
        ahead = np.mean([self.first[name] - self.second[name] for name in self.first], axis=0)
        if not (ahead >= 0).any():
            return 1.0
        place = int(np.argmax(ahead >= 0))
        if not place:
            return float(self.steps[0]) / self.total
        low, high = ahead[place - 1], ahead[place]
        between = self.steps[place - 1] - low / (high - low) * (self.steps[place] - self.steps[place - 1])
        return float(between) / self.total

    @property
    def spacing(self) -> float:
        """What follows for the steps: 2 where the first third decides, 0.5 where the last two fifths do, else 1."""
        return 2.0 if self.half < 1 / 3 else 0.5 if self.half > 0.6 else 1.0


def decided(
    pipeline: ImagePipeline,
    one: tuple[Prompted, Wants],
    other: tuple[Prompted, Wants],
    judge: Evaluator,
    strengths: Strengths,
    config: LinaConfig,
    switches: int = 7,
) -> Decided:
    """The map (1), one picture a pair of rows and switch, the same noise for all switches.

    Args:
        pipeline: Which draws.
        one: A, and what it wants.
        other: B.
        judge: Who reads.
        strengths: Of all pictures; contrast is left out.
        config: Steps, batch, seed.
        switches: How many k, evenly from none to all steps.
    """
    noise = pipeline.noise(len(one[0]), config.seed + 3)
    steps = np.unique(np.round(np.linspace(0, config.steps, switches)).astype(np.int64))
    first: dict[str, list[float]] = {name: [] for name in one[1].labels}
    second: dict[str, list[float]] = {name: [] for name in one[1].labels}
    differ = one[1].codes != other[1].codes
    for k in steps:
        x = to_bytes(_switched(pipeline, one[0], other[0], noise, int(k), strengths, config))
        marks = Marks({name: judge.probabilities(x, name, labels)[:, None] for name, labels in one[1].labels.items()})
        for found, wants in ((first, one[1]), (second, other[1])):
            right = marks.right(wants)[:, 0]
            for place, name in enumerate(wants.labels):
                rows = differ[:, place]
                found[name].append(float(right[rows, place].mean()) if rows.any() else 0.0)
    return Decided(
        steps, config.steps, *({name: np.array(of) for name, of in part.items()} for part in (first, second))
    )


def _switched(
    pipeline: ImagePipeline, one: Prompted, other: Prompted, noise: Tensor, k: int, strengths: Strengths,
    config: LinaConfig,
) -> Tensor:  # fmt: skip
    way = spaced(len(pipeline.schedule), config.steps, strengths.spacing)
    before, after = (saying(pipeline, part, strengths, 0) for part in (one, other))
    return pipeline.decode(
        walked(pipeline, noise, way, lambda step, x, time: (before if step < k else after)(step, x, time))
    )
