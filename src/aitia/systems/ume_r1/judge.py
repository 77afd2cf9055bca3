"""How well targets are found: hits among the targets of fresh rows, in each mode, with what they cost in tokens."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.system import Given, Score, Scores
from aitia.systems.ume_r1.config import Mode
from aitia.systems.ume_r1.items import meanings_of, targets_of
from aitia.systems.ume_r1.retrieval import hits

if TYPE_CHECKING:
    from aitia.systems.ume_r1.model import UmeR1

__all__ = ["judged"]


def judged(model: "UmeR1", fresh: Given, seen: Given) -> Scores:
    """Share of the queries whose nearest target has their meaning, beside a target drawn at random."""
    targets = targets_of(fresh, model._images, model.config.pixels)
    rows = [row for row, target in enumerate(targets) if target is not None]
    if not rows:
        return {}
    given = fresh.take(rows)
    gallery = model._gallery_of(given)
    queries = [item.bare() for item in model._queries(given)]
    held = meanings_of(given, targets_of(given, model._images, model.config.pixels))
    chance = float(np.mean([(gallery.meanings == meaning).mean() for meaning in held]))
    found: dict[str, Score] = {}
    both = model.config.generative and "disc" in model.config.losses
    modes: tuple[Mode, ...] = ("disc", "gen") if both else (model.config.mode,)
    told = {}
    for mode in sorted(modes, key=lambda name: name != model.config.mode):
        vectors, written = model.embed(queries, mode=mode)
        candidates = model._asked_for_nothing().embed(gallery.items, mode=mode)[0]
        told[mode] = hits(vectors, candidates, held, gallery.meanings)
        how = "after reasoning" if mode == "gen" else "embedded in one pass"
        about = f"The nearest of the fresh targets means the same; {how}"
        found[f"hit@1, {mode}"] = Score(float(told[mode].mean()), "higher", f"{about}.", {"a random target": chance})
        if written:
            found["tokens written"] = Score(
                float(np.mean([len(w.ids) + 1 for w in written])),
                "lower",
                "For each query, by mode gen; disc writes none.",
            )
            found["finished"] = Score(
                float(np.mean([w.finished for w in written])), "higher", "Share of reasonings that close their tags."
            )
    if len(told) == 2:
        best = float(np.logical_or(*told.values()).mean())
        found["hit@1, the better mode"] = Score(best, "higher", "Of each query; it needs to be told which.")
    return found
