"""How often probes are right on new texts, beside those of a random network, of counts of tokens, and of no text."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.errors import AitiaError
from aitia.system import Given, Score, Scores
from aitia.systems.next_token_concepts.findings import BAG, RANDOM
from aitia.systems.next_token_concepts.reading import Concept, Examples, examples_of
from aitia.systems.next_token_concepts.readout import fit_logistic, linear_r2, scaled
from aitia.systems.next_token_concepts.states import States, bag_of_words, random_network
from aitia.worlds.concept_text import ConceptTextWorld

if TYPE_CHECKING:
    from aitia.systems.next_token_concepts.model import NextTokenConcepts

__all__ = ["CLIPPED", "judged"]

Values = NDArray[np.float64]
CLIPPED = 6.0
"""Log-odds beyond which a concept counts as certain."""


def judged(model: "NextTokenConcepts", fresh: Given, seen: Given) -> Scores:
    """Accuracy over the concepts; on texts of a world that knows, how far states are linear in the true log-odds."""
    try:
        old, new = examples_of(seen, 1), examples_of(fresh, 1)
    except AitiaError:  # rows that are asked about alone
        return {}
    known = {concept.name: concept for concept in old.concepts}
    pairs = [(k, known[c.name], c) for c in new.concepts if c.name in known for k in [model.names.index(c.name)]]
    if not pairs:
        return {}
    states = model.states(new.texts, new.places)
    said = model.log_odds(states)
    ours = float(np.mean([_right(said[:, k], concept) for k, _, concept in pairs]))
    baselines = {"most frequent value": float(np.mean([max(c.codes.mean(), 1 - c.codes.mean()) for _, _, c in pairs]))}
    others = _others(model, old, new)
    for name, (before, after) in others.items():
        mean, spread = scaled(before)
        right = []
        for _, concept, other in pairs:
            weights, bias = fit_logistic(
                (before[concept.rows] - mean) / spread, concept.codes.astype(np.float64), model.config.ridge
            )
            right.append(_right((after - mean) / spread @ weights + bias, other))
        baselines[name] = float(np.mean(right))
    scores: dict[str, Score] = {
        "accuracy": Score(
            ours, "higher", "Share of new texts whose concept its probe tells, over the concepts.", baselines
        )
    }
    if isinstance(fresh.world, ConceptTextWorld) and isinstance(seen.world, ConceptTextWorld):
        wanted, truth = (np.clip(seen.world.log_odds(e.texts), -CLIPPED, CLIPPED) for e in (old, new))
        told = {name: linear_r2(before, wanted, after, truth) for name, (before, after) in others.items()}
        value = linear_r2(model.states(old.texts), wanted, states, truth)
        scores["R2 of the log-odds"] = Score(
            value, "higher", "Of a linear map from states to the true log-odds of the concepts, clipped at 6.", told
        )
    return scores


def _right(said: Values, concept: Concept) -> float:
    return float(((said[concept.rows] > 0) == (concept.codes == 1)).mean())


def _others(model: "NextTokenConcepts", old: Examples, new: Examples) -> dict[str, tuple[Values, Values]]:
    """What else is read, of the texts of the fit and of new ones."""
    if not model.config.baselines:
        return {}
    counts, tokens = bag_of_words(model.language, old.texts)
    found: dict[str, tuple[Values, Values]] = {BAG: (counts, bag_of_words(model.language, new.texts, tokens)[0])}
    random = random_network(model.language, model.config.seed)
    if random is not None:
        reader = States(random, model.site, model.config.batch_size)
        found[RANDOM] = (reader.of(old.texts), reader.of(new.texts))
    return found
