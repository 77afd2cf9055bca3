"""A world as a trial for anybody's method: rows to learn from, rows to be judged on, interventions to answer; no truth.

train/                 rows, with the labels that the world hands out, as every system of ours has them
test/                  other rows, of which only what is seen is told
interventions.json     for some test rows an intervention each: `answers.npz` holds what they would have been
trial.json             the world, its arguments, seeds and numbers

The test rows are those on which `aitia run` and `aitia bench` score at the same seed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.clips import Clips
from aitia.do import Intervention
from aitia.files import check_free, new_folder, write_whole
from aitia.workflow.run import FRESH, FRESH_SEED
from aitia.worlds.sample import Sample, stream
from aitia.worlds.world import World

__all__ = ["Trial", "trial_of", "write_trial"]

ASKED = 100
"""Test rows, at most, that come with an intervention."""
TRUTH = ("causes", "reason")
"""Columns of rows, beside latents, that tell what is to be found out."""


@dataclass(frozen=True, eq=False)
class Trial:
    """The rows on which methods are judged at one seed.

    Args:
        world: The simulator.
        sample: The test rows.
        asked: An intervention for each of the first test rows.
        size: Pixels on a side of pictures.
    """

    world: World = field(repr=False)
    sample: Sample = field(repr=False)
    asked: tuple[Intervention, ...]
    size: int

    def truths(self) -> NDArray[Any]:
        """What the rows that are asked about would have been, as `world.render` shows them."""
        found = []
        for row, do in enumerate(self.asked):
            other = self.world.counterfactual(self.sample.take([row]), do)
            found.append(self.world.render(other, size=self.size)[0])
        return np.stack(found)

    def facts(self) -> NDArray[Any]:
        """What they are."""
        rows = self.sample.take(np.arange(len(self.asked)))
        return np.asarray(self.world.render(rows, size=self.size))


def trial_of(world: World, n: int, *, seed: int, size: int = 64) -> Trial:
    """The trial of a world at a seed, after a fit to n rows of it."""
    sample = world.sample(min(FRESH, n), seed=seed + FRESH_SEED)
    rng = stream(seed, "interventions")
    latents = [latent for latent in world.latents if latent.name in (world.visible or world.names)]
    asked = []
    for _ in range(min(ASKED, len(sample))):
        latent = latents[int(rng.integers(len(latents)))]
        if latent.labels:
            value: Any = latent.labels[int(rng.integers(len(latent.labels)))]
        else:
            value = round(float(rng.uniform(latent.low, latent.high)), 4)
        asked.append(Intervention({latent.name: value}))
    return Trial(world, sample, tuple(asked), size)


def write_trial(
    world: World,
    folder: str | Path,
    n: int,
    *,
    seed: int = 0,
    size: int = 64,
    arguments: Mapping[str, Any] | None = None,
) -> list[str]:
    """Writes a trial into a folder.

    Args:
        world: The simulator.
        folder: Where to; it is made, or is empty.
        n: Rows to learn from.
        seed: Of the rows.
        size: Pixels on a side of pictures.
        arguments: Of the world, for the record.

    Returns:
        What was written, a line each.

    Raises:
        FormatError: If the folder is there and not empty, or cannot be written; nothing is left of it then.
    """
    folder = Path(folder)
    check_free(folder)
    trial = trial_of(world, n, seed=seed, size=size)
    learn = world.rows(world.sample(n, seed=seed), size)
    judged = _without_truth(world, world.rows(trial.sample, size))
    asked = [{"row": row, "do": str(do)} for row, do in enumerate(trial.asked)]
    record = {
        "world": world.name,
        "arguments": dict(arguments or {}),
        "rows": n,
        "seed": seed,
        "size": size,
        "seen": world.seen,
        "latents": list(world.visible or world.names),
        "test": len(judged),
        "asked": len(asked),
    }
    with new_folder(folder) as place:
        learn.write(place / "train", "train", range(len(learn)))
        judged.write(place / "test", "test", range(len(judged)))
        write_whole(place / "interventions.json", json.dumps(asked, indent=2, ensure_ascii=False) + "\n")
        write_whole(place / "trial.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return [
        f"{folder / 'train'}: {n} rows to learn from",
        f"{folder / 'test'}: {len(judged)} rows to be judged on",
        f"{folder / 'interventions.json'}: an intervention for each of the first {len(asked)} of them",
        f"Judge with: aitia bench {world.name} --codes codes.npz | --graph graph.json | --counterfactuals FOLDER",
    ]


def _without_truth(world: World, rows: Data) -> Data:
    """The rows without latents and `TRUTH`; of clips too, whose labels stand apart from what is seen."""
    hidden = (*world.names, *TRUTH)
    if world.seen != "video" or rows.sequences is None:
        return rows.unlabelled(hidden)
    return Clips(rows.sequences, rows.known.unlabelled(hidden), world.name)
