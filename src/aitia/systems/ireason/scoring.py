"""Scores of pairs, under what is held, and what an object does to them.

An object speaks for a pair as far as its exchange for the same object of other clips (an interchange at its slot)
lowers the score. Attention is reported beside it: it was trained for no such thing. Painting an object out is no
intervention: what was not seen is taken for something.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.systems.ireason.network import PairNetwork, Scene
from aitia.systems.ireason.pairs import Pairs
from aitia.systems.ireason.training import scene_of

__all__ = ["Hold", "attention_of", "interchanged", "scores_of"]

Values = NDArray[np.float64]
AT_ONCE = 1024
"""Pairs that are scored together."""


@dataclass(frozen=True)
class Hold:
    """What is held, see the card.

    Args:
        text: Whether sentences are blank: of both, or of the `cause` alone.
        context: Whether the mean stands in the place of all that is seen.
        absent: Names of objects in whose place the mean stands.
        other: Names of objects that are those of other clips.
    """

    text: str = ""
    context: bool = False
    absent: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


def scores_of(network: PairNetwork, pairs: Pairs, codes: Tensor, hold: Hold | None = None, seed: int = 0) -> Values:
    """(n,) scores, the logarithms of odds."""
    hold = hold or Hold()
    scores = np.zeros(len(pairs))
    donors = _donors(pairs, 1, seed)[:, 0] if hold.other else None
    with torch.no_grad():
        for start in range(0, len(pairs), AT_ONCE):
            rows = np.arange(start, min(start + AT_ONCE, len(pairs)))
            scene = _blanked(network, scene_of(network, pairs, rows, codes), hold.text)
            for name in hold.other:
                assert donors is not None
                scene = _exchanged(scene, scene_of(network, pairs, donors[rows], codes), _number(pairs, name))
            absent: Any = torch.full(scene.kinds.shape, hold.context)
            for name in hold.absent:
                absent |= scene.kinds == _number(pairs, name)
            scores[rows] = network(scene, absent)[0].double().numpy()
    return scores


def attention_of(network: PairNetwork, pairs: Pairs, codes: Tensor) -> Values:
    """(n, names) the attention of cause and effect on each object, over all moments; a row sums to 2, or to 0."""
    found = np.zeros((len(pairs), len(pairs.looks.names)))
    with torch.no_grad():
        for start in range(0, len(pairs), AT_ONCE):
            rows = np.arange(start, min(start + AT_ONCE, len(pairs)))
            scene = scene_of(network, pairs, rows, codes)
            weights = network(scene)[1].sum(dim=1).double().numpy()
            for name in range(found.shape[1]):
                found[rows, name] = (weights * (scene.kinds == name).numpy()).sum(axis=1)
    return found


def interchanged(
    network: PairNetwork, pairs: Pairs, codes: Tensor, *, rows: NDArray[np.int64] | None = None, others: int = 24,
    text: str = "", seed: int = 0,
) -> Values:  # fmt: skip
    """(rows, names) how much the score falls when an object is exchanged for that of other pairs, mean over these.

    Nan where the object is not there, or no other clip has it.

    Args:
        network: That scores.
        pairs: The pairs.
        codes: Of all sentences.
        rows: The pairs that are asked about; None takes all.
        others: Pairs of other clips that an object is taken from.
        text: As in `Hold`.
        seed: Of the choice of others.
    """
    asked = np.arange(len(pairs)) if rows is None else rows
    donors = _donors(pairs, others, seed)[asked]
    fall = np.zeros((len(asked), len(pairs.looks.names)))
    counts = np.zeros_like(fall)
    before = scores_of(network, pairs.take(asked), codes, Hold(text))
    with torch.no_grad():
        for start in range(0, len(asked), AT_ONCE):
            at = np.arange(start, min(start + AT_ONCE, len(asked)))
            scene = _blanked(network, scene_of(network, pairs, asked[at], codes), text)
            for k in range(others):
                donor = scene_of(network, pairs, donors[at, k], codes)
                for name in range(fall.shape[1]):
                    use = ((scene.kinds == name).any(1) & (donor.kinds == name).any(1)).numpy()
                    use &= pairs.clip[asked[at]] != pairs.clip[donors[at, k]]
                    if use.any():
                        after = network(_exchanged(scene, donor, name))[0].double().numpy()
                        fall[at, name] += np.where(use, before[at] - after, 0.0)
                        counts[at, name] += use
    return np.where(counts > 0, fall / np.maximum(counts, 1), np.nan)


def _number(pairs: Pairs, name: str) -> int:
    return pairs.looks.names.index(name) if name in pairs.looks.names else len(pairs.looks.names)


def _donors(pairs: Pairs, many: int, seed: int) -> NDArray[np.int64]:
    """(n, many) other rows for each: of the same two sentences in another clip, else of any other clip."""
    n = len(pairs)
    random = np.random.default_rng([seed, 11])
    drawn = np.zeros((n, many), dtype=np.int64)
    group = np.unique(pairs.said, axis=0, return_inverse=True)[1].reshape(-1)
    for rows in (np.flatnonzero(group == k) for k in range(group.max(initial=-1) + 1)):
        drawn[rows] = random.choice(rows, size=(len(rows), many))
    for _ in range(8):
        same = pairs.clip[drawn] == pairs.clip[:, None]
        if not same.any():
            break
        drawn = np.where(same, random.integers(n, size=(n, many)), drawn)
    return drawn


def _blanked(network: PairNetwork, scene: Scene, text: str) -> Scene:
    blank = network.blank.expand_as(scene.first)
    if text == "cause":
        return replace(scene, first=blank)
    return replace(scene, first=blank, second=blank) if text else scene


def _exchanged(scene: Scene, donor: Scene, name: int) -> Scene:
    """The scene with the object of this name as the donor has it; as it was where either lacks it."""
    has = (scene.kinds == name).any(1) & (donor.kinds == name).any(1)
    kept = torch.where((scene.kinds == name) & has[:, None], -1, scene.kinds)
    given = torch.where((donor.kinds == name) & has[:, None], donor.kinds, -1)
    return Scene(
        scene.first, scene.second, torch.cat([kept, given], dim=1), torch.cat([scene.boxes, donor.boxes], dim=1),
        torch.cat([scene.features, donor.features], dim=1), torch.cat([scene.moments, donor.moments], dim=1),
        scene.times,
    )  # fmt: skip
