"""How far predicted tracks are from the true ones, and whether they run into each other.

A track is (frames, 2): positions in the plane, in the unit in which every answer comes back. The frames are those
predicted, without the observed history.

Sources:
    Alahi, Goel, Ramanathan, Robicquet, Fei-Fei and Savarese, Social LSTM, CVPR 2016 (ADE, FDE).
    Gupta, Johnson, Fei-Fei, Savarese and Alahi, Social GAN, CVPR 2018 (best of k).
    Chang et al., Argoverse, CVPR 2019 (miss rate). Kothari, Kreiss and Alahi, Human trajectory forecasting in crowds,
    2021 (collisions among predictions).
"""

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import Values, numbers

__all__ = ["ade", "best_of_k_ade", "best_of_k_fde", "collision_rate", "fde", "miss_rate"]


def _tracks(values: ArrayLike, name: str) -> Values:
    x = numbers(values, name)
    if x.ndim < 2 or x.shape[-1] != 2:
        raise DataError(f"{name} has shape {x.shape}, expected (..., frames, 2): positions in the plane")
    return x


def _distances(predicted: ArrayLike, true: ArrayLike) -> Values:
    """(..., frames) distances between two arrays of tracks of one shape."""
    x, y = _tracks(predicted, "predicted"), _tracks(true, "true")
    if x.shape != y.shape:
        raise DataError(f"predicted has shape {x.shape} and true {y.shape}: each predicted position has one true one")
    distances: Values = np.linalg.norm(x - y, axis=-1)
    return distances


def _sampled_distances(predicted: ArrayLike, true: ArrayLike) -> Values:
    """(k, ..., frames) distances of k draws to one truth."""
    x, y = _tracks(predicted, "predicted"), _tracks(true, "true")
    if x.shape[1:] != y.shape:
        raise DataError(f"predicted has shape {x.shape} and true {y.shape}: expected (k, *true), draws first")
    distances: Values = np.linalg.norm(x - y, axis=-1)
    return distances


def _scene_distances(predicted: ArrayLike, true: ArrayLike) -> Values:
    distances = _sampled_distances(predicted, true)
    if distances.ndim != 4:
        raise DataError(f"predicted has shape {(*distances.shape, 2)}, expected (k, n, agents, frames, 2)")
    return distances


def ade(predicted: ArrayLike, true: ArrayLike) -> float:
    """Average displacement error: the mean distance over all frames of all tracks. Lower is better.

    Args:
        predicted: (..., frames, 2).
        true: The same shape.

    Raises:
        DataError: If the shapes differ or do not end in (frames, 2), or a value is not finite.

    Example:
        >>> ade([[0, 0], [1, 0]], [[0, 0], [1, 2]])
        1.0
    """
    return float(_distances(predicted, true).mean())


def fde(predicted: ArrayLike, true: ArrayLike) -> float:
    """Final displacement error: the mean distance in the last frame. Lower is better.

    Args:
        predicted: (..., frames, 2).
        true: The same shape.

    Raises:
        DataError: If the shapes differ or do not end in (frames, 2), or a value is not finite.

    Example:
        >>> fde([[0, 0], [1, 0]], [[0, 0], [1, 2]])
        2.0
    """
    return float(_distances(predicted, true)[..., -1].mean())


def best_of_k_ade(predicted: ArrayLike, true: ArrayLike) -> float:
    """ADE of the best of k draws, chosen per scene with the truth at hand. Lower is better.

    Protocol: the error of a sample of a scene is its mean distance over the scene's agents and frames; the minimum over
    the k draws is taken per scene, all agents together; the answer is the mean over scenes. Choosing per agent, as
    some papers do, gives lower numbers. It falls with k whatever the model, so compare at one k.

    Args:
        predicted: (k, n, agents, frames, 2), k joint draws of n scenes.
        true: (n, agents, frames, 2).

    Raises:
        DataError: If the shapes do not fit or a value is not finite.

    Example:
        >>> best_of_k_ade(np.ones((1, 2, 3, 4, 2)) * [3, 4], np.zeros((2, 3, 4, 2)))
        5.0
    """
    return float(_scene_distances(predicted, true).mean(axis=(2, 3)).min(axis=0).mean())


def best_of_k_fde(predicted: ArrayLike, true: ArrayLike) -> float:
    """FDE of the best of k draws, chosen per scene by FDE itself. Lower is better.

    Protocol: as `best_of_k_ade` with the last frame alone; the sample that is best here need not be the one that is
    best there.

    Args:
        predicted: (k, n, agents, frames, 2), k joint draws of n scenes.
        true: (n, agents, frames, 2).

    Raises:
        DataError: If the shapes do not fit or a value is not finite.

    Example:
        >>> best_of_k_fde(np.ones((1, 2, 3, 4, 2)) * [3, 4], np.zeros((2, 3, 4, 2)))
        5.0
    """
    return float(_scene_distances(predicted, true)[..., -1].mean(axis=2).min(axis=0).mean())


def miss_rate(predicted: ArrayLike, true: ArrayLike, *, threshold: float = 2.0) -> float:
    """Share of tracks whose last position none of the k draws comes within `threshold` of. Lower is better.

    Args:
        predicted: (k, ..., frames, 2), draws first; predicted[None] for one. The best draw is taken per track.
        true: (..., frames, 2).
        threshold: Distance that still counts as a hit; 2 metres in Argoverse.

    Raises:
        DataError: If the shapes do not fit or a value is not finite.
        OptionError: If the threshold is not positive.

    Example:
        >>> miss_rate([[[[0, 0]], [[0, 0]]]], [[[0, 1]], [[0, 3]]])
        0.5
    """
    if not threshold > 0:
        raise OptionError(f"threshold is a positive distance, got {threshold}")
    return float(np.mean(_sampled_distances(predicted, true)[..., -1].min(axis=0) > threshold))


def collision_rate(tracks: ArrayLike, radius: float) -> float:
    """Share of agents that come nearer than `radius` to another agent of their scene in some frame. Lower is better.

    Positions between two frames are not looked at. Compare with the rate of the true tracks, which need not be 0.

    Args:
        tracks: (..., agents, frames, 2) with two agents or more.
        radius: Distance of two centres below which they collide: the sum of both bodies' radii.

    Raises:
        DataError: If the shape is another, or a value is not finite.
        OptionError: If the radius is not positive.

    Example:
        >>> collision_rate([[[0, 0], [1, 0]], [[9, 9], [1, 0.1]], [[5, 5], [5, 5]]], 0.5)
        0.6666666666666666
    """
    if not radius > 0:
        raise OptionError(f"radius is a positive distance, got {radius}")
    x = _tracks(tracks, "tracks")
    if x.ndim < 3 or x.shape[-3] < 2:
        raise DataError(f"tracks has shape {x.shape}, expected (..., agents, frames, 2) with two agents or more")
    agents = x.shape[-3]
    hit = np.zeros(x.shape[:-2], dtype=bool)
    for a in range(agents - 1):
        apart = np.linalg.norm(x[..., a + 1 :, :, :] - x[..., a : a + 1, :, :], axis=-1)
        touch = (apart < radius).any(axis=-1)
        hit[..., a] |= touch.any(axis=-1)
        hit[..., a + 1 :] |= touch
    return float(hit.mean())
