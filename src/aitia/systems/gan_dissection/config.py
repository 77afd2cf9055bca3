"""Options of gan-dissection."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError

__all__ = ["Ablation", "GanDissectionConfig", "Ranking"]

Ranking = Literal["iou", "ace", "correlation", "activation", "gradient"]
Ablation = Literal["zero", "mean"]


@dataclass(frozen=True)
class GanDissectionConfig:
    """How units are found, and what is done to them.

    Args:
        layer: The place whose units are studied, such as `blocks.1` or `synthesis.b16.conv1`; None takes the one whose
            map is nearest to a quarter of the picture in height, of those the one with most units, of those the last.
        concepts: Objects that are studied; None takes all that the segmenter sees in the drawn pictures.
        units: How many units make the set of an object.
        ranking: How they are chosen: `iou` agreement; `ace` the relaxed search for the largest causal effect;
            `correlation` of a unit's mean with the object's area; `activation` mean activation where the object is;
            `gradient` times activation. The last three are controls.
        ablation: `absent` sets units to `zero`, or to their `mean`.
        samples: Pictures that are drawn to choose units, half of them for thresholds; where no rows are given, as many
            others are drawn to score them.
        window: Height and width in cells of the place where `present` puts an object.
        controls: Random sets beside each effect.
        updates: Of `ace`.
        spare: Of `ace`: weight of what becomes of other objects; 0 in the paper.
        latents: Numbers of z, where the generator does not say.
        truncation: Of a StyleGAN.
        of_class: The class that a conditional generator draws.
        batch: Pictures that are drawn at once; bounds memory.
        seed: Of latents, random sets and the search.

    Raises:
        OptionError: If an option is out of range.
    """

    layer: str | None = None
    concepts: tuple[str, ...] | None = None
    units: int = 20
    ranking: Ranking = "iou"
    ablation: Ablation = "zero"
    samples: int = 500
    window: tuple[int, int] = (2, 3)
    controls: int = 20
    updates: int = 200
    spare: float = 0.0
    latents: int | None = None
    truncation: float = 1.0
    of_class: int | None = None
    batch: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("concepts", "window"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, kind in (("ranking", Ranking), ("ablation", Ablation)):
            if getattr(self, name) not in get_args(kind):
                raise OptionError(f"{name} is one of {', '.join(get_args(kind))}, got {getattr(self, name)!r}")
        least = {"units": 1, "samples": 8, "controls": 1, "updates": 1, "batch": 1, "seed": 0}
        for name, low in least.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise OptionError(f"{name} is a whole number of at least {low}, got {value!r}")
        if len(self.window) != 2 or min(self.window) < 1:
            raise OptionError(f"window is a height and a width in cells, such as 2,3; got {self.window!r}")
        if self.concepts is not None and not self.concepts:
            raise OptionError("concepts names at least one object, or is left out")
        if not self.spare >= 0 or not self.truncation > 0:
            raise OptionError(f"spare is 0 or more and truncation above 0, got {self.spare} and {self.truncation}")
        if self.latents is not None and self.latents < 1:
            raise OptionError(f"latents is 1 or more, got {self.latents}")
