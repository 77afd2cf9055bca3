"""Answers: for each event what caused it, in a sentence with the objects that were attended to and the frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.graph import Graph, lagged_name
from aitia.systems.ireason.events import ClipEvents
from aitia.systems.ireason.pairs import Pairs

__all__ = ["Answer", "answers_of", "graph_of", "node_of"]

Values = NDArray[np.float64]
NEAR = 2
"""Objects that a rationale names."""


@dataclass(frozen=True)
class Answer:
    """What is said of an event.

    Args:
        clip: Number of the clip.
        effect: Number of the event.
        candidates: Numbers of the events that may have caused it, the likeliest first.
        chances: Of each: its probability, or its score where a language model was asked.
        chosen: Those that are said to have caused it: none, one, or several that score high together.
        near: Objects that were attended to with the first candidate.
    """

    clip: int
    effect: int
    candidates: tuple[int, ...]
    chances: tuple[float, ...]
    chosen: tuple[int, ...]
    near: tuple[str, ...] = ()

    def told(self, clip: ClipEvents) -> str:
        """As a sentence."""
        effect, top = clip.events[self.effect], self.chances[0]
        if not self.chosen:
            return f"{effect.sentence}: NO CAUSE among what is told (at most {top:.2f})"
        causes = [clip.events[k] for k in self.chosen]
        near = f", near: {', '.join(self.near)}" if self.near else ""
        frames = f"frames {min(e.start for e in causes)} to {effect.stop - 1}"
        if len(causes) > 1:
            several = " or ".join(f"{e.sentence} ({p:.2f})" for e, p in zip(causes, self.chances, strict=False))
            return f"{effect.sentence}: NO SINGLE CAUSE, {several}{near} ({frames})"
        return f"{effect.sentence} BECAUSE {causes[0].sentence}{near} ({top:.2f}, {frames})"


def answers_of(
    pairs: Pairs, scores: Values, attention: Values | None, *, threshold: float, probabilities: bool
) -> list[Answer]:
    """An answer for each event that has a candidate.

    Args:
        pairs: The pairs.
        scores: Of each.
        attention: (n, names) of objects; None names none.
        threshold: Probability from which on a pair is chosen.
        probabilities: Whether scores are the logarithms of odds; else the first candidate alone can be chosen, where
            its score is positive.
    """
    found = []
    for rows in pairs.effects:
        order = rows[np.argsort(-scores[rows], kind="stable")]
        chances = 1 / (1 + np.exp(-scores[order])) if probabilities else scores[order]
        high = chances >= threshold if probabilities else (chances > 0) & (np.arange(len(order)) == 0)
        near: tuple[str, ...] = ()
        if attention is not None:
            weights = attention[order[0]]
            names = [pairs.looks.names[k] for k in np.argsort(-weights, kind="stable")[:NEAR] if weights[k] > 0]
            near = tuple(name for name in names if name != "patch")
        events = pairs.events[order, 0]
        found.append(
            Answer(
                int(pairs.clip[rows[0]]), int(pairs.events[rows[0], 1]), tuple(events.tolist()),
                tuple(chances.tolist()), tuple(events[high].tolist()), near,
            )
        )  # fmt: skip
    return found


def node_of(clip: ClipEvents, event: int) -> str:
    """The name of an event as a node."""
    last = max(one.start for one in clip.events)
    return lagged_name(clip.events[event].sentence, last - clip.events[event].start)


def graph_of(clip: ClipEvents, answers: Sequence[Answer]) -> Graph:
    """Events as lagged nodes, in frames before the last one begins, with an arrow from each chosen cause."""
    names = [node_of(clip, k) for k in range(len(clip.events))]
    edges = [(names[cause], names[one.effect]) for one in answers for cause in one.chosen]
    return Graph(dict.fromkeys(edges), list(dict.fromkeys(names)))
