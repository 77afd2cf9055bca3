"""What the coming of one concept does to what the probes of all of them say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.systems.next_token_concepts.reading import Concept, Examples
from aitia.systems.next_token_concepts.readout import shuffled_sides

__all__ = ["effects_of"]

Values = NDArray[np.float64]


def effects_of(examples: Examples, said: Values, names: Sequence[str], seed: int = 0) -> Table:
    """For each concept among the texts and each probe, how much more the probe says of the texts with the concept.

    Args:
        examples: Texts and their concepts.
        said: (n, probes) log-odds of every text.
        names: Of the probes.
        seed: Of the control.

    Returns:
        A line a concept (`target`) and probe (`outcome`): the mean difference over pairs, or between texts with and
        without the concept, in log-odds; its interval of 95 %; `control`, the same with the sides exchanged at random,
        or the labels shuffled.
    """
    controls, _ = shuffled_sides((examples.concepts, ()), seed)
    lines: list[tuple[Any, ...]] = []
    for concept, control in zip(examples.concepts, controls, strict=True):
        for k, name in enumerate(names):
            effect, low, high = _difference(concept, said[:, k])
            lines.append((concept.name, name, effect, low, high, _difference(control, said[:, k])[0]))
    heads = ("target", "outcome", "effect", "low", "high", "control")
    columns = {head: [line[i] for line in lines] for i, head in enumerate(heads)}
    return Table.of(columns, kinds={head: "label" if head in heads[:2] else "number" for head in heads})


def _difference(concept: Concept, said: Values) -> tuple[float, float, float]:
    """The mean difference, and the ends of its interval by Student's t; by Welch's where there are no pairs."""
    from scipy.special import stdtrit

    with_it, without = said[concept.with_it], said[concept.without]
    middle = float(with_it.mean() - without.mean())
    if concept.paired:
        squares, freedom = [(with_it - without).var(ddof=1) / len(with_it)], float(len(with_it) - 1)
    else:
        sides = (with_it, without)
        squares = [side.var(ddof=1) / len(side) for side in sides]
        total = sum(square**2 / (len(side) - 1) for square, side in zip(squares, sides, strict=True))
        freedom = sum(squares) ** 2 / total if total > 0 else 1.0
    half = float(stdtrit(freedom, 0.975) * np.sqrt(sum(squares)))
    return middle, middle - half, middle + half
