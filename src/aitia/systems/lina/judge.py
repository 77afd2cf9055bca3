"""How often all that is wanted is shown on prompts that the fit has not seen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.system import Score, Scores
from aitia.systems.lina.drawing import Prompted, Strengths
from aitia.systems.lina.marks import Wants
from aitia.systems.lina.policy import pooled
from aitia.systems.lina.search import marked

if TYPE_CHECKING:
    from aitia.systems.lina.model import Lina

__all__ = ["judged"]


def judged(system: "Lina", prompted: Prompted, prompts: Sequence[str], wants: Wants) -> Scores:
    """The policy beside one setting for all, settings of other prompts, no guidance, and the best of several."""
    config, found = system.config, system.found
    assert found is not None
    n = len(prompted)
    noise = system.pipeline.noise(n * config.samples, config.seed + 2)
    chosen = found.chosen(pooled(prompted.said), prompts)
    chooser, referee = system.judges
    single = [found.single] * n

    def shown(strengths: Sequence[Strengths]) -> float:
        (marks,) = marked(system.pipeline, prompted, wants, [referee], noise, strengths, config)
        return float(marks.joint(wants).mean())

    both = marked(system.pipeline, prompted, wants, [chooser, referee], noise, single, config)
    picked = both[0].likely(wants).argmax(1)
    best = float(both[1].joint(wants)[np.arange(n), picked].mean())
    alone = float(both[1].joint(wants).mean())
    beside = {
        "one setting for all": alone,
        "settings of other prompts": shown([*chosen[1:], *chosen[:1]]),
        "no guidance": shown([Strengths()] * n),
        f"best of {config.samples} by the evaluator": best,
    }
    about = f"Share of pictures of {n} prompts that show all that is wanted, by the referee."
    trivial = ("one setting for all", "settings of other prompts", "no guidance")
    scores = {"shown": Score(shown(chosen), "higher", about, beside, trivial)}
    right = both[1].right(wants).mean((0, 1))
    for place, name in enumerate(wants.labels):
        told = f"Share of pictures with one setting for all that show the {name} that is wanted."
        scores[f"shown, {name}"] = Score(float(right[place]), "higher", told)
    return scores
