"""What rows teach and what is answered: pairs of cause and effect, what is said of a change, sentences in slots."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.systems.mucr.config import MucrConfig
from aitia.systems.mucr.items import Items
from aitia.systems.mucr.pictures import Cell
from aitia.systems.mucr.rules import Scores
from aitia.systems.mucr.towers import Reader, codes_of

__all__ = ["SLOTS", "Answered", "Pairs", "by_cosine", "by_reader", "changes_of", "pairs_of", "slots_of", "usual_of"]

Values = NDArray[np.float64]
SLOTS = ("what moved", "which way", "what followed", "its way")
"""Of a sentence."""
_SENTENCE = re.compile(r"\s*(.+?) (rises|falls), so (.+?) (rises|falls)\W*", re.IGNORECASE)


@dataclass(frozen=True)
class Answered:
    """What is answered to n rows.

    Args:
        scores: Of each candidate or cue; empty where there is none, or nothing is known.
        reasons: Sentences, empty where none is asked for.
        said: What a client said, verbatim; empty of others.
        shares: (n,) of the orders in which a client was right, nan where nobody says what is right; None of others.
        letters: Of a client how often it chose each letter.
        notes: What to know.
    """

    scores: Scores
    reasons: tuple[str, ...]
    said: tuple[str, ...] = ()
    shares: Values | None = None
    letters: Mapping[str, int] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pairs:
    """Causes with their effects, as pictures and as captions; a caption is empty where it is missing."""

    cells: tuple[list[Cell], list[Cell]]
    said: tuple[list[str], list[str]]


def pairs_of(items: Items) -> Pairs:
    """The pairs of the rows that ask for an effect or a cause and say it."""
    found = Pairs(([], []), ([], []))
    for row in np.flatnonzero(items.matched & (items.right >= 0)):
        place, turned = int(items.right[row]), items.asked[row] == "cause"
        shown, candidates, said = items.shown[row], items.candidates[row], items.said[row]
        cells = (shown, candidates[place] if candidates else None)
        texts = (said[0], said[place + 1]) if said else ("", "")
        for side in (0, 1):
            cell = cells[side ^ turned]
            if cell is not None:
                found.cells[side].append(cell)
            found.said[side].append(texts[side ^ turned])
    return found


def changes_of(items: Items) -> tuple[str, ...]:
    """What is truly said of the change of each row: its cue, or its sentence; empty where nobody says, or nothing."""
    found = []
    for row, kind in enumerate(items.asked):
        place = int(items.right[row])
        found.append(items.cues[row][place] if kind == "cue" and place >= 0 else
                     items.reasons[row] if kind == "reason" else "")  # fmt: skip
    return tuple(found)


def inputs_of(items: Items, rows: Sequence[int], second: bool, config: MucrConfig) -> list[Any]:
    """The first or second pictures of changes, or their captions.

    Raises:
        DataError: If a row lacks it.
    """
    found: list[Any] = []
    for row in rows:
        cell: Any = items.second[row] if second else items.shown[row]
        if config.setting == "words":
            cell = items.said[row][int(second)] if len(items.said[row]) == 2 else None
        if not isinstance(cell, np.ndarray) and not cell:
            raise DataError(f"row {row} has no captions of its two pictures, which the setting words wants")
        found.append(cell)
    return found


def by_cosine(items: Items, towers: tuple[Any, Any], config: MucrConfig) -> Scores:
    """The cosines of what is shown with each candidate.

    Args:
        items: Rows.
        towers: Of causes, and of effects.
        config: Whether pictures or captions are seen.

    Raises:
        DataError: If a row lacks its captions.
    """
    scores: list[Values] = [np.zeros(0)] * len(items)
    for turned, kind in enumerate(("effect", "cause")):
        rows = [k for k, one in enumerate(items.asked) if one == kind]
        shown: list[Any] = [items.shown[k] for k in rows]
        every: list[Sequence[Any]] = [items.candidates[k] for k in rows]
        if config.setting == "words":
            if bare := [k for k in rows if not all(items.said[k]) or len(items.said[k]) < 3]:
                raise DataError(f"row {bare[0]} has no caption of each picture, which the setting words wants")
            shown, every = [items.said[k][0] for k in rows], [items.said[k][1:] for k in rows]
        first = codes_of(towers[turned], shown)
        other = codes_of(towers[1 - turned], [cell for own in every for cell in own])
        stop = np.cumsum([len(own) for own in every], dtype=int)
        for row, code, codes in zip(rows, first, np.split(other, stop[:-1]) if rows else [], strict=True):
            scores[row] = codes @ code
    return tuple(scores)


def by_reader(items: Items, reader: Reader, config: MucrConfig) -> tuple[Scores, tuple[str, ...]]:
    """Of each change the log-probabilities of its cues, those that no row had being least; the likeliest sentence."""
    scores: list[Values] = [np.zeros(0)] * len(items)
    reasons = [""] * len(items)
    rows = np.flatnonzero(~items.matched)
    if not len(rows):
        return tuple(scores), tuple(reasons)
    before, after = (reader.tower.prepared(inputs_of(items, rows.tolist(), late, config)) for late in (False, True))
    with torch.no_grad():
        found = torch.log_softmax(reader.logits(before, after), dim=-1).double().numpy()
    places = {text: k for k, text in enumerate(reader.texts)}
    sentences = [k for k, text in enumerate(reader.texts) if slots_of(text)]
    for row, own in zip(rows, found, strict=True):
        if items.asked[row] == "cue":
            least = float(own.min()) - 1
            scores[row] = np.array([own[places[cue]] if cue in places else least for cue in items.cues[row]])
        else:
            of = sentences or range(len(reader.texts))
            reasons[row] = reader.texts[max(of, key=lambda k: own[k])]
    return tuple(scores), tuple(reasons)


def slots_of(sentence: str) -> tuple[str, ...]:
    """The four slots of a sentence such as "light rises, so shadow position falls"; none of other prose.

    Example:
        >>> slots_of("Light rises, so shadow position falls.")
        ('light', 'rises', 'shadow position', 'falls')
    """
    match = _SENTENCE.fullmatch(sentence)
    return () if match is None else tuple(part.lower() for part in match.groups())


def usual_of(items: Items) -> dict[str, str]:
    """What rows say most: their cue, and each slot of their sentences."""
    said: dict[str, list[str]] = {"cue": [], **{slot: [] for slot in SLOTS}}
    for kind, text in zip(items.asked, changes_of(items), strict=True):
        if kind == "cue" and text:
            said["cue"].append(text)
        for slot, part in zip(SLOTS, slots_of(text) if kind == "reason" else (), strict=False):
            said[slot].append(part)
    return {name: min(Counter(texts).items(), key=lambda one: (-one[1], one[0]))[0] for name, texts in said.items()
            if texts}  # fmt: skip
