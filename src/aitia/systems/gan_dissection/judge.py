"""How much of each object is gone without its set, beside what sets that were not chosen take away."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.nn.sites import random_units
from aitia.system import Score, Scores
from aitia.systems.gan_dissection.effects import others, removed, swept
from aitia.systems.gan_dissection.study import matched_units
from aitia.systems.gan_dissection.tail import Tail

if TYPE_CHECKING:
    from aitia.systems.gan_dissection.model import GanDissection

__all__ = ["judged"]


def judged(system: "GanDissection", tails: Sequence[Tail]) -> Scores:
    """Means over the objects that the rows show."""
    found, config, names = system._found, system.config, tuple(system.referee.names)
    ours, chance, alike, spoilt = [], [], [], []
    for name in found.concepts:
        units, k = found.sets[name], names.index(name)
        sets = random_units(units, found.shape[0], config.controls, config.seed)
        near = matched_units(units, found.means, config.controls, config.seed)
        changes = [found.absent(some, config.ablation) for some in (units, *sets, *near)]
        each = swept(tails, system.referee, changes)
        if not each[0, :, k].any():
            continue
        gone = [removed(each[0, :, k], after[:, k]) for after in each[1:]]
        ours.append(gone[0])
        chance.append(max(gone[1 : 1 + len(sets)]))
        alike.append(max(gone[1 + len(sets) :]))
        spoilt.append(others(each[0], each[1], [k]))
    if not ours:
        return {}
    beside = {"the best random set": float(np.mean(chance)), "the best set of as active units": float(np.mean(alike))}
    about = (
        f"Share of an object's pixels that are gone without its {config.units} units, mean over {len(ours)} objects."
    )
    return {
        "removed": Score(float(np.mean(ours)), "higher", about, beside),
        "others": Score(float(np.mean(spoilt)), "lower", "Change of all else, as a part of what there was of it."),
    }
