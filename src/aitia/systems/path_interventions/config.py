"""Options of path interventions."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from aitia.errors import OptionError
from aitia.systems.path_interventions.selection import Test

__all__ = ["Kind", "Outcome", "PathInterventionsConfig"]

Kind = Literal["hard", "soft", "mean"]
Outcome = Literal["logit", "log-probability"]


@dataclass(frozen=True)
class PathInterventionsConfig:
    """How causes are looked for, and what is done to them.

    Args:
        of_class: The class that is explained, by its name or number; None takes the one that is said most often.
        which: `right` takes rows of the class that the network gets right, `mistaken` those of other classes that it
            takes for this one, `all` every row; references are for all.
        classes: Names of the classes in the order of the logits; None takes those that the network knows, or numbers.
        shape: Of what the network takes for one row, where rows are numbers, such as 1,8,8; None takes them side by
            side.
        whole: Whether `do` cuts a unit off from all of the next layers; otherwise from the effects in them only.
        cut: `hard`, `soft` or `mean`; see the module.
        beta: Of soft weights, from 0 to 0.5 in the paper.
        score: What a cause raises: the class's `logit`, or its `log-probability`, for which the effects to begin with
            are all logits, and which does not move with what all logits share.
        test: `z` is the paper's one-sided test of two means; `paired` compares image by image and finds more.
        correction: `benjamini-hochberg` over the units of a layer; the paper has `none`.
        alpha: Level of the test.
        images: Most images of the class that are used, drawn by the seed.
        layers: Names of layers to explore, with `*` as in file names; a layer in between that is left out hands every
            path on.
        cells: Behind a flatten a candidate is a single cell of a channel's map; in the paper it is the whole channel. A
            cue that sits at one place, such as a mark in a corner, shows only so.
        max_units: A layer with more candidates tries the highest, lowest and middle ones by summed weight only, as the
            paper does.
        batch_size: Rows that run at once; bounds memory and changes nothing beyond rounding.
        seed: Of the images and of soft weights.

    Raises:
        OptionError: If an option is out of range.
    """

    of_class: str | None = None
    which: Literal["right", "mistaken", "all"] = "right"
    classes: tuple[str, ...] | None = None
    shape: tuple[int, ...] | None = None
    whole: bool = False
    cut: Kind = "hard"
    beta: float = 0.0
    score: Outcome = "logit"
    test: Test = "z"
    correction: Literal["none", "benjamini-hochberg"] = "none"
    alpha: float = 0.05
    images: int = 100
    layers: tuple[str, ...] = ("*",)
    cells: bool = False
    max_units: int = 1024
    batch_size: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        if self.of_class is not None:
            object.__setattr__(self, "of_class", str(self.of_class))
        for name in ("classes", "shape", "layers"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        choices = (
            ("which", Literal["right", "mistaken", "all"]),
            ("cut", Kind),
            ("score", Outcome),
            ("test", Test),
            ("correction", Literal["none", "benjamini-hochberg"]),
        )
        for name, kind in choices:
            if getattr(self, name) not in get_args(kind):
                raise OptionError(f"{name} is one of {', '.join(get_args(kind))}, got {getattr(self, name)!r}")
        if not 0 < self.alpha < 1:
            raise OptionError(f"alpha lies between 0 and 1, got {self.alpha}")
        if not np.isfinite(self.beta):
            raise OptionError(f"beta is a finite number, got {self.beta}")
        if not isinstance(self.layers, tuple) or not self.layers:
            raise OptionError(f"layers is a list of names, got {self.layers!r}")
        if self.shape is not None and not all(isinstance(side, int) and side > 0 for side in self.shape):
            raise OptionError(f"shape is whole numbers from 1, got {self.shape}")
        for name, least in (("images", 1), ("max_units", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise OptionError(f"{name} is a whole number of at least {least}, got {value!r}")
