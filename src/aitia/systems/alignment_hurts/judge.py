"""How well each variety is written, beside texts that need no model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.data.parallel import Parallel
from aitia.stats.metrics import chrf
from aitia.system import Score, Scores

if TYPE_CHECKING:
    from aitia.systems.alignment_hurts.model import Decoupling

__all__ = ["judged"]

SOURCE, ANOTHER = "the source as it is", "another target of the variety"


def judged(system: "Decoupling", fresh: Parallel, seen: Parallel) -> Scores:
    """chrF++ of the varieties beside the dominant one, and of that one, under what the system holds."""
    ours: dict[str, float] = {}
    bare: dict[str, dict[str, float]] = {SOURCE: {}, ANOTHER: {}}
    rng = np.random.default_rng(system.config.seed)
    for name in fresh.names:
        own, told = fresh.of(name), seen.of(name).targets
        ours[name] = chrf(system.translate(own.sources, name), own.targets)
        bare[SOURCE][name] = chrf(own.sources, own.targets)
        bare[ANOTHER][name] = chrf([told[k] for k in rng.choice(len(told), len(own)).tolist()], own.targets)

    def mean(of: Mapping[str, float], names: Sequence[str]) -> float:
        return float(np.mean([of[name] for name in names]))

    dominant = system.dominant
    parts = {
        "chrF++ of the other varieties": [name for name in ours if name != dominant],
        f"chrF++ of {dominant}": [name for name in ours if name == dominant],
    }
    about = "Letters and words in common with what the variety says."
    return {
        metric: Score(mean(ours, names), "higher", about, {who: mean(of, names) for who, of in bare.items()})
        for metric, names in parts.items()
        if names
    }
