"""Path interventions: which units of a classifier cause a class, layer by layer from its logit down.

With E the units of a layer that are effects, first the logit of class c alone, each unit j that leads into the layer is
cut off from them, do(w[e, j] = u for all e in E), and

    TE_j(x) = y_c(x; do) - y_c(x),      j is a cause if the mean of y_c falls significantly                        (1)

The causes are the effects of the next layer down, until the layer that sees the image. u is 0 (hard), drawn from
[beta, beta + 0.01] (soft), or what a unit hands on is held at its mean (mean), which is neutral where 0 is not.

What is changed against the paper: weights are never written; (1) is computed from the layer's linearity
(`aitia.nn.units.paths`) for many units at once, and only the network above is run again. Layers and parents come from a
traced graph: the branches of a skip connection are parallel parents, batch norm is folded. Selection is by differences,
not ratios. The paired test, Benjamini-Hochberg, and mean interventions are ours.

Cost: for every layer one forward below it and, for each unit and image, the network above it; memory of `batch_size`
rows.

Source:
    Ahmad, Causal Analysis for Robust Interpretability of Neural Networks, WACV 2024, arXiv 2305.08950.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.errors import DataError, OptionError, unknown_variable
from aitia.nn.units import Layer, UnitNetwork, chunks, path_weights
from aitia.nn.weights import fingerprint
from aitia.systems.path_interventions.card import CARD
from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects, options_of
from aitia.systems.path_interventions.selection import Test, select
from aitia.systems.path_interventions.sweep import Kind, Outcome, scores, sweep

__all__ = ["PathConfig", "PathInterventions"]

FEW = 5
"""Fewer images than this give the test no power."""
TOP, BOTTOM = (0.10, 400), (0.05, 300)
"""Share and most of the candidates that a wide layer tries from both ends of the ranking by summed weight."""


@dataclass(frozen=True)
class PathConfig:
    """How causes are looked for.

    Args:
        intervention: `hard`, `soft` or `mean`; see the module.
        beta: Of soft weights, from 0 to 0.5 in the paper.
        outcome: What a cause raises: the class's `logit`, or its `log-probability`, for which the effects to begin with
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

    intervention: Kind = "hard"
    beta: float = 0.0
    outcome: Outcome = "logit"
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
        choices = (
            ("intervention", Kind),
            ("outcome", Outcome),
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
        if not isinstance(self.layers, (tuple, list)) or not self.layers:
            raise OptionError(f"layers is a list of names, got {self.layers!r}")
        for name, least in (("images", 1), ("max_units", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise OptionError(f"{name} is a whole number of at least {least}, got {value!r}")


class PathInterventions:
    """Explains classes of image classifiers; see the module.

    Args:
        options: Of `PathConfig`.

    Raises:
        OptionError: If there is no such option, or it is out of range.

    Example:
        >>> torch.manual_seed(0)
        <torch._C.Generator object at 0x...>
        >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)).eval()
        >>> images = torch.rand(40, 1, 4, 4)
        >>> said = net(images).argmax(dim=1)
        >>> found = PathInterventions(test="paired").explain(net, images, said, target=int(said[0]))
        >>> found.layers[0].layer, len(found.layers[0].blocks), found.layers[0].parents[1]
        ('3', 4, (('0', 1),))
    """

    card = CARD

    def __init__(self, **options: Any) -> None:
        known = PathConfig.__dataclass_fields__
        if unknown := [name for name in options if name not in known]:
            raise OptionError(f"there is no option {unknown[0]!r}; there are {', '.join(known)}")
        self.config = PathConfig(**options)

    def explain(
        self,
        model: nn.Module,
        images: Tensor,
        labels: ArrayLike | None,
        target: int,
        *,
        rows: Literal["right", "mistaken", "all"] = "right",
        references: Tensor | None = None,
        progress: Progress | None = None,
    ) -> CausalExplanation:
        """The causes of a class.

        Args:
            model: In evaluation mode, with convolutions or linear layers; from (n, ...) to logits, alone or as
                `logits`.
            images: (n, channels, height, width) as the model takes them.
            labels: (n,) true classes; None takes what the model says as right.
            target: The class c.
            rows: `right` takes images of the class that the model gets right, `mistaken` those of other classes that it
                takes for this one, `all` every image.
            references: For each image another one: a unit's paths then hand on what they would of that image, and its
                causes are those that carry the difference between the two to the class. With `rows="all"`.
            progress: Told after every batch.

        Raises:
            DataError: If no image is left, labels do not fit, or the model cannot take the images.
            OptionError: If the class is none of the model's, or references do not fit.
            UnknownVariableError: If `layers` names none of the model's.
            InterventionError: If the model is in training mode, compiled, has no convolution or linear layer, gives
                numbers that are not finite, or is in half precision on a processor.
        """
        if references is not None and (rows != "all" or references.shape != images.shape):
            raise OptionError("references are one for each image, of the same shape, with rows='all'")
        if not len(images):
            raise DataError("there is no image to explain")
        network = UnitNetwork(model, images, cells=self.config.cells)
        config = self.config
        if not 0 <= target < network.classes:
            raise OptionError(f"the model has classes 0 to {network.classes - 1}, got {target}")
        explored = self._explored(network)
        chosen = self._rows(network, images, labels, target, rows)
        notes = _notes(network, len(chosen))
        images = images[chosen]
        by_logit = config.outcome == "logit"
        logit, log, _ = scores(_all_logits(network, images, config.batch_size), target)
        observed = logit if by_logit else log
        effects: dict[str, set[int]] = {}
        for ends in [network.ends[target]] if by_logit else network.ends:
            for name, unit in ends:
                effects.setdefault(name, set()).add(unit)
        found = []
        order = [layer for layer in reversed(network.layers.values()) if not layer.first]
        for layer in order:
            reached = sorted(effects.get(layer.name, ()))
            if not reached:
                continue
            if layer.name not in explored:
                kept: Sequence[int] = range(len(layer.blocks))
            else:
                tried, left = self._tried(layer, reached)
                steps = len(tried) * -(-len(images) // config.batch_size)
                done = sweep(
                    network, layer, reached, tried, images, target, kind=config.intervention, beta=config.beta,
                    seed=config.seed, references=None if references is None else references[chosen],
                    batch_size=config.batch_size, done=_counter(progress, f"paths into {layer.name}", steps),
                )  # fmt: skip
                changes = done.changes if by_logit else done.log_changes.copy()
                by = select(changes, observed, test=config.test, correction=config.correction, alpha=config.alpha)
                found.append(
                    LayerEffects(
                        layer.name, tuple(reached), tuple(layer.blocks[k] for k in tried),
                        tuple(layer.parents[k] for k in tried), changes, done.log_changes, done.divergence,
                        by.p, by.adjusted, by.causes, by.rule, left,
                    )
                )  # fmt: skip
                kept = [tried[k] for k in np.flatnonzero(by.causes)]
            for k in kept:
                for name, unit in layer.parents[k]:
                    effects.setdefault(name, set()).add(unit)
        about = {"class": type(model).__name__, "fingerprint": fingerprint(model)}
        units = {name: tuple(sorted(effects[name])) for name in network.layers if name in effects}
        sizes = {name: layer.outputs for name, layer in network.layers.items()}
        shape = tuple(images.shape[1:])
        return CausalExplanation(target, found, units, observed, about, options_of(config), shape, sizes, notes)

    # -- its parts -----------------------------------------------------------------------------------------------------

    def _explored(self, network: UnitNetwork) -> set[str]:
        names = set()
        for pattern in self.config.layers:
            fits = [name for name in network.layers if fnmatchcase(name, pattern)]
            if not fits:
                raise unknown_variable(pattern, network.layers, "network")
            names |= set(fits)
        return names

    def _rows(
        self, network: UnitNetwork, images: Tensor, labels: ArrayLike | None, target: int, which: str
    ) -> NDArray[np.int64]:
        said = _all_logits(network, images, self.config.batch_size).argmax(dim=1).cpu().numpy()
        true = said if labels is None else np.asarray(labels)
        if true.shape != (len(images),):
            raise DataError(f"there are {len(images)} images and labels of shape {true.shape}: give one label an image")
        if which == "all":
            chosen = np.arange(len(images))
        elif which == "mistaken":
            chosen = np.flatnonzero((said == target) & (true != target))
            told = "is taken for class"
        else:
            chosen = np.flatnonzero((said == target) & (true == target))
            told = "of class"
        if not len(chosen):
            there = int((true == target).sum())
            if which == "mistaken":
                raise DataError(f"no image {told} {target} by mistake, so there is no mistake to explain")
            raise DataError(
                f"no image {told} {target} is classified right ({there} of {len(images)} images are of it): its causes "
                "show only where the model says it"
            )
        rng = np.random.default_rng(self.config.seed)
        if len(chosen) > self.config.images:
            chosen = np.sort(rng.choice(chosen, self.config.images, replace=False))
        return chosen

    def _tried(self, layer: Layer, effects: Sequence[int]) -> tuple[list[int], int]:
        """Candidates with a path to the effects, and how many were left out as they are too many."""
        size: dict[int, float] = {}
        for part in chunks(range(len(layer.blocks)), 256):
            wide = max(len(layer.blocks[k]) for k in part)
            padded = [(*layer.blocks[k], *(layer.blocks[k][-1:] * (wide - len(layer.blocks[k])))) for k in part]
            weights, there = path_weights(layer, effects, padded)
            sums = weights.flatten(1).abs().sum(dim=1).tolist()
            size |= {k: s for k, s, t in zip(part, sums, there.flatten(1).any(dim=1).tolist(), strict=True) if t}
        if len(size) <= self.config.max_units:
            return list(size), 0
        ranked = sorted(size, key=lambda k: -size[k])
        top = min(max(round(TOP[0] * len(ranked)), 1), TOP[1])
        bottom = min(max(round(BOTTOM[0] * len(ranked)), 1), BOTTOM[1])
        middle = (len(ranked) - top - bottom) // 2
        chosen = {*ranked[:top], *ranked[len(ranked) - bottom :], *ranked[middle : middle + top + bottom]}
        return sorted(chosen), len(ranked) - len(chosen)


def _counter(progress: Progress | None, what: str, total: int) -> Callable[[int], None]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(what, done, total)

    return count


def _all_logits(network: UnitNetwork, images: Tensor, batch_size: int) -> Tensor:
    return torch.cat(
        [network.logits(images[part[0] : part[-1] + 1]) for part in chunks(range(len(images)), batch_size)]
    )


def _notes(network: UnitNetwork, images: int) -> list[str]:
    notes = []
    if images < FEW:
        notes.append(f"only {images} images: the test has no power, take {FEW} or more")
    if network.untraced:
        notes.append(
            f"the model could not be traced ({network.untraced}): layers count as parents of the next one in the "
            "order in which they run, skip connections are not seen, and batch norm is not folded"
        )
    for note in notes:
        warnings.warn(note, stacklevel=3)
    return notes
