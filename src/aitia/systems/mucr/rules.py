"""What answers reach that know no link: by the columns of the pixels, by what is typical, by words in common.

    pixel rule:   cos(p(shown) - mean, p(candidate) - mean),   p the grey of each column of a picture              (1)
    typical:      -|candidate - mean of all candidates|                                                            (2)

The means are over the rows that are judged, those of an effect and those of a cause apart.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.systems.mucr.items import Items
from aitia.systems.mucr.pictures import Cell, sized
from aitia.systems.mucr.towers import terms_of

__all__ = ["RULES", "Scores", "chosen", "pixel_rule", "shares_right", "typical", "words_in_common"]

Values = NDArray[np.float64]
Scores = tuple[Values, ...]
"""Of each row what speaks for each candidate or cue; empty where nothing is known."""
SIDE = 32
TIE = 1e-6
"""Scores this near are equal: they are of single precision."""


def shares_right(scores: Scores, right: NDArray[np.int64]) -> Values:
    """(n,) 1 where the right one is ahead, its share of a tie, 0 where it is behind; a guess where nothing is known.

    Nan where nobody says which is right.
    """
    found = np.full(len(right), np.nan)
    for row, (own, place) in enumerate(zip(scores, right, strict=True)):
        if place >= 0 and len(own):
            best = own >= own.max() - TIE
            found[row] = best[place] / best.sum()
    return found


def chosen(scores: Scores) -> tuple[NDArray[np.int64], Values]:
    """(n,) the place that is ahead, -1 of a tie, and by how much it is ahead of the next."""
    places, margins = np.full(len(scores), -1), np.zeros(len(scores))
    for row, own in enumerate(scores):
        if len(own) > 1:
            order = np.argsort(-own, kind="stable")
            margin = float(own[order[0]] - own[order[1]])
            if margin > TIE:
                places[row], margins[row] = order[0], margin
    return places, margins


def pixel_rule(items: Items) -> Scores:
    """(1)."""
    rows = _pictured(items)
    shown, every = _centred(items, rows, lambda cell: sized(cell, SIDE).mean(axis=(0, 2)))
    return _by_row(items, rows, [_cosines(a, b) for a, b in zip(shown, every, strict=True)])


def typical(items: Items) -> Scores:
    """(2)."""
    rows = _pictured(items)
    _, every = _centred(items, rows, lambda cell: sized(cell, SIDE).astype(np.float64).ravel())
    return _by_row(items, rows, [-np.linalg.norm(own, axis=1) for own in every])


def words_in_common(items: Items) -> Scores:
    """How many words and pairs of words the caption of each candidate has from that of what is shown."""
    found = []
    for row, said in enumerate(items.said):
        held = set(terms_of(said[0])) if said and items.matched[row] else set()
        found.append(np.array([float(len(held & set(terms_of(text)))) for text in said[1:]] if held else []))
    return tuple(found)


RULES: dict[str, dict[str, Callable[[Items], Scores]]] = {
    "pictures": {"pixel rule": pixel_rule, "the most typical candidate": typical},
    "words": {"words in common": words_in_common},
}
"""By setting and name."""


def _pictured(items: Items) -> list[int]:
    return [k for k in np.flatnonzero(items.matched).tolist() if items.candidates[k] and items.shown[k] is not None]


def _centred(
    items: Items, rows: Sequence[int], of: Callable[[Cell], NDArray[np.float64]]
) -> tuple[list[Values], list[Values]]:
    """Of each row the shown picture and its candidates, less their means over the rows that ask the same."""
    shown: dict[int, Values] = {}
    every: dict[int, Values] = {}
    for kind in sorted({items.asked[row] for row in rows}):
        own = [row for row in rows if items.asked[row] == kind]
        first = np.stack([of(cell) for row in own if (cell := items.shown[row]) is not None])
        others = [np.stack([of(cell) for cell in items.candidates[row]]) for row in own]
        mean, middle = first.mean(axis=0), np.concatenate(others).mean(axis=0)
        shown |= dict(zip(own, first - mean, strict=True))
        every |= {row: one - middle for row, one in zip(own, others, strict=True)}
    return [shown[row] for row in rows], [every[row] for row in rows]


def _cosines(a: Values, b: Values) -> Values:
    lengths = np.linalg.norm(b, axis=1) * np.linalg.norm(a)
    found: Values = b @ a / np.maximum(lengths, 1e-12)
    return found


def _by_row(items: Items, rows: Sequence[int], scores: Sequence[Values]) -> Scores:
    held = dict(zip(rows, scores, strict=True))
    return tuple(held.get(row, np.zeros(0)) for row in range(len(items)))
