"""How far edits go on prompts that they were not made from, and what else they move, beside trivial changes."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.do import Intervention
from aitia.errors import DataError
from aitia.system import Given, Score, Scores
from aitia.systems.diff_quickfix.closed_form import random_edit
from aitia.systems.diff_quickfix.effects import look, of_pairs
from aitia.systems.diff_quickfix.prompts import Pair, read_prompts

if TYPE_CHECKING:
    from aitia.systems.diff_quickfix.model import DiffQuickfix

__all__ = ["judged"]


def judged(system: "DiffQuickfix", fresh: Given) -> Scores:
    """Means over the concepts of the fit that fresh prompts have; none where there is none."""
    try:
        pairs, kept = read_prompts(fresh)
    except DataError:  # rows without a pair say nothing of an edit
        return {}
    by_concept: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.concept in system.targets.names:
            by_concept.setdefault(pair.concept, []).append(pair)
    config, pipeline, reader = system.config, system.pipeline, system.reader
    reached, chance, went, strayed = [], [], [], []
    stay = look(pipeline, kept[: config.traced], None, config) if kept else None
    for concept, some in by_concept.items():
        edit = system.edit_of(Intervention({concept: "absent"}))
        assert edit is not None
        edits = (edit, random_edit(edit, config.seed))
        seen = of_pairs(pipeline, some[: config.traced], config)
        ours, control = (seen.efficacy(seen.after(pipeline, one, config), reader).share for one in edits)
        reached.append(ours)
        chance.append(control)
        if stay is not None:
            ours, control = (stay.moved(stay.after(pipeline, one, config), reader).share for one in edits)
            went.append(ours)
            strayed.append(control)
    if not reached:
        return {}
    about = "Share of the way from the pictures of prompts to those of the prompts in other words."
    beside = {"no edit": 0.0, "a random change as long": float(np.mean(chance)), "the prompt rewritten": 1.0}
    trivial = ("no edit", "a random change as long")
    found = {"efficacy": Score(float(np.mean(reached)), "higher", about, beside, trivial)}
    if went:
        told = "How far pictures went that are to stay."
        found["others moved"] = Score(
            float(np.mean(went)), "lower", told, {"no edit": 0.0, "a random change as long": float(np.mean(strayed))}
        )
    return found
