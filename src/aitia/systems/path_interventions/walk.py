"""The walk from the logit of a class down: layer by layer, what raises the effects in the layer above."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.errors import DataError, OptionError, unknown_variable
from aitia.nn.weights import fingerprint
from aitia.systems.path_interventions.config import PathInterventionsConfig
from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects, options_of
from aitia.systems.path_interventions.selection import select
from aitia.systems.path_interventions.sweep import Sweep, scores, sweep
from aitia.systems.path_interventions.units import Layer, UnitNetwork, chunks, path_weights

__all__ = ["measured_on", "walk"]

FEW = 5
"""Fewer images than this give the test no power."""
TOP, BOTTOM = (0.10, 400), (0.05, 300)
"""Share and most of the candidates that a wide layer tries from both ends of the ranking by summed weight."""
CONTROLS = 16
"""Candidates whose paths to units drawn at random are the control of a layer."""


def walk(
    model: nn.Module,
    images: Tensor,
    labels: ArrayLike | None,
    target: int | None,
    config: PathInterventionsConfig,
    *,
    references: Tensor | None = None,
    progress: Progress | None = None,
) -> CausalExplanation:
    """The causes of a class.

    Args:
        model: In evaluation mode, with convolutions or linear layers; from (n, ...) to logits, alone or as `logits`.
        images: (n, channels, height, width) as the model takes them.
        labels: (n,) true classes; None, or a number below 0, takes what the model says as right.
        target: The class c; None takes the one that is said most often.
        config: Options; `which` says which images are taken.
        references: For each image another one: a unit's paths then hand on what they would of that image, and its
            causes are those that carry the difference between the two to the class. With `which="all"`.
        progress: Told after every batch.

    Raises:
        DataError: If no image is left, labels do not fit, or the model cannot take the images.
        OptionError: If the class is none of the model's, or references do not fit.
        UnknownVariableError: If `layers` names none of the model's.
        InterventionError: If the model is in training mode, compiled, has no convolution or linear layer, gives numbers
            that are not finite, or is in half precision on a processor.
    """
    if references is not None and (config.which != "all" or references.shape != images.shape):
        raise OptionError("references are one for each image, of the same shape, with which='all'")
    if not len(images):
        raise DataError("there is no image to explain")
    network = UnitNetwork(model, images, cells=config.cells)
    if target is not None and not 0 <= target < network.classes:
        raise OptionError(f"the model has classes 0 to {network.classes - 1}, got {target}")
    explored = _explored(network, config)
    said = _all_logits(network, images, config.batch_size).argmax(dim=1).cpu().numpy()
    if target is None:
        target = int(np.bincount(said).argmax())
    chosen = _rows(said, labels, target, config)
    notes = _notes(network, len(chosen))
    images, references = images[chosen], None if references is None else references[chosen]
    by_logit = config.score == "logit"
    logit, log, _ = scores(_all_logits(network, images, config.batch_size), target)
    observed = logit if by_logit else log
    effects: dict[str, set[int]] = {}
    for ends in [network.ends[target]] if by_logit else network.ends:
        for name, unit in ends:
            effects.setdefault(name, set()).add(unit)
    found = []
    for layer in (layer for layer in reversed(network.layers.values()) if not layer.first):
        reached = sorted(effects.get(layer.name, ()))
        if not reached:
            continue
        if layer.name not in explored:
            kept: Sequence[int] = range(len(layer.blocks))
        else:
            tried, left = _tried(layer, reached, config)
            steps = len(tried) * -(-len(images) // config.batch_size)
            count = _counter(progress, f"paths into {layer.name}", steps)
            told, by = _told(network, layer, reached, tried, images, target, observed, config, references, count)
            found.append(replace(told, untried=left))
            kept = [tried[k] for k in np.flatnonzero(by)]
        for k in kept:
            for name, unit in layer.parents[k]:
                effects.setdefault(name, set()).add(unit)
    about = {"class": type(model).__name__, "fingerprint": fingerprint(model)}
    units = {name: tuple(sorted(effects[name])) for name in network.layers if name in effects}
    sizes = {name: layer.outputs for name, layer in network.layers.items()}
    shape = tuple(images.shape[1:])
    return CausalExplanation(target, found, units, observed, about, options_of(config), shape, sizes, notes)


def measured_on(
    network: UnitNetwork, found: CausalExplanation, images: Tensor, config: PathInterventionsConfig
) -> CausalExplanation:
    """The effects of the units that were tried, and their tests, on other images; the causes stay as they were found.

    Raises:
        DataError: If there is no image.
    """
    if not len(images):
        raise DataError("there is no image to explain")
    logit, log, _ = scores(_all_logits(network, images, config.batch_size), found.target)
    observed = logit if config.score == "logit" else log
    layers = []
    for before in found.layers:
        layer = network.layer(before.layer)
        places = {block: k for k, block in enumerate(layer.blocks)}
        tried = [places[block] for block in before.blocks]
        told, _ = _told(network, layer, before.effects, tried, images, found.target, observed, config, None, None)
        layers.append(replace(told, causes=before.causes, rule=before.rule, untried=before.untried))
    rest = (found.model, found.config, found.shape, found.sizes, found.notes)
    return CausalExplanation(found.target, layers, found.effects, observed, *rest)


def _told(
    network: UnitNetwork,
    layer: Layer,
    effects: Sequence[int],
    tried: Sequence[int],
    images: Tensor,
    target: int,
    observed: NDArray[np.float64],
    config: PathInterventionsConfig,
    references: Tensor | None,
    count: Callable[[int], None] | None,
) -> tuple[LayerEffects, NDArray[np.bool_]]:
    """What the paths from the tried blocks to the effects do, and which of the blocks are causes."""

    def swept(ends: Sequence[int], blocks: Sequence[int], done: Callable[[int], None] | None) -> Sweep:
        return sweep(
            network, layer, ends, blocks, images, target, kind=config.cut, beta=config.beta, seed=config.seed,
            references=references, batch_size=config.batch_size, done=done,
        )  # fmt: skip

    done, by_logit = swept(effects, tried, count), config.score == "logit"
    changes = done.changes if by_logit else done.log_changes.copy()
    by = select(changes, observed, test=config.test, correction=config.correction, alpha=config.alpha)
    rng = np.random.default_rng([config.seed, 23])
    ends = sorted(rng.choice(layer.outputs, len(effects), replace=False).tolist())
    some = sorted(rng.choice(tried, min(CONTROLS, len(tried)), replace=False).tolist())
    other = swept(ends, some, None)
    control = float((other.changes if by_logit else other.log_changes).mean()) if some else 0.0
    told = LayerEffects(
        layer.name, tuple(effects), tuple(layer.blocks[k] for k in tried), tuple(layer.parents[k] for k in tried),
        changes, done.log_changes, done.divergence, by.p, by.adjusted, by.causes, by.rule, 0, control,
    )  # fmt: skip
    return told, by.causes


# -- its parts ---------------------------------------------------------------------------------------------------------


def _explored(network: UnitNetwork, config: PathInterventionsConfig) -> set[str]:
    names = set()
    for pattern in config.layers:
        fits = [name for name in network.layers if fnmatchcase(name, pattern)]
        if not fits:
            raise unknown_variable(pattern, network.layers, "network")
        names |= set(fits)
    return names


def _rows(
    said: NDArray[np.int64], labels: ArrayLike | None, target: int, config: PathInterventionsConfig
) -> NDArray[np.int64]:
    true = said if labels is None else np.asarray(labels)
    if true.shape != said.shape:
        raise DataError(f"there are {len(said)} images and labels of shape {true.shape}: give one label an image")
    true, which = np.where(true < 0, said, true), config.which
    if which == "all":
        chosen = np.arange(len(said))
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
            f"no image {told} {target} is classified right ({there} of {len(said)} images are of it): its causes "
            "show only where the model says it"
        )
    rng = np.random.default_rng(config.seed)
    if len(chosen) > config.images:
        chosen = np.sort(rng.choice(chosen, config.images, replace=False))
    return chosen


def _tried(layer: Layer, effects: Sequence[int], config: PathInterventionsConfig) -> tuple[list[int], int]:
    """Candidates with a path to the effects, and how many were left out as they are too many."""
    size: dict[int, float] = {}
    for part in chunks(range(len(layer.blocks)), 256):
        wide = max(len(layer.blocks[k]) for k in part)
        padded = [(*layer.blocks[k], *(layer.blocks[k][-1:] * (wide - len(layer.blocks[k])))) for k in part]
        weights, there = path_weights(layer, effects, padded)
        sums = weights.flatten(1).abs().sum(dim=1).tolist()
        size |= {k: s for k, s, t in zip(part, sums, there.flatten(1).any(dim=1).tolist(), strict=True) if t}
    if len(size) <= config.max_units:
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
    if network.unfollowed:
        notes.append(
            f"the model could not be followed ({network.unfollowed}): layers count as parents of the next one in the "
            "order in which they run, skip connections are not seen, and batch norm is not folded"
        )
    for note in notes:
        warnings.warn(note, stacklevel=3)
    return notes
