"""What CausaLM finds: effects with their intervals over texts, and what probes still read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConceptEffect", "Erasure", "conexp_sizes"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ConceptEffect:
    """One estimate of how far a concept moves the class probabilities of a text, 0 to 2.

    Args:
        name: Which estimate.
        estimate: Its mean over texts.
        low: Lower end of its bootstrap interval over texts.
        high: Upper end.
        causal: Whether it is meant as an effect; CONEXP is a correlation, the placebo a control.
        note: What to know when reading it.
    """

    name: str
    estimate: float
    low: float
    high: float
    causal: bool = True
    note: str = ""


@dataclass(frozen=True)
class Erasure:
    """What fresh probes read off frozen states, as accuracies on texts that they were not trained on.

    Args:
        encoder: `original`, `counterfactual` or `placebo`.
        linear: Of the treated concept, linear in the mean state that the head for the task sees.
        attention: Of the treated concept, with attention over the tokens.
        chance: Of always saying the most frequent value.
        controls: Of each control concept, linear in the mean state.
    """

    encoder: str
    linear: float
    attention: float
    chance: float
    controls: Mapping[str, float] = field(default_factory=dict)


def conexp_sizes(outputs: Values, codes: NDArray[np.int64], draws: NDArray[np.int64]) -> Values:
    """CONEXP in each draw of the texts, (draws,): how far what is said differs between texts with different values.

    The sum over classes of the absolute difference of means; with more than two values the mean over their pairs. A
    draw that lacks a value counts the pairs it has.

    Args:
        outputs: Class probabilities, (n, classes).
        codes: Of the concept, (n,).
        draws: How often each text is drawn, (draws, n).
    """
    members = np.eye(int(codes.max()) + 1)[codes]
    size = draws @ members
    means = np.einsum("bn,nv,nk->bvk", draws, members, outputs, optimize=True) / np.maximum(size, 1)[..., None]
    sizes, pairs = np.zeros(len(draws)), np.zeros(len(draws))
    for a, b in combinations(range(members.shape[1]), 2):
        both = (size[:, a] > 0) & (size[:, b] > 0)
        sizes += both * np.abs(means[:, a] - means[:, b]).sum(axis=1)
        pairs += both
    answer: Values = sizes / np.maximum(pairs, 1)
    return answer
