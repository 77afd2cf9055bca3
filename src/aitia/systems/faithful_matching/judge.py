"""How good matching is on rows that it has not seen: its effects beside the true ones, and its reading of concepts."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.system import Given, Score, Scores
from aitia.systems.faithful_matching.reading import known_concepts, pairs_in

if TYPE_CHECKING:
    from aitia.systems.faithful_matching.model import FaithfulMatching

__all__ = ["judged"]

RIVALS = ("random", "tf-idf", "approximate", "conexp")


def judged(system: "FaithfulMatching", fresh: Given) -> Scores:
    """Effects need the classifier, and versions of one text that differ in one concept; reading needs known labels."""
    scores: dict[str, Score] = {}
    found, names = system.found, tuple(system.found.categories)
    pairs = pairs_in(fresh, system.found.fitted().treatments)
    if pairs is not None and ("model" in system.subjects or system.said):
        ours = system.config.by if system.config.by != "writer" else "causal"
        rivals = [name for name in RIVALS if name != ours]
        k = system.config.matches
        errors = found.evaluate(pairs, system.black_box(fresh), (ours, *rivals), k=k, seed=system.config.seed)
        nothing = float(np.linalg.norm(errors.true, axis=1).mean())
        scores["L2 error of effects"] = Score(
            errors.error(ours), "lower",
            "Distance of the told change of the probabilities from the true one, where a version of the text is known.",
            {**{name: errors.error(name) for name in rivals}, "no effect": nothing}, ("no effect",),
        )  # fmt: skip
    right, usual = [], []
    read = found.read(fresh.texts("text"))
    for name, values in known_concepts(fresh, names).items():
        there = [row for row, value in enumerate(values) if value is not None]
        pool = found.concepts[name]
        most = max(dict.fromkeys(pool), key=pool.count)
        if there:
            right.append(float(np.mean([read[name][row] == values[row] for row in there])))
            usual.append(float(np.mean([values[row] == most for row in there])))
    if right:
        scores["concepts read"] = Score(
            float(np.mean(right)), "higher", "Share of labels that are read off the text as they are known.",
            {"most frequent label": float(np.mean(usual))},
        )  # fmt: skip
    return scores
